//! A client that does not exist, a wrong token, and the token of another client: one and the same answer.

use serde_json::json;

use super::*;

const CHALLENGE: &str = r#"Bearer realm="client registration", error="invalid_token""#;

#[tokio::test]
async fn one_and_the_same_answer() {
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
            // Also with metadata that would be refused, and with another client's: the token comes first.
            for body in [
                json!({}),
                json!({"redirect_uris": 1}),
                client.information.clone(),
            ] {
                let answer = registry
                    .ask(configure(method, path, token, body.to_string()))
                    .await;
                answer.assert_error(401, "invalid_token");
                assert_eq!(answer.header("www-authenticate"), Some(CHALLENGE));
                answers.push((answer.headers, answer.body));
            }
        }
    }
    assert_eq!(answers.len(), 3 * 10 * 3);
    assert!(answers.iter().all(|answer| *answer == answers[0]));

    // Nothing happened to the two that are there.
    assert_eq!(client.read().await.json(), client.information);
    assert_eq!(other.read().await.json(), other.information);
}
