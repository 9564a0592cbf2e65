//! Rows 1 and 2: the methods, and the operation that each one asks for.

use http::Request;
use http_body_util::Full;
use tower_dcr::DcrEndpoint;
use tower_dcr::operation::OperationKind;

use super::support::*;

#[tokio::test]
async fn options_returns_204_with_allow() {
    let recorder = RecordingBackend::default();
    let endpoint = DcrEndpoint::new(recorder.clone());
    for (path, allow) in [
        ("/register", "POST, OPTIONS"),
        ("/register?access_token=x", "POST, OPTIONS"),
        ("/register/1", "GET, PUT, DELETE, OPTIONS"),
        ("/register/%zz", "GET, PUT, DELETE, OPTIONS"),
    ] {
        let request = Request::options(path)
            .body(Full::<bytes::Bytes>::default())
            .unwrap();
        let response = send(&endpoint, request).await;
        assert_eq!(response.status.as_u16(), 204);
        response.assert_well_formed();
        assert_eq!(response.header("allow"), Some(allow));
        assert_eq!(response.outcome.unwrap().operation(), None);
    }
    assert_eq!(recorder.calls(), 0);
}

#[tokio::test]
async fn other_methods_return_405_with_allow() {
    let recorder = RecordingBackend::default();
    let endpoint = DcrEndpoint::new(recorder.clone());
    for (path, allow, methods) in [
        (
            "/register",
            "POST, OPTIONS",
            [
                "GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE", "post", "BREW",
            ],
        ),
        (
            "/register/1",
            "GET, PUT, DELETE, OPTIONS",
            [
                "POST", "HEAD", "PATCH", "TRACE", "get", "put", "delete", "BREW",
            ],
        ),
    ] {
        for method in methods {
            let response = send(
                &endpoint,
                configuration_request(method, path, "token", CLIENT),
            )
            .await;
            assert_eq!(response.header("allow"), Some(allow), "{method} {path}");
            if method == "HEAD" {
                response.assert_head_of_error(405);
            } else {
                response.assert_error(405, "invalid_request");
            }
        }
    }
    assert_eq!(recorder.calls(), 0);
}

#[tokio::test]
async fn each_method_has_its_operation() {
    let recorder = RecordingBackend::default();
    let endpoint = DcrEndpoint::new(recorder.clone());
    for (method, path, kind, status) in [
        ("POST", "/register", OperationKind::Register, 201),
        ("GET", "/register/1", OperationKind::Read, 200),
        ("PUT", "/register/1", OperationKind::Update, 200),
        ("DELETE", "/register/1", OperationKind::Delete, 204),
    ] {
        let response = send(
            &endpoint,
            configuration_request(method, path, "token", CLIENT),
        )
        .await;
        assert_eq!(response.status.as_u16(), status);
        response.assert_well_formed();
        assert_eq!(response.outcome.unwrap().operation(), Some(kind));

        let operation = recorder.operations().pop().unwrap();
        assert_eq!(operation.kind(), kind);
        assert_eq!(operation.token().unwrap().as_str(), "token");
        assert_eq!(
            operation.client_id(),
            (path == "/register/1").then_some("1")
        );
        let metadata = operation.metadata().map(tower_dcr::ClientMetadata::as_str);
        assert_eq!(metadata, matches!(method, "POST" | "PUT").then_some(CLIENT));
    }
}

#[tokio::test]
async fn operation_has_the_request_without_authorization() {
    #[derive(Clone, Debug, PartialEq)]
    struct Peer(u8);

    let recorder = RecordingBackend::default();
    let endpoint = DcrEndpoint::new(recorder.clone());
    for (method, path) in [
        ("POST", "/register?tenant=1"),
        ("GET", "/register/1?tenant=1"),
        ("PUT", "/register/1?tenant=1"),
        ("DELETE", "/register/1?tenant=1"),
    ] {
        let mut request = configuration_request(method, path, "token", CLIENT);
        request
            .headers_mut()
            .insert("x-tenant", "blue".parse().unwrap());
        request.extensions_mut().insert(Peer(7));
        send(&endpoint, request).await;

        let operation = recorder.operations().pop().unwrap();
        let parts = operation.parts();
        assert_eq!(
            (parts.method.as_str(), &*parts.uri.to_string()),
            (method, path)
        );
        assert_eq!(parts.headers["x-tenant"], "blue");
        assert_eq!(parts.extensions.get(), Some(&Peer(7)));
        assert!(!parts.headers.contains_key("authorization"));
    }
}
