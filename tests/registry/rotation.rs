//! A new registration access token with each update.

use super::*;

async fn status(backend: &Registry, client: &Value) -> u16 {
    read(backend, client).await.status.as_u16()
}

#[tokio::test]
async fn off_unless_asked_for() {
    for (backend, _directory) in both(&builder()) {
        let first = client(&backend, &metadata()).await;
        let updated = update(&backend, &first, &metadata()).await.json();
        assert_eq!(
            updated["registration_access_token"],
            first["registration_access_token"]
        );
    }
}

#[tokio::test]
async fn an_update_gives_a_new_token() {
    for (backend, _directory) in both(&builder().rotate_registration_access_token()) {
        let first = client(&backend, &metadata()).await;
        let second = update(&backend, &first, &metadata()).await.json();
        assert_ne!(
            second["registration_access_token"],
            first["registration_access_token"]
        );
        // The answer may not have come through.
        let found = read(&backend, &first).await;
        assert_eq!(found.status, 200);
        assert_eq!(
            found.json()["registration_access_token"],
            first["registration_access_token"]
        );
        // The first use of the new one ends the old one.
        let found = read(&backend, &second).await;
        assert_eq!(found.status, 200);
        assert_eq!(
            found.json()["registration_access_token"],
            second["registration_access_token"]
        );
        assert_eq!(status(&backend, &first).await, 401);
        assert_eq!(status(&backend, &second).await, 200);
    }
}

#[tokio::test]
async fn a_refused_update_gives_none() {
    for (backend, _directory) in both(&builder().rotate_registration_access_token()) {
        let first = client(&backend, &metadata()).await;
        let refused = update(&backend, &first, &json!({"redirect_uris": 1})).await;
        refused.assert_error(400, "invalid_redirect_uri");
        assert_eq!(status(&backend, &first).await, 200);
    }
}

/// Whatever it is used for, and whatever becomes of it.
#[tokio::test]
async fn the_first_use_of_the_new_token_ends_the_old_one() {
    for (backend, _directory) in both(&builder().rotate_registration_access_token()) {
        let first = client(&backend, &metadata()).await;
        let second = update(&backend, &first, &metadata()).await.json();
        let refused = update(&backend, &second, &json!({"redirect_uris": 1})).await;
        refused.assert_error(400, "invalid_redirect_uri");
        assert_eq!(status(&backend, &first).await, 401);
        assert_eq!(status(&backend, &second).await, 200);
    }
}

#[tokio::test]
async fn the_old_token_is_over_after_a_day() {
    let time = Time::new();
    let builder = builder()
        .clock(time.clock())
        .rotate_registration_access_token();
    for (backend, _directory) in both(&builder) {
        let first = client(&backend, &metadata()).await;
        let second = update(&backend, &first, &metadata()).await.json();
        time.pass(DAY - 1);
        assert_eq!(status(&backend, &first).await, 200);
        time.pass(1);
        assert_eq!(status(&backend, &first).await, 401);
        assert_eq!(status(&backend, &second).await, 200);
    }
}

#[tokio::test]
async fn two_tokens_at_most() {
    for (backend, _directory) in both(&builder().rotate_registration_access_token()) {
        let first = client(&backend, &metadata()).await;
        let second = update(&backend, &first, &metadata()).await.json();
        let third = update(&backend, &second, &metadata()).await.json();
        assert_eq!(status(&backend, &first).await, 401);
        assert_eq!(status(&backend, &second).await, 200);
        assert_eq!(status(&backend, &third).await, 200);
        assert_eq!(status(&backend, &second).await, 401);
    }
}

/// The client that never saw the second token asks again with the first: the second is over, unseen.
#[tokio::test]
async fn an_answer_that_did_not_come_through() {
    let time = Time::new();
    let builder = builder()
        .clock(time.clock())
        .rotate_registration_access_token();
    for (backend, _directory) in both(&builder) {
        let first = client(&backend, &metadata()).await;
        let unseen = update(&backend, &first, &metadata()).await.json();
        time.pass(DAY / 2);
        let third = update(&backend, &first, &metadata()).await;
        assert_eq!(third.status, 200);
        let third = third.json();
        assert_eq!(status(&backend, &unseen).await, 401);
        assert_eq!(status(&backend, &first).await, 200);
        // A day is a day.
        time.pass(DAY / 2);
        assert_eq!(status(&backend, &first).await, 401);
        assert_eq!(status(&backend, &third).await, 200);
    }
}

#[tokio::test]
async fn a_token_may_be_sent_back_in_an_update() {
    for (backend, _directory) in both(&builder().rotate_registration_access_token()) {
        let first = client(&backend, &metadata()).await;
        assert_eq!(update(&backend, &first, &first).await.status, 200);
    }
}

#[tokio::test]
async fn either_token_deletes() {
    for (backend, _directory) in both(&builder().rotate_registration_access_token()) {
        for uses_old in [true, false] {
            let first = client(&backend, &metadata()).await;
            let second = update(&backend, &first, &metadata()).await.json();
            let token = if uses_old { &first } else { &second };
            let token = &token["registration_access_token"];
            let deleted = with_token(&backend, "DELETE", &first, token, &json!({})).await;
            assert_eq!(deleted.status, 204);
            assert_eq!(status(&backend, &second).await, 401);
        }
    }
}
