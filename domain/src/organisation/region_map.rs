use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Definition, Identity, Kind, Reference, check::Check};

/// Who answers for a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionRule {
    /// ISO 3166: a part of a country (`RU-SVE`), or all of it that no other rule names (`RU`).
    pub region: String,
    /// The branch.
    pub branch_id: Uuid,
}

/// Which branch answers for which region. There is one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RegionMap {
    /// By region.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<RegionRule>,
    /// Who answers for all others, and for those of whom it is not known where they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_branch_id: Option<Uuid>,
}

impl RegionMap {
    /// The branch for a region: by its own rule, else by its country's, else the default one.
    pub fn branch_of(&self, region: Option<&str>) -> Option<Uuid> {
        let rule = |code: &str| self.regions.iter().find(|it| it.region == code).map(|it| it.branch_id);
        let country = |code: &str| code.split('-').next().and_then(rule);
        region
            .and_then(|code| rule(code).or_else(|| country(code)))
            .or(self.default_branch_id)
    }
}

impl Definition for RegionMap {
    const KIND: Kind = Kind::RegionMap;

    fn check(&mut self, check: &mut Check) {
        let region = |check: &mut Check, index: &str, rule: &mut RegionRule| {
            check.within(index, |check| check.region("region", &mut rule.region));
        };
        check.each("regions", &mut self.regions, 1000, region, |it| &it.region);
    }

    fn identity(&self) -> Identity {
        Identity::Only
    }

    fn name(&self) -> String {
        "region map".to_owned()
    }

    fn references(&self) -> Vec<Reference> {
        let rules = self.regions.iter().enumerate().map(|(index, it)| Reference {
            field: "regions",
            index: Some(index),
            kind: Kind::Branch,
            id: it.branch_id,
        });
        let default = Reference::to(Kind::Branch, "defaultBranchId", self.default_branch_id);
        rules.chain(default).collect()
    }
}
