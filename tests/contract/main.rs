//! The HTTP contract, row by row, through `oneshot`.

#[path = "../support/mod.rs"]
mod support;

mod actions;
mod bodies;
mod config;
mod content;
mod credentials;
mod failures;
mod initial_access;
mod methods;
mod order;
mod outcome;
mod routing;
