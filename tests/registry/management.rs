//! For the rest of the server.

use tower_dcr::registry::{ClientOrder, RegistryError};

use super::*;

#[tokio::test]
async fn a_client_is_looked_up() {
    let time = Time::new();
    for (backend, _directory) in both(&builder().clock(time.clock())) {
        let mut asked = metadata();
        asked["client_name"] = json!("My Client");
        asked["jwks"] = json!({"keys": []});
        let information = client(&backend, &asked).await;
        time.pass(5);
        let id = text(&information["client_id"]);
        let found = backend.look_up(id).await.unwrap().unwrap();
        assert_eq!(found.client_id(), id);
        assert_eq!(found.client_id_issued_at(), time.now() - 5);
        assert_eq!(found.last_used(), Some(time.now()));
        assert_eq!(found.client_secret(), information["client_secret"].as_str());
        assert_eq!(found.client_secret_expires_at(), Some(0));
        let kept = found.metadata().to_map();
        for (name, value) in asked.as_object().unwrap() {
            assert_eq!(kept[name], *value);
        }
        for issued in ["client_id", "client_secret", "registration_access_token"] {
            assert!(!kept.contains_key(issued), "{issued}");
        }
        assert!(backend.look_up("nobody").await.unwrap().is_none());
        assert!(backend.look_up("").await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_use_is_kept_to_the_hour() {
    let time = Time::new();
    for (backend, _directory) in both(&builder().clock(time.clock())) {
        let information = client(&backend, &metadata()).await;
        let id = text(&information["client_id"]);
        let last_used = async || backend.look_up(id).await.unwrap().unwrap().last_used();
        let first = time.now();
        assert_eq!(last_used().await, Some(first));
        time.pass(HOUR - 1);
        assert_eq!(last_used().await, Some(first));
        time.pass(1);
        assert_eq!(last_used().await, Some(first + HOUR));
        // Neither a read of the client's own nor a list is a use.
        time.pass(2 * HOUR);
        read(&backend, &information).await;
        let listed = backend.list(ClientOrder::Age, None, 1).await.unwrap();
        assert_eq!(listed[0].last_used(), Some(first + HOUR));
    }
}

/// A clock that stands at its beginning.
#[tokio::test]
async fn a_use_in_the_first_second_of_1970() {
    let backend = builder().clock(|| UNIX_EPOCH).in_memory().unwrap();
    let information = client(&backend, &metadata()).await;
    let found = backend.look_up(text(&information["client_id"])).await;
    assert!(found.unwrap().unwrap().last_used().is_some());
}

#[tokio::test]
async fn secrets_are_compared() {
    for (backend, _directory) in both(&builder()) {
        let information = client(&backend, &metadata()).await;
        let secret = text(&information["client_secret"]);
        let found = backend.look_up(text(&information["client_id"])).await;
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
        let public = client(&backend, &public).await;
        let found = backend.look_up(text(&public["client_id"])).await;
        let found = found.unwrap().unwrap();
        assert_eq!(
            (found.client_secret(), found.client_secret_expires_at()),
            (None, None)
        );
        assert!(!found.has_client_secret(""));
        assert!(!found.has_client_secret(secret));
    }
}

#[tokio::test]
async fn clients_are_listed_by_age_and_by_last_use() {
    let time = Time::new();
    for (backend, _directory) in both(&builder().clock(time.clock())) {
        let mut ids = Vec::new();
        for _ in 0..7 {
            ids.push(text(&client(&backend, &metadata()).await["client_id"]).to_owned());
            time.pass(1);
        }
        for used in [4, 2] {
            backend.look_up(&ids[used]).await.unwrap();
            time.pass(1);
        }
        for (order, expected) in [
            (ClientOrder::Age, [0, 1, 2, 3, 4, 5, 6]),
            (ClientOrder::LastUse, [0, 1, 3, 5, 6, 4, 2]),
        ] {
            let expected: Vec<_> = expected.iter().map(|n| ids[*n].clone()).collect();
            for limit in [1, 2, 3, 7, 100] {
                let (mut found, mut last) = (Vec::new(), None);
                loop {
                    let page = backend.list(order, last.as_deref(), limit).await.unwrap();
                    found.extend(page.iter().map(|client| client.client_id().to_owned()));
                    last = page.last().map(|last| last.cursor(order));
                    if page.len() < limit {
                        break;
                    }
                }
                assert_eq!(found, expected, "{order:?}, {limit}");
            }
        }
        assert!(
            backend
                .list(ClientOrder::Age, None, 0)
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn a_client_is_deleted() {
    for (backend, _directory) in both(&builder()) {
        let information = client(&backend, &metadata()).await;
        let other = client(&backend, &metadata()).await;
        let id = text(&information["client_id"]);
        assert!(backend.delete(id).await.unwrap());
        assert!(!backend.delete(id).await.unwrap());
        assert!(backend.look_up(id).await.unwrap().is_none());
        read(&backend, &information)
            .await
            .assert_error(401, "invalid_token");
        assert_eq!(read(&backend, &other).await.status, 200);
        for order in [ClientOrder::Age, ClientOrder::LastUse] {
            assert_eq!(backend.list(order, None, 9).await.unwrap().len(), 1);
        }
    }
}

#[tokio::test]
async fn a_client_that_lost_its_token_gets_another() {
    for (backend, _directory) in both(&builder().rotate_registration_access_token()) {
        let information = client(&backend, &metadata()).await;
        let updated = update(&backend, &information, &metadata()).await.json();
        let id = text(&information["client_id"]);
        let issued = backend
            .issue_registration_access_token(id)
            .await
            .unwrap()
            .unwrap();
        for lost in [&information, &updated] {
            read(&backend, lost)
                .await
                .assert_error(401, "invalid_token");
        }
        let token = json!(issued.as_str());
        let found = with_token(&backend, "GET", &information, &token, &json!({})).await;
        assert_eq!(found.status, 200);
        assert_eq!(found.json()["registration_access_token"], token);
        let nobody = backend.issue_registration_access_token("nobody").await;
        assert!(nobody.unwrap().is_none());
    }
}

#[tokio::test]
async fn what_is_supported() {
    let backend = builder().in_memory().unwrap();
    assert_eq!(
        Value::from(backend.supported()),
        json!({
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
    let backend = builder()
        .grant_types_supported(["authorization_code", "implicit"])
        .token_endpoint_auth_methods_supported(["none"])
        .in_memory()
        .unwrap();
    let supported = backend.supported();
    assert_eq!(
        supported["grant_types_supported"],
        json!(["authorization_code", "implicit"])
    );
    assert_eq!(
        supported["token_endpoint_auth_methods_supported"],
        json!(["none"])
    );
    assert_eq!(
        supported["response_types_supported"]
            .as_array()
            .unwrap()
            .len(),
        7
    );
}

#[tokio::test]
async fn clients_that_do_not_manage_themselves() {
    for (backend, _directory) in both(&builder().registration_only(true)) {
        let information = client(&backend, &metadata()).await;
        assert!(information["client_id"].is_string());
        assert!(information["client_secret"].is_string());
        for absent in ["registration_access_token", "registration_client_uri"] {
            assert_eq!(information.get(absent), None, "{absent}");
        }
        for token in ["x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            for method in ["GET", "PUT", "DELETE"] {
                with_token(&backend, method, &information, &json!(token), &json!({}))
                    .await
                    .assert_error(401, "invalid_token");
            }
        }
        assert!(
            backend
                .look_up(text(&information["client_id"]))
                .await
                .unwrap()
                .is_some()
        );
    }
}

/// Management can be taken from clients that have tokens, and be given back.
#[tokio::test]
async fn management_that_is_switched_off_and_on() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("clients.redb");
    let managed = client(&builder().open(&path).unwrap(), &metadata()).await;
    let unmanaged = {
        let backend = builder()
            .registration_only(true)
            .rotate_registration_access_token()
            .open(&path)
            .unwrap();
        let token = &managed["registration_access_token"];
        for method in ["GET", "PUT", "DELETE"] {
            with_token(&backend, method, &managed, token, &managed)
                .await
                .assert_error(401, "invalid_token");
        }
        let id = text(&managed["client_id"]);
        let issued = backend.issue_registration_access_token(id).await.unwrap();
        assert!(issued.is_none());
        client(&backend, &metadata()).await
    };
    let backend = builder().open(&path).unwrap();
    assert_eq!(read(&backend, &managed).await.json(), managed);
    // Who registered in between has no token until one is issued.
    let mut unmanaged = unmanaged;
    unmanaged["registration_access_token"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(read(&backend, &unmanaged).await.status, 401);
    let id = text(&unmanaged["client_id"]).to_owned();
    let issued = backend.issue_registration_access_token(&id).await.unwrap();
    unmanaged["registration_access_token"] = json!(issued.unwrap().as_str());
    assert_eq!(read(&backend, &unmanaged).await.status, 200);
}

#[tokio::test]
async fn a_cursor_is_a_text() {
    for (backend, _directory) in both(&builder()) {
        let information = client(&backend, &metadata()).await;
        let id = text(&information["client_id"]);
        let found = backend.get(id).await.unwrap().unwrap();
        let cursor = found.cursor(ClientOrder::Age);
        assert!(
            cursor
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
        );
        // The client of a cursor need not be there.
        backend.delete(id).await.unwrap();
        let listed = backend.list(ClientOrder::Age, Some(&cursor), 9).await;
        assert_eq!(listed.unwrap().len(), 0);
        for none in [
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
            &found.cursor(ClientOrder::LastUse),
        ] {
            let error = backend
                .list(ClientOrder::Age, Some(none), 9)
                .await
                .unwrap_err();
            assert!(
                matches!(error, RegistryError::InvalidCursor),
                "{none}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn a_client_is_looked_at_without_being_used() {
    for (backend, _directory) in both(&builder()) {
        let information = client(&backend, &metadata()).await;
        let id = text(&information["client_id"]);
        for _ in 0..2 {
            let found = backend.get(id).await.unwrap().unwrap();
            assert_eq!((found.client_id(), found.last_used()), (id, None));
        }
        assert!(backend.get("nobody").await.unwrap().is_none());
    }
}

#[tokio::test]
async fn where_the_user_may_be_sent_back_to() {
    let backend = builder().in_memory().unwrap();
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
    let information = client(&backend, &registered).await;
    let found = backend
        .get(text(&information["client_id"]))
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
        assert!(found.may_redirect_to(may), "{may}");
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
        assert!(!found.may_redirect_to(may_not), "{may_not}");
    }
}
