//! Who may register: the judge of initial access tokens (RFC 7591 section 3).

#[cfg(feature = "policy")]
mod token_list;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::request::Parts;

#[cfg(feature = "policy")]
#[cfg_attr(docsrs, doc(cfg(feature = "policy")))]
pub use self::token_list::TokenList;
use crate::{BearerToken, BoxError};

/// Says whether an initial access token is good (RFC 7591 section 3), for
/// [`DcrBuilder::initial_access_token`](crate::DcrBuilder::initial_access_token).
///
/// A closure is one that takes the token and the head of the request, and gives a future; the future does not borrow from
/// the head, so what it needs of it is cloned first. With feature `policy`, [`TokenList`](crate::TokenList) is one, too.
///
/// ```
/// use http::request::Parts;
/// use tower_dcr::{BearerToken, BoxError, DcrLayer, Reply, backend_fn};
///
/// # async fn introspect(_: &BearerToken, _: Option<&str>) -> Result<bool, BoxError> { Ok(true) }
/// # let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::forbidden()) });
/// let layer = DcrLayer::builder(backend)
///     .initial_access_token(|token: BearerToken, parts: &Parts| {
///         let tenant = parts.uri.host().map(str::to_owned);
///         async move { introspect(&token, tenant.as_deref()).await }
///     })
///     .build()?;
/// # let _ = layer;
/// # Ok::<(), tower_dcr::ConfigError>(())
/// ```
pub trait TokenVerifier: Send + Sync + 'static {
    /// Why it cannot say. The client is answered as if the backend had failed: 500, or 503 with
    /// [`Unavailable`](crate::Unavailable) in it.
    type Error: Into<BoxError>;

    /// Whether the token is good. The head of the request is as it came, with its `Authorization`.
    fn verify(
        &self,
        token: &BearerToken,
        parts: &Parts,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;
}

impl<F, Verdict, E> TokenVerifier for F
where
    F: Fn(BearerToken, &Parts) -> Verdict + Send + Sync + 'static,
    Verdict: Future<Output = Result<bool, E>> + Send,
    E: Into<BoxError>,
{
    type Error = E;

    fn verify(
        &self,
        token: &BearerToken,
        parts: &Parts,
    ) -> impl Future<Output = Result<bool, E>> + Send {
        self(token.clone(), parts)
    }
}

type Verdict<'v> = Pin<Box<dyn Future<Output = Result<bool, BoxError>> + Send + 'v>>;

/// A verifier whose type nobody needs to know.
#[derive(Clone)]
pub(crate) struct Verifier(Arc<dyn ErasedVerifier>);

impl Verifier {
    pub(crate) fn new(verifier: impl TokenVerifier) -> Self {
        Self(Arc::new(verifier))
    }

    pub(crate) fn verify<'v>(&'v self, token: &'v BearerToken, parts: &'v Parts) -> Verdict<'v> {
        self.0.verify(token, parts)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(..)")
    }
}

trait ErasedVerifier: Send + Sync {
    fn verify<'v>(&'v self, token: &'v BearerToken, parts: &'v Parts) -> Verdict<'v>;
}

impl<V: TokenVerifier> ErasedVerifier for V {
    fn verify<'v>(&'v self, token: &'v BearerToken, parts: &'v Parts) -> Verdict<'v> {
        let verdict = TokenVerifier::verify(self, token, parts);
        Box::pin(async move { verdict.await.map_err(Into::into) })
    }
}
