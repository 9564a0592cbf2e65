//! Rows 3 to 5 of the contract on the registration path: the initial access token (RFC 7591
//! section 3).

use http::request::Parts;

use super::credentials::bearer_token;
use super::error::DecodeError;
use crate::endpoint::respond::{Refusal, VerifierFailed};
use crate::endpoint::settings::Settings;
use crate::token::BearerToken;

/// Verifies the token, if there is a verifier. Returns the token that the backend receives.
pub(super) async fn check(
    settings: &Settings,
    parts: &Parts,
) -> Result<Option<BearerToken>, DecodeError> {
    let token = bearer_token(parts)?;
    let Some(verifier) = &settings.verifier else {
        return Ok(token);
    };
    let token = token.ok_or(Refusal::TokenMissing)?;
    // For the client, the verifier is a part of the backend. So it has the backend's time-out.
    let result = settings
        .backend_timeout
        .run(verifier.verify(&token, parts))
        .await;
    match result.unwrap_or_else(|timed_out| Err(timed_out.into())) {
        Ok(true) => Ok(settings.forward_initial_access_token.then_some(token)),
        Ok(false) => Err(Refusal::InitialAccessTokenInvalid.into()),
        Err(cause) => Err(DecodeError::VerifierFailed(VerifierFailed(cause))),
    }
}
