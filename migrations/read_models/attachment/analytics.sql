-- Replaced, never dropped: what others build on it stays, and Postgres refuses every change but new columns at the end.
CREATE OR REPLACE VIEW analytics.attachment AS SELECT
    attachment_id, ticket_id, message_id, internal, inbox_id, contact_id, author, size, content_type, scan, engine,
    signature, preview, announced_at, stored_at, scanned_at, attached_at, discarded_at, discard_reason, forgotten,
    removed_at, downloads, downloaded_at
FROM attachment;

CREATE OR REPLACE VIEW analytics.attachment_download AS SELECT
    position, attachment_id, at, reader, preview
FROM attachment_download;

-- Their columns get the comments of the tables' columns.
COMMENT ON VIEW analytics.attachment IS 'Which files are there? (Какие файлы загружены?) One row a file that was announced, without its name; key: attachment_id.';
COMMENT ON VIEW analytics.attachment_download IS 'Who read which file, and when? (Кто и когда скачивал файл?) One row a download that was begun, without the address; key: position.';
