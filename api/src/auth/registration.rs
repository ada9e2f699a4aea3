//! Coming by oneself, where the operator lets the people of a mail domain.

use chrono::TimeDelta;
use commands::{Command, CommandError};
use domain::{
    access::{AccessCommand, Grant, Scope},
    ids::{AgentId, CommandId},
    user::{Standing, User, UserCommand},
};
use tracing::warn;

use super::{
    NotLetIn,
    door::{Door, door},
};

/// How long the link of a registration counts.
const REGISTRATION: TimeDelta = TimeDelta::days(1);

impl Door {
    /// Whether people with such an address may come by themselves.
    pub(crate) fn may_register(&self, email: &str) -> bool {
        let host = email.rsplit('@').next().unwrap_or_default();
        self.rules.registration_domains.iter().any(|it| it == host)
    }

    /// Mails a link to an address: to whoever is new there, to whoever was asked to come and did not, and to whoever is
    /// there already, for whom it is one of a recovery. Which of these it was is told nobody but the owner of the address,
    /// and all of them take one event, so that the time does not tell either.
    pub(crate) async fn register(&self, email: String, name: String, locale: String) -> Result<(), NotLetIn> {
        let command_id = Self::fresh("register");
        let known = self.directory.by_email(&email);
        let user = known.unwrap_or_else(|| AgentId::made_by(command_id));
        let link = self.link(user, command_id, REGISTRATION).await?;
        let command = match known.and_then(|it| self.directory.get(it)).map(|it| it.standing) {
            Some(Standing::Invited) => UserCommand::Reinvite { link },
            Some(Standing::Active | Standing::Suspended) => UserCommand::RequestRecovery { link },
            None => UserCommand::Register {
                email,
                name,
                locale,
                password: None,
                link: Some(link),
            },
        };
        match self.carry_out(command_id, Command::User(user, command)).await {
            // The next try must find this one.
            Ok(outcome) => self.settle(&outcome).await.map(drop),
            Err(CommandError::Refused(_)) => Ok(()),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Gives somebody who has come by themselves what the operator lets them have. Before the link is used up: what is
    /// broken off in between goes on with the same link.
    pub(super) async fn receive(&self, user: AgentId, known: &User) -> Result<(), NotLetIn> {
        let newcomer = known.registered && known.standing == Standing::Invited;
        let Some(role) = self.rules.registration_role.clone().filter(|_| newcomer) else {
            return Ok(());
        };
        let grant = Grant {
            role,
            scope: Scope::Everywhere,
        };
        let command_id = CommandId::of_request(&door().to_string(), "receive", &user.to_string(), "registration");
        let grant = Command::Access(AccessCommand::Grant { user_id: user, grant });
        match self.carry_out(command_id, grant).await {
            Ok(_) => Ok(()),
            // They come in all the same, and an administrator sees to the rest.
            Err(CommandError::Refused(error)) => {
                warn!(%error, %user, "registration_role is not granted");
                Ok(())
            }
            Err(fault) => Err(fault.into()),
        }
    }
}
