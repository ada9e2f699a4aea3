//! Figures.

use serde_json::json;

use super::{
    Failure,
    ask::{Asked, Asking},
    input::Fresh,
    objects::Stats,
    told::Told,
};

const STATS: &str = "query($minPosition: Position) { answer: ticketStatistics(minPosition: $minPosition) { \
     total byStatus { status count } byPriority { priority count } byCategory { categoryId count } stale } }";

/// Tickets counted by status, priority and category.
#[utoipa::path(
    get, path = "/stats", operation_id = "getStats", tag = "desk", params(Fresh),
    responses((status = 200, description = "The figures.", body = Stats))
)]
pub(super) async fn stats(asking: Asking, Asked(fresh): Asked<Fresh>) -> Result<Told<Stats>, Failure> {
    asking.ask(STATS, json!(fresh)).await
}
