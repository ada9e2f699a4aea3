//! Renewal tokens: each renews a session once and is replaced by the next. One that comes again ends the session, for
//! somebody has a copy; except right after, when the answer may have been lost.
//!
//! After OAuth 2.0 Security Best Current Practice (RFC 9700, 4.14.2).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use event_store::Key;
use sqlx::PgPool;
use uuid::Uuid;

/// How long a session lasts without being renewed.
pub(super) const LIFE: TimeDelta = TimeDelta::days(30);
/// How long a token that was just used still gives the same answer.
const GRACE: TimeDelta = TimeDelta::seconds(30);

/// A token's parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Renewal {
    pub(super) session: Uuid,
    counter: i64,
}

/// What became of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewed {
    /// The session goes on, under the next token.
    Next(Renewal, Uuid, DateTime<Utc>),
    /// It was used before: the session must end.
    Reused,
    /// There is no such session, or no longer.
    Over,
}

impl Renewal {
    /// As it is handed out.
    pub(super) fn text(self, key: &Key) -> String {
        let plain = self.plain();
        let mac = blake3::keyed_hash(key.as_bytes(), &plain);
        URL_SAFE_NO_PAD.encode([plain.as_slice(), mac.as_bytes()].concat())
    }

    /// What was handed out here.
    pub(super) fn parse(text: &str, key: &Key) -> Option<Self> {
        let whole = URL_SAFE_NO_PAD.decode(text.trim()).ok()?;
        let (plain, mac) = whole.split_first_chunk::<24>()?;
        let mac: [u8; 32] = mac.try_into().ok()?;
        // Hashes compare in constant time.
        if blake3::keyed_hash(key.as_bytes(), plain) != blake3::Hash::from_bytes(mac) {
            return None;
        }
        let (session, counter) = plain.split_first_chunk::<16>()?;
        Some(Self {
            session: Uuid::from_bytes(*session),
            counter: i64::from_be_bytes(counter.try_into().ok()?),
        })
    }

    fn plain(self) -> [u8; 24] {
        let mut plain = [0; 24];
        let (session, counter) = plain.split_at_mut(16);
        session.copy_from_slice(self.session.as_bytes());
        counter.copy_from_slice(&self.counter.to_be_bytes());
        plain
    }
}

/// Notes a session that begins; again changes nothing. Its first token, and until when it can be renewed.
pub(super) async fn begin(
    pool: &PgPool,
    session: Uuid,
    user: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<(Renewal, DateTime<Utc>)> {
    // Those that ran out are of no more use.
    sqlx::query!("DELETE FROM ops.session WHERE expires_at <= $1", now)
        .execute(pool)
        .await?;
    let expires_at = now + LIFE;
    let counter = sqlx::query_scalar!(
        "INSERT INTO ops.session AS it (session_id, user_id, counter, rotated_at, expires_at) VALUES ($1, $2, 0, $3, $4)
         ON CONFLICT (session_id) DO UPDATE SET expires_at = it.expires_at
         RETURNING counter",
        session,
        user,
        now,
        expires_at
    )
    .fetch_one(pool)
    .await?;
    Ok((Renewal { session, counter }, expires_at))
}

/// Uses a token up.
pub(super) async fn renew(pool: &PgPool, token: Renewal, now: DateTime<Utc>) -> sqlx::Result<Renewed> {
    let mut tx = pool.begin().await?;
    let Some(row) = sqlx::query!(
        "SELECT user_id, counter, rotated_at, expires_at FROM ops.session WHERE session_id = $1 FOR UPDATE",
        token.session
    )
    .fetch_optional(&mut *tx)
    .await?
    else {
        return Ok(Renewed::Over);
    };
    if row.expires_at <= now {
        return Ok(Renewed::Over);
    }
    let next = |counter| Renewal { counter, ..token };
    if token.counter + 1 == row.counter && now.signed_duration_since(row.rotated_at) < GRACE {
        return Ok(Renewed::Next(next(row.counter), row.user_id, row.expires_at));
    }
    if token.counter != row.counter {
        return Ok(Renewed::Reused);
    }
    let expires_at = now + LIFE;
    sqlx::query!(
        "UPDATE ops.session SET counter = counter + 1, rotated_at = $2, expires_at = $3 WHERE session_id = $1",
        token.session,
        now,
        expires_at
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Renewed::Next(next(row.counter + 1), row.user_id, expires_at))
}

/// Sessions of a user that can be renewed.
pub(super) async fn of_user(pool: &PgPool, user: Uuid) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!("SELECT session_id FROM ops.session WHERE user_id = $1", user)
        .fetch_all(pool)
        .await
}

/// Lets a session be renewed no more.
pub(super) async fn end(pool: &PgPool, session: Uuid) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM ops.session WHERE session_id = $1", session)
        .execute(pool)
        .await
        .map(drop)
}

#[cfg(test)]
mod tests {
    use event_store::Key;
    use uuid::Uuid;

    use super::Renewal;

    #[test]
    fn token_reads_back_under_its_key_only() {
        let (key, other) = (Key::from_bytes([1; 32]), Key::from_bytes([2; 32]));
        let token = Renewal {
            session: Uuid::from_u128(7),
            counter: 3,
        };
        let text = token.text(&key);
        assert_eq!(Renewal::parse(&text, &key), Some(token));
        assert_eq!(Renewal::parse(&text, &other), None);
        for bad in ["", "ы", &text[..20]] {
            assert_eq!(Renewal::parse(bad, &key), None, "{bad:?}");
        }
    }
}
