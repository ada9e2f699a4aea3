//! An import tells of a ticket first and of its owners behind that: the past is as things happened there all the same.

use anyhow::{Context, Result, ensure};
use event_store::Raw;
use serde_json::{Value, json};
use tests::{App, run};

use super::cut::{Cut, all, difference, then_and_now};
use crate::{
    import::{ROWS, import, made_up},
    read_models::log_of,
};

const LIST: &str = "{ tickets(first: 50, {at}) { totalCount nodes {
        id version status priority assigneeId updatedAt openedAt resolvedAt closedAt categoryId holdReason } }
    owned: tickets(filter: {assignee: {isNull: false}}, {at}) { totalCount }
    open: tickets(filter: {status: {eq: OPEN}}, {at}) { totalCount }
    new: tickets(filter: {status: {eq: NEW}}, {at}) { totalCount }
    ticketStatistics({at}) { total byStatus { status count } } }";

/// One whose owner comes before anything else happens to it: it shows as open by that alone.
const MORE: &[&str] = &[
    "INC8,New,0,7,1/3/2016 08:00,1/3/2016 08:00,net,vpn,3,?,?,56",
    "INC8,New,1,7,1/3/2016 08:00,1/3/2016 09:30,net,vpn,3,42,?,56",
    "INC8,New,2,7,1/3/2016 08:00,1/3/2016 11:30,net,vpn,2,43,?,56",
    "INC8,Resolved,3,7,1/3/2016 08:00,2/3/2016 12:00,net,vpn,2,43,code 6,56",
];

#[test]
fn past_of_an_import_is_as_things_happened_there() -> Result<()> {
    run(async {
        let app = App::start_with(super::cut::still).await?;
        let folder = tempfile::tempdir()?;
        let file = made_up(folder.path(), &[ROWS, MORE].concat())?;
        import(
            &file,
            app.data.path(),
            &app.database_url,
            &folder.path().join("rejects.csv"),
        )
        .await?;
        let events = all(&log_of(&app)?).await?;
        let head = log_of(&app)?.head().await?.0.to_string();
        let shown = "query($at: Position) { tickets(minPosition: $at) { stale } }";
        ensure!(app.client.data(shown, json!({"at": head})).await?["tickets"]["stale"] == false);
        let mut compared = 0;
        for at in [
            "2016-02-29T02:00:00Z",
            "2016-03-01T08:30:00Z",
            "2016-03-01T09:30:00Z",
            "2016-03-01T11:30:00Z",
        ] {
            let at = at.parse()?;
            let mut cut = Cut::empty(&app).await?;
            let past_events: Vec<&Raw> = events.iter().filter(|it| it.0 <= at).map(|it| &it.1).collect();
            ensure!(past_events.len() < events.len());
            cut.take(&past_events).await?;
            let (then, now) = then_and_now(LIST, at);
            let (past, cut_there) = (
                app.client.data(&then, json!({})).await?,
                cut.app.client.data(&now, json!({})).await?,
            );
            let differs = difference(&past, &cut_there, "");
            ensure!(differs.is_none(), "as of {at}: {}", differs.unwrap_or_default());
            compared += one_by_one(&app, &past, &at.to_rfc3339()).await?;
            cut.app.stop().await?;
        }
        ensure!(compared >= 8, "{compared}");
        let first = "{ tickets(asOf: \"2016-02-29T01:15:59Z\") { totalCount } }";
        let (code, field) = app.client.error(first, json!({})).await?;
        assert_eq!((code.as_str(), field), ("BAD_USER_INPUT", json!(["asOf"])));
        app.finish().await
    })
}

/// Each ticket of the list by itself says the same.
async fn one_by_one(app: &App, list: &Value, at: &str) -> Result<usize> {
    let nodes = list["tickets"]["nodes"].as_array().context("no list")?;
    for listed in nodes {
        let fields =
            "id version status priority assigneeId updatedAt openedAt resolvedAt closedAt categoryId holdReason";
        let id = listed["id"].as_str().context("no id")?;
        let alone = super::at(&app.client, id, at, fields).await?;
        ensure!(alone == *listed, "{alone} and {listed}");
    }
    Ok(nodes.len())
}
