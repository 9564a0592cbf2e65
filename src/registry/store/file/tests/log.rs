//! Errors of the disk in the log.

use crate::registry::store::error::StoreError;

/// A subscriber that cannot write its log, because the disk is full, and panics.
struct Panicking;

impl tracing::Subscriber for Panicking {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        assert!(
            *event.metadata().level() != tracing::Level::ERROR,
            "no room for the log"
        );
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn panic_of_the_log_does_not_end_the_thread() {
    let error = StoreError::new("the disk is full");
    tracing::subscriber::with_default(Panicking, || error.log("the registry's file failed"));
}
