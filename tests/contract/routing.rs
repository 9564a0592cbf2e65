//! Which requests the layer answers, and how the route travels to the endpoint.

use std::convert::Infallible;

use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use tower::util::MapRequestLayer;
use tower::{Layer, service_fn};
use tower_dcr::operation::OperationKind;
use tower_dcr::{BearerToken, DcrEndpoint, DcrLayer, Operation};

use super::support::*;

type Body = Full<bytes::Bytes>;

/// An application that answers 299 with the target that it saw.
fn app() -> impl Clone
+ tower::Service<
    Request<Body>,
    Response = Response<String>,
    Error = Infallible,
    Future: Send,
> {
    service_fn(|request: Request<Body>| async move {
        let mut response = Response::new(request.uri().to_string());
        *response.status_mut() = StatusCode::from_u16(299).unwrap();
        Ok(response)
    })
}

fn request(method: Method, target: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(target.parse::<Uri>().unwrap())
        .header("authorization", "Bearer token")
        .header("content-type", "application/json")
        .body(Full::from(CLIENT))
        .unwrap()
}

#[tokio::test]
async fn other_requests_reach_the_application_unchanged() {
    let recorder = RecordingBackend::default();
    let service = DcrLayer::new(recorder.clone()).layer(app());
    for target in [
        "/",
        "/register/",
        "//register",
        "/registered",
        "/register.json",
        "/Register",
        "/reg%69ster",
        "/register%2Fa",
        "/register/a/",
        "/register/a/b",
        "/register//",
        "/register//a",
        "/api/register",
        "*",
        "http://as.example.com/register/",
        "http://as.example.com/",
        "http://as.example.com",
    ] {
        for method in [Method::GET, Method::POST, Method::OPTIONS, Method::DELETE] {
            let response = send(&service, request(method, target)).await;
            assert_eq!(response.status.as_u16(), 299, "{target}");
            assert_eq!(response.headers.len(), 0);
            assert_eq!(
                response.body,
                request(Method::GET, target).uri().to_string()
            );
            assert!(response.outcome.is_none());
        }
    }
    for target in ["as.example.com:443", "/register"] {
        let response = send(&service, request(Method::CONNECT, target)).await;
        assert_eq!(response.status.as_u16(), 299, "CONNECT {target}");
    }
    assert_eq!(recorder.calls(), 0);
}

#[tokio::test]
async fn registration_path_matches_with_a_query_and_in_absolute_form() {
    let recorder = RecordingBackend::default();
    let service = DcrLayer::new(recorder.clone()).layer(app());
    for target in [
        "/register",
        "/register?",
        "/register?a=/b",
        "http://as.example.com/register",
        "https://as.example.com:8443/register?x",
    ] {
        let response = send(&service, request(Method::POST, target)).await;
        assert_eq!(response.status, StatusCode::CREATED, "{target}");
    }
    assert_eq!(recorder.calls(), 5);
}

#[tokio::test]
async fn client_id_is_one_segment_and_decoded_after_matching() {
    let recorder = RecordingBackend::default();
    let service = DcrLayer::new(recorder.clone()).layer(app());
    for (target, client_id) in [
        ("/register/s6BhdRkqt3", "s6BhdRkqt3"),
        ("/register/s6BhdRkqt3?a=b", "s6BhdRkqt3"),
        ("http://as.example.com/register/s6BhdRkqt3", "s6BhdRkqt3"),
        ("/register/a%2Fb", "a/b"),
        ("/register/a%2fb", "a/b"),
        ("/register/%2e%2e%2e", "..."),
        ("/register/a+b%20c", "a+b c"),
        ("/register/a%2525", "a%25"),
        ("/register/register", "register"),
        ("/register/~a;b=c,d@e:f", "~a;b=c,d@e:f"),
    ] {
        let response = send(&service, request(Method::GET, target)).await;
        assert_eq!(response.status, StatusCode::OK, "{target}");
        let Some(Operation::Read(read)) = recorder.operations().pop() else {
            panic!("not a read");
        };
        assert_eq!(read.client_id(), client_id);
    }
}

#[tokio::test]
async fn paths_can_be_set_and_may_differ() {
    let recorder = RecordingBackend::default();
    let service = DcrLayer::builder(recorder.clone())
        .registration_path("/connect/register")
        .configuration_path("/clients")
        .build()
        .unwrap()
        .layer(app());
    let status = async |method: Method, target: &str| {
        send(&service, request(method, target))
            .await
            .status
            .as_u16()
    };
    assert_eq!(status(Method::POST, "/connect/register").await, 201);
    assert_eq!(status(Method::GET, "/clients/1").await, 200);
    assert_eq!(status(Method::POST, "/register").await, 299);
    assert_eq!(status(Method::GET, "/connect/register/1").await, 299);
    assert_eq!(status(Method::GET, "/clients").await, 299);
    assert_eq!(status(Method::POST, "/clients").await, 299);

    let follows = DcrLayer::builder(recorder.clone())
        .registration_path("/connect/register")
        .build()
        .unwrap()
        .layer(app());
    let response = send(&follows, request(Method::GET, "/connect/register/1")).await;
    assert_eq!(response.status, StatusCode::OK);
}

#[tokio::test]
async fn endpoint_alone_returns_404_on_other_paths() {
    let endpoint = DcrEndpoint::new(RecordingBackend::default());
    for (method, target) in [
        (Method::GET, "/"),
        (Method::POST, "/register/"),
        (Method::OPTIONS, "*"),
        (Method::OPTIONS, "/"),
        (Method::CONNECT, "/register"),
    ] {
        let response = send(&endpoint, request(method, target)).await;
        response.assert_error(404, "invalid_request");
        assert_eq!(response.outcome.unwrap().operation(), None);
    }
    let response = send(&endpoint, request(Method::POST, "/register")).await;
    assert_eq!(response.status, StatusCode::CREATED);
}

#[tokio::test]
async fn registration_only_leaves_client_paths_to_the_application() {
    let recorder = RecordingBackend::default();
    let builder = || {
        DcrLayer::builder(recorder.clone())
            .registration_path("/connect/register")
            // It is unused then, even if the two would overlap.
            .configuration_path("/connect")
            .registration_only(true)
    };
    let layered = builder().build().unwrap().layer(app());
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "POST"] {
        for path in ["/connect/1", "/connect/register/1", "/register/1"] {
            let request = configuration_request(method, path, "token", CLIENT);
            let response = send(&layered, request).await;
            assert_eq!(response.status, 299, "{method} {path}");
        }
    }
    let request = configuration_request("POST", "/connect/register", "token", CLIENT);
    assert_eq!(send(&layered, request).await.status, 201);
    assert_eq!(recorder.calls(), 1);

    let endpoint = builder().build_endpoint().unwrap();
    let response = send(
        &endpoint,
        configuration_request("GET", "/connect/1", "token", ""),
    )
    .await;
    response.assert_error(404, "invalid_request");
}

/// The middleware finds the route once, before the endpoint layers. A layer that rewrites the
/// target does not change which endpoint answers, nor for which client. The operation has the
/// rewritten target, and a token in the query is looked for there.
#[tokio::test]
async fn endpoint_layer_that_rewrites_the_uri_does_not_change_the_route() {
    for (method, target, rewritten, status) in [
        ("POST", "/register", "/elsewhere", 201),
        ("POST", "/register", "/register/2", 201),
        ("GET", "/register/1", "/register", 200),
        ("PUT", "/register/1", "/register/2", 200),
        ("DELETE", "/register/1", "/", 204),
        ("GET", "/register", "/register/1", 405),
        ("GET", "/register/%zz", "/register/1", 401),
        ("GET", "/register/1", "/register/1?access_token=a", 400),
        ("GET", "/register/1?access_token=a", "/register/1", 200),
    ] {
        let recorder = RecordingBackend::default();
        let rewrite = MapRequestLayer::new(move |mut request: Request<Body>| {
            *request.uri_mut() = rewritten.parse().unwrap();
            request
        });
        let layer = DcrLayer::new(recorder.clone()).endpoint_layer(rewrite);
        let request = configuration_request(method, target, "token", CLIENT);
        let response = send(&layer.layer(app()), request).await;
        assert_eq!(response.status, status, "{method} {target} {rewritten}");
        for operation in recorder.operations() {
            let is_client = target.starts_with("/register/1");
            assert_eq!(operation.client_id(), is_client.then_some("1"));
            assert_eq!(operation.parts().uri, rewritten);
        }
        assert_eq!(recorder.calls(), usize::from(status < 300));
    }
}

/// The method is that of the request as it reaches the endpoint.
#[tokio::test]
async fn endpoint_layer_that_rewrites_the_method_changes_the_operation() {
    let recorder = RecordingBackend::default();
    let rewrite = MapRequestLayer::new(|mut request: Request<Body>| {
        if let Some(method) = request.headers().get("x-http-method-override") {
            *request.method_mut() = method.as_bytes().try_into().unwrap();
        }
        request
    });
    let layer = DcrLayer::new(recorder.clone()).endpoint_layer(rewrite);
    let mut request = configuration_request("POST", "/register/1", "token", "");
    let delete = "DELETE".parse().unwrap();
    request
        .headers_mut()
        .insert("x-http-method-override", delete);
    let response = send(&layer.layer(app()), request).await;
    assert_eq!(response.status, 204);
    let outcome = response.outcome.unwrap();
    assert_eq!(outcome.operation(), Some(OperationKind::Delete));
    assert_eq!(outcome.client_id(), Some("1"));
}

/// A layer that makes a new request, without the extensions, loses the route. Then the endpoint
/// finds it by the target of the new request.
#[tokio::test]
async fn request_without_extensions_is_routed_by_its_target() {
    for (rewritten, status) in [("/register", 201), ("/elsewhere", 404)] {
        let renew = MapRequestLayer::new(move |request: Request<Body>| {
            let (parts, body) = request.into_parts();
            let mut renewed = Request::new(body);
            *renewed.method_mut() = parts.method;
            *renewed.headers_mut() = parts.headers;
            *renewed.uri_mut() = rewritten.parse().unwrap();
            renewed
        });
        let layer = DcrLayer::new(RecordingBackend::default()).endpoint_layer(renew);
        let response = send(&layer.layer(app()), request(Method::POST, "/register")).await;
        assert_eq!(response.status, status);
    }
}

/// The route travels in an extension that only this crate can read. It is gone before anybody else
/// sees the parts of the request.
#[tokio::test]
async fn operation_verifier_and_application_see_no_extension_of_the_crate() {
    let recorder = RecordingBackend::default();
    let verifier = |_: BearerToken, parts: &Parts| {
        assert!(parts.extensions.is_empty());
        std::future::ready(Ok::<_, Infallible>(true))
    };
    let builder = || DcrLayer::builder(recorder.clone()).require_initial_access_token(verifier);
    let layered = builder().build().unwrap().layer(service_fn(
        async |request: Request<Body>| -> Result<Response<String>, Infallible> {
            assert!(request.extensions().is_empty());
            Ok(Response::default())
        },
    ));
    let endpoint = builder().build_endpoint().unwrap();
    for (method, path) in [
        ("POST", "/register"),
        ("GET", "/register/1"),
        ("PUT", "/register/1"),
        ("DELETE", "/register/1"),
    ] {
        let request = || configuration_request(method, path, "token", CLIENT);
        assert!(send(&layered, request()).await.status.is_success());
        assert!(send(&endpoint, request()).await.status.is_success());
    }
    send(&layered, request(Method::GET, "/elsewhere")).await;
    assert_eq!(recorder.calls(), 8);
    for operation in recorder.operations() {
        // A registration keeps a note that its token was verified, for the outcome.
        let is_registration = operation.kind() == OperationKind::Register;
        let extensions = &operation.parts().extensions;
        assert_eq!(extensions.len(), usize::from(is_registration));
    }
}
