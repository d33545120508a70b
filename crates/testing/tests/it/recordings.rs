//! What a run did, in a file, and the same again.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use casare_engine::{Credential, Credentials, Engine, NodeError, Plan, RunOptions, RunOutcome};
use casare_testing::{Recorder, Recording, Replay, recording::Difference};
use serde_json::json;
use tempfile::TempDir;

use crate::bench::engine;

const WORKFLOW: &str = r#"casare: 1
name: w
inputs: { api_token: string }
variables: { total: 0 }
steps:
  - id: time
    use: date.look
  - id: page
    use: http.request
    with: { url: "https://shop.example/?t={{ steps.time.at }}", credential: shop }
  - id: open
    use: http.request
    with: { url: "https://shop.example/open", json: { token: "{{ inputs.api_token }}" } }
  - id: file
    use: note.read
    with: { path: a.txt }
  - use: flow.for_each
    with: { items: "{{ [1, 2] }}", as: n }
    do:
      - use: data.set
        with: { name: total, value: "{{ vars.total + n + steps.time.pips }}" }
  - use: note.write
    with: { path: out.txt, text: "{{ steps.page.body }} {{ steps.file.content }}" }
outputs:
  total: "{{ vars.total }}"
"#;

struct Shop;

#[async_trait]
impl Credentials for Shop {
    async fn credential(&self, name: &str) -> Result<Option<Credential>, NodeError> {
        let fields = BTreeMap::from([("token".to_owned(), "hunter2-secret".into())]);
        Ok(Some(Credential::new(name, fields)))
    }
}

struct Office {
    folder: TempDir,
    engine: Engine,
}

impl Office {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("a.txt"), "old").unwrap();
        Self {
            folder,
            engine: engine(),
        }
    }

    fn plan(&self, text: &str) -> Arc<Plan> {
        self.engine
            .load("w.yaml", text, self.folder.path())
            .unwrap()
    }

    async fn recorded(&self) -> (Recording, RunOutcome) {
        let plan = self.plan(WORKFLOW);
        let mut options = RunOptions::new(self.folder.path(), self.folder.path().join("runs"));
        options.credentials = Arc::new(Shop);
        options
            .inputs
            .insert("api_token".into(), "tok-98765".into());
        let recorder = Recorder::attach(&plan, &mut options);
        let given = options.inputs.clone();
        let outcome = self.engine.run(&plan, options).await.unwrap();
        let recording = recorder.finish(&plan, &given, &BTreeMap::new(), &outcome);
        let path = self.folder.path().join("run.json");
        recording.write(&path).unwrap();
        std::fs::remove_file(self.folder.path().join("out.txt")).unwrap();
        (Recording::read(&path).unwrap(), outcome)
    }

    async fn replayed(&self, recording: &Recording, text: &str) -> Vec<Difference> {
        let plan = self.plan(text);
        let mut options = RunOptions::new(self.folder.path(), self.folder.path().join("replays"));
        let replay = Replay::attach(recording, &mut options);
        let outcome = self.engine.run(&plan, options).await.unwrap();
        replay.finish(recording, &plan, &outcome).0
    }
}

fn told(differences: &[Difference]) -> Vec<String> {
    let told = differences.iter().map(|one| {
        let step = one.step.clone().unwrap_or_default();
        let line = one.line.unwrap_or_default();
        format!("{step}:{line}: {}", one.message)
    });
    told.collect()
}

#[tokio::test]
async fn a_recording_runs_again_as_it_was_and_touches_nothing() {
    let office = Office::new();
    let (recording, outcome) = office.recorded().await;

    let differences = office.replayed(&recording, WORKFLOW).await;

    assert_eq!(told(&differences), [""; 0]);
    assert_eq!(recording.outcome.outputs, outcome.outputs);
    assert!(!office.folder.path().join("out.txt").exists());
}

#[tokio::test]
async fn a_recording_holds_no_secret() {
    let office = Office::new();
    let (recording, _) = office.recorded().await;

    let text = serde_json::to_string(&recording).unwrap();

    for secret in ["hunter2-secret", "tok-98765", "session=1234"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert_eq!(recording.exchanges.len(), 2);
    assert_eq!(recording.inputs["api_token"], json!("[redacted]"));
}

#[tokio::test]
async fn a_changed_workflow_is_told_by_step_and_line() {
    let office = Office::new();
    let (recording, outcome) = office.recorded().await;
    let changed = WORKFLOW
        .replace("vars.total + n", "vars.total + n + 1")
        .replace("path: out.txt", "path: other.txt");

    let differences = told(&office.replayed(&recording, &changed).await);

    let total = outcome.outputs["total"].as_i64().unwrap();
    assert_eq!(differences.len(), 4, "{differences:#?}");
    assert!(differences[0].starts_with("data.set:20: with.total: "));
    assert_eq!(
        differences[2],
        r#"note.write:22: with.path: "other.txt" now, "out.txt" in the recording"#
    );
    assert_eq!(
        differences[3],
        format!(
            ":0: outputs.total: {} now, {total} in the recording",
            total + 2
        )
    );
}

#[tokio::test]
async fn a_file_that_changed_since_is_told() {
    let office = Office::new();
    let (recording, _) = office.recorded().await;
    std::fs::write(office.folder.path().join("a.txt"), "new").unwrap();

    let differences = told(&office.replayed(&recording, WORKFLOW).await);

    assert_eq!(
        differences,
        ["file:14: the file `a.txt` has changed since; the step is answered from the recording"]
    );
}

#[tokio::test]
async fn something_else_is_no_recording() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.json");
    std::fs::write(&path, r#"{"recording": 1}"#).unwrap();

    let error = Recording::read(&path).unwrap_err().to_string();

    assert!(error.contains("is no recording: missing field"), "{error}");
}
