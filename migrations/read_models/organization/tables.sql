CREATE TABLE organization (
    organization_id uuid NOT NULL,
    version bigint NOT NULL,
    revision integer NOT NULL,
    name text NOT NULL,
    name_key text COLLATE "C" NOT NULL,
    domains text[] NOT NULL,
    note text,
    retired_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id)
) WITH (fillfactor = 80);

COMMENT ON TABLE organization IS 'Which companies and authorities do customers belong to? (К каким организациям относятся клиенты?) For lists and look-ups of the API, and for analysts. One row an organization, retired ones included.';
COMMENT ON COLUMN organization.organization_id IS 'Id of the organization.';
COMMENT ON COLUMN organization.version IS 'Number of events of the organization.';
COMMENT ON COLUMN organization.revision IS 'How many times it was defined, from 1.';
COMMENT ON COLUMN organization.name IS 'What it is called.';
COMMENT ON COLUMN organization.name_key IS 'The name for searching and sorting: small letters, ё as е, one space between words.';
COMMENT ON COLUMN organization.domains IS 'Domains of its e-mail addresses in punycode, in order.';
COMMENT ON COLUMN organization.note IS 'What staff should know of it; NULL when there is nothing.';
COMMENT ON COLUMN organization.retired_at IS 'Instant since when nobody is put in it; NULL while people are.';
COMMENT ON COLUMN organization.created_at IS 'Instant at which it was created.';
COMMENT ON COLUMN organization.updated_at IS 'Instant of the newest change.';
