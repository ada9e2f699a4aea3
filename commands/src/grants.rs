//! Commands that hand out rights: where they are to count must be there.

use domain::{
    access::{Access, AccessCommand, Scope},
    api_key::{ApiKey, ApiKeyCommand},
    decider::Decider,
    ids::{ApiKeyId, singleton},
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
        self.scoped::<Access>(singleton(Access::CATEGORY), scope, command, request)
            .await
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
