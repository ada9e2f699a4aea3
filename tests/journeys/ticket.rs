use anyhow::Result;
use serde_json::json;
use tests::{App, assert_replay_equals_live, run};

#[test]
fn a_tickets_whole_way() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let opened = app.client.open("k", "Принтер не печатает").await?;
        assert_eq!(opened["userErrors"], json!([]));
        assert_eq!(opened["ticket"]["number"], 1);
        let (data, database) = app.stop().await?;
        assert_replay_equals_live(data.path(), &database).await
    })
}
