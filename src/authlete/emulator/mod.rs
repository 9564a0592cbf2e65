//! Authlete's wire protocol in front of any backend.

mod api_error;
mod client_member;
mod request;
mod response;

use std::convert::Infallible;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{AUTHORIZATION, HeaderMap};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;
use tower_service::Service;

use self::api_error::ApiError;
use self::request::{operation, route};
use self::response::{json_response, response_of};
use super::credentials::Credentials;
use crate::BoxError;
use crate::backend::Backend;
use crate::endpoint::{EndpointBody, EndpointFuture};

/// The longest request body, in bytes. It is longer than the longest default body of a
/// registration, escaped twice.
const BODY_LIMIT: usize = 1024 * 1024;

/// An emulator of Authlete, for development and tests. It works offline. If it is served over HTTP,
/// programs in any language can use it.
///
/// It is a tower service that puts a [`Backend`] behind the four calls of Authlete's Web API. It
/// emulates one Authlete service, with one access token:
///
/// - `POST /api/{serviceId}/client/registration`, and `/get`, `/update` and `/delete` below it.
/// - The response has `resultCode`, `resultMessage`, `action`, `responseContent` and `client`. The
///   codes of success are Authlete's. Those that start with `E` are the emulator's own.
/// - The limit of a request body is 1 MiB.
///
/// It accepts any type of request body. The service returns no error, and is always ready. Cloning
/// is cheap.
///
/// # Example
///
/// Without a network, use it as the [HTTP client](super::AuthleteBuilder::http_client) of an
/// [`AuthleteClient`](super::AuthleteClient). To serve it over HTTP, pass it to any server that
/// takes a tower service.
///
/// ```
/// use tower_dcr::authlete::{AuthleteClient, AuthleteEmulator, Credentials};
/// use tower_dcr::operation::Register;
/// use tower_dcr::registry::Registry;
/// use tower_dcr::{Action, ClientMetadata};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let credentials = Credentials::new("1", "token")?;
/// let registry = Registry::in_memory("http://127.0.0.1:3000/register")?;
/// let emulator = AuthleteEmulator::new(registry, credentials.clone());
/// let client = AuthleteClient::builder()
///     .base_url("http://localhost")
///     .credentials(credentials)
///     .http_client(emulator)
///     .build()?;
///
/// let metadata = r#"{"redirect_uris":["http://localhost:8787/callback"]}"#;
/// let response = client.register(Register::new(ClientMetadata::parse(metadata)?)).await?;
/// assert_eq!(response.action(), Action::Created);
/// # Ok(())
/// # }
/// ```
///
/// # What differs from Authlete
///
/// The backend decides what is accepted and what a client receives. The built-in registry, for
/// example, issues no secret to a public client, and its client IDs are not numbers.
///
/// The response's `client` object contains these members:
///
/// | member | value |
/// |---|---|
/// | `clientId` | the `client_id` if it is a number, else a number that is computed from it |
/// | `clientIdAlias` | the `client_id`; `clientIdAliasEnabled` is `true` if it is not a number |
/// | `clientName`, `clientSecret`, `redirectUris` | as in the client information |
/// | `clientType` | `PUBLIC` if the `token_endpoint_auth_method` is `none`, else `CONFIDENTIAL` |
/// | `applicationType`, `tokenAuthMethod`, `grantTypes`, `responseTypes` | in upper case |
/// | `createdAt` | the `client_id_issued_at`, in milliseconds |
/// | `dynamicallyRegistered` | `true` |
///
/// The calls accept only the `client_id`, not the computed number.
pub struct AuthleteEmulator<B> {
    shared: Arc<Shared<B>>,
    unauthorized_on_client_config_supported: bool,
}

struct Shared<B> {
    backend: B,
    credentials: Credentials,
}

impl<B: Backend> AuthleteEmulator<B> {
    /// Creates an emulator with one service, which has these credentials.
    pub fn new(backend: B, credentials: Credentials) -> Self {
        Self {
            shared: Arc::new(Shared {
                backend,
                credentials,
            }),
            unauthorized_on_client_config_supported: true,
        }
    }

    /// Sets the service's `unauthorizedOnClientConfigSupported`. The default is `true`. With
    /// `false`, the response to a wrong token is `BAD_REQUEST` instead of `UNAUTHORIZED`.
    #[must_use]
    pub fn unauthorized_on_client_config_supported(mut self, yes: bool) -> Self {
        self.unauthorized_on_client_config_supported = yes;
        self
    }
}

impl<B> Clone for AuthleteEmulator<B> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            unauthorized_on_client_config_supported: self.unauthorized_on_client_config_supported,
        }
    }
}

impl<B> fmt::Debug for AuthleteEmulator<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthleteEmulator")
            .field("credentials", &self.shared.credentials)
            .finish_non_exhaustive()
    }
}

impl<B, ReqBody> Service<Request<ReqBody>> for AuthleteEmulator<B>
where
    B: Backend,
    ReqBody: Body + Send + 'static,
    ReqBody::Data: Send,
    ReqBody::Error: Into<BoxError>,
{
    type Response = Response<EndpointBody>;
    type Error = Infallible;
    type Future = EndpointFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqBody>) -> EndpointFuture {
        let emulator = self.clone();
        EndpointFuture::new(async move {
            emulator
                .respond(request)
                .await
                .unwrap_or_else(ApiError::into_response)
        })
    }
}

impl<B: Backend> AuthleteEmulator<B> {
    async fn respond<ReqBody>(
        &self,
        request: Request<ReqBody>,
    ) -> Result<Response<EndpointBody>, ApiError>
    where
        ReqBody: Body,
        ReqBody::Error: Into<BoxError>,
    {
        let (parts, body) = request.into_parts();
        let (service_id, kind) = route(parts.uri.path()).ok_or(ApiError::NOT_FOUND)?;
        if parts.method != Method::POST {
            return Err(ApiError::METHOD);
        }
        self.check_credentials(service_id, &parts.headers)?;
        let body = Limited::new(pin!(body), BODY_LIMIT)
            .collect()
            .await
            .map_err(|error| match error.downcast::<LengthLimitError>() {
                Ok(_) => ApiError::TOO_LARGE,
                Err(_) => ApiError::BODY,
            })?
            .to_bytes();
        let members: Map<String, Value> =
            serde_json::from_slice(&body).map_err(|_| ApiError::BODY)?;

        let reply = match operation(kind, &members)? {
            Ok(operation) => self
                .shared
                .backend
                .execute(operation)
                .await
                .map_err(|_| ApiError::FAILED)?,
            Err(refusal) => refusal,
        };
        let response = response_of(kind, &reply, self.unauthorized_on_client_config_supported);
        Ok(json_response(StatusCode::OK, &response))
    }

    /// Checks the service's own credentials, which every call needs.
    fn check_credentials(&self, service_id: &str, headers: &HeaderMap) -> Result<(), ApiError> {
        let presented = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
            .map(|(_, token)| token.trim_start_matches(' '))
            .ok_or(ApiError::UNAUTHENTICATED)?;
        let expected = &self.shared.credentials;
        let access_token = expected.access_token().as_str();
        let is_same: bool = presented.as_bytes().ct_eq(access_token.as_bytes()).into();
        if is_same && service_id == expected.service_id() {
            Ok(())
        } else {
            Err(ApiError::FORBIDDEN)
        }
    }
}
