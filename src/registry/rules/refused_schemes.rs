//! Schemes that a redirect URI must not have.

/// Schemes that a browser or the system opens by itself, instead of giving the URI to the client.
const BROWSER_SCHEMES: [&str; 16] = [
    "javascript",
    "data",
    "vbscript",
    "file",
    "blob",
    "about",
    "filesystem",
    "view-source",
    "chrome",
    "feed",
    "intent",
    "jar",
    "mhtml",
    "ms-msdt",
    "resource",
    "search-ms",
];

/// Schemes of other protocols. They lead to a server without TLS, or to another application.
const OTHER_PROTOCOLS: [&str; 15] = [
    "ftp", "ftps", "gopher", "ldap", "ldaps", "mailto", "news", "sftp", "smb", "sms", "ssh", "tel",
    "telnet", "ws", "wss",
];

/// Returns whether a scheme, in lower case, does not lead to a client.
pub(super) fn is_refused(scheme: &str) -> bool {
    BROWSER_SCHEMES.contains(&scheme) || OTHER_PROTOCOLS.contains(&scheme)
}
