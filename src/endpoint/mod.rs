//! [`DcrEndpoint`]: the leaf, where a request becomes an operation, and a reply a response.

mod body;
mod content;
mod credentials;
mod failure;
mod future;
mod refusal;
mod response;

use std::convert::Infallible;
use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use http::request::Parts;
use http::{Method, Request, Response};
use http_body::Body;
use tower_service::Service;

use self::failure::VerifierFailed;
pub(crate) use self::failure::failure;
pub use self::future::EndpointFuture;
use self::refusal::Refusal;
pub use self::response::EndpointBody;
#[cfg(feature = "authlete-emulator")]
pub(crate) use self::response::object;
pub(crate) use self::response::{Challenges, without_body_to_head};
use crate::clock::Clock;
use crate::operation::DEFAULT_BODY_LIMIT;
use crate::outcome::complete;
use crate::paths::{Paths, Route};
use crate::span::OperationSpan;
use crate::verifier::Verifier;
use crate::{
    Backend, BearerToken, BoxError, ClientMetadata, DcrBuilder, Delete, Operation, OperationKind,
    Outcome, Read, Register, Update,
};

/// The registration service itself: a tower service that answers every request on the two endpoints' paths, and every
/// other request with 404 `invalid_request`.
///
/// Inside [`DcrLayer`](crate::DcrLayer) it is the innermost of the endpoint layers. It also stands alone, for an
/// application that routes by itself; the paths it knows are the full ones that it was built with.
///
/// It takes any request body, never fails, is always ready and cheap to clone. Each response has its
/// [`Outcome`](crate::Outcome) in the extensions.
///
/// ```
/// use http::{Request, StatusCode};
/// use tower::ServiceExt;
/// use tower_dcr::{BoxError, DcrEndpoint, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created(r#"{"client_id":"1"}"#)) });
/// let endpoint = DcrEndpoint::new(backend);
///
/// let request = Request::post("/register")
///     .header("content-type", "application/json")
///     .body(String::from(r#"{"redirect_uris":["https://client.example.org/cb"]}"#))
///     .unwrap();
/// assert_eq!(endpoint.clone().oneshot(request).await.unwrap().status(), StatusCode::CREATED);
///
/// let request = Request::get("/elsewhere").body(String::new()).unwrap();
/// assert_eq!(endpoint.oneshot(request).await.unwrap().status(), StatusCode::NOT_FOUND);
/// # }
/// ```
pub struct DcrEndpoint<B> {
    shared: Arc<Shared<B>>,
}

struct Shared<B> {
    settings: Settings,
    backend: B,
}

/// What the builder sets.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) paths: Paths,
    pub(crate) challenges: Challenges,
    /// Of initial access tokens.
    pub(crate) verifier: Option<Verifier>,
    /// Whether the backend gets to see an initial access token that is good.
    pub(crate) passes_token_on: bool,
    pub(crate) body_limit: usize,
    pub(crate) body_clock: Clock,
    pub(crate) backend_clock: Clock,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            paths: Paths::default(),
            challenges: Challenges::default(),
            verifier: None,
            passes_token_on: false,
            body_limit: DEFAULT_BODY_LIMIT,
            body_clock: Clock::seconds(10),
            backend_clock: Clock::seconds(30),
        }
    }
}

impl<B: Backend> DcrEndpoint<B> {
    /// The service with the default settings, which [`DcrBuilder`] lists.
    pub fn new(backend: B) -> Self {
        Self::with_settings(Settings::default(), backend)
    }

    /// The service with settings of your own; finish with
    /// [`build_endpoint`](DcrBuilder::build_endpoint).
    pub fn builder(backend: B) -> DcrBuilder<B> {
        DcrBuilder::new(backend)
    }
}

impl<B> DcrEndpoint<B> {
    pub(crate) fn with_settings(settings: Settings, backend: B) -> Self {
        Self {
            shared: Arc::new(Shared { settings, backend }),
        }
    }

    pub(crate) fn paths(&self) -> &Paths {
        &self.shared.settings.paths
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

/// Why a request does not come to the backend.
enum Stop {
    Refused(Refusal),
    /// The verifier of initial access tokens failed.
    Failed(BoxError),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<B: Backend> Shared<B> {
    async fn answer<ReqBody>(&self, request: Request<ReqBody>) -> Response<EndpointBody>
    where
        ReqBody: Body,
        ReqBody::Error: Into<BoxError>,
    {
        let started = Instant::now();
        let (parts, body) = request.into_parts();
        let route = self.settings.paths.find(&parts.method, &parts.uri);
        let asked = route.and_then(|route| route.operation(&parts.method));
        let span = OperationSpan::of(asked);
        let mut response = span.around(self.respond(parts, body, asked)).await;
        complete(&mut response, started, &span);
        response
    }

    async fn respond<ReqBody>(
        &self,
        parts: Parts,
        body: ReqBody,
        asked: Option<OperationKind>,
    ) -> Response<EndpointBody>
    where
        ReqBody: Body,
        ReqBody::Error: Into<BoxError>,
    {
        let settings = &self.settings;
        let mut body = pin!(body);
        let route = settings.paths.find(&parts.method, &parts.uri);
        match self.decode(route, &parts, body.as_mut()).await {
            // Never a HEAD.
            Ok(operation) => self.execute(operation.with_parts(parts)).await,
            Err(Stop::Failed(cause)) => failure(asked, cause),
            Err(Stop::Refused(refusal)) => {
                if refusal.leaves_body_unread() && self.may_read_body(route, refusal) {
                    body::drain_unread(&parts, body, settings.body_clock).await;
                }
                let mut response = refusal.into_response(&settings.challenges);
                let outcome = Outcome::of(asked).with_error(refusal.error());
                response.extensions_mut().insert(outcome);
                without_body_to_head(&parts.method, response)
            }
        }
    }

    /// Of who may not register, nothing is read at all.
    fn may_read_body(&self, route: Option<Route<'_>>, refusal: Refusal) -> bool {
        let has_verifier = self.settings.verifier.is_some();
        let is_guarded = has_verifier && matches!(route, Some(Route::Registration));
        !is_guarded || refusal.comes_after_credentials()
    }

    /// The request as an operation, checked in the order of the contract.
    async fn decode<ReqBody>(
        &self,
        route: Option<Route<'_>>,
        parts: &Parts,
        body: Pin<&mut ReqBody>,
    ) -> Result<Operation, Stop>
    where
        ReqBody: Body,
        ReqBody::Error: Into<BoxError>,
    {
        match (route.ok_or(Refusal::NotFound)?, &parts.method) {
            (Route::Registration, &Method::POST) => {
                let token = self.initial_access_token(parts).await?;
                let register = Register::new(self.metadata(parts, body).await?)
                    .within(self.settings.body_limit);
                Ok(match token {
                    Some(token) => register.with_initial_access_token(token).into(),
                    None => register.into(),
                })
            }
            (Route::Configuration { segment }, &Method::GET) => {
                let client = credentials::client(parts, segment)?;
                Ok(Read::new(client.id, client.token).into())
            }
            (Route::Configuration { segment }, &Method::PUT) => {
                let client = credentials::client(parts, segment)?;
                let metadata = self.metadata(parts, body).await?;
                let update = Update::new(client.id, client.token, metadata);
                Ok(update.within(self.settings.body_limit).into())
            }
            (Route::Configuration { segment }, &Method::DELETE) => {
                let client = credentials::client(parts, segment)?;
                Ok(Delete::new(client.id, client.token).into())
            }
            (route, &Method::OPTIONS) => Err(Refusal::Options(route.allow()).into()),
            // HEAD too: a backend may rotate the token on a read, and a HEAD would throw the new one away.
            (route, _) => Err(Refusal::MethodNotAllowed(route.allow()).into()),
        }
    }

    /// The bearer token of a registration, for the backend; judged first, where there is a verifier.
    async fn initial_access_token(&self, parts: &Parts) -> Result<Option<BearerToken>, Stop> {
        let token = credentials::bearer_token(parts)?;
        let Some(verifier) = &self.settings.verifier else {
            return Ok(token);
        };
        let token = token.ok_or(Refusal::TokenMissing)?;
        // The verifier is a part of the backend, as far as a client can see.
        let clock = self.settings.backend_clock;
        let verdict = clock.run(verifier.verify(&token, parts)).await;
        match verdict.unwrap_or_else(|timed_out| Err(timed_out.into())) {
            Ok(true) => Ok(self.settings.passes_token_on.then_some(token)),
            Ok(false) => Err(Refusal::InitialTokenInvalid.into()),
            Err(cause) => Err(Stop::Failed(VerifierFailed(cause).into())),
        }
    }

    /// The body, judged by its headers before the first read: a client that sent `Expect: 100-continue` is not asked for
    /// a body that will be refused.
    async fn metadata<ReqBody>(
        &self,
        parts: &Parts,
        body: Pin<&mut ReqBody>,
    ) -> Result<ClientMetadata, Refusal>
    where
        ReqBody: Body,
        ReqBody::Error: Into<BoxError>,
    {
        let Settings {
            body_limit,
            body_clock,
            ..
        } = self.settings;
        content::judge(&parts.headers, &body.size_hint(), body_limit)?;
        let text = body::read(body, body_limit, body_clock).await?;
        ClientMetadata::parse(text).map_err(Refusal::Metadata)
    }

    async fn execute(&self, operation: Operation) -> Response<EndpointBody> {
        let kind = operation.kind();
        let asked = response::Asked {
            kind,
            // Where there is a verifier, it has perhaps kept the token.
            token_sent: operation.token().is_some()
                || kind == OperationKind::Register && self.settings.verifier.is_some(),
            client_id: operation.client_id().map(Box::from),
        };
        let answer = self.backend.execute(operation);
        match self.settings.backend_clock.run(answer).await {
            Ok(Ok(reply)) => response::of_reply(asked, reply, &self.settings.challenges),
            Ok(Err(error)) => failure(Some(kind), error.into()),
            Err(timed_out) => failure(Some(kind), timed_out.into()),
        }
    }
}
