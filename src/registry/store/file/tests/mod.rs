//! The file on disks that fail, that are full, and that lose their power.

#![allow(
    unreachable_pub,
    dead_code,
    reason = "the helpers are shared with the integration tests"
)]

#[path = "../../../../../tests/support/disk.rs"]
mod disk;
#[path = "../../../../../tests/support/known_client.rs"]
mod known_client;
#[path = "../../../../../tests/support/random.rs"]
mod random;
#[path = "../../../../../tests/support/report.rs"]
mod report;
#[path = "../../../../../tests/support/watched_file.rs"]
mod watched_file;

mod backup;
mod blocking;
mod commits;
mod full_disk;
mod helpers;
mod log;
mod lost_file;
mod migrations;
mod power_cut;
mod unknown_outcome;
mod writer;
