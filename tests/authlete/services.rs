//! Several services that share one HTTP client.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::header::AUTHORIZATION;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::service_fn;
use tower_dcr::authlete::{AuthleteClient, Credentials};

use super::registration;

/// The connection, the path and the credentials of each request.
type Seen = Arc<Mutex<Vec<(usize, String, String)>>>;

#[tokio::test]
async fn services_share_connections_and_keep_their_credentials() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        for connection in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            let log = Arc::clone(&log);
            let service = service_fn(move |request: Request<Incoming>| {
                let credentials = request.headers()[AUTHORIZATION]
                    .to_str()
                    .unwrap()
                    .to_owned();
                let path = request.uri().path().to_owned();
                log.lock().unwrap().push((connection, path, credentials));
                let body = r#"{"action":"CREATED","responseContent":"{}"}"#;
                async move { Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::from(body))) }
            });
            tokio::spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                let service = TowerToHyperService::new(service);
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });

    let blue = AuthleteClient::builder()
        .base_url(format!("http://{address}"))
        .credentials(Credentials::new("1", "token-of-blue").unwrap())
        .build()
        .unwrap();
    let green = blue.for_service(Credentials::new("2", "token-of-green").unwrap());
    for client in [&blue, &green, &blue, &green] {
        client.call(&registration()).await.unwrap();
        // The connection goes back to the pool in a task.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }

    let expected = |service: &str, name: &str| {
        (
            0,
            format!("/api/{service}/client/registration"),
            format!("Bearer token-of-{name}"),
        )
    };
    let (blue, green) = (expected("1", "blue"), expected("2", "green"));
    assert_eq!(
        *seen.lock().unwrap(),
        [blue.clone(), green.clone(), blue, green]
    );
}
