//! A TCP proxy that does on command what networks do by accident.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
    time::sleep,
};

use crate::server::anywhere;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    ToServer,
    ToClient,
}

/// What happens to connections and their bytes.
#[derive(Debug, Clone)]
struct Rules {
    target: SocketAddr,
    /// New connections are closed at once.
    refusing: bool,
    /// Connections with a lower number are cut.
    cut_below: usize,
    /// From connections with a lower number nothing comes through to the client ..
    mute_below: usize,
    /// .. nor to the server.
    deaf_below: usize,
    /// On connections with a lower number this way is ended.
    ended_below: (usize, Option<Way>),
    delay: Duration,
    /// Bytes to the client after which a connection is cut.
    budget: usize,
}

/// A running proxy; ends with its owner.
pub(crate) struct Proxy {
    address: SocketAddr,
    rules: watch::Sender<Rules>,
    accepted: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

impl Proxy {
    pub(crate) async fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(anywhere()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (rules, heed) = watch::channel(Rules {
            target,
            refusing: false,
            cut_below: 0,
            mute_below: 0,
            deaf_below: 0,
            ended_below: (0, None),
            delay: Duration::ZERO,
            budget: usize::MAX,
        });
        let accepted = Arc::new(AtomicUsize::new(0));
        let task = tokio::spawn(accept(listener, heed, Arc::clone(&accepted)));
        Self {
            address,
            rules,
            accepted,
            task,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections accepted so far.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Cuts every connection there is.
    pub(crate) fn cut(&self) {
        let below = self.accepted();
        self.rules.send_modify(|it| it.cut_below = below);
    }

    /// Closes new connections at once, or lets them through again.
    pub(crate) fn refuse(&self, refusing: bool) {
        self.rules.send_modify(|it| it.refusing = refusing);
    }

    /// Swallows every byte of every connection, old and new: nothing is closed, nothing answered.
    pub(crate) fn swallow_all(&self) {
        self.rules
            .send_modify(|it| (it.mute_below, it.deaf_below) = (usize::MAX, usize::MAX));
    }

    /// Swallows what goes this way on the connections there are; later ones are not touched.
    pub(crate) fn swallow_present(&self, way: Way) {
        let below = self.accepted();
        self.rules.send_modify(|it| match way {
            Way::ToClient => it.mute_below = below,
            Way::ToServer => it.deaf_below = below,
        });
    }

    /// Lets bytes through again, on new connections: what was swallowed is missing on the old, so they are cut.
    pub(crate) fn heal(&self) {
        self.cut();
        let below = self.accepted();
        self.rules
            .send_modify(|it| (it.mute_below, it.deaf_below, it.delay) = (below, below, Duration::ZERO));
    }

    /// Ends one way of the connections there are; the other stays open.
    pub(crate) fn half_close(&self, way: Way) {
        let below = self.accepted();
        self.rules.send_modify(|it| it.ended_below = (below, Some(way)));
    }

    /// Holds every chunk back for so long.
    pub(crate) fn delay(&self, delay: Duration) {
        self.rules.send_modify(|it| it.delay = delay);
    }

    /// Cuts each new connection after so many bytes to the client.
    pub(crate) fn cut_after(&self, bytes: usize) {
        self.rules.send_modify(|it| it.budget = bytes);
    }

    /// Leads new connections to another server, and cuts the others.
    pub(crate) fn lead_to(&self, target: SocketAddr) {
        self.rules.send_modify(|it| it.target = target);
        self.cut();
    }
}

async fn accept(listener: TcpListener, rules: watch::Receiver<Rules>, accepted: Arc<AtomicUsize>) {
    loop {
        let (client, _peer) = listener.accept().await.unwrap();
        let number = accepted.fetch_add(1, Ordering::SeqCst);
        let now = rules.borrow().clone();
        if now.refusing {
            continue;
        }
        let rules = rules.clone();
        tokio::spawn(async move {
            // Without a server behind it, the client sees its connection closed.
            let Ok(server) = TcpStream::connect(now.target).await else {
                return;
            };
            client.set_nodelay(true).unwrap();
            server.set_nodelay(true).unwrap();
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let pump = |way| Pump {
                way,
                number,
                left: now.budget,
                rules: rules.clone(),
            };
            tokio::select! {
                () = pump(Way::ToServer).run(from_client, to_server) => {}
                () = pump(Way::ToClient).run(from_server, to_client) => {}
            }
        });
    }
}

struct Pump {
    way: Way,
    number: usize,
    left: usize,
    rules: watch::Receiver<Rules>,
}

impl Pump {
    /// Moves bytes until the connection is to be closed.
    async fn run(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let rules = self.rules.borrow_and_update().clone();
            if self.number < rules.cut_below {
                return;
            }
            if self.number < rules.ended_below.0 && rules.ended_below.1 == Some(self.way) {
                to.shutdown().await.ok();
                return self.stay().await;
            }
            let count = tokio::select! {
                changed = self.rules.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return,
                },
                read = from.read(&mut buffer) => read.unwrap_or(0),
            };
            if count == 0 || !self.pass(&buffer[..count], &mut to).await {
                return;
            }
        }
    }

    /// One chunk; whether more may follow.
    async fn pass(&mut self, chunk: &[u8], to: &mut OwnedWriteHalf) -> bool {
        let rules = self.rules.borrow().clone();
        sleep(rules.delay).await;
        let swallowed = match self.way {
            Way::ToClient => self.number < rules.mute_below,
            Way::ToServer => self.number < rules.deaf_below,
        };
        if swallowed {
            return true;
        }
        let through = match self.way {
            Way::ToClient => chunk.len().min(self.left),
            Way::ToServer => chunk.len(),
        };
        self.left -= if self.way == Way::ToClient { through } else { 0 };
        to.write_all(&chunk[..through]).await.is_ok() && self.left > 0
    }

    /// Waits for a cut, while the other way goes on.
    async fn stay(mut self) {
        let number = self.number;
        self.rules.wait_for(|it| number < it.cut_below).await.ok();
    }
}
