//! Metadata that cannot be parsed. The layer rules it out, but a registry must not take it for
//! metadata without members.

use crate::reply::{ErrorCode, Reply};

/// Returns a 500 with the cause for the log.
pub(super) fn unreadable_metadata() -> Reply {
    Reply::refuse(ErrorCode::ServerError, "The registration service failed.")
        .with_cause("the client metadata cannot be parsed")
}

#[cfg(test)]
mod tests {
    use crate::backend::Backend;
    use crate::metadata::ClientMetadata;
    use crate::operation::{Register, Update};
    use crate::registry::Registry;
    use crate::reply::ErrorCode;
    use crate::token::BearerToken;

    #[tokio::test]
    async fn unreadable_metadata_returns_500() {
        let registry = Registry::in_memory("https://as.example.com/register").unwrap();
        for text in ["{", "[]", r#"{"scope":}"#, ""] {
            let metadata = || ClientMetadata::unchecked(text.into());
            let token = BearerToken::new("token").unwrap();
            for operation in [
                Register::new(metadata()).into(),
                Update::new("1", token, metadata()).into(),
            ] {
                let reply = registry.execute(operation).await.unwrap();
                assert_eq!(reply.error(), Some(ErrorCode::ServerError), "{text}");
            }
        }
    }
}
