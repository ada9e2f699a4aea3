//! Access tokens: JSON Web Tokens (RFC 7519) signed with Ed25519 (RFC 8037), for a few minutes. A key signs for a month
//! and is known for as long as its last token counts; the public halves are published as a JWK set (RFC 7517).

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Datelike, Months, TimeDelta, Utc};
use commands::Clock;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Secrets, secrets::SecretError};

/// How long an access token counts.
pub(super) const LIFE: TimeDelta = TimeDelta::minutes(10);
const ISSUER: &str = "letopis";

/// Whom a token lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bearer {
    /// A person who works here.
    User {
        /// Who.
        user: Uuid,
        /// The session.
        session: Uuid,
    },
    /// A customer for whom somebody has vouched.
    Visitor {
        /// Which.
        contact: Uuid,
        /// Where.
        inbox: Uuid,
    },
}

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) bearer: Bearer,
    pub(super) expires_at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    iss: String,
    sub: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inbox: Option<Uuid>,
    iat: i64,
    exp: i64,
}

impl Payload {
    fn of(bearer: Bearer, now: DateTime<Utc>, expires_at: DateTime<Utc>) -> Self {
        let (sub, sid, inbox) = match bearer {
            Bearer::User { user, session } => (user, Some(session), None),
            Bearer::Visitor { contact, inbox } => (contact, None, Some(inbox)),
        };
        Self {
            iss: ISSUER.to_owned(),
            sub,
            sid,
            inbox,
            iat: now.timestamp(),
            exp: expires_at.timestamp(),
        }
    }

    /// A token is a person's or a visitor's, never both.
    fn bearer(&self) -> Option<Bearer> {
        match (self.sid, self.inbox) {
            (Some(session), None) => Some(Bearer::User {
                user: self.sub,
                session,
            }),
            (None, Some(inbox)) => Some(Bearer::Visitor {
                contact: self.sub,
                inbox,
            }),
            (Some(_), Some(_)) | (None, None) => None,
        }
    }
}

struct Signing {
    encoding: EncodingKey,
    decoding: DecodingKey,
    public: Vec<u8>,
}

/// Makes and checks access tokens. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Tokens {
    secrets: Secrets,
    clock: Clock,
    keys: Arc<RwLock<BTreeMap<String, Arc<Signing>>>>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl Tokens {
    /// Tokens under the keys of this month and the next, so that all servers know a key before it signs.
    pub(crate) async fn start(secrets: Secrets, clock: Clock) -> Result<Self, SecretError> {
        let tokens = Self {
            secrets,
            clock,
            keys: Arc::default(),
        };
        tokens.prepare().await?;
        Ok(tokens)
    }

    /// Has the keys at hand that count now or soon.
    pub(crate) async fn prepare(&self) -> Result<(), SecretError> {
        let now = self.clock.now();
        for at in [
            now.checked_sub_months(Months::new(1)),
            Some(now),
            now.checked_add_months(Months::new(1)),
        ] {
            let Some(name) = at.map(month) else { continue };
            if !self.all().contains_key(&name) {
                let seed = self.secrets.get(&format!("access tokens {name}")).await?;
                if let Some(signing) = signing(seed.as_bytes()) {
                    let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
                    keys.insert(name, Arc::new(signing));
                }
            }
        }
        Ok(())
    }

    /// A token, and until when it counts; not longer than `at_most`.
    pub(super) async fn issue(
        &self,
        bearer: Bearer,
        at_most: Option<DateTime<Utc>>,
    ) -> Result<(String, DateTime<Utc>), SecretError> {
        self.prepare().await?;
        let now = self.clock.now();
        let expires_at = at_most.map_or(now + LIFE, |it| it.min(now + LIFE));
        let name = month(now);
        let payload = Payload::of(bearer, now, expires_at);
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(name.clone());
        let signed = self
            .all()
            .get(&name)
            .and_then(|it| encode(&header, &payload, &it.encoding).ok());
        signed
            .map(|it| (it, expires_at))
            .ok_or_else(|| SecretError::Destroyed(format!("access tokens {name}")))
    }

    /// What a token says, if it was signed here and counts still.
    pub(super) fn check(&self, token: &str) -> Option<Claims> {
        self.read(token).filter(|it| it.expires_at > self.clock.now())
    }

    /// What a token says, if it was signed here, whether or not it counts still.
    pub(super) fn read(&self, token: &str) -> Option<Claims> {
        let name = decode_header(token).ok()?.kid?;
        let key = self.all().get(&name).cloned()?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        // By our own clock, in `check`.
        validation.validate_exp = false;
        let payload = decode::<Payload>(token, &key.decoding, &validation).ok()?.claims;
        Some(Claims {
            bearer: payload.bearer()?,
            expires_at: DateTime::from_timestamp(payload.exp, 0)?,
        })
    }

    /// The public keys, as other programs read them.
    pub(crate) fn key_set(&self) -> Value {
        let all = self.all();
        let keys: Vec<Value> = all
            .iter()
            .map(|(name, it)| {
                let x = URL_SAFE_NO_PAD.encode(&it.public);
                json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": name, "x": x})
            })
            .collect();
        json!({ "keys": keys })
    }

    fn all(&self) -> BTreeMap<String, Arc<Signing>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn month(at: DateTime<Utc>) -> String {
    format!("{:04}-{:02}", at.year(), at.month())
}

fn signing(seed: &[u8]) -> Option<Signing> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
    let document = pair.to_pkcs8v1().ok()?;
    let public = pair.public_key().as_ref().to_vec();
    Some(Signing {
        encoding: EncodingKey::from_ed_der(document.as_ref()),
        decoding: DecodingKey::from_ed_der(&public),
        public,
    })
}
