CREATE TABLE attachment (
    attachment_id uuid PRIMARY KEY,
    ticket_id uuid,
    message_id uuid,
    internal boolean NOT NULL,
    inbox_id uuid,
    contact_id uuid,
    data_subject uuid NOT NULL,
    author text NOT NULL,
    name text,
    size bigint NOT NULL,
    content_type text NOT NULL,
    sha256 text,
    blob text,
    scan text NOT NULL,
    engine text,
    signature text,
    preview text NOT NULL,
    preview_blob text,
    preview_type text,
    preview_size bigint,
    preview_width integer,
    preview_height integer,
    announced_at timestamptz NOT NULL,
    stored_at timestamptz,
    scanned_at timestamptz,
    attached_at timestamptz,
    discarded_at timestamptz,
    discard_reason text,
    forgotten boolean NOT NULL,
    removed_at timestamptz,
    downloads integer NOT NULL,
    downloaded_at timestamptz
) WITH (fillfactor = 80);

COMMENT ON TABLE attachment IS 'Which files are there? (Какие файлы загружены?) One row a file that was announced, also of those that are not there any more; the bytes lie elsewhere, sealed.';
COMMENT ON COLUMN attachment.attachment_id IS 'Id of the file.';
COMMENT ON COLUMN attachment.ticket_id IS 'Id of the ticket it belongs to, or is for; NULL when there was none yet.';
COMMENT ON COLUMN attachment.message_id IS 'Id of the message it belongs to; NULL before it is attached.';
COMMENT ON COLUMN attachment.internal IS 'Whether that message is the team''s own.';
COMMENT ON COLUMN attachment.inbox_id IS 'Id of the inbox it comes through; NULL when not known.';
COMMENT ON COLUMN attachment.contact_id IS 'Id of the customer; NULL when not known.';
COMMENT ON COLUMN attachment.data_subject IS 'Whose key seals its name in the log, and the key of its bytes.';
COMMENT ON COLUMN attachment.author IS 'Who announced it, as kind:id.';
COMMENT ON COLUMN attachment.name IS 'What it is called; NULL when it was taken away, or the person''s data was erased.';
COMMENT ON COLUMN attachment.size IS 'Its bytes.';
COMMENT ON COLUMN attachment.content_type IS 'What it is said to be; once its bytes are there, what it is.';
COMMENT ON COLUMN attachment.sha256 IS 'SHA-256 of its bytes, hex; NULL before they are there.';
COMMENT ON COLUMN attachment.blob IS 'Name of the object in the storage; NULL before its bytes are there.';
COMMENT ON COLUMN attachment.scan IS 'What scanners say: unscanned (none is asked), pending, clean, infected or failed.';
COMMENT ON COLUMN attachment.engine IS 'Which scanner said it, of which version; NULL when none did.';
COMMENT ON COLUMN attachment.signature IS 'What the scanner found; NULL when nothing.';
COMMENT ON COLUMN attachment.preview IS 'Its small picture: untried, made or impossible.';
COMMENT ON COLUMN attachment.preview_blob IS 'Name of the object of the small picture; NULL when there is none.';
COMMENT ON COLUMN attachment.preview_type IS 'Media type of the small picture; NULL when there is none.';
COMMENT ON COLUMN attachment.preview_size IS 'Bytes of the small picture; NULL when there is none.';
COMMENT ON COLUMN attachment.preview_width IS 'Pixels of it across; NULL when there is none.';
COMMENT ON COLUMN attachment.preview_height IS 'Pixels of it down; NULL when there is none.';
COMMENT ON COLUMN attachment.announced_at IS 'Instant at which it was announced.';
COMMENT ON COLUMN attachment.stored_at IS 'Instant at which its bytes were there; NULL before.';
COMMENT ON COLUMN attachment.scanned_at IS 'Instant at which a scanner had seen it; NULL when none has.';
COMMENT ON COLUMN attachment.attached_at IS 'Instant at which it was attached; NULL before.';
COMMENT ON COLUMN attachment.discarded_at IS 'Instant at which it was taken away; NULL while it is there.';
COMMENT ON COLUMN attachment.discard_reason IS 'Why: orphaned or redacted; NULL while it is there.';
COMMENT ON COLUMN attachment.forgotten IS 'Whether the person''s data was erased.';
COMMENT ON COLUMN attachment.removed_at IS 'Instant at which its bytes were gone from the storage; NULL before.';
COMMENT ON COLUMN attachment.downloads IS 'How often somebody began to read it.';
COMMENT ON COLUMN attachment.downloaded_at IS 'Instant of the last time; NULL when nobody has.';

CREATE TABLE attachment_download (
    position bigint PRIMARY KEY,
    attachment_id uuid NOT NULL,
    at timestamptz NOT NULL,
    reader text NOT NULL,
    address text,
    preview boolean NOT NULL,
    data_subject uuid NOT NULL
);

COMMENT ON TABLE attachment_download IS 'Who read which file, when and from where? (Кто, когда и откуда скачивал файл?) One row a download that was begun.';
COMMENT ON COLUMN attachment_download.position IS 'Place of the event in the log; grows, with gaps.';
COMMENT ON COLUMN attachment_download.attachment_id IS 'Id of the file.';
COMMENT ON COLUMN attachment_download.at IS 'Instant at which it was begun.';
COMMENT ON COLUMN attachment_download.reader IS 'Who read it, as kind:id.';
COMMENT ON COLUMN attachment_download.address IS 'Address it was read from; NULL when the data of the person the file is about was erased.';
COMMENT ON COLUMN attachment_download.preview IS 'Whether it was only the small picture.';
COMMENT ON COLUMN attachment_download.data_subject IS 'Whose key seals the address in the log.';
