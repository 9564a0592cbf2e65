//! An axum application with open registration and the recommended limits.
//!
//! Run it with `cargo run --example production`. The environment variables are those of the axum
//! example. `/metrics` has the counters.
//!
//! Around the backend, from the outside to the inside:
//!
//! - at most 64 operations at a time; excess operations get an immediate 503
//! - policies
//!
//! Around the registration endpoint, from the outside to the inside:
//!
//! - traces, without tokens
//! - counters
//! - CORS, also for errors
//! - a limit of requests, and one of registrations, from one address
//! - a 500 for a panic
//!
//! `axum::serve` limits neither the number of connections nor the time for the head of a request.
//! Leave that to a proxy in front.

mod common;
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
use tower_dcr::policy::{FetchedUris, MaxRedirectUris, Policies, SelfAssertedUris};
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
    // Without upkeep, the recorder keeps every single measurement.
    let upkeep = metrics.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            upkeep.run_upkeep();
        }
    });
    let (listener, base_url) = common::listen().await?;
    let clients = common::backend::from_env(&base_url)?;

    // Unauthenticated callers can trigger the policies, so none of them calls another service.
    let policies = Policies::new()
        .with(MaxRedirectUris::new(10))
        // A client must not show the logo of another company.
        .with(SelfAssertedUris::drop_other_hosts().on_every_redirect_host(true))
        // A client must not make the server fetch a URI in its own network.
        .with(FetchedUris::none().allow_public_hosts(true));
    let backend = ServiceBuilder::new()
        // The limit is here, and not around the endpoint. There, slow uploads would use up the
        // slots.
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(64))
        .layer_fn(BackendService::new)
        .layer(policies)
        .service(clients.clone());
    let dcr = DcrLayer::builder(backend)
        .server_metadata_of(&clients)
        .registration_endpoint(format!("{base_url}/register"))
        .registration_path("/register")
        .body_limit(32 * 1024)
        .build()?
        .endpoint_layer(CatchPanicLayer::custom(panicked))
        // The layers added after this one answer with axum's bodies.
        .endpoint_layer(MapResponseBodyLayer::new(Body::new))
        .endpoint_layer(limit::registrations(5, Duration::from_secs(60 * 60)))
        .endpoint_layer(limit::requests(30, Duration::from_secs(1)))
        // Around all layers that answer, so that errors have the CORS headers too.
        .endpoint_layer(common::cors())
        .endpoint_layer(MapResponseLayer::new(count))
        .endpoint_layer(
            TraceLayer::new_for_http()
                .make_span_with(span)
                .on_response(DefaultOnResponse::new().level(Level::INFO))
                // The registration service logs the cause of each failure already.
                .on_failure(()),
        )
        // Outside the trace, so that it does not log the token.
        .endpoint_layer(SetSensitiveRequestHeadersLayer::new([AUTHORIZATION]));

    let metadata = common::authorization_server_metadata(&base_url);
    let metadata = Json(dcr.server_metadata(metadata));
    let app = Router::new()
        .route("/", get(async || "A page of the application.\n"))
        .route(
            "/.well-known/oauth-authorization-server",
            get(async move || metadata).layer(common::cors()),
        )
        // Do not publish it: let the proxy in front refuse it, or use a separate listener.
        .route("/metrics", get(async move || metrics.render()))
        .layer(dcr);

    common::print_what_to_try(&base_url);
    println!("# the counters\ncurl -sS {base_url}/metrics\n");
    // The limits need the address of the peer.
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::select! {
        served = axum::serve(listener, service).with_graceful_shutdown(common::stop()) => served?,
        () = common::stop_and_patience() => {}
    }
    Ok(())
}

/// Counts the requests to the registration endpoint. All labels come from closed sets. A response
/// of an endpoint layer has no `Outcome`: a preflight, a 429, the 500 of a panic.
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

/// Records the path without the query, which may contain a token by mistake.
fn span<B>(request: &Request<B>) -> Span {
    tracing::info_span!("request", method = %request.method(), path = request.uri().path())
}

/// Answers after a panic. The panic hook has reported it, and the client learns nothing about it.
fn panicked(_: Box<dyn Any + Send>) -> Response<Body> {
    let failed = ErrorCode::ServerError.response(
        StatusCode::INTERNAL_SERVER_ERROR,
        "The registration service failed.",
    );
    failed.map(Body::new)
}
