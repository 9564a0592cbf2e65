//! What the rest of the server does with the registry.

use tower_dcr::registry::Client;

use super::*;

#[tokio::test]
async fn client_returns_what_was_registered_and_issued() {
    let time = Time::new();
    for (registry, _directory) in in_both_homes(&builder().clock(time.clock())) {
        let mut requested = metadata();
        requested["client_name"] = json!("My Client");
        requested["jwks"] = json!({"keys": []});
        let information = client(&registry, &requested).await;
        time.pass(5);
        let id = text(&information["client_id"]);
        let found = registry.client(id).await.unwrap().unwrap();
        assert_eq!(found.client_id(), id);
        assert_eq!(found.client_id_issued_at(), at(time.now() - 5));
        assert_eq!(found.last_used(), None);
        assert_eq!(found.token_endpoint_auth_method(), "client_secret_basic");
        let secrets: Vec<_> = found.valid_client_secrets().collect();
        assert_eq!(secrets, [text(&information["client_secret"])]);
        assert_eq!(found.client_secret_expires_at(), None);
        let kept = found.metadata().to_map();
        for (name, value) in requested.as_object().unwrap() {
            assert_eq!(kept[name], *value);
        }
        for issued in ["client_id", "client_secret", "registration_access_token"] {
            assert!(!kept.contains_key(issued), "{issued}");
        }
        for nobody in ["nobody", ""] {
            assert!(registry.client(nobody).await.unwrap().is_none());
            assert!(!registry.mark_used(nobody).await.unwrap());
        }
    }
}

#[tokio::test]
async fn one_use_an_hour_is_recorded() {
    let time = Time::new();
    for (registry, _directory) in in_both_homes(&builder().clock(time.clock())) {
        let information = client(&registry, &metadata()).await;
        let id = text(&information["client_id"]);
        let last_used = async || registry.client(id).await.unwrap().unwrap().last_used();
        let first = time.now();
        mark_used(&registry, &information).await;
        assert_eq!(last_used().await, Some(at(first)));
        time.pass(HOUR - 1);
        mark_used(&registry, &information).await;
        assert_eq!(last_used().await, Some(at(first)));
        time.pass(1);
        mark_used(&registry, &information).await;
        assert_eq!(last_used().await, Some(at(first + HOUR)));
        // A read by the client itself, `client` and `list` are no uses.
        time.pass(2 * HOUR);
        read(&registry, &information).await;
        assert_eq!(last_used().await, Some(at(first + HOUR)));
        let page = registry.list(ClientOrder::Age, None, 1).await.unwrap();
        assert_eq!(page.clients[0].last_used(), Some(at(first + HOUR)));
    }
}

/// A clock that is set back must not make a client look older.
#[tokio::test]
async fn last_use_does_not_go_back() {
    let time = Time::new();
    let later = time.now() + DAY;
    let path = TempDir::new().unwrap();
    let path = path.path().join("clients.redb");
    let at_time = |now: u64| {
        let builder = builder().clock(move || at(now)).file(&path);
        builder.build().unwrap()
    };
    let information = {
        let registry = at_time(later);
        let information = client(&registry, &metadata()).await;
        mark_used(&registry, &information).await;
        information
    };
    let registry = at_time(time.now());
    mark_used(&registry, &information).await;
    let found = registry.client(text(&information["client_id"])).await;
    assert_eq!(found.unwrap().unwrap().last_used(), Some(at(later)));
}

#[tokio::test]
async fn use_at_the_epoch_counts_as_used() {
    let registry = builder().clock(|| UNIX_EPOCH).build().unwrap();
    let information = client(&registry, &metadata()).await;
    mark_used(&registry, &information).await;
    let found = registry.client(text(&information["client_id"])).await;
    assert!(found.unwrap().unwrap().last_used().is_some());
}

#[tokio::test]
async fn client_says_when_its_secret_expires() {
    let time = Time::new();
    let builder = builder()
        .clock(time.clock())
        .secret_lifetime(Duration::from_secs(DAY));
    for (registry, _directory) in in_both_homes(&builder) {
        let information = client(&registry, &metadata()).await;
        let found = registry.client(text(&information["client_id"])).await;
        let expires_at = found.unwrap().unwrap().client_secret_expires_at();
        assert_eq!(expires_at, Some(at(time.now() + DAY)));
    }
}

#[tokio::test]
async fn only_the_secret_of_the_client_is_accepted() {
    for (registry, _directory) in in_both_homes(&builder()) {
        let information = client(&registry, &metadata()).await;
        let secret = text(&information["client_secret"]);
        let found = registry.client(text(&information["client_id"])).await;
        let found = found.unwrap().unwrap();
        assert!(found.has_client_secret(secret));
        for wrong in [
            "",
            &secret[1..],
            &secret.to_uppercase(),
            &format!("{secret} "),
        ] {
            assert!(!found.has_client_secret(wrong), "{wrong}");
        }

        let mut public = metadata();
        public["token_endpoint_auth_method"] = json!("none");
        let public = client(&registry, &public).await;
        let found = registry.client(text(&public["client_id"])).await;
        let found = found.unwrap().unwrap();
        assert_eq!(found.valid_client_secrets().count(), 0);
        assert_eq!(found.client_secret_expires_at(), None);
        assert!(!found.has_client_secret(""));
        assert!(!found.has_client_secret(secret));
    }
}

#[tokio::test]
async fn pages_contain_all_clients_in_order() {
    let time = Time::new();
    for (registry, _directory) in in_both_homes(&builder().clock(time.clock())) {
        let mut ids = Vec::new();
        for _ in 0..7 {
            ids.push(text(&client(&registry, &metadata()).await["client_id"]).to_owned());
            time.pass(1);
        }
        for used in [4, 2] {
            registry.mark_used(&ids[used]).await.unwrap();
            time.pass(1);
        }
        for (order, expected) in [
            (ClientOrder::Age, [0, 1, 2, 3, 4, 5, 6]),
            (ClientOrder::LastUse, [0, 1, 3, 5, 6, 4, 2]),
        ] {
            let expected: Vec<_> = expected.iter().map(|n| ids[*n].clone()).collect();
            for limit in [1, 2, 3, 7, 100] {
                let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
                loop {
                    let page = registry.list(order, after.as_deref(), limit).await.unwrap();
                    let ids = page.clients.iter().map(Client::client_id);
                    found.extend(ids.map(str::to_owned));
                    pages += 1;
                    after = page.next;
                    if after.is_none() {
                        break;
                    }
                }
                assert_eq!(found, expected, "{order:?}, {limit}");
                // The last page is never empty.
                assert_eq!(pages, 7_usize.div_ceil(limit));
            }
        }
        let page = registry.list(ClientOrder::Age, None, 0).await.unwrap();
        assert_eq!(page.clients.len(), 1);
        assert!(page.next.is_some());
    }
}

#[tokio::test]
async fn delete_removes_the_client_alone() {
    for (registry, _directory) in in_both_homes(&builder()) {
        let information = client(&registry, &metadata()).await;
        let other = client(&registry, &metadata()).await;
        let id = text(&information["client_id"]);
        assert!(registry.delete(id).await.unwrap());
        assert!(!registry.delete(id).await.unwrap());
        assert!(registry.client(id).await.unwrap().is_none());
        read(&registry, &information)
            .await
            .assert_error(401, "invalid_token");
        assert_eq!(read(&registry, &other).await.status, 200);
        for order in [ClientOrder::Age, ClientOrder::LastUse] {
            let page = registry.list(order, None, 9).await.unwrap();
            assert_eq!(page.clients.len(), 1);
            assert_eq!(page.next, None);
        }
    }
}

#[tokio::test]
async fn new_token_of_the_operator_ends_all_earlier_ones() {
    for (registry, _directory) in in_both_homes(&builder().rotate_registration_access_token(true)) {
        let information = client(&registry, &metadata()).await;
        let updated = update(&registry, &information, &metadata()).await.json();
        let id = text(&information["client_id"]);
        let issued = registry
            .issue_registration_access_token(id)
            .await
            .unwrap()
            .unwrap();
        for lost in [&information, &updated] {
            read(&registry, lost)
                .await
                .assert_error(401, "invalid_token");
        }
        let token = json!(issued.as_str());
        let found = with_token(&registry, "GET", &information, &token, &json!({})).await;
        assert_eq!(found.status, 200);
        assert_eq!(found.json()["registration_access_token"], token);
        let nobody = registry.issue_registration_access_token("nobody").await;
        assert!(nobody.unwrap().is_none());
    }
}

#[tokio::test]
async fn server_metadata_says_what_clients_can_be_registered_for() {
    let registry = builder().build().unwrap();
    assert_eq!(
        Value::from(registry.server_metadata()),
        json!({
            "registration_endpoint": registry.registration_endpoint(),
            "grant_types_supported": [
                "authorization_code",
                "refresh_token",
                "client_credentials",
                "urn:ietf:params:oauth:grant-type:device_code",
                "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ],
            "response_types_supported": ["code"],
            "token_endpoint_auth_methods_supported": [
                "none",
                "client_secret_basic",
                "client_secret_post",
                "client_secret_jwt",
                "private_key_jwt",
                "tls_client_auth",
                "self_signed_tls_client_auth",
            ],
            "subject_types_supported": ["public", "pairwise"],
        })
    );
    let registry = builder()
        .grant_types_supported(["authorization_code", "implicit"])
        .token_endpoint_auth_methods_supported(["none"])
        .build()
        .unwrap();
    let metadata = registry.server_metadata();
    assert_eq!(
        metadata["grant_types_supported"],
        json!(["authorization_code", "implicit"])
    );
    assert_eq!(
        metadata["token_endpoint_auth_methods_supported"],
        json!(["none"])
    );
    assert_eq!(
        metadata["response_types_supported"]
            .as_array()
            .unwrap()
            .len(),
        7
    );
}

#[tokio::test]
async fn cursor_can_stand_in_a_url_and_survives_its_client() {
    for (registry, _directory) in in_both_homes(&builder()) {
        for _ in 0..3 {
            client(&registry, &metadata()).await;
        }
        let page = registry.list(ClientOrder::Age, None, 1).await.unwrap();
        let cursor = page.next.unwrap();
        assert!(
            cursor
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
        );
        // The client before the cursor may be deleted.
        registry.delete(page.clients[0].client_id()).await.unwrap();
        let page = registry.list(ClientOrder::Age, Some(&cursor), 9).await;
        assert_eq!(page.unwrap().clients.len(), 2);
        let by_use = registry.list(ClientOrder::LastUse, None, 1).await.unwrap();
        for wrong in [
            "",
            "1",
            "age",
            "age.1",
            "age.1.2",
            "age.x.0.y",
            "age.1.-1.y",
            "age.99999999999999999999.0.y",
            "agex.1.2.y",
            "1.2.y",
            &by_use.next.unwrap(),
        ] {
            let error = registry
                .list(ClientOrder::Age, Some(wrong), 9)
                .await
                .unwrap_err();
            assert!(error.is_invalid_cursor(), "{wrong}: {error}");
        }
    }
}

#[tokio::test]
async fn client_does_not_count_as_use() {
    for (registry, _directory) in in_both_homes(&builder()) {
        let information = client(&registry, &metadata()).await;
        let id = text(&information["client_id"]);
        for _ in 0..2 {
            let found = registry.client(id).await.unwrap().unwrap();
            assert_eq!((found.client_id(), found.last_used()), (id, None));
        }
        assert!(registry.client("nobody").await.unwrap().is_none());
    }
}

#[tokio::test]
async fn redirect_uris_match_exactly_but_for_the_loopback_port() {
    let registry = builder().build().unwrap();
    let registered = json!({
        "redirect_uris": [
            "https://client.example.org/cb",
            "http://127.0.0.1/",
            "http://localhost:3000/cb?x=1",
            "http://[::1]:1/cb",
            "com.example.app:/cb",
        ],
        "token_endpoint_auth_method": "none",
    });
    let information = client(&registry, &registered).await;
    let found = registry
        .client(text(&information["client_id"]))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.token_endpoint_auth_method(), "none");
    for may in [
        "https://client.example.org/cb",
        "http://127.0.0.1/",
        "http://127.0.0.1:33418/",
        "http://localhost:3000/cb?x=1",
        "http://localhost/cb?x=1",
        "http://[::1]:49152/cb",
        "com.example.app:/cb",
    ] {
        assert_eq!(found.resolve_redirect(Some(may)), Ok(may));
    }
    for may_not in [
        "https://client.example.org:8443/cb",
        "https://client.example.org/cb/",
        "https://client.example.org/cb?x",
        "https://client.example.org/CB",
        "https://CLIENT.example.org/cb",
        "http://127.0.0.1:33418/x",
        "http://127.0.0.1:33418",
        "http://127.0.0.1:33418/#x",
        "http://127.0.0.1:99999/",
        "http://user@127.0.0.1:33418/",
        "http://127.0.0.2:33418/",
        "https://127.0.0.1:33418/",
        "http://localhost:3001/cb",
        "http://localhost:3001/cb?x=2",
        "http://localhost.evil.example:3000/cb?x=1",
        "http://[::1]:1/",
        "com.example.app:/cb2",
        "",
    ] {
        let error = found.resolve_redirect(Some(may_not)).unwrap_err();
        assert!(
            error.is_not_registered() && !error.is_missing(),
            "{may_not}"
        );
    }
}

#[tokio::test]
async fn concurrent_use_does_not_bring_back_a_deleted_client() {
    for (registry, _directory) in in_both_homes(&builder()) {
        for _ in 0..50 {
            let client = client(&registry, &metadata()).await;
            let id = text(&client["client_id"]);
            let (deleted, _) = tokio::join!(registry.delete(id), registry.mark_used(id));
            assert!(deleted.unwrap());
            assert!(registry.client(id).await.unwrap().is_none());
        }
    }
}

#[tokio::test]
async fn concurrent_use_does_not_undo_an_update() {
    for (registry, _directory) in in_both_homes(&builder()) {
        for _ in 0..50 {
            let first = client(&registry, &metadata()).await;
            let id = text(&first["client_id"]);
            let mut changed = metadata();
            changed["client_name"] = json!("changed");
            let (updated, used) =
                tokio::join!(update(&registry, &first, &changed), registry.mark_used(id));
            assert_eq!(updated.status, 200);
            assert!(used.unwrap());
            assert_eq!(
                read(&registry, &first).await.json()["client_name"],
                "changed"
            );
        }
    }
}

#[tokio::test]
async fn redirect_without_a_uri_goes_to_the_only_registered_one() {
    let only = "http://127.0.0.1/cb";
    for (registered, expected) in [
        (json!([only]), Some(only)),
        // A client may send the same URI twice.
        (json!([only, only]), Some(only)),
        (json!([only, "http://127.0.0.1:1/cb"]), None),
        (json!([]), None),
    ] {
        let registry = builder().require_redirect_uris(false).build().unwrap();
        let information = client(&registry, &json!({"redirect_uris": registered})).await;
        let found = registry.client(text(&information["client_id"])).await;
        let found = found.unwrap().unwrap();
        if let Some(expected) = expected {
            assert_eq!(found.resolve_redirect(None), Ok(expected));
        } else {
            let error = found.resolve_redirect(None).unwrap_err();
            assert!(
                error.is_missing() && !error.is_not_registered(),
                "{registered}"
            );
        }
        assert_eq!(json!(found.redirect_uris()), registered);
    }
}

#[tokio::test]
async fn client_says_what_it_registered() {
    let builder = builder().grant_types_supported(["authorization_code", "implicit"]);
    for (registry, _directory) in in_both_homes(&builder) {
        let mut requested = metadata();
        requested["client_name"] = json!("A client");
        requested["client_name#fr"] = json!("Un client");
        requested["scope"] = json!("read write");
        requested["response_types"] = json!(["code", "id_token token"]);
        let information = client(&registry, &requested).await;
        let found = registry.client(text(&information["client_id"])).await;
        let found = found.unwrap().unwrap();
        assert_eq!(found.client_name(), Some("A client"));
        assert_eq!(found.scope(), Some("read write"));
        for allowed in ["authorization_code", "implicit"] {
            assert!(found.allows_grant_type(allowed), "{allowed}");
        }
        for other in ["refresh_token", "client_credentials", "Implicit", ""] {
            assert!(!found.allows_grant_type(other), "{other}");
        }
        for allowed in ["code", "id_token token", "token id_token"] {
            assert!(found.allows_response_type(allowed), "{allowed}");
        }
        for other in [
            "",
            "token",
            "id_token",
            "code id_token",
            "code code",
            "code ",
            "token  id_token",
            "token id_token token",
        ] {
            assert!(!found.allows_response_type(other), "{other}");
        }

        let information = client(&registry, &metadata()).await;
        let found = registry.client(text(&information["client_id"])).await;
        let found = found.unwrap().unwrap();
        assert_eq!((found.client_name(), found.scope()), (None, None));
    }
}
