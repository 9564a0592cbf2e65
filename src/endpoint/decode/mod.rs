//! Requests to operations: the checks of the HTTP contract, in its order (rows 1 to 10).

mod body;
mod content_headers;
mod credentials;
mod decoded;
mod drain;
mod error;
mod expect_continue;
mod initial_access;

use std::pin::Pin;

use http::Method;
use http::request::Parts;
use http_body::Body;

use self::decoded::Decoded;
pub(super) use self::drain::drain_refused;
pub(super) use self::error::DecodeError;
use super::respond::Refusal;
use super::route::Route;
use super::settings::Settings;
use crate::BoxError;
use crate::metadata::ClientMetadata;
use crate::token::BearerToken;

/// Decodes a request. Each check comes before the next one reads anything.
pub(super) async fn decode<ReqBody>(
    settings: &Settings,
    route: Option<&Route>,
    parts: &Parts,
    body: Pin<&mut ReqBody>,
) -> Result<Decoded, DecodeError>
where
    ReqBody: Body,
    ReqBody::Error: Into<BoxError>,
{
    match (route.ok_or(Refusal::NotFound)?, &parts.method) {
        (Route::Registration, &Method::POST) => {
            let token = initial_access::check(settings, parts).await?;
            let metadata = metadata(settings, parts, body).await?;
            Ok(Decoded::Register { token, metadata })
        }
        (Route::Configuration { client_id }, &Method::GET) => {
            let (client_id, token) = client(parts, client_id.as_deref())?;
            Ok(Decoded::Read { client_id, token })
        }
        (Route::Configuration { client_id }, &Method::PUT) => {
            let (client_id, token) = client(parts, client_id.as_deref())?;
            let metadata = metadata(settings, parts, body).await?;
            Ok(Decoded::Update {
                client_id,
                token,
                metadata,
            })
        }
        (Route::Configuration { client_id }, &Method::DELETE) => {
            let (client_id, token) = client(parts, client_id.as_deref())?;
            Ok(Decoded::Delete { client_id, token })
        }
        (route, &Method::OPTIONS) => Err(Refusal::Options(route.allow()).into()),
        // `HEAD` too: a backend may rotate the token on a read, and the response to a `HEAD` would
        // lose the new one.
        (route, _) => Err(Refusal::MethodNotAllowed(route.allow()).into()),
    }
}

/// Returns the client that the path names, and the token for it.
fn client(parts: &Parts, client_id: Option<&str>) -> Result<(String, BearerToken), Refusal> {
    let token = credentials::bearer_token(parts)?.ok_or(Refusal::TokenMissing)?;
    // OpenID Connect registration section 4.4: an unknown client is answered 401, never 404.
    let client_id = client_id.ok_or(Refusal::TokenInvalid)?;
    Ok((client_id.to_owned(), token))
}

/// Reads the metadata. The headers are checked before the first read, so that a client that sent
/// `Expect: 100-continue` is not asked for a body that will be refused.
async fn metadata<ReqBody>(
    settings: &Settings,
    parts: &Parts,
    body: Pin<&mut ReqBody>,
) -> Result<ClientMetadata, Refusal>
where
    ReqBody: Body,
    ReqBody::Error: Into<BoxError>,
{
    content_headers::check(&parts.headers, &body.size_hint(), settings.body_limit)?;
    let text = body::read(body, settings.body_limit, settings.body_timeout).await?;
    ClientMetadata::parse(text).map_err(Refusal::Metadata)
}
