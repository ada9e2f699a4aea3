//! Subscriptions that ask the same are worked out once: one execution for all of them, and each response is text when
//! it is handed to the sockets. Thousands of screens show the same few lists.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use async_graphql::{
    Request, Variables,
    parser::types::{ExecutableDocument, Selection},
};

use futures_util::{Stream, StreamExt};
use projections::{Turn, ticket_list::filter::Condition};
use tokio::sync::{
    broadcast::{self, error::RecvError},
    mpsc,
};
use tokio_util::task::AbortOnDropHandle;

use super::{Ready, operation::Answer};
use crate::{
    graphql::{Caller, Source},
    looks::Shown,
    watch::{Changes, Watch, Wish},
};

/// Responses kept for sockets that are a little slow.
const RESPONSES_AHEAD: usize = 1024;

/// A subscription as it was asked for.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Equal for all whose responses are equal, wherever each of them begins.
    key: String,
    query: String,
    document: Option<ExecutableDocument>,
    operation_name: Option<String>,
    variables: Variables,
    caller: Caller,
}

impl Asked {
    pub(super) fn new(request: &mut Request, caller: &Caller) -> Self {
        let document = request.parsed_query().ok().cloned();
        let beginning = document.as_ref().and_then(|it| beginning(it, &request.query));
        let mut others = request.variables.clone();
        if let Some(beginning) = beginning {
            others.remove(beginning);
        }
        let key = format!(
            "{:?}",
            (
                &request.query,
                &request.operation_name,
                others,
                &caller.viewer,
                caller.language
            )
        );
        Self {
            key,
            query: request.query.clone(),
            document,
            operation_name: request.operation_name.clone(),
            variables: request.variables.clone(),
            caller: caller.clone(),
        }
    }

    /// The changes as this subscription shows them.
    fn answers(&self, ready: &Ready, changes: Changes) -> impl Stream<Item = Arc<Answer>> + Send + 'static {
        let mut request = Request::new(self.query.clone()).variables(self.variables.clone());
        request.operation_name.clone_from(&self.operation_name);
        if let Some(document) = &self.document {
            request.set_parsed_query(document.clone());
        }
        let language = self.caller.language;
        let shown = Shown::default();
        let request = request.data(self.caller.clone()).data(Source::new(changes));
        let responses = ready.schema.execute_stream(request.data(shown.clone()));
        let (parts, viewer) = (ready.parts.clone(), self.caller.viewer.clone());
        // All who share it are the same reader.
        responses.then(move |it| {
            let (parts, viewer, shown) = (parts.clone(), viewer.clone(), shown.clone());
            async move {
                parts.looks.record(&parts.handler, &viewer, &shown).await;
                Arc::new(Answer::of(it, language))
            }
        })
    }
}

/// The variable that says after which position to begin, if it says nothing else: its name then stands twice in the
/// text, where it is declared and where it is used.
fn beginning<'a>(document: &ExecutableDocument, text: &'a str) -> Option<&'a str> {
    let mut operations = document.operations.iter().map(|(_, operation)| &operation.node);
    operations.find_map(|operation| {
        operation.selection_set.node.items.iter().find_map(|selection| {
            let Selection::Field(field) = &selection.node else {
                return None;
            };
            // As it is written: a variable begins with `$`, and no other value does.
            let written = field.node.get_argument("after")?.node.to_string();
            let mut places = text.match_indices(&written);
            let (at, _) = places.next().filter(|_| written.starts_with('$'))?;
            (places.count() == 1).then(|| &text[at + 1..at + written.len()])
        })
    })
}

/// A response, and how far it brings whoever gets it.
#[derive(Debug, Clone)]
struct Told {
    turn: Turn,
    answer: Arc<Answer>,
}

/// The running feeds.
#[derive(Debug, Default)]
pub struct Feeds(Mutex<HashMap<String, Weak<Feed>>>);

impl Feeds {
    /// Joins those who ask the same.
    pub(super) fn join(&self, ready: &Ready, asked: Asked, wish: &Wish) -> Subscriber {
        let mut feeds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let running = feeds.get(&asked.key).and_then(Weak::upgrade);
        let feed = running.unwrap_or_else(|| {
            feeds.retain(|_, it| it.strong_count() > 0);
            let key = asked.key.clone();
            let feed = Arc::new(Feed::start(ready.clone(), asked, wish.condition.clone()));
            feeds.insert(key, Arc::downgrade(&feed));
            feed
        });
        drop(feeds);
        // In this order: what the table does not show yet is told later.
        let told = feed.told.subscribe();
        let past = feed.past(wish.after);
        Subscriber {
            feed,
            told,
            last: wish.after,
            past: Some(past),
        }
    }
}

/// One execution for all who ask the same; ends with the last of them.
struct Feed {
    ready: Ready,
    asked: Asked,
    condition: Condition,
    told: broadcast::Sender<Told>,
    _running: AbortOnDropHandle<()>,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed")
            .field("asked", &self.asked)
            .finish_non_exhaustive()
    }
}

impl Feed {
    fn start(ready: Ready, asked: Asked, condition: Condition) -> Self {
        let live = ready.parts.live.clone();
        let changes = live.changes();
        // What is older was there to be read from the table before anybody joined.
        let after = live.end();
        let wish = Wish {
            after,
            condition: condition.clone(),
        };
        let watch = Watch::new(live, wish);
        let reached = watch.reached();
        let answers = asked.answers(&ready, watch.live(changes));
        let (told, _) = broadcast::channel(RESPONSES_AHEAD);
        let sender = told.clone();
        let running = tokio::spawn(async move {
            let mut answers = std::pin::pin!(answers);
            while let Some(answer) = answers.next().await {
                let turn = reached.turn();
                // The last of those who asked may just have gone.
                drop(sender.send(Told { turn, answer }));
            }
        });
        Self {
            ready,
            asked,
            condition,
            told,
            _running: AbortOnDropHandle::new(running),
        }
    }

    /// Reads the table from `after` to its end for one subscriber, one response ahead of its socket.
    fn past(&self, after: Turn) -> Past {
        let condition = self.condition.clone();
        let watch = Watch::new(self.ready.parts.live.clone(), Wish { after, condition });
        let reached = watch.reached();
        let answers = self.asked.answers(&self.ready, watch.past());
        let (sender, told) = mpsc::channel(1);
        let reading = tokio::spawn(async move {
            let mut answers = std::pin::pin!(answers);
            while let Some(answer) = answers.next().await {
                let turn = reached.turn();
                if sender.send(Told { turn, answer }).await.is_err() {
                    break;
                }
            }
            reached.turn()
        });
        Past {
            told,
            reading: AbortOnDropHandle::new(reading),
        }
    }
}

/// Changes that were there before a subscriber, or that it was too slow for.
///
/// A task of its own, so that what a response needs (a connection to Postgres) is given back although the socket takes
/// nothing more.
#[derive(Debug)]
struct Past {
    told: mpsc::Receiver<Told>,
    /// How far it has come in the end.
    reading: AbortOnDropHandle<Turn>,
}

/// One subscriber's way: first out of the table, then with the others, and back when it was too slow.
#[derive(Debug)]
pub(super) struct Subscriber {
    feed: Arc<Feed>,
    told: broadcast::Receiver<Told>,
    /// The last change delivered or passed over.
    last: Turn,
    past: Option<Past>,
}

impl Subscriber {
    pub(super) async fn next(&mut self) -> Option<Arc<Answer>> {
        loop {
            if let Some(past) = &mut self.past {
                if let Some(told) = past.told.recv().await {
                    self.last = told.turn;
                    return Some(told.answer);
                }
                self.last = (&mut past.reading).await.ok()?;
                self.past = None;
            }
            match self.told.recv().await {
                Ok(told) if told.turn <= self.last => {}
                Ok(told) => {
                    self.last = told.turn;
                    return Some(told.answer);
                }
                Err(RecvError::Lagged(_)) => self.past = Some(self.feed.past(self.last)),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    fn begins(text: &str) -> Option<&str> {
        beginning(&parse_query(text).unwrap(), text)
    }

    #[test]
    fn variable_that_only_says_where_to_begin_divides_nobody() {
        let text = "subscription($from: Position) { ticketChanged(after: $from) { position } }";
        assert_eq!(begins(text), Some("from"));
    }

    #[test]
    fn variable_that_says_something_else_too_divides() {
        for text in [
            "subscription($c: String) { ticketChanged { ticket { history(first: 1, after: $c) { totalCount } } } }",
            "subscription($c: X) { ticketChanged(after: $c) { ticket { history(after: $c) { totalCount } } } }",
            "subscription { ticketChanged(after: \"5\") { position } }",
            "subscription { ticketChanged { position } }",
            "query { tickets(after: 5) { totalCount } }",
        ] {
            assert_eq!(begins(text), None, "{text}");
        }
    }
}
