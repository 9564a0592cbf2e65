use super::member_policy::{MemberPolicy, check_members};
use super::policy_trait::Policy;
use super::proposal::Proposal;
use super::rejection::Rejection;
use crate::reply::ErrorCode;

/// Limits the number of a client's `redirect_uris`. A client with more is refused with 400
/// `invalid_redirect_uri`.
///
/// A client without redirect URIs passes. To require a redirect URI of each client that redirects,
/// use `RedirectUris`.
///
/// ```
/// use tower::Layer;
/// use tower_dcr::operation::Register;
/// use tower_dcr::policy::{MaxRedirectUris, Policies};
/// use tower_dcr::{Action, Backend, BoxError, ClientMetadata, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
/// let backend = Policies::new().with(MaxRedirectUris::new(1)).layer(backend);
///
/// let two = r#"{"redirect_uris":["https://a.example/cb","https://b.example/cb"]}"#;
/// let reply = backend.execute(Register::new(ClientMetadata::parse(two)?).into()).await?;
/// assert_eq!(reply.action(), Action::BadRequest);
/// assert_eq!(reply.reason(), Some("max_redirect_uris"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MaxRedirectUris {
    max: usize,
    allow_software_statement: bool,
}

impl MaxRedirectUris {
    /// Creates a policy that allows at most this many redirect URIs.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self {
            max,
            allow_software_statement: false,
        }
    }

    /// Accepts [software statements](super#software-statements). The default is `false`.
    #[must_use]
    pub fn allow_software_statement(mut self, yes: bool) -> Self {
        self.allow_software_statement = yes;
        self
    }
}

impl Policy for MaxRedirectUris {
    async fn check(&self, proposal: &mut Proposal) -> Result<(), Rejection> {
        check_members(self, proposal)
    }
}

impl MemberPolicy for MaxRedirectUris {
    const REASON: &'static str = "max_redirect_uris";

    fn allows_software_statement(&self) -> bool {
        self.allow_software_statement
    }

    fn apply(&self, proposal: &mut Proposal) -> Result<(), Rejection> {
        let description = match proposal.strings("redirect_uris") {
            Some(uris) if uris.len() <= self.max => return Ok(()),
            Some(_) => &format!("There are more than {} redirect_uris.", self.max),
            None => "redirect_uris must be an array of strings.",
        };
        Err(Rejection::new(ErrorCode::InvalidRedirectUri, description))
    }
}
