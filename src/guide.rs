//! Guides: one for each task.
//!
//! | guide | questions |
//! |---|---|
//! | [`placement`] | Where does the layer go in axum, hyper and tonic? On which paths? |
//! | [`who_may_register`] | How do I close, limit and check registration? |
//! | [`registry_in_operation`] | How do I run the built-in registry and use it elsewhere? |
//! | [`authlete`] | How do I get from an Authlete account to a running endpoint? |
//! | [`your_own_backend`] | How do I write, compose and test a backend? |
//! | [`http_contract`] | Which response does each request get? |
//!
//! The tests of this crate compile all code in the guides, and run all of it except the servers.

#[doc = include_str!("docs/authlete.md")]
pub mod authlete {}

#[doc = include_str!("docs/http_contract.md")]
pub mod http_contract {}

#[doc = include_str!("docs/placement.md")]
pub mod placement {}

#[doc = include_str!("docs/registry_in_operation.md")]
pub mod registry_in_operation {}

#[doc = include_str!("docs/who_may_register.md")]
pub mod who_may_register {}

#[doc = include_str!("docs/your_own_backend.md")]
pub mod your_own_backend {}
