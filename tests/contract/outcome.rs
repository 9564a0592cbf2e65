//! `Outcome`: what outer layers learn about a request.

use std::convert::Infallible;
use std::time::Duration;

use tower::{Layer, ServiceExt, service_fn};
use tower_dcr::backend::Unavailable;
use tower_dcr::operation::{Delete, OperationKind, Read, Register, Update};
use tower_dcr::{
    Action, BearerToken, BoxError, ClientMetadata, DcrEndpoint, DcrLayer, ErrorCode, Operation,
    Outcome, Reply, backend_fn,
};

use super::support::*;

/// Sends a request to a backend that replies like this, and returns the outcome.
async fn outcome(
    reply: impl Fn(&Operation) -> Result<Reply, BoxError> + Send + Sync + 'static,
    request: http::Request<http_body_util::Full<bytes::Bytes>>,
) -> Outcome {
    let backend = backend_fn(move |operation: Operation| {
        let reply = reply(&operation);
        async { reply }
    });
    send(&DcrEndpoint::new(backend), request)
        .await
        .outcome
        .unwrap()
}

#[tokio::test]
async fn success_has_action_reason_and_client_id() {
    let created = |_: &Operation| {
        Ok(Reply::created(r#"{"client_id":"new","x":{"client_id":"y"}}"#).with_reason("A1"))
    };
    let created = outcome(created, registration_request(CLIENT)).await;
    assert_eq!(created.operation(), Some(OperationKind::Register));
    assert_eq!(created.action(), Some(Action::Created));
    assert_eq!(created.status(), 201);
    assert_eq!(created.reason(), Some("A1"));
    assert_eq!(created.error(), None);
    assert_eq!(created.client_id(), Some("new"));
    assert!(created.cause().is_none());

    for (method, reply, status) in [
        ("GET", Reply::ok("{}"), 200),
        ("PUT", Reply::updated("{}"), 200),
        ("DELETE", Reply::deleted(), 204),
    ] {
        let outcome = outcome(
            move |_| Ok(reply.clone()),
            configuration_request(method, "/register/a%2Fb", "t", "{}"),
        )
        .await;
        assert_eq!(outcome.status(), status);
        assert_eq!(outcome.client_id(), Some("a/b"));
    }
}

#[tokio::test]
async fn client_id_is_unknown_until_the_backend_accepts_the_token() {
    for reply in [
        Reply::refuse(ErrorCode::InvalidToken, "x"),
        Reply::refuse(ErrorCode::InvalidClientMetadata, "x"),
        Reply::refuse(ErrorCode::AccessDenied, "This is not allowed."),
        Reply::internal_server_error("{}"),
        // This action does not answer the operation.
        Reply::created("{\"client_id\":\"1\"}"),
    ] {
        let outcome = outcome(
            move |_| Ok(reply.clone()),
            configuration_request("GET", "/register/1", "t", ""),
        )
        .await;
        assert_eq!(outcome.client_id(), None);
    }
    for content in ["{}", "{\"client_id\":1}", "{\"a\":\"b\"}"] {
        let outcome = outcome(
            move |_| Ok(Reply::created(content)),
            registration_request(CLIENT),
        )
        .await;
        assert_eq!(
            (outcome.status().as_u16(), outcome.client_id()),
            (201, None)
        );
    }
}

#[tokio::test]
async fn error_code_is_known_for_refusals_and_failures() {
    let refused = |_: &Operation| Ok(Reply::refuse(ErrorCode::InvalidRedirectUri, "x"));
    let refused = outcome(refused, registration_request(CLIENT)).await;
    assert_eq!(refused.error(), Some(ErrorCode::InvalidRedirectUri));
    assert_eq!(
        (refused.status().as_u16(), refused.action()),
        (400, Some(Action::BadRequest))
    );

    // If the backend wrote the content itself, the error in it counts, if `ErrorCode` has it.
    for (content, error) in [
        (
            r#"{"error":"invalid_redirect_uri"}"#,
            Some(ErrorCode::InvalidRedirectUri),
        ),
        (
            r#"{"a":1,"error":"\u0069nvalid_token"}"#,
            Some(ErrorCode::InvalidToken),
        ),
        (r#"{"error":"sentinel"}"#, None),
        (r#"{"error":1}"#, None),
        (r#"{"x":{"error":"invalid_token"}}"#, None),
        ("{}", None),
    ] {
        for reply in [
            Reply::bad_request(content),
            Reply::unauthorized(content),
            Reply::internal_server_error(content),
            Reply::refuse(ErrorCode::AccessDenied, "x").with_content(content),
        ] {
            let own = outcome(move |_| Ok(reply.clone()), registration_request(CLIENT)).await;
            assert_eq!(own.error(), error, "{content}");
        }
    }
    // A success has no error, whatever its content contains.
    let created = |_: &Operation| Ok(Reply::created(r#"{"error":"invalid_token"}"#));
    assert_eq!(
        outcome(created, registration_request(CLIENT)).await.error(),
        None
    );

    let failed = outcome(|_| Err("x".into()), registration_request(CLIENT)).await;
    assert_eq!(failed.error(), Some(ErrorCode::ServerError));
    assert_eq!((failed.status().as_u16(), failed.action()), (500, None));
    let unavailable = outcome(
        |_| Err(Unavailable::new().into()),
        registration_request(CLIENT),
    )
    .await;
    assert_eq!(unavailable.error(), Some(ErrorCode::TemporarilyUnavailable));
    assert_eq!(unavailable.status(), 503);

    for (request, status, error) in [
        (
            registration_request("{"),
            400,
            Some(ErrorCode::InvalidClientMetadata),
        ),
        (
            configuration_request("GET", "/register/%zz", "t", ""),
            401,
            Some(ErrorCode::InvalidToken),
        ),
        (
            configuration_request("PATCH", "/register/1", "t", ""),
            405,
            Some(ErrorCode::InvalidRequest),
        ),
        (
            configuration_request("OPTIONS", "/register/1", "t", ""),
            204,
            None,
        ),
        (
            configuration_request("GET", "/elsewhere", "t", ""),
            404,
            Some(ErrorCode::InvalidRequest),
        ),
    ] {
        let outcome = outcome(|_| Err("not asked".into()), request).await;
        assert_eq!(
            (outcome.status().as_u16(), outcome.error()),
            (status, error)
        );
        assert!(outcome.action().is_none() && outcome.cause().is_none());
    }
}

/// A reply of any status may have a cause. Only that of a 5xx is logged.
#[tokio::test]
async fn cause_of_the_reply_is_in_the_outcome_and_not_in_the_response() {
    for reply in [
        Reply::internal_server_error("{}"),
        Reply::refuse(ErrorCode::AccessDenied, "This is not allowed."),
        Reply::created("{}"),
    ] {
        assert!(reply.cause().is_none());
        let reply = reply.with_cause("sentinel");
        assert_eq!(reply.cause().unwrap().to_string(), "sentinel");
        assert!(!format!("{reply:?}").contains("sentinel"));
        let backend = backend_fn(move |_| {
            let reply = reply.clone();
            async { Ok::<_, Infallible>(reply) }
        });
        let response = send(&DcrEndpoint::new(backend), registration_request(CLIENT)).await;
        assert!(!String::from_utf8_lossy(&response.body).contains("sentinel"));
        let outcome = response.outcome.unwrap();
        assert_eq!(outcome.cause().unwrap().to_string(), "sentinel");
    }
}

/// The outcome replaces one in the extensions of the reply.
#[tokio::test]
async fn backend_cannot_forge_an_outcome() {
    let forged = outcome(
        |_| Ok(Reply::created("{}").with_reason("forged")),
        registration_request(CLIENT),
    )
    .await;
    let refused = outcome(
        move |_| {
            let mut reply = Reply::refuse(ErrorCode::AccessDenied, "x");
            reply.extensions_mut().insert(forged.clone());
            Ok(reply)
        },
        registration_request(CLIENT),
    )
    .await;
    assert_eq!(refused.status(), 403);
    assert_eq!(
        (refused.action(), refused.reason()),
        (Some(Action::Forbidden), None)
    );
}

#[tokio::test]
async fn endpoint_layer_error_has_an_outcome() {
    let failing = tower::layer::layer_fn(|_: DcrEndpoint<RecordingBackend>| {
        service_fn(|_: http::Request<String>| async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Err::<http::Response<String>, BoxError>("broken".into())
        })
    });
    let layer = DcrLayer::new(RecordingBackend::default()).endpoint_layer(failing);
    let app = service_fn(|_| async { Ok::<_, Infallible>(http::Response::new(String::new())) });
    let request = || {
        let request = http::Request::post("/register");
        request.body(String::new()).unwrap()
    };
    let response = layer.layer(app).oneshot(request()).await.unwrap();
    assert_is_layer_error(response.extensions().get().unwrap());
    let answering = layer.handle_errors().layer(app);
    let response = answering.oneshot(request()).await.unwrap();
    assert_is_layer_error(response.extensions().get().unwrap());
}

fn assert_is_layer_error(outcome: &Outcome) {
    assert_eq!(outcome.operation(), Some(OperationKind::Register));
    assert_eq!(
        (outcome.status().as_u16(), outcome.error()),
        (500, Some(ErrorCode::ServerError))
    );
    assert_eq!(outcome.cause().unwrap().to_string(), "broken");
    assert!(outcome.elapsed() >= Duration::from_millis(20));
}

#[tokio::test]
async fn elapsed_time_contains_the_wait_for_the_backend() {
    let backend = backend_fn(|_: Operation| async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        Ok::<_, Infallible>(Reply::created("{}"))
    });
    let response = send(&DcrEndpoint::new(backend), registration_request(CLIENT)).await;
    let elapsed = response.outcome.unwrap().elapsed();
    assert!(elapsed >= Duration::from_millis(30) && elapsed < Duration::from_secs(20));
}

#[test]
fn only_reads_are_repeatable() {
    let token = || BearerToken::new("token").unwrap();
    let metadata = || ClientMetadata::parse("{}").unwrap();
    for (operation, is_repeatable) in [
        (Operation::from(Register::new(metadata())), false),
        (Read::new("1", token()).into(), true),
        (Update::new("1", token(), metadata()).into(), false),
        (Delete::new("1", token()).into(), false),
    ] {
        assert_eq!(operation.is_repeatable(), is_repeatable);
        assert_eq!(operation.kind().is_repeatable(), is_repeatable);
    }
}
