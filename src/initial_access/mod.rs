//! Verifiers of initial access tokens (RFC 7591 section 3): they decide who may register.

mod erased;
mod token_list;
mod verdict;

use std::future::Future;
use std::sync::Arc;

use http::request::Parts;

pub(crate) use self::erased::ErasedVerifier;
pub use self::token_list::{TokenLabel, TokenList};
pub use self::verdict::Verdict;
use crate::BoxError;
use crate::token::BearerToken;

/// Decides whether an initial access token is valid (RFC 7591 section 3). Set it with
/// [`DcrBuilder::require_initial_access_token`](crate::DcrBuilder::require_initial_access_token).
///
/// These are verifiers:
///
/// - A closure that receives the token and the request's [`Parts`], and returns a future of a
///   [`Verdict`] or a `bool`.
/// - A type of your own.
/// - A [`TokenList`], for a fixed set of tokens.
///
/// The future of a closure cannot borrow: see the note on [closures](crate#closures).
///
/// If you look tokens up in a map or a database, look up a hash of the token, such as SHA-256. The
/// duration of a look-up of the token itself may reveal how much of it is right. For brevity, the
/// example does not hash the token.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Arc;
/// use std::time::SystemTime;
///
/// use http::Request;
/// use http::request::Parts;
/// use tower::ServiceExt;
/// use tower_dcr::{BearerToken, BoxError, DcrLayer, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
/// let expiry = Arc::new(HashMap::from([("secret".to_owned(), SystemTime::now())]));
/// let endpoint = DcrLayer::builder(backend)
///     .require_initial_access_token(move |token: BearerToken, _: &Parts| {
///         let expiry = Arc::clone(&expiry);
///         async move {
///             let valid_until = expiry.get(token.as_str());
///             Ok::<_, BoxError>(valid_until.is_some_and(|until| SystemTime::now() < *until))
///         }
///     })
///     .build_endpoint()?;
///
/// let request = Request::post("/register")
///     .header("authorization", "Bearer secret")
///     .header("content-type", "application/json")
///     .body(String::from("{}"))?;
/// let response = endpoint.oneshot(request).await?;
/// assert_eq!(response.status(), 401); // The token has expired.
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot verify an initial access token",
    note = "for a closure: it takes `token: BearerToken, parts: &Parts` and returns a future that \
            does not borrow; clone what the future needs, and end with `async move {{ .. }}`"
)]
pub trait TokenVerifier: Send + Sync + 'static {
    /// The error of a verifier that cannot decide. The client receives 500 or 503, as for
    /// a [backend error](crate::Backend#errors).
    type Error: Into<BoxError>;

    /// Decides about a token. The parts still contain the `Authorization` header. If the path has
    /// named segments, [`PathParams::of`](crate::operation::PathParams::of) returns their values.
    ///
    /// # Errors
    ///
    /// An error if the verifier cannot decide.
    fn verify(
        &self,
        token: &BearerToken,
        parts: &Parts,
    ) -> impl Future<Output = Result<Verdict, Self::Error>> + Send;
}

impl<F, Fut, V, E> TokenVerifier for F
where
    F: Fn(BearerToken, &Parts) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<V, E>> + Send,
    V: Into<Verdict>,
    E: Into<BoxError>,
{
    type Error = E;

    fn verify(
        &self,
        token: &BearerToken,
        parts: &Parts,
    ) -> impl Future<Output = Result<Verdict, E>> + Send {
        let verdict = self(token.clone(), parts);
        async move { verdict.await.map(Into::into) }
    }
}

impl<V: TokenVerifier> TokenVerifier for Arc<V> {
    type Error = V::Error;

    fn verify(
        &self,
        token: &BearerToken,
        parts: &Parts,
    ) -> impl Future<Output = Result<Verdict, V::Error>> + Send {
        TokenVerifier::verify(&**self, token, parts)
    }
}
