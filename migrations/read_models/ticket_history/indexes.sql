CREATE INDEX ticket_history_position ON ticket_history (position);
CREATE INDEX ticket_history_data_subject ON ticket_history (data_subject);
