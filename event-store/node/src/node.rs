//! Start, failure and stop of a node.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::transport::Server;

use crate::accept::Incoming;
use crate::error::NodeError;
use crate::gossip::GossipService;
use crate::health::Health;
use crate::proto::gossip::gossip_server::GossipServer;
use crate::proto::server_features::server_features_server::ServerFeaturesServer;
use crate::proto::streams::streams_server::StreamsServer;
use crate::router::Router;
use crate::server_features::FeaturesService;
use crate::service::{MAX_MESSAGE, StreamsService};
use crate::storage::{self, Store, Threads};

/// A client that does not take its last messages must not keep the node from stopping.
const GRACE: Duration = Duration::from_secs(5);
const KEEPALIVE: Duration = Duration::from_secs(20);
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
const STREAMS_PER_CONNECTION: u32 = 16 * 1024;
/// Clients drop reads half-way as a matter of course; hyper's default of 20 takes that for an attack.
const RESETS_AT_ONCE: usize = 4096;

/// Where a node keeps its events and where it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeConfig {
    /// Directory of the file `events.db`; made when it is missing.
    pub data: PathBuf,
    /// `127.0.0.1:0` picks a free port. Nothing is encrypted and nobody has to log in: keep to loopback.
    pub listen: SocketAddr,
}

/// A running node.
///
/// Dropping it stops it without waiting; [`Node::stop`] waits.
pub struct Node {
    address: SocketAddr,
    data_file: String,
    store: Arc<Store>,
    health: Health,
    stop: CancellationToken,
    server: JoinHandle<()>,
    threads: Option<Threads>,
    _stop_on_drop: DropGuard,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("address", &self.address)
            .field("data", &self.data_file)
            .finish_non_exhaustive()
    }
}

impl Node {
    /// Opens the log, starts its threads and listens. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The directory is in use, cannot be opened or holds something else; the address cannot be listened on.
    pub async fn start(config: NodeConfig) -> Result<Self, NodeError> {
        // First, because dropping it undoes it; who connects already now waits until the log is open.
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|error| refused(config.listen, &error))?;
        let address = listener.local_addr().map_err(|error| refused(config.listen, &error))?;
        let health = Health::new();
        let (data, own_health) = (config.data.clone(), health.clone());
        let data_file = storage::data_file(&config.data).display().to_string();
        let (store, threads) = tokio::task::spawn_blocking(move || Store::open(&data, own_health))
            .await
            .map_err(|error| ended("start", &data_file, &error))??;
        let stop = CancellationToken::new();
        let router = router(Arc::clone(&store), address, stop.clone());
        let server = tokio::spawn(serve(listener, router, stop.clone(), health.clone(), data_file.clone()));
        tracing::info!(%address, data = data_file, "event log started");
        Ok(Self {
            address,
            data_file,
            store,
            health,
            server,
            threads: Some(threads),
            _stop_on_drop: stop.clone().drop_guard(),
            stop,
        })
    }

    /// Where the node listens, with the port it got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the official clients need to connect.
    pub fn connection_string(&self) -> String {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
        };
        let address = SocketAddr::new(ip, self.address.port());
        // The client sleeps a discovery interval before its first connection, half a second if not told otherwise.
        format!("esdb://{address}?tls=false&discoveryInterval=50")
    }

    /// Resolves when the node can no longer be trusted or cannot write: a commit failed, the disk is full, or a
    /// stored event does not match its checksum. Pending for ever otherwise. The right answer is to end the program.
    pub async fn failed(&self) -> NodeError {
        tokio::select! {
            fault = self.health.failed() => fault,
            fault = self.store.ended() => fault,
        }
    }

    /// Takes no more appends, finishes those taken, ends streams with UNAVAILABLE, moves the write-ahead log into
    /// the file and lets go of the directory.
    ///
    /// # Errors
    /// The fault [`Node::failed`] tells of, when there was one.
    pub async fn stop(mut self) -> Result<(), NodeError> {
        self.stop.cancel();
        if tokio::time::timeout(GRACE, &mut self.server).await.is_err() {
            tracing::warn!("connections still open are cut off");
            self.server.abort();
        }
        self.store.ask_writer_to_stop().await;
        if let Some(threads) = self.threads.take() {
            let joined = tokio::task::spawn_blocking(move || threads.join()).await;
            let joined = joined.map_err(|error| ended("stop", &self.data_file, &error))?;
            joined.map_err(|part| ended(part, &self.data_file, &"it panicked"))?;
        }
        self.health.fault().map_or(Ok(()), Err)
    }
}

fn router(store: Arc<Store>, address: SocketAddr, stop: CancellationToken) -> Router {
    Router {
        streams: StreamsServer::new(StreamsService::new(store, address, stop)).max_decoding_message_size(MAX_MESSAGE),
        features: ServerFeaturesServer::new(FeaturesService),
        gossip: GossipServer::new(GossipService::new(address)),
    }
}

async fn serve(listener: TcpListener, router: Router, stop: CancellationToken, health: Health, data_file: String) {
    let outcome = Server::builder()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(STREAMS_PER_CONNECTION)
        .http2_max_pending_accept_reset_streams(Some(RESETS_AT_ONCE))
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_keepalive_timeout(Some(KEEPALIVE))
        .serve_with_incoming_shutdown(router, Incoming::new(listener), stop.cancelled())
        .await;
    if let Err(error) = outcome {
        health.report(ended("server", &data_file, &error));
    }
}

fn refused(address: SocketAddr, error: &io::Error) -> NodeError {
    if error.kind() == io::ErrorKind::AddrInUse {
        return NodeError::AddressInUse { address };
    }
    NodeError::Listen {
        address,
        reason: error.to_string(),
    }
}

fn ended(part: &'static str, path: &str, reason: &dyn fmt::Display) -> NodeError {
    NodeError::Ended {
        part,
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
