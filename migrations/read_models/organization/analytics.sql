CREATE OR REPLACE VIEW analytics.organization AS SELECT
    organization_id, version, revision, name, domains, retired_at, created_at, updated_at
FROM organization;

COMMENT ON VIEW analytics.organization IS 'Which companies and authorities do customers belong to? (К каким организациям относятся клиенты?) One row an organization; key: organization_id.';
