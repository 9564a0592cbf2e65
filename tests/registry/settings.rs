//! What can be set.

use tower_dcr::registry::RegistryError;

use super::*;

/// What a registration says. An update says the same.
async fn registered(builder: RegistryBuilder, metadata: &Value) -> Answer {
    let backend = builder.in_memory().unwrap();
    let answer = post(&backend, metadata).await;
    // A client that every one of these registries takes, whatever it supports.
    let mut plain = json!({"redirect_uris": ["https://client.example.org/cb"]});
    if backend.supported()["grant_types_supported"] == json!(["implicit"]) {
        plain["response_types"] = json!(["token"]);
    }
    let existing = client(&backend, &plain).await;
    let updated = update(&backend, &existing, metadata).await;
    if answer.status == 201 {
        assert_eq!(updated.status, 200, "{metadata}: {updated:?}");
        let (registered, updated) = (answer.json(), updated.json());
        for name in [
            "grant_types",
            "response_types",
            "token_endpoint_auth_method",
        ] {
            assert_eq!(registered[name], updated[name], "{metadata}");
        }
    } else {
        assert_eq!(
            (updated.status, &updated.body),
            (answer.status, &answer.body)
        );
    }
    answer
}

#[tokio::test]
async fn grant_types() {
    let builder = builder().grant_types_supported(["authorization_code", "urn:example:own"]);
    let mut asked = metadata();
    asked["grant_types"] = json!([
        "client_credentials",
        "urn:example:own",
        "authorization_code"
    ]);
    let answer = registered(builder.clone(), &asked).await;
    assert_eq!(
        answer.json()["grant_types"],
        json!(["urn:example:own", "authorization_code"])
    );
    asked["grant_types"] = json!(["client_credentials"]);
    let refused = registered(builder, &asked).await;
    refused.assert_error(400, "invalid_client_metadata");
}

#[tokio::test]
async fn implicit_where_it_is_named() {
    let builder = builder().grant_types_supported(["authorization_code", "implicit"]);
    for (grant_types, response_types, expected) in [
        (
            json!(["implicit"]),
            json!(["token"]),
            Some(json!(["implicit"])),
        ),
        (
            json!(["implicit"]),
            json!(["id_token", "token id_token"]),
            Some(json!(["implicit"])),
        ),
        (
            json!(null),
            json!(["id_token token code"]),
            Some(json!(["authorization_code", "implicit"])),
        ),
        (json!(null), json!(["token"]), Some(json!(["implicit"]))),
        (
            json!(["implicit", "authorization_code"]),
            json!(["token", "code"]),
            Some(json!(["implicit", "authorization_code"])),
        ),
        (
            json!(["implicit", "authorization_code"]),
            json!(["token code"]),
            Some(json!(["implicit", "authorization_code"])),
        ),
        (
            json!(["implicit", "authorization_code"]),
            json!(["code"]),
            None,
        ),
        // What is filled in is no other than what may be asked for.
        (json!(["implicit", "authorization_code"]), json!(null), None),
        (json!(["implicit"]), json!(null), None),
        (json!(["implicit"]), json!([]), None),
        (json!(["authorization_code"]), json!(["token"]), None),
        (json!(["authorization_code"]), json!(["code token"]), None),
        (json!(["implicit"]), json!(["code token"]), None),
        (json!(["implicit"]), json!(["token token2"]), None),
        (json!(["implicit"]), json!(["token  id_token"]), None),
    ] {
        let mut asked = metadata();
        asked["grant_types"] = grant_types;
        asked["response_types"] = response_types.clone();
        let answer = registered(builder.clone(), &asked).await;
        match expected {
            Some(grant_types) => {
                assert_eq!(answer.status, 201, "{asked}: {answer:?}");
                assert_eq!(answer.json()["grant_types"], grant_types);
                if !response_types.is_null() {
                    assert_eq!(answer.json()["response_types"], response_types);
                }
            }
            None => answer.assert_error(400, "invalid_client_metadata"),
        }
    }
    // With it, a web application redirects to other machines alone, whether it says that it is one or not.
    for application_type in [json!(null), json!("web")] {
        let here = json!({
            "redirect_uris": ["https://localhost/cb"],
            "response_types": ["id_token"],
            "application_type": application_type,
        });
        registered(builder.clone(), &here)
            .await
            .assert_error(400, "invalid_redirect_uri");
    }
    // It redirects, too.
    let without = json!({"grant_types": ["implicit"], "response_types": ["token"]});
    registered(builder, &without)
        .await
        .assert_error(400, "invalid_redirect_uri");
}

/// OpenID Connect registration section 2, `application_type`.
#[tokio::test]
async fn implicit_and_redirect_uris_other_than_https() {
    let builder = builder().grant_types_supported(["implicit"]);
    for (application_type, uri, is_taken) in [
        ("web", "https://client.example.org/cb", true),
        ("web", "http://localhost/cb", false),
        ("web", "https://localhost/cb", false),
        ("web", "https://127.0.0.1/cb", false),
        ("web", "com.example.app:/cb", false),
        ("native", "http://localhost/cb", true),
        ("native", "com.example.app:/cb", true),
    ] {
        let asked = json!({
            "grant_types": ["implicit"],
            "response_types": ["token"],
            "application_type": application_type,
            "redirect_uris": [uri],
        });
        let answer = registered(builder.clone(), &asked).await;
        if is_taken {
            assert_eq!(answer.status, 201, "{asked}");
        } else {
            answer.assert_error(400, "invalid_redirect_uri");
        }
    }
}

#[tokio::test]
async fn methods_of_authentication() {
    let method = |answer: &Answer| answer.json()["token_endpoint_auth_method"].clone();
    let public = builder().token_endpoint_auth_methods_supported(["none", "private_key_jwt"]);
    assert_eq!(
        method(&registered(public.clone(), &metadata()).await),
        "none"
    );
    let mut asked = metadata();
    asked["token_endpoint_auth_method"] = json!("client_secret_basic");
    registered(public, &asked)
        .await
        .assert_error(400, "invalid_client_metadata");

    let both = builder().token_endpoint_auth_methods_supported(["none", "client_secret_basic"]);
    assert_eq!(
        method(&registered(both, &metadata()).await),
        "client_secret_basic"
    );
}

#[tokio::test]
async fn members_to_keep() {
    let builder = builder().keep_members(["frontchannel_logout_uri", "example"]);
    let body = r#"{"redirect_uris":["https://client.example.org/cb"],"other":1,"example#fr":1,"frontchannel_logout_uri":"",
        "example": {"a" : 1.50, "n" : null}}"#;
    for (backend, _directory) in both(&builder) {
        let endpoint = DcrEndpoint::new(backend.clone());
        let registered = ask(&endpoint, register(body)).await;
        assert_eq!(registered.status, 201);
        let plain = client(&backend, &metadata()).await;
        let id = text(&plain["client_id"]);
        let token = text(&plain["registration_access_token"]);
        let put = body.replacen('{', &format!(r#"{{"client_id":"{id}","#), 1);
        let updated = configure("PUT", &format!("/register/{id}"), token, put);
        let updated = ask(&endpoint, updated).await;
        assert_eq!(updated.status, 200);
        for answer in [registered, updated] {
            let kept = answer.json();
            for dropped in ["other", "example#fr", "frontchannel_logout_uri"] {
                assert_eq!(kept.get(dropped), None, "{dropped}");
            }
            let text = String::from_utf8(answer.body.to_vec()).unwrap();
            let example = r#""example":{"a" : 1.50, "n" : null}"#;
            assert!(text.contains(example), "{text}");
        }
    }
}

#[test]
fn settings_that_make_no_sense() {
    let fails = |builder: RegistryBuilder, expected: &str| {
        let error = builder.in_memory().unwrap_err();
        let RegistryError::InvalidSetting { setting, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(setting, expected);
        assert!(error.to_string().starts_with(expected), "{error}");
    };
    let none: [&str; 0] = [];
    fails(
        builder().grant_types_supported(none),
        "grant_types_supported",
    );
    fails(
        builder().grant_types_supported(["authorization_code", "password"]),
        "grant_types_supported",
    );
    fails(
        builder().token_endpoint_auth_methods_supported(none),
        "token_endpoint_auth_methods_supported",
    );
    fails(
        builder().token_endpoint_auth_methods_supported(["none", "x"]),
        "token_endpoint_auth_methods_supported",
    );
    for meaning in [
        "client_id",
        "client_secret",
        "client_id_issued_at",
        "client_secret_expires_at",
        "registration_access_token",
        "registration_client_uri",
        "software_statement",
        "redirect_uris",
        "client_name",
        "client_name#fr",
        "jwks",
    ] {
        fails(builder().keep_members(["x", meaning]), "keep_members");
    }
    fails(builder().max_clients(0), "max_clients");
    fails(builder().max_member_length(0), "max_member_length");
    fails(
        builder().secret_lifetime(Duration::from_millis(999), Duration::ZERO),
        "secret_lifetime",
    );
    fails(
        builder().remove_never_used_after(Duration::from_millis(999)),
        "remove_never_used_after",
    );
}

/// What the documentation says they are.
#[test]
fn bounds_unless_set() {
    let text = format!("{:?}", builder());
    for bound in [
        "max_clients: 100000,",
        "max_redirect_uris: 32,",
        "max_contacts: 16,",
        "max_member_length: 16384 ",
    ] {
        assert!(text.contains(bound), "{bound}: {text}");
    }
    // It may hold a password.
    let builder = Registry::builder("https://user:sentinel@as.example.com/register");
    assert!(!format!("{builder:?}").contains("sentinel"));
}

/// Times at the end of time.
#[tokio::test]
async fn lifetimes_without_end() {
    let backend = builder()
        .secret_lifetime(Duration::MAX, Duration::MAX)
        .remove_never_used_after(Duration::MAX)
        .in_memory()
        .unwrap();
    let information = client(&backend, &metadata()).await;
    // The end of the year 9999.
    assert_eq!(information["client_secret_expires_at"], 253_402_300_799_u64);
    // Nor is it due.
    assert_eq!(read(&backend, &information).await.json(), information);
}
