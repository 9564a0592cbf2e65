use super::client::Client;
use super::client_order::{ClientOrder, Position};

/// A page of clients. [`Registry::list`](super::Registry::list) returns it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    /// The clients of this page, in their order.
    pub clients: Vec<Client>,

    /// The cursor of the next page, or `None` if this is the last page.
    ///
    /// It has only letters, digits and dots, so it needs no escape in a URL. It stays valid if
    /// clients are deleted.
    pub next: Option<String>,
}

/// Returns the cursor of the page that starts after this position.
pub(super) fn write_cursor(order: ClientOrder, (one, two, client_id): Position<'_>) -> String {
    format!("{}.{one}.{two}.{client_id}", prefix(order))
}

/// Returns the position that a cursor names, or `None` if it is no cursor of this order.
pub(super) fn parse_cursor(order: ClientOrder, cursor: &str) -> Option<Position<'_>> {
    let rest = cursor.strip_prefix(prefix(order))?.strip_prefix('.')?;
    let (one, rest) = rest.split_once('.')?;
    let (two, client_id) = rest.split_once('.')?;
    Some((one.parse().ok()?, two.parse().ok()?, client_id))
}

/// Returns the start of each cursor of this order.
fn prefix(order: ClientOrder) -> &'static str {
    match order {
        ClientOrder::Age => "age",
        ClientOrder::LastUse => "used",
    }
}
