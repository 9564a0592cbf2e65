//! What works as a backend: closures, structs, services, and stacks of tower's layers.

#[path = "support/mod.rs"]
mod support;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::StatusCode;
use tower::retry::Policy;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceBuilder, service_fn};
use tower_dcr::{
    Backend, BackendService, BearerToken, BoxError, ClientMetadata, DcrEndpoint, Delete, Operation,
    OperationKind, Read, Register, Reply, SharedBackend, Unavailable, Update, backend_fn,
};

use support::*;

async fn assert_registers(backend: impl Backend) {
    let endpoint = DcrEndpoint::new(backend);
    let answer = ask(&endpoint, register(CLIENT)).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.body, "{\"client_id\":\"1\"}");
}

fn reply() -> Reply {
    Reply::created("{\"client_id\":\"1\"}")
}

async fn function(_: Operation) -> Result<Reply, std::io::Error> {
    Ok(reply())
}

#[tokio::test]
async fn a_closure_or_a_function() {
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

/// Without `Clone`, without `Debug`, with a future that borrows from it.
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
async fn a_struct_an_arc_of_it_and_its_erasure() {
    assert_registers(mine()).await;
    assert_registers(Arc::new(mine())).await;
    assert_registers(Arc::new(Arc::new(mine()))).await;
    assert_registers(SharedBackend::new(mine())).await;
    assert_registers(SharedBackend::new(SharedBackend::new(mine()).clone())).await;
    assert_registers(BackendService::new(mine())).await;
    assert_registers(SharedBackend::new(BackendService::new(Arc::new(mine())))).await;
}

/// A backend around a backend, as policies are.
struct Around<B>(B);

impl<B: Backend> Backend for Around<B> {
    type Error = B::Error;

    async fn execute(&self, operation: Operation) -> Result<Reply, B::Error> {
        self.0.execute(operation).await
    }
}

#[tokio::test]
async fn a_backend_around_a_backend() {
    assert_registers(Around(mine())).await;
    assert_registers(Around(Around(BackendService::new(mine())))).await;
    let layered = ServiceBuilder::new()
        .layer(tower::layer::layer_fn(Around))
        .service(backend_fn(|_| async { Ok::<_, BoxError>(reply()) }));
    assert_registers(layered).await;
}

/// A service written by hand, its future not boxed.
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
async fn a_service() {
    assert_registers(ByHand).await;
    assert_registers(Strict::new(ByHand)).await;
    assert_registers(service_fn(|_: Operation| async {
        Ok::<_, BoxError>(reply())
    }))
    .await;
    assert_registers(BoxCloneSyncService::new(ByHand)).await;
    assert_registers(Arc::new(ByHand)).await;
}

#[tokio::test]
async fn stacks_of_towers_layers() {
    let all = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(8)
        .timeout(Duration::from_secs(5))
        .layer_fn(Strict::new)
        .service(BackendService::new(mine()));
    assert_registers(all.clone()).await;
    assert_registers(BoxCloneSyncService::new(all)).await;

    let buffered = ServiceBuilder::new()
        .buffer(8)
        .rate_limit(8, Duration::from_secs(1))
        .service(BackendService::new(mine()));
    assert_registers(buffered).await;
}

/// Tries again where the backend certainly did nothing.
#[derive(Clone)]
struct TryAgain(usize);

impl Policy<Operation, Reply, BoxError> for TryAgain {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Operation,
        result: &mut Result<Reply, BoxError>,
    ) -> Option<Self::Future> {
        let error = result.as_ref().err()?.downcast_ref::<Unavailable>()?;
        self.0 = self
            .0
            .checked_sub(1)
            .filter(|_| !error.is_outcome_unknown())?;
        Some(ready(()))
    }

    fn clone_request(&mut self, operation: &Operation) -> Option<Operation> {
        Some(operation.clone())
    }
}

#[tokio::test]
async fn towers_retry() {
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
        .retry(TryAgain(2))
        .layer_fn(Strict::new)
        .service(BackendService::new(flaky));
    let endpoint = DcrEndpoint::new(retrying);
    assert_eq!(
        ask(&endpoint, register(CLIENT)).await.status,
        StatusCode::CREATED
    );
    assert_eq!(calls.load(Ordering::SeqCst), 3);

    let unknown = backend_fn(|_: Operation| async {
        Err::<Reply, _>(BoxError::from(Unavailable::outcome_unknown()))
    });
    let retrying = ServiceBuilder::new()
        .retry(TryAgain(2))
        .service(BackendService::new(unknown));
    ask(&DcrEndpoint::new(retrying), register(CLIENT))
        .await
        .assert_error(503, "temporarily_unavailable");
}

/// A backend is tested without any HTTP.
#[tokio::test]
async fn operations_are_made_by_hand() {
    let recorder = Recorder::default();
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

        let mut request = http::Request::new(());
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
