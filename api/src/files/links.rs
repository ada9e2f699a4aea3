//! Links that count for some minutes: for one file, one errand, and whoever asked. They need no other credential.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{actor::Actor, ids::AttachmentId};
use uuid::Uuid;

use crate::auth::{SecretError, Secrets};

/// How long an upload may wait for its bytes.
const TO_UPLOAD: TimeDelta = TimeDelta::minutes(15);
/// How long a file can be read by a link.
const TO_READ: TimeDelta = TimeDelta::minutes(5);

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errand {
    /// To bring the bytes of a file.
    Upload,
    /// To read it.
    Read,
    /// To read its small picture.
    Preview,
}

impl Errand {
    fn sign(self) -> u8 {
        match self {
            Self::Upload => 1,
            Self::Read => 2,
            Self::Preview => 3,
        }
    }

    fn life(self) -> TimeDelta {
        match self {
            Self::Upload => TO_UPLOAD,
            Self::Read | Self::Preview => TO_READ,
        }
    }
}

/// What a link says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) errand: Errand,
    pub(crate) file: AttachmentId,
    pub(crate) actor: Actor,
    pub(crate) expires_at: DateTime<Utc>,
}

/// Why a link does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dead {
    /// It was not made here, or for something else.
    Invalid,
    /// It was, and its time is over.
    Expired,
}

/// Makes and checks links.
#[derive(Debug)]
pub(super) struct Links {
    secrets: Secrets,
}

impl Links {
    pub(super) fn new(secrets: Secrets) -> Self {
        Self { secrets }
    }

    async fn mac(&self, said: &[u8]) -> Result<blake3::Hash, SecretError> {
        let key = self.secrets.get("files").await?;
        Ok(blake3::keyed_hash(key.as_bytes(), said))
    }

    /// A link's token, and until when it counts.
    pub(super) async fn make(
        &self,
        errand: Errand,
        file: AttachmentId,
        actor: &Actor,
        now: DateTime<Utc>,
    ) -> Result<(String, DateTime<Utc>), SecretError> {
        let until = now.timestamp() + errand.life().num_seconds();
        let mut said = vec![errand.sign()];
        said.extend_from_slice(file.0.as_bytes());
        said.extend_from_slice(&until.to_be_bytes());
        said.extend_from_slice(actor.to_string().as_bytes());
        let mac = self.mac(&said).await?;
        said.extend_from_slice(mac.as_bytes());
        let until = DateTime::from_timestamp(until, 0).unwrap_or(now);
        Ok((URL_SAFE_NO_PAD.encode(said), until))
    }

    /// What a token says, if it was made here for one of these errands and counts.
    pub(super) async fn check(
        &self,
        token: &str,
        errands: &[Errand],
        now: DateTime<Utc>,
    ) -> Result<Result<Link, Dead>, SecretError> {
        let Some((link, said, mac)) = parse(token, errands) else {
            return Ok(Err(Dead::Invalid));
        };
        // Hashes compare in a time that tells nothing.
        if self.mac(&said).await? != mac {
            return Ok(Err(Dead::Invalid));
        }
        Ok(if link.expires_at <= now {
            Err(Dead::Expired)
        } else {
            Ok(link)
        })
    }
}

fn parse(token: &str, errands: &[Errand]) -> Option<(Link, Vec<u8>, blake3::Hash)> {
    if token.len() > 1000 {
        return None;
    }
    let mut said = URL_SAFE_NO_PAD.decode(token).ok()?;
    let mac = said.split_off(said.len().checked_sub(32)?);
    let mac: [u8; 32] = mac.try_into().ok()?;
    let (sign, rest) = said.split_first()?;
    let (file, rest) = rest.split_first_chunk::<16>()?;
    let (until, actor) = rest.split_first_chunk::<8>()?;
    let link = Link {
        errand: errands.iter().copied().find(|it| it.sign() == *sign)?,
        file: AttachmentId(Uuid::from_bytes(*file)),
        actor: std::str::from_utf8(actor).ok()?.parse().ok()?,
        expires_at: DateTime::from_timestamp(i64::from_be_bytes(*until), 0)?,
    };
    Some((link, said, mac.into()))
}
