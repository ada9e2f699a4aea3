//! Signing in and out, and what one may do about one's own account.

use async_graphql::{Context, Object, Result};
use commands::{Command, Request};
use domain::{
    actor::ActorKind,
    ids::{AgentId, CommandId},
    session::SessionEnd,
    user::UserCommand,
};
use projections::people;

use super::{
    door_objects::{
        DonePayload, FollowLinkInput, RegisterInput, SessionPayload, SetUpInput, SignInInput, TakeUpSignInInput,
        TwoFactorDraft, TwoFactorPayload,
    },
    input,
    objects::User,
    problems::{
        broken, code_needed, fault, no_session, over, registration_closed, set_up_over, spent, wrong, wrong_code,
        wrong_password,
    },
};
use crate::{
    auth::{First, NotLetIn, Pass, PasswordProblem, Proof, checked, hash_of, new_recovery_codes, new_secret, normal},
    graphql::{Call, caller, parts, payload::UserError, postgres, problem, scripts::ScriptLanguage},
    problem::{Answer, Language, Problem},
};

/// Mutations of the door. Those without a session need no credential.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DoorMutation;

/// Mutations of the door. Those without a session need no credential.
#[Object]
impl DoorMutation {
    /// Makes the first administrator; once, with the token that the server printed.
    async fn set_up(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who it is.")] input: SetUpInput,
    ) -> Result<SessionPayload> {
        let language = caller(ctx)?.language;
        let valid = (|| {
            let email = input::email(&input.email)?;
            password("password", &input.password, Some(&email))?;
            let locale = input::locale(input.locale.as_deref().unwrap_or(locale(language)))?;
            Ok((email, input::name("name", &input.name)?, locale))
        })();
        let (email, name, locale) = match valid {
            Ok(valid) => valid,
            Err(refusal) => return Ok(not_in(language, refusal)),
        };
        let (door, client) = (&parts(ctx)?.door, client(ctx));
        let scripts = input.starter_scripts.as_deref().and_then(ScriptLanguage::all);
        let first = First {
            email: &email,
            name: &name,
            locale: &locale,
            scripts,
        };
        let set_up = door.set_up(&input.token, first, input.password, &client);
        let passed = Box::pin(set_up).await.map(Some);
        session(ctx, passed).await
    }

    /// Lets somebody in by password, and by a code of the second factor where one is on.
    async fn sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who it is.")] input: SignInInput,
    ) -> Result<SessionPayload> {
        let proof = Proof {
            // What is no address belongs to nobody.
            email: input::email(&input.email).unwrap_or_default(),
            password: input.password.chars().take(1000).collect(),
            code: input.code,
            recovery_code: input.recovery_code,
        };
        let passed = parts(ctx)?.door.sign_in(proof, &client(ctx)).await.map(Some);
        session(ctx, passed).await
    }

    /// Lets somebody in who has come back from a provider of accounts (OpenID Connect), by the code in the address of the
    /// page, once.
    async fn take_up_sign_in(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the page has.")] input: TakeUpSignInInput,
    ) -> Result<SessionPayload> {
        let door = &parts(ctx)?.door;
        let passed = door.take_up_sign_in(&input.code, &input.verifier, &client(ctx)).await;
        session(ctx, passed.map(Some)).await
    }

    /// Renews a session. The token is used up: the answer has the next one.
    async fn refresh_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The newest renewal token.")] refresh_token: String,
    ) -> Result<SessionPayload> {
        let passed = parts(ctx)?.door.renew(&refresh_token).await.map(Some);
        session(ctx, passed).await
    }

    /// Takes up an invitation, a registration or a recovery, by the link that was mailed. With a second factor on, the
    /// session is null: sign in with the new password.
    async fn follow_link(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the link carries, and what is new.")] input: FollowLinkInput,
    ) -> Result<SessionPayload> {
        let language = caller(ctx)?.language;
        let valid = (|| {
            if let Some(new) = &input.password {
                password("password", new, None)?;
            }
            input.name.as_deref().map(|it| input::name("name", it)).transpose()
        })();
        let name = match valid {
            Ok(name) => name,
            Err(refusal) => return Ok(not_in(language, refusal)),
        };
        let door = &parts(ctx)?.door;
        let passed = door.follow(&input.token, input.password, name, &client(ctx)).await;
        session(ctx, passed).await
    }

    /// Mails a link to whoever has this address, for a new password. The answer is the same when nobody has.
    async fn request_password_recovery(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Address of the account.")] email: String,
    ) -> Result<DonePayload> {
        let asked = match input::email(&email) {
            Ok(email) => parts(ctx)?.door.ask_for_recovery(&email).await,
            Err(refusal) => return done(ctx, Err(refusal)),
        };
        done(ctx, asked.map_err(|it| broken(ctx, it)).map(Ok)?)
    }

    /// Mails a link to whoever comes by themselves, to be taken up by `followLink`, with a password. Where the operator lets
    /// them; the answer is the same whether or not somebody with this address is there already.
    async fn register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who it is.")] input: RegisterInput,
    ) -> Result<DonePayload> {
        let (language, door) = (caller(ctx)?.language, &parts(ctx)?.door);
        let valid = (|| {
            let email = input::email(&input.email)?;
            let name = input::name("name", &input.name)?;
            let locale = input::locale(input.locale.as_deref().unwrap_or(locale(language)))?;
            if door.may_register(&email) {
                Ok((email, name, locale))
            } else {
                Err(registration_closed())
            }
        })();
        let (email, name, locale) = match valid {
            Ok(valid) => valid,
            Err(refusal) => return done(ctx, Err(refusal)),
        };
        let asked = door.register(email, name, locale).await;
        done(ctx, asked.map_err(|it| broken(ctx, it)).map(Ok)?)
    }

    /// Ends the session of whoever asks.
    async fn sign_out(&self, ctx: &Context<'_>) -> Result<DonePayload> {
        let Some(session) = caller(ctx)?.viewer.session else {
            return done(ctx, Err(no_session()));
        };
        let ended = parts(ctx)?.door.end(session, SessionEnd::SignedOut).await;
        done(ctx, ended.map_err(|it| broken(ctx, it)).map(Ok)?)
    }

    /// Ends every session of whoever asks, this one included.
    async fn sign_out_everywhere(&self, ctx: &Context<'_>) -> Result<DonePayload> {
        let user = myself(ctx)?;
        let ended = parts(ctx)?
            .door
            .end_all(user, None, SessionEnd::SignedOutEverywhere)
            .await;
        done(ctx, ended.map_err(|it| broken(ctx, it)).map(Ok)?)
    }

    /// Sets another password; ends every other session.
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The password until now.")] old_password: String,
        #[graphql(desc = "The new one, 10 to 200 characters.")] new_password: String,
    ) -> Result<DonePayload> {
        let (user, door) = (myself(ctx)?, &parts(ctx)?.door);
        let email = door.directory.get(user).and_then(|it| it.email);
        if let Err(refusal) = password("newPassword", &new_password, email.as_deref()) {
            return done(ctx, Err(refusal));
        }
        if !proven(ctx, user, old_password).await? {
            return done(ctx, Err(wrong_password("oldPassword")));
        }
        let hash = door.hash(new_password).await.map_err(|it| broken(ctx, it))?;
        let told = own(
            ctx,
            "changePassword",
            user,
            UserCommand::ChangePassword { password: hash },
        )
        .await?;
        if told.is_ok() {
            let session = caller(ctx)?.viewer.session;
            let ended = door.end_all(user, session, SessionEnd::PasswordChanged).await;
            ended.map_err(|it| broken(ctx, it))?;
        }
        done(ctx, told)
    }

    /// Begins to switch the second factor on: nothing changes until `enableTwoFactor`.
    #[expect(clippy::unused_async, reason = "the macro takes only async resolvers")]
    async fn prepare_two_factor(&self, ctx: &Context<'_>) -> Result<TwoFactorDraft> {
        let user = myself(ctx)?;
        let email = parts(ctx)?
            .door
            .directory
            .get(user)
            .and_then(|it| it.email)
            .unwrap_or_default();
        let secret = new_secret();
        let uri = format!("otpauth://totp/Letopis:{email}?secret={secret}&issuer=Letopis");
        Ok(TwoFactorDraft { secret, uri })
    }

    /// Switches the second factor on.
    async fn enable_two_factor(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "As `prepareTwoFactor` gave it.")] secret: String,
        #[graphql(desc = "A code made from it.")] code: String,
        #[graphql(desc = "The password of the account.")] password: String,
    ) -> Result<TwoFactorPayload> {
        let (user, door, language) = (myself(ctx)?, &parts(ctx)?.door, caller(ctx)?.language);
        let refuse = |refusal| TwoFactorPayload {
            recovery_codes: Vec::new(),
            user_errors: vec![UserError::new(refusal, language)],
        };
        if !proven(ctx, user, password).await? {
            return Ok(refuse(wrong_password("password")));
        }
        if !door
            .use_code(user, &secret, &code)
            .await
            .map_err(|it| broken(ctx, it))?
        {
            return Ok(refuse(wrong_code()));
        }
        let recovery_codes = new_recovery_codes();
        let recovery = recovery_codes.iter().map(|it| hash_of(normal(it).as_bytes())).collect();
        let enable = UserCommand::EnableTwoFactor { secret, recovery };
        Ok(match own(ctx, "enableTwoFactor", user, enable).await? {
            Ok(()) => TwoFactorPayload {
                recovery_codes,
                user_errors: Vec::new(),
            },
            Err(refusal) => refuse(refusal),
        })
    }

    /// Switches the second factor off.
    async fn disable_two_factor(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The password of the account.")] password: String,
    ) -> Result<DonePayload> {
        let user = myself(ctx)?;
        if !proven(ctx, user, password).await? {
            return done(ctx, Err(wrong_password("password")));
        }
        let told = own(ctx, "disableTwoFactor", user, UserCommand::DisableTwoFactor).await?;
        done(ctx, told)
    }
}

/// A command about the account of whoever asks; each try is another wish.
async fn own(
    ctx: &Context<'_>,
    operation: &str,
    user: AgentId,
    command: UserCommand,
) -> Result<std::result::Result<(), Problem>> {
    let (parts, caller) = (parts(ctx)?, caller(ctx)?);
    let nonce = rand::random::<u128>().to_string();
    let actor = caller.viewer.actor.clone();
    let request = Request {
        command_id: CommandId::of_request(&actor.to_string(), operation, &user.to_string(), &nonce),
        command: Command::User(user, command),
        actor,
        expected_version: None,
        traceparent: caller.traceparent.clone(),
    };
    match parts.handler.execute(&caller.viewer.rights, &request).await {
        Ok(outcome) => {
            parts.door.settle(&outcome).await.map_err(|it| broken(ctx, it))?;
            Ok(Ok(()))
        }
        Err(error) => match Answer::from(error) {
            Answer::Failed(fault) => Err(problem(ctx, fault)),
            Answer::Refused(reason) => Ok(Err(reason)),
        },
    }
}

/// Whether this is the password of whoever asks.
async fn proven(ctx: &Context<'_>, user: AgentId, password: String) -> Result<bool> {
    let knows = parts(ctx)?.door.knows(user, password).await;
    let knows = knows.map_err(|it| broken(ctx, it))?;
    if !knows {
        failed(ctx);
    }
    Ok(knows)
}

/// Whoever guesses waits longer and longer.
fn failed(ctx: &Context<'_>) {
    if let Ok(call) = ctx.data::<Call>() {
        call.fail();
    }
}

async fn session(ctx: &Context<'_>, passed: std::result::Result<Option<Pass>, NotLetIn>) -> Result<SessionPayload> {
    let language = caller(ctx)?.language;
    match passed {
        Ok(None) => Ok(SessionPayload {
            session: None,
            user: None,
            user_errors: Vec::new(),
        }),
        Ok(Some(pass)) => {
            let row = people::user(&parts(ctx)?.pool, pass.user.0).await;
            let row = row.map_err(|it| postgres(ctx, &it))?;
            Ok(SessionPayload {
                session: Some(pass.into()),
                user: row.map(User::from),
                user_errors: Vec::new(),
            })
        }
        Err(NotLetIn::Wrong) => {
            failed(ctx);
            Ok(not_in(language, wrong()))
        }
        Err(NotLetIn::CodeNeeded) => Ok(not_in(language, code_needed())),
        Err(NotLetIn::WrongCode) => {
            failed(ctx);
            Ok(not_in(language, wrong_code()))
        }
        Err(NotLetIn::Over) => Ok(not_in(language, over())),
        Err(NotLetIn::Spent) => Ok(not_in(language, spent())),
        Err(NotLetIn::SetUpOver) => Ok(not_in(language, set_up_over())),
        Err(NotLetIn::Refused(error)) => match Answer::from(error) {
            Answer::Failed(fault) => Err(problem(ctx, fault)),
            Answer::Refused(reason) => Ok(not_in(language, reason)),
        },
        Err(NotLetIn::Fault(reason)) => Err(fault(ctx, &reason)),
    }
}

fn not_in(language: Language, refusal: Problem) -> SessionPayload {
    SessionPayload {
        session: None,
        user: None,
        user_errors: vec![UserError::new(refusal, language)],
    }
}

fn done(ctx: &Context<'_>, told: std::result::Result<(), Problem>) -> Result<DonePayload> {
    let language = caller(ctx)?.language;
    Ok(DonePayload {
        done: told.is_ok(),
        user_errors: told.err().map(|it| UserError::new(it, language)).into_iter().collect(),
    })
}

fn password(field: &str, text: &str, email: Option<&str>) -> std::result::Result<(), Problem> {
    let (russian, english) = match checked(text, email) {
        Ok(_) => return Ok(()),
        Err(PasswordProblem::Length) => ("от 10 до 200 символов", "10 to 200 characters"),
        Err(PasswordProblem::TooSimple) => (
            "не один и тот же символ и не сам адрес",
            "neither a single repeated character nor the address itself",
        ),
    };
    // The value itself is not told back.
    Err(input::bad(field, "…", russian, english))
}

/// Who asks, when it is a person.
pub(super) fn myself(ctx: &Context<'_>) -> Result<AgentId> {
    let viewer = &caller(ctx)?.viewer;
    let id = viewer.actor.id.parse().ok().map(AgentId);
    id.filter(|_| viewer.actor.kind == ActorKind::Agent)
        .ok_or_else(|| problem(ctx, no_session()))
}

/// Whether this is whoever asks.
pub(super) fn is_me(ctx: &Context<'_>, user: AgentId) -> Result<bool> {
    let actor = &caller(ctx)?.viewer.actor;
    Ok(actor.kind == ActorKind::Agent && actor.id == user.to_string())
}

/// Address and program of whoever asks.
fn client(ctx: &Context<'_>) -> String {
    caller(ctx).map(|it| it.client.clone()).unwrap_or_default()
}

/// The language of mails that fits that of the request.
pub(super) fn locale(language: Language) -> &'static str {
    match language {
        Language::Russian => "ru",
        Language::English => "en",
    }
}
