use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{Link, Standing, TwoFactor, User, UserCommand, UserEvent};
use crate::{
    decider::{Context, Decider},
    personal::{DataSubject, Personal},
};

/// A rule that forbids a wish about a person's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UserRefusal {
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// An account is made once.
    #[error("this user is there already")]
    Exists,
    /// Nobody else may have the address.
    #[error("somebody with this address is there already")]
    EmailTaken,
    /// The link opens nothing, or no longer.
    #[error("the link is not valid any more: ask for a new one")]
    LinkInvalid,
    /// The account is suspended.
    #[error("this user is suspended: reinstate them first")]
    Suspended,
    /// Whoever is to come must say by what they can be known.
    #[error("a password is needed")]
    PasswordNeeded,
    /// The person has come already.
    #[error("this user has accepted the invitation already")]
    NotInvited,
    /// The person has not come yet.
    #[error("this user has not accepted the invitation yet")]
    NotActive,
    /// The second factor is on already.
    #[error("the second factor is on already: switch it off first")]
    TwoFactorOn,
    /// The second factor is off.
    #[error("the second factor is off")]
    TwoFactorOff,
    /// The recovery code is none, or used up.
    #[error("this recovery code is not valid, or was used before")]
    CodeInvalid,
    /// The user signs in with another account of that provider.
    #[error("this user has another account there")]
    OtherAccount,
    /// Somebody else signs in with that account.
    #[error("the account there belongs to another user")]
    AccountTaken,
    /// The person's data was erased.
    #[error("this user's personal data was erased: nothing more can be recorded of them")]
    Forgotten,
}

impl Decider for User {
    type Command = UserCommand;
    type Event = UserEvent;
    type Refusal = UserRefusal;

    const CATEGORY: &'static str = "user";

    fn decide(state: Option<&Self>, command: &UserCommand, context: &Context) -> Result<Vec<UserEvent>, UserRefusal> {
        match (state, command) {
            (None, UserCommand::Invite { .. } | UserCommand::Register { .. }) => Ok(begin(command, context)),
            (None, _) => Err(UserRefusal::NotFound),
            (Some(_), UserCommand::Invite { .. } | UserCommand::Register { .. }) => Err(UserRefusal::Exists),
            (Some(user), command) => user.decide_on(command, context),
        }
    }

    fn evolve(state: Option<Self>, event: &UserEvent) -> Option<Self> {
        if let UserEvent::Invited {
            email, name, locale, ..
        }
        | UserEvent::Registered {
            email, name, locale, ..
        } = event
        {
            return Some(Self {
                standing: Standing::Invited,
                registered: matches!(event, UserEvent::Registered { .. }),
                email: email.known().cloned(),
                name: name.known().cloned(),
                locale: locale.clone(),
                password: None,
                link: link(event).cloned(),
                accounts: BTreeMap::new(),
                two_factor: None,
            });
        }
        state.map(|user| user.after(event))
    }
}

/// The link that an event's mail carries.
fn link(event: &UserEvent) -> Option<&Link> {
    match event {
        UserEvent::Invited { link, .. } | UserEvent::Reinvited { link } | UserEvent::RecoveryRequested { link } => {
            Some(link)
        }
        UserEvent::Registered { link, .. } => link.as_ref(),
        UserEvent::Activated {}
        | UserEvent::PasswordSet { .. }
        | UserEvent::TwoFactorEnabled { .. }
        | UserEvent::RecoveryCodeUsed { .. }
        | UserEvent::TwoFactorDisabled {}
        | UserEvent::ProfileChanged { .. }
        | UserEvent::AccountLinked { .. }
        | UserEvent::Suspended { .. }
        | UserEvent::Reinstated {} => None,
    }
}

fn begin(command: &UserCommand, context: &Context) -> Vec<UserEvent> {
    let personal = |text: &str| Personal::new(DataSubject(context.id), text.to_owned());
    match command {
        UserCommand::Invite {
            email,
            name,
            locale,
            link,
        } => vec![UserEvent::Invited {
            email: personal(email),
            name: personal(name),
            locale: locale.clone(),
            link: link.clone(),
        }],
        UserCommand::Register {
            email,
            name,
            locale,
            password,
            link,
        } => {
            let mut events = vec![UserEvent::Registered {
                email: personal(email),
                name: personal(name),
                locale: locale.clone(),
                link: link.clone(),
            }];
            events.extend(
                password
                    .as_deref()
                    .map(|it| UserEvent::PasswordSet { hash: personal(it) }),
            );
            if link.is_none() {
                events.push(UserEvent::Activated {});
            }
            events
        }
        UserCommand::Reinvite { .. }
        | UserCommand::FollowLink { .. }
        | UserCommand::ChangePassword { .. }
        | UserCommand::RequestRecovery { .. }
        | UserCommand::EnableTwoFactor { .. }
        | UserCommand::UseRecoveryCode { .. }
        | UserCommand::DisableTwoFactor
        | UserCommand::ChangeProfile { .. }
        | UserCommand::LinkAccount { .. }
        | UserCommand::Suspend { .. }
        | UserCommand::Reinstate => Vec::new(),
    }
}

impl User {
    /// Whether a link with this hash counts at that instant.
    pub fn is_opened_by(&self, token_hash: &str, at: DateTime<Utc>) -> bool {
        let counts = |it: &Link| it.token_hash == token_hash && it.expires_at > at;
        self.link.as_ref().is_some_and(counts)
    }

    fn after(mut self, event: &UserEvent) -> Self {
        if let Some(link) = link(event) {
            self.link = Some(link.clone());
        }
        match event {
            UserEvent::Activated {} => {
                self.standing = Standing::Active;
                self.link = None;
            }
            UserEvent::PasswordSet { hash } => {
                self.password = hash.known().cloned();
                // Nobody gets in by a link that was mailed before.
                if self.standing == Standing::Active {
                    self.link = None;
                }
            }
            UserEvent::TwoFactorEnabled { secret, recovery } => {
                self.two_factor = Some(TwoFactor {
                    secret: secret.known().cloned(),
                    recovery: recovery.iter().cloned().collect(),
                });
            }
            UserEvent::RecoveryCodeUsed { code_hash } => {
                if let Some(two_factor) = &mut self.two_factor {
                    two_factor.recovery.remove(code_hash);
                }
            }
            UserEvent::TwoFactorDisabled {} => self.two_factor = None,
            UserEvent::ProfileChanged { name, locale } => {
                self.name = name.known().cloned();
                self.locale.clone_from(locale);
            }
            UserEvent::AccountLinked { issuer, subject } => {
                if let Some(subject) = subject.known() {
                    self.accounts.insert(issuer.clone(), subject.clone());
                }
            }
            UserEvent::Suspended { .. } => self.standing = Standing::Suspended,
            UserEvent::Reinstated {} => self.standing = Standing::Active,
            UserEvent::Invited { .. }
            | UserEvent::Reinvited { .. }
            | UserEvent::Registered { .. }
            | UserEvent::RecoveryRequested { .. } => {}
        }
        self
    }

    fn decide_on(&self, command: &UserCommand, context: &Context) -> Result<Vec<UserEvent>, UserRefusal> {
        match command {
            UserCommand::Suspend { .. } | UserCommand::Reinstate => Ok(self.stand(command, context)),
            _ if self.standing == Standing::Suspended => Err(UserRefusal::Suspended),
            _ if self.email.is_none() => Err(UserRefusal::Forgotten),
            UserCommand::Reinvite { .. } if self.standing != Standing::Invited => Err(UserRefusal::NotInvited),
            UserCommand::Reinvite { link } => Ok(vec![UserEvent::Reinvited { link: link.clone() }]),
            UserCommand::FollowLink {
                token_hash,
                password,
                name,
            } => self.follow(token_hash, password.as_deref(), name.as_deref(), context),
            UserCommand::LinkAccount { issuer, subject } => self.link_account(issuer, subject, context),
            _ if self.standing == Standing::Invited => Err(UserRefusal::NotActive),
            UserCommand::RequestRecovery { link } => Ok(vec![UserEvent::RecoveryRequested { link: link.clone() }]),
            UserCommand::ChangePassword { password } => Ok(vec![UserEvent::PasswordSet {
                hash: Personal::new(DataSubject(context.id), password.clone()),
            }]),
            UserCommand::ChangeProfile { name, locale } => Ok(self.change_profile(name, locale, context)),
            UserCommand::EnableTwoFactor { .. }
            | UserCommand::UseRecoveryCode { .. }
            | UserCommand::DisableTwoFactor => self.second_factor(command, context),
            UserCommand::Invite { .. } | UserCommand::Register { .. } => Ok(vec![]),
        }
    }

    fn stand(&self, command: &UserCommand, context: &Context) -> Vec<UserEvent> {
        match (command, self.standing) {
            (UserCommand::Suspend { reason }, Standing::Invited | Standing::Active) => {
                let theirs = |it: &String| Personal::new(DataSubject(context.id), it.clone());
                vec![UserEvent::Suspended {
                    reason: reason.as_ref().map(theirs),
                }]
            }
            (UserCommand::Reinstate, Standing::Suspended) => vec![UserEvent::Reinstated {}],
            _ => vec![],
        }
    }

    fn follow(
        &self,
        token_hash: &str,
        password: Option<&str>,
        name: Option<&str>,
        context: &Context,
    ) -> Result<Vec<UserEvent>, UserRefusal> {
        if !self.is_opened_by(token_hash, context.at) {
            return Err(UserRefusal::LinkInvalid);
        }
        let personal = |text: &str| Personal::new(DataSubject(context.id), text.to_owned());
        let mut events = Vec::new();
        if let Some(name) = name.filter(|it| self.name.as_deref() != Some(it)) {
            events.push(UserEvent::ProfileChanged {
                name: personal(name),
                locale: self.locale.clone(),
            });
        }
        match password {
            Some(password) => events.push(UserEvent::PasswordSet {
                hash: personal(password),
            }),
            None if self.password.is_none() => return Err(UserRefusal::PasswordNeeded),
            None => {}
        }
        if self.standing == Standing::Invited {
            events.push(UserEvent::Activated {});
        }
        Ok(events)
    }

    fn link_account(&self, issuer: &str, subject: &str, context: &Context) -> Result<Vec<UserEvent>, UserRefusal> {
        let mut events = match self.accounts.get(issuer) {
            Some(known) if known == subject => return Ok(vec![]),
            // An address that was given to somebody else there.
            Some(_) => return Err(UserRefusal::OtherAccount),
            None => vec![UserEvent::AccountLinked {
                issuer: issuer.to_owned(),
                subject: Personal::new(DataSubject(context.id), subject.to_owned()),
            }],
        };
        if self.standing == Standing::Invited {
            events.push(UserEvent::Activated {});
        }
        Ok(events)
    }

    fn change_profile(&self, name: &str, locale: &str, context: &Context) -> Vec<UserEvent> {
        if self.name.as_deref() == Some(name) && self.locale == locale {
            return vec![];
        }
        vec![UserEvent::ProfileChanged {
            name: Personal::new(DataSubject(context.id), name.to_owned()),
            locale: locale.to_owned(),
        }]
    }

    fn second_factor(&self, command: &UserCommand, context: &Context) -> Result<Vec<UserEvent>, UserRefusal> {
        match (command, &self.two_factor) {
            (UserCommand::EnableTwoFactor { .. }, Some(_)) => Err(UserRefusal::TwoFactorOn),
            (UserCommand::EnableTwoFactor { secret, recovery }, None) => Ok(vec![UserEvent::TwoFactorEnabled {
                secret: Personal::new(DataSubject(context.id), secret.clone()),
                recovery: recovery.clone(),
            }]),
            (_, None) => Err(UserRefusal::TwoFactorOff),
            (UserCommand::DisableTwoFactor, Some(_)) => Ok(vec![UserEvent::TwoFactorDisabled {}]),
            (UserCommand::UseRecoveryCode { code_hash }, Some(on)) if on.recovery.contains(code_hash) => {
                Ok(vec![UserEvent::RecoveryCodeUsed {
                    code_hash: code_hash.clone(),
                }])
            }
            (_, Some(_)) => Err(UserRefusal::CodeInvalid),
        }
    }
}
