//! `letopis serve`: starts every part in its order, watches them, stops them in the reverse order.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use commands::{Clock, Handler, Sharing, processes::Sealer};
use event_store::{EventLog, LogError, Position, PublicKey, SealFile, SealKey, Vault};
use event_store_node::{Node, NodeConfig};
use projections::{
    Model, ProjectError, Worker, registry,
    status::{self, Status},
};
use sqlx::{Connection, PgConnection, PgPool, migrate::MigrateError, postgres::PgConnectOptions};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinError, JoinHandle},
    time::sleep,
};
use tokio_rustls::rustls::ServerConfig;
use tokio_util::{
    sync::CancellationToken,
    task::{AbortOnDropHandle, TaskTracker},
};
use tracing::{info, warn};

use crate::{
    auth::{self, Door, Ground, Keys, Rules},
    beginning::Beginning,
    bulk::Runner,
    config::Config,
    counts::Counts,
    database::{is_away, migrate, options, pool},
    desk::Desk,
    embedded::{DataDir, Embedded, Postgres},
    erasures::Eraser,
    error::ServeError,
    export::Exports,
    files::{self, Files},
    following::tend,
    geo::Geo,
    graphql::{Parts, schema},
    http::{Front, Listening, Phase, Ready, Shared, router, tls},
    key,
    live::Live,
    looks::Looks,
    observatory::Observatory,
    outbox,
    retention::Keeper,
    roles::Role,
    tickets::Tickets,
    vault,
    what_if::Trier,
};

/// How long requests may take to finish when the server stops.
const DRAIN: Duration = Duration::from_secs(15);
/// How often it is looked whether the read models are complete.
const LOOK: Duration = Duration::from_millis(20);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    phase: watch::Receiver<Phase>,
    stopping: CancellationToken,
    task: JoinHandle<Result<(), ServeError>>,
}

impl Server {
    /// Takes the data folder and the port, and starts the rest in the background.
    ///
    /// # Errors
    /// [`ServeError`] when the folder or the port cannot be had.
    pub async fn start(config: Config, clock: Clock) -> Result<Self, ServeError> {
        let geo = Geo::open(config.geoip_file.as_deref())?;
        let tls = tls(&config)?;
        let rules = Rules::new(&config)?;
        let front = Arc::new(Front::new(&config, clock.clone())?);
        let data = DataDir::open(&config.data)?;
        let busy = |source| ServeError::Port {
            address: config.listen,
            source,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(busy)?;
        let address = listener.local_addr().map_err(busy)?;
        let key = key::bootstrap(&config, data.root())?;
        let (phases, phase) = watch::channel(Phase::Starting("the server is starting".to_owned()));
        let stopping = CancellationToken::new();
        let shared = Shared {
            phase: phase.clone(),
            keys: Arc::new(Keys::new(&key)),
            documents: Arc::default(),
            front,
            closing: CancellationToken::new(),
            sockets: TaskTracker::new(),
            feeds: Arc::default(),
            patience: config.patience,
        };
        let run = Run {
            config,
            clock,
            geo,
            rules,
            data,
            address,
            phases,
            shared,
            tls,
            stopping: stopping.clone(),
        };
        let task = tokio::spawn(run.whole_life(listener));
        Ok(Self {
            address,
            phase,
            stopping,
            task,
        })
    }

    /// Where the API listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until requests can be answered; `false` when the server has ended instead.
    pub async fn ready(&self) -> bool {
        let mut phase = self.phase.clone();
        let settled = phase.wait_for(|it| !matches!(it, Phase::Starting(_))).await;
        settled.is_ok_and(|it| matches!(*it, Phase::Ready(_)))
    }

    /// Makes it stop: finishes what was accepted, then ends.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// Cancelling it is [`Self::stop`].
    pub fn stopper(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// Why it ended, unless it was told to.
    pub async fn ended(self) -> Result<(), ServeError> {
        self.task.await.unwrap_or_else(|panic| Err(ServeError::Panicked(panic)))
    }
}

struct Run {
    config: Config,
    clock: Clock,
    geo: Geo,
    rules: Rules,
    data: DataDir,
    address: SocketAddr,
    phases: watch::Sender<Phase>,
    shared: Shared,
    tls: Option<Arc<ServerConfig>>,
    stopping: CancellationToken,
}

impl Run {
    async fn whole_life(self, listener: TcpListener) -> Result<(), ServeError> {
        let drained = CancellationToken::new();
        let listening = Listening {
            routes: router(self.shared.clone(), self.config.roles.has(Role::Api)),
            tls: self.tls.clone(),
            header_timeout: Duration::from_secs(self.config.header_timeout_s.into()),
        };
        let serving = tokio::spawn(listening.serve(listener, drained.clone()));
        let mut embedded = Embedded::default();
        let working = CancellationToken::new();
        let outcome = tokio::select! {
            () = self.stopping.cancelled() => Ok(()),
            outcome = self.work(&mut embedded, &working) => outcome,
        };
        self.phases.send_replace(Phase::Stopping);
        self.shared.closing.cancel();
        self.shared.sockets.close();
        drained.cancel();
        let quiet = async {
            self.shared.sockets.wait().await;
            drop(serving.await);
        };
        if tokio::time::timeout(DRAIN, quiet).await.is_err() {
            warn!("requests that did not finish in time are broken off");
        }
        working.cancel();
        let stopped = embedded.stop().await;
        outcome.and(stopped)
    }

    /// Starts the parts and works until one of them fails.
    async fn work(&self, embedded: &mut Embedded, working: &CancellationToken) -> Result<(), ServeError> {
        let seal_key = SealKey::load_or_make(&self.seal_key_file())?;
        let log = self.log(embedded).await?;
        let (database, pool) = self.database(embedded).await?;
        // Nobody else can have the log that lies in our folder.
        let is_alone = embedded.node.is_some();
        let sharing = if is_alone { Sharing::Alone } else { Sharing::Shared };
        let vault = vault::open(&self.config, self.data.root(), database.clone()).await?;
        let handler = self.handler(&log, &vault, sharing).await?;
        let worker = Worker::new(log.clone(), vault.clone(), database);
        let worker = if is_alone { worker.alone() } else { worker };
        // Before anything is written: what goes into an older log is lost when the right one comes back.
        if let Err(error @ ProjectError::Ahead { .. }) = worker.check().await {
            return Err(error.into());
        }
        vault.recognise(&log).await?;
        handler.finish_erasures().await.map_err(ServeError::Erasure)?;
        self.compare(&vault, &log).await?;
        // It ends with the server, else it would hold the vault's connections for ever.
        let mut guard = AbortOnDropHandle::new(tokio::spawn(vault::keep_comparing(vault.clone(), log.clone())));
        let mut worker = tokio::spawn(self.keeping(worker, working.clone()));
        tokio::select! {
            failed = embedded.failed() => return Err(failed),
            ended = &mut worker => return over(ended),
            strange = &mut guard => return Err(strange.map_or_else(ServeError::Panicked, ServeError::Inventory)),
            () = self.read_models(&pool) => {}
        }
        let live = Live::start(pool.clone(), working.clone())
            .await
            .map_err(ServeError::Database)?;
        let handler = Arc::new(handler);
        if self.config.roles.has(Role::Processes) {
            self.start_processes(&log, &pool, seal_key, working);
            self.start_desk((&log, &pool), &handler, working);
        }
        let observatory = Observatory::start(pool.clone(), working.clone());
        let ground = Ground {
            handler: Arc::clone(&handler),
            vault: vault.clone(),
            pool: pool.clone(),
            live: live.clone(),
            clock: self.clock.clone(),
            rules: self.rules.clone(),
        };
        if self.config.roles.has(Role::Processes) {
            let runner = Runner::new(&handler, &self.shared.keys, &pool, &self.clock);
            let live = live.clone();
            tend("bulk", working, move || runner.clone().follow(live.clone()));
            Trier::new(&ground, &log).tended(&ground.live, working);
            Eraser::new(&ground, self.config.erasure_rewrite_mb).tended(working);
            Keeper::new(&ground, self.config.erasure_waiting_days).tended(working);
        }
        let door = auth::open(&self.shared.keys, ground, working.clone()).await?;
        let files = self.files(&handler, &door, sharing, working).await?;
        let tickets = Tickets::start(pool.clone(), working.clone());
        let parts = Parts {
            erasure_waiting_days: self.config.erasure_waiting_days,
            exports: Exports::new(self.data.exports(), self.public_keys()),
            looks: Looks::start(vault.clone()).await?,
            beginning: Beginning::new(log.clone(), pool.clone()),
            counts: Counts::start(pool.clone(), &live, working.clone()),
            handler,
            log,
            vault,
            pool,
            tickets,
            live,
            observatory,
            geo: self.geo.clone(),
            door: Arc::new(door),
            files,
        };
        self.phases.send_replace(Phase::Ready(Ready {
            schema: schema(parts.clone()),
            parts,
        }));
        self.announce();
        tokio::select! {
            failed = embedded.failed() => Err(failed),
            ended = worker => over(ended),
            strange = guard => Err(strange.map_or_else(ServeError::Panicked, ServeError::Inventory)),
        }
    }

    /// What goes on with tickets by itself.
    fn start_desk(&self, (log, pool): (&EventLog, &PgPool), handler: &Arc<Handler>, working: &CancellationToken) {
        let desk = Desk {
            log: log.clone(),
            pool: pool.clone(),
            handler: Arc::clone(handler),
            clock: self.clock.clone(),
            working: working.clone(),
        };
        desk.start();
    }

    /// What follows the log and acts on it.
    fn start_processes(&self, log: &EventLog, pool: &PgPool, seal_key: SealKey, working: &CancellationToken) {
        let interval = Duration::from_secs(self.config.seal_interval_s);
        let seals = SealFile::new(self.data.seals());
        let sealer = Sealer::new(log.clone(), self.clock.clone(), seal_key, seals, interval)
            .with_public_keys(&self.public_keys());
        tokio::spawn(sealer.run(working.clone()));
        let (log, pool) = (log.clone(), pool.clone());
        tend("outbox", working, move || outbox::follow(log.clone(), pool.clone()));
    }

    /// The bytes of files, and what is done about them by itself.
    async fn files(
        &self,
        handler: &Arc<Handler>,
        door: &Door,
        sharing: Sharing,
        working: &CancellationToken,
    ) -> Result<Files, ServeError> {
        let files = Files::open(&self.config.files, self.data.root(), handler, door)?;
        if sharing == Sharing::Alone {
            files.clear().await;
        }
        if self.config.roles.has(Role::Processes) {
            files::follow(&files, working);
        }
        Ok(files)
    }

    /// Whether the vault has every key that the log needs; without them, known people would get second keys.
    async fn compare(&self, vault: &Vault, log: &EventLog) -> Result<(), ServeError> {
        let tell = |position: Position| {
            let reason = format!("the vault's keys are compared with the log, up to position {position} so far");
            self.phases.send_replace(Phase::Starting(reason));
        };
        Ok(vault.check(log, tell).await?)
    }

    /// Keeps the read models, or leaves that to others.
    fn keeping(
        &self,
        worker: Worker,
        working: CancellationToken,
    ) -> impl Future<Output = Result<(), ProjectError>> + use<> {
        let is_mine = self.config.roles.has(Role::Projections);
        async move {
            if is_mine {
                return worker.run(working).await;
            }
            working.cancelled().await;
            Ok(())
        }
    }

    fn seal_key_file(&self) -> PathBuf {
        let configured = self.config.seal_key_file.clone();
        configured.unwrap_or_else(|| self.data.seal_key())
    }

    /// Beside the signing key, and where `letopis-replay verify` looks for them.
    fn public_keys(&self) -> Vec<PublicKey> {
        let mut keys = PublicKey::beside(&self.seal_key_file());
        keys.extend(PublicKey::beside(&self.data.seal_key()));
        keys
    }

    async fn log(&self, embedded: &mut Embedded) -> Result<EventLog, ServeError> {
        if let Some(url) = &self.config.event_store_url {
            return Ok(EventLog::new(url)?);
        }
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let node = Node::start(NodeConfig {
            data: self.data.log(),
            listen,
        })
        .await?;
        let url = node.connection_string();
        self.data.publish_node_url(&url)?;
        embedded.node = Some(node);
        Ok(EventLog::new(&url)?)
    }

    async fn database(&self, embedded: &mut Embedded) -> Result<(PgConnectOptions, PgPool), ServeError> {
        let url = if let Some(url) = &self.config.database_url {
            url.clone()
        } else {
            let postgres = Postgres::start(self.data.root()).await?;
            let url = postgres.url();
            self.data.publish_database_url(&url)?;
            embedded.postgres = Some(postgres);
            url
        };
        let options = options(&url)?;
        let pool = pool(options.clone());
        let mut pause = FIRST_PAUSE;
        loop {
            // The pool would only say that it timed out; a single connection says why.
            match PgConnection::connect_with(&options).await {
                Ok(connection) => drop(connection),
                Err(error) if is_away(&error) => {
                    self.wait(&format!("Postgres does not answer: {error}"), &mut pause)
                        .await;
                    continue;
                }
                Err(error) => return Err(ServeError::Database(error)),
            }
            match migrate(&options).await {
                Ok(()) => return Ok((options, pool)),
                Err(MigrateError::Execute(error)) if is_away(&error) => {
                    self.wait(&format!("Postgres does not answer: {error}"), &mut pause)
                        .await;
                }
                Err(error) => return Err(ServeError::Migrate(error)),
            }
        }
    }

    /// Waits until every read model is complete; nobody is to see half a table.
    async fn read_models(&self, pool: &PgPool) {
        let models = registry();
        loop {
            let reason = match status::all(pool).await {
                Ok(all) => match models.iter().find_map(|it| building(it, &all)) {
                    Some(reason) => reason,
                    None => return,
                },
                Err(error) => format!("Postgres does not answer: {error}"),
            };
            self.phases.send_replace(Phase::Starting(reason));
            sleep(LOOK).await;
        }
    }

    async fn handler(&self, log: &EventLog, vault: &Vault, sharing: Sharing) -> Result<Handler, ServeError> {
        let mut pause = FIRST_PAUSE;
        let first = "waiting for the event store to answer".to_owned();
        self.phases.send_replace(Phase::Starting(first));
        loop {
            match Handler::new(log.clone(), vault.clone(), self.clock.clone(), sharing).await {
                Ok(handler) => return Ok(handler),
                Err(error @ LogError::Unavailable { .. }) => self.wait(&error.to_string(), &mut pause).await,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Says what is missing, where people and supervisors look, and waits a little.
    async fn wait(&self, reason: &str, pause: &mut Duration) {
        warn!("{reason}; trying again in {:.1} s", pause.as_secs_f32());
        self.phases.send_replace(Phase::Starting(reason.to_owned()));
        sleep(*pause).await;
        *pause = (*pause * 2).min(LONGEST_PAUSE);
    }

    fn announce(&self) {
        let (what, path) = if self.config.roles.has(Role::Api) {
            ("GraphiQL", "graphiql")
        } else {
            ("its health", "health/ready")
        };
        info!(
            "Letopis is ready: {what} at {}://{}/{path}, data in {}",
            if self.tls.is_some() { "https" } else { "http" },
            self.address,
            self.data.root().display()
        );
        if self.config.bootstrap_api_key.is_none() {
            info!(
                "the administrator's API key is in {}",
                key::file(self.data.root()).display()
            );
        }
    }
}

fn over(ended: Result<Result<(), ProjectError>, JoinError>) -> Result<(), ServeError> {
    match ended {
        Ok(ended) => Ok(ended?),
        Err(panic) => Err(ServeError::Panicked(panic)),
    }
}

/// What is to be said of a read model that does not serve yet.
fn building(model: &Model, all: &[Status]) -> Option<String> {
    let builds: Vec<&Status> = all
        .iter()
        .filter(|it| it.model == model.name && it.version == model.version)
        .collect();
    if builds.iter().any(|it| it.serving) {
        return None;
    }
    let slowest = builds.iter().min_by_key(|it| it.position);
    let (name, version) = (model.name, model.version);
    Some(match slowest {
        Some(part) => {
            let percent = (part.progress() * 100.0).floor();
            let left = part
                .seconds_left()
                .map_or(String::new(), |it| format!(", {it:.0} s left"));
            format!("read model {name} version {version} is filled from the log: {percent} %{left}")
        }
        None => format!("read model {name} version {version} is about to be filled from the log"),
    })
}
