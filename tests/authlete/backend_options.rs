//! The options of [`AuthleteBackend`].

use serde_json::{Value, json};
use tower_dcr::authlete::{
    AuthleteBackend, AuthleteClient, AuthleteEmulator, AuthleteResponse, Credentials,
};
use tower_dcr::registry::Registry;
use tower_dcr::{Action, Backend, BoxError, DcrEndpoint, ErrorCode, Operation, Reply, backend_fn};

use super::peer::{Peer, SERVICE, TOKEN};
use super::support::*;

const CHALLENGE: &str = r#"Bearer realm="client registration", error="invalid_token""#;

/// Returns a client of an Authlete on a socket that always sends this reply.
async fn client_of(reply: Reply) -> AuthleteClient {
    let backend = backend_fn(move |_: Operation| {
        let reply = reply.clone();
        async move { Ok::<_, BoxError>(reply) }
    });
    serve(AuthleteEmulator::new(backend, credentials())).await
}

async fn serve<B: Backend>(emulator: AuthleteEmulator<B>) -> AuthleteClient {
    let address = socket::serve(emulator).await;
    Peer::start()
        .await
        .builder()
        .base_url(format!("http://{address}"))
        .build()
        .unwrap()
}

fn credentials() -> Credentials {
    Credentials::new(SERVICE, TOKEN).unwrap()
}

#[tokio::test]
async fn unused_secret_is_hidden_on_demand() {
    let content = |method: &str| {
        format!(
            r#"{{"client_id":"1","n":1.50,"client_secret":"s","client_secret_expires_at":0,
            "token_endpoint_auth_method":"{method}"}}"#
        )
    };
    for (method, is_public) in [("none", true), ("client_secret_basic", false)] {
        let replies = [
            Reply::created(content(method)),
            Reply::ok(content(method)),
            Reply::updated(content(method)),
        ];
        for (reply, request) in replies.into_iter().zip([
            || registration_request(CLIENT),
            || configuration_request("GET", "/register/1", "t", ""),
            || configuration_request("PUT", "/register/1", "t", CLIENT),
        ]) {
            let client = client_of(reply).await;
            for yes in [true, false] {
                let backend = AuthleteBackend::new(client.clone()).hide_unused_secret(yes);
                let answer = send(&DcrEndpoint::new(backend), request()).await;
                assert!(answer.status.is_success());
                let reason = answer.outcome.as_ref().unwrap().reason();
                assert!(reason.unwrap().starts_with("A2"), "{reason:?}");
                let information = answer.json();
                for name in ["client_secret", "client_secret_expires_at"] {
                    assert_eq!(
                        information.get(name).is_none(),
                        yes && is_public,
                        "{name} with {method}"
                    );
                }
                // The other values are not changed.
                assert!(answer.body.windows(8).any(|bytes| bytes == b"\"n\":1.50"));
            }
        }
    }
}

#[tokio::test]
async fn error_response_with_a_secret_is_not_changed() {
    let content = r#"{"client_secret":"s","token_endpoint_auth_method":"none"}"#;
    let client = client_of(Reply::bad_request(content)).await;
    let backend = AuthleteBackend::new(client).hide_unused_secret(true);
    let answer = send(&DcrEndpoint::new(backend), registration_request(CLIENT)).await;
    assert_eq!(
        (answer.status.as_u16(), &*answer.body),
        (400, content.as_bytes())
    );
}

#[tokio::test]
async fn wrong_token_returns_401_with_the_same_error_in_body_and_challenge_on_demand() {
    let invalid_token =
        || Reply::refuse(ErrorCode::InvalidToken, "x").with_action(Action::BadRequest);
    let invalid_request = || Reply::refuse(ErrorCode::InvalidRequest, "x");
    let invalid_metadata = || Reply::refuse(ErrorCode::InvalidClientMetadata, "x");
    for (method, path, reply, status, error, is_content_kept) in [
        (
            "GET",
            "/register/1",
            invalid_request(),
            401,
            "invalid_token",
            false,
        ),
        (
            "GET",
            "/register/1",
            invalid_token(),
            401,
            "invalid_token",
            true,
        ),
        (
            "DELETE",
            "/register/1",
            invalid_metadata(),
            401,
            "invalid_token",
            false,
        ),
        (
            "DELETE",
            "/register/1",
            invalid_token(),
            401,
            "invalid_token",
            true,
        ),
        (
            "PUT",
            "/register/1",
            invalid_token(),
            401,
            "invalid_token",
            true,
        ),
        (
            "PUT",
            "/register/1",
            invalid_metadata(),
            400,
            "invalid_client_metadata",
            true,
        ),
        (
            "POST",
            "/register",
            invalid_token(),
            400,
            "invalid_token",
            true,
        ),
    ] {
        let content = reply.content().unwrap().clone();
        let client = client_of(reply).await;
        let request = || configuration_request(method, path, "t", CLIENT);

        let backend = AuthleteBackend::new(client.clone());
        let plain = send(&DcrEndpoint::new(backend.clone()), request()).await;
        assert_eq!((plain.status.as_u16(), &plain.body), (400, &content));

        let endpoint = DcrEndpoint::new(backend.unauthorized_for_wrong_token(true));
        let answer = send(&endpoint, request()).await;
        answer.assert_error(status, error);
        assert_eq!(answer.body == content, is_content_kept, "{method}");
        let challenge = (status == 401).then_some(CHALLENGE);
        assert_eq!(answer.header("www-authenticate"), challenge, "{method}");
        let outcome = answer.outcome.unwrap();
        assert_eq!(outcome.reason(), Some("E000400"));
        assert_eq!(outcome.error().unwrap().as_str(), error);
    }
}

#[tokio::test]
async fn wrong_token_returns_401_without_unauthorized_on_client_config_supported() {
    let registry = Registry::in_memory("https://as.example.com/register").unwrap();
    let emulator = AuthleteEmulator::new(registry, credentials())
        .unauthorized_on_client_config_supported(false);
    let backend = AuthleteBackend::new(serve(emulator).await);
    let plain = DcrEndpoint::new(backend.clone());
    let corrected = DcrEndpoint::new(backend.unauthorized_for_wrong_token(true));
    for method in ["GET", "PUT", "DELETE"] {
        let wrong = || {
            let body = r#"{"client_id":"nobody"}"#;
            configuration_request(method, "/register/nobody", "wrong", body)
        };
        assert_eq!(send(&plain, wrong()).await.status, 400, "{method}");
        let answer = send(&corrected, wrong()).await;
        answer.assert_error(401, "invalid_token");
        assert_eq!(answer.header("www-authenticate"), Some(CHALLENGE));
    }
}

#[tokio::test]
async fn whole_response_is_in_the_extensions_on_demand() {
    use tower::ServiceExt;

    let peer = Peer::start().await;
    let client = peer.builder().build().unwrap();
    for yes in [true, false] {
        let backend = AuthleteBackend::new(client.clone())
            .hide_unused_secret(true)
            .unauthorized_for_wrong_token(true)
            .expose_response(yes);
        let endpoint = DcrEndpoint::new(backend);
        let response = endpoint
            .clone()
            .oneshot(registration_request(CLIENT))
            .await
            .unwrap();
        let found = response.extensions().get::<AuthleteResponse>().cloned();
        assert_eq!(found.is_some(), yes);
        let answer = TestResponse::read(response).await;
        assert_eq!(answer.status, 201);
        if let Some(authlete) = found {
            assert_eq!(authlete.result_code(), Some("A202001"));
            assert_eq!(
                authlete.result_message(),
                Some("[A202001] The client was created.")
            );
            let client: Value = serde_json::from_str(authlete.client().unwrap().get()).unwrap();
            assert_eq!(
                client["redirectUris"],
                json!(["https://client.example.org/cb"])
            );
            let secret = client["clientSecret"].as_str().unwrap();
            assert!(!format!("{authlete:?} {:?}", answer.outcome).contains(secret));
        }

        // An error has it too.
        let request = configuration_request("GET", "/register/nobody", "wrong", "");
        let response = endpoint.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 401);
        let found = response.extensions().get::<AuthleteResponse>();
        assert_eq!(
            found.map(|authlete| authlete.result_code()),
            yes.then_some(Some("E000401"))
        );
    }
}
