//! Texts of what can be wrong with tickets; the rest is in [`crate::problem`].

use domain::{
    ids::TicketId,
    ticket::{FieldFault, StatusCategory, TicketRefusal},
};

use crate::{
    graphql::ids::{Kind, global},
    problem::{Problem, not_found},
};

/// A refusal by a rule of tickets.
#[expect(clippy::too_many_lines, reason = "one arm a rule")]
pub(crate) fn ticket(refusal: TicketRefusal) -> Problem {
    let (code, russian, field) = match refusal {
        TicketRefusal::NotFound => return not_found("ticketId"),
        TicketRefusal::TargetNotFound => return not_found("intoId"),
        TicketRefusal::OtherNotFound => return not_found("otherId"),
        TicketRefusal::Merged { into } => return merged(into, false),
        TicketRefusal::TargetMerged { into } => return merged(into, true),
        TicketRefusal::FieldValue(fault) => return field_value(fault),
        TicketRefusal::SplitBeyondEnd { last } => return beyond_end(last, &refusal),
        TicketRefusal::LabelOfOtherStatus { label, ticket } => return label_of_other(label, ticket, &refusal),
        TicketRefusal::AlreadyOpened => ("ALREADY_OPENED", "заявка уже создана", None),
        TicketRefusal::Closed => ("CLOSED", "заявка закрыта: сначала откройте её снова", None),
        TicketRefusal::Resolved => ("RESOLVED", "заявка решена: сначала откройте её снова", None),
        TicketRefusal::OnHold => ("ON_HOLD", "заявка отложена: сначала возобновите её", None),
        TicketRefusal::ResolutionMissing => (
            "RESOLUTION_MISSING",
            "заявка не решена: сначала решите её или закройте с указанием причины",
            Some("reason"),
        ),
        TicketRefusal::HoldEndsInPast => (
            "HOLD_ENDS_IN_PAST",
            "срок ожидания уже прошёл: укажите более поздний или не указывайте",
            Some("until"),
        ),
        TicketRefusal::SnoozeEndsInPast => (
            "SNOOZE_ENDS_IN_PAST",
            "срок уже прошёл: укажите более поздний, или не указывайте, чтобы ждать ответа клиента",
            Some("until"),
        ),
        TicketRefusal::Forgotten => (
            "DATA_SUBJECT_FORGOTTEN",
            "персональные данные клиента удалены: записать о нём больше ничего нельзя",
            None,
        ),
        TicketRefusal::NotResolved => (
            "NOT_RESOLVED",
            "заявка не решена: подтверждать или отклонять нечего",
            None,
        ),
        TicketRefusal::NotMerged => ("NOT_MERGED", "заявка не объединена с другой", Some("ticketId")),
        TicketRefusal::IntoItself => (
            "INTO_ITSELF",
            "заявку нельзя объединить с ней самой: назовите две",
            Some("intoId"),
        ),
        TicketRefusal::TargetArchived => (
            "ARCHIVED",
            "та заявка в архиве: сначала откройте её снова или выберите другую",
            Some("intoId"),
        ),
        TicketRefusal::MergeRing => (
            "MERGE_RING",
            "та заявка сама объединена с этой: сначала разъедините их или выберите другую",
            Some("intoId"),
        ),
        TicketRefusal::Archived => ("ARCHIVED", "заявка в архиве: сначала откройте её снова", None),
        TicketRefusal::NotClosed => ("NOT_CLOSED", "заявка не закрыта: сначала закройте её", None),
        TicketRefusal::LinkedWithItself => (
            "LINKED_WITH_ITSELF",
            "заявку нельзя связать с ней самой: назовите две",
            Some("otherId"),
        ),
        TicketRefusal::TooManyTags => (
            "TOO_MANY_TAGS",
            "у заявки не больше 100 меток: сначала снимите лишние",
            Some("tagIds"),
        ),
        TicketRefusal::TooManyFollowers => (
            "TOO_MANY_FOLLOWERS",
            "за заявкой следят не больше 500 человек: сначала уберите лишних",
            Some("userId"),
        ),
        TicketRefusal::TooManyLinks => (
            "TOO_MANY_LINKS",
            "у заявки не больше 200 связей: сначала уберите лишние",
            Some("otherId"),
        ),
        TicketRefusal::UserUnknown => (
            "REFERENCE_UNKNOWN",
            "такого сотрудника нет, или его доступ приостановлен",
            Some("userId"),
        ),
        TicketRefusal::FieldOfOther => (
            "FIELD_OF_OTHER",
            "это поле не у заявок: выберите поле, которое относится к заявкам",
            Some("fieldId"),
        ),
        TicketRefusal::TrackingEndsInPast => (
            "TRACKING_ENDS_IN_PAST",
            "срок ссылки уже прошёл: укажите более поздний или не указывайте",
            Some("expiresAt"),
        ),
        TicketRefusal::TrackingTooLong => (
            "TRACKING_TOO_LONG",
            "ссылка действует не дольше 400 дней: укажите более ранний срок или не указывайте",
            Some("expiresAt"),
        ),
    };
    let problem = Problem::new(code, russian, refusal.to_string());
    match field {
        Some(field) => problem.about(field),
        None => problem,
    }
}

fn beyond_end(last: u32, refusal: &TicketRefusal) -> Problem {
    let russian = format!("такого сообщения в заявке нет: последнее {last}");
    Problem::new("NOT_FOUND", russian, refusal.to_string()).about("fromMessageSeq")
}

fn merged(into: TicketId, is_target: bool) -> Problem {
    let into = global(Kind::Ticket, into.0).to_string();
    if is_target {
        return Problem::new(
            "MERGED",
            format!("та заявка сама объединена с заявкой {into}: объединяйте с ней"),
            format!("the other ticket was itself merged into ticket {into}: merge into that one"),
        )
        .about("intoId");
    }
    Problem::new(
        "MERGED",
        format!("заявка объединена с заявкой {into}: меняйте её или сначала разъедините"),
        format!("the ticket was merged into ticket {into}: change that one, or unmerge this one first"),
    )
    .about("ticketId")
}

fn label_of_other(label: StatusCategory, ticket: StatusCategory, refusal: &TicketRefusal) -> Problem {
    let russian = format!(
        "название относится к статусу «{}», а заявка сейчас «{}»: выберите название этого статуса",
        status(label),
        status(ticket)
    );
    Problem::new("LABEL_OF_OTHER_STATUS", russian, refusal.to_string()).about("statusLabelId")
}

/// A status in Russian.
pub(crate) fn status(category: StatusCategory) -> &'static str {
    match category {
        StatusCategory::New => "новая",
        StatusCategory::Open => "в работе",
        StatusCategory::Pending => "ждёт клиента",
        StatusCategory::OnHold => "отложена",
        StatusCategory::Resolved => "решена",
        StatusCategory::Closed => "закрыта",
    }
}

fn field_value(fault: FieldFault) -> Problem {
    let russian = match fault {
        FieldFault::Missing => "нужно значение: поле обязательное".to_owned(),
        FieldFault::WrongType { wanted, .. } => format!("значение другого типа: полю нужно {}", sort(wanted)),
        FieldFault::TooLong(most) => format!("не больше {most} символов"),
        FieldFault::Unprintable => "без управляющих символов".to_owned(),
        FieldFault::OutOfRange => "значение вне границ поля".to_owned(),
        FieldFault::NotAnOption => "такого варианта у поля нет: дайте ключ одного из них".to_owned(),
        FieldFault::Twice => "вариант назван дважды: назовите каждый один раз".to_owned(),
        FieldFault::TooMany(most) => format!("не больше {most} вариантов"),
        FieldFault::NotAUrl => "нужен адрес, который начинается с http:// или https://".to_owned(),
        FieldFault::NotAnEmail => "нужен почтовый адрес".to_owned(),
    };
    let english = TicketRefusal::FieldValue(fault).to_string();
    let russian = format!("значение не подходит полю: {russian}");
    Problem::new("FIELD_VALUE", russian, english).about("value")
}

fn sort(english: &'static str) -> &'static str {
    match english {
        "a text" => "текст",
        "a number" => "число",
        "yes or no" => "да или нет",
        "a day" => "день",
        "an option" => "ключ варианта",
        "options" => "ключи вариантов",
        "a web address" => "адрес сайта",
        _ => "почтовый адрес",
    }
}
