//! Rows 3 to 5: the bearer token and the `client_id`.

use http::{HeaderValue, Request};
use http_body_util::Full;
use tower_dcr::{DcrEndpoint, DcrLayer};

use super::support::*;

type Body = Full<bytes::Bytes>;

const BARE: &str = r#"Bearer realm="client registration""#;
const INVALID_REQUEST: &str = r#"Bearer realm="client registration", error="invalid_request""#;
const INVALID_TOKEN: &str = r#"Bearer realm="client registration", error="invalid_token""#;

/// Returns a request for each endpoint, with these `Authorization` headers and this query.
fn with_credentials(values: &[&[u8]], query: &str) -> [Request<Body>; 2] {
    ["/register", "/register/1"].map(|path| {
        let method = if path == "/register" { "POST" } else { "GET" };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{path}{query}"))
            .header("content-type", "application/json")
            .body(Full::from(CLIENT))
            .unwrap();
        for value in values {
            request
                .headers_mut()
                .append("authorization", HeaderValue::from_bytes(value).unwrap());
        }
        request
    })
}

#[tokio::test]
async fn bearer_scheme_is_accepted_in_any_case_and_with_any_spaces() {
    let recorder = RecordingBackend::default();
    let endpoint = DcrEndpoint::new(recorder.clone());
    for (credentials, token) in [
        ("Bearer abc", "abc"),
        ("bearer abc", "abc"),
        ("BEARER abc", "abc"),
        ("Bearer    abc", "abc"),
        (" Bearer abc ", "abc"),
        ("Bearer a-._~+/Z0==", "a-._~+/Z0=="),
    ] {
        for request in with_credentials(&[credentials.as_bytes()], "") {
            assert!(send(&endpoint, request).await.status.is_success());
            let operation = recorder.operations().pop().unwrap();
            assert_eq!(operation.token().unwrap().as_str(), token);
        }
    }
}

#[tokio::test]
async fn malformed_or_repeated_credentials_return_400() {
    let recorder = RecordingBackend::default();
    let endpoint = DcrEndpoint::new(recorder.clone());
    let cases: [(&[&[u8]], &str); 22] = [
        (&[b"Bearer"], ""),
        (&[b"Bearer "], ""),
        (&[b"Bearer a b"], ""),
        (&[b"Bearer a,b"], ""),
        (&[b"Bearer a, Bearer b"], ""),
        (&[b"Bearer =a"], ""),
        (&[b"Bearer a=b"], ""),
        (&[b"Bearer \"a\""], ""),
        (&[b"Bearer\ta"], ""),
        (&[b"Bearer \ta"], ""),
        (&[b"Bearer,a"], ""),
        (&[b"Bearer=a"], ""),
        (&[b"Bearer/a"], ""),
        (&[b"Bearer \xff"], ""),
        (&[b"Bearer a", b"Bearer a"], ""),
        (&[b"Bearer a", b"Basic eA=="], ""),
        (&[b"Basic eA==", b"Basic eA=="], ""),
        (&[b"Bearer a"], "?access_token=a"),
        (&[], "?access_token=a"),
        (&[], "?x=1&access_token"),
        (&[], "?x&access%5Ftoken=&y"),
        (&[b"Basic eA=="], "?%61ccess_token=a"),
    ];
    for (values, query) in cases {
        for request in with_credentials(values, query) {
            let response = send(&endpoint, request).await;
            response.assert_error(400, "invalid_request");
            assert_eq!(response.header("www-authenticate"), Some(INVALID_REQUEST));
        }
    }
    assert_eq!(recorder.calls(), 0);
}

#[tokio::test]
async fn missing_bearer_token_returns_401_only_on_the_configuration_endpoint() {
    let recorder = RecordingBackend::default();
    let endpoint = DcrEndpoint::new(recorder.clone());
    let cases: [(&[&[u8]], &str); 8] = [
        (&[], ""),
        (&[b""], ""),
        (&[b"Basic eA=="], ""),
        (&[b"BearerToken a"], ""),
        (&[b"Bearer-a b"], ""),
        (&[b"Bear"], ""),
        (&[b"\xff"], ""),
        (&[], "?access_tokens=a&xaccess_token=b&y=access_token"),
    ];
    for (values, query) in cases {
        let [registration, configuration] = with_credentials(values, query);

        // No initial access token is required here.
        assert_eq!(send(&endpoint, registration).await.status.as_u16(), 201);
        assert!(recorder.operations().pop().unwrap().token().is_none());

        let response = send(&endpoint, configuration).await;
        response.assert_error(401, "invalid_token");
        assert_eq!(response.header("www-authenticate"), Some(BARE));
    }
    assert_eq!(recorder.calls(), 8);
}

#[tokio::test]
async fn client_id_that_cannot_name_a_client_returns_401() {
    let recorder = RecordingBackend::default();
    let endpoint = DcrEndpoint::new(recorder.clone());
    let long = "a".repeat(2_049);
    for segment in [
        "%", "%2", "a%zz", ".", "..", "%2E", "%2e%2E", "%00", "%0A", "%7F", "%C3%A9", "%80", &long,
    ] {
        for method in ["GET", "PUT", "DELETE"] {
            let path = format!("/register/{segment}");
            let response = send(
                &endpoint,
                configuration_request(method, &path, "token", CLIENT),
            )
            .await;
            response.assert_error(401, "invalid_token");
            assert_eq!(response.header("www-authenticate"), Some(INVALID_TOKEN));
        }
    }
    assert_eq!(recorder.calls(), 0);
}

#[tokio::test]
async fn realm_is_in_each_challenge() {
    let endpoint = DcrLayer::builder(RecordingBackend::default())
        .realm("a, b's")
        .build_endpoint()
        .unwrap();
    let request = Request::get("/register/1").body(Body::default()).unwrap();
    let response = send(&endpoint, request).await;
    assert_eq!(
        response.header("www-authenticate"),
        Some(r#"Bearer realm="a, b's""#)
    );
    let response = send(
        &endpoint,
        configuration_request("GET", "/register/..", "a", ""),
    )
    .await;
    assert_eq!(
        response.header("www-authenticate"),
        Some(r#"Bearer realm="a, b's", error="invalid_token""#)
    );

    // Setting the default realm changes nothing.
    let set = DcrLayer::builder(RecordingBackend::default()).realm("client registration");
    let set = set.build_endpoint().unwrap();
    let default = DcrEndpoint::new(RecordingBackend::default());
    for request in [
        || configuration_request("GET", "/register/1?access_token=1", "a", ""),
        || configuration_request("GET", "/register/..", "a", ""),
        || Request::get("/register/1").body(Body::default()).unwrap(),
    ] {
        let (one, other) = (send(&set, request()).await, send(&default, request()).await);
        assert_eq!(one.headers, other.headers);
    }
}
