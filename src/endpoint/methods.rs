//! Which methods the two endpoints have.

use http::{HeaderValue, Method};

use crate::operation::OperationKind;

/// The operations that are on: a set of bits. The builder can switch off each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Methods(u8);

impl Methods {
    /// All four operations.
    pub(crate) const ALL: Self = Self(0b1111);

    /// Returns whether the set is empty.
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns whether registrations are on.
    pub(crate) fn has_register(self) -> bool {
        self.contains(OperationKind::Register)
    }

    fn bit(kind: OperationKind) -> u8 {
        match kind {
            OperationKind::Register => 0b0001,
            OperationKind::Read => 0b0010,
            OperationKind::Update => 0b0100,
            OperationKind::Delete => 0b1000,
        }
    }

    fn contains(self, kind: OperationKind) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    /// Returns the operation of a method on the client registration endpoint.
    pub(super) fn on_registration(self, method: &Method) -> Option<OperationKind> {
        let kind = match *method {
            Method::POST => OperationKind::Register,
            _ => return None,
        };
        self.contains(kind).then_some(kind)
    }

    /// Returns the operation of a method on the client configuration endpoint.
    pub(super) fn on_configuration(self, method: &Method) -> Option<OperationKind> {
        let kind = match *method {
            Method::GET => OperationKind::Read,
            Method::PUT => OperationKind::Update,
            Method::DELETE => OperationKind::Delete,
            _ => return None,
        };
        self.contains(kind).then_some(kind)
    }

    /// Returns the `Allow` of the client registration endpoint (RFC 9110 section 10.2.1).
    pub(super) fn allow_on_registration(self) -> Allow {
        Allow(if self.contains(OperationKind::Register) {
            "POST, OPTIONS"
        } else {
            "OPTIONS"
        })
    }

    /// Returns the `Allow` of the client configuration endpoint (RFC 9110 section 10.2.1).
    pub(super) fn allow_on_configuration(self) -> Allow {
        Allow(
            match (
                self.contains(OperationKind::Read),
                self.contains(OperationKind::Update),
                self.contains(OperationKind::Delete),
            ) {
                (true, true, true) => "GET, PUT, DELETE, OPTIONS",
                (true, true, false) => "GET, PUT, OPTIONS",
                (true, false, true) => "GET, DELETE, OPTIONS",
                (true, false, false) => "GET, OPTIONS",
                (false, true, true) => "PUT, DELETE, OPTIONS",
                (false, true, false) => "PUT, OPTIONS",
                (false, false, true) => "DELETE, OPTIONS",
                (false, false, false) => "OPTIONS",
            },
        )
    }
}

impl FromIterator<OperationKind> for Methods {
    fn from_iter<I: IntoIterator<Item = OperationKind>>(kinds: I) -> Self {
        Self(
            kinds
                .into_iter()
                .map(Self::bit)
                .fold(0, |set, bit| set | bit),
        )
    }
}

/// The value of an `Allow` header.
#[derive(Clone, Copy, Debug)]
pub(in crate::endpoint) struct Allow(&'static str);

impl From<Allow> for HeaderValue {
    fn from(allow: Allow) -> Self {
        Self::from_static(allow.0)
    }
}
