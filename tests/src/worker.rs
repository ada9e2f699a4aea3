//! A worker in a process of its own, for tests that kill and pause it: keeps the read models named by its one argument,
//! `all` or `slow`, of the log and the database that `LETOPIS_TEST_LOG`, `_DATABASE` and `_DATA` say.

use anyhow::{Result, bail};
use event_store::EventLog;
use projections::{Worker, registry};
use tests::{
    open_vault, run,
    tallies::{SLOW, TALLIES},
};
use tokio_util::sync::CancellationToken;

fn main() -> Result<()> {
    let models = match std::env::args().nth(1).as_deref() {
        Some("all") => [registry(), TALLIES.to_vec()].concat(),
        Some("slow") => vec![SLOW],
        other => bail!("{other:?}: give all or slow"),
    };
    run(async {
        let log = EventLog::new(&std::env::var("LETOPIS_TEST_LOG")?)?;
        let database = std::env::var("LETOPIS_TEST_DATABASE")?;
        let data = std::env::var("LETOPIS_TEST_DATA")?;
        let vault = open_vault(data.as_ref(), &database).await?;
        let worker = Worker::new(log, vault, database.parse()?).with_models(models);
        Ok(worker.run(CancellationToken::new()).await?)
    })
}
