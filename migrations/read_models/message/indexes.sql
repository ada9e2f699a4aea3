CREATE INDEX message_id ON message (message_id);
CREATE INDEX message_data_subject ON message (data_subject);
CREATE INDEX message_change_conversation ON message_change (conversation_id, position);
CREATE INDEX ticket_thread_needs_answer ON ticket_thread (needs_answer_since) WHERE needs_answer_since IS NOT NULL;
CREATE INDEX message_position ON message (conversation_id, position);
CREATE INDEX ticket_part_conversation ON ticket_part (conversation_id);
CREATE INDEX ticket_part_of_ticket ON ticket_part (of_ticket);
