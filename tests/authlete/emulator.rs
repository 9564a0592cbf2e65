//! The emulator, called like Authlete's Web API.

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
async fn wrong_call_is_an_api_error() {
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
        let answer = send(&emulator, call(method, path, authorization, body)).await;
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
    let answer = send(&failing, call("POST", BASE, "Bearer token", &good)).await;
    assert_eq!(answer.status, 500);
    assert!(!answer.json().to_string().contains("SENTINEL"));
}

#[tokio::test]
async fn wrong_request_of_a_client_is_an_action_not_an_api_error() {
    let emulator = emulator();
    let created = json!({"json": "{\"client_name\":\"My Client\"}"}).to_string();
    let created = send(&emulator, call("POST", BASE, "Bearer token", &created))
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
        let answer = send(
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

/// Registers a client whose information is this, and returns the member `client`.
async fn client_member_of(information: Value) -> Value {
    let content = information.to_string();
    let backend = backend_fn(move |_: Operation| {
        let reply = Reply::created(content.clone());
        async move { Ok::<_, BoxError>(reply) }
    });
    let emulator = AuthleteEmulator::new(backend, Credentials::new("715948317", "token").unwrap());
    let body = json!({"json": "{}"}).to_string();
    let answer = send(&emulator, call("POST", BASE, "Bearer token", &body)).await;
    assert_eq!(answer.status, 200);
    answer.json()["client"].clone()
}

/// The names and types are those of Authlete's `OpenAPI` description.
#[tokio::test]
async fn client_member_has_what_the_sdks_read() {
    let mut information = json!({
        "client_id": "26837717140341",
        "client_id_issued_at": 1_641_735_467,
        "client_name": "My Dynamic Client",
        "client_secret": "secret",
        "client_secret_expires_at": 0,
        "application_type": "native",
        "redirect_uris": ["com.example.app:/cb"],
        "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
        "response_types": ["code", "code id_token"],
        "token_endpoint_auth_method": "client_secret_basic",
    });
    let mut expected = json!({
        "applicationType": "NATIVE",
        "clientId": 26_837_717_140_341_u64,
        "clientIdAlias": "26837717140341",
        "clientIdAliasEnabled": false,
        "clientName": "My Dynamic Client",
        "clientSecret": "secret",
        "clientType": "CONFIDENTIAL",
        "createdAt": 1_641_735_467_000_u64,
        "dynamicallyRegistered": true,
        "grantTypes": ["AUTHORIZATION_CODE"],
        "redirectUris": ["com.example.app:/cb"],
        "responseTypes": ["CODE", "CODE_ID_TOKEN"],
        "tokenAuthMethod": "CLIENT_SECRET_BASIC",
    });
    assert_eq!(client_member_of(information.clone()).await, expected);

    // An ID that is not a number is the alias of a computed number.
    information["client_id"] = json!("s6BhdRkqt3");
    information["token_endpoint_auth_method"] = json!("none");
    let client = client_member_of(information.clone()).await;
    let number = client["clientId"].as_u64().unwrap();
    assert!((1..=1 << 53).contains(&number));
    expected["clientId"] = json!(number);
    expected["clientIdAlias"] = json!("s6BhdRkqt3");
    expected["clientIdAliasEnabled"] = json!(true);
    expected["clientType"] = json!("PUBLIC");
    expected["tokenAuthMethod"] = json!("NONE");
    assert_eq!(client, expected);
    assert_eq!(client_member_of(information).await, expected);
    let other = client_member_of(json!({"client_id": "another"})).await;
    assert_ne!(other["clientId"], expected["clientId"]);
}

#[tokio::test]
async fn registered_client_has_the_members_that_the_sdks_read() {
    let body = json!({"json": "{\"redirect_uris\":[\"https://client.example.org/cb\"]}"});
    let request = call("POST", BASE, "Bearer token", &body.to_string());
    let client = send(&emulator(), request).await.json()["client"].clone();
    assert!(client["clientId"].is_u64());
    assert!(client["clientIdAlias"].is_string());
    assert_eq!(client["clientType"], "CONFIDENTIAL");
    assert_eq!(client["applicationType"], "WEB");
    // Milliseconds since 1970, after 2020.
    assert!(client["createdAt"].as_u64().unwrap() > 1_577_836_800_000);
}
