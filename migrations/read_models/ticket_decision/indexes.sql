CREATE INDEX ticket_decision_ticket ON ticket_decision (ticket_id, what, position);
CREATE INDEX ticket_decision_at ON ticket_decision (at, position);
