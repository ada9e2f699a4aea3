//! Pages of the audit among very many entries. The rows are written into the read model by SQL, since so many events through
//! the log would take longer than everything else; nothing is rebuilt from that log.

use std::env;

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

/// Five entries a ticket, each by one of 200 agents, a minute between two of them; one customer for each ten tickets.
const ENTRIES: &str =
    "INSERT INTO audit_entry (position, at, event_type, actor, object_kind, object_id, version, ticket_id,
        changes, address, address_of, correlation_id, command_id, data_subjects)
    SELECT -it, now() - it * INTERVAL '1 second',
        (ARRAY['ticket.opened', 'ticket.prioritized', 'assignment.agent_assigned', 'conversation.message_posted',
            'ticket.resolved'])[1 + it % 5],
        'agent:' || ('00000000-0000-4000-8000-' || lpad((it * 7 % 199)::text, 12, '0')),
        (ARRAY['ticket', 'ticket', 'assignment', 'conversation', 'ticket'])[1 + it % 5],
        ('00000000-0000-4000-b000-' || lpad((it / 5)::text, 12, '0'))::uuid, 1 + it % 5,
        ('00000000-0000-4000-b000-' || lpad((it / 5)::text, 12, '0'))::uuid,
        '[{\"field\": \"priority\", \"before\": \"low\", \"after\": \"high\"}]', '10.1.2.3',
        ('00000000-0000-4000-8000-' || lpad((it * 7 % 199)::text, 12, '0'))::uuid,
        gen_random_uuid(), gen_random_uuid(),
        ARRAY[('00000000-0000-4000-8000-' || lpad((it * 7 % 199)::text, 12, '0'))::uuid]
    FROM generate_series(1, $1) AS it";
const ABOUT: &str = "INSERT INTO audit_about (about_id, at, position)
    SELECT object_id, at, position FROM audit_entry WHERE position < 0
    UNION ALL
    SELECT ('00000000-0000-4000-c000-' || lpad((-position / 50)::text, 12, '0'))::uuid, at, position FROM audit_entry
    WHERE position < 0";
const PAGE: &str =
    "query($f: AuditFilter) { auditEntries(filter: $f, first: 50) { nodes { at actor type summary objectId
    address changes { field before { text } after { text } } } pageInfo { endCursor } } }";

/// How many entries: `BENCH_ENTRIES`.
fn size() -> Result<i64> {
    let given = env::var("BENCH_ENTRIES").unwrap_or_else(|_absent| "5000000".to_owned());
    given
        .parse()
        .with_context(|| format!("BENCH_ENTRIES {given:?}: give a number"))
}

pub(crate) async fn measure(settings: &Settings, limits: &mut Limits<'_>) -> Result<()> {
    let size = size()?;
    limits
        .report
        .note("rows of the section on the audit are written into the read model by SQL");
    progress(&format!("audit: {size} entries are written"));
    let app = App::start().await?;
    fill(&app, size).await?;
    let address = app.client.base.trim_start_matches("http://").parse()?;
    for (name, filter) in filters(size) {
        progress(&format!("audit: {name}"));
        let reader = Reader {
            connection: Connection::open(address, "/graphql", KEY).await?,
            body: json!({"query": PAGE, "variables": {"f": filter}}).to_string(),
        };
        let figures = drive([reader], settings.window).await?;
        let row = format!("page of 50, {name}, among {size}");
        limits.report.row(Section::Audit, &row, "reads/s").figures(figures);
        limits
            .report
            .row(Section::Audit, &format!("{row}, p99"), "ms")
            .value(figures.latency.p99)
            .aim(Aim::AtMost(100.0));
    }
    let (_folder, url) = app.stop().await?;
    remove(&url.parse()?).await
}

fn filters(size: i64) -> Vec<(&'static str, Value)> {
    let of = |block: &str, number: i64| format!("00000000-0000-4000-{block}-{number:012}");
    let before = |seconds: i64| (commands::Clock::System.now() - chrono::Duration::seconds(seconds)).to_rfc3339();
    let agent = format!("agent:{}", of("8000", 7));
    let (to, from) = (before(size / 2), before(size / 2 + 86_400));
    vec![
        ("the newest", json!({})),
        ("by actor", json!({"actor": agent})),
        ("by object", json!({"object": of("b000", size / 10)})),
        ("by person", json!({"person": of("c000", size / 100)})),
        ("by kind", json!({"types": ["ticket.resolved"]})),
        ("by category", json!({"types": ["assignment"]})),
        ("a day of long ago", json!({"from": from, "to": to})),
        (
            "actor, kind and a day of long ago",
            json!({"actor": agent, "types": ["ticket"], "from": from, "to": to}),
        ),
        ("a kind that never was", json!({"types": ["inbox.retired"]})),
    ]
}

async fn fill(app: &App, size: i64) -> Result<()> {
    let options: sqlx::postgres::PgConnectOptions = app.database_url.parse()?;
    let path = projections::search_path(&projections::registry());
    let pool: PgPool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options.options([("search_path", path)]))
        .await?;
    sqlx::query(ENTRIES).bind(size).execute(&pool).await?;
    sqlx::query(ABOUT).execute(&pool).await?;
    sqlx::query("VACUUM ANALYZE audit_entry").execute(&pool).await?;
    sqlx::query("VACUUM ANALYZE audit_about").execute(&pool).await?;
    pool.close().await;
    Ok(())
}

/// A connection that asks the same again and again.
struct Reader {
    connection: Connection,
    body: String,
}

impl Client for Reader {
    async fn step(&mut self) -> Result<()> {
        let answer = self.connection.post(&self.body).await?;
        ensure!(answer["data"]["auditEntries"]["nodes"].is_array(), "{answer}");
        Ok(())
    }
}
