//! The examples pass their tests.

use std::process::Command;

#[test]
fn the_examples_pass_their_tests() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    let output = Command::new(env!("CARGO_BIN_EXE_casare"))
        .args(["test", examples])
        .output()
        .unwrap();

    let told = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("6 passed"), "{told}");
}
