//! The one place that speaks OpenID Connect to a provider.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    sync::Arc,
    time::Duration,
};

use openidconnect::{
    AdditionalClaims, AuthenticationFlow, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenClaims, IdTokenFields, IssuerUrl,
    Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, StandardErrorResponse,
    StandardTokenResponse, TokenResponse,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreResponseType,
        CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{sync::Mutex, time::Instant};
use tokio_rustls::rustls::crypto::aws_lc_rs;

use super::{NotWelcome, OpenIdError, flow::Secrets};
use crate::provider::Provider;

/// How long what a provider says of itself is believed.
const KNOWN: Duration = Duration::from_hours(1);
/// How soon it is asked again when its keys do not fit: it may have changed them.
const AGAIN: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(10);
/// Signatures under a public key of the provider; nothing that is checked with a shared secret, or with nothing.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Claims beside those of the standard; groups are among them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Further {
    #[serde(flatten)]
    all: BTreeMap<String, Value>,
}

impl AdditionalClaims for Further {}

type Fields = IdTokenFields<
    Further,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Tokens = StandardTokenResponse<Fields, CoreTokenType>;
type Speaker = Client<
    Further,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why somebody is not let in, and details for the server's log.
type Failed = (NotWelcome, String);

/// Somebody, as a provider knows them.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Identity {
    /// Whom the provider calls itself.
    pub(super) issuer: String,
    /// Their id there, for ever.
    pub(super) subject: String,
    /// Their address, if the provider vouches for it; lower case.
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    /// `ru` or `en`.
    pub(super) locale: &'static str,
    pub(super) groups: BTreeSet<String>,
}

/// A provider.
#[derive(Debug)]
pub(super) struct Issuer {
    pub(super) settings: Provider,
    secret: Option<ClientSecret>,
    back: String,
    http: reqwest::Client,
    /// What it says of itself, and since when.
    known: Mutex<Option<(Arc<CoreProviderMetadata>, Instant)>>,
}

impl Issuer {
    pub(super) fn new(settings: &Provider, back: String) -> Result<Self, OpenIdError> {
        let secret = match &settings.client_secret_file {
            None => None,
            Some(file) => {
                let read = std::fs::read_to_string(file).map_err(|source| OpenIdError::Secret {
                    name: settings.name.clone(),
                    file: file.clone(),
                    source,
                })?;
                Some(ClientSecret::new(read.trim().to_owned()))
            }
        };
        // Another part of the process may have chosen the same before.
        drop(aws_lc_rs::default_provider().install_default());
        let http = reqwest::Client::builder()
            // A provider that sends us elsewhere is none; following would let it reach inside.
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()?;
        Ok(Self {
            settings: settings.clone(),
            secret,
            back,
            http,
            known: Mutex::default(),
        })
    }

    /// Where to send a browser, and what must be the same when it comes back.
    pub(super) async fn address(&self) -> Result<(String, Secrets), Failed> {
        let speaker = self.speaker(KNOWN).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let scopes = self.settings.scopes.iter().map(|it| Scope::new(it.clone()));
        let (address, state, nonce) = speaker
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scopes(scopes)
            .set_pkce_challenge(challenge)
            .url();
        let secrets = Secrets {
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
        };
        Ok((address.to_string(), secrets))
    }

    /// Who it is that the provider has sent back with this code.
    pub(super) async fn identity(&self, code: String, secrets: &Secrets) -> Result<Identity, Failed> {
        let speaker = self.speaker(KNOWN).await?;
        let asked = speaker
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|it| away(&it))?;
        let verifier = PkceCodeVerifier::new(secrets.verifier.clone());
        let tokens = asked.set_pkce_verifier(verifier).request_async(&self.http).await;
        let tokens = tokens.map_err(|error| match error {
            RequestTokenError::ServerResponse(said) => (NotWelcome::Code, said.error().to_string()),
            // What it carries may be a token.
            RequestTokenError::Parse(..) => (
                NotWelcome::Token,
                "the answer of the token endpoint does not read".to_owned(),
            ),
            other @ (RequestTokenError::Request(_) | RequestTokenError::Other(_)) => away(&other),
        })?;
        let nonce = Nonce::new(secrets.nonce.clone());
        match self.checked(&speaker, &tokens, &nonce) {
            Ok(identity) => Ok(identity),
            Err(_) => self.checked(&self.speaker(AGAIN).await?, &tokens, &nonce),
        }
    }

    fn checked(&self, speaker: &Speaker, tokens: &Tokens, nonce: &Nonce) -> Result<Identity, Failed> {
        let token = tokens.id_token();
        let token = token.ok_or_else(|| (NotWelcome::Token, "there is no id_token".to_owned()))?;
        let verifier = speaker.id_token_verifier().set_allowed_algs(ALGORITHMS);
        let claims = token.claims(&verifier, nonce);
        let claims = claims.map_err(|error| (NotWelcome::Token, chain(&error)))?;
        Ok(self.read(claims))
    }

    fn read(&self, claims: &IdTokenClaims<Further, CoreGenderClaim>) -> Identity {
        let vouched = claims.email_verified() == Some(true);
        let email = claims.email().filter(|_| vouched).map(|it| it.trim().to_lowercase());
        let name = claims.name().and_then(|it| it.get(None)).map(|it| it.to_string());
        let russian = claims.locale().is_some_and(|it| it.starts_with("ru"));
        let groups = claims.additional_claims().all.get(&self.settings.groups_claim);
        let groups = match groups {
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(Value::String(one)) => [one.clone()].into(),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => BTreeSet::new(),
        };
        Identity {
            issuer: claims.issuer().to_string(),
            subject: claims.subject().to_string(),
            email,
            name: name.or_else(|| claims.preferred_username().map(|it| it.to_string())),
            locale: if russian { "ru" } else { "en" },
            groups,
        }
    }

    /// What speaks to the provider, by what that said of itself not longer ago than this.
    async fn speaker(&self, age: Duration) -> Result<Speaker, Failed> {
        let mut known = self.known.lock().await;
        let fresh = known
            .as_ref()
            .filter(|(_, since)| since.elapsed() < age)
            .map(|(it, _)| Arc::clone(it));
        let metadata = if let Some(metadata) = fresh {
            metadata
        } else {
            let issuer = IssuerUrl::new(self.settings.issuer.clone()).map_err(|it| away(&it))?;
            let found = CoreProviderMetadata::discover_async(issuer, &self.http).await;
            let found = Arc::new(found.map_err(|it| away(&it))?);
            *known = Some((Arc::clone(&found), Instant::now()));
            found
        };
        let client_id = ClientId::new(self.settings.client_id.clone());
        let back = RedirectUrl::new(self.back.clone()).map_err(|it| away(&it))?;
        Ok(Speaker::from_provider_metadata((*metadata).clone(), client_id, self.secret.clone()).set_redirect_uri(back))
    }
}

fn away(error: &dyn Error) -> Failed {
    (NotWelcome::Away, chain(error))
}

/// An error with all that led to it.
fn chain(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}
