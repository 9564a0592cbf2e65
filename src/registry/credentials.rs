//! Identifiers, secrets and tokens: how they are issued and compared.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::error::RegistryError;

/// Issues a client identifier: 128 random bits in hexadecimal. It needs no escape in a path or in a
/// shell.
pub(super) fn new_client_id() -> Result<String, RegistryError> {
    let bits = u128::from_ne_bytes(random()?);
    Ok(format!("{bits:032x}"))
}

/// Issues a client secret or a registration access token: 256 random bits (RFC 7592 section 5). It
/// is a `b64token` (RFC 6750 section 2.1), and needs no escape in a form (RFC 6749 section 2.3.1).
pub(super) fn new_secret() -> Result<String, RegistryError> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(random::<32>()?))
}

fn random<const N: usize>() -> Result<[u8; N], RegistryError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(RegistryError::random)?;
    Ok(bytes)
}

/// The hash of a registration access token. Only the hash is stored, so nobody can use what is
/// stored. A token has 256 random bits, so a plain hash is enough.
#[derive(Clone)]
pub(super) struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// The digest of no token. The token of a client that does not exist is compared with it.
    pub(super) const NONE: Self = Self([0; 32]);

    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    #[cfg(feature = "registry-file")]
    pub(super) fn to_bytes(&self) -> [u8; 32] {
        self.0
    }

    #[cfg(feature = "registry-file")]
    pub(super) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Compares in constant time.
    pub(super) fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// Returns whether two secrets are the same. It takes constant time for secrets of one length.
pub(super) fn same_secret(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}
