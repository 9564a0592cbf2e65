//! Row 11, and the responses to errors of the backend and of endpoint layers.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{Request, Response};
use http_body_util::Full;
use tower::util::MapRequestLayer;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};
use tower_dcr::backend::{BackendService, Unavailable};
use tower_dcr::operation::OperationKind;
use tower_dcr::{BoxError, DcrEndpoint, DcrLayer, Operation, Reply, backend_fn};

use super::support::*;

const UNKNOWN: &str = "the outcome is unknown";

fn failing<E>(error: impl Fn() -> E + Send + Sync + 'static) -> DcrEndpoint<impl tower_dcr::Backend>
where
    E: Into<BoxError> + Send + 'static,
{
    DcrEndpoint::new(backend_fn(move |_: Operation| {
        let error = error();
        async move { Err::<Reply, _>(error) }
    }))
}

fn requests() -> [Request<Full<bytes::Bytes>>; 4] {
    [
        registration_request(CLIENT),
        configuration_request("GET", "/register/1", "token", ""),
        configuration_request("PUT", "/register/1", "token", CLIENT),
        configuration_request("DELETE", "/register/1", "token", ""),
    ]
}

fn description(response: &TestResponse) -> String {
    response.json()["error_description"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn backend_error_returns_500_without_its_text() {
    let endpoint = failing(|| "postgres://user:sentinel@db refused");
    for request in requests() {
        let response = send(&endpoint, request).await;
        response.assert_error(500, "server_error");
        assert_eq!(response.header("retry-after"), None);
        assert_eq!(description(&response), "The registration service failed.");
        let cause = response
            .outcome
            .as_ref()
            .unwrap()
            .cause()
            .unwrap()
            .to_string();
        assert_eq!(cause, "postgres://user:sentinel@db refused");
    }
}

#[tokio::test]
async fn unavailable_returns_503_at_any_depth_of_the_error() {
    for wrap in [
        |error: Unavailable| -> BoxError { error.into() },
        |error: Unavailable| -> BoxError { WrappedError(error.into()).into() },
        |error: Unavailable| -> BoxError { WrappedError(WrappedError(error.into()).into()).into() },
        |error: Unavailable| -> BoxError { io::Error::other(error).into() },
        |error: Unavailable| -> BoxError {
            WrappedError(io::Error::other(WrappedError(error.into())).into()).into()
        },
    ] {
        let endpoint = failing(move || wrap(Unavailable::new()));
        for request in requests() {
            let response = send(&endpoint, request).await;
            response.assert_error(503, "temporarily_unavailable");
            assert_eq!(response.header("retry-after"), None);
            assert!(!description(&response).contains(UNKNOWN));
        }
    }
}

#[tokio::test]
async fn retry_after_is_rounded_up_to_seconds_and_at_most_an_hour() {
    for (wait, seconds) in [
        (Duration::ZERO, "0"),
        (Duration::from_nanos(1), "1"),
        (Duration::from_secs(1), "1"),
        (Duration::from_millis(1_001), "2"),
        (Duration::from_secs(3_600), "3600"),
        (Duration::from_millis(3_600_001), "3600"),
        (Duration::MAX, "3600"),
    ] {
        let endpoint = failing(move || Unavailable::new().with_retry_after(wait));
        let response = send(&endpoint, registration_request(CLIENT)).await;
        response.assert_error(503, "temporarily_unavailable");
        assert_eq!(response.header("retry-after"), Some(seconds));
    }
}

#[tokio::test]
async fn description_says_if_the_outcome_is_unknown() {
    let endpoint = failing(|| Unavailable::outcome_unknown().with_source("reset"));
    for (request, is_said) in requests().into_iter().zip([true, false, true, true]) {
        let response = send(&endpoint, request).await;
        response.assert_error(503, "temporarily_unavailable");
        assert_eq!(response.header("retry-after"), None);
        assert_eq!(description(&response).contains(UNKNOWN), is_said);
    }
}

#[tokio::test]
async fn unknown_outcome_has_no_retry_after() {
    let wait = Duration::from_secs(5);
    let unknown = Unavailable::outcome_unknown().with_retry_after(wait);
    assert!(unknown.is_outcome_unknown() && unknown.retry_after().is_none());
    let endpoint = failing(move || Unavailable::outcome_unknown().with_retry_after(wait));
    let response = send(&endpoint, registration_request(CLIENT)).await;
    assert_eq!(response.header("retry-after"), None);
    assert!(description(&response).contains(UNKNOWN));

    // The outermost `Unavailable` counts.
    let endpoint = failing(move || {
        WrappedError(
            Unavailable::new()
                .with_retry_after(wait)
                .with_source(Unavailable::outcome_unknown())
                .into(),
        )
    });
    let response = send(&endpoint, registration_request(CLIENT)).await;
    assert_eq!(response.header("retry-after"), Some("5"));
}

#[tokio::test(start_paused = true)]
async fn tower_errors_return_503() {
    let slow = || {
        BackendService::new(backend_fn(|_: Operation| {
            std::future::pending::<Result<Reply, Infallible>>()
        }))
    };

    let timeout = ServiceBuilder::new()
        .timeout(Duration::from_secs(1))
        .service(slow());
    for (request, is_said) in requests().into_iter().zip([true, false, true, true]) {
        let response = send(&DcrEndpoint::new(timeout.clone()), request).await;
        response.assert_error(503, "temporarily_unavailable");
        assert_eq!(description(&response).contains(UNKNOWN), is_said);
    }

    let full = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(1)
        .service(slow());
    let endpoint = DcrEndpoint::new(full);
    let holds_the_slot = tokio::spawn(endpoint.clone().oneshot(registration_request(CLIENT)));
    tokio::task::yield_now().await;
    let response = send(&endpoint, registration_request(CLIENT)).await;
    response.assert_error(503, "temporarily_unavailable");
    assert!(!description(&response).contains(UNKNOWN));
    holds_the_slot.abort();

    let (buffer, worker) = tower::buffer::Buffer::pair(slow(), 1);
    drop(worker);
    let response = send(&DcrEndpoint::new(buffer), registration_request(CLIENT)).await;
    response.assert_error(503, "temporarily_unavailable");
    assert!(description(&response).contains(UNKNOWN));
}

#[tokio::test(start_paused = true)]
async fn slow_backend_is_dropped_and_returns_503() {
    struct Dropped(Arc<AtomicBool>);

    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    for (request, is_said) in requests().into_iter().zip([true, false, true, true]) {
        let dropped = Arc::new(AtomicBool::new(false));
        let guard = Arc::clone(&dropped);
        let endpoint = DcrEndpoint::new(backend_fn(move |_: Operation| {
            let guard = Dropped(Arc::clone(&guard));
            async move {
                let _guard = guard;
                std::future::pending::<Result<Reply, Infallible>>().await
            }
        }));
        let started = tokio::time::Instant::now();
        let response = send(&endpoint, request).await;
        response.assert_error(503, "temporarily_unavailable");
        assert_eq!(response.header("retry-after"), None);
        assert_eq!(description(&response).contains(UNKNOWN), is_said);
        assert_eq!(started.elapsed(), Duration::from_secs(30));
        assert!(dropped.load(Ordering::SeqCst));
        assert!(response.outcome.unwrap().cause().is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn backend_timeout_can_be_set_and_disabled() {
    let never = || backend_fn(|_: Operation| std::future::pending::<Result<Reply, Infallible>>());
    let quick = DcrLayer::builder(never()).backend_timeout(Duration::from_secs(1));
    let started = tokio::time::Instant::now();
    let response = send(
        &quick.build_endpoint().unwrap(),
        registration_request(CLIENT),
    )
    .await;
    response.assert_error(503, "temporarily_unavailable");
    assert_eq!(started.elapsed(), Duration::from_secs(1));

    let unbounded = DcrLayer::builder(never())
        .backend_timeout(None)
        .build_endpoint()
        .unwrap();
    let response = send(&unbounded, registration_request(CLIENT));
    assert!(
        tokio::time::timeout(Duration::from_hours(1), response)
            .await
            .is_err()
    );
}

/// The time-outs use tokio's timer. Without a runtime there are no time-outs, and nothing panics.
#[test]
fn endpoint_works_outside_a_tokio_runtime() {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    let endpoint = DcrEndpoint::new(RecordingBackend::default());
    for request in requests() {
        let mut response = pin!(send(&endpoint, request));
        let Poll::Ready(response) = response
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        else {
            panic!("the response is not ready at once");
        };
        assert!(response.status.is_success());
    }
    let refused = Request::post("/register")
        .body(ScriptedBody::new([BodyStep::Hang]))
        .unwrap();
    // Without a timer the body could be drained forever, so it is not drained.
    let mut refused = pin!(send(&endpoint, refused));
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(refused) = refused.as_mut().poll(&mut context) else {
        panic!("a refused body is drained without a time-out");
    };
    refused.assert_error(415, "invalid_request");
}

#[tokio::test(start_paused = true)]
async fn endpoint_layer_error_gets_the_response_of_a_backend_error() {
    let app = service_fn(|_: Request<Full<bytes::Bytes>>| async {
        Ok::<_, Infallible>(Response::new(String::new()))
    });
    let never = backend_fn(|_: Operation| std::future::pending::<Result<Reply, Infallible>>());
    let slow = DcrLayer::new(never)
        .endpoint_layer(tower::timeout::TimeoutLayer::new(Duration::from_secs(1)))
        .layer(app);
    for (request, kind) in requests().into_iter().zip([
        OperationKind::Register,
        OperationKind::Read,
        OperationKind::Update,
        OperationKind::Delete,
    ]) {
        let response = send(&slow, request).await;
        response.assert_error(503, "temporarily_unavailable");
        assert_eq!(
            description(&response).contains(UNKNOWN),
            kind != OperationKind::Read
        );
        let outcome = response.outcome.unwrap();
        assert_eq!((outcome.operation(), outcome.action()), (Some(kind), None));
        assert!(
            outcome
                .cause()
                .unwrap()
                .is::<tower::timeout::error::Elapsed>()
        );
    }

    // The layer fails before the method is checked. The response to `HEAD` has no body all the
    // same.
    let full = DcrLayer::new(never)
        .endpoint_layer(tower::layer::layer_fn(|_| {
            service_fn(|_: Request<Full<bytes::Bytes>>| async {
                Err::<Response<String>, _>(Unavailable::new())
            })
        }))
        .layer(app);
    let head = configuration_request("HEAD", "/register/1", "token", "");
    send(&full, head).await.assert_head_of_error(503);

    let broken = DcrLayer::new(never)
        .endpoint_layer(tower::layer::layer_fn(|_| {
            service_fn(|_: Request<Full<bytes::Bytes>>| async {
                Err::<Response<String>, _>(Sentinel)
            })
        }))
        .layer(app);
    let response = send(&broken, registration_request(CLIENT)).await;
    response.assert_error(500, "server_error");
    assert!(!format!("{response:?}").contains("x-sentinel"));
    assert!(response.outcome.unwrap().cause().unwrap().is::<Sentinel>());
}

/// The route comes with the request, so `handle_errors` knows what a failed request asked for, even
/// if a layer outside of it rewrote the target.
#[tokio::test(start_paused = true)]
async fn handle_errors_knows_the_operation_of_a_failed_request() {
    let never = backend_fn(|_: Operation| std::future::pending::<Result<Reply, Infallible>>());
    let rewrite = MapRequestLayer::new(|mut request: Request<Full<bytes::Bytes>>| {
        *request.uri_mut() = "/elsewhere".parse().unwrap();
        request
    });
    let service = DcrLayer::new(never)
        .endpoint_layer(tower::timeout::TimeoutLayer::new(Duration::from_secs(1)))
        .handle_errors()
        .endpoint_layer(rewrite)
        .layer(service_fn(|_: Request<Full<bytes::Bytes>>| async {
            Ok::<_, Infallible>(Response::new(String::new()))
        }));
    for (request, kind) in requests().into_iter().zip([
        OperationKind::Register,
        OperationKind::Read,
        OperationKind::Update,
        OperationKind::Delete,
    ]) {
        let response = send(&service, request).await;
        response.assert_error(503, "temporarily_unavailable");
        let is_change = kind != OperationKind::Read;
        assert_eq!(description(&response).contains(UNKNOWN), is_change);
        assert_eq!(response.outcome.unwrap().operation(), Some(kind));
    }

    let fails = tower::layer::layer_fn(|_: DcrEndpoint<_>| {
        service_fn(|_: Request<Full<bytes::Bytes>>| async {
            Err::<Response<String>, _>(Unavailable::new())
        })
    });
    let service = DcrLayer::new(never)
        .endpoint_layer(fails)
        .handle_errors()
        .layer(service_fn(|_: Request<Full<bytes::Bytes>>| async {
            Ok::<_, Infallible>(Response::new(String::new()))
        }));
    for method in ["OPTIONS", "PATCH", "POST"] {
        let response = send(
            &service,
            configuration_request(method, "/register/1", "token", ""),
        )
        .await;
        response.assert_error(503, "temporarily_unavailable");
        assert_eq!(response.outcome.unwrap().operation(), None);
    }
}

/// An error whose `Debug` differs from its `Display`. Only `Display` may be used.
#[derive(Clone, Copy)]
struct Sentinel;

impl fmt::Debug for Sentinel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("x-sentinel")
    }
}

impl fmt::Display for Sentinel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Sentinel {}

/// An outer layer may make a new request, without the extensions.
#[tokio::test(start_paused = true)]
async fn handle_errors_knows_the_operation_of_a_request_without_extensions() {
    let backend = backend_fn(|_: Operation| std::future::pending::<Result<Reply, Infallible>>());
    let layer = DcrLayer::new(backend)
        .endpoint_layer(tower::timeout::TimeoutLayer::new(Duration::from_secs(1)))
        .handle_errors()
        .endpoint_layer(MapRequestLayer::new(
            |request: Request<Full<bytes::Bytes>>| {
                let (parts, body) = request.into_parts();
                let mut new = Request::new(body);
                *new.method_mut() = parts.method;
                *new.uri_mut() = parts.uri;
                *new.headers_mut() = parts.headers;
                new
            },
        ));
    let app = service_fn(|_: Request<Full<bytes::Bytes>>| async {
        Ok::<_, Infallible>(Response::new(String::new()))
    });
    let response = send(&layer.layer(app), registration_request(CLIENT)).await;
    response.assert_error(503, "temporarily_unavailable");
    assert!(description(&response).contains(UNKNOWN));
    let outcome = response.outcome.unwrap();
    assert_eq!(outcome.operation(), Some(OperationKind::Register));
}
