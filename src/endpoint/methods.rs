//! Which methods the two endpoints have.

use http::{HeaderValue, Method};

use crate::operation::OperationKind;

/// A set of operations. The builder can switch off each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Methods {
    register: bool,
    read: bool,
    update: bool,
    delete: bool,
}

impl Methods {
    /// All four operations.
    pub(crate) const ALL: Self = Self {
        register: true,
        read: true,
        update: true,
        delete: true,
    };

    /// Returns whether the set is empty.
    pub(crate) fn is_empty(self) -> bool {
        !(self.register || self.read || self.update || self.delete)
    }

    fn contains(self, kind: OperationKind) -> bool {
        match kind {
            OperationKind::Register => self.register,
            OperationKind::Read => self.read,
            OperationKind::Update => self.update,
            OperationKind::Delete => self.delete,
        }
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
        Allow(if self.register {
            "POST, OPTIONS"
        } else {
            "OPTIONS"
        })
    }

    /// Returns the `Allow` of the client configuration endpoint (RFC 9110 section 10.2.1).
    pub(super) fn allow_on_configuration(self) -> Allow {
        Allow(match (self.read, self.update, self.delete) {
            (true, true, true) => "GET, PUT, DELETE, OPTIONS",
            (true, true, false) => "GET, PUT, OPTIONS",
            (true, false, true) => "GET, DELETE, OPTIONS",
            (true, false, false) => "GET, OPTIONS",
            (false, true, true) => "PUT, DELETE, OPTIONS",
            (false, true, false) => "PUT, OPTIONS",
            (false, false, true) => "DELETE, OPTIONS",
            (false, false, false) => "OPTIONS",
        })
    }
}

impl FromIterator<OperationKind> for Methods {
    fn from_iter<I: IntoIterator<Item = OperationKind>>(kinds: I) -> Self {
        let mut methods = Self {
            register: false,
            read: false,
            update: false,
            delete: false,
        };
        for kind in kinds {
            match kind {
                OperationKind::Register => methods.register = true,
                OperationKind::Read => methods.read = true,
                OperationKind::Update => methods.update = true,
                OperationKind::Delete => methods.delete = true,
            }
        }
        methods
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
