//! What is no workflow, or a broken one.

use casare_import::{ImportError, SourceFile, import};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::sketch::{assert_valid, file, registry};

fn error(text: &str) -> ImportError {
    let file = SourceFile {
        path: "x.json".to_owned(),
        text: text.to_owned(),
    };
    import(&[file], &registry()).remove(0).outcome.unwrap_err()
}

#[test]
fn what_is_no_workflow_is_told_with_the_reason() {
    assert!(error("").to_string().contains("not valid JSON"));
    assert!(error("{\"nodes\": {").to_string().contains("line 1"));
    assert!(error("[1]").to_string().contains("not a JSON object"));
    assert!(error("{}").to_string().contains("no `nodes`"));
    assert!(error(r#"{"nodes": {}}"#).to_string().contains("no nodes"));
    assert!(
        error(r#"{"nodes": [1, 2]}"#)
            .to_string()
            .contains("none of its nodes")
    );
    assert!(
        error(&"[".repeat(100_000))
            .to_string()
            .contains("not valid JSON")
    );
}

#[test]
fn too_many_nodes_are_refused() {
    let nodes: Vec<Json> = (0..6_000)
        .map(|n| json!([format!("n{n}"), "LogNode"]))
        .collect();

    let error = error(&file(&Json::Array(nodes), "").to_string());

    assert!(matches!(error, ImportError::TooLarge { what: "nodes", .. }));
}

#[test]
fn very_deep_nesting_is_refused() {
    let mut nodes = Vec::new();
    let mut wires = String::new();
    for n in 0..300 {
        nodes.push(json!([format!("l{n}"), "ForLoopStartNode", { "items": [1] }]));
        if n > 0 {
            wires.push_str(&format!("l{}.body > l{n};", n - 1));
        }
    }

    let error = error(&file(&Json::Array(nodes), &wires).to_string());

    assert!(matches!(error, ImportError::TooDeep { .. }), "{error}");
}

#[test]
fn a_long_chain_is_no_trouble() {
    let mut nodes = Vec::new();
    let mut wires = String::new();
    for n in 0..2_000 {
        nodes.push(json!([format!("n{n}"), "LogNode", { "message": "x" }]));
        if n > 0 {
            wires.push_str(&format!("n{} > n{n};", n - 1));
        }
    }
    let outcome = crate::sketch::imported(&file(&Json::Array(nodes), &wires));

    assert_eq!(outcome.report.converted, 2_000);
}

const KINDS: [&str; 22] = [
    "StartNode",
    "EndNode",
    "LogNode",
    "IfNode",
    "SwitchNode",
    "MergeNode",
    "ForLoopStartNode",
    "ForLoopEndNode",
    "WhileLoopStartNode",
    "WhileLoopEndNode",
    "BreakNode",
    "ContinueNode",
    "TryNode",
    "CatchNode",
    "FinallyNode",
    "ForkNode",
    "JoinNode",
    "RetryNode",
    "LaunchBrowserNode",
    "CloseBrowserNode",
    "SetVariableNode",
    "NoSuchNode",
];
const PORTS: [&str; 16] = [
    "exec_out",
    "true",
    "false",
    "body",
    "completed",
    "try_body",
    "catch_body",
    "finally_body",
    "branch_1",
    "branch_2",
    "case_1",
    "default",
    "retry_body",
    "failed",
    "value",
    "error",
];

fn any_workflow() -> impl Strategy<Value = Json> {
    let nodes = prop::collection::vec((0..KINDS.len(), 0..14_usize), 1..14);
    let wires = prop::collection::vec(
        (0..14_usize, 0..PORTS.len(), 0..14_usize, any::<bool>()),
        0..30,
    );
    (nodes, wires).prop_map(|(nodes, wires)| {
        let listed: Vec<Json> = nodes
            .iter()
            .enumerate()
            .map(|(at, (kind, other))| {
                let other = format!("n{other}");
                json!([format!("n{at}"), KINDS[*kind], {
                    "paired_start_id": other, "paired_try_id": other, "paired_loop_start_id": other,
                    "paired_join_id": other, "condition": format!("{{{{{other}.value}}}} > 1"),
                    "message": format!("{{{{{other}.current_item}}}} {{{{x}}}}"),
                    "variable_name": "x", "value": 1, "cases": ["1"],
                }])
            })
            .collect();
        let count = nodes.len();
        let wires: Vec<String> = wires
            .iter()
            .map(|(from, out, to, flows)| {
                let into = if *flows { "exec_in" } else { "message" };
                format!("n{}.{} > n{}.{into}", from % count, PORTS[*out], to % count)
            })
            .collect();
        file(&Json::Array(listed), &wires.join(";"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_wired_comes_out_valid(workflow in any_workflow()) {
        let file = SourceFile { path: "x.json".to_owned(), text: workflow.to_string() };
        if let Ok(outcome) = import(&[file], &registry()).remove(0).outcome {
            assert_valid(&outcome);
        }
    }

    #[test]
    fn a_broken_file_is_no_panic(cut in 0_usize..700, put in ".{0,6}") {
        let whole = file(
            &json!([
                ["set", "SetVariableNode", { "variable_name": "n", "value": "{{x.y[0]}} @{f('a')} %n%" }],
                ["if", "IfNode", { "condition": "({{n}} > 1) and 'a' in [n, 2]" }],
                ["say", "LogNode", { "message": "${n}" }],
            ]),
            "set > if; if.true > say",
        )
        .to_string();
        let at = (cut.min(whole.len())..=whole.len()).find(|at| whole.is_char_boundary(*at)).unwrap();
        let text = format!("{}{put}{}", &whole[..at], &whole[at..]);
        let file = SourceFile { path: "x.json".to_owned(), text };
        if let Ok(outcome) = import(&[file], &registry()).remove(0).outcome {
            assert_valid(&outcome);
        }
    }
}
