//! Why a ticket has what it has: from the events that decided it, in words.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Enum, Result, SimpleObject};
use chrono::{DateTime, SecondsFormat, Utc};
use commands::words::{instant, priority, within};
use domain::{
    assignment::AssignmentEvent,
    event::DomainEvent,
    organisation::Category,
    personal::Personal,
    ticket::TicketEvent,
    values::{AssignmentMode, Priority},
};
use event_store::Recorded;
use projections::{
    organisation::{by_ids, by_ids_at},
    resolution_estimate,
    ticket_decision::{self, Decision},
};
use uuid::Uuid;

use super::{
    past::{Past, events_of},
    stream::unfit,
    words::{Names, item},
};
use crate::{
    graphql::{
        caller,
        estimates::basis,
        ids::{Kind, LogPosition, global},
        parts, postgres, reasons,
    },
    problem::Language,
};

/// What of a ticket is explained.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "TicketExplained")]
pub(in crate::graphql) enum Explained {
    /// How urgent it is.
    Priority,
    /// Its category.
    Category,
    /// Who owns it.
    Assignee,
    /// Until when an answer was promised to the customer.
    ReplyDeadline,
    /// When it is expected to be resolved.
    ResolutionDeadline,
}

/// A rule that held, and by how much it counted.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct ExplainedRule {
    /// What it is called, in the language of `Accept-Language`.
    name: String,
    /// Its points.
    points: i32,
}

/// Why a ticket has something, from the event that decided it.
#[derive(Debug, Clone, SimpleObject)]
pub(in crate::graphql) struct TicketExplanation {
    /// What is explained.
    about: Explained,
    /// What was decided: a priority, the key of a category, the id of an agent, an instant; null for none.
    value: Option<String>,
    /// Why, in the language of `Accept-Language`.
    sentence: String,
    /// By what it was decided: `agent`, `rule` or `model`; of an owner `auto` (the router), `self`, `by_agent`, `by_rule`; of a
    /// deadline `rule` or `history`; `default` for the usual one.
    by: String,
    /// Version of the rules or of the model; null of people.
    version: Option<i64>,
    /// Sum of the points of rules, or the certainty of a model in thousandths; null of people.
    score: Option<i32>,
    /// The rules that held.
    rules: Vec<ExplainedRule>,
    /// Who did it: `kind:id`.
    actor: String,
    /// When.
    at: DateTime<Utc>,
    /// Place of the event in the log.
    position: LogPosition,
}

/// What sentences are made of.
struct Teller {
    names: Names,
    /// Categories by their keys.
    categories: HashMap<String, String>,
    language: Language,
}

/// Why a ticket has what it has, in a past or now.
pub(in crate::graphql) async fn explain(
    ctx: &Context<'_>,
    ticket: Uuid,
    past: Option<&Arc<Past>>,
) -> Result<Vec<TicketExplanation>> {
    let told;
    let now;
    let events = if let Some(past) = past {
        told = past.ticket(ctx, ticket).await?;
        &told.events
    } else {
        now = events_of(ctx, ticket).await?;
        &now
    };
    let decisions = ticket_decision::from_events(events);
    let teller = Teller {
        names: Names::of(ctx, &people(events)).await?,
        categories: categories(ctx, &decisions, past.map(|it| it.instant())).await?,
        language: caller(ctx)?.language,
    };
    let estimate = resolution_estimate::from_events(events).map_err(|it| unfit(ctx, &it))?;
    let estimate = estimate.map(|it| basis(&it, teller.language)).unwrap_or_default();
    let all = [
        teller.priority(events, &decisions),
        teller.category(&decisions),
        teller.assignee(events),
        teller.reply(events),
        teller.resolution(events, &estimate),
    ];
    Ok(all.into_iter().flatten().collect())
}

/// Those who own it, or gave it to others.
fn people(events: &[Recorded<DomainEvent>]) -> Vec<Uuid> {
    let mut all = Vec::new();
    for it in events {
        if let DomainEvent::Assignment(
            AssignmentEvent::AgentAssigned { agent_id, .. } | AssignmentEvent::AgentUnassigned { agent_id, .. },
        ) = &it.event
        {
            all.push(agent_id.0);
            all.extend(it.metadata.actor.id.parse::<Uuid>().ok());
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

async fn categories(
    ctx: &Context<'_>,
    decisions: &[Decision],
    at: Option<DateTime<Utc>>,
) -> Result<HashMap<String, String>> {
    let keys = decisions.iter().filter(|it| it.what == "category");
    let keys: Vec<&String> = keys.filter_map(|it| it.value.as_ref()).collect();
    let ids: Vec<Uuid> = keys.iter().map(|it| Category::id_of(it)).collect();
    let pool = &parts(ctx)?.pool;
    let rows = match at {
        _ if ids.is_empty() => Ok(Vec::new()),
        Some(at) => by_ids_at(pool, &ids, at).await,
        None => by_ids(pool, &ids).await,
    };
    let rows = rows.map_err(|it| postgres(ctx, &it))?;
    let russian = caller(ctx)?.language == Language::Russian;
    let name = |key: &String| {
        let row = rows.iter().find(|it| it.id == Category::id_of(key));
        row.map_or_else(|| key.clone(), |it| item(it, russian))
    };
    Ok(keys.into_iter().map(|it| (it.clone(), name(it))).collect())
}

impl Teller {
    fn russian(&self) -> bool {
        self.language == Language::Russian
    }

    fn say(&self, russian: String, english: String) -> String {
        if self.russian() { russian } else { english }
    }

    /// What was chosen, and why, by the newest choice of that sort.
    fn chosen(&self, decision: &Decision, about: Explained, what: &str) -> TicketExplanation {
        let reason = reasons::reason(decision, self.language).unwrap_or_default();
        let rules = reasons::held(decision).into_iter().map(|it| ExplainedRule {
            name: it.name.text(self.russian()).to_owned(),
            points: it.points,
        });
        TicketExplanation {
            about,
            value: decision.value.clone(),
            sentence: format!("{what}. {reason}"),
            by: decision.chosen_by.clone(),
            version: decision.version,
            score: decision.score,
            rules: rules.collect(),
            actor: decision.actor.clone(),
            at: decision.at,
            position: position(decision.position),
        }
    }

    fn priority(&self, events: &[Recorded<DomainEvent>], decisions: &[Decision]) -> Option<TicketExplanation> {
        let title = |it: Priority| {
            let word = priority(it, self.russian());
            self.say(format!("Приоритет {word}"), format!("The priority is {word}"))
        };
        if let Some(decision) = decisions.iter().rfind(|it| it.what == "priority") {
            let chosen = decision.value.as_deref().and_then(Priority::parse)?;
            return Some(self.chosen(decision, Explained::Priority, &title(chosen)));
        }
        let opened = events.first()?;
        let DomainEvent::Ticket(TicketEvent::Opened { priority, .. }) = &opened.event else {
            return None;
        };
        let usual = self.say(
            "Обычный для новых заявок, его никто не выбирал".to_owned(),
            "The usual one of new tickets: nobody chose it".to_owned(),
        );
        let sentence = format!("{}. {usual}", title(*priority));
        let value = priority.as_str().to_owned();
        Some(told(opened, Explained::Priority, Some(value), sentence, "default"))
    }

    fn category(&self, decisions: &[Decision]) -> Option<TicketExplanation> {
        let decision = decisions.iter().rfind(|it| it.what == "category")?;
        let title = match decision.value.as_ref().map(|it| self.categories.get(it).unwrap_or(it)) {
            Some(name) => self.say(format!("Категория «{name}»"), format!("The category is \"{name}\"")),
            None => self.say("Без категории".to_owned(), "No category".to_owned()),
        };
        Some(self.chosen(decision, Explained::Category, &title))
    }

    fn assignee(&self, events: &[Recorded<DomainEvent>]) -> Option<TicketExplanation> {
        let newest = events.iter().rev().find_map(|it| {
            if let DomainEvent::Assignment(change) = &it.event {
                Some((it, change))
            } else {
                None
            }
        });
        let (event, change) = newest?;
        let actor = self.names.actor(&event.metadata.actor, self.russian());
        let (value, sentence, by) = match change {
            AssignmentEvent::AgentAssigned { agent_id, mode } => {
                let agent = self.names.colleague(agent_id.0, self.russian());
                let (ru, en) = match mode {
                    AssignmentMode::Auto => ("выбор маршрутизации".to_owned(), "chosen by the router".to_owned()),
                    AssignmentMode::Own => ("берёт заявку сам(а)".to_owned(), "took it".to_owned()),
                    AssignmentMode::ByAgent => (format!("назначает {actor}"), format!("given by {actor}")),
                    AssignmentMode::ByRule => ("назначение по правилу".to_owned(), "given by a rule".to_owned()),
                };
                let sentence = self.say(
                    format!("Исполнитель {agent}: {ru}"),
                    format!("The owner is {agent}: {en}"),
                );
                (Some(global(Kind::Agent, agent_id.0).0), sentence, mode.as_str())
            }
            AssignmentEvent::AgentUnassigned { reason, .. } => {
                let said = reason.as_ref().and_then(Personal::known);
                let said = said.map(|it| format!(": {it}")).unwrap_or_default();
                let sentence = self.say(
                    format!("Исполнителя нет: снимает {actor}{said}"),
                    format!("Nobody owns it: taken off by {actor}{said}"),
                );
                (None, sentence, AssignmentMode::ByAgent.as_str())
            }
        };
        Some(told(event, Explained::Assignee, value, sentence, by))
    }

    fn reply(&self, events: &[Recorded<DomainEvent>]) -> Option<TicketExplanation> {
        let promised = |it: &Recorded<DomainEvent>| {
            let DomainEvent::Ticket(TicketEvent::ReplyPromised {
                priority: urgency,
                from_s,
                within_s,
                due_at,
                ..
            }) = &it.event
            else {
                return None;
            };
            let (due, word) = (instant(*due_at, self.russian()), priority(*urgency, self.russian()));
            let time = within(*from_s, *within_s, self.russian());
            let sentence = self.say(
                format!("Ответ обещан до {due}: приоритет был {word}, при нём отвечают {time}; клиенту сказал об этом автоответ"),
                format!("An answer is promised by {due}: the priority was {word}, which is answered {time}; the auto-reply told the customer"),
            );
            Some(told(
                it,
                Explained::ReplyDeadline,
                Some(text(*due_at)),
                sentence,
                "rule",
            ))
        };
        events.iter().rev().find_map(promised)
    }

    fn resolution(&self, events: &[Recorded<DomainEvent>], basis: &str) -> Option<TicketExplanation> {
        let estimated = |it: &Recorded<DomainEvent>| {
            let DomainEvent::Ticket(TicketEvent::ResolutionEstimated { eta, basis: known, .. }) = &it.event else {
                return None;
            };
            let when = instant(*eta, self.russian());
            let mut sentence = self.say(
                format!("Решение ожидается к {when}"),
                format!("It is expected to be resolved by {when}"),
            );
            if known.is_some() {
                sentence = format!("{sentence}. {basis}");
            }
            Some(told(
                it,
                Explained::ResolutionDeadline,
                Some(text(*eta)),
                sentence,
                "history",
            ))
        };
        events.iter().rev().find_map(estimated)
    }
}

fn told(
    event: &Recorded<DomainEvent>,
    about: Explained,
    value: Option<String>,
    sentence: String,
    by: &str,
) -> TicketExplanation {
    TicketExplanation {
        about,
        value,
        sentence,
        by: by.to_owned(),
        version: None,
        score: None,
        rules: Vec::new(),
        actor: event.metadata.actor.to_string(),
        at: event.metadata.at,
        position: event.position.into(),
    }
}

fn position(column: i64) -> LogPosition {
    event_store::Position(u64::try_from(column).unwrap_or_default()).into()
}

fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
