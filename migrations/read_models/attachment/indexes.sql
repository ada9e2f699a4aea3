CREATE INDEX attachment_data_subject ON attachment (data_subject);
CREATE INDEX attachment_pending ON attachment (stored_at) WHERE scan = 'pending' AND discarded_at IS NULL;
CREATE INDEX attachment_untried ON attachment (stored_at)
    WHERE preview = 'untried' AND stored_at IS NOT NULL AND discarded_at IS NULL AND content_type LIKE 'image/%';
CREATE INDEX attachment_orphan ON attachment (announced_at) WHERE message_id IS NULL AND discarded_at IS NULL;
CREATE INDEX attachment_waste ON attachment (attachment_id)
    WHERE removed_at IS NULL AND blob IS NOT NULL AND (forgotten OR discarded_at IS NOT NULL);
CREATE INDEX attachment_download_file ON attachment_download (attachment_id, position);
CREATE INDEX attachment_download_subject ON attachment_download (data_subject);
