//! What can be wrong with files, as the outside sees it.

use axum::http::StatusCode;
use commands::{CommandError, Refusal};
use domain::attachment::AttachmentRefusal;

use super::{archive::Bomb, links::Dead, store::StoreError};
use crate::{
    auth::SecretError,
    problem::{Answer, Problem, internal},
};

/// Why a file is neither taken nor given, and with which status of HTTP.
#[derive(Debug)]
pub(crate) struct Flaw {
    pub(crate) status: StatusCode,
    pub(crate) problem: Problem,
}

impl Flaw {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        russian: impl Into<String>,
        english: impl Into<String>,
    ) -> Self {
        Self {
            status,
            problem: Problem::new(code, russian, english),
        }
    }

    /// Something that is nobody's fault outside.
    pub(super) fn fault(error: &dyn std::fmt::Display) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            problem: internal(error),
        }
    }

    pub(super) fn lies(said: &str, found: &str) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "FILE_TYPE_LIES",
            format!("файл назван {said}, а по содержимому это {found}"),
            format!("the file is said to be {said}, and its bytes are {found}"),
        )
    }

    pub(super) fn full() -> Self {
        Self::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "FILE_STORAGE_FULL",
            "на диске файлов не осталось места: освободите его или уменьшите files.keep_free_bytes",
            "no room is left on the disk of files: make some, or lower files.keep_free_bytes",
        )
    }

    pub(super) fn size(said: u64, came: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "FILE_SIZE_DIFFERS",
            format!("объявлено байтов: {said}, а пришло {came}"),
            format!("{said} bytes were announced, and {came} came"),
        )
    }
}

impl From<AttachmentRefusal> for Flaw {
    fn from(refusal: AttachmentRefusal) -> Self {
        let status = match refusal {
            AttachmentRefusal::NotFound | AttachmentRefusal::NowhereToGo | AttachmentRefusal::NotStored => {
                StatusCode::NOT_FOUND
            }
            AttachmentRefusal::Gone => StatusCode::GONE,
            AttachmentRefusal::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            AttachmentRefusal::TypeNotTaken | AttachmentRefusal::TypeLies => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            AttachmentRefusal::Empty | AttachmentRefusal::SizeDiffers => StatusCode::BAD_REQUEST,
            AttachmentRefusal::StoredAlready | AttachmentRefusal::AttachedAlready => StatusCode::CONFLICT,
            AttachmentRefusal::Infected
            | AttachmentRefusal::Quarantined
            | AttachmentRefusal::OfAnother
            | AttachmentRefusal::Blocked => StatusCode::FORBIDDEN,
        };
        Self {
            status,
            problem: refused(refusal),
        }
    }
}

impl From<CommandError> for Flaw {
    fn from(error: CommandError) -> Self {
        if let CommandError::Refused(Refusal::Attachment(refusal)) = error {
            return refusal.into();
        }
        match Answer::from(error) {
            // The customer is forgotten, or was a moment ago.
            Answer::Refused(problem) => Self {
                status: StatusCode::GONE,
                problem,
            },
            Answer::Failed(problem) if problem.code == "UNAVAILABLE" => Self {
                status: StatusCode::SERVICE_UNAVAILABLE,
                problem,
            },
            Answer::Failed(problem) => Self {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                problem,
            },
        }
    }
}

impl From<StoreError> for Flaw {
    fn from(error: StoreError) -> Self {
        Self::fault(&error)
    }
}

impl From<std::io::Error> for Flaw {
    fn from(error: std::io::Error) -> Self {
        Self::fault(&error)
    }
}

impl From<SecretError> for Flaw {
    fn from(error: SecretError) -> Self {
        Self::fault(&error)
    }
}

impl From<sqlx::Error> for Flaw {
    fn from(error: sqlx::Error) -> Self {
        Self::fault(&error)
    }
}

impl From<Dead> for Flaw {
    fn from(dead: Dead) -> Self {
        let (code, russian, english) = match dead {
            Dead::Invalid => (
                "FILE_LINK_INVALID",
                "ссылка на файл не действует",
                "the link to the file does not count",
            ),
            Dead::Expired => (
                "FILE_LINK_EXPIRED",
                "срок ссылки на файл прошёл: запросите новую",
                "the time of the link to the file is over: ask for another",
            ),
        };
        Self::new(StatusCode::FORBIDDEN, code, russian, english)
    }
}

impl From<Bomb> for Flaw {
    fn from(bomb: Bomb) -> Self {
        if let Bomb::Unread(error) = &bomb {
            return Self::fault(error);
        }
        let russian = match &bomb {
            Bomb::Entries => "в нём больше 10000 записей".to_owned(),
            Bomb::Size => "из него выходит намного больше, чем вложено".to_owned(),
            Bomb::Lies => "его оглавление говорит меньше, чем в нём есть".to_owned(),
            Bomb::Depth => "в нём архивы в архивах, слишком глубоко или слишком большие".to_owned(),
            Bomb::Slow => "его разбор занимает слишком много времени".to_owned(),
            Bomb::Damaged(reason) => format!("он повреждён: {reason}"),
            Bomb::Unread(error) => error.to_string(),
        };
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "FILE_ARCHIVE_REFUSED",
            format!("архив не принят: {russian}"),
            format!("the archive is not taken: {bomb}"),
        )
    }
}

/// A broken rule of files.
pub(crate) fn refused(refusal: AttachmentRefusal) -> Problem {
    let english = refusal.to_string();
    let (code, russian, field) = match refusal {
        AttachmentRefusal::NotFound => ("NOT_FOUND", "такого файла нет".to_owned(), "attachmentIds"),
        AttachmentRefusal::NowhereToGo => (
            "NOT_FOUND",
            "нет такой заявки, линии или клиента для файла".to_owned(),
            "ticketId",
        ),
        AttachmentRefusal::Empty => ("FILE_EMPTY", "файл пуст".to_owned(), "size"),
        AttachmentRefusal::TooLarge { max_bytes } => (
            "FILE_TOO_LARGE",
            format!("файл слишком велик: линия принимает не больше {max_bytes} байтов"),
            "size",
        ),
        AttachmentRefusal::TypeNotTaken => (
            "FILE_TYPE_NOT_TAKEN",
            "линия не принимает файлы этого типа".to_owned(),
            "contentType",
        ),
        AttachmentRefusal::TypeLies => ("FILE_TYPE_LIES", "файл не то, чем назван".to_owned(), "contentType"),
        AttachmentRefusal::SizeDiffers => (
            "FILE_SIZE_DIFFERS",
            "размер файла не тот, что объявлен".to_owned(),
            "size",
        ),
        AttachmentRefusal::StoredAlready => (
            "FILE_STORED_ALREADY",
            "файл уже загружен: объявите другой".to_owned(),
            "attachmentIds",
        ),
        AttachmentRefusal::NotStored => ("FILE_NOT_STORED", "файл ещё не загружен".to_owned(), "attachmentIds"),
        AttachmentRefusal::Gone => ("FILE_GONE", "файла больше нет".to_owned(), "attachmentIds"),
        AttachmentRefusal::Infected => (
            "FILE_INFECTED",
            "антивирус нашёл в файле угрозу: он никому не выдаётся".to_owned(),
            "attachmentIds",
        ),
        AttachmentRefusal::Quarantined => (
            "FILE_QUARANTINED",
            "файл отложен, пока его не проверит антивирус".to_owned(),
            "attachmentIds",
        ),
        AttachmentRefusal::AttachedAlready => (
            "FILE_ATTACHED_ALREADY",
            "файл уже приложен к другому сообщению".to_owned(),
            "attachmentIds",
        ),
        AttachmentRefusal::OfAnother => (
            "FILE_OF_ANOTHER",
            "файл загружен для другой заявки или другого клиента".to_owned(),
            "attachmentIds",
        ),
        AttachmentRefusal::Blocked => (
            "BLOCKED",
            "файлы этого клиента больше не принимаются".to_owned(),
            "ticketId",
        ),
    };
    Problem::new(code, russian, english).about(field)
}
