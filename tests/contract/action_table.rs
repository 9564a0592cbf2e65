//! Row 12, the action table: the response to each reply of a backend.

use http::{HeaderValue, Request};
use http_body_util::Full;
use tower_dcr::operation::OperationKind;
use tower_dcr::{Action, BoxError, DcrEndpoint, ErrorCode, Operation, Reply, backend_fn};

use super::support::*;

const CONTENT: &str = r#"{ "client_id" : "s6BhdRkqt3", "n": 1.50 }"#;

const ALL: [OperationKind; 4] = [
    OperationKind::Register,
    OperationKind::Read,
    OperationKind::Update,
    OperationKind::Delete,
];

fn endpoint(reply: Reply) -> DcrEndpoint<impl tower_dcr::Backend> {
    DcrEndpoint::new(backend_fn(move |_: Operation| {
        let reply = reply.clone();
        async move { Ok::<_, BoxError>(reply) }
    }))
}

fn request(kind: OperationKind) -> Request<Full<bytes::Bytes>> {
    match kind {
        OperationKind::Register => registration_request(CLIENT),
        OperationKind::Read => configuration_request("GET", "/register/1", "token", ""),
        OperationKind::Update => configuration_request("PUT", "/register/1", "token", CLIENT),
        OperationKind::Delete => configuration_request("DELETE", "/register/1", "token", ""),
    }
}

async fn response_to(kind: OperationKind, reply: Reply) -> TestResponse {
    send(&endpoint(reply), request(kind)).await
}

#[tokio::test]
async fn success_has_the_status_of_its_operation_and_the_exact_content() {
    for (kind, reply, status) in [
        (OperationKind::Register, Reply::created(CONTENT), 201),
        (OperationKind::Read, Reply::ok(CONTENT), 200),
        (OperationKind::Update, Reply::updated(CONTENT), 200),
    ] {
        let response = response_to(kind, reply).await;
        assert_eq!(response.status.as_u16(), status);
        response.assert_well_formed();
        assert_eq!(response.body, CONTENT);
        assert_eq!(response.header("www-authenticate"), None);
    }
    let response = response_to(OperationKind::Delete, Reply::deleted()).await;
    assert_eq!(response.status.as_u16(), 204);
    response.assert_well_formed();
}

#[tokio::test]
async fn refusals_answer_every_operation() {
    for kind in ALL {
        let refused = response_to(kind, Reply::bad_request(CONTENT)).await;
        assert_eq!(
            (refused.status.as_u16(), &*refused.body),
            (400, CONTENT.as_bytes())
        );
        refused.assert_well_formed();
        assert_eq!(refused.header("www-authenticate"), None);

        let unauthorized = response_to(kind, Reply::unauthorized(CONTENT)).await;
        assert_eq!(
            (unauthorized.status.as_u16(), &*unauthorized.body),
            (401, CONTENT.as_bytes())
        );
        unauthorized.assert_well_formed();

        let failed = response_to(kind, Reply::internal_server_error(CONTENT)).await;
        assert_eq!(
            (failed.status.as_u16(), &*failed.body),
            (500, CONTENT.as_bytes())
        );
        failed.assert_well_formed();
        let outcome = failed.outcome.unwrap();
        assert_eq!(outcome.action(), Some(Action::InternalServerError));

        let forbidden = response_to(
            kind,
            Reply::refuse(ErrorCode::AccessDenied, "This is not allowed."),
        )
        .await;
        forbidden.assert_error(403, "access_denied");
        assert_eq!(forbidden.header("www-authenticate"), None);

        let scope = Reply::refuse(ErrorCode::InsufficientScope, "Not with this token.");
        let scope = response_to(kind, scope).await;
        scope.assert_error(403, "insufficient_scope");
        assert_eq!(
            scope.header("www-authenticate"),
            Some(r#"Bearer realm="client registration", error="insufficient_scope""#)
        );
    }
}

/// A backend may write the content of a 403 itself. The `error` in it decides the challenge.
#[tokio::test]
async fn forbidden_content_with_insufficient_scope_has_a_challenge() {
    const CHALLENGE: &str = r#"Bearer realm="client registration", error="insufficient_scope""#;
    for (content, error, challenge) in [
        (
            r#"{"error":"insufficient_scope","scope":"dcr"}"#,
            Some(ErrorCode::InsufficientScope),
            Some(CHALLENGE),
        ),
        (
            r#"{"error":"insufficient\u005fscope"}"#,
            Some(ErrorCode::InsufficientScope),
            Some(CHALLENGE),
        ),
        (
            r#"{"error":"access_denied"}"#,
            Some(ErrorCode::AccessDenied),
            None,
        ),
        (
            r#"{"error":"invalid_token"}"#,
            Some(ErrorCode::InvalidToken),
            None,
        ),
        (r#"{"error":"insufficient_scopes"}"#, None, None),
        (r#"{"x":{"error":"insufficient_scope"}}"#, None, None),
        ("{}", None, None),
    ] {
        for kind in ALL {
            let response = response_to(kind, Reply::forbidden(content)).await;
            assert_eq!(response.status, 403);
            response.assert_well_formed();
            assert_eq!(response.body, content);
            assert_eq!(response.header("www-authenticate"), challenge, "{content}");
            let outcome = response.outcome.unwrap();
            assert_eq!(outcome.action(), Some(Action::Forbidden));
            assert_eq!(outcome.error(), error);
        }
    }
    // Only a 403 has that challenge.
    let content = r#"{"error":"insufficient_scope"}"#;
    let response = response_to(OperationKind::Register, Reply::bad_request(content)).await;
    assert_eq!(response.status, 400);
    assert_eq!(response.header("www-authenticate"), None);
}

#[tokio::test]
async fn challenge_names_an_error_only_if_a_token_was_sent() {
    const BARE: &str = r#"Bearer realm="client registration""#;
    const INVALID: &str = r#"Bearer realm="client registration", error="invalid_token""#;
    let unauthorized = endpoint(Reply::unauthorized(CONTENT));
    for (credentials, challenge) in [
        (None, BARE),
        (Some("Basic eA=="), BARE),
        (Some("Bearer initial"), INVALID),
    ] {
        let mut request = registration_request(CLIENT);
        if let Some(credentials) = credentials {
            request
                .headers_mut()
                .insert("authorization", HeaderValue::from_static(credentials));
        }
        let response = send(&unauthorized, request).await;
        assert_eq!(response.header("www-authenticate"), Some(challenge));
    }
    let response = send(&unauthorized, request(OperationKind::Read)).await;
    assert_eq!(response.header("www-authenticate"), Some(INVALID));
}

#[tokio::test]
async fn each_error_code_has_its_status() {
    for (code, status) in [
        (ErrorCode::InvalidRedirectUri, 400),
        (ErrorCode::InvalidClientMetadata, 400),
        (ErrorCode::InvalidSoftwareStatement, 400),
        (ErrorCode::UnapprovedSoftwareStatement, 400),
        (ErrorCode::InvalidRequest, 400),
        (ErrorCode::InvalidToken, 401),
        (ErrorCode::AccessDenied, 403),
        (ErrorCode::InsufficientScope, 403),
        (ErrorCode::ServerError, 500),
        (ErrorCode::TemporarilyUnavailable, 500),
    ] {
        let response = response_to(
            OperationKind::Register,
            Reply::refuse(code, "No \"\\\u{e9}\n."),
        )
        .await;
        response.assert_error(status, code.as_str());
        assert_eq!(Reply::refuse(code, "").error(), Some(code));
    }
}

#[tokio::test]
async fn action_that_does_not_answer_its_operation_returns_500() {
    let success = [
        (OperationKind::Register, Reply::created(CONTENT)),
        (OperationKind::Read, Reply::ok(CONTENT)),
        (OperationKind::Update, Reply::updated(CONTENT)),
        (OperationKind::Delete, Reply::deleted()),
    ];
    for asked in ALL {
        for (responses, reply) in &success {
            if asked != *responses {
                let reply = reply.clone().with_reason("A1");
                let action = reply.action();
                let response = response_to(asked, reply).await;
                response.assert_error(500, "server_error");
                let outcome = response.outcome.unwrap();
                assert_eq!(outcome.operation(), Some(asked));
                assert_eq!(outcome.action(), Some(action));
                assert_eq!(outcome.reason(), Some("A1"));
                assert!(outcome.cause().is_some());
            }
        }
    }
}

#[tokio::test]
async fn content_that_is_not_a_json_object_returns_500() {
    for content in [
        "",
        "null",
        "[]",
        "\"x\"",
        "{",
        "{}{}",
        "\u{feff}{}",
        "<html>",
    ] {
        for (kind, reply) in [
            (OperationKind::Register, Reply::created(content)),
            (OperationKind::Read, Reply::ok(content)),
            (OperationKind::Update, Reply::updated(content)),
            (OperationKind::Delete, Reply::bad_request(content)),
            (OperationKind::Read, Reply::unauthorized(content)),
            (OperationKind::Read, Reply::internal_server_error(content)),
        ] {
            let response = response_to(kind, reply).await;
            response.assert_error(500, "server_error");
            assert_eq!(response.header("www-authenticate"), None);
        }
    }
    let latin1 = Reply::created(b"{\"client_name\":\"\xe9\"}".to_vec());
    response_to(OperationKind::Register, latin1)
        .await
        .assert_error(500, "server_error");
}

#[tokio::test]
async fn extensions_of_the_reply_are_in_the_response() {
    #[derive(Clone, Debug, PartialEq)]
    struct Region(&'static str);

    let mut reply = Reply::created(CONTENT).with_reason("A202001");
    reply.extensions_mut().insert(Region("eu"));
    let response = tower::ServiceExt::oneshot(endpoint(reply), registration_request(CLIENT))
        .await
        .unwrap();
    assert_eq!(response.extensions().get(), Some(&Region("eu")));
    let outcome: &tower_dcr::Outcome = response.extensions().get().unwrap();
    assert_eq!(outcome.reason(), Some("A202001"));
    assert_eq!(outcome.action(), Some(Action::Created));
    assert!(outcome.cause().is_none());
}
