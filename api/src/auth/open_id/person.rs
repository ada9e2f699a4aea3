//! Who somebody with an account elsewhere is here, and what they may do.

use std::collections::{BTreeMap, BTreeSet};

use commands::{Command, CommandError, Refusal};
use domain::{
    access::{AccessCommand, Grant, RoleKey, Scope},
    ids::{AgentId, CommandId},
    session::SignInMethod,
    sign_in::SignInFault,
    user::{Standing, UserCommand, UserRefusal},
};
use tracing::warn;

use super::{NotWelcome, flow::Handover, issuer::Identity};
use crate::{
    auth::{
        NotLetIn,
        door::{Door, Pass, door},
    },
    provider::Provider,
};

impl Door {
    /// Who it is: whoever has that account, else whoever has the address that the provider vouches for, else somebody new.
    pub(super) async fn user_of(&self, identity: &Identity, provider: &Provider) -> Result<AgentId, NotWelcome> {
        let (issuer, subject) = (&identity.issuer, &identity.subject);
        let owner = self.handler.owner_of_account(issuer, subject).await?;
        let user = match owner {
            Some(user) => user,
            None => self.user_with_address(identity, provider).await?,
        };
        let link = UserCommand::LinkAccount {
            issuer: issuer.clone(),
            subject: subject.clone(),
        };
        match self.command(Command::User(user, link)).await {
            Ok(outcome) => {
                self.settle(&outcome).await?;
                Ok(user)
            }
            Err(CommandError::Refused(Refusal::User(UserRefusal::Suspended))) => {
                self.record(user.0, SignInFault::NotActive).await?;
                Err(NotWelcome::Suspended)
            }
            Err(CommandError::Refused(Refusal::User(UserRefusal::OtherAccount | UserRefusal::AccountTaken))) => {
                Err(NotWelcome::Other)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn user_with_address(&self, identity: &Identity, provider: &Provider) -> Result<AgentId, NotWelcome> {
        let email = identity.email.clone().ok_or(NotWelcome::Unverified)?;
        if let Some(user) = self.directory.by_email(&email) {
            return Ok(user);
        }
        if !provider.allow_new || !email.is_ascii() {
            self.record_stranger(&email).await?;
            return Err(NotWelcome::Stranger);
        }
        let command_id = Self::fresh("openId");
        let user = AgentId::made_by(command_id);
        let local = email.split('@').next().unwrap_or_default();
        let name = identity.name.as_deref().map(str::trim).filter(|it| !it.is_empty());
        let register = UserCommand::Register {
            name: name
                .unwrap_or(local)
                .chars()
                .filter(|it| !it.is_control())
                .take(100)
                .collect(),
            email,
            locale: identity.locale.to_owned(),
            password: None,
            link: None,
        };
        let made = self.carry_out(command_id, Command::User(user, register)).await?;
        self.settle(&made).await?;
        Ok(user)
    }

    /// Gives and takes the roles that follow from groups; those that no group gives are left alone.
    pub(super) async fn follow_groups(
        &self,
        user: AgentId,
        groups: &BTreeSet<String>,
        roles: &BTreeMap<String, RoleKey>,
    ) -> Result<(), NotWelcome> {
        let access = self.handler.access().await?;
        let granted = access.grants.get(&user);
        for role in roles.values().collect::<BTreeSet<_>>() {
            let grant = Grant {
                role: role.clone(),
                scope: Scope::Everywhere,
            };
            let has = granted.is_some_and(|it| it.contains(&grant));
            let wanted = roles.iter().any(|(group, it)| it == role && groups.contains(group));
            let command = match (wanted, has) {
                (true, false) => AccessCommand::Grant { user_id: user, grant },
                (false, true) => AccessCommand::Revoke { user_id: user, grant },
                (true, true) | (false, false) => continue,
            };
            match self.command(Command::Access(command)).await {
                Ok(outcome) => drop(self.settle(&outcome).await?),
                // Such as the last administrator: people see to that.
                Err(CommandError::Refused(error)) => {
                    warn!(%error, %user, role = role.as_str(), "a group is not followed");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The session that was handed over; the log knows whether it was begun already.
    pub(super) async fn open_session(&self, handover: &Handover, client: &str) -> Result<Pass, NotLetIn> {
        let person = self.directory.get(handover.user);
        if person.is_none_or(|it| it.standing != Standing::Active) {
            return Err(NotLetIn::Spent);
        }
        let command_id = CommandId::of_request(&door().to_string(), "takeUpSignIn", "", &handover.nonce);
        match self
            .let_in_by(command_id, handover.user, SignInMethod::OpenId, client)
            .await
        {
            // By another program.
            Err(NotLetIn::Refused(CommandError::KeyReused)) => Err(NotLetIn::Spent),
            passed => passed,
        }
    }
}
