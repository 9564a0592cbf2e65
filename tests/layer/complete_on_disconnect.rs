//! Operations of clients that disconnect.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use http::StatusCode;
use tokio::sync::Semaphore;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::{Layer, ServiceBuilder};
use tower_dcr::backend::BackendService;
use tower_dcr::endpoint::CompleteOnDisconnectLayer;
use tower_dcr::initial_access::{TokenLabel, TokenList};
use tower_dcr::operation::Register;
use tower_dcr::{
    Action, Backend, BoxError, ClientMetadata, DcrEndpoint, DcrLayer, Operation, Outcome, Reply,
    backend_fn,
};

use crate::support::socket::{Connection, serve};
use crate::support::{CLIENT, registration_request, send};

/// A backend that waits for a permit, and counts what it completed.
#[derive(Clone)]
struct Gated {
    gate: Arc<Semaphore>,
    started: Arc<AtomicUsize>,
    completed: Arc<AtomicUsize>,
}

impl Gated {
    fn new() -> Self {
        Self {
            gate: Arc::new(Semaphore::new(0)),
            started: Arc::default(),
            completed: Arc::default(),
        }
    }

    fn completed(&self) -> usize {
        self.completed.load(Ordering::SeqCst)
    }

    fn started(&self) -> usize {
        self.started.load(Ordering::SeqCst)
    }
}

impl Backend for Gated {
    type Error = BoxError;

    async fn execute(&self, _: Operation) -> Result<Reply, BoxError> {
        self.started.fetch_add(1, Ordering::SeqCst);
        self.gate.acquire().await?.forget();
        self.completed.fetch_add(1, Ordering::SeqCst);
        Ok(Reply::created(r#"{"client_id":"1"}"#))
    }
}

type Outcomes = Arc<Mutex<Vec<Outcome>>>;

fn layer(max_tasks: usize) -> (Outcomes, CompleteOnDisconnectLayer) {
    let outcomes = Outcomes::default();
    let seen = Arc::clone(&outcomes);
    let layer = CompleteOnDisconnectLayer::new(max_tasks)
        .on_outcome(move |outcome| seen.lock().unwrap().push(outcome));
    (outcomes, layer)
}

fn operation() -> Operation {
    Register::new(ClientMetadata::parse("{}").unwrap()).into()
}

/// Starts an operation and abandons it.
fn abandon(backend: &impl Backend) {
    let mut future = Box::pin(backend.execute(operation()));
    assert!(poll(future.as_mut()).is_none());
}

fn poll<F: Future>(future: Pin<&mut F>) -> Option<F::Output> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn abandoned_operation_completes_and_its_outcome_is_reported() {
    let gated = Gated::new();
    let (outcomes, layer) = layer(8);
    let backend = layer.layer(gated.clone());
    abandon(&backend);
    assert_eq!(gated.completed(), 0);
    gated.gate.add_permits(1);
    until(|| !outcomes.lock().unwrap().is_empty()).await;
    assert_eq!(gated.completed(), 1);
    let outcome = outcomes.lock().unwrap().pop().unwrap();
    assert_eq!(outcome.action(), Some(Action::Created));
    assert_eq!(outcome.status(), StatusCode::CREATED);
    assert_eq!(outcome.client_id(), Some("1"));
}

#[tokio::test]
async fn operation_that_was_answered_is_not_reported() {
    let gated = Gated::new();
    gated.gate.add_permits(1);
    let (outcomes, layer) = layer(8);
    let endpoint = DcrEndpoint::new(layer.layer(gated.clone()));
    assert_eq!(
        send(&endpoint, registration_request(CLIENT)).await.status,
        201
    );
    tokio::task::yield_now().await;
    assert!(outcomes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn operation_that_was_never_polled_is_not_started() {
    let gated = Gated::new();
    gated.gate.add_permits(1);
    let (_, layer) = layer(8);
    drop(layer.layer(gated.clone()).execute(operation()));
    tokio::task::yield_now().await;
    assert_eq!((gated.started(), gated.completed()), (0, 0));
}

#[tokio::test]
async fn number_of_tasks_is_bounded() {
    let gated = Gated::new();
    let (outcomes, layer) = layer(3);
    let backend = layer.layer(gated.clone());
    for _ in 0..10 {
        abandon(&backend);
    }
    gated.gate.add_permits(10);
    until(|| outcomes.lock().unwrap().len() == 3).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(gated.completed(), 3);
    // The places are free again.
    let left = gated.gate.available_permits();
    gated.gate.forget_permits(left);
    abandon(&backend);
    gated.gate.add_permits(1);
    until(|| outcomes.lock().unwrap().len() == 4).await;
}

#[tokio::test]
async fn tasks_keep_the_permits_of_limits_inside() {
    let gated = Gated::new();
    let (outcomes, layer) = layer(100);
    let backend = ServiceBuilder::new()
        .layer(layer)
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(2))
        .layer_fn(BackendService::new)
        .service(gated.clone());
    abandon(&backend);
    abandon(&backend);
    // A client that disconnects in a loop does not get past the limit.
    for _ in 0..20 {
        assert!(backend.execute(operation()).await.is_err());
    }
    assert_eq!(gated.started(), 2);
    gated.gate.add_permits(2);
    until(|| outcomes.lock().unwrap().len() == 2).await;
    gated.gate.add_permits(1);
    assert!(backend.execute(operation()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn task_is_cancelled_after_its_timeout() {
    let gated = Gated::new();
    let (outcomes, layer) = layer(1);
    let backend = layer
        .task_timeout(Duration::from_secs(5))
        .layer(gated.clone());
    let started = tokio::time::Instant::now();
    abandon(&backend);
    until(|| !outcomes.lock().unwrap().is_empty()).await;
    assert!(started.elapsed() >= Duration::from_secs(5));
    assert_eq!(
        outcomes.lock().unwrap()[0].status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(gated.completed(), 0);
}

#[tokio::test]
async fn failure_in_a_task_is_reported() {
    let failing = backend_fn(|_: Operation| async {
        tokio::task::yield_now().await;
        Err::<Reply, BoxError>("no such table".into())
    });
    let (outcomes, layer) = layer(1);
    abandon(&layer.layer(failing));
    until(|| !outcomes.lock().unwrap().is_empty()).await;
    let outcome = outcomes.lock().unwrap().pop().unwrap();
    assert_eq!(outcome.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(outcome.cause().unwrap().to_string(), "no such table");
}

/// With `CatchPanicLayer` outside, a panic is a 500. The backend must not be polled again.
#[tokio::test]
async fn backend_that_panics_does_not_become_a_task() {
    let polls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&polls);
    let panicking = backend_fn(move |_: Operation| {
        let counter = Arc::clone(&counter);
        std::future::poll_fn(move |_| -> std::task::Poll<Result<Reply, BoxError>> {
            counter.fetch_add(1, Ordering::SeqCst);
            panic!("for the test");
        })
    });
    let (outcomes, layer) = layer(8);
    let backend = layer.layer(panicking);
    let task = tokio::spawn(async move { backend.execute(operation()).await });
    assert!(task.await.unwrap_err().is_panic());
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(polls.load(Ordering::SeqCst), 1);
    assert!(outcomes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn all_backends_of_a_layer_share_the_number_of_tasks() {
    let gated = Gated::new();
    let (outcomes, layer) = layer(3);
    for _ in 0..10 {
        abandon(&layer.layer(gated.clone()));
    }
    gated.gate.add_permits(10);
    until(|| outcomes.lock().unwrap().len() == 3).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(gated.completed(), 3);
}

#[tokio::test]
async fn outcome_of_a_task_has_what_the_verifier_attached() {
    let gated = Gated::new();
    let (outcomes, layer) = layer(1);
    let endpoint = DcrLayer::builder(layer.layer(gated.clone()))
        .require_initial_access_token(TokenList::labeled([("ci", "token")]).unwrap())
        .build_endpoint()
        .unwrap();
    let mut request = registration_request(CLIENT);
    let bearer = "Bearer token".parse().unwrap();
    request.headers_mut().insert("authorization", bearer);
    let mut response = Box::pin(send(&endpoint, request));
    assert!(poll(response.as_mut()).is_none());
    drop(response);
    gated.gate.add_permits(1);
    until(|| !outcomes.lock().unwrap().is_empty()).await;
    let outcome = outcomes.lock().unwrap().pop().unwrap();
    assert_eq!(outcome.extensions().get(), Some(&TokenLabel::new("ci")));
}

/// A real client over a socket.
#[tokio::test]
async fn client_that_closes_its_connection_does_not_cancel_the_operation() {
    let gated = Gated::new();
    let (outcomes, layer) = layer(8);
    let address = serve(DcrEndpoint::new(layer.layer(gated.clone()))).await;
    let mut connection = Connection::open(address).await;
    let length = CLIENT.len();
    connection
        .send(format!(
            "POST /register HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{CLIENT}"
        ))
        .await;
    until(|| gated.started() == 1).await;
    drop(connection);
    // hyper notices the closed connection, and drops the response future.
    tokio::time::sleep(Duration::from_millis(50)).await;
    gated.gate.add_permits(1);
    until(|| outcomes.lock().unwrap().len() == 1).await;
    assert_eq!(gated.completed(), 1);
}
