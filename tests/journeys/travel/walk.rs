//! A random walk through a desk: the same in every run, by a clock that moves with each step.

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use commands::Clock;
use serde_json::{Value, json};
use tests::{App, Client};

use super::cut::still;
use crate::{
    contacts::{self, email},
    conversation,
    organisation::{made, tell as configure},
};

/// Pseudo-random numbers that are the same in every run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        // Knuth's linear congruence; its upper bits are random enough to choose steps.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % sides.max(1)
    }

    pub(super) fn one<'a, T>(&mut self, of: &'a [T]) -> Result<&'a T> {
        of.get(self.roll(of.len())).context("nothing to choose from")
    }
}

const AGENTS: [&str; 2] = [
    "00000000-0000-4000-8000-000000000001",
    "00000000-0000-4000-8000-000000000002",
];
const CATEGORIES: [&str; 2] = ["mail", "vpn"];

/// A desk, and what there is to change in it.
pub(super) struct Desk {
    pub(super) app: App,
    pub(super) clock: Clock,
    pub(super) dice: Dice,
    pub(super) tickets: Vec<String>,
    pub(super) contacts: Vec<String>,
    messages: Vec<(String, String)>,
    branches: Vec<String>,
    tags: Vec<String>,
    label: String,
    field: String,
    organization: String,
    view: String,
}

impl Desk {
    /// A desk that is set up, a minute for each thing.
    pub(super) async fn open(seed: u64) -> Result<Self> {
        let clock = Clock::manual("2026-11-21T08:00:00Z".parse()?);
        let app = App::start_with_at(clock.clone(), still).await?;
        let client = app.client.clone();
        let mut branches = Vec::new();
        for name in ["Казань", "Астана"] {
            let definition = json!({"name": name, "timeZone": "Europe/Moscow"});
            branches.push(made(&client, "Branch", name, definition).await?);
            clock.advance(TimeDelta::minutes(1));
        }
        for key in CATEGORIES {
            let definition = json!({"key": key, "name": {"ru": format!("О {key}"), "en": format!("About {key}")}});
            made(&client, "Category", key, definition).await?;
            clock.advance(TimeDelta::minutes(1));
        }
        let mut tags = Vec::new();
        for name in ["VIP", "срочно"] {
            tags.push(made(&client, "Tag", name, json!({"name": name})).await?);
        }
        let label = json!({"label": {"ru": "У юриста"}, "category": "OPEN", "order": 1, "isDefault": false});
        let label = made(&client, "StatusLabel", "label", label).await?;
        let field =
            json!({"key": "order", "label": {"en": "Order"}, "appliesTo": "TICKET", "type": "TEXT", "maxLength": 50});
        let field = made(&client, "CustomField", "order", field).await?;
        let query = "mutation { it: createOrganization(input: {idempotencyKey: \"o\", name: \"Ромашка\"}) {
            organization { id } userErrors { code } } }";
        let told = client.data(query, json!({})).await?;
        let organization = told["it"]["organization"]["id"]
            .as_str()
            .context(told.to_string())?
            .to_owned();
        let query = "mutation { it: createView(input: {idempotencyKey: \"v\", definition: {name: \"Почта\",
            audience: SHARED, filter: {categoryId: {eq: \"mail\"}}}}) { view { id } userErrors { code } } }";
        let told = client.data(query, json!({})).await?;
        let view = told["it"]["view"]["id"].as_str().context(told.to_string())?.to_owned();
        let mut desk = Self {
            app,
            clock,
            dice: Dice(seed),
            tickets: Vec::new(),
            contacts: Vec::new(),
            messages: Vec::new(),
            branches,
            tags,
            label,
            field,
            organization,
            view,
        };
        for number in 0..3 {
            desk.meet(&format!("first {number}")).await?;
            desk.open_ticket(&format!("first {number}")).await?;
        }
        Ok(desk)
    }

    fn client(&self) -> &Client {
        &self.app.client
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    async fn meet(&mut self, key: &str) -> Result<()> {
        let handle = email(&format!("{}@example.com", key.replace(' ', "-")));
        let input = json!({"idempotencyKey": key, "name": format!("Клиент {key}"), "handles": [handle],
            "organizationId": self.organization});
        let contact = contacts::must(self.client(), "createContact", input).await?;
        self.contacts.push(contact["id"].as_str().context("no id")?.to_owned());
        Ok(())
    }

    async fn open_ticket(&mut self, key: &str) -> Result<()> {
        let contact = self.dice.one(&self.contacts)?.clone();
        let more = match self.dice.roll(3) {
            0 => json!({"contactId": contact}),
            1 => json!({"contactId": contact, "categoryId": "mail", "priority": "LOW", "branchId": self.branches[0]}),
            _ => json!({"contactId": contact, "branchId": self.branches[1]}),
        };
        let ticket = self.client().ticket(key, &more).await?;
        self.tickets.push(ticket);
        Ok(())
    }

    /// One step, after some minutes; one that the rules forbid changes nothing.
    pub(super) async fn step(&mut self, number: usize) -> Result<()> {
        let pause = i64::try_from(1 + self.dice.roll(90))?;
        self.clock.advance(TimeDelta::minutes(pause));
        let key = format!("step {number}");
        match self.dice.roll(20) {
            0 if self.tickets.len() < 12 => self.open_ticket(&key).await,
            1 if self.contacts.len() < 6 => self.meet(&key).await,
            2 => self.change_contact(&key).await,
            3 => self.configure(&key).await,
            4..8 => self.say(&key).await,
            8 => self.withdraw(&key).await,
            9..11 => self.join(&key).await,
            _ => self.change(&key).await,
        }
    }

    async fn tell(&self, mutation: &str, key: &str, ticket: &str, more: Value) -> Result<()> {
        drop(self.client().tell(mutation, key, ticket, &more).await?);
        Ok(())
    }

    async fn change(&mut self, key: &str) -> Result<()> {
        let ticket = self.dice.one(&self.tickets)?.clone();
        let tag = self.dice.one(&self.tags)?.clone();
        let until = (self.now() + TimeDelta::hours(5)).to_rfc3339();
        let (mutation, more) = match self.dice.roll(20) {
            0 | 1 => ("assignTicket", json!({"agentId": self.dice.one(&AGENTS)?})),
            2 => ("unassignTicket", json!({"reason": "отпуск"})),
            3 => (
                "changeTicketPriority",
                json!({"priority": self.dice.one(&["LOW", "HIGH", "URGENT"])?, "reason": "просят"}),
            ),
            4 => ("categorizeTicket", json!({"categoryId": self.dice.one(&CATEGORIES)?})),
            5 => ("changeTicketSubject", json!({"subject": format!("Тема {key}")})),
            6 => (
                "putTicketOnHold",
                json!({"reason": self.dice.one(&["CUSTOMER", "VENDOR"])?, "until": until}),
            ),
            7 => ("resumeTicket", json!({})),
            8 => ("resolveTicket", json!({"reason": "SOLVED", "note": key})),
            9 => ("closeTicket", json!({"reason": "NO_RESPONSE"})),
            10 => ("reopenTicket", json!({})),
            11 => (
                "moveTicket",
                json!({"branchId": self.dice.one(&self.branches)?.clone()}),
            ),
            12 => ("tagTicket", json!({"tagIds": [tag]})),
            13 => ("untagTicket", json!({"tagIds": [tag]})),
            14 => ("setTicketField", json!({"fieldId": self.field, "value": {"text": key}})),
            15 => ("snoozeTicket", json!({"until": until})),
            16 => ("wakeTicket", json!({})),
            17 => ("setTicketStatusLabel", json!({"statusLabelId": self.label})),
            18 => (
                "changeTicketType",
                json!({"type": self.dice.one(&["INCIDENT", "TASK"])?}),
            ),
            _ => ("archiveTicket", json!({})),
        };
        self.tell(mutation, key, &ticket, more).await
    }

    async fn say(&mut self, key: &str) -> Result<()> {
        let ticket = self.dice.one(&self.tickets)?.clone();
        let mutation = *self
            .dice
            .one(&["receiveMessage", "receiveMessage", "postMessage", "addNote"])?;
        let words = conversation::words(key, &format!("Слова {key}"));
        let told = conversation::tell(self.client(), mutation, &ticket, words).await?;
        let Some(id) = told["message"]["id"].as_str() else {
            return Ok(());
        };
        self.messages.push((ticket.clone(), id.to_owned()));
        self.clock.advance(TimeDelta::minutes(5));
        match self.dice.roll(4) {
            0 if mutation != "receiveMessage" => {
                let edited =
                    json!({"idempotencyKey": format!("edit {key}"), "messageId": id, "body": format!("Иначе {key}")});
                conversation::tell(self.client(), "editMessage", &ticket, edited).await?;
            }
            1 => {
                let had = json!({"idempotencyKey": format!("had {key}"), "upTo": told["message"]["seq"]});
                conversation::tell(self.client(), "markDelivered", &ticket, had).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn withdraw(&mut self, key: &str) -> Result<()> {
        if self.messages.is_empty() {
            return Ok(());
        }
        let (ticket, message) = self.dice.one(&self.messages)?.clone();
        let withdrawn = json!({"idempotencyKey": key, "messageId": message, "reason": "SECRET"});
        conversation::tell(self.client(), "redactMessage", &ticket, withdrawn).await?;
        Ok(())
    }

    async fn join(&mut self, key: &str) -> Result<()> {
        let ticket = self.dice.one(&self.tickets)?.clone();
        let other = self.dice.one(&self.tickets)?.clone();
        let relation = *self.dice.one(&["BLOCKS", "RELATED", "PARENT_OF"])?;
        match self.dice.roll(7) {
            0 | 1 => self.tell("mergeTickets", key, &ticket, json!({"intoId": other})).await,
            2 | 3 => self.tell("unmergeTicket", key, &ticket, json!({})).await,
            4 => {
                self.tell(
                    "linkTickets",
                    key,
                    &ticket,
                    json!({"otherId": other, "relation": relation}),
                )
                .await
            }
            5 => {
                self.tell(
                    "unlinkTickets",
                    key,
                    &ticket,
                    json!({"otherId": other, "relation": relation}),
                )
                .await
            }
            _ => self.split(key, &ticket).await,
        }
    }

    async fn split(&mut self, key: &str, ticket: &str) -> Result<()> {
        let query = "mutation($i: SplitTicketInput!) { it: splitTicket(input: $i) { newTicket { id } position } }";
        let input = json!({"idempotencyKey": key, "ticketId": ticket, "fromMessageSeq": 1, "subject": "Часть"});
        let told = self.client().data(query, json!({"i": input})).await?;
        self.client().has_seen(&told["it"]["position"]);
        self.tickets
            .extend(told["it"]["newTicket"]["id"].as_str().map(str::to_owned));
        Ok(())
    }

    async fn change_contact(&mut self, key: &str) -> Result<()> {
        let contact = self.dice.one(&self.contacts)?.clone();
        let other = self.dice.one(&self.contacts)?.clone();
        let (mutation, mut input) = match self.dice.roll(6) {
            0 => (
                "changeContactProfile",
                json!({"name": format!("Имя {key}"), "note": "заметка"}),
            ),
            1 => (
                "addContactHandle",
                json!({"handle": email(&format!("{}@example.org", key.replace(' ', "-")))}),
            ),
            2 => ("mergeContacts", json!({"intoId": other})),
            3 => ("unmergeContact", json!({})),
            4 => ("blockContact", json!({"reason": key})),
            _ => ("giveConsent", json!({"purpose": "news"})),
        };
        if let Some(input) = input.as_object_mut() {
            input.insert("idempotencyKey".to_owned(), json!(key));
            input.insert("contactId".to_owned(), json!(contact));
        }
        drop(contacts::tell(self.client(), mutation, input).await?);
        Ok(())
    }

    async fn configure(&mut self, key: &str) -> Result<()> {
        let (branch, tag) = (
            self.dice.one(&self.branches)?.clone(),
            self.dice.one(&self.tags)?.clone(),
        );
        let definition = |it: Value, id: &str| json!({"idempotencyKey": key, "id": id, "definition": it});
        match self.dice.roll(5) {
            0 => {
                let name = json!({"name": format!("Город {key}"), "timeZone": "Asia/Almaty"});
                configure(self.client(), "revise", "Branch", definition(name, &branch)).await?;
            }
            1 => {
                configure(
                    self.client(),
                    "retire",
                    "Tag",
                    json!({"idempotencyKey": key, "id": tag}),
                )
                .await?;
            }
            2 => {
                configure(
                    self.client(),
                    "restore",
                    "Tag",
                    json!({"idempotencyKey": key, "id": tag}),
                )
                .await?;
            }
            3 => {
                let query = "mutation($i: ReviseOrganizationInput!) { it: reviseOrganization(input: $i) { userErrors { code } } }";
                let input =
                    json!({"idempotencyKey": key, "organizationId": self.organization, "name": format!("Фирма {key}")});
                self.client().data(query, json!({"i": input})).await?;
            }
            _ => {
                let query = "mutation($i: ReviseViewInput!) { it: reviseView(input: $i) { userErrors { code } } }";
                let filter = json!({"categoryId": {"eq": self.dice.one(&CATEGORIES)?}});
                let definition = json!({"name": format!("Список {key}"), "audience": "SHARED", "filter": filter});
                let input = json!({"idempotencyKey": key, "id": self.view, "definition": definition});
                self.client().data(query, json!({"i": input})).await?;
            }
        }
        Ok(())
    }
}
