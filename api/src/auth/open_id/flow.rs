//! What a browser carries between the beginning and the end: sealed, so that it can neither read nor change it.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::AgentId;
use event_store::Key;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::auth::NotLetIn;

/// How long a person may take at the provider.
const AT_PROVIDER: TimeDelta = TimeDelta::minutes(10);
/// How long a page may take to take its session up.
const AT_PAGE: TimeDelta = TimeDelta::minutes(1);
const FLOW: &[u8] = b"open_id flow";
const HANDOVER: &[u8] = b"open_id handover";

/// Where a browser is sent, and the cookie it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Begun {
    pub(crate) address: String,
    pub(crate) cookie: String,
}

/// What must be the same at the end.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Secrets {
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
}

/// A sign-in that was begun: lies in a cookie.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Flow {
    provider: String,
    pub(super) secrets: Secrets,
    /// Of the page.
    pub(super) challenge: String,
    until: DateTime<Utc>,
}

/// A session that waits to be taken up.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Handover {
    pub(super) user: AgentId,
    /// Names it: it is taken up once.
    pub(super) nonce: String,
    challenge: String,
    until: DateTime<Utc>,
}

impl Flow {
    pub(super) fn new(provider: &str, secrets: Secrets, challenge: String, now: DateTime<Utc>) -> Self {
        Self {
            provider: provider.to_owned(),
            secrets,
            challenge,
            until: now + AT_PROVIDER,
        }
    }

    pub(super) fn sealed(&self, key: &Key) -> Result<String, NotLetIn> {
        sealed(FLOW, self, key)
    }

    pub(super) fn opened(text: &str, key: &Key) -> Option<Self> {
        opened(FLOW, text, key)
    }

    /// Whether an answer of a provider belongs to it.
    pub(super) fn fits(&self, provider: &str, state: &str, now: DateTime<Utc>) -> bool {
        // Equality of hashes takes the same time wherever they differ.
        let same = blake3::hash(self.secrets.state.as_bytes()) == blake3::hash(state.as_bytes());
        same && self.provider == provider && self.until > now
    }
}

impl Handover {
    pub(super) fn new(user: AgentId, challenge: String, now: DateTime<Utc>) -> Self {
        Self {
            user,
            nonce: rand::random::<u128>().to_string(),
            challenge,
            until: now + AT_PAGE,
        }
    }

    pub(super) fn sealed(&self, key: &Key) -> Result<String, NotLetIn> {
        sealed(HANDOVER, self, key)
    }

    pub(super) fn opened(text: &str, key: &Key) -> Option<Self> {
        opened(HANDOVER, text, key)
    }

    /// Whether it is for the page that knows this.
    pub(super) fn fits(&self, verifier: &str, now: DateTime<Utc>) -> bool {
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        challenge == self.challenge && self.until > now
    }
}

fn sealed(place: &[u8], it: &impl Serialize, key: &Key) -> Result<String, NotLetIn> {
    let plain = serde_json::to_vec(it).map_err(|error| NotLetIn::Fault(error.to_string()))?;
    let sealed = key
        .seal(place, &plain)
        .map_err(|error| NotLetIn::Fault(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(sealed))
}

fn opened<T: DeserializeOwned>(place: &[u8], text: &str, key: &Key) -> Option<T> {
    let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
    serde_json::from_slice(&key.open(place, &sealed).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use domain::ids::AgentId;
    use event_store::Key;
    use uuid::Uuid;

    use super::{Flow, Handover, Secrets};

    fn now() -> DateTime<Utc> {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn flow_fits_its_own_answer_for_a_while() {
        let (key, other) = (Key::from_bytes([1; 32]), Key::from_bytes([2; 32]));
        let secrets = Secrets {
            state: "s".to_owned(),
            nonce: "n".to_owned(),
            verifier: "v".to_owned(),
        };
        let text = Flow::new("office", secrets, "c".to_owned(), now())
            .sealed(&key)
            .unwrap();
        assert!(Flow::opened(&text, &other).is_none() && Flow::opened("x", &key).is_none());
        let flow = Flow::opened(&text, &key).unwrap();
        assert!(flow.fits("office", "s", now()));
        assert!(!flow.fits("home", "s", now()) && !flow.fits("office", "t", now()));
        assert!(!flow.fits("office", "s", now() + TimeDelta::minutes(10)));
        // One is not taken for the other, though both are sealed under the same key.
        assert!(Handover::opened(&text, &key).is_none());
    }

    /// RFC 7636, appendix B.
    #[test]
    fn session_is_for_the_page_that_began() {
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned();
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let handover = Handover::new(AgentId(Uuid::from_u128(1)), challenge, now());
        assert!(handover.fits(verifier, now()));
        assert!(!handover.fits("other", now()) && !handover.fits(verifier, now() + TimeDelta::minutes(1)));
    }
}
