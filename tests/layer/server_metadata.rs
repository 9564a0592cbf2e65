//! What registration adds to the server's metadata document.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use tower_dcr::backend::SharedBackend;
use tower_dcr::{Backend, BoxError, ConfigError, DcrLayer, Operation, Reply};

use crate::support::{CLIENT, RecordingBackend, registration_request, send};

/// A backend with a fixed URL.
#[derive(Clone)]
struct Fixed;

impl Backend for Fixed {
    type Error = BoxError;

    async fn execute(&self, _: Operation) -> Result<Reply, BoxError> {
        Ok(Reply::created("{}"))
    }

    fn server_metadata(&self) -> Map<String, Value> {
        let members = json!({
            "registration_endpoint": "https://as.example.com/register",
            "grant_types_supported": ["authorization_code"],
        });
        members.as_object().cloned().unwrap_or_default()
    }
}

#[test]
fn members_of_the_backend_replace_those_of_the_document() {
    for layer in [
        DcrLayer::new(SharedBackend::new(Fixed)),
        DcrLayer::new(SharedBackend::new(Arc::new(Fixed))),
        DcrLayer::builder(SharedBackend::new(Fixed))
            .build()
            .unwrap(),
    ] {
        let document = layer.server_metadata(json!({
            "issuer": "https://as.example.com",
            "grant_types_supported": ["password"],
        }));
        assert_eq!(
            document,
            json!({
                "issuer": "https://as.example.com",
                "registration_endpoint": "https://as.example.com/register",
                "grant_types_supported": ["authorization_code"],
            })
        );
    }
}

#[tokio::test]
async fn registration_endpoint_sets_the_path_and_is_announced() {
    let layer = DcrLayer::builder(RecordingBackend::default())
        .registration_endpoint("https://as.example.com/connect/register")
        .build()
        .unwrap();
    let document = layer.server_metadata(json!({}));
    assert_eq!(
        document,
        json!({ "registration_endpoint": "https://as.example.com/connect/register" })
    );
    let endpoint = DcrLayer::builder(RecordingBackend::default())
        .registration_endpoint("https://as.example.com/connect/register")
        .build_endpoint()
        .unwrap();
    let mut request = registration_request(CLIENT);
    *request.uri_mut() = "/connect/register".parse().unwrap();
    assert_eq!(send(&endpoint, request).await.status, 201);
}

#[tokio::test]
async fn explicit_path_stays_behind_a_proxy_that_strips_a_prefix() {
    let builder = || {
        DcrLayer::builder(RecordingBackend::default())
            .registration_endpoint("https://as.example.com/auth/register")
            .registration_path("/register")
    };
    let endpoint = builder().build_endpoint().unwrap();
    assert_eq!(
        send(&endpoint, registration_request(CLIENT)).await.status,
        201
    );
    let document = builder().build().unwrap().server_metadata(json!({}));
    assert_eq!(
        document["registration_endpoint"],
        "https://as.example.com/auth/register"
    );
}

#[test]
fn invalid_endpoint_urls_are_configuration_errors() {
    for url in [
        "",
        "/register",
        "as.example.com/register",
        "ftp://as.example.com/register",
        "https://as.example.com",
        "https:///register",
        "https://user@as.example.com/register",
        "https://as.example.com/register?x",
        "https://as.example.com/register#x",
        "https://as.exa mple.com/register",
    ] {
        let error = DcrLayer::builder(RecordingBackend::default())
            .registration_endpoint(url)
            .build()
            .unwrap_err();
        assert!(
            matches!(error, ConfigError::InvalidEndpoint { .. }),
            "{url}: {error}"
        );
        assert!(
            error
                .to_string()
                .contains(": write something like \"https://"),
            "{error}"
        );
    }
    // The rules for paths hold for the path of the URL, and the error is about the URL.
    let error = DcrLayer::builder(RecordingBackend::default())
        .registration_endpoint("https://as.example.com/a//b")
        .build()
        .unwrap_err();
    assert!(
        matches!(error, ConfigError::InvalidEndpoint { .. }),
        "{error}"
    );
}

#[test]
fn backend_with_a_fixed_url_under_a_named_segment_is_a_configuration_error() {
    let error = DcrLayer::builder(Fixed)
        .registration_path("/t/{tenant}/register")
        .build()
        .unwrap_err();
    assert!(matches!(error, ConfigError::FixedEndpoint { .. }));
    assert!(
        error.to_string().contains("`DcrLayer::select_backend`"),
        "{error}"
    );
}
