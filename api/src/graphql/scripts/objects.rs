use async_graphql::{Enum, ID, SimpleObject};
use chrono::{DateTime, Utc};
use domain::{
    macro_run::{MacroRun as Run, PlannedStep, TakenBack},
    organisation::Kind as ItemKind,
};
use projections::macro_run::{RunRow, Usage};
use uuid::Uuid;

use crate::graphql::{
    LogPosition,
    ids::{Kind, global},
    organisation::MacroDeed,
    payload::UserError,
    ticket::Ticket,
};

/// What became of a step when its run was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
pub(super) enum TakenBackStep {
    /// It is as it was before.
    Restored,
    /// It is open again, though it was not before the run: it was new, waited, or was done.
    MadeOpen,
    /// Somebody changed it after the run: it stays.
    ChangedSince,
    /// What was said stays said: a message that was sent is not unsent.
    StaysSaid,
    /// The step was never taken.
    NeverDone,
    /// A rule or a missing right forbade it.
    Refused,
}

impl From<TakenBack> for TakenBackStep {
    fn from(it: TakenBack) -> Self {
        match it {
            TakenBack::Restored => Self::Restored,
            TakenBack::MadeOpen => Self::MadeOpen,
            TakenBack::ChangedSince => Self::ChangedSince,
            TakenBack::StaysSaid => Self::StaysSaid,
            TakenBack::NeverDone => Self::NeverDone,
            TakenBack::Refused => Self::Refused,
        }
    }
}

/// A step of a run, or of what would be run.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct MacroRunStep {
    /// What it does.
    deed: MacroDeed,
    /// Whether it was taken; in a preview, false.
    done: bool,
    /// What it says; null when it says nothing, or that is forgotten.
    text: Option<String>,
    /// What became of it when the run was taken back; null when it was not.
    undone: Option<TakenBackStep>,
}

impl MacroRunStep {
    pub(super) fn previewed(step: &PlannedStep, text: &str) -> Self {
        Self {
            deed: deed(step),
            done: false,
            text: says(step).then(|| text.to_owned()),
            undone: None,
        }
    }
}

fn says(step: &PlannedStep) -> bool {
    matches!(step, PlannedStep::Reply {} | PlannedStep::Note {})
}

fn deed(step: &PlannedStep) -> MacroDeed {
    match step {
        PlannedStep::Reply {} => MacroDeed::Reply,
        PlannedStep::Note {} => MacroDeed::Note,
        PlannedStep::Take { .. } => MacroDeed::Take,
        PlannedStep::Move { .. } => MacroDeed::Team,
        PlannedStep::Prioritize { .. } => MacroDeed::Prioritize,
        PlannedStep::Categorize { .. } => MacroDeed::Categorize,
        PlannedStep::Tag { .. } => MacroDeed::Tag,
        PlannedStep::Hold { .. } => MacroDeed::Hold,
        PlannedStep::Resolve { .. } => MacroDeed::Resolve,
        PlannedStep::Close { .. } => MacroDeed::Close,
    }
}

/// A run of a macro on a ticket.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct MacroRun {
    /// Its id, for `undoMacroRun`.
    id: ID,
    /// Id of the macro.
    macro_id: ID,
    /// Version of the macro.
    macro_version: i64,
    /// Id of the ticket.
    ticket_id: ID,
    /// Its steps, in their order.
    steps: Vec<MacroRunStep>,
    /// Whether all steps were taken; null while it goes on.
    succeeded: Option<bool>,
    /// Place of the step, from 0, at which it stopped because others were faster; null when it did not.
    stopped_at: Option<u32>,
    /// The rule that stopped it, in English; null when none did.
    stopped_because: Option<String>,
    /// Whether it was taken back.
    undone: bool,
}

impl MacroRun {
    pub(super) fn of(id: Uuid, run: &Run) -> Self {
        let (done, stopped) = run
            .ended
            .as_ref()
            .map_or((0, None), |(done, stopped)| (*done, stopped.as_ref()));
        let text = |index: usize| run.texts.as_ref().and_then(|it| it.get(index).cloned());
        let undone = |index: usize| run.undone.as_ref().and_then(|it| it.get(index).copied());
        let steps = run.steps.iter().enumerate().map(|(index, step)| MacroRunStep {
            deed: deed(step),
            done: u32::try_from(index).is_ok_and(|it| it < done),
            text: text(index).filter(|_| says(step)),
            undone: undone(index).map(TakenBackStep::from),
        });
        Self {
            id: ID(id.to_string()),
            macro_id: global(Kind::Item(ItemKind::Macro), run.macro_id),
            macro_version: i64::try_from(run.macro_version).unwrap_or(i64::MAX),
            ticket_id: global(Kind::Ticket, run.ticket_id.0),
            steps: steps.collect(),
            succeeded: run.ended.as_ref().map(|it| it.1.is_none()),
            stopped_at: stopped.map(|it| it.step),
            stopped_because: stopped.map(|it| it.reason.clone()),
            undone: run.undone.is_some(),
        }
    }
}

/// A run of a macro among those on a ticket.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct MacroRunSummary {
    /// Its id, for `undoMacroRun`.
    id: ID,
    /// Id of the macro.
    macro_id: ID,
    /// Version of the macro.
    macro_version: i64,
    /// Who ran it: `kind:id`.
    actor: String,
    /// How many steps it has.
    steps: i32,
    /// How many steps were taken; null while it goes on.
    done: Option<i32>,
    /// The rule that stopped it, in English; null when none did.
    stopped_because: Option<String>,
    /// When it began.
    started_at: DateTime<Utc>,
    /// When it ended; null while it goes on.
    finished_at: Option<DateTime<Utc>>,
    /// When it was taken back; null when it was not.
    undone_at: Option<DateTime<Utc>>,
}

impl From<RunRow> for MacroRunSummary {
    fn from(row: RunRow) -> Self {
        Self {
            id: ID(row.run_id.to_string()),
            macro_id: global(Kind::Item(ItemKind::Macro), row.macro_id),
            macro_version: row.macro_version,
            actor: row.actor,
            steps: row.steps,
            done: row.done,
            stopped_because: row.stopped_because,
            started_at: row.started_at,
            finished_at: row.finished_at,
            undone_at: row.undone_at,
        }
    }
}

/// How a macro was used.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct MacroUsage {
    /// How many times it was run.
    runs: i64,
    /// How many of these took all steps.
    succeeded: i64,
    /// How many stopped before their last step.
    stopped: i64,
    /// How many were taken back.
    undone: i64,
    /// When it was last run; null when never.
    last_run_at: Option<DateTime<Utc>>,
}

impl From<Usage> for MacroUsage {
    fn from(it: Usage) -> Self {
        Self {
            runs: it.runs,
            succeeded: it.succeeded,
            stopped: it.stopped,
            undone: it.undone,
            last_run_at: it.last_run_at,
        }
    }
}

/// What a macro would do with a ticket.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct MacroPreview {
    /// The steps, in their order.
    pub(super) steps: Vec<MacroRunStep>,
    /// Names of the places of which nothing is known: give values for them.
    pub(super) missing: Vec<String>,
}

/// A canned reply filled for a ticket.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct FilledReply {
    /// The text; places of which nothing is known are empty.
    pub(super) text: String,
    /// Names of the places of which nothing is known.
    pub(super) missing: Vec<String>,
}

/// What `runMacro` and `undoMacroRun` answer.
#[derive(Debug, Default, SimpleObject)]
pub(super) struct MacroRunPayload {
    /// The run as it is now; null when nothing was done.
    pub(super) run: Option<MacroRun>,
    /// The ticket as it is now; null when there is none, or you may not see it.
    pub(super) ticket: Option<Ticket>,
    /// Position of the last event: give it back as `minPosition` to see it in every list.
    pub(super) position: Option<LogPosition>,
    /// Whether lists and queries do not show the change yet.
    pub(super) stale: bool,
    /// Rules the request breaks; empty when it was carried out. Of a step that is not possible, the field names its place.
    pub(super) user_errors: Vec<UserError>,
    /// As it came in the input.
    pub(super) client_mutation_id: Option<String>,
}

/// What `installStarterScripts` answers.
#[derive(Debug, Default, SimpleObject)]
pub(super) struct InstallStarterScriptsPayload {
    /// Ids of the canned replies: `password_reset`, `course_access`, `certificate_issue`.
    pub(super) canned_reply_ids: Vec<ID>,
    /// Ids of the macros: `greeting`, `ask_more_info`, `escalation`, `close_with_solution`, `close_without_solution`.
    pub(super) macro_ids: Vec<ID>,
    /// How many of them were not there before.
    pub(super) added: i32,
    /// Position of the last event; null when nothing was added.
    pub(super) position: Option<LogPosition>,
    /// Whether lists do not show them yet.
    pub(super) stale: bool,
    /// Rules the request breaks; empty when it was carried out.
    pub(super) user_errors: Vec<UserError>,
    /// As it came in the input.
    pub(super) client_mutation_id: Option<String>,
}
