//! How much somebody may announce that no message has taken up: bytes are stored before anybody looks at them.

use domain::{
    actor::{Actor, ActorKind},
    ids::AttachmentId,
};
use projections::attachment;

use super::{Files, Flaw};
use crate::problem::Problem;

const MIB: i64 = 1024 * 1024;

/// What may wait for a message of one author.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Most {
    files: i64,
    mib: i64,
}

impl Most {
    /// Customers write one message after the other; a program may bring the files of many people.
    fn of(kind: ActorKind) -> Self {
        match kind {
            ActorKind::Contact => Self { files: 50, mib: 1024 },
            ActorKind::Agent | ActorKind::Bot | ActorKind::System | ActorKind::ApiKey | ActorKind::Import => Self {
                files: 1000,
                mib: 20 * 1024,
            },
        }
    }

    /// Whether one more of so many bytes may wait with so many others; a single one always may.
    fn admits(self, (files, bytes): (i64, i64), size: i64) -> bool {
        files == 0 || files < self.files && bytes.saturating_add(size) <= self.mib.saturating_mul(MIB)
    }

    fn refusal(self) -> Problem {
        let Self { files, mib } = self;
        Problem::new(
            "FILES_WAITING",
            format!(
                "слишком много файлов ждут сообщения: можно не больше {files}, вместе {mib} МиБ; приложите их к \
                 сообщениям или подождите сутки"
            ),
            format!(
                "too many files wait for a message: {files} at most, of {mib} MiB together; name them in messages, or \
                 wait a day"
            ),
        )
        .about("size")
    }
}

impl Files {
    /// Why somebody cannot announce another file for now; `None` when they can. By the table, which is a moment behind
    /// the log: it bounds what is stored, not to the last file.
    ///
    /// # Errors
    /// When Postgres does not answer.
    pub(crate) async fn is_full(&self, author: &Actor, id: AttachmentId, size: i64) -> Result<Option<Problem>, Flaw> {
        let most = Most::of(author.kind);
        let waiting = attachment::waiting(&self.inner.pool, &author.to_string(), id.0).await?;
        Ok((!most.admits(waiting, size)).then(|| most.refusal()))
    }
}

#[cfg(test)]
mod tests {
    use domain::actor::ActorKind;

    use super::{MIB, Most};

    #[test]
    fn customers_may_let_fewer_files_wait_than_programs() {
        let (customer, program) = (Most::of(ActorKind::Contact), Most::of(ActorKind::ApiKey));
        assert!(customer.admits((49, 0), 1) && !customer.admits((50, 0), 1));
        assert!(customer.admits((1, 1000 * MIB), 24 * MIB) && !customer.admits((1, 1000 * MIB), 24 * MIB + 1));
        assert!(customer.admits((0, 0), 2048 * MIB), "as large as the inbox takes");
        assert!(program.admits((999, 1024 * MIB), MIB) && !program.admits((1000, 0), 1));
        assert!(customer.refusal().english.contains("50 at most, of 1024 MiB"));
    }
}
