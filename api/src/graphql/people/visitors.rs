//! Visitors, and the secrets by which a customer's own backend vouches for them.

use async_graphql::{Context, ID, Object, Result};
use commands::Command;
use domain::{access::Permission, organisation::Kind as ItemKind, visitor_secret::VisitorSecretCommand};
use uuid::Uuid;

use super::{
    input::bad,
    problems::{broken, fault},
    tell::{Told, command_id, tell_checked, wish},
    visitor_objects::{
        IssueVisitorSecretInput, RevokeVisitorSecretInput, StartVisitInput, VisitPayload, VisitorSecretPayload,
    },
    visitor_problems::problem_of,
};
use crate::{
    auth::Voucher,
    graphql::{
        caller,
        ids::{Kind, required},
        may_see, parts,
        payload::UserError,
        problem,
    },
    problem::Problem,
};

/// Longest that a secret counts beside the one that replaced it: a week.
const LONGEST: u32 = 604_800;

/// Mutations about visitors. `startVisit` needs no credential.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct VisitorMutation;

/// Mutations about visitors. `startVisit` needs no credential.
#[Object]
impl VisitorMutation {
    /// Issues the secret by which a customer's own backend vouches for the visitors of an inbox; the one before it counts
    /// no more, or for a while.
    async fn issue_visitor_secret(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: IssueVisitorSecretInput,
    ) -> Result<VisitorSecretPayload> {
        may_see(ctx, Permission::OrganisationWrite)?;
        let inbox = inbox_id(ctx, &input.inbox_id)?;
        let wish = wish(
            "issueVisitorSecret",
            &inbox.to_string(),
            input.idempotency_key.as_deref(),
        );
        let command_id = match command_id(ctx, &wish)? {
            Ok(id) => id,
            Err(refusal) => {
                let told = Told::refused(caller(ctx)?.language, refusal);
                return Ok(VisitorSecretPayload::new(None, told, input.client_mutation_id));
            }
        };
        let seed = command_id.0;
        let keep = u32::try_from(input.keep_former_s).ok().filter(|it| *it <= LONGEST);
        let command = keep.map(|keep_former_s| VisitorSecretCommand::Issue { seed, keep_former_s });
        let command = command.ok_or_else(|| {
            let given = input.keep_former_s.to_string();
            bad("keepFormerS", &given, "от 0 до 604800", "0 to 604800")
        });
        let told = tell_checked(ctx, &wish, command.map(|it| Command::VisitorSecret(inbox, it))).await?;
        let secret = parts(ctx)?.door.secrets.visitors(inbox, seed).await;
        let secret = secret.map_err(|it| fault(ctx, &it))?;
        Ok(VisitorSecretPayload::new(Some(secret), told, input.client_mutation_id))
    }

    /// Lets nobody vouch for visitors of an inbox any more, until another secret is issued.
    async fn revoke_visitor_secret(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: RevokeVisitorSecretInput,
    ) -> Result<VisitorSecretPayload> {
        may_see(ctx, Permission::OrganisationWrite)?;
        let inbox = inbox_id(ctx, &input.inbox_id)?;
        let wish = wish(
            "revokeVisitorSecret",
            &inbox.to_string(),
            input.idempotency_key.as_deref(),
        );
        let command = Command::VisitorSecret(inbox, VisitorSecretCommand::Revoke);
        let told = tell_checked(ctx, &wish, Ok(command)).await?;
        Ok(VisitorSecretPayload::new(None, told, input.client_mutation_id))
    }

    /// Lets a visitor in for whom the customer's own backend vouches: finds their contact, or creates it.
    async fn start_visit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who it is, and by what.")] input: StartVisitInput,
    ) -> Result<VisitPayload> {
        let inbox = inbox_id(ctx, &input.inbox_id)?;
        let voucher = match (input.token, input.external_id, input.hmac) {
            (Some(token), None, None) => Voucher::Token(token),
            (None, Some(external_id), Some(hmac)) => Voucher::Hmac { external_id, hmac },
            _ => return refused(ctx, which()),
        };
        match parts(ctx)?.door.visit(inbox, voucher, input.name).await {
            Ok(visit) => Ok(VisitPayload {
                session: Some(visit.into()),
                user_errors: Vec::new(),
            }),
            Err(unvouched) => match problem_of(unvouched) {
                Ok(refusal) => refused(ctx, refusal),
                Err(other) => Err(broken(ctx, other)),
            },
        }
    }
}

fn which() -> Problem {
    let (russian, english) = (
        "либо token, либо externalId и hmac",
        "either token, or externalId and hmac",
    );
    bad("token", "", russian, english)
}

fn refused(ctx: &Context<'_>, refusal: Problem) -> Result<VisitPayload> {
    Ok(VisitPayload {
        session: None,
        user_errors: vec![UserError::new(refusal, caller(ctx)?.language)],
    })
}

fn inbox_id(ctx: &Context<'_>, id: &ID) -> Result<Uuid> {
    required(Kind::Item(ItemKind::Inbox), "inboxId", id).map_err(|it| problem(ctx, it.about("inboxId")))
}
