CREATE INDEX organisation_item_name ON organisation_item (kind, folded_name, id);
