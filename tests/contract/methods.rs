//! Rows 1 and 2.

use http::Request;
use http_body_util::Full;
use tower_dcr::DcrEndpoint;
use tower_dcr::operation::OperationKind;

use super::support::*;

#[tokio::test]
async fn options_tells_the_methods() {
    let recorder = Recorder::default();
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
        let answer = ask(&endpoint, request).await;
        assert_eq!(answer.status.as_u16(), 204);
        answer.assert_well_formed();
        assert_eq!(answer.header("allow"), Some(allow));
        assert_eq!(answer.outcome.unwrap().operation(), None);
    }
    assert_eq!(recorder.calls(), 0);
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let recorder = Recorder::default();
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
            let answer = ask(&endpoint, configure(method, path, "token", CLIENT)).await;
            assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
            if method == "HEAD" {
                answer.assert_head_of_error(405);
            } else {
                answer.assert_error(405, "invalid_request");
            }
        }
    }
    assert_eq!(recorder.calls(), 0);
}

#[tokio::test]
async fn each_method_is_its_operation() {
    let recorder = Recorder::default();
    let endpoint = DcrEndpoint::new(recorder.clone());
    for (method, path, kind, status) in [
        ("POST", "/register", OperationKind::Register, 201),
        ("GET", "/register/1", OperationKind::Read, 200),
        ("PUT", "/register/1", OperationKind::Update, 200),
        ("DELETE", "/register/1", OperationKind::Delete, 204),
    ] {
        let answer = ask(&endpoint, configure(method, path, "token", CLIENT)).await;
        assert_eq!(answer.status.as_u16(), status);
        answer.assert_well_formed();
        assert_eq!(answer.outcome.unwrap().operation(), Some(kind));

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
async fn the_operation_carries_the_request_without_its_credentials() {
    #[derive(Clone, Debug, PartialEq)]
    struct Peer(u8);

    let recorder = Recorder::default();
    let endpoint = DcrEndpoint::new(recorder.clone());
    for (method, path) in [
        ("POST", "/register?tenant=1"),
        ("GET", "/register/1?tenant=1"),
        ("PUT", "/register/1?tenant=1"),
        ("DELETE", "/register/1?tenant=1"),
    ] {
        let mut request = configure(method, path, "token", CLIENT);
        request
            .headers_mut()
            .insert("x-tenant", "blue".parse().unwrap());
        request.extensions_mut().insert(Peer(7));
        ask(&endpoint, request).await;

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
