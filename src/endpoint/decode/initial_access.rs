//! Rows 3 to 5 of the contract on the registration path: the initial access token (RFC 7591
//! section 3).

use http::request::Parts;

use super::credentials::bearer_token;
use super::error::DecodeError;
use crate::endpoint::respond::{NotAsked, Refusal};
use crate::endpoint::settings::Settings;
use crate::initial_access::Verdict;
use crate::operation::VerifiedToken;
use crate::token::BearerToken;

/// Verifies the token, if there is a verifier. Returns the token that the backend receives. What
/// the verifier attached is added to the extensions of the request.
pub(super) async fn check(
    settings: &Settings,
    parts: &mut Parts,
) -> Result<Option<BearerToken>, DecodeError> {
    let token = bearer_token(parts)?;
    let Some(verifier) = &settings.verifier else {
        return Ok(token);
    };
    let token = token.ok_or(Refusal::TokenMissing)?;
    // The verifier is like a part of the backend, so it has the backend's time-out.
    let result = settings
        .backend_timeout
        .run(verifier.verify(&token, parts))
        .await;
    let verdict = result
        .unwrap_or_else(|timed_out| Err(timed_out.into()))
        .map_err(NotAsked::verifier_failed)?;
    match verdict {
        Verdict::Accepted(extensions) => {
            parts.extensions.extend(extensions.clone());
            parts.extensions.insert(VerifiedToken(extensions));
            Ok(settings.forward_initial_access_token.then_some(token))
        }
        Verdict::Refused => Err(Refusal::InitialAccessTokenInvalid.into()),
        Verdict::InsufficientScope => Err(Refusal::InsufficientScope.into()),
    }
}
