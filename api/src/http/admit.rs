//! Who is let in: the one place that looks at credentials, and that slows down who guesses them.

use axum::http::{HeaderMap, header};

use super::{Shared, refusal::Refusal};
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
        if let Some(wait) = limits.wait(call.address, credential) {
            return Err(Refusal::too_many_failures(wait));
        }
        if let Some(caller) = self.caller(headers, authorization) {
            limits.opened(credential);
            return Ok(caller);
        }
        limits.failed(call.address);
        Err(Refusal::unauthenticated())
    }
}
