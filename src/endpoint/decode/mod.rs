//! Requests to operations: the checks of the HTTP contract, in its order (rows 1 to 10).

mod body;
mod content_headers;
mod credentials;
mod decoded;
mod drain;
mod error;
mod expect_continue;
mod initial_access;
mod tenant;

use std::pin::Pin;

use http::Method;
use http::request::Parts;
use http_body::Body;

pub(super) use self::decoded::Decoded;
pub(super) use self::drain::drain_refused;
pub(super) use self::error::DecodeError;
pub(super) use self::tenant::choose_backend;
use super::respond::Refusal;
use super::route::{Endpoint, Route};
use super::settings::Settings;
use crate::BoxError;
use crate::metadata::ClientMetadata;
use crate::operation::OperationKind;
use crate::token::BearerToken;

/// Rows 1 and 2: returns the endpoint and the operation of a request.
pub(super) fn operation<'r>(
    route: Option<&'r Route>,
    method: &Method,
) -> Result<(&'r Route, OperationKind), Refusal> {
    let route = route.ok_or(Refusal::NotFound)?;
    if method == Method::OPTIONS {
        return Err(Refusal::Options(route.allow()));
    }
    // `HEAD` is refused too: a backend may rotate the token on a read, and the response to a `HEAD`
    // would lose the new one.
    let kind = route
        .operation(method)
        .ok_or(Refusal::MethodNotAllowed(route.allow()))?;
    Ok((route, kind))
}

/// Rows 3 to 10: decodes a request. Each check comes before the next one reads anything.
pub(super) async fn decode<ReqBody>(
    settings: &Settings,
    route: &Route,
    kind: OperationKind,
    parts: &mut Parts,
    body: Pin<&mut ReqBody>,
) -> Result<Decoded, DecodeError>
where
    ReqBody: Body,
    ReqBody::Error: Into<BoxError>,
{
    match kind {
        OperationKind::Register => {
            let token = initial_access::check(settings, parts).await?;
            let metadata = metadata(settings, parts, body).await?;
            Ok(Decoded::Register { token, metadata })
        }
        OperationKind::Read => {
            let (client_id, token) = client(route, parts)?;
            Ok(Decoded::Read { client_id, token })
        }
        OperationKind::Update => {
            let (client_id, token) = client(route, parts)?;
            let metadata = metadata(settings, parts, body).await?;
            Ok(Decoded::Update {
                client_id,
                token,
                metadata,
            })
        }
        OperationKind::Delete => {
            let (client_id, token) = client(route, parts)?;
            Ok(Decoded::Delete { client_id, token })
        }
    }
}

/// Rows 3 to 5 on the configuration path: returns the client that the path names, and the token.
fn client(route: &Route, parts: &Parts) -> Result<(String, BearerToken), Refusal> {
    let token = credentials::bearer_token(parts)?.ok_or(Refusal::TokenMissing)?;
    match &route.endpoint {
        Endpoint::Configuration {
            client_id: Some(client_id),
        } => Ok((client_id.clone(), token)),
        // OpenID Connect registration section 4.4: the response is 401, never 404.
        _ => Err(Refusal::TokenInvalid),
    }
}

/// Rows 6 to 10: reads the metadata. The headers are checked before the first read. So a client
/// that sent `Expect: 100-continue` does not send a body that will be refused.
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
