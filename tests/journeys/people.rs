//! People at the door: the first administrator, invitations, sessions, roles, keys.

use anyhow::{Context, Result, ensure};
use commands::Clock;
use serde_json::{Value, json};
use tests::{App, Client, run};

pub(crate) const PASSWORD: &str = "длинный пароль";

/// What opens the API for somebody.
pub(crate) struct Pass {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) user: String,
}

const SESSION: &str = "session { accessToken refreshToken } user { id standing grants { role } } userErrors { code }";

fn pass(answer: &Value) -> Result<Pass> {
    let text = |value: &Value| value.as_str().map(str::to_owned).context(answer.to_string());
    Ok(Pass {
        access: text(&answer["session"]["accessToken"])?,
        refresh: text(&answer["session"]["refreshToken"])?,
        user: text(&answer["user"]["id"])?,
    })
}

pub(crate) async fn set_up(app: &App) -> Result<Pass> {
    let stranger = app.client.anonymous();
    let query = format!("mutation($i: SetUpInput!) {{ setUp(input: $i) {{ {SESSION} }} }}");
    let token = app.set_up_token().await?;
    let input = json!({"token": token, "email": "Boss@Example.com", "name": "Начальник", "password": PASSWORD});
    let answer = stranger.data(&query, json!({"i": input})).await?;
    pass(&answer["setUp"])
}

async fn sign_in(app: &App, email: &str, password: &str) -> Result<Value> {
    let query = format!("mutation($i: SignInInput!) {{ signIn(input: $i) {{ {SESSION} }} }}");
    let input = json!({"email": email, "password": password});
    let answer = app.client.anonymous().data(&query, json!({"i": input})).await?;
    Ok(answer["signIn"].clone())
}

async fn refresh(client: &Client, token: &str) -> Result<Value> {
    let query = format!("mutation($t: String!) {{ refreshSession(refreshToken: $t) {{ {SESSION} }} }}");
    let answer = client.data(&query, json!({"t": token})).await?;
    Ok(answer["refreshSession"].clone())
}

async fn viewer(client: &Client) -> Result<Value> {
    let answer = client
        .data("{ viewer { actor user { name } rights { permission } } }", json!({}))
        .await?;
    Ok(answer["viewer"].clone())
}

/// Invites somebody, and has them come by the link that would be mailed.
pub(crate) async fn agent(app: &App, boss: &Client, email: &str) -> Result<Pass> {
    let query = "mutation($i: InviteUserInput!) { inviteUser(input: $i) { user { id standing } userErrors { code } } }";
    let input = json!({"idempotencyKey": email, "email": email, "name": email, "locale": "ru"});
    let invited = boss.data(query, json!({"i": input})).await?;
    ensure!(invited["inviteUser"]["user"]["standing"] == "INVITED", "{invited}");
    let again = boss.data(query, json!({"i": input})).await?;
    ensure!(again == invited, "{again}");
    let token = app.mailed_token(email).await?;
    let query = format!("mutation($i: FollowLinkInput!) {{ followLink(input: $i) {{ {SESSION} }} }}");
    let input = json!({"token": token, "password": PASSWORD});
    let answer = app.client.anonymous().data(&query, json!({"i": input})).await?;
    let came = pass(&answer["followLink"])?;
    let twice = app.client.anonymous().data(&query, json!({"i": input})).await?;
    ensure!(
        twice["followLink"]["userErrors"][0]["code"] == "LINK_INVALID",
        "{twice}"
    );
    Ok(came)
}

#[test]
fn first_administrator_is_made_once_and_signs_in() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let boss = set_up(&app).await?;
        let client = app.client.with_key(&boss.access);
        let seen = viewer(&client).await?;
        ensure!(seen["user"]["name"] == "Начальник", "{seen}");
        ensure!(seen["rights"].as_array().is_some_and(|it| it.len() > 10), "{seen}");
        ensure!(set_up(&app).await.is_err(), "a second first administrator");
        for (email, password, code) in [
            ("boss@example.com", "не тот пароль", "CREDENTIALS_WRONG"),
            ("nobody@example.com", PASSWORD, "CREDENTIALS_WRONG"),
        ] {
            let refused = sign_in(&app, email, password).await?;
            ensure!(refused["userErrors"][0]["code"] == code, "{refused}");
        }
        let again = pass(&sign_in(&app, " BOSS@example.com ", PASSWORD).await?)?;
        ensure!(again.user == boss.user && again.access != boss.access);
        app.finish().await
    })
}

#[test]
fn without_credential_only_the_door_is_open() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let stranger = app.client.anonymous();
        let refused = stranger
            .post(json!({"query": "{ viewer { actor } }"}).to_string())
            .await?;
        ensure!(refused.status() == 401);
        for token in ["nonsense", "ltp_AAAA", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."] {
            let client = app.client.with_key(token);
            let refused = client
                .post(json!({"query": "{ viewer { actor } }"}).to_string())
                .await?;
            ensure!(refused.status() == 401, "{token}");
        }
        app.finish().await
    })
}

#[test]
fn sessions_are_renewed_once_and_end_when_a_copy_shows_up() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let boss = set_up(&app).await?;
        let stranger = app.client.anonymous();
        let second = pass(&refresh(&stranger, &boss.refresh).await?)?;
        // The answer may have been lost: the same token gives the same next one, for a moment.
        let repeated = pass(&refresh(&stranger, &boss.refresh).await?)?;
        ensure!(repeated.refresh == second.refresh);
        let third = pass(&refresh(&stranger, &second.refresh).await?)?;
        let stolen = refresh(&stranger, &boss.refresh).await?;
        ensure!(stolen["userErrors"][0]["code"] == "SESSION_OVER", "{stolen}");
        let gone = refresh(&stranger, &third.refresh).await?;
        ensure!(gone["userErrors"][0]["code"] == "SESSION_OVER", "{gone}");
        let client = app.client.with_key(&third.access);
        let refused = client
            .post(json!({"query": "{ viewer { actor } }"}).to_string())
            .await?;
        ensure!(refused.status() == 401, "a token outlived its session");
        app.finish().await
    })
}

#[test]
fn agents_come_by_link_and_may_do_what_their_roles_allow() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let boss = set_up(&app).await?;
        let boss = app.client.with_key(&boss.access);
        let anna = agent(&app, &boss, "anna@example.com").await?;
        let client = app.client.with_key(&anna.access);
        let (code, _) = client.error("{ users(first: 5) { nodes { id } } }", json!({})).await?;
        ensure!(code == "FORBIDDEN", "{code}");
        let grant =
            "mutation($i: GrantRoleInput!) { grantRole(input: $i) { user { grants { role } } userErrors { code } } }";
        let wish = |key: &str, role: &str| json!({"i": {"idempotencyKey": key, "userId": anna.user, "role": role, "scope": {"kind": "EVERYWHERE"}}});
        let granted = boss.data(grant, wish("1", "agent")).await?;
        ensure!(
            granted["grantRole"]["user"]["grants"][0]["role"] == "agent",
            "{granted}"
        );
        let unknown = boss.data(grant, wish("2", "nobody")).await?;
        ensure!(
            unknown["grantRole"]["userErrors"][0]["code"] == "ROLE_UNKNOWN",
            "{unknown}"
        );
        let users = client
            .data(
                "{ users(first: 1) { nodes { name } pageInfo { endCursor hasNextPage } } }",
                json!({}),
            )
            .await?;
        ensure!(users["users"]["pageInfo"]["hasNextPage"] == true, "{users}");
        let (code, _) = client.error(grant, wish("3", "admin")).await?;
        ensure!(code == "FORBIDDEN", "an agent made an administrator");
        let suspend =
            "mutation($i: SuspendUserInput!) { suspendUser(input: $i) { user { standing } userErrors { code } } }";
        let suspended = boss
            .data(suspend, json!({"i": {"idempotencyKey": "s", "userId": anna.user}}))
            .await?;
        ensure!(
            suspended["suspendUser"]["user"]["standing"] == "SUSPENDED",
            "{suspended}"
        );
        let refused = client
            .post(json!({"query": "{ viewer { actor } }"}).to_string())
            .await?;
        ensure!(refused.status() == 401, "a suspended user came in");
        let refused = sign_in(&app, "anna@example.com", PASSWORD).await?;
        ensure!(refused["userErrors"][0]["code"] == "CREDENTIALS_WRONG", "{refused}");
        app.finish().await
    })
}

#[test]
fn nothing_is_told_of_anybody_before_the_right_is_looked_at() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let boss = set_up(&app).await?;
        let boss_client = app.client.with_key(&boss.access);
        let anna = agent(&app, &boss_client, "anna@example.com").await?;
        let client = app.client.with_key(&anna.access);
        for (mutation, input) in [
            (
                "inviteUser(input: $i) { userErrors { code } }",
                json!({"email": "boss@example.com", "name": "x"}),
            ),
            (
                "suspendUser(input: $i) { user { email } userErrors { code } }",
                json!({"userId": boss.user}),
            ),
            (
                "grantRole(input: $i) { user { email } userErrors { code } }",
                json!({"userId": boss.user, "role": "NO ROLE", "scope": {"kind": "EVERYWHERE"}}),
            ),
            (
                "changeProfile(input: $i) { user { email } userErrors { code } }",
                json!({"userId": boss.user, "name": "", "locale": "xx"}),
            ),
        ] {
            let name: String = mutation.chars().take_while(char::is_ascii_alphanumeric).collect();
            let input_type = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
            let mut input = input;
            input["idempotencyKey"] = json!("k");
            let query = format!("mutation($i: {input_type}!) {{ {mutation} }}");
            let (code, _) = client.error(&query, json!({"i": input})).await?;
            ensure!(code == "FORBIDDEN", "{mutation}: {code}");
        }
        app.finish().await
    })
}

#[test]
fn ticket_is_nothing_without_the_right_where_it_belongs() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let id = app.client.ticket("t", &json!({"subject": "тайна"})).await?;
        let issue = "mutation($i: IssueApiKeyInput!) { issueApiKey(input: $i) { secret userErrors { code } } }";
        let query = "mutation($i: CreateBranchInput!) { createBranch(input: $i) { branch { id } } }";
        let definition = json!({"name": "Казань", "timeZone": "Europe/Moscow"});
        let input = json!({"idempotencyKey": "b", "definition": definition});
        let made = app.client.data(query, json!({"i": input})).await?;
        let branch = json!({"kind": "BRANCH", "id": made["createBranch"]["branch"]["id"]});
        for (key, permissions, scope) in [
            ("1", json!(["users:read"]), json!({"kind": "EVERYWHERE"})),
            ("2", json!(["tickets:read", "tickets:write"]), branch),
        ] {
            let input = json!({"idempotencyKey": key, "name": key, "permissions": permissions, "scope": scope});
            let issued = app.client.data(issue, json!({"i": input})).await?;
            let program = app
                .client
                .with_key(issued["issueApiKey"]["secret"].as_str().context("no secret")?);
            for query in [
                format!("{{ ticket(id: \"{id}\") {{ subject }} }}"),
                format!("{{ node(id: \"{id}\") {{ id }} }}"),
                format!("{{ nodes(ids: [\"{id}\"]) {{ id }} }}"),
                "{ ticketByNumber(number: 1) { subject } }".to_owned(),
                "{ tickets(first: 1) { nodes { subject } } }".to_owned(),
            ] {
                if key == "1" {
                    let (code, _) = program.error(&query, json!({})).await?;
                    ensure!(code == "FORBIDDEN", "{query}: {code}");
                } else {
                    let seen = program.data(&query, json!({})).await?;
                    ensure!(
                        !seen.to_string().contains("тайна") && !seen.to_string().contains(&id),
                        "{seen}"
                    );
                }
            }
            let start = "mutation($i: StartTicketInput!) { startTicket(input: $i) { ticket { subject } } }";
            let (code, _) = program
                .error(start, json!({"i": {"idempotencyKey": "s", "ticketId": id}}))
                .await?;
            ensure!(code == "FORBIDDEN", "{code}");
        }
        let input = json!({"idempotencyKey": "3", "name": "3", "permissions": ["tickets:write"]});
        let issued = app.client.data(issue, json!({"i": input})).await?;
        let writer = app
            .client
            .with_key(issued["issueApiKey"]["secret"].as_str().context("no secret")?);
        let start = "mutation($i: StartTicketInput!) { startTicket(input: $i) { ticket { subject } position } }";
        let started = writer
            .data(start, json!({"i": {"idempotencyKey": "s", "ticketId": id}}))
            .await?;
        ensure!(started["startTicket"]["ticket"].is_null(), "{started}");
        ensure!(started["startTicket"]["position"].is_string(), "{started}");
        app.finish().await
    })
}

#[test]
fn last_administrator_cannot_be_removed() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let boss = set_up(&app).await?;
        let client = app.client.with_key(&boss.access);
        let revoke = "mutation($i: RevokeRoleInput!) { revokeRole(input: $i) { userErrors { code } } }";
        let wish = json!({"i": {"idempotencyKey": "r", "userId": boss.user, "role": "admin", "scope": {"kind": "EVERYWHERE"}}});
        let refused = client.data(revoke, wish).await?;
        ensure!(
            refused["revokeRole"]["userErrors"][0]["code"] == "LAST_ADMINISTRATOR",
            "{refused}"
        );
        // Who is only invited cannot administer.
        let invite = "mutation($i: InviteUserInput!) { inviteUser(input: $i) { user { id } userErrors { code } } }";
        let input = json!({"idempotencyKey": "d", "email": "dave@example.com", "name": "Dave"});
        let dave = client.data(invite, json!({"i": input})).await?["inviteUser"]["user"]["id"].clone();
        let grant = "mutation($i: GrantRoleInput!) { grantRole(input: $i) { userErrors { code } } }";
        let input = json!({"idempotencyKey": "g", "userId": dave, "role": "admin", "scope": {"kind": "EVERYWHERE"}});
        client.data(grant, json!({"i": input})).await?;
        let wish = json!({"i": {"idempotencyKey": "r2", "userId": boss.user, "role": "admin", "scope": {"kind": "EVERYWHERE"}}});
        let refused = client.data(revoke, wish).await?;
        ensure!(
            refused["revokeRole"]["userErrors"][0]["code"] == "LAST_ADMINISTRATOR",
            "{refused}"
        );
        let suspend = "mutation($i: SuspendUserInput!) { suspendUser(input: $i) { userErrors { code } } }";
        let refused = client
            .data(suspend, json!({"i": {"idempotencyKey": "s", "userId": boss.user}}))
            .await?;
        ensure!(
            refused["suspendUser"]["userErrors"][0]["code"] == "USER_ADMINISTERS",
            "{refused}"
        );
        app.finish().await
    })
}

#[test]
fn api_keys_allow_what_they_say_until_they_are_revoked() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let issue = "mutation($i: IssueApiKeyInput!) { issueApiKey(input: $i) { secret apiKey { id } userErrors { code field } } }";
        let wish = |key: &str, permissions: &[&str]| json!({"i": {"idempotencyKey": key, "name": "Выгрузка", "permissions": permissions}});
        let issued = app
            .client
            .data(issue, wish("1", &["users:read", "api_keys:write"]))
            .await?;
        let again = app
            .client
            .data(issue, wish("1", &["users:read", "api_keys:write"]))
            .await?;
        ensure!(issued == again, "{again}");
        let secret = issued["issueApiKey"]["secret"].as_str().context("no secret")?;
        let program = app.client.with_key(secret);
        program.data("{ users(first: 1) { nodes { id } } }", json!({})).await?;
        let (code, _) = program.error(issue, wish("2", &["tickets:read"])).await?;
        ensure!(code == "FORBIDDEN", "a key handed out more than it has");
        let unknown = app.client.data(issue, wish("3", &["tickets:*"])).await?;
        ensure!(
            unknown["issueApiKey"]["userErrors"][0]["code"] == "BAD_USER_INPUT",
            "{unknown}"
        );
        let revoke =
            "mutation($i: RevokeApiKeyInput!) { revokeApiKey(input: $i) { apiKey { revokedAt } userErrors { code } } }";
        let id = &issued["issueApiKey"]["apiKey"]["id"];
        let revoked = app
            .client
            .data(revoke, json!({"i": {"idempotencyKey": "r", "id": id}}))
            .await?;
        ensure!(revoked["revokeApiKey"]["apiKey"]["revokedAt"].is_string(), "{revoked}");
        let refused = program
            .post(json!({"query": "{ viewer { actor } }"}).to_string())
            .await?;
        ensure!(refused.status() == 401, "a revoked key opened");
        app.finish().await
    })
}

#[test]
fn second_factor_is_asked_for_and_its_codes_open_once() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let boss = set_up(&app).await?;
        let client = app.client.with_key(&boss.access);
        let draft = client
            .data("mutation { prepareTwoFactor { secret uri } }", json!({}))
            .await?;
        let secret = draft["prepareTwoFactor"]["secret"].as_str().context("no secret")?;
        let enable = "mutation($s: String!, $c: String!, $p: String!) {
            enableTwoFactor(secret: $s, code: $c, password: $p) { recoveryCodes userErrors { code } } }";
        let code = tests::one_time_password(secret)?;
        let told = |code: &str, password: &str| json!({"s": secret, "c": code, "p": password});
        let refused = client.data(enable, told("000000x", PASSWORD)).await?;
        ensure!(
            refused["enableTwoFactor"]["userErrors"][0]["code"] == "CODE_WRONG",
            "{refused}"
        );
        let refused = client.data(enable, told(&code, "не тот пароль")).await?;
        ensure!(
            refused["enableTwoFactor"]["userErrors"][0]["code"] == "CREDENTIALS_WRONG",
            "{refused}"
        );
        let enabled = client.data(enable, told(&code, PASSWORD)).await?;
        let codes = enabled["enableTwoFactor"]["recoveryCodes"]
            .as_array()
            .context("no codes")?;
        ensure!(codes.len() == 10, "{enabled}");
        let refused = sign_in(&app, "boss@example.com", PASSWORD).await?;
        ensure!(refused["userErrors"][0]["code"] == "CODE_NEEDED", "{refused}");
        let with = async |more: Value| {
            let query = format!("mutation($i: SignInInput!) {{ signIn(input: $i) {{ {SESSION} }} }}");
            let mut input = json!({"email": "boss@example.com", "password": PASSWORD});
            if let (Some(input), Value::Object(more)) = (input.as_object_mut(), more) {
                input.extend(more);
            }
            let answer = app.client.anonymous().data(&query, json!({"i": input})).await?;
            anyhow::Ok(answer["signIn"].clone())
        };
        // The code that switched it on was used up by that.
        let refused = with(json!({"code": code})).await?;
        ensure!(refused["userErrors"][0]["code"] == "CODE_WRONG", "{refused}");
        pass(&with(json!({"recoveryCode": codes[0]})).await?)?;
        let refused = with(json!({"recoveryCode": codes[0]})).await?;
        ensure!(refused["userErrors"][0]["code"] == "CODE_WRONG", "{refused}");
        app.finish().await
    })
}

#[test]
fn many_guesses_at_once_are_no_way_round_the_wait() -> Result<()> {
    run(async {
        let app = App::start_at(Clock::manual(Clock::System.now())).await?;
        set_up(&app).await?;
        let query = format!("mutation($i: SignInInput!) {{ signIn(input: $i) {{ {SESSION} }} }}");
        let guess = |number: usize| {
            let input = json!({"email": "boss@example.com", "password": format!("догадка номер {number}")});
            let (client, query) = (app.client.anonymous(), query.clone());
            async move { client.respond(&query, json!({"i": input})).await }
        };
        let answers = futures_util::future::try_join_all((0..30).map(guess)).await?;
        let waits = |it: &&Value| it["errors"][0]["extensions"]["code"] == "THROTTLED";
        let heard = answers.len() - answers.iter().filter(waits).count();
        ensure!(heard <= 11, "{heard} guesses were looked at");
        app.finish().await
    })
}

#[test]
fn whoever_is_in_does_not_guess_the_password_either() -> Result<()> {
    run(async {
        let app = App::start_at(Clock::manual(Clock::System.now())).await?;
        let boss = app.client.with_key(&set_up(&app).await?.access);
        let query = "mutation($o: String!) {
            changePassword(oldPassword: $o, newPassword: \"совсем другой пароль\") { done userErrors { code } } }";
        for guess in 0..11 {
            let told = boss.data(query, json!({"o": format!("догадка {guess}")})).await?;
            let code = &told["changePassword"]["userErrors"][0]["code"];
            ensure!(code == "CREDENTIALS_WRONG", "{told}");
        }
        let refused = boss.respond(query, json!({"o": PASSWORD})).await?;
        let told = &refused["errors"][0]["extensions"];
        ensure!(told["code"] == "THROTTLED" && told["retryAfter"] == 1, "{refused}");
        // What needs no password goes on.
        viewer(&boss).await?;
        app.finish().await
    })
}

#[test]
fn forgotten_password_is_replaced_by_a_mailed_link_which_ends_every_session() -> Result<()> {
    run(async {
        let app = App::start().await?;
        let boss = set_up(&app).await?;
        let stranger = app.client.anonymous();
        let ask = "mutation($e: String!) { requestPasswordRecovery(email: $e) { done } }";
        for email in ["nobody@example.com", "boss@example.com"] {
            let asked = stranger.data(ask, json!({"e": email})).await?;
            ensure!(asked["requestPasswordRecovery"]["done"] == true, "{asked}");
        }
        let token = app.mailed_token("boss@example.com").await?;
        ensure!(!app.has_mail_to("nobody@example.com").await?);
        let query = format!("mutation($i: FollowLinkInput!) {{ followLink(input: $i) {{ {SESSION} }} }}");
        let follow = async |password: &str| {
            let input = json!({"token": token, "password": password});
            stranger.data(&query, json!({"i": input})).await
        };
        let refused = follow("short").await?;
        ensure!(
            refused["followLink"]["userErrors"][0]["code"] == "BAD_USER_INPUT",
            "{refused}"
        );
        pass(&follow("совсем новый пароль").await?["followLink"])?;
        let over = refresh(&stranger, &boss.refresh).await?;
        ensure!(over["userErrors"][0]["code"] == "SESSION_OVER", "{over}");
        let refused = sign_in(&app, "boss@example.com", PASSWORD).await?;
        ensure!(refused["userErrors"][0]["code"] == "CREDENTIALS_WRONG", "{refused}");
        pass(&sign_in(&app, "boss@example.com", "совсем новый пароль").await?)?;
        app.finish().await
    })
}
