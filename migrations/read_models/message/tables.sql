CREATE TABLE message (
    conversation_id uuid NOT NULL,
    seq integer NOT NULL,
    position bigint NOT NULL,
    message_id uuid NOT NULL,
    ticket_id uuid NOT NULL,
    author text NOT NULL,
    sort text NOT NULL,
    body text,
    client_message_id text,
    external_id text,
    in_reply_to integer,
    mentions uuid[] NOT NULL,
    attachments uuid[] NOT NULL,
    via text NOT NULL,
    via_id uuid,
    arrived_at timestamptz NOT NULL,
    sent_at timestamptz,
    edited_at timestamptz,
    redacted_at timestamptz,
    redaction_reason text,
    data_subject uuid,
    PRIMARY KEY (conversation_id, seq)
);

COMMENT ON TABLE message IS 'What was said under a ticket? (Что написано в заявке?) One row a message or note, as it is now, in the order of arrival.';
COMMENT ON COLUMN message.conversation_id IS 'Id of the conversation.';
COMMENT ON COLUMN message.seq IS 'Place in the conversation, by arrival, from 1.';
COMMENT ON COLUMN message.position IS 'Place in the log of the event that brought it: the order of arrival over all conversations.';
COMMENT ON COLUMN message.message_id IS 'Id of the message.';
COMMENT ON COLUMN message.ticket_id IS 'Id of the ticket.';
COMMENT ON COLUMN message.author IS 'Who wrote it, as kind:id; contact:<id> for the customer, contact: when nobody knows the customer.';
COMMENT ON COLUMN message.sort IS 'Who it is from and for: received (from the customer), answer (to the customer) or note (of the team for itself).';
COMMENT ON COLUMN message.body IS 'Its text now, in Markdown; NULL when it was withdrawn, or the person''s data was erased.';
COMMENT ON COLUMN message.client_message_id IS 'The author''s own name of it; NULL when it has none.';
COMMENT ON COLUMN message.external_id IS 'Its name in the system it came from; NULL when it has none.';
COMMENT ON COLUMN message.in_reply_to IS 'Place of the message it answers; NULL when it answers none.';
COMMENT ON COLUMN message.mentions IS 'Ids of the colleagues whose attention is asked for.';
COMMENT ON COLUMN message.attachments IS 'Ids of the files that belong to it.';
COMMENT ON COLUMN message.via IS 'By what means it was written: human, macro, bot or auto_reply (by Letopis of itself, when the ticket was opened).';
COMMENT ON COLUMN message.via_id IS 'Id of the macro, of the bot, or of the inbox whose auto-reply it is; NULL when a human wrote it.';
COMMENT ON COLUMN message.arrived_at IS 'Instant of its arrival here.';
COMMENT ON COLUMN message.sent_at IS 'Instant at which it was written, when that is not when it arrived; else NULL.';
COMMENT ON COLUMN message.edited_at IS 'Instant of its newest edit; NULL when it was never edited.';
COMMENT ON COLUMN message.redacted_at IS 'Instant at which its text was withdrawn; NULL when it was not.';
COMMENT ON COLUMN message.redaction_reason IS 'Why: personal_data, secret, abuse, mistake or other; NULL when it was not withdrawn.';
COMMENT ON COLUMN message.data_subject IS 'Whose key seals the text in the log.';

CREATE TABLE ticket_thread (
    conversation_id uuid PRIMARY KEY,
    ticket_id uuid NOT NULL,
    contact_id uuid,
    inbox_id uuid,
    channel text NOT NULL,
    last_seq integer NOT NULL,
    last_message_at timestamptz,
    last_public_at timestamptz,
    last_received_at timestamptz,
    last_answer_at timestamptz,
    first_answer_at timestamptz,
    needs_answer_since timestamptz,
    delivered_up_to integer NOT NULL,
    contact_read_up_to integer NOT NULL
);

COMMENT ON TABLE ticket_thread IS 'How does the conversation under a ticket stand? (В каком состоянии переписка по заявке?) One row a conversation: who was last to speak, and when.';
COMMENT ON COLUMN ticket_thread.conversation_id IS 'Id of the conversation.';
COMMENT ON COLUMN ticket_thread.ticket_id IS 'Id of the ticket.';
COMMENT ON COLUMN ticket_thread.contact_id IS 'Id of the customer; NULL when not known.';
COMMENT ON COLUMN ticket_thread.inbox_id IS 'Id of the inbox it came through; NULL when not known.';
COMMENT ON COLUMN ticket_thread.channel IS 'Where it is held: api, or the name of another system.';
COMMENT ON COLUMN ticket_thread.last_seq IS 'Place of its newest message, from 1.';
COMMENT ON COLUMN ticket_thread.last_message_at IS 'Instant of the newest message or note; NULL before the first.';
COMMENT ON COLUMN ticket_thread.last_public_at IS 'Instant of the newest message between customer and team; NULL before the first.';
COMMENT ON COLUMN ticket_thread.last_received_at IS 'Instant of the customer''s newest message; NULL before the first.';
COMMENT ON COLUMN ticket_thread.last_answer_at IS 'Instant of the team''s newest answer; NULL before the first.';
COMMENT ON COLUMN ticket_thread.first_answer_at IS 'Instant of the team''s first answer; NULL before it.';
COMMENT ON COLUMN ticket_thread.needs_answer_since IS 'Instant of the oldest message of the customer that nobody has answered; NULL when the team was last to speak.';
COMMENT ON COLUMN ticket_thread.delivered_up_to IS 'Place of the last message that the customer''s device has; 0 when it has none.';
COMMENT ON COLUMN ticket_thread.contact_read_up_to IS 'Place of the last message that the customer has read; 0 when they have read none.';

CREATE TABLE message_reader (
    conversation_id uuid NOT NULL,
    reader text NOT NULL,
    seq integer NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (conversation_id, reader)
);

COMMENT ON TABLE message_reader IS 'Who has read how much? (Кто до какого места прочитал?) One row a conversation and reader.';
COMMENT ON COLUMN message_reader.conversation_id IS 'Id of the conversation.';
COMMENT ON COLUMN message_reader.reader IS 'Who has read, as kind:id.';
COMMENT ON COLUMN message_reader.seq IS 'Place of the last message they have read.';
COMMENT ON COLUMN message_reader.at IS 'Instant at which they had.';

CREATE TABLE message_change (
    position bigint PRIMARY KEY,
    conversation_id uuid NOT NULL,
    seq integer NOT NULL,
    event_type text NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL
);

COMMENT ON TABLE message_change IS 'What happened to messages, one after the other? (Что происходило с сообщениями?) One row an event, for those who watch.';
COMMENT ON COLUMN message_change.position IS 'Place of the event in the log; grows, with gaps.';
COMMENT ON COLUMN message_change.conversation_id IS 'Id of the conversation.';
COMMENT ON COLUMN message_change.seq IS 'Place of the message; of a watermark, of the last message it counts for.';
COMMENT ON COLUMN message_change.event_type IS 'Stored type of the event, such as conversation.message_posted.';
COMMENT ON COLUMN message_change.at IS 'When it was decided.';
COMMENT ON COLUMN message_change.actor IS 'Who did it, as kind:id; kinds are agent, contact, bot, system, api_key and import.';

CREATE TABLE ticket_part (
    ticket_id uuid NOT NULL,
    kind text NOT NULL,
    of_ticket uuid NOT NULL,
    conversation_id uuid NOT NULL,
    from_seq integer NOT NULL,
    before bigint,
    PRIMARY KEY (ticket_id, kind, of_ticket)
);

COMMENT ON TABLE ticket_part IS 'Which conversations of other tickets are shown with a ticket? (Какие переписки других заявок показаны в заявке?) One row a ticket that was merged into it, or that it was split from.';
COMMENT ON COLUMN ticket_part.ticket_id IS 'Id of the ticket that shows it.';
COMMENT ON COLUMN ticket_part.kind IS 'Why: absorbed (the other was merged into it: the whole conversation) or split (it was split from the other: a part of it).';
COMMENT ON COLUMN ticket_part.of_ticket IS 'Id of the other ticket.';
COMMENT ON COLUMN ticket_part.conversation_id IS 'Id of its conversation.';
COMMENT ON COLUMN ticket_part.from_seq IS 'Place of the first message that is shown, from 1.';
COMMENT ON COLUMN ticket_part.before IS 'Only messages are shown that stand before this place in the log; NULL for all.';
