//! What is known of a ticket, under the names that templates have for it.

use std::collections::BTreeMap;

use domain::{
    actor::{Actor, ActorKind},
    ids::TicketId,
    organisation::{Branch, Category, Inbox, VARIABLES, filled, places},
    ticket::Ticket,
};

use super::words;
use crate::{CommandError, Handler, reception::Newcomer};

/// What is put in the places of a template. What is not known is absent.
#[derive(Debug, Clone, Default)]
pub struct Values(BTreeMap<String, String>);

/// A template with its places filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The text; places of what is not known are empty.
    pub text: String,
    /// Names of the places of which nothing is known, in their order.
    pub missing: Vec<String>,
}

impl Values {
    /// What is put in the place of this name.
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// Fills a template.
    pub fn fill(&self, template: &str) -> Filled {
        let missing = places(template).into_iter().filter(|it| !self.0.contains_key(*it));
        Filled {
            missing: missing.map(str::to_owned).collect(),
            text: filled(template, |name| self.get(name)),
        }
    }

    /// The same with what somebody says of it; names that no template knows are left out.
    #[must_use]
    pub fn with(mut self, given: &BTreeMap<String, String>) -> Self {
        let known = given.iter().filter(|it| VARIABLES.contains(&it.0.as_str()));
        self.0.extend(known.map(|(name, value)| (name.clone(), value.clone())));
        self
    }

    fn put(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value.filter(|it| !it.trim().is_empty()) {
            self.0.insert(name.to_owned(), value);
        }
    }
}

impl Handler {
    /// What is known of a ticket, for a text that `author` writes.
    pub(crate) async fn values(
        &self,
        id: TicketId,
        newcomer: &Newcomer,
        author: &Actor,
        russian: bool,
    ) -> Result<Values, CommandError> {
        let ticket = &newcomer.ticket;
        let mut values = Values::default();
        values.put("ticket.number", Some(newcomer.number.to_string()));
        values.put("ticket.subject", ticket.subject.clone());
        values.put(
            "ticket.priority",
            Some(words::priority(ticket.priority, russian).to_owned()),
        );
        values.put(
            "ticket.status",
            Some(words::status(ticket.status.category(), russian).to_owned()),
        );
        values.put(
            "estimate",
            ticket.estimate.as_ref().map(|it| words::instant(it.eta, russian)),
        );
        let promise = ticket.promise.map(|it| words::within(it.from_s, it.within_s, russian));
        values.put("promise", promise);
        let customer = self.customer(ticket).await?;
        values.put(
            "contact.name",
            customer.and_then(|it| it.profile).and_then(|it| it.name),
        );
        values.put("agent.name", self.name_of(author).await?);
        self.put_places(&mut values, ticket, russian).await?;
        tracing::trace!(ticket = %id, "what is known of it was gathered");
        Ok(values)
    }

    async fn put_places(&self, values: &mut Values, ticket: &Ticket, russian: bool) -> Result<(), CommandError> {
        if let Some((key, _)) = &ticket.category {
            let category = self.glance::<Category>(Category::id_of(key)).await?.state;
            let name = category.map(|it| it.definition.name.text(russian).to_owned());
            values.put("category.name", name.or_else(|| Some(key.clone())));
        }
        if let Some(id) = ticket.place.inbox_id {
            let inbox = self.glance::<Inbox>(id).await?.state;
            values.put("inbox.name", inbox.map(|it| it.definition.name));
        }
        if let Some(id) = ticket.place.branch_id {
            let branch = self.glance::<Branch>(id).await?.state;
            values.put("branch.name", branch.map(|it| it.definition.name));
        }
        Ok(())
    }

    async fn name_of(&self, author: &Actor) -> Result<Option<String>, CommandError> {
        match (author.kind, author.id.parse()) {
            (ActorKind::Agent, Ok(id)) => Ok(self.user(id).await?.and_then(|it| it.name)),
            _ => Ok(None),
        }
    }

    /// Whether texts to the customer of a ticket are Russian: by their profile, else by the alphabet of the subject.
    pub(crate) async fn is_russian(&self, ticket: &Ticket) -> Result<bool, CommandError> {
        let locale = self
            .customer(ticket)
            .await?
            .and_then(|it| it.profile)
            .and_then(|it| it.locale);
        if let Some(locale) = locale {
            return Ok(locale
                .split(['-', '_'])
                .next()
                .is_some_and(|it| it.eq_ignore_ascii_case("ru")));
        }
        let is_cyrillic = |it: char| matches!(it, 'а'..='я' | 'А'..='Я' | 'ё' | 'Ё');
        let latin_only = |it: &String| !it.contains(is_cyrillic) && it.contains(|it: char| it.is_ascii_alphabetic());
        Ok(!ticket.subject.as_ref().is_some_and(latin_only))
    }
}
