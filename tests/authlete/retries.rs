//! When a call is retried, and how long it waits.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use tokio::time::Instant;
use tower_dcr::authlete::{AuthleteBackend, AuthleteClient, Credentials, RetryPolicy};
use tower_dcr::operation::{Delete, Read, Update};
use tower_dcr::{DcrEndpoint, Operation};

use super::peer::{Behaviour, Peer, SERVICE, TOKEN, response};
use super::support::*;
use super::{metadata, registration, token};

#[tokio::test]
async fn never_makes_one_attempt() {
    let peer = Peer::start().await;
    let once = peer.builder().retry(RetryPolicy::never()).build().unwrap();
    peer.behave(Behaviour::SendOnly(response(429, "{}")));
    once.call(&registration()).await.unwrap_err();
    assert_eq!(peer.seen().len(), 1);
}

#[tokio::test]
async fn retries_end_with_the_time_of_the_call() {
    let peer = Peer::start().await;
    let slow = RetryPolicy::default()
        .max_attempts(100)
        .min_wait(Duration::from_millis(200))
        .max_wait(Duration::from_millis(400));
    let client = peer
        .builder()
        .retry(slow)
        .attempt_timeout(Duration::from_millis(200))
        .timeout(Duration::from_millis(500))
        .build()
        .unwrap();
    peer.behave(Behaviour::SendOnly(response(429, "{}")));
    let started = std::time::Instant::now();
    let error = client.call(&registration()).await.unwrap_err();
    assert!(error.is_rate_limited());
    assert_eq!(error.retry_after(), None);
    assert_eq!(error.status().unwrap(), 429);
    assert!((2..5).contains(&peer.seen().len()), "{}", peer.seen().len());
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn longest_times_do_not_panic() {
    let peer = Peer::start().await;
    let patient = peer
        .builder()
        .timeout(Duration::MAX)
        .attempt_timeout(Duration::MAX)
        .retry(
            RetryPolicy::default()
                .max_attempts(u32::MAX)
                .min_wait(Duration::ZERO)
                .max_wait(Duration::MAX),
        );
    let patient = patient.build().unwrap();
    patient.call(&registration()).await.unwrap();
    let patient = peer
        .builder()
        .timeout(Duration::MAX)
        .attempt_timeout(Duration::MAX)
        .build()
        .unwrap();
    patient.call(&registration()).await.unwrap();
    for wait in ["18446744073709551615", "9999999999999"] {
        let head = format!(
            "HTTP/1.1 429 Too Many\r\nRetry-After: {wait}\r\n\
             Content-Length: 0\r\nConnection: close\r\n\r\n"
        );
        peer.behave(Behaviour::SendOnly(head.into_bytes()));
        let error = patient.call(&registration()).await.unwrap_err();
        assert!(error.is_rate_limited());
        assert!(error.retry_after().is_some());
    }
}

/// An HTTP client that cannot connect, and notes when it was called.
fn unreachable() -> (AuthleteClient, Arc<Mutex<Vec<Instant>>>) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&calls);
    let http_client = tower::service_fn(move |_: http::Request<Full<Bytes>>| {
        notes.lock().unwrap().push(Instant::now());
        async { Err::<http::Response<Full<Bytes>>, _>("no route to host") }
    });
    let client = AuthleteClient::builder()
        .base_url("https://authlete.example.com")
        .credentials(Credentials::new(SERVICE, TOKEN).unwrap())
        .http_client(http_client)
        .connect_error_if(|_| true)
        .retry(RetryPolicy::default().max_attempts(2))
        .build()
        .unwrap();
    (client, calls)
}

/// Servers that failed together must not return together.
#[tokio::test(start_paused = true)]
async fn waits_of_different_calls_differ() {
    let (client, calls) = unreachable();
    let mut waits = BTreeSet::new();
    for _ in 0..16 {
        calls.lock().unwrap().clear();
        client.call(&registration()).await.unwrap_err();
        let calls = calls.lock().unwrap();
        let wait = calls[1] - calls[0];
        // The shortest wait, and up to half of it.
        assert!((100..=152).contains(&wait.as_millis()), "{wait:?}");
        waits.insert(wait.as_millis());
    }
    assert!(waits.len() > 4, "{waits:?}");
}

fn operations() -> [Operation; 4] {
    [
        registration(),
        Update::new("1", token("t"), metadata("{}")).into(),
        Delete::new("1", token("t")).into(),
        Read::new("1", token("t")).into(),
    ]
}

/// An attempt that fails after 3 of 4 seconds leaves one second. The next attempt of a change needs
/// half of the attempt's time.
#[tokio::test(start_paused = true)]
async fn change_is_not_retried_with_too_little_time_left() {
    for (attempt_timeout, attempts_of_change) in [(1, 2), (2, 2), (3, 1), (60, 1)] {
        for operation in operations() {
            let calls = Arc::new(Mutex::new(0));
            let count = Arc::clone(&calls);
            let http_client = tower::service_fn(move |_: http::Request<Full<Bytes>>| {
                *count.lock().unwrap() += 1;
                async {
                    Ok::<_, BoxedError>(
                        http::Response::builder()
                            .status(429)
                            .header("retry-after", "3")
                            .body(Full::<Bytes>::default())
                            .unwrap(),
                    )
                }
            });
            let client = AuthleteClient::builder()
                .base_url("https://authlete.example.com")
                .credentials(Credentials::new(SERVICE, TOKEN).unwrap())
                .http_client(http_client)
                .attempt_timeout(Duration::from_secs(attempt_timeout))
                .timeout(Duration::from_secs(4))
                .build()
                .unwrap();
            let started = Instant::now();
            let error = client.call(&operation).await.unwrap_err();
            // The error is the last one that Authlete sent.
            assert!(error.is_rate_limited() && !error.is_outcome_unknown());
            let is_read = matches!(operation, Operation::Read(_));
            let expected = if is_read { 2 } else { attempts_of_change };
            assert_eq!(*calls.lock().unwrap(), expected, "{attempt_timeout} s");
            // It does not wait for an attempt that it will not make.
            let waited = 3 * (expected - 1);
            assert_eq!(started.elapsed().as_secs(), waited);
        }
    }
}

type BoxedError = tower_dcr::BoxError;

/// The credentials may take so long that the request would be cut off.
#[tokio::test]
async fn change_is_not_sent_if_the_credentials_took_most_of_the_time() {
    let peer = Peer::start().await;
    let client = peer
        .builder()
        .attempt_timeout(Duration::from_millis(400))
        .timeout(Duration::from_millis(400))
        .credentials_fn(|_| async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok(Credentials::new(SERVICE, TOKEN)?)
        })
        .build()
        .unwrap();
    for operation in operations() {
        peer.behave(Behaviour::Emulate);
        let result = client.call(&operation).await;
        if matches!(operation, Operation::Read(_)) {
            result.unwrap();
            assert_eq!(peer.seen().len(), 1);
            continue;
        }
        let error = result.unwrap_err();
        assert!(error.is_timeout() && !error.is_outcome_unknown());
        assert_eq!(
            error.to_string(),
            "too little time was left to send the request to Authlete"
        );
        assert!(peer.seen().is_empty());
    }
    let endpoint = DcrEndpoint::new(AuthleteBackend::new(client));
    let answer = send(&endpoint, registration_request(CLIENT)).await;
    answer.assert_error(503, "temporarily_unavailable");
    assert!(!answer.json().to_string().contains("unknown"));
}
