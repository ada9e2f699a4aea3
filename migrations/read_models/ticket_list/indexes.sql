CREATE INDEX ticket_list_number ON ticket_list (number);
CREATE INDEX ticket_list_status ON ticket_list (status, number);
CREATE INDEX ticket_list_priority ON ticket_list (priority, number);
CREATE INDEX ticket_list_category ON ticket_list (category_id, number);
CREATE INDEX ticket_list_assignee ON ticket_list (assignee_id, number);
CREATE INDEX ticket_list_updated ON ticket_list (updated_at, number);
CREATE INDEX ticket_list_data_subject ON ticket_list (data_subject);
