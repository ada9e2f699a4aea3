//! A small OpenID Connect provider: discovery, keys, and a token endpoint that checks what it must.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result};
use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

/// Somebody who has proven themselves at the provider.
#[derive(Debug, Clone)]
pub(super) struct Login {
    /// Claims of the ID token; `iss`, `aud`, `iat`, `exp` and `nonce` are added unless they are there.
    pub(super) claims: Value,
    /// What the browser was sent with.
    pub(super) nonce: String,
    pub(super) challenge: String,
    /// Whether the token says that it is not signed.
    pub(super) unsigned: bool,
    /// Whether the code is not taken any more.
    pub(super) expired: bool,
}

struct Inner {
    base: String,
    key: EncodingKey,
    public: Vec<u8>,
    logins: Mutex<HashMap<String, Login>>,
    /// Who sits before each browser that comes.
    person: Mutex<Value>,
}

/// A running provider.
pub(super) struct Issuer {
    inner: Arc<Inner>,
    serving: JoinHandle<()>,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Issuer {
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let base = format!("http://{}", listener.local_addr()?);
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
        let inner = Arc::new(Inner {
            base,
            key: EncodingKey::from_ec_der(pair.to_pkcs8v1()?.as_ref()),
            public: pair.public_key().as_ref().to_vec(),
            logins: Mutex::default(),
            person: Mutex::default(),
        });
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(Arc::clone(&inner));
        let serving = tokio::spawn(async move { drop(axum::serve(listener, routes).await) });
        Ok(Self { inner, serving })
    }

    pub(super) fn base(&self) -> &str {
        &self.inner.base
    }

    /// Lets somebody pass; the code that goes back with the browser.
    pub(super) fn pass(&self, login: Login) -> String {
        self.inner.pass(login)
    }

    /// Lets whoever comes with a browser of their own pass as the person with these claims.
    pub(super) fn seat(&self, claims: Value) {
        *self.inner.person.lock().unwrap_or_else(PoisonError::into_inner) = claims;
    }
}

impl Inner {
    fn pass(&self, login: Login) -> String {
        let mut logins = self.logins.lock().unwrap_or_else(PoisonError::into_inner);
        let code = format!("code-{}", logins.len());
        logins.insert(code.clone(), login);
        code
    }
}

/// What a person sees who is signed in there already: nothing, for they are sent back at once.
async fn authorize(State(inner): State<Arc<Inner>>, Query(asked): Query<HashMap<String, String>>) -> Redirect {
    let of = |name: &str| asked.get(name).cloned().unwrap_or_default();
    let code = inner.pass(Login {
        claims: inner.person.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        nonce: of("nonce"),
        challenge: of("code_challenge"),
        unsigned: false,
        expired: false,
    });
    Redirect::to(&format!("{}?code={code}&state={}", of("redirect_uri"), of("state")))
}

async fn discovery(State(inner): State<Arc<Inner>>) -> Json<Value> {
    let base = &inner.base;
    Json(json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "none"],
    }))
}

async fn keys(State(inner): State<Arc<Inner>>) -> Json<Value> {
    // An uncompressed point: a byte that says so, then x and y.
    let (x, y) = inner.public[1..].split_at(32);
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    Json(json!({"keys": [{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "1", "x": x, "y": y}]}))
}

async fn token(State(inner): State<Arc<Inner>>, body: String) -> Response {
    let asked = reqwest::Url::parse(&format!("http://form/?{body}"));
    let asked: HashMap<String, String> = asked
        .map(|it| it.query_pairs().into_owned().collect())
        .unwrap_or_default();
    let of = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    let login = inner
        .logins
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .remove(of("code"));
    let proves = |it: &Login| URL_SAFE_NO_PAD.encode(digest(&SHA256, of("code_verifier").as_bytes())) == it.challenge;
    let Some(login) = login.filter(|it| !it.expired && proves(it)) else {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    };
    match id_token(&inner, &login) {
        Ok(id_token) => {
            let answer = json!({"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": id_token});
            Json(answer).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn id_token(inner: &Inner, login: &Login) -> Result<String> {
    let now = commands::Clock::System.now().timestamp();
    let mut claims = json!({
        "iss": inner.base, "aud": "desk", "iat": now, "exp": now + 300, "nonce": login.nonce,
    });
    for (name, value) in login.claims.as_object().context("no claims")? {
        claims[name] = value.clone();
    }
    if login.unsigned {
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": "none"}).to_string());
        return Ok(format!("{header}.{}.", URL_SAFE_NO_PAD.encode(claims.to_string())));
    }
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some("1".to_owned());
    Ok(encode(&header, &claims, &inner.key)?)
}
