//! Logs: readable lines on standard error; `RUST_LOG` chooses which, `LETOPIS_LOG_FORMAT=json` the form.

use std::{
    env::{self, VarError},
    io::IsTerminal,
};

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// What is told when `RUST_LOG` does not say.
///
/// A pool looks at a connection that is given back, and warns when it has died. It is replaced, and who used it was
/// told: the warning would only repeat it, for each connection when Postgres goes away.
const DEFAULT: &str = "info,kurrentdb=off,sqlx=warn,sqlx_core::pool::connection=error,h2=warn,hyper=warn,tonic=warn";
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// A variable that does not say what to log, or how.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {value:?} does not read: {accepted}")]
pub struct LogSettingError {
    variable: &'static str,
    value: String,
    accepted: &'static str,
}

/// What is never told, whatever `RUST_LOG` says: these repeat messages of clients, keys included.
const TOO_TALKATIVE: &[&str] = &["tungstenite=info", "tokio_tungstenite=info"];

/// Begins to log; does nothing when somebody else does already.
///
/// # Errors
/// [`LogSettingError`].
pub fn start() -> Result<(), LogSettingError> {
    let filter = TOO_TALKATIVE
        .iter()
        .filter_map(|it| it.parse().ok())
        .fold(filter(given("RUST_LOG"))?, EnvFilter::add_directive);
    let json = is_json(given("LETOPIS_LOG_FORMAT").as_deref())?;
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let registry = tracing_subscriber::registry().with(filter);
    let started = if json {
        registry.with(lines.json()).try_init()
    } else {
        registry.with(lines.with_ansi(has_colours())).try_init()
    };
    // A test that runs a second server in its process has a log already.
    drop(started);
    Ok(())
}

/// A file keeps the codes of colours as rubbish; <https://no-color.org>.
fn has_colours() -> bool {
    std::io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|it| it.is_empty())
}

/// Empty is the same as not set. What is no text is refused by whoever reads it.
fn given(variable: &str) -> Option<String> {
    match env::var(variable) {
        Ok(text) => Some(text).filter(|it| !it.is_empty()),
        Err(VarError::NotPresent) => None,
        Err(VarError::NotUnicode(bytes)) => Some(bytes.to_string_lossy().into_owned()),
    }
}

fn filter(given: Option<String>) -> Result<EnvFilter, LogSettingError> {
    let Some(value) = given else {
        return Ok(EnvFilter::new(DEFAULT));
    };
    // A word alone is taken for a part of the program, so a mistyped level would silence everything.
    let is_known = |part: &str| {
        let is_level = LEVELS.iter().any(|it| it.eq_ignore_ascii_case(part));
        is_level || part.is_empty() || part.contains(['=', ':', '['])
    };
    let parsed = value
        .split(',')
        .map(str::trim)
        .all(is_known)
        .then(|| EnvFilter::try_new(&value));
    match parsed {
        Some(Ok(filter)) => Ok(filter),
        Some(Err(_)) | None => Err(LogSettingError {
            variable: "RUST_LOG",
            value,
            accepted: "give off, error, warn, info, debug or trace, or such levels of parts: info,projections=debug",
        }),
    }
}

fn is_json(given: Option<&str>) -> Result<bool, LogSettingError> {
    match given {
        None | Some("text") => Ok(false),
        Some("json") => Ok(true),
        Some(other) => Err(LogSettingError {
            variable: "LETOPIS_LOG_FORMAT",
            value: other.to_owned(),
            accepted: "give json or text",
        }),
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::{layer::SubscriberExt, registry};

    use super::{filter, is_json};

    #[test]
    fn what_does_not_read_is_refused_with_its_name_and_value() {
        for bad in ["debgu", "api=loud", "info,=", "info,nonsense"] {
            let said = filter(Some(bad.to_owned())).unwrap_err().to_string();
            assert!(
                said.starts_with(&format!("RUST_LOG {bad:?}")) && said.contains("trace"),
                "{said}"
            );
        }
        for good in [
            "info",
            "INFO,sqlx=warn",
            "api::http=debug",
            "off,",
            "warn,projections=trace",
        ] {
            assert!(filter(Some(good.to_owned())).is_ok(), "{good}");
        }
        let said = is_json(Some("yaml")).unwrap_err().to_string();
        assert!(
            said.contains("LETOPIS_LOG_FORMAT \"yaml\"") && said.contains("json or text"),
            "{said}"
        );
        assert_eq!((is_json(None), is_json(Some("json"))), (Ok(false), Ok(true)));
    }

    #[test]
    fn connection_that_died_is_no_warning_of_its_own() {
        tracing::subscriber::with_default(registry().with(filter(None).unwrap()), || {
            let dead = tracing::enabled!(target: "sqlx_core::pool::connection", tracing::Level::WARN);
            let slow = tracing::enabled!(target: "sqlx::pool::acquire", tracing::Level::WARN);
            assert_eq!((dead, slow), (false, true));
        });
    }
}
