CREATE TABLE user_account (
    user_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    standing text NOT NULL,
    email text,
    name text,
    locale text NOT NULL,
    two_factor boolean NOT NULL,
    suspended_reason text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
) WITH (fillfactor = 80);
COMMENT ON TABLE user_account IS 'Who works here, and who of them can sign in? (Кто здесь работает и кто может войти?) For sign-in, rights and lists of the API. One row a user.';
COMMENT ON COLUMN user_account.user_id IS 'Id of the user; also the agent id on tickets.';
COMMENT ON COLUMN user_account.version IS 'Number of events of the account.';
COMMENT ON COLUMN user_account.standing IS 'invited, active or suspended.';
COMMENT ON COLUMN user_account.email IS 'Normalised address; NULL when the person''s data was erased.';
COMMENT ON COLUMN user_account.name IS 'What others call them; NULL when the person''s data was erased.';
COMMENT ON COLUMN user_account.locale IS 'Language of mails to them: ru or en.';
COMMENT ON COLUMN user_account.two_factor IS 'Signing in takes a second factor.';
COMMENT ON COLUMN user_account.suspended_reason IS 'Why they cannot sign in for now; NULL when they can, or nothing was said.';
COMMENT ON COLUMN user_account.created_at IS 'Instant of the invitation or registration.';
COMMENT ON COLUMN user_account.updated_at IS 'Instant of the newest change.';

CREATE TABLE access_role (
    role text PRIMARY KEY,
    name text NOT NULL,
    permissions text[] NOT NULL,
    revised_at timestamptz NOT NULL
);
COMMENT ON TABLE access_role IS 'Which roles have administrators made, beside those that come with the program? One row a role.';
COMMENT ON COLUMN access_role.role IS 'Key of the role.';
COMMENT ON COLUMN access_role.name IS 'For people.';
COMMENT ON COLUMN access_role.permissions IS 'Everything it allows, as things:deed.';
COMMENT ON COLUMN access_role.revised_at IS 'Instant of its newest revision.';

CREATE TABLE access_grant (
    user_id uuid NOT NULL,
    role text NOT NULL,
    scope_kind text NOT NULL,
    scope_id uuid NOT NULL,
    granted_at timestamptz NOT NULL,
    granted_by text NOT NULL,
    PRIMARY KEY (user_id, role, scope_kind, scope_id)
);
COMMENT ON TABLE access_grant IS 'Who has which role, and where does it count? One row a grant.';
COMMENT ON COLUMN access_grant.user_id IS 'Who.';
COMMENT ON COLUMN access_grant.role IS 'Key of the role.';
COMMENT ON COLUMN access_grant.scope_kind IS 'everywhere, branch, team, inbox or contact.';
COMMENT ON COLUMN access_grant.scope_id IS 'Id of the branch, team, inbox or contact; nil for everywhere.';
COMMENT ON COLUMN access_grant.granted_at IS 'Instant of the grant.';
COMMENT ON COLUMN access_grant.granted_by IS 'Who granted it, as kind:id.';

CREATE TABLE api_key (
    key_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    name text NOT NULL,
    secret_hash text NOT NULL,
    permissions text[] NOT NULL,
    scope_kind text NOT NULL,
    scope_id uuid NOT NULL,
    expires_at timestamptz,
    issued_at timestamptz NOT NULL,
    issued_by text NOT NULL,
    used_on date,
    revoked_at timestamptz
);
COMMENT ON TABLE api_key IS 'Which keys let programs in, and for what? One row a key.';
COMMENT ON COLUMN api_key.key_id IS 'Id of the key.';
COMMENT ON COLUMN api_key.version IS 'Number of its events.';
COMMENT ON COLUMN api_key.name IS 'What it is for.';
COMMENT ON COLUMN api_key.secret_hash IS 'BLAKE3 of the key, hex: the key itself is nowhere.';
COMMENT ON COLUMN api_key.permissions IS 'Everything it allows, as things:deed.';
COMMENT ON COLUMN api_key.scope_kind IS 'Where that counts: everywhere, branch, team, inbox or contact.';
COMMENT ON COLUMN api_key.scope_id IS 'Id of the branch, team, inbox or contact; nil for everywhere.';
COMMENT ON COLUMN api_key.expires_at IS 'Instant after which it opens nothing; NULL when it never ends.';
COMMENT ON COLUMN api_key.issued_at IS 'Instant of its issue.';
COMMENT ON COLUMN api_key.issued_by IS 'Who issued it, as kind:id.';
COMMENT ON COLUMN api_key.used_on IS 'Newest day of use, UTC; NULL before the first.';
COMMENT ON COLUMN api_key.revoked_at IS 'Instant of its revocation; NULL while it opens.';

CREATE TABLE user_session (
    session_id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    method text NOT NULL,
    client text,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text
) WITH (fillfactor = 80);
COMMENT ON TABLE user_session IS 'Who was signed in when, and from where? One row a session.';
COMMENT ON COLUMN user_session.session_id IS 'Id of the session.';
COMMENT ON COLUMN user_session.user_id IS 'Who.';
COMMENT ON COLUMN user_session.method IS 'By what they proved who they are: password, password_and_code, password_and_recovery_code, link or open_id.';
COMMENT ON COLUMN user_session.client IS 'Address and program they came from; NULL when the person''s data was erased.';
COMMENT ON COLUMN user_session.started_at IS 'Instant of signing in.';
COMMENT ON COLUMN user_session.ended_at IS 'Instant of its end; NULL while it was not ended (it may have run out).';
COMMENT ON COLUMN user_session.end_reason IS 'signed_out, signed_out_everywhere, token_reused, password_changed or suspended; NULL while it was not ended.';

CREATE TABLE denial (
    position bigint NOT NULL,
    actor text NOT NULL,
    operation text NOT NULL,
    permission text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (position)
);

COMMENT ON TABLE denial IS 'Who tried what they have no right to? (Кто пытался сделать то, на что нет права?) For auditors. One row a try; the same one of the same actor counts once a minute.';
COMMENT ON COLUMN denial.position IS 'Place of the event in the log.';
COMMENT ON COLUMN denial.actor IS 'Who, as kind:id; kinds are agent, contact, bot, system, api_key and import.';
COMMENT ON COLUMN denial.operation IS 'Field of the API.';
COMMENT ON COLUMN denial.permission IS 'The right that was missing, as things:deed.';
COMMENT ON COLUMN denial.at IS 'Instant of the try.';

CREATE TABLE sign_in_failure (
    position bigint PRIMARY KEY,
    account uuid NOT NULL,
    fault text NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE sign_in_failure IS 'Who was not let in, and why? One row a try.';
COMMENT ON COLUMN sign_in_failure.position IS 'Place of the event in the log.';
COMMENT ON COLUMN sign_in_failure.account IS 'The user''s id, or one that stands for an address nobody has.';
COMMENT ON COLUMN sign_in_failure.fault IS 'What did not fit: unknown_user, wrong_password, wrong_code or not_active.';
COMMENT ON COLUMN sign_in_failure.at IS 'Instant of the try.';
