use domain::access::RoleKey;

use super::{
    door::Door,
    open_id::{Issuers, OpenIdError},
};
use crate::config::Config;

/// What the operator has decided about the door.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// Domains whose people may come by themselves.
    pub(super) registration_domains: Vec<String>,
    /// What they get then.
    pub(super) registration_role: Option<RoleKey>,
    /// Where people may have accounts that count here.
    pub(super) issuers: Issuers,
    public_url: String,
    tls: bool,
}

impl Rules {
    /// What the settings say.
    ///
    /// # Errors
    /// When the settings of a provider cannot be used.
    pub(crate) fn new(config: &Config) -> Result<Self, OpenIdError> {
        let public_url = config.public_url();
        Ok(Self {
            registration_domains: config.registration_domains.clone(),
            registration_role: config.registration_role.clone(),
            issuers: Issuers::new(config)?,
            tls: config.tls_certificate_file.is_some() || public_url.starts_with("https://"),
            public_url,
        })
    }
}

impl Door {
    /// The page that people come to.
    pub(crate) fn welcome(&self) -> String {
        format!("{}/welcome", self.rules.public_url)
    }

    /// Whether browsers speak TLS to what is in front.
    pub(crate) fn is_reached_by_tls(&self) -> bool {
        self.rules.tls
    }

    /// Names of the providers that people may sign in with.
    pub(crate) fn providers(&self) -> impl Iterator<Item = &str> {
        self.rules.issuers.names()
    }
}
