//! The two ways in which metadata gets into a registry: registration and update.

use serde_json::{Value, json};

use super::*;

/// Both ways in which metadata gets into the registry.
pub(crate) async fn both(metadata: &Value) -> [Answer; 2] {
    let registry = registry().await;
    let registered = registry.register(metadata).await;
    let client = registry.client(&with(json!({}))).await;
    [registered, client.update(metadata).await]
}

#[track_caller]
pub(crate) fn assert_kept(answers: &[Answer; 2], expected: &Value) {
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

#[track_caller]
pub(crate) fn assert_refused(answers: &[Answer; 2], error: &str) {
    for answer in answers {
        answer.assert_error(400, error);
    }
}
