//! The one place where errors get the form the outside sees: a stable code and a text in Russian or English.

use async_graphql::{Error, ErrorExtensions};
use commands::{CommandError, Refusal};
use domain::{
    access::{AccessRefusal, Permission},
    api_key::ApiKeyRefusal,
    session::SessionRefusal,
    ticket_numbers::TicketNumbersRefusal,
    user::UserRefusal,
    values::ValueError,
    visitor_secret::VisitorSecretRefusal,
};
use event_store::{LogError, vault::VaultError};
use tracing::error;

use crate::{contact_problems, flaw, ticket_problems};

/// Language of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Русский.
    Russian,
    /// English; also when the client understands neither.
    #[default]
    English,
}

impl Language {
    /// The one of ours that `Accept-Language` likes best (RFC 9110, 12.5.4).
    pub fn accepted(header: Option<&str>) -> Self {
        let mut best = (0.0_f32, Self::English);
        for part in header.unwrap_or_default().split(',') {
            let (tag, weight) = part.split_once(';').unwrap_or((part, "q=1"));
            let weight = weight.trim().trim_start_matches("q=").parse().unwrap_or(0.0);
            let language = match tag.trim().split('-').next() {
                Some(it) if it.eq_ignore_ascii_case("ru") => Self::Russian,
                Some(it) if it.eq_ignore_ascii_case("en") => Self::English,
                Some(_) | None => continue,
            };
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }
}

/// What went wrong, for the outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Stable, for programs.
    pub code: &'static str,
    /// For people.
    pub russian: String,
    /// For people.
    pub english: String,
    /// The input field it is about, as a path; empty when it is about none.
    pub field: Vec<String>,
    /// The right that was missing, if one was.
    pub missing: Option<Permission>,
}

impl Problem {
    /// A problem with these texts.
    pub fn new(code: &'static str, russian: impl Into<String>, english: impl Into<String>) -> Self {
        Self {
            code,
            russian: russian.into(),
            english: english.into(),
            field: Vec::new(),
            missing: None,
        }
    }

    /// The same, about a field of `input`.
    #[must_use]
    pub fn about(mut self, field: &str) -> Self {
        self.field = vec!["input".to_owned(), field.to_owned()];
        self
    }

    /// The same, with more at the end of its text in Russian and English.
    #[must_use]
    pub fn but(mut self, (russian, english): (&str, &str)) -> Self {
        self.russian.push_str(russian);
        self.english.push_str(english);
        self
    }

    /// A malformed argument.
    pub fn bad_input(field: &str, value: &str, russian: &str, english: &str) -> Self {
        let value: String = value.chars().take(80).collect();
        Self {
            field: vec![field.to_owned()],
            ..Self::new(
                "BAD_USER_INPUT",
                format!("{field}: значение {value:?} не подходит; принимается: {russian}"),
                format!("{field}: {value:?} is not acceptable; accepted: {english}"),
            )
        }
    }

    /// A missing right.
    pub fn forbidden(needed: Permission) -> Self {
        let word = needed.as_str();
        Self {
            missing: Some(needed),
            ..Self::new(
                "FORBIDDEN",
                format!("на это у вас здесь нет права: нужно {word}"),
                format!("you have no right to do this here: {word} is needed"),
            )
        }
    }

    /// The text in a language.
    pub fn message(&self, language: Language) -> &str {
        match language {
            Language::Russian => &self.russian,
            Language::English => &self.english,
        }
    }

    /// As a GraphQL error: for faults, missing rights and malformed requests.
    pub fn into_error(self, language: Language) -> Error {
        Error::new(self.message(language)).extend_with(|_, extensions| {
            extensions.set("code", self.code);
            if !self.field.is_empty() {
                extensions.set("field", self.field.clone());
            }
        })
    }
}

impl From<ValueError> for Problem {
    fn from(error: ValueError) -> Self {
        let accepted = match error.field {
            "subject" => "от 1 до 300 символов в одну строку",
            "idempotencyKey" => "от 1 до 200 символов, не только пробелы",
            _ => "от 1 до 100 символов в одну строку",
        };
        Self::new(
            "BAD_USER_INPUT",
            format!(
                "{}: значение {:?} не подходит; принимается: {accepted}",
                error.field, error.value
            ),
            format!(
                "{}: {:?} is not acceptable; accepted: {}",
                error.field, error.value, error.accepted
            ),
        )
        .about(error.field)
    }
}

/// How a command that had no effect is answered.
#[derive(Debug)]
pub enum Answer {
    /// As data in the payload.
    Refused(Problem),
    /// As an error of the request.
    Failed(Problem),
}

impl From<CommandError> for Answer {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Refused(refusal) => Self::Refused(refused(refusal)),
            CommandError::Conflict { expected, actual } => Self::Refused(
                Problem::new(
                    "CONFLICT",
                    format!("версия уже {actual}, а не {expected}: посмотрите снова"),
                    format!("it is at version {actual}, not {expected}: look at it again"),
                )
                .about("expectedVersion"),
            ),
            CommandError::KeyReused => Self::Refused(
                Problem::new(
                    "IDEMPOTENCY_KEY_REUSED",
                    "этот ключ идемпотентности уже использован для другого запроса: выберите новый",
                    "this idempotency key was used for another request: choose a new one",
                )
                .about("idempotencyKey"),
            ),
            CommandError::Forbidden(forbidden) => Self::Failed(Problem::forbidden(forbidden.0)),
            CommandError::Contention { .. } => Self::Failed(Problem::new(
                "UNAVAILABLE",
                "заявку одновременно меняют другие: повторите запрос с тем же ключом",
                "others are changing the ticket at the same time: repeat the request with the same key",
            )),
            CommandError::Log(LogError::Unavailable { reason }) => {
                error!(reason, "the event store does not answer a command");
                Self::Failed(unavailable())
            }
            CommandError::Vault(error @ VaultError::Away(_)) => {
                error!(%error, "a command cannot seal personal data");
                Self::Failed(Problem::new(
                    "UNAVAILABLE",
                    "хранилище ключей не отвечает: повторите запрос с тем же ключом",
                    "the vault of keys does not answer: repeat the request with the same key",
                ))
            }
            CommandError::Log(_)
            | CommandError::Decode(_)
            | CommandError::Encode(_)
            | CommandError::Vault(
                VaultError::Postgres(_) | VaultError::WrongMasterKey { .. } | VaultError::Damaged(_),
            ) => Self::Failed(internal(&error)),
        }
    }
}

/// The log does not answer.
pub fn unavailable() -> Problem {
    Problem::new(
        "UNAVAILABLE",
        "журнал событий не отвечает: повторите запрос с тем же ключом",
        "the event log does not answer: repeat the request with the same key",
    )
}

/// A fault: the details go to the server's log, not to the client.
pub fn internal(error: &dyn std::fmt::Display) -> Problem {
    error!(%error, "a request failed");
    Problem::new(
        "INTERNAL",
        "внутренняя ошибка; подробности в журнале сервера",
        "internal error; the server's log has the details",
    )
}

/// There is no such thing.
pub fn not_found(field: &str) -> Problem {
    Problem::new("NOT_FOUND", "такой заявки нет", "there is no such ticket").about(field)
}

fn refused(refusal: Refusal) -> Problem {
    let english = refusal.to_string();
    let about = field(&refusal);
    let (code, russian) = match refusal {
        Refusal::Ticket(refusal) => return ticket_problems::ticket(refusal),
        Refusal::TicketNumbers(TicketNumbersRefusal::UsedUp) => ("NUMBERS_USED_UP", "номера заявок закончились"),
        Refusal::Contact(refusal) => return contact_problems::contact(refusal),
        Refusal::Organization(refusal) => return contact_problems::organization(refusal),
        Refusal::Organisation(refusal) => return flaw::refused(refusal),
        Refusal::Assignment(never) => match never {},
        Refusal::Denial(never) => match never {},
        Refusal::Reading(never) => match never {},
        Refusal::DataSubject(refusal) => return crate::graphql::privacy_problem(refusal),
        Refusal::SignIn(never) => match never {},
        Refusal::Access(it) => access(it),
        Refusal::User(it) => user(it),
        Refusal::Session(SessionRefusal::NotFound) => ("NOT_FOUND", "такого сеанса нет"),
        Refusal::ApiKey(it) => api_key(it),
        Refusal::Bulk(refusal) => return crate::graphql::bulk_problem(refusal),
        Refusal::WhatIf(refusal) => return crate::graphql::what_if_problem(refusal),
        Refusal::Classifier(refusal) => return crate::graphql::classifier_problem(refusal),
        Refusal::View(refusal) => return crate::graphql::view_problem(refusal),
        Refusal::Conversation(refusal) => return crate::graphql::message_problem(refusal),
        Refusal::Attachment(refusal) => return crate::files::refused(refusal),
        Refusal::MacroRun(refusal) => return crate::graphql::macro_problem(refusal),
        Refusal::VisitorSecret(VisitorSecretRefusal::InboxUnknown) => ("NOT_FOUND", "такой линии нет"),
        Refusal::VisitorSecret(VisitorSecretRefusal::InboxRetired) => {
            ("RETIRED", "линия выведена из использования: сначала верните её")
        }
    };
    let problem = Problem::new(code, russian, english);
    match about {
        Some(name) => problem.about(name),
        None => problem,
    }
}

/// The field of the input that a refusal is about, where there is one.
fn field(refusal: &Refusal) -> Option<&'static str> {
    match refusal {
        Refusal::Access(AccessRefusal::RoleUnknown | AccessRefusal::RoleOfContacts) => Some("role"),
        Refusal::Access(AccessRefusal::RoleBuiltIn | AccessRefusal::RoleInUse) => Some("key"),
        Refusal::Access(AccessRefusal::RoleEmpty) | Refusal::ApiKey(ApiKeyRefusal::Empty) => Some("permissions"),
        Refusal::ApiKey(ApiKeyRefusal::EndsInPast) => Some("expiresAt"),
        Refusal::ApiKey(ApiKeyRefusal::NotFound) => Some("id"),
        Refusal::VisitorSecret(_) => Some("inboxId"),
        Refusal::User(UserRefusal::EmailTaken) => Some("email"),
        Refusal::User(UserRefusal::NotFound | UserRefusal::Suspended) => Some("userId"),
        Refusal::Ticket(_)
        | Refusal::TicketNumbers(_)
        | Refusal::Contact(_)
        | Refusal::Organization(_)
        | Refusal::Organisation(_)
        | Refusal::Assignment(_)
        | Refusal::Denial(_)
        | Refusal::Reading(_)
        | Refusal::DataSubject(_)
        | Refusal::Conversation(_)
        | Refusal::Attachment(_)
        | Refusal::MacroRun(_)
        | Refusal::View(_)
        | Refusal::Bulk(_)
        | Refusal::Classifier(_)
        | Refusal::WhatIf(_)
        | Refusal::SignIn(_)
        | Refusal::Access(_)
        | Refusal::User(_)
        | Refusal::Session(_)
        | Refusal::ApiKey(_) => None,
    }
}

fn access(refusal: AccessRefusal) -> (&'static str, &'static str) {
    match refusal {
        AccessRefusal::RoleUnknown => ("ROLE_UNKNOWN", "такой роли нет"),
        AccessRefusal::RoleBuiltIn => (
            "ROLE_BUILT_IN",
            "эта роль входит в программу и не меняется: создайте свою",
        ),
        AccessRefusal::RoleInUse => ("ROLE_IN_USE", "роль кому-то выдана: сначала отзовите её"),
        AccessRefusal::RoleEmpty => ("ROLE_EMPTY", "роли нужно хотя бы одно право"),
        AccessRefusal::LastAdministrator => (
            "LAST_ADMINISTRATOR",
            "не осталось бы никого, кто может управлять: сначала выдайте роль admin без ограничений кому-то ещё",
        ),
        AccessRefusal::RoleOfContacts => (
            "ROLE_OF_CONTACTS",
            "роль contact принадлежит клиентам, а не сотрудникам",
        ),
    }
}

fn user(refusal: UserRefusal) -> (&'static str, &'static str) {
    match refusal {
        UserRefusal::NotFound => ("NOT_FOUND", "такого сотрудника нет"),
        UserRefusal::EmailTaken => ("EMAIL_TAKEN", "сотрудник с этим адресом уже есть"),
        UserRefusal::Exists => ("USER_EXISTS", "такой сотрудник уже есть"),
        UserRefusal::LinkInvalid => ("LINK_INVALID", "ссылка больше не действует: запросите новую"),
        UserRefusal::Suspended => ("USER_SUSPENDED", "доступ сотрудника приостановлен: сначала верните его"),
        UserRefusal::PasswordNeeded => ("PASSWORD_NEEDED", "нужен пароль"),
        UserRefusal::NotInvited => ("USER_ACTIVE", "сотрудник уже принял приглашение"),
        UserRefusal::NotActive => ("USER_NOT_ACTIVE", "сотрудник ещё не принял приглашение"),
        UserRefusal::TwoFactorOn => ("TWO_FACTOR_ON", "второй фактор уже включён: сначала отключите его"),
        UserRefusal::TwoFactorOff => ("TWO_FACTOR_OFF", "второй фактор выключен"),
        UserRefusal::CodeInvalid => ("CODE_INVALID", "код восстановления неверен или уже использован"),
        UserRefusal::OtherAccount => ("OTHER_ACCOUNT", "у сотрудника там другая учётная запись"),
        UserRefusal::AccountTaken => ("ACCOUNT_TAKEN", "та учётная запись принадлежит другому сотруднику"),
        UserRefusal::Forgotten => (
            "DATA_SUBJECT_FORGOTTEN",
            "персональные данные сотрудника удалены: записать о нём больше ничего нельзя",
        ),
    }
}

fn api_key(refusal: ApiKeyRefusal) -> (&'static str, &'static str) {
    match refusal {
        ApiKeyRefusal::NotFound => ("NOT_FOUND", "такого ключа API нет"),
        ApiKeyRefusal::Exists => ("API_KEY_EXISTS", "такой ключ API уже есть"),
        ApiKeyRefusal::Empty => ("API_KEY_EMPTY", "ключу API нужно хотя бы одно право"),
        ApiKeyRefusal::EndsInPast => (
            "API_KEY_ENDS_IN_PAST",
            "срок ключа уже прошёл: укажите более поздний или не указывайте",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn language_is_the_best_liked_of_ours() {
        let language = |header| Language::accepted(Some(header));
        assert_eq!(language("ru-RU,ru;q=0.9,en;q=0.8"), Language::Russian);
        assert_eq!(language("kk, en; q=0.5, ru; q=0.7"), Language::Russian);
        assert_eq!(language("en"), Language::English);
        assert_eq!(language("kk"), Language::English);
        assert_eq!(Language::accepted(None), Language::English);
    }
}
