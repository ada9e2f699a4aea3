//! Category and priority, by the rules that are in use; the category by what was learnt where no rule names one.

use domain::{
    access::Rights,
    actor::{Actor, ActorKind},
    classifier::{Classifier, stems},
    contact::Contact,
    ids::{CommandId, TicketId, singleton},
    organisation::{Category, Classification, Classified, Facts, Kind},
    ticket::{Chosen, Decision, Grounds, HeldRule, Ticket, TicketCommand},
    values::ClassifiedBy,
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
        let known = Known {
            rules: self.rules_in_use().await?,
            classifier: self.classifier().await?,
        };
        if known.rules.is_none() && known.classifier.active.is_none() {
            return Ok(None);
        }
        let Some(newcomer) = self.newcomer(id).await? else {
            return Ok(None);
        };
        if !newcomer.is_new() || !newcomer.ticket.is_open_to_rules() {
            return Ok(None);
        }
        let decision = self.decision(id, &newcomer.ticket, &known).await?;
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

    async fn decision(&self, id: TicketId, ticket: &Ticket, known: &Known) -> Result<Decision, CommandError> {
        let first = self.first_words(id).await?;
        let texts: Vec<&str> = ticket.subject.as_deref().into_iter().chain(first.as_deref()).collect();
        let customer = self.customer(ticket).await?;
        let facts = facts(ticket, customer.as_ref(), texts);
        let kept = ticket.category.as_ref().map(|it| it.0.as_str());
        // Rules give points by the category that the ticket will have, whoever chose it.
        let with = |category_key| Facts {
            category_key,
            is_settled: true,
            ..facts.clone()
        };
        if Chosen::stands(ticket.category_chosen.as_ref()) {
            return Ok(known.say(&with(kept)));
        }
        // What rules chose before is to be chosen anew.
        let decision = self.named_by_rules(known, &facts).await?;
        if decision.category.is_some() {
            return Ok(decision);
        }
        match self.learned(&known.classifier, &facts.texts).await? {
            Some((version, key, score)) => Ok(Decision {
                priority: known.say(&with(Some(&key))).priority,
                category: Some((key, by_model(version, score))),
            }),
            None => Ok(known.say(&with(kept))),
        }
    }

    /// What rules say, of categories that are still in use.
    async fn named_by_rules(&self, known: &Known, facts: &Facts<'_>) -> Result<Decision, CommandError> {
        let mut closed: Vec<String> = Vec::new();
        loop {
            let said = known.say(&Facts {
                closed: &closed,
                ..facts.clone()
            });
            match &said.category {
                Some((key, _)) if !self.is_category_in_use(key).await? => closed.push(key.clone()),
                Some(_) | None => return Ok(said),
            }
        }
    }

    /// What the learned classifier says, of categories that are still in use: the number of the version in use, the
    /// category's key, and how sure it is, in thousandths.
    async fn learned(
        &self,
        classifier: &Classifier,
        texts: &[&str],
    ) -> Result<Option<(u64, String, u32)>, CommandError> {
        let Some((version, model, threshold)) = classifier.in_use() else {
            return Ok(None);
        };
        let guess = model.classify(&stems(texts.iter().copied()));
        let Some(guess) = guess.filter(|it| it.score >= threshold) else {
            return Ok(None);
        };
        let in_use = self.is_category_in_use(&guess.category).await?;
        Ok(in_use.then_some((version, guess.category, guess.score)))
    }

    async fn is_category_in_use(&self, key: &str) -> Result<bool, CommandError> {
        let category = self.glance::<Category>(Category::id_of(key)).await?.state;
        Ok(category.is_some_and(|it| !it.retired))
    }
}

/// What may say something of a ticket.
struct Known {
    /// The rules in use, with their version.
    rules: Option<(u64, Classification)>,
    classifier: Classifier,
}

impl Known {
    /// What the rules say.
    fn say(&self, facts: &Facts<'_>) -> Decision {
        let rules = self.rules.as_ref();
        let said = rules.map(|(version, rules)| decided(*version, &rules.classify(facts)));
        said.unwrap_or_default()
    }
}

fn facts<'a>(ticket: &'a Ticket, customer: Option<&'a Contact>, texts: Vec<&'a str>) -> Facts<'a> {
    Facts {
        texts,
        ticket_type: Some(ticket.ticket_type),
        inbox_id: ticket.place.inbox_id,
        category_key: None,
        is_settled: false,
        closed: &[],
        organization_id: customer.and_then(|it| it.organization_id).map(|it| it.0),
        language: customer
            .and_then(|it| it.profile.as_ref())
            .and_then(|it| it.locale.as_deref()),
    }
}

fn by_model(version: u64, score: u32) -> Chosen {
    Chosen {
        by: ClassifiedBy::Model,
        grounds: Some(Grounds {
            version,
            score: i32::try_from(score).unwrap_or(i32::MAX),
            rules: Vec::new(),
        }),
    }
}

fn decided(version: u64, said: &Classified) -> Decision {
    let by_rule = |score, rules| Chosen {
        by: ClassifiedBy::Rule,
        grounds: Some(Grounds { version, score, rules }),
    };
    let named = said.category_rule.iter().map(|name| HeldRule {
        name: name.clone(),
        points: 0,
    });
    let gave = said.reasons.iter().map(|(name, points)| HeldRule {
        name: name.clone(),
        points: *points,
    });
    Decision {
        category: said.category_key.clone().map(|key| (key, by_rule(0, named.collect()))),
        priority: said
            .priority
            .map(|priority| (priority, by_rule(said.points, gave.collect()))),
    }
}
