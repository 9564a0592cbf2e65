use std::future::Future;
use std::sync::Arc;

use http::request::Parts;

use super::Backend;
use crate::BoxError;

/// Chooses the backend of each request, such as one for each tenant. Set it with
/// [`DcrLayer::select_backend`](crate::DcrLayer::select_backend).
///
/// A closure that receives the request's [`Parts`] and returns a future is a selector. Its future
/// cannot borrow: see the note on [closures](crate#closures).
///
/// The backend must be cheap to clone. For backends of several types, choose
/// [`SharedBackend`](super::SharedBackend).
///
/// # Unknown tenants
///
/// A selector returns `None` for a tenant that it does not know. The response then does not depend
/// on the name of the tenant (OpenID Connect registration section 4.4):
///
/// | path | response |
/// |---|---|
/// | registration | 404 `invalid_request` |
/// | configuration | 401 `invalid_token`, as for an unknown client |
///
/// The selector is called before the credentials are checked, and before the body is read.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot select a backend",
    note = "for a closure: it takes `parts: &Parts` and returns a future of `Result<Option<B>, \
            Error>` that does not borrow; clone what the future needs, and end with `async move \
            {{ .. }}`"
)]
pub trait BackendSelector: Send + Sync + 'static {
    /// The backend of a tenant.
    type Backend: Backend + Clone;

    /// The error of a selector that cannot decide. The client receives 500 or 503, as for
    /// a [backend error](crate::Backend#errors).
    type Error: Into<BoxError>;

    /// Returns the backend for a request, or `None` if the tenant is unknown. If the path has named
    /// segments, [`PathParams::of`](crate::operation::PathParams::of) returns their values.
    ///
    /// # Errors
    ///
    /// An error if the selector cannot decide.
    fn select(
        &self,
        parts: &Parts,
    ) -> impl Future<Output = Result<Option<Self::Backend>, Self::Error>> + Send;
}

impl<F, Fut, B, E> BackendSelector for F
where
    F: Fn(&Parts) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<B>, E>> + Send,
    B: Backend + Clone,
    E: Into<BoxError>,
{
    type Backend = B;
    type Error = E;

    fn select(&self, parts: &Parts) -> impl Future<Output = Result<Option<B>, E>> + Send {
        self(parts)
    }
}

impl<S: BackendSelector> BackendSelector for Arc<S> {
    type Backend = S::Backend;
    type Error = S::Error;

    fn select(
        &self,
        parts: &Parts,
    ) -> impl Future<Output = Result<Option<S::Backend>, S::Error>> + Send {
        S::select(self, parts)
    }
}
