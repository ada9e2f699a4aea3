CREATE INDEX user_account_name ON user_account ((COALESCE(name, '')), user_id);
CREATE INDEX user_session_user ON user_session (user_id, started_at);
CREATE INDEX user_session_ended ON user_session (ended_at);
CREATE INDEX sign_in_failure_account ON sign_in_failure (account, position);
