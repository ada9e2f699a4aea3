use std::sync::Arc;

use commands::{Clock, Command, Handler, Request};
use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    api_key::ApiKeyCommand,
    ids::CommandId,
};
use event_store::Vault;
use sqlx::PgPool;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Directory, Door, KeyInUse, Keys, Rules, Secrets, Tokens};
use crate::{config::Config, error::ServeError, live::Live, target::Target};

/// What the door stands on.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) handler: Arc<Handler>,
    pub(crate) vault: Vault,
    pub(crate) pool: PgPool,
    pub(crate) live: Live,
    pub(crate) clock: Clock,
    pub(crate) rules: Rules,
}

/// Opens the door: from here on API keys and access tokens count, and people can sign in.
pub(crate) async fn open(keys: &Keys, ground: Ground, working: CancellationToken) -> Result<Door, ServeError> {
    let Ground {
        handler,
        vault,
        pool,
        live,
        clock,
        rules,
    } = ground;
    let started = Directory::start(pool.clone(), &live, clock.clone(), working.clone()).await;
    let (directory, used) = started.map_err(ServeError::Database)?;
    let secrets = Secrets::new(vault);
    let tokens = Tokens::start(secrets.clone(), clock.clone()).await?;
    keys.know(directory.clone(), tokens.clone());
    tokio::spawn(working.run_until_cancelled_owned(record(Arc::clone(&handler), used)));
    let door = Door {
        handler,
        pool,
        live,
        clock,
        directory,
        tokens,
        secrets,
        rules,
    };
    if door.directory.lacks_administrator() {
        info!(
            "nobody may administer yet: make the first administrator with the mutation setUp and this token: {}",
            door.secrets.set_up_token().await?
        );
    }
    Ok(door)
}

/// What the first administrator must show.
///
/// # Errors
/// When log or vault cannot be used.
pub async fn set_up_token(config: &Config) -> anyhow::Result<String> {
    let target = Target::open(config).await?;
    let token = Secrets::new(target.vault.clone()).set_up_token().await;
    target.close().await?;
    Ok(token?)
}

/// Records the uses of keys, each once a day.
async fn record(handler: Arc<Handler>, mut used: mpsc::Receiver<KeyInUse>) {
    let actor = Actor::new(ActorKind::System, "door");
    while let Some(KeyInUse { key, on }) = used.recv().await {
        let request = Request {
            command_id: CommandId::of_request(&actor.to_string(), "useApiKey", &key.to_string(), &on.to_string()),
            command: Command::ApiKey(key, ApiKeyCommand::Use { on }),
            actor: actor.clone(),
            expected_version: None,
            traceparent: None,
        };
        if let Err(error) = handler.execute(&Rights::default(), &request).await {
            warn!(%error, %key, "the use of an API key is not recorded");
        }
    }
}
