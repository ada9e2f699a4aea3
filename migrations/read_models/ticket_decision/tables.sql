CREATE TABLE ticket_decision (
    position bigint NOT NULL,
    what text NOT NULL,
    ticket_id uuid NOT NULL,
    value text,
    chosen_by text NOT NULL,
    version bigint,
    score integer,
    rules jsonb NOT NULL DEFAULT '[]',
    reason text,
    actor text NOT NULL,
    at timestamptz NOT NULL,
    data_subject uuid,
    PRIMARY KEY (position, what)
);

COMMENT ON TABLE ticket_decision IS 'Who chose the category and the priority of each ticket, and why? (Кто и почему выбрал категорию и приоритет каждой заявки?) For reasons in words, and for analysts: what an agent chose after a rule or a model is its correction. One row a choice.';
COMMENT ON COLUMN ticket_decision.position IS 'Log position of the event.';
COMMENT ON COLUMN ticket_decision.what IS 'What was chosen: category or priority.';
COMMENT ON COLUMN ticket_decision.ticket_id IS 'Id of the ticket.';
COMMENT ON COLUMN ticket_decision.value IS 'Key of the category, or low, medium, high or urgent; NULL when the ticket was taken out of any category.';
COMMENT ON COLUMN ticket_decision.chosen_by IS 'Who chose: rule, model, or agent (also a program on the behalf of one).';
COMMENT ON COLUMN ticket_decision.version IS 'Version of the rules or of the model; NULL of people.';
COMMENT ON COLUMN ticket_decision.score IS 'Of rules the sum of their points, of a model how sure it was in thousandths; NULL of people.';
COMMENT ON COLUMN ticket_decision.rules IS 'The rules that held: [{name: {ru, en}, points}]; empty of models and people.';
COMMENT ON COLUMN ticket_decision.reason IS 'Why, in the words of whoever chose; NULL when nothing was said.';
COMMENT ON COLUMN ticket_decision.data_subject IS 'Whose key seals the reason, and with whom it is forgotten; NULL when nothing was said.';
COMMENT ON COLUMN ticket_decision.actor IS 'Who did it, as kind:id; kinds are agent, contact, bot, system, api_key and import.';
COMMENT ON COLUMN ticket_decision.at IS 'Instant of the choice.';
