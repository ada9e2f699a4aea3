//! What is wrong with a definition, or with a wish about one, in the words of [`crate::problem`].

use domain::organisation::{Flaw, ItemRefusal, Kind, Rule, VARIABLES};

use crate::problem::Problem;

impl From<Flaw> for Problem {
    /// About the field within the definition; where that stands in the input is for the caller to say.
    fn from(flaw: Flaw) -> Self {
        let (russian, english) = accepted(flaw.rule);
        let field = flaw.path.join(".");
        Self {
            field: flaw.path,
            ..Self::bad_input(&field, &flaw.value, &russian, &english)
        }
    }
}

fn accepted(rule: Rule) -> (String, String) {
    let fixed = |russian: &str, english: &str| (russian.to_owned(), english.to_owned());
    match rule {
        Rule::Line(most) => (
            format!("от 1 до {most} символов в одну строку"),
            format!("1 to {most} characters in one line"),
        ),
        Rule::Text(most) => (
            format!("не больше {most} символов, без управляющих"),
            format!("at most {most} characters, none of them control characters"),
        ),
        Rule::SomeLanguage => fixed(
            "название хотя бы на одном языке: ru или en",
            "a name in ru, in en, or in both",
        ),
        Rule::TimeZone => fixed(
            "часовой пояс из базы IANA, например Asia/Yekaterinburg",
            "a time zone of the IANA database, such as Asia/Yekaterinburg",
        ),
        Rule::Region => fixed(
            "код ISO 3166: страна (RU) или её часть (RU-SVE)",
            "a code of ISO 3166: a country (RU) or a part of one (RU-SVE)",
        ),
        Rule::Domain => fixed(
            "имя хоста, например help.example.com, пример.рф или *.example.com для всех под ним",
            "a host name, such as help.example.com, пример.рф, or *.example.com for all names under it",
        ),
        Rule::Language => fixed(
            "код языка по BCP 47, например ru или pt-BR",
            "a language tag of BCP 47, such as ru or pt-BR",
        ),
        Rule::Colour => fixed("цвет вида #1a2b3c", "a colour such as #1a2b3c"),
        Rule::Word => fixed(
            "от 1 до 50 строчных латинских букв, цифр и _, первая — буква",
            "1 to 50 small Latin letters, digits and _, a letter first",
        ),
        Rule::MediaTypes => fixed(
            "тип файла или начало типа и *, например image/* или application/pdf",
            "a media type, or the beginning of some and *, such as image/* or application/pdf",
        ),
        Rule::Once => fixed("каждое значение один раз", "each value once"),
        Rule::AtMost(most) => (format!("не больше {most} значений"), format!("at most {most} values")),
        Rule::AtLeastOne => fixed("хотя бы одно значение", "at least one value"),
        Rule::Needed => fixed("значение: здесь оно обязательно", "a value: here it is needed"),
        Rule::Phrase(most) => (
            format!("слово или фраза до {most} символов, хотя бы с одной буквой или цифрой"),
            format!("a word or a phrase of at most {most} characters, with a letter or a digit"),
        ),
        Rule::Within(most) => (format!("от -{most} до {most}"), format!("-{most} to {most}")),
        Rule::Variable => {
            let all = VARIABLES.map(|it| format!("{{{{{it}}}}}")).join(", ");
            (format!("места {all}"), format!("the places {all}"))
        }
        Rule::NotHere => fixed(
            "ничего: здесь это поле не имеет смысла",
            "nothing: the field means nothing here",
        ),
        Rule::NotBelowLeast => fixed("значение не меньше нижней границы", "a value not below the least"),
        Rule::UpTo(most) => (
            format!("целое число от 1 до {most}"),
            format!("a whole number, 1 to {most}"),
        ),
    }
}

/// What an item of configuration refuses.
pub(crate) fn refused(refusal: ItemRefusal) -> Problem {
    let english = refusal.to_string();
    let about = |field: &[&str], problem: Problem| Problem {
        field: field.iter().map(|it| (*it).to_owned()).collect(),
        ..problem
    };
    match refusal {
        ItemRefusal::NotFound => about(&["input", "id"], Problem::new("NOT_FOUND", "такого нет", english)),
        ItemRefusal::Exists => Problem::new(
            "EXISTS",
            "с таким ключом уже есть: измените его или выберите другой ключ",
            english,
        ),
        ItemRefusal::ExistsRetired => Problem::new(
            "EXISTS",
            "с таким ключом уже есть, но выведено из употребления: верните его или выберите другой ключ",
            english,
        ),
        ItemRefusal::Retired => Problem::new("RETIRED", "выведено из употребления: сначала верните", english),
        ItemRefusal::Fixed(field) => {
            let russian = format!("{field} не меняется никогда: выведите из употребления и создайте заново");
            about(&[field], Problem::new("FIELD_FIXED", russian, english))
        }
        ItemRefusal::ReferenceUnknown { field, index, kind } => {
            let russian = format!(
                "{field}: нет такого ({}), или оно выведено из употребления: выберите другое",
                named(kind)
            );
            let problem = about(&[field], Problem::new("REFERENCE_UNKNOWN", russian, english));
            let mut path = problem.field.clone();
            path.extend(index.map(|it| it.to_string()));
            Problem { field: path, ..problem }
        }
        ItemRefusal::Circular(field) => {
            let russian = format!("{field}: лежит под этим же: выберите другое или не указывайте");
            about(&[field], Problem::new("CIRCULAR", russian, english))
        }
        ItemRefusal::TooDeep(field) => {
            let russian = format!("{field}: возможно не больше 8 уровней: выберите ближе к верху");
            about(&[field], Problem::new("TOO_DEEP", russian, english))
        }
        ItemRefusal::DryRunFirst(field) => {
            let russian = format!("{field}: сначала сохраните то же самое с dryRun и посмотрите, что будет сделано");
            about(&[field], Problem::new("DRY_RUN_FIRST", russian, english))
        }
    }
}

/// The kind in Russian.
fn named(kind: Kind) -> &'static str {
    match kind {
        Kind::Branch => "филиал",
        Kind::Team => "команда",
        Kind::Skill => "навык",
        Kind::Inbox => "точка приёма",
        Kind::Category => "категория",
        Kind::Tag => "метка",
        Kind::CustomField => "поле",
        Kind::StatusLabel => "название статуса",
        Kind::RegionMap => "карта регионов",
        Kind::CannedReply => "шаблон ответа",
        Kind::Macro => "макрос",
        Kind::Classification => "правила классификации",
    }
}
