//! The policies, through the layer, for registrations and updates alike: what passes, what is refused, what is changed, and
//! the ways around each.

#[path = "support/mod.rs"]
mod support;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::{Value, json};
use tower::util::ServiceFn;
use tower::{Layer, ServiceBuilder, ServiceExt as _, service_fn};
use tower_dcr::backend::{BackendService, Unavailable};
use tower_dcr::operation::OperationKind;
use tower_dcr::policy::{
    AnswerUnauthorized, ForcedMembers, HideUnusedSecret, Judge, MaxRedirectUris, PolicyLayer,
    Proposal, RedirectUris, Scopes, SelfAssertedUris, policy_fn,
};
use tower_dcr::{
    Action, Backend, BoxError, Dcr, DcrEndpoint, DcrLayer, ErrorCode, Reply, backend_fn,
};

use support::*;

type App = ServiceFn<fn(Request<Full<Bytes>>) -> Ready<Result<Response<Full<Bytes>>, Infallible>>>;

/// An application with registration.
fn served<B: Backend>(layer: &DcrLayer<B>) -> Dcr<App, DcrEndpoint<B>> {
    layer.layer(service_fn(|_| {
        ready(Ok(Response::new(Full::from("the application's"))))
    }))
}

/// What came back, and the text that came to the backend, if any did.
struct Judged {
    answer: Answer,
    text: Option<String>,
}

/// A registration and an update with this text, under a policy.
async fn both<J: Judge>(policy: &PolicyLayer<J>, text: &str) -> [Judged; 2] {
    let mut judged = Vec::new();
    for request in [
        register(text.to_owned()),
        configure("PUT", "/register/1", "token", text.to_owned()),
    ] {
        let recorder = Recorder::default();
        let service = served(&DcrLayer::new(policy.layer(recorder.clone())));
        let answer = ask(&service, request).await;
        answer.assert_well_formed();
        let operations = recorder.operations();
        assert!(operations.len() <= 1);
        let text = operations
            .first()
            .map(|operation| operation.metadata().unwrap().as_str().to_owned());
        judged.push(Judged { answer, text });
    }
    judged.try_into().ok().unwrap()
}

async fn assert_passes<J: Judge>(policy: &PolicyLayer<J>, metadata: &Value) {
    let text = metadata.to_string();
    for judged in both(policy, &text).await {
        assert!(
            judged.answer.status.is_success(),
            "{metadata}: {:?}",
            judged.answer
        );
        assert_eq!(judged.text.as_deref(), Some(&*text), "byte for byte");
    }
}

async fn assert_refused<J: Judge>(
    policy: &PolicyLayer<J>,
    metadata: &Value,
    status: u16,
    error: &str,
) {
    for judged in both(policy, &metadata.to_string()).await {
        judged.answer.assert_error(status, error);
        assert_eq!(judged.text, None, "{metadata}");
    }
}

async fn assert_changed<J: Judge>(policy: &PolicyLayer<J>, metadata: &Value, expected: &Value) {
    for judged in both(policy, &metadata.to_string()).await {
        assert!(
            judged.answer.status.is_success(),
            "{metadata}: {:?}",
            judged.answer
        );
        let text: Value = serde_json::from_str(&judged.text.unwrap()).unwrap();
        assert_eq!(text, *expected);
    }
}

#[tokio::test]
async fn reads_and_deletes_pass() {
    let policy = policy_fn(|_: &mut Proposal| {
        Err(Reply::refuse(
            ErrorCode::AccessDenied,
            "This is not allowed.",
        ))
    });
    let recorder = Recorder::default();
    let service = served(&DcrLayer::new(policy.layer(recorder.clone())));
    for (method, status) in [("GET", 200), ("DELETE", 204)] {
        let answer = ask(&service, configure(method, "/register/1", "token", "")).await;
        assert_eq!(answer.status, status);
    }
    assert_eq!(recorder.calls(), 2);
}

#[tokio::test]
async fn a_closure_refuses_with_any_error() {
    for (code, status) in [
        (ErrorCode::InvalidRedirectUri, 400),
        (ErrorCode::InvalidClientMetadata, 400),
        (ErrorCode::InvalidSoftwareStatement, 400),
        (ErrorCode::UnapprovedSoftwareStatement, 400),
        (ErrorCode::InvalidToken, 401),
        (ErrorCode::AccessDenied, 403),
        (ErrorCode::InsufficientScope, 403),
    ] {
        let policy = policy_fn(move |_: &mut Proposal| Err(Reply::refuse(code, "Not here.")));
        assert_refused(&policy, &json!({}), status, code.as_str()).await;
        let policy = PolicyLayer::new(move |_: Proposal| async move {
            tokio::task::yield_now().await;
            Err(Reply::refuse(code, "Not here."))
        });
        assert_refused(&policy, &json!({}), status, code.as_str()).await;
    }
}

#[tokio::test]
async fn a_closure_sees_who_asks_and_what_for() {
    let policy = policy_fn(|proposal: &mut Proposal| {
        let operation = proposal.operation();
        assert_eq!(operation.kind(), proposal.kind());
        assert_eq!(
            operation.client_id().is_some(),
            proposal.kind() == OperationKind::Update
        );
        assert_eq!(
            operation.parts().headers["content-type"],
            "application/json"
        );
        assert!(!operation.parts().headers.contains_key("authorization"));
        assert_eq!(proposal.get("a"), Some(json!({"b": [1, null]})));
        assert_eq!(proposal.get("c"), None);
        assert_eq!(
            proposal.names().collect::<Vec<_>>(),
            ["a", "d", "e", "f", "g"]
        );
        let omitted = ["a", "c", "d", "e", "f", "g"].map(|name| proposal.is_omitted(name));
        assert_eq!(omitted, [false, true, true, true, true, false]);
        assert!(!format!("{proposal:?}").contains("sentinel"));
        Ok(())
    });
    let metadata = json!({"a": {"b": [1, null]}, "d": null, "e": "", "f": [], "g": "sentinel"});
    assert_passes(&policy, &metadata).await;
}

#[tokio::test]
async fn a_closure_changes_members_and_leaves_the_others_as_they_were_written() {
    let policy = policy_fn(|proposal: &mut Proposal| {
        proposal.set("scope", "read");
        proposal.set("new", json!({"a": [1, 2]}));
        assert!(proposal.remove("logo_uri"));
        assert!(!proposal.remove("logo_uri"));
        Ok(())
    });
    let text = r#"{"scope": "admin", "big": 123456789012345678901234567890, "f": 1.50, "logo_uri": 1, "z": [ 1e2 ]}"#;
    for judged in both(&policy, text).await {
        assert_eq!(
            judged.text.unwrap(),
            r#"{"big":123456789012345678901234567890,"f":1.50,"new":{"a":[1,2]},"scope":"read","z":[ 1e2 ]}"#
        );
    }
}

/// A change that changes nothing is none: the text stays as it is.
#[tokio::test]
async fn a_member_that_is_not_there_is_not_taken_away() {
    let policy = policy_fn(|proposal: &mut Proposal| {
        proposal.remove("x");
        Ok(())
    });
    let text = "{ \"b\" : 1.0,\n \"a\":[ 1e2 ] }";
    for judged in both(&policy, text).await {
        assert_eq!(judged.text.as_deref(), Some(text));
    }
}

/// A policy that asks somebody who does not answer now.
#[tokio::test]
async fn a_policy_that_cannot_say() {
    let policy = PolicyLayer::new(|_: Proposal| async {
        let description = "The approval service is not there.";
        Err(Reply::refuse(
            ErrorCode::TemporarilyUnavailable,
            description,
        ))
    });
    for judged in both(&policy, "{}").await {
        judged.answer.assert_error(503, "temporarily_unavailable");
        assert!(!judged.answer.json().to_string().contains("approval"));
        assert_eq!(judged.text, None);
        assert_eq!(judged.answer.header("retry-after"), None);
        let cause = judged.answer.outcome.unwrap();
        let cause = cause.cause().unwrap().source().unwrap().to_string();
        assert_eq!(cause, "a policy cannot say now");
    }
}

/// Which policy it was, and why, is for the log; the client is told when to come again, and nothing else.
#[tokio::test]
async fn why_a_policy_cannot_say() {
    let policy = PolicyLayer::new(|_: Proposal| async {
        let wait = std::time::Duration::from_secs(7);
        let cause = Unavailable::outcome_unknown().with_source("no route");
        let later = Unavailable::new().with_retry_after(wait).with_source(cause);
        Err(Reply::refuse(ErrorCode::TemporarilyUnavailable, "Later.")
            .with_reason("approval")
            .with_cause(later))
    });
    for judged in both(&policy, "{}").await {
        judged.answer.assert_error(503, "temporarily_unavailable");
        assert_eq!(judged.answer.header("retry-after"), Some("7"));
        let body = judged.answer.json().to_string();
        assert!(!body.contains("unknown") && !body.contains("approval"));
        let outcome = format!("{:?}", judged.answer.outcome.unwrap());
        assert!(
            outcome.contains("the policy approval cannot say now"),
            "{outcome}"
        );
        assert!(outcome.contains("no route"), "{outcome}");
    }
    // Whatever the cause says, nothing was asked of the backend.
    let policy = policy_fn(|_: &mut Proposal| {
        Err(Reply::refuse(ErrorCode::TemporarilyUnavailable, "Later.")
            .with_cause(Unavailable::outcome_unknown()))
    });
    for judged in both(&policy, "{}").await {
        judged.answer.assert_error(503, "temporarily_unavailable");
        assert!(!judged.answer.json().to_string().contains("unknown"));
    }
}

/// The name of a ready-made policy is the code of what it refuses.
#[tokio::test]
async fn which_policy_refused() {
    async fn assert<J: Judge>(judge: J, metadata: Value, code: &str) {
        for judged in both(&PolicyLayer::new(judge), &metadata.to_string()).await {
            assert_eq!(judged.answer.outcome.unwrap().reason(), Some(code));
        }
    }
    let uri =
        json!({"redirect_uris": ["https://evil.example/"], "logo_uri": "https://bank.example/"});
    assert(RedirectUris::none(), uri.clone(), "RedirectUris").await;
    assert(MaxRedirectUris::new(0), uri.clone(), "MaxRedirectUris").await;
    assert(
        SelfAssertedUris::refused_elsewhere(),
        uri,
        "SelfAssertedUris",
    )
    .await;
    assert(Scopes::only(["read"]), json!({"scope": "write"}), "Scopes").await;
    let statement = json!({"software_statement": "a.b.c"});
    assert(ForcedMembers::new([("a", "b")]), statement, "ForcedMembers").await;
}

/// The reply that a policy refuses with goes on as it is: code, extensions and words.
#[tokio::test]
async fn a_refusal_is_the_policys_own() {
    #[derive(Clone, Debug, PartialEq)]
    struct Ticket(u32);

    let policy = policy_fn(|_: &mut Proposal| {
        let mut reply = Reply::refuse(ErrorCode::AccessDenied, "Not today.").with_reason("P17");
        reply.extensions_mut().insert(Ticket(7));
        Err(reply)
    });
    let service = served(&DcrLayer::new(policy.layer(Recorder::default())));
    let response = service.clone().oneshot(register("{}")).await.unwrap();
    assert_eq!(response.extensions().get(), Some(&Ticket(7)));
    let answer = Answer::of(response).await;
    answer.assert_error(403, "access_denied");
    assert_eq!(answer.json()["error_description"], "Not today.");
    let outcome = answer.outcome.unwrap();
    assert_eq!(outcome.action(), Some(Action::Forbidden));
    assert_eq!(outcome.reason(), Some("P17"));
}

/// What was not asked of the backend was not done.
#[tokio::test]
async fn a_refusal_is_no_success() {
    for reply in [
        Reply::created(r#"{"client_id":"1"}"#),
        Reply::updated(r#"{"client_id":"1"}"#),
        Reply::ok("{}"),
        Reply::deleted(),
    ] {
        let policy = policy_fn(move |_: &mut Proposal| Err(reply.clone()));
        assert_refused(&policy, &json!({}), 500, "server_error").await;
    }
    let own = policy_fn(|_: &mut Proposal| {
        Err(Reply::internal_server_error(
            r#"{"error":"own","error_description":"x"}"#,
        ))
    });
    assert_refused(&own, &json!({}), 500, "own").await;
}

/// A closure that waits passes and changes, too; shared, it is a policy still.
#[tokio::test]
async fn a_closure_that_waits() {
    let policy = PolicyLayer::new(Arc::new(|mut proposal: Proposal| async {
        tokio::task::yield_now().await;
        if proposal.is_omitted("scope") {
            proposal.set("scope", "read");
        }
        Ok(proposal)
    }));
    assert_passes(&policy, &json!({"scope": "write"})).await;
    assert_changed(&policy, &json!({"a": 1}), &json!({"a": 1, "scope": "read"})).await;
}

/// Numbers inside a member that a policy writes keep their digits, where they are taken as they are written.
#[tokio::test]
async fn a_member_as_it_was_written() {
    let policy = policy_fn(|proposal: &mut Proposal| {
        let member = proposal.get_raw("x").unwrap().to_owned();
        proposal.set_raw("y", member);
        assert!(proposal.get_raw("none").is_none());
        Ok(())
    });
    for judged in both(
        &policy,
        r#"{"x": {"n": 12345678901234567890123, "m": 1.10}}"#,
    )
    .await
    {
        let expected = r#"{"x":{"n": 12345678901234567890123, "m": 1.10},"y":{"n": 12345678901234567890123, "m": 1.10}}"#;
        assert_eq!(judged.text.as_deref(), Some(expected));
    }
}

/// A client that goes away while a policy thinks takes the policy with it, and nothing has happened.
#[tokio::test]
async fn a_client_that_does_not_wait() {
    struct Dropped(Arc<AtomicUsize>);

    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    let dropped = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&dropped);
    let policy = PolicyLayer::new(move |proposal: Proposal| {
        let guard = Dropped(Arc::clone(&count));
        async move {
            std::future::pending::<()>().await;
            drop(guard);
            Ok(proposal)
        }
    });
    let recorder = Recorder::default();
    let service = served(&DcrLayer::new(policy.layer(recorder.clone())));
    let mut asked = Box::pin(ask(&service, register("{}")));
    assert!(futures_poll(&mut asked).await.is_none());
    assert_eq!(dropped.load(Ordering::SeqCst), 0);
    drop(asked);
    assert_eq!(dropped.load(Ordering::SeqCst), 1);
    assert_eq!(recorder.calls(), 0);
}

/// What it gives when it is asked once.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut *future).poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test]
async fn changed_metadata_is_held_to_the_limit_again() {
    let grow = |length: usize| {
        policy_fn(move |proposal: &mut Proposal| {
            // {"x":""} besides.
            proposal.set("x", "y".repeat(length - 8));
            Ok(())
        })
    };
    for (length, is_taken) in [(1_000, true), (1_001, false)] {
        for request in [
            register("{}"),
            configure("PUT", "/register/1", "token", "{}"),
        ] {
            let recorder = Recorder::default();
            let layer = DcrLayer::builder(grow(length).layer(recorder.clone()))
                .body_limit(1_000)
                .build()
                .unwrap();
            let answer = ask(&served(&layer), request).await;
            if is_taken {
                assert!(answer.status.is_success());
            } else {
                answer.assert_error(400, "invalid_client_metadata");
            }
            assert_eq!(recorder.calls(), usize::from(is_taken));
        }
    }
    // 64 KiB unless set.
    assert_refused(
        &grow(64 * 1024 + 1),
        &json!({}),
        400,
        "invalid_client_metadata",
    )
    .await;
}

/// What no client may send, no policy may make of it.
#[tokio::test]
async fn changed_metadata_is_held_to_the_rules_again() {
    let mut deep = json!(1);
    for _ in 0..130 {
        deep = json!([deep]);
    }
    let too_deep = policy_fn(move |proposal: &mut Proposal| {
        proposal.set("x", deep.clone());
        Ok(())
    });
    assert_refused(&too_deep, &json!({}), 500, "server_error").await;
    let reserved = policy_fn(|proposal: &mut Proposal| {
        proposal.set("$serde_json::private::Number", "1");
        Ok(())
    });
    assert_refused(&reserved, &json!({}), 500, "server_error").await;
}

#[tokio::test]
async fn the_first_policy_added_is_the_first_to_judge() {
    let policies = |backend: Recorder| {
        ServiceBuilder::new()
            .layer(policy_fn(|proposal: &mut Proposal| {
                proposal.set("scope", "one");
                Ok(())
            }))
            .layer(policy_fn(|proposal: &mut Proposal| {
                assert_eq!(proposal.get("scope"), Some(json!("one")));
                proposal.set("scope", "two");
                Ok(())
            }))
            .service(backend)
    };
    let recorder = Recorder::default();
    let service = served(&DcrLayer::new(policies(recorder.clone())));
    assert_eq!(ask(&service, register("{}")).await.status, 201);
    let operation = &recorder.operations()[0];
    assert_eq!(operation.metadata().unwrap().as_str(), r#"{"scope":"two"}"#);
}

/// Each judges what the one before it made of the metadata; where one refuses, those after it are not asked.
#[tokio::test]
async fn policies_of_several_kinds() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let recorder = Recorder::default();
    let backend = ServiceBuilder::new()
        .layer(PolicyLayer::new(ForcedMembers::new([(
            "scope",
            "read admin",
        )])))
        .layer(PolicyLayer::new(Scopes::narrow_to(["read"])))
        .layer(PolicyLayer::new(MaxRedirectUris::new(1)))
        .layer(policy_fn(move |proposal: &mut Proposal| {
            count.fetch_add(1, Ordering::SeqCst);
            assert_eq!(proposal.get("scope"), Some(json!("read")));
            Ok(())
        }))
        .service(recorder.clone());
    let service = served(&DcrLayer::new(backend));
    let two = json!({"redirect_uris": ["https://a.example/", "https://b.example/"]}).to_string();
    for update in [false, true] {
        let request = |text: String| {
            if update {
                configure("PUT", "/register/1", "token", text)
            } else {
                register(text)
            }
        };
        let answer = ask(&service, request(r#"{"n": 1.0}"#.to_owned())).await;
        assert!(answer.status.is_success());
        let answer = ask(&service, request(two.clone())).await;
        answer.assert_error(400, "invalid_redirect_uri");
    }
    let texts = recorder.operations();
    let texts = texts.iter().map(|asked| asked.metadata().unwrap().as_str());
    let expected = r#"{"n":1.0,"scope":"read"}"#;
    assert_eq!(texts.collect::<Vec<_>>(), [expected, expected]);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

/// tower's layers stand around policies as around a backend.
#[tokio::test]
async fn policies_within_layers_of_tower() {
    let recorder = Recorder::default();
    let backend = ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(2)
        .layer_fn(BackendService::new)
        .layer(PolicyLayer::new(Scopes::only(["read"])))
        .layer_fn(HideUnusedSecret::new)
        .layer_fn(AnswerUnauthorized::new)
        .service(recorder.clone());
    let service = served(&DcrLayer::new(backend));
    let answer = ask(&service, register(r#"{"scope":"read"}"#)).await;
    assert_eq!(answer.status, 201);
    let answer = ask(&service, register(r#"{"scope":"admin"}"#)).await;
    answer.assert_error(400, "invalid_client_metadata");
    assert_eq!(recorder.calls(), 1);
}

/// An error of the backend is what it was.
#[tokio::test]
async fn an_error_of_the_backend_passes() {
    let policy = policy_fn(|_: &mut Proposal| Ok(()));
    let unavailable = backend_fn(|_| async { Err::<Reply, _>(Unavailable::new()) });
    let service = served(&DcrLayer::new(policy.layer(unavailable)));
    let answer = ask(&service, register("{}")).await;
    answer.assert_error(503, "temporarily_unavailable");
    let failed = backend_fn(|_| async { Err::<Reply, BoxError>("x".into()) });
    let service = served(&DcrLayer::new(policy.layer(failed)));
    let answer = ask(&service, register("{}")).await;
    answer.assert_error(500, "server_error");
}

fn uris(uris: &[&str]) -> Value {
    json!({"redirect_uris": uris})
}

#[tokio::test]
async fn redirect_uris_on_hosts() {
    let policy = PolicyLayer::new(RedirectUris::none().allow_hosts([
        "App.example.com",
        "[2001:DB8::1]",
        "192.0.2.1",
    ]));
    for taken in [
        &["https://app.example.com/cb"][..],
        &["https://APP.example.com:8443/cb", "HTTPS://app.example.com"],
        &["https://[2001:db8:0:0:0:0:0:1]/cb"],
        &["https://[2001:db8::1]:8443/cb"],
        &["https://192.0.2.1/cb"],
        &[],
    ] {
        assert_passes(&policy, &uris(taken)).await;
    }
    for refused in [
        "https://evil.example/cb",
        "https://app.example.com.evil.example/cb",
        "https://sub.app.example.com/cb",
        "https://example.com/cb",
        "https://app.example.com./cb",
        "https://app%2eexample.com/cb",
        "https://app.example.com@evil.example/cb",
        "https://app.example.com\\@evil.example/cb",
        "https://evil.example#@app.example.com/",
        "https://evil.example/?https://app.example.com",
        "https://[2001:db8::2]/cb",
        "https://[::ffff:192.0.2.1]/cb",
        "https://192.0.2.01/cb",
        "https:app.example.com/cb",
        "https:///app.example.com",
        "https:/app.example.com/cb",
        "https://:443/app.example.com",
        "//app.example.com/cb",
        "/cb",
        "",
        "http://app.example.com/cb",
        "http://localhost/cb",
        "com.example.app:/cb",
        "javascript://app.example.com/%0aalert(1)",
        "https://\u{ff41}pp.example.com/cb",
    ] {
        assert_refused(&policy, &uris(&[refused]), 400, "invalid_redirect_uri").await;
        let mixed = uris(&["https://app.example.com/cb", refused]);
        assert_refused(&policy, &mixed, 400, "invalid_redirect_uri").await;
    }
    // Not there, or said to mean nothing: there is nothing to judge. What it means is the backend's to say.
    for omitted in [
        json!({}),
        json!({"redirect_uris": null}),
        json!({"redirect_uris": ""}),
    ] {
        assert_passes(&policy, &omitted).await;
    }
    for wrong in [
        json!("https://app.example.com/cb"),
        json!({}),
        json!([1]),
        json!([null]),
        json!([["https://app.example.com/cb"]]),
    ] {
        assert_refused(
            &policy,
            &json!({"redirect_uris": wrong}),
            400,
            "invalid_redirect_uri",
        )
        .await;
    }
}

/// As an empty list in the environment would make it.
#[tokio::test]
async fn a_host_without_a_name_allows_nothing() {
    let policy = PolicyLayer::new(RedirectUris::none().allow_hosts([""]).allow_schemes([""]));
    for refused in [
        "https:x",
        "https:/evil.example/cb",
        "https:///evil.example/cb",
        "https://:443/x",
        "https://evil.example/",
        "://evil.example/",
    ] {
        assert_refused(&policy, &uris(&[refused]), 400, "invalid_redirect_uri").await;
    }
}

/// There the user is sent back, too.
#[tokio::test]
async fn redirect_uris_after_logout() {
    let policy = PolicyLayer::new(RedirectUris::none().allow_hosts(["app.example.com"]));
    let of = |uris: Value| json!({"post_logout_redirect_uris": uris});
    assert_passes(&policy, &of(json!(["https://app.example.com/out"]))).await;
    for refused in [
        json!(["https://evil.example/"]),
        json!("https://app.example.com/out"),
        json!([1]),
    ] {
        assert_refused(&policy, &of(refused), 400, "invalid_client_metadata").await;
    }
}

#[tokio::test]
async fn redirect_uris_with_schemes_and_on_this_machine() {
    let policy = PolicyLayer::new(
        RedirectUris::none()
            .allow_schemes(["Cursor", "com.example.app"])
            .allow_loopback(),
    );
    for taken in [
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "CURSOR://x",
        "com.example.app:/cb",
        "http://localhost:1/cb",
        "http://127.0.0.1/",
        "http://[::1]/",
    ] {
        assert_passes(&policy, &uris(&[taken])).await;
    }
    for refused in [
        "cursor2://x",
        "com.example.app.evil:/cb",
        "https://localhost/cb",
        "http://localhost.evil.example/",
        "http://LOCALHOST/",
        "http://localhost./",
        "http://127.0.0.2/",
        "http://[::2]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "https://app.example.com/",
    ] {
        assert_refused(&policy, &uris(&[refused]), 400, "invalid_redirect_uri").await;
    }
    let https = PolicyLayer::new(RedirectUris::none().allow_schemes(["https"]));
    for refused in ["https:x", "https:/evil.example/", "https:///evil.example/"] {
        assert_refused(&https, &uris(&[refused]), 400, "invalid_redirect_uri").await;
    }
    assert_passes(&https, &uris(&["https://anywhere.example/cb"])).await;
    assert_refused(
        &https,
        &uris(&["http://localhost/cb"]),
        400,
        "invalid_redirect_uri",
    )
    .await;
}

#[tokio::test]
async fn the_number_of_redirect_uris() {
    let policy = PolicyLayer::new(MaxRedirectUris::new(2));
    let uri = "https://app.example.com/cb";
    for taken in [&[][..], &[uri], &[uri, uri]] {
        assert_passes(&policy, &uris(taken)).await;
    }
    assert_refused(
        &policy,
        &uris(&[uri, uri, uri]),
        400,
        "invalid_redirect_uri",
    )
    .await;
    let wrong = json!({"redirect_uris": {"0": uri, "1": uri, "2": uri}});
    assert_refused(&policy, &wrong, 400, "invalid_redirect_uri").await;
    assert_passes(&policy, &json!({})).await;
}

#[tokio::test]
async fn scopes_are_narrowed() {
    let policy = PolicyLayer::new(Scopes::narrow_to(["read", "write"]));
    for taken in ["read", "write read", "read read"] {
        assert_passes(&policy, &json!({"scope": taken})).await;
    }
    for (asked, granted) in [
        ("read admin", "read"),
        ("admin write read", "write read"),
        ("read READ", "read"),
        ("read read\tadmin", "read"),
        ("  read   admin ", "read"),
    ] {
        assert_changed(
            &policy,
            &json!({"scope": asked, "a": 1}),
            &json!({"scope": granted, "a": 1}),
        )
        .await;
    }
    // Nothing would be left, which may mean everything.
    for refused in ["admin", "READ", " ", "read,write", "\u{ff52}ead"] {
        assert_refused(
            &policy,
            &json!({"scope": refused}),
            400,
            "invalid_client_metadata",
        )
        .await;
    }
    for wrong in [json!(["read"]), json!(1), json!({"read": true})] {
        assert_refused(
            &policy,
            &json!({"scope": wrong}),
            400,
            "invalid_client_metadata",
        )
        .await;
    }
}

#[tokio::test]
async fn scopes_that_are_not_allowed_are_refused() {
    let policy = PolicyLayer::new(Scopes::only(["read", "write"]));
    assert_passes(&policy, &json!({"scope": "write read"})).await;
    for refused in ["read admin", "admin", "Read", "read\twrite"] {
        assert_refused(
            &policy,
            &json!({"scope": refused}),
            400,
            "invalid_client_metadata",
        )
        .await;
    }
}

#[tokio::test]
async fn a_scope_that_is_omitted_is_written_in() {
    for policy in [
        Scopes::narrow_to(["read", "write"]),
        Scopes::only(["read", "write"]),
    ] {
        for omitted in [
            json!({}),
            json!({"scope": null}),
            json!({"scope": ""}),
            json!({"scope": []}),
        ] {
            let all = PolicyLayer::new(policy.clone());
            assert_changed(&all, &omitted, &json!({"scope": "read write"})).await;
            let less = PolicyLayer::new(policy.clone().with_default("read"));
            assert_changed(&less, &omitted, &json!({"scope": "read"})).await;
        }
    }
}

#[tokio::test]
async fn scopes_that_stand_in_one_string() {
    let policy = PolicyLayer::new(Scopes::only(["read  write"]));
    assert_passes(&policy, &json!({"scope": "write"})).await;
    assert_changed(&policy, &json!({}), &json!({"scope": "read write"})).await;
    let refused = json!({"scope": "read admin"});
    assert_refused(&policy, &refused, 400, "invalid_client_metadata").await;
}

/// A default is judged as if it had been asked for, and nobody gets no scope at all.
#[tokio::test]
async fn a_default_scope_that_is_not_allowed() {
    let narrow =
        |default: &str| PolicyLayer::new(Scopes::narrow_to(["read"]).with_default(default));
    assert_changed(&narrow("read admin"), &json!({}), &json!({"scope": "read"})).await;
    for refused in [
        narrow("admin"),
        narrow(""),
        PolicyLayer::new(Scopes::narrow_to([""; 0])),
    ] {
        assert_refused(&refused, &json!({}), 400, "invalid_client_metadata").await;
    }
}

#[tokio::test]
async fn members_are_forced() {
    let policy = PolicyLayer::new(ForcedMembers::new([
        ("token_endpoint_auth_method", json!("none")),
        ("grant_types", json!(["authorization_code"])),
        ("logo_uri", json!(null)),
    ]));
    let forced =
        json!({"token_endpoint_auth_method": "none", "grant_types": ["authorization_code"]});
    for asked in [
        json!({}),
        json!({"token_endpoint_auth_method": "client_secret_basic", "logo_uri": "https://x.example/"}),
        json!({"grant_types": {"a": 1}}),
        json!({"logo_uri#fr": "https://x.example/", "logo_uri#": 1, "token_endpoint_auth_method#a": "b"}),
    ] {
        assert_changed(&policy, &asked, &forced).await;
    }
    // Another language is no way around, unless it is forced itself, and another name is another member.
    let name = PolicyLayer::new(ForcedMembers::new([
        ("client_name#fr", "Une application"),
        ("client_name", "An application"),
    ]));
    let asked = json!({"client_name": "x", "client_name#fr": "y", "client_name#de": "z", "client_name2": "a"});
    let forced = json!({"client_name": "An application", "client_name#fr": "Une application", "client_name2": "a"});
    assert_changed(&name, &asked, &forced).await;
}

#[tokio::test]
async fn self_asserted_uris_on_other_hosts() {
    let at = |name: &str, value: Value| json!({"redirect_uris": ["https://App.example.com/cb", "HTTPS://app2.example.com/x"], name: value});
    let refusing = PolicyLayer::new(SelfAssertedUris::refused_elsewhere());
    let dropping = PolicyLayer::new(SelfAssertedUris::dropped_elsewhere());
    for name in [
        "client_uri",
        "logo_uri",
        "tos_uri",
        "policy_uri",
        "logo_uri#fr",
        "client_uri#x-y",
    ] {
        for taken in [
            "https://app.example.com/logo",
            "https://APP.EXAMPLE.COM:8080/",
            "HTTPS://app2.example.com/",
        ] {
            assert_passes(&refusing, &at(name, json!(taken))).await;
            assert_passes(&dropping, &at(name, json!(taken))).await;
        }
        for elsewhere in [
            json!("https://evil.example/logo"),
            json!("https://app.example.com.evil.example/"),
            json!("https://app.example.com@evil.example/"),
            json!("https://app.example.com./"),
            json!("data:image/png;base64,x"),
            // What the host says is nothing, where the scheme is another.
            json!("http://app.example.com/logo"),
            json!("javascript://app.example.com/%0aalert(1)"),
            json!("data://app.example.com/x"),
            json!("https://[2001:db8::1]/"),
            json!("https:app.example.com"),
            json!("/logo.png"),
            json!(["https://app.example.com/logo"]),
            json!({"a": 1}),
            json!(1),
        ] {
            let asked = at(name, elsewhere);
            assert_refused(&refusing, &asked, 400, "invalid_client_metadata").await;
            let mut without = asked.clone();
            without.as_object_mut().unwrap().remove(name);
            assert_changed(&dropping, &asked, &without).await;
        }
        for omitted in [json!(null), json!(""), json!([])] {
            assert_passes(&refusing, &at(name, omitted.clone())).await;
        }
    }
    // What follows a scheme of the client's own is no host: anybody may write it.
    for redirect_uri in ["com.example.app://evil.example/cb", "http://localhost/cb"] {
        let logo = redirect_uri
            .replace("com.example.app", "https")
            .replace("http:", "https:");
        let asked = json!({"redirect_uris": [redirect_uri], "logo_uri": logo});
        assert_refused(&refusing, &asked, 400, "invalid_client_metadata").await;
    }
    // The address of IPv6, as it may be written.
    let asked =
        |logo: &str| json!({"redirect_uris": ["https://[2001:DB8:0:0::1]/cb"], "logo_uri": logo});
    assert_passes(&refusing, &asked("https://[2001:db8::1]:8443/l")).await;
    let elsewhere = asked("https://[2001:db8::2]/l");
    assert_refused(&refusing, &elsewhere, 400, "invalid_client_metadata").await;
    // Where there is nothing to prove it by, it is taken away: what else is wrong is not this policy's business.
    for redirect_uris in [
        json!(null),
        json!([]),
        json!("https://app.example.com/cb"),
        json!([1]),
    ] {
        let asked = json!({"redirect_uris": redirect_uris, "logo_uri": "https://app.example.com/"});
        let without = json!({"redirect_uris": redirect_uris});
        assert_changed(&dropping, &asked, &without).await;
    }
    assert_passes(&dropping, &json!({"a": 1})).await;
    // Without a redirect URI there is no host, and other members are not its business.
    let asked = json!({"client_uri": "https://app.example.com/"});
    assert_refused(&refusing, &asked, 400, "invalid_client_metadata").await;
    assert_passes(&refusing, &at("jwks_uri", json!("https://keys.example/"))).await;
}

/// Whoever names somebody else's redirect URI beside his own has not got his logo.
#[tokio::test]
async fn self_asserted_uris_on_the_one_host() {
    let strict = PolicyLayer::new(SelfAssertedUris::dropped_elsewhere().on_every_redirect_host());
    let of = |redirect_uris: &[&str]| json!({"redirect_uris": redirect_uris, "logo_uri": "https://bank.example/logo"});
    for own in [
        &["https://bank.example/cb"][..],
        &["https://bank.example/cb", "https://BANK.example:8443/cb"],
    ] {
        assert_passes(&strict, &of(own)).await;
    }
    for other in [
        "https://evil.example/cb",
        "http://127.0.0.1/cb",
        "com.example.app:/cb",
    ] {
        let redirect_uris = ["https://bank.example/cb", other];
        let without = json!({"redirect_uris": redirect_uris});
        assert_changed(&strict, &of(&redirect_uris), &without).await;
    }
}

/// Its claims would override what was judged (RFC 7591 section 2.3).
#[tokio::test]
async fn a_software_statement_is_no_way_around() {
    async fn assert<J: Judge>(refusing: J, allowing: J) {
        let asked = json!({"scope": "read", "software_statement": "eyJhbGciOiJSUzI1NiJ9.e30.x"});
        let refusing = PolicyLayer::new(refusing);
        assert_refused(&refusing, &asked, 400, "unapproved_software_statement").await;
        for judged in both(&PolicyLayer::new(allowing), &asked.to_string()).await {
            assert!(judged.answer.status.is_success());
        }
        for wrong in [json!({}), json!(0), json!(false), json!(" ")] {
            let asked = json!({"scope": "read", "software_statement": wrong});
            assert_refused(&refusing, &asked, 400, "unapproved_software_statement").await;
        }
        for none in [json!(null), json!("")] {
            for judged in both(
                &refusing,
                &json!({"scope": "read", "software_statement": none}).to_string(),
            )
            .await
            {
                assert!(judged.answer.status.is_success());
            }
        }
    }
    assert(
        Scopes::only(["read"]),
        Scopes::only(["read"]).allow_software_statement(),
    )
    .await;
    assert(
        MaxRedirectUris::new(1),
        MaxRedirectUris::new(1).allow_software_statement(),
    )
    .await;
    assert(
        RedirectUris::none(),
        RedirectUris::none().allow_software_statement(),
    )
    .await;
    assert(
        ForcedMembers::new([("a", "b")]),
        ForcedMembers::new([("a", "b")]).allow_software_statement(),
    )
    .await;
    assert(
        SelfAssertedUris::refused_elsewhere(),
        SelfAssertedUris::refused_elsewhere().allow_software_statement(),
    )
    .await;
}

/// Named twice, a member would be judged once and read twice: it does not come that far.
#[tokio::test]
async fn a_duplicate_is_no_way_around() {
    async fn assert<J: Judge>(judge: J, good: &str, bad: &str) {
        let policy = PolicyLayer::new(judge);
        let name = &good[1..good.find("\":").unwrap()];
        let escaped = bad.replacen(
            name,
            &format!("\\u{:04x}{}", name.as_bytes()[0], &name[1..]),
            1,
        );
        for text in [
            format!("{{{good},{bad}}}"),
            format!("{{{bad},{good}}}"),
            format!("{{{good},{escaped}}}"),
        ] {
            for judged in both(&policy, &text).await {
                judged.answer.assert_error(400, "invalid_client_metadata");
                assert_eq!(judged.text, None, "{text}");
            }
        }
        // An escape is no other name.
        for judged in both(&policy, &format!("{{{escaped}}}")).await {
            assert_ne!(judged.text, Some(format!("{{{escaped}}}")));
        }
    }

    let scopes = [r#""scope":"read""#, r#""scope":"admin""#];
    assert(Scopes::only(["read"]), scopes[0], scopes[1]).await;
    assert(
        ForcedMembers::new([("scope", "read")]),
        scopes[0],
        scopes[1],
    )
    .await;
    let good = r#""redirect_uris":["https://app.example.com/cb"]"#;
    let bad = r#""redirect_uris":["https://evil.example/cb","https://app.example.com/cb"]"#;
    let hosts = RedirectUris::none().allow_hosts(["app.example.com"]);
    assert(hosts, good, bad).await;
    assert(MaxRedirectUris::new(1), good, bad).await;
    let uris = [
        r#""logo_uri":null"#,
        r#""logo_uri":"https://bank.example/logo""#,
    ];
    assert(SelfAssertedUris::refused_elsewhere(), uris[0], uris[1]).await;
}

#[test]
fn policies_are_backends_and_debug_nothing() {
    fn is_backend(_: &impl Backend) {}
    let policy = policy_fn(|_: &mut Proposal| Ok(())).layer(Recorder::default());
    is_backend(&policy.clone());
    assert_eq!(format!("{policy:?}"), "Policy { .. }");
    let forced = ForcedMembers::new([("a", "sentinel")]);
    assert_eq!(format!("{forced:?}"), r#"{"a"}"#);
}
