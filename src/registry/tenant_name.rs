//! The name of a tenant.

use std::sync::Arc;

/// The length of a name at most, in bytes.
const MAX_LENGTH: usize = 128;

/// The name of a tenant. The registry that was built is the tenant without a name.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct TenantName(Option<Arc<str>>);

impl TenantName {
    /// The tenant without a name.
    pub(super) const NONE: Self = Self(None);

    /// Takes a name of unreserved characters (RFC 3986 section 2.3): it needs no escape in a URL,
    /// and stores can use other characters around it. The error continues a sentence that starts
    /// with the name.
    pub(super) fn new(name: &str) -> Result<Self, &'static str> {
        let is_unreserved =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if name.is_empty() {
            Err("is empty")
        } else if name.len() > MAX_LENGTH {
            Err("is longer than 128 characters")
        } else if !name.bytes().all(is_unreserved) {
            Err("has a character that is not allowed")
        } else {
            Ok(Self(Some(name.into())))
        }
    }

    pub(super) fn as_deref(&self) -> Option<&str> {
        self.0.as_deref()
    }
}
