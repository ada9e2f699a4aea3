//! Connections: accepted, encrypted when there is a certificate, and served until the server stops.

use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service;
use tracing::{debug, warn};

use super::address::Peer;

/// How long a client may take to agree on keys.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Before another connection is tried when the system had no room for one.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves connections until told to stop, and then until those that are open have answered.
///
/// axum's own loop neither encrypts nor says who is at the other end nor limits how long headers may take.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) routes: Router,
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// How long the headers of a request may take, and a connection may lie idle.
    pub(crate) header_timeout: Duration,
}

impl Listening {
    pub(crate) async fn serve(self, listener: TcpListener, stopping: CancellationToken) {
        let open = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                () = stopping.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => drop(open.spawn(self.take(stream, peer, stopping.clone()))),
                Err(error) if is_of_connection(&error) => {}
                Err(error) => {
                    warn!(%error, "no connection can be accepted; trying again");
                    sleep(PAUSE).await;
                }
            }
        }
        drop(listener);
        open.close();
        open.wait().await;
    }

    fn take(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        stopping: CancellationToken,
    ) -> impl Future<Output = ()> + Send + use<> {
        let connection = Connection {
            routes: self.routes.clone(),
            header_timeout: self.header_timeout,
            peer: Peer(peer.ip()),
            stopping,
        };
        let tls = self.tls.clone().map(TlsAcceptor::from);
        async move {
            // Frames of a socket are small and meant to be seen at once. A connection that is gone needs nothing.
            drop(stream.set_nodelay(true));
            let Some(tls) = tls else {
                return connection.serve(stream).await;
            };
            match timeout(HANDSHAKE, tls.accept(stream)).await {
                Ok(Ok(stream)) => connection.serve(stream).await,
                Ok(Err(error)) => debug!(%error, "a client does not agree on TLS"),
                Err(_elapsed) => debug!("a client takes too long to agree on TLS"),
            }
        }
    }
}

struct Connection {
    routes: Router,
    header_timeout: Duration,
    peer: Peer,
    stopping: CancellationToken,
}

impl Connection {
    async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let Self {
            routes,
            header_timeout,
            peer,
            stopping,
        } = self;
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            routes.clone().call(request)
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(header_timeout);
        let served = builder.serve_connection(TokioIo::new(stream), service);
        let mut served = pin!(served.with_upgrades());
        let ended = tokio::select! {
            ended = served.as_mut() => ended,
            () = stopping.cancelled() => {
                served.as_mut().graceful_shutdown();
                served.await
            }
        };
        if let Err(error) = ended {
            debug!(%error, "a connection ended");
        }
    }
}

/// Faults of one connection, which say nothing about the next.
fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
