//! The compiler's message if the feature `registry-file` is missing.

use super::support::compile::compile;

#[test]
fn registry_in_a_file_without_the_feature_names_the_feature() {
    for (name, code) in [
        (
            "without-file-open",
            r#"Registry::open("https://as.example.com/register", "f")"#,
        ),
        (
            "without-file-builder",
            r#"Registry::builder("https://as.example.com/register").file("f").build()"#,
        ),
    ] {
        let main =
            format!("use tower_dcr::registry::Registry;\nfn main() {{\n    let _ = {code};\n}}\n");
        let (compiles, message) = compile(name, &["registry"], &main);
        assert!(!compiles);
        for expected in [
            "a registry in a file needs the feature `registry-file` of tower-dcr",
            "cargo add tower-dcr --features registry-file",
        ] {
            assert!(message.contains(expected), "{message}");
        }
        // It has one error, and does not suggest the registry that forgets.
        assert_eq!(message.matches("error[").count(), 1, "{message}");
        assert!(!message.contains("in_memory"), "{message}");
    }
}
