//! Where somebody is, and which branch answers for it.

use std::net::IpAddr;

use async_graphql::{Context, ID, Result, SimpleObject};
use domain::{
    ids::singleton,
    organisation::{self, Kind},
};
use projections::organisation::{by_ids, holding};

use super::{objects::Branch, thing::from_row};
use crate::{
    geo::Whereabouts,
    graphql::{
        ids::{self, global},
        parts, postgres, problem,
    },
    problem::{Problem, internal},
};

/// The branch that answers for a region.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct RegionRule {
    /// ISO 3166: a part of a country (`RU-SVE`), or all of it that no other rule names (`RU`).
    region: String,
    /// Id of the branch.
    branch_id: ID,
}

impl From<organisation::RegionRule> for RegionRule {
    fn from(rule: organisation::RegionRule) -> Self {
        Self {
            region: rule.region,
            branch_id: global(ids::Kind::Item(Kind::Branch), rule.branch_id),
        }
    }
}

/// Where an address is, and who answers for it.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct AddressRegion {
    /// The country, ISO 3166-1, such as `RU`; null when not known.
    country: Option<String>,
    /// The part of the country, ISO 3166-2, such as `RU-SVE`; null when not known.
    region: Option<String>,
    /// The branch by the region map, the default one where the map says nothing; null when there is no default one.
    branch: Option<Branch>,
}

pub(super) async fn of_address(ctx: &Context<'_>, ip: &str) -> Result<AddressRegion> {
    let address: IpAddr = ip.trim().parse().map_err(|_unparsable| {
        let (russian, english) = ("адрес IPv4 или IPv6", "an IPv4 or IPv6 address");
        problem(ctx, Problem::bad_input("ip", ip, russian, english))
    })?;
    let Whereabouts { country, region } = parts(ctx)?.geo.whereabouts(address);
    let branch = branch_of(ctx, region.as_deref().or(country.as_deref())).await?;
    Ok(AddressRegion {
        country,
        region,
        branch,
    })
}

async fn branch_of(ctx: &Context<'_>, region: Option<&str>) -> Result<Option<Branch>> {
    let pool = &parts(ctx)?.pool;
    let map = by_ids(pool, &[singleton(Kind::RegionMap.as_str())]).await;
    let map = map.map_err(|it| postgres(ctx, &it))?.into_iter().find(|it| !it.retired);
    let map: organisation::RegionMap = match map {
        Some(row) => serde_json::from_str(&row.definition).map_err(|it| problem(ctx, internal(&it)))?,
        None => organisation::RegionMap::default(),
    };
    let named = if let Some(id) = map.branch_of(region) {
        Some(id)
    } else {
        let default = holding(pool, Kind::Branch, r#"{"is_default": true}"#).await;
        default.map_err(|it| postgres(ctx, &it))?.first().copied()
    };
    let Some(id) = named else { return Ok(None) };
    let rows = by_ids(pool, &[id]).await.map_err(|it| postgres(ctx, &it))?;
    rows.first().map(|it| from_row(ctx, it)).transpose()
}
