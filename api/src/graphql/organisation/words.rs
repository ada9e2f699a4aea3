//! Enums, each a word for word mirror of a domain word.

use async_graphql::Enum;
use domain::organisation::{self, AppliesTo, SkillKind};

/// What sort of skill it is.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "SkillKind", remote = "SkillKind")]
pub(super) enum SkillSort {
    /// Knowledge of a subject.
    Topic,
    /// Command of a language.
    Language,
}

/// The technology by which people write.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "InboxChannel", remote = "organisation::Channel")]
pub(super) enum Channel {
    /// Mail.
    Email,
    /// The widget on a web site.
    WebWidget,
    /// Telegram.
    Telegram,
    /// WhatsApp.
    Whatsapp,
    /// The social network VK.
    Vk,
    /// Text messages.
    Sms,
    /// Telephone.
    Voice,
    /// Programs.
    Api,
}

/// What a custom field belongs to.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "CustomFieldTarget", remote = "AppliesTo")]
pub(super) enum Target {
    /// Tickets.
    Ticket,
    /// Customers.
    Contact,
    /// Customers' organizations.
    Organization,
}

/// What the values of a custom field are.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "CustomFieldType")]
pub(super) enum Sort {
    /// A text; `maxLength` limits it.
    Text,
    /// A number; `min` and `max` limit it.
    Number,
    /// Yes or no.
    Boolean,
    /// A day; `minDate` and `maxDate` limit it.
    Date,
    /// One of `options`.
    Select,
    /// Any of `options`, at most `maxChosen`.
    MultiSelect,
    /// An address on the web, http or https.
    Url,
    /// A mail address.
    Email,
}

/// What happened to an item.
#[derive(Debug, Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "RevisionKind")]
pub(super) enum What {
    /// It was created.
    Created,
    /// Its definition was changed.
    Revised,
    /// It was taken out of use.
    Retired,
    /// It was taken into use again.
    Restored,
}

impl What {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "created" => Some(Self::Created),
            "revised" => Some(Self::Revised),
            "retired" => Some(Self::Retired),
            "restored" => Some(Self::Restored),
            _ => None,
        }
    }
}
