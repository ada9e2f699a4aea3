//! What frontends read most, through GraphQL and through a bare handler that runs the same statements.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use anyhow::{Context, Result, ensure};
use axum::{Json, Router, extract::State, routing::post};
use commands::{Command, Request, authorize_in};
use domain::{
    access::{Place, Rights},
    ids::CommandId,
    ticket::TicketCommand,
};
use projections::{
    TicketRow, contact_card,
    list::page::{PageRequest, complete, page},
    organisation, people, registry, search_path,
    ticket_list::{self, filter::Condition},
};
use serde_json::{Value, json};
use sqlx::{PgPool, postgres::PgPoolOptions};
use tests::{App, KEY};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::{
    database::remove,
    http::Connection,
    limits::Limits,
    load::{Client, drive},
    report::{Aim, progress},
    settings::{Section, Settings},
};

const TICKETS: usize = 500;
const PAGE: usize = 50;
const CATEGORIES: [&str; 3] = ["mail", "print", "network"];
/// Connections at a time.
const CONNECTIONS: [usize; 2] = [1, 32];
const BARE: &str = "bare handler";
/// Calls of the table of rights that are timed together.
const LOOKS: u32 = 100_000;

const BY_ID: &str =
    "query($id: ID!) { ticket(id: $id) { id number subject status priority version openedAt updatedAt } }";
const LIST: &str = "{ tickets(first: 50) { nodes { id number subject status priority version openedAt updatedAt
    assignee { id name } category { id name { ru } } contact { id name } } } }";

pub(crate) async fn measure(settings: &Settings, limits: &mut Limits<'_>) -> Result<()> {
    let app = App::start().await?;
    let ids = fill(&app).await?;
    let pool = connect(&app).await?;
    let bare = bare(pool.clone()).await?;
    let address = app.client.base.trim_start_matches("http://").parse()?;
    let one = json!({"query": BY_ID, "variables": {"id": ids[0]}}).to_string();
    let list = json!({"query": LIST}).to_string();
    let cases = [
        (
            "one ticket by id",
            "/ticket",
            one,
            json!({"id": ids[0]}).to_string(),
            0.65,
        ),
        (
            "a page of 50 with assignee, category, contact",
            "/tickets",
            list,
            "{}".to_owned(),
            0.75,
        ),
    ];
    for connections in CONNECTIONS {
        for (name, path, query, asked, least) in &cases {
            progress(&format!("{name} at {connections}"));
            let plain = readers(bare, path, asked, connections).await?;
            let plain = drive(plain, settings.window).await?;
            let whole = readers(address, "/graphql", query, connections).await?;
            let whole = drive(whole, settings.window).await?;
            let row = |what: &str| format!("{name}, {what} at {connections:>2}");
            limits.report.row(Section::Reads, &row(BARE), "reads/s").figures(plain);
            limits
                .report
                .row(Section::Reads, &row("GraphQL"), "reads/s")
                .figures(whole)
                .ratio(BARE, whole.rate / plain.rate)
                .aim(Aim::Ratio {
                    least: *least,
                    of: BARE,
                    value: plain.rate * least,
                });
        }
    }
    crate::travel::measure(&app, address, settings, limits).await?;
    authorization(limits)?;
    pool.close().await;
    let (_folder, url) = app.stop().await?;
    remove(&url.parse()?).await
}

/// The table of rights alone, for somebody with a right in one branch.
fn authorization(limits: &mut Limits<'_>) -> Result<()> {
    let mut rights = Rights::default();
    let branch = Uuid::from_u128(7);
    rights.grant(
        [domain::access::Permission::TicketsWrite],
        domain::access::Scope::Branch(branch),
    );
    let command = Command::Ticket(
        domain::ids::TicketId::opened_by(CommandId(Uuid::nil())),
        TicketCommand::Start,
    );
    let request = Request {
        command_id: CommandId(Uuid::nil()),
        command,
        actor: domain::actor::Actor::new(domain::actor::ActorKind::Agent, "7"),
        expected_version: None,
        traceparent: None,
    };
    let place = Place {
        branch: Some(branch),
        ..Place::default()
    };
    let began = Instant::now();
    for _ in 0..LOOKS {
        commands::authorize(&rights, &request)?;
        authorize_in(&rights, std::hint::black_box(&request.command), &place)?;
    }
    limits
        .report
        .row(Section::Reads, "authorization of a command", "µs")
        .value(began.elapsed().as_secs_f64() * 1e6 / f64::from(LOOKS))
        .aim(Aim::AtMost(20.0));
    Ok(())
}

/// Tickets of ten contacts and three categories; their ids.
async fn fill(app: &App) -> Result<Vec<Value>> {
    let category = "mutation($i: CreateCategoryInput!) { createCategory(input: $i) { userErrors { code } } }";
    for key in CATEGORIES {
        let definition = json!({"key": key, "name": {"ru": key, "en": key}});
        let input = json!({"idempotencyKey": key, "definition": definition});
        let made = app.client.data(category, json!({"i": input})).await?;
        ensure!(made["createCategory"]["userErrors"] == json!([]), "{made}");
    }
    let contact = "mutation($i: CreateContactInput!) { createContact(input: $i) { contact { id } } }";
    let mut contacts = Vec::new();
    for number in 0..10 {
        let input = json!({"idempotencyKey": format!("c{number}"), "name": format!("Клиент {number}")});
        let made = app.client.data(contact, json!({"i": input})).await?;
        contacts.push(made["createContact"]["contact"]["id"].clone());
    }
    let open = "mutation($i: OpenTicketInput!) { openTicket(input: $i) { ticket { id } } }";
    let mut ids = Vec::new();
    for number in 0..TICKETS {
        let category = CATEGORIES[number % CATEGORIES.len()];
        let input = json!({
            "idempotencyKey": format!("t{number}"), "subject": crate::workload::SUBJECT,
            "categoryId": category, "contactId": contacts[number % contacts.len()],
        });
        let made = app.client.data(open, json!({"i": input})).await?;
        ids.push(made["openTicket"]["ticket"]["id"].clone());
    }
    Ok(ids)
}

async fn connect(app: &App) -> Result<PgPool> {
    let options: sqlx::postgres::PgConnectOptions = app.database_url.parse()?;
    let options = options.options([("search_path", search_path(&registry()))]);
    let pool = PgPoolOptions::new().max_connections(16).test_before_acquire(false);
    Ok(pool.connect_with(options).await?)
}

/// The bare handler, listening.
async fn bare(pool: PgPool) -> Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let routes = Router::new()
        .route("/ticket", post(one))
        .route("/tickets", post(many))
        .with_state(Arc::new(pool));
    // It ends with this process.
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(address)
}

async fn one(State(pool): State<Arc<PgPool>>, Json(asked): Json<Value>) -> Json<Value> {
    let id = asked["id"].as_str().and_then(plain_id).unwrap_or_default();
    let rows = ticket_list::by_ids(&pool, &[id]).await.unwrap_or_default();
    Json(json!({ "ticket": rows.first().map(shown) }))
}

async fn many(State(pool): State<Arc<PgPool>>) -> Json<Value> {
    Json(tickets(&pool).await.unwrap_or_default())
}

async fn tickets(pool: &PgPool) -> Result<Value> {
    let request = PageRequest {
        condition: Condition::And(Vec::new()),
        order: complete(Vec::new()),
        after: None,
        before: None,
        limit: 51,
        from_end: false,
    };
    let rows: Vec<TicketRow> = page(pool, &request).await?;
    let mut contacts: Vec<Uuid> = rows.iter().filter_map(|it| it.contact_id).collect();
    contacts.sort_unstable();
    contacts.dedup();
    let mut agents: Vec<Uuid> = rows.iter().filter_map(|it| it.assignee_id).collect();
    agents.sort_unstable();
    let mut items: Vec<Uuid> = rows
        .iter()
        .filter_map(|it| Some(domain::organisation::Category::id_of(it.category_id.as_deref()?)))
        .collect();
    items.sort_unstable();
    items.dedup();
    let items = organisation::by_ids(pool, &items).await?;
    if !agents.is_empty() {
        people::by_ids(pool, &agents).await?;
    }
    let cards = contact_card::as_shown(pool, &contacts).await?;
    contact_card::handles(pool, &contacts).await?;
    let nodes: Vec<Value> = rows
        .iter()
        .take(PAGE)
        .map(|row| {
            let mut node = shown(row);
            let card = cards.iter().find(|it| Some(it.contact_id) == row.contact_id);
            let key = row.category_id.as_deref().map(domain::organisation::Category::id_of);
            let item = items.iter().find(|it| Some(it.id) == key);
            node["contact"] = json!(card.map(|it| json!({"id": it.contact_id, "name": it.name})));
            node["category"] = json!(item.map(|it| json!({"id": it.id, "name": it.name})));
            node["assignee"] = Value::Null;
            node
        })
        .collect();
    Ok(json!({ "nodes": nodes }))
}

fn shown(row: &TicketRow) -> Value {
    json!({
        "id": row.ticket_id, "number": row.number, "subject": row.subject, "status": row.status,
        "priority": row.priority, "version": row.version, "openedAt": row.opened_at, "updatedAt": row.updated_at,
    })
}

/// The uuid in a global id.
fn plain_id(id: &str) -> Option<Uuid> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(id).ok()?).ok()?;
    text.split_once(':')?.1.parse().ok()
}

pub(crate) async fn readers(address: SocketAddr, path: &str, body: &str, connections: usize) -> Result<Vec<Reader>> {
    let mut readers = Vec::with_capacity(connections);
    for _ in 0..connections {
        readers.push(Reader {
            connection: Connection::open(address, path, KEY).await?,
            body: body.to_owned(),
        });
    }
    Ok(readers)
}

/// Reads the same again and again.
pub(crate) struct Reader {
    connection: Connection,
    body: String,
}

impl Client for Reader {
    async fn step(&mut self) -> Result<()> {
        let answer = self.connection.post(&self.body).await?;
        ensure!(answer.get("errors").is_none(), "{answer}");
        answer.as_object().context("an object")?;
        Ok(())
    }
}
