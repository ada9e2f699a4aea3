//! The harness: one Postgres cluster with a template database for all tests, a server in this process for each test,
//! clients that speak to it over real sockets.

mod app;
mod client;
mod cluster;
mod compare;
mod events;
mod program;
mod socket;
mod statements;

use std::sync::LazyLock;

pub use app::App;
pub use client::{Client, TICKET};
pub use cluster::Cluster;
pub use compare::{assert_replay_equals_live, open_log, open_vault};
pub use events::Events;
pub use program::{Program, poll};
pub use socket::Socket;
pub use statements::Statements;
use tokio::runtime::Runtime;

/// The API key every test server knows.
pub const KEY: &str = "test-key-0123456789";

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "without a runtime no test can run")]
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a tokio runtime")
});

/// Runs a test on the one runtime of this process: the shared cluster outlives each test.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    RUNTIME.block_on(test)
}
