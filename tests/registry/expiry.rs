//! Secrets that expire, and clients that nobody ever looked up.

use tower_dcr::registry::ClientChange;

use super::*;

fn expiring(time: &Time) -> RegistryBuilder {
    builder()
        .clock(time.clock())
        .secret_lifetime(Duration::from_secs(10 * DAY), Duration::from_secs(HOUR))
}

async fn has_secret(backend: &Registry, client: &Value) -> bool {
    let found = backend.look_up(text(&client["client_id"])).await;
    let found = found.unwrap().unwrap();
    found.has_client_secret(text(&client["client_secret"]))
}

#[tokio::test]
async fn a_secret_says_when_it_expires() {
    let time = Time::new();
    for (backend, _directory) in both(&expiring(&time)) {
        let first = client(&backend, &metadata()).await;
        assert_eq!(first["client_secret_expires_at"], time.now() + 10 * DAY);
        // In the first nine tenths of its life it stays.
        time.pass(9 * DAY - 1);
        assert_eq!(read(&backend, &first).await.json(), first);
        assert_eq!(update(&backend, &first, &first).await.json(), first);
        assert!(has_secret(&backend, &first).await);
        time.pass(DAY);
        assert!(has_secret(&backend, &first).await);
        time.pass(1);
        assert!(!has_secret(&backend, &first).await);
    }
}

#[tokio::test]
async fn in_the_last_tenth_of_its_life_there_is_a_new_one() {
    let time = Time::new();
    for (backend, _directory) in both(&expiring(&time)) {
        for by_update in [false, true] {
            let first = client(&backend, &metadata()).await;
            time.pass(9 * DAY);
            let second = if by_update {
                update(&backend, &first, &metadata()).await
            } else {
                read(&backend, &first).await
            };
            let second = second.json();
            assert_ne!(second["client_secret"], first["client_secret"]);
            assert_eq!(second["client_secret_expires_at"], time.now() + 10 * DAY);
            // What comes next shows the same.
            assert_eq!(read(&backend, &first).await.json(), second);
            // Both are valid for the grace period.
            assert!(has_secret(&backend, &second).await);
            time.pass(HOUR - 1);
            assert!(has_secret(&backend, &first).await);
            time.pass(1);
            assert!(!has_secret(&backend, &first).await);
            assert!(has_secret(&backend, &second).await);
        }
    }
}

#[tokio::test]
async fn a_secret_whose_life_is_over_does_not_come_back() {
    let time = Time::new();
    for (backend, _directory) in both(&expiring(&time)) {
        let first = client(&backend, &metadata()).await;
        time.pass(10 * DAY);
        let second = read(&backend, &first).await.json();
        assert_ne!(second["client_secret"], first["client_secret"]);
        assert!(has_secret(&backend, &second).await);
        assert!(!has_secret(&backend, &first).await);
    }
}

#[tokio::test]
async fn a_refused_update_renews_nothing() {
    let time = Time::new();
    for (backend, _directory) in both(&expiring(&time)) {
        let first = client(&backend, &metadata()).await;
        time.pass(9 * DAY);
        update(&backend, &first, &json!({}))
            .await
            .assert_error(400, "invalid_redirect_uri");
        assert!(has_secret(&backend, &first).await);
        assert_ne!(read(&backend, &first).await.json(), first);
    }
}

/// A method without a secret ends both.
#[tokio::test]
async fn no_secret_outlives_its_method() {
    let time = Time::new();
    for (backend, _directory) in both(&expiring(&time)) {
        let first = client(&backend, &metadata()).await;
        time.pass(9 * DAY);
        let second = read(&backend, &first).await.json();
        let mut public = metadata();
        public["token_endpoint_auth_method"] = json!("none");
        let updated = update(&backend, &first, &public).await.json();
        assert_eq!(updated.get("client_secret"), None);
        assert!(!has_secret(&backend, &first).await);
        assert!(!has_secret(&backend, &second).await);
    }
}

/// Two reads at the same time see the same new secret.
#[tokio::test]
async fn a_secret_is_renewed_once() {
    let time = Time::new();
    for (backend, _directory) in both(&expiring(&time)) {
        for _ in 0..20 {
            let first = client(&backend, &metadata()).await;
            time.pass(9 * DAY);
            let (one, other) = tokio::join!(read(&backend, &first), read(&backend, &first));
            let (one, other) = (one.json(), other.json());
            assert_ne!(one["client_secret"], first["client_secret"]);
            assert_eq!(one, other);
            assert!(has_secret(&backend, &one).await);
        }
    }
}

/// A secret that expires does so under a registry that issues others, and its client gets one of those.
#[tokio::test]
async fn secrets_from_before_the_setting_was_taken_back() {
    let time = Time::new();
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("clients.redb");
    let first = client(&expiring(&time).open(&path).unwrap(), &metadata()).await;
    let backend = builder().clock(time.clock()).open(&path).unwrap();
    time.pass(10 * DAY - 1);
    assert_eq!(read(&backend, &first).await.json(), first);
    time.pass(1);
    assert!(!has_secret(&backend, &first).await);
    let second = read(&backend, &first).await.json();
    assert_eq!(second["client_secret_expires_at"], 0);
    assert!(has_secret(&backend, &second).await);
}

#[tokio::test]
async fn secrets_without_an_end_stay() {
    let time = Time::new();
    for (backend, _directory) in both(&builder().clock(time.clock())) {
        let first = client(&backend, &metadata()).await;
        assert_eq!(first["client_secret_expires_at"], 0);
        time.pass(10_000 * DAY);
        assert_eq!(read(&backend, &first).await.json(), first);
        assert!(has_secret(&backend, &first).await);
    }
}

#[tokio::test]
async fn clients_that_nobody_looks_up_are_removed() {
    let time = Time::new();
    let expired = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&expired);
    let builder = builder()
        .clock(time.clock())
        .remove_never_used_after(Duration::from_secs(5))
        .on_change(move |change, _| {
            count.fetch_add(u64::from(change == ClientChange::Expired), Ordering::SeqCst);
        });
    for (backend, _directory) in both(&builder) {
        expired.store(0, Ordering::SeqCst);
        let used = client(&backend, &metadata()).await;
        backend.look_up(text(&used["client_id"])).await.unwrap();
        let mut unused = Vec::new();
        // More than are removed at once.
        for _ in 0..300 {
            unused.push(client(&backend, &metadata()).await);
        }
        time.pass(4);
        let young = client(&backend, &metadata()).await;
        time.pass(1);
        while expired.load(Ordering::SeqCst) < 300 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for gone in unused {
            assert!(
                backend
                    .look_up(text(&gone["client_id"]))
                    .await
                    .unwrap()
                    .is_none()
            );
        }
        for there in [&used, &young] {
            assert_eq!(read(&backend, there).await.status, 200);
        }
    }
}
