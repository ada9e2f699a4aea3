//! Texts of what can be wrong with contacts and organizations; the rest is in [`crate::problem`].

use commands::CommandError;
use domain::{
    contact::ContactRefusal,
    ids::ContactId,
    organization::OrganizationRefusal,
    values::{HandleError, ValueError},
};

use crate::{
    graphql::ids::{Kind, global},
    problem::{Answer, Problem},
};

/// A text that is no handle; `path` leads to it.
pub(crate) fn handle(error: HandleError, path: &[&str]) -> Problem {
    let english = error.to_string();
    let problem = match error {
        HandleError::Malformed(error) => value(error),
        HandleError::PhoneWithoutCountry(text) => Problem::new(
            "PHONE_WITHOUT_COUNTRY",
            format!("в номере {text:?} нет кода страны: напишите его с + и кодом, например +7 912 345-67-89"),
            english,
        ),
        HandleError::Homograph(text) => Problem::new(
            "LOOK_ALIKE_LETTERS",
            format!("в {text:?} буквы разных алфавитов, похожие друг на друга: наберите адрес в одной раскладке"),
            english,
        ),
    };
    Problem {
        field: path.iter().map(|it| (*it).to_owned()).collect(),
        ..problem
    }
}

/// A value that is not acceptable.
pub(crate) fn value(error: ValueError) -> Problem {
    let accepted = match error.field {
        "name" => "от 1 до 200 символов в одну строку",
        "note" => "от 1 до 5000 символов, без NUL",
        "reason" => "от 1 до 500 символов, без NUL",
        "locale" => "язык, например ru или ru-RU",
        "timeZone" => "часовой пояс, например Europe/Moscow",
        "purpose" => "от 1 до 60 строчных латинских букв, цифр, _, - и .",
        "email" => "адрес вида name@example.ru, не длиннее 254 символов",
        "phone" | "whatsapp" => "номер с + и кодом страны, например +7 912 345-67-89",
        "telegram" => "имя из 5–32 латинских букв, цифр и _ или число",
        "vk" => "страница вида id1 или имя из 2–32 латинских букв, цифр, _ и .",
        "external" => "пространство:ключ, не длиннее 40 и 200 символов",
        _ => return Problem::from(error),
    };
    let english = error.to_string();
    let russian = format!(
        "{}: значение {:?} не подходит; принимается: {accepted}",
        error.field, error.value
    );
    Problem::new("BAD_USER_INPUT", russian, english).about(error.field)
}

/// How a command about a contact or an organization that had no effect is answered.
pub(crate) fn answer(error: CommandError) -> Answer {
    match error {
        CommandError::Conflict { expected, actual } => Answer::Refused(
            Problem::new(
                "CONFLICT",
                format!("запись уже имеет версию {actual}, а не {expected}: посмотрите на неё снова"),
                format!("the record is at version {actual}, not {expected}: look at it again"),
            )
            .about("expectedVersion"),
        ),
        CommandError::Contention { .. } => Answer::Failed(Problem::new(
            "UNAVAILABLE",
            "ту же запись одновременно меняют другие: повторите запрос с тем же ключом",
            "others are changing the same record at the same time: repeat the request with the same key",
        )),
        CommandError::Refused(_)
        | CommandError::Forbidden(_)
        | CommandError::KeyReused
        | CommandError::Log(_)
        | CommandError::Decode(_)
        | CommandError::Encode(_)
        | CommandError::Vault(_) => Answer::from(error),
    }
}

/// A refusal by a rule of organizations.
pub(crate) fn organization(refusal: OrganizationRefusal) -> Problem {
    let (code, russian) = match refusal {
        OrganizationRefusal::NotFound => return no_organization(),
        OrganizationRefusal::AlreadyCreated => ("ALREADY_CREATED", "организация уже создана"),
        OrganizationRefusal::Retired => ("RETIRED", "организация выведена из употребления: создайте другую"),
    };
    Problem::new(code, russian, refusal.to_string())
}

fn no_organization() -> Problem {
    Problem::new("NOT_FOUND", "такой организации нет", "there is no such organization").about("organizationId")
}

/// A refusal by a rule of contacts.
pub(crate) fn contact(refusal: ContactRefusal) -> Problem {
    let (code, russian, field) = match refusal {
        ContactRefusal::Merged { into } | ContactRefusal::TargetMerged { into } => return merged(refusal, into),
        ContactRefusal::HandleTaken { index, owner } => return taken(index, owner),
        ContactRefusal::HandlesOfSeveral { one, other } => return several(one, other),
        ContactRefusal::OrganizationNotFound => return no_organization(),
        ContactRefusal::NotFound => ("NOT_FOUND", "такого контакта нет", Some("contactId")),
        ContactRefusal::TargetNotFound => ("NOT_FOUND", "такого контакта нет", Some("intoId")),
        ContactRefusal::HandleNotFound => ("NOT_FOUND", "у контакта нет такого адреса", Some("handleId")),
        ContactRefusal::OrganizationRetired => (
            "RETIRED",
            "организация выведена из употребления: выберите другую",
            Some("organizationId"),
        ),
        ContactRefusal::AlreadyCreated => ("ALREADY_CREATED", "контакт уже создан", None),
        ContactRefusal::NotMerged => ("NOT_MERGED", "контакт не объединён с другим", Some("contactId")),
        ContactRefusal::IntoItself => (
            "INTO_ITSELF",
            "контакт нельзя объединить с самим собой: назовите два",
            Some("intoId"),
        ),
        ContactRefusal::HasMerged => (
            "HAS_MERGED",
            "с этим контактом объединены другие: объедините наоборот или сначала разъедините их",
            Some("contactId"),
        ),
        ContactRefusal::TooManyHandles => (
            "TOO_MANY_HANDLES",
            "у контакта не больше 50 адресов: сначала удалите лишние",
            Some("handles"),
        ),
    };
    let problem = Problem::new(code, russian, refusal.to_string());
    match field {
        Some(field) => problem.about(field),
        None => problem,
    }
}

/// The id as clients know it.
fn shown(id: ContactId) -> String {
    global(Kind::Contact, id.0).to_string()
}

fn merged(refusal: ContactRefusal, into: ContactId) -> Problem {
    let into = shown(into);
    if matches!(refusal, ContactRefusal::TargetMerged { .. }) {
        return Problem::new(
            "MERGED",
            format!("тот контакт сам объединён с контактом {into}: объединяйте с ним"),
            format!("the other contact was itself merged into contact {into}: merge into that one"),
        )
        .about("intoId");
    }
    Problem::new(
        "MERGED",
        format!("контакт объединён с контактом {into}: меняйте его или сначала разъедините"),
        format!("the contact was merged into contact {into}: change that one, or unmerge this one first"),
    )
    .about("contactId")
}

fn taken(index: usize, owner: ContactId) -> Problem {
    let owner = shown(owner);
    Problem {
        field: vec!["input".to_owned(), "handles".to_owned(), index.to_string()],
        ..Problem::new(
            "HANDLE_TAKEN",
            format!("так уже находят контакт {owner}: возьмите его или объедините оба"),
            format!("that is how contact {owner} is reached: take that one, or merge the two"),
        )
    }
}

fn several(one: ContactId, other: ContactId) -> Problem {
    let (one, other) = (shown(one), shown(other));
    Problem::new(
        "HANDLES_OF_SEVERAL",
        format!("так находят два контакта, {one} и {other}: объедините их, если это один человек"),
        format!("the handles belong to two contacts, {one} and {other}: merge them if they are the same person"),
    )
    .about("handles")
}
