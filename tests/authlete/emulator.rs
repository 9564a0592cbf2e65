//! The emulator, as a caller of Authlete's Web API sees it.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use tower_dcr::authlete::{AuthleteEmulator, Credentials};
use tower_dcr::registry::Registry;
use tower_dcr::{BoxError, Operation, Reply, backend_fn};

use super::support::*;

const BASE: &str = "/api/715948317/client/registration";

fn emulator() -> AuthleteEmulator<Registry> {
    let registry = Registry::builder("https://as.example.com/register")
        .require_redirect_uris(false)
        .build()
        .unwrap();
    AuthleteEmulator::new(registry, Credentials::new("715948317", "token").unwrap())
}

fn call(method: &str, path: &str, authorization: &str, body: &str) -> Request<Full<Bytes>> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .body(Full::from(body.to_owned()))
        .unwrap();
    if !authorization.is_empty() {
        request
            .headers_mut()
            .insert("authorization", authorization.parse().unwrap());
    }
    request
}

#[tokio::test]
async fn api_errors() {
    let emulator = emulator();
    let good = json!({"json": "{}"}).to_string();
    let too_large = " ".repeat(1024 * 1024 + 1);
    for (method, path, authorization, body, status) in [
        ("POST", BASE, "", &*good, 401),
        ("POST", BASE, "Basic eA==", &good, 401),
        ("POST", BASE, "Bearer wrong", &good, 403),
        (
            "POST",
            "/api/2/client/registration",
            "Bearer token",
            &good,
            403,
        ),
        (
            "POST",
            "/api/../client/registration",
            "Bearer token",
            &good,
            403,
        ),
        ("POST", "/api/715948317/client", "Bearer token", &good, 404),
        ("POST", "/client/registration", "Bearer token", &good, 404),
        ("GET", BASE, "Bearer token", "", 405),
        ("POST", BASE, "Bearer token", "", 400),
        ("POST", BASE, "Bearer token", "[]", 400),
        ("POST", BASE, "bearer  token", "[]", 400),
        ("POST", BASE, "Bearer token", &too_large, 413),
        ("POST", BASE, "Bearer token", "{}", 400),
        ("POST", BASE, "Bearer token", "{\"json\":{}}", 400),
        (
            "POST",
            "/api/715948317/client/registration/get",
            "Bearer token",
            "{\"clientId\":\"1\"}",
            400,
        ),
        (
            "POST",
            "/api/715948317/client/registration/delete",
            "Bearer token",
            "{\"token\":\"1\"}",
            400,
        ),
        (
            "POST",
            "/api/715948317/client/registration/update",
            "Bearer token",
            "{\"clientId\":\"1\",\"token\":\"1\"}",
            400,
        ),
    ] {
        let answer = ask(&emulator, call(method, path, authorization, body)).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{method} {path} {authorization} {body}"
        );
        let error = answer.json();
        let code = error["resultCode"].as_str().unwrap();
        assert!(
            error["resultMessage"]
                .as_str()
                .unwrap()
                .starts_with(&format!("[{code}] "))
        );
        assert_eq!(error.as_object().unwrap().len(), 2);
    }

    let failing = backend_fn(|_: Operation| async { Err::<Reply, _>(BoxError::from("SENTINEL")) });
    let failing = AuthleteEmulator::new(failing, Credentials::new("715948317", "token").unwrap());
    let answer = ask(&failing, call("POST", BASE, "Bearer token", &good)).await;
    assert_eq!(answer.status, 500);
    assert!(!answer.json().to_string().contains("SENTINEL"));
}

/// What is wrong with the client's part is an action, not an API error.
#[tokio::test]
async fn actions() {
    let emulator = emulator();
    let created = json!({"json": "{\"client_name\":\"My Client\"}"}).to_string();
    let created = ask(&emulator, call("POST", BASE, "Bearer token", &created))
        .await
        .json();
    assert_eq!(created["action"], "CREATED");
    let information: Value =
        serde_json::from_str(created["responseContent"].as_str().unwrap()).unwrap();
    let (id, token) = (
        &information["client_id"],
        &information["registration_access_token"],
    );
    for (path, body, action, error) in [
        (
            "",
            json!({"json": "[]"}),
            "BAD_REQUEST",
            "invalid_client_metadata",
        ),
        (
            "",
            json!({"json": "{\"a\":1,\"a\":2}"}),
            "BAD_REQUEST",
            "invalid_client_metadata",
        ),
        (
            "",
            json!({"json": "{\"redirect_uris\":[\"x\"]}"}),
            "BAD_REQUEST",
            "invalid_redirect_uri",
        ),
        (
            "/get",
            json!({"clientId": id, "token": "wrong"}),
            "UNAUTHORIZED",
            "invalid_token",
        ),
        (
            "/get",
            json!({"clientId": id, "token": "not a token"}),
            "UNAUTHORIZED",
            "invalid_token",
        ),
        (
            "/get",
            json!({"clientId": 26_837_717_140_341_u64, "token": token}),
            "UNAUTHORIZED",
            "invalid_token",
        ),
        (
            "/update",
            json!({"clientId": id, "token": token, "json": "{}"}),
            "BAD_REQUEST",
            "invalid_client_metadata",
        ),
        (
            "/delete",
            json!({"clientId": "nobody", "token": token}),
            "UNAUTHORIZED",
            "invalid_token",
        ),
    ] {
        let answer = ask(
            &emulator,
            call(
                "POST",
                &format!("{BASE}{path}"),
                "Bearer token",
                &body.to_string(),
            ),
        )
        .await;
        assert_eq!(answer.status, 200);
        let answer = answer.json();
        assert_eq!(answer["action"], action, "{path} {body}");
        let content: Value =
            serde_json::from_str(answer["responseContent"].as_str().unwrap()).unwrap();
        assert_eq!(content["error"], error);
        assert_eq!(answer.get("client"), None);
    }
}
