//! `registration_path("/t/{tenant}/register")`.

use std::convert::Infallible;

use http::request::Parts;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, service_fn};
use tower_dcr::operation::{PathParams, Register};
use tower_dcr::{
    BearerToken, BoxError, ClientMetadata, ConfigError, DcrBuilder, DcrEndpoint, DcrLayer,
    Operation, Reply, backend_fn,
};

use crate::support::{CLIENT, RecordingBackend, TestResponse, configuration_request, send};

fn builder(recorder: &RecordingBackend) -> DcrBuilder<RecordingBackend> {
    DcrLayer::builder(recorder.clone()).registration_path("/t/{tenant}/register")
}

fn register_at(path: &str) -> Request<Full<bytes::Bytes>> {
    Request::post(path)
        .header("content-type", "application/json")
        .body(Full::<bytes::Bytes>::from(CLIENT))
        .unwrap()
}

async fn register(endpoint: &DcrEndpoint<RecordingBackend>, path: &str) -> TestResponse {
    send(endpoint, register_at(path)).await
}

#[tokio::test]
async fn named_segment_matches_exactly_one_segment() {
    let recorder = RecordingBackend::default();
    let endpoint = builder(&recorder).build_endpoint().unwrap();
    for path in [
        "/t/blue/register",
        "/t/blue/register?x=1",
        "/t/a.b/register",
    ] {
        assert_eq!(register(&endpoint, path).await.status, 201, "{path}");
    }
    for path in [
        "/t/register",
        "/t//register",
        "/t/blue/green/register",
        "/t/blue/register/",
        "/u/blue/register",
        "/t/blue",
        "/x/t/blue/register",
    ] {
        let refused = register(&endpoint, path).await;
        // `/t/blue/register/` and the like are not paths of this endpoint.
        assert!(
            [404, 405].contains(&refused.status.as_u16()),
            "{path}: {refused:?}"
        );
    }
    assert_eq!(recorder.calls(), 3);
}

#[tokio::test]
async fn other_paths_go_to_the_application() {
    let app = service_fn(|request: Request<Full<bytes::Bytes>>| async move {
        Ok::<_, Infallible>(Response::new(request.uri().path().to_owned()))
    });
    let service = builder(&RecordingBackend::default())
        .build()
        .unwrap()
        .layer(app);
    for path in [
        "/t//register",
        "/t/register",
        "/t/a/b/register",
        "/t/a/register/",
        "/t",
    ] {
        let response = send(&service, register_at(path)).await;
        assert_eq!(
            (response.status.as_u16(), &*response.body),
            (200, path.as_bytes()),
            "{path}"
        );
    }
    assert_eq!(
        send(&service, register_at("/t/a/register")).await.status,
        201
    );
}

#[tokio::test]
async fn value_is_decoded_once_and_reaches_the_backend() {
    let recorder = RecordingBackend::default();
    let endpoint = builder(&recorder).build_endpoint().unwrap();
    for (segment, value) in [
        ("blue", "blue"),
        ("a%2Fb", "a/b"),
        ("a%252F", "a%2F"),
        ("%20", " "),
    ] {
        let path = format!("/t/{segment}/register");
        assert_eq!(register(&endpoint, &path).await.status, 201);
        let operation = recorder.operations().pop().unwrap();
        assert_eq!(operation.path_param("tenant"), Some(value));
        assert_eq!(operation.path_param("other"), None);

        let read = configuration_request("GET", &format!("{path}/client-1"), "token", "");
        assert_eq!(send(&endpoint, read).await.status, 200);
        let operation = recorder.operations().pop().unwrap();
        assert_eq!(operation.path_param("tenant"), Some(value));
        assert_eq!(operation.client_id(), Some("client-1"));
    }
}

#[tokio::test]
async fn value_that_names_nothing_is_an_unknown_tenant() {
    let recorder = RecordingBackend::default();
    let endpoint = builder(&recorder).build_endpoint().unwrap();
    for segment in [
        "..",
        ".",
        "%2e%2E",
        "a%zz",
        "%00",
        "%C3%A9",
        &"a".repeat(2_049),
    ] {
        let path = format!("/t/{segment}/register");
        register(&endpoint, &path)
            .await
            .assert_error(404, "invalid_request");
        let read = send(
            &endpoint,
            configuration_request("GET", &format!("{path}/1"), "t", ""),
        )
        .await;
        read.assert_error(401, "invalid_token");
    }
    assert_eq!(recorder.calls(), 0);
}

#[tokio::test]
async fn value_reaches_the_verifier() {
    let endpoint = builder(&RecordingBackend::default())
        .require_initial_access_token(|token: BearerToken, parts: &Parts| {
            let tenant = PathParams::of(parts).get("tenant").map(str::to_owned);
            async move { Ok::<_, BoxError>(tenant.as_deref() == Some(token.as_str())) }
        })
        .build_endpoint()
        .unwrap();
    for (tenant, token, status) in [("blue", "blue", 201), ("blue", "green", 401)] {
        let mut request = register_at(&format!("/t/{tenant}/register"));
        let bearer = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        assert_eq!(send(&endpoint, request).await.status, status);
    }
}

#[tokio::test]
async fn value_reaches_endpoint_layers() {
    let layer = builder(&RecordingBackend::default()).build().unwrap();
    let layer = layer.endpoint_layer(tower::util::MapRequestLayer::new(
        |request: Request<Full<bytes::Bytes>>| {
            let params = request.extensions().get::<PathParams>().unwrap();
            assert_eq!(params.iter().collect::<Vec<_>>(), [("tenant", "blue")]);
            request
        },
    ));
    let app = service_fn(|_: Request<Full<bytes::Bytes>>| async {
        Ok::<_, Infallible>(Response::new(String::new()))
    });
    assert_eq!(
        send(&layer.layer(app), register_at("/t/blue/register"))
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn several_names_keep_their_order() {
    let backend = backend_fn(|operation: Operation| async move {
        let params = PathParams::of(operation.parts());
        assert_eq!(
            params.iter().collect::<Vec<_>>(),
            [("region", "eu"), ("tenant", "blue")]
        );
        Ok::<_, Infallible>(Reply::created("{}"))
    });
    let endpoint = DcrLayer::builder(backend)
        .registration_path("/{region}/x/{tenant}")
        .configuration_path("/clients/{region}/{tenant}")
        .build_endpoint()
        .unwrap();
    assert_eq!(send(&endpoint, register_at("/eu/x/blue")).await.status, 201);
}

#[test]
fn invalid_names_are_configuration_errors_that_say_what_to_write() {
    for (path, suggestion) in [
        ("/t/{client_id}/register", "/t/register"),
        ("/t/{}/register", "/t/register"),
        ("/t/{a-b}/register", "/t/{a_b}/register"),
        ("/t/<tenant>/register", "/t/{tenant}/register"),
        ("/t/:tenant/register", "/t/{tenant}/register"),
        ("/t/{*rest}/register", "/t/register"),
        ("/t/{tenant/register", "/t/{tenant}/register"),
        ("/t/tenant}/register", "/t/{tenant}/register"),
        ("/t/x{tenant}/register", "/t/{tenant}/register"),
        ("/t/{tenant}/{tenant}/register", "/t/{tenant}/register"),
        ("/t/{ténant}/register", "/t/register"),
        ("t/{tenant}/register", "/t/{tenant}/register"),
        ("/t/{tenant}/register/", "/t/{tenant}/register"),
    ] {
        for built in [
            DcrLayer::builder(RecordingBackend::default())
                .registration_path(path)
                .build(),
            DcrLayer::builder(RecordingBackend::default())
                .configuration_path(path)
                .build(),
        ] {
            let message = built.unwrap_err().to_string();
            assert!(
                message.ends_with(&format!(": write {suggestion:?}")),
                "{message}"
            );
        }
    }
}

#[test]
fn templates_that_overlap_are_configuration_errors() {
    for (registration, configuration) in [
        ("/t/{tenant}/register", "/t/{tenant}"),
        ("/t/{tenant}/register", "/t/blue"),
        ("/t/blue/register", "/t/{tenant}"),
        ("/a/{x}", "/a"),
        ("/{x}/b", "/a"),
    ] {
        let built = DcrLayer::builder(RecordingBackend::default())
            .registration_path(registration)
            .configuration_path(configuration);
        let error = built.build().unwrap_err();
        assert!(
            matches!(error, ConfigError::Overlap { .. }),
            "{registration} {configuration}"
        );
    }
    for (registration, configuration) in [
        ("/t/{tenant}/register", "/t/{tenant}/clients"),
        ("/t/{tenant}/register", "/t/{tenant}/register"),
        ("/t/{tenant}/register", "/u/{tenant}"),
    ] {
        let built = DcrLayer::builder(RecordingBackend::default())
            .registration_path(registration)
            .configuration_path(configuration);
        assert!(built.build().is_ok(), "{registration} {configuration}");
    }
}

#[test]
fn paths_with_different_names_are_configuration_errors() {
    for (registration, configuration) in [
        ("/t/{tenant}/register", "/clients"),
        ("/register", "/t/{tenant}/clients"),
        ("/t/{tenant}/register", "/t/{realm}/clients"),
    ] {
        let builder = || {
            DcrLayer::builder(RecordingBackend::default())
                .registration_path(registration)
                .configuration_path(configuration)
        };
        let error = builder().build().unwrap_err();
        assert!(
            matches!(error, ConfigError::DifferentNames { .. }),
            "{error}"
        );
        assert!(error.to_string().contains(": write the same names in both"));
        // An unused configuration path does not matter.
        assert!(builder().registration_only(true).build().is_ok());
    }
}

#[test]
fn params_can_be_made_by_hand() {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts
        .extensions
        .insert(PathParams::from_iter([("tenant", "blue")]));
    let metadata = ClientMetadata::parse("{}").unwrap();
    let operation = Operation::from(Register::new(metadata)).with_parts(parts);
    assert_eq!(operation.path_param("tenant"), Some("blue"));
}
