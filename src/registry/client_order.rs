use super::record::Record;

/// The order in which [`Registry::list`](super::Registry::list) lists clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientOrder {
    /// The client that registered first comes first. Clients of the same second are ordered by
    /// their identifiers.
    Age,
    /// Clients that were [never used](super::Registry::mark_used) come first, ordered by age. The
    /// others follow. Among them, the client that has been unused for the longest time comes first.
    LastUse,
}

/// The place of a client in an order: two times in seconds since 1970, and the identifier for
/// clients with the same times.
pub(super) type Position<'c> = (u64, u64, &'c str);

/// Returns the place of a client in an order.
pub(super) fn position<'c>(
    order: ClientOrder,
    client_id: &'c str,
    client: &Record,
) -> Position<'c> {
    match order {
        ClientOrder::Age => (client.issued_at, 0, client_id),
        ClientOrder::LastUse => (client.last_used, client.issued_at, client_id),
    }
}
