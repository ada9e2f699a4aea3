//! Accounts elsewhere: each belongs to one user, so it is claimed before the event that links it.

use domain::{
    claim::UserAccount,
    ids::AgentId,
    user::{User, UserCommand, UserRefusal},
};
use uuid::Uuid;

use crate::{CommandError, Handler, Outcome, Refusal, Request, Taken};

/// Whose an account is.
enum Owner {
    /// Nobody's, though somebody may have claimed it and not have it.
    Nobody(Option<Uuid>),
    User(AgentId),
}

impl Handler {
    /// Who signs in with an account elsewhere; `None` when nobody does.
    ///
    /// # Errors
    /// When the log or the vault do not answer.
    pub async fn owner_of_account(&self, issuer: &str, subject: &str) -> Result<Option<AgentId>, CommandError> {
        Ok(match self.account(issuer, subject).await?.1 {
            Owner::User(id) => Some(id),
            Owner::Nobody(_) => None,
        })
    }

    async fn account(&self, issuer: &str, subject: &str) -> Result<(Uuid, Owner), CommandError> {
        let value = format!("{issuer}\n{subject}");
        let pseudonym = self.claims.pseudonym::<UserAccount>(&value).await?;
        let Some(claim) = self.claims.look::<UserAccount>(pseudonym).await? else {
            return Ok((pseudonym, Owner::Nobody(None)));
        };
        let user = self.user(AgentId(claim.owner)).await?;
        let owner = match user {
            Some(user) if user.accounts.get(issuer).map(String::as_str) == Some(subject) => {
                Owner::User(AgentId(claim.owner))
            }
            Some(_) | None => Owner::Nobody(Some(claim.owner)),
        };
        Ok((pseudonym, owner))
    }

    /// Links an account elsewhere to a user, if it is nobody else's.
    pub(crate) async fn link_account(
        &self,
        id: AgentId,
        (issuer, subject): (&str, &str),
        command: &UserCommand,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let taken = || Err(Refusal::from(UserRefusal::AccountTaken).into());
        let (pseudonym, left) = match self.account(issuer, subject).await? {
            (_, Owner::User(owner)) if owner != id => return taken(),
            (_, Owner::User(_)) => return self.plain::<User>(id.0, command, request).await,
            (pseudonym, Owner::Nobody(left)) => (pseudonym, left),
        };
        match self.claims.take::<UserAccount>(pseudonym, id.0, left, request).await? {
            Taken::Yes => {}
            Taken::Held { .. } => return taken(),
        }
        let done = self.plain::<User>(id.0, command, request).await;
        if let Err(CommandError::Refused(_)) = done {
            self.claims.release::<UserAccount>(pseudonym, id.0, request).await?;
        }
        done
    }
}
