//! What the registry issues, and how it recognises it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::RegistryError;

/// A client identifier: 128 bits in hexadecimal, so that it needs no escape in a path and no care in a shell.
pub(super) fn new_client_id() -> Result<String, RegistryError> {
    let bits = u128::from_ne_bytes(random()?);
    Ok(format!("{bits:032x}"))
}

/// A client secret or a registration access token: 256 bits that nobody can guess (RFC 7592 section 5), in the alphabet
/// of both a `b64token` (RFC 6750 section 2.1) and a secret that goes into a form (RFC 6749 section 2.3.1).
pub(super) fn new_secret() -> Result<String, RegistryError> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(random::<32>()?))
}

fn random<const N: usize>() -> Result<[u8; N], RegistryError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| RegistryError::Random {
        source: error.into(),
    })?;
    Ok(bytes)
}

/// A registration access token as the registry keeps it: who reads the registry cannot use it. It holds 256 random bits,
/// so a plain hash is enough.
#[derive(Clone)]
pub(super) struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// The digest that no token has: what the token of a client that does not exist is compared with.
    pub(super) const NOBODY: Self = Self([0; 32]);

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

    /// In constant time.
    pub(super) fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// Whether two secrets are the same, in constant time for their length.
pub(super) fn same_secret(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}
