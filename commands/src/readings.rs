//! What somebody looked at, on record.

use domain::{
    actor::Actor,
    decider::Decider,
    ids::CommandId,
    reading::{Reading, ReadingCommand, ReadingEvent},
};
use uuid::Uuid;

use crate::{Command, CommandError, Handler, Request};

/// Seconds whose readings by one reader make one stream.
const SPAN_S: i64 = 3600;

impl Handler {
    /// Records what `actor` looked at; `id` names the look.
    ///
    /// # Errors
    /// [`CommandError`] when the log does not take it.
    pub async fn looked(&self, actor: &Actor, id: Uuid, event: ReadingEvent) -> Result<(), CommandError> {
        let span = self.clock.now().timestamp() / SPAN_S;
        let stream = Uuid::new_v5(
            &Uuid::NAMESPACE_OID,
            format!("{} {actor} {span}", Reading::CATEGORY).as_bytes(),
        );
        let command = ReadingCommand::Record(event);
        let request = Request {
            command_id: CommandId(id),
            command: Command::Reading(stream, command.clone()),
            actor: actor.clone(),
            expected_version: None,
            traceparent: None,
        };
        self.plain::<Reading>(stream, &command, &request).await?;
        Ok(())
    }
}
