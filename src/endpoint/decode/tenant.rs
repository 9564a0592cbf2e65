//! Row 2a of the contract: the tenant.

use http::request::Parts;

use super::error::DecodeError;
use crate::backend::{BackendSource, Chosen};
use crate::endpoint::respond::{NotAsked, Refusal};
use crate::endpoint::route::Route;
use crate::endpoint::settings::Settings;

/// Returns the backend of the tenant that the path names. A name that cannot be decoded, and a
/// tenant that the selector does not know, get the same response.
pub(in crate::endpoint) async fn choose_backend<'b, B>(
    settings: &Settings,
    source: &'b BackendSource<B>,
    route: &Route,
    parts: &Parts,
) -> Result<Chosen<'b, B>, DecodeError> {
    let chosen = if route.params.is_none() {
        None
    } else {
        // The selector is like a part of the backend, so it has the backend's time-out.
        let chosen = source.choose(parts, settings.backend_timeout).await;
        chosen.map_err(NotAsked::selector_failed)?
    };
    chosen.ok_or_else(|| {
        if route.is_registration() {
            Refusal::NotFound.into()
        } else {
            // OpenID Connect registration section 4.4 forbids 404.
            Refusal::TokenInvalid.into()
        }
    })
}
