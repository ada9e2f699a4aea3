//! The harness: one Postgres cluster with a template database for all tests, a server in this process for each test,
//! clients that speak to it over real sockets.

mod app;
mod browser;
mod client;
mod cluster;
mod compare;
mod events;
mod mmdb;
mod program;
mod socket;
mod statements;
pub mod tallies;

use std::sync::LazyLock;

use anyhow::Result;
pub use app::App;
pub use browser::{Browser, HEADLESS, installed_browser};
pub use client::{Client, TICKET};
pub use cluster::Cluster;
pub use compare::{assert_replay_equals_live, open_log, open_vault};
pub use events::Events;
pub use mmdb::{Range, mmdb};
pub use program::{Program, eventually, poll};
pub use socket::Socket;
pub use statements::Statements;
use tokio::runtime::Runtime;

/// The API key every test server knows.
pub const KEY: &str = "test-key-0123456789";

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "without a runtime no test can run")]
    tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(api::STACK)
        .enable_all()
        .build()
        .expect("a tokio runtime")
});

/// Runs a test on the one runtime of this process: the shared cluster outlives each test.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    RUNTIME.block_on(test)
}

/// The code that an authenticator shows now for a secret.
///
/// # Errors
/// When the secret is none.
pub fn one_time_password(secret: &str) -> Result<String> {
    let secret = totp_rs::Secret::try_from_base32(secret).map_err(|it| anyhow::anyhow!("{it:?}"))?;
    let totp = totp_rs::Builder::new().with_secret(secret).build();
    let totp = totp.map_err(|it| anyhow::anyhow!("{it:?}"))?;
    Ok(totp.generate_current().to_string())
}
