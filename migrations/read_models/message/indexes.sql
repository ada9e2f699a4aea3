CREATE INDEX message_id ON message (message_id);
CREATE INDEX message_data_subject ON message (data_subject);
CREATE INDEX message_change_conversation ON message_change (conversation_id, position);
CREATE INDEX ticket_thread_needs_answer ON ticket_thread (needs_answer_since) WHERE needs_answer_since IS NOT NULL;
