CREATE INDEX search_part_words ON search_part USING gin (words) WITH (fastupdate = off) WHERE ticket_id IS NOT NULL;
CREATE INDEX search_part_people ON search_part USING gin (words) WITH (fastupdate = off) WHERE ticket_id IS NULL;
CREATE INDEX search_part_at ON search_part (at DESC) WHERE ticket_id IS NOT NULL;
CREATE INDEX search_part_subject ON search_part (subject_id);
CREATE INDEX search_part_ticket ON search_part (ticket_id) WHERE ticket_id IS NOT NULL;
