CREATE INDEX saved_view_audience ON saved_view (audience, owner_id);
