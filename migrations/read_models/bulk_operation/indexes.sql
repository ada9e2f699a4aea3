CREATE INDEX bulk_operation_open ON bulk_operation (started_at) WHERE state IN ('choosing', 'running', 'undoing');
CREATE INDEX bulk_operation_asked ON bulk_operation (asked_by, started_at);
CREATE INDEX bulk_item_seq ON bulk_item (bulk_id, seq);
