use async_graphql::{Context, Object, Result, SimpleObject};
use commands::Command;
use domain::{
    access::{AccessCommand, Permission, Scope},
    api_key::ApiKeyCommand,
    ids::{AgentId, ApiKeyId},
    session::SessionEnd,
    user::UserCommand,
};
use projections::people;

use super::{
    door,
    input::{
        self, ChangeProfileInput, GrantRoleInput, InviteUserInput, IssueApiKeyInput, ReinstateUserInput,
        ReinviteUserInput, RetireRoleInput, ReviseRoleInput, RevokeApiKeyInput, RevokeRoleInput, SuspendUserInput,
    },
    objects::{ApiKey, Role, User, built_in_roles},
    problems::{self, fault},
    tell::{Told, Wish, command_id, tell_checked, user_id, wish},
};
use crate::{
    auth::INVITATION,
    graphql::{
        LogPosition, caller,
        ids::{Kind, required},
        input::note,
        may_see, parts,
        payload::UserError,
        postgres, problem,
    },
};

macro_rules! payloads {
    ($($(#[doc = $doc:literal])* $name:ident { $(#[doc = $object_doc:literal])* $object:ident: $type:ty })+) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug, SimpleObject)]
            pub(super) struct $name {
                $(#[doc = $object_doc])*
                $object: Option<$type>,
                /// Position of the last event: give it back as `minPosition` to see it in every list.
                position: Option<LogPosition>,
                /// Whether lists and queries do not show the change yet.
                stale: bool,
                /// Rules the request breaks; empty when it was carried out.
                user_errors: Vec<UserError>,
                /// As it came in the input.
                client_mutation_id: Option<String>,
            }

            impl $name {
                fn new(object: Option<$type>, told: Told, client_mutation_id: Option<String>) -> Self {
                    let Told { position, stale, user_errors } = told;
                    Self { $object: object, position, stale, user_errors, client_mutation_id }
                }
            }
        )+
    };
}

payloads! {
    /// What mutations about a person's account answer.
    UserPayload {
        /// The person as they are now; null when there is nobody, or when it does not show yet.
        user: User
    }
    /// What mutations about a role answer.
    RolePayload {
        /// The role as it is now; null when it is gone, or does not show yet.
        role: Role
    }
}

/// What mutations about an API key answer.
#[derive(Debug, SimpleObject)]
pub(super) struct ApiKeyPayload {
    /// The key as it is now; null when there is none, or when it does not show yet.
    api_key: Option<ApiKey>,
    /// What the program sends as `Authorization: Bearer …`: shown here and never again.
    secret: Option<String>,
    /// Position of the last event: give it back as `minPosition` to see it in every list.
    position: Option<LogPosition>,
    /// Whether lists and queries do not show the change yet.
    stale: bool,
    /// Rules the request breaks; empty when it was carried out.
    user_errors: Vec<UserError>,
    /// As it came in the input.
    client_mutation_id: Option<String>,
}

/// What can be told about people.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PeopleMutation;

/// What can be told about people.
#[Object]
impl PeopleMutation {
    /// Asks somebody to come, by a mail with a link.
    async fn invite_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: InviteUserInput,
    ) -> Result<UserPayload> {
        may_see(ctx, Permission::UsersWrite)?;
        let wish = wish("inviteUser", "", input.idempotency_key.as_deref());
        let language = caller(ctx)?.language;
        let checked = (|| {
            let locale = input.locale.as_deref().unwrap_or(door::locale(language));
            Ok((
                input::email(&input.email)?,
                input::name("name", &input.name)?,
                input::locale(locale)?,
            ))
        })();
        let (email, name, locale) = match checked {
            Ok(checked) => checked,
            Err(refusal) => {
                return Ok(UserPayload::new(
                    None,
                    Told::refused(language, refusal),
                    input.client_mutation_id,
                ));
            }
        };
        let command_id = match command_id(ctx, &wish)? {
            Ok(id) => id,
            Err(refusal) => {
                return Ok(UserPayload::new(
                    None,
                    Told::refused(language, refusal),
                    input.client_mutation_id,
                ));
            }
        };
        let user = AgentId::made_by(command_id);
        let the_door = &parts(ctx)?.door;
        if the_door.directory.by_email(&email).is_some_and(|it| it != user) {
            let refusal = problems::email_taken();
            return Ok(UserPayload::new(
                None,
                Told::refused(language, refusal),
                input.client_mutation_id,
            ));
        }
        let link = the_door
            .link(user, command_id, INVITATION)
            .await
            .map_err(|it| fault(ctx, &it))?;
        let invite = UserCommand::Invite {
            email,
            name,
            locale,
            link,
        };
        user_told(ctx, &wish, user, invite, input.client_mutation_id).await
    }

    /// Sends somebody's invitation again, with another link.
    async fn reinvite_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: ReinviteUserInput,
    ) -> Result<UserPayload> {
        may_see(ctx, Permission::UsersWrite)?;
        let user = user_id(ctx, &input.user_id)?;
        let wish = wish("reinviteUser", &user.to_string(), input.idempotency_key.as_deref());
        let command_id = match command_id(ctx, &wish)? {
            Ok(id) => id,
            Err(refusal) => {
                let told = Told::refused(caller(ctx)?.language, refusal);
                return Ok(UserPayload::new(None, told, input.client_mutation_id));
            }
        };
        let link = parts(ctx)?.door.link(user, command_id, INVITATION).await;
        let link = link.map_err(|it| fault(ctx, &it))?;
        user_told(
            ctx,
            &wish,
            user,
            UserCommand::Reinvite { link },
            input.client_mutation_id,
        )
        .await
    }

    /// Changes somebody's name and language.
    async fn change_profile(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: ChangeProfileInput,
    ) -> Result<UserPayload> {
        let user = match &input.user_id {
            Some(id) => user_id(ctx, id)?,
            None => door::myself(ctx)?,
        };
        // Before anything is shown of somebody else.
        if !door::is_me(ctx, user)? {
            may_see(ctx, Permission::UsersWrite)?;
        }
        let mut wish = wish("changeProfile", &user.to_string(), input.idempotency_key.as_deref());
        wish.expected_version = input.expected_version;
        let profile = input::name("name", &input.name).and_then(|name| Ok((name, input::locale(&input.locale)?)));
        match profile {
            Ok((name, locale)) => {
                let change = UserCommand::ChangeProfile { name, locale };
                user_told(ctx, &wish, user, change, input.client_mutation_id).await
            }
            Err(refusal) => {
                let told = Told::refused(caller(ctx)?.language, refusal);
                Ok(UserPayload::new(None, told, input.client_mutation_id))
            }
        }
    }

    /// Lets somebody in no more, and ends their sessions. Administrators first lose the role.
    async fn suspend_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: SuspendUserInput,
    ) -> Result<UserPayload> {
        may_see(ctx, Permission::UsersWrite)?;
        let user = user_id(ctx, &input.user_id)?;
        let wish = wish("suspendUser", &user.to_string(), input.idempotency_key.as_deref());
        let language = caller(ctx)?.language;
        let the_door = &parts(ctx)?.door;
        let administers = the_door.handler.access().await.map_err(|it| fault(ctx, &it))?;
        let reason = match note("reason", input.reason) {
            Ok(_) if administers.is_administrator(user) => Err(problems::revoke_first()),
            other => other,
        };
        let reason = match reason {
            Ok(reason) => reason,
            Err(refusal) => {
                return Ok(UserPayload::new(
                    None,
                    Told::refused(language, refusal),
                    input.client_mutation_id,
                ));
            }
        };
        let payload = user_told(
            ctx,
            &wish,
            user,
            UserCommand::Suspend { reason },
            input.client_mutation_id,
        )
        .await?;
        if payload.user_errors.is_empty() {
            let ended = the_door.end_all(user, None, SessionEnd::Suspended).await;
            ended.map_err(|it| problems::broken(ctx, it))?;
        }
        Ok(payload)
    }

    /// Lets somebody in again.
    async fn reinstate_user(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: ReinstateUserInput,
    ) -> Result<UserPayload> {
        may_see(ctx, Permission::UsersWrite)?;
        let user = user_id(ctx, &input.user_id)?;
        let wish = wish("reinstateUser", &user.to_string(), input.idempotency_key.as_deref());
        user_told(ctx, &wish, user, UserCommand::Reinstate, input.client_mutation_id).await
    }

    /// Gives somebody a role.
    async fn grant_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: GrantRoleInput,
    ) -> Result<UserPayload> {
        may_see(ctx, Permission::AccessWrite)?;
        let user = user_id(ctx, &input.user_id)?;
        let wish = wish("grantRole", &user.to_string(), input.idempotency_key.as_deref());
        let there = parts(ctx)?
            .door
            .handler
            .user(user)
            .await
            .map_err(|it| fault(ctx, &it))?
            .is_some();
        let grant = input::grant(&input.role, &input.scope);
        let grant = grant.and_then(|it| if there { Ok(it) } else { Err(problems::no_such_user()) });
        let command = grant.map(|grant| Command::Access(AccessCommand::Grant { user_id: user, grant }));
        let told = tell_checked(ctx, &wish, command).await?;
        Ok(UserPayload::new(
            shown_user(ctx, user).await?,
            told,
            input.client_mutation_id,
        ))
    }

    /// Takes a role from somebody.
    async fn revoke_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: RevokeRoleInput,
    ) -> Result<UserPayload> {
        may_see(ctx, Permission::AccessWrite)?;
        let user = user_id(ctx, &input.user_id)?;
        let wish = wish("revokeRole", &user.to_string(), input.idempotency_key.as_deref());
        let grant = input::grant(&input.role, &input.scope);
        let command = grant.map(|grant| Command::Access(AccessCommand::Revoke { user_id: user, grant }));
        let told = tell_checked(ctx, &wish, command).await?;
        Ok(UserPayload::new(
            shown_user(ctx, user).await?,
            told,
            input.client_mutation_id,
        ))
    }

    /// Makes a role of the organisation's own, or all of it anew.
    async fn revise_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: ReviseRoleInput,
    ) -> Result<RolePayload> {
        may_see(ctx, Permission::AccessWrite)?;
        let wish = wish("reviseRole", &input.key, input.idempotency_key.as_deref());
        let command = (|| {
            Ok(Command::Access(AccessCommand::ReviseRole {
                role: input::role("key", &input.key)?,
                name: input::name("name", &input.name)?,
                permissions: input::permissions(&input.permissions)?,
            }))
        })();
        let told = tell_checked(ctx, &wish, command).await?;
        Ok(RolePayload::new(
            shown_role(ctx, &input.key).await?,
            told,
            input.client_mutation_id,
        ))
    }

    /// Takes a role away that nobody has.
    async fn retire_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: RetireRoleInput,
    ) -> Result<RolePayload> {
        may_see(ctx, Permission::AccessWrite)?;
        let wish = wish("retireRole", &input.key, input.idempotency_key.as_deref());
        let command = input::role("key", &input.key).map(|role| Command::Access(AccessCommand::RetireRole { role }));
        let told = tell_checked(ctx, &wish, command).await?;
        Ok(RolePayload::new(
            shown_role(ctx, &input.key).await?,
            told,
            input.client_mutation_id,
        ))
    }

    /// Issues a key that lets a program in. Nobody can allow it more than they may do themselves.
    async fn issue_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: IssueApiKeyInput,
    ) -> Result<ApiKeyPayload> {
        may_see(ctx, Permission::ApiKeysWrite)?;
        let wish = wish("issueApiKey", "", input.idempotency_key.as_deref());
        let command_id = match command_id(ctx, &wish)? {
            Ok(id) => id,
            Err(refusal) => {
                let told = Told::refused(caller(ctx)?.language, refusal);
                return Ok(api_key_payload(None, None, told, input.client_mutation_id));
            }
        };
        let id = ApiKeyId::issued_by(command_id);
        let secret = parts(ctx)?.door.secrets.api_key(id, command_id).await;
        let secret = secret.map_err(|it| fault(ctx, &it))?;
        let command = (|| {
            let issue = ApiKeyCommand::Issue {
                name: input::name("name", &input.name)?,
                secret_hash: secret.hash(),
                permissions: input::permissions(&input.permissions)?,
                scope: input
                    .scope
                    .as_ref()
                    .map_or(Ok(Scope::Everywhere), input::ScopeInput::scope)?,
                expires_at: input.expires_at,
            };
            Ok(Command::ApiKey(id, issue))
        })();
        let told = tell_checked(ctx, &wish, command).await?;
        let text = told.user_errors.is_empty().then(|| secret.text());
        Ok(api_key_payload(
            shown_key(ctx, id).await?,
            text,
            told,
            input.client_mutation_id,
        ))
    }

    /// Lets a key open nothing any more.
    async fn revoke_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is wished.")] input: RevokeApiKeyInput,
    ) -> Result<ApiKeyPayload> {
        may_see(ctx, Permission::ApiKeysWrite)?;
        let id = required(Kind::ApiKey, "id", &input.id).map_err(|it| problem(ctx, it.about("id")))?;
        let id = ApiKeyId(id);
        let mut wish = wish("revokeApiKey", &id.to_string(), input.idempotency_key.as_deref());
        wish.expected_version = input.expected_version;
        let told = tell_checked(ctx, &wish, Ok(Command::ApiKey(id, ApiKeyCommand::Revoke))).await?;
        Ok(api_key_payload(
            shown_key(ctx, id).await?,
            None,
            told,
            input.client_mutation_id,
        ))
    }
}

fn api_key_payload(
    api_key: Option<ApiKey>,
    secret: Option<String>,
    told: Told,
    client_mutation_id: Option<String>,
) -> ApiKeyPayload {
    let Told {
        position,
        stale,
        user_errors,
    } = told;
    ApiKeyPayload {
        api_key,
        secret,
        position,
        stale,
        user_errors,
        client_mutation_id,
    }
}

async fn user_told(
    ctx: &Context<'_>,
    wish: &Wish<'_>,
    user: AgentId,
    command: UserCommand,
    client_mutation_id: Option<String>,
) -> Result<UserPayload> {
    let told = tell_checked(ctx, wish, Ok(Command::User(user, command))).await?;
    Ok(UserPayload::new(shown_user(ctx, user).await?, told, client_mutation_id))
}

async fn shown_user(ctx: &Context<'_>, user: AgentId) -> Result<Option<User>> {
    let row = people::user(&parts(ctx)?.pool, user.0).await;
    Ok(row.map_err(|it| postgres(ctx, &it))?.map(User::from))
}

async fn shown_role(ctx: &Context<'_>, key: &str) -> Result<Option<Role>> {
    let own = people::roles(&parts(ctx)?.pool)
        .await
        .map_err(|it| postgres(ctx, &it))?;
    let own = own.into_iter().find(|it| it.role == key).map(Role::from);
    Ok(own.or_else(|| built_in_roles().find(|it| it.is(key))))
}

async fn shown_key(ctx: &Context<'_>, id: ApiKeyId) -> Result<Option<ApiKey>> {
    let keys = people::api_keys(&parts(ctx)?.pool)
        .await
        .map_err(|it| postgres(ctx, &it))?;
    Ok(keys.into_iter().find(|it| it.key_id == id.0).map(ApiKey::from))
}
