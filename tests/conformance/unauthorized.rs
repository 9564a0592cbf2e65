//! The answer is the same for an unknown client, a wrong token and another client's token.

use serde_json::json;

use super::*;

const CHALLENGE: &str = r#"Bearer realm="client registration", error="invalid_token""#;

#[tokio::test]
async fn unknown_client_wrong_token_and_other_token_return_the_same_401() {
    let registry = registry().await;
    let client = registry.client(&with(json!({}))).await;
    let other = registry.client(&with(json!({}))).await;
    let gone = registry.client(&with(json!({}))).await;
    gone.delete().await;

    let (token, other_token) = (client.token(), other.token());
    let almost = format!("{}x", &token[..token.len() - 1]);
    let path = client.path();
    let cases = [
        (path.clone(), "wrong".to_owned()),
        (path.clone(), almost),
        (path.clone(), format!("{token}=")),
        (path.clone(), other_token.to_owned()),
        (
            path.clone(),
            client.information["client_secret"]
                .as_str()
                .unwrap()
                .to_owned(),
        ),
        ("/register/nobody".to_owned(), token.to_owned()),
        ("/register/nobody".to_owned(), "wrong".to_owned()),
        (gone.path(), gone.token().to_owned()),
        (other.path(), token.to_owned()),
        (
            path.to_uppercase().replace("REGISTER", "register"),
            token.to_owned(),
        ),
    ];
    let mut answers = Vec::new();
    for method in ["GET", "PUT", "DELETE"] {
        for (path, token) in &cases {
            // The token is checked first, before invalid metadata and another client's metadata.
            for body in [
                json!({}),
                json!({"redirect_uris": 1}),
                client.information.clone(),
            ] {
                let answer = registry
                    .send(configuration_request(method, path, token, body.to_string()))
                    .await;
                answer.assert_error(401, "invalid_token");
                assert_eq!(answer.header("www-authenticate"), Some(CHALLENGE));
                answers.push((answer.headers, answer.body));
            }
        }
    }
    assert_eq!(answers.len(), 3 * 10 * 3);
    assert!(answers.iter().all(|answer| *answer == answers[0]));

    // The two existing clients have not changed.
    assert_eq!(client.read().await.json(), client.information);
    assert_eq!(other.read().await.json(), other.information);
}
