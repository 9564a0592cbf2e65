//! A new registration access token with each update.

use super::*;

async fn status(registry: &Registry, client: &Value) -> u16 {
    read(registry, client).await.status.as_u16()
}

#[tokio::test]
async fn rotation_is_off_by_default() {
    for (registry, _directory) in in_both_homes(&builder()) {
        let first = client(&registry, &metadata()).await;
        let updated = update(&registry, &first, &metadata()).await.json();
        assert_eq!(
            updated["registration_access_token"],
            first["registration_access_token"]
        );
    }
}

#[tokio::test]
async fn update_issues_a_new_token_and_its_first_use_ends_the_old_one() {
    for (registry, _directory) in in_both_homes(&builder().rotate_registration_access_token(true)) {
        let first = client(&registry, &metadata()).await;
        let second = update(&registry, &first, &metadata()).await.json();
        assert_ne!(
            second["registration_access_token"],
            first["registration_access_token"]
        );
        // The client may not have received the response.
        let found = read(&registry, &first).await;
        assert_eq!(found.status, 200);
        assert_eq!(
            found.json()["registration_access_token"],
            first["registration_access_token"]
        );
        // The first use of the new one ends the old one.
        let found = read(&registry, &second).await;
        assert_eq!(found.status, 200);
        assert_eq!(
            found.json()["registration_access_token"],
            second["registration_access_token"]
        );
        assert_eq!(status(&registry, &first).await, 401);
        assert_eq!(status(&registry, &second).await, 200);
    }
}

#[tokio::test]
async fn refused_update_issues_no_token() {
    for (registry, _directory) in in_both_homes(&builder().rotate_registration_access_token(true)) {
        let first = client(&registry, &metadata()).await;
        let refused = update(&registry, &first, &json!({"redirect_uris": 1})).await;
        refused.assert_error(400, "invalid_redirect_uri");
        assert_eq!(status(&registry, &first).await, 200);
    }
}

/// Even if the request is refused.
#[tokio::test]
async fn refused_use_of_the_new_token_ends_the_old_one() {
    for (registry, _directory) in in_both_homes(&builder().rotate_registration_access_token(true)) {
        let first = client(&registry, &metadata()).await;
        let second = update(&registry, &first, &metadata()).await.json();
        let refused = update(&registry, &second, &json!({"redirect_uris": 1})).await;
        refused.assert_error(400, "invalid_redirect_uri");
        assert_eq!(status(&registry, &first).await, 401);
        assert_eq!(status(&registry, &second).await, 200);
    }
}

#[tokio::test]
async fn unused_new_token_leaves_the_old_one_valid_for_a_day() {
    let time = Time::new();
    let builder = builder()
        .clock(time.clock())
        .rotate_registration_access_token(true);
    for (registry, _directory) in in_both_homes(&builder) {
        let first = client(&registry, &metadata()).await;
        let second = update(&registry, &first, &metadata()).await.json();
        time.pass(DAY - 1);
        assert_eq!(status(&registry, &first).await, 200);
        time.pass(1);
        assert_eq!(status(&registry, &first).await, 401);
        assert_eq!(status(&registry, &second).await, 200);
    }
}

#[tokio::test]
async fn at_most_two_tokens_are_valid() {
    for (registry, _directory) in in_both_homes(&builder().rotate_registration_access_token(true)) {
        let first = client(&registry, &metadata()).await;
        let second = update(&registry, &first, &metadata()).await.json();
        let third = update(&registry, &second, &metadata()).await.json();
        assert_eq!(status(&registry, &first).await, 401);
        assert_eq!(status(&registry, &second).await, 200);
        assert_eq!(status(&registry, &third).await, 200);
        assert_eq!(status(&registry, &second).await, 401);
    }
}

/// The client did not receive the second token, and updates itself again with the first one.
#[tokio::test]
async fn update_with_the_old_token_ends_the_unreceived_one() {
    let time = Time::new();
    let builder = builder()
        .clock(time.clock())
        .rotate_registration_access_token(true);
    for (registry, _directory) in in_both_homes(&builder) {
        let first = client(&registry, &metadata()).await;
        let unseen = update(&registry, &first, &metadata()).await.json();
        time.pass(DAY / 2);
        let third = update(&registry, &first, &metadata()).await;
        assert_eq!(third.status, 200);
        let third = third.json();
        assert_eq!(status(&registry, &unseen).await, 401);
        assert_eq!(status(&registry, &first).await, 200);
        // The day still counts from the first update.
        time.pass(DAY / 2);
        assert_eq!(status(&registry, &first).await, 401);
        assert_eq!(status(&registry, &third).await, 200);
    }
}

#[tokio::test]
async fn update_may_echo_its_token() {
    for (registry, _directory) in in_both_homes(&builder().rotate_registration_access_token(true)) {
        let first = client(&registry, &metadata()).await;
        assert_eq!(update(&registry, &first, &first).await.status, 200);
    }
}

#[tokio::test]
async fn either_valid_token_deletes_the_client() {
    for (registry, _directory) in in_both_homes(&builder().rotate_registration_access_token(true)) {
        for uses_old in [true, false] {
            let first = client(&registry, &metadata()).await;
            let second = update(&registry, &first, &metadata()).await.json();
            let token = if uses_old { &first } else { &second };
            let token = &token["registration_access_token"];
            let deleted = with_token(&registry, "DELETE", &first, token, &json!({})).await;
            assert_eq!(deleted.status, 204);
            assert_eq!(status(&registry, &second).await, 401);
        }
    }
}
