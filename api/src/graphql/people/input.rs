use std::collections::BTreeSet;

use async_graphql::{ID, InputObject};
use chrono::{DateTime, Utc};
use domain::{
    access::{Grant, Permission, RoleKey, Scope},
    organisation::Kind as ItemKind,
    values::{Handle, HandleChannel},
};

use super::objects::ScopeKind;
use crate::{
    contact_problems,
    graphql::ids::{Kind, required},
    problem::Problem,
};

macro_rules! inputs {
    ($(
        $(#[doc = $doc:literal])*
        $name:ident { $($(#[doc = $field_doc:literal])* $field:ident: $type:ty),* $(,)? }
    )+) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug, InputObject)]
            pub(super) struct $name {
                /// Your name of this wish, 1 to 200 characters: sent again with the same key it does nothing twice. Needed,
                /// unless the header `Idempotency-Key` gives it.
                pub(super) idempotency_key: Option<String>,
                $($(#[doc = $field_doc])* pub(super) $field: $type,)*
                /// Comes back in the payload.
                pub(super) client_mutation_id: Option<String>,
            }
        )+
    };
}

/// Where a right shall count.
#[derive(Debug, InputObject)]
pub(super) struct ScopeInput {
    /// In how much of the organisation.
    kind: ScopeKind,
    /// Id of the branch, team, inbox or customer; not for everywhere.
    id: Option<ID>,
}

impl ScopeInput {
    pub(super) fn scope(&self) -> Result<Scope, Problem> {
        let id = |kind| match &self.id {
            Some(id) => required(kind, "scope", id).map_err(|it| it.about("scope")),
            None => Err(bad(
                "scope",
                "",
                "с id филиала, команды, линии или клиента",
                "with the id of what it names",
            )),
        };
        Ok(match self.kind {
            ScopeKind::Everywhere => {
                let bad = |it| bad("scope", it, "без id", "without an id");
                self.id
                    .as_ref()
                    .map_or(Ok(Scope::Everywhere), |it| Err(bad(it.as_str())))?
            }
            ScopeKind::Branch => Scope::Branch(id(Kind::Item(ItemKind::Branch))?),
            ScopeKind::Team => Scope::Team(id(Kind::Item(ItemKind::Team))?),
            ScopeKind::Inbox => Scope::Inbox(id(Kind::Item(ItemKind::Inbox))?),
            ScopeKind::Contact => Scope::Contact(id(Kind::Contact)?),
        })
    }
}

inputs! {
    /// Somebody who is asked to come.
    InviteUserInput {
        /// Address for sign-in and mails.
        email: String,
        /// What others call them, 1 to 100 characters in one line.
        name: String,
        /// Language of mails to them, `ru` or `en`; that of the request by default.
        locale: Option<String>,
    }

    /// Somebody whose invitation is to be sent again.
    ReinviteUserInput {
        /// Id of the user.
        user_id: ID,
    }

    /// Another name or language.
    ChangeProfileInput {
        /// Id of the user; whoever asks by default.
        user_id: Option<ID>,
        /// What others call them, 1 to 100 characters in one line.
        name: String,
        /// Language of mails to them, `ru` or `en`.
        locale: String,
        /// The version you saw: if the account has another, nothing happens and you get CONFLICT.
        expected_version: Option<i64>,
    }

    /// Somebody who is to be let in no more.
    SuspendUserInput {
        /// Id of the user.
        user_id: ID,
        /// Why, at most 2000 characters.
        reason: Option<String>,
    }

    /// Somebody who is to be let in again.
    ReinstateUserInput {
        /// Id of the user.
        user_id: ID,
    }

    /// A role for somebody.
    GrantRoleInput {
        /// Id of the user.
        user_id: ID,
        /// Key of the role.
        role: String,
        /// Where it counts.
        scope: ScopeInput,
    }

    /// A role to be taken from somebody.
    RevokeRoleInput {
        /// Id of the user.
        user_id: ID,
        /// Key of the role.
        role: String,
        /// Where it counts.
        scope: ScopeInput,
    }

    /// A role of the organisation's own: new, or all of it anew.
    ReviseRoleInput {
        /// Its key: 1 to 40 of a-z, 0-9 and _, beginning with a letter.
        key: String,
        /// For people, 1 to 100 characters in one line.
        name: String,
        /// Everything it allows, as `things:deed`.
        permissions: Vec<String>,
    }

    /// A role to be taken away.
    RetireRoleInput {
        /// Its key.
        key: String,
    }

    /// A key that shall let a program in.
    IssueApiKeyInput {
        /// What it is for, 1 to 100 characters in one line.
        name: String,
        /// Everything it allows, as `things:deed`; nothing that you may not do yourself.
        permissions: Vec<String>,
        /// Where that counts; everywhere by default.
        scope: Option<ScopeInput>,
        /// After which it opens nothing; never by default.
        expires_at: Option<DateTime<Utc>>,
    }

    /// A key that shall open nothing any more.
    RevokeApiKeyInput {
        /// Id of the key.
        id: ID,
        /// The version you saw: if the key has another, nothing happens and you get CONFLICT.
        expected_version: Option<i64>,
    }
}

pub(super) fn bad(field: &str, value: &str, russian: &str, english: &str) -> Problem {
    Problem::bad_input(field, value, russian, english).about(field)
}

/// A name in one line.
pub(super) fn name(field: &str, text: &str) -> Result<String, Problem> {
    let text = text.trim();
    let fits = (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits {
        Ok(text.to_owned())
    } else {
        Err(bad(
            field,
            text,
            "от 1 до 100 символов в одну строку",
            "1 to 100 characters in one line",
        ))
    }
}

pub(super) fn locale(text: &str) -> Result<String, Problem> {
    match text {
        "ru" | "en" => Ok(text.to_owned()),
        other => Err(bad("locale", other, "ru или en", "ru or en")),
    }
}

/// The address as it is compared, see [`Handle`].
pub(super) fn email(text: &str) -> Result<String, Problem> {
    let handle = Handle::try_new(HandleChannel::Email, text);
    let handle = handle.map_err(|it| contact_problems::handle(it, &["input", "email"]))?;
    Ok(handle.value().to_owned())
}

pub(super) fn role(field: &str, text: &str) -> Result<RoleKey, Problem> {
    RoleKey::try_new(text).map_err(|_malformed| {
        bad(
            field,
            text,
            "от 1 до 40 символов a-z, 0-9 и _, первая буква",
            "1 to 40 of a-z, 0-9 and _, beginning with a letter",
        )
    })
}

pub(super) fn grant(role_key: &str, scope: &ScopeInput) -> Result<Grant, Problem> {
    Ok(Grant {
        role: role("role", role_key)?,
        scope: scope.scope()?,
    })
}

pub(super) fn permissions(texts: &[String]) -> Result<BTreeSet<Permission>, Problem> {
    let all = Permission::ALL
        .iter()
        .map(|it| it.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    let parse = |it: &String| Permission::parse(it).ok_or_else(|| bad("permissions", it, &all, &all));
    texts.iter().map(parse).collect()
}
