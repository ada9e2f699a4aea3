//! Runs a macro: everything is checked, then it is noted what is to be done, then it is done.

use std::collections::BTreeMap;

use domain::{
    access::Rights,
    actor::Actor,
    ids::{CommandId, TicketId},
    macro_run::{MacroRun, MacroRunCommand, MacroRunRefusal},
};
use event_store::Position;
use uuid::Uuid;

use super::finish::Running;
use crate::{Command, CommandError, Handler, Outcome, Request};

/// A wish to run a macro.
#[derive(Debug, Clone)]
pub struct MacroWish {
    /// Names the wish: the same id is the same run.
    pub command_id: CommandId,
    /// Which macro.
    pub macro_id: Uuid,
    /// On which ticket.
    pub ticket_id: TicketId,
    /// What is to stand in places of its texts, whatever is known of them.
    pub values: BTreeMap<String, String>,
    /// Who has it.
    pub actor: Actor,
    /// W3C trace context.
    pub traceparent: Option<String>,
}

/// What a run led to.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// Id of the run.
    pub id: Uuid,
    /// The run as it is now.
    pub run: MacroRun,
    /// Position of the last event that it brought about in the ticket, its conversation or its assignment; the start of the
    /// log when none.
    pub position: Position,
    /// Position of the last event of the run itself.
    pub noted: Position,
}

/// Why a macro was not run; nothing was done then.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct RunError {
    /// Place of the step that is not possible, from 0; `None` when it is about none.
    pub step: Option<usize>,
    /// Why.
    #[source]
    pub error: CommandError,
}

impl From<CommandError> for RunError {
    fn from(error: CommandError) -> Self {
        Self { step: None, error }
    }
}

impl Handler {
    /// Runs a macro, once, however often it is asked for under the same id.
    ///
    /// # Errors
    /// [`RunError`] when a step is not possible: nothing was done then. When others are faster than a step, the run stops
    /// there, which is no error: [`MacroRun::ended`] says so.
    pub async fn run_macro(&self, rights: &Rights, wish: &MacroWish) -> Result<RunReport, RunError> {
        self.permit_script(rights, wish.ticket_id).await?;
        let running = Running {
            command_id: wish.command_id,
            macro_id: wish.macro_id,
            ticket_id: wish.ticket_id,
            actor: &wish.actor,
            traceparent: wish.traceparent.as_ref(),
        };
        let run = self.macro_run(running.id()).await?;
        let begun = match run {
            // The same key for another wish is found by its fingerprint.
            Some(_) => self.execute(rights, &start(&running, wish, None)).await.map(Some)?,
            None => None,
        };
        let begun = match begun {
            Some(begun) => begun,
            None => self.begin(rights, &running, wish).await?,
        };
        let run = self.run_of(&running).await?;
        // A step that changed nothing then might change something now.
        let (position, noted) = if run.ended.is_some() {
            self.brought_about(&running, &run).await?
        } else {
            self.take_steps(&running, &run).await?
        };
        Ok(RunReport {
            id: running.id(),
            run: self.run_of(&running).await?,
            position,
            noted: noted.max(begun.position),
        })
    }

    async fn begin(&self, rights: &Rights, running: &Running<'_>, wish: &MacroWish) -> Result<Outcome, RunError> {
        let plan = self
            .plan(wish.ticket_id, wish.macro_id, &wish.values, &wish.actor)
            .await?;
        plan.check().map_err(CommandError::from)?;
        let requests = running.requests(&plan.steps, &plan.texts)?;
        let possible = self.rehearse(rights, wish.ticket_id, &requests).await;
        possible.map_err(|(step, error)| RunError {
            step: Some(step),
            error,
        })?;
        let request = start(running, wish, Some(&plan));
        let begun = crate::within(wish.command_id.0, self.execute(rights, &request));
        Ok(Box::pin(begun).await?)
    }

    async fn run_of(&self, running: &Running<'_>) -> Result<MacroRun, CommandError> {
        let run = self.macro_run(running.id()).await?;
        run.ok_or(CommandError::Refused(MacroRunRefusal::NotFound.into()))
    }
}

/// The request that begins a run. Its id is the wish's own.
fn start(running: &Running<'_>, wish: &MacroWish, plan: Option<&super::plan::Plan>) -> Request {
    let command = MacroRunCommand::Start {
        macro_id: wish.macro_id,
        ticket_id: wish.ticket_id,
        values: wish.values.clone(),
        macro_version: plan.map_or(0, |it| it.version),
        steps: plan.map(|it| it.steps.clone()).unwrap_or_default(),
        texts: plan.map(super::plan::Plan::sealed),
    };
    Request {
        command_id: wish.command_id,
        command: Command::MacroRun(running.id(), command),
        actor: wish.actor.clone(),
        expected_version: None,
        traceparent: wish.traceparent.clone(),
    }
}
