//! What can be asked about the organisation.

use async_graphql::{Context, Object, Result};
use chrono::{DateTime, Utc};
use commands::Read;
use domain::{
    ids::singleton,
    organisation::{Category as Definition, Kind},
};
use projections::organisation::{ItemRow, by_ids, by_ids_at};
use uuid::Uuid;

use super::{
    list::{Asked, Connection, OrganisationFilter, list},
    objects::{
        Branch, CannedReply, Category, Classification, CustomField, Inbox, Macro, RegionMap, Skill, StatusLabel, Tag,
        Team,
    },
    region::{AddressRegion, of_address},
    thing::{Thing, from_row, from_row_at},
};
use crate::graphql::{LogPosition, may_read, node::Node, parts, postgres, travel::instant};

/// What can be asked about the organisation.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::graphql) struct OrganisationQuery;

macro_rules! queries {
    ($($kind:ident $list:ident $docs:literal;)+) => {
        #[Object]
        impl OrganisationQuery {
            $(
                #[doc = concat!(
                    $docs,
                    " by name. Give `first` or `last`, 1 to 100, unless only `totalCount` is asked for."
                )]
                #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
                #[graphql(complexity = "crate::graphql::connection::cost(first, last, child_complexity)")]
                async fn $list(
                    &self,
                    ctx: &Context<'_>,
                    #[graphql(desc = "So many from the start, or after `after`.")] first: Option<i32>,
                    #[graphql(desc = "Only what stands behind this cursor.")] after: Option<String>,
                    #[graphql(desc = "So many from the end, or before `before`.")] last: Option<i32>,
                    #[graphql(desc = "Only what stands before this cursor.")] before: Option<String>,
                    #[graphql(desc = "Which; all by default.")] filter: Option<OrganisationFilter>,
                    #[graphql(desc = "As they were at this instant.")] as_of: Option<DateTime<Utc>>,
                    #[graphql(desc = "Wait, at most 2 s, until everything up to this position shows.")]
                    min_position: Option<LogPosition>,
                ) -> Result<Connection<$kind>> {
                    Box::pin(list(ctx, Asked { first, after, last, before, filter, as_of, min_position })).await
                }
            )+

            /// The category with this key, whatever the capitals; null when there is none, or was none then.
            async fn category_by_key(
                &self,
                ctx: &Context<'_>,
                #[graphql(desc = "The text that tickets carry in `categoryId` and `subcategoryId`.")] key: String,
                #[graphql(desc = "As it was at this instant.")] as_of: Option<DateTime<Utc>>,
            ) -> Result<Option<Category>> {
                one(ctx, Definition::id_of(&key), as_of).await
            }

            /// Which branch answers for which region; null when nobody has said so yet, or had then.
            async fn region_map(
                &self,
                ctx: &Context<'_>,
                #[graphql(desc = "As it was at this instant.")] as_of: Option<DateTime<Utc>>,
            ) -> Result<Option<RegionMap>> {
                one(ctx, singleton(Kind::RegionMap.as_str()), as_of).await
            }

            /// How new tickets get their category and priority; null when nobody has said so yet, or had then.
            async fn classification(
                &self,
                ctx: &Context<'_>,
                #[graphql(desc = "As it was at this instant.")] as_of: Option<DateTime<Utc>>,
            ) -> Result<Option<Classification>> {
                one(ctx, singleton(Kind::Classification.as_str()), as_of).await
            }

            /// Where an address is, and which branch answers for it.
            async fn region_of(
                &self,
                ctx: &Context<'_>,
                #[graphql(desc = "An IPv4 or IPv6 address.")] ip: String,
            ) -> Result<AddressRegion> {
                may_read(ctx, Read::Configuration)?;
                of_address(ctx, &ip).await
            }
        }
    };
}

queries! {
    Branch branches "Branches";
    Team teams "Teams";
    Skill skills "Skills";
    Inbox inboxes "Inboxes";
    Category categories "Categories";
    Tag tags "Tags";
    CustomField custom_fields "Custom fields";
    StatusLabel status_labels "Status labels";
    CannedReply canned_replies "Canned replies";
    Macro macros "Macros";
}

async fn one<T: Thing>(ctx: &Context<'_>, id: Uuid, as_of: Option<DateTime<Utc>>) -> Result<Option<T>> {
    may_read(ctx, Read::Configuration)?;
    let as_of = instant(ctx, as_of).await?;
    let row = items(ctx, &[id], as_of).await?.pop();
    row.map(|it| from_row_at(ctx, &it, as_of)).transpose()
}

/// The items with these ids, in no order; at an instant, or now.
pub(in crate::graphql) async fn items(
    ctx: &Context<'_>,
    ids: &[Uuid],
    as_of: Option<DateTime<Utc>>,
) -> Result<Vec<ItemRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    may_read(ctx, Read::Configuration)?;
    let pool = &parts(ctx)?.pool;
    let rows = match as_of {
        Some(at) => by_ids_at(pool, ids, at).await,
        None => by_ids(pool, ids).await,
    };
    rows.map_err(|it| postgres(ctx, &it))
}

macro_rules! nodes {
    ($($kind:ident = $word:literal),+ $(,)?) => {
        /// The item in a row, as what it is.
        pub(in crate::graphql) fn node(ctx: &Context<'_>, row: &ItemRow) -> Result<Option<(Kind, Node)>> {
            let Some(kind) = Kind::parse(&row.kind) else {
                return Ok(None);
            };
            Ok(Some((kind, match kind {
                $(Kind::$kind => Node::$kind(Box::new(from_row::<$kind>(ctx, row)?))),+
            })))
        }
    };
}

domain::each_kind!(nodes);
