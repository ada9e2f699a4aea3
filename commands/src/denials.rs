//! Tries that were refused, on record.

use domain::{
    access::Permission,
    actor::Actor,
    decider::Decider,
    denial::{Denial, DenialCommand},
    ids::CommandId,
};
use uuid::Uuid;

use crate::{Command, CommandError, Handler, Request};

/// Seconds in which the same try of the same actor is recorded once, so that whoever tries without end does not fill
/// the log.
const WINDOW_S: i64 = 60;

impl Handler {
    /// Records that somebody tried what they have no right to.
    ///
    /// # Errors
    /// [`CommandError`] when the log does not take it.
    pub async fn deny(&self, actor: &Actor, operation: &str, permission: Permission) -> Result<(), CommandError> {
        let window = self.clock.now().timestamp() / WINDOW_S;
        let what = format!("{operation} {}", permission.as_str());
        let command = DenialCommand::Deny {
            operation: operation.to_owned(),
            permission,
        };
        let who = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{} {actor}", Denial::CATEGORY).as_bytes());
        let request = Request {
            command_id: CommandId::of_request(&actor.to_string(), Denial::CATEGORY, &what, &window.to_string()),
            command: Command::Denial(who, command.clone()),
            actor: actor.clone(),
            expected_version: None,
            traceparent: None,
        };
        self.plain::<Denial>(who, &command, &request).await?;
        Ok(())
    }
}
