-- Replaced, never dropped: what others build on it stays, and Postgres refuses every change but new columns at the end.
CREATE OR REPLACE VIEW analytics.message AS SELECT
    conversation_id, seq, message_id, ticket_id, author, sort, in_reply_to, via, via_id, arrived_at, sent_at,
    edited_at, redacted_at, redaction_reason, length(body) AS body_length
FROM message;

CREATE OR REPLACE VIEW analytics.ticket_thread AS SELECT
    conversation_id, ticket_id, contact_id, inbox_id, channel, last_seq, last_message_at, last_public_at,
    last_received_at, last_answer_at, first_answer_at, needs_answer_since, delivered_up_to, contact_read_up_to
FROM ticket_thread;

-- Their columns get the comments of the tables' columns.
COMMENT ON VIEW analytics.message IS 'What was said under a ticket? (Что написано в заявке?) One row a message or note, without its text; key: conversation_id, seq.';
COMMENT ON COLUMN analytics.message.body_length IS 'Characters of its text now; NULL when it was withdrawn, or the person''s data was erased.';
COMMENT ON VIEW analytics.ticket_thread IS 'How does the conversation under a ticket stand? (В каком состоянии переписка по заявке?) One row a conversation; key: conversation_id.';
