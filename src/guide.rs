//! Guides: one for each task. Their code is compiled and tested.

/// The HTTP contract.
pub mod http_contract {}
/// Where to put the layer.
pub mod placement {}
/// Who may register.
pub mod who_may_register {}
/// Your own backend.
pub mod your_own_backend {}
