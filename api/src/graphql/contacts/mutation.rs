use async_graphql::{Context, Object, Result, SimpleObject};
use commands::{CommandError, Request};
use domain::ids::{CommandId, ContactId, OrganizationId};
use projections::{contact_card, organization};
use uuid::Uuid;

use super::{
    input::{self, FindOrCreateContactInput, Frame, Wish},
    types::{Contact, Organization, load_shown},
};
use crate::{
    contact_problems,
    graphql::{
        Caller, caller, idempotency,
        ids::{Kind, LogPosition, required},
        parts,
        payload::UserError,
        problem,
    },
    problem::{Answer, Problem, internal},
};

/// What can be told about contacts.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct ContactsMutation;

/// What a mutation leads to, before it is said of what.
#[derive(Debug, Default)]
struct Reply {
    /// What it is about, when that is known.
    id: Option<Uuid>,
    position: Option<LogPosition>,
    stale: bool,
    user_errors: Vec<UserError>,
}

macro_rules! mutations {
    ($($(#[doc = $doc:literal])* $name:ident($input:ident) -> $payload:ident { $(#[doc = $node_doc:literal])* $node:ident: $type:ident } by $carry:ident;)+) => {
        $(
            /// What the mutation of this name answers.
            #[derive(Debug, SimpleObject)]
            pub(super) struct $payload {
                $(#[doc = $node_doc])*
                $node: Option<$type>,
                /// Position of the last event: give it back as `minPosition` to see it in every list.
                position: Option<LogPosition>,
                /// Whether lists, queries and this payload do not show the change yet.
                stale: bool,
                /// Rules the request breaks; empty when it was carried out.
                user_errors: Vec<UserError>,
                /// As it came in the input.
                client_mutation_id: Option<String>,
            }
        )+

        /// What can be told about contacts.
        #[Object]
        impl ContactsMutation {
            $(
                $(#[doc = $doc])*
                async fn $name(
                    &self,
                    ctx: &Context<'_>,
                    #[graphql(desc = "What is wished.")] input: input::$input,
                ) -> Result<$payload> {
                    let client_mutation_id = input.frame().client_mutation_id;
                    let Reply { id, position, stale, user_errors } = $carry(ctx, input).await?;
                    let $node = $type::seen(ctx, id).await;
                    Ok($payload { $node, position, stale, user_errors, client_mutation_id })
                }
            )+
        }
    };
}

mutations! {
    /// Records a customer. A handle that belongs to another contact is refused.
    create_contact(CreateContactInput) -> CreateContactPayload {
        /// The contact; null when it was refused.
        contact: Contact
    } by carry_out;
    /// Finds the contact that has one of the handles and gives it the others; creates one when nobody has any.
    find_or_create_contact(FindOrCreateContactInput) -> FindOrCreateContactPayload {
        /// The contact; of a merged one, the contact it was merged into.
        contact: Contact
    } by find_or_create;
    /// Changes what is known of the person.
    change_contact_profile(ChangeContactProfileInput) -> ChangeContactProfilePayload {
        /// The contact as it is shown now.
        contact: Contact
    } by carry_out;
    /// Adds a handle. One that belongs to another contact is refused.
    add_contact_handle(AddContactHandleInput) -> AddContactHandlePayload {
        /// The contact as it is shown now.
        contact: Contact
    } by carry_out;
    /// Notes that the person was shown to have a handle.
    verify_contact_handle(VerifyContactHandleInput) -> VerifyContactHandlePayload {
        /// The contact as it is shown now.
        contact: Contact
    } by carry_out;
    /// Removes a handle; it is free for others from then on.
    remove_contact_handle(RemoveContactHandleInput) -> RemoveContactHandlePayload {
        /// The contact as it is shown now.
        contact: Contact
    } by carry_out;
    /// Shows a contact with another of the same person; nothing of either is lost.
    merge_contacts(MergeContactsInput) -> MergeContactsPayload {
        /// The contact that shows both.
        contact: Contact
    } by carry_out;
    /// Lets a merged contact be by itself again, exactly as it was.
    unmerge_contact(UnmergeContactInput) -> UnmergeContactPayload {
        /// The contact that is by itself again.
        contact: Contact
    } by carry_out;
    /// Wants nothing of the person any more. Agents can still open tickets for them.
    block_contact(BlockContactInput) -> BlockContactPayload {
        /// The contact as it is shown now.
        contact: Contact
    } by carry_out;
    /// Takes a block back.
    unblock_contact(UnblockContactInput) -> UnblockContactPayload {
        /// The contact as it is shown now.
        contact: Contact
    } by carry_out;
    /// Notes that the person agrees to something.
    give_consent(GiveConsentInput) -> GiveConsentPayload {
        /// The contact as it is shown now.
        contact: Contact
    } by carry_out;
    /// Notes that the person no longer agrees to something.
    withdraw_consent(WithdrawConsentInput) -> WithdrawConsentPayload {
        /// The contact as it is shown now.
        contact: Contact
    } by carry_out;
    /// Puts the person in an organization, or takes them out of any.
    assign_contact_to_organization(AssignContactToOrganizationInput) -> AssignContactToOrganizationPayload {
        /// The contact as it is shown now.
        contact: Contact
    } by carry_out;
    /// Records an organization.
    create_organization(CreateOrganizationInput) -> CreateOrganizationPayload {
        /// The organization; null when it was refused.
        organization: Organization
    } by carry_out;
    /// Defines an organization anew, as a whole.
    revise_organization(ReviseOrganizationInput) -> ReviseOrganizationPayload {
        /// The organization as it is now.
        organization: Organization
    } by carry_out;
    /// Puts nobody in an organization any more; it stays readable where it was used.
    retire_organization(RetireOrganizationInput) -> RetireOrganizationPayload {
        /// The organization as it is now.
        organization: Organization
    } by carry_out;
}

async fn carry_out<W: Wish>(ctx: &Context<'_>, wish: W) -> Result<Reply> {
    let (parts, caller) = (parts(ctx)?, caller(ctx)?);
    let (id, request) = match request(ctx, caller, wish) {
        Ok(request) => request,
        Err(problem) => return Ok(refusal(caller, None, problem)),
    };
    match parts.handler.execute(&caller.viewer.rights, &request).await {
        Ok(outcome) => {
            let position = LogPosition::from(outcome.position);
            shown(ctx, W::KIND, id, position).await
        }
        Err(error) => refused(ctx, id, error),
    }
}

async fn find_or_create(ctx: &Context<'_>, wish: FindOrCreateContactInput) -> Result<Reply> {
    let (parts, caller) = (parts(ctx)?, caller(ctx)?);
    let (id, request) = match request(ctx, caller, wish) {
        Ok(request) => request,
        Err(problem) => return Ok(refusal(caller, None, problem)),
    };
    let found = parts
        .handler
        .find_or_create_contact(&caller.viewer.rights, &request)
        .await;
    match found {
        Ok((contact, outcome)) => shown(ctx, Kind::Contact, contact.0, LogPosition::from(outcome.position)).await,
        Err(error) => refused(ctx, id, error),
    }
}

fn request<W: Wish>(ctx: &Context<'_>, caller: &Caller, wish: W) -> Result<(Uuid, Request), Problem> {
    let frame: Frame = wish.frame();
    let key = idempotency::key(ctx, frame.idempotency_key.as_deref())?;
    let expected_version = frame.expected_version.map(version).transpose()?;
    let target = frame.target.map(|it| required(W::KIND, W::TARGET, &it)).transpose();
    let target = target.map_err(|it| it.about(W::TARGET))?;
    let named = target.map(|it| it.to_string()).unwrap_or_default();
    let command_id = CommandId::of_request(&caller.viewer.actor.to_string(), W::OPERATION, &named, key.as_str());
    let id = target.unwrap_or_else(|| {
        if W::KIND == Kind::Organization {
            OrganizationId::created_by(command_id).0
        } else {
            ContactId::created_by(command_id).0
        }
    });
    let request = Request {
        command_id,
        command: wish.command(id, command_id)?,
        actor: caller.viewer.actor.clone(),
        expected_version,
        traceparent: caller.traceparent.clone(),
    };
    Ok((id, request))
}

fn version(number: i64) -> Result<u64, Problem> {
    u64::try_from(number).map_err(|_negative| {
        let (russian, english) = ("версия, как её дал этот API", "a version as this API gave it");
        Problem::bad_input("expectedVersion", &number.to_string(), russian, english).about("expectedVersion")
    })
}

async fn shown(ctx: &Context<'_>, kind: Kind, id: Uuid, position: LogPosition) -> Result<Reply> {
    let model = if kind == Kind::Organization {
        organization::NAME
    } else {
        contact_card::NAME
    };
    Ok(Reply {
        id: Some(id),
        stale: !parts(ctx)?.live.reached(model, position.0.shown_at()).await,
        position: Some(position),
        user_errors: Vec::new(),
    })
}

/// A refusal; the thing is shown as it is, so that the client sees what it collided with.
fn refused(ctx: &Context<'_>, id: Uuid, error: CommandError) -> Result<Reply> {
    match contact_problems::answer(error) {
        Answer::Failed(fault) => Err(problem(ctx, fault)),
        Answer::Refused(reason) => Ok(refusal(caller(ctx)?, Some(id), reason)),
    }
}

fn refusal(caller: &Caller, id: Option<Uuid>, reason: Problem) -> Reply {
    Reply {
        id,
        user_errors: vec![UserError::new(reason, caller.language)],
        ..Reply::default()
    }
}

impl Contact {
    /// As the tables show it; `None` when they cannot be read, for the change itself is safe in the log.
    async fn seen(ctx: &Context<'_>, id: Option<Uuid>) -> Option<Self> {
        let id = id?;
        let found = load_shown(&parts(ctx).ok()?.pool, &[id]).await;
        let mut found = found.inspect_err(|it| drop(internal(it))).ok()?;
        found.remove(&id).map(|it| (*it).clone())
    }
}

impl Organization {
    /// As the tables show it; `None` when they cannot be read, for the change itself is safe in the log.
    async fn seen(ctx: &Context<'_>, id: Option<Uuid>) -> Option<Self> {
        let found = organization::by_ids(&parts(ctx).ok()?.pool, &[id?]).await;
        let mut found = found.inspect_err(|it| drop(internal(it))).ok()?;
        found.pop().map(Self::from)
    }
}
