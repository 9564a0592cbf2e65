use std::convert::Infallible;
use std::fmt;

use http::request::Parts;
use subtle::ConstantTimeEq as _;

use super::TokenVerifier;
use crate::token::{BearerToken, InvalidBearerToken};

/// A fixed set of valid initial access tokens.
///
/// A token is compared with every token of the list, each time in constant time for its length.
/// `Debug` shows how many tokens there are.
///
/// ```
/// use http::Request;
/// use tower::ServiceExt;
/// use tower_dcr::initial_access::TokenList;
/// use tower_dcr::{BoxError, DcrLayer, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// # let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
/// let tokens = TokenList::new(["eyJhbGciOiJSUzI1NiJ9", "another-token"])?;
/// let endpoint =
///     DcrLayer::builder(backend).require_initial_access_token(tokens).build_endpoint()?;
///
/// let request = Request::post("/register")
///     .header("authorization", "Bearer another-token")
///     .header("content-type", "application/json")
///     .body(String::from("{}"))?;
/// assert_eq!(endpoint.oneshot(request).await?.status(), 201);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TokenList(Vec<BearerToken>);

impl TokenList {
    /// Creates a list of these tokens. An empty list refuses every token.
    ///
    /// # Errors
    ///
    /// [`InvalidBearerToken`] if one of them is not a `b64token` (RFC 6750 section 2.1).
    pub fn new<T: Into<String>>(
        tokens: impl IntoIterator<Item = T>,
    ) -> Result<Self, InvalidBearerToken> {
        let tokens = tokens.into_iter().map(BearerToken::new);
        Ok(Self(tokens.collect::<Result<_, _>>()?))
    }
}

impl TokenVerifier for TokenList {
    type Error = Infallible;

    async fn verify(&self, token: &BearerToken, _: &Parts) -> Result<bool, Infallible> {
        let sent = token.as_str().as_bytes();
        let tokens = self.0.iter().map(|token| token.as_str().as_bytes());
        Ok(tokens.fold(false, |found, token| bool::from(token.ct_eq(sent)) | found))
    }
}

impl fmt::Debug for TokenList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenList({} tokens)", self.0.len())
    }
}
