//! What the compiler says to a type that is no backend: what to do instead.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Compiles this `main` against the crate, and gives what the compiler says.
fn compile(name: &str, main: &str) -> (bool, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(package.join("src")).unwrap();
    fs::write(
        package.join("Cargo.toml"),
        format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
             [dependencies]\ntower-dcr = {{ path = \"{}\", default-features = false }}\n[workspace]\n",
            root.display()
        ),
    )
    .unwrap();
    fs::write(package.join("src/main.rs"), main).unwrap();
    // The versions that are at hand, since this compiled. In a packaged crate there may be none.
    let _ = fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock"));
    let output = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--quiet", "--target-dir"])
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("target"))
        .current_dir(&package)
        .env("RUSTFLAGS", "")
        .output()
        .unwrap();
    (
        output.status.success(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn what_is_no_backend_is_told_what_to_do() {
    let (compiles, message) = compile(
        "a-backend",
        "fn main() {\n    let _ = tower_dcr::DcrLayer::new(tower_dcr::backend_fn(|_| async { Ok::<_, tower_dcr::BoxError>(tower_dcr::Reply::deleted()) }));\n}\n",
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
            &format!(
                "struct Mine;\nfn main() {{\n    let _ = Mine;\n    let _ = tower_dcr::DcrLayer::new({value});\n}}\n"
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
        // Said once, and nothing else blamed.
        assert_eq!(message.matches("error[").count(), 1, "{name}: {message}");
        assert!(
            !message.contains("Service<Operation>` is not implemented"),
            "{name}: {message}"
        );
    }
}
