//! For the supervisor of the process: is it alive, can it answer?

use axum::{Json, extract::State, http::StatusCode};
use serde_json::{Value, json};

use super::{Phase, Shared};

/// The process runs.
pub(super) async fn live() -> Json<Value> {
    Json(json!({"status": "live"}))
}

/// Requests can be answered: 200, with how far each read model is, how many streams it holds back, and why those stand
/// still that do; 503 with the reason while not.
pub(super) async fn ready(State(shared): State<Shared>) -> (StatusCode, Json<Value>) {
    let not_ready = |reason: &str| {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(json!({"status": "unready", "reason": reason})),
        )
    };
    let phase = shared.phase.borrow().clone();
    let ready = match phase {
        Phase::Starting(reason) => return not_ready(&reason),
        Phase::Stopping => return not_ready("the server is shutting down"),
        Phase::Ready(ready) => ready,
    };
    let served = match projections::checkpoint::serving(&ready.parts.pool).await {
        Ok(served) => served,
        Err(error) => return not_ready(&format!("postgres does not answer: {error}")),
    };
    let models = projections::registry();
    let held = match projections::parked::held(&ready.parts.pool, &models).await {
        Ok(held) => held,
        Err(error) => return not_ready(&format!("postgres does not answer: {error}")),
    };
    let faults = match projections::status::faults(&ready.parts.pool, &models).await {
        Ok(faults) => faults,
        Err(error) => return not_ready(&format!("postgres does not answer: {error}")),
    };
    let faults: serde_json::Map<String, Value> = faults
        .into_iter()
        .map(|(name, fault)| (name.to_owned(), json!(fault)))
        .collect();
    let held: serde_json::Map<String, Value> = held
        .into_iter()
        .map(|(name, streams)| (name.to_owned(), json!(streams)))
        .collect();
    let positions: serde_json::Map<String, Value> = models
        .into_iter()
        .map(|model| {
            let parts = served
                .iter()
                .filter(|it| it.model == model.name && it.version == model.version);
            let least = parts.map(|it| it.position.0).min().unwrap_or_default();
            (model.name.to_owned(), json!(least.to_string()))
        })
        .collect();
    (
        StatusCode::OK,
        Json(json!({"status": "ready", "projections": positions, "parkedStreams": held, "faults": faults})),
    )
}
