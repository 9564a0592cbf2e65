use std::fmt;

use http::Extensions;

/// The decision of a [`TokenVerifier`](super::TokenVerifier) about an initial access token.
///
/// `true` converts to an accepted verdict, and `false` to a refused one.
///
/// ```
/// use http::Request;
/// use http::request::Parts;
/// use tower::ServiceExt;
/// use tower_dcr::initial_access::Verdict;
/// use tower_dcr::{BearerToken, BoxError, DcrLayer, Operation, Outcome, Reply, backend_fn};
///
/// /// Who the token was issued to.
/// #[derive(Clone, Debug, PartialEq)]
/// struct Owner(String);
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let backend = backend_fn(|operation: Operation| async move {
///     // The backend and the policies see what the verifier attached.
///     assert_eq!(operation.parts().extensions.get(), Some(&Owner("alice".into())));
///     Ok::<_, BoxError>(Reply::created("{}"))
/// });
/// let endpoint = DcrLayer::builder(backend)
///     .require_initial_access_token(|token: BearerToken, _: &Parts| async move {
///         Ok::<_, BoxError>(match token.as_str() {
///             "token-of-alice" => Verdict::accepted().with(Owner("alice".into())),
///             "read-only" => Verdict::InsufficientScope,
///             _ => Verdict::Refused,
///         })
///     })
///     .build_endpoint()?;
///
/// let register = |token: &str| {
///     Request::post("/register")
///         .header("authorization", format!("Bearer {token}"))
///         .header("content-type", "application/json")
///         .body(String::from("{}"))
/// };
/// let response = endpoint.clone().oneshot(register("token-of-alice")?).await?;
/// assert_eq!(response.status(), 201);
/// let outcome = response.extensions().get::<Outcome>().unwrap();
/// assert_eq!(outcome.extensions().get(), Some(&Owner("alice".into())));
///
/// assert_eq!(endpoint.clone().oneshot(register("read-only")?).await?.status(), 403);
/// assert_eq!(endpoint.oneshot(register("stolen")?).await?.status(), 401);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum Verdict {
    /// The token is valid.
    ///
    /// The extensions are added to those of the operation and of the [`Outcome`](crate::Outcome).
    /// Policies and the backend can read them there. Keep secrets out of them.
    Accepted(Extensions),
    /// The token is not valid. The client receives 401 `invalid_token`.
    Refused,
    /// The token is valid, but not for a registration. The client receives 403
    /// `insufficient_scope` (RFC 6750 section 3.1).
    InsufficientScope,
}

impl Verdict {
    /// Creates an accepted verdict without extensions.
    #[must_use]
    pub fn accepted() -> Self {
        Self::Accepted(Extensions::new())
    }

    /// Adds an extension to an accepted verdict. Any other verdict is returned unchanged.
    #[must_use]
    pub fn with<T: Clone + Send + Sync + 'static>(mut self, extension: T) -> Self {
        if let Self::Accepted(extensions) = &mut self {
            extensions.insert(extension);
        }
        self
    }
}

impl From<bool> for Verdict {
    fn from(is_valid: bool) -> Self {
        if is_valid {
            Self::accepted()
        } else {
            Self::Refused
        }
    }
}

// An extension may be the token itself.
impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accepted(_) => "Accepted(..)",
            Self::Refused => "Refused",
            Self::InsufficientScope => "InsufficientScope",
        })
    }
}
