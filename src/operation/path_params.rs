use std::fmt;
use std::sync::Arc;

use http::request::Parts;

/// The values of the named segments in the path of a request, such as `{tenant}` in
/// [`registration_path("/t/{tenant}/register")`](crate::DcrBuilder::registration_path).
///
/// They are in the extensions of the request, if its path has named segments. The rules for a value
/// are those for a `client_id` in a path: it is printable ASCII, neither `.` nor `..`, and at most
/// 2,048 bytes long after decoding.
///
/// A backend or a policy can use [`Operation::path_param`](crate::Operation::path_param). A
/// verifier or a selector reads the values from the request's [`Parts`]:
///
/// ```
/// use http::Request;
/// use http::request::Parts;
/// use tower::ServiceExt;
/// use tower_dcr::operation::PathParams;
/// use tower_dcr::{BearerToken, BoxError, DcrLayer, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
/// let endpoint = DcrLayer::builder(backend)
///     .registration_path("/t/{tenant}/register")
///     .require_initial_access_token(|token: BearerToken, parts: &Parts| {
///         let tenant = PathParams::of(parts).get("tenant").map(str::to_owned);
///         async move {
///             // In this example, the token of each tenant is its name.
///             Ok::<_, BoxError>(tenant.as_deref() == Some(token.as_str()))
///         }
///     })
///     .build_endpoint()?;
///
/// let request = Request::post("/t/blue/register")
///     .header("authorization", "Bearer blue")
///     .header("content-type", "application/json")
///     .body(String::from("{}"))?;
/// assert_eq!(endpoint.oneshot(request).await?.status(), 201);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct PathParams(Arc<[(Arc<str>, Box<str>)]>);

impl PathParams {
    /// Returns the parameters of a request. There are none if its path has no named segment.
    #[must_use]
    pub fn of(parts: &Parts) -> Self {
        parts.extensions.get().cloned().unwrap_or_default()
    }

    /// Returns whether there are no parameters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the decoded value of the segment with this name, or `None` if there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find_map(|(known, value)| (&**known == name).then_some(&**value))
    }

    /// Returns the names and values, in the order of the path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

/// Makes parameters by hand, for tests of a backend, a verifier or a selector. Insert them into the
/// extensions of [`Parts`].
impl<N: Into<Arc<str>>, V: Into<Box<str>>> FromIterator<(N, V)> for PathParams {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(params: I) -> Self {
        let params = params.into_iter();
        Self(
            params
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

impl fmt::Debug for PathParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
