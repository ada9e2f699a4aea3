//! Visitors: customers for whom their own backend vouches. Each visit finds the contact, or creates one, and gives an
//! access token of Letopis's own.

use chrono::{DateTime, Utc};
use commands::{Command, CommandError, Refusal, Request};
use domain::{
    access::Rights,
    contact::{Change, ContactCommand, ContactRefusal, Name, NewHandle, ProfileChanges},
    ids::{CommandId, ContactId, HandleId},
    values::{Handle, HandleChannel, HandleError},
};
use uuid::Uuid;

use super::{
    NotLetIn,
    door::{Door, door},
    tokens::Bearer,
    vouching::{Vouched, VoucherFlaw, by_hmac, by_token},
};

/// By what somebody vouches for a visitor.
#[derive(Debug, Clone)]
pub(crate) enum Voucher {
    /// A token signed with the inbox's secret.
    Token(String),
    /// The HMAC of an id under the inbox's secret.
    Hmac { external_id: String, hmac: String },
}

/// What opens the API for a visitor.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) contact: ContactId,
    pub(crate) access_token: String,
    pub(crate) expires_at: DateTime<Utc>,
}

/// Why a visitor is not let in.
#[derive(Debug)]
pub(crate) enum Unvouched {
    /// There is no such inbox.
    InboxUnknown,
    /// The inbox is out of use.
    InboxRetired,
    /// Nobody vouches for them.
    Flaw(VoucherFlaw),
    /// What is said of their address or number is none.
    Handle(HandleError),
    /// Nothing of them is wanted.
    Blocked,
    /// Anything else.
    NotLetIn(NotLetIn),
}

impl<T: Into<NotLetIn>> From<T> for Unvouched {
    fn from(error: T) -> Self {
        Self::NotLetIn(error.into())
    }
}

impl Door {
    /// Lets a visitor of an inbox in.
    pub(crate) async fn visit(&self, inbox: Uuid, voucher: Voucher, name: Option<String>) -> Result<Visit, Unvouched> {
        let item = self.handler.inbox(inbox).await?.ok_or(Unvouched::InboxUnknown)?;
        if item.retired {
            return Err(Unvouched::InboxRetired);
        }
        let secrets = self.visitor_secrets(inbox).await?;
        let said = match &voucher {
            Voucher::Token(token) => by_token(token, &secrets, inbox, self.clock.now()),
            Voucher::Hmac { external_id, hmac } => by_hmac(external_id, hmac, &secrets),
        };
        let mut visitor = said.map_err(Unvouched::Flaw)?;
        // What they call themselves is no secret of anybody's.
        visitor.name = visitor.name.or(name);
        let contact = self.contact_of(inbox, &visitor).await?;
        if self.handler.is_blocked(contact).await? {
            return Err(Unvouched::Blocked);
        }
        let bearer = Bearer::Visitor {
            contact: contact.0,
            inbox,
        };
        let (access_token, expires_at) = self.tokens.issue(bearer, visitor.until).await?;
        Ok(Visit {
            contact,
            access_token,
            expires_at,
        })
    }

    /// The secrets of an inbox that count now.
    async fn visitor_secrets(&self, inbox: Uuid) -> Result<Vec<String>, Unvouched> {
        let known = self.handler.visitor_secret(inbox).await?;
        let mut secrets = Vec::new();
        for seed in known.iter().flat_map(|it| it.seeds(self.clock.now())) {
            secrets.push(self.secrets.visitors(inbox, seed).await?);
        }
        Ok(secrets)
    }

    /// The contact with the visitor's id in the customer's own system. Addresses and numbers are added to it unless others
    /// have them: by these alone nobody becomes somebody else.
    async fn contact_of(&self, inbox: Uuid, vouched: &Vouched) -> Result<ContactId, Unvouched> {
        let command_id = Self::fresh("startVisit");
        let external = format!("{inbox}:{}", vouched.external_id);
        let external = shown(command_id, HandleChannel::External, &external)?;
        let mut further = Vec::new();
        for (channel, text) in [
            (HandleChannel::Email, &vouched.email),
            (HandleChannel::Phone, &vouched.phone),
        ] {
            if let Some(text) = text {
                further.push(shown(command_id, channel, text)?);
            }
        }
        let name = vouched.name.as_deref().and_then(|it| Name::try_new(it).ok());
        let create = ContactCommand::Create {
            handles: vec![external],
            profile: ProfileChanges {
                name: name.map_or(Change::Keep, Change::Set),
                ..ProfileChanges::default()
            },
            organization_id: None,
        };
        let request = Request {
            command_id,
            command: Command::Contact(ContactId::created_by(command_id), create),
            actor: door(),
            expected_version: None,
            traceparent: None,
        };
        let (contact, _) = self.handler.find_or_create_contact(&Rights::all(), &request).await?;
        for handle in further {
            self.add_handle(contact, handle).await?;
        }
        Ok(contact)
    }

    async fn add_handle(&self, contact: ContactId, handle: NewHandle) -> Result<(), Unvouched> {
        let command_id = Self::fresh("visitorHandle");
        let handle = NewHandle {
            id: HandleId::added_by(command_id, 0),
            ..handle
        };
        let add = ContactCommand::AddHandles { handles: vec![handle] };
        match self.carry_out(command_id, Command::Contact(contact, add)).await {
            // Whoever it belongs to, staff can merge the two.
            Ok(_)
            | Err(CommandError::Refused(Refusal::Contact(
                ContactRefusal::HandleTaken { .. } | ContactRefusal::TooManyHandles,
            ))) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// A handle that the visitor was shown to have.
fn shown(command_id: CommandId, channel: HandleChannel, text: &str) -> Result<NewHandle, Unvouched> {
    Ok(NewHandle {
        id: HandleId::added_by(command_id, 0),
        handle: Handle::try_new(channel, text).map_err(Unvouched::Handle)?,
        verified: true,
    })
}
