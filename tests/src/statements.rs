//! How many statements each request sends to Postgres, told apart by the name of the request.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{
    Layer,
    filter::filter_fn,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
    util::SubscriberInitExt,
};

/// Where sqlx tells of each statement.
const STATEMENTS: &str = "sqlx::query";
/// The span of a request.
const REQUEST: &str = "request";

static COUNTED: LazyLock<Statements> = LazyLock::new(|| {
    let statements = Statements::default();
    let wanted = |it: &Metadata<'_>| it.target() == STATEMENTS || (it.is_span() && it.name() == REQUEST);
    let counting = statements.clone().with_filter(filter_fn(wanted));
    let started = tracing_subscriber::registry().with(counting).try_init();
    assert!(
        started.is_ok(),
        "somebody else follows the traces of this process already"
    );
    statements
});

/// The statements of all requests of this process, from the first look on.
#[derive(Debug, Clone, Default)]
pub struct Statements(Arc<Mutex<HashMap<String, Vec<String>>>>);

impl Statements {
    /// Begins to count, unless that has begun.
    pub fn count() -> &'static Self {
        &COUNTED
    }

    /// The first words of each statement of a request, in their order.
    pub fn of(&self, request_id: &str) -> Vec<String> {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.get(request_id).cloned().unwrap_or_default()
    }
}

/// The name of the request, kept with its span.
struct Name(String);

/// One text field.
struct Text(&'static str, String);

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == self.0 {
            value.clone_into(&mut self.1);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Statements {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut name = Text("id", String::new());
        attributes.record(&mut name);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Name(name.1));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut summary = Text("summary", String::new());
        event.record(&mut summary);
        let spans = context.event_scope(event).into_iter().flatten();
        let mut names = spans.filter_map(|it| it.extensions().get::<Name>().map(|it| it.0.clone()));
        if let Some(name) = names.next() {
            let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            counted.entry(name).or_default().push(summary.1);
        }
    }
}
