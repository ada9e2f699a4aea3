//! The door: who proves who they are gets a session. What fails is on record.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use commands::{Clock, Command, CommandError, Handler, Outcome, Request};
use domain::{
    access::{AccessCommand, Grant, Rights, RoleKey, Scope},
    actor::{Actor, ActorKind},
    ids::{AgentId, CommandId, SessionId, singleton},
    organisation::starter::Languages,
    session::{SessionCommand, SessionEnd, SignInMethod},
    sign_in::{SignInCommand, SignInFault},
    user::{Link, Standing, User, UserCommand},
};
use projections::people;
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    Directory, Rules, Secrets, Tokens, hash_of, passwords,
    renewal::{self, Renewal, Renewed},
    secrets::{SecretError, user_of_link},
    tokens::Bearer,
};
use crate::live::Live;

/// Who sets Letopis up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct First<'a> {
    /// Address for sign-in and mails, normalised.
    pub(crate) email: &'a str,
    /// What others call them.
    pub(crate) name: &'a str,
    /// `ru` or `en`.
    pub(crate) locale: &'a str,
    /// In which languages the scripts that Letopis comes with are installed; `None` when not at all.
    pub(crate) scripts: Option<Languages>,
}

/// How long the link of an invitation counts.
pub(crate) const INVITATION: TimeDelta = TimeDelta::days(7);
/// How long the link of a recovery counts.
const RECOVERY: TimeDelta = TimeDelta::hours(1);
/// Seconds of a one-time password.
const STEP: u64 = 30;

/// Somebody at the door.
#[derive(Debug, Clone)]
pub(crate) struct Proof {
    /// Address of the account.
    pub(crate) email: String,
    /// Its password.
    pub(crate) password: String,
    /// A code of the second factor.
    pub(crate) code: Option<String>,
    /// A recovery code instead of it.
    pub(crate) recovery_code: Option<String>,
}

/// What opens the API for somebody who was let in.
#[derive(Debug, Clone)]
pub(crate) struct Pass {
    pub(crate) user: AgentId,
    pub(crate) access_token: String,
    pub(crate) access_expires_at: DateTime<Utc>,
    pub(crate) refresh_token: String,
    pub(crate) refresh_expires_at: DateTime<Utc>,
}

/// Why somebody is not let in.
#[derive(Debug)]
pub(crate) enum NotLetIn {
    /// Address or password; which of them is not told.
    Wrong,
    /// The password is right, and a second factor is needed as well.
    CodeNeeded,
    /// The second factor does not fit.
    WrongCode,
    /// The session is over.
    Over,
    /// The code of a sign-in was used, ran out, or is another page's.
    Spent,
    /// The first administrator is there already, or the token is none.
    SetUpOver,
    /// A rule forbids it.
    Refused(CommandError),
    /// A fault.
    Fault(String),
}

impl From<CommandError> for NotLetIn {
    fn from(error: CommandError) -> Self {
        Self::Refused(error)
    }
}

impl From<SecretError> for NotLetIn {
    fn from(error: SecretError) -> Self {
        Self::Fault(error.to_string())
    }
}

impl From<sqlx::Error> for NotLetIn {
    fn from(error: sqlx::Error) -> Self {
        Self::Fault(error.to_string())
    }
}

/// The door. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) handler: Arc<Handler>,
    pub(crate) pool: PgPool,
    pub(crate) live: Live,
    pub(crate) clock: Clock,
    pub(crate) directory: Directory,
    pub(crate) tokens: Tokens,
    pub(crate) secrets: Secrets,
    pub(crate) rules: Rules,
}

impl Door {
    /// Lets somebody in who knows the password, and has the second factor where one is needed.
    pub(crate) async fn sign_in(&self, proof: Proof, client: &str) -> Result<Pass, NotLetIn> {
        let id = self.directory.by_email(&proof.email);
        let user = match id {
            Some(id) => self.handler.user(id).await?,
            None => None,
        };
        let phc = user.as_ref().and_then(|it| it.password.clone());
        let right = passwords::verify(proof.password.clone(), phc).await;
        let (Some(id), Some(user)) = (id, user) else {
            self.record_stranger(&proof.email).await?;
            return Err(NotLetIn::Wrong);
        };
        if !right {
            self.record(id.0, SignInFault::WrongPassword).await?;
            return Err(NotLetIn::Wrong);
        }
        if user.standing != Standing::Active {
            self.record(id.0, SignInFault::NotActive).await?;
            return Err(NotLetIn::Wrong);
        }
        let method = self.second_factor(id, &user, &proof).await?;
        self.let_in(id, method, client).await
    }

    async fn second_factor(&self, id: AgentId, user: &User, proof: &Proof) -> Result<SignInMethod, NotLetIn> {
        let Some(two_factor) = &user.two_factor else {
            return Ok(SignInMethod::Password);
        };
        if let Some(code) = &proof.recovery_code {
            let command = UserCommand::UseRecoveryCode {
                code_hash: hash_of(normal(code).as_bytes()),
            };
            return match self.command(Command::User(id, command)).await {
                Ok(_) => Ok(SignInMethod::PasswordAndRecoveryCode),
                Err(CommandError::Refused(_)) => {
                    self.record(id.0, SignInFault::WrongCode).await?;
                    Err(NotLetIn::WrongCode)
                }
                Err(fault) => Err(fault.into()),
            };
        }
        let Some(code) = &proof.code else {
            return Err(NotLetIn::CodeNeeded);
        };
        let secret = two_factor.secret.as_deref().unwrap_or_default();
        if self.use_code(id, secret, code).await? {
            return Ok(SignInMethod::PasswordAndCode);
        }
        self.record(id.0, SignInFault::WrongCode).await?;
        Err(NotLetIn::WrongCode)
    }

    /// Whether a one-time password fits now and was not used before; uses it up.
    pub(crate) async fn use_code(&self, id: AgentId, secret: &str, code: &str) -> Result<bool, NotLetIn> {
        let now = u64::try_from(self.clock.now().timestamp()).unwrap_or_default();
        let Some(step) = one_time_step(secret, code, now) else {
            return Ok(false);
        };
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        let used = sqlx::query!(
            "INSERT INTO ops.one_time_code AS it (user_id, step) VALUES ($1, $2)
             ON CONFLICT (user_id) DO UPDATE SET step = $2 WHERE it.step < $2",
            id.0,
            step
        )
        .execute(&self.pool)
        .await?;
        Ok(used.rows_affected() == 1)
    }

    /// Begins a session of somebody who has proven who they are.
    async fn let_in(&self, user: AgentId, method: SignInMethod, client: &str) -> Result<Pass, NotLetIn> {
        self.let_in_by(Self::fresh("signIn"), user, method, client).await
    }

    /// The same by a command that may have been given before: it begins a session once.
    pub(super) async fn let_in_by(
        &self,
        command_id: CommandId,
        user: AgentId,
        method: SignInMethod,
        client: &str,
    ) -> Result<Pass, NotLetIn> {
        let session = SessionId::begun_by(command_id);
        let start = SessionCommand::Start {
            user_id: user,
            method,
            client: client.chars().take(300).collect(),
        };
        if self
            .carry_out(command_id, Command::Session(session, start))
            .await?
            .repeated
        {
            return Err(NotLetIn::Spent);
        }
        let (renewal, refresh_expires_at) = renewal::begin(&self.pool, session.0, user.0, self.clock.now()).await?;
        self.pass(user, renewal, refresh_expires_at).await
    }

    async fn pass(&self, user: AgentId, renewal: Renewal, refresh_expires_at: DateTime<Utc>) -> Result<Pass, NotLetIn> {
        let bearer = Bearer::User {
            user: user.0,
            session: renewal.session,
        };
        let (access_token, access_expires_at) = self.tokens.issue(bearer, None).await?;
        let key = self.secrets.get("renewals").await?;
        Ok(Pass {
            user,
            access_token,
            access_expires_at,
            refresh_token: renewal.text(&key),
            refresh_expires_at,
        })
    }

    /// Renews a session by its renewal token, which is used up by it.
    pub(crate) async fn renew(&self, token: &str) -> Result<Pass, NotLetIn> {
        let key = self.secrets.get("renewals").await?;
        let token = Renewal::parse(token, &key).ok_or(NotLetIn::Over)?;
        match renewal::renew(&self.pool, token, self.clock.now()).await? {
            Renewed::Next(next, user, expires_at) => {
                let user = AgentId(user);
                let person = self.directory.get(user);
                if person.is_none_or(|it| it.standing != Standing::Active) {
                    return Err(NotLetIn::Over);
                }
                self.pass(user, next, expires_at).await
            }
            Renewed::Reused => {
                self.end(SessionId(token.session), SessionEnd::TokenReused).await?;
                Err(NotLetIn::Over)
            }
            Renewed::Over => Err(NotLetIn::Over),
        }
    }

    /// Ends a session; again changes nothing.
    pub(crate) async fn end(&self, session: SessionId, reason: SessionEnd) -> Result<(), NotLetIn> {
        let ended = self
            .command(Command::Session(session, SessionCommand::End { reason }))
            .await?;
        renewal::end(&self.pool, session.0).await?;
        self.settle(&ended).await?;
        Ok(())
    }

    /// Ends every session of a user but this one.
    pub(crate) async fn end_all(
        &self,
        user: AgentId,
        but: Option<SessionId>,
        reason: SessionEnd,
    ) -> Result<(), NotLetIn> {
        for session in renewal::of_user(&self.pool, user.0).await? {
            if but != Some(SessionId(session)) {
                self.end(SessionId(session), reason).await?;
            }
        }
        Ok(())
    }

    /// Takes up what a mailed link offers, and lets its holder in; not past a second factor.
    pub(crate) async fn follow(
        &self,
        token: &str,
        password: Option<String>,
        name: Option<String>,
        client: &str,
    ) -> Result<Option<Pass>, NotLetIn> {
        let invalid = || CommandError::from(commands::Refusal::from(domain::user::UserRefusal::LinkInvalid));
        let user = AgentId(user_of_link(token).ok_or_else(invalid)?);
        let known = self.handler.user(user).await?.ok_or_else(invalid)?;
        let hash = match password {
            Some(password) => Some(self.hash(password).await?),
            None => None,
        };
        let token_hash = hash_of(token.trim().as_bytes());
        if known.is_opened_by(&token_hash, self.clock.now()) {
            self.receive(user, &known).await?;
        }
        let follow = UserCommand::FollowLink {
            token_hash,
            password: hash,
            name,
        };
        let followed = self.command(Command::User(user, follow)).await?;
        self.settle(&followed).await?;
        self.end_all(user, None, SessionEnd::PasswordChanged).await?;
        if known.two_factor.is_some() {
            return Ok(None);
        }
        self.let_in(user, SignInMethod::Link, client).await.map(Some)
    }

    /// Sends a link to whoever has this address; whether anybody has is not told.
    pub(crate) async fn ask_for_recovery(&self, email: &str) -> Result<(), NotLetIn> {
        let Some(user) = self.directory.by_email(email) else {
            return Ok(());
        };
        let command_id = Self::fresh("recover");
        let link = self.link(user, command_id, RECOVERY).await?;
        let asked = self
            .carry_out(command_id, Command::User(user, UserCommand::RequestRecovery { link }))
            .await;
        match asked {
            // Suspended or not yet come: as if nobody had the address.
            Ok(_) | Err(CommandError::Refused(_)) => Ok(()),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Makes the first administrator.
    pub(crate) async fn set_up(
        &self,
        token: &str,
        first: First<'_>,
        password: String,
        client: &str,
    ) -> Result<Pass, NotLetIn> {
        let expected = self.secrets.set_up_token().await?;
        let same = blake3::hash(expected.as_bytes()) == blake3::hash(token.trim().as_bytes());
        // By the log: a set-up that was broken off between account and role goes on, a second one never begins.
        let administered = self.handler.access().await?.has_administrator();
        if !same || administered {
            return Err(NotLetIn::SetUpOver);
        }
        let command_id = CommandId::of_request(&door().to_string(), "setUp", "", "first administrator");
        let user = AgentId::made_by(command_id);
        let register = UserCommand::Register {
            email: first.email.to_owned(),
            name: first.name.to_owned(),
            locale: first.locale.to_owned(),
            password: Some(self.hash(password).await?),
            link: None,
        };
        self.carry_out(command_id, Command::User(user, register)).await?;
        // Before the role: what is broken off by then goes on, and installs them.
        if let Some(languages) = first.scripts {
            let actor = Actor::new(ActorKind::Agent, user.to_string());
            let rights = Rights::all();
            let install = self
                .handler
                .install_starter_scripts(&rights, &actor, command_id, languages);
            install.await.map_err(NotLetIn::Refused)?;
        }
        let grant = AccessCommand::Grant {
            user_id: user,
            grant: Grant {
                role: RoleKey::try_new(RoleKey::ADMIN).map_err(|it| NotLetIn::Fault(it.to_string()))?,
                scope: Scope::Everywhere,
            },
        };
        let granted = self.carry_out(command_id, Command::Access(grant)).await?;
        self.settle(&granted).await?;
        self.let_in(user, SignInMethod::Link, client).await
    }

    /// The link that a command's mail carries.
    pub(crate) async fn link(
        &self,
        user: AgentId,
        command_id: CommandId,
        life: TimeDelta,
    ) -> Result<Link, SecretError> {
        let token = self.secrets.link(user.0, command_id).await?;
        Ok(Link {
            token_hash: hash_of(token.as_bytes()),
            expires_at: self.clock.now() + life,
        })
    }

    /// The PHC string of a password.
    pub(crate) async fn hash(&self, password: String) -> Result<String, NotLetIn> {
        let hash = passwords::hash(password).await;
        hash.ok_or_else(|| NotLetIn::Fault("the password cannot be hashed".to_owned()))
    }

    /// Whether this is the user's password.
    pub(crate) async fn knows(&self, user: AgentId, password: String) -> Result<bool, NotLetIn> {
        let phc = self.handler.user(user).await?.and_then(|it| it.password);
        Ok(passwords::verify(password, phc).await)
    }

    /// Waits until what a command changed counts for rights and sign-in here.
    pub(crate) async fn settle(&self, outcome: &Outcome) -> Result<bool, NotLetIn> {
        let shows = self.live.reached(people::NAME, outcome.position).await;
        self.directory.refresh().await?;
        Ok(shows)
    }

    /// Under an id that does not tell the address.
    pub(super) async fn record_stranger(&self, email: &str) -> Result<(), NotLetIn> {
        let key = self.secrets.get("unknown addresses").await?;
        let hash = blake3::keyed_hash(key.as_bytes(), email.as_bytes());
        let stranger = Uuid::new_v5(&singleton("sign_in"), hash.as_bytes());
        self.record(stranger, SignInFault::UnknownUser).await
    }

    pub(super) async fn record(&self, account: Uuid, fault: SignInFault) -> Result<(), NotLetIn> {
        self.command(Command::SignIn(account, SignInCommand::Fail { fault }))
            .await?;
        Ok(())
    }

    pub(super) async fn command(&self, command: Command) -> Result<Outcome, CommandError> {
        self.carry_out(Self::fresh("door"), command).await
    }

    pub(super) async fn carry_out(&self, command_id: CommandId, command: Command) -> Result<Outcome, CommandError> {
        let request = Request {
            command_id,
            command,
            actor: door(),
            expected_version: None,
            traceparent: None,
        };
        self.handler.execute(&Rights::all(), &request).await
    }

    /// Names a try: no two are the same wish.
    pub(super) fn fresh(operation: &str) -> CommandId {
        let nonce = rand::random::<u128>().to_string();
        CommandId::of_request(&door().to_string(), operation, "", &nonce)
    }
}

pub(super) fn door() -> Actor {
    Actor::new(ActorKind::System, "door")
}

/// Recovery codes are read off paper: case, blanks and hyphens do not count.
pub(crate) fn normal(code: &str) -> String {
    let signs = code.chars().filter(char::is_ascii_alphanumeric);
    signs.map(|it| it.to_ascii_lowercase()).collect()
}

/// The time step whose one-time password this is, a step early or late allowed.
fn one_time_step(secret: &str, code: &str, now: u64) -> Option<u64> {
    let secret = totp_rs::Secret::try_from_base32(secret).ok()?;
    let totp = totp_rs::Builder::new()
        .with_secret(secret)
        .with_skew(1)
        .with_step_duration(STEP)
        .build()
        .ok()?;
    let code: String = code.chars().filter(|it| !it.is_whitespace()).collect();
    totp.check(&code, now)
}

#[cfg(test)]
mod tests {
    use super::{normal, one_time_step};

    /// RFC 6238, appendix B, cut to six digits.
    #[test]
    fn one_time_passwords_are_those_of_the_standard() {
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(one_time_step(secret, "287082", 59), Some(1));
        assert_eq!(one_time_step(secret, "287 082", 89), Some(1));
        assert_eq!(one_time_step(secret, "287082", 150), None);
        assert_eq!(one_time_step(secret, "", 59), None);
        assert_eq!(one_time_step("not base32!", "287082", 59), None);
    }

    #[test]
    fn recovery_codes_are_read_as_people_write_them() {
        assert_eq!(normal(" AbCd-1234 "), "abcd1234");
    }
}
