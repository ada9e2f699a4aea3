//! Takes the bytes of a file that was announced: counted, hashed and sealed as they come, then looked at.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::digest;
use axum::{
    body::{Body, BodyDataStream},
    http::StatusCode,
};
use bytes::Bytes;
use commands::{Command, File, Outcome, Request};
use domain::{
    access::Rights,
    attachment::{Attachment, AttachmentCommand, AttachmentRefusal, NewBytes, settle},
    ids::{AttachmentId, CommandId},
};
use event_store::Key;
use futures_util::StreamExt;
use projections::attachment;
use tokio::{
    runtime::Handle,
    task::spawn_blocking,
    time::{Instant, timeout_at},
};
use tracing::warn;

use super::{
    Errand, Files, Flaw, Link,
    archive::{self, Form},
    bytes::Sealed,
    seal::Sealer,
    sniff,
    store::Writer,
};

/// How long the next bytes may take.
const NEXT: Duration = Duration::from_secs(30);
/// How long all of them may take.
const WHOLE: Duration = Duration::from_hours(1);
/// How long an archive is looked through, however small it is.
const LOOKING: Duration = Duration::from_secs(30);
/// And a second more for each of so many bytes.
const BYTES_A_SECOND: u64 = 4 * 1024 * 1024;

/// What came, as far as its bytes tell.
struct Came {
    head: Vec<u8>,
    size: u64,
    sha256: String,
}

/// Counts and hashes bytes as they come.
struct Counter {
    head: Vec<u8>,
    size: u64,
    /// As many were announced.
    announced: u64,
    hash: digest::Context,
}

impl Counter {
    fn new(announced: u64) -> Self {
        Self {
            head: Vec::new(),
            size: 0,
            announced,
            hash: digest::Context::new(&digest::SHA256),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Flaw> {
        self.size += bytes.len() as u64;
        if self.size > self.announced {
            return Err(Flaw::size(self.announced, &format!("> {}", self.announced)));
        }
        let wanted = sniff::HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..wanted]);
        self.hash.update(bytes);
        Ok(())
    }

    fn end(self) -> Result<Came, Flaw> {
        if self.size != self.announced {
            return Err(Flaw::size(self.announced, &self.size.to_string()));
        }
        let hash = self.hash.finish();
        Ok(Came {
            head: self.head,
            size: self.size,
            sha256: hex(hash.as_ref()),
        })
    }
}

impl Files {
    /// What a token says, if it counts for one of these errands.
    pub(crate) async fn link(&self, token: &str, errands: &[Errand]) -> Result<Link, Flaw> {
        Ok(self.inner.links.check(token, errands, self.inner.clock.now()).await??)
    }

    /// A path for somebody, and until when it counts.
    pub(crate) async fn path(
        &self,
        errand: Errand,
        file: AttachmentId,
        actor: &domain::actor::Actor,
    ) -> Result<(String, chrono::DateTime<chrono::Utc>), Flaw> {
        let (token, until) = self
            .inner
            .links
            .make(errand, file, actor, self.inner.clock.now())
            .await?;
        let folder = match errand {
            Errand::Upload => "/files/upload",
            Errand::Read | Errand::Preview => "/files",
        };
        Ok((format!("{folder}/{token}"), until))
    }

    /// Takes the bytes of an announced file; `length` is how many the client says there are.
    ///
    /// # Errors
    /// Why they are not taken; nothing of them is left then.
    pub(crate) async fn receive(&self, link: &Link, length: Option<u64>, body: Body) -> Result<Attachment, Flaw> {
        let file = self.known(link.file).await?;
        let state = &file.state;
        if file.forgotten || state.discarded || state.removed {
            return Err(AttachmentRefusal::Gone.into());
        }
        let limits = self.inner.handler.file_limits(state.inbox_id, self.usual()).await?;
        let max_bytes = limits.max_bytes;
        if state.size > max_bytes || length.is_some_and(|it| it > max_bytes) {
            return Err(AttachmentRefusal::TooLarge { max_bytes }.into());
        }
        if let Some(length) = length.filter(|it| *it != state.size) {
            return Err(Flaw::size(state.size, &length.to_string()));
        }
        let body = body.into_data_stream();
        if state.stored.is_some() {
            return self.compare(&file, body).await;
        }
        if !self.inner.store.has_room_for(state.size)? {
            let bytes = state.size;
            warn!(
                bytes,
                "an upload is refused: the disk of files has no room beside its reserve (files.keep_free_bytes)"
            );
            return Err(Flaw::full());
        }
        let blob = blob();
        self.note_begin(&blob, link.file).await?;
        let taken = self.take(link, &file, &blob, limits.allowed, body).await;
        match &taken {
            Ok(true) => self.note_end(&blob).await,
            // Whether the log has it is not known: then it is looked at later.
            Err(flaw) if flaw.status.is_server_error() => {}
            // Another request was faster with the same bytes; or this one was, and hears of it as a repetition.
            Ok(false) => {
                if let Err(flaw) = self.settle_blob(&blob, link.file).await {
                    warn!(
                        problem = flaw.problem.english,
                        "what is left of an upload is looked at later"
                    );
                }
            }
            // Not taken.
            Err(_) => self.drop_blob(&blob).await,
        }
        taken?;
        Ok(self.known(link.file).await?.state)
    }

    async fn known(&self, id: AttachmentId) -> Result<File, Flaw> {
        let file = self.inner.handler.file(id).await?;
        file.ok_or_else(|| AttachmentRefusal::NotFound.into())
    }

    /// Bytes of a file that is there already: the same are as good as the first time.
    async fn compare(&self, file: &File, body: BodyDataStream) -> Result<Attachment, Flaw> {
        let mut counter = Counter::new(file.state.size);
        let mut incoming = Incoming::new(body);
        while let Some(bytes) = incoming.next().await? {
            counter.take(&bytes)?;
        }
        let came = counter.end()?;
        let same = file.state.stored.as_ref().is_some_and(|it| it.sha256 == came.sha256);
        if same {
            Ok(file.state.clone())
        } else {
            Err(AttachmentRefusal::StoredAlready.into())
        }
    }

    /// Whether the bytes are those that the log has now.
    async fn take(
        &self,
        link: &Link,
        file: &File,
        blob: &str,
        allowed: Vec<String>,
        body: BodyDataStream,
    ) -> Result<bool, Flaw> {
        let key = Key::random();
        let mut writer = self.inner.store.write(blob).await?;
        let came = match seal(&mut writer, &key, file.state.size, body).await {
            Ok(came) => {
                writer.finish().await?;
                came
            }
            Err(flaw) => {
                if let Err(error) = writer.abort().await {
                    warn!(%error, "what is left of an upload stays until the next start");
                }
                return Err(flaw);
            }
        };
        let sealed = Sealed {
            store: self.inner.store.clone(),
            blob: blob.to_owned(),
            key: key.clone(),
            size: came.size,
        };
        let found = self.found(&sealed, &came, &file.state.content_type).await?;
        if settle(&file.state.content_type, &found).is_none() {
            return Err(Flaw::lies(&file.state.content_type, &found));
        }
        let bytes = NewBytes {
            blob: blob.to_owned(),
            size: came.size,
            found,
            sha256: came.sha256,
            key: hex(key.as_bytes()),
            quarantined: self.inner.scanner.is_some(),
            allowed,
        };
        let stored = self
            .tell(link, AttachmentCommand::Store { bytes: Box::new(bytes) }, blob)
            .await?;
        self.inner.live.reached(attachment::NAME, stored.position).await;
        Ok(stored.changed)
    }

    /// What the bytes show; archives are looked through, few at a time.
    async fn found(&self, sealed: &Sealed, came: &Came, said: &str) -> Result<String, Flaw> {
        let found = sniff::found(&came.head, said);
        let Some(form) = Form::of(&came.head) else {
            return Ok(found);
        };
        let turn = Arc::clone(&self.inner.inspections).acquire_owned().await;
        let turn = turn.map_err(|it| Flaw::fault(&it))?;
        let (reader, size) = (sealed.reader(Handle::current()), sealed.size);
        let inspected = spawn_blocking(move || {
            let until = std::time::Instant::now() + LOOKING + Duration::from_secs(size / BYTES_A_SECOND);
            let said = archive::inspect(form, reader, size, until);
            drop(turn);
            said
        });
        let document = inspected.await.map_err(|it| Flaw::fault(&it))??;
        Ok(document.map_or(found, str::to_owned))
    }

    /// Gives a command on behalf of whoever has the link; `key` names the wish.
    pub(super) async fn tell(&self, link: &Link, command: AttachmentCommand, key: &str) -> Result<Outcome, Flaw> {
        let target = link.file.to_string();
        let request = Request {
            command_id: CommandId::of_request(&link.actor.to_string(), "file", &target, key),
            command: Command::Attachment(link.file, command),
            actor: link.actor.clone(),
            expected_version: None,
            traceparent: None,
        };
        // The link has proven what may be done.
        Ok(self.inner.handler.execute(&Rights::all(), &request).await?)
    }

    pub(super) async fn note_begin(&self, blob: &str, file: AttachmentId) -> Result<(), Flaw> {
        sqlx::query("INSERT INTO ops.upload (blob, attachment_id, started_at) VALUES ($1, $2, $3)")
            .bind(blob)
            .bind(file.0)
            .bind(self.inner.clock.now())
            .execute(&self.inner.pool)
            .await?;
        Ok(())
    }

    /// From here on the log speaks for it.
    pub(super) async fn note_end(&self, blob: &str) {
        let ended = sqlx::query("DELETE FROM ops.upload WHERE blob = $1").bind(blob);
        if let Err(error) = ended.execute(&self.inner.pool).await {
            warn!(%error, "an upload that ended is looked at once more later");
        }
    }

    /// Leaves nothing of an object that the log does not have.
    pub(super) async fn drop_blob(&self, blob: &str) {
        match self.inner.store.delete(blob).await {
            Ok(()) => self.note_end(blob).await,
            Err(error) => warn!(%error, "what is left of an upload is deleted later"),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|it| [it >> 4, it & 15]);
    digits.map(|it| char::from(DIGITS[usize::from(it)])).collect()
}

/// Name of a new object; it tells nothing.
pub(super) fn blob() -> String {
    let name = format!("{:032x}", rand::random::<u128>());
    format!("{}/{name}", &name[..2])
}

/// The bytes of a body, within the time there is.
struct Incoming {
    body: BodyDataStream,
    deadline: Instant,
}

impl Incoming {
    fn new(body: BodyDataStream) -> Self {
        Self {
            body,
            deadline: Instant::now() + WHOLE,
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Flaw> {
        let until = self.deadline.min(Instant::now() + NEXT);
        match timeout_at(until, self.body.next()).await {
            Ok(next) => next.transpose().map_err(|error| {
                let (russian, english) = ("передача файла оборвалась", "the file was cut off");
                let status = StatusCode::BAD_REQUEST;
                Flaw::new(
                    status,
                    "FILE_CUT_OFF",
                    format!("{russian}: {error}"),
                    format!("{english}: {error}"),
                )
            }),
            Err(_elapsed) => {
                let (russian, english) = ("файл приходит слишком медленно", "the file comes too slowly");
                Err(Flaw::new(
                    StatusCode::REQUEST_TIMEOUT,
                    "FILE_TOO_SLOW",
                    russian,
                    english,
                ))
            }
        }
    }
}

async fn seal(writer: &mut Writer, key: &Key, announced: u64, body: BodyDataStream) -> Result<Came, Flaw> {
    let mut counter = Counter::new(announced);
    let mut sealer = Sealer::new(key);
    let mut incoming = Incoming::new(body);
    while let Some(bytes) = incoming.next().await? {
        counter.take(&bytes)?;
        writer.push(sealer.push(&bytes).map_err(|it| Flaw::fault(&it))?).await?;
    }
    let came = counter.end()?;
    writer.push(sealer.finish().map_err(|it| Flaw::fault(&it))?).await?;
    Ok(came)
}
