CREATE TABLE ticket_list (
    ticket_id uuid NOT NULL,
    version bigint NOT NULL,
    number bigint NOT NULL,
    ticket_type text NOT NULL,
    subject text,
    contact_id uuid,
    category_id text,
    subcategory_id text,
    priority smallint NOT NULL,
    status text NOT NULL,
    hold_reason text,
    hold_until timestamptz,
    assignee_id uuid,
    resolution_reason text,
    resolution_note text,
    reopen_count integer NOT NULL,
    channel text NOT NULL,
    external_id text,
    opened_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    resolved_at timestamptz,
    closed_at timestamptz,
    inbox_id uuid,
    branch_id uuid,
    team_id uuid,
    data_subject uuid,
    status_label_id uuid,
    tag_ids uuid[] NOT NULL DEFAULT '{}',
    fields jsonb NOT NULL DEFAULT '{}',
    follower_ids uuid[] NOT NULL DEFAULT '{}',
    snoozed_at timestamptz,
    snoozed_until timestamptz,
    verdict text,
    merged_into uuid,
    split_from uuid,
    archived_at timestamptz,
    tracked_until timestamptz,
    eta timestamptz,
    needs_answer_since timestamptz,
    PRIMARY KEY (ticket_id)
) WITH (fillfactor = 80);

COMMENT ON TABLE ticket_list IS 'Which tickets are there, and how does each stand now? (Какие заявки есть, и в каком состоянии каждая сейчас?) For lists, filters and single look-ups of the API, and for analysts. One row a ticket.';
COMMENT ON COLUMN ticket_list.ticket_id IS 'Id of the ticket.';
COMMENT ON COLUMN ticket_list.version IS 'Number of events of the ticket and its assignment.';
COMMENT ON COLUMN ticket_list.number IS 'Number of the ticket, for people; unique, with gaps.';
COMMENT ON COLUMN ticket_list.ticket_type IS 'What sort of request it is: question, incident, problem, task or application.';
COMMENT ON COLUMN ticket_list.subject IS 'What it is about; NULL when the person''s data was erased.';
COMMENT ON COLUMN ticket_list.contact_id IS 'Id of the customer; NULL when not known.';
COMMENT ON COLUMN ticket_list.category_id IS 'Key of its category; NULL when it has none.';
COMMENT ON COLUMN ticket_list.subcategory_id IS 'Key of a finer category under it; NULL when it has none.';
COMMENT ON COLUMN ticket_list.priority IS 'How urgent it is: 1 low, 2 medium, 3 high, 4 urgent.';
COMMENT ON COLUMN ticket_list.status IS 'Where it stands: new, open, pending (waits for the customer), on_hold (waits for anything else), resolved or closed.';
COMMENT ON COLUMN ticket_list.hold_reason IS 'What it waits for: customer, vendor, problem, evidence or other; NULL when it does not wait.';
COMMENT ON COLUMN ticket_list.hold_until IS 'Instant until which it waits at most; NULL when it does not wait, or no end was given.';
COMMENT ON COLUMN ticket_list.assignee_id IS 'Id of the agent who owns it; NULL when nobody does.';
COMMENT ON COLUMN ticket_list.resolution_reason IS 'How it ended: solved, not_solved, duplicate, spam or no_response; NULL while work goes on.';
COMMENT ON COLUMN ticket_list.resolution_note IS 'More about how it ended, in words; NULL when nothing was said, or work goes on.';
COMMENT ON COLUMN ticket_list.reopen_count IS 'How many times it was reopened.';
COMMENT ON COLUMN ticket_list.channel IS 'Where it came from: api, or the name of another system, such as servicenow.';
COMMENT ON COLUMN ticket_list.external_id IS 'The ticket''s own name in the system named by channel; NULL when it has none.';
COMMENT ON COLUMN ticket_list.opened_at IS 'Instant of its opening; for an import, when that happened there.';
COMMENT ON COLUMN ticket_list.updated_at IS 'Instant of the newest change.';
COMMENT ON COLUMN ticket_list.resolved_at IS 'Instant of the newest resolution; NULL while work goes on.';
COMMENT ON COLUMN ticket_list.closed_at IS 'Instant of the newest closing; NULL while it is not closed.';
COMMENT ON COLUMN ticket_list.inbox_id IS 'Id of the inbox it came through; NULL when not known.';
COMMENT ON COLUMN ticket_list.branch_id IS 'Id of the branch that answers for it; NULL when none does.';
COMMENT ON COLUMN ticket_list.team_id IS 'Id of the team that works on it; NULL when none does.';
COMMENT ON COLUMN ticket_list.data_subject IS 'Whose key seals the subject in the log; NULL when it lies open there, as in early versions.';
COMMENT ON COLUMN ticket_list.status_label_id IS 'Id of the organisation''s own word for its status; NULL for the one that is meant when only the status is known.';
COMMENT ON COLUMN ticket_list.tag_ids IS 'Ids of its tags.';
COMMENT ON COLUMN ticket_list.fields IS 'What its custom fields say: {id of the field: {kind, value}}; empty when the person''s data was erased.';
COMMENT ON COLUMN ticket_list.follower_ids IS 'Ids of the users who want to hear of it.';
COMMENT ON COLUMN ticket_list.snoozed_at IS 'Instant since which nobody wants to see it; NULL when it is to be seen.';
COMMENT ON COLUMN ticket_list.snoozed_until IS 'Instant until which nobody wants to see it; NULL when it is to be seen, or until the customer writes.';
COMMENT ON COLUMN ticket_list.verdict IS 'What the customer said of the newest resolution: confirmed or rejected; NULL when nothing.';
COMMENT ON COLUMN ticket_list.merged_into IS 'Id of the ticket it is shown with; NULL when it is by itself.';
COMMENT ON COLUMN ticket_list.split_from IS 'Id of the ticket it was a part of; NULL when it was none.';
COMMENT ON COLUMN ticket_list.archived_at IS 'Instant at which it was put away; NULL when it was not.';
COMMENT ON COLUMN ticket_list.tracked_until IS 'Instant until which its tracking link counts; NULL when it has none.';
COMMENT ON COLUMN ticket_list.eta IS 'Instant of its resolution, as it was last worked out; NULL when it never was.';
COMMENT ON COLUMN ticket_list.needs_answer_since IS 'Instant of the oldest message of a customer that nobody has answered, under this ticket or one that was merged into it or that it was split from; NULL when the team was last to speak.';

CREATE TABLE ticket_link (
    ticket_id uuid NOT NULL,
    other_id uuid NOT NULL,
    relation text NOT NULL,
    ended boolean NOT NULL,
    PRIMARY KEY (ticket_id, other_id, relation)
);

COMMENT ON TABLE ticket_link IS 'What do tickets have to do with each other? (Как заявки связаны друг с другом?) One row a link that is or was: "ticket_id relation other_id".';
COMMENT ON COLUMN ticket_link.ticket_id IS 'Id of the ticket of which it is said.';
COMMENT ON COLUMN ticket_link.other_id IS 'Id of the other ticket.';
COMMENT ON COLUMN ticket_link.relation IS 'What the ticket is to the other: duplicate (asks for the same), parent (the other is a part of it), blocks (must be done before it) or related.';
COMMENT ON COLUMN ticket_link.ended IS 'Whether it was taken back; kept for those who look at the past.';

CREATE TABLE ticket_waiting (
    conversation_id uuid NOT NULL,
    ticket_id uuid NOT NULL,
    since timestamptz,
    carried jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (conversation_id)
) WITH (fillfactor = 80);

COMMENT ON TABLE ticket_waiting IS 'Since when does the customer of each conversation wait for an answer? (С каких пор клиент ждёт ответа?) One row a conversation; ticket_list shows it.';
COMMENT ON COLUMN ticket_waiting.conversation_id IS 'Id of the conversation.';
COMMENT ON COLUMN ticket_waiting.ticket_id IS 'Id of the ticket it lies under.';
COMMENT ON COLUMN ticket_waiting.since IS 'Instant of the oldest message of the customer that nobody has answered; NULL when the team was last to speak.';
COMMENT ON COLUMN ticket_waiting.carried IS 'Since when customers wait under this ticket for an answer to what they asked under others: {id of the other ticket: instant}.';
