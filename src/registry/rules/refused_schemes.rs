//! Schemes that a redirect URI must not have.

/// Schemes that a browser opens by itself, instead of giving the URI to the client.
const BROWSER_SCHEMES: [&str; 14] = [
    "javascript",
    "data",
    "vbscript",
    "file",
    "blob",
    "about",
    "filesystem",
    "view-source",
    "chrome",
    "devtools",
    "edge",
    "feed",
    "jar",
    "resource",
];

/// Schemes with which an operating system installs something, or starts a program of its own with
/// arguments from the URI. Many of them were a way into the machine.
const SYSTEM_SCHEMES: [&str; 33] = [
    // Android.
    "android-app",
    "content",
    "intent",
    "market",
    // Apple.
    "applescript",
    "facetime",
    "itms",
    "itms-apps",
    "itms-services",
    "x-apple.systempreferences",
    "x-help-script",
    "x-man-page",
    // Windows.
    "hcp",
    "help",
    "its",
    "mhtml",
    "mk",
    "ms-appinstaller",
    "ms-availablenetworks",
    "ms-cxh",
    "ms-cxh-full",
    "ms-gamingoverlay",
    "ms-help",
    "ms-its",
    "ms-msdt",
    "ms-officecmd",
    "ms-search",
    "ms-settings",
    "ms-windows-store",
    "res",
    "search",
    "search-ms",
    "shell",
];

/// Schemes with which Microsoft Office opens a document from anywhere.
const OFFICE_SCHEMES: [&str; 9] = [
    "ms-access",
    "ms-excel",
    "ms-infopath",
    "ms-powerpoint",
    "ms-project",
    "ms-publisher",
    "ms-spd",
    "ms-visio",
    "ms-word",
];

/// Schemes of other protocols. They lead to a server without TLS, or to another application.
const OTHER_PROTOCOLS: [&str; 15] = [
    "ftp", "ftps", "gopher", "ldap", "ldaps", "mailto", "news", "sftp", "smb", "sms", "ssh", "tel",
    "telnet", "ws", "wss",
];

/// Returns whether a scheme, in lower case, does not lead to a client.
pub(super) fn is_refused(scheme: &str) -> bool {
    [
        &BROWSER_SCHEMES[..],
        &SYSTEM_SCHEMES,
        &OFFICE_SCHEMES,
        &OTHER_PROTOCOLS,
    ]
    .iter()
    .any(|schemes| schemes.contains(&scheme))
}
