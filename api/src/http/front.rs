//! What stands before every request: who may send how much from where, and which documents.

use std::time::Duration;

use commands::Clock;
use ipnet::IpNet;

use super::{
    limits::Limits,
    persisted::{Operations, PersistedError},
};
use crate::{config::Config, settings::Origin};

/// The settings of the door, and what it remembers.
#[derive(Debug)]
pub struct Front {
    pub(super) limits: Limits,
    pub(super) operations: Operations,
    pub(super) trusted_proxies: Vec<IpNet>,
    pub(super) origins: Vec<Origin>,
    /// How long a request may take.
    pub(super) time_limit: Duration,
    /// Whether browsers are told to come back by TLS only.
    pub(super) tls: bool,
}

impl Front {
    /// What the settings ask for.
    ///
    /// # Errors
    /// When the file of persisted operations is none.
    pub fn new(config: &Config, clock: Clock) -> Result<Self, PersistedError> {
        Ok(Self {
            limits: Limits::new(config, clock),
            operations: Operations::load(config.persisted_operations_file.as_deref())?,
            trusted_proxies: config.trusted_proxies.clone(),
            origins: config.cors_origins.clone(),
            time_limit: Duration::from_secs(config.request_timeout_s.into()),
            tls: config.tls_certificate_file.is_some(),
        })
    }
}
