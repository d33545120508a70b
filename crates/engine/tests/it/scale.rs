use std::fmt::Write;

use casare_engine::RunState;
use serde_json::json;

use crate::harness::Lab;

#[tokio::test]
async fn ten_thousand_steps_follow_each_other() {
    let lab = Lab::new();
    let mut text = String::from("casare: 1\nname: chain\nvariables: { n: 0 }\nsteps:\n");
    for _ in 0..10_000 {
        text.push_str("  - use: data.increment\n    with: { name: n }\n");
    }
    text.push_str("outputs: { n: \"{{ vars.n }}\" }\n");

    let outcome = lab.run(&text).await;

    assert_eq!(outcome.outputs, json!({ "n": 10_000 }));
    assert_eq!(outcome.steps, 10_000);
}

#[tokio::test]
async fn two_hundred_blocks_stand_in_each_other() {
    let lab = Lab::new();
    let mut text = String::from("casare: 1\nname: nested\nvariables: { n: 0 }\nsteps:\n");
    for depth in 0..200 {
        let indent = " ".repeat(depth * 4 + 2);
        let _ = writeln!(
            text,
            "{indent}- use: flow.if\n{indent}  with: {{ condition: true }}\n{indent}  then:"
        );
    }
    let indent = " ".repeat(802);
    let _ = writeln!(
        text,
        "{indent}- use: data.increment\n{indent}  with: {{ name: n }}"
    );
    text.push_str("outputs: { n: \"{{ vars.n }}\" }\n");

    let outcome = lab.run(&text).await;

    assert_eq!(outcome.outputs, json!({ "n": 1 }));
}

#[tokio::test]
async fn a_thousand_branches_wait_at_the_same_time() {
    let lab = Lab::new();
    let mut text = String::from(
        "casare: 1\nname: wide\nvariables: { n: 0 }\nsteps:\n  - use: flow.parallel\n    branches:\n",
    );
    for branch in 0..1000 {
        let _ = writeln!(
            text,
            "      b{branch}:\n        - use: flow.wait\n          with: {{ duration: 50ms }}\n        - use: data.increment\n          with: {{ name: n }}"
        );
    }
    text.push_str("outputs: { n: \"{{ vars.n }}\" }\n");

    let outcome = lab.run(&text).await;

    assert_eq!(outcome.state, RunState::Succeeded);
    assert_eq!(outcome.outputs, json!({ "n": 1000 }));
    assert!(outcome.took.as_secs() < 20, "the waits overlap");
}
