CREATE INDEX resolution_estimate_resolved ON resolution_estimate (resolved_at, ticket_id) WHERE resolved_at IS NOT NULL;
