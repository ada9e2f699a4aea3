//! Category and priority, by the rules that are in use; the category by what was learnt where no rule names one.

use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    classifier::Classifier,
    ids::{CommandId, TicketId, singleton},
    organisation::{Category, Classification, Kind},
    reception::Known,
    ticket::{Decision, Ticket, TicketCommand},
};
use uuid::Uuid;

use crate::{Command, CommandError, Handler, Outcome, Request};

/// Name of the process that classifies.
const CLASSIFIER: &str = "classifier";

impl Handler {
    /// Gives a ticket its category and priority by the rules in use, or its category by the learned classifier, where people
    /// have not chosen; `None` when nothing is to be chosen. `cause` is the event that led to it: what was done because of it is not done again.
    ///
    /// # Errors
    /// [`CommandError`]; the same call may succeed later.
    pub async fn classify(&self, id: TicketId, cause: Uuid) -> Result<Option<Outcome>, CommandError> {
        let (rules, classifier) = (self.rules_in_use().await?, self.classifier().await?);
        if rules.is_none() && classifier.active.is_none() {
            return Ok(None);
        }
        let Some(newcomer) = self.newcomer(id).await? else {
            return Ok(None);
        };
        if !newcomer.is_new() || !newcomer.ticket.is_open_to_rules() {
            return Ok(None);
        }
        let decision = self.decision(id, &newcomer.ticket, rules.as_ref(), &classifier).await?;
        if decision == Decision::default() {
            return Ok(None);
        }
        let actor = Actor::new(ActorKind::System, CLASSIFIER);
        let request = Request {
            command_id: CommandId::of_request(&actor.to_string(), "classify", &id.to_string(), &cause.to_string()),
            command: Command::Ticket(id, TicketCommand::Classify(decision)),
            actor,
            expected_version: None,
            traceparent: None,
        };
        match self.execute(&Rights::all(), &request).await {
            Ok(outcome) => Ok(Some(outcome)),
            // It was merged or archived meanwhile.
            Err(CommandError::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn rules_in_use(&self) -> Result<Option<(u64, Classification)>, CommandError> {
        let item = self
            .glance::<Classification>(singleton(Kind::Classification.as_str()))
            .await?;
        let item = item.state.filter(|it| !it.retired);
        Ok(item.map(|it| (it.version, it.definition)))
    }

    /// What is to be chosen, of categories that are still in use.
    async fn decision(
        &self,
        id: TicketId,
        ticket: &Ticket,
        rules: Option<&(u64, Classification)>,
        classifier: &Classifier,
    ) -> Result<Decision, CommandError> {
        let first = self.first_words(id).await?;
        let texts: Vec<&str> = ticket.subject.as_deref().into_iter().chain(first.as_deref()).collect();
        let customer = self.customer(ticket).await?;
        let mut closed: Vec<String> = Vec::new();
        loop {
            let known = Known {
                rules: rules.map(|(version, it)| (*version, it)),
                model: classifier.in_use(),
                closed: &closed,
            };
            let decision = known.choose(ticket, customer.as_ref(), texts.clone());
            match &decision.category {
                Some((key, _)) if !self.is_category_in_use(key).await? => closed.push(key.clone()),
                Some(_) | None => return Ok(decision),
            }
        }
    }

    async fn is_category_in_use(&self, key: &str) -> Result<bool, CommandError> {
        let category = self.glance::<Category>(Category::id_of(key)).await?.state;
        Ok(category.is_some_and(|it| !it.retired))
    }
}
