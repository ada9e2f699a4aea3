//! A server behind the port: the node in process, the node as a program, or one that is named by URL.

use std::{
    env,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{self, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::SystemTime,
};

use event_store::{EventLog, NewEvent, Timing};
use event_store_node::{Node, NodeConfig};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};
use uuid::Uuid;

/// Makes one test of each rule for every kind of server; those after `own` need a server of their own, which they may
/// stop, and which is empty at first.
macro_rules! rules {
    (any: [$($any:ident),* $(,)?], own: [$($own:ident),* $(,)?] $(,)?) => {
        mod in_process {
            $(#[tokio::test] async fn $any() { super::$any($crate::server::Server::in_process().await).await; })*
            $(#[tokio::test] async fn $own() { super::$own($crate::server::Server::in_process().await).await; })*
        }
        mod program {
            $(#[tokio::test] async fn $any() { super::$any($crate::server::Server::program().await).await; })*
            $(#[tokio::test] async fn $own() { super::$own($crate::server::Server::program().await).await; })*
        }
        mod named {
            $(#[tokio::test] async fn $any() {
                if let Some(server) = $crate::server::Server::named(stringify!($any)) { super::$any(server).await; }
            })*
            $(#[test] fn $own() { $crate::server::skip(stringify!($own), "it needs a server of its own"); })*
        }
    };
}
pub(crate) use rules;

/// A server, and names that no other test uses.
pub(crate) struct Server {
    running: Running,
    data: Option<TempDir>,
    /// Where it listens, also while it is stopped.
    address: Option<SocketAddr>,
    url: String,
    unique: String,
}

enum Running {
    Node(Node),
    Program(Child),
    Elsewhere,
    Stopped(Kind),
}

#[derive(Clone, Copy)]
enum Kind {
    InProcess,
    Program,
}

impl Server {
    pub(crate) async fn in_process() -> Self {
        Self::own(Kind::InProcess, anywhere()).await
    }

    pub(crate) async fn program() -> Self {
        Self::own(Kind::Program, free()).await
    }

    /// The server of `EVENT_STORE_URL`, if it is set.
    pub(crate) fn named(test: &str) -> Option<Self> {
        let Ok(url) = env::var("EVENT_STORE_URL") else {
            skip(test, "EVENT_STORE_URL is not set");
            return None;
        };
        Some(Self {
            running: Running::Elsewhere,
            data: None,
            address: None,
            url,
            unique: unique(),
        })
    }

    async fn own(kind: Kind, listen: SocketAddr) -> Self {
        let data = tempfile::tempdir().unwrap();
        let (running, url) = run(kind, data.path(), listen).await;
        let address = url.split(['/', '?']).nth(2).unwrap().parse().unwrap();
        Self {
            running,
            data: Some(data),
            address: Some(address),
            url,
            unique: unique(),
        }
    }

    /// Ends it, and leaves its data and its address: the program is killed, the node in process is asked to stop.
    pub(crate) async fn stop(&mut self) {
        let kind = match &self.running {
            Running::Node(_) => Kind::InProcess,
            Running::Program(_) => Kind::Program,
            Running::Elsewhere | Running::Stopped(_) => panic!("only a running server of one's own is stopped"),
        };
        match std::mem::replace(&mut self.running, Running::Stopped(kind)) {
            Running::Node(node) => node.stop().await.unwrap(),
            Running::Program(mut program) => program.kill().await.unwrap(),
            Running::Elsewhere | Running::Stopped(_) => {}
        }
    }

    /// Starts it again on the same data, where it was.
    pub(crate) async fn start(&mut self) {
        let listen = self.address.unwrap();
        self.start_at(listen).await;
    }

    /// Starts it again on the same data, elsewhere.
    pub(crate) async fn start_at(&mut self, listen: SocketAddr) {
        let Running::Stopped(kind) = self.running else {
            panic!("it runs");
        };
        let data = self.data.as_ref().unwrap().path();
        (self.running, self.url) = run(kind, data, listen).await;
        self.address = Some(listen);
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address.unwrap()
    }

    /// How the official client names it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Of the program, when it is one of our own.
    pub(crate) fn process(&self) -> Option<u32> {
        match &self.running {
            Running::Program(program) => program.id(),
            Running::Node(_) | Running::Elsewhere | Running::Stopped(_) => None,
        }
    }

    /// A client of it with the usual times.
    pub(crate) fn log(&self) -> EventLog {
        EventLog::new(&self.url).unwrap()
    }

    /// Name of a stream of this test.
    pub(crate) fn stream(&self, name: impl std::fmt::Display) -> String {
        format!("{}-{name}", self.unique)
    }

    /// Type of events of this test; a prefix of it selects only such.
    pub(crate) fn event_type(&self, name: &str) -> String {
        format!("{}_{name}", self.unique)
    }

    pub(crate) fn event(&self, number: u128, name: &str) -> NewEvent {
        NewEvent {
            id: Uuid::from_u128(number),
            event_type: self.event_type(name),
            payload: format!(r#"{{"number":{number}}}"#).into_bytes(),
            metadata: br#"{"actor":"system:test"}"#.to_vec(),
        }
    }

    /// `ticket.opened` with these numbers as ids.
    pub(crate) fn tickets(&self, numbers: std::ops::Range<u128>) -> Vec<NewEvent> {
        numbers.map(|it| self.event(it, "ticket.opened")).collect()
    }
}

/// A client of an address, with times for tests that wait for each of them.
pub(crate) fn quick(address: SocketAddr, timing: Timing) -> EventLog {
    EventLog::with_timing(&format!("esdb://{address}?tls=false&discoveryInterval=20"), timing).unwrap()
}

pub(crate) fn anywhere() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// An address where nobody listens.
pub(crate) fn free() -> SocketAddr {
    std::net::TcpListener::bind(anywhere()).unwrap().local_addr().unwrap()
}

#[expect(clippy::print_stderr, reason = "whoever runs the tests shall see what was not run")]
pub(crate) fn skip(test: &str, reason: &str) {
    eprintln!("{test} is skipped: {reason}");
}

/// Tests may run side by side, and again, on one server.
fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros();
    format!(
        "t{since:x}_{:x}_{:x}",
        process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}

async fn run(kind: Kind, data: &Path, listen: SocketAddr) -> (Running, String) {
    match kind {
        Kind::InProcess => {
            let data = data.to_owned();
            let node = Node::start(NodeConfig { data, listen }).await.unwrap();
            let url = node.connection_string();
            (Running::Node(node), url)
        }
        Kind::Program => {
            let mut program = Command::new(binary())
                .args(["--listen", &listen.to_string(), "--data"])
                .arg(data)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
            let url = loop {
                let line = lines.next_line().await.unwrap();
                let line = line.unwrap_or_else(|| panic!("event-store-node ended before it listened on {listen}"));
                if let Some(at) = line.find("esdb://") {
                    break line[at..].split_whitespace().next().unwrap().to_owned();
                }
            };
            // Nobody may leave the pipe full.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            (Running::Program(program), url)
        }
    }
}

/// Tests lie in `target/<profile>/deps`, binaries in `target/<profile>`.
fn binary() -> PathBuf {
    let test = env::current_exe().unwrap();
    let folder = test.ancestors().find(|it| it.join("event-store-node").is_file());
    folder
        .unwrap_or_else(|| panic!("event-store-node is not built: cargo build --workspace --bins"))
        .join("event-store-node")
}
