//! The members that a server issues, and a client cannot choose.

/// The names of RFC 7591 section 3.2.1 and RFC 7592 section 3. An update may send them back
/// (RFC 7592 section 2.2).
pub(crate) const ISSUED_MEMBERS: [&str; 6] = [
    "client_id",
    "client_secret",
    "client_id_issued_at",
    "client_secret_expires_at",
    "registration_access_token",
    "registration_client_uri",
];
