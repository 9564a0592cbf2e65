//! How many redirect URIs `MaxRedirectUris` allows.

use serde_json::{Value, json};
use tower_dcr::policy::MaxRedirectUris;

use super::{assert_described, assert_passes, assert_refused, stack};

fn uris(uris: &[&str]) -> Value {
    json!({"redirect_uris": uris})
}

#[tokio::test]
async fn more_redirect_uris_than_the_limit_are_refused() {
    let policy = stack(MaxRedirectUris::new(2));
    let uri = "https://app.example.com/cb";
    for taken in [&[][..], &[uri], &[uri, uri]] {
        assert_passes(&policy, &uris(taken)).await;
    }
    assert_described(
        &policy,
        &uris(&[uri, uri, uri]),
        "invalid_redirect_uri",
        "There are more than 2 redirect_uris.",
    )
    .await;
    let wrong = json!({"redirect_uris": {"0": uri, "1": uri, "2": uri}});
    assert_refused(&policy, &wrong, 400, "invalid_redirect_uri").await;
    assert_passes(&policy, &json!({})).await;
}
