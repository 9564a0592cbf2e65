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
/// A closure that takes the token and the head of the request, and gives a future, is one. The future borrows nothing: what
/// it needs of the head, and of what the closure holds, is cloned first. (An `async` closure borrows, and is none.) With
/// feature `policy`, [`TokenList`](crate::TokenList) is one, too.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Arc;
///
/// use http::request::Parts;
/// use tower_dcr::{BearerToken, BoxError, DcrLayer, Reply, backend_fn};
///
/// # let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::forbidden()) });
/// # async fn is_good(_: &HashMap<String, u64>, _: &BearerToken, _: Option<&str>) -> bool { true }
/// let known: Arc<HashMap<String, u64>> = Arc::default();
/// let layer = DcrLayer::builder(backend)
///     .initial_access_token(move |token: BearerToken, parts: &Parts| {
///         let tenant = parts.uri.host().map(str::to_owned);
///         let known = Arc::clone(&known);
///         async move { Ok::<_, BoxError>(is_good(&known, &token, tenant.as_deref()).await) }
///     })
///     .build()?;
/// # let _ = layer;
/// # Ok::<(), tower_dcr::ConfigError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot verify an initial access token",
    note = "a closure takes `token: BearerToken, parts: &Parts`, and gives a future that borrows nothing: clone first what \
            it needs, and end it with `async move`"
)]
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

impl<V: TokenVerifier> TokenVerifier for Arc<V> {
    type Error = V::Error;

    fn verify(
        &self,
        token: &BearerToken,
        parts: &Parts,
    ) -> impl Future<Output = Result<bool, V::Error>> + Send {
        TokenVerifier::verify(&**self, token, parts)
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
