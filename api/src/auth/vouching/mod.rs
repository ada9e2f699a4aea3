//! What a customer's own backend says of a visitor: a JSON Web Token signed with the inbox's secret, or the HMAC of their
//! id. Checked here without looking anything up.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, verify};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use domain::organisation::Kind as ItemKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, errors::ErrorKind};
use serde::Deserialize;
use uuid::Uuid;

use crate::graphql::ids::{Kind, local};

/// Longest that a token may count from now on.
const LONGEST: TimeDelta = TimeDelta::hours(24);
/// By how much the clocks of two servers may differ.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// Why nobody is vouched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VoucherFlaw {
    /// It is no token, or has no id in it.
    Malformed,
    /// It is signed by another algorithm than HS256, or by none.
    Algorithm,
    /// It was not signed with the inbox's secret, or was changed since.
    Signature,
    /// It is meant for another inbox.
    OtherInbox,
    /// It counts no more.
    Expired,
    /// It does not count yet.
    Early,
    /// It would count for too long, or for ever.
    TooLong,
}

/// A visitor, as somebody vouches for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Vouched {
    /// Their id in the customer's own system.
    pub(super) external_id: String,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) name: Option<String>,
    /// After which it must be vouched for them again; `None` when that is not said.
    pub(super) until: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
struct Payload {
    sub: String,
    exp: Option<f64>,
    nbf: Option<f64>,
    aud: Option<Audience>,
    iss: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    name: Option<String>,
}

impl Payload {
    /// Whether it names the inbox: as whom it is for, or else as who made it.
    fn names(&self, inbox: Uuid) -> bool {
        let is_it = |text: &String| local(Kind::Item(ItemKind::Inbox), text) == Some(inbox);
        match &self.aud {
            Some(Audience::One(one)) => is_it(one),
            Some(Audience::Several(several)) => several.iter().any(is_it),
            None => self.iss.as_ref().is_some_and(is_it),
        }
    }
}

/// Whom a token vouches for, under one of these secrets of the inbox.
pub(super) fn by_token(
    token: &str,
    secrets: &[String],
    inbox: Uuid,
    now: DateTime<Utc>,
) -> Result<Vouched, VoucherFlaw> {
    let header = token.split('.').next().and_then(|it| URL_SAFE_NO_PAD.decode(it).ok());
    let header: Option<Header> = header.and_then(|it| serde_json::from_slice(&it).ok());
    // A secret is a key of HMAC-SHA-256 and of nothing else, whatever the token says of itself.
    if header.ok_or(VoucherFlaw::Malformed)?.alg != "HS256" {
        return Err(VoucherFlaw::Algorithm);
    }
    let payload = signed(token, secrets)?;
    if !payload.names(inbox) {
        return Err(VoucherFlaw::OtherInbox);
    }
    let until = instant(payload.exp.ok_or(VoucherFlaw::TooLong)?)?;
    let from = payload.nbf.map(instant).transpose()?;
    if until + LEEWAY <= now {
        return Err(VoucherFlaw::Expired);
    }
    if until > now + LONGEST + LEEWAY {
        return Err(VoucherFlaw::TooLong);
    }
    if from.is_some_and(|it| it > now + LEEWAY) {
        return Err(VoucherFlaw::Early);
    }
    Ok(Vouched {
        external_id: named(&payload.sub)?,
        email: payload.email,
        phone: payload.phone,
        name: payload.name,
        until: Some(until + LEEWAY),
    })
}

/// Whom the HMAC-SHA-256 of an id vouches for, in hex. It says nothing of how long.
pub(super) fn by_hmac(external_id: &str, hmac: &str, secrets: &[String]) -> Result<Vouched, VoucherFlaw> {
    let tag = bytes(hmac.trim()).ok_or(VoucherFlaw::Signature)?;
    let fits = |secret: &String| {
        let key = Key::new(HMAC_SHA256, secret.as_bytes());
        verify(&key, external_id.as_bytes(), &tag).is_ok()
    };
    if !secrets.iter().any(fits) {
        return Err(VoucherFlaw::Signature);
    }
    Ok(Vouched {
        external_id: named(external_id)?,
        email: None,
        phone: None,
        name: None,
        until: None,
    })
}

fn signed(token: &str, secrets: &[String]) -> Result<Payload, VoucherFlaw> {
    let mut validation = Validation::new(Algorithm::HS256);
    // By our own clock and with codes of their own, above.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    for secret in secrets {
        match decode::<Payload>(token, &DecodingKey::from_secret(secret.as_bytes()), &validation) {
            Ok(read) => return Ok(read.claims),
            Err(error) if *error.kind() == ErrorKind::InvalidSignature => {}
            Err(_unreadable) => return Err(VoucherFlaw::Malformed),
        }
    }
    Err(VoucherFlaw::Signature)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "what no number of seconds holds is no instant either"
)]
fn instant(seconds: f64) -> Result<DateTime<Utc>, VoucherFlaw> {
    DateTime::from_timestamp(seconds as i64, 0)
        // So that a leeway can be added.
        .filter(|it| it.timestamp().abs() < 1 << 40)
        .ok_or(VoucherFlaw::TooLong)
}

/// The bytes that hex digits stand for.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = hex.chars().map(|it| u8::try_from(it.to_digit(16)?).ok()).collect();
    let digits = digits.filter(|it| it.len() % 2 == 0)?;
    Some(
        digits
            .chunks(2)
            .map(|it| it.iter().fold(0, |all, digit| all << 4 | digit))
            .collect(),
    )
}

fn named(external_id: &str) -> Result<String, VoucherFlaw> {
    let id = external_id.trim();
    let fits = (1..=200).contains(&id.chars().count()) && !id.chars().any(char::is_control);
    fits.then(|| id.to_owned()).ok_or(VoucherFlaw::Malformed)
}

#[cfg(test)]
mod tests;
