//! Which requests are ours.

use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use tower::{Layer, service_fn};
use tower_dcr::{DcrEndpoint, DcrLayer, Operation};

use super::support::*;

type Body = Full<bytes::Bytes>;

/// Answers 299 with the target that it saw.
fn app() -> impl Clone
+ tower::Service<
    Request<Body>,
    Response = Response<String>,
    Error = std::convert::Infallible,
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
async fn everything_else_goes_to_the_application_untouched() {
    let recorder = Recorder::default();
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
            let answer = ask(&service, request(method, target)).await;
            assert_eq!(answer.status.as_u16(), 299, "{target}");
            assert_eq!(answer.headers.len(), 0);
            assert_eq!(answer.body, request(Method::GET, target).uri().to_string());
            assert!(answer.outcome.is_none());
        }
    }
    for target in ["as.example.com:443", "/register"] {
        let answer = ask(&service, request(Method::CONNECT, target)).await;
        assert_eq!(answer.status.as_u16(), 299, "CONNECT {target}");
    }
    assert_eq!(recorder.calls(), 0);
}

#[tokio::test]
async fn the_registration_path_with_and_without_a_query_in_every_form() {
    let recorder = Recorder::default();
    let service = DcrLayer::new(recorder.clone()).layer(app());
    for target in [
        "/register",
        "/register?",
        "/register?a=/b",
        "http://as.example.com/register",
        "https://as.example.com:8443/register?x",
    ] {
        let answer = ask(&service, request(Method::POST, target)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{target}");
    }
    assert_eq!(recorder.calls(), 5);
}

#[tokio::test]
async fn the_client_id_is_one_segment_decoded_after_matching() {
    let recorder = Recorder::default();
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
        let answer = ask(&service, request(Method::GET, target)).await;
        assert_eq!(answer.status, StatusCode::OK, "{target}");
        let Some(Operation::Read(read)) = recorder.operations().pop() else {
            panic!("not a read");
        };
        assert_eq!(read.client_id(), client_id);
    }
}

#[tokio::test]
async fn both_paths_can_be_set_and_may_differ() {
    let recorder = Recorder::default();
    let service = DcrLayer::builder(recorder.clone())
        .registration_path("/connect/register")
        .configuration_path("/clients")
        .build()
        .unwrap()
        .layer(app());
    let status = async |method: Method, target: &str| {
        ask(&service, request(method, target)).await.status.as_u16()
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
    let answer = ask(&follows, request(Method::GET, "/connect/register/1")).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn the_endpoint_alone_answers_404_elsewhere() {
    let endpoint = DcrEndpoint::new(Recorder::default());
    for (method, target) in [
        (Method::GET, "/"),
        (Method::POST, "/register/"),
        (Method::OPTIONS, "*"),
        (Method::OPTIONS, "/"),
        (Method::CONNECT, "/register"),
    ] {
        let answer = ask(&endpoint, request(method, target)).await;
        answer.assert_error(404, "invalid_request");
        assert_eq!(answer.outcome.unwrap().operation(), None);
    }
    let answer = ask(&endpoint, request(Method::POST, "/register")).await;
    assert_eq!(answer.status, StatusCode::CREATED);
}

#[tokio::test]
async fn registration_only_leaves_the_clients_to_the_application() {
    let recorder = Recorder::default();
    let builder = || {
        DcrLayer::builder(recorder.clone())
            .registration_path("/connect/register")
            // It means nothing then, also where the two would overlap.
            .configuration_path("/connect")
            .registration_only(true)
    };
    let layered = builder().build().unwrap().layer(app());
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "POST"] {
        for path in ["/connect/1", "/connect/register/1", "/register/1"] {
            let request = configure(method, path, "token", CLIENT);
            let answer = ask(&layered, request).await;
            assert_eq!(answer.status, 299, "{method} {path}");
        }
    }
    let request = configure("POST", "/connect/register", "token", CLIENT);
    assert_eq!(ask(&layered, request).await.status, 201);
    assert_eq!(recorder.calls(), 1);

    let endpoint = builder().build_endpoint().unwrap();
    let answer = ask(&endpoint, configure("GET", "/connect/1", "token", "")).await;
    answer.assert_error(404, "invalid_request");
}
