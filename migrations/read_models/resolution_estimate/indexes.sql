CREATE INDEX resolution_estimate_resolved ON resolution_estimate (resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX resolution_estimate_category ON resolution_estimate (category_id, resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX resolution_estimate_priority ON resolution_estimate (priority, resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX resolution_estimate_both ON resolution_estimate (category_id, priority, resolved_at) WHERE resolved_at IS NOT NULL;
