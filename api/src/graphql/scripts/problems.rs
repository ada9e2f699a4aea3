//! Texts of what can be wrong with runs of macros.

use domain::macro_run::MacroRunRefusal;

use crate::problem::Problem;

/// A broken rule of runs of macros.
pub(crate) fn macro_run(refusal: MacroRunRefusal) -> Problem {
    let english = refusal.to_string();
    let (code, russian, field) = match refusal {
        MacroRunRefusal::NotFound => ("NOT_FOUND", "такого выполнения макроса нет".to_owned(), "runId"),
        MacroRunRefusal::AlreadyStarted => ("EXISTS", "макрос уже выполняется".to_owned(), "idempotencyKey"),
        MacroRunRefusal::NotFinished => (
            "MACRO_RUN_NOT_FINISHED",
            "макрос ещё выполняется: повторите позже".to_owned(),
            "runId",
        ),
        MacroRunRefusal::MacroUnknown => (
            "SCRIPT_UNKNOWN",
            "такого макроса или шаблона нет, или он выведен из употребления: выберите другой".to_owned(),
            "macroId",
        ),
        MacroRunRefusal::VariableMissing(name) => (
            "VARIABLE_MISSING",
            format!("для места {{{{{name}}}}} ничего не известно: дайте значение"),
            "values",
        ),
        MacroRunRefusal::NobodyToTake => (
            "NOBODY_TO_TAKE",
            "макрос назначает заявку тому, кто его выполняет: выполните его от имени сотрудника".to_owned(),
            "macroId",
        ),
        MacroRunRefusal::TextUnfit => (
            "TEXT_UNFIT",
            "заполненный текст пустой или слишком длинный: дайте значения короче".to_owned(),
            "values",
        ),
    };
    Problem::new(code, russian, english).about(field)
}
