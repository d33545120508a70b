//! Stands at the side of a run and keeps it.

use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use casare_engine::{
    Attendant, Clock, Exchanges, NodeError, Plan, RunOptions, RunOutcome, StepEnd, StepPath,
    StepView, Verdict, exchange::Message,
};
use casare_workflow::{Value, value::Stream};
use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::{Map, Value as Json};

use super::{
    Body, Exchange, RecordedError, RecordedFile, RecordedMessage, RecordedOutcome, RecordedStep,
    RecordedWorkflow, Recording, VERSION,
    redact::{self, Secrets},
};

/// Larger settings, outputs and bodies are not kept.
const MOST_KEPT: usize = 8 << 20;
/// Larger files are not hashed.
const MOST_HASHED: u64 = 256 << 20;
/// The most settings of a step that are looked at as files.
const MOST_FILES: usize = 32;

/// Keeps what a run does.
pub struct Recorder {
    folder: PathBuf,
    seed: u64,
    started_at: Timestamp,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    steps: Vec<RecordedStep>,
    /// By path and attempt: the place in `steps`.
    open: HashMap<(String, u32), usize>,
    exchanges: Vec<Exchange>,
    times: BTreeMap<String, Vec<Timestamp>>,
}

impl Recorder {
    /// Keeps what a run with these options does.
    pub fn attach(plan: &Plan, options: &mut RunOptions) -> Arc<Self> {
        let seed = *options
            .seed
            .get_or_insert_with(|| uuid::Uuid::new_v4().as_u64_pair().0 >> 1);
        let recorder = Arc::new(Self {
            folder: plan.folder().to_owned(),
            seed,
            started_at: Timestamp::now(),
            state: Mutex::default(),
        });
        // What is shown is what is kept.
        options
            .shown
            .entry("started_at")
            .or_insert_with(|| recorder.started_at.to_string().into());
        options.attendant = Some(recorder.clone());
        options.clock = Some(recorder.clone());
        options.exchanges = Some(recorder.clone());
        recorder
    }

    /// The recording, once the run has ended.
    pub fn finish(
        &self,
        plan: &Plan,
        inputs: &Map<String, Json>,
        env: &BTreeMap<String, String>,
        outcome: &RunOutcome,
    ) -> Recording {
        let state = std::mem::take(&mut *self.state.lock());
        let allowed = &plan.workflow().env;
        let env: BTreeMap<String, String> = env
            .iter()
            .filter(|(name, _)| allowed.contains(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let texts = inputs
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
        let variables = env
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let secrets = Secrets::of(texts.chain(variables));
        let mut recording = Recording {
            recording: VERSION,
            workflow: RecordedWorkflow {
                name: plan.name().to_owned(),
                folder: plan.folder().to_owned(),
                text: plan.text().to_owned(),
                called: plan.called().clone(),
            },
            run: outcome.run.to_string(),
            started_at: self.started_at,
            inputs: inputs.clone(),
            env,
            seed: self.seed,
            steps: state.steps,
            exchanges: state.exchanges,
            times: state.times,
            outcome: RecordedOutcome {
                state: outcome.state.as_str().to_owned(),
                outputs: outcome.outputs.clone(),
                error: outcome.error.clone(),
            },
        };
        recording.redact(&secrets);
        recording
    }
}

impl Recording {
    fn redact(&mut self, secrets: &Secrets) {
        for value in self.inputs.values_mut() {
            secrets.json(value);
        }
        for value in self.env.values_mut() {
            secrets.text(value);
        }
        let error = |error: &mut Option<casare_engine::ErrorReport>| {
            if let Some(error) = error {
                secrets.text(&mut error.message);
                error.details.iter_mut().for_each(|json| secrets.json(json));
            }
        };
        for step in &mut self.steps {
            step.settings.iter_mut().for_each(|json| secrets.json(json));
            step.outputs.iter_mut().for_each(|json| secrets.json(json));
            error(&mut step.error);
        }
        for exchange in &mut self.exchanges {
            let answer = exchange.answer.iter_mut();
            for message in std::iter::once(&mut exchange.request).chain(answer) {
                redact::headers(&mut message.head);
                secrets.json(&mut message.head);
                if let Body::Text(text) = &mut message.body {
                    secrets.text(text);
                }
            }
        }
        secrets.json(&mut self.outcome.outputs);
        error(&mut self.outcome.error);
    }
}

/// `value` as it is kept; `Err` tells why it is not.
pub(super) fn kept(view: &StepView, value: &Value) -> Result<Json, String> {
    if Stream::is_in(value) {
        return Err("a stream".to_owned());
    }
    let json = view.masked(value);
    let size = json.to_string().len();
    if size > MOST_KEPT {
        return Err(format!("{size} bytes are too many"));
    }
    Ok(json)
}

/// Whether a step's settings are those of one moment: those of loops and conditions are not.
pub(super) fn has_settings(view: &StepView) -> bool {
    let node = view.info().node.as_str();
    !view.is_control() || matches!(node, "data.set" | "flow.call" | "flow.fail" | "log.write")
}

#[async_trait]
impl Attendant for Recorder {
    async fn before(&self, view: &StepView) -> Verdict {
        let info = view.info();
        let mut step = RecordedStep {
            path: view.path().to_string(),
            id: info.id.clone(),
            title: info.title.clone(),
            node: info.node.clone(),
            line: info.line,
            attempt: view.attempt(),
            control: view.is_control(),
            settings: None,
            files: Vec::new(),
            outputs: None,
            omitted: None,
            error: None,
        };
        if has_settings(view)
            && let Ok(settings) = view.settings()
        {
            match kept(view, &settings) {
                Ok(settings) => {
                    if !view.is_control() {
                        step.files = files_in(&settings, &self.folder);
                    }
                    step.settings = Some(settings);
                }
                Err(reason) => step.omitted = Some(format!("settings: {reason}")),
            }
        }
        let mut state = self.state.lock();
        let number = state.steps.len();
        state.open.insert((step.path.clone(), step.attempt), number);
        state.steps.push(step);
        Verdict::Go
    }

    async fn after(&self, view: &StepView, end: StepEnd<'_>) {
        let (outputs, error) = match end {
            StepEnd::Done { outputs, .. } => (outputs.map(|value| kept(view, value)), None),
            StepEnd::Failed { error, .. } => (None, Some(error.clone())),
        };
        let mut state = self.state.lock();
        let key = (view.path().to_string(), view.attempt());
        let Some(number) = state.open.remove(&key) else {
            return;
        };
        let Some(step) = state.steps.get_mut(number) else {
            return;
        };
        step.error = error.map(|mut error| {
            error.message = view.masked_text(&error.message);
            error
        });
        match outputs {
            Some(Ok(outputs)) => step.outputs = Some(outputs),
            Some(Err(reason)) => step.omitted = Some(format!("outputs: {reason}")),
            None => {}
        }
    }
}

impl Clock for Recorder {
    fn now(&self, step: &StepPath) -> Timestamp {
        let now = Timestamp::now();
        let mut state = self.state.lock();
        state.times.entry(step.to_string()).or_default().push(now);
        now
    }
}

#[async_trait]
impl Exchanges for Recorder {
    fn record(
        &self,
        step: &StepPath,
        protocol: &str,
        request: &Message,
        answer: &Result<Message, NodeError>,
    ) {
        let recorded = |message: &Message| RecordedMessage {
            head: message.head.clone(),
            body: Body::of(&message.body),
        };
        let error = answer.as_ref().err().map(|error| RecordedError {
            kind: error.kind(),
            message: error.message().to_owned(),
        });
        self.state.lock().exchanges.push(Exchange {
            step: step.to_string(),
            protocol: protocol.to_owned(),
            request: recorded(request),
            answer: answer.as_ref().ok().map(recorded),
            error,
        });
    }
}

/// The files that are named in settings, as they are now.
pub(super) fn files_in(settings: &Json, folder: &Path) -> Vec<RecordedFile> {
    let mut texts = Vec::new();
    gather(settings, &mut texts, 0);
    let files = texts.into_iter().take(MOST_FILES);
    files
        .filter_map(|text| recorded_file(text, folder))
        .collect()
}

pub(super) fn recorded_file(name: &str, folder: &Path) -> Option<RecordedFile> {
    let path = folder.join(name);
    let about = fs::metadata(&path).ok()?;
    if !about.is_file() || about.len() > MOST_HASHED {
        return None;
    }
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut fs::File::open(&path).ok()?, &mut hasher).ok()?;
    Some(RecordedFile {
        path: name.to_owned(),
        size: about.len(),
        hash: hasher.finalize().to_hex().to_string(),
    })
}

/// Texts that could be paths.
fn gather<'j>(json: &'j Json, texts: &mut Vec<&'j str>, depth: usize) {
    const LONGEST: usize = 1_024;
    match json {
        Json::String(text)
            if !text.is_empty()
                && text.len() <= LONGEST
                && !text.contains(['\n', '\0'])
                && !text.contains("://") =>
        {
            texts.push(text);
        }
        Json::Array(items) if depth < 3 && items.len() <= MOST_FILES => {
            for item in items {
                gather(item, texts, depth + 1);
            }
        }
        Json::Object(map) if depth < 3 && map.len() <= MOST_FILES => {
            for value in map.values() {
                gather(value, texts, depth + 1);
            }
        }
        _ => {}
    }
}
