CREATE TABLE search_part (
    owner_id uuid NOT NULL,
    part text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    ticket_id uuid,
    subject_id uuid NOT NULL,
    words tsvector NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (owner_id, part)
);

COMMENT ON TABLE search_part IS 'Where do which words stand? (Где стоят какие слова?) For search by words only: whole texts lie elsewhere. One row a text: the subject of a ticket, a message or a note under it, a name or a handle of a contact, a name of somebody who works here; and one a conversation, without words, which says its ticket.';
COMMENT ON COLUMN search_part.owner_id IS 'Id of the ticket, conversation, contact or user whose text it is.';
COMMENT ON COLUMN search_part.part IS 'Which of their texts: subject, the place of a message, name, email, or the id of a handle; start of a conversation.';
COMMENT ON COLUMN search_part.kind IS 'What it is of: ticket, message, note, conversation, contact or user.';
COMMENT ON COLUMN search_part.ticket_id IS 'Id of the ticket the text belongs to; NULL for people.';
COMMENT ON COLUMN search_part.subject_id IS 'Id of the person (data subject) whose words these are.';
COMMENT ON COLUMN search_part.words IS 'Stems (=), families, sounds (~) and near spellings (-) of its words; empty when the person''s data was erased.';
COMMENT ON COLUMN search_part.at IS 'Instant at which the text was written or last changed.';
