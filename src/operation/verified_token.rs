use http::Extensions;

/// Notes in the extensions of a request that a verifier accepted its initial access token, and what
/// the verifier attached. The token itself may be removed from the operation.
#[derive(Clone)]
pub(crate) struct VerifiedToken(pub(crate) Extensions);
