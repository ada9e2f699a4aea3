//! Settings of files: the section `[files]`, or `LETOPIS_FILES_…` in the environment.

use std::{ops::RangeInclusive, path::PathBuf};

use serde::{Deserialize, Deserializer, Serialize, de::Error};

use super::clamav::Address;

/// 25 MiB.
const USUAL: u64 = 25 * 1024 * 1024;
/// 512 MiB.
const RESERVE: u64 = 512 * 1024 * 1024;

/// Where files lie, and what is taken.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilesSettings {
    /// Folder of the files; `files` in the data folder when absent.
    pub dir: Option<PathBuf>,
    /// Bucket of a storage that speaks S3; the folder when absent. Its key comes from `AWS_ACCESS_KEY_ID` and
    /// `AWS_SECRET_ACCESS_KEY`, or from where the program runs.
    pub s3_bucket: Option<String>,
    /// Address of that storage; Amazon's own when absent.
    pub s3_endpoint: Option<String>,
    /// Its region.
    pub s3_region: Option<String>,
    /// Bytes of the largest file that inboxes take which say nothing of their own.
    #[serde(deserialize_with = "size")]
    pub max_bytes: u64,
    /// Bytes of the folder's disk that files leave free: the log and the tables may lie on the same.
    #[serde(deserialize_with = "reserve")]
    pub keep_free_bytes: u64,
    /// Where ClamAV listens: `unix:/run/clamav/clamd.ctl` or `tcp:127.0.0.1:3310`; no scanner is asked when absent.
    #[serde(deserialize_with = "clamav")]
    pub clamav: Option<Address>,
}

impl Default for FilesSettings {
    fn default() -> Self {
        Self {
            dir: None,
            s3_bucket: None,
            s3_endpoint: None,
            s3_region: None,
            max_bytes: USUAL,
            keep_free_bytes: RESERVE,
            clamav: None,
        }
    }
}

/// The settings of the environment, by their names in the file.
pub(crate) fn environment() -> Vec<(&'static str, String)> {
    let known = [
        ("LETOPIS_FILES_DIR", "files.dir"),
        ("LETOPIS_FILES_S3_BUCKET", "files.s3_bucket"),
        ("LETOPIS_FILES_S3_ENDPOINT", "files.s3_endpoint"),
        ("LETOPIS_FILES_S3_REGION", "files.s3_region"),
        ("LETOPIS_FILES_MAX_BYTES", "files.max_bytes"),
        ("LETOPIS_FILES_KEEP_FREE_BYTES", "files.keep_free_bytes"),
        ("LETOPIS_FILES_CLAMAV", "files.clamav"),
    ];
    known
        .into_iter()
        .filter_map(|(name, setting)| Some((setting, std::env::var(name).ok()?)))
        .collect()
}

fn size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    bytes(deserializer, 1..=2_147_483_648)
}

fn reserve<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    bytes(deserializer, 0..=1_125_899_906_842_624)
}

/// A number, or its text in the environment.
fn bytes<'de, D: Deserializer<'de>>(deserializer: D, accepted: RangeInclusive<u64>) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Number(u64),
        Text(String),
    }
    let number = match Given::deserialize(deserializer) {
        Ok(Given::Number(number)) => Some(number),
        Ok(Given::Text(text)) => text.trim().parse().ok(),
        Err(_unreadable) => None,
    };
    number.filter(|it| accepted.contains(it)).ok_or_else(|| {
        let (least, most) = (accepted.start(), accepted.end());
        D::Error::custom(format!("give whole bytes, {least} to {most}"))
    })
}

fn clamav<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Address>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)?.filter(|it| !it.trim().is_empty()) else {
        return Ok(None);
    };
    let address = Address::parse(text.trim());
    address.map(Some).ok_or_else(|| {
        D::Error::custom(format!(
            "{text:?} is not acceptable: give unix:PATH or tcp:HOST:PORT, such as unix:/run/clamav/clamd.ctl"
        ))
    })
}
