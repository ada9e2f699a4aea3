//! Personal data inside events: known here, sealed in the log, forgotten when its key is destroyed.
//!
//! Pure types only; what seals and opens them lives in `event-store`. A known value cannot be serialised, so plaintext
//! cannot reach the log by mistake.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, ser::Error as _};
use uuid::Uuid;

/// Whose key seals a value: a contact, or a ticket whose customer is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DataSubject(pub Uuid);

impl DataSubject {
    /// Of values written before sealing existed: they lie open in the log, and no key can forget them.
    pub const NOBODY: Self = Self(Uuid::nil());
}

impl fmt::Display for DataSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A value that belongs to a person. `Debug` shows whose it is and never what it says.
#[derive(Clone, PartialEq, Eq)]
pub enum Personal<T> {
    /// It can be read.
    Known {
        /// Whose it is.
        of: DataSubject,
        /// What it says.
        value: T,
    },
    /// As it lies in the log.
    Sealed {
        /// Whose key opens it.
        of: DataSubject,
        /// Ciphertext as base64.
        sealed: String,
    },
    /// Its key is destroyed: nobody can read it any more.
    Forgotten {
        /// Whose it was.
        of: DataSubject,
    },
}

impl<T> Personal<T> {
    /// A value of `of`.
    pub fn new(of: DataSubject, value: T) -> Self {
        Self::Known { of, value }
    }

    /// Whose it is.
    pub fn of(&self) -> DataSubject {
        match self {
            Self::Known { of, .. } | Self::Sealed { of, .. } | Self::Forgotten { of } => *of,
        }
    }

    /// What it says; `None` when it is sealed or forgotten.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known { value, .. } => Some(value),
            Self::Sealed { .. } | Self::Forgotten { .. } => None,
        }
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self {
            Self::Known { .. } => "known",
            Self::Sealed { .. } => "sealed",
            Self::Forgotten { .. } => "forgotten",
        };
        write!(f, "Personal({state}, of {})", self.of())
    }
}

/// The stored form: sealed under a key, or open when it was written before sealing existed.
#[derive(Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Stored<T> {
    Sealed { of: DataSubject, sealed: String },
    Plain { plain: T },
}

impl<T> Serialize for Personal<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Sealed { of, sealed } => Stored::<()>::Sealed {
                of: *of,
                sealed: sealed.clone(),
            }
            .serialize(serializer),
            Self::Known { .. } => Err(S::Error::custom("personal data must be sealed before it is stored")),
            Self::Forgotten { .. } => Err(S::Error::custom("forgotten personal data cannot be stored again")),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Personal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Stored::deserialize(deserializer)? {
            Stored::Sealed { of, sealed } => Self::Sealed { of, sealed },
            Stored::Plain { plain } => Self::new(DataSubject::NOBODY, plain),
        })
    }
}

/// A personal field of an event, whatever it holds.
pub trait PersonalField {
    /// Whose it is.
    fn subject(&self) -> DataSubject;

    /// What it says, as JSON; `None` when it is sealed or forgotten.
    ///
    /// # Errors
    /// Only when serde fails, which plain data does not give it reason to.
    fn plain(&self) -> Option<serde_json::Result<Vec<u8>>>;

    /// Its ciphertext as base64; `None` when it is not sealed.
    fn sealed(&self) -> Option<&str>;

    /// Puts the ciphertext, as base64, in the value's place.
    fn seal(&mut self, sealed: String);

    /// Puts the value, given as JSON, in the ciphertext's place.
    ///
    /// # Errors
    /// When the JSON is not of the field's type.
    fn open(&mut self, json: &[u8]) -> serde_json::Result<()>;

    /// Its key is destroyed.
    fn forget(&mut self);
}

impl<T: Serialize + DeserializeOwned> PersonalField for Personal<T> {
    fn subject(&self) -> DataSubject {
        self.of()
    }

    fn plain(&self) -> Option<serde_json::Result<Vec<u8>>> {
        self.known().map(serde_json::to_vec)
    }

    fn sealed(&self) -> Option<&str> {
        match self {
            Self::Sealed { sealed, .. } => Some(sealed),
            Self::Known { .. } | Self::Forgotten { .. } => None,
        }
    }

    fn seal(&mut self, sealed: String) {
        *self = Self::Sealed { of: self.of(), sealed };
    }

    fn open(&mut self, json: &[u8]) -> serde_json::Result<()> {
        *self = Self::new(self.of(), serde_json::from_slice(json)?);
        Ok(())
    }

    fn forget(&mut self) {
        *self = Self::Forgotten { of: self.of() };
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{DataSubject, Personal, PersonalField};

    const OF: DataSubject = DataSubject(Uuid::from_u128(7));

    #[test]
    fn only_the_sealed_form_can_be_stored() {
        let mut name = Personal::new(OF, "Мария".to_owned());
        assert!(serde_json::to_string(&name).is_err());
        name.seal("AAAA".to_owned());
        let stored = serde_json::to_string(&name).unwrap();
        assert_eq!(
            stored,
            r#"{"of":"00000000-0000-0000-0000-000000000007","sealed":"AAAA"}"#
        );
        assert_eq!(serde_json::from_str::<Personal<String>>(&stored).unwrap(), name);
        name.forget();
        assert!(serde_json::to_string(&name).is_err());
    }

    #[test]
    fn opened_value_is_known_and_of_its_type() {
        let mut name: Personal<String> = Personal::Sealed {
            of: OF,
            sealed: "AAAA".to_owned(),
        };
        assert!(name.open(b"17").is_err());
        name.open("\"Мария\"".as_bytes()).unwrap();
        assert_eq!(name.known().map(String::as_str), Some("Мария"));
    }

    #[test]
    fn value_from_before_sealing_is_known_and_nobodys() {
        let old: Personal<String> = serde_json::from_str(r#"{"plain":"Мария"}"#).unwrap();
        assert_eq!(old, Personal::new(DataSubject::NOBODY, "Мария".to_owned()));
    }

    #[test]
    fn debug_shows_no_value() {
        let name = Personal::new(OF, "Мария".to_owned());
        assert!(!format!("{name:?}").contains("Мария"));
    }
}
