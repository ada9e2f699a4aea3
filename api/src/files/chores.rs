//! What is done about files by itself: scanned, depicted, taken away when nobody wants them, deleted.
//!
//! What is due is asked of the read model, which follows from the log: so nothing is kept that could be lost, and what was
//! left undone is done after a restart. Several servers may do it at once: the commands say what is done already. What
//! fails is left alone for a while, and what is deleted waits neither for a scanner nor for pictures.

use std::{io::BufReader, time::Duration};

use chrono::TimeDelta;
use commands::{Command, Request};
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    attachment::{AttachmentCommand, Picture, Preview},
    ids::{AttachmentId, CommandId},
};
use image::ImageError;
use projections::attachment::{self, Due};
use tokio::{
    runtime::Handle,
    task::spawn_blocking,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    Files, Flaw,
    bytes::{Sealed, speaks_of_bytes},
    clamav::Scanner,
    pauses::Pauses,
    preview::{self, Small},
    reading::{named, small},
    seal::Sealer,
    upload::blob,
};
use crate::following::tend;

/// How often it is looked what is due.
const LOOK: Duration = Duration::from_secs(1);
/// Files of one look.
const MOST: i64 = 50;
/// How long a file waits for a message.
const WAITING: TimeDelta = TimeDelta::hours(24);
/// After which an upload is over, however it ended.
const OVER: TimeDelta = TimeDelta::hours(2);
/// Looks between two at what uploads have left.
const SELDOM: u32 = 600;
/// How long a scanner is left alone that does not answer.
const REST: Duration = Duration::from_secs(10);
/// How often it is looked whether files wait for a scanner where there is none.
const REMINDER: Duration = Duration::from_mins(10);

/// Does what is due, until `working` ends.
pub(crate) fn follow(files: &Files, working: &CancellationToken) {
    let of = files.clone();
    tend("file_scans", working, move || of.clone().follow_scans());
    let of = files.clone();
    tend("file_pictures", working, move || of.clone().follow_pictures());
    let of = files.clone();
    tend("file_removals", working, move || of.clone().follow_removals());
}

fn actor() -> Actor {
    Actor::new(ActorKind::System, "files")
}

impl Files {
    async fn follow_scans(self) {
        let Some(scanner) = self.inner.scanner.clone() else {
            return self.remind().await;
        };
        let mut pauses = Pauses::default();
        loop {
            let answers = self.scan_due(&scanner, &mut pauses).await;
            sleep(if answers { LOOK } else { REST }).await;
        }
    }

    async fn follow_pictures(self) {
        let mut pauses = Pauses::default();
        loop {
            self.depict_due(&mut pauses).await;
            sleep(LOOK).await;
        }
    }

    async fn follow_removals(self) {
        let (mut unwanted, mut gone) = (Pauses::default(), Pauses::default());
        let mut round = 0_u32;
        loop {
            self.discard_due(&mut unwanted).await;
            self.remove_due(&mut gone).await;
            if round.is_multiple_of(SELDOM) {
                self.sweep(OVER).await;
            }
            round = round.wrapping_add(1);
            sleep(LOOK).await;
        }
    }

    /// Says how many files wait for a scanner that nobody asks, whenever that is another number.
    async fn remind(&self) {
        let mut told = 0;
        loop {
            // Why the table does not answer, those tell who need it.
            let Ok(pending) = attachment::pending(&self.inner.pool).await else {
                sleep(REST).await;
                continue;
            };
            if pending > 0 && pending != told {
                warn!(
                    pending,
                    "files wait for a scanner, and none is set up: nobody can read them until files.clamav names one"
                );
            }
            told = pending;
            sleep(REMINDER).await;
        }
    }

    async fn due(&self, what: Due, pauses: &mut Pauses) -> Vec<AttachmentId> {
        let resting = pauses.resting(Instant::now());
        match attachment::due(&self.inner.pool, what, &resting, MOST).await {
            Ok(due) => due.into_iter().map(AttachmentId).collect(),
            Err(error) => {
                warn!(%error, "files are left as they are for now");
                Vec::new()
            }
        }
    }

    /// Carries out a command once for each file, and waits until it shows, so that the next look does not find it again.
    async fn carry_out(&self, id: AttachmentId, operation: &str, command: AttachmentCommand) -> Result<(), Flaw> {
        let actor = actor();
        let request = Request {
            command_id: CommandId::of_request(&actor.to_string(), operation, &id.to_string(), ""),
            command: Command::Attachment(id, command),
            actor,
            expected_version: None,
            traceparent: None,
        };
        let outcome = self.inner.handler.execute(&Rights::all(), &request).await?;
        self.inner.live.reached(attachment::NAME, outcome.position).await;
        Ok(())
    }

    /// Whether the scanner answers.
    async fn scan_due(&self, scanner: &Scanner, pauses: &mut Pauses) -> bool {
        for id in self.due(Due::Scan, pauses).await {
            let engine = match scanner.version().await {
                Ok(engine) => engine,
                Err(error) => {
                    warn!(%error, "the scanner does not answer: files stay apart");
                    return false;
                }
            };
            let done = self.scan(scanner, id, engine).await;
            pauses.note(id, done.is_ok(), Instant::now());
            if let Err(flaw) = done {
                warn!(
                    file = named(id),
                    problem = flaw.problem.english,
                    "a file could not be scanned; trying again"
                );
            }
        }
        true
    }

    async fn scan(&self, scanner: &Scanner, id: AttachmentId, engine: String) -> Result<(), Flaw> {
        let Some(file) = self.inner.handler.file(id).await? else {
            return Ok(());
        };
        let sealed = self.sealed(&file, false)?;
        let bytes = sealed.stream(0..sealed.size).await?;
        let said = scanner.scan(bytes).await.map_err(|it| Flaw::fault(&it))?;
        let command = AttachmentCommand::Scan {
            verdict: said.verdict,
            engine,
            signature: said.signature,
        };
        self.carry_out(id, "scan", command).await
    }

    async fn depict_due(&self, pauses: &mut Pauses) {
        for id in self.due(Due::Preview, pauses).await {
            let depicted = self.depict(id).await;
            pauses.note(id, depicted.is_ok(), Instant::now());
            if let Err(flaw) = depicted {
                warn!(
                    file = named(id),
                    problem = flaw.problem.english,
                    "no small picture was made; trying again"
                );
            }
        }
    }

    async fn depict(&self, id: AttachmentId) -> Result<(), Flaw> {
        let Some(file) = self.inner.handler.file(id).await? else {
            return Ok(());
        };
        let whole = self.sealed(&file, false)?;
        let reader = BufReader::new(whole.reader(Handle::current()));
        let reason = match spawn_blocking(move || preview::small(reader)).await {
            Ok(Ok(made)) => return self.keep_picture(id, &whole, made).await,
            // The storage, which may answer later.
            Ok(Err(ImageError::IoError(error))) if !speaks_of_bytes(&error) => return Err(Flaw::fault(&error)),
            Ok(Err(error)) => error.to_string(),
            // A decoder that breaks on these bytes breaks on them again.
            Err(broken) if broken.is_panic() => broken.to_string(),
            Err(stopped) => return Err(Flaw::fault(&stopped)),
        };
        info!(file = named(id), reason, "there is no small picture of a file");
        let command = AttachmentCommand::Depict { picture: None };
        self.carry_out(id, "depict", command).await
    }

    async fn keep_picture(&self, id: AttachmentId, whole: &Sealed, made: Small) -> Result<(), Flaw> {
        let blob = blob();
        self.note_begin(&blob, id).await?;
        let mut sealer = Sealer::new(&small(&whole.key));
        let mut writer = self.inner.store.write(&blob).await?;
        writer
            .push(sealer.push(&made.bytes).map_err(|it| Flaw::fault(&it))?)
            .await?;
        writer.push(sealer.finish().map_err(|it| Flaw::fault(&it))?).await?;
        writer.finish().await?;
        let picture = Picture {
            blob: blob.clone(),
            content_type: made.content_type.to_owned(),
            size: made.bytes.len() as u64,
            width: made.width,
            height: made.height,
        };
        let picture = Some(picture);
        self.carry_out(id, "depict", AttachmentCommand::Depict { picture })
            .await?;
        // Another server may have been faster, with an object of its own.
        self.settle_blob(&blob, id).await
    }

    async fn discard_due(&self, pauses: &mut Pauses) {
        let before = self.inner.clock.now() - WAITING;
        for id in self.due(Due::Orphan(before), pauses).await {
            let discarded = self.inner.handler.discard_orphan(id, &actor()).await;
            pauses.note(id, discarded.is_ok(), Instant::now());
            if let Err(error) = discarded {
                warn!(file = named(id), %error, "a file that nobody wants could not be taken away; trying again");
            }
        }
    }

    async fn remove_due(&self, pauses: &mut Pauses) {
        for id in self.due(Due::Removal, pauses).await {
            let removed = self.remove(id).await;
            pauses.note(id, removed.is_ok(), Instant::now());
            if let Err(flaw) = removed {
                warn!(
                    file = named(id),
                    problem = flaw.problem.english,
                    "a file could not be deleted; trying again"
                );
            }
        }
    }

    async fn remove(&self, id: AttachmentId) -> Result<(), Flaw> {
        let Some(file) = self.inner.handler.file(id).await? else {
            return Ok(());
        };
        if let Some(stored) = &file.state.stored {
            self.inner.store.delete(&stored.blob).await?;
        }
        if let Preview::Made(picture) = &file.state.preview {
            self.inner.store.delete(&picture.blob).await?;
        }
        self.carry_out(id, "remove", AttachmentCommand::NoteRemoval).await
    }

    /// Deletes what a crash left of uploads; only where no other server takes files, and before this one does.
    pub(crate) async fn clear(&self) {
        self.sweep(TimeDelta::zero()).await;
    }

    /// Deletes what uploads have left that began before then and never came into the log.
    async fn sweep(&self, age: TimeDelta) {
        let before = self.inner.clock.now() - age;
        let left = sqlx::query_as("SELECT blob, attachment_id FROM ops.upload WHERE started_at <= $1 LIMIT 1000");
        let left: Vec<(String, uuid::Uuid)> = match left.bind(before).fetch_all(&self.inner.pool).await {
            Ok(left) => left,
            Err(error) => return warn!(%error, "what uploads have left stays for now"),
        };
        for (blob, id) in left {
            if let Err(flaw) = self.settle_blob(&blob, AttachmentId(id)).await {
                warn!(problem = flaw.problem.english, "what an upload has left stays for now");
            }
        }
    }

    /// Deletes an object unless the log has it.
    pub(super) async fn settle_blob(&self, blob: &str, id: AttachmentId) -> Result<(), Flaw> {
        let file = self.inner.handler.file(id).await?;
        let is_there = file.is_some_and(|it| {
            let stored = it.state.stored.is_some_and(|it| it.blob == blob);
            let small = matches!(it.state.preview, Preview::Made(picture) if picture.blob == blob);
            stored || small
        });
        if is_there {
            self.note_end(blob).await;
        } else {
            self.drop_blob(blob).await;
        }
        Ok(())
    }
}
