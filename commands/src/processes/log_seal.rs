//! Seals the log: follows it, and signs a Merkle root over each range of it.
//!
//! Whether a range is due depends on the machine's time and on what has been read; the range itself is given by the
//! log alone. Several servers may do this at once: the seal of one is the conflict of the other, who goes on behind it.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher, RandomState},
    path::PathBuf,
    time::Duration,
};

use domain::{
    actor::{Actor, ActorKind},
    decider::{Context, Decider},
    event::DomainEvent,
    ids::{CommandId, singleton, stream_name},
    log_seal::{LogSeal, LogSealCommand, LogSealEvent, LogSealRefusal, Sealed},
};
use event_store::{
    Chain, DecodeError, EncodeError, Envelope, EventLog, Expected, KeyError, Keys, Leaf, LogError, MalformedSeal,
    Position, PublicKey, SealFile, SealFileError, SealKey, SealRecord, Statement, decode, encode, merkle::Tree,
    statement,
};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use crate::Clock;

/// Events after which a range is sealed before its time; no range has more.
const RANGE: u64 = 10_000;
/// Events read at a time.
const PAGE: usize = 1024;
/// How often the log is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Why the log cannot be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The log does not answer, or refuses.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The copy of the seals outside of the log.
    #[error(transparent)]
    File(#[from] SealFileError),
    /// The log lacks what was sealed.
    #[error(
        "the log does not have the seal of positions {first} to {last} (revision {revision} of its seals) that {} has: \
         the end of the log was lost or changed, or the file is of another log; nothing more is sealed. Restore a \
         backup; `letopis-replay verify` tells more", path.display()
    )]
    Lost {
        /// The copy.
        path: PathBuf,
        /// First position of the range.
        first: u64,
        /// Last position of the range.
        last: u64,
        /// Of the seal.
        revision: u64,
    },
    /// A seal of a newer program.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A seal of another program.
    #[error("stream {stream} holds an event at revision {revision} that is no seal")]
    Foreign {
        /// The stream of seals.
        stream: String,
        /// Of the event.
        revision: u64,
    },
    /// A seal that does not read.
    #[error(transparent)]
    Malformed(#[from] MalformedSeal),
    /// A rule.
    #[error(transparent)]
    Refused(#[from] LogSealRefusal),
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A seal that cannot be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl SealError {
    /// Whether a later try may do better.
    fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Log(LogError::Unavailable { .. } | LogError::Conflict { .. })
                | Self::File(SealFileError::File { .. })
        )
    }
}

/// Where the seals end.
#[derive(Debug, Clone)]
struct End {
    revision: u64,
    chain: Chain,
    statement: Statement,
}

/// What has been read behind the last seal.
#[derive(Debug, Default)]
struct Range {
    tree: Tree,
    read: Position,
    /// Whether there is something in it beside seals.
    news: bool,
}

/// Seals one log.
#[derive(Debug)]
pub struct Sealer {
    log: EventLog,
    clock: Clock,
    key: SealKey,
    file: SealFile,
    interval: Duration,
    stream: String,
    end: Option<End>,
    range: Range,
    /// Fingerprints that need no warning: the public key lies here, or it was said that it does not.
    known_keys: Option<BTreeSet<String>>,
}

impl Sealer {
    /// Seals `log` with `key` at least every `interval` in which something happens, and copies the seals to `file`.
    pub fn new(log: EventLog, clock: Clock, key: SealKey, file: SealFile, interval: Duration) -> Self {
        Self {
            log,
            clock,
            key,
            file,
            interval,
            stream: stream_name(LogSeal::CATEGORY, singleton(LogSeal::CATEGORY)),
            end: None,
            range: Range::default(),
            known_keys: None,
        }
    }

    /// Warns of seals that none of these keys verifies.
    #[must_use]
    pub fn with_public_keys(mut self, keys: &[PublicKey]) -> Self {
        self.known_keys = Some(keys.iter().map(|it| it.fingerprint().to_string()).collect());
        self
    }

    /// Seals until `stopped`, or until the log turns out not to be the one that was sealed; that stops nobody else.
    pub async fn run(mut self, stopped: CancellationToken) {
        let ended = stopped.clone();
        let work = async {
            let mut known = false;
            loop {
                match self.go_on(&mut known).await {
                    Ok(()) => {}
                    Err(fault) if fault.is_passing() => {
                        known = false;
                        warn!(%fault, "the log is not sealed for now");
                    }
                    Err(fault) => {
                        error!(%fault, "THE LOG IS NO LONGER SEALED");
                        break;
                    }
                }
                sleep(LOOK.min(self.interval)).await;
            }
        };
        tokio::select! { () = ended.cancelled() => {}, () = work => {} }
    }

    /// Reads on for one interval, then seals what there is.
    async fn go_on(&mut self, known: &mut bool) -> Result<(), SealError> {
        if !*known {
            self.begin().await?;
            *known = true;
        }
        let due = Instant::now() + self.interval;
        loop {
            let is_head = self.read().await?;
            if self.range.tree.count() >= RANGE {
                self.seal().await?;
            } else if is_head && Instant::now() >= due {
                return if self.range.news { self.seal().await } else { Ok(()) };
            } else if is_head {
                sleep(LOOK.min(self.interval)).await;
            }
        }
    }

    /// Catches up, and says what is missing of that which proves the seals.
    async fn begin(&mut self) -> Result<(), SealError> {
        let is_missing = self.file.last()?.is_none();
        self.catch_up().await?;
        let Some(end) = &self.end else { return Ok(()) };
        if is_missing {
            warn!(
                "{} is missing although the log has seals: it was made anew from position 1 to {}. It says no more than the \
                 log; compare it with a copy kept elsewhere",
                self.file.path().display(),
                end.statement.last
            );
        }
        if self.known_keys.is_some() {
            let file = SealFile::new(self.file.path().to_owned());
            // As long as the history of the log: nobody else is to wait for it.
            let keys = tokio::task::spawn_blocking(move || file.keys()).await;
            self.warn_of(keys.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?);
        }
        Ok(())
    }

    fn warn_of(&mut self, keys: BTreeSet<String>) {
        let Some(known) = &mut self.known_keys else { return };
        for key in keys {
            if !known.contains(&key) {
                warn!(
                    "the log holds seals under the key {key}, whose public key is not beside the signing key: nothing else \
                     verifies them. Put it there as a file *.pub.pem, from a backup or as it was published, or give it to \
                     `letopis-replay verify --public-key`"
                );
                known.insert(key);
            }
        }
    }

    /// Takes the next page into the range; whether it reached the head.
    async fn read(&mut self) -> Result<bool, SealError> {
        let room = usize::try_from(RANGE - self.range.tree.count().min(RANGE)).unwrap_or(PAGE);
        let limit = PAGE.min(room);
        let page = self.log.read_unfiltered(self.range.read, limit).await?;
        let mut buffer = Vec::new();
        for event in &page {
            self.range.read = event.position;
            let leaf = Leaf::from(event);
            if leaf.is_sealed() {
                self.range.tree.push(leaf.digest(&mut buffer));
                self.range.news |= event.stream != self.stream;
            }
        }
        Ok(page.len() < limit)
    }

    /// Seals the range; when somebody else did, goes on behind that seal.
    async fn seal(&mut self) -> Result<(), SealError> {
        let previous = self.end.as_ref().map(|it| it.statement);
        let next = Statement {
            first: previous.map_or(0, |it| it.last) + 1,
            last: self.range.read.0,
            count: self.range.tree.count(),
            root: self.range.tree.root(),
            previous: previous.map(|it| it.digest()),
            key: self.key.public().fingerprint(),
        };
        let appended = self.append(next.seal(&self.key)?).await;
        match appended {
            Ok(()) => debug!(
                first = next.first,
                last = next.last,
                count = next.count,
                "the log is sealed"
            ),
            Err(SealError::Log(LogError::Conflict { .. })) => {}
            Err(fault) => return Err(fault),
        }
        self.catch_up().await
    }

    async fn append(&self, seal: Sealed) -> Result<(), SealError> {
        let context = Context {
            at: self.clock.now(),
            actor: Actor::new(ActorKind::System, LogSeal::CATEGORY),
            id: singleton(LogSeal::CATEGORY),
        };
        let state = self.end.as_ref().map(|it| LogSeal {
            last: it.statement.last,
        });
        let envelope = envelope(&context.actor, &seal);
        let events: Vec<_> = LogSeal::decide(state.as_ref(), &LogSealCommand::Seal(seal), &context)?
            .into_iter()
            .map(|event| (DomainEvent::from(event), context.at))
            .collect();
        let chain = self
            .end
            .as_ref()
            .map_or_else(|| Chain::genesis(&self.stream), |it| it.chain);
        let (encoded, _) = encode(chain, &envelope, 0, events, &Keys::default())?;
        let expected = Expected::after(self.end.as_ref().map(|it| it.revision));
        self.log.append(&self.stream, expected, &encoded).await?;
        Ok(())
    }

    /// Finds where the seals end, brings the copy up to there, and begins a new range behind.
    ///
    /// The copy's last seal is read again: the log must still have it.
    async fn catch_up(&mut self) -> Result<(), SealError> {
        let known = self.file.last()?;
        let from = known.as_ref().map_or(0, |it| it.revision);
        let mut records = Vec::new();
        for raw in self.log.read_stream(&self.stream, from).await? {
            let recorded = decode(&raw)?;
            let DomainEvent::LogSeal(LogSealEvent::Sealed(seal)) = recorded.event else {
                return Err(SealError::Foreign {
                    stream: raw.stream,
                    revision: raw.revision,
                });
            };
            self.end = Some(End {
                revision: raw.revision,
                chain: Chain::recorded(&recorded.metadata).unwrap_or_else(|| Chain::genesis(&self.stream)),
                statement: statement(&seal)?.0,
            });
            records.push(SealRecord {
                revision: raw.revision,
                position: raw.position.0,
                seal,
            });
        }
        if let Some(known) = known {
            if records.first() != Some(&known) {
                return Err(SealError::Lost {
                    path: self.file.path().to_owned(),
                    first: known.seal.first,
                    last: known.seal.last,
                    revision: known.revision,
                });
            }
            records.remove(0);
        }
        if !records.is_empty() {
            self.file.append(&records)?;
        }
        self.range = Range {
            read: Position(self.end.as_ref().map_or(0, |it| it.statement.last)),
            ..Range::default()
        };
        Ok(())
    }
}

/// Two servers that seal the same range must not be taken for one that repeats itself: the command's id is random.
fn envelope(actor: &Actor, seal: &Sealed) -> Envelope {
    let nonce = RandomState::new().hash_one(seal.first).to_string();
    let command_id = CommandId::of_request(&actor.to_string(), "sealLog", &seal.root, &nonce);
    Envelope {
        command_id,
        correlation_id: command_id.0,
        causation_id: command_id.0,
        actor: actor.clone(),
        from: None,
        request: String::new(),
        traceparent: None,
    }
}
