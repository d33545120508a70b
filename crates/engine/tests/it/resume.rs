use std::{collections::BTreeMap, sync::Arc};

use casare_engine::{Decision, RunError, RunState};
use serde_json::json;

use crate::harness::{Events, Lab, inputs};

/// Every construct once, with a note that must be written exactly once in each place.
const EVERYTHING: &str = r#"
casare: 1
name: everything
variables: { total: 0, state: new }
steps:
  - id: first
    use: test.note
    with: { text: first }
  - id: each
    use: flow.for_each
    with: { items: "{{ range(3) }}", as: n, collect: "{{ steps.inner.text }}" }
    do:
      - use: flow.if
        with: { condition: "{{ vars.total < 2 }}" }
        then:
          - use: data.set
            with: { name: total, value: "{{ vars.total + 2 }}" }
          - id: inner
            use: test.note
            with: { text: "then {{ n }} {{ steps.first.text }}" }
        else:
          - use: test.note
            with: { text: "else {{ n }}" }
      - use: test.note
        when: "{{ vars.total == 2 }}"
        with: { text: "when {{ n }}" }
      - use: data.set
        with: { name: total, value: "{{ vars.total + 1 }}" }
  - use: flow.try
    do:
      - use: test.note
        with: { text: tried }
      - use: flow.fail
        with: { message: "as planned", kind: business }
    catch:
      business:
        - use: test.note
          with: { text: "caught {{ error.message }}" }
    finally:
      - use: test.note
        with: { text: finally }
  - id: side
    use: flow.for_each
    with: { items: [a, b, c], as: x, parallel: 2, collect: "{{ steps.own.text }}" }
    do:
      - id: own
        use: test.note
        with: { text: "side {{ x }}" }
  - use: flow.parallel
    branches:
      left:
        - use: test.note
          with: { text: left }
      right:
        - use: test.note
          with: { text: right }
  - id: call
    use: flow.call
    with: { workflow: called.workflow.yaml, inputs: { n: "{{ vars.total }}" } }
  - use: flow.while
    with: { condition: "{{ vars.total < 8 }}" }
    do:
      - use: test.note
        with: { text: "while {{ vars.total }}" }
      - use: data.increment
        with: { name: total }
  - use: flow.switch
    with: { value: "{{ vars.state }}" }
    cases:
      new:
        - use: data.set
          with: { name: state, value: old }
        - use: test.note
          with: { text: switched }
  - use: flow.state_machine
    with:
      start: a
      transitions: [{ from: a, to: b }, { from: b, to: a, when: "{{ vars.total < 10 }}" }]
    states:
      a:
        - use: data.increment
          with: { name: total }
      b:
        - use: test.note
          with: { text: "state {{ vars.total }}" }
outputs:
  total: "{{ vars.total }}"
  state: "{{ vars.state }}"
  each: "{{ steps.each.results }}"
  side: "{{ steps.side.results }}"
  called: "{{ steps.call.value }}"
"#;

const CALLED: &str = r#"
casare: 1
name: called
inputs:
  n: { type: integer, required: true }
variables: { total: 100 }
steps:
  - use: data.set
    with: { name: total, value: "{{ vars.total + inputs.n }}" }
  - use: test.note
    with: { text: "called {{ vars.total }}" }
outputs:
  value: "{{ vars.total }}"
"#;

fn lab() -> Lab {
    let lab = Lab::new();
    lab.write("called.workflow.yaml", CALLED);
    lab
}

#[tokio::test]
async fn a_run_that_crashed_anywhere_ends_as_if_it_had_not() {
    let whole = lab();
    let expected = whole.run(EVERYTHING).await;
    assert_eq!(expected.error, None);
    let mut notes = whole.lines("notes.txt");
    notes.sort();

    for crash_at in 1.. {
        let lab = lab();
        if lab.crash(EVERYTHING, crash_at).await.is_some() {
            assert!(
                crash_at > 60,
                "the workflow has more events than {crash_at}"
            );
            break;
        }
        if lab.has_succeeded().await {
            continue;
        }
        let mut outcome = lab.resume(&[]).await;
        if outcome.state == RunState::NeedsDecision {
            // The person looks whether it happened.
            let done = lab.lines("done.txt");
            let decisions: Vec<(String, Decision)> = outcome
                .undecided
                .iter()
                .map(|step| step.path.to_string())
                .map(|path| {
                    let decision = if done.contains(&path) {
                        Decision::Done(json!({ "text": note_of(&whole, &path) }))
                    } else {
                        Decision::Repeat
                    };
                    (path, decision)
                })
                .collect();
            let decisions: Vec<(&str, Decision)> = decisions
                .iter()
                .map(|(path, decision)| (path.as_str(), decision.clone()))
                .collect();
            outcome = lab.resume(&decisions).await;
        }
        assert_eq!(outcome.error, None, "crashed at event {crash_at}");
        assert_eq!(
            outcome.outputs, expected.outputs,
            "crashed at event {crash_at}"
        );
        let mut written = lab.lines("notes.txt");
        written.sort();
        assert_eq!(written, notes, "crashed at event {crash_at}");
    }
}

/// The note that the step at `path` wrote when nothing crashed.
fn note_of(lab: &Lab, path: &str) -> String {
    let written = lab.lines("done.txt");
    let place = written.iter().position(|done| done == path).unwrap();
    lab.lines("notes.txt")[place].clone()
}

#[tokio::test]
async fn a_step_that_a_person_says_was_done_is_not_done_again() {
    let lab = Lab::new();
    let text = r#"
casare: 1
name: paying
steps:
  - id: pay
    use: test.note
    with: { text: paid }
  - id: report
    use: test.jot
    with: { text: "receipt {{ steps.pay.text }}" }
outputs:
  receipt: "{{ steps.report.text }}"
"#;
    // Events: run started, step started.
    assert!(lab.crash(text, 2).await.is_none());

    let asked = lab.resume(&[]).await;
    let decided = lab
        .resume(&[("pay", Decision::Done(json!({ "text": "no 7" })))])
        .await;

    assert_eq!(asked.state, RunState::NeedsDecision);
    assert_eq!(asked.undecided[0].path.to_string(), "0");
    assert_eq!(decided.outputs, json!({ "receipt": "receipt no 7" }));
}

#[tokio::test]
async fn a_decision_that_is_refused_leaves_the_run_as_it_was() {
    let lab = Lab::new();
    let text = "casare: 1\nname: broken\nsteps:\n  - use: flow.fail\n    with: { message: no }\n";
    let journal = lab.journal().await;
    let mut options = lab.options();
    options.journal = Some(journal.clone());
    let run = lab.run_with(text, options).await.run.to_string();

    let mut options = lab.options();
    options.journal = Some(journal.clone());
    let decisions = [("0".to_owned(), Decision::Repeat)].into();
    let refused = lab.engine.resume(&run, &decisions, options).await;

    assert!(matches!(refused, Err(RunError::NotResumable(_))));
    let stored = journal.find(&run).await.unwrap();
    assert_eq!((stored.state, stored.attempt), (RunState::Failed, 1));
}

#[tokio::test]
async fn a_failed_run_goes_on_at_the_step_that_failed() {
    let lab = Lab::new();
    let text = r#"
casare: 1
name: mending
steps:
  - use: test.note
    with: { text: before }
  - use: flow.try
    do:
      - use: flow.repeat
        with: { times: 2 }
        do:
          - use: test.note
            with: { text: "pass {{ loop.index }}" }
          - use: test.flaky
            when: "{{ loop.index == 2 }}"
            with: { name: portal, failures: 1 }
    finally:
      - use: test.note
        with: { text: cleaned }
  - use: test.note
    with: { text: after }
"#;
    let mut options = lab.options();
    options.journal = Some(lab.journal().await);
    let failed = lab.run_with(text, options).await;

    let mended = lab.resume(&[]).await;

    assert_eq!(failed.state, RunState::Failed);
    assert_eq!(mended.error, None);
    assert_eq!(
        lab.lines("notes.txt"),
        ["before", "pass 1", "pass 2", "cleaned", "cleaned", "after"]
    );
}

#[tokio::test]
async fn outputs_past_the_inline_limit_survive_as_artifacts() {
    let lab = Lab::new();
    let text = r#"
casare: 1
name: large
limits: { inline_output: 1000 }
steps:
  - id: large
    use: test.jot
    with: { text: "{{ 'x' * 5000 }}" }
  - use: test.flaky
    with: { name: later, failures: 1 }
outputs:
  length: "{{ steps.large.text | length }}"
"#;
    let mut options = lab.options();
    options.journal = Some(lab.journal().await);
    let failed = lab.run_with(text, options).await;
    let kept = std::fs::read_dir(failed.folder.join("artifacts"))
        .unwrap()
        .count();

    let mended = lab.resume(&[]).await;

    assert_eq!(kept, 1);
    assert_eq!(mended.outputs, json!({ "length": 5000 }));
}

#[tokio::test]
async fn what_was_done_in_a_session_is_done_again_when_it_is_opened_again() {
    let lab = Lab::new();
    let text = r"
casare: 1
name: session
steps:
  - use: test.door
    with: { name: front }
    do:
      - use: test.knock
        with: { text: one }
      - use: test.note
        with: { text: once }
      - use: test.knock
        with: { text: two }
      - use: test.flaky
        with: { name: portal, failures: 1 }
";
    let mut options = lab.options();
    options.journal = Some(lab.journal().await);
    let failed = lab.run_with(text, options).await;

    let mended = lab.resume(&[]).await;

    assert_eq!(failed.state, RunState::Failed);
    assert_eq!(mended.error, None);
    assert_eq!(
        lab.lines("notes.txt"),
        ["one", "once", "two", "one", "two"],
        "what belongs to the session again, what has consequences not"
    );
}

/// What another machine does with the events that it was given: the run failed, was resumed, and that machine was lost.
#[tokio::test]
async fn a_run_goes_on_elsewhere_from_its_events_also_after_a_failure_and_a_loss() {
    let (here, there) = (Lab::new(), Lab::new());
    let text = r#"
casare: 1
name: moving
inputs: { who: { type: string, required: true } }
steps:
  - use: test.note
    with: { text: "before {{ inputs.who }}" }
  - use: test.flaky
    with: { name: portal, failures: 1 }
  - use: test.note
    with: { text: after }
"#;
    let told = Arc::new(Events::default());
    let mut options = here.options();
    options.inputs = inputs([("who", json!("Ada"))]);
    options.sinks = vec![told.clone()];
    let failed = here.run_with(text, options).await;
    let mut lines: Vec<String> = told.all().iter().map(ToString::to_string).collect();
    let mut resumed = told.named("run_started")[0].clone();
    resumed["attempt"] = json!(2);
    lines.push(resumed.to_string());
    let plan = there
        .engine
        .load("moving.workflow.yaml", text, &there.path(""))
        .unwrap();
    let mut options = there.options();
    options.inputs = inputs([("who", json!("Ada"))]);
    options.journal = Some(there.journal().await);
    // The portal has come back meanwhile.
    there.write("portal.txt", "tried\n");

    let run = there
        .engine
        .adopt(&plan, &options, lines.iter().map(String::as_str))
        .await
        .unwrap();
    let moved = there
        .engine
        .resume(&run.to_string(), &BTreeMap::new(), options)
        .await
        .unwrap();

    assert_eq!(failed.state, RunState::Failed);
    assert_eq!(moved.error, None);
    assert_eq!(
        there.lines("notes.txt"),
        ["after"],
        "what was done here is not done there"
    );
}
