use domain::access::RoleKey;

use crate::config::Config;

/// What the operator has decided about the door.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// Domains whose people may come by themselves.
    pub(super) registration_domains: Vec<String>,
    /// What they get then.
    pub(super) registration_role: Option<RoleKey>,
}

impl Rules {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            registration_domains: config.registration_domains.clone(),
            registration_role: config.registration_role.clone(),
        }
    }
}
