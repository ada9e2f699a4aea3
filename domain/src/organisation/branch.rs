use serde::{Deserialize, Serialize};

use super::{
    Definition, Identity, Kind,
    check::{Check, NAME},
};

/// A place of the organisation (филиал): where it is, and by which clock it works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// What people call it.
    pub name: String,
    /// Regions it stands for, ISO 3166 (`RU-SVE`, `RU`). Who is sent to it is said by the map of regions alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// Its time zone, as the IANA database calls it.
    pub time_zone: String,
    /// Whether it takes what no other branch is responsible for, where the map of regions names none.
    #[serde(default)]
    pub is_default: bool,
}

impl Definition for Branch {
    const KIND: Kind = Kind::Branch;

    fn check(&mut self, check: &mut Check) {
        check.line("name", &mut self.name, NAME);
        check.each("regions", &mut self.regions, 200, Check::region, String::as_str);
        check.time_zone("timeZone", &mut self.time_zone);
    }

    fn identity(&self) -> Identity {
        Identity::Command
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}
