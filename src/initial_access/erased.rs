use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::request::Parts;

use super::{TokenVerifier, Verdict};
use crate::BoxError;
use crate::token::BearerToken;

type VerifyFuture<'v> = Pin<Box<dyn Future<Output = Result<Verdict, BoxError>> + Send + 'v>>;

/// A [`TokenVerifier`] whose type is erased, so that the layer's type does not name it.
#[derive(Clone)]
pub(crate) struct ErasedVerifier(Arc<dyn VerifyBoxed>);

impl ErasedVerifier {
    pub(crate) fn new(verifier: impl TokenVerifier) -> Self {
        Self(Arc::new(verifier))
    }

    pub(crate) fn verify<'v>(
        &'v self,
        token: &'v BearerToken,
        parts: &'v Parts,
    ) -> VerifyFuture<'v> {
        self.0.verify_boxed(token, parts)
    }
}

impl fmt::Debug for ErasedVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenVerifier(..)")
    }
}

/// [`TokenVerifier`] as a trait that allows trait objects.
trait VerifyBoxed: Send + Sync {
    fn verify_boxed<'v>(&'v self, token: &'v BearerToken, parts: &'v Parts) -> VerifyFuture<'v>;
}

impl<V: TokenVerifier> VerifyBoxed for V {
    fn verify_boxed<'v>(&'v self, token: &'v BearerToken, parts: &'v Parts) -> VerifyFuture<'v> {
        let verdict = self.verify(token, parts);
        Box::pin(async move { verdict.await.map_err(Into::into) })
    }
}
