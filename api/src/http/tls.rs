//! The server's certificate and key, from their files.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio_rustls::rustls::{
    self, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
};

use crate::config::Config;

/// Why TLS cannot be offered.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One file without the other.
    #[error("setting {given} needs {missing} as well: give both, or none for plain HTTP")]
    Half {
        /// The setting that is given.
        given: &'static str,
        /// The setting that is not.
        missing: &'static str,
    },
    /// A file that does not hold what it should.
    #[error("{setting} {file} cannot be used ({reason}): give {accepted}")]
    File {
        /// The setting that names it.
        setting: &'static str,
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// What is accepted.
        accepted: &'static str,
    },
    /// The key is not the certificate's.
    #[error(
        "tls_certificate_file {certificate} and tls_key_file {key} do not belong together ({source}): give the key that \
         the certificate was issued for, and the server's own certificate first"
    )]
    Pair {
        /// File of the certificate.
        certificate: PathBuf,
        /// File of the key.
        key: PathBuf,
        /// What is wrong with them.
        source: rustls::Error,
    },
}

/// How TLS is spoken with the certificate of the settings; `None` when they name none.
///
/// # Errors
/// [`TlsError`], which names the setting and the file.
pub(crate) fn tls(config: &Config) -> Result<Option<Arc<ServerConfig>>, TlsError> {
    let (certificate, key) = match (&config.tls_certificate_file, &config.tls_key_file) {
        (None, None) => return Ok(None),
        (Some(certificate), Some(key)) => (certificate, key),
        (Some(_), None) => {
            return Err(TlsError::Half {
                given: "tls_certificate_file",
                missing: "tls_key_file",
            });
        }
        (None, Some(_)) => {
            return Err(TlsError::Half {
                given: "tls_key_file",
                missing: "tls_certificate_file",
            });
        }
    };
    let pair = |source| TlsError::Pair {
        certificate: certificate.clone(),
        key: key.clone(),
        source,
    };
    let mut settings = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(pair)?
        .with_no_client_auth()
        .with_single_cert(certificates(certificate)?, private_key(key)?)
        .map_err(pair)?;
    settings.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(Arc::new(settings)))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bad = |reason| TlsError::File {
        setting: "tls_certificate_file",
        file: file.to_owned(),
        reason,
        accepted: "a file with CERTIFICATE blocks in PEM",
    };
    let read: Result<Vec<_>, pem::Error> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let read = read.map_err(|error| bad(error.to_string()))?;
    if read.is_empty() {
        return Err(bad("it holds no certificate".to_owned()));
    }
    Ok(read)
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(file).map_err(|error| TlsError::File {
        setting: "tls_key_file",
        file: file.to_owned(),
        reason: error.to_string(),
        accepted: "a file with a PRIVATE KEY block in PEM, without a password",
    })
}
