//! Client authentication at the token endpoint (RFC 6749 sections 2.3 and 5.2).

use std::collections::BTreeMap;

use axum::extract::State;
use axum::{Form, Router};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Response};
use tower_dcr::registry::ClientAuthenticationError;

use super::*;

/// Registers a client with this method.
async fn client_with(registry: &Registry, method: &str) -> Value {
    let mut metadata = metadata();
    metadata["token_endpoint_auth_method"] = json!(method);
    metadata["jwks_uri"] = json!("https://client.example.org/jwks");
    client(registry, &metadata).await
}

fn basic(client_id: &str, secret: &str) -> HeaderMap {
    let credentials = BASE64_STANDARD.encode(format!("{client_id}:{secret}"));
    with_header(&format!("Basic {credentials}"))
}

fn with_header(value: &str) -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(value).unwrap())])
}

/// Returns the `client_id` of the authenticated client, or the response.
async fn authenticate(
    registry: &Registry,
    headers: &HeaderMap,
    client_id: Option<&str>,
    secret: Option<&str>,
) -> Result<String, Response<String>> {
    let found = registry.authenticate(headers, client_id, secret).await;
    found
        .map(|client| client.client_id().to_owned())
        .map_err(|error| error.to_response())
}

#[track_caller]
fn assert_refused(
    answer: &Result<String, Response<String>>,
    status: u16,
    error: &str,
    has_challenge: bool,
) {
    let response = answer.as_ref().unwrap_err();
    let body: Value = serde_json::from_str(response.body()).unwrap();
    assert_eq!(
        (response.status().as_u16(), text(&body["error"])),
        (status, error)
    );
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    let headers = response.headers();
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["pragma"], "no-cache");
    let challenge = headers.get("www-authenticate");
    assert_eq!(challenge.is_some(), has_challenge);
    assert!(challenge.is_none_or(|value| value.as_bytes().starts_with(b"Basic realm=\"")));
}

#[tokio::test]
async fn each_method_authenticates_its_clients() {
    for (registry, _directory) in in_both_homes(&builder()) {
        let none = HeaderMap::new();

        let public = client_with(&registry, "none").await;
        let id = text(&public["client_id"]);
        let found = authenticate(&registry, &none, Some(id), None).await;
        assert_eq!(found.unwrap(), id);
        let found = authenticate(&registry, &none, Some(id), Some("")).await;
        assert_eq!(found.unwrap(), id, "an empty parameter is omitted");

        let post = client_with(&registry, "client_secret_post").await;
        let (id, secret) = (text(&post["client_id"]), text(&post["client_secret"]));
        let found = authenticate(&registry, &none, Some(id), Some(secret)).await;
        assert_eq!(found.unwrap(), id);

        let client = client_with(&registry, "client_secret_basic").await;
        let (id, secret) = (text(&client["client_id"]), text(&client["client_secret"]));
        for in_body in [None, Some(""), Some(id)] {
            let found = authenticate(&registry, &basic(id, secret), in_body, None).await;
            assert_eq!(found.unwrap(), id);
        }
    }
}

/// A client may encode characters that need no encoding.
#[tokio::test]
async fn basic_credentials_are_form_decoded() {
    let registry = builder().build().unwrap();
    let client = client(&registry, &metadata()).await;
    let (id, secret) = (text(&client["client_id"]), text(&client["client_secret"]));
    // The first character, as an escape.
    let encoded = format!("%{:02x}{}", secret.as_bytes()[0], &secret[1..]);
    let found = authenticate(&registry, &basic(id, &encoded), None, None).await;
    assert_eq!(found.unwrap(), id);
}

#[tokio::test]
async fn other_method_than_the_registered_one_is_refused() {
    for (registry, _directory) in in_both_homes(&builder()) {
        for method in [
            "none",
            "client_secret_basic",
            "client_secret_post",
            "client_secret_jwt",
            "private_key_jwt",
        ] {
            let client = client_with(&registry, method).await;
            let id = text(&client["client_id"]);
            let secret = client["client_secret"].as_str().unwrap_or("x");
            for (used, headers, in_body) in [
                ("none", HeaderMap::new(), None),
                ("client_secret_post", HeaderMap::new(), Some(secret)),
                ("client_secret_basic", basic(id, secret), None),
            ] {
                let is_basic = used == "client_secret_basic";
                let found = authenticate(&registry, &headers, Some(id), in_body).await;
                if used == method {
                    assert_eq!(found.unwrap(), id);
                } else if is_basic {
                    assert_refused(&found, 401, "invalid_client", true);
                } else {
                    assert_refused(&found, 400, "invalid_client", false);
                }
            }
        }
    }
}

/// Otherwise anybody could find out which clients exist.
#[tokio::test]
async fn unknown_client_gets_the_response_to_a_wrong_secret() {
    for (registry, _directory) in in_both_homes(&builder()) {
        let client = client(&registry, &metadata()).await;
        let id = text(&client["client_id"]);
        let nobody = "0".repeat(id.len());
        let none = HeaderMap::new();
        let answers = |answer: Result<String, Response<String>>| {
            let response = answer.unwrap_err();
            let (parts, body) = response.into_parts();
            format!("{parts:?} {body}")
        };
        // The stand-in of an unknown client has no secret, whatever is sent.
        for secret in ["x", &"-".repeat(43), ""] {
            let wrong = authenticate(&registry, &basic(id, secret), None, None).await;
            assert_refused(&wrong, 401, "invalid_client", true);
            let unknown = authenticate(&registry, &basic(&nobody, secret), None, None).await;
            assert_eq!(answers(wrong), answers(unknown));

            let wrong = authenticate(&registry, &none, Some(id), Some(secret)).await;
            assert_refused(&wrong, 400, "invalid_client", false);
            let unknown = authenticate(&registry, &none, Some(&nobody), Some(secret)).await;
            assert_eq!(answers(wrong), answers(unknown));
        }
    }
}

#[tokio::test]
async fn secret_of_another_client_is_refused() {
    let registry = builder().build().unwrap();
    let one = client(&registry, &metadata()).await;
    let other = client(&registry, &metadata()).await;
    let headers = basic(text(&one["client_id"]), text(&other["client_secret"]));
    let found = authenticate(&registry, &headers, None, None).await;
    assert_refused(&found, 401, "invalid_client", true);
}

#[tokio::test]
async fn request_without_credentials_is_refused() {
    let registry = builder().build().unwrap();
    for (id, secret) in [(None, None), (Some(""), None), (None, Some("secret"))] {
        let found = authenticate(&registry, &HeaderMap::new(), id, secret).await;
        assert_refused(&found, 400, "invalid_client", false);
    }
    for header in ["", "Basic", "Basic !", "Bearer token", "DPoP token"] {
        let found = authenticate(&registry, &with_header(header), None, None).await;
        assert_refused(&found, 401, "invalid_client", true);
    }
}

/// RFC 6749 section 2.3: a client uses one method in each request.
#[tokio::test]
async fn request_that_authenticates_twice_is_invalid() {
    let registry = builder().build().unwrap();
    let client = client(&registry, &metadata()).await;
    let (id, secret) = (text(&client["client_id"]), text(&client["client_secret"]));
    let headers = basic(id, secret);
    let twice = authenticate(&registry, &headers, Some(id), Some(secret)).await;
    assert_refused(&twice, 400, "invalid_request", false);
    let other = authenticate(&registry, &headers, Some("other"), None).await;
    assert_refused(&other, 400, "invalid_request", false);
    let mut two = headers.clone();
    two.append(AUTHORIZATION, headers[AUTHORIZATION].clone());
    let two = authenticate(&registry, &two, None, None).await;
    assert_refused(&two, 400, "invalid_request", false);
}

#[tokio::test]
async fn secret_counts_in_its_grace_period_and_not_after_its_end() {
    let time = Time::new();
    let builder = builder()
        .clock(time.clock())
        .secret_lifetime(Duration::from_secs(10 * DAY))
        .secret_grace_period(Duration::from_secs(HOUR));
    for (registry, _directory) in in_both_homes(&builder) {
        let client = client(&registry, &metadata()).await;
        let id = text(&client["client_id"]);
        let first = text(&client["client_secret"]);
        let secrets = async || {
            let found = registry.client(id).await.unwrap().unwrap();
            let secrets: Vec<_> = found.valid_client_secrets().map(str::to_owned).collect();
            for secret in &secrets {
                let found = authenticate(&registry, &basic(id, secret), None, None).await;
                assert_eq!(found.unwrap(), id);
            }
            secrets
        };
        assert_eq!(secrets().await, [first]);

        time.pass(9 * DAY);
        let renewed = read(&registry, &client).await.json();
        let second = text(&renewed["client_secret"]);
        assert_eq!(secrets().await, [second, first]);

        time.pass(HOUR);
        assert_eq!(secrets().await, [second]);
        let found = authenticate(&registry, &basic(id, first), None, None).await;
        assert_refused(&found, 401, "invalid_client", true);

        time.pass(10 * DAY);
        assert!(secrets().await.is_empty());
        let found = authenticate(&registry, &basic(id, second), None, None).await;
        assert_refused(&found, 401, "invalid_client", true);
    }
}

#[tokio::test]
async fn authentication_is_no_use() {
    let registry = builder().build().unwrap();
    let client = client_with(&registry, "none").await;
    let id = text(&client["client_id"]);
    let found = registry
        .authenticate(&HeaderMap::new(), Some(id), None)
        .await;
    assert_eq!(found.unwrap().last_used(), None);
    let found = registry.client(id).await.unwrap().unwrap();
    assert_eq!(found.last_used(), None);
}

/// axum takes the error response as it is.
#[tokio::test]
async fn token_endpoint_of_axum_answers_with_the_error() {
    use tower::ServiceExt as _;

    async fn token(
        State(registry): State<Registry>,
        headers: HeaderMap,
        Form(form): Form<BTreeMap<String, String>>,
    ) -> Result<String, Response<String>> {
        let parameter = |name| form.get(name).map(String::as_str);
        let client = registry
            .authenticate(&headers, parameter("client_id"), parameter("client_secret"))
            .await
            .map_err(|error| error.to_response())?;
        Ok(client.client_id().to_owned())
    }

    let registry = builder().build().unwrap();
    let public = client_with(&registry, "none").await;
    let id = text(&public["client_id"]);
    let app = Router::new()
        .route("/token", axum::routing::post(token))
        .with_state(registry);
    let send = async |body: String| {
        let request = http::Request::post("/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(axum::body::Body::from(body))
            .unwrap();
        TestResponse::read(app.clone().oneshot(request).await.unwrap()).await
    };
    let answer = send(format!("client_id={id}")).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body[..]),
        (200, id.as_bytes())
    );
    let answer = send(format!("client_id={id}&client_secret=x")).await;
    answer.assert_error(400, "invalid_client");
}

#[tokio::test]
async fn errors_contain_no_credentials() {
    let registry = builder().build().unwrap();
    let errors: [ClientAuthenticationError; 2] = [
        registry
            .authenticate(&basic("sentinel", "sentinel"), None, None)
            .await
            .unwrap_err(),
        registry
            .authenticate(
                &basic("sentinel", "sentinel"),
                Some("sentinel"),
                Some("sentinel"),
            )
            .await
            .unwrap_err(),
    ];
    assert!(errors[0].is_invalid_client() && errors[1].is_invalid_request());
    for error in errors {
        let text = format!("{error} {error:?} {:?}", error.to_response());
        assert!(!text.contains("sentinel"), "{text}");
    }
}
