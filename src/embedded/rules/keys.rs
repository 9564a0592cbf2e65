//! Keys by value: a JSON web key set (RFC 7517 section 5) with public keys alone.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::Refusal;

/// The parameters that are not public (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1, RFC 8037 section 2), and `priv` of the
/// post-quantum keys.
const PRIVATE: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/// A key set, as far as the rules look into it.
pub(super) struct Keys {
    count: usize,
}

impl Keys {
    pub(super) fn parse(value: &RawValue) -> Result<Self, Refusal> {
        type Members<'v> = BTreeMap<String, &'v RawValue>;

        let wrong = || Refusal::metadata("jwks must be a JSON web key set.");
        let set: Members<'_> = serde_json::from_str(value.get()).map_err(|_| wrong())?;
        let keys = set.get("keys").ok_or_else(wrong)?;
        let keys: Vec<Members<'_>> = serde_json::from_str(keys.get()).map_err(|_| wrong())?;
        for key in &keys {
            let kind = key.get("kty").ok_or_else(wrong)?;
            let kind: String = serde_json::from_str(kind.get()).map_err(|_| wrong())?;
            // OpenID Connect registration section 2: no private and no symmetric keys.
            if kind == "oct" || PRIVATE.iter().any(|name| key.contains_key(*name)) {
                return Err(Refusal::metadata(
                    "jwks holds a private or symmetric key; it must hold public keys alone.",
                ));
            }
        }
        Ok(Self { count: keys.len() })
    }

    pub(super) fn are_some(&self) -> bool {
        self.count > 0
    }
}
