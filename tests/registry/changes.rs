//! Who is told what became of a client.

use std::sync::Mutex;

use tower_dcr::registry::{ClientChange, ClientOrder};

use super::*;

#[tokio::test]
async fn what_became_of_a_client() {
    let time = Time::new();
    let told: Arc<Mutex<Vec<(ClientChange, String)>>> = Arc::default();
    let to = Arc::clone(&told);
    let builder = builder()
        .clock(time.clock())
        .max_clients(1)
        .rotate_registration_access_token()
        .on_change(move |change, client_id| {
            to.lock().unwrap().push((change, client_id.to_owned()));
        });
    for (backend, _directory) in both(&builder) {
        let first = client(&backend, &metadata()).await;
        let id = |client: &Value| text(&client["client_id"]).to_owned();
        update(&backend, &first, &metadata()).await;
        time.pass(HOUR);
        let second = client(&backend, &metadata()).await;
        backend.delete(&id(&second)).await.unwrap();
        let third = client(&backend, &metadata()).await;
        let token = &third["registration_access_token"];
        with_token(&backend, "DELETE", &third, token, &json!({})).await;
        let expected = vec![
            (ClientChange::Created, id(&first)),
            (ClientChange::Updated, id(&first)),
            (ClientChange::Expired, id(&first)),
            (ClientChange::Created, id(&second)),
            (ClientChange::Deleted, id(&second)),
            (ClientChange::Created, id(&third)),
            (ClientChange::Deleted, id(&third)),
        ];
        assert_eq!(std::mem::take(&mut *told.lock().unwrap()), expected);

        // What changes nothing of a client is not told.
        let fourth = client(&backend, &metadata()).await;
        told.lock().unwrap().clear();
        read(&backend, &fourth).await;
        update(&backend, &fourth, &json!({})).await;
        update(&backend, &third, &metadata()).await;
        backend.look_up(&id(&fourth)).await.unwrap();
        backend.delete("nobody").await.unwrap();
        post(&backend, &metadata())
            .await
            .assert_error(503, "temporarily_unavailable");
        assert_eq!(*told.lock().unwrap(), []);
    }
}

/// An observer may hold the last handle of the registry, and let it go: nobody waits for himself.
#[tokio::test]
async fn an_observer_with_the_last_handle() {
    type Handle = Arc<Mutex<Option<Registry>>>;

    for in_a_file in [false, true] {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("clients.redb");
        let time = Time::new();
        let handle: Handle = Arc::default();
        let (dropped, held) = (Arc::new(AtomicU64::new(0)), Arc::clone(&handle));
        let count = Arc::clone(&dropped);
        let builder = builder()
            .clock(time.clock())
            .remove_never_used_after(Duration::from_secs(5))
            .on_change(move |change, _| {
                if change == ClientChange::Expired {
                    drop(held.lock().unwrap().take());
                    count.fetch_add(1, Ordering::SeqCst);
                }
            });
        let backend = if in_a_file {
            builder.open(&path).unwrap()
        } else {
            builder.in_memory().unwrap()
        };
        client(&backend, &metadata()).await;
        *handle.lock().unwrap() = Some(backend);
        time.pass(5);
        while dropped.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if in_a_file {
            let backend = Registry::open(CONFIGURATION_ENDPOINT, &path).unwrap();
            assert!(
                backend
                    .list(ClientOrder::Age, None, 9)
                    .await
                    .unwrap()
                    .is_empty()
            );
        }
    }
}

/// An observer that panics harms nobody.
#[tokio::test]
async fn an_observer_that_panics() {
    let builder = builder().on_change(|_, _| panic!("an observer"));
    for (backend, _directory) in both(&builder) {
        let information = client(&backend, &metadata()).await;
        assert_eq!(
            update(&backend, &information, &metadata()).await.status,
            200
        );
        assert_eq!(read(&backend, &information).await.status, 200);
    }
}
