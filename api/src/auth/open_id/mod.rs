//! Signing in with an account elsewhere: OpenID Connect, authorization code with PKCE.
//!
//! [`issuer`] speaks to the provider, [`flow`] keeps what has to be the same before and after, [`person`] finds out who it
//! is here. The person comes back with a code that opens a session once, for the page alone that began.

mod flow;
mod issuer;
mod person;

use std::{collections::BTreeMap, sync::Arc};

use commands::CommandError;
use tracing::warn;

pub(crate) use self::flow::Begun;
use self::{
    flow::{Flow, Handover},
    issuer::Issuer,
};
use super::{
    NotLetIn,
    door::{Door, Pass},
    secrets::SecretError,
};
use crate::config::Config;

/// The settings of a provider cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenIdError {
    /// The file with the secret does not read.
    #[error("oidc {name}: client_secret_file {file} cannot be read ({source}): name a readable file, or none")]
    Secret {
        /// The provider.
        name: String,
        /// The file.
        file: std::path::PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The client that speaks to providers cannot be made.
    #[error("no connections to OpenID Connect providers can be made: {0}")]
    Client(#[from] reqwest::Error),
}

/// Why somebody with an account elsewhere is not let in.
#[derive(Debug)]
pub(crate) enum NotWelcome {
    /// There is no such provider.
    Unknown,
    /// The answer belongs to no beginning in this browser, or to one that was too long ago.
    State,
    /// The provider, or the person there, said no.
    Denied,
    /// The provider does not take its code back.
    Code,
    /// What the provider says of the person cannot be believed.
    Token,
    /// The provider does not answer as it should.
    Away,
    /// The provider does not vouch for the address.
    Unverified,
    /// Nobody here has the address, and newcomers are not taken in.
    Stranger,
    /// The account here belongs to another account there.
    Other,
    /// The account here is suspended.
    Suspended,
    /// A fault.
    Fault(String),
}

impl NotWelcome {
    /// Stable, for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "NOT_FOUND",
            Self::State => "OIDC_STATE_INVALID",
            Self::Denied => "OIDC_DENIED",
            Self::Code => "OIDC_CODE_REFUSED",
            Self::Token => "OIDC_TOKEN_INVALID",
            Self::Away => "OIDC_UNAVAILABLE",
            Self::Unverified => "OIDC_MAIL_UNVERIFIED",
            Self::Stranger => "OIDC_USER_UNKNOWN",
            Self::Other => "OIDC_OTHER_ACCOUNT",
            Self::Suspended => "USER_SUSPENDED",
            Self::Fault(_) => "INTERNAL",
        }
    }
}

impl From<SecretError> for NotWelcome {
    fn from(error: SecretError) -> Self {
        Self::Fault(error.to_string())
    }
}

impl From<CommandError> for NotWelcome {
    fn from(error: CommandError) -> Self {
        Self::Fault(error.to_string())
    }
}

impl From<NotLetIn> for NotWelcome {
    fn from(error: NotLetIn) -> Self {
        Self::Fault(format!("{error:?}"))
    }
}

/// The providers.
#[derive(Debug, Clone)]
pub(crate) struct Issuers(Arc<BTreeMap<String, Issuer>>);

impl Issuers {
    /// Those of the settings.
    ///
    /// # Errors
    /// When one of them cannot be used.
    pub(crate) fn new(config: &Config) -> Result<Self, OpenIdError> {
        let back = |name: &str| format!("{}/auth/oidc/{name}/callback", config.public_url());
        let issuers = config
            .oidc
            .iter()
            .map(|it| Ok((it.name.clone(), Issuer::new(it, back(&it.name))?)));
        Ok(Self(Arc::new(issuers.collect::<Result<_, OpenIdError>>()?)))
    }

    /// Their names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    fn get(&self, name: &str) -> Result<&Issuer, NotWelcome> {
        self.0.get(name).ok_or(NotWelcome::Unknown)
    }
}

impl Door {
    /// Where to send the browser, and what it must bring back.
    pub(crate) async fn begin_open_id(&self, name: &str, challenge: String) -> Result<Begun, NotWelcome> {
        let issuer = self.rules.issuers.get(name)?;
        let (address, secrets) = issuer.address().await.map_err(|it| told(name, it))?;
        let key = self.secrets.get("open_id").await?;
        let flow = Flow::new(name, secrets, challenge, self.clock.now());
        Ok(Begun {
            address,
            cookie: flow.sealed(&key)?,
        })
    }

    /// The code that opens a session for the page that began, once.
    pub(crate) async fn end_open_id(
        &self,
        name: &str,
        cookie: Option<&str>,
        state: &str,
        code: Option<String>,
    ) -> Result<String, NotWelcome> {
        let issuer = self.rules.issuers.get(name)?;
        let key = self.secrets.get("open_id").await?;
        let flow = cookie.and_then(|it| Flow::opened(it, &key)).ok_or(NotWelcome::State)?;
        if !flow.fits(name, state, self.clock.now()) {
            return Err(NotWelcome::State);
        }
        let code = code.ok_or(NotWelcome::Denied)?;
        let identity = issuer
            .identity(code, &flow.secrets)
            .await
            .map_err(|it| told(name, it))?;
        let user = self.user_of(&identity, &issuer.settings).await?;
        self.follow_groups(user, &identity.groups, &issuer.settings.group_roles)
            .await?;
        Ok(Handover::new(user, flow.challenge, self.clock.now()).sealed(&key)?)
    }

    /// Lets in whoever brings such a code and what the page that began has kept to itself.
    pub(crate) async fn take_up_sign_in(&self, code: &str, verifier: &str, client: &str) -> Result<Pass, NotLetIn> {
        let key = self.secrets.get("open_id").await?;
        let handover = Handover::opened(code, &key).filter(|it| it.fits(verifier, self.clock.now()));
        let handover = handover.ok_or(NotLetIn::Spent)?;
        self.open_session(&handover, client).await
    }
}

/// The details are for the server's log; there is nothing personal in them.
fn told(name: &str, (why, detail): (NotWelcome, String)) -> NotWelcome {
    warn!(
        provider = name,
        code = why.code(),
        detail,
        "nobody is let in by an account elsewhere"
    );
    why
}
