CREATE INDEX organization_name ON organization (name_key, organization_id);
CREATE INDEX organization_created ON organization (created_at, organization_id);
CREATE INDEX organization_updated ON organization (updated_at, organization_id);
