//! The two ways in which metadata reaches a registry: registration and update.

use serde_json::{Value, json};

use super::*;

/// Registers a client with this metadata, and updates another client to it. Returns both answers.
pub(crate) async fn register_and_update(metadata: &Value) -> [TestResponse; 2] {
    let registry = registry().await;
    let registered = registry.register(metadata).await;
    let client = registry.client(&with(json!({}))).await;
    [registered, client.update(metadata).await]
}

/// Asserts that both succeeded, and that both answers contain these members.
#[track_caller]
pub(crate) fn assert_kept(answers: &[TestResponse; 2], expected: &Value) {
    assert_eq!(
        answers.each_ref().map(|answer| answer.status.as_u16()),
        [201, 200],
        "{answers:?}"
    );
    for answer in answers {
        for (name, value) in expected.as_object().unwrap() {
            let kept = answer.json().get(name).cloned().unwrap_or_default();
            assert_eq!(kept, *value, "{name}");
        }
    }
}

/// Asserts that both were refused with this error.
#[track_caller]
pub(crate) fn assert_refused(answers: &[TestResponse; 2], error: &str) {
    for answer in answers {
        answer.assert_error(400, error);
    }
}
