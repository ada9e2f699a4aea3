//! Where an address is, by a MaxMind file (`.mmdb`) that the operator gives; nothing is ever asked of others.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use maxminddb::{MaxMindDbError, Reader, geoip2};
use tracing::warn;

/// Knows where addresses are; nowhere, when there is no file.
#[derive(Debug, Clone, Default)]
pub struct Geo(Option<Arc<Reader<Vec<u8>>>>);

/// Where an address is, as far as the file knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whereabouts {
    /// ISO 3166-1: `RU`.
    pub country: Option<String>,
    /// ISO 3166-2: `RU-SVE`.
    pub region: Option<String>,
}

/// A file that is none.
#[derive(Debug, thiserror::Error)]
#[error(
    "geoip_file (LETOPIS_GEOIP_FILE) names {file}, which {problem}: give a MaxMind file, such as GeoLite2-City.mmdb, or \
     unset it to do without"
)]
pub struct GeoError {
    file: PathBuf,
    problem: String,
}

impl Geo {
    /// Reads the file into memory.
    ///
    /// # Errors
    /// [`GeoError`], which names the setting and what to do.
    pub fn open(file: Option<&Path>) -> Result<Self, GeoError> {
        let Some(file) = file else { return Ok(Self::default()) };
        let refused = |problem: String| GeoError {
            file: file.to_owned(),
            problem,
        };
        if file.exists() && !file.is_file() {
            return Err(refused("is no file".to_owned()));
        }
        match Reader::open_readfile(file) {
            Ok(reader) => Ok(Self(Some(Arc::new(reader)))),
            Err(MaxMindDbError::Io(error)) => Err(refused(format!("cannot be read ({error})"))),
            Err(error) => Err(refused(format!("is no MaxMind database ({error})"))),
        }
    }

    /// Where an address is.
    pub fn whereabouts(&self, address: IpAddr) -> Whereabouts {
        let Some(reader) = &self.0 else {
            return Whereabouts::default();
        };
        // An IPv6 address that stands for one of IPv4 is where that one is.
        let found = reader
            .lookup(address.to_canonical())
            .and_then(|it| it.decode::<geoip2::City<'_>>());
        match found {
            Ok(Some(city)) => Whereabouts::from(&city),
            Ok(None) => Whereabouts::default(),
            Err(error) => {
                warn!(%error, "the file of geoip_file is damaged: an address cannot be looked up");
                Whereabouts::default()
            }
        }
    }
}

impl From<&geoip2::City<'_>> for Whereabouts {
    fn from(city: &geoip2::City<'_>) -> Self {
        let country = city.country.iso_code;
        let part = city.subdivisions.first().and_then(|it| it.iso_code);
        Self {
            country: country.map(str::to_owned),
            region: country.zip(part).map(|(country, part)| format!("{country}-{part}")),
        }
    }
}
