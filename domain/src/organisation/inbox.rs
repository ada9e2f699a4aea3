use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    AutoReply, Definition, Identity, ItemRefusal, Kind, Reference, Retention, Rule,
    check::{Check, NAME},
};
use crate::values::words;

words!(
    /// The technology by which people write.
    Channel {
        /// Mail.
        Email = "email",
        /// The widget on a web site.
        WebWidget = "web_widget",
        /// Telegram.
        Telegram = "telegram",
        /// WhatsApp.
        Whatsapp = "whatsapp",
        /// The social network VK.
        Vk = "vk",
        /// Text messages.
        Sms = "sms",
        /// Telephone.
        Voice = "voice",
        /// Programs.
        Api = "api",
    }
);

/// Bytes that a file may have wherever it goes: 2 GiB.
const MOST_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// A channel as it is set up once: an address, a widget, a bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbox {
    /// What people call it.
    pub name: String,
    /// By which technology people write to it; never changes.
    pub channel: Channel,
    /// The branch that answers for it; `None` when that is decided for each request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch_id: Option<Uuid>,
    /// Host names of the sites that may show its widget, in ASCII; `*.` stands for all names under one. Empty: none may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_domains: Vec<String>,
    /// What is switched on in it beyond the usual, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub feature_flags: Vec<String>,
    /// Bytes of the largest file it takes; `None` for as many as the installation says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_max_bytes: Option<u64>,
    /// Types of files it takes, each one or the beginning of some and `*`; empty for the usual ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub file_types: Vec<String>,
    /// Whether it takes anything in now.
    pub active: bool,
    /// What is said of itself to whoever opens a ticket by it; `None` when nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_reply: Option<AutoReply>,
    /// How long what came through it is kept; `None` for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
}

impl Definition for Inbox {
    const KIND: Kind = Kind::Inbox;

    fn check(&mut self, check: &mut Check) {
        check.line("name", &mut self.name, NAME);
        check.each(
            "allowedDomains",
            &mut self.allowed_domains,
            200,
            Check::domain,
            String::as_str,
        );
        check.each("featureFlags", &mut self.feature_flags, 50, Check::word, String::as_str);
        self.feature_flags.sort_unstable();
        if self.file_max_bytes.is_some_and(|it| !(1..=MOST_BYTES).contains(&it)) {
            let given = self.file_max_bytes.unwrap_or_default().to_string();
            check.flaw(
                "fileMaxBytes",
                &given,
                Rule::UpTo(u32::try_from(MOST_BYTES).unwrap_or(u32::MAX)),
            );
        }
        check.each(
            "fileTypes",
            &mut self.file_types,
            100,
            Check::media_types,
            String::as_str,
        );
        if let Some(auto_reply) = &mut self.auto_reply {
            check.within("autoReply", |check| auto_reply.check(check));
        }
        if let Some(retention) = self.retention {
            check.within("retention", |check| retention.check(check));
        }
    }

    fn identity(&self) -> Identity {
        Identity::Command
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn references(&self) -> Vec<Reference> {
        Reference::to(Kind::Branch, "branchId", self.branch_id)
    }

    fn may_follow(&self, former: &Self) -> Result<(), ItemRefusal> {
        if self.channel != former.channel {
            return Err(ItemRefusal::Fixed("channel"));
        }
        self.retention.map_or(Ok(()), |it| it.may_follow(former.retention))
    }
}
