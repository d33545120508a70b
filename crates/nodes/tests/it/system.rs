//! The machine a run is on.

use casare_engine::ErrorKind;
use serde_json::json;

use crate::office;

#[tokio::test(flavor = "multi_thread")]
async fn programs_are_run_started_waited_for_and_ended() {
    let office = office();
    office.put("list.txt", "b\na\n");
    let outputs = office
        .outputs(
            r#"
steps:
  - id: sorted
    use: system.run
    with: { program: sort, args: [list.txt] }
  - id: quoted
    use: system.run
    with: { program: printf, args: ["%s", "a; rm -rf $HOME"], folder: "." }
  - id: failed
    use: system.run
    with: { program: sh, args: [-c, "exit 7"], fail_on_code: false }
  - id: server
    use: system.start
    with: { program: sh, args: [-c, "trap '' TERM; echo up; sleep 60"], output: server.log }
  - use: file.wait_for
    timeout: 20s
    with: { path: server.log, until: there, quiet: 1ms }
  - id: seen
    use: system.processes
    with: { command: "trap '' TERM; echo up" }
  - use: system.wait
    with: { process: "{{ steps.server.pid }}", until: running }
  - id: late
    use: system.wait
    timeout: 300ms
    on_error: continue
    with: { process: "{{ steps.server.pid }}" }
  - id: killed
    use: system.kill
    with: { process: "{{ steps.server.pid }}", grace: 200ms }
  - use: system.wait
    timeout: 10s
    with: { process: "{{ steps.server.pid }}" }
  - id: nobody
    use: system.kill
    with: { process: no-such-program }
outputs:
  sorted: "{{ steps.sorted.stdout }}"
  quoted: "{{ steps.quoted.stdout }}"
  code: "{{ steps.failed.code }}"
  seen: "{{ steps.seen.count > 0 }}"
  killed: "{{ steps.killed.count }}"
  nobody: "{{ steps.nobody.count }}"
"#,
        )
        .await;
    assert_eq!(
        outputs,
        json!({ "sorted": "a\nb", "quoted": "a; rm -rf $HOME", "code": 7, "seen": true,
                "killed": 1, "nobody": 0 })
    );
}

#[tokio::test]
async fn the_machine_tells_about_itself_but_not_its_secrets() {
    let office = office();
    let outputs = office
        .outputs(
            r#"
steps:
  - id: machine
    use: system.info
  - id: path
    use: system.environment
    with: { name: PATH }
  - id: unset
    use: system.environment
    with: { name: SURELY_NOT_SET_HERE, default: none }
outputs:
  plausible: "{{ steps.machine.memory > steps.machine.memory_free and steps.machine.disks | length >= 0 and steps.machine.processors > 0 }}"
  path: "{{ '/' in steps.path.result }}"
  unset: "{{ steps.unset.exists }}"
"#,
        )
        .await;
    assert_eq!(
        outputs,
        json!({ "plausible": true, "path": true, "unset": false })
    );

    let error = office
        .failure(
            "steps:\n  - use: system.environment\n    with: { name: Casare_credential_shop }\n",
        )
        .await;
    assert_eq!(error.kind, ErrorKind::Denied);
}

#[tokio::test]
async fn what_a_desktop_is_needed_for_says_so_where_there_is_none() {
    let office = office();
    for (step, help) in [
        ("system.clipboard\n    with: { action: read }", "desktop"),
        (
            "system.run\n    with: { program: no-such-program }",
            "install",
        ),
        ("system.sound\n    with: { path: none.wav }", ""),
    ] {
        let error = office.failure(&format!("steps:\n  - use: {step}\n")).await;
        let told = format!("{} {}", error.message, error.help.unwrap_or_default());
        assert!(told.contains(help), "{step}: {told}");
    }
}

#[tokio::test]
async fn the_screen_is_pictured() {
    let screen = Screen::start();
    let office = office();
    let steps = format!(
        "steps:\n  - id: shot\n    use: system.screenshot\n    with: {{ display: \":{}\" }}\noutputs:\n  \
         path: \"{{{{ steps.shot.path }}}}\"\n",
        screen.number
    );

    let outputs = office.outputs(&steps).await;

    let picture = std::fs::read(outputs["path"].as_str().unwrap()).unwrap();
    // Width and height stand behind a PNG's signature and the head of its first part.
    let side = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().unwrap());
    assert_eq!((side(16), side(20)), (640, 480));
    drop(screen);
    let error = office.failure(&steps).await;
    assert_eq!(error.kind, ErrorKind::Invalid, "{}", error.message);
}

/// A screen that nobody sees.
struct Screen {
    server: std::process::Child,
    number: String,
}

impl Screen {
    fn start() -> Self {
        use std::{
            io::{BufRead, BufReader},
            process::{Command, Stdio},
        };
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "640x480x24",
                "-nolisten",
                "tcp",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut number = String::new();
        let told = server.stdout.take().unwrap();
        BufReader::new(told).read_line(&mut number).unwrap();
        Self {
            server,
            number: number.trim().to_owned(),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
