//! Fields that the organisation adds to tickets, contacts and organizations, and what their values must be.

mod types;
mod value;

use serde::{Deserialize, Serialize};
pub use types::{FieldOption, FieldType, Finite};
pub use value::{FieldValue, ValueFault};

use super::{
    Definition, Identity, ItemRefusal, Kind, Label,
    check::{Check, DESCRIPTION},
    definition::same_identity,
};
use crate::values::words;

words!(
    /// What a custom field belongs to.
    AppliesTo {
        /// Tickets.
        Ticket = "ticket",
        /// Customers.
        Contact = "contact",
        /// Customers' organizations.
        Organization = "organization",
    }
);

/// A field that the organisation adds. No two of the same thing have the same key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomField {
    /// The word that values are stored under; never changes.
    pub key: String,
    /// What people call it.
    pub label: Label,
    /// What is to be written in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it belongs to; never changes.
    pub applies_to: AppliesTo,
    /// What its values are; limits and options may change, the sort of value never does.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// Whether there must be a value.
    #[serde(default)]
    pub required: bool,
}

impl Definition for CustomField {
    const KIND: Kind = Kind::CustomField;

    fn check(&mut self, check: &mut Check) {
        check.word("key", &mut self.key);
        self.label.check(check, "label");
        check.text("description", &mut self.description, DESCRIPTION);
        self.field_type.check(check);
    }

    fn identity(&self) -> Identity {
        Identity::Key(format!("{}:{}", self.applies_to.as_str(), self.key))
    }

    fn name(&self) -> String {
        self.label.both()
    }

    fn key(&self) -> Option<&str> {
        Some(&self.key)
    }

    fn may_follow(&self, former: &Self) -> Result<(), ItemRefusal> {
        let fixed = if self.applies_to == former.applies_to {
            "key"
        } else {
            "appliesTo"
        };
        same_identity(self, former, fixed)?;
        // Values are there already, and they are of that sort.
        if std::mem::discriminant(&self.field_type) == std::mem::discriminant(&former.field_type) {
            Ok(())
        } else {
            Err(ItemRefusal::Fixed("type"))
        }
    }
}
