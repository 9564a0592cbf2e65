//! A list of tokens, for a few clients that are known.

use std::convert::Infallible;
use std::fmt;

use http::request::Parts;
use subtle::ConstantTimeEq as _;

use super::TokenVerifier;
use crate::{BearerToken, InvalidToken};

/// Initial access tokens that are all good, and none besides. Each comparison is in constant time for its length, and all
/// are made.
///
/// `Debug` shows how many there are.
///
/// ```
/// use tower_dcr::{BoxError, DcrLayer, Reply, TokenList, backend_fn};
///
/// # let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::forbidden()) });
/// let layer = DcrLayer::builder(backend)
///     .initial_access_token(TokenList::new(["eyJhbGciOiJSUzI1NiJ9", "an-other-one"])?)
///     .build()?;
/// # let _ = layer;
/// # Ok::<(), BoxError>(())
/// ```
#[derive(Clone)]
pub struct TokenList(Vec<BearerToken>);

impl TokenList {
    /// These tokens. An empty list refuses everybody.
    ///
    /// # Errors
    ///
    /// [`InvalidToken`] where one of them could not be sent as a bearer token.
    pub fn new<T: Into<String>>(tokens: impl IntoIterator<Item = T>) -> Result<Self, InvalidToken> {
        let tokens = tokens.into_iter().map(BearerToken::new);
        Ok(Self(tokens.collect::<Result<_, _>>()?))
    }
}

impl TokenVerifier for TokenList {
    type Error = Infallible;

    async fn verify(&self, token: &BearerToken, _: &Parts) -> Result<bool, Infallible> {
        let presented = token.as_str().as_bytes();
        let tokens = self.0.iter().map(BearerToken::as_str).map(str::as_bytes);
        Ok(tokens.fold(false, |found, token| {
            bool::from(token.ct_eq(presented)) | found
        }))
    }
}

impl fmt::Debug for TokenList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenList({} tokens)", self.0.len())
    }
}
