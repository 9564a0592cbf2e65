//! Makes room for a new client in a full registry.

use std::time::Duration;

use super::client_change::ClientChangeKind;
use super::store::error::StoreError;
use super::store::transaction::Transaction;

/// How long a new client is not evicted, in seconds. It had no time yet to be used.
const MIN_AGE: u64 = 10 * 60;

/// How many clients are evicted for one new client at most, if `max_clients` was lowered. The new
/// client waits for all of them.
const MAX_EVICTIONS: usize = 64;

/// Whether there is room for one more client.
pub(super) enum Room {
    Free,
    /// There is none. The time says when there will be, if that is known.
    Full {
        retry_after: Option<Duration>,
    },
}

/// Evicts the oldest clients that were never used, until there is room for one more client.
pub(super) fn make_room(
    transaction: &mut Transaction<'_>,
    max_clients: u64,
    now: u64,
) -> Result<Room, StoreError> {
    for _ in 0..MAX_EVICTIONS {
        if transaction.count()? < max_clients {
            return Ok(Room::Free);
        }
        let Some((client_id, client)) = transaction.oldest_unused()? else {
            return Ok(Room::Full { retry_after: None });
        };
        let protected_until = client.issued_at.saturating_add(MIN_AGE);
        if now <= protected_until {
            let wait = Duration::from_secs(protected_until - now + 1);
            return Ok(Room::Full {
                retry_after: Some(wait),
            });
        }
        transaction.remove_as(ClientChangeKind::Expired, &client_id)?;
    }
    Ok(if transaction.count()? < max_clients {
        Room::Free
    } else {
        Room::Full { retry_after: None }
    })
}
