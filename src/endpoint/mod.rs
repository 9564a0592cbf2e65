//! The registration service. It turns requests into operations, and replies into responses.
//!
//! [`DcrEndpoint`] is the whole service. [`Respond`] and [`respond`] are its second half, for
//! services that decode requests themselves.

#[cfg(feature = "tokio")]
mod complete_on_disconnect;
mod decode;
mod future;
mod methods;
pub(crate) mod path_rules;
mod path_template;
mod paths;
pub(crate) mod registration_endpoint;
mod respond;
mod route;
mod segment_decoding;
mod settings;

use std::convert::Infallible;
use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use serde_json::Value;
use tower_service::Service;

#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
pub use self::complete_on_disconnect::{CompleteOnDisconnect, CompleteOnDisconnectLayer};
use self::decode::{DecodeError, Decoded, choose_backend, drain_refused};
pub use self::future::EndpointFuture;
pub(crate) use self::methods::Methods;
pub(crate) use self::paths::{DEFAULT_PATH, Paths};
#[cfg(feature = "authlete-emulator")]
pub(crate) use self::respond::object;
pub use self::respond::{
    Challenges, EndpointBody, InvalidRealm, RequestSummary, Respond, RespondFuture, RespondLayer,
    respond,
};
pub(crate) use self::respond::{failure, without_body_to_head};
pub(crate) use self::route::Route;
pub(crate) use self::settings::Settings;
use crate::BoxError;
use crate::backend::{Backend, BackendSource, Chosen};
use crate::operation::{Operation, OperationKind, VerifiedToken};
use crate::telemetry::{OperationSpan, report};
use crate::util::stopwatch::Stopwatch;

/// The registration service: a tower service that answers every request on its paths, by default
/// `/register` and `/register/{client_id}`. The response to any other request is 404
/// `invalid_request`.
///
/// It is the innermost service of a [`DcrLayer`](crate::DcrLayer). It also works alone, for an
/// application that does its own routing. It compares the whole path that it receives.
///
/// It accepts any request body, never fails, is always ready and is cheap to clone. Each response
/// has its [`Outcome`](crate::Outcome) in the extensions.
///
/// ```
/// use http::Request;
/// use tower::ServiceExt;
/// use tower_dcr::{BoxError, DcrEndpoint, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
/// let endpoint = DcrEndpoint::new(backend);
///
/// let request = Request::post("/register")
///     .header("content-type", "application/json")
///     .body(String::from(r#"{"redirect_uris":["https://client.example.org/cb"]}"#))?;
/// assert_eq!(endpoint.clone().oneshot(request).await?.status(), 201);
///
/// let request = Request::get("/elsewhere").body(String::new())?;
/// assert_eq!(endpoint.oneshot(request).await?.status(), 404);
/// # Ok(())
/// # }
/// ```
pub struct DcrEndpoint<B> {
    shared: Arc<Shared<B>>,
}

struct Shared<B> {
    settings: Settings,
    backend: BackendSource<B>,
}

impl<B: Backend> DcrEndpoint<B> {
    /// Creates the service with the default settings. [`DcrBuilder`](crate::DcrBuilder) lists them.
    /// For other settings, call [`build_endpoint`](crate::DcrBuilder::build_endpoint).
    ///
    /// The paths come from the `registration_endpoint` that the backend
    /// [announces](Backend::server_metadata), as a registry does. If there is none, or if its path
    /// cannot be matched, they are `/register` and `/register/{client_id}`.
    pub fn new(backend: B) -> Self {
        Self::with_settings(Settings::of(&backend), BackendSource::Fixed(backend))
    }
}

impl<B> DcrEndpoint<B> {
    pub(crate) fn with_settings(settings: Settings, backend: BackendSource<B>) -> Self {
        Self {
            shared: Arc::new(Shared { settings, backend }),
        }
    }

    /// Adds the members of registration to the server's metadata document. See
    /// [`DcrLayer::server_metadata`](crate::DcrLayer::server_metadata).
    #[must_use]
    pub fn server_metadata(&self, mut document: Value) -> Value {
        if let Value::Object(members) = &mut document {
            members.extend(self.shared.settings.metadata.clone());
        }
        document
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.shared.settings
    }
}

impl<B> Clone for DcrEndpoint<B> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<B> fmt::Debug for DcrEndpoint<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DcrEndpoint")
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}

impl<B, ReqBody> Service<Request<ReqBody>> for DcrEndpoint<B>
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
        let shared = Arc::clone(&self.shared);
        EndpointFuture::new(async move { shared.answer(request).await })
    }
}

impl<B: Backend> Shared<B> {
    async fn answer<ReqBody>(&self, request: Request<ReqBody>) -> Response<EndpointBody>
    where
        ReqBody: Body,
        ReqBody::Error: Into<BoxError>,
    {
        let started = Stopwatch::start();
        let (mut parts, body) = request.into_parts();
        // The middleware stored the route in the extensions. Without the middleware, find it here.
        let route = match parts.extensions.remove::<Route>() {
            Some(route) => Some(route),
            None => self
                .settings
                .paths
                .find(&parts.method, &parts.uri)
                .inspect(|route| {
                    route.add_params_to(&mut parts.extensions);
                }),
        };
        let kind = route
            .as_ref()
            .and_then(|route| route.operation(&parts.method));
        let span = OperationSpan::new(kind);
        let mut response = span
            .around(self.decode_and_execute(route, kind, parts, body))
            .await;
        report(&mut response, started, &span);
        response
    }

    async fn decode_and_execute<ReqBody>(
        &self,
        route: Option<Route>,
        kind: Option<OperationKind>,
        mut parts: Parts,
        body: ReqBody,
    ) -> Response<EndpointBody>
    where
        ReqBody: Body,
        ReqBody::Error: Into<BoxError>,
    {
        let settings = &self.settings;
        let mut body = pin!(body);
        match self.decode(route.as_ref(), &mut parts, body.as_mut()).await {
            Ok((backend, decoded)) => {
                let operation = decoded.into_operation(parts, settings.body_limit);
                self.execute(&backend, operation).await
            }
            Err(DecodeError::Failed(cause)) => failure(kind, cause.into()),
            Err(DecodeError::Refused(refusal)) => {
                drain_refused(settings, route.as_ref(), &parts, refusal, body).await;
                let verified = parts.extensions.remove::<VerifiedToken>();
                let response = refusal.into_response(kind, verified, &settings.challenges);
                without_body_to_head(&parts.method, response)
            }
        }
    }

    async fn decode<ReqBody>(
        &self,
        route: Option<&Route>,
        parts: &mut Parts,
        body: Pin<&mut ReqBody>,
    ) -> Result<(Chosen<'_, B>, Decoded), DecodeError>
    where
        ReqBody: Body,
        ReqBody::Error: Into<BoxError>,
    {
        let settings = &self.settings;
        let (route, kind) = decode::operation(route, &parts.method)?;
        let backend = choose_backend(settings, &self.backend, route, parts).await?;
        let decoded = decode::decode(settings, route, kind, parts, body).await?;
        Ok((backend, decoded))
    }

    async fn execute(&self, backend: &B, operation: Operation) -> Response<EndpointBody> {
        let request = RequestSummary::new(&operation);
        let answer = backend.execute(operation);
        let result = match self.settings.backend_timeout.run(answer).await {
            Ok(result) => result.map_err(Into::into),
            Err(timed_out) => Err(BoxError::from(timed_out)),
        };
        respond(request, result, &self.settings.challenges)
    }
}
