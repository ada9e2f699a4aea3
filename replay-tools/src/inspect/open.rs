//! Personal fields opened with the keys of the vault.

use std::collections::BTreeMap;

use domain::event::DomainEvent;
use event_store::{Keys, Raw, Recorded, Vault, decode, open, subjects, vault::VaultError};

/// Personal fields of an event by their names.
pub type Opened = BTreeMap<&'static str, Value>;

/// What a personal field says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// It can be read.
    Known(serde_json::Value),
    /// Its key is destroyed.
    Forgotten,
    /// Its key does not open it, or is missing.
    Shut(String),
}

/// The personal fields of each of these events, with one question to the vault; none of an event that this program does
/// not understand.
///
/// # Errors
/// The vault.
pub async fn opened(vault: &Vault, events: &[Raw]) -> Result<Vec<Opened>, VaultError> {
    let mut understood: Vec<Option<Recorded<DomainEvent>>> = events.iter().map(|raw| decode(raw).ok()).collect();
    let needed = subjects(understood.iter_mut().flatten().map(|it| &mut it.event));
    let keys = vault.keys(&needed).await?;
    let fields =
        |event: &mut Option<Recorded<DomainEvent>>| event.as_mut().map(|it| said(it, &keys)).unwrap_or_default();
    Ok(understood.iter_mut().map(fields).collect())
}

fn said(event: &mut Recorded<DomainEvent>, keys: &Keys) -> Opened {
    let fault = open(event, keys).err().map(|it| it.to_string());
    let fields = event.event.personal_mut().into_iter();
    fields
        .map(|(name, field)| {
            let plain = field
                .plain()
                .and_then(Result::ok)
                .and_then(|it| serde_json::from_slice(&it).ok());
            let value = match (plain, field.sealed()) {
                (Some(plain), _) => Value::Known(plain),
                (None, None) => Value::Forgotten,
                (None, Some(_)) => Value::Shut(fault.clone().unwrap_or_default()),
            };
            (name, value)
        })
        .collect()
}
