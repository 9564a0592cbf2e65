//! Where in axum the layer works, and where it does not. Each row of the documented table is a
//! test.

#[path = "support/mod.rs"]
mod support;

use std::convert::Infallible;
use std::future::{Future as _, pending};
use std::pin::pin;
use std::task::{Context, Waker};

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use http::{Request, Response, StatusCode};
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::{Layer, Service, ServiceExt};
use tower_dcr::{DcrLayer, Operation, Reply, backend_fn};

use support::*;

fn dcr() -> DcrLayer<RecordingBackend> {
    DcrLayer::new(RecordingBackend::default())
}

fn page() -> Router {
    Router::new().route("/page", get(async || "page"))
}

async fn not_found() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "the application's 404")
}

/// Sends a registration to this path, and returns the status.
async fn register_at<S, B>(service: &S, path: &str) -> StatusCode
where
    S: Service<Request<axum::body::Body>, Response = Response<B>, Error = Infallible> + Clone,
    B: http_body::Body<Error: std::fmt::Debug>,
{
    let mut request = registration_request(CLIENT).map(axum::body::Body::new);
    *request.uri_mut() = path.parse().unwrap();
    send(service, request).await.status
}

async fn text_at<S, B>(service: &S, path: &str) -> (u16, String)
where
    S: Service<Request<axum::body::Body>, Response = Response<B>, Error = Infallible> + Clone,
    B: http_body::Body<Error: std::fmt::Debug>,
{
    let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
    let response = send(service, request).await;
    (
        response.status.as_u16(),
        String::from_utf8(response.body.to_vec()).unwrap(),
    )
}

#[tokio::test]
async fn last_layer_answers_registrations() {
    let app = page()
        .merge(Router::new().route("/merged", get(async || "merged")))
        .nest("/nested", page())
        .fallback(not_found)
        .layer(dcr());
    assert_eq!(register_at(&app, "/register").await, 201);
    assert_eq!(text_at(&app, "/page").await, (200, "page".into()));
    assert_eq!(text_at(&app, "/merged").await, (200, "merged".into()));
    assert_eq!(text_at(&app, "/nested/page").await, (200, "page".into()));
    assert_eq!(
        text_at(&app, "/elsewhere").await,
        (404, "the application's 404".into())
    );
}

#[tokio::test]
async fn layer_needs_neither_a_route_nor_a_fallback() {
    let app = page().layer(dcr());
    assert_eq!(register_at(&app, "/register").await, 201);
    assert_eq!(text_at(&app, "/elsewhere").await.0, 404);
    let empty = Router::new().layer(dcr());
    assert_eq!(register_at(&empty, "/register").await, 201);
}

#[tokio::test]
async fn layer_around_the_finished_application_comes_before_its_routes() {
    let app = dcr().layer(page().route("/{any}", get(async || "any")));
    assert_eq!(register_at(&app, "/register").await, 201);
    assert_eq!(text_at(&app, "/page").await, (200, "page".into()));
    assert_eq!(text_at(&app, "/other").await, (200, "any".into()));
}

#[tokio::test]
async fn later_fallback_replaces_the_layer() {
    let app = page().layer(dcr()).fallback(not_found);
    assert_eq!(register_at(&app, "/register").await, 404);
}

#[tokio::test]
async fn layered_router_works_if_merged_into_another_but_not_the_reverse() {
    // `other.merge(layered)`: the fallback is the layered one.
    let works = Router::new()
        .route("/other", get(async || "other"))
        .merge(page().fallback(not_found).layer(dcr()));
    assert_eq!(register_at(&works, "/register").await, 201);
    assert_eq!(text_at(&works, "/other").await, (200, "other".into()));

    // `layered.merge(other)`: the fallback is that of `other`, even if `other` set none.
    let lost = page()
        .layer(dcr())
        .merge(Router::new().route("/other", get(async || "other")));
    assert_eq!(register_at(&lost, "/register").await, 404);
    let lost = page().layer(dcr()).merge(
        Router::new()
            .route("/other", get(async || "other"))
            .fallback(not_found),
    );
    assert_eq!(register_at(&lost, "/register").await, 404);
}

#[tokio::test]
async fn later_catch_all_route_takes_the_path() {
    let app = page()
        .layer(dcr())
        .route("/{page}", get(async |Path(page): Path<String>| page));
    assert_eq!(register_at(&app, "/register").await, 405);
    assert_eq!(text_at(&app, "/register").await, (200, "register".into()));

    let added_before = page().route("/{page}", get(async || "any")).layer(dcr());
    assert_eq!(register_at(&added_before, "/register").await, 201);
}

#[tokio::test]
async fn route_layer_only_sees_routed_requests() {
    let app = page().route_layer(dcr());
    assert_eq!(register_at(&app, "/register").await, 404);
}

#[tokio::test]
async fn layer_inside_a_nested_router_needs_a_fallback_and_sees_the_stripped_path() {
    // Without a fallback of its own, a nested router leaves unrouted requests to the outer router.
    let lost = Router::new().nest("/connect", page().layer(dcr()));
    assert_eq!(register_at(&lost, "/connect/register").await, 404);
    assert_eq!(register_at(&lost, "/register").await, 404);

    // With a fallback, the layer sees the path without the prefix.
    let stripped = Router::new().nest("/connect", page().fallback(not_found).layer(dcr()));
    assert_eq!(register_at(&stripped, "/connect/register").await, 201);

    let full = DcrLayer::builder(RecordingBackend::default())
        .registration_path("/connect/register")
        .build()
        .unwrap();
    let full = Router::new().nest("/connect", page().fallback(not_found).layer(full));
    assert_eq!(register_at(&full, "/connect/register").await, 404);
}

#[tokio::test]
async fn layer_outside_a_nested_router_uses_the_full_path() {
    let dcr = DcrLayer::builder(RecordingBackend::default())
        .registration_path("/connect/register")
        .build()
        .unwrap();
    let app = Router::new().nest("/connect", page()).layer(dcr);
    assert_eq!(register_at(&app, "/connect/register").await, 201);
    assert_eq!(text_at(&app, "/connect/page").await, (200, "page".into()));
}

#[tokio::test]
async fn endpoint_works_as_a_route_service_and_as_a_nested_service() {
    let endpoint = tower_dcr::DcrEndpoint::new(RecordingBackend::default());
    let routed = page()
        .route_service("/register", endpoint.clone())
        .route_service("/register/{client_id}", endpoint.clone());
    assert_eq!(register_at(&routed, "/register").await, 201);
    assert_eq!(text_at(&routed, "/page").await, (200, "page".into()));

    // A nested service sees the path without the prefix.
    let nested = Router::new().nest_service("/connect", endpoint);
    assert_eq!(register_at(&nested, "/connect/register").await, 201);
    let nested = Router::new().nest_service("/connect", dcr().layer(page()));
    assert_eq!(register_at(&nested, "/connect/register").await, 201);
    assert_eq!(
        text_at(&nested, "/connect/page").await,
        (200, "page".into())
    );
}

#[tokio::test]
async fn layer_takes_its_paths_from_the_application() {
    let app = Router::new()
        .route("/register", get(async || "sign up here"))
        .layer(dcr());
    let (status, body) = text_at(&app, "/register").await;
    assert_eq!(status, 405);
    assert!(body.contains("invalid_request"));
}

/// axum applies a layer once for each route.
#[tokio::test]
async fn endpoint_layer_state_is_shared_by_a_hundred_routes() {
    let never = backend_fn(|_: Operation| pending::<Result<Reply, Infallible>>());
    let dcr = DcrLayer::new(never)
        .endpoint_layer(ConcurrencyLimitLayer::new(1))
        .endpoint_layer(LoadShedLayer::new());
    let app = (0..100)
        .fold(Router::new(), |app, n| {
            app.route(&format!("/{n}"), get(async || ""))
        })
        // With a route on each of the two paths, each path has a service of its own.
        .route("/register", get(async || ""))
        .route("/register/{client_id}", get(async || ""))
        .layer(dcr);
    let mut first = pin!(
        app.clone()
            .oneshot(registration_request(CLIENT).map(axum::body::Body::new))
    );
    assert!(
        first
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    assert_eq!(register_at(&app, "/register").await, 503);
    let read = configuration_request("GET", "/register/1", "token", "").map(axum::body::Body::new);
    assert_eq!(send(&app, read).await.status, 503);
}

/// axum writes the size of a body into `Content-Length`, which a 204 must not have (RFC 9110
/// section 8.6). hyper removes it from HTTP/1.1 responses, but not from HTTP/2 responses.
#[tokio::test]
async fn no_content_has_no_content_length_in_axum() {
    for app in [page().fallback(not_found).layer(dcr()), page().layer(dcr())] {
        let options = Request::options("/register").body(axum::body::Body::empty());
        let delete = configuration_request("DELETE", "/register/1", "token", "");
        for request in [options.unwrap(), delete.map(axum::body::Body::new)] {
            let response = send(&app, request).await;
            assert_eq!(response.status, 204);
            assert_eq!(response.header("content-length"), None);
        }
    }
}

/// axum adds an `Allow` of its own to the response of a method router. Around the application, the
/// layer is outside of it.
#[tokio::test]
async fn layer_around_the_application_has_no_foreign_allow() {
    let app = dcr().layer(Router::new().route("/{page}", get(async || "a page")));
    let request = registration_request(CLIENT).map(axum::body::Body::new);
    let response = send(&app, request).await;
    assert_eq!(
        (response.status.as_u16(), response.header("allow")),
        (201, None)
    );
}
