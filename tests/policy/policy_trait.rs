//! Policies that are types of the application.

use std::sync::Arc;

use serde_json::json;
use tower_dcr::ErrorCode;
use tower_dcr::policy::{Policy, Proposal, Rejection};

use super::{assert_passes, assert_refused, stack};

struct ApprovedSoftware {
    ids: tokio::sync::RwLock<Vec<String>>,
}

impl Policy for ApprovedSoftware {
    async fn check(&self, proposal: &mut Proposal) -> Result<(), Rejection> {
        let ids = self.ids.read().await;
        let id = proposal.get("software_id");
        if id.is_some_and(|id| ids.iter().any(|known| id == **known)) {
            Ok(())
        } else {
            Err(Rejection::new(ErrorCode::AccessDenied, "Not approved."))
        }
    }
}

#[tokio::test]
async fn policy_of_the_application_is_shared_and_changed() {
    let approved = Arc::new(ApprovedSoftware {
        ids: vec!["editor".to_owned()].into(),
    });
    let policies = stack(Arc::clone(&approved));
    let other = json!({"software_id": "other"});
    assert_passes(&policies, &json!({"software_id": "editor"})).await;
    assert_refused(&policies, &other, 403, "access_denied").await;
    approved.ids.write().await.push("other".to_owned());
    assert_passes(&policies, &other).await;
}
