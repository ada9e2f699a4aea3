ALTER TABLE read.ticket_list ALTER COLUMN subject DROP NOT NULL;
ALTER TABLE read.ticket_list ADD COLUMN data_subject uuid;
CREATE INDEX ticket_list_data_subject ON read.ticket_list (data_subject);
COMMENT ON COLUMN read.ticket_list.subject IS 'What it is about; NULL when the person''s data was erased.';
COMMENT ON COLUMN read.ticket_list.data_subject IS 'Whose key seals the subject in the log; NULL when it lies open there, as in early versions.';

ALTER TABLE read.ticket_history ALTER COLUMN subject DROP NOT NULL;
ALTER TABLE read.ticket_history ADD COLUMN data_subject uuid;
CREATE INDEX ticket_history_data_subject ON read.ticket_history (data_subject);
COMMENT ON COLUMN read.ticket_history.subject IS 'What it was about; NULL when the person''s data was erased.';
COMMENT ON COLUMN read.ticket_history.data_subject IS 'Whose key seals the subject in the log; NULL when it lies open there, as in early versions.';
