//! Commands that hand out rights: where they are to count must be there.

use domain::{
    access::{Access, AccessCommand, AccessRefusal, Scope},
    api_key::{ApiKey, ApiKeyCommand},
    decider::Decider,
    ids::{AgentId, ApiKeyId, singleton},
    user::Standing,
};
use uuid::Uuid;

use crate::{CommandError, Handler, Outcome, Refusal, Request, caches::Cached};

impl Handler {
    pub(crate) async fn grant(&self, command: &AccessCommand, request: &Request) -> Result<Outcome, CommandError> {
        let scope = match command {
            AccessCommand::Grant { grant, .. } => Some(grant.scope),
            // What was granted where nothing is any more must be revocable.
            AccessCommand::Revoke { .. } | AccessCommand::ReviseRole { .. } | AccessCommand::RetireRole { .. } => None,
        };
        if let AccessCommand::Revoke { user_id, grant } = command
            && grant.role.is_admin()
            && grant.scope == Scope::Everywhere
        {
            self.must_leave_an_administrator(*user_id).await?;
        }
        self.scoped::<Access>(singleton(Access::CATEGORY), scope, command, request)
            .await
    }

    /// Refuses to take the role from the last one who has it and can sign in: who is only invited, or suspended, administers
    /// nothing.
    async fn must_leave_an_administrator(&self, user_id: AgentId) -> Result<(), CommandError> {
        let all: Vec<AgentId> = self.access().await?.administrators().collect();
        if !all.contains(&user_id) || !self.is_active(user_id).await? {
            return Ok(());
        }
        for other in all.into_iter().filter(|it| *it != user_id) {
            if self.is_active(other).await? {
                return Ok(());
            }
        }
        Err(Refusal::from(AccessRefusal::LastAdministrator).into())
    }

    async fn is_active(&self, user_id: AgentId) -> Result<bool, CommandError> {
        let user = self.user(user_id).await?;
        Ok(user.is_some_and(|it| it.standing == Standing::Active))
    }

    pub(crate) async fn admit(
        &self,
        id: ApiKeyId,
        command: &ApiKeyCommand,
        request: &Request,
    ) -> Result<Outcome, CommandError> {
        let scope = match command {
            ApiKeyCommand::Issue { scope, .. } => Some(*scope),
            ApiKeyCommand::Revoke | ApiKeyCommand::Use { .. } => None,
        };
        self.scoped::<ApiKey>(id.0, scope, command, request).await
    }

    async fn scoped<D>(
        &self,
        id: Uuid,
        scope: Option<Scope>,
        command: &D::Command,
        request: &Request,
    ) -> Result<Outcome, CommandError>
    where
        D: Cached,
        Refusal: From<D::Refusal>,
    {
        if let Some(scope) = scope {
            let slot = self.slot::<D>(id);
            let done = self
                .look(&mut *slot.lock().await, id)
                .await?
                .find(request.command_id)
                .is_some();
            if !done {
                self.check_scope(scope).await?;
            }
        }
        self.plain::<D>(id, command, request).await
    }
}
