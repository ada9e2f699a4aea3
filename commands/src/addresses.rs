//! Commands that bring an address into an account: nobody else may have it, over all accounts and servers.

use std::time::Duration;

use domain::{
    claim::UserEmail,
    ids::AgentId,
    user::{User, UserCommand, UserRefusal},
};
use tokio::time::sleep;

use crate::{CommandError, Handler, Outcome, Refusal, Request, Taken};

/// Tries to get an address that somebody else is about to get.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(50);

impl Handler {
    pub(crate) async fn with_address(
        &self,
        id: AgentId,
        command: &UserCommand,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let (UserCommand::Invite { email, .. } | UserCommand::Register { email, .. }) = command else {
            return self.plain::<User>(id.0, command, request).await;
        };
        let claim = self.claims().pseudonym::<UserEmail>(email).await?;
        let _row = self.claims().queue(&[claim]).await;
        let mut without_value = None;
        for _ in 0..TRIES {
            let taken = self
                .claims()
                .take::<UserEmail>(claim, id.0, without_value, request)
                .await?;
            let Taken::Held { owner, .. } = taken else {
                let done = self.plain::<User>(id.0, command, request).await;
                if let Err(CommandError::Refused(_)) = done {
                    self.give_back(id, email, request).await?;
                }
                return done;
            };
            let holder = self.user(AgentId(owner)).await?;
            if holder.and_then(|it| it.email).as_ref() == Some(email) {
                return Err(Refusal::from(UserRefusal::EmailTaken).into());
            }
            without_value = Some(owner);
            sleep(PAUSE).await;
        }
        Err(CommandError::Contention {
            stream: "the address".to_owned(),
        })
    }

    /// Gives an address up that did not get into the account.
    async fn give_back(&self, id: AgentId, email: &str, request: &Request) -> Result<(), CommandError> {
        let has_it = self
            .user(id)
            .await?
            .and_then(|it| it.email)
            .is_some_and(|it| it == email);
        if has_it {
            return Ok(());
        }
        let claim = self.claims().pseudonym::<UserEmail>(email).await?;
        self.claims().release::<UserEmail>(claim, id.0, request).await
    }
}
