use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::backend::Backend;
use crate::operation::Operation;
use crate::reply::{Action, Reply};

/// Drops `client_secret` and `client_secret_expires_at` from the answer to a client whose `token_endpoint_auth_method` is
/// `none`.
///
/// Authlete gives every client a secret. A public client that is handed one may believe that it is confidential (RFC 7591
/// section 2), and some then refuse to go on.
///
/// ```
/// use tower_dcr::policy::HideUnusedSecret;
/// use tower_dcr::{BoxError, DcrLayer, Reply, backend_fn};
///
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::refuse(ErrorCode::AccessDenied, "This is not allowed.")) });
/// let layer = DcrLayer::new(HideUnusedSecret::new(backend));
/// # let _ = layer;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct HideUnusedSecret<B> {
    backend: B,
}

impl<B: Backend> HideUnusedSecret<B> {
    /// Around this backend.
    pub fn new(backend: B) -> Self {
        Self { backend }
    }
}

impl<B: Backend> Backend for HideUnusedSecret<B> {
    type Error = B::Error;

    async fn execute(&self, operation: Operation) -> Result<Reply, B::Error> {
        let reply = self.backend.execute(operation).await?;
        let tells_of_a_client = matches!(
            reply.action(),
            Action::Created | Action::Ok | Action::Updated
        );
        let hidden = reply
            .content()
            .filter(|_| tells_of_a_client)
            .and_then(|content| without_unused_secret(content));
        Ok(match hidden {
            Some(content) => reply.with_content(content),
            None => reply,
        })
    }
}

/// The content without the secret, where it has one that is not used. All other values stay as they were written.
fn without_unused_secret(content: &[u8]) -> Option<String> {
    let mut members: BTreeMap<String, &RawValue> = serde_json::from_slice(content).ok()?;
    let method: String =
        serde_json::from_str(members.get("token_endpoint_auth_method")?.get()).ok()?;
    let secret = members.remove("client_secret");
    let expiry = members.remove("client_secret_expires_at");
    if method != "none" || (secret.is_none() && expiry.is_none()) {
        return None;
    }
    serde_json::to_string(&members).ok()
}
