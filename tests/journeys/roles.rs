//! Servers that do some of the work only: together they do all of it.

use anyhow::{Result, ensure};
use api::{config::Config, server::Server};
use commands::Clock;
use serde_json::json;
use tests::{App, Client, KEY, poll, run};

#[test]
fn what_one_server_leaves_another_does() -> Result<()> {
    run(async {
        let alone = "api".parse()?;
        let app = App::start_with(|config| Config { roles: alone, ..config }).await?;
        let opened = app.client.open("t", "Никто не смотрит").await?;
        ensure!(opened["stale"] == true, "{opened}");
        let folder = tempfile::tempdir()?;
        let config = Config {
            data: folder.path().to_owned(),
            listen: ([127, 0, 0, 1], 0).into(),
            roles: "projections,processes".parse()?,
            database_url: Some(app.database_url.clone()),
            event_store_url: Some(
                std::fs::read_to_string(app.data.path().join("node.url"))?
                    .trim()
                    .to_owned(),
            ),
            master_key_file: Some(app.data.path().join("keys/master.key")),
            bootstrap_api_key: Some(KEY.to_owned()),
            ..Config::default()
        };
        let other = Server::start(config, Clock::System).await?;
        ensure!(other.ready().await, "it is not ready");
        let shows = async || app.client.count(&json!({})).await.is_ok_and(|it| it == 1);
        poll("nobody keeps the read models", shows).await?;
        let client = Client::new(format!("http://{}", other.address()), KEY)?;
        ensure!(client.get("/health/ready").await?.0 == 200);
        for path in ["/graphql", "/graphiql"] {
            ensure!(client.get(path).await?.0 == 404, "{path}");
        }
        let opened = app.client.open("u", "Теперь видно").await?;
        ensure!(opened["stale"] == false, "{opened}");
        other.stop();
        other.ended().await?;
        app.finish().await
    })
}
