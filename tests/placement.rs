//! Where in axum the layer works, and where it does not: each row of the README's table.

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

fn dcr() -> DcrLayer<Recorder> {
    DcrLayer::new(Recorder::default())
}

fn page() -> Router {
    Router::new().route("/page", get(async || "page"))
}

async fn not_found() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "the application's 404")
}

/// Registers at this path, and gives the status.
async fn register_at<S, B>(service: &S, path: &str) -> StatusCode
where
    S: Service<Request<axum::body::Body>, Response = Response<B>, Error = Infallible> + Clone,
    B: http_body::Body<Error: std::fmt::Debug>,
{
    let mut request = register(CLIENT).map(axum::body::Body::new);
    *request.uri_mut() = path.parse().unwrap();
    ask(service, request).await.status
}

async fn text_at<S, B>(service: &S, path: &str) -> (u16, String)
where
    S: Service<Request<axum::body::Body>, Response = Response<B>, Error = Infallible> + Clone,
    B: http_body::Body<Error: std::fmt::Debug>,
{
    let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
    let answer = ask(service, request).await;
    (
        answer.status.as_u16(),
        String::from_utf8(answer.body.to_vec()).unwrap(),
    )
}

#[tokio::test]
async fn as_the_last_layer() {
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
async fn without_a_route_of_its_own_and_without_a_fallback() {
    let app = page().layer(dcr());
    assert_eq!(register_at(&app, "/register").await, 201);
    assert_eq!(text_at(&app, "/elsewhere").await.0, 404);
    let empty = Router::new().layer(dcr());
    assert_eq!(register_at(&empty, "/register").await, 201);
}

#[tokio::test]
async fn around_the_finished_application() {
    let app = dcr().layer(page().route("/{any}", get(async || "any")));
    assert_eq!(register_at(&app, "/register").await, 201);
    assert_eq!(text_at(&app, "/page").await, (200, "page".into()));
    assert_eq!(text_at(&app, "/other").await, (200, "any".into()));
}

#[tokio::test]
async fn before_a_later_fallback_it_is_lost() {
    let app = page().layer(dcr()).fallback(not_found);
    assert_eq!(register_at(&app, "/register").await, 404);
}

#[tokio::test]
async fn in_a_router_that_another_is_merged_into() {
    // `other.merge(layered)`: the fallback is the layered one.
    let works = Router::new()
        .route("/other", get(async || "other"))
        .merge(page().fallback(not_found).layer(dcr()));
    assert_eq!(register_at(&works, "/register").await, 201);
    assert_eq!(text_at(&works, "/other").await, (200, "other".into()));

    // `layered.merge(other)`: the fallback is the other's, whether it was set or not.
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
async fn under_a_later_route_that_catches_all_it_is_lost() {
    let app = page()
        .layer(dcr())
        .route("/{page}", get(async |Path(page): Path<String>| page));
    assert_eq!(register_at(&app, "/register").await, 405);
    assert_eq!(text_at(&app, "/register").await, (200, "register".into()));

    let added_before = page().route("/{page}", get(async || "any")).layer(dcr());
    assert_eq!(register_at(&added_before, "/register").await, 201);
}

#[tokio::test]
async fn as_a_route_layer_it_sees_routed_requests_alone() {
    let app = page().route_layer(dcr());
    assert_eq!(register_at(&app, "/register").await, 404);
}

#[tokio::test]
async fn inside_a_nested_router() {
    // Without a fallback of its own, what is not routed goes to the outer router.
    let lost = Router::new().nest("/connect", page().layer(dcr()));
    assert_eq!(register_at(&lost, "/connect/register").await, 404);
    assert_eq!(register_at(&lost, "/register").await, 404);

    // With one, it sees the path without the prefix.
    let stripped = Router::new().nest("/connect", page().fallback(not_found).layer(dcr()));
    assert_eq!(register_at(&stripped, "/connect/register").await, 201);

    let full = DcrLayer::builder(Recorder::default())
        .registration_path("/connect/register")
        .build()
        .unwrap();
    let full = Router::new().nest("/connect", page().fallback(not_found).layer(full));
    assert_eq!(register_at(&full, "/connect/register").await, 404);
}

#[tokio::test]
async fn outside_a_nested_router_with_the_full_path() {
    let dcr = DcrLayer::builder(Recorder::default())
        .registration_path("/connect/register")
        .build()
        .unwrap();
    let app = Router::new().nest("/connect", page()).layer(dcr);
    assert_eq!(register_at(&app, "/connect/register").await, 201);
    assert_eq!(text_at(&app, "/connect/page").await, (200, "page".into()));
}

#[tokio::test]
async fn as_a_service_of_a_route_or_a_nest() {
    let endpoint = tower_dcr::DcrEndpoint::new(Recorder::default());
    let routed = page()
        .route_service("/register", endpoint.clone())
        .route_service("/register/{client_id}", endpoint.clone());
    assert_eq!(register_at(&routed, "/register").await, 201);
    assert_eq!(text_at(&routed, "/page").await, (200, "page".into()));

    // It sees the path without the prefix.
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
async fn it_takes_the_path_from_the_application() {
    let app = Router::new()
        .route("/register", get(async || "sign up here"))
        .layer(dcr());
    let (status, body) = text_at(&app, "/register").await;
    assert_eq!(status, 405);
    assert!(body.contains("invalid_request"));
}

/// axum applies a layer once for each route.
#[tokio::test]
async fn with_a_hundred_routes_an_endpoint_layers_state_is_one() {
    let never = backend_fn(|_: Operation| pending::<Result<Reply, Infallible>>());
    let dcr = DcrLayer::new(never)
        .endpoint_layer(ConcurrencyLimitLayer::new(1))
        .endpoint_layer(LoadShedLayer::new());
    let app = (0..100)
        .fold(Router::new(), |app, n| {
            app.route(&format!("/{n}"), get(async || ""))
        })
        // Where each of these two paths has a route, each has a service of its own.
        .route("/register", get(async || ""))
        .route("/register/{client_id}", get(async || ""))
        .layer(dcr);
    let mut first = pin!(
        app.clone()
            .oneshot(register(CLIENT).map(axum::body::Body::new))
    );
    assert!(
        first
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    assert_eq!(register_at(&app, "/register").await, 503);
    let read = configure("GET", "/register/1", "token", "").map(axum::body::Body::new);
    assert_eq!(ask(&app, read).await.status, 503);
}
