//! Rows 6 to 8: the headers that describe the body. The unit tests of the code have a table of
//! media types.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::{HeaderMap, Request};
use tower_dcr::DcrEndpoint;

use super::support::*;

type Headers = &'static [(&'static str, &'static str)];

/// Returns a `POST` and a `PUT` with these headers and this body.
fn requests(
    headers: &[(&'static str, &str)],
    body: impl Fn() -> ScriptedBody,
) -> [Request<ScriptedBody>; 2] {
    [("POST", "/register"), ("PUT", "/register/1")].map(|(method, path)| {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", "Bearer token")
            .body(body())
            .unwrap();
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        request
    })
}

fn client() -> ScriptedBody {
    ScriptedBody::new([BodyStep::Data(Bytes::from(CLIENT))])
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn content_type_other_than_json_returns_415() {
    let recorder = RecordingBackend::default();
    let endpoint = DcrEndpoint::new(recorder.clone());
    let cases: [&[(&str, &str)]; 6] = [
        &[],
        &[("content-type", "text/plain")],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[("content-type", "application/json; charset=iso-8859-1")],
        &[JSON, ("content-type", "text/plain")],
        &[JSON, JSON],
    ];
    for headers in cases {
        for request in requests(headers, client) {
            let response = send(&endpoint, request).await;
            response.assert_error(415, "invalid_request");
            assert_eq!(response.header("accept-encoding"), None);
        }
    }
    assert_eq!(recorder.calls(), 0);

    let fits = [("content-type", "Application/JSON ; charset=\"UTF-8\"; v=1")];
    for request in requests(&fits, client) {
        assert!(send(&endpoint, request).await.status.is_success());
    }
}

#[tokio::test]
async fn content_encoding_returns_415_with_accept_encoding() {
    let recorder = RecordingBackend::default();
    let endpoint = DcrEndpoint::new(recorder.clone());
    let cases: [&[(&str, &str)]; 5] = [
        &[JSON, ("content-encoding", "gzip")],
        &[JSON, ("content-encoding", "identity, br")],
        &[
            JSON,
            ("content-encoding", "identity"),
            ("content-encoding", "deflate"),
        ],
        &[JSON, ("content-encoding", "identity;q=1")],
        &[JSON, ("content-encoding", "aws-chunked")],
    ];
    for headers in cases {
        for request in requests(headers, client) {
            let response = send(&endpoint, request).await;
            response.assert_error(415, "invalid_request");
            assert_eq!(response.header("accept-encoding"), Some("identity"));
        }
    }
    assert_eq!(recorder.calls(), 0);

    for encoding in ["identity", "IDENTITY", "", "identity, identity,"] {
        for request in requests(&[JSON, ("content-encoding", encoding)], client) {
            assert!(send(&endpoint, request).await.status.is_success());
        }
    }
}

#[tokio::test]
async fn declared_length_over_the_limit_returns_413() {
    let recorder = RecordingBackend::default();
    let endpoint = DcrEndpoint::new(recorder.clone());
    for (length, hint) in [
        (Some("65537"), 0),
        (Some("99999999999999999999"), 0),
        (None, 65_537),
        (Some("10"), 65_537),
        (Some("65537"), 10),
    ] {
        let mut headers = vec![JSON];
        headers.extend(length.map(|length| ("content-length", length)));
        for request in requests(&headers, || client().with_hint(hint)) {
            let response = send(&endpoint, request).await;
            response.assert_error(413, "invalid_client_metadata");
        }
    }
    assert_eq!(recorder.calls(), 0);

    for request in requests(&[JSON, ("content-length", "65536")], || {
        client().with_hint(65_536)
    }) {
        assert!(send(&endpoint, request).await.status.is_success());
    }
}

#[tokio::test]
async fn body_of_a_read_or_delete_is_never_polled() {
    let recorder = RecordingBackend::default();
    let endpoint = DcrEndpoint::new(recorder.clone());
    for (method, path, status) in [
        ("GET", "/register/1", 200),
        ("DELETE", "/register/1", 204),
        ("OPTIONS", "/register/1", 204),
        ("OPTIONS", "/register", 204),
        ("GET", "/register/..", 401),
        ("DELETE", "/register/1?access_token", 400),
        ("GET", "/register", 405),
    ] {
        let body = ScriptedBody::new([BodyStep::Hang]).with_hint(1 << 40);
        let polls = body.polls();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", "Bearer token")
            .header("content-type", "text/html")
            .header("content-encoding", "gzip")
            .header("content-length", "1099511627776")
            .body(body)
            .unwrap();
        assert_eq!(send(&endpoint, request).await.status.as_u16(), status);
        assert_eq!(polls.load(Ordering::SeqCst), 0, "{method} {path}");
    }
}

/// A body of 1.5 MiB without a known length.
fn large() -> ScriptedBody {
    let frame = || BodyStep::Data(Bytes::from_static(&[b' '; 16 * 1024]));
    ScriptedBody::new(std::iter::repeat_with(frame).take(96))
}

#[tokio::test]
async fn up_to_one_mib_of_a_refused_body_is_drained() {
    let endpoint = DcrEndpoint::new(RecordingBackend::default());
    let refused: [(&str, &str, Headers, u16); 8] = [
        ("PATCH", "/register", &[], 405),
        ("HEAD", "/register", &[], 405),
        ("PUT", "/register/1?access_token", &[JSON], 400),
        ("PUT", "/register/..", &[JSON], 401),
        ("POST", "/register", &[], 415),
        (
            "POST",
            "/register",
            &[JSON, ("content-encoding", "gzip")],
            415,
        ),
        (
            "POST",
            "/register",
            &[JSON, ("content-length", "1572864")],
            413,
        ),
        ("POST", "/elsewhere", &[JSON], 404),
    ];
    for (method, path, headers, status) in refused {
        for (expect, drained) in [
            (None, 1024 * 1024),
            (Some("100-continue"), 0),
            (Some("100-Continue"), 0),
        ] {
            let body = large();
            let taken = body.taken();
            let mut request = Request::builder()
                .method(method)
                .uri(path)
                .header("authorization", "Bearer token")
                .body(body)
                .unwrap();
            let all = headers
                .iter()
                .copied()
                .chain(expect.map(|expect| ("expect", expect)));
            for (name, value) in all {
                request.headers_mut().insert(name, value.parse().unwrap());
            }
            let response = send(&endpoint, request).await;
            assert_eq!(response.status.as_u16(), status, "{method} {path}");
            assert_eq!(
                taken.load(Ordering::SeqCst),
                drained,
                "{method} {path} {expect:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn draining_ends_with_the_body_timeout() {
    let endpoint = DcrEndpoint::new(RecordingBackend::default());
    for steps in [
        vec![BodyStep::Hang],
        vec![BodyStep::Trailers(HeaderMap::new()), BodyStep::Hang],
    ] {
        let request = Request::post("/register")
            .body(ScriptedBody::new(steps))
            .unwrap();
        let started = tokio::time::Instant::now();
        send(&endpoint, request)
            .await
            .assert_error(415, "invalid_request");
        assert_eq!(started.elapsed().as_secs(), 10);
    }
    let request = Request::post("/register")
        .body(ScriptedBody::new([BodyStep::Fail("gone".into())]))
        .unwrap();
    send(&endpoint, request)
        .await
        .assert_error(415, "invalid_request");
}
