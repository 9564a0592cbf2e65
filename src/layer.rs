//! [`DcrLayer`]: the registration service as one layer.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use tower_layer::{Layer, layer_fn};

use crate::paths::Paths;
use crate::{AnswerErrors, Backend, Dcr, DcrBuilder, DcrEndpoint};

/// Adds OAuth 2.0 Dynamic Client Registration (RFC 7591 and RFC 7592) to a service: requests on the registration paths
/// are answered with the help of a [`Backend`], all others go to the service inside.
///
/// The paths are `/register` and `/register/{client_id}` unless [built](Self::builder) otherwise. The layer takes them
/// from the application, whatever the method.
///
/// ```
/// use http::{Request, Response, StatusCode};
/// use tower::{BoxError, Layer, ServiceExt, service_fn};
/// use tower_dcr::{DcrLayer, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created(r#"{"client_id":"1"}"#)) });
/// let app = service_fn(|_: Request<String>| async { Ok::<_, BoxError>(Response::new(String::from("hello"))) });
///
/// let service = DcrLayer::new(backend).layer(app);
///
/// let request = Request::get("/").body(String::new())?;
/// assert_eq!(service.clone().oneshot(request).await?.status(), StatusCode::OK);
///
/// let request = Request::post("/register")
///     .header("content-type", "application/json")
///     .body(String::from("{}"))?;
/// assert_eq!(service.oneshot(request).await?.status(), StatusCode::CREATED);
/// # Ok(())
/// # }
/// ```
///
/// `E` is the stack of [endpoint layers](Self::endpoint_layer). It is built once, and shared by every service that this
/// layer and its clones make: a framework may apply a layer once for each route.
pub struct DcrLayer<B, E = DcrEndpoint<B>> {
    endpoint: Arc<Endpoint<E>>,
    backend: PhantomData<fn() -> B>,
}

/// What all services made by a layer share. Cloning a service clones the pointer to it, and not the stack.
#[derive(Clone)]
pub(crate) struct Endpoint<E> {
    pub(crate) paths: Paths,
    pub(crate) stack: E,
}

impl<B: Backend> DcrLayer<B> {
    /// The layer with the default settings, which [`DcrBuilder`] lists.
    pub fn new(backend: B) -> Self {
        Self::from_endpoint(DcrEndpoint::new(backend))
    }

    /// The layer with settings of your own; finish with [`build`](DcrBuilder::build).
    pub fn builder(backend: B) -> DcrBuilder<B> {
        DcrBuilder::new(backend)
    }
}

impl<B> DcrLayer<B> {
    pub(crate) fn from_endpoint(endpoint: DcrEndpoint<B>) -> Self {
        Self {
            endpoint: Arc::new(Endpoint {
                paths: endpoint.paths().clone(),
                stack: endpoint,
            }),
            backend: PhantomData,
        }
    }
}

impl<B, E: Clone> DcrLayer<B, E> {
    /// Puts a tower layer around the registration service alone: CORS, a rate limit, a time-out, a trace. It sees the
    /// requests on our paths and no others.
    ///
    /// It is applied now, once, so that its state is one for the whole application. The last one added is the outermost,
    /// as with axum's `Router::layer`. What comes out must be `Service<Request<_>>` and `Clone`; it may answer by
    /// itself, and change the bodies. Where it fails, the client gets what it would get for the backend's error.
    ///
    /// How long a body may be is a [setting](DcrBuilder::body_limit) of the service, which answers in JSON; a
    /// `RequestBodyLimitLayer` here would answer in its own words. tower's `RateLimit` is not `Clone`: put tower's `Buffer`
    /// around it, both in one `ServiceBuilder`.
    ///
    /// ```
    /// use http::HeaderValue;
    /// use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
    /// use tower_dcr::{BoxError, DcrLayer, Reply, backend_fn};
    /// use tower_http::cors::{AllowMethods, AllowOrigin, CorsLayer};
    ///
    /// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::forbidden()) });
    /// let layer = DcrLayer::new(backend).endpoint_layer(
    ///     CorsLayer::new()
    ///         .allow_origin(AllowOrigin::any())
    ///         .allow_methods(AllowMethods::mirror_request())
    ///         .allow_headers([AUTHORIZATION, CONTENT_TYPE])
    ///         .expose_headers([WWW_AUTHENTICATE, RETRY_AFTER]),
    /// );
    /// # let _ = layer;
    /// ```
    #[must_use]
    pub fn endpoint_layer<L: Layer<E>>(self, layer: L) -> DcrLayer<B, L::Service> {
        let Endpoint { paths, stack } = Arc::unwrap_or_clone(self.endpoint);
        DcrLayer {
            endpoint: Arc::new(Endpoint {
                paths,
                stack: layer.layer(stack),
            }),
            backend: PhantomData,
        }
    }
}

impl<B, E> DcrLayer<B, E> {
    /// Answers the errors of the endpoint layers that were added so far, so that those that are added after see a response:
    /// a `CorsLayer` its headers, a trace its status. Unless this is called, an error passes all the layers outside, and is
    /// answered by the middleware itself, with the same response.
    ///
    /// ```
    /// use tower::{limit::ConcurrencyLimitLayer, load_shed::LoadShedLayer};
    /// use tower_dcr::{BoxError, DcrLayer, Reply, backend_fn};
    /// use tower_http::cors::CorsLayer;
    ///
    /// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::forbidden()) });
    /// let layer = DcrLayer::new(backend)
    ///     .endpoint_layer(ConcurrencyLimitLayer::new(64))
    ///     .endpoint_layer(LoadShedLayer::new())
    ///     .answer_errors()
    ///     .endpoint_layer(CorsLayer::permissive());
    /// # let _ = layer;
    /// ```
    #[must_use]
    pub fn answer_errors(self) -> DcrLayer<B, AnswerErrors<E>>
    where
        E: Clone,
    {
        let paths = self.endpoint.paths.clone();
        self.endpoint_layer(layer_fn(|stack| AnswerErrors::new(stack, paths.clone())))
    }
}

impl<S, B, E> Layer<S> for DcrLayer<B, E> {
    type Service = Dcr<S, E>;

    fn layer(&self, inner: S) -> Dcr<S, E> {
        Dcr::new(inner, Arc::clone(&self.endpoint))
    }
}

impl<B, E> Clone for DcrLayer<B, E> {
    fn clone(&self) -> Self {
        Self {
            endpoint: Arc::clone(&self.endpoint),
            backend: PhantomData,
        }
    }
}

impl<B, E> fmt::Debug for DcrLayer<B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DcrLayer")
            .field("paths", &self.endpoint.paths)
            .finish_non_exhaustive()
    }
}
