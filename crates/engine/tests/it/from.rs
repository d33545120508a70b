//! Runs that begin in the middle.

use casare_engine::{Beginning, RunError, RunState};
use casare_store::RunFilter;
use serde_json::json;

use crate::harness::{Lab, inputs};

const FOUR_PASSES: &str = r#"
casare: 1
name: passes
inputs: { start: { type: integer, default: 0 } }
variables: { total: 0 }
steps:
  - { id: first, use: test.note, with: { text: "first" } }
  - use: flow.for_each
    with: { items: [1, 2, 3, 4], as: n }
    do:
      - { id: inner, use: test.note, with: { text: "inner {{ n }}" } }
      - use: data.set
        with: { name: total, value: "{{ vars.total + n + inputs.start }}" }
      - { id: check, use: test.flaky, with: { name: "check{{ n }}", failures: "{{ 1 if n == 3 else 0 }}", kind: invalid } }
  - { id: last, use: test.note, with: { text: "last after {{ steps.first.text }}" } }
outputs: { total: "{{ vars.total }}" }
"#;

async fn from(
    lab: &Lab,
    text: &str,
    beginning: Beginning,
) -> Result<casare_engine::RunOutcome, RunError> {
    let mut options = lab.options();
    options.journal = Some(lab.journal().await);
    let plan = lab
        .engine
        .load("test.workflow.yaml", text, &options.folder)
        .unwrap();
    lab.engine.run_from(&plan, &beginning, options).await
}

async fn newest_run(lab: &Lab) -> String {
    let runs = lab.journal().await.list(RunFilter::default()).await;
    runs.unwrap()[0].id.to_string()
}

#[tokio::test]
async fn what_an_earlier_run_did_before_the_step_is_not_done_again() {
    let lab = Lab::new();
    let mut options = lab.options();
    options.journal = Some(lab.journal().await);
    options.inputs = inputs([("start", json!(100))]);
    let failed = lab.run_with(FOUR_PASSES, options).await;
    assert_eq!(failed.state, RunState::Failed);

    let outcome = from(
        &lab,
        FOUR_PASSES,
        Beginning {
            step: "1.do[1].0".into(),
            earlier: Some(newest_run(&lab).await),
            ..Beginning::default()
        },
    )
    .await
    .unwrap();

    assert_eq!(outcome.outputs, json!({ "total": 410 }));
    assert_eq!(
        lab.lines("notes.txt"),
        [
            "first",
            "inner 1",
            "inner 2",
            "inner 3", // the failed run
            "inner 2",
            "inner 3",
            "inner 4",
            "last after first",
        ]
    );
    // The new run can itself be gone on from.
    let again = from(
        &lab,
        FOUR_PASSES,
        Beginning {
            step: "last".into(),
            earlier: Some(newest_run(&lab).await),
            ..Beginning::default()
        },
    )
    .await
    .unwrap();
    assert_eq!(again.outputs, json!({ "total": 410 }));
    assert_eq!(lab.lines("notes.txt").len(), 9);
}

#[tokio::test]
async fn without_an_earlier_run_outputs_can_be_given() {
    let lab = Lab::new();

    let outcome = from(
        &lab,
        FOUR_PASSES,
        Beginning {
            step: "1.do[3].1".into(),
            outputs: [("first".to_owned(), json!({ "text": "made up" }))].into(),
            ..Beginning::default()
        },
    )
    .await
    .unwrap();

    assert_eq!(outcome.outputs, json!({ "total": 4 }));
    assert_eq!(lab.lines("notes.txt"), ["last after made up"]);
}

#[tokio::test]
async fn an_earlier_run_of_other_steps_is_refused() {
    let lab = Lab::new();
    let mut options = lab.options();
    options.journal = Some(lab.journal().await);
    lab.run_with(FOUR_PASSES, options).await;
    let beginning = Beginning {
        step: "last".into(),
        earlier: Some(newest_run(&lab).await),
        ..Beginning::default()
    };

    let changed = FOUR_PASSES.replace("id: first, use: test.note", "id: first, use: test.jot");
    let error = from(&lab, &changed, beginning).await.unwrap_err();

    assert!(
        error.to_string().starts_with("step 0 is another one"),
        "{error}"
    );
    let nowhere = Beginning {
        step: "nowhere".into(),
        ..Beginning::default()
    };
    let error = from(&lab, FOUR_PASSES, nowhere).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`passes` has no step `nowhere`; ids: first, inner, check, last"
    );
}
