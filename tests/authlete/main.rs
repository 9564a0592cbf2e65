//! Authlete as the backend: the data of its documentation, its faults, its settings.

#[path = "../support/mod.rs"]
mod support;

mod calls;
mod emulator;
mod examples;
mod faults;
mod peer;
mod settings;
mod tls;
