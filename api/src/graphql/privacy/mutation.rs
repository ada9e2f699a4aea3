use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Duration, Utc};
use commands::{Command, Request};
use domain::{
    data_subject::{DataSubjectCommand, DataSubjectRefusal},
    ids::CommandId,
    personal::DataSubject,
};
use projections::person_privacy;
use uuid::Uuid;

use super::{
    input::{CancelErasureInput, LiftLegalHoldInput, PlaceLegalHoldInput, RequestErasureInput},
    object::PersonPrivacy,
    query::{by_id, person},
};
use crate::{
    graphql::{caller, filter::storable, idempotency, ids::LogPosition, parts, payload::UserError, postgres, problem},
    problem::{Answer, Problem},
};

/// Characters of a reason or a note at most.
const LONGEST: usize = 2_000;

/// What can be told about people's data.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct PrivacyMutation;

/// What mutations about people's data answer.
#[derive(Debug, SimpleObject)]
pub(in crate::graphql) struct PrivacyPayload {
    /// Where the person's data stands now.
    person: Option<PersonPrivacy>,
    /// Position of the last event: give it back as `minPosition` to see it in every list.
    position: Option<LogPosition>,
    /// Whether lists and this payload do not show the change yet.
    stale: bool,
    /// Rules the request breaks; empty when it was carried out.
    user_errors: Vec<UserError>,
    /// As it came in the input.
    client_mutation_id: Option<String>,
}

/// What all of them are given.
struct Told {
    operation: &'static str,
    idempotency_key: Option<String>,
    person_id: ID,
    expected_version: Option<i64>,
    client_mutation_id: Option<String>,
    wish: Wish,
}

enum Wish {
    Request(RequestErasureInput),
    Cancel(String),
    Hold(String, Option<DateTime<Utc>>),
    Lift(ID, String),
}

#[Object]
impl PrivacyMutation {
    /// Asks for a person's data to be erased, for good and everywhere: their key is destroyed when the time has come.
    async fn request_erasure(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: RequestErasureInput,
    ) -> Result<PrivacyPayload> {
        let told = Told {
            operation: "requestErasure",
            idempotency_key: input.idempotency_key.clone(),
            person_id: input.person_id.clone(),
            expected_version: input.expected_version,
            client_mutation_id: input.client_mutation_id.clone(),
            wish: Wish::Request(input),
        };
        Box::pin(tell(ctx, told)).await
    }

    /// Takes a request for erasure back.
    async fn cancel_erasure(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: CancelErasureInput,
    ) -> Result<PrivacyPayload> {
        let told = Told {
            operation: "cancelErasure",
            idempotency_key: input.idempotency_key,
            person_id: input.person_id,
            expected_version: input.expected_version,
            client_mutation_id: input.client_mutation_id,
            wish: Wish::Cancel(input.reason),
        };
        Box::pin(tell(ctx, told)).await
    }

    /// Forbids that a person's data is erased, by whomever, until the hold is lifted or ends.
    async fn place_legal_hold(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: PlaceLegalHoldInput,
    ) -> Result<PrivacyPayload> {
        let told = Told {
            operation: "placeLegalHold",
            idempotency_key: input.idempotency_key,
            person_id: input.person_id,
            expected_version: input.expected_version,
            client_mutation_id: input.client_mutation_id,
            wish: Wish::Hold(input.reason, input.until),
        };
        Box::pin(tell(ctx, told)).await
    }

    /// Lifts a legal hold; what was due meanwhile is erased then.
    async fn lift_legal_hold(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: LiftLegalHoldInput,
    ) -> Result<PrivacyPayload> {
        let told = Told {
            operation: "liftLegalHold",
            idempotency_key: input.idempotency_key,
            person_id: input.person_id,
            expected_version: input.expected_version,
            client_mutation_id: input.client_mutation_id,
            wish: Wish::Lift(input.hold_id, input.reason),
        };
        Box::pin(tell(ctx, told)).await
    }
}

async fn tell(ctx: &Context<'_>, told: Told) -> Result<PrivacyPayload> {
    let client_mutation_id = told.client_mutation_id.clone();
    let (parts, language) = (parts(ctx)?, caller(ctx)?.language);
    let refusal = |reason: Problem, person: Option<PersonPrivacy>| PrivacyPayload {
        person,
        position: None,
        stale: false,
        user_errors: vec![UserError::new(reason, language)],
        client_mutation_id: client_mutation_id.clone(),
    };
    let (id, request) = match request(ctx, told) {
        Ok(request) => request,
        Err(reason) => return Ok(refusal(reason, None)),
    };
    let seen = async || by_id(ctx, id).await.map_err(|it| postgres(ctx, &it));
    match Box::pin(parts.handler.execute(&caller(ctx)?.viewer.rights, &request)).await {
        Ok(outcome) => Ok(PrivacyPayload {
            stale: !parts.live.reached(person_privacy::NAME, outcome.position).await,
            person: seen().await?,
            position: Some(LogPosition::from(outcome.position)),
            user_errors: Vec::new(),
            client_mutation_id,
        }),
        Err(error) => match Answer::from(error) {
            Answer::Failed(fault) => Err(problem(ctx, fault)),
            Answer::Refused(reason) => Ok(refusal(reason, seen().await?)),
        },
    }
}

fn request(ctx: &Context<'_>, told: Told) -> Result<(Uuid, Request), Problem> {
    let caller = caller(ctx).map_err(|it| crate::problem::internal(&it.message))?;
    let parts = parts(ctx).map_err(|it| crate::problem::internal(&it.message))?;
    let key = idempotency::key(ctx, told.idempotency_key.as_deref())?;
    let id = person("personId", &told.person_id)?;
    let actor = &caller.viewer.actor;
    let command_id = CommandId::of_request(&actor.to_string(), told.operation, &id.to_string(), key.as_str());
    let command = match told.wish {
        Wish::Request(input) => DataSubjectCommand::RequestErasure {
            ground: input.ground.into(),
            note: input.note.map(|it| text("note", &it)).transpose()?,
            execute_after: when(input.execute_at, parts.handler.now())?,
            waiting_days: parts.erasure_waiting_days,
        },
        Wish::Cancel(reason) => DataSubjectCommand::CancelErasure {
            reason: text("reason", &reason)?,
        },
        Wish::Hold(reason, until) => DataSubjectCommand::PlaceHold {
            hold_id: command_id.creates("legal_hold"),
            reason: text("reason", &reason)?,
            until: until
                .map(|it| storable("until", it).map_err(|it| it.about("until")))
                .transpose()?,
        },
        Wish::Lift(hold_id, reason) => DataSubjectCommand::LiftHold {
            hold_id: Uuid::parse_str(&hold_id).map_err(|_no_uuid| {
                let (russian, english) = ("id из holds", "an id from holds");
                Problem::bad_input("holdId", &hold_id, russian, english).about("holdId")
            })?,
            reason: text("reason", &reason)?,
        },
    };
    let request = Request {
        command_id,
        command: Command::DataSubject(DataSubject(id), command),
        actor: actor.clone(),
        expected_version: told
            .expected_version
            .map(crate::graphql::mutation::version)
            .transpose()?,
        traceparent: caller.traceparent.clone(),
    };
    Ok((id, request))
}

fn when(wanted: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Problem> {
    match wanted {
        Some(at) if at < now - Duration::minutes(1) => {
            let (russian, english) = ("момент не в прошлом", "an instant that is not in the past");
            Err(Problem::bad_input("executeAt", &at.to_rfc3339(), russian, english).about("executeAt"))
        }
        Some(at) => Ok(Some(storable("executeAt", at).map_err(|it| it.about("executeAt"))?)),
        None => Ok(None),
    }
}

fn text(field: &'static str, text: &str) -> Result<String, Problem> {
    let text = text.trim().to_owned();
    let length = text.chars().count();
    if (1..=LONGEST).contains(&length) && !text.contains('\0') {
        return Ok(text);
    }
    let shown: String = text.chars().take(50).collect();
    let (russian, english) = (
        "от 1 до 2000 символов без нулевого",
        "1 to 2000 characters, none of them NUL",
    );
    Err(Problem::bad_input(field, &shown.escape_debug().to_string(), russian, english).about(field))
}

/// A rule about people's data, as the outside hears of it.
pub(crate) fn refused(refusal: DataSubjectRefusal) -> Problem {
    let english = refusal.to_string();
    let (code, russian) = match refusal {
        DataSubjectRefusal::Unknown => ("NOT_FOUND", "личных данных такого человека нет".to_owned()),
        DataSubjectRefusal::AtWork => (
            "ACCOUNT_IN_USE",
            "учётная запись в работе: сначала приостановите её".to_owned(),
        ),
        DataSubjectRefusal::AlreadyErased => ("ALREADY_ERASED", "личные данные уже удалены".to_owned()),
        DataSubjectRefusal::AlreadyRequested(due) => (
            "ALREADY_REQUESTED",
            format!("удаление уже запрошено, срок {}", due.to_rfc3339()),
        ),
        DataSubjectRefusal::NotRequested => ("NOT_REQUESTED", "удаление не запрошено, или запрос отменён".to_owned()),
        DataSubjectRefusal::NotDue(due) => ("NOT_DUE", format!("срок удаления {}, не раньше", due.to_rfc3339())),
        DataSubjectRefusal::Held(count) => (
            "LEGAL_HOLD",
            format!("удаление запрещено, запретов: {count}; сначала снимите их"),
        ),
        DataSubjectRefusal::NoSuchHold => ("NOT_FOUND", "такого запрета нет, или он снят".to_owned()),
        DataSubjectRefusal::HoldEnded => (
            "BAD_USER_INPUT",
            "запрет кончился бы в прошлом: дайте момент позже, или никакого".to_owned(),
        ),
        DataSubjectRefusal::NotErased => ("NOT_ERASED", "личные данные не удалены".to_owned()),
    };
    Problem::new(code, russian, english)
}
