//! Who is let in: the one place that looks at credentials, and that slows down who guesses them.

use async_graphql::Request;
use axum::http::{HeaderMap, StatusCode, header};

use super::{
    Shared, nesting,
    public::{Knock, knock},
    refusal::Refusal,
};
use crate::graphql::{Call, Caller};

impl Shared {
    /// The caller behind a request, by its headers or by the value of `Authorization` that came another way.
    ///
    /// A credential that opens nothing is a failure of its address; no credential at all is none.
    ///
    /// # Errors
    /// Why it is not let in.
    pub(super) fn admit(
        &self,
        call: &Call,
        headers: &HeaderMap,
        authorization: Option<&str>,
    ) -> Result<Caller, Refusal> {
        let in_header = || headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
        let Some(credential) = authorization.or_else(in_header) else {
            return Err(Refusal::unauthenticated());
        };
        let limits = &self.front.limits;
        // A token that was signed here was guessed by nobody, even when it has run out.
        let guessed = |wait| (!self.keys.was_issued_here(credential)).then_some(wait);
        if let Some(wait) = limits.wait(call.address, credential).and_then(guessed) {
            return Err(Refusal::too_many_failures(wait));
        }
        if let Some(caller) = self.caller(headers, authorization) {
            limits.opened(credential);
            return Ok(caller);
        }
        if !self.keys.was_issued_here(credential) {
            limits.failed(call.address);
        }
        Err(Refusal::unauthenticated())
    }

    /// Hears somebody who shows no credential.
    ///
    /// # Errors
    /// When they ask for more than to be let in, or too many from that address were not.
    pub(super) fn hear(&self, call: &Call, request: &mut Request) -> Result<(), Refusal> {
        nesting::check(request).map_err(|it| Refusal::new(StatusCode::BAD_REQUEST, it))?;
        let wait = match knock(request) {
            Knock::More => return Err(Refusal::unauthenticated()),
            Knock::BySecret => None,
            Knock::ByPassword => self.front.limits.wait(call.address, ""),
        };
        wait.map_or(Ok(()), |wait| Err(Refusal::too_many_failures(wait)))
    }
}
