//! Settings that change what is registered.

use super::*;

/// Registers a client, and returns the answer. Asserts that an update gets the same.
async fn registered(builder: RegistryBuilder, metadata: &Value) -> TestResponse {
    let registry = builder.build().unwrap();
    let answer = post(&registry, metadata).await;
    // A client that all registries of these tests accept.
    let mut plain = json!({"redirect_uris": ["https://client.example.org/cb"]});
    if registry.server_metadata()["grant_types_supported"] == json!(["implicit"]) {
        plain["response_types"] = json!(["token"]);
    }
    let existing = client(&registry, &plain).await;
    let updated = update(&registry, &existing, metadata).await;
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
async fn unsupported_grant_types_are_dropped_and_own_ones_kept() {
    let builder = builder().grant_types_supported(["authorization_code", "urn:example:own"]);
    let mut requested = metadata();
    requested["grant_types"] = json!([
        "client_credentials",
        "urn:example:own",
        "authorization_code"
    ]);
    let answer = registered(builder.clone(), &requested).await;
    assert_eq!(
        answer.json()["grant_types"],
        json!(["urn:example:own", "authorization_code"])
    );
    requested["grant_types"] = json!(["client_credentials"]);
    let refused = registered(builder, &requested).await;
    refused.assert_error(400, "invalid_client_metadata");
}

#[tokio::test]
async fn implicit_is_supported_if_it_is_named() {
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
        // Defaults follow the same rules.
        (json!(["implicit", "authorization_code"]), json!(null), None),
        (json!(["implicit"]), json!(null), None),
        (json!(["implicit"]), json!([]), None),
        (json!(["authorization_code"]), json!(["token"]), None),
        (json!(["authorization_code"]), json!(["code token"]), None),
        (json!(["implicit"]), json!(["code token"]), None),
        (json!(["implicit"]), json!(["token token2"]), None),
        (json!(["implicit"]), json!(["token  id_token"]), None),
    ] {
        let mut requested = metadata();
        requested["grant_types"] = grant_types;
        requested["response_types"] = response_types.clone();
        let answer = registered(builder.clone(), &requested).await;
        match expected {
            Some(grant_types) => {
                assert_eq!(answer.status, 201, "{requested}: {answer:?}");
                assert_eq!(answer.json()["grant_types"], grant_types);
                if !response_types.is_null() {
                    assert_eq!(answer.json()["response_types"], response_types);
                }
            }
            None => answer.assert_error(400, "invalid_client_metadata"),
        }
    }
    // A web application may then only redirect to other machines. Web is the default.
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
    // It needs a redirect URI.
    let without = json!({"grant_types": ["implicit"], "response_types": ["token"]});
    registered(builder, &without)
        .await
        .assert_error(400, "invalid_redirect_uri");
}

/// OpenID Connect registration section 2, `application_type`.
#[tokio::test]
async fn web_application_with_implicit_needs_https_to_another_machine() {
    let builder = builder().grant_types_supported(["implicit"]);
    for (application_type, uri, is_accepted) in [
        ("web", "https://client.example.org/cb", true),
        ("web", "http://localhost/cb", false),
        ("web", "https://localhost/cb", false),
        ("web", "https://127.0.0.1/cb", false),
        ("web", "com.example.app:/cb", false),
        ("native", "http://localhost/cb", true),
        ("native", "com.example.app:/cb", true),
    ] {
        let requested = json!({
            "grant_types": ["implicit"],
            "response_types": ["token"],
            "application_type": application_type,
            "redirect_uris": [uri],
        });
        let answer = registered(builder.clone(), &requested).await;
        if is_accepted {
            assert_eq!(answer.status, 201, "{requested}");
        } else {
            answer.assert_error(400, "invalid_redirect_uri");
        }
    }
}

#[tokio::test]
async fn requirement_is_kept_if_the_server_enforces_it() {
    let requirements = [
        "dpop_bound_access_tokens",
        "tls_client_certificate_bound_access_tokens",
        "require_signed_request_object",
        "require_pushed_authorization_requests",
    ];
    for enforced in requirements {
        let builder = builder().enforced_requirements([enforced]);
        for name in requirements {
            let mut requested = metadata();
            requested[name] = json!(true);
            let answer = registered(builder.clone(), &requested).await;
            if name == enforced {
                assert_eq!(answer.json()[name], json!(true));
            } else {
                answer.assert_error(400, "invalid_client_metadata");
            }
        }
    }
}

#[tokio::test]
async fn unsupported_subject_type_is_refused() {
    let mut requested = metadata();
    for (supported, refused, default) in [
        ("public", "pairwise", None),
        ("pairwise", "public", Some("pairwise")),
    ] {
        let builder = builder().subject_types_supported([supported]);
        let registry = builder.clone().build().unwrap();
        let announced = &registry.server_metadata()["subject_types_supported"];
        assert_eq!(announced, &json!([supported]));
        requested["subject_type"] = json!(supported);
        let answer = registered(builder.clone(), &requested).await;
        assert_eq!(answer.json()["subject_type"], supported);
        requested["subject_type"] = json!(refused);
        registered(builder.clone(), &requested)
            .await
            .assert_error(400, "invalid_client_metadata");
        let answer = registered(builder, &metadata()).await;
        assert_eq!(
            answer.json().get("subject_type").and_then(Value::as_str),
            default
        );
    }
}

/// The rule about the hosts counts even if the client did not name the subject type.
#[tokio::test]
async fn only_pairwise_subjects_need_redirect_uris_on_one_host() {
    let registry = builder().subject_types_supported(["pairwise"]).build();
    let two_hosts = json!({"redirect_uris": ["https://a.example/cb", "https://b.example/cb"]});
    post(&registry.unwrap(), &two_hosts)
        .await
        .assert_error(400, "invalid_client_metadata");
}

/// Cursor has sent `web`.
#[tokio::test]
async fn web_with_a_scheme_of_its_own_becomes_native_if_the_builder_says_so() {
    let cursor = json!({
        "redirect_uris": ["cursor://anysphere.cursor-mcp/oauth/callback"],
        "application_type": "web",
    });
    registered(builder().correct_application_type(false), &cursor)
        .await
        .assert_error(400, "invalid_redirect_uri");
    let corrects = || builder().correct_application_type(true);
    let answer = registered(corrects(), &cursor).await;
    assert_eq!(answer.json()["application_type"], "native");
    // Nothing else is corrected.
    for uri in ["https://client.example.org/cb", "http://localhost/cb"] {
        let web = json!({"redirect_uris": [uri], "application_type": "web"});
        let answer = registered(corrects(), &web).await;
        assert_eq!(answer.json()["application_type"], "web");
    }
    let refused = json!({"redirect_uris": ["shell:x"], "application_type": "web"});
    registered(corrects(), &refused)
        .await
        .assert_error(400, "invalid_redirect_uri");
}

#[tokio::test]
async fn response_types_are_kept_if_their_grant_types_are_supported() {
    let builder = builder().grant_types_supported(["authorization_code", "implicit"]);
    let mut requested = metadata();
    requested["grant_types"] = json!(["authorization_code", "implicit"]);
    requested["response_types"] = json!(["code", "code id_token"]);
    let answer = registered(builder, &requested).await;
    assert_eq!(
        answer.json()["response_types"],
        json!(["code", "code id_token"])
    );
}

#[tokio::test]
async fn default_method_is_basic_or_the_first_supported_one() {
    let method = |answer: &TestResponse| answer.json()["token_endpoint_auth_method"].clone();
    let public = builder().token_endpoint_auth_methods_supported(["none", "private_key_jwt"]);
    assert_eq!(
        method(&registered(public.clone(), &metadata()).await),
        "none"
    );
    let mut requested = metadata();
    requested["token_endpoint_auth_method"] = json!("client_secret_basic");
    registered(public, &requested)
        .await
        .assert_error(400, "invalid_client_metadata");

    let with_basic =
        builder().token_endpoint_auth_methods_supported(["none", "client_secret_basic"]);
    assert_eq!(
        method(&registered(with_basic, &metadata()).await),
        "client_secret_basic"
    );
}

#[tokio::test]
async fn members_to_keep_are_returned_as_they_were_sent() {
    let builder = builder().keep_members(["frontchannel_logout_uri", "example"]);
    let body = r#"{"redirect_uris":["https://client.example.org/cb"],"other":1,"example#fr":1,
        "frontchannel_logout_uri":"","example": {"a" : 1.50, "n" : null}}"#;
    for (registry, _directory) in in_both_homes(&builder) {
        let endpoint = DcrEndpoint::new(registry.clone());
        let registered = send(&endpoint, registration_request(body)).await;
        assert_eq!(registered.status, 201);
        let plain = client(&registry, &metadata()).await;
        let id = text(&plain["client_id"]);
        let token = text(&plain["registration_access_token"]);
        let put = body.replacen('{', &format!(r#"{{"client_id":"{id}","#), 1);
        let updated = configuration_request("PUT", &format!("/register/{id}"), token, put);
        let updated = send(&endpoint, updated).await;
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
fn debug_shows_the_documented_defaults_and_no_url() {
    let text = format!("{:?}", builder());
    for bound in [
        "max_clients: 100000,",
        "max_redirect_uris: 32,",
        "max_contacts: 16,",
        "max_metadata_length: 16384 ",
    ] {
        assert!(text.contains(bound), "{bound}: {text}");
    }
    // The URL may contain a password.
    let builder = Registry::builder("https://user:sentinel@as.example.com/register");
    assert!(!format!("{builder:?}").contains("sentinel"));
}

#[tokio::test]
async fn longest_lifetimes_end_in_the_year_9999() {
    let registry = builder()
        .secret_lifetime(Duration::MAX)
        .secret_grace_period(Duration::MAX)
        .remove_never_used_after(Duration::MAX)
        .build()
        .unwrap();
    let information = client(&registry, &metadata()).await;
    // The end of the year 9999.
    assert_eq!(information["client_secret_expires_at"], 253_402_300_799_u64);
    // It is not due for renewal either.
    assert_eq!(read(&registry, &information).await.json(), information);
}
