//! The compiler message for a type that is no backend: it says what to write instead.

mod support;

use support::compile::compile;

#[test]
fn compiler_says_what_to_write_instead_of_a_type_that_is_no_backend() {
    let (compiles, message) = compile(
        "a-backend",
        &[],
        "use tower_dcr::{BoxError, DcrLayer, Reply, backend_fn};\n\
         fn main() {\n\
             let backend = backend_fn(|_| async { Ok::<_, BoxError>(Reply::deleted()) });\n\
             let _ = DcrLayer::new(backend);\n\
         }\n",
    );
    assert!(compiles, "{message}");

    for (name, value) in [
        ("a-struct", "Mine"),
        (
            "a-closure",
            "|_: tower_dcr::Operation| async { tower_dcr::Reply::deleted() }",
        ),
    ] {
        let (compiles, message) = compile(
            name,
            &[],
            &format!(
                "struct Mine;\n\
                 fn main() {{\n\
                     let _ = Mine;\n\
                     let _ = tower_dcr::DcrLayer::new({value});\n\
                 }}\n"
            ),
        );
        assert!(!compiles);
        for expected in [
            "is not a registration backend",
            "backend_fn(|operation| async move { .. })",
            "`impl Backend` for it",
            "BackendService::new(backend)",
            "SharedBackend::new(backend)",
            "Service<Operation, Response = Reply> + Clone + Send + Sync + 'static",
        ] {
            assert!(message.contains(expected), "{name}: {message}");
        }
        // There is one error, and it blames nothing else.
        assert_eq!(message.matches("error[").count(), 1, "{name}: {message}");
        assert!(
            !message.contains("Service<Operation>` is not implemented"),
            "{name}: {message}"
        );
    }
}
