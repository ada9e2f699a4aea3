//! What values of a ticket are called, for people who work here.

use std::collections::HashMap;

use async_graphql::{Context, Result};
use domain::{
    actor::{Actor, ActorKind},
    organisation::{self, Kind},
    ticket::{StatusCategory, Verdict},
    values::{HoldReason, ResolutionReason, TicketType},
};
use projections::{organisation::ItemRow, people};
use uuid::Uuid;

use crate::{
    graphql::{parts, postgres},
    ticket_problems,
};

type Both = (&'static str, &'static str);

fn one((ru, en): Both, russian: bool) -> &'static str {
    if russian { ru } else { en }
}

pub(super) fn status(it: StatusCategory, russian: bool) -> &'static str {
    let english = match it {
        StatusCategory::New => "new",
        StatusCategory::Open => "open",
        StatusCategory::Pending => "waiting for the customer",
        StatusCategory::OnHold => "on hold",
        StatusCategory::Resolved => "resolved",
        StatusCategory::Closed => "closed",
    };
    one((ticket_problems::status(it), english), russian)
}

pub(super) fn sort(it: TicketType, russian: bool) -> &'static str {
    let both = match it {
        TicketType::Question => ("вопрос", "question"),
        TicketType::Incident => ("инцидент", "incident"),
        TicketType::Problem => ("проблема", "problem"),
        TicketType::Task => ("задача", "task"),
        TicketType::Application => ("заявление", "application"),
    };
    one(both, russian)
}

pub(super) fn hold(it: HoldReason, russian: bool) -> &'static str {
    let both = match it {
        HoldReason::Customer => ("ответ клиента", "the customer's answer"),
        HoldReason::Vendor => ("поставщик", "a supplier"),
        HoldReason::Problem => ("решение общей проблемы", "the solution of an underlying problem"),
        HoldReason::Evidence => ("подтверждение случившегося", "evidence of what happened"),
        HoldReason::Other => ("другое", "anything else"),
    };
    one(both, russian)
}

pub(super) fn resolution(it: ResolutionReason, russian: bool) -> &'static str {
    let both = match it {
        ResolutionReason::Solved => ("решена", "solved"),
        ResolutionReason::NotSolved => ("не решена", "not solved"),
        ResolutionReason::Duplicate => ("дубликат", "a duplicate"),
        ResolutionReason::Spam => ("спам", "spam"),
        ResolutionReason::NoResponse => ("клиент не ответил", "the customer did not answer"),
    };
    one(both, russian)
}

pub(super) fn verdict(it: Verdict, russian: bool) -> &'static str {
    let both = match it {
        Verdict::Confirmed => ("подтверждено", "confirmed"),
        Verdict::Rejected => ("отклонено", "rejected"),
    };
    one(both, russian)
}

/// What an item of configuration is called, in one of its languages.
pub(super) fn item(row: &ItemRow, russian: bool) -> String {
    let label = match Kind::parse(&row.kind) {
        Some(Kind::Category) => read::<organisation::Category>(row).map(|it| it.name),
        Some(Kind::StatusLabel) => read::<organisation::StatusLabel>(row).map(|it| it.label),
        Some(Kind::CustomField) => read::<organisation::CustomField>(row).map(|it| it.label),
        Some(
            Kind::Branch
            | Kind::Team
            | Kind::Skill
            | Kind::Inbox
            | Kind::Tag
            | Kind::RegionMap
            | Kind::CannedReply
            | Kind::Macro
            | Kind::Classification,
        )
        | None => None,
    };
    label.map_or_else(|| row.name.clone(), |it| it.text(russian).to_owned())
}

fn read<D: organisation::Definition>(row: &ItemRow) -> Option<D> {
    serde_json::from_str(&row.definition).ok()
}

/// What colleagues are called now.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<Uuid, String>);

impl Names {
    pub(super) async fn of(ctx: &Context<'_>, ids: &[Uuid]) -> Result<Self> {
        if ids.is_empty() {
            return Ok(Self::default());
        }
        let rows = people::by_ids(&parts(ctx)?.pool, ids).await;
        let rows = rows.map_err(|it| postgres(ctx, &it))?;
        let named = rows.into_iter().filter_map(|it| Some((it.user_id, it.name?)));
        Ok(Self(named.collect()))
    }

    /// A colleague; somebody of another system, or who was erased, is only one of them.
    pub(super) fn colleague(&self, id: Uuid, russian: bool) -> String {
        let nobody = || one(("сотрудник", "an agent"), russian).to_owned();
        self.0.get(&id).cloned().unwrap_or_else(nobody)
    }

    /// Whoever did something.
    pub(super) fn actor(&self, actor: &Actor, russian: bool) -> String {
        let both = match actor.kind {
            ActorKind::Agent => return self.colleague(actor.id.parse().unwrap_or_default(), russian),
            ActorKind::Contact => ("клиент", "the customer"),
            ActorKind::Bot => ("бот", "a bot"),
            ActorKind::System => ("Letopis", "Letopis"),
            ActorKind::ApiKey => ("программа с ключом API", "a program with an API key"),
            ActorKind::Import => ("импорт", "an import"),
        };
        one(both, russian).to_owned()
    }
}
