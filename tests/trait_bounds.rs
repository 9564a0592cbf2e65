//! The traits that the public types implement: the bounds of the frameworks, and auto traits that
//! follow the type parameters. Most of these tests pass if they compile.

#[path = "support/mod.rs"]
mod support;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::service::TowerToHyperService;
use static_assertions::{assert_impl_all, assert_not_impl_any};
use tower::{Layer, Service};
use tower_dcr::backend::*;
use tower_dcr::endpoint::*;
use tower_dcr::initial_access::*;
use tower_dcr::layer::*;
use tower_dcr::metadata::{DeserializeError, MetadataError};
use tower_dcr::operation::*;
use tower_dcr::policy::{Policies, PolicyBackend, PolicyFn, Proposal, Rejection};
use tower_dcr::registry::{
    Client, ClientAuthenticationError, ClientChange, RedirectError, Registry, RegistryBuilder,
    RegistryConfigError, RegistryError,
};
use tower_dcr::reply::{SerializeError, UnknownErrorCode};
use tower_dcr::token::InvalidBearerToken;
use tower_dcr::*;

use support::RecordingBackend;

/// The least that an inner service can be: not `Clone`, not `Send`, not `Debug`. Its error and its
/// future are not either.
struct Least(Rc<()>);

struct LeastError(#[expect(dead_code, reason = "it makes the error not `Send`")] Rc<()>);

impl<B> Service<Request<B>> for Least {
    type Response = Response<Full<Bytes>>;
    type Error = LeastError;
    type Future = Ready<Result<Self::Response, LeastError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), LeastError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        ready(Err(LeastError(Rc::clone(&self.0))))
    }
}

type App =
    tower::util::BoxCloneSyncService<Request<Full<Bytes>>, Response<Full<Bytes>>, Infallible>;

/// A backend without any other trait.
struct Bare;

impl Backend for Bare {
    type Error = BoxError;

    async fn execute(&self, _: Operation) -> Result<Reply, BoxError> {
        Ok(Reply::refuse(
            ErrorCode::AccessDenied,
            "This is not allowed.",
        ))
    }
}

assert_impl_all!(DcrLayer<Bare>: Clone, Send, Sync, Unpin, std::fmt::Debug);
assert_impl_all!(DcrBuilder<Bare>: Send, Sync, std::fmt::Debug);
assert_impl_all!(DcrEndpoint<Bare>: Clone, Send, Sync, Unpin, std::fmt::Debug);
assert_impl_all!(BackendService<Bare>: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(SharedBackend: Clone, Send, Sync, std::fmt::Debug, Backend);
type FnBackend = BackendFn<fn(Operation) -> Ready<Result<Reply, BoxError>>>;
assert_impl_all!(FnBackend: Clone, Copy, Send, Sync, std::fmt::Debug, Backend);
assert_impl_all!(Arc<Bare>: Backend);
assert_impl_all!(Registry: Clone, Send, Sync, std::fmt::Debug, Backend);
assert_impl_all!(RegistryBuilder: Clone, Send, Sync, std::fmt::Debug);

assert_impl_all!(Dcr<App, DcrEndpoint<Bare>>: Clone, Send, Sync, std::fmt::Debug);
// The middleware only has the traits of its parts, and does not require any that it does not need.
assert_impl_all!(Dcr<Least, DcrEndpoint<Bare>>: Service<Request<Full<Bytes>>>, std::fmt::Debug);
assert_not_impl_any!(Dcr<Least, DcrEndpoint<Bare>>: Clone, Send, Sync);
assert_not_impl_any!(Dcr<App, Rc<()>>: Send, Sync);
assert_not_impl_any!(DcrLayer<Bare, Rc<()>>: Send, Sync);

type FutureOf<S> = <S as Service<Request<Full<Bytes>>>>::Future;
assert_impl_all!(FutureOf<Dcr<App, DcrEndpoint<Bare>>>: Send, std::fmt::Debug);
assert_not_impl_any!(FutureOf<Dcr<Least, DcrEndpoint<Bare>>>: Send, Sync);
assert_impl_all!(EndpointFuture: Send, Unpin, std::fmt::Debug);

type BodyOf<S> = ResponseBody<S, EndpointBody>;
assert_impl_all!(BodyOf<Full<Bytes>>: Send, Sync, Unpin, Default, std::fmt::Debug);
assert_impl_all!(BodyOf<Full<Bytes>>: http_body::Body<Data = Bytes, Error = BoxError>);
assert_not_impl_any!(BodyOf<PhantomData<Rc<()>>>: Send, Sync);
assert_not_impl_any!(BodyOf<std::marker::PhantomPinned>: Unpin);
assert_not_impl_any!(BodyOf<Incoming>: Default);

// An erased stack is a stack like any other, whatever the request body is.
type Boxed = BoxedEndpoint<Full<Bytes>>;
assert_impl_all!(Boxed: Clone, Send, Sync, Unpin, std::fmt::Debug);
assert_impl_all!(BoxedEndpoint<Rc<()>>: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(DcrLayer<Bare, Boxed>: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(Dcr<App, Boxed>: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(FutureOf<Boxed>: Send, Unpin, std::fmt::Debug);
assert_impl_all!(BoxedBody: Send, Unpin, Default, std::fmt::Debug);
assert_impl_all!(BoxedBody: http_body::Body<Data = Bytes, Error = BoxError>);

// `Respond` only has the traits of its inner service.
assert_impl_all!(RespondLayer: Clone, Default, Send, Sync, std::fmt::Debug);
assert_impl_all!(Respond<BackendService<Bare>>: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(Respond<BackendService<Bare>>: Service<Operation, Error = Infallible>);
assert_impl_all!(Respond<Rc<()>>: Clone, std::fmt::Debug);
assert_not_impl_any!(Respond<Rc<()>>: Send, Sync);
assert_not_impl_any!(Respond<Bare>: Clone);
assert_impl_all!(RespondFuture<Ready<Result<Reply, BoxError>>>: Send, Unpin, std::fmt::Debug);
assert_not_impl_any!(RespondFuture<Rc<()>>: Send);
assert_impl_all!(RequestSummary: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(Challenges: Clone, Default, Send, Sync, std::fmt::Debug);

assert_impl_all!(HandleErrors<DcrEndpoint<Bare>>: Clone, Send, Sync, Unpin, std::fmt::Debug);
assert_impl_all!(FutureOf<HandleErrors<DcrEndpoint<Bare>>>: Send, std::fmt::Debug);
assert_impl_all!(PolicyBackend<Bare>: Send, Sync, std::fmt::Debug, Backend);
assert_impl_all!(PolicyBackend<RecordingBackend>: Clone);
assert_not_impl_any!(PolicyBackend<Bare>: Clone);
assert_impl_all!(Policies: Clone, Default, Send, Sync, std::fmt::Debug, Layer<Bare>);
assert_impl_all!(PolicyFn: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(Rejection: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(Proposal: Send, Sync, std::fmt::Debug);
assert_impl_all!(TokenList: Clone, Send, Sync, std::fmt::Debug, TokenVerifier);
assert_impl_all!(Client: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(ClientChange: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(EndpointBody: Clone, Default, Send, Sync, std::fmt::Debug);

assert_impl_all!(Operation: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(Reply: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(Outcome: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(ClientMetadata: Clone, Send, Sync, std::fmt::Debug);
assert_impl_all!(BearerToken: Clone, Send, Sync, std::fmt::Debug);
// Tokens may only be compared in constant time, so there is no `PartialEq`.
assert_not_impl_any!(BearerToken: PartialEq, std::fmt::Display);
assert_impl_all!(ConfigError: std::error::Error, Send, Sync, Clone, PartialEq);
assert_impl_all!(RegistryError: std::error::Error, Send, Sync);
assert_impl_all!(RegistryConfigError: std::error::Error, Send, Sync);
assert_impl_all!(ClientAuthenticationError: std::error::Error, Send, Sync);
assert_impl_all!(RedirectError: std::error::Error, Send, Sync, Copy, PartialEq);
assert_impl_all!(InvalidBearerToken: std::error::Error, Send, Sync);
assert_impl_all!(MetadataError: std::error::Error, Send, Sync, Copy);
assert_impl_all!(Unavailable: std::error::Error, Send, Sync);
assert_impl_all!(InvalidRealm: std::error::Error, Send, Sync, Clone, PartialEq);
assert_impl_all!(DeserializeError: std::error::Error, Send, Sync, Clone);
assert_impl_all!(SerializeError: std::error::Error, Send, Sync, Clone);
assert_impl_all!(UnknownErrorCode: std::error::Error, Send, Sync, Clone);
assert_impl_all!(ErrorCode: std::str::FromStr, Copy, Eq, std::hash::Hash);

fn layer() -> DcrLayer<Bare> {
    DcrLayer::new(Bare)
}

/// `Router::layer`, and around a finished application.
#[test]
fn axum_takes_the_layer() {
    let app = axum::Router::<()>::new().route("/", axum::routing::get(|| async {}));
    let _: axum::Router = app.clone().layer(layer());
    let _: axum::Router = app
        .clone()
        .layer(layer().endpoint_layer(tower_http::cors::CorsLayer::new()));
    let _: axum::Router = app.clone().layer(layer().boxed());
    let wrapped = layer().layer(app);
    let _ = axum::ServiceExt::<axum::extract::Request>::into_make_service(wrapped);
}

#[tokio::test]
async fn tonic_takes_the_layer() {
    let address = "127.0.0.1:0".parse().unwrap();
    let server = || tonic::transport::Server::builder().accept_http1(true);
    let (_, health) = tonic_health::server::health_reporter();
    let with_cors = layer().endpoint_layer(tower_http::cors::CorsLayer::new());
    let boxed = server()
        .layer(with_cors.clone().boxed())
        .add_service(health.clone());
    boxed.serve_with_shutdown(address, ready(())).await.unwrap();
    let unboxed = server().layer(with_cors).add_service(health);
    unboxed
        .serve_with_shutdown(address, ready(()))
        .await
        .unwrap();
}

/// As a hyper service.
#[test]
fn hyper_takes_the_layer() {
    fn takes<S>(_: S)
    where
        S: hyper::service::Service<Request<Incoming>, Future: Send> + Clone + Send,
        S::Response: Send,
        S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
    }
    let app = tower::service_fn(|_: Request<Incoming>| async {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    takes(TowerToHyperService::new(layer().layer(app)));
    takes(TowerToHyperService::new(layer().boxed().layer(app)));
    takes(TowerToHyperService::new(DcrEndpoint::new(
        RecordingBackend::default(),
    )));
}

#[tokio::test]
async fn layer_works_around_the_least_inner_service() {
    let service = layer().layer(Least(Rc::new(())));
    let request = Request::get("/elsewhere")
        .body(Full::<Bytes>::default())
        .unwrap();
    assert!(tower::ServiceExt::oneshot(service, request).await.is_err());

    let mut service = layer().layer(Least(Rc::new(())));
    let response = service
        .call(support::registration_request(support::CLIENT))
        .await
        .ok()
        .unwrap();
    assert_eq!(response.status(), 403);
}
