//! Mails that are to be sent: noted from the log, each once, whatever dies; and the administrator's look at them.
//!
//! A mail's address and link are put in when it is shown or sent, and lie nowhere: the link follows from the command that
//! asked for it. No channel sends mails yet.

use std::io::Write;

use anyhow::Result;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use domain::{
    ids::{AgentId, CommandId},
    user::UserEvent,
};
use event_store::{Delivery, EventLog, Position, Raw, Subscription, decode};
use serde_json::json;
use sqlx::PgPool;
use tracing::warn;
use uuid::Uuid;

use crate::{
    auth::{Secrets, hash_of},
    config::{Config, Flags},
    target::Target,
};

/// Events taken at a time.
const BATCH: usize = 256;

/// What to do with mails.
#[derive(Debug, Args)]
pub struct OutboxArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print the mails that wait and whose links count: whoever sees them can take them up.
    List(ListArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    flags: Flags,
}

/// A mail that was asked for.
struct Mail {
    user_id: Uuid,
    kind: String,
    command: Uuid,
    created_at: DateTime<Utc>,
}

/// Notes mails from the log for ever; another server may do the same.
pub(crate) async fn follow(log: EventLog, pool: PgPool) {
    loop {
        if let Err(error) = note(&log, &pool).await {
            warn!(%error, "mails are not noted for now");
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}

async fn note(log: &EventLog, pool: &PgPool) -> Result<()> {
    let position = sqlx::query_scalar!("SELECT position FROM ops.outbox_cursor")
        .fetch_optional(pool)
        .await?;
    let after = position.map_or(Position::START, |it| Position(it.cast_unsigned()));
    let mut events = Subscription::start(log, after, &["user."]);
    loop {
        for delivery in events.next_batch(BATCH).await? {
            if let Delivery::Event(raw) = delivery {
                take(&raw, pool).await?;
            }
        }
    }
}

async fn take(raw: &Raw, pool: &PgPool) -> Result<()> {
    let recorded = decode(raw)?;
    let kind = UserEvent::try_from(recorded.event).ok().and_then(|it| kind(&it));
    let position = recorded.position.0.cast_signed();
    let mut tx = pool.begin().await?;
    if let Some(kind) = kind {
        sqlx::query!(
            "INSERT INTO ops.outbox (event, position, user_id, kind, command, created_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            recorded.id,
            position,
            recorded.stream_id,
            kind,
            recorded.metadata.command_id.0,
            recorded.metadata.at
        )
        .execute(&mut *tx)
        .await?;
    }
    sqlx::query!(
        "INSERT INTO ops.outbox_cursor AS it (position) VALUES ($1)
         ON CONFLICT (single) DO UPDATE SET position = GREATEST(it.position, $1)",
        position
    )
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}

/// What sort of mail an event asks for, if any.
fn kind(event: &UserEvent) -> Option<&'static str> {
    match event {
        UserEvent::Invited { .. } | UserEvent::Reinvited { .. } => Some("invitation"),
        UserEvent::Registered { link: Some(_), .. } => Some("registration"),
        UserEvent::RecoveryRequested { .. } => Some("recovery"),
        UserEvent::Registered { link: None, .. }
        | UserEvent::Activated {}
        | UserEvent::PasswordSet { .. }
        | UserEvent::TwoFactorEnabled { .. }
        | UserEvent::RecoveryCodeUsed { .. }
        | UserEvent::TwoFactorDisabled {}
        | UserEvent::ProfileChanged { .. }
        | UserEvent::AccountLinked { .. }
        | UserEvent::Suspended { .. }
        | UserEvent::Reinstated {} => None,
    }
}

/// Carries out a command about mails, beside a running server or without one.
///
/// # Errors
/// When log or database cannot be used.
pub async fn run(args: &OutboxArgs) -> Result<()> {
    let Action::List(args) = &args.action;
    let config = Config::load(&args.flags)?;
    let target = Target::open(&config).await?;
    let lines = list(&target, &config, args.json).await;
    target.close().await?;
    let mut out = std::io::stdout().lock();
    for line in lines? {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

async fn list(target: &Target, config: &Config, as_json: bool) -> Result<Vec<String>> {
    let mails = sqlx::query_as!(
        Mail,
        "SELECT user_id, kind, command, created_at FROM ops.outbox WHERE sent_at IS NULL ORDER BY position"
    )
    .fetch_all(&target.pool)
    .await?;
    let (handler, secrets) = (target.handler().await?, Secrets::new(target.vault.clone()));
    let mut lines = Vec::with_capacity(mails.len());
    for mail in mails {
        let Some(user) = handler.user(AgentId(mail.user_id)).await? else {
            continue;
        };
        let token = secrets.link(mail.user_id, CommandId(mail.command)).await?;
        // A link that was taken up or replaced opens nothing any more.
        let counts = user.link.is_some_and(|it| it.token_hash == hash_of(token.as_bytes()));
        let Some(to) = user.email.filter(|_| counts) else {
            continue;
        };
        let link = format!("{}/welcome#{token}", config.public_url());
        let (kind, at) = (mail.kind, mail.created_at);
        lines.push(if as_json {
            json!({"to": to, "kind": kind, "createdAt": at, "token": token, "link": link}).to_string()
        } else {
            format!("{at}  {kind}  {to}  {link}")
        });
    }
    Ok(lines)
}
