//! Who is told what became of a client.

use std::sync::Mutex;

use tower_dcr::embedded::ClientChange;

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
