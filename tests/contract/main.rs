//! The HTTP contract, row by row, through `oneshot`.

#[path = "../support/mod.rs"]
mod support;

mod action_table;
mod body;
mod check_order;
mod config_errors;
mod content_headers;
mod credentials;
mod failures;
mod initial_access;
mod methods;
mod outcome;
mod routing;
