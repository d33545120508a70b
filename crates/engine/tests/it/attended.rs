//! Watching and steering a run.

use std::sync::Arc;

use async_trait::async_trait;
use casare_engine::{
    AfterFailure, Attendant, Clock, ErrorKind, NodeError, RunState, StepEnd, StepPath, StepView,
    Verdict,
};
use casare_workflow::{Value, value::from_json};
use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::Notify;

use crate::harness::Lab;

/// Decides by the step's title, and writes down what it is told.
struct Script<F> {
    decide: F,
    told: Mutex<Vec<String>>,
}

#[async_trait]
impl<F: Fn(&StepView) -> Verdict + Send + Sync> Attendant for Script<F> {
    async fn before(&self, step: &StepView) -> Verdict {
        (self.decide)(step)
    }

    async fn after(&self, step: &StepView, end: StepEnd<'_>) {
        let title = &step.info().title;
        self.told.lock().push(match end {
            StepEnd::Done { outputs, variables } => {
                let value = outputs.or(variables).cloned().unwrap_or_default();
                format!("{title}: {value}")
            }
            StepEnd::Failed { error, next } => {
                let raised = next == AfterFailure::Raise;
                let handled = if step.is_handled(error) {
                    ", handled"
                } else {
                    ""
                };
                format!("{title}: failed, raised: {raised}{handled}")
            }
        });
    }
}

fn script<F: Fn(&StepView) -> Verdict + Send + Sync>(decide: F) -> Arc<Script<F>> {
    Arc::new(Script {
        decide,
        told: Mutex::default(),
    })
}

const COUNTING: &str = r#"
casare: 1
name: counting
variables: { total: 0 }
steps:
  - use: flow.repeat
    name: loop
    with: { times: 3 }
    do:
      - use: data.set
        name: add
        with: { name: total, value: "{{ vars.total + loop.index }}" }
outputs: { total: "{{ vars.total }}" }
"#;

#[tokio::test]
async fn a_variable_that_is_changed_before_a_step_is_what_its_settings_see() {
    let lab = Lab::new();
    let mut options = lab.options();
    let attendant = script(|step| {
        if step.info().title == "add" && step.evaluate("loop.index0 == 1").unwrap().is_true() {
            step.set_variable("total", Value::from(100)).unwrap();
        }
        Verdict::Go
    });
    options.attendant = Some(attendant.clone());

    let outcome = lab.run_with(COUNTING, options).await;

    assert_eq!(outcome.outputs, json!({ "total": 105 }));
    assert_eq!(attendant.told.lock()[1], "add: {'total': 102}");
}

#[tokio::test]
async fn a_step_is_stubbed_given_other_settings_or_made_to_fail() {
    let lab = Lab::new();
    let text = r#"
casare: 1
name: stubs
steps:
  - { id: sent, use: test.note, name: stubbed, with: { text: real } }
  - { id: changed, use: test.note, name: changed, with: { text: real } }
  - use: test.door
    name: session
    with: { name: front }
    do:
      - { id: inside, use: test.jot, with: { text: inside } }
  - use: flow.try
    name: guard
    do:
      - { use: test.note, name: broken, with: { text: never } }
    catch:
      - { id: seen, use: test.jot, name: handler, with: { text: "{{ error.kind }}" } }
outputs:
  sent: "{{ steps.sent.text }}"
  changed: "{{ steps.changed.text }}"
  inside: "{{ steps.inside.text }}"
  seen: "{{ steps.seen.text }}"
"#;
    let attendant = script(|step| match step.info().title.as_str() {
        "stubbed" => Verdict::Outputs(from_json(&json!({ "text": "stub" }))),
        "changed" => Verdict::Settings(from_json(&json!({ "text": "other" }))),
        "session" => Verdict::Unopened(Value::from(())),
        "broken" => Verdict::Fail(NodeError::new(ErrorKind::Denied, "no")),
        _ => Verdict::Go,
    });
    let mut options = lab.options();
    options.attendant = Some(attendant.clone());

    let outcome = lab.run_with(text, options).await;

    assert_eq!(
        outcome.outputs,
        json!({ "sent": "stub", "changed": "other", "inside": "inside", "seen": "denied" })
    );
    assert_eq!(lab.lines("notes.txt"), ["other", "inside", "denied"]);
    assert_eq!(lab.lines("doors.txt"), Vec::<String>::new());
    let told = attendant.told.lock();
    assert!(told.contains(&"broken: failed, raised: true, handled".to_owned()));
}

#[tokio::test]
async fn a_retried_step_is_asked_for_in_each_attempt() {
    let lab = Lab::new();
    let text = r"
casare: 1
name: retried
steps:
  - use: test.flaky
    name: flaky
    with: { name: never, failures: 9 }
    retry: { attempts: 3, delay: 1h }
";
    let attendant = script(|step| match step.attempt() {
        3 => Verdict::Outputs(Value::from(())),
        _ => Verdict::Go,
    });
    let mut options = lab.options();
    options.attendant = Some(attendant.clone());
    options.clock = Some(Arc::new(Noon));

    let outcome = lab.run_with(text, options).await;

    assert_eq!(outcome.state, RunState::Succeeded);
    let told = attendant.told.lock();
    assert_eq!(told[..2], ["flaky: failed, raised: false"; 2]);
}

/// It is always noon, and nobody waits.
struct Noon;

#[async_trait]
impl Clock for Noon {
    fn now(&self, _: &StepPath) -> Timestamp {
        "2026-02-03T12:00:00Z".parse().unwrap()
    }

    async fn sleep(&self, _: std::time::Duration) {}
}

#[tokio::test]
async fn time_and_chance_are_what_the_run_was_given() {
    let lab = Lab::new();
    let text = "casare: 1\nname: dice\nsteps:\n  - { id: a, use: test.dice }\n  - { id: b, use: test.dice }\noutputs: { a: \"{{ steps.a }}\", b: \"{{ steps.b }}\", id: \"{{ run.id }}\" }\n";
    let mut seen = Vec::new();
    for _ in 0..2 {
        let mut options = lab.options();
        options.seed = Some(7);
        options.clock = Some(Arc::new(Noon));
        options.shown.insert("id".into(), "the-first".into());
        seen.push(lab.run_with(text, options).await.outputs);
    }

    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[0]["a"]["pips"], seen[0]["b"]["pips"]);
    assert_eq!(seen[0]["a"]["at"], "2026-02-03T12:00:00Z");
    assert_eq!(seen[0]["id"], "the-first");
}

/// Holds the left branch until the right one is done.
#[derive(Default)]
struct HoldLeft {
    right_done: Notify,
    branches: Mutex<Vec<String>>,
}

#[async_trait]
impl Attendant for HoldLeft {
    async fn before(&self, step: &StepView) -> Verdict {
        if step.info().title == "left step" {
            self.right_done.notified().await;
        }
        if let Some(branch) = step.branch() {
            self.branches.lock().push(branch.block.to_string());
        }
        Verdict::Go
    }

    async fn after(&self, step: &StepView, _: StepEnd<'_>) {
        if step.info().title == "right step" {
            self.right_done.notify_one();
        }
    }
}

#[tokio::test]
async fn a_held_branch_does_not_hold_the_others() {
    let lab = Lab::new();
    let text = r"
casare: 1
name: branches
steps:
  - use: flow.parallel
    branches:
      left: [ { use: test.note, name: left step, with: { text: left } } ]
      right: [ { use: test.note, name: right step, with: { text: right } } ]
";
    let attendant = Arc::new(HoldLeft::default());
    let mut options = lab.options();
    options.attendant = Some(attendant.clone());

    lab.run_with(text, options).await;

    assert_eq!(lab.lines("notes.txt"), ["right", "left"]);
    assert_eq!(
        *attendant.branches.lock(),
        ["branches:right", "branches:left"]
    );
}

/// Never lets a step go.
struct Stubborn {
    asked: Notify,
}

#[async_trait]
impl Attendant for Stubborn {
    async fn before(&self, _: &StepView) -> Verdict {
        self.asked.notify_one();
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_cancelled_run_does_not_wait_for_its_attendant() {
    let lab = Lab::new();
    let attendant = Arc::new(Stubborn {
        asked: Notify::new(),
    });
    let mut options = lab.options();
    let cancel = options.cancel.clone();
    options.attendant = Some(attendant.clone());

    let run = lab.run_with(COUNTING, options);
    let stop = async {
        attendant.asked.notified().await;
        cancel.cancel(casare_engine::CancelReason::User);
    };
    let (outcome, ()) = tokio::join!(run, stop);

    assert_eq!(outcome.state, RunState::Cancelled);
}
