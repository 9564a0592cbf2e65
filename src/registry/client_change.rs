use std::fmt;

use super::tenant_name::TenantName;

/// A change of a client. [`RegistryBuilder::on_change`](super::RegistryBuilder::on_change) reports
/// it.
#[derive(Clone)]
pub struct ClientChange {
    pub(super) kind: ClientChangeKind,
    pub(super) tenant: TenantName,
    pub(super) client_id: String,
}

/// What happened to a client. [`ClientChange::kind`] returns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientChangeKind {
    /// The client registered.
    Created,
    /// The client replaced its metadata.
    Updated,
    /// The client deleted itself, or the server [deleted](super::Registry::delete) it.
    Deleted,
    /// The registry removed the client because it was never used. It does so
    /// after [some time](super::RegistryBuilder::remove_never_used_after), or to make room for a
    /// new client if the registry is [full](super::RegistryBuilder::max_clients).
    Expired,
}

impl ClientChange {
    /// Returns what happened.
    #[must_use]
    pub fn kind(&self) -> ClientChangeKind {
        self.kind
    }

    /// Returns the name of the [tenant](super::Registry::tenant) that the client belongs to. It is
    /// `None` for a client of the registry that was built.
    #[must_use]
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// Returns the identifier of the client.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }
}

impl fmt::Debug for ClientChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientChange")
            .field("kind", &self.kind)
            .field("tenant", &self.tenant())
            .field("client_id", &self.client_id)
            .finish()
    }
}
