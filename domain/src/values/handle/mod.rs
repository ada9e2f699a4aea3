//! What people are reached by, in one spelling each: two ways to write the same address are one handle.

mod email;
mod messenger;
mod phone;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::email::host;
use super::ValueError;

/// Characters of a handle at most, before it is looked at more closely.
const LONGEST: usize = 320;

/// What a handle is a handle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandleChannel {
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A Telegram user.
    Telegram,
    /// A WhatsApp number.
    Whatsapp,
    /// A user of VK.
    Vk,
    /// The name of a person in another system: `namespace:key`.
    External,
}

impl HandleChannel {
    /// Every channel, in order.
    pub const ALL: &[Self] = &[
        Self::Email,
        Self::Phone,
        Self::Telegram,
        Self::Whatsapp,
        Self::Vk,
        Self::External,
    ];

    /// The stored form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Telegram => "telegram",
            Self::Whatsapp => "whatsapp",
            Self::Vk => "vk",
            Self::External => "external",
        }
    }

    /// The channel with this stored form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.as_str() == text)
    }
}

/// Why a text is no handle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandleError {
    /// It has not the shape of its channel.
    #[error(transparent)]
    Malformed(#[from] ValueError),
    /// Nobody can tell to which country the number belongs.
    #[error("phone number {0:?} has no country code: write it with + and the country code, such as +7 912 345-67-89")]
    PhoneWithoutCountry(String),
    /// Letters that look alike make it look like somebody else's.
    #[error(
        "{0:?} mixes or imitates letters of another alphabet, so it looks like another address: type it in one alphabet"
    )]
    Homograph(String),
}

/// A handle: a channel, and who is meant there. `Debug` does not show whom.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Handle {
    channel: HandleChannel,
    value: String,
    written: String,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({})", self.channel.as_str())
    }
}

impl Handle {
    /// Trims, checks and normalises.
    ///
    /// # Errors
    /// [`HandleError`].
    pub fn try_new(channel: HandleChannel, text: &str) -> Result<Self, HandleError> {
        let written = text.trim();
        if written.chars().count() > LONGEST || written.chars().any(char::is_control) {
            return Err(malformed(channel, written));
        }
        let value = match channel {
            HandleChannel::Email => email::normalise(written)?,
            HandleChannel::Phone | HandleChannel::Whatsapp => phone::normalise(written)?,
            HandleChannel::Telegram => messenger::telegram(written)?,
            HandleChannel::Vk => messenger::vk(written)?,
            HandleChannel::External => messenger::external(written)?,
        };
        Ok(Self {
            channel,
            value,
            written: written.to_owned(),
        })
    }

    /// What it is a handle of.
    pub fn channel(&self) -> HandleChannel {
        self.channel
    }

    /// The one spelling by which it is compared.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// As it was written, trimmed.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// What is claimed, so that it has one owner.
    pub fn claimed(&self) -> String {
        claimed(self.channel, &self.value)
    }
}

/// What is claimed for a handle of this channel and normalised value.
pub fn claimed(channel: HandleChannel, value: &str) -> String {
    format!("{}:{value}", channel.as_str())
}

fn malformed(channel: HandleChannel, text: &str) -> HandleError {
    let (field, accepted) = match channel {
        HandleChannel::Email => (
            "email",
            "an e-mail address such as name@example.ru, at most 254 characters",
        ),
        HandleChannel::Phone => ("phone", "a number with + and country code, such as +7 912 345-67-89"),
        HandleChannel::Telegram => ("telegram", "a name of 5 to 32 Latin letters, digits and _, or a number"),
        HandleChannel::Whatsapp => ("whatsapp", "a number with + and country code, such as +7 912 345-67-89"),
        HandleChannel::Vk => (
            "vk",
            "a page such as id1 or a name of 2 to 32 Latin letters, digits, _ and .",
        ),
        HandleChannel::External => ("external", "namespace:key, at most 40 and 200 characters"),
    };
    HandleError::Malformed(ValueError::new(field, text, accepted))
}

#[cfg(test)]
mod tests;
