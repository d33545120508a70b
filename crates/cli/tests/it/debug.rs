//! The debugger, called by a script and by an editor.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, ChildStdout, Stdio},
};

use serde_json::{Value as Json, json};

use crate::world::{Answer, World};

const THOUSAND: &str = r#"casare: 1
name: thousand
variables: { total: 0 }
steps:
  - use: flow.repeat
    with: { times: 1000 }
    do:
      - id: add
        use: data.increment
        with: { name: total, by: "{{ loop.index }}" }
outputs: { total: "{{ vars.total }}" }
"#;

fn scripted(world: &World, args: &[&str], script: &str) -> Answer {
    let mut command = world.command(&[&["debug", "thousand.workflow.yaml"], args].concat());
    let mut debugger = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = debugger.stdin.take().unwrap();
    stdin.write_all(script.as_bytes()).unwrap();
    drop(stdin);
    Answer::of(debugger.wait_with_output().unwrap())
}

#[test]
fn a_script_changes_a_variable_in_pass_500() {
    let world = World::with("thousand.workflow.yaml", THOUSAND);

    let script = "b add if loop.index == 500\nc\np vars.total\nset total = 1000000\nc\n";
    let answer = scripted(&world, &[], script);

    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(answer.out.contains("\n124750\n"), "{}", answer.out);
    assert!(answer.out.contains("total: 1375750"), "{}", answer.out);

    // The newest pass of that run once more.
    let answer = scripted(&world, &["--from", "add", "--run", "last"], "bt\nc\n");
    assert!(answer.out.contains("pass 1000"), "{}", answer.out);
    assert_eq!(answer.code, 0);
}

#[test]
fn leaving_cancels_the_run_and_what_makes_no_sense_is_told() {
    let world = World::with("thousand.workflow.yaml", THOUSAND);

    assert_eq!(scripted(&world, &[], "").code, 4);
    let nowhere = scripted(&world, &["--from", "nowhere"], "");
    assert_eq!(nowhere.code, 2);
    assert!(
        nowhere
            .out
            .contains("`thousand` has no step `nowhere`; ids: add"),
        "{}",
        nowhere.out
    );
    assert_eq!(world.call(&["debug", "no.workflow.yaml"]).code, 2);
}

/// An editor that has started `casare dap`.
struct Editor {
    server: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    asked: u64,
}

impl Editor {
    fn start(world: &World) -> Self {
        let mut command = world.command(&["dap"]);
        let mut server = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            to: server.stdin.take().unwrap(),
            from: BufReader::new(server.stdout.take().unwrap()),
            server,
            asked: 0,
        }
    }

    /// Sends a request and answers the first message that `wanted` names: an event, or the
    /// response to a command.
    fn ask(&mut self, command: &str, arguments: Json, wanted: &str) -> Json {
        self.asked += 1;
        let request = json!({
            "seq": self.asked, "type": "request", "command": command, "arguments": arguments,
        });
        let request = request.to_string();
        write!(
            self.to,
            "Content-Length: {}\r\n\r\n{request}",
            request.len()
        )
        .unwrap();
        loop {
            let message = self.read();
            assert_ne!(message["success"], false, "{message}");
            if message["event"] == wanted || message["command"] == wanted {
                return message["body"].clone();
            }
        }
    }

    fn read(&mut self) -> Json {
        let mut header = String::new();
        self.from.read_line(&mut header).unwrap();
        let length = header.trim().rsplit(' ').next().unwrap().parse().unwrap();
        self.from.read_line(&mut header).unwrap();
        let mut content = vec![0; length];
        self.from.read_exact(&mut content).unwrap();
        serde_json::from_slice(&content).unwrap()
    }
}

#[test]
fn an_editor_changes_a_variable_in_pass_500() {
    let world = World::with("thousand.workflow.yaml", THOUSAND);
    let file = world.path("thousand.workflow.yaml");
    let mut editor = Editor::start(&world);

    editor.ask("initialize", json!({ "adapterID": "casare" }), "initialize");
    editor.ask("launch", json!({ "program": file }), "initialized");
    let breakpoints = json!([{ "line": 8, "condition": "loop.index == 500" }]);
    let set = json!({ "source": { "path": file }, "breakpoints": breakpoints });
    editor.ask("setBreakpoints", set, "setBreakpoints");
    let stopped = editor.ask("configurationDone", Json::Null, "stopped");
    assert_eq!(stopped["reason"], "breakpoint");
    let change = json!({ "expression": "vars.total", "value": "1000000" });
    editor.ask("setExpression", change, "setExpression");
    let said = editor.ask("continue", json!({ "threadId": 1 }), "output");
    assert_eq!(said["output"], "total: 1375750\n");
    editor.ask("disconnect", Json::Null, "disconnect");

    assert!(editor.server.wait().unwrap().success());
}
