CREATE INDEX audit_entry_at ON audit_entry (at, position);
CREATE INDEX audit_entry_actor ON audit_entry (actor, at, position);
CREATE INDEX audit_entry_type ON audit_entry (event_type, at, position);
CREATE INDEX audit_entry_kind ON audit_entry (object_kind, at, position);
CREATE INDEX audit_entry_correlation ON audit_entry (correlation_id);
CREATE INDEX audit_entry_data_subjects ON audit_entry USING gin (data_subjects) WITH (fastupdate = off);
CREATE INDEX audit_object_data_subjects ON audit_object USING gin (data_subjects) WITH (fastupdate = off);
