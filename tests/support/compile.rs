//! Compiles small programs against the crate.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Compiles this `main` against the crate with these features alone. Returns whether it compiles,
/// and what the compiler says. `name` is a package name that no other test uses.
pub fn compile(name: &str, features: &[&str], main: &str) -> (bool, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(package.join("src")).unwrap();
    fs::write(
        package.join("Cargo.toml"),
        format!(
            "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
             [dependencies.tower-dcr]\npath = \"{}\"\ndefault-features = false\n\
             features = {features:?}\n[workspace]\n",
            root.display()
        ),
    )
    .unwrap();
    fs::write(package.join("src/main.rs"), main).unwrap();
    // The lock file names versions that are on this machine. A packaged crate may have none.
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
