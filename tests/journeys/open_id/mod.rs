//! Signing in with an account elsewhere, against a small provider.

mod browser;
mod issuer;

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use api::config::Config;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Response, Url, redirect::Policy};
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tests::{App, run};

use self::issuer::{Issuer, Login};

/// What the page that begins keeps to itself.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const PUBLIC: &str = "https://desk.example.org";

struct Office {
    app: App,
    issuer: Issuer,
    browser: reqwest::Client,
    _secret: NamedTempFile,
}

/// A browser that was sent to the provider.
struct Sent {
    cookie: String,
    asked: HashMap<String, String>,
}

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()))
}

fn header(response: &Response, name: &str) -> Result<String> {
    let value = response.headers().get(name).and_then(|it| it.to_str().ok());
    Ok(value.with_context(|| format!("no {name}"))?.to_owned())
}

impl Office {
    async fn open(more: &str) -> Result<Self> {
        let issuer = Issuer::start().await?;
        let secret = NamedTempFile::new()?;
        std::fs::write(secret.path(), "a secret\n")?;
        let settings = format!(
            "public_url = {PUBLIC:?}\n[[oidc]]\nname = \"office\"\nissuer = {:?}\nclient_id = \"desk\"\n\
             client_secret_file = \"{}\"\n{more}",
            issuer.base(),
            secret.path().display()
        );
        let settings = Config::from_toml(&settings)?;
        let app = App::start_with(|it| Config {
            public_url: settings.public_url,
            oidc: settings.oidc,
            ..it
        })
        .await?;
        Ok(Self {
            app,
            issuer,
            browser: reqwest::Client::builder().redirect(Policy::none()).build()?,
            _secret: secret,
        })
    }

    async fn get(&self, path: &str, cookie: &str) -> Result<Response> {
        let address = format!("{}{path}", self.app.client.base);
        Ok(self.browser.get(address).header("cookie", cookie).send().await?)
    }

    async fn begin(&self) -> Result<Sent> {
        let response = self
            .get(&format!("/auth/oidc/office/start?challenge={}", challenge()), "")
            .await?;
        ensure!(response.status() == 303, "{response:?}");
        let cookie = header(&response, "set-cookie")?;
        for part in ["HttpOnly", "SameSite=Lax", "Secure"] {
            ensure!(cookie.contains(part), "{cookie}");
        }
        let address = Url::parse(&header(&response, "location")?)?;
        ensure!(address.as_str().starts_with(self.issuer.base()), "{address}");
        let asked: HashMap<String, String> = address.query_pairs().into_owned().collect();
        ensure!(
            asked["redirect_uri"] == format!("{PUBLIC}/auth/oidc/office/callback"),
            "{address}"
        );
        ensure!(
            asked["code_challenge_method"] == "S256" && asked["scope"].contains("openid"),
            "{address}"
        );
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        Ok(Sent { cookie, asked })
    }

    fn login(sent: &Sent, claims: &Value) -> Login {
        Login {
            claims: claims.clone(),
            nonce: sent.asked["nonce"].clone(),
            challenge: sent.asked["code_challenge"].clone(),
            unsigned: false,
            expired: false,
        }
    }

    /// What stands behind `#` of the page that the browser comes back to.
    async fn back(&self, cookie: &str, code: &str, state: &str) -> Result<String> {
        let path = format!("/auth/oidc/office/callback?code={code}&state={state}");
        let response = self.get(&path, cookie).await?;
        ensure!(
            header(&response, "set-cookie")?.contains("Max-Age=0"),
            "the cookie stays"
        );
        let address = header(&response, "location")?;
        let (page, fragment) = address.split_once('#').context(address.clone())?;
        ensure!(page == format!("{PUBLIC}/welcome"), "{address}");
        Ok(fragment.to_owned())
    }

    async fn return_with(&self, adjust: impl FnOnce(Login) -> Login, claims: &Value) -> Result<String> {
        let sent = self.begin().await?;
        let code = self.issuer.pass(adjust(Self::login(&sent, claims)));
        self.back(&sent.cookie, &code, &sent.asked["state"]).await
    }

    async fn take_up(&self, code: &str, verifier: &str) -> Result<Value> {
        let query = "mutation($i: TakeUpSignInInput!) { takeUpSignIn(input: $i) {
            session { accessToken } user { email name standing grants { role } }
            userErrors { code } } }";
        let input = json!({"code": code, "verifier": verifier});
        let answer = self.app.client.anonymous().data(query, json!({"i": input})).await?;
        Ok(answer["takeUpSignIn"].clone())
    }

    /// The whole way: whoever comes in, as `takeUpSignIn` tells.
    async fn sign_in(&self, claims: &Value) -> Result<Value> {
        let fragment = self.return_with(|it| it, claims).await?;
        let code = fragment.strip_prefix("sign-in=").with_context(|| fragment.clone())?;
        self.take_up(code, VERIFIER).await
    }

    async fn refusal(&self, claims: &Value) -> Result<String> {
        self.return_with(|it| it, claims).await
    }
}

fn anna() -> Value {
    json!({"sub": "anna-1", "email": "Anna@example.com", "email_verified": true, "name": "Анна", "locale": "ru-RU"})
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

async fn invite(app: &App) -> Result<String> {
    let query = "mutation($i: InviteUserInput!) { inviteUser(input: $i) { user { id } } }";
    let input = json!({"idempotencyKey": "1", "email": "anna@example.com", "name": "Анна И.", "locale": "ru"});
    let invited = app.client.data(query, json!({"i": input})).await?;
    let id = invited["inviteUser"]["user"]["id"].as_str();
    Ok(id.with_context(|| invited.to_string())?.to_owned())
}

fn roles(answer: &Value) -> Vec<&str> {
    let grants = answer["user"]["grants"].as_array().into_iter().flatten();
    let mut roles: Vec<&str> = grants.filter_map(|it| it["role"].as_str()).collect();
    roles.sort_unstable();
    roles
}

#[test]
fn invited_person_comes_in_by_the_account_elsewhere_and_stays_the_same() -> Result<()> {
    run(async {
        let office = Office::open("").await?;
        invite(&office.app).await?;
        let listed = office.get("/auth/oidc", "").await?.json::<Value>().await?;
        ensure!(listed == json!({"providers": [{"name": "office"}]}), "{listed}");
        let came = office.sign_in(&anna()).await?;
        ensure!(
            came["user"]["standing"] == "ACTIVE" && came["user"]["name"] == "Анна И.",
            "{came}"
        );
        let token = came["session"]["accessToken"].as_str().context("no token")?;
        let viewer = office
            .app
            .client
            .with_key(token)
            .data("{ viewer { user { email } } }", json!({}))
            .await?;
        ensure!(viewer["viewer"]["user"]["email"] == "anna@example.com", "{viewer}");
        let sessions = "{ users(first: 5) { nodes { sessions { method } } } }";
        let sessions = office.app.client.data(sessions, json!({})).await?;
        ensure!(
            sessions["users"]["nodes"][0]["sessions"] == json!([{"method": "open_id"}]),
            "{sessions}"
        );
        // The account is known by now: another address there, unverified at that, does not matter.
        let moved = json!({"sub": "anna-1", "email": "anna@other.example", "email_verified": false});
        let again = office.sign_in(&moved).await?;
        ensure!(again["user"]["email"] == "anna@example.com", "{again}");
        // Somebody else was given the address there.
        let other = office.refusal(&with(anna(), "sub", json!("anna-2"))).await?;
        ensure!(other == "sign-in-error=OIDC_OTHER_ACCOUNT", "{other}");
        office.app.finish().await
    })
}

#[test]
fn code_of_the_page_opens_one_session_for_the_page_that_began() -> Result<()> {
    run(async {
        let office = Office::open("allow_new = true").await?;
        let fragment = office.return_with(|it| it, &anna()).await?;
        let code = fragment.strip_prefix("sign-in=").context(fragment.clone())?;
        let spent = json!([{"code": "SIGN_IN_CODE_INVALID"}]);
        for (code, verifier) in [(code, "another page"), ("nonsense", VERIFIER)] {
            let refused = office.take_up(code, verifier).await?;
            ensure!(
                refused["userErrors"] == spent && refused["session"].is_null(),
                "{refused}"
            );
        }
        let came = office.take_up(code, VERIFIER).await?;
        ensure!(
            came["user"]["email"] == "anna@example.com" && came["user"]["name"] == "Анна",
            "{came}"
        );
        let twice = office.take_up(code, VERIFIER).await?;
        ensure!(twice["userErrors"] == spent, "{twice}");
        office.app.finish().await
    })
}

#[test]
fn answer_that_belongs_to_no_beginning_here_is_refused() -> Result<()> {
    run(async {
        let office = Office::open("allow_new = true").await?;
        let sent = office.begin().await?;
        let state = &sent.asked["state"];
        let forged = format!("{}x", sent.cookie);
        for (cookie, state) in [
            (sent.cookie.as_str(), "other"),
            (sent.cookie.as_str(), ""),
            ("", state.as_str()),
            (forged.as_str(), state.as_str()),
        ] {
            let code = office.issuer.pass(Office::login(&sent, &anna()));
            let refused = office.back(cookie, &code, state).await?;
            ensure!(refused == "sign-in-error=OIDC_STATE_INVALID", "{refused}");
        }
        let denied = format!("/auth/oidc/office/callback?error=access_denied&state={state}");
        let denied = header(&office.get(&denied, &sent.cookie).await?, "location")?;
        ensure!(denied.ends_with("#sign-in-error=OIDC_DENIED"), "{denied}");
        for (path, status) in [
            ("/auth/oidc/office/start", 400),
            ("/auth/oidc/office/start?challenge=short", 400),
            ("/auth/oidc/nobody/callback?code=1&state=2", 404),
        ] {
            ensure!(office.get(path, "").await?.status() == status, "{path}");
        }
        office.app.finish().await
    })
}

#[test]
fn token_that_cannot_be_believed_lets_nobody_in() -> Result<()> {
    run(async {
        let office = Office::open("allow_new = true").await?;
        let wrong_nonce = |it| Login {
            nonce: "other".to_owned(),
            ..it
        };
        let unsigned = |it| Login { unsigned: true, ..it };
        let expired = |it| Login { expired: true, ..it };
        let other_challenge = |it| Login {
            challenge: "other".to_owned(),
            ..it
        };
        ensure!(office.return_with(wrong_nonce, &anna()).await? == "sign-in-error=OIDC_TOKEN_INVALID");
        ensure!(office.return_with(unsigned, &anna()).await? == "sign-in-error=OIDC_TOKEN_INVALID");
        ensure!(office.return_with(expired, &anna()).await? == "sign-in-error=OIDC_CODE_REFUSED");
        ensure!(office.return_with(other_challenge, &anna()).await? == "sign-in-error=OIDC_CODE_REFUSED");
        for (name, value) in [
            ("iss", json!("https://evil.example")),
            ("aud", json!("another client")),
            ("exp", json!(1)),
        ] {
            let refused = office.refusal(&with(anna(), name, value)).await?;
            ensure!(refused == "sign-in-error=OIDC_TOKEN_INVALID", "{name}: {refused}");
        }
        let users = office
            .app
            .client
            .data("{ users(first: 5) { nodes { id } } }", json!({}))
            .await?;
        ensure!(users["users"]["nodes"] == json!([]), "{users}");
        office.app.finish().await
    })
}

#[test]
fn strangers_unverified_addresses_and_suspended_people_stay_outside() -> Result<()> {
    run(async {
        let office = Office::open("").await?;
        ensure!(office.refusal(&anna()).await? == "sign-in-error=OIDC_USER_UNKNOWN");
        let id = invite(&office.app).await?;
        for verified in [json!(false), Value::Null] {
            let refused = office.refusal(&with(anna(), "email_verified", verified)).await?;
            ensure!(refused == "sign-in-error=OIDC_MAIL_UNVERIFIED", "{refused}");
        }
        office.sign_in(&anna()).await?;
        let suspend = "mutation($i: SuspendUserInput!) { suspendUser(input: $i) { userErrors { code } } }";
        let input = json!({"idempotencyKey": "s", "userId": id});
        office.app.client.data(suspend, json!({"i": input})).await?;
        ensure!(office.refusal(&anna()).await? == "sign-in-error=USER_SUSPENDED");
        let reinstate = "mutation($i: ReinstateUserInput!) { reinstateUser(input: $i) { userErrors { code } } }";
        let input = json!({"idempotencyKey": "r", "userId": id});
        office.app.client.data(reinstate, json!({"i": input})).await?;
        let came = office.sign_in(&json!({"sub": "anna-1"})).await?;
        ensure!(came["user"]["standing"] == "ACTIVE", "{came}");
        office.app.finish().await
    })
}

#[test]
fn groups_give_and_take_the_roles_of_the_mapping_alone() -> Result<()> {
    run(async {
        let mapping = "allow_new = true\ngroups_claim = \"teams\"\n\
            group_roles = { support = \"agent\", leads = \"supervisor\", heads = \"supervisor\" }";
        let office = Office::open(mapping).await?;
        let of = |groups: Value| with(anna(), "teams", groups);
        let came = office.sign_in(&of(json!(["support", "heads", "unknown"]))).await?;
        ensure!(roles(&came) == ["agent", "supervisor"], "{came}");
        let client = &office.app.client;
        let users = client.data("{ users(first: 5) { nodes { id } } }", json!({})).await?;
        let id = users["users"]["nodes"][0]["id"].as_str().context("nobody")?;
        let grant = "mutation($i: GrantRoleInput!) { grantRole(input: $i) { userErrors { code } } }";
        let input = json!({"idempotencyKey": "g", "userId": id, "role": "analyst", "scope": {"kind": "EVERYWHERE"}});
        client.data(grant, json!({"i": input})).await?;
        let kept = office.sign_in(&of(json!(["leads"]))).await?;
        ensure!(roles(&kept) == ["analyst", "supervisor"], "{kept}");
        let none = office.sign_in(&anna()).await?;
        ensure!(roles(&none) == ["analyst"], "{none}");
        office.app.finish().await
    })
}
