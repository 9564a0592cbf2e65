//! Clients that cannot manage themselves.

use super::*;

#[tokio::test]
async fn clients_get_no_token_and_every_token_is_refused() {
    for (registry, _directory) in in_both_homes(&builder().registration_only(true)) {
        let information = client(&registry, &metadata()).await;
        assert!(information["client_id"].is_string());
        assert!(information["client_secret"].is_string());
        for absent in ["registration_access_token", "registration_client_uri"] {
            assert_eq!(information.get(absent), None, "{absent}");
        }
        for token in ["x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            for method in ["GET", "PUT", "DELETE"] {
                with_token(&registry, method, &information, &json!(token), &json!({}))
                    .await
                    .assert_error(401, "invalid_token");
            }
        }
        let found = registry.client(text(&information["client_id"])).await;
        assert!(found.unwrap().is_some());
    }
}

#[tokio::test]
async fn old_tokens_are_valid_again_after_it_is_switched_off() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("clients.redb");
    let managed = client(&builder().file(&path).build().unwrap(), &metadata()).await;
    let unmanaged = {
        let registry = builder()
            .registration_only(true)
            .rotate_registration_access_token(true)
            .file(&path)
            .build()
            .unwrap();
        let token = &managed["registration_access_token"];
        for method in ["GET", "PUT", "DELETE"] {
            with_token(&registry, method, &managed, token, &managed)
                .await
                .assert_error(401, "invalid_token");
        }
        let id = text(&managed["client_id"]);
        let issued = registry.issue_registration_access_token(id).await.unwrap();
        assert!(issued.is_none());
        client(&registry, &metadata()).await
    };
    let registry = builder().file(&path).build().unwrap();
    assert_eq!(read(&registry, &managed).await.json(), managed);
    // A client that registered in between has no token until one is issued.
    let mut unmanaged = unmanaged;
    unmanaged["registration_access_token"] = json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(read(&registry, &unmanaged).await.status, 401);
    let id = text(&unmanaged["client_id"]).to_owned();
    let issued = registry.issue_registration_access_token(&id).await.unwrap();
    unmanaged["registration_access_token"] = json!(issued.unwrap().as_str());
    assert_eq!(read(&registry, &unmanaged).await.status, 200);
}
