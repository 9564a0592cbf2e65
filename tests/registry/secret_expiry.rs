//! Client secrets that expire.

use super::*;

fn expiring(time: &Time) -> RegistryBuilder {
    builder()
        .clock(time.clock())
        .secret_lifetime(Duration::from_secs(10 * DAY))
        .secret_grace_period(Duration::from_secs(HOUR))
}

async fn has_secret(registry: &Registry, client: &Value) -> bool {
    let found = registry.client(text(&client["client_id"])).await;
    let found = found.unwrap().unwrap();
    found.has_client_secret(text(&client["client_secret"]))
}

#[tokio::test]
async fn secret_expires_when_the_client_was_told() {
    let time = Time::new();
    for (registry, _directory) in in_both_homes(&expiring(&time)) {
        let first = client(&registry, &metadata()).await;
        assert_eq!(first["client_secret_expires_at"], time.now() + 10 * DAY);
        // It is not renewed in the first nine tenths of its lifetime.
        time.pass(9 * DAY - 1);
        assert_eq!(read(&registry, &first).await.json(), first);
        assert_eq!(update(&registry, &first, &first).await.json(), first);
        assert!(has_secret(&registry, &first).await);
        time.pass(DAY);
        assert!(has_secret(&registry, &first).await);
        time.pass(1);
        assert!(!has_secret(&registry, &first).await);
    }
}

#[tokio::test]
async fn secret_is_renewed_in_the_last_tenth_of_its_lifetime() {
    let time = Time::new();
    for (registry, _directory) in in_both_homes(&expiring(&time)) {
        for by_update in [false, true] {
            let first = client(&registry, &metadata()).await;
            time.pass(9 * DAY);
            let second = if by_update {
                update(&registry, &first, &metadata()).await
            } else {
                read(&registry, &first).await
            };
            let second = second.json();
            assert_ne!(second["client_secret"], first["client_secret"]);
            assert_eq!(second["client_secret_expires_at"], time.now() + 10 * DAY);
            // The next read shows the same secret.
            assert_eq!(read(&registry, &first).await.json(), second);
            // Both are valid for the grace period.
            assert!(has_secret(&registry, &second).await);
            time.pass(HOUR - 1);
            assert!(has_secret(&registry, &first).await);
            time.pass(1);
            assert!(!has_secret(&registry, &first).await);
            assert!(has_secret(&registry, &second).await);
        }
    }
}

#[tokio::test]
async fn expired_secret_has_no_grace_period() {
    let time = Time::new();
    for (registry, _directory) in in_both_homes(&expiring(&time)) {
        let first = client(&registry, &metadata()).await;
        time.pass(10 * DAY);
        let second = read(&registry, &first).await.json();
        assert_ne!(second["client_secret"], first["client_secret"]);
        assert!(has_secret(&registry, &second).await);
        assert!(!has_secret(&registry, &first).await);
    }
}

#[tokio::test]
async fn refused_update_renews_no_secret() {
    let time = Time::new();
    for (registry, _directory) in in_both_homes(&expiring(&time)) {
        let first = client(&registry, &metadata()).await;
        time.pass(9 * DAY);
        update(&registry, &first, &json!({}))
            .await
            .assert_error(400, "invalid_redirect_uri");
        assert!(has_secret(&registry, &first).await);
        assert_ne!(read(&registry, &first).await.json(), first);
    }
}

#[tokio::test]
async fn update_to_a_method_without_secret_ends_all_secrets() {
    let time = Time::new();
    for (registry, _directory) in in_both_homes(&expiring(&time)) {
        let first = client(&registry, &metadata()).await;
        time.pass(9 * DAY);
        let second = read(&registry, &first).await.json();
        let mut public = metadata();
        public["token_endpoint_auth_method"] = json!("none");
        let updated = update(&registry, &first, &public).await.json();
        assert_eq!(updated.get("client_secret"), None);
        assert!(!has_secret(&registry, &first).await);
        assert!(!has_secret(&registry, &second).await);
    }
}

#[tokio::test]
async fn concurrent_reads_return_the_same_new_secret() {
    let time = Time::new();
    for (registry, _directory) in in_both_homes(&expiring(&time)) {
        for _ in 0..20 {
            let first = client(&registry, &metadata()).await;
            time.pass(9 * DAY);
            let (one, other) = tokio::join!(read(&registry, &first), read(&registry, &first));
            let (one, other) = (one.json(), other.json());
            assert_ne!(one["client_secret"], first["client_secret"]);
            assert_eq!(one, other);
            assert!(has_secret(&registry, &one).await);
        }
    }
}

#[tokio::test]
async fn expiring_secret_is_renewed_after_the_lifetime_setting_is_removed() {
    let time = Time::new();
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("clients.redb");
    let first = client(&expiring(&time).file(&path).build().unwrap(), &metadata()).await;
    let registry = builder().clock(time.clock()).file(&path).build().unwrap();
    time.pass(10 * DAY - 1);
    assert_eq!(read(&registry, &first).await.json(), first);
    time.pass(1);
    assert!(!has_secret(&registry, &first).await);
    let second = read(&registry, &first).await.json();
    assert_eq!(second["client_secret_expires_at"], 0);
    assert!(has_secret(&registry, &second).await);
}

#[tokio::test]
async fn secrets_do_not_expire_by_default() {
    let time = Time::new();
    for (registry, _directory) in in_both_homes(&builder().clock(time.clock())) {
        let first = client(&registry, &metadata()).await;
        assert_eq!(first["client_secret_expires_at"], 0);
        time.pass(10_000 * DAY);
        assert_eq!(read(&registry, &first).await.json(), first);
        assert!(has_secret(&registry, &first).await);
    }
}

#[tokio::test]
async fn without_a_grace_period_the_old_secret_ends_at_once() {
    let time = Time::new();
    let builder = builder()
        .clock(time.clock())
        .secret_lifetime(Duration::from_secs(10 * DAY));
    for (registry, _directory) in in_both_homes(&builder) {
        let first = client(&registry, &metadata()).await;
        time.pass(9 * DAY);
        let second = read(&registry, &first).await.json();
        assert!(!has_secret(&registry, &first).await);
        assert!(has_secret(&registry, &second).await);
    }
}
