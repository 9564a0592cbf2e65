use std::collections::BTreeSet;

use fluent_uri::Uri;

use super::member_policy::{MemberPolicy, check_members};
use super::policy_trait::Policy;
use super::proposal::Proposal;
use super::rejection::Rejection;
use crate::reply::ErrorCode;
use crate::util::uri::{is_loopback, normal_host, raw_host};

/// Limits the hosts and schemes of a client's redirect URIs. Everything that is not allowed is
/// refused.
///
/// | member | error |
/// |---|---|
/// | `redirect_uris` | `invalid_redirect_uri` |
/// | `post_logout_redirect_uris` | `invalid_client_metadata` |
///
/// The refusal names the position, such as `redirect_uris[2]`. It does not quote the URI.
///
/// # Clients without redirect URIs
///
/// A client without `redirect_uris` is refused, unless both of these hold (RFC 7591 section 2):
///
/// - `grant_types` contains neither `authorization_code` nor `implicit`, and is not
///   [omitted](Proposal::is_omitted). If it is omitted, it means `authorization_code`.
/// - `response_types` is omitted. Every response type needs a redirect.
///
/// The reason: for a client without redirect URIs, some authorization servers accept every redirect
/// URI (RFC 6749 section 3.1.2.3).
///
/// If [`ForcedMembers`](super::ForcedMembers) sets the grant types, add it before this policy.
///
/// # Example
///
/// These are the redirect URIs of two editors:
///
/// | client | redirect URIs |
/// |---|---|
/// | Cursor | `cursor://anysphere.cursor-mcp/oauth/callback`, `https://www.cursor.com/agents/mcp/oauth/callback`, `http://localhost:8787/callback` |
/// | VS Code | `https://vscode.dev/redirect`, `https://insiders.vscode.dev/redirect`, `http://127.0.0.1:33418/` |
///
/// A client sends all its redirect URIs in one registration, so the policy must allow all of them.
///
/// ```
/// use tower::Layer;
/// use tower_dcr::operation::Register;
/// use tower_dcr::policy::{Policies, RedirectUris};
/// use tower_dcr::{Action, Backend, BoxError, ClientMetadata, Reply, backend_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::created("{}")) });
/// let redirect_uris = RedirectUris::none()
///     // The company's own applications.
///     .allow_hosts(["app.example.com", "admin.example.com"])
///     // Cursor.
///     .allow_hosts(["www.cursor.com"])
///     .allow_schemes(["cursor"])
///     // VS Code.
///     .allow_hosts(["vscode.dev", "insiders.vscode.dev"])
///     // Cursor, VS Code, and other applications on the user's device.
///     .allow_loopback(true);
/// let backend = Policies::new().with(redirect_uris).layer(backend);
///
/// let cursor = r#"{"redirect_uris": [
///     "cursor://anysphere.cursor-mcp/oauth/callback",
///     "https://www.cursor.com/agents/mcp/oauth/callback",
///     "http://localhost:8787/callback"
/// ]}"#;
/// let reply = backend.execute(Register::new(ClientMetadata::parse(cursor)?).into()).await?;
/// assert_eq!(reply.action(), Action::Created);
///
/// let other = r#"{"redirect_uris": ["https://evil.example/callback"]}"#;
/// let reply = backend.execute(Register::new(ClientMetadata::parse(other)?).into()).await?;
/// assert_eq!(reply.action(), Action::BadRequest);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RedirectUris {
    hosts: BTreeSet<String>,
    schemes: BTreeSet<String>,
    allow_loopback: bool,
    allow_software_statement: bool,
}

impl RedirectUris {
    /// Creates a policy that refuses every redirect URI. Add what to allow.
    #[must_use]
    pub fn none() -> Self {
        Self {
            hosts: BTreeSet::new(),
            schemes: BTreeSet::new(),
            allow_loopback: false,
            allow_software_statement: false,
        }
    }

    /// Allows `https` on these hosts, on any port.
    ///
    /// - A host is a name as in `"app.example.com"`, or an address as in `"192.0.2.1"` and
    ///   `"[2001:db8::1]"`.
    /// - The case of a name does not matter. Neither does the notation of an IPv6 address.
    /// - A subdomain is another host.
    /// - A host has no scheme, no port, no wildcard, and is ASCII. An invalid entry is ignored.
    #[must_use]
    pub fn allow_hosts<T: AsRef<str>>(mut self, hosts: impl IntoIterator<Item = T>) -> Self {
        let hosts = hosts.into_iter();
        self.hosts
            .extend(hosts.map(|host| normal_host(host.as_ref())));
        self
    }

    /// Allows all URIs with these schemes, such as `"cursor"` or `"com.example.app"`. `"https"`
    /// allows all hosts.
    #[must_use]
    pub fn allow_schemes<T: AsRef<str>>(mut self, schemes: impl IntoIterator<Item = T>) -> Self {
        let schemes = schemes.into_iter();
        self.schemes
            .extend(schemes.map(|scheme| scheme.as_ref().to_ascii_lowercase()));
        self
    }

    /// Allows `http` on loopback, on any port (RFC 8252 section 7.3). The host is exactly
    /// `localhost`, `127.0.0.1` or `[::1]`. The default is `false`.
    #[must_use]
    pub fn allow_loopback(mut self, yes: bool) -> Self {
        self.allow_loopback = yes;
        self
    }

    /// Accepts [software statements](super#software-statements). The default is `false`.
    #[must_use]
    pub fn allow_software_statement(mut self, yes: bool) -> Self {
        self.allow_software_statement = yes;
        self
    }

    /// Checks one URI. The error continues a sentence about it.
    fn check_uri(&self, text: &str) -> Result<(), &'static str> {
        let uri = Uri::parse(text).map_err(|_| "is not an absolute URI of RFC 3986")?;
        let scheme = uri.scheme().as_str().to_ascii_lowercase();
        let is_web = matches!(&*scheme, "https" | "http");
        match raw_host(&uri) {
            // A browser would take the start of the path for the host.
            None if is_web => Err("has no host"),
            _ if self.schemes.contains(&scheme) => Ok(()),
            Some(host) if scheme == "https" && self.hosts.contains(&normal_host(host)) => Ok(()),
            Some(host) if scheme == "http" && self.allow_loopback && is_loopback(host) => Ok(()),
            Some(_) if scheme == "https" => Err("has a host that may not be registered here"),
            _ => Err("has a scheme that may not be registered here"),
        }
    }
}

impl Policy for RedirectUris {
    async fn check(&self, proposal: &mut Proposal) -> Result<(), Rejection> {
        check_members(self, proposal)
    }
}

impl MemberPolicy for RedirectUris {
    const REASON: &'static str = "redirect_uris";

    fn allows_software_statement(&self) -> bool {
        self.allow_software_statement
    }

    fn apply(&self, proposal: &mut Proposal) -> Result<(), Rejection> {
        if proposal.is_omitted("redirect_uris") && needs_redirect(proposal) {
            return Err(Rejection::new(
                ErrorCode::InvalidRedirectUri,
                "redirect_uris is missing, but the grant_types or response_types need a redirect.",
            ));
        }
        for (name, error) in [
            ("redirect_uris", ErrorCode::InvalidRedirectUri),
            (
                "post_logout_redirect_uris",
                ErrorCode::InvalidClientMetadata,
            ),
        ] {
            let Some(uris) = proposal.strings(name) else {
                let description = format!("{name} must be an array of strings.");
                return Err(Rejection::new(error, &description));
            };
            for (position, uri) in uris.iter().enumerate() {
                if let Err(problem) = self.check_uri(uri) {
                    let description = format!("{name}[{position}] {problem}.");
                    return Err(Rejection::new(error, &description));
                }
            }
        }
        Ok(())
    }
}

/// Returns whether a client uses a flow with redirects (RFC 7591 section 2). A member that cannot
/// be read counts as such a flow.
fn needs_redirect(proposal: &Proposal) -> bool {
    let redirects = |grant: &String| matches!(&**grant, "authorization_code" | "implicit");
    let default_grant = proposal.is_omitted("grant_types");
    let grants = proposal.strings("grant_types");
    default_grant
        || grants.is_none_or(|grants| grants.iter().any(redirects))
        || !proposal.is_omitted("response_types")
}
