//! The stack: order, what the policies share, and what surrounds them.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tower::{Layer, ServiceBuilder};
use tower_dcr::backend::{BackendService, Unavailable};
use tower_dcr::operation::{OperationKind, Read, Register};
use tower_dcr::policy::{
    ForcedMembers, MaxRedirectUris, Policies, PolicyBackend, Proposal, Rejection, Scopes, policy_fn,
};
use tower_dcr::{
    Action, Backend, BoxError, ClientMetadata, DcrLayer, ErrorCode, Operation, Reply, backend_fn,
};

use super::support::*;
use super::{assert_passes, assert_refused, check, serve, stack};

#[tokio::test]
async fn reads_and_deletes_pass() {
    let policies = stack(policy_fn(|_: &mut Proposal| {
        Err(Rejection::new(
            ErrorCode::AccessDenied,
            "This is not allowed.",
        ))
    }));
    let recorder = RecordingBackend::default();
    let service = serve(&DcrLayer::new(policies.layer(recorder.clone())));
    for (method, status) in [("GET", 200), ("DELETE", 204)] {
        let answer = send(
            &service,
            configuration_request(method, "/register/1", "token", ""),
        )
        .await;
        assert_eq!(answer.status, status);
    }
    assert_eq!(recorder.calls(), 2);
}

#[tokio::test]
async fn first_policy_added_is_the_first_to_run() {
    let policies = Policies::new()
        .with(policy_fn(|proposal: &mut Proposal| {
            proposal.set("scope", "one");
            Ok(())
        }))
        .with(policy_fn(|proposal: &mut Proposal| {
            assert_eq!(proposal.get("scope"), Some(json!("one")));
            proposal.set("scope", "two");
            Ok(())
        }));
    for checked in check(&policies, "{}").await {
        assert_eq!(checked.metadata.as_deref(), Some(r#"{"scope":"two"}"#));
    }
}

/// The metadata is not serialized and parsed between policies: in the middle it may break the
/// rules.
#[tokio::test]
async fn members_are_carried_from_policy_to_policy() {
    let mut deep = json!(1);
    for _ in 0..130 {
        deep = json!([deep]);
    }
    let policies = Policies::new()
        .with(policy_fn(move |proposal: &mut Proposal| {
            proposal.set("deep", deep.clone());
            proposal.set("long", "x".repeat(65 * 1024));
            Ok(())
        }))
        .with(policy_fn(|proposal: &mut Proposal| {
            assert!(proposal.get_raw("deep").is_some());
            assert!(proposal.remove("deep"));
            proposal.set("long", "short");
            Ok(())
        }));
    for checked in check(&policies, r#"{"n": 1.0}"#).await {
        let expected = r#"{"long":"short","n":1.0}"#;
        assert_eq!(checked.metadata.as_deref(), Some(expected));
    }
}

/// Each further policy costs a few allocations, and not one for each member.
#[test]
fn metadata_is_parsed_once_for_all_policies() {
    fn allocations(policies: usize) -> u64 {
        let mut all = Policies::new();
        for _ in 0..policies {
            all = all.with(policy_fn(|_: &mut Proposal| Ok(())));
        }
        let backend = all.layer(RecordingBackend::default());
        let metadata = ClientMetadata::parse(members(200)).unwrap();
        let operation = Register::new(metadata).into();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let measured = allocation_counter::measure(|| {
            let reply = runtime.block_on(backend.execute(operation)).unwrap();
            assert_eq!(reply.action(), Action::Created);
        });
        measured.count_total
    }

    let one = allocations(1);
    assert!(one > 200, "{one}");
    assert!(allocations(11) < one + 50);
}

/// Each policy sees the changes of the policies before it. A refusal ends the stack.
#[tokio::test]
async fn refusal_ends_the_stack() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let recorder = RecordingBackend::default();
    let backend = Policies::new()
        .with(ForcedMembers::new([("scope", "read admin")]))
        .with(Scopes::narrow_to(["read"]))
        .with(MaxRedirectUris::new(1))
        .with(policy_fn(move |proposal: &mut Proposal| {
            count.fetch_add(1, Ordering::SeqCst);
            assert_eq!(proposal.get("scope"), Some(json!("read")));
            Ok(())
        }))
        .layer(recorder.clone());
    let service = serve(&DcrLayer::new(backend));
    let two = json!({"redirect_uris": ["https://a.example/", "https://b.example/"]}).to_string();
    for update in [false, true] {
        let request = |body: String| {
            if update {
                configuration_request("PUT", "/register/1", "token", body)
            } else {
                registration_request(body)
            }
        };
        let answer = send(&service, request(r#"{"n": 1.0}"#.to_owned())).await;
        assert!(answer.status.is_success());
        let answer = send(&service, request(two.clone())).await;
        answer.assert_error(400, "invalid_redirect_uri");
    }
    let operations = recorder.operations();
    let texts = operations
        .iter()
        .map(|operation| operation.metadata().unwrap().as_str());
    let expected = r#"{"n":1.0,"scope":"read"}"#;
    assert_eq!(texts.collect::<Vec<_>>(), [expected, expected]);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

fn members(count: usize) -> String {
    let mut body = String::from("{");
    for number in 0..count {
        let comma = if number == 0 { "" } else { "," };
        write!(body, r#"{comma}"m{number}":1"#).unwrap();
    }
    body + "}"
}

#[tokio::test]
async fn more_than_256_members_are_refused_before_any_policy_runs() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let policies = stack(policy_fn(move |_: &mut Proposal| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }));
    for (number, passes) in [(256, true), (257, false), (4_000, false)] {
        for checked in check(&policies, &members(number)).await {
            if passes {
                assert!(checked.answer.status.is_success());
                assert_eq!(checked.metadata.as_deref(), Some(&*members(number)));
            } else {
                checked.answer.assert_error(400, "invalid_client_metadata");
                assert_eq!(checked.metadata, None);
                let outcome = checked.answer.outcome.unwrap();
                assert_eq!(outcome.reason(), Some("max_members"));
            }
        }
    }
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    // Only the members at the top count.
    let nested =
        json!({ "jwks": serde_json::from_str::<serde_json::Value>(&members(300)).unwrap() });
    assert_passes(&policies, &nested).await;
}

#[tokio::test]
async fn empty_stack_checks_nothing() {
    for checked in check(&Policies::new(), &members(257)).await {
        assert_eq!(checked.metadata, Some(members(257)));
    }
}

#[tokio::test]
async fn stack_is_built_conditionally() {
    struct Settings {
        policies: Policies,
    }

    for (is_strict, status) in [(true, 400), (false, 201)] {
        let mut policies = Policies::new().with(MaxRedirectUris::new(5));
        if is_strict {
            policies = policies.with(Scopes::only(["read"]));
        }
        let settings = Settings { policies };
        let backend: PolicyBackend<RecordingBackend> =
            settings.policies.layer(RecordingBackend::default());
        let service = serve(&DcrLayer::new(backend));
        let answer = send(&service, registration_request(r#"{"scope":"admin"}"#)).await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn clone_of_a_stack_is_independent() {
    let base = stack(Scopes::only(["read"]));
    let strict = base.clone().with(MaxRedirectUris::new(0));
    let metadata = json!({"scope": "read", "redirect_uris": ["https://app.example.com/cb"]});
    assert_passes(&base, &metadata).await;
    assert_refused(&strict, &metadata, 400, "invalid_redirect_uri").await;
}

#[tokio::test]
async fn stack_inside_a_stack_runs_in_its_place() {
    let set = |value: &'static str| {
        policy_fn(move |proposal: &mut Proposal| {
            let before = proposal.get("order").unwrap_or(json!(""));
            proposal.set("order", before.as_str().unwrap().to_owned() + value);
            Ok(())
        })
    };
    let inner = Policies::new().with(set("b")).with(set("c"));
    let policies = Policies::new().with(set("a")).with(inner).with(set("d"));
    for checked in check(&policies, "{}").await {
        assert_eq!(checked.metadata.as_deref(), Some(r#"{"order":"abcd"}"#));
    }
}

/// tower's layers stand around policies as around a backend.
#[tokio::test]
async fn layers_of_tower_stand_around_policies() {
    let recorder = RecordingBackend::default();
    let backend = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(2)
        .layer_fn(BackendService::new)
        .layer(stack(Scopes::only(["read"])))
        .service(recorder.clone());
    let service = serve(&DcrLayer::new(backend));
    let answer = send(&service, registration_request(r#"{"scope":"read"}"#)).await;
    assert_eq!(answer.status, 201);
    let answer = send(&service, registration_request(r#"{"scope":"admin"}"#)).await;
    answer.assert_error(400, "invalid_client_metadata");
    assert_eq!(recorder.calls(), 1);
}

/// A policy can call the backend, to read the client before it works for it.
#[tokio::test]
async fn policy_can_read_the_client_first() {
    let recorder = RecordingBackend::default();
    let reader = recorder.clone();
    let known = policy_fn(async move |proposal: &mut Proposal| {
        let operation = proposal.operation();
        let (Some(client_id), Some(token)) = (operation.client_id(), operation.token()) else {
            return Ok(());
        };
        let read = Read::new(client_id, token.clone());
        let Ok(reply) = reader.execute(read.into()).await;
        assert_eq!(reply.action(), Action::Ok);
        Ok(())
    });
    let service = serve(&DcrLayer::new(stack(known).layer(recorder.clone())));
    let answer = send(
        &service,
        configuration_request("PUT", "/register/1", "token", "{}"),
    )
    .await;
    assert_eq!(answer.status, 200);
    let kinds = recorder.operations();
    let kinds = kinds.iter().map(Operation::kind);
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        [OperationKind::Read, OperationKind::Update]
    );
}

#[tokio::test]
async fn errors_of_the_backend_pass() {
    let policies = stack(policy_fn(|_: &mut Proposal| Ok(())));
    let unavailable = backend_fn(|_| async { Err::<Reply, _>(Unavailable::new()) });
    let service = serve(&DcrLayer::new(policies.layer(unavailable)));
    let answer = send(&service, registration_request("{}")).await;
    answer.assert_error(503, "temporarily_unavailable");
    let failed = backend_fn(|_| async { Err::<Reply, BoxError>("x".into()) });
    let service = serve(&DcrLayer::new(policies.layer(failed)));
    let answer = send(&service, registration_request("{}")).await;
    answer.assert_error(500, "server_error");
}

/// A client that disconnects while a policy waits drops the policy. The backend is not called.
#[tokio::test]
async fn disconnect_drops_the_waiting_policy() {
    struct Dropped(Arc<AtomicUsize>);

    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    let dropped = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&dropped);
    let policies = stack(policy_fn(async move |_: &mut Proposal| {
        let _guard = Dropped(Arc::clone(&count));
        std::future::pending::<()>().await;
        Ok(())
    }));
    let recorder = RecordingBackend::default();
    let service = serve(&DcrLayer::new(policies.layer(recorder.clone())));
    let mut asked = Box::pin(send(&service, registration_request("{}")));
    assert!(poll_once(&mut asked).await.is_none());
    assert_eq!(dropped.load(Ordering::SeqCst), 0);
    drop(asked);
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    assert_eq!(recorder.calls(), 0);
}

/// Polls a future once.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    use std::pin::Pin;
    use std::task::Poll;

    std::future::poll_fn(|context| {
        Poll::Ready(match Pin::new(&mut *future).poll(context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

#[test]
fn policies_are_backends_and_debug_shows_no_value() {
    fn is_backend(_: &impl Backend) {}
    let backend = stack(policy_fn(|_: &mut Proposal| Ok(()))).layer(RecordingBackend::default());
    is_backend(&backend.clone());
    assert_eq!(
        format!("{backend:?}"),
        "PolicyBackend { policies: Policies { len: 1, .. }, .. }"
    );
    let forced = ForcedMembers::new([("a", "sentinel")]);
    assert_eq!(format!("{forced:?}"), r#"{"a"}"#);
}
