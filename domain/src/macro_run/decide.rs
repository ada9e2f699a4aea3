use super::{MacroRun, MacroRunCommand, MacroRunEvent, MacroRunRefusal};
use crate::decider::{Context, Decider};

impl Decider for MacroRun {
    type Command = MacroRunCommand;
    type Event = MacroRunEvent;
    type Refusal = MacroRunRefusal;

    const CATEGORY: &'static str = "macro_run";

    fn decide(
        state: Option<&Self>,
        command: &MacroRunCommand,
        _context: &Context,
    ) -> Result<Vec<MacroRunEvent>, MacroRunRefusal> {
        match (command, state) {
            (MacroRunCommand::Start { .. }, Some(_)) => Err(MacroRunRefusal::AlreadyStarted),
            (
                MacroRunCommand::Start {
                    macro_id,
                    ticket_id,
                    macro_version,
                    steps,
                    texts: Some(texts),
                    ..
                },
                None,
            ) => Ok(vec![MacroRunEvent::Started {
                macro_id: *macro_id,
                macro_version: *macro_version,
                ticket_id: *ticket_id,
                steps: steps.clone(),
                texts: texts.clone(),
            }]),
            (MacroRunCommand::Start { texts: None, .. }, None) => Err(MacroRunRefusal::TextUnfit),
            (MacroRunCommand::Finish { .. } | MacroRunCommand::Undo { .. }, None) => Err(MacroRunRefusal::NotFound),
            (MacroRunCommand::Finish { done, stopped }, Some(run)) if run.ended.is_none() => {
                Ok(vec![MacroRunEvent::Finished {
                    done: *done,
                    stopped: stopped.clone(),
                }])
            }
            (MacroRunCommand::Finish { .. }, Some(_)) => Ok(vec![]),
            (MacroRunCommand::Undo { .. }, Some(run)) if run.ended.is_none() => Err(MacroRunRefusal::NotFinished),
            (MacroRunCommand::Undo { .. }, Some(run)) if run.undone.is_some() => Ok(vec![]),
            (MacroRunCommand::Undo { steps }, Some(_)) => Ok(vec![MacroRunEvent::Undone { steps: steps.clone() }]),
        }
    }

    fn evolve(state: Option<Self>, event: &MacroRunEvent) -> Option<Self> {
        match (event, state) {
            (
                MacroRunEvent::Started {
                    macro_id,
                    macro_version,
                    ticket_id,
                    steps,
                    texts,
                },
                _,
            ) => Some(Self {
                macro_id: *macro_id,
                macro_version: *macro_version,
                ticket_id: *ticket_id,
                steps: steps.clone(),
                texts: texts.known().cloned(),
                ended: None,
                undone: None,
            }),
            (MacroRunEvent::Finished { done, stopped }, Some(run)) => Some(Self {
                ended: Some((*done, stopped.clone())),
                ..run
            }),
            (MacroRunEvent::Undone { steps }, Some(run)) => Some(Self {
                undone: Some(steps.clone()),
                ..run
            }),
            (MacroRunEvent::Finished { .. } | MacroRunEvent::Undone { .. }, None) => None,
        }
    }
}
