//! The GraphQL schema: what frontends ask, tell and watch.

mod audit;
mod builds;
mod bulk;
mod classifier;
mod connection;
mod contacts;
mod conversation;
mod cursor;
mod estimates;
mod files;
mod filter;
mod history;
mod idempotency;
pub(crate) mod ids;
mod input;
mod life;
pub(crate) mod measure;
mod mutation;
mod node;
mod order;
mod organisation;
mod payload;
mod people;
mod privacy;
mod query;
mod reasons;
mod related;
mod scripts;
mod search;
mod sight;
mod statistics;
mod subscription;
mod ticket;
mod travel;
mod views;
mod what_if;
mod words;

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use async_graphql::{Context, Error, MergedObject, Result, Schema, parser::types::Selection};
use audit::AuditQuery;
pub(crate) use audit::{AuditFilter, PlainEntry, PlainValue};
pub(crate) use bulk::refused as bulk_problem;
use bulk::{BulkMutation, BulkQuery};
pub(crate) use classifier::refused as classifier_problem;
use classifier::{ClassifierMutation, ClassifierQuery};
use commands::{Handler, Read, permit, reads};
use contacts::{ContactsMutation, ContactsQuery};
use conversation::ConversationMutation;
pub(crate) use conversation::refused as message_problem;
use domain::{access::Permission, reading::Exposed};
use estimates::EstimatesQuery;
use event_store::{EventLog, Vault};
use files::FilesMutation;
pub(crate) use files::attachment_id;
pub use ids::LogPosition;
use life::{LifeMutation, TrackedMutation, TrackedQuery};
use mutation::Mutation;
use organisation::{OrganisationMutation, OrganisationQuery};
use people::{DoorMutation, PeopleMutation, PeopleQuery, RefusalsQuery, VisitorMutation};
use privacy::{PrivacyMutation, PrivacyQuery};
pub(crate) use privacy::{person_id, refused as privacy_problem};
use query::Query;
pub(crate) use scripts::macro_problem;
use scripts::{ScriptsMutation, ScriptsQuery};
use search::SearchQuery;
use sqlx::PgPool;
use statistics::StatisticsQuery;
use subscription::Subscription;
pub(crate) use subscription::{Entrance, Source};
use travel::DiffQuery;
use uuid::Uuid;
pub(crate) use views::refused as view_problem;
use views::{ViewsMutation, ViewsQuery};
pub(crate) use what_if::refused as what_if_problem;
use what_if::{WhatIfMutation, WhatIfQuery};
pub(crate) use words::{Hold, Resolution, Sort, Status, Urgency};

use crate::{
    auth::{Door, Viewer},
    beginning::Beginning,
    counts::Counts,
    export::Exports,
    files::Files,
    geo::Geo,
    live::Live,
    looks::{Looks, Shown},
    observatory::Observatory,
    problem::{Language, Problem, internal},
    tickets::Tickets,
};

/// Nesting of fields; introspection by tools needs 13.
pub(crate) const DEPTH: usize = 20;
/// Fields of one request, each connection counted times its page.
pub(crate) const COMPLEXITY: u32 = 20_000;

/// What can be asked.
#[derive(Debug, MergedObject)]
#[graphql(name = "Query")]
pub struct Queries(
    Query,
    ContactsQuery,
    OrganisationQuery,
    ScriptsQuery,
    ClassifierQuery,
    EstimatesQuery,
    PeopleQuery,
    StatisticsQuery,
    RefusalsQuery,
    SearchQuery,
    TrackedQuery,
    ViewsQuery,
    BulkQuery,
    AuditQuery,
    PrivacyQuery,
    DiffQuery,
    WhatIfQuery,
);

/// What can be told.
#[derive(Debug, MergedObject)]
#[graphql(name = "Mutation")]
pub struct Mutations(
    Mutation,
    ContactsMutation,
    OrganisationMutation,
    PeopleMutation,
    DoorMutation,
    VisitorMutation,
    ConversationMutation,
    ScriptsMutation,
    ClassifierMutation,
    LifeMutation,
    TrackedMutation,
    FilesMutation,
    ViewsMutation,
    BulkMutation,
    PrivacyMutation,
    WhatIfMutation,
);

/// The schema with everything its resolvers need.
pub type ApiSchema = Schema<Queries, Mutations, Subscription>;

/// What resolvers work with.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Carries out commands.
    pub handler: Arc<Handler>,
    /// What the read models are made of, for the reader who cannot wait for them.
    pub log: EventLog,
    /// Opens personal data of events.
    pub vault: Vault,
    /// Holds the read models.
    pub pool: PgPool,
    /// Days after a request a person's data is erased, unless the request says when.
    pub erasure_waiting_days: u32,
    /// Reads single tickets.
    pub tickets: Tickets,
    /// Tells where the history begins.
    pub beginning: Beginning,
    /// Tells how many tickets there are.
    pub counts: Counts,
    /// Tells what changes.
    pub live: Live,
    /// Tells how the read models are doing.
    pub observatory: Observatory,
    /// Tells where addresses are.
    pub geo: Geo,
    /// Lets people in.
    pub(crate) door: Arc<Door>,
    /// Takes and gives the bytes of files.
    pub(crate) files: Files,
    /// Records who was shown what.
    pub(crate) looks: Looks,
    /// Makes packages of what leaves the server.
    pub(crate) exports: Exports,
}

/// The schema over `parts`.
pub fn schema(parts: Parts) -> ApiSchema {
    builder().data(parts).finish()
}

/// The schema as text, as `api/schema.graphql` keeps it.
pub fn sdl() -> String {
    builder().finish().sdl()
}

fn builder() -> async_graphql::SchemaBuilder<Queries, Mutations, Subscription> {
    let queries = Queries(
        Query,
        ContactsQuery,
        OrganisationQuery,
        ScriptsQuery,
        ClassifierQuery,
        EstimatesQuery,
        PeopleQuery,
        StatisticsQuery,
        RefusalsQuery,
        SearchQuery,
        TrackedQuery,
        ViewsQuery,
        BulkQuery,
        AuditQuery,
        PrivacyQuery,
        DiffQuery,
        WhatIfQuery,
    );
    let mutations = Mutations(
        Mutation,
        ContactsMutation,
        OrganisationMutation,
        PeopleMutation,
        DoorMutation,
        VisitorMutation,
        ConversationMutation,
        ScriptsMutation,
        ClassifierMutation,
        LifeMutation,
        TrackedMutation,
        FilesMutation,
        ViewsMutation,
        BulkMutation,
        PrivacyMutation,
        WhatIfMutation,
    );
    Schema::build(queries, mutations, Subscription)
        .limit_depth(DEPTH)
        .limit_complexity(COMPLEXITY as usize)
}

/// What a request brings beside its operation.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who asks.
    pub viewer: Viewer,
    /// In which language it wants texts.
    pub language: Language,
    /// W3C trace context, if sent.
    pub traceparent: Option<String>,
    /// Program it comes with, for the record of sessions.
    pub client: String,
}

/// What a request carries on its way in, whoever sent it.
#[derive(Debug, Clone)]
pub struct Call {
    /// Names the request in its response and in the log.
    pub id: Arc<str>,
    /// Where it comes from.
    pub address: std::net::IpAddr,
    /// The header `Idempotency-Key`, as it came.
    pub idempotency_key: Option<Box<[u8]>>,
    /// Whether it came in a way in which changes come: not by GET, which browsers and caches repeat as they like.
    pub may_change: bool,
    /// How many tries were not let in, until they are counted.
    pub failed: Arc<AtomicU32>,
    /// What was refused for want of a right, until that is on record.
    pub denied: Arc<Mutex<BTreeSet<(String, Permission)>>>,
    /// What personal data was shown, until that is on record.
    pub(crate) shown: Shown,
}

impl Call {
    /// Notes that a field was refused for want of a right.
    pub(crate) fn deny(&self, field: &str, missing: Permission) {
        let mut denied = self.denied.lock().unwrap_or_else(PoisonError::into_inner);
        denied.insert((field.to_owned(), missing));
    }

    /// Takes what was refused since.
    pub(crate) fn denied(&self) -> BTreeSet<(String, Permission)> {
        std::mem::take(&mut *self.denied.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes that a password or a code did not fit, so that whoever guesses waits.
    pub(crate) fn fail(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes how many did not fit since.
    pub(crate) fn failures(&self) -> u32 {
        self.failed.swap(0, Ordering::Relaxed)
    }
}

fn parts<'a>(ctx: &Context<'a>) -> Result<&'a Parts> {
    ctx.data::<Parts>()
        .map_err(|error| internal(&error.message).into_error(Language::English))
}

fn caller<'a>(ctx: &Context<'a>) -> Result<&'a Caller> {
    let unknown = || Problem::new("UNAUTHENTICATED", "нужен ключ API", "an API key is needed");
    ctx.data::<Caller>()
        .map_err(|_absent| unknown().into_error(Language::English))
}

/// Refuses who may not see this.
fn may_see(ctx: &Context<'_>, needed: Permission) -> Result<()> {
    let rights = &caller(ctx)?.viewer.rights;
    permit(rights, needed).map_err(|forbidden| problem(ctx, Problem::forbidden(forbidden.0)))
}

/// Refuses who may not read this.
fn may_read(ctx: &Context<'_>, read: Read) -> Result<()> {
    may_see(ctx, reads(read))
}

/// What somebody forgets who sends the header.
const LOOKING_ON: (&str, &str) = (
    "; с заголовком Letopis-Read-Only ничего не меняется",
    "; with the header Letopis-Read-Only nothing is changed",
);

fn problem(ctx: &Context<'_>, problem: Problem) -> Error {
    if let (Some(missing), Some(call)) = (problem.missing, ctx.data_opt::<Call>()) {
        call.deny(ctx.field().name(), missing);
    }
    let caller = ctx.data::<Caller>().ok();
    let looks_on = caller.is_some_and(|it| it.viewer.read_only) && problem.missing.is_some();
    let problem = if looks_on { problem.but(LOOKING_ON) } else { problem };
    problem.into_error(caller.map(|it| it.language).unwrap_or_default())
}

fn postgres(ctx: &Context<'_>, error: &sqlx::Error) -> Error {
    problem(ctx, internal(error))
}

/// Notes that personal data is shown: it is on record before the answer goes out.
fn shows(ctx: &Context<'_>, what: Exposed, id: Uuid) {
    if let Some(shown) = ctx.data_opt::<Shown>() {
        shown.note(what, id, || asked(ctx));
    }
}

/// The fields at the top of the operation at hand.
fn asked(ctx: &Context<'_>) -> BTreeSet<String> {
    let selections = &ctx.query_env.operation.node.selection_set.node.items;
    let names = selections.iter().filter_map(|it| match &it.node {
        Selection::Field(field) => Some(field.node.name.node.to_string()),
        Selection::FragmentSpread(_) | Selection::InlineFragment(_) => None,
    });
    names.collect()
}

/// Waits until reads show `min_position`; whether they do not.
async fn stale(ctx: &Context<'_>, min_position: Option<LogPosition>) -> Result<bool> {
    match min_position {
        Some(LogPosition(turn)) => {
            let position = turn.shown_at();
            // A ticket brings its history and its messages along, which are other read models than the list.
            let live = &parts(ctx)?.live;
            let (list, history, messages) = tokio::join!(
                live.shows(position),
                live.reached(projections::ticket_history::NAME, position),
                live.reached(projections::message::NAME, position)
            );
            Ok(!(list && history && messages))
        }
        None => Ok(false),
    }
}
