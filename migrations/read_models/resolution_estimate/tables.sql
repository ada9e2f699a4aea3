CREATE TABLE resolution_estimate (
    ticket_id uuid NOT NULL,
    category_id text,
    priority text NOT NULL,
    opened_at timestamptz NOT NULL,
    since timestamptz NOT NULL,
    resolved_at timestamptz,
    estimates integer NOT NULL,
    first_eta timestamptz,
    eta timestamptz,
    p50_s bigint,
    promised_s bigint,
    p90_s bigint,
    basis_category_id text,
    basis_priority text,
    cases bigint,
    quantile smallint,
    basis_position bigint,
    PRIMARY KEY (ticket_id)
) WITH (fillfactor = 80);

COMMENT ON TABLE resolution_estimate IS 'When was each ticket expected to be resolved, and when was it? (Когда ожидалось решение каждой заявки и когда оно наступило?) History of the estimates to come, and measure of how often they held. One row a ticket.';
COMMENT ON COLUMN resolution_estimate.ticket_id IS 'Id of the ticket.';
COMMENT ON COLUMN resolution_estimate.category_id IS 'Key of its category; NULL when it has none.';
COMMENT ON COLUMN resolution_estimate.priority IS 'How urgent it is: low, medium, high or urgent.';
COMMENT ON COLUMN resolution_estimate.opened_at IS 'Instant of its opening.';
COMMENT ON COLUMN resolution_estimate.since IS 'Instant at which the newest cycle of work began: its opening, or the newest reopening. What others wait follows from resolved_at less since.';
COMMENT ON COLUMN resolution_estimate.resolved_at IS 'Instant of the newest resolution; NULL while work goes on.';
COMMENT ON COLUMN resolution_estimate.estimates IS 'How many times it was estimated.';
COMMENT ON COLUMN resolution_estimate.first_eta IS 'Instant that was promised first; NULL when none was.';
COMMENT ON COLUMN resolution_estimate.eta IS 'Instant that was promised last; NULL when none was.';
COMMENT ON COLUMN resolution_estimate.p50_s IS 'Of the newest estimate: seconds within which half of such tickets were resolved; NULL without one.';
COMMENT ON COLUMN resolution_estimate.promised_s IS 'Of the newest estimate: seconds that are promised, the quantile named so; NULL without one.';
COMMENT ON COLUMN resolution_estimate.p90_s IS 'Of the newest estimate: seconds within which nine of ten such tickets were resolved; NULL without one.';
COMMENT ON COLUMN resolution_estimate.basis_category_id IS 'Category of the tickets that it rests on; NULL when of any, or without one.';
COMMENT ON COLUMN resolution_estimate.basis_priority IS 'Priority of the tickets that it rests on: low, medium, high or urgent; NULL when of any, or without one.';
COMMENT ON COLUMN resolution_estimate.cases IS 'How many tickets it rests on; NULL without one.';
COMMENT ON COLUMN resolution_estimate.quantile IS 'Which quantile is promised, in hundredths; NULL without one.';
COMMENT ON COLUMN resolution_estimate.basis_position IS 'Log position up to which the ticket was known to the newest estimate; NULL without one.';
