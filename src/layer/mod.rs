//! The registration service as one layer.
//!
//! [`DcrLayer`], its builder, [`Dcr`] and [`ConfigError`] are also at the root of the crate. You
//! need the other types only to write down the type of a service.

mod body;
mod boxed;
mod builder;
mod error;
#[cfg(feature = "registry")]
mod for_registry;
mod future;
mod handle_errors;
mod middleware;
mod stack;
mod stack_failure;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use serde_json::{Map, Value};
use tower_layer::{Layer, layer_fn};
use tower_service::Service;

pub use self::body::ResponseBody;
pub use self::boxed::{BoxedBody, BoxedEndpoint, BoxedFuture};
pub use self::builder::DcrBuilder;
pub use self::error::ConfigError;
pub use self::future::ResponseFuture;
pub use self::handle_errors::{HandleErrors, HandleErrorsFuture};
pub use self::middleware::Dcr;
use self::stack::Stack;
use crate::BoxError;
use crate::backend::Backend;
use crate::endpoint::DcrEndpoint;

/// Adds OAuth 2.0 Dynamic Client Registration (RFC 7591 and RFC 7592) to a service. A [`Backend`]
/// answers the requests on the layer's paths. All others go to the inner service.
///
/// The default paths are `/register` and `/register/{client_id}`. To set others, use
/// [`builder`](Self::builder). The application never sees a request on these paths, whatever the
/// method. There is one exception: [`registration_only`](DcrBuilder::registration_only).
///
/// `E` is the endpoint with its [layers](Self::endpoint_layer). It is created once, and all
/// services that this layer and its clones create share it. This matters because a framework may
/// apply the layer once for each route.
///
/// ```
/// use http::{Request, Response};
/// use tower::{BoxError, Layer, ServiceExt, service_fn};
/// use tower_dcr::{DcrLayer, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
/// let app = service_fn(|_: Request<String>| async {
///     Ok::<_, BoxError>(Response::new(String::from("hello")))
/// });
///
/// let service = DcrLayer::new(backend).layer(app);
///
/// let request = Request::get("/").body(String::new())?;
/// assert_eq!(service.clone().oneshot(request).await?.status(), 200);
///
/// let request = Request::post("/register")
///     .header("content-type", "application/json")
///     .body(String::from("{}"))?;
/// assert_eq!(service.oneshot(request).await?.status(), 201);
/// # Ok(())
/// # }
/// ```
pub struct DcrLayer<B, E = DcrEndpoint<B>> {
    stack: Arc<Stack<E>>,
    backend: PhantomData<fn() -> B>,
}

impl<B: Backend> DcrLayer<B> {
    /// Creates the layer with the default settings. [`DcrBuilder`] lists them.
    ///
    /// The paths come from the `registration_endpoint` that the backend
    /// [announces](Backend::server_metadata), as a registry does. If there is none, or if its path
    /// cannot be matched, they are `/register` and `/register/{client_id}`.
    ///
    /// For a registry, prefer `DcrLayer::for_registry`. It also takes `registration_only` from the
    /// registry, and returns an error if the path cannot be matched.
    pub fn new(backend: B) -> Self {
        Self::from_endpoint(DcrEndpoint::new(backend))
    }
}

impl<B> DcrLayer<B> {
    fn from_endpoint(endpoint: DcrEndpoint<B>) -> Self {
        let settings = endpoint.settings();
        Self {
            stack: Arc::new(Stack {
                paths: Arc::new(settings.paths.clone()),
                metadata: Arc::new(settings.metadata.clone()),
                endpoint,
            }),
            backend: PhantomData,
        }
    }
}

impl<B, E> DcrLayer<B, E> {
    /// Adds the members of registration to the server's metadata document (RFC 8414), and returns
    /// it. These members replace members of `document` with the same name:
    ///
    /// - `registration_endpoint`, if it is [set](DcrBuilder::registration_endpoint), or if the
    ///   backend [announces](Backend::server_metadata) one, as the built-in registry does. If a
    ///   path has a named segment, there is no such member.
    /// - What the backend [supports](Backend::server_metadata), such as `grant_types_supported`.
    ///   With [`select_backend`](Self::select_backend), there are no such members, unless
    ///   [`server_metadata_of`](DcrBuilder::server_metadata_of) adds them.
    ///
    /// A `document` that is not a JSON object is returned unchanged.
    ///
    /// Announce `code_challenge_methods_supported` in your own document. Some MCP clients stop
    /// after registration if it is missing.
    ///
    /// ```
    /// use serde_json::json;
    /// use tower_dcr::{BoxError, DcrLayer, Reply, backend_fn};
    ///
    /// # fn main() -> Result<(), BoxError> {
    /// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
    /// let layer = DcrLayer::builder(backend)
    ///     .registration_endpoint("https://as.example.com/connect/register")
    ///     .build()?;
    ///
    /// let document = layer.server_metadata(json!({
    ///     "issuer": "https://as.example.com",
    ///     "authorization_endpoint": "https://as.example.com/authorize",
    ///     "token_endpoint": "https://as.example.com/token",
    ///     "response_types_supported": ["code"],
    ///     "code_challenge_methods_supported": ["S256"],
    /// }));
    /// assert_eq!(document["registration_endpoint"], "https://as.example.com/connect/register");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn server_metadata(&self, mut document: Value) -> Value {
        if let Value::Object(members) = &mut document {
            members.extend(Map::clone(&self.stack.metadata));
        }
        document
    }
}

impl<B, E: Clone> DcrLayer<B, E> {
    /// Adds a tower layer around the registration service: CORS, a rate limit, a trace. It sees
    /// only requests on the layer's paths.
    ///
    /// The layer that is added last is the outermost, as with axum's `Router::layer`. Each layer is
    /// applied once, in this call, so the whole application shares its state.
    ///
    /// The resulting service must be `Service<Request<_>>` and `Clone`. It may create responses,
    /// and change the bodies. Its error gets the same response as a backend error. See
    /// [`handle_errors`](Self::handle_errors).
    ///
    /// - axum and hyper also need it to be `Send + Sync`, because all services share it. Use
    ///   tower's `BoxCloneSyncService` in a stack, not `BoxCloneService`.
    /// - Limit the body with [`body_limit`](DcrBuilder::body_limit) instead of a
    ///   `RequestBodyLimitLayer`, whose response is not JSON.
    /// - tower's `RateLimit` is not `Clone`. Put tower's `Buffer` around it, both in one
    ///   `ServiceBuilder`.
    ///
    /// ```
    /// use http::Request;
    /// use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
    /// use tower::{Layer, ServiceExt};
    /// use tower_dcr::{BoxError, DcrLayer, Reply, backend_fn};
    /// use tower_http::cors::{AllowMethods, AllowOrigin, CorsLayer};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
    /// let app = axum::Router::new();
    /// let layer = DcrLayer::new(backend).endpoint_layer(
    ///     CorsLayer::new()
    ///         .allow_origin(AllowOrigin::any())
    ///         .allow_methods(AllowMethods::mirror_request())
    ///         .allow_headers([AUTHORIZATION, CONTENT_TYPE])
    ///         .expose_headers([WWW_AUTHENTICATE, RETRY_AFTER]),
    /// );
    /// let app = layer.layer(app);
    ///
    /// let request = Request::get("/register/1").body(axum::body::Body::empty())?;
    /// let response = app.oneshot(request).await?;
    /// assert_eq!(response.status(), 401);
    /// assert_eq!(response.headers()["access-control-allow-origin"], "*");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn endpoint_layer<L: Layer<E>>(self, layer: L) -> DcrLayer<B, L::Service> {
        let Stack {
            paths,
            metadata,
            endpoint,
        } = Arc::unwrap_or_clone(self.stack);
        DcrLayer {
            stack: Arc::new(Stack {
                paths,
                metadata,
                endpoint: layer.layer(endpoint),
            }),
            backend: PhantomData,
        }
    }

    /// Turns the errors of the endpoint layers added so far into responses. Layers added later then
    /// see a response, so CORS can add headers, and a trace can log the status.
    ///
    /// Without it, an error passes through all outer endpoint layers first. The middleware then
    /// turns it into the same response. Add `LoadShed` before this call, or outer layers see its
    /// error.
    ///
    /// ```
    /// use http::Request;
    /// use http::header::{AUTHORIZATION, CONTENT_TYPE};
    /// use tower::{Layer, ServiceExt, limit::ConcurrencyLimitLayer, load_shed::LoadShedLayer};
    /// use tower_dcr::{BoxError, DcrLayer, Reply, backend_fn};
    /// use tower_http::cors::{Any, CorsLayer};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
    /// let app = axum::Router::new();
    /// let cors = CorsLayer::new().allow_origin(Any).allow_headers([AUTHORIZATION, CONTENT_TYPE]);
    /// let layer = DcrLayer::new(backend)
    ///     .endpoint_layer(ConcurrencyLimitLayer::new(0)) // For the example: nobody gets through.
    ///     .endpoint_layer(LoadShedLayer::new())
    ///     .handle_errors()
    ///     .endpoint_layer(cors);
    /// let app = layer.layer(app);
    ///
    /// let request = Request::get("/register/1").body(axum::body::Body::empty())?;
    /// let response = app.oneshot(request).await?;
    /// assert_eq!(response.status(), 503);
    /// assert_eq!(response.headers()["access-control-allow-origin"], "*");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn handle_errors(self) -> DcrLayer<B, HandleErrors<E>> {
        let paths = Arc::clone(&self.stack.paths);
        self.endpoint_layer(layer_fn(|stack| {
            HandleErrors::new(stack, Arc::clone(&paths))
        }))
    }

    /// Erases the type of the endpoint stack, so that you can name the type of the layer.
    ///
    /// ```
    /// use axum::body::Body;
    /// use http::Request;
    /// use tower::ServiceExt;
    /// use tower::load_shed::LoadShedLayer;
    /// use tower_dcr::layer::BoxedEndpoint;
    /// use tower_dcr::{Backend, BoxError, DcrLayer, Reply, backend_fn};
    /// use tower_http::trace::TraceLayer;
    ///
    /// struct Server<B> {
    ///     registration: DcrLayer<B, BoxedEndpoint<Body>>,
    /// }
    ///
    /// fn server<B: Backend>(backend: B) -> Server<B> {
    ///     let layer = DcrLayer::new(backend)
    ///         .endpoint_layer(LoadShedLayer::new())
    ///         .handle_errors()
    ///         .endpoint_layer(TraceLayer::new_for_http());
    ///     Server { registration: layer.boxed() }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
    /// let app: axum::Router = axum::Router::new().layer(server(backend).registration);
    ///
    /// let request = Request::get("/register/1").body(Body::empty())?;
    /// assert_eq!(app.oneshot(request).await?.status(), 401);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn boxed<ReqBody, EndBody>(self) -> DcrLayer<B, BoxedEndpoint<ReqBody>>
    where
        E: Service<Request<ReqBody>, Response = Response<EndBody>> + Send + Sync + 'static,
        E::Error: Into<BoxError> + 'static,
        E::Future: Send + 'static,
        EndBody: Body<Data = Bytes> + Send + 'static,
        EndBody::Error: Into<BoxError>,
    {
        self.endpoint_layer(layer_fn(BoxedEndpoint::new))
    }
}

impl<S, B, E> Layer<S> for DcrLayer<B, E> {
    type Service = Dcr<S, E>;

    fn layer(&self, inner: S) -> Dcr<S, E> {
        Dcr::new(inner, Arc::clone(&self.stack))
    }
}

impl<B, E> Clone for DcrLayer<B, E> {
    fn clone(&self) -> Self {
        Self {
            stack: Arc::clone(&self.stack),
            backend: PhantomData,
        }
    }
}

impl<B, E> fmt::Debug for DcrLayer<B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DcrLayer")
            .field("paths", &self.stack.paths)
            .finish_non_exhaustive()
    }
}
