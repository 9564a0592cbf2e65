//! The recommended set: an axum application with open registration that is bounded.
//!
//! `cargo run --example production`, with the environment of the axum example. `/metrics` counts what happened.
//!
//! Around the backend: policies, and no more than so many operations at once; who comes then is told so. Around the
//! endpoints, from the inside to the outside: panics answered; so many registrations and requests from one address; CORS,
//! around all that answers; counts; traces, with tokens kept out of them.
//!
//! What `axum::serve` does not bound, how many connections there are and how long the head of a request takes, is for the
//! proxy in front.

mod common;
#[path = "common/error.rs"]
mod error;
#[path = "common/limit.rs"]
mod limit;

use std::any::Any;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::routing::get;
use axum::{Json, Router};
use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use metrics::{counter, histogram};
use metrics_exporter_prometheus::PrometheusBuilder;
use tower::ServiceBuilder;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::util::MapResponseLayer;
use tower_dcr::backend::BackendService;
use tower_dcr::policy::{MaxRedirectUris, PolicyLayer, SelfAssertedUris};
use tower_dcr::{DcrLayer, ErrorCode, Outcome};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::map_response_body::MapResponseBodyLayer;
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::{Level, Span};

#[tokio::main]
async fn main() -> Result<(), common::Failure> {
    common::log();
    let metrics = PrometheusBuilder::new().install_recorder()?;
    // It keeps each measurement until somebody tells it to sum them up.
    let upkeep = metrics.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            upkeep.run_upkeep();
        }
    });
    let (listener, base_url) = common::listen().await?;
    let (backend, supported) = common::backend::from_env(&base_url)?;

    let backend = ServiceBuilder::new()
        // Here, and not around the endpoint: who sends a body slowly would keep others out there.
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(64))
        .layer_fn(BackendService::new)
        .layer(PolicyLayer::new(MaxRedirectUris::new(10)))
        // Nobody shows users the logo of somebody else.
        .layer(PolicyLayer::new(
            SelfAssertedUris::dropped_elsewhere().on_every_redirect_host(),
        ))
        .service(backend);
    let dcr = DcrLayer::builder(backend)
        .body_limit(32 * 1024)
        .build()?
        .endpoint_layer(CatchPanicLayer::custom(panicked))
        // What comes now answers with bodies of axum's.
        .endpoint_layer(MapResponseBodyLayer::new(Body::new))
        .endpoint_layer(limit::registrations(5, Duration::from_secs(60 * 60)))
        .endpoint_layer(limit::requests(30, Duration::from_secs(1)))
        // Around all that answers: errors have its headers, too.
        .endpoint_layer(common::cors())
        .endpoint_layer(MapResponseLayer::new(count))
        .endpoint_layer(
            TraceLayer::new_for_http()
                .make_span_with(span)
                .on_response(DefaultOnResponse::new().level(Level::INFO))
                // The cause of each failure is in the log already.
                .on_failure(()),
        )
        // Before the trace sees the request.
        .endpoint_layer(SetSensitiveRequestHeadersLayer::new([AUTHORIZATION]));

    let metadata = Json(common::authorization_server_metadata(&base_url, supported));
    let app = Router::new()
        .route("/", get(async || "A page of the application.\n"))
        .route(
            "/.well-known/oauth-authorization-server",
            get(async move || metadata).layer(common::cors()),
        )
        // Keep it from the public: by the proxy in front, or on a listener of its own.
        .route("/metrics", get(async move || metrics.render()))
        .layer(dcr);

    common::print_what_to_try(&base_url);
    println!("# what happened\ncurl -sS {base_url}/metrics\n");
    // The limit needs to know the peer.
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::select! {
        served = axum::serve(listener, service).with_graceful_shutdown(common::stop()) => served?,
        () = common::stop_and_patience() => {}
    }
    Ok(())
}

/// Counts what became of each request on the paths of registration. All labels are from closed sets. What a layer answered
/// by itself has no `Outcome`: a preflight, a 429, the 500 of a panic.
fn count<B>(response: Response<B>) -> Response<B> {
    let outcome = response.extensions().get::<Outcome>();
    let operation = outcome.and_then(Outcome::operation);
    let error = outcome.and_then(Outcome::error);
    let status = response.status().as_str().to_owned();
    counter!(
        "dcr_requests_total",
        "operation" => operation.map_or("none", |operation| operation.as_str()),
        "status" => status,
        "error" => error.map_or("none", |error| error.as_str()),
    )
    .increment(1);
    if let (Some(outcome), Some(operation)) = (outcome, operation) {
        histogram!("dcr_seconds", "operation" => operation.as_str()).record(outcome.elapsed());
    }
    response
}

/// The path alone: somebody may put a token into the query, where it does not belong.
fn span<B>(request: &Request<B>) -> Span {
    tracing::info_span!("request", method = %request.method(), path = request.uri().path())
}

/// The panic has been reported already; the client learns nothing of it.
fn panicked(_: Box<dyn Any + Send>) -> Response<Body> {
    error::response(
        StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::ServerError,
        "The registration service failed.",
    )
}
