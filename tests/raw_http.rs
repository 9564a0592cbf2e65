//! The parts of the HTTP contract that need a server: raw bytes over real sockets, and HTTP/2.

#[path = "support/mod.rs"]
mod support;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response, StatusCode, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tower::{Layer, service_fn};
use tower_dcr::initial_access::TokenList;
use tower_dcr::{DcrBuilder, DcrLayer, Operation};

use support::socket::{Connection, send_bytes, serve};
use support::*;

/// Starts a server with the layer, around an application that answers 299 with the target that it
/// saw.
async fn server(builder: DcrBuilder<RecordingBackend>) -> SocketAddr {
    let app = service_fn(|request: Request<Incoming>| async move {
        let mut response = Response::new(Full::<Bytes>::from(request.uri().to_string()));
        *response.status_mut() = StatusCode::from_u16(299).unwrap();
        Ok::<_, Infallible>(response)
    });
    serve(builder.build().unwrap().layer(app)).await
}

async fn default_server() -> (SocketAddr, RecordingBackend) {
    let recorder = RecordingBackend::default();
    (server(DcrLayer::builder(recorder.clone())).await, recorder)
}

fn post(headers: &str, body: &str) -> String {
    format!("POST /register HTTP/1.1\r\nHost: as.example.com\r\n{headers}\r\n{body}")
}

const JSON: &str = "Content-Type: application/json\r\n";

/// Sends a registration on the connection, and checks that it succeeds.
async fn assert_connection_still_works(connection: &mut Connection, recorder: &RecordingBackend) {
    let length = CLIENT.len();
    let request = post(&format!("{JSON}Content-Length: {length}\r\n"), CLIENT);
    connection.send(request).await;
    assert_eq!(connection.receive().await.unwrap().status.as_u16(), 201);
    assert_eq!(recorder.calls(), 1);
}

#[tokio::test]
async fn four_operations_work_on_one_connection() {
    let (address, recorder) = default_server().await;
    let mut connection = Connection::open(address).await;
    let length = CLIENT.len();
    for (line, body, status) in [
        ("POST /register", CLIENT, 201),
        ("GET /register/1", "", 200),
        ("PUT /register/1", CLIENT, 200),
        ("DELETE /register/1", "", 204),
        ("OPTIONS /register/1", "", 204),
        ("HEAD /elsewhere", "", 299),
    ] {
        let content = if body.is_empty() {
            String::new()
        } else {
            format!("{JSON}Content-Length: {length}\r\n")
        };
        connection
            .send(format!(
                "{line} HTTP/1.1\r\nHost: as.example.com\r\nAuthorization: Bearer token\r\n\
                 {content}\r\n{body}"
            ))
            .await;
        if line.starts_with("HEAD") {
            continue;
        }
        let response = connection.receive().await.unwrap();
        assert_eq!(response.status.as_u16(), status, "{line}");
        response.assert_well_formed();
    }
    assert_eq!(recorder.calls(), 4);
}

#[tokio::test]
async fn chunked_body_is_accepted() {
    let (address, recorder) = default_server().await;
    let (start, rest) = CLIENT.split_at(7);
    let body = format!(
        "{:x}\r\n{start}\r\n{:x};ext=1\r\n{rest}\r\n0\r\nTrailer: x\r\n\r\n",
        start.len(),
        rest.len()
    );
    let request = post(&format!("{JSON}Transfer-Encoding: chunked\r\n"), &body);
    let response = send_bytes(address, request).await;
    assert_eq!(response.status.as_u16(), 201);
    assert_eq!(
        recorder.operations()[0].metadata().unwrap().as_str(),
        CLIENT
    );
}

#[tokio::test]
async fn declared_body_over_the_limit_is_drained_so_that_the_response_arrives() {
    let (address, recorder) = default_server().await;
    // The response does not come before the body is sent, and the connection stays open.
    let mut connection = Connection::open(address).await;
    let size = 1_000_000;
    connection
        .send(post(&format!("{JSON}Content-Length: {size}\r\n"), ""))
        .await;
    assert!(connection.is_silent().await);
    connection.send(vec![b' '; size]).await;
    connection
        .receive()
        .await
        .unwrap()
        .assert_error(413, "invalid_client_metadata");

    assert_connection_still_works(&mut connection, &recorder).await;
}

#[tokio::test]
async fn chunked_body_over_the_limit_is_drained_so_that_the_response_arrives() {
    let (address, recorder) = default_server().await;
    let mut connection = Connection::open(address).await;
    connection
        .send(post(&format!("{JSON}Transfer-Encoding: chunked\r\n"), ""))
        .await;
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    for _ in 0..32 {
        connection.send(&chunk).await;
    }
    connection.send("0\r\n\r\n").await;
    connection
        .receive()
        .await
        .unwrap()
        .assert_error(413, "invalid_client_metadata");

    assert_connection_still_works(&mut connection, &recorder).await;
}

#[tokio::test]
async fn refused_request_with_expect_gets_no_100() {
    let (address, recorder) = default_server().await;
    for (line, headers, status) in [
        ("PATCH /register", JSON, 405),
        ("POST /register?access_token=x", JSON, 400),
        ("PUT /register/1", JSON, 401),
        ("POST /register", "Content-Type: text/plain\r\n", 415),
        (
            "POST /register",
            "Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
            415,
        ),
    ] {
        let request = format!(
            "{line} HTTP/1.1\r\nHost: as.example.com\r\nExpect: 100-continue\r\n\
             Content-Length: 100\r\n{headers}\r\n"
        );
        let response = send_bytes(address, request).await;
        assert_eq!(response.status.as_u16(), status, "{line}");
    }
    let too_large = post(
        &format!("{JSON}Expect: 100-continue\r\nContent-Length: 65537\r\n"),
        "",
    );
    send_bytes(address, too_large)
        .await
        .assert_error(413, "invalid_client_metadata");
    assert_eq!(recorder.calls(), 0);
}

/// Without a valid initial access token, the server neither asks for the body nor waits for it.
#[tokio::test]
async fn guarded_endpoint_does_not_wait_for_a_body() {
    let recorder = RecordingBackend::default();
    let tokens = TokenList::new(["good"]).unwrap();
    let builder = DcrLayer::builder(recorder.clone())
        .body_timeout(None)
        .require_initial_access_token(tokens);
    let address = server(builder).await;
    for credentials in ["", "Authorization: Bearer bad\r\n"] {
        let expecting =
            format!("{JSON}{credentials}Expect: 100-continue\r\nContent-Length: 100\r\n");
        // This body is announced and never sent. A server that waits for it waits for ever.
        let announcing = format!("{JSON}{credentials}Content-Length: 60000\r\n");
        for headers in [expecting, announcing] {
            let response = send_bytes(address, post(&headers, ""));
            let response = tokio::time::timeout(Duration::from_secs(20), response).await;
            response.unwrap().assert_error(401, "invalid_token");
        }
    }
    let good = format!(
        "{JSON}Authorization: Bearer good\r\nContent-Length: {}\r\n",
        CLIENT.len()
    );
    assert_eq!(send_bytes(address, post(&good, CLIENT)).await.status, 201);
    assert_eq!(recorder.calls(), 1);
}

#[tokio::test]
async fn accepted_request_with_expect_gets_a_100() {
    let (address, recorder) = default_server().await;
    let mut connection = Connection::open(address).await;
    let length = CLIENT.len();
    let headers = format!("{JSON}Expect: 100-continue\r\nContent-Length: {length}\r\n");
    connection.send(post(&headers, "")).await;
    assert_eq!(connection.receive().await.unwrap().status.as_u16(), 100);
    connection.send(CLIENT).await;
    assert_eq!(connection.receive().await.unwrap().status.as_u16(), 201);
    assert_eq!(recorder.calls(), 1);
}

#[tokio::test]
async fn incomplete_body_returns_400() {
    let (address, recorder) = default_server().await;
    for headers in ["Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n"] {
        let mut connection = Connection::open(address).await;
        connection
            .send(post(&format!("{JSON}{headers}"), "5\r\n{\"a\":"))
            .await;
        connection.finish_sending().await;
        // A server may also close the connection, because the client closed its half.
        if let Some(response) = connection.receive().await {
            response.assert_error(400, "invalid_request");
        }
    }
    // This client keeps its half open.
    let malformed = post(
        &format!("{JSON}Transfer-Encoding: chunked\r\n"),
        "zz\r\n{}\r\n0\r\n\r\n",
    );
    send_bytes(address, malformed)
        .await
        .assert_error(400, "invalid_request");
    assert_eq!(recorder.calls(), 0);

    // The server still works.
    let length = CLIENT.len();
    let good = post(&format!("{JSON}Content-Length: {length}\r\n"), CLIENT);
    assert_eq!(send_bytes(address, good).await.status.as_u16(), 201);
}

#[tokio::test]
async fn slow_body_returns_408() {
    let recorder = RecordingBackend::default();
    let limit = Duration::from_millis(1_500);
    let address = server(DcrLayer::builder(recorder.clone()).body_timeout(limit)).await;
    let started = Instant::now();
    let mut connection = Connection::open(address).await;
    connection
        .send(post(&format!("{JSON}Content-Length: 100\r\n"), "{"))
        .await;
    // Single bytes do not extend the time: it is for the whole body.
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        connection.send(" ").await;
    }
    connection
        .receive()
        .await
        .unwrap()
        .assert_error(408, "invalid_request");
    assert!(started.elapsed() >= limit);
    assert_eq!(recorder.calls(), 0);
}

#[tokio::test]
async fn draining_a_refused_body_ends_with_the_body_timeout() {
    let limit = Duration::from_millis(300);
    let address = server(DcrLayer::builder(RecordingBackend::default()).body_timeout(limit)).await;
    let started = Instant::now();
    let response = send_bytes(address, post("Content-Length: 100\r\n", "")).await;
    response.assert_error(415, "invalid_request");
    assert!(started.elapsed() >= limit);
}

#[tokio::test]
async fn absolute_form_matches_and_asterisk_form_passes_through() {
    let (address, recorder) = default_server().await;
    let length = CLIENT.len();
    let absolute = format!(
        "POST http://as.example.com/register HTTP/1.1\r\nHost: as.example.com\r\n\
         {JSON}Content-Length: {length}\r\n\r\n{CLIENT}"
    );
    assert_eq!(send_bytes(address, absolute).await.status.as_u16(), 201);
    assert_eq!(recorder.calls(), 1);

    let asterisk = "OPTIONS * HTTP/1.1\r\nHost: as.example.com\r\n\r\n";
    let response = send_bytes(address, asterisk).await;
    assert_eq!(
        (response.status.as_u16(), &*response.body),
        (299, b"*".as_slice())
    );

    let connect = "CONNECT as.example.com:443 HTTP/1.1\r\nHost: as.example.com\r\n\r\n";
    assert_eq!(send_bytes(address, connect).await.status.as_u16(), 299);
}

#[tokio::test]
async fn path_is_matched_as_it_was_sent() {
    let (address, recorder) = default_server().await;
    for (target, status) in [
        ("/register/a%2Fb", 200),
        ("/register/../register/1", 299),
        ("/register/%2e%2e", 401),
        ("/register/..", 401),
        ("/register//1", 299),
        ("/register/1/", 299),
        ("/register/", 299),
    ] {
        let request =
            format!("GET {target} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t\r\n\r\n");
        assert_eq!(
            send_bytes(address, request).await.status.as_u16(),
            status,
            "{target}"
        );
    }
    assert_eq!(recorder.operations()[0].client_id(), Some("a/b"));
}

#[tokio::test]
async fn repeated_authorization_header_returns_400() {
    let (address, recorder) = default_server().await;
    for second in ["Bearer token", "bearer other", "Basic eA=="] {
        let request = format!(
            "GET /register/1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer token\r\n\
             authorization: {second}\r\n\r\n"
        );
        let response = send_bytes(address, request).await;
        response.assert_error(400, "invalid_request");
        assert_eq!(
            response.header("www-authenticate"),
            Some(r#"Bearer realm="client registration", error="invalid_request""#)
        );
    }
    assert_eq!(recorder.calls(), 0);
}

#[tokio::test]
async fn http_1_0_request_is_answered() {
    let (address, _) = default_server().await;
    let response = send_bytes(address, "GET /register/1 HTTP/1.0\r\n\r\n").await;
    response.assert_error(401, "invalid_token");
}

/// Connects with HTTP/2, by prior knowledge.
async fn http2<B>(address: SocketAddr) -> hyper::client::conn::http2::SendRequest<B>
where
    B: http_body::Body<Data: Send, Error: Into<tower_dcr::BoxError>> + Send + Unpin + 'static,
{
    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

#[tokio::test]
async fn http2_has_the_same_contract() {
    let (address, recorder) = default_server().await;
    let mut sender = http2::<Full<Bytes>>(address).await;
    let url = |path: &str| format!("http://as.example.com{path}");
    for (method, path, status) in [
        ("POST", "/register", 201),
        ("GET", "/register/1", 200),
        ("PUT", "/register/1", 200),
        ("DELETE", "/register/1", 204),
        ("OPTIONS", "/register", 204),
        ("PATCH", "/register", 405),
        ("GET", "/register/1?access_token=x", 400),
        ("GET", "/register/%zz", 401),
        ("GET", "/register/", 299),
    ] {
        let request = configuration_request(method, &url(path), "token", CLIENT);
        let response = TestResponse::read(sender.send_request(request).await.unwrap()).await;
        assert_eq!(response.status.as_u16(), status, "{method} {path}");
        if status != 299 {
            response.assert_well_formed();
        }
    }
    assert_eq!(recorder.calls(), 4);
    let Operation::Register(register) = &recorder.operations()[0] else {
        panic!("not a registration");
    };
    assert_eq!(register.parts().version, Version::HTTP_2);

    let head = configuration_request("HEAD", &url("/register/1"), "token", "");
    let response = TestResponse::read(sender.send_request(head).await.unwrap()).await;
    response.assert_head_of_error(405);

    let mut request = register_at(&url("/register"));
    request
        .headers_mut()
        .append("authorization", "Bearer a".parse().unwrap());
    request
        .headers_mut()
        .append("authorization", "Bearer b".parse().unwrap());
    let response = TestResponse::read(sender.send_request(request).await.unwrap()).await;
    response.assert_error(400, "invalid_request");

    let large = Full::from(vec![b' '; 900_000]);
    let request = register_at(&url("/register")).map(|_| large);
    let response = TestResponse::read(sender.send_request(request).await.unwrap()).await;
    response.assert_error(413, "invalid_client_metadata");
    assert_eq!(recorder.calls(), 4);
}

fn register_at(url: &str) -> Request<Full<Bytes>> {
    let mut request = registration_request(CLIENT);
    *request.uri_mut() = url.parse().unwrap();
    request
}

#[tokio::test]
async fn http2_body_without_a_length_follows_the_same_limits() {
    let (address, recorder) = default_server().await;
    let frames = |count: usize, data: &'static [u8]| {
        let frame = || BodyStep::Data(Bytes::from_static(data));
        ScriptedBody::new(std::iter::repeat_with(frame).take(count))
    };
    let mut sender = http2(address).await;
    let mut send = async |body| {
        let request = register_at("http://as.example.com/register").map(|_| body);
        TestResponse::read(sender.send_request(request).await.unwrap()).await
    };
    assert_eq!(
        send(frames(1, CLIENT.as_bytes())).await.status.as_u16(),
        201
    );
    send(frames(100, &[b' '; 1024]))
        .await
        .assert_error(413, "invalid_client_metadata");
    send(frames(0, b""))
        .await
        .assert_error(400, "invalid_client_metadata");
    assert_eq!(recorder.calls(), 1);
}
