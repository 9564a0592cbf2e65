//! What the builder of the layer can set, beyond the defaults of the contract.

#[path = "../support/mod.rs"]
mod support;

mod complete_on_disconnect;
mod draining;
mod for_registry;
mod methods;
mod named_segments;
mod other_credentials;
mod overload;
mod server_metadata;
mod tenants;
mod tenants_of_a_registry;
mod verdicts;
