use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};

use super::{TokenVerifier, Verdict};
use crate::token::{BearerToken, InvalidBearerToken};

/// A fixed set of valid initial access tokens.
///
/// A token is compared with every token of the list. The comparison time depends only on the
/// lengths. `Debug` shows only how many tokens there are.
///
/// ```
/// use http::Request;
/// use tower::ServiceExt;
/// use tower_dcr::initial_access::TokenList;
/// use tower_dcr::{BoxError, DcrLayer, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
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
pub struct TokenList(Vec<(BearerToken, Option<TokenLabel>)>);

impl TokenList {
    /// Creates a list of these tokens. An empty list refuses every token.
    ///
    /// # Errors
    ///
    /// [`InvalidBearerToken`] if one of them is not a `b64token` (RFC 6750 section 2.1).
    pub fn new<T: Into<String>>(
        tokens: impl IntoIterator<Item = T>,
    ) -> Result<Self, InvalidBearerToken> {
        let tokens = tokens
            .into_iter()
            .map(|token| Ok((BearerToken::new(token)?, None)));
        Ok(Self(tokens.collect::<Result<_, _>>()?))
    }

    /// Creates a list of pairs of a label and a token. If a token is accepted, policies, the
    /// backend and the [`Outcome`](crate::Outcome) receive its [`TokenLabel`].
    ///
    /// ```
    /// use http::Request;
    /// use tower::ServiceExt;
    /// use tower_dcr::initial_access::{TokenLabel, TokenList};
    /// use tower_dcr::{BoxError, DcrLayer, Outcome, Reply, backend_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
    /// let tokens = TokenList::labeled([("ci", "token-of-ci"), ("alice", "token-of-alice")])?;
    /// let endpoint =
    ///     DcrLayer::builder(backend).require_initial_access_token(tokens).build_endpoint()?;
    ///
    /// let request = Request::post("/register")
    ///     .header("authorization", "Bearer token-of-alice")
    ///     .header("content-type", "application/json")
    ///     .body(String::from("{}"))?;
    /// let response = endpoint.oneshot(request).await?;
    /// let outcome = response.extensions().get::<Outcome>().unwrap();
    /// let label = outcome.extensions().get::<TokenLabel>().unwrap();
    /// assert_eq!(label.as_str(), "alice");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidBearerToken`] if one of the tokens is not a `b64token` (RFC 6750 section 2.1).
    pub fn labeled<L: Into<String>, T: Into<String>>(
        tokens: impl IntoIterator<Item = (L, T)>,
    ) -> Result<Self, InvalidBearerToken> {
        let tokens = tokens.into_iter().map(|(label, token)| {
            let label = TokenLabel(Arc::from(label.into()));
            Ok((BearerToken::new(token)?, Some(label)))
        });
        Ok(Self(tokens.collect::<Result<_, _>>()?))
    }

    /// Returns the position of a token. It compares the token with every token of the list, without
    /// a branch on the result, so that the duration does not reveal the position.
    fn position(&self, token: &BearerToken) -> Option<usize> {
        let sent = token.as_str().as_bytes();
        let mut position = 0_u64;
        let mut is_found = Choice::from(0);
        for (index, (known, _)) in (0_u64..).zip(&self.0) {
            let is_equal = known.as_str().as_bytes().ct_eq(sent);
            position.conditional_assign(&index, is_equal);
            is_found |= is_equal;
        }
        bool::from(is_found)
            .then(|| usize::try_from(position).ok())
            .flatten()
    }
}

impl TokenVerifier for TokenList {
    type Error = Infallible;

    async fn verify(&self, token: &BearerToken, _: &Parts) -> Result<Verdict, Infallible> {
        let found = self
            .position(token)
            .and_then(|position| self.0.get(position));
        Ok(match found {
            None => Verdict::Refused,
            Some((_, None)) => Verdict::accepted(),
            Some((_, Some(label))) => Verdict::accepted().with(label.clone()),
        })
    }
}

impl fmt::Debug for TokenList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenList({} tokens)", self.0.len())
    }
}

/// The label of a token in a [`TokenList`]. If the token is accepted, the label is in the
/// extensions of the operation and of the [`Outcome`](crate::Outcome).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenLabel(Arc<str>);

impl TokenLabel {
    /// Creates a label by hand, for tests of a policy or a backend, or for a verifier of your own.
    #[must_use]
    pub fn new(label: impl Into<Arc<str>>) -> Self {
        Self(label.into())
    }

    /// Returns the text of the label.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
