//! Settings that the layer takes from a registry.

use std::convert::Infallible;

use http::{Request, Response};
use http_body_util::Full;
use serde_json::json;
use tower::{Layer, ServiceBuilder, service_fn};
use tower_dcr::backend::BackendService;
use tower_dcr::registry::Registry;
use tower_dcr::{Backend, DcrLayer};

use crate::support::{CLIENT, send};

const URL: &str = "https://as.example.com/connect/register";

type Body = Full<bytes::Bytes>;

fn registry(registration_only: bool) -> Registry {
    let builder = Registry::builder(URL).registration_only(registration_only);
    builder.build().unwrap()
}

/// Returns the statuses of a registration at this path, and of a read below it without a token. The
/// application answers 200.
async fn statuses<B: Backend>(layer: &DcrLayer<B>, path: &str) -> [u16; 2] {
    let service = layer.layer(service_fn(|_: Request<Body>| async {
        Ok::<_, Infallible>(Response::new(Body::default()))
    }));
    let register = Request::post(path)
        .header("content-type", "application/json")
        .body(Body::from(CLIENT))
        .unwrap();
    let read = Request::get(format!("{path}/1"))
        .body(Body::default())
        .unwrap();
    let register = send(&service, register).await.status.as_u16();
    [register, send(&service, read).await.status.as_u16()]
}

#[tokio::test]
async fn path_is_that_of_the_registry() {
    let layer = DcrLayer::for_registry(registry(false)).unwrap();
    assert_eq!(statuses(&layer, "/connect/register").await, [201, 401]);
    assert_eq!(statuses(&layer, "/register").await, [200, 200]);
    let document = layer.server_metadata(json!({}));
    assert_eq!(document["registration_endpoint"], URL);
    assert!(document["grant_types_supported"].is_array());
}

#[tokio::test]
async fn registration_only_is_that_of_the_registry() {
    let layer = DcrLayer::for_registry(registry(true)).unwrap();
    assert_eq!(statuses(&layer, "/connect/register").await, [201, 200]);
}

#[tokio::test]
async fn settings_of_a_registry_inside_layers() {
    for registration_only in [false, true] {
        let registry = registry(registration_only);
        let limited = ServiceBuilder::new()
            .load_shed()
            .concurrency_limit(8)
            .service(BackendService::new(registry.clone()));
        let layer = DcrLayer::builder(limited)
            .settings_of(&registry)
            .build()
            .unwrap();
        let read = if registration_only { 200 } else { 401 };
        assert_eq!(statuses(&layer, "/connect/register").await, [201, read]);
        let document = layer.server_metadata(json!({}));
        assert_eq!(document["registration_endpoint"], URL);
        assert!(document["grant_types_supported"].is_array());
    }
}

#[tokio::test]
async fn explicit_path_wins() {
    let registry = registry(false);
    for builder in [
        DcrLayer::builder(registry.clone())
            .registration_path("/register")
            .settings_of(&registry),
        DcrLayer::builder(registry.clone())
            .settings_of(&registry)
            .registration_path("/register"),
    ] {
        let layer = builder.build().unwrap();
        assert_eq!(statuses(&layer, "/register").await, [201, 401]);
        let document = layer.server_metadata(json!({}));
        assert_eq!(document["registration_endpoint"], URL);
    }
}

/// Otherwise clients are told a URL that the layer does not answer.
#[tokio::test]
async fn default_path_is_that_of_the_backend() {
    let registry = registry(false);
    let layers = [
        DcrLayer::new(registry.clone()),
        DcrLayer::builder(registry.clone()).build().unwrap(),
    ];
    for layer in layers {
        assert_eq!(statuses(&layer, "/connect/register").await, [201, 401]);
        assert_eq!(statuses(&layer, "/register").await, [200, 200]);
    }
    let explicit = DcrLayer::builder(registry)
        .registration_path("/register")
        .build()
        .unwrap();
    assert_eq!(statuses(&explicit, "/register").await, [201, 401]);
}
