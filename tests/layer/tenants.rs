//! A backend for each tenant.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Request;
use http::request::Parts;
use http_body_util::Full;
use tower_dcr::backend::{BackendSelector, SharedBackend, Unavailable};
use tower_dcr::operation::{OperationKind, PathParams};
use tower_dcr::{BoxError, DcrBuilder, DcrEndpoint, DcrLayer, Reply, backend_fn};

use crate::support::{
    BodyStep, CLIENT, RecordingBackend, ScriptedBody, TestResponse, configuration_request, send,
};

/// Knows the tenants `blue` and `green`.
fn two_tenants() -> (
    RecordingBackend,
    RecordingBackend,
    DcrBuilder<SharedBackend>,
) {
    let (blue, green) = (RecordingBackend::default(), RecordingBackend::default());
    let tenants = Arc::new(HashMap::from([
        ("blue".to_owned(), SharedBackend::new(blue.clone())),
        ("green".to_owned(), SharedBackend::new(green.clone())),
    ]));
    let builder = DcrLayer::select_backend(move |parts: &Parts| {
        let name = PathParams::of(parts).get("tenant").map(str::to_owned);
        let backend = name.and_then(|name| tenants.get(&name).cloned());
        async move { Ok::<_, Infallible>(backend) }
    });
    (
        blue,
        green,
        builder.registration_path("/t/{tenant}/register"),
    )
}

fn register_at(path: &str) -> Request<Full<bytes::Bytes>> {
    Request::post(path)
        .header("content-type", "application/json")
        .body(Full::<bytes::Bytes>::from(CLIENT))
        .unwrap()
}

async fn register(endpoint: &DcrEndpoint<SharedBackend>, tenant: &str) -> TestResponse {
    send(endpoint, register_at(&format!("/t/{tenant}/register"))).await
}

#[tokio::test]
async fn each_tenant_has_its_backend() {
    let (blue, green, builder) = two_tenants();
    let endpoint = builder.build_endpoint().unwrap();
    assert_eq!(register(&endpoint, "blue").await.status, 201);
    assert_eq!(register(&endpoint, "green").await.status, 201);
    assert_eq!(
        send(
            &endpoint,
            configuration_request("GET", "/t/green/register/1", "t", "")
        )
        .await
        .status,
        200
    );
    assert_eq!((blue.calls(), green.calls()), (1, 2));
}

#[tokio::test]
async fn unknown_tenants_get_one_response() {
    let (blue, green, builder) = two_tenants();
    let endpoint = builder.build_endpoint().unwrap();
    let mut registrations = Vec::new();
    let mut configurations = Vec::new();
    for tenant in ["red", "Blue", "blue%2e", "%zz", "..", "%00"] {
        let refused = register(&endpoint, tenant).await;
        refused.assert_error(404, "invalid_request");
        registrations.push((refused.headers, refused.body));
        for method in ["GET", "PUT", "DELETE"] {
            let path = format!("/t/{tenant}/register/1");
            let refused = send(&endpoint, configuration_request(method, &path, "t", "{}")).await;
            refused.assert_error(401, "invalid_token");
            let challenge = refused.header("www-authenticate").unwrap();
            assert!(challenge.ends_with("error=\"invalid_token\""));
            configurations.push((refused.headers, refused.body));
        }
    }
    assert!(registrations.windows(2).all(|two| two[0] == two[1]));
    assert!(configurations.windows(2).all(|two| two[0] == two[1]));
    assert_eq!(blue.calls() + green.calls(), 0);
}

/// An unknown tenant is answered as an unknown client of a known tenant.
#[tokio::test]
async fn unknown_tenant_looks_like_an_unknown_client() {
    let (_, _, builder) = two_tenants();
    let endpoint = builder.build_endpoint().unwrap();
    let tenant = send(
        &endpoint,
        configuration_request("GET", "/t/red/register/1", "t", ""),
    )
    .await;
    let client = send(
        &endpoint,
        configuration_request("GET", "/t/blue/register/%00", "t", ""),
    )
    .await;
    assert_eq!((tenant.headers, tenant.body), (client.headers, client.body));
}

#[tokio::test]
async fn method_is_checked_before_the_tenant() {
    let (_, _, builder) = two_tenants();
    let endpoint = builder.build_endpoint().unwrap();
    for tenant in ["blue", "red"] {
        let path = format!("/t/{tenant}/register");
        let options = Request::options(&path)
            .body(Full::<bytes::Bytes>::from(""))
            .unwrap();
        assert_eq!(send(&endpoint, options).await.status, 204);
        let get = Request::get(&path)
            .body(Full::<bytes::Bytes>::from(""))
            .unwrap();
        assert_eq!(send(&endpoint, get).await.status, 405);
    }
}

#[tokio::test]
async fn selector_is_asked_before_the_body_is_read() {
    let (_, _, builder) = two_tenants();
    let endpoint = builder.body_timeout(None).build_endpoint().unwrap();
    let script = ScriptedBody::new([BodyStep::Data(CLIENT.into())]);
    let polls = script.polls();
    let request = Request::post("/t/red/register")
        .header("content-type", "application/json")
        .body(script)
        .unwrap();
    send(&endpoint, request)
        .await
        .assert_error(404, "invalid_request");
    assert_eq!(polls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn selector_that_fails_is_a_500_and_unavailable_is_a_503() {
    let failing = |unavailable: bool| {
        DcrLayer::<RecordingBackend>::select_backend(move |_: &Parts| async move {
            let error: BoxError = if unavailable {
                Unavailable::outcome_unknown().into()
            } else {
                "sentinel".into()
            };
            Err::<Option<RecordingBackend>, _>(error)
        })
        .build_endpoint()
        .unwrap()
    };
    let response = send(&failing(false), register_at("/register")).await;
    response.assert_error(500, "server_error");
    assert!(!String::from_utf8_lossy(&response.body).contains("sentinel"));
    assert_eq!(
        response.outcome.unwrap().operation(),
        Some(OperationKind::Register)
    );
    let response = send(&failing(true), register_at("/register")).await;
    response.assert_error(503, "temporarily_unavailable");
    // The backend was not asked, whatever the error says.
    let description = response.json()["error_description"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(!description.contains("unknown"), "{description}");
}

#[tokio::test(start_paused = true)]
async fn selector_has_the_time_of_the_backend() {
    let endpoint = DcrLayer::<RecordingBackend>::select_backend(|_: &Parts| {
        std::future::pending::<Result<Option<RecordingBackend>, Infallible>>()
    })
    .backend_timeout(Duration::from_secs(3))
    .build_endpoint()
    .unwrap();
    let started = tokio::time::Instant::now();
    let response = send(&endpoint, register_at("/register")).await;
    response.assert_error(503, "temporarily_unavailable");
    assert_eq!(started.elapsed(), Duration::from_secs(3));
}

#[tokio::test]
async fn selector_can_be_a_type_of_its_own() {
    struct Alternating(AtomicUsize, [RecordingBackend; 2]);

    impl BackendSelector for Alternating {
        type Backend = RecordingBackend;
        type Error = Infallible;

        async fn select(&self, _: &Parts) -> Result<Option<RecordingBackend>, Infallible> {
            Ok(self
                .1
                .get(self.0.fetch_add(1, Ordering::SeqCst) % 2)
                .cloned())
        }
    }

    let recorders = [RecordingBackend::default(), RecordingBackend::default()];
    let selector = Alternating(AtomicUsize::new(0), recorders.clone());
    let endpoint = DcrLayer::select_backend(selector).build_endpoint().unwrap();
    for _ in 0..4 {
        assert_eq!(send(&endpoint, register_at("/register")).await.status, 201);
    }
    assert_eq!(recorders.map(|recorder| recorder.calls()), [2, 2]);
}

#[tokio::test]
async fn selector_is_asked_once_for_each_request() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let backend = backend_fn(|_| async { Ok::<_, Infallible>(Reply::created("{}")) });
    let endpoint = DcrLayer::select_backend(move |_: &Parts| {
        counter.fetch_add(1, Ordering::SeqCst);
        async move { Ok::<_, Infallible>(Some(backend)) }
    })
    .build_endpoint()
    .unwrap();
    send(&endpoint, register_at("/register")).await;
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}
