//! Settings: defaults, then a file, then the environment, then flags; the later wins.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{self, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use domain::access::RoleKey;
use event_store::{open_regular, vault::MasterKey};
use figment::{
    Figment,
    providers::{Format, Serialized, Toml},
    value::Dict,
};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::files::{FilesSettings, environment as files_environment};
use crate::provider::{self, Provider};
use crate::roles::Roles;
use crate::settings::{self, Origin};

/// File read from the working folder when none is named.
const FILE: &str = "letopis.toml";

/// What `letopis serve` needs to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder that holds everything the embedded parts keep.
    pub data: PathBuf,
    /// Address of the API.
    #[serde(deserialize_with = "settings::address")]
    pub listen: SocketAddr,
    /// What this server does.
    pub roles: Roles,
    /// Postgres; an embedded one when absent.
    pub database_url: Option<String>,
    /// Event store; an embedded node when absent.
    pub event_store_url: Option<String>,
    /// Master key of the vault; `keys/master.key` in the data folder when absent.
    pub master_key_file: Option<PathBuf>,
    /// The master key before it, while keys are still wrapped under that.
    pub previous_master_key_file: Option<PathBuf>,
    /// The master key itself, instead of its file. From the environment alone: files of settings and lists of processes
    /// are read by too many.
    #[serde(skip)]
    pub master_key: Option<MasterKey>,
    /// The same for the master key before it.
    #[serde(skip)]
    pub previous_master_key: Option<MasterKey>,
    /// The first administrator's API key; made up and kept in the data folder when absent.
    pub bootstrap_api_key: Option<String>,
    /// Private key that signs the seals of the log; made and kept in the data folder when absent.
    pub seal_key_file: Option<PathBuf>,
    /// Seconds after which what is new in the log is sealed, from 1 on.
    #[serde(deserialize_with = "settings::interval")]
    pub seal_interval_s: u64,
    /// Days between a request to erase a person's data and the erasure, unless the request says when; 0 to 365.
    #[serde(deserialize_with = "settings::waiting_days")]
    pub erasure_waiting_days: u32,
    /// Megabytes that a table may have to be written anew after an erasure, while nobody can use it.
    #[serde(deserialize_with = "settings::limit")]
    pub erasure_rewrite_mb: u32,
    /// MaxMind file that says where addresses are; nobody knows when absent.
    pub geoip_file: Option<PathBuf>,
    /// Where people reach this server, for the links in mails; `http://` and `listen` when absent.
    #[serde(deserialize_with = "settings::public_url")]
    pub public_url: Option<String>,
    /// Mail domains whose people may register by themselves; none by default.
    #[serde(deserialize_with = "settings::mail_domains")]
    pub registration_domains: Vec<String>,
    /// Role that they get, everywhere, once the address is proven; none by default.
    #[serde(deserialize_with = "settings::registration_role")]
    pub registration_role: Option<RoleKey>,
    /// OpenID Connect providers that people may sign in with; from the file alone.
    #[serde(deserialize_with = "provider::providers")]
    pub oidc: Vec<Provider>,
    /// Sites whose pages may use the API from a browser; none but its own by default.
    #[serde(deserialize_with = "settings::origins")]
    pub cors_origins: Vec<Origin>,
    /// Proxies whose `X-Forwarded-For` is believed; none by default.
    #[serde(deserialize_with = "settings::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// Certificates, the server's own first, in PEM; without it the API speaks plain HTTP.
    pub tls_certificate_file: Option<PathBuf>,
    /// Private key of the certificate, in PEM.
    pub tls_key_file: Option<PathBuf>,
    /// Seconds that a request may take, the reading of its body included.
    #[serde(deserialize_with = "settings::seconds")]
    pub request_timeout_s: u32,
    /// Seconds that the headers of a request may take, and that a connection may lie idle.
    #[serde(deserialize_with = "settings::seconds")]
    pub header_timeout_s: u32,
    /// Points of cost that an actor may use at once; 0 for no limit.
    #[serde(deserialize_with = "settings::budget")]
    pub cost_budget: u32,
    /// Points that come back to it each second.
    #[serde(deserialize_with = "settings::rate")]
    pub cost_restored_per_s: u32,
    /// Requests that an address may send at once; 0 for no limit.
    #[serde(deserialize_with = "settings::limit")]
    pub address_requests: u32,
    /// Requests that come back to it each second.
    #[serde(deserialize_with = "settings::rate")]
    pub address_requests_per_s: u32,
    /// How often a minute an actor may use each mutation; `*` is any that is not named.
    #[serde(deserialize_with = "settings::operations")]
    pub operation_limits: BTreeMap<String, u32>,
    /// Documents that may be asked for by their name, and the only ones for public tokens: JSON, name to text.
    pub persisted_operations_file: Option<PathBuf>,
    /// Where files lie, and what is taken.
    pub files: FilesSettings,
    /// How long a socket may take nothing of what is sent to it. Not a setting: only tests have less time.
    #[serde(skip, default = "patience")]
    pub patience: Duration,
}

fn patience() -> Duration {
    Duration::from_secs(30)
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            roles: Roles::default(),
            database_url: None,
            event_store_url: None,
            master_key_file: None,
            previous_master_key_file: None,
            master_key: None,
            previous_master_key: None,
            bootstrap_api_key: None,
            seal_key_file: None,
            seal_interval_s: 60,
            erasure_waiting_days: 14,
            erasure_rewrite_mb: 1024,
            geoip_file: None,
            public_url: None,
            registration_domains: Vec::new(),
            registration_role: None,
            oidc: Vec::new(),
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            tls_certificate_file: None,
            tls_key_file: None,
            request_timeout_s: 30,
            header_timeout_s: 30,
            cost_budget: 2_000_000,
            cost_restored_per_s: 500_000,
            address_requests: 20_000,
            address_requests_per_s: 5_000,
            operation_limits: settings::operation_limits(),
            persisted_operations_file: None,
            files: FilesSettings::default(),
            patience: patience(),
        }
    }
}

/// The same, as flags.
#[derive(Debug, Clone, Default, Args, Serialize)]
pub struct Flags {
    /// File with settings [default: letopis.toml, if there is one] [env: LETOPIS_CONFIG]
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// Folder that holds everything [default: ./data] [env: LETOPIS_DATA]
    #[arg(long, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<PathBuf>,
    /// Address of the API [default: 127.0.0.1:8080] [env: LETOPIS_LISTEN]
    #[arg(long, value_name = "ADDRESS:PORT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<String>,
    /// What this server does, with commas: api, projections, processes [default: all] [env: LETOPIS_ROLES]
    #[arg(long, value_name = "ROLES")]
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<String>,
    /// Postgres to use instead of the embedded one [env: DATABASE_URL]
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    database_url: Option<String>,
    /// Event store to use instead of the embedded node [env: EVENT_STORE_URL]
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    event_store_url: Option<String>,
    /// Master key of the vault [default: DIR/keys/master.key] [env: LETOPIS_MASTER_KEY_FILE]
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    master_key_file: Option<PathBuf>,
    /// The master key before it, while it is changed [env: LETOPIS_PREVIOUS_MASTER_KEY_FILE]
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_master_key_file: Option<PathBuf>,
}

/// Settings that do not read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that was named is not there.
    #[error("settings file {} is not there: name another with --config, or none", .0.display())]
    Missing(PathBuf),
    /// The file cannot be read, or is no TOML.
    #[error("settings file {}: {reason}: correct it, or name another with --config", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        reason: String,
    },
    /// A setting is not acceptable.
    #[error("setting {key}: {reason}")]
    Malformed {
        /// Its name in the file; the flag and the environment have the same.
        key: String,
        /// What is wrong with it, and what is accepted.
        reason: String,
    },
    /// A master key in the environment that is none. Its text is not repeated.
    #[error("{0} does not read: it must hold 64 hex digits and nothing else")]
    MasterKey(&'static str),
    /// Which of two keys is meant?
    #[error("{variable} and {file} are both given: unset one of them")]
    TwoMasterKeys {
        /// The variable that holds a key.
        variable: &'static str,
        /// The setting that names a file.
        file: &'static str,
    },
    /// A key that everybody could guess.
    #[error(
        "LETOPIS_BOOTSTRAP_API_KEY {0}: give at least 8 characters, best 32 random ones, or unset it to have one made"
    )]
    WeakKey(&'static str),
}

impl Config {
    /// Where people reach this server.
    pub fn public_url(&self) -> String {
        self.public_url
            .clone()
            .unwrap_or_else(|| format!("http://{}", self.listen))
    }

    /// Settings from everywhere, `flags` on top.
    ///
    /// # Errors
    /// [`ConfigError`], which names the setting and what is accepted.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        let named = flags
            .config
            .clone()
            .or_else(|| std::env::var_os("LETOPIS_CONFIG").map(PathBuf::from));
        let text = match &named {
            Some(file) => Some(text(file)?.ok_or_else(|| ConfigError::Missing(file.clone()))?),
            None => text(Path::new(FILE))?,
        };
        let mut settings = Figment::from(Serialized::defaults(Self::default()));
        if let Some(text) = &text {
            settings = settings.merge(Toml::string(text));
        }
        settings = settings.merge(Serialized::defaults(environment()));
        for (setting, text) in files_environment() {
            settings = settings.merge(Serialized::default(setting, text));
        }
        let mut config: Self = settings
            .merge(Serialized::defaults(flags))
            .extract()
            .map_err(|error| ConfigError::from(&error))?;
        config.take_master_keys(|variable| std::env::var_os(variable))?;
        match config.bootstrap_api_key.as_deref().map(str::trim) {
            Some("") => Err(ConfigError::WeakKey("is empty")),
            Some(key) if key.chars().count() < 8 => Err(ConfigError::WeakKey("is too short")),
            Some(_) | None => Ok(config),
        }
    }

    /// Settings from the text of a file alone.
    ///
    /// # Errors
    /// [`ConfigError`], which names the setting and what is accepted.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let settings = Figment::from(Serialized::defaults(Self::default())).merge(Toml::string(text));
        settings.extract().map_err(|error| ConfigError::from(&error))
    }

    fn take_master_keys(&mut self, given: impl Fn(&str) -> Option<OsString>) -> Result<(), ConfigError> {
        let take = |variable, file: (&'static str, &Option<PathBuf>)| match (given(variable), file) {
            (None, _) => Ok(None),
            (Some(_), (file, Some(_))) => Err(ConfigError::TwoMasterKeys { variable, file }),
            (Some(text), (_, None)) => {
                let key = text.to_str().and_then(MasterKey::from_hex);
                key.map(Some).ok_or(ConfigError::MasterKey(variable))
            }
        };
        let current = take("LETOPIS_MASTER_KEY", ("master_key_file", &self.master_key_file))?;
        let file = ("previous_master_key_file", &self.previous_master_key_file);
        self.previous_master_key = take("LETOPIS_PREVIOUS_MASTER_KEY", file)?;
        self.master_key = current;
        Ok(())
    }
}

/// Text of a file of settings that reads; `None` when there is no such file.
fn text(path: &Path) -> Result<Option<String>, ConfigError> {
    let unusable = |reason: String| ConfigError::File {
        path: path.to_owned(),
        reason,
    };
    let mut bytes = Vec::new();
    match open_regular(path).and_then(|mut file| file.read_to_end(&mut bytes)) {
        Ok(_length) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(error.to_string())),
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let line = bytes.iter().take(at).filter(|it| **it == b'\n').count() + 1;
        let byte = bytes.get(at).copied().unwrap_or_default();
        unusable(format!(
            "line {line} is not UTF-8: byte {} of the file is {byte:#04x}",
            at + 1
        ))
    })?;
    Toml::from_str::<Dict>(&text).map_err(|error| unusable(error.to_string().trim_end().to_owned()))?;
    Ok(Some(text))
}

impl From<&figment::Error> for ConfigError {
    fn from(error: &figment::Error) -> Self {
        Self::Malformed {
            key: error.path.join("."),
            reason: error.kind.to_string(),
        }
    }
}

/// Settings of the environment, each as the text it is: a key of digits is no number.
fn environment() -> BTreeMap<&'static str, String> {
    let known = [
        ("LETOPIS_DATA", "data"),
        ("LETOPIS_LISTEN", "listen"),
        ("LETOPIS_ROLES", "roles"),
        ("LETOPIS_BOOTSTRAP_API_KEY", "bootstrap_api_key"),
        ("DATABASE_URL", "database_url"),
        ("EVENT_STORE_URL", "event_store_url"),
        ("LETOPIS_MASTER_KEY_FILE", "master_key_file"),
        ("LETOPIS_PREVIOUS_MASTER_KEY_FILE", "previous_master_key_file"),
        ("LETOPIS_SEAL_KEY_FILE", "seal_key_file"),
        ("LETOPIS_SEAL_INTERVAL_S", "seal_interval_s"),
        ("LETOPIS_ERASURE_WAITING_DAYS", "erasure_waiting_days"),
        ("LETOPIS_ERASURE_REWRITE_MB", "erasure_rewrite_mb"),
        ("LETOPIS_GEOIP_FILE", "geoip_file"),
        ("LETOPIS_PUBLIC_URL", "public_url"),
        ("LETOPIS_REGISTRATION_DOMAINS", "registration_domains"),
        ("LETOPIS_REGISTRATION_ROLE", "registration_role"),
        ("LETOPIS_CORS_ORIGINS", "cors_origins"),
        ("LETOPIS_TRUSTED_PROXIES", "trusted_proxies"),
        ("LETOPIS_TLS_CERTIFICATE_FILE", "tls_certificate_file"),
        ("LETOPIS_TLS_KEY_FILE", "tls_key_file"),
        ("LETOPIS_REQUEST_TIMEOUT_S", "request_timeout_s"),
        ("LETOPIS_HEADER_TIMEOUT_S", "header_timeout_s"),
        ("LETOPIS_COST_BUDGET", "cost_budget"),
        ("LETOPIS_COST_RESTORED_PER_S", "cost_restored_per_s"),
        ("LETOPIS_ADDRESS_REQUESTS", "address_requests"),
        ("LETOPIS_ADDRESS_REQUESTS_PER_S", "address_requests_per_s"),
        ("LETOPIS_OPERATION_LIMITS", "operation_limits"),
        ("LETOPIS_PERSISTED_OPERATIONS_FILE", "persisted_operations_file"),
    ];
    known
        .into_iter()
        .filter_map(|(name, setting)| Some((setting, std::env::var(name).ok()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use event_store::vault::MasterKey;

    use super::{Config, Flags};

    #[test]
    fn flags_win_over_defaults() {
        let flags = Flags {
            listen: Some("127.0.0.1:9000".to_owned()),
            ..Flags::default()
        };
        let config = Config::load(&flags).unwrap();
        assert_eq!(config.listen.port(), 9000);
        assert_eq!(config.data.to_str(), Some("data"));
    }

    #[test]
    fn role_that_is_not_there_is_named_with_its_setting() {
        let flags = Flags {
            roles: Some("api,projector".to_owned()),
            ..Flags::default()
        };
        let said = Config::load(&flags).unwrap_err().to_string();
        assert!(
            said.starts_with("setting roles: \"projector\" is no role: give one or more of api,"),
            "{said}"
        );
    }

    #[test]
    fn missing_settings_file_is_named() {
        let flags = Flags {
            config: Some("nowhere.toml".into()),
            ..Flags::default()
        };
        assert!(Config::load(&flags).unwrap_err().to_string().contains("nowhere.toml"));
    }

    #[test]
    fn settings_file_that_cannot_be_read_is_named_with_the_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("letopis.toml");
        let said = |path: &std::path::Path| {
            let flags = Flags {
                config: Some(path.to_owned()),
                ..Flags::default()
            };
            Config::load(&flags).unwrap_err().to_string()
        };
        std::fs::write(&file, b"# one\nlisten = \"127.0.0.1:1\"\n# \xff\n").unwrap();
        for word in ["letopis.toml", "line 3 is not UTF-8", "byte 32 ", "0xff"] {
            assert!(said(&file).contains(word), "{word}: {}", said(&file));
        }
        std::fs::write(&file, "# one\nlisten = = 1\n").unwrap();
        assert!(
            said(&file).contains("letopis.toml") && said(&file).contains("line 2"),
            "{}",
            said(&file)
        );
        let refused = said(folder.path());
        assert!(
            refused.contains("it is a folder") && !refused.contains("not there"),
            "{refused}"
        );
    }

    #[test]
    fn master_key_of_the_environment_is_taken_and_never_shown() {
        let digits = "5a".repeat(32);
        let mut config = Config::default();
        config
            .take_master_keys(|it| (it == "LETOPIS_MASTER_KEY").then(|| format!(" {digits}\n").into()))
            .unwrap();
        assert_eq!(config.master_key, Some(MasterKey::from_bytes([0x5a; 32])));
        assert_eq!(config.previous_master_key, None);
        let shown = format!("{config:?}").to_lowercase();
        assert!(!shown.contains("5a5a") && !shown.contains("90, 90"), "{shown}");
    }

    #[test]
    fn master_key_of_the_environment_that_is_none_or_one_too_many_is_refused() {
        for (variable, file) in [
            ("LETOPIS_MASTER_KEY", "master_key_file"),
            ("LETOPIS_PREVIOUS_MASTER_KEY", "previous_master_key_file"),
        ] {
            for text in [String::new(), "secret".to_owned(), "0".repeat(65), "ж".repeat(64)] {
                let mut config = Config::default();
                let error = config.take_master_keys(|it| (it == variable).then(|| text.clone().into()));
                let said = error.unwrap_err().to_string();
                assert!(said.starts_with(variable) && said.contains("64 hex digits"), "{said}");
                assert!(text.is_empty() || !said.contains(&text), "{said}");
            }
            let mut config = Config {
                master_key_file: Some("a".into()),
                previous_master_key_file: Some("b".into()),
                ..Config::default()
            };
            let error = config.take_master_keys(|it| (it == variable).then(|| "1".repeat(64).into()));
            let said = error.unwrap_err().to_string();
            assert!(
                said.starts_with(variable) && said.contains(&format!(" {file} ")),
                "{said}"
            );
        }
    }
}
