//! What the process counts, for whoever watches it: counters and times, no contents, no names.

use std::{sync::OnceLock, thread, time::Duration};

use axum::{http::header, response::IntoResponse};
use event_store::metrics::{CALL_SECONDS, CALL_SECONDS_BUCKETS, describe};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_util::MetricKindMask;
use tracing::warn;

/// How often times recorded since the last look are put into their buckets, so that they do not pile up when nobody
/// looks.
const UPKEEP: Duration = Duration::from_secs(5);

/// Sockets closed because they took nothing.
pub(super) const SLOW: &str = "letopis_slow_sockets_total";

/// After which a gauge that nobody sets is told no more: what it measured is gone, such as a part of a read model that
/// another process keeps now.
const FORGOTTEN: Duration = Duration::from_mins(1);

/// One for the process, however many servers run in it.
static COLLECTED: OnceLock<PrometheusHandle> = OnceLock::new();

/// Begins to collect, unless that has begun already.
pub(super) fn collect() -> &'static PrometheusHandle {
    COLLECTED.get_or_init(|| {
        let buckets = Matcher::Full(CALL_SECONDS.to_owned());
        // Only an empty list of buckets is refused.
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(buckets, CALL_SECONDS_BUCKETS)
            .unwrap_or_default()
            .idle_timeout(MetricKindMask::GAUGE, Some(FORGOTTEN));
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if let Err(error) = metrics::set_global_recorder(recorder) {
            warn!(%error, "/metrics will stay empty");
        }
        describe();
        metrics::describe_counter!(SLOW, "Sockets closed because the client took nothing of what was sent");
        projections::status::describe();
        crate::following::describe();
        let upkeep = handle.clone();
        // No task: the runtime that came first may end before the others.
        let tending = thread::Builder::new().name("metrics".to_owned()).spawn(move || {
            loop {
                thread::sleep(UPKEEP);
                upkeep.run_upkeep();
            }
        });
        if let Err(error) = tending {
            warn!(%error, "metrics are tended only when they are read");
        }
        handle
    })
}

/// Everything, in the text format of Prometheus.
pub(super) async fn text() -> impl IntoResponse {
    let format = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (format, collect().render())
}
