//! The vault of personal data, from the settings: its master key is given, or lies in a file that is made at the first
//! start; and the administrator's commands about it.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::bail;
use clap::{Args, Subcommand};
use domain::{
    actor::{Actor, ActorKind},
    decider::Decider,
    event::DomainEvent,
    ids::stream_name,
    personal::DataSubject,
    ticket::{Ticket, TicketEvent},
};
use event_store::{
    EventLog, Position, Vault, decode,
    vault::{InventoryError, MasterKey, MasterKeyError, NO_KEY, VaultError},
};
use sqlx::postgres::PgConnectOptions;
use tokio::time::sleep;
use tracing::{info, warn};
use uuid::Uuid;

use crate::{
    config::{Config, Flags},
    graphql::ids::{Kind, local},
    target::Target,
};

/// How often the vault's keys are compared with what the log has gained.
const COMPARE: Duration = Duration::from_secs(30);

/// What to do with the vault.
#[derive(Debug, Args)]
pub struct VaultArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Tell which master key is current and how many keys there are.
    Status(Flags),
    /// Wrap every key anew under the current master key; the one before it must be given as well.
    Rotate(Flags),
    /// Tell whether the vault has every key that the log needs.
    Check(CheckArgs),
    /// Destroy the key of one person for ever: what was recorded of them can be read by nobody any more.
    Forget(ForgetArgs),
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// Take this log for the vault's own from now on, though it is an older copy: when no newer one is left.
    #[arg(long)]
    accept_log: bool,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Args)]
struct ForgetArgs {
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    flags: Flags,
}

/// A group, so that whoever gives neither is told of both.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// Whose key: the contact's; an id of the API or a uuid.
    #[arg(long, value_name = "ID", value_parser = contact)]
    contact: Option<Uuid>,
    /// Whose key: that of a ticket whose customer is not known; an id of the API or a uuid.
    #[arg(long, value_name = "ID", value_parser = ticket)]
    ticket: Option<Uuid>,
    /// Everybody whose key the log needs and the vault lacks, when no backup has it.
    #[arg(long)]
    lost: bool,
}

fn contact(text: &str) -> Result<Uuid, String> {
    local(Kind::Contact, text).ok_or_else(|| "give the id of a contact or a uuid".to_owned())
}

fn ticket(text: &str) -> Result<Uuid, String> {
    local(Kind::Ticket, text).ok_or_else(|| "give the id of a ticket or a uuid".to_owned())
}

/// Carries out a command about the vault, beside a running server or without one.
///
/// # Errors
/// When log or vault cannot be used.
pub async fn run(args: &VaultArgs) -> anyhow::Result<()> {
    let (Action::Status(flags)
    | Action::Rotate(flags)
    | Action::Check(CheckArgs { flags, .. })
    | Action::Forget(ForgetArgs { flags, .. })) = &args.action;
    let target = Target::open(&Config::load(flags)?).await?;
    let said = match &args.action {
        Action::Status(_) => status(&target).await,
        Action::Rotate(_) => rotate(&target).await,
        Action::Check(args) => check(&target, args.accept_log).await,
        Action::Forget(args) if args.whose.lost => forget_lost(&target).await,
        Action::Forget(args) => Box::pin(forget(&target, &args.whose)).await,
    };
    target.close().await?;
    Ok(writeln!(std::io::stdout(), "{}", said?)?)
}

async fn status(target: &Target) -> anyhow::Result<String> {
    let status = target.vault.status().await?;
    Ok(format!(
        "master key {}, {} keys, {} of them under another master key, {} destroyed",
        status.master, status.keys, status.to_rotate, status.destroyed
    ))
}

async fn rotate(target: &Target) -> anyhow::Result<String> {
    let done = target.vault.rotate(|done| info!("{done} keys wrapped anew")).await?;
    let status = target.vault.status().await?;
    Ok(format!(
        "{done} keys wrapped anew; all are under master key {}",
        status.master
    ))
}

async fn check(target: &Target, accept_log: bool) -> anyhow::Result<String> {
    if accept_log {
        target.vault.unmark().await?;
    }
    target.check().await?;
    Ok("the vault has every key that the log needs".to_owned())
}

/// Records those as forgotten whose keys are gone, so that what is left can be used.
async fn forget_lost(target: &Target) -> anyhow::Result<String> {
    target.vault.recognise(&target.log).await?;
    let handler = target.handler().await?;
    handler.finish_erasures().await?;
    let actor = Actor::new(ActorKind::System, "operator");
    let (mut after, mut count) = (Position::START, 0);
    loop {
        let missing = target.vault.next_missing(&target.log, &mut after).await?;
        if missing.is_empty() {
            return Ok(match count {
                0 => "the vault has every key that the log needs; nobody was forgotten".to_owned(),
                _ => format!("{count} people whose keys were lost are recorded as forgotten"),
            });
        }
        for it in missing {
            handler.forget(it.subject, &actor).await?;
            count += 1;
        }
    }
}

async fn forget(target: &Target, whose: &Whose) -> anyhow::Result<String> {
    let subject = match (whose.contact, whose.ticket) {
        (Some(contact), _) => DataSubject(contact),
        (None, Some(ticket)) => unknown_customer(target, ticket).await?,
        (None, None) => bail!("give --contact or --ticket"),
    };
    // An id that was mistyped must not pass for somebody who is forgotten.
    if target.vault.fingerprint(subject).await? == NO_KEY {
        bail!(
            "the vault has no key of {subject}, so nothing was forgotten: check the id. If the vault is older than the log, \
             --lost gives up everybody whose key it lacks"
        );
    }
    let actor = Actor::new(ActorKind::System, "operator");
    let fingerprint = target.handler().await?.forget(subject, &actor).await?;
    Ok(format!(
        "the key of {subject} is destroyed; its fingerprint was {fingerprint}"
    ))
}

/// Why the vault cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VaultSetupError {
    /// The file with the master key.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The file with the master key is gone.
    #[error(
        "master key file {} is missing, and the vault has keys under it: put it back from its backup; without it no \
         personal data can be read", .0.display()
    )]
    Missing(PathBuf),
    /// The tables.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Opens the vault in `database`, whose tables are there already.
///
/// # Errors
/// [`VaultSetupError`].
pub async fn open(config: &Config, data: &Path, database: PgConnectOptions) -> Result<Vault, VaultSetupError> {
    let previous = match (&config.previous_master_key, &config.previous_master_key_file) {
        (Some(key), _) => Some(key.clone()),
        (None, Some(file)) => Some(MasterKey::read(file)?.ok_or_else(|| VaultSetupError::Missing(file.clone()))?),
        (None, None) => None,
    };
    let current = match &config.master_key {
        Some(key) => key.clone(),
        None => read_or_make(config, data, &database).await?,
    };
    Ok(Vault::open(database, current, previous).await?)
}

/// Goes on comparing while the server runs; ends when the vault no longer fits the log, as after a failover to a copy
/// that was behind.
pub(crate) async fn keep_comparing(vault: Vault, log: EventLog) -> InventoryError {
    loop {
        sleep(COMPARE).await;
        match vault.check(&log, |_| {}).await {
            Ok(()) => {}
            Err(error @ (InventoryError::Missing { .. } | InventoryError::OtherLog { .. })) => return error,
            Err(error) => warn!(%error, "the vault is not compared with the log for now"),
        }
    }
}

async fn read_or_make(config: &Config, data: &Path, database: &PgConnectOptions) -> Result<MasterKey, VaultSetupError> {
    let file = config.master_key_file.clone();
    let file = file.unwrap_or_else(|| data.join("keys/master.key"));
    match MasterKey::read(&file)? {
        Some(key) => Ok(key),
        None if Vault::is_new(database).await? => {
            info!(
                "the master key of personal data is made: {}; keep a copy of it elsewhere",
                file.display()
            );
            Ok(MasterKey::make(&file)?)
        }
        None => Err(VaultSetupError::Missing(file)),
    }
}

/// The key of a ticket that has one of its own.
async fn unknown_customer(target: &Target, ticket: Uuid) -> anyhow::Result<DataSubject> {
    let events = target
        .log
        .read_stream(&stream_name(Ticket::CATEGORY, ticket), 0)
        .await?;
    let Some(first) = events.first() else {
        bail!("there is no ticket {ticket}");
    };
    let DomainEvent::Ticket(TicketEvent::Opened { subject, .. }) = decode(first)?.event else {
        bail!("the stream of ticket {ticket} does not begin with its opening");
    };
    match subject.of() {
        DataSubject::NOBODY => {
            bail!("ticket {ticket} was opened before personal data was sealed: no key can forget it")
        }
        DataSubject(own) if own == ticket => Ok(DataSubject(own)),
        DataSubject(contact) => bail!("the customer of ticket {ticket} is known: give --contact {contact}"),
    }
}
