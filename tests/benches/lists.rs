//! Pages and counters of views among few and many tickets. The rows are written into the read model by SQL, since a
//! million tickets through the log would take longer than everything else; nothing is rebuilt from that log.

use std::{collections::HashMap, env};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tests::{App, KEY};

use crate::{
    database::remove,
    http::Connection,
    limits::Limits,
    load::{Client, drive},
    report::{Aim, progress},
    settings::{Section, Settings},
};

/// Of these, one in twenty is still worked on, and two in five of those wait for an answer.
const FILL: &str = "INSERT INTO ticket_list (
        ticket_id, version, number, ticket_type, subject, category_id, priority, status, assignee_id, reopen_count, channel,
        opened_at, updated_at, resolved_at, closed_at, branch_id, team_id, snoozed_at, needs_answer_since
    )
    SELECT gen_random_uuid(), 5, it, 'incident', 'Не печатает ' || it, 'c' || it % 40, 1 + (it * 7 % 13) % 4,
        CASE WHEN it % 20 = 0 THEN (ARRAY['new', 'open', 'open', 'pending', 'on_hold'])[1 + it / 20 % 5]
            WHEN it % 20 = 1 THEN 'resolved' ELSE 'closed' END,
        CASE WHEN it % 60 = 0 THEN NULL ELSE ('00000000-0000-4000-8000-' || lpad((it % 199)::text, 12, '0'))::uuid END,
        0, 'api', now() - it * INTERVAL '1 minute', now() - (it * 37 % $1) * INTERVAL '1 minute',
        CASE WHEN it % 20 > 0 THEN now() END, CASE WHEN it % 20 > 1 THEN now() END,
        ('00000000-0000-4000-9000-' || lpad((it % 11)::text, 12, '0'))::uuid,
        ('00000000-0000-4000-a000-' || lpad((it % 37)::text, 12, '0'))::uuid,
        CASE WHEN it % 400 = 0 THEN now() END,
        CASE WHEN it % 20 = 0 AND it / 20 % 5 < 2 THEN now() - (it * 11 % 5000) * INTERVAL '1 minute' END
    FROM generate_series(1, $1) AS it";

const PAGE: &str =
    "query($id: ID!) { view(id: $id) { tickets(first: 50) { nodes { id number subject status priority version
    openedAt updatedAt assignee { id name } category { id name { ru } } tags { id name } } } } }";
const COUNT: &str = "query($id: ID!) { view(id: $id) { count { value position } } }";

/// Sizes to measure at: `BENCH_TICKETS`.
fn sizes() -> Result<Vec<i64>> {
    let given = env::var("BENCH_TICKETS").unwrap_or_else(|_absent| "25000,1000000".to_owned());
    let sizes: Result<Vec<i64>, _> = given.split(',').map(|it| it.trim().parse()).collect();
    sizes.with_context(|| format!("BENCH_TICKETS {given:?}: give numbers with commas between them"))
}

pub(crate) async fn measure(settings: &Settings, limits: &mut Limits<'_>) -> Result<()> {
    let sizes = sizes()?;
    limits
        .report
        .note("rows of the section on lists are written into the read model by SQL");
    let mut former: HashMap<String, f64> = HashMap::new();
    for (at, size) in sizes.iter().enumerate() {
        progress(&format!("lists: {size} tickets are written"));
        let app = App::start().await?;
        fill(&app, *size).await?;
        let address = app.client.base.trim_start_matches("http://").parse()?;
        for (name, id) in views(&app).await? {
            for (what, query, most) in [("page of 50", PAGE, 20.0), ("counter", COUNT, 2.0)] {
                progress(&format!("{what} of {name} at {size}"));
                let body = json!({"query": query, "variables": {"id": id}}).to_string();
                let reader = Reader {
                    connection: Connection::open(address, "/graphql", KEY).await?,
                    body,
                };
                let figures = drive([reader], settings.window).await?;
                let case = format!("{what}, {name}");
                let row = format!("{case} at {size}");
                limits.report.row(Section::Lists, &row, "reads/s").figures(figures);
                let p99 = figures.latency.p99;
                limits
                    .report
                    .row(Section::Lists, &format!("{row}, p99"), "ms")
                    .value(p99)
                    .aim(Aim::AtMost(most));
                if at > 0
                    && let Some(before) = former.get(&case)
                {
                    limits
                        .report
                        .row(Section::Lists, &format!("{case}, growth of p99"), "times")
                        .value(p99 / before)
                        .aim(Aim::AtMost(1.3));
                }
                former.entry(case).or_insert(p99);
            }
        }
        let (_folder, url) = app.stop().await?;
        remove(&url.parse()?).await?;
    }
    Ok(())
}

async fn fill(app: &App, size: i64) -> Result<()> {
    let options: sqlx::postgres::PgConnectOptions = app.database_url.parse()?;
    let path = projections::search_path(&projections::registry());
    let pool: PgPool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options.options([("search_path", path)]))
        .await?;
    sqlx::query(FILL).bind(size).execute(&pool).await?;
    sqlx::query("VACUUM ANALYZE ticket_list").execute(&pool).await?;
    pool.close().await;
    Ok(())
}

/// Name and id of each view: those of the program, and one agent's, as the key of this program is nobody.
async fn views(app: &App) -> Result<Vec<(String, Value)>> {
    let filter = json!({"inWork": true, "assignee": {"eq": "00000000-0000-4000-8000-000000000007"}});
    let definition = json!({"name": "One agent's", "audience": "SHARED", "filter": filter});
    let query = "mutation($i: CreateViewInput!) { createView(input: $i) { userErrors { code } } }";
    let made = app
        .client
        .data(query, json!({"i": {"idempotencyKey": "v", "definition": definition}}))
        .await?;
    ensure!(made["createView"]["userErrors"] == json!([]), "{made}");
    let list = app
        .client
        .data("{ views { id name count { value } } }", json!({}))
        .await?;
    let views = list["views"].as_array().context("no views")?;
    let named = views.iter().filter(|it| it["name"] != "Mine");
    Ok(named
        .map(|it| (it["name"].as_str().unwrap_or_default().to_owned(), it["id"].clone()))
        .collect())
}

/// A connection that asks the same again and again.
struct Reader {
    connection: Connection,
    body: String,
}

impl Client for Reader {
    async fn step(&mut self) -> Result<()> {
        let answer = self.connection.post(&self.body).await?;
        ensure!(answer["data"]["view"].is_object(), "{answer}");
        Ok(())
    }
}
