//! Blocking work does not run on the threads of the async runtime.

use crate::registry::store::file::blocking::run_blocking;

#[tokio::test]
async fn blocking_work_runs_on_another_thread() {
    let here = std::thread::current().id();
    let there = run_blocking(|| std::thread::current().id()).await;
    assert_ne!(there.unwrap(), here);
}
