use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use commands::{Command, Request};
use domain::{
    attachment::{AttachmentCommand, FileName, MediaType},
    ids::{AttachmentId, CommandId, ContactId, TicketId},
    organisation::Kind as ItemKind,
    values::ValueError,
};
use uuid::Uuid;

use super::attachment_id;
use crate::{
    files::Errand,
    graphql::{
        Caller, caller, idempotency,
        ids::{Kind, required},
        parts,
        payload::UserError,
        problem,
    },
    problem::{Answer, Problem},
};

/// What can be told about files.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct FilesMutation;

/// A file that is to be brought.
#[derive(Debug, InputObject)]
pub(super) struct CreateUploadInput {
    /// Your name of this wish, 1 to 200 characters: sent again with the same key it does nothing twice. Needed, unless
    /// the header `Idempotency-Key` gives it.
    idempotency_key: Option<String>,
    /// Id of the ticket it is for; or else give the inbox and the customer.
    ticket_id: Option<ID>,
    /// Id of the inbox it is for, while there is no ticket yet. A visitor's is their own.
    inbox_id: Option<ID>,
    /// Id of the customer it is for, while there is no ticket yet. A customer's is their own.
    contact_id: Option<ID>,
    /// What it is called: 1 to 255 characters in one line, without `/` and `\`.
    name: String,
    /// How many bytes it has, at least 1.
    size: i64,
    /// What it is, such as `image/png`; `application/octet-stream` when that is not known: then its bytes tell.
    content_type: String,
    /// Comes back in the payload.
    client_mutation_id: Option<String>,
}

/// Where and how the bytes are to be brought.
#[derive(Debug, SimpleObject)]
pub(super) struct Upload {
    /// Id of the file: name it in `attachmentIds` of a message once its bytes are there.
    attachment_id: ID,
    /// A path on this server, for some minutes; no further credential is needed.
    url: String,
    /// The method of HTTP: `PUT`.
    method: String,
    /// Headers to be sent.
    headers: Vec<UploadHeader>,
    /// Until when the upload can begin.
    expires_at: DateTime<Utc>,
}

/// A header to be sent.
#[derive(Debug, SimpleObject)]
pub(super) struct UploadHeader {
    /// Its name.
    name: String,
    /// Its value.
    value: String,
}

/// What `createUpload` answers.
#[derive(Debug, SimpleObject)]
pub(super) struct CreateUploadPayload {
    /// Where and how the bytes are to be brought; null when the file is not taken.
    upload: Option<Upload>,
    /// Rules the request breaks; empty when it was carried out.
    user_errors: Vec<UserError>,
    /// As it came in the input.
    client_mutation_id: Option<String>,
}

/// What can be told about files.
#[Object]
impl FilesMutation {
    /// Announces a file; then bring its bytes to `upload.url`, and name it in a message. Announced again with the same key
    /// it is the same file, with a new link. What no message takes up within a day is taken away.
    async fn create_upload(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which file, and where it is to go.")] input: CreateUploadInput,
    ) -> Result<CreateUploadPayload> {
        let caller = caller(ctx)?;
        let client_mutation_id = input.client_mutation_id.clone();
        let content_type = input.content_type.clone();
        let refused = |problem: Problem| CreateUploadPayload {
            upload: None,
            user_errors: vec![UserError::new(problem, caller.language)],
            client_mutation_id: client_mutation_id.clone(),
        };
        let (id, request) = match request(ctx, caller, &input) {
            Ok(made) => made,
            Err(problem) => return Ok(refused(problem)),
        };
        let parts = parts(ctx)?;
        let full = parts.files.is_full(&caller.viewer.actor, id, input.size).await;
        if let Some(reason) = full.map_err(|it| problem(ctx, it.problem))? {
            return Ok(refused(reason));
        }
        if let Err(error) = parts.handler.execute(&caller.viewer.rights, &request).await {
            return match Answer::from(error) {
                Answer::Refused(reason) => Ok(refused(reason)),
                Answer::Failed(fault) => Err(problem(ctx, fault)),
            };
        }
        let made = parts.files.path(Errand::Upload, id, &caller.viewer.actor).await;
        let (url, expires_at) = made.map_err(|it| problem(ctx, it.problem))?;
        Ok(CreateUploadPayload {
            upload: Some(Upload {
                attachment_id: attachment_id(id),
                url,
                method: "PUT".to_owned(),
                headers: vec![UploadHeader {
                    name: "Content-Type".to_owned(),
                    value: content_type,
                }],
                expires_at,
            }),
            user_errors: Vec::new(),
            client_mutation_id,
        })
    }
}

fn request(ctx: &Context<'_>, caller: &Caller, input: &CreateUploadInput) -> Result<(AttachmentId, Request), Problem> {
    let key = idempotency::key(ctx, input.idempotency_key.as_deref())?;
    let given = |kind, field: &'static str, id: &Option<ID>| {
        let read = id.as_ref().map(|it| required(kind, field, it));
        read.transpose().map_err(|it| it.about(field))
    };
    let ticket_id = given(Kind::Ticket, "ticketId", &input.ticket_id)?.map(TicketId);
    let mut inbox_id = given(Kind::Item(ItemKind::Inbox), "inboxId", &input.inbox_id)?;
    let mut contact_id = given(Kind::Contact, "contactId", &input.contact_id)?;
    if ticket_id.is_some() && (inbox_id.is_some() || contact_id.is_some()) {
        let (russian, english) = (
            "либо ticketId, либо inboxId и contactId",
            "either ticketId, or inboxId and contactId",
        );
        return Err(Problem::bad_input("ticketId", "", russian, english).about("ticketId"));
    }
    if let Some(own) = caller.viewer.inbox.filter(|_| ticket_id.is_none()) {
        inbox_id = Some(its_own("inboxId", inbox_id, own)?);
        if let Ok(myself) = caller.viewer.actor.id.parse() {
            contact_id = Some(its_own("contactId", contact_id, myself)?);
        }
    }
    let name = FileName::try_new(&input.name).map_err(|it| bad(&it))?;
    let content_type = MediaType::try_new(&input.content_type).map_err(|it| bad(&it))?;
    let size = u64::try_from(input.size).map_err(|_negative| {
        let (russian, english) = ("число байтов от 1", "a number of bytes, at least 1");
        Problem::bad_input("size", &input.size.to_string(), russian, english).about("size")
    })?;
    let actor = &caller.viewer.actor;
    let target = ticket_id.map(|it| it.to_string()).unwrap_or_default();
    let command_id = CommandId::of_request(&actor.to_string(), "createUpload", &target, key.as_str());
    let id = AttachmentId::announced_by(command_id);
    let command = AttachmentCommand::Prepare {
        ticket_id,
        inbox_id,
        contact_id: contact_id.map(ContactId),
        name,
        size,
        content_type,
        usual: parts(ctx)
            .map_err(|it| Problem::new("INTERNAL", it.message.clone(), it.message))?
            .files
            .usual()
            .clone(),
        found: None,
    };
    let request = Request {
        command_id,
        command: Command::Attachment(id, command),
        actor: actor.clone(),
        expected_version: None,
        traceparent: caller.traceparent.clone(),
    };
    Ok((id, request))
}

/// A visitor names their own or nothing.
fn its_own(field: &'static str, given: Option<Uuid>, own: Uuid) -> Result<Uuid, Problem> {
    match given {
        Some(other) if other != own => {
            let (russian, english) = ("только своё, или ничего", "your own, or nothing");
            Err(Problem::bad_input(field, &other.to_string(), russian, english).about(field))
        }
        Some(_) | None => Ok(own),
    }
}

fn bad(error: &ValueError) -> Problem {
    let russian = match error.field {
        "name" => "от 1 до 255 символов в одну строку, без / и \\, не . и не ..",
        _ => "тип файла, например image/png или application/pdf",
    };
    Problem::bad_input(error.field, &error.value, russian, error.accepted).about(error.field)
}
