//! What rules look at beside the ticket: themselves, categories, the learned classifier, customers.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use domain::{
    classifier::{Classifier, ClassifierEvent},
    contact::Contact,
    decider::Decider,
    event::DomainEvent,
    ids::ContactId,
    organisation::{Category, Classification, Inbox, Item, OrganisationEvent, Promises},
    reception::Known,
    ticket::{Decision, Ticket},
    what_if::{ClassifierChange, Definition},
};
use event_store::Recorded;
use uuid::Uuid;

use super::WhatIfError;

/// As the events read so far leave it.
#[derive(Debug)]
pub(super) struct World {
    definition: Arc<Definition>,
    rules: Option<Item<Classification>>,
    categories: HashMap<Uuid, Item<Category>>,
    inboxes: HashMap<Uuid, Item<Inbox>>,
    classifier: Option<Classifier>,
    contacts: HashMap<Uuid, Contact>,
    later: Option<Later>,
    in_force: Option<InForce>,
}

/// What of the configuration is known before its time, for rules that are to hold before theirs.
#[derive(Debug)]
struct Later {
    rules: Option<Classification>,
    categories: HashSet<Uuid>,
    classifier: Classifier,
}

/// What decides until the configuration changes.
#[derive(Debug)]
struct InForce {
    rules: Option<(u64, Classification)>,
    closed: Vec<String>,
}

impl World {
    /// Before the first event; `later` is what the whole log says of the configuration.
    pub(super) fn new(definition: Arc<Definition>, later: Option<Self>) -> Self {
        Self {
            definition,
            rules: None,
            categories: HashMap::new(),
            inboxes: HashMap::new(),
            classifier: None,
            contacts: HashMap::new(),
            later: later.map(|it| Later {
                rules: it.rules.map(|it| it.definition),
                categories: it.categories.into_keys().collect(),
                classifier: it.classifier.unwrap_or_default(),
            }),
            in_force: None,
        }
    }

    /// Refuses what names things that are nowhere in the log.
    pub(super) fn check(&self) -> Result<(), WhatIfError> {
        let is_there = |key: &str| {
            self.definition.retires(key) == Some(false) || self.categories.contains_key(&Category::id_of(key))
        };
        if let Some(key) = self.definition.keys().find(|it| !is_there(it)) {
            return Err(WhatIfError::CategoryUnknown(key.to_owned()));
        }
        if self.definition.rules.is_some() && self.definition.thresholds.is_none() && self.rules.is_none() {
            return Err(WhatIfError::ThresholdsNeeded);
        }
        let versions = self.classifier.as_ref().map(|it| &it.versions);
        match self.definition.classifier {
            Some(ClassifierChange::Use { version, .. }) if versions.is_none_or(|it| !it.contains_key(&version)) => {
                Err(WhatIfError::VersionUnknown(version))
            }
            Some(ClassifierChange::Use { .. } | ClassifierChange::Off) | None => Ok(()),
        }
    }

    pub(super) fn note(&mut self, recorded: &Recorded<DomainEvent>) {
        let id = recorded.stream_id;
        if let DomainEvent::Contact(event) = &recorded.event {
            evolve(&mut self.contacts, id, event);
        } else if let DomainEvent::Classifier(event) = &recorded.event {
            self.learn(event);
        } else if let DomainEvent::Organisation(OrganisationEvent::Classification(event)) = &recorded.event {
            self.rules = Item::evolve(self.rules.take(), event);
            self.in_force = None;
        } else if let DomainEvent::Organisation(OrganisationEvent::Category(event)) = &recorded.event {
            evolve(&mut self.categories, id, event);
            self.in_force = None;
        } else if let DomainEvent::Organisation(OrganisationEvent::Inbox(event)) = &recorded.event {
            evolve(&mut self.inboxes, id, event);
        }
    }

    fn learn(&mut self, event: &ClassifierEvent) {
        self.classifier = Classifier::evolve(self.classifier.take(), event);
        self.in_force = None;
    }

    /// What would be chosen for a ticket whose customer wrote this.
    pub(super) fn choose(&mut self, ticket: &Ticket, texts: Vec<&str>) -> Decision {
        let in_force = self.in_force.take().unwrap_or_else(|| self.to_be_in_force());
        let rules = in_force.rules.as_ref();
        let known = Known {
            rules: rules.map(|(version, it)| (*version, it)),
            model: self.model(),
            closed: &in_force.closed,
        };
        let decision = known.choose(ticket, self.customer(ticket), texts);
        self.in_force = Some(in_force);
        decision
    }

    /// What the inbox of a ticket promises; `None` when it says nothing of itself.
    pub(super) fn promises(&self, ticket: &Ticket) -> Option<&Promises> {
        let inbox = self.inboxes.get(&ticket.place.inbox_id?)?;
        inbox.definition.auto_reply.as_ref().map(|it| &it.promises)
    }

    fn customer(&self, ticket: &Ticket) -> Option<&Contact> {
        let named = self.contacts.get(&ticket.contact_id?.0)?;
        let survivor = named.merged_into.map(|ContactId(id)| id);
        survivor.map_or(Some(named), |it| self.contacts.get(&it))
    }

    fn model(&self) -> Option<(u64, &domain::classifier::Model, u32)> {
        match self.definition.classifier {
            Some(ClassifierChange::Off) => None,
            Some(ClassifierChange::Use { version, threshold }) => {
                let all = self.later.as_ref().map(|it| &it.classifier)?;
                let it = all.versions.get(&version)?;
                Some((version, &it.lesson.model, threshold))
            }
            None => self.classifier.as_ref()?.in_use(),
        }
    }

    fn to_be_in_force(&self) -> InForce {
        let now = self.rules.as_ref().filter(|it| !it.retired);
        let newest = self.later.as_ref().and_then(|it| it.rules.as_ref());
        let rules = self
            .definition
            .rules_in_place_of(now.map(|it| (it.version, &it.definition)), newest);
        let named = rules.iter().flat_map(|it| &it.1.rules);
        let mut keys: Vec<&str> = named.filter_map(|it| it.category_key.as_deref()).collect();
        let learnt = self.model().map(|it| it.1.categories()).into_iter().flatten();
        keys.extend(learnt.map(|it| it.0.as_str()));
        let closed = keys.into_iter().filter(|it| self.is_closed(it)).map(str::to_owned);
        InForce {
            closed: closed.collect(),
            rules,
        }
    }

    /// Whether nothing is put in a category: it is out of use, or not there. Rules that are tried before their time may
    /// name what was made later.
    fn is_closed(&self, key: &str) -> bool {
        if let Some(retired) = self.definition.retires(key) {
            return retired;
        }
        let id = Category::id_of(key);
        if let Some(it) = self.categories.get(&id) {
            return it.retired;
        }
        let tried = self.definition.rules.is_some() || self.definition.classifier.is_some();
        let is_later = self.later.as_ref().is_some_and(|it| it.categories.contains(&id));
        !(tried && is_later)
    }
}

fn evolve<D: Decider>(all: &mut HashMap<Uuid, D>, id: Uuid, event: &D::Event) {
    if let Some(it) = D::evolve(all.remove(&id), event) {
        all.insert(id, it);
    }
}
