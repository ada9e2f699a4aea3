//! What is known of every event beside its payload: a flat JSON map of strings.
//!
//! Flat, because servers of the `EventStoreDB` family take string values only in newer protocols. `$correlationId` and
//! `$causationId` are the names those servers know.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::{
    actor::Actor,
    ids::CommandId,
    personal::{DataSubject, Personal},
};

/// An event's metadata. Fields stand in the order of their stored names, so the stored form is canonical JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// The event or command that led to this one.
    #[serde(rename = "$causationId")]
    pub causation_id: Uuid,
    /// The first command of the whole matter.
    #[serde(rename = "$correlationId")]
    pub correlation_id: Uuid,
    /// Who asked for it.
    #[serde(with = "as_text")]
    pub actor: Actor,
    /// When it was decided, UTC, to the microsecond. For an import: when it happened there.
    #[serde(serialize_with = "write_instant")]
    pub at: DateTime<Utc>,
    /// The stream's hash chain up to and with this event, 64 hex digits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub chain: Option<String>,
    /// The command that led to it.
    pub command_id: CommandId,
    /// Internet address that it was asked from, sealed under the key of who asked; `None` when nobody outside asked.
    #[serde(
        serialize_with = "sealed::write",
        deserialize_with = "sealed::read",
        skip_serializing_if = "Option::is_none",
        default
    )]
    pub from: Option<Personal<String>>,
    /// Fingerprint of what the command asked for, 16 hex digits: tells a repeated wish from a key used twice.
    pub request: String,
    /// Schema of the payload.
    #[serde(with = "as_text")]
    pub schema: u16,
    /// Whose keys seal the personal fields and `from`, ids with commas between; `None` when there are none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subjects: Option<String>,
    /// W3C trace context of the request, if it had one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub traceparent: Option<String>,
}

fn write_instant<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true))
}

/// `<whose>:<ciphertext as base64>`, since the map is flat.
mod sealed {
    use serde::{de::Error as _, ser::Error as _};

    use super::{DataSubject, Deserialize, Deserializer, Personal, Serializer};

    #[expect(clippy::ref_option, reason = "the form that serde calls")]
    pub(super) fn write<S: Serializer>(from: &Option<Personal<String>>, serializer: S) -> Result<S::Ok, S::Error> {
        match from {
            Some(Personal::Sealed { of, sealed }) => serializer.collect_str(&format_args!("{of}:{sealed}")),
            Some(Personal::Known { .. } | Personal::Forgotten { .. }) | None => {
                Err(S::Error::custom("an address must be sealed before it is stored"))
            }
        }
    }

    pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Personal<String>>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let read = text.split_once(':').and_then(|(of, sealed)| {
            let of = DataSubject(of.parse().ok()?);
            Some(Personal::Sealed {
                of,
                sealed: sealed.to_owned(),
            })
        });
        read.map(Some)
            .ok_or_else(|| D::Error::custom("from is not of the form whose:ciphertext"))
    }
}

mod as_text {
    use std::{fmt::Display, str::FromStr};

    use super::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::Metadata;
    use crate::{
        actor::{Actor, ActorKind},
        ids::CommandId,
        personal::{DataSubject, Personal},
    };

    #[test]
    fn stored_form_is_a_sorted_flat_map_of_strings() {
        let metadata = Metadata {
            causation_id: Uuid::nil(),
            correlation_id: Uuid::nil(),
            actor: Actor::new(ActorKind::ApiKey, "bootstrap"),
            at: "2026-11-21T09:30:00.000001Z".parse().unwrap(),
            chain: None,
            command_id: CommandId(Uuid::nil()),
            from: Some(Personal::Sealed {
                of: DataSubject(Uuid::nil()),
                sealed: "AA==".to_owned(),
            }),
            request: "00".to_owned(),
            schema: 1,
            subjects: Some(Uuid::nil().to_string()),
            traceparent: None,
        };
        let text = serde_json::to_string(&metadata).unwrap();
        let sorted: std::collections::BTreeMap<String, String> = serde_json::from_str(&text).unwrap();
        assert_eq!(text, serde_json::to_string(&sorted).unwrap());
        assert_eq!(sorted["at"], "2026-11-21T09:30:00.000001Z");
        assert_eq!(sorted["from"], "00000000-0000-0000-0000-000000000000:AA==");
        assert_eq!(serde_json::from_str::<Metadata>(&text).unwrap(), metadata);
    }
}
