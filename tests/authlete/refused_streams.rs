//! HTTP/2 streams that the server refuses before it processes anything (RFC 9113 section 8.7).

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use http::Response;
use http_body_util::Full;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower_dcr::DcrEndpoint;
use tower_dcr::authlete::{AuthleteBackend, AuthleteClient};
use tower_dcr::operation::OperationKind;

use super::peer::Peer;
use super::support::*;

const ALL: [OperationKind; 4] = [
    OperationKind::Register,
    OperationKind::Read,
    OperationKind::Update,
    OperationKind::Delete,
];

fn request(kind: OperationKind) -> http::Request<Full<Bytes>> {
    match kind {
        OperationKind::Register => registration_request(CLIENT),
        OperationKind::Read => configuration_request("GET", "/register/1", "t", ""),
        OperationKind::Update => configuration_request("PUT", "/register/1", "t", CLIENT),
        OperationKind::Delete => configuration_request("DELETE", "/register/1", "t", ""),
    }
}

fn response_to(path: &str) -> String {
    let action = match path.rsplit('/').next().unwrap() {
        "registration" => "CREATED",
        "get" => "OK",
        "update" => "UPDATED",
        _ => "DELETED",
    };
    json!({"action": action, "responseContent": "{}"}).to_string()
}

/// Returns a client that speaks HTTP/2 without TLS to this address.
async fn client_of(address: SocketAddr) -> AuthleteClient {
    let http_client = legacy::Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http::<Full<Bytes>>();
    Peer::start()
        .await
        .builder()
        .base_url(format!("http://{address}"))
        .http_client(http_client)
        .attempt_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}

/// Starts a server that resets the first streams with a reason, and responds to the others.
/// Returns the number of requests that it received.
async fn resetting_server(resets: usize, reason: Reason) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let received = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&received);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((request, mut respond))) = connection.accept().await {
                    if count.fetch_add(1, Ordering::SeqCst) < resets {
                        respond.send_reset(reason);
                        continue;
                    }
                    let body = response_to(request.uri().path());
                    let mut stream = respond.send_response(Response::new(()), false).unwrap();
                    stream.send_data(body.into(), true).unwrap();
                }
            });
        }
    });
    (address, received)
}

#[tokio::test]
async fn refused_stream_is_retried_for_each_operation() {
    for kind in ALL {
        let (address, received) = resetting_server(2, Reason::REFUSED_STREAM).await;
        let endpoint = DcrEndpoint::new(AuthleteBackend::new(client_of(address).await));
        let answer = send(&endpoint, request(kind)).await;
        assert!(answer.status.is_success(), "{kind}: {answer:?}");
        assert_eq!(received.load(Ordering::SeqCst), 3, "{kind}");
    }
}

#[tokio::test]
async fn stream_that_is_always_refused_has_a_known_outcome() {
    let (address, received) = resetting_server(usize::MAX, Reason::REFUSED_STREAM).await;
    let client = client_of(address).await;
    let error = client.call(&super::registration()).await.unwrap_err();
    assert!(error.is_stream_refused() && !error.is_outcome_unknown());
    assert_eq!(received.load(Ordering::SeqCst), 3);
    let answer = send(
        &DcrEndpoint::new(AuthleteBackend::new(client)),
        request(OperationKind::Register),
    )
    .await;
    answer.assert_error(503, "temporarily_unavailable");
    assert!(!answer.json().to_string().contains("unknown"));
}

/// Other resets do not prove that nothing was processed.
#[tokio::test]
async fn stream_with_another_reset_is_retried_only_for_a_read() {
    for reason in [
        Reason::INTERNAL_ERROR,
        Reason::CANCEL,
        Reason::ENHANCE_YOUR_CALM,
    ] {
        for kind in ALL {
            let (address, received) = resetting_server(2, reason).await;
            let endpoint = DcrEndpoint::new(AuthleteBackend::new(client_of(address).await));
            let answer = send(&endpoint, request(kind)).await;
            if kind == OperationKind::Read {
                assert_eq!(answer.status, 200, "{reason}");
                assert_eq!(received.load(Ordering::SeqCst), 3, "{reason}");
            } else {
                answer.assert_error(503, "temporarily_unavailable");
                assert!(answer.json().to_string().contains("outcome is unknown"));
                assert_eq!(received.load(Ordering::SeqCst), 1, "{reason}");
            }
        }
    }
}

const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

/// Writes a frame without flags on stream 0 (RFC 9113 section 4.1).
async fn write_frame(stream: &mut TcpStream, kind: u8, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, 0, 0, 0, 0, 0]);
    frame.extend(payload);
    stream.write_all(&frame).await.unwrap();
}

/// Reads frames until one has this type. Returns its stream.
async fn read_until(stream: &mut TcpStream, kind: u8) -> u32 {
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let length = usize::from(head[1]) << 8 | usize::from(head[2]);
        stream.read_exact(&mut vec![0; length]).await.unwrap();
        if head[3] == kind {
            return u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        }
    }
}

/// Starts a server whose first connection ends with a `GOAWAY`, in answer to a request. The last
/// stream of the `GOAWAY` is the request's plus an offset. Later connections work.
async fn leaving_server(offset: i32, reason: Reason) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let received = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&received);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_exact(&mut [0; 24]).await.unwrap();
        write_frame(&mut stream, SETTINGS, &[]).await;
        let id = read_until(&mut stream, HEADERS).await;
        count.fetch_add(1, Ordering::SeqCst);
        let last = id.saturating_add_signed(offset);
        let payload = [last.to_be_bytes(), u32::from(reason).to_be_bytes()].concat();
        write_frame(&mut stream, GOAWAY, &payload).await;
        stream.shutdown().await.unwrap();
        // The client must read all of it before the connection is reset.
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;

        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let mut connection = h2::server::handshake(stream).await.unwrap();
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                while let Some(Ok((request, mut respond))) = connection.accept().await {
                    count.fetch_add(1, Ordering::SeqCst);
                    let body = response_to(request.uri().path());
                    let mut stream = respond.send_response(Response::new(()), false).unwrap();
                    stream.send_data(body.into(), true).unwrap();
                }
                let _ = poll_fn(|cx| connection.poll_closed(cx)).await;
            });
        }
    });
    (address, received)
}

#[tokio::test]
async fn stream_after_the_last_of_a_goaway_is_retried_for_each_operation() {
    for reason in [Reason::NO_ERROR, Reason::ENHANCE_YOUR_CALM] {
        for kind in ALL {
            let (address, received) = leaving_server(-1, reason).await;
            let endpoint = DcrEndpoint::new(AuthleteBackend::new(client_of(address).await));
            let answer = send(&endpoint, request(kind)).await;
            assert!(answer.status.is_success(), "{kind} {reason}: {answer:?}");
            assert_eq!(received.load(Ordering::SeqCst), 2, "{kind} {reason}");
        }
    }
}

/// The server may have processed the streams up to the last one.
#[tokio::test]
async fn last_stream_of_a_goaway_is_retried_only_for_a_read() {
    for reason in [Reason::NO_ERROR, Reason::ENHANCE_YOUR_CALM] {
        for kind in ALL {
            let (address, received) = leaving_server(0, reason).await;
            let endpoint = DcrEndpoint::new(AuthleteBackend::new(client_of(address).await));
            let answer = send(&endpoint, request(kind)).await;
            if kind == OperationKind::Read {
                assert_eq!(answer.status, 200, "{reason}");
                continue;
            }
            answer.assert_error(503, "temporarily_unavailable");
            assert!(
                answer.json().to_string().contains("outcome is unknown"),
                "{kind} {reason}"
            );
            assert_eq!(received.load(Ordering::SeqCst), 1, "{kind} {reason}");
        }
    }
}
