//! What rules and the learned classifier choose for a new ticket: the one place where it is decided.
//!
//! Asked by the process that receives tickets (`commands`), and by replays of a period under other rules (`projections`).
//! Deliberately absent: where rules, words and customers come from.

use crate::{
    actor::{Actor, ActorKind},
    classifier::{Model, stems},
    contact::Contact,
    organisation::{Classification, Classified, Facts},
    ticket::{Chosen, Decision, Grounds, HeldRule, Ticket, TicketSource},
    values::ClassifiedBy,
};

/// What may say something of a ticket.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// The rules in use, with their version.
    pub rules: Option<(u64, &'a Classification)>,
    /// Version of the learned classifier in use, what it learnt, and how sure it must be to be heard, in thousandths.
    pub model: Option<(u64, &'a Model, u32)>,
    /// Keys of categories that nothing may be put in: those out of use, and those that are not there.
    pub closed: &'a [String],
}

/// Whether a ticket was asked for here, and not brought from elsewhere or made of a part of another ticket. Others are
/// left to people.
pub fn is_new(opener: &Actor, source: &TicketSource, ticket: &Ticket) -> bool {
    let brought = opener.kind == ActorKind::Import || source.external_id.is_some();
    !brought && source.channel != "split" && ticket.split_from.is_none()
}

impl Known<'_> {
    /// What is to be chosen for a ticket of this customer, who wrote this: the subject, and the first message.
    pub fn choose(&self, ticket: &Ticket, customer: Option<&Contact>, texts: Vec<&str>) -> Decision {
        let facts = facts(ticket, customer, texts);
        let kept = ticket.category.as_ref().map(|it| it.0.as_str());
        // Rules give points by the category that the ticket will have, whoever chose it.
        let with = |category_key| Facts {
            category_key,
            is_settled: true,
            ..facts.clone()
        };
        if Chosen::stands(ticket.category_chosen.as_ref()) {
            return self.say(&with(kept));
        }
        // What rules chose before is to be chosen anew.
        let decision = self.say(&Facts {
            closed: self.closed,
            ..facts.clone()
        });
        if decision.category.is_some() {
            return decision;
        }
        match self.learned(&facts.texts) {
            Some((version, key, score)) => Decision {
                priority: self.say(&with(Some(&key))).priority,
                category: Some((key, by_model(version, score))),
            },
            None => self.say(&with(kept)),
        }
    }

    /// What the learned classifier says: its version, the category's key, and how sure it is, in thousandths.
    fn learned(&self, texts: &[&str]) -> Option<(u64, String, u32)> {
        let (version, model, threshold) = self.model?;
        let guess = model.classify(&stems(texts.iter().copied()));
        let guess = guess.filter(|it| it.score >= threshold && !self.closed.contains(&it.category))?;
        Some((version, guess.category, guess.score))
    }

    /// What the rules say.
    fn say(&self, facts: &Facts<'_>) -> Decision {
        let said = self
            .rules
            .map(|(version, rules)| decided(version, &rules.classify(facts)));
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
