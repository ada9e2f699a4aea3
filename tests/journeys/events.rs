//! Golden stored events: what was written once is read for ever.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context, Result, ensure};
use domain::{
    actor::{Actor, ActorKind},
    assignment::AssignmentEvent,
    claim::ClaimEvent,
    contact::{ContactEvent, ContactKind, HandleWords, IdentifiedBy, Profile},
    data_subject::DataSubjectEvent,
    event::DomainEvent,
    ids::{AgentId, CommandId, ContactId, HandleId, OrganizationId},
    log_seal::{LogSealEvent, Sealed},
    organization::{Definition, OrganizationEvent},
    personal::{DataSubject, Personal},
    read_model::ReadModelEvent,
    ticket::{TicketEvent, TicketSource},
    ticket_numbers::TicketNumbersEvent,
    upcast::current_schema,
    values::{
        AssignmentMode, ClassifiedBy, CloseCause, HandleChannel, HoldReason, Priority, ReopenCause, ResolutionReason,
        TicketType,
    },
};
use event_store::{Chain, Envelope, Key, Keys, Position, Raw, Recorded, SubjectKey, decode, encode, open};
use serde_json::{Value, json};
use uuid::Uuid;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/events");
const AGENT: AgentId = AgentId(Uuid::from_u128(0xa));
const CUSTOMER: DataSubject = DataSubject(Uuid::from_u128(0xc));

fn romashka() -> Definition {
    Definition {
        name: "Ромашка".to_owned(),
        domains: ["romashka.ru".to_owned(), "xn--80a1acny.xn--p1ai".to_owned()].into(),
        note: Some("договор 17".to_owned()),
    }
}

/// A sample of each event: a new one does not compile until it is listed here with its sample.
macro_rules! samples {
    ($($pattern:pat => $sample:expr),+ $(,)?) => {
        fn samples() -> Vec<DomainEvent> {
            vec![$(DomainEvent::from($sample)),+]
        }

        fn is_listed(event: &DomainEvent) -> bool {
            match event {
                $($pattern => true,)+
            }
        }
    };
}

samples! {
    DomainEvent::Ticket(TicketEvent::Opened { .. }) => TicketEvent::Opened {
        number: 17,
        ticket_type: TicketType::Incident,
        subject: Personal::new(CUSTOMER, "Не приходит письмо".to_owned()),
        contact_id: Some(ContactId(Uuid::from_u128(0xc))),
        category_id: Some("mail".to_owned()),
        subcategory_id: Some("mail.inbound".to_owned()),
        priority: Priority::High,
        source: TicketSource { channel: "servicenow".to_owned(), external_id: Some("INC0000045".to_owned()) },
    },
    DomainEvent::Ticket(TicketEvent::SubjectChanged { .. }) => TicketEvent::SubjectChanged {
        subject: Personal::new(CUSTOMER, "Письма не приходят".to_owned()),
    },
    DomainEvent::Ticket(TicketEvent::Categorized { .. }) => TicketEvent::Categorized {
        category_id: Some("mail".to_owned()),
        subcategory_id: Some("mail.outbound".to_owned()),
        by: ClassifiedBy::Agent,
    },
    DomainEvent::Ticket(TicketEvent::Prioritized { .. }) => TicketEvent::Prioritized {
        from: Priority::Medium,
        to: Priority::Urgent,
        reason: Some("авария".to_owned()),
    },
    DomainEvent::Ticket(TicketEvent::Started {}) => TicketEvent::Started {},
    DomainEvent::Ticket(TicketEvent::PutOnHold { .. }) => TicketEvent::PutOnHold {
        reason: HoldReason::Vendor,
        until: "2026-11-28T09:00:00Z".parse().ok(),
    },
    DomainEvent::Ticket(TicketEvent::Resumed {}) => TicketEvent::Resumed {},
    DomainEvent::Ticket(TicketEvent::Resolved { .. }) => TicketEvent::Resolved {
        reason: ResolutionReason::NoResponse,
        note: Some("три напоминания".to_owned()),
    },
    DomainEvent::Ticket(TicketEvent::Closed { .. }) => TicketEvent::Closed { cause: CloseCause::IdlePolicy },
    DomainEvent::Ticket(TicketEvent::Reopened { .. }) => TicketEvent::Reopened {
        cause: ReopenCause::CustomerReply,
        cycle_no: 2,
    },
    DomainEvent::Assignment(AssignmentEvent::AgentAssigned { .. }) => AssignmentEvent::AgentAssigned {
        agent_id: AGENT,
        mode: AssignmentMode::Own,
    },
    DomainEvent::Assignment(AssignmentEvent::AgentUnassigned { .. }) => AssignmentEvent::AgentUnassigned {
        agent_id: AGENT,
        reason: Some("отпуск".to_owned()),
    },
    DomainEvent::TicketNumbers(TicketNumbersEvent::Reserved { .. }) => TicketNumbersEvent::Reserved {
        first: 101,
        last: 200,
    },
    DomainEvent::ReadModel(ReadModelEvent::ParkedRetried { .. }) => ReadModelEvent::ParkedRetried {
        model: "ticket_list".to_owned(),
        stream_id: Some(Uuid::from_u128(7)),
        reason: "исправлено".to_owned(),
    },
    DomainEvent::ReadModel(ReadModelEvent::EventSkipped { .. }) => ReadModelEvent::EventSkipped {
        model: "ticket_list".to_owned(),
        position: 4711,
        stream_id: Uuid::from_u128(7),
        reason: "записано вручную".to_owned(),
    },
    DomainEvent::Claim(ClaimEvent::Taken { .. }) => ClaimEvent::Taken {
        owner: Uuid::from_u128(0xc),
        confirm_by: "2026-11-21T09:33:00Z".parse().unwrap_or_default(),
    },
    DomainEvent::Claim(ClaimEvent::Released { .. }) => ClaimEvent::Released { owner: Uuid::from_u128(0xc) },
    DomainEvent::Contact(ContactEvent::Created { .. }) => ContactEvent::Created { kind: ContactKind::Identified },
    DomainEvent::Contact(ContactEvent::Identified { .. }) => ContactEvent::Identified { by: IdentifiedBy::Handle },
    DomainEvent::Contact(ContactEvent::ProfileChanged { .. }) => ContactEvent::ProfileChanged {
        profile: Personal::new(CUSTOMER, Profile {
            name: Some("Мария Иванова".to_owned()),
            locale: Some("ru-RU".to_owned()),
            time_zone: Some("Asia/Yekaterinburg".to_owned()),
            note: Some("звонить после обеда".to_owned()),
        }),
    },
    DomainEvent::Contact(ContactEvent::HandleAdded { .. }) => ContactEvent::HandleAdded {
        handle_id: HandleId(Uuid::from_u128(0xd)),
        channel: HandleChannel::Phone,
        handle: Personal::new(CUSTOMER, HandleWords {
            value: "+79123456789".to_owned(),
            written: "+7 (912) 345-67-89".to_owned(),
        }),
        verified: true,
    },
    DomainEvent::Contact(ContactEvent::HandleVerified { .. }) => ContactEvent::HandleVerified { handle_id: HandleId(Uuid::from_u128(0xd)) },
    DomainEvent::Contact(ContactEvent::HandleRemoved { .. }) => ContactEvent::HandleRemoved { handle_id: HandleId(Uuid::from_u128(0xd)) },
    DomainEvent::Contact(ContactEvent::AssignedToOrganization { .. }) => ContactEvent::AssignedToOrganization { organization_id: OrganizationId(Uuid::from_u128(0xe)) },
    DomainEvent::Contact(ContactEvent::RemovedFromOrganization { .. }) => ContactEvent::RemovedFromOrganization { organization_id: OrganizationId(Uuid::from_u128(0xe)) },
    DomainEvent::Contact(ContactEvent::Absorbed { .. }) => ContactEvent::Absorbed { contact_id: ContactId(Uuid::from_u128(0xf)) },
    DomainEvent::Contact(ContactEvent::Separated { .. }) => ContactEvent::Separated { contact_id: ContactId(Uuid::from_u128(0xf)) },
    DomainEvent::Contact(ContactEvent::Merged { .. }) => ContactEvent::Merged { into: ContactId(Uuid::from_u128(0xf)) },
    DomainEvent::Contact(ContactEvent::Unmerged { .. }) => ContactEvent::Unmerged { from: ContactId(Uuid::from_u128(0xf)) },
    DomainEvent::Contact(ContactEvent::Blocked { .. }) => ContactEvent::Blocked { reason: Personal::new(CUSTOMER, "угрозы".to_owned()) },
    DomainEvent::Contact(ContactEvent::Unblocked {}) => ContactEvent::Unblocked {},
    DomainEvent::Contact(ContactEvent::ConsentGiven { .. }) => ContactEvent::ConsentGiven { purpose: "newsletter".to_owned() },
    DomainEvent::Contact(ContactEvent::ConsentWithdrawn { .. }) => ContactEvent::ConsentWithdrawn { purpose: "newsletter".to_owned() },
    DomainEvent::Organization(OrganizationEvent::Created { .. }) => OrganizationEvent::Created {
        definition: romashka(),
    },
    DomainEvent::Organization(OrganizationEvent::Revised { .. }) => OrganizationEvent::Revised {
        revision: 2,
        definition: romashka(),
    },
    DomainEvent::Organization(OrganizationEvent::Retired {}) => OrganizationEvent::Retired {},
    DomainEvent::LogSeal(LogSealEvent::Sealed(_)) => LogSealEvent::Sealed(Sealed {
        first: 101,
        last: 200,
        count: 99,
        root: "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456".to_owned(),
        previous: Some("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d".to_owned()),
        key: "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7".to_owned(),
        signature: "jvMl2rIMYPmPGzu7JvPzz5GiGOyjLEvWNkoGUjSE3v2oZPpTmgZnXt7b6tJf1rKzYxGJ5o7jvqzPYbZ9h0aWBg==".to_owned(),
    }),
    DomainEvent::DataSubject(DataSubjectEvent::KeyDestroyed { .. }) => DataSubjectEvent::KeyDestroyed {
        key_fingerprint: "0123456789abcdef".to_owned(),
    },
}

/// What the golden files' personal data is sealed under.
fn keys() -> Keys {
    [(CUSTOMER, SubjectKey::Known(Key::from_bytes([7; 32])))]
        .into_iter()
        .collect()
}

/// The payload without its ciphertexts, which no two sealings have in common.
fn masked(payload: &Value) -> Value {
    let mut payload = payload.clone();
    for field in payload.as_object_mut().into_iter().flat_map(|it| it.values_mut()) {
        if field.get("sealed").is_some() {
            field["sealed"] = Value::Null;
        }
    }
    payload
}

/// A golden file: `<type>@<schema>.json`, further ones of the same type `<type>@<schema>.<case>.json`.
struct Golden {
    file: String,
    event_type: String,
    schema: u16,
    payload: Value,
    raw: Raw,
}

impl Golden {
    /// The event with its personal data opened.
    fn recorded(&self) -> Result<Recorded<DomainEvent>> {
        let mut recorded = decode(&self.raw).with_context(|| self.file.clone())?;
        open(&mut recorded, &keys()).with_context(|| self.file.clone())?;
        Ok(recorded)
    }
}

/// Stored type and payload of an event of the golden files' command.
fn stored(event: &DomainEvent) -> Result<(String, Value)> {
    let command_id = CommandId("5f0c7f2e-0d5e-5c53-9d0a-0e6f8b6f2a11".parse()?);
    let envelope = Envelope {
        command_id,
        correlation_id: command_id.0,
        causation_id: command_id.0,
        actor: Actor::new(ActorKind::System, "golden"),
        request: String::new(),
        traceparent: None,
    };
    let events = vec![(event.clone(), "2026-11-21T09:30:00.000001Z".parse()?)];
    let (written, _) = encode(Chain::genesis("golden"), &envelope, 0, events, &keys())?;
    Ok((
        written[0].event_type.clone(),
        serde_json::from_slice(&written[0].payload)?,
    ))
}

fn golden() -> Result<Vec<Golden>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(FOLDER)? {
        let path = entry?.path();
        all.push(read(&path).with_context(|| path.display().to_string())?);
    }
    Ok(all)
}

fn read(path: &Path) -> Result<Golden> {
    let file = path
        .file_name()
        .and_then(|it| it.to_str())
        .context("no name")?
        .to_owned();
    let stored: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let event_type = stored["type"].as_str().context("no type")?.to_owned();
    let schema = u16::try_from(stored["schema"].as_u64().context("no schema")?)?;
    ensure!(
        file.starts_with(&format!("{event_type}@{schema}.")),
        "the name is another than its content says"
    );
    ensure!(
        stored["metadata"]["schema"] == json!(schema.to_string()),
        "the metadata has another schema"
    );
    let category = event_type.split('.').next().unwrap_or_default();
    let command_id: CommandId = serde_json::from_value(stored["metadata"]["command_id"].clone())?;
    let raw = Raw {
        id: command_id.event_id(0),
        stream: format!("{category}-{}", Uuid::from_u128(2)),
        revision: 0,
        position: Position(1),
        event_type: event_type.clone(),
        payload: stored["payload"].to_string().into(),
        metadata: stored["metadata"].to_string().into(),
        stored_at: "2026-11-21T12:00:00Z".parse()?,
    };
    Ok(Golden {
        file,
        event_type,
        schema,
        payload: stored["payload"].clone(),
        raw,
    })
}

#[test]
fn every_golden_event_reads_and_is_written_as_it_was() -> Result<()> {
    let golden = golden()?;
    ensure!(golden.len() >= samples().len(), "golden files are missing in {FOLDER}");
    for it in golden {
        let recorded = it.recorded()?;
        if it.schema != current_schema(&it.event_type) {
            continue;
        }
        let metadata = &recorded.metadata;
        let envelope = Envelope {
            command_id: metadata.command_id,
            correlation_id: metadata.correlation_id,
            causation_id: metadata.causation_id,
            actor: metadata.actor.clone(),
            request: metadata.request.clone(),
            traceparent: metadata.traceparent.clone(),
        };
        let events = vec![(recorded.event, metadata.at)];
        let (written, _) = encode(Chain::genesis(&it.raw.stream), &envelope, 0, events, &keys())?;
        assert_eq!(written[0].event_type, it.event_type);
        assert_eq!(
            masked(&serde_json::from_slice::<Value>(&written[0].payload)?),
            masked(&it.payload),
            "{}",
            it.file
        );
        let mut again: Value = serde_json::from_slice(&written[0].metadata)?;
        let stored: Value = serde_json::from_slice(&it.raw.metadata)?;
        // The chain depends on the event's neighbours.
        again["chain"] = stored["chain"].clone();
        assert_eq!(again, stored, "{}", it.file);
    }
    Ok(())
}

#[test]
fn every_event_has_a_golden_file_of_its_schema() -> Result<()> {
    let golden = golden()?;
    for sample in samples() {
        assert!(is_listed(&sample));
        let (event_type, payload) = stored(&sample)?;
        let schema = current_schema(&event_type);
        let file = format!("{event_type}@{schema}.json");
        let golden = golden.iter().find(|it| it.file == file);
        let golden =
            golden.with_context(|| format!("{FOLDER}/{file} is not there: make it, with payload {payload}"))?;
        assert_eq!(masked(&golden.payload), masked(&payload), "{file}");
        assert_eq!(golden.recorded()?.event, sample, "{file}");
    }
    Ok(())
}

#[test]
fn golden_files_reach_back_to_the_first_schema() -> Result<()> {
    let there: BTreeSet<(String, u16)> = golden()?.into_iter().map(|it| (it.event_type, it.schema)).collect();
    for sample in samples() {
        let (event_type, _) = stored(&sample)?;
        for schema in 1..=current_schema(&event_type) {
            ensure!(
                there.contains(&(event_type.clone(), schema)),
                "{event_type}@{schema}.json is not there"
            );
        }
    }
    Ok(())
}
