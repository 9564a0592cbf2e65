//! Rows 9 and 10: the body as it arrives, and its JSON. The unit tests of `metadata` have a table
//! of all JSON errors.

use std::io;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Limited};
use tower_dcr::{BoxError, DcrEndpoint, DcrLayer};
use tower_http::timeout::TimeoutBody;

use super::support::*;

fn post<B>(body: B) -> Request<B> {
    Request::post("/register")
        .header("content-type", "application/json")
        .body(body)
        .unwrap()
}

fn put<B>(body: B) -> Request<B> {
    Request::put("/register/1")
        .header("content-type", "application/json")
        .header("authorization", "Bearer token")
        .body(body)
        .unwrap()
}

fn data(text: &'static str) -> BodyStep {
    BodyStep::Data(Bytes::from_static(text.as_bytes()))
}

#[tokio::test]
async fn body_in_pieces_is_kept_byte_for_byte() {
    let recorder = RecordingBackend::default();
    let endpoint = DcrEndpoint::new(recorder.clone());
    let pieces = || {
        ScriptedBody::new([
            data(" {\"client_name\""),
            data(""),
            data(": \"\u{30af}"),
            data("\\u30ea\" , \"n\":1.50}\n"),
            BodyStep::Trailers(HeaderMap::new()),
        ])
    };
    for request in [post(pieces()), put(pieces())] {
        assert!(send(&endpoint, request).await.status.is_success());
        assert_eq!(
            recorder
                .operations()
                .pop()
                .unwrap()
                .metadata()
                .unwrap()
                .as_str(),
            " {\"client_name\": \"\u{30af}\\u30ea\" , \"n\":1.50}\n"
        );
    }
}

#[tokio::test]
async fn body_limit_is_inclusive() {
    let recorder = RecordingBackend::default();
    let endpoint = DcrLayer::builder(recorder.clone())
        .body_limit(CLIENT.len())
        .build_endpoint()
        .unwrap();
    let bytewise = |text: &'static str| {
        ScriptedBody::new(
            text.as_bytes()
                .chunks(1)
                .map(|byte| BodyStep::Data(Bytes::from_static(byte))),
        )
    };
    assert_eq!(
        send(&endpoint, post(bytewise(CLIENT)))
            .await
            .status
            .as_u16(),
        201
    );
    assert_eq!(recorder.calls(), 1);

    let longer: &'static str = Box::leak(format!("{CLIENT} ").into_boxed_str());
    for request in [post(bytewise(longer)), put(bytewise(longer))] {
        send(&endpoint, request)
            .await
            .assert_error(413, "invalid_client_metadata");
    }
    assert_eq!(recorder.calls(), 1);
}

#[tokio::test]
async fn body_over_the_limit_is_drained_up_to_1_mib() {
    let endpoint = DcrEndpoint::new(RecordingBackend::default());
    let frame = || BodyStep::Data(Bytes::from_static(&[b' '; 16 * 1024]));
    let body = ScriptedBody::new(std::iter::repeat_with(frame).take(200));
    let taken = body.taken();
    let mut request = post(body);
    // The body was read, so the client got a 100 and sends all of it.
    request
        .headers_mut()
        .insert("expect", "100-continue".parse().unwrap());
    send(&endpoint, request)
        .await
        .assert_error(413, "invalid_client_metadata");
    assert_eq!(taken.load(Ordering::SeqCst), (5 + 64) * 16 * 1024);
}

#[tokio::test(start_paused = true)]
async fn slow_body_returns_408() {
    let recorder = RecordingBackend::default();
    let endpoint = DcrEndpoint::new(recorder.clone());
    for request in [
        post(ScriptedBody::new([data("{"), BodyStep::Hang])),
        put(ScriptedBody::new([BodyStep::Hang])),
    ] {
        let started = tokio::time::Instant::now();
        send(&endpoint, request)
            .await
            .assert_error(408, "invalid_request");
        assert_eq!(started.elapsed(), Duration::from_secs(10));
    }

    let quick = DcrLayer::builder(recorder.clone())
        .body_timeout(Duration::from_millis(50))
        .build_endpoint()
        .unwrap();
    let started = tokio::time::Instant::now();
    let response = send(&quick, post(ScriptedBody::new([BodyStep::Hang]))).await;
    response.assert_error(408, "invalid_request");
    assert!(started.elapsed() < Duration::from_millis(100));

    let patient = DcrLayer::builder(recorder.clone())
        .body_timeout(None)
        .build_endpoint()
        .unwrap();
    let patience = send(&patient, post(ScriptedBody::new([BodyStep::Hang])));
    assert!(
        tokio::time::timeout(Duration::from_hours(1), patience)
            .await
            .is_err()
    );
    assert_eq!(recorder.calls(), 0);
}

/// A body that stays pending until a timer ends.
struct After(Pin<Box<tokio::time::Sleep>>, ScriptedBody);

impl Body for After {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        ready!(self.0.as_mut().poll(context));
        Pin::new(&mut self.1).poll_frame(context)
    }
}

/// Reading and draining share one time-out.
#[tokio::test(start_paused = true)]
async fn body_timeout_covers_the_draining_too() {
    let large = Bytes::from(vec![b' '; 65 * 1024]);
    let body = After(
        Box::pin(tokio::time::sleep(Duration::from_secs(9))),
        ScriptedBody::new([BodyStep::Data(large), BodyStep::Hang]),
    );
    let endpoint = DcrEndpoint::new(RecordingBackend::default());
    let started = tokio::time::Instant::now();
    send(&endpoint, post(body))
        .await
        .assert_error(413, "invalid_client_metadata");
    assert_eq!(started.elapsed(), Duration::from_secs(10));
}

#[tokio::test]
async fn broken_body_returns_400() {
    let recorder = RecordingBackend::default();
    let endpoint = DcrEndpoint::new(recorder.clone());
    let broken = || ScriptedBody::new([data(CLIENT), BodyStep::Fail("connection reset".into())]);
    for request in [post(broken()), put(broken())] {
        send(&endpoint, request)
            .await
            .assert_error(400, "invalid_request");
    }
    assert_eq!(recorder.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn body_errors_of_tower_http_layers_return_413_and_408() {
    let endpoint = DcrEndpoint::new(RecordingBackend::default());

    let limited = Limited::new(ScriptedBody::new([data(CLIENT)]), 10);
    send(&endpoint, post(limited))
        .await
        .assert_error(413, "invalid_client_metadata");

    let slow = TimeoutBody::new(
        Duration::from_secs(1),
        ScriptedBody::new([data("{"), BodyStep::Hang]),
    );
    let started = tokio::time::Instant::now();
    send(&endpoint, post(slow))
        .await
        .assert_error(408, "invalid_request");
    assert_eq!(started.elapsed(), Duration::from_secs(1));

    // Frameworks wrap the error in one of their own.
    let limited = Limited::new(ScriptedBody::new([data(CLIENT)]), 10).map_err(WrappedError);
    send(&endpoint, post(limited))
        .await
        .assert_error(413, "invalid_client_metadata");
    let slow = TimeoutBody::new(Duration::from_secs(1), ScriptedBody::new([BodyStep::Hang]))
        .map_err(WrappedError);
    send(&endpoint, post(slow))
        .await
        .assert_error(408, "invalid_request");
    let axum = axum::body::Body::new(Limited::new(ScriptedBody::new([data(CLIENT)]), 10));
    send(&endpoint, post(axum))
        .await
        .assert_error(413, "invalid_client_metadata");

    let timed_out = io::Error::new(io::ErrorKind::TimedOut, "read timed out");
    let slow = ScriptedBody::new([BodyStep::Fail(timed_out.into())]);
    send(&endpoint, post(slow))
        .await
        .assert_error(408, "invalid_request");
}

#[tokio::test]
async fn body_that_is_not_one_json_object_returns_400() {
    let recorder = RecordingBackend::default();
    let endpoint = DcrEndpoint::new(recorder.clone());
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(127), "]".repeat(127));
    let cases: [&[u8]; 18] = [
        b"",
        b"  ",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\0}\0",
        b"{\"client_name\":\"\xe9\"}",
        b"[]",
        b"null",
        b"\"{}\"",
        b"{}{}",
        b"{} x",
        b"{\"a\":}",
        b"{\"a\":1",
        br#"{"scope":"read","scope":"admin"}"#,
        br#"{"scope":"read","sco\u0070e":"admin"}"#,
        br#"{"jwks":{"keys":[{"kid":"1","kid":"2"}]}}"#,
        br#"{"client_name":"\ud800"}"#,
        br#"{"n":1e400}"#,
        deep.as_bytes(),
    ];
    for body in cases {
        for request in [
            registration_request(body.to_vec()),
            configuration_request("PUT", "/register/1", "token", body.to_vec()),
        ] {
            let response = send(&endpoint, request).await;
            response.assert_error(400, "invalid_client_metadata");
            assert_eq!(response.header("www-authenticate"), None);
        }
    }
    assert_eq!(recorder.calls(), 0);
}

/// Many short names fit into 64 KiB. Finding a duplicate takes time in proportion to their number.
#[tokio::test]
async fn one_duplicate_among_thousands_of_members_is_found() {
    let recorder = RecordingBackend::default();
    let endpoint = DcrEndpoint::new(recorder.clone());
    let mut members: Vec<String> = (0..6_000).map(|n| format!("\"{n:x}\":1")).collect();
    let body = format!("{{{}}}", members.join(","));
    assert_eq!(
        send(&endpoint, registration_request(body))
            .await
            .status
            .as_u16(),
        201
    );

    members.push("\"0\":1".to_owned());
    let body = format!("{{{}}}", members.join(","));
    send(&endpoint, registration_request(body))
        .await
        .assert_error(400, "invalid_client_metadata");
    assert_eq!(recorder.calls(), 1);
}
