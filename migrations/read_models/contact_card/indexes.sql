CREATE INDEX contact_card_name ON contact_card (name_key, contact_id);
CREATE INDEX contact_card_created ON contact_card (created_at, contact_id);
CREATE INDEX contact_card_updated ON contact_card (updated_at, contact_id);
CREATE INDEX contact_card_organization ON contact_card (organization_id, contact_id);
CREATE INDEX contact_card_merged ON contact_card (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX contact_handle_value ON contact_handle (channel, value);
