//! Backends around a backend.
