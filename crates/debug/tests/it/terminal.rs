//! What a person can type, by scripts.

use std::{collections::VecDeque, sync::Arc};

use async_trait::async_trait;
use casare_debug::{
    Launch,
    terminal::{self, Input, Manner},
};
use casare_engine::{RunOutcome, RunState};
use tokio::sync::mpsc;

use crate::host::Lab;

struct Script(VecDeque<String>);

#[async_trait]
impl Input for Script {
    async fn line(&mut self, _: &str) -> Option<String> {
        self.0.pop_front()
    }
}

/// What the debugger says to a script, and how the run ended.
async fn played(lab: &Arc<Lab>, script: &str) -> (String, Option<RunOutcome>) {
    let launch = Launch {
        file: lab.main(),
        ..Launch::default()
    };
    let mut input = Script(script.lines().map(|line| line.trim().to_owned()).collect());
    let (_interrupt, interrupts) = mpsc::channel(1);
    let mut out = Vec::new();
    let ended = terminal::debug(
        lab.clone(),
        launch,
        Manner::default(),
        &mut input,
        interrupts,
        &mut out,
    );
    let outcome = ended.await.unwrap();
    let said = String::from_utf8(out).unwrap();
    let said = match &outcome {
        Some(outcome) => said.replace(&outcome.run.to_string(), "RUN"),
        None => said,
    };
    (said, outcome)
}

const ORDERS: &str = r#"casare: 1
name: orders
variables: { total: 0 }
steps:
  - id: orders
    use: data.set
    with: { name: total, value: 100 }
  - use: flow.for_each
    name: each order
    with: { items: [{ price: 5 }, { price: 7 }, { price: 9 }], as: order }
    do:
      - id: add
        use: data.set
        with: { name: total, value: "{{ vars.total + order.price }}" }
  - { id: tell, use: test.note, with: { text: "sum {{ vars.total }}" } }
outputs: { total: "{{ vars.total }}" }
"#;

#[tokio::test]
async fn a_script_debugs_a_workflow() {
    let lab = Lab::with(ORDERS);

    let (said, outcome) = played(
        &lab,
        "b add if order.price > 5
         w vars.total
         c
         bt
         v loop
         p order
         set total = 1000
         n
         d 1
         b 15 log the sum is {vars.total}
         c",
    )
    .await;

    insta::assert_snapshot!(said, @r#"
    Debugging orders. `h` lists the commands.
    begin: orders (data.set) (@0, line 5)
         3 variables: { total: 0 }
         4 steps:
     →   5   - id: orders
         6     use: data.set
         7     with: { name: total, value: 100 }
    breakpoint 1 at add (line 12) if order.price > 5
      1 vars.total = 0
    breakpoint 1: add (data.set) (@1.do[1].0, line 12), pass 2
        10     with: { items: [{ price: 5 }, { price: 7 }, { price: 9 }], as: order }
        11     do:
    ●→  12       - id: add
        13         use: data.set
        14         with: { name: total, value: "{{ vars.total + order.price }}" }
      1 vars.total = 105
    → 0 add (data.set) (@1.do[1].0, line 12), pass 2 in main.workflow.yaml
      1 each order (flow.for_each) (@1, line 8) in main.workflow.yaml
    Loop and block
      order: {price: 7}
      loop: {index: 2, index0: 1, first: false, last: false, length: 3}
    {price: 7}
    total = 1000
    breakpoint 1: add (data.set) (@1.do[2].0, line 12), pass 3
        10     with: { items: [{ price: 5 }, { price: 7 }, { price: 9 }], as: order }
        11     do:
    ●→  12       - id: add
        13         use: data.set
        14         with: { name: total, value: "{{ vars.total + order.price }}" }
      1 vars.total = 1007
    breakpoint 2 at main.workflow.yaml:15 log the sum is {vars.total}
    15: the sum is 1016
    sum 1016
    the run succeeded (run RUN)
      total: 1016
    "#);
    assert_eq!(outcome.unwrap().outputs["total"], 1016);
}

#[tokio::test]
async fn a_step_is_tried_again_after_the_file_was_mended() {
    let broken = ORDERS.replace(
        "{{ vars.total + order.price }}",
        "{{ vars.total + order.prize }}",
    );
    let lab = Lab::with(&broken);
    let mend = Lab::with(ORDERS);
    struct Mending(Script, std::path::PathBuf, std::path::PathBuf);
    #[async_trait]
    impl Input for Mending {
        async fn line(&mut self, prompt: &str) -> Option<String> {
            let line = self.0.line(prompt).await?;
            if line.starts_with("restart") {
                std::fs::copy(&self.1, &self.2).unwrap();
            }
            Some(line)
        }
    }
    let script = ["c", "restart at add", "c"].map(str::to_owned);
    let mut input = Mending(Script(script.into()), mend.main(), lab.main());
    let (_interrupt, interrupts) = mpsc::channel(1);
    let mut out = Vec::new();
    let launch = Launch {
        file: lab.main(),
        ..Launch::default()
    };

    let outcome = terminal::debug(
        lab.clone(),
        launch,
        Manner::default(),
        &mut input,
        interrupts,
        &mut out,
    )
    .await
    .unwrap()
    .unwrap();

    let said = String::from_utf8(out).unwrap();
    assert!(
        said.contains("begin: add (data.set) (@1.do[0].0, line 12), pass 1"),
        "{said}"
    );
    assert_eq!(outcome.outputs["total"], 121);
}

#[tokio::test]
async fn what_cannot_be_done_is_told() {
    let lab = Lab::with(ORDERS);

    let (said, outcome) = played(
        &lab,
        "b 99
         b nowhere
         b add if total >
         p vars.totl
         set order = 1
         set total = \"text
         frob
         f 9
         t 7
         q",
    )
    .await;

    insta::assert_snapshot!(said, @r"
    Debugging orders. `h` lists the commands.
    begin: orders (data.set) (@0, line 5)
         3 variables: { total: 0 }
         4 steps:
     →   5   - id: orders
         6     use: data.set
         7     with: { name: total, value: 100 }
    breakpoint 1 at main.workflow.yaml:99
      stops nothing: there is no step on line 99 or after it
    breakpoint 2 at nowhere
      stops nothing: there is no step `nowhere`; ids: orders, add, tell
    breakpoint 3 at add (line 12) if total >
      stops nothing: the condition `total >`: can't read this expression: unexpected end, expected expression
    `vars.totl` is not defined; did you mean `vars.total`?
    there is no variable `order`; variables: total
    can't read this expression: unexpected end of string
    there is no command `frob`; `h` lists them
    there is no step 9; see `bt`
    thread 7 does not stand still
    the run was cancelled (run RUN)
    ");
    assert_eq!(outcome.unwrap().state, RunState::Cancelled);
}

#[tokio::test]
async fn a_step_is_skipped_with_outputs_and_stepping_enters_and_leaves_blocks() {
    let lab = Lab::with(ORDERS);

    let (said, outcome) = played(
        &lab,
        "n
         s
         o
         skip {\"text\": \"made up\"}
         q",
    )
    .await;

    let stops: Vec<&str> = said.lines().filter(|line| line.contains("(@")).collect();
    insta::assert_snapshot!(stops.join("\n"), @r"
    begin: orders (data.set) (@0, line 5)
    step: each order (flow.for_each) (@1, line 8)
    step: add (data.set) (@1.do[0].0, line 12), pass 1
    step: tell (test.note) (@2, line 15)
    ");
    assert_eq!(outcome.unwrap().state, RunState::Succeeded);
    assert!(lab.notes().is_empty());
}
