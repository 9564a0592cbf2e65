//! What is kept of metadata, what is filled in, what is refused: on registration and on update alike.

use serde_json::{Value, json};

use super::*;

/// Both ways in which metadata gets into the registry.
async fn both(metadata: &Value) -> [Answer; 2] {
    let registry = registry().await;
    let registered = registry.register(metadata).await;
    let client = registry.client(&with(json!({}))).await;
    [registered, client.update(metadata).await]
}

#[track_caller]
fn assert_kept(answers: &[Answer; 2], expected: &Value) {
    assert_eq!(
        answers.each_ref().map(|answer| answer.status.as_u16()),
        [201, 200],
        "{answers:?}"
    );
    for answer in answers {
        for (name, value) in expected.as_object().unwrap() {
            let kept = answer.json().get(name).cloned().unwrap_or_default();
            assert_eq!(kept, *value, "{name}");
        }
    }
}

#[track_caller]
fn assert_refused(answers: &[Answer; 2], error: &str) {
    for answer in answers {
        answer.assert_error(400, error);
    }
}

#[tokio::test]
async fn the_metadata_of_the_specification_is_kept() {
    let metadata = json!({
        "redirect_uris": ["https://client.example.org/cb", "https://client.example.org/cb"],
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "client_name": "My Client",
        "client_name#fr": "Mon client",
        "client_uri": "https://client.example.org/",
        "client_uri#fr": "https://client.example.org/fr/",
        "logo_uri": "https://client.example.org/logo.png",
        "logo_uri#fr-CA": "https://client.example.org/logo-fr.png",
        "scope": "read write",
        "contacts": ["ve7jtb@example.org"],
        "tos_uri": "https://client.example.org/tos",
        "tos_uri#de": "https://client.example.org/agb",
        "policy_uri": "https://client.example.org/policy",
        "policy_uri#de": "https://client.example.org/datenschutz",
        "jwks": {"keys": [{"kty": "RSA", "e": "AQAB", "n": "abc", "x": 1.5}]},
        "software_id": "4NRB1-0XZABZI9E6-5SM3R",
        "software_version": "2.0",
    });
    assert_kept(&both(&metadata).await, &metadata);
    let by_reference = with(json!({"jwks_uri": "https://client.example.org/jwks"}));
    assert_kept(&both(&by_reference).await, &by_reference);
}

#[tokio::test]
async fn urls_that_are_shown_or_fetched() {
    for member in [
        "client_uri",
        "logo_uri",
        "tos_uri",
        "policy_uri",
        "client_uri#fr",
    ] {
        for good in [
            "https://client.example.org/x?y#z",
            "http://client.example.org",
            "HTTPS://[::1]/",
        ] {
            let metadata = with(json!({member: good}));
            assert_kept(&both(&metadata).await, &metadata);
        }
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "/logo.png",
            "client.example.org",
            "https:x",
            "https://",
            "https://a b/",
        ] {
            assert_refused(
                &both(&with(json!({member: bad}))).await,
                "invalid_client_metadata",
            );
        }
    }
    let metadata = with(json!({"jwks_uri": "https://client.example.org/jwks"}));
    assert_kept(&both(&metadata).await, &metadata);
    for bad in [
        "http://client.example.org/jwks",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "jwks",
    ] {
        assert_refused(
            &both(&with(json!({"jwks_uri": bad}))).await,
            "invalid_client_metadata",
        );
    }
}

#[tokio::test]
async fn keys_are_kept_as_they_were_written() {
    let registry = registry().await;
    let jwks = r#"{ "keys" : [{"y":12345678901234567890123, "x": 1.50, "e":1e15}] }"#;
    let body = format!(r#"{{"redirect_uris":["https://client.example.org/cb"],"jwks":{jwks}}}"#);
    let answer = registry.ask(register(body)).await;
    assert_eq!(answer.status, 201);
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(text.contains(jwks), "{text}");
}

#[tokio::test]
async fn what_is_not_known_is_dropped() {
    let metadata = with(json!({
        "example_extension_parameter": "example_value",
        "software_statement": "a.b.c",
        "scope#fr": "lire",
        "client_name#": "no tag",
        "Client_name": "another case",
        "": 1,
    }));
    for answer in both(&metadata).await {
        let kept = answer.json();
        for name in metadata.as_object().unwrap().keys() {
            assert_eq!(kept.get(name).is_some(), name == "redirect_uris", "{name}");
        }
    }
}

#[tokio::test]
async fn defaults() {
    let answers = both(&with(json!({}))).await;
    let defaults = json!({
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
    });
    assert_kept(&answers, &defaults);

    let machine = json!({"grant_types": ["client_credentials"]});
    let answers = both(&machine).await;
    assert_kept(
        &answers,
        &json!({"response_types": [], "redirect_uris": []}),
    );
}

#[tokio::test]
async fn null_and_nothing_are_omission() {
    for nothing in [json!(null), json!(""), json!([])] {
        let metadata = with(json!({
            "token_endpoint_auth_method": nothing,
            "grant_types": nothing,
            "client_name": nothing,
            "client_name#fr": nothing,
            "client_uri": nothing,
            "scope": nothing,
            "contacts": nothing,
            "jwks": nothing,
            "jwks_uri": nothing,
        }));
        let answers = both(&metadata).await;
        assert_kept(
            &answers,
            &json!({
                "token_endpoint_auth_method": "client_secret_basic",
                "grant_types": ["authorization_code"],
                "response_types": ["code"],
            }),
        );
        for answer in answers {
            let kept = answer.json();
            assert!(
                kept.as_object()
                    .unwrap()
                    .values()
                    .all(|value| *value != nothing)
            );
            assert!(kept.get("client_name").is_none());
        }
    }
}

#[tokio::test]
async fn an_answer_always_has_redirect_uris() {
    for redirect_uris in [json!(null), json!([]), json!("")] {
        let metadata =
            json!({"grant_types": ["client_credentials"], "redirect_uris": redirect_uris});
        assert_kept(&both(&metadata).await, &json!({"redirect_uris": []}));
    }
}

#[tokio::test]
async fn members_of_the_wrong_type() {
    let wrong_for_strings = [json!(1), json!(true), json!({}), json!(["a"]), json!([1])];
    for member in [
        "token_endpoint_auth_method",
        "client_name",
        "client_name#fr",
        "client_uri",
        "logo_uri",
        "scope",
        "tos_uri",
        "policy_uri",
        "jwks_uri",
        "software_id",
        "software_version",
    ] {
        for value in &wrong_for_strings {
            assert_refused(
                &both(&with(json!({member: value}))).await,
                "invalid_client_metadata",
            );
        }
    }
    let wrong_for_lists = [
        json!("code"),
        json!(1),
        json!({}),
        json!([1]),
        json!(["code", null]),
    ];
    for member in ["grant_types", "response_types", "contacts"] {
        for value in &wrong_for_lists {
            assert_refused(
                &both(&with(json!({member: value}))).await,
                "invalid_client_metadata",
            );
        }
    }
    for value in [json!("{}"), json!(1), json!([1])] {
        assert_refused(
            &both(&with(json!({"jwks": value}))).await,
            "invalid_client_metadata",
        );
    }
    for value in [
        json!("https://client.example.org/cb"),
        json!({}),
        json!([1]),
        json!([null]),
    ] {
        assert_refused(
            &both(&json!({"redirect_uris": value})).await,
            "invalid_redirect_uri",
        );
    }
}

#[tokio::test]
async fn redirect_uris() {
    for uris in [
        json!(["https://client.example.org/cb?x=1&y=%2F"]),
        json!([
            "http://localhost:8080/cb",
            "http://127.0.0.1/",
            "http://[::1]:1/cb"
        ]),
        json!([
            "http://127.0.0.1:33418",
            "http://127.0.0.1:33418/",
            "https://vscode.dev/redirect"
        ]),
        json!(["cursor://anysphere.cursor-retrieval/oauth/user-mcp/callback"]),
        json!(["com.example.app:/cb", "HTTPS://Client.Example.org/CB/../x"]),
    ] {
        let metadata = json!({"redirect_uris": uris});
        assert_kept(&both(&metadata).await, &metadata);
    }
    for uri in [
        "",
        "/cb",
        "https://client.example.org/cb#x",
        "https://user@client.example.org/cb",
        "https://*.example.org/cb",
        "http://client.example.org/cb",
        "javascript:alert(1)",
        "https://client.example.org/ ",
    ] {
        let metadata = json!({"redirect_uris": ["https://client.example.org/cb", uri]});
        assert_refused(&both(&metadata).await, "invalid_redirect_uri");
        // Also where nothing would redirect there.
        let metadata = json!({"redirect_uris": [uri], "grant_types": ["client_credentials"]});
        assert_refused(&both(&metadata).await, "invalid_redirect_uri");
    }
    for missing in [
        json!({}),
        json!({"redirect_uris": []}),
        json!({"redirect_uris": null}),
    ] {
        assert_refused(&both(&missing).await, "invalid_redirect_uri");
    }
}

#[tokio::test]
async fn grant_types_that_are_not_supported_are_dropped_while_one_is() {
    let asked = with(json!({
        "grant_types": ["authorization_code", "password", "implicit", "refresh_token", "urn:example:other"],
    }));
    assert_kept(
        &both(&asked).await,
        &json!({"grant_types": ["authorization_code", "refresh_token"]}),
    );
    for grant_types in [
        json!(["password"]),
        json!(["implicit"]),
        json!(["urn:example:other", ""]),
    ] {
        let answers = both(&with(json!({"grant_types": grant_types}))).await;
        assert_refused(&answers, "invalid_client_metadata");
    }
    let all = json!([
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    ]);
    let all = with(json!({"grant_types": all}));
    assert_kept(&both(&all).await, &all);
}

#[tokio::test]
async fn grant_types_and_response_types_that_do_not_fit() {
    for (grant_types, response_types) in [
        (json!(["authorization_code"]), json!([])),
        (json!(["client_credentials"]), json!(["code"])),
        (json!(["authorization_code"]), json!(["token"])),
        (json!(["authorization_code"]), json!(["code", "id_token"])),
        (json!(["authorization_code"]), json!(["code id_token"])),
    ] {
        let metadata = with(json!({"grant_types": grant_types, "response_types": response_types}));
        assert_refused(&both(&metadata).await, "invalid_client_metadata");
    }
}

#[tokio::test]
async fn methods_that_do_not_exist() {
    for method in ["client_secret", "CLIENT_SECRET_BASIC", "private_key", "x"] {
        let metadata = with(json!({"token_endpoint_auth_method": method}));
        assert_refused(&both(&metadata).await, "invalid_client_metadata");
    }
}

#[tokio::test]
async fn keys_by_value_and_by_reference() {
    let metadata =
        with(json!({"jwks": {"keys": []}, "jwks_uri": "https://client.example.org/jwks"}));
    assert_refused(&both(&metadata).await, "invalid_client_metadata");
}
