//! The types that work as a backend: closures, structs, services, and stacks of tower's layers.

#[path = "support/mod.rs"]
mod support;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use tower::retry::Policy;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceBuilder, service_fn};
use tower_dcr::backend::{BackendService, SharedBackend, Unavailable};
use tower_dcr::operation::{Delete, OperationKind, Read, Register, Update};
use tower_dcr::registry::Registry;
use tower_dcr::{
    Backend, BearerToken, BoxError, ClientMetadata, DcrEndpoint, Operation, Reply, backend_fn,
};

use support::*;

async fn assert_registers(backend: impl Backend) {
    let endpoint = DcrEndpoint::new(backend);
    let response = send(&endpoint, registration_request(CLIENT)).await;
    assert_eq!(response.status, StatusCode::CREATED);
    assert_eq!(response.body, "{\"client_id\":\"1\"}");
}

fn reply() -> Reply {
    Reply::created("{\"client_id\":\"1\"}")
}

async fn function(_: Operation) -> Result<Reply, std::io::Error> {
    Ok(reply())
}

#[tokio::test]
async fn closures_and_functions_are_backends() {
    assert_registers(backend_fn(|_| async { Ok::<_, BoxError>(reply()) })).await;
    assert_registers(backend_fn(async |_: Operation| Ok::<_, BoxError>(reply()))).await;

    let state = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&state);
    assert_registers(backend_fn(move |operation| {
        count.fetch_add(1, Ordering::SeqCst);
        async move {
            assert_eq!(operation.kind(), OperationKind::Register);
            Ok::<_, Infallible>(reply())
        }
    }))
    .await;
    assert_eq!(state.load(Ordering::SeqCst), 1);

    assert_registers(backend_fn(function)).await;
}

/// A backend that is neither `Clone` nor `Debug`, and whose future borrows from it.
struct Mine {
    content: String,
}

impl Backend for Mine {
    type Error = String;

    async fn execute(&self, _: Operation) -> Result<Reply, String> {
        tokio::task::yield_now().await;
        Ok(Reply::created(self.content.clone()))
    }
}

fn mine() -> Mine {
    Mine {
        content: "{\"client_id\":\"1\"}".to_owned(),
    }
}

#[tokio::test]
async fn structs_arcs_and_erased_backends_are_backends() {
    assert_registers(mine()).await;
    assert_registers(Arc::new(mine())).await;
    assert_registers(Arc::new(Arc::new(mine()))).await;
    assert_registers(SharedBackend::new(mine())).await;
    assert_registers(SharedBackend::new(SharedBackend::new(mine()).clone())).await;
    assert_registers(BackendService::new(mine())).await;
    assert_registers(SharedBackend::new(BackendService::new(Arc::new(mine())))).await;
}

/// A backend around a backend.
struct Around<B>(B);

impl<B: Backend> Backend for Around<B> {
    type Error = B::Error;

    async fn execute(&self, operation: Operation) -> Result<Reply, B::Error> {
        self.0.execute(operation).await
    }
}

#[tokio::test]
async fn wrapped_backends_are_backends() {
    assert_registers(Around(mine())).await;
    assert_registers(Around(Around(BackendService::new(mine())))).await;
    let layered = ServiceBuilder::new()
        .layer(tower::layer::layer_fn(Around))
        .service(backend_fn(|_| async { Ok::<_, BoxError>(reply()) }));
    assert_registers(layered).await;
}

/// A service written by hand, whose future is not boxed.
#[derive(Clone)]
struct ByHand;

impl Service<Operation> for ByHand {
    type Response = Reply;
    type Error = Infallible;
    type Future = Ready<Result<Reply, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Operation) -> Self::Future {
        ready(Ok(reply()))
    }
}

#[tokio::test]
async fn tower_services_are_backends() {
    assert_registers(ByHand).await;
    assert_registers(ReadinessCheck::new(ByHand)).await;
    assert_registers(service_fn(|_: Operation| async {
        Ok::<_, BoxError>(reply())
    }))
    .await;
    assert_registers(BoxCloneSyncService::new(ByHand)).await;
    assert_registers(Arc::new(ByHand)).await;
}

#[tokio::test]
async fn stacks_of_tower_layers_are_backends() {
    let all = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(8)
        .timeout(Duration::from_secs(5))
        .layer_fn(ReadinessCheck::new)
        .service(BackendService::new(mine()));
    assert_registers(all.clone()).await;
    assert_registers(BoxCloneSyncService::new(all)).await;

    let buffered = ServiceBuilder::new()
        .buffer(8)
        .rate_limit(8, Duration::from_secs(1))
        .service(BackendService::new(mine()));
    assert_registers(buffered).await;
}

/// The retry policy in the documentation of `Operation::is_repeatable`.
#[derive(Clone)]
struct Attempts(usize);

impl Policy<Operation, Reply, BoxError> for Attempts {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        operation: &mut Operation,
        result: &mut Result<Reply, BoxError>,
    ) -> Option<Self::Future> {
        let unavailable = Unavailable::find_in(&**result.as_ref().err()?)?;
        let may = operation.is_repeatable() || !unavailable.is_outcome_unknown();
        self.0 = self.0.checked_sub(1).filter(|_| may)?;
        Some(ready(()))
    }

    fn clone_request(&mut self, operation: &Operation) -> Option<Operation> {
        Some(operation.clone())
    }
}

#[tokio::test]
async fn tower_retry_repeats_a_registration_that_did_not_happen() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let flaky = backend_fn(move |operation: Operation| {
        let call = count.fetch_add(1, Ordering::SeqCst);
        async move {
            assert_eq!(operation.metadata().unwrap().as_str(), CLIENT);
            if call < 2 {
                return Err(BoxError::from(Unavailable::new()));
            }
            Ok(reply())
        }
    });
    let retrying = ServiceBuilder::new()
        .retry(Attempts(2))
        .layer_fn(ReadinessCheck::new)
        .service(BackendService::new(flaky));
    let endpoint = DcrEndpoint::new(retrying);
    assert_eq!(
        send(&endpoint, registration_request(CLIENT)).await.status,
        StatusCode::CREATED
    );
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

/// Returns how often a backend that always fails is called.
async fn attempts(
    error: impl Fn() -> BoxError + Send + Sync + 'static,
    request: Request<Full<Bytes>>,
) -> usize {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let failing = backend_fn(move |_: Operation| {
        count.fetch_add(1, Ordering::SeqCst);
        let error = error();
        async { Err::<Reply, _>(error) }
    });
    let retrying = ServiceBuilder::new()
        .retry(Attempts(2))
        .service(BackendService::new(failing));
    let response = send(&DcrEndpoint::new(retrying), request).await;
    assert!(response.status.is_server_error());
    calls.load(Ordering::SeqCst)
}

/// An operation that may have happened is only repeated if that does no harm. A permanent error is
/// not retried.
#[tokio::test]
async fn retry_depends_on_the_outcome_and_the_operation() {
    type MakeError = fn() -> BoxError;
    let nothing: [MakeError; 3] = [
        || Unavailable::new().into(),
        || Box::new(WrappedError(Unavailable::new().into())),
        || tower::load_shed::error::Overloaded::new().into(),
    ];
    let unknown: [MakeError; 3] = [
        || Unavailable::outcome_unknown().into(),
        || Box::new(WrappedError(Unavailable::outcome_unknown().into())),
        || tower::timeout::error::Elapsed::new().into(),
    ];
    let requests = || {
        [
            ("read", configuration_request("GET", "/register/1", "t", "")),
            ("register", registration_request(CLIENT)),
            (
                "update",
                configuration_request("PUT", "/register/1", "t", CLIENT),
            ),
            (
                "delete",
                configuration_request("DELETE", "/register/1", "t", ""),
            ),
        ]
    };
    for error in nothing {
        for (kind, request) in requests() {
            assert_eq!(attempts(error, request).await, 3, "{kind}: {}", error());
        }
    }
    for error in unknown {
        for (kind, request) in requests() {
            let expected = if kind == "read" { 3 } else { 1 };
            assert_eq!(
                attempts(error, request).await,
                expected,
                "{kind}: {}",
                error()
            );
        }
    }
    for (kind, request) in requests() {
        assert_eq!(attempts(|| "permanent".into(), request).await, 1, "{kind}");
    }
}

/// The error of the registry is a type of its own, so the policy needs `map_err`.
#[tokio::test]
async fn tower_retry_works_around_the_registry() {
    let registry = Registry::in_memory("https://as.example.com/register").unwrap();
    let retrying = ServiceBuilder::new()
        .retry(Attempts(2))
        .map_err(BoxError::from)
        .service(BackendService::new(registry));
    let response = send(&DcrEndpoint::new(retrying), registration_request(CLIENT)).await;
    assert_eq!(response.status, StatusCode::CREATED);
}

/// A backend can be tested without HTTP.
#[tokio::test]
async fn operations_can_be_made_by_hand() {
    let recorder = RecordingBackend::default();
    let token = || BearerToken::new("token").unwrap();
    let metadata = || ClientMetadata::parse(CLIENT).unwrap();
    for (operation, method) in [
        (
            Operation::from(Register::new(metadata()).with_initial_access_token(token())),
            "POST",
        ),
        (Read::new("1", token()).into(), "GET"),
        (Update::new("1", token(), metadata()).into(), "PUT"),
        (Delete::new("1", token()).into(), "DELETE"),
    ] {
        assert_eq!(operation.parts().method, method);
        recorder.execute(operation).await.unwrap();
        let seen = recorder.operations().pop().unwrap();
        assert_eq!(seen.token().unwrap().as_str(), "token");

        let mut request = Request::new(());
        request
            .headers_mut()
            .insert("authorization", "Bearer token".parse().unwrap());
        request
            .headers_mut()
            .insert("x-tenant", "blue".parse().unwrap());
        let seen = seen.with_parts(request.into_parts().0);
        assert_eq!(seen.parts().headers.len(), 1);
    }
}
