//! `Respond`: the tower service that turns a backend's reply into an HTTP response.

#[path = "support/mod.rs"]
mod support;

use std::future::{Ready, pending, ready};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_dcr::backend::{BackendService, Unavailable};
use tower_dcr::endpoint::{Challenges, RequestSummary, Respond, RespondLayer, respond};
use tower_dcr::operation::{OperationKind, Read, Register};
use tower_dcr::{
    BearerToken, BoxError, ClientMetadata, DcrEndpoint, DcrLayer, ErrorCode, Operation, Reply,
    backend_fn,
};
use tower_test::mock;

use support::*;

const CONTENT: &str = r#"{"client_id":"1","error":"invalid_client_metadata"}"#;

type MakeResult = fn() -> Result<Reply, BoxError>;

/// One result for each row of the action table, and for each kind of failure.
const RESULTS: [MakeResult; 17] = [
    || Ok(Reply::created(CONTENT)),
    || Ok(Reply::ok(CONTENT).with_reason("A1")),
    || Ok(Reply::updated(CONTENT)),
    || Ok(Reply::deleted()),
    || Ok(Reply::bad_request(CONTENT)),
    || Ok(Reply::unauthorized(CONTENT).with_cause("wrong token")),
    || Ok(Reply::forbidden(CONTENT)),
    || Ok(Reply::forbidden(r#"{"error":"insufficient_scope"}"#)),
    || Ok(Reply::internal_server_error(CONTENT)),
    || Ok(Reply::refuse(ErrorCode::InvalidToken, "Not this token.")),
    || Ok(Reply::refuse(ErrorCode::InsufficientScope, "Not this.")),
    || Ok(Reply::created("[]")),
    || Ok(Reply::bad_request("")),
    || Err("no such table".into()),
    || {
        Err(Unavailable::new()
            .with_retry_after(Duration::from_secs(7))
            .into())
    },
    || Err(Unavailable::outcome_unknown().into()),
    || Err(tower::load_shed::error::Overloaded::new().into()),
];

/// The four operations. A registration comes without a token, with one, and with other credentials.
fn requests() -> Vec<Request<Full<Bytes>>> {
    let with_credentials = |credentials: &str| {
        let mut request = registration_request(CLIENT);
        let credentials = credentials.parse().unwrap();
        request.headers_mut().insert("authorization", credentials);
        request
    };
    vec![
        registration_request(CLIENT),
        with_credentials("Bearer initial"),
        with_credentials("Basic eA=="),
        configuration_request("GET", "/register/1", "token", ""),
        configuration_request("PUT", "/register/1", "token", CLIENT),
        configuration_request("DELETE", "/register/1", "token", ""),
    ]
}

/// Returns the operation that `DcrEndpoint` decodes from the request.
async fn decode(request: Request<Full<Bytes>>) -> Operation {
    let recorder = RecordingBackend::default();
    send(&DcrEndpoint::new(recorder.clone()), request).await;
    recorder.operations().pop().unwrap()
}

fn registration() -> Operation {
    Register::new(ClientMetadata::parse(CLIENT).unwrap()).into()
}

fn respond_to<S>(inner: S) -> Respond<S> {
    RespondLayer::new().layer(inner)
}

/// Calls a service that is ready at once, or after waiting.
async fn call<S>(service: &mut Respond<S>, operation: Operation) -> TestResponse
where
    S: Service<Operation, Response = Reply, Error: Into<BoxError>>,
{
    let response = async {
        let service = service.ready().await.unwrap();
        TestResponse::read(service.call(operation).await.unwrap()).await
    };
    let response = tokio::time::timeout(Duration::from_secs(20), response).await;
    response.expect("the response arrives within 20 s")
}

#[track_caller]
fn assert_same(response: &TestResponse, expected: &TestResponse) {
    assert_eq!(response.status, expected.status);
    assert_eq!(response.headers, expected.headers);
    assert_eq!(response.body, expected.body);
    let [outcome, expected] = [response, expected].map(|one| one.outcome.as_ref().unwrap());
    assert_eq!(outcome.operation(), expected.operation());
    assert_eq!(outcome.action(), expected.action());
    assert_eq!(outcome.status(), expected.status());
    assert_eq!(outcome.error(), expected.error());
    assert_eq!(outcome.reason(), expected.reason());
    assert_eq!(outcome.client_id(), expected.client_id());
    let [cause, expected] = [outcome, expected].map(|one| one.cause().map(ToString::to_string));
    assert_eq!(cause, expected);
}

#[tokio::test]
async fn every_result_gets_the_same_response_as_from_dcr_endpoint() {
    let mut statuses = Vec::new();
    for result in RESULTS {
        let backend = || backend_fn(move |_: Operation| ready(result()));
        for request in requests() {
            for realm in [None, Some("clients of example.com")] {
                let mut builder = DcrLayer::builder(backend());
                let mut layer = RespondLayer::new();
                if let Some(realm) = realm {
                    builder = builder.realm(realm);
                    layer = layer.challenges(Challenges::new(realm).unwrap());
                }
                let expected = send(&builder.build_endpoint().unwrap(), request.clone()).await;
                let operation = decode(request.clone()).await;
                let summary = RequestSummary::new(&operation);

                let mut service = layer.layer(BackendService::new(backend()));
                assert_same(&call(&mut service, operation).await, &expected);

                let challenges =
                    realm.map_or_else(Challenges::default, |realm| Challenges::new(realm).unwrap());
                let response = respond(summary, result(), &challenges);
                assert_same(&TestResponse::read(response).await, &expected);
                statuses.push(expected.status.as_u16());
            }
        }
    }
    statuses.sort_unstable();
    statuses.dedup();
    assert_eq!(statuses, [200, 201, 204, 400, 401, 403, 500, 503]);
}

#[tokio::test]
async fn inner_error_becomes_500_or_503() {
    let failed = service_fn(|_: Operation| ready(Err::<Reply, _>("no such table")));
    let response = call(&mut respond_to(failed), registration()).await;
    response.assert_error(500, "server_error");
    let cause = response.outcome.unwrap();
    assert_eq!(cause.cause().unwrap().to_string(), "no such table");

    let unavailable = service_fn(|_: Operation| {
        let wait = Duration::from_secs(7);
        ready(Err::<Reply, _>(Unavailable::new().with_retry_after(wait)))
    });
    let response = call(&mut respond_to(unavailable), registration()).await;
    response.assert_error(503, "temporarily_unavailable");
    assert_eq!(response.header("retry-after"), Some("7"));
}

/// Fails to become ready on every second attempt.
struct FailsEverySecondTime {
    polls: usize,
    calls: Arc<AtomicBool>,
}

impl Service<Operation> for FailsEverySecondTime {
    type Response = Reply;
    type Error = Unavailable;
    type Future = Ready<Result<Reply, Unavailable>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unavailable>> {
        self.polls += 1;
        Poll::Ready(if self.polls % 2 == 1 {
            Err(Unavailable::new().with_source("no connection"))
        } else {
            Ok(())
        })
    }

    fn call(&mut self, _: Operation) -> Self::Future {
        self.calls.store(true, Ordering::SeqCst);
        ready(Ok(Reply::created("{}")))
    }
}

/// The inner service is not `Clone`.
#[tokio::test]
async fn readiness_error_is_the_next_response_and_the_service_recovers() {
    let calls = Arc::new(AtomicBool::new(false));
    let mut service = respond_to(FailsEverySecondTime {
        polls: 0,
        calls: Arc::clone(&calls),
    });
    for _ in 0..2 {
        let response = call(&mut service, registration()).await;
        response.assert_error(503, "temporarily_unavailable");
        let outcome = response.outcome.unwrap();
        assert_eq!(outcome.operation(), Some(OperationKind::Register));
        assert!(outcome.cause().unwrap().is::<Unavailable>());
        assert!(outcome.elapsed() > Duration::ZERO);
        assert!(
            !calls.swap(false, Ordering::SeqCst),
            "the inner service was called"
        );

        let response = call(&mut service, registration()).await;
        assert_eq!(response.status, StatusCode::CREATED);
        assert!(calls.swap(false, Ordering::SeqCst));
    }
}

/// A second `poll_ready` before the call neither loses the error nor polls the inner service.
#[tokio::test]
async fn readiness_error_is_kept_until_the_call() {
    let mut service = respond_to(FailsEverySecondTime {
        polls: 0,
        calls: Arc::default(),
    });
    service.ready().await.unwrap();
    // `call` waits for readiness once more.
    let response = call(&mut service, registration()).await;
    response.assert_error(503, "temporarily_unavailable");
}

#[tokio::test]
async fn clone_does_not_inherit_a_readiness_error() {
    let (mock, mut handle) = mock::pair::<Operation, Reply>();
    let mut service = respond_to(mock);
    handle.send_error("closed");
    service.ready().await.unwrap();
    let mut clone = service.clone();
    call(&mut service, registration())
        .await
        .assert_error(500, "server_error");

    let response = tokio::spawn(async move { call(&mut clone, registration()).await });
    let (_, send) = handle.next_request().await.unwrap();
    send.send_response(Reply::created("{}"));
    assert_eq!(response.await.unwrap().status, StatusCode::CREATED);
}

#[tokio::test]
async fn service_is_pending_while_the_inner_service_is() {
    let (mut service, mut inner) =
        mock::spawn_with::<Operation, Reply, _, _>(|inner| respond_to(ReadinessCheck::new(inner)));
    inner.allow(0);
    assert!(service.poll_ready().is_pending());
    inner.allow(1);
    assert!(matches!(service.poll_ready(), Poll::Ready(Ok(()))));

    let response = tokio::spawn(service.call(registration()));
    let (operation, send) = inner.next_request().await.unwrap();
    assert_eq!(operation.metadata().unwrap().as_str(), CLIENT);
    assert!(service.poll_ready().is_pending());
    send.send_response(Reply::created("{}"));
    let response = response.await.unwrap().unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn dropped_future_drops_the_inner_one() {
    struct SetOnDrop(Arc<AtomicBool>);

    impl Drop for SetOnDrop {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    let dropped = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&dropped);
    let mut service = respond_to(service_fn(move |_: Operation| {
        let guard = SetOnDrop(Arc::clone(&flag));
        async move {
            let _guard = guard;
            pending::<Result<Reply, BoxError>>().await
        }
    }));
    {
        let mut future = pin!(service.call(registration()));
        let mut context = Context::from_waker(Waker::noop());
        assert!(future.as_mut().poll(&mut context).is_pending());
        assert!(!dropped.load(Ordering::SeqCst));
    }
    assert!(dropped.load(Ordering::SeqCst));
}

#[tokio::test]
async fn outcome_has_the_elapsed_time() {
    let wait = Duration::from_millis(30);
    let mut service = respond_to(service_fn(move |_: Operation| async move {
        tokio::time::sleep(wait).await;
        Ok::<_, BoxError>(Reply::created("{}"))
    }));
    let elapsed = call(&mut service, registration()).await.outcome.unwrap();
    assert!(elapsed.elapsed() >= wait && elapsed.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn respond_alone_has_no_elapsed_time() {
    for result in RESULTS {
        let response = respond(
            RequestSummary::new(&registration()),
            result(),
            &Challenges::default(),
        );
        let outcome = TestResponse::read(response).await.outcome.unwrap();
        assert_eq!(outcome.elapsed(), Duration::ZERO);
    }
}

#[tokio::test]
async fn extensions_of_the_reply_are_in_the_response() {
    #[derive(Clone, Debug, PartialEq)]
    struct Region(&'static str);

    let service = respond_to(service_fn(|_: Operation| {
        let mut reply = Reply::created("{}");
        reply.extensions_mut().insert(Region("eu"));
        ready(Ok::<_, BoxError>(reply))
    }));
    let response = service.oneshot(registration()).await.unwrap();
    assert_eq!(response.extensions().get(), Some(&Region("eu")));
}

#[test]
fn debug_shows_no_client_id() {
    let read = Read::new("sentinel", BearerToken::new("sentinel").unwrap());
    let summary = RequestSummary::new(&read.into());
    assert_eq!(summary.kind(), OperationKind::Read);
    assert_eq!(format!("{summary:?}"), "RequestSummary { kind: Read, .. }");

    let mut service = respond_to(service_fn(|_: Operation| {
        pending::<Result<Reply, BoxError>>()
    }));
    let future = service.call(registration());
    assert_eq!(format!("{future:?}"), "RespondFuture { .. }");
    assert!(format!("{service:?}").starts_with("Respond { challenges: "));
}
