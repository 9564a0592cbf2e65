use std::collections::BTreeSet;

use fluent_uri::Uri;

use super::Proposal;
use super::ready_made::ready_made;
use crate::reply::{ErrorCode, Reply};
use crate::util::uri::{is_loopback, normal_host, raw_host};

/// Where a client may have its users sent back to: hosts and schemes. What is not allowed here is refused, and what cannot
/// be read as a URI is, too. It judges `redirect_uris` and `post_logout_redirect_uris`; other members that hold a URI are
/// not its business.
///
/// ```
/// use tower_dcr::policy::{PolicyLayer, RedirectUris};
///
/// // The company's own applications, Cursor, and whatever runs on the user's machine.
/// let policy = PolicyLayer::new(
///     RedirectUris::none()
///         .allow_hosts(["app.example.com", "admin.example.com"])
///         .allow_schemes(["cursor"])
///         .allow_loopback(),
/// );
/// # let _ = policy;
/// ```
#[derive(Clone, Debug)]
pub struct RedirectUris {
    hosts: BTreeSet<String>,
    schemes: BTreeSet<String>,
    loopback: bool,
    software_statement: bool,
}

impl RedirectUris {
    /// None at all, to begin with.
    #[must_use]
    pub fn none() -> Self {
        Self {
            hosts: BTreeSet::new(),
            schemes: BTreeSet::new(),
            loopback: false,
            software_statement: false,
        }
    }

    /// Allows `https` on these hosts, on any port: names as in `"app.example.com"`, addresses as in `"192.0.2.1"` and
    /// `"[2001:db8::1]"`. The case of a name says nothing, nor does the way in which an IPv6 address is written; a
    /// subdomain is another host. A host stands alone, without a scheme, a port or a wildcard, and in ASCII: anything else
    /// allows nothing.
    #[must_use]
    pub fn allow_hosts<T: AsRef<str>>(mut self, hosts: impl IntoIterator<Item = T>) -> Self {
        let hosts = hosts.into_iter();
        self.hosts
            .extend(hosts.map(|host| normal_host(host.as_ref())));
        self
    }

    /// Allows these schemes, whatever follows: `"cursor"`, `"com.example.app"`. `"https"` allows all hosts.
    #[must_use]
    pub fn allow_schemes<T: AsRef<str>>(mut self, schemes: impl IntoIterator<Item = T>) -> Self {
        let schemes = schemes.into_iter();
        self.schemes
            .extend(schemes.map(|scheme| scheme.as_ref().to_ascii_lowercase()));
        self
    }

    /// Allows `http` to the user's own machine: `localhost`, `127.0.0.1` and `[::1]`, written just so, on any port (RFC 8252
    /// section 7.3).
    #[must_use]
    pub fn allow_loopback(mut self) -> Self {
        self.loopback = true;
        self
    }

    fn allows(&self, text: &str) -> bool {
        let Ok(uri) = Uri::parse(text) else {
            return false;
        };
        let scheme = uri.scheme().as_str().to_ascii_lowercase();
        let is_web = matches!(&*scheme, "https" | "http");
        // Without a host, a browser takes the path for one.
        let host = raw_host(&uri);
        match host {
            None if is_web => false,
            _ if self.schemes.contains(&scheme) => true,
            Some(host) if scheme == "https" => self.hosts.contains(&normal_host(host)),
            Some(host) if scheme == "http" => self.loopback && is_loopback(host),
            _ => false,
        }
    }

    fn settle(&self, proposal: &mut Proposal) -> Result<(), Reply> {
        for (name, error) in [
            ("redirect_uris", ErrorCode::InvalidRedirectUri),
            // There the user is sent back, too.
            (
                "post_logout_redirect_uris",
                ErrorCode::InvalidClientMetadata,
            ),
        ] {
            let problem = match proposal.strings(name) {
                Some(uris) if uris.iter().all(|uri| self.allows(uri)) => continue,
                Some(_) => "holds one that may not be registered here",
                None => "must be an array of strings",
            };
            return Err(Reply::refuse(error, &format!("{name} {problem}.")));
        }
        Ok(())
    }
}

ready_made!(RedirectUris);
