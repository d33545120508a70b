use std::{
    io::Write,
    time::{Duration, Instant},
};

use casare_engine::ErrorKind;
use serde_json::json;

use crate::office;

#[tokio::test]
async fn scripts_take_values_and_answer_values() {
    let office = office();

    let outputs = office
        .outputs(
            r#"
variables: { prices: [9.5, 12] }
steps:
  - id: js
    use: script.javascript
    with:
      inputs: { prices: "{{ vars.prices }}" }
      code: |
        console.log("two prices", inputs.prices);
        return inputs.prices.map((price) => price * 2);
  - id: py
    use: script.python
    with:
      inputs: { prices: "{{ steps.js.result }}" }
      code: |
        print("hello")
        result = {"sum": sum(inputs["prices"]), "word": "größer"}
  - id: sh
    use: script.shell
    with:
      script: 'printf "%s|%s" "$NAME" "$(cat)"; test -z "$CARGO_MANIFEST_DIR"'
      env: { NAME: "a 'quoted' name; rm -rf /" }
      input: from stdin
outputs:
  js: "{{ steps.js.result }}"
  py: "{{ steps.py.result }}"
  sh: "{{ steps.sh.stdout }}"
"#,
        )
        .await;

    assert_eq!(
        outputs,
        json!({
            "js": [19, 24], "py": { "sum": 43, "word": "größer" },
            "sh": "a 'quoted' name; rm -rf /|from stdin",
        })
    );
}

#[tokio::test]
async fn python_gets_the_packages_it_asks_for() {
    let office = office();
    let wheel = office.path("greeting-1.0-py3-none-any.whl");
    write_wheel(&wheel);
    let uv = casare_node_testing::python_peer("uv");
    let steps = r#"
steps:
  - id: greet
    use: script.python
    with:
      dependencies: [WHEEL]
      env: { PATH: "BIN:/usr/local/bin:/usr/bin:/bin", UV_OFFLINE: "1", UV_PYTHON_DOWNLOADS: never }
      code: |
        import greeting
        result = greeting.hello("Ada")
outputs:
  greet: "{{ steps.greet.result }}"
"#
    .replace("WHEEL", &wheel.display().to_string())
    .replace("BIN", &uv.parent().unwrap().display().to_string());

    assert_eq!(
        office.outputs(&steps).await,
        json!({ "greet": "Hello, Ada" })
    );
}

/// A package as pip and uv take it: an archive with the code and its description.
fn write_wheel(path: &std::path::Path) {
    let files = [
        (
            "greeting.py",
            "def hello(name):\n    return f'Hello, {name}'\n",
        ),
        (
            "greeting-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n",
        ),
        (
            "greeting-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        ),
        (
            "greeting-1.0.dist-info/RECORD",
            "greeting.py,,\ngreeting-1.0.dist-info/METADATA,,\n\
             greeting-1.0.dist-info/WHEEL,,\ngreeting-1.0.dist-info/RECORD,,\n",
        ),
    ];
    let mut archive = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, text) in files {
        archive
            .start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
}

#[tokio::test]
async fn a_failing_script_says_what_it_said() {
    let office = office();

    let python = office
        .failure("steps:\n  - use: script.python\n    with: { code: \"print('x')\\nraise ValueError('no rows')\" }\n")
        .await;
    let shell = office
        .failure(
            "steps:\n  - use: script.shell\n    with: { script: 'echo too bad >&2; exit 3' }\n",
        )
        .await;
    let js = office
        .failure("steps:\n  - use: script.javascript\n    with: { code: 'return inputs.a.b' }\n")
        .await;

    assert!(
        python.message.contains("ValueError: no rows"),
        "{}",
        python.message
    );
    assert!(
        shell.message.contains("ended with code 3: too bad"),
        "{}",
        shell.message
    );
    assert!(js.message.contains("TypeError"), "{}", js.message);
}

#[tokio::test]
async fn a_script_that_takes_too_long_is_ended_with_all_it_started() {
    let office = office();

    let error = office
        .failure(
            r"
steps:
  - use: script.shell
    with:
      script: 'sleep 300 & echo $! > child.pid; wait'
      timeout: 300ms
",
        )
        .await;

    assert_eq!(error.kind, ErrorKind::Timeout);
    let child = office.text("child.pid");
    let began = Instant::now();
    while is_running(child.trim()) {
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "the program's own child lives on"
        );
        std::thread::yield_now();
    }
}

/// Whether the process lives; one that only waits to be noticed by init does not.
fn is_running(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}
