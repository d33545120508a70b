//! The process of one run. It ends with its robot: when its input closes, nobody listens any more.

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, BufRead, Write},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use casare_engine::{
    CancelReason, Credential, Credentials, Decision, Engine, EventSink, NodeError, People, Plan,
    Question, RunOptions, RunOutcome, RunState, Witness,
};
use casare_store::Journal;
use casare_tunnel::{Given, Outcome};
use parking_lot::Mutex;
use serde_json::{Map, Value as Json, json};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::pipe::{EVENTS, FromRun, HISTORY, Order, ToRun};
use crate::spool::Spool;

/// What the process of a run shares between the engine and the robot.
struct Line {
    spool: Arc<Spool>,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Option<u64>>>>,
    asked: Mutex<HashMap<u64, oneshot::Sender<Given>>>,
    next_ask: AtomicU64,
    form: Mutex<Vec<Question>>,
    suspends: Notify,
}

impl Line {
    /// Lines are short, and the robot reads them at once.
    fn say(what: &FromRun) -> io::Result<()> {
        let mut line = serde_json::to_vec(what)?;
        line.push(b'\n');
        let mut out = io::stdout().lock();
        out.write_all(&line)?;
        out.flush()
    }

    /// A robot that has gone takes this process along: until then nothing happens that would look like a failure of
    /// the run.
    async fn say_or_wait(what: &FromRun) {
        if Self::say(what).is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Tells of new events as they come.
    async fn tell(&self) {
        let mut told = 0;
        loop {
            self.spool.more.notified().await;
            let Ok(count) = self.spool.flush() else {
                continue;
            };
            if count > told && Self::say(&FromRun::Told { count }).is_ok() {
                told = count;
            }
        }
    }
}

/// Runs what the robot on the other end of stdin and stdout orders. `engine_at` makes the engine for a folder.
///
/// # Errors
///
/// When the robot can't be understood or has gone. How the run ended is told to it.
pub async fn attend(
    engine_at: impl FnOnce(&Path) -> Result<Engine, String>,
    browser: Option<std::path::PathBuf>,
) -> io::Result<()> {
    let mut input = input();
    let Some(ToRun::Order(order)) = input.recv().await else {
        return Err(io::Error::other("the first line is no order"));
    };
    let spool = Arc::new(Spool::create(&order.folder.join(EVENTS))?);
    let line = Arc::new(Line {
        spool: Arc::clone(&spool),
        waiting: Mutex::default(),
        asked: Mutex::default(),
        next_ask: AtomicU64::new(1),
        form: Mutex::default(),
        suspends: Notify::new(),
    });
    let mut options = RunOptions::new(&order.folder, order.folder.join("runs"));
    options.id = Some(order.run);
    options.inputs = match order.inputs.clone() {
        Json::Object(inputs) => inputs,
        _ => Map::new(),
    };
    options.env.clone_from(&order.env);
    options.keep = Some(order.keep.clone());
    options.file = Some(order.file.clone());
    options.browser = browser;
    options.sinks = vec![spool as Arc<dyn EventSink>];
    options.credentials = line.clone();
    options.witness = Some(line.clone());
    options.people = Arc::new(AtServer {
        line: line.clone(),
        answers: Mutex::new(answers_of(&order).unwrap_or_default()),
        answered_by: order
            .answer
            .as_ref()
            .and_then(|answer| answer["by"].as_str())
            .map(str::to_owned),
    });
    let cancel = options.cancel.clone();
    Line::say(&FromRun::Started)?;
    let outcome = tokio::select! {
        outcome = run(engine_at, &order, options) => outcome,
        () = line.suspends.notified() => {
            let form = std::mem::take(&mut *line.form.lock());
            Outcome::Suspended { question: json!({ "questions": form }) }
        }
        () = line.tell() => return Ok(()),
        gone = listen(&line, &mut input, &cancel) => return gone,
    };
    let count = line.spool.flush()?;
    Line::say(&FromRun::Ended { count, outcome })
}

/// What the robot says. A thread reads it that nobody waits for: the process may end meanwhile.
fn input() -> mpsc::UnboundedReceiver<ToRun> {
    let (tell, heard) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(what) = line.and_then(|line| Ok(serde_json::from_str(&line)?)) else {
                return;
            };
            if tell.send(what).is_err() {
                return;
            }
        }
    });
    heard
}

/// Hears the robot until it has gone.
async fn listen(
    line: &Line,
    input: &mut mpsc::UnboundedReceiver<ToRun>,
    cancel: &casare_engine::Cancel,
) -> io::Result<()> {
    while let Some(heard) = input.recv().await {
        match heard {
            ToRun::Order(_) => {}
            ToRun::Holds { ask, left_ms } => {
                if let Some(waiter) = line.waiting.lock().remove(&ask) {
                    // The step may have been cancelled.
                    let _ = waiter.send(left_ms);
                }
            }
            ToRun::Credential { ask, given } => {
                if let Some(asker) = line.asked.lock().remove(&ask) {
                    // The step that asked may have been cancelled.
                    let _ = asker.send(given);
                }
            }
            ToRun::Cancel => cancel.cancel(CancelReason::User),
        }
    }
    Err(io::Error::from(io::ErrorKind::BrokenPipe))
}

async fn run(
    engine_at: impl FnOnce(&Path) -> Result<Engine, String>,
    order: &Order,
    options: RunOptions,
) -> Outcome {
    match begin(engine_at, order, options).await {
        Ok((plan, outcome)) => told(&plan, outcome),
        Err(message) => Outcome::Failed {
            kind: "invalid".into(),
            message,
        },
    }
}

/// Runs it from its start, or from where earlier attempts stood.
async fn begin(
    engine_at: impl FnOnce(&Path) -> Result<Engine, String>,
    order: &Order,
    mut options: RunOptions,
) -> Result<(Arc<Plan>, RunOutcome), String> {
    let chain = |error: &dyn std::error::Error| casare_engine::chain(error);
    let engine = engine_at(&order.folder)?;
    let text = tokio::fs::read_to_string(order.folder.join(&order.file))
        .await
        .map_err(|error| format!("cannot read the workflow on the robot: {error}"))?;
    let plan = engine
        .load(&order.file, &text, &order.folder)
        .map_err(|error| {
            format!(
                "the workflow is not valid for this robot: {}",
                chain(&error)
            )
        })?;
    let journal = Journal::open(&order.folder)
        .await
        .map_err(|error| chain(&error))?;
    options.journal = Some(journal);
    if !order.resumes {
        let outcome = engine.run(&plan, options).await;
        return Ok((plan, outcome.map_err(|error| chain(&error))?));
    }
    let history = tokio::fs::read_to_string(order.folder.join(HISTORY))
        .await
        .map_err(|error| format!("cannot read what earlier attempts told: {error}"))?;
    let run = engine
        .adopt(&plan, &options, history.lines())
        .await
        .map_err(|error| chain(&error))?;
    let outcome = engine
        .resume(&run.to_string(), &decisions(order), options)
        .await;
    Ok((plan, outcome.map_err(|error| chain(&error))?))
}

/// What a person said about steps that may or may not have happened.
fn decisions(order: &Order) -> BTreeMap<String, Decision> {
    let (Some(waited), Some(answer)) = (&order.waited_for, &order.answer) else {
        return BTreeMap::new();
    };
    let decision = match answer["decision"].as_str() {
        Some("repeat") => Decision::Repeat,
        Some("happened") => Decision::Done(answer["outputs"].clone()),
        _ => return BTreeMap::new(),
    };
    let steps = waited["steps"].as_array().into_iter().flatten();
    steps
        .filter_map(|step| step["path"].as_str())
        .map(|path| (path.to_owned(), decision.clone()))
        .collect()
}

/// The answers to what the attempt before has ended with, by what they are called.
fn answers_of(order: &Order) -> Option<HashMap<String, Json>> {
    let questions = order.waited_for.as_ref()?["questions"].as_array()?;
    let answer = order.answer.as_ref()?;
    // With the name of who answered beside it.
    let answer = match answer.get("by") {
        Some(_) => answer.get("answer")?,
        None => answer,
    };
    let names: Vec<&str> = questions
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    let answers = names.iter().zip(questions).map(|(name, question)| {
        // One question may be answered by the value alone.
        let alone = (names.len() == 1 && answer.get(*name).is_none()).then_some(answer);
        let value = answer.get(*name).or(alone).unwrap_or(&question["default"]);
        ((*name).to_owned(), value.clone())
    });
    Some(answers.collect())
}

fn told(plan: &Plan, outcome: RunOutcome) -> Outcome {
    match outcome.state {
        RunState::Succeeded => Outcome::Succeeded {
            outputs: outcome.outputs,
        },
        RunState::Cancelled => Outcome::Cancelled,
        RunState::NeedsDecision => {
            let steps: Vec<Json> = outcome
                .undecided
                .iter()
                .map(|step| {
                    json!({
                        "path": step.path.to_string(), "step": step.step, "node": step.node, "line": step.line,
                    })
                })
                .collect();
            Outcome::NeedsDecision {
                question: json!({ "steps": steps }),
            }
        }
        RunState::Failed | RunState::Running => {
            let error = outcome
                .error
                .and_then(|error| serde_json::to_value(error).ok())
                .unwrap_or_default();
            let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
            let place = match (text("step"), error["line"].as_u64()) {
                (step, _) if step.is_empty() => plan.workflow().name.clone(),
                (step, Some(line)) => format!("{step} (line {line})"),
                (step, None) => step,
            };
            let kind = match text("kind") {
                kind if kind.is_empty() => "bug".to_owned(),
                kind => kind,
            };
            Outcome::Failed {
                kind,
                message: format!("{place}: {}", text("message")),
            }
        }
    }
}

#[async_trait]
impl Credentials for Line {
    async fn credential(&self, name: &str) -> Result<Option<Credential>, NodeError> {
        let ask = self.next_ask.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        self.asked.lock().insert(ask, sender);
        let name = name.to_owned();
        Self::say_or_wait(&FromRun::Credential {
            ask,
            name: name.clone(),
        })
        .await;
        let Ok(given) = answer.await else {
            return std::future::pending().await;
        };
        match given {
            Given::Fields { fields } => {
                let fields = fields
                    .into_iter()
                    .map(|(name, value)| (name, value.into()))
                    .collect();
                Ok(Some(Credential::new(name, fields)))
            }
            Given::Nothing => Ok(None),
            Given::Refused { why } => Err(NodeError::denied(why)),
        }
    }
}

#[async_trait]
impl Witness for Line {
    async fn knows(&self) -> Result<(), NodeError> {
        let failed = |error: &io::Error| {
            NodeError::unavailable(format!("events can't be kept on the robot's disk: {error}"))
                .permanent()
        };
        let count = self.spool.flush().map_err(|error| failed(&error))?;
        loop {
            let ask = self.next_ask.fetch_add(1, Ordering::Relaxed);
            let (sender, answer) = oneshot::channel();
            self.waiting.lock().insert(ask, sender);
            let asked = Instant::now();
            Self::say_or_wait(&FromRun::Waits { count, ask }).await;
            match answer.await {
                Ok(Some(left)) if asked.elapsed() < Duration::from_millis(left) => return Ok(()),
                // The answer took too long to rely on it.
                Ok(Some(_)) => {}
                // Somebody else may have the job: this process is about to be ended.
                Ok(None) | Err(_) => return std::future::pending().await,
            }
        }
    }
}

/// Asks through the server: the run ends, and goes on with the answer.
struct AtServer {
    line: Arc<Line>,
    answers: Mutex<HashMap<String, Json>>,
    answered_by: Option<String>,
}

#[async_trait]
impl People for AtServer {
    fn announce(&self, form: &[Question]) {
        *self.line.form.lock() = form.to_vec();
    }

    async fn ask(&self, question: &Question) -> Result<Json, NodeError> {
        if let Some(answer) = self.answers.lock().remove(&question.name) {
            return Ok(answer);
        }
        {
            let mut form = self.line.form.lock();
            if !form.contains(question) {
                *form = vec![question.clone()];
            }
        }
        self.line.suspends.notify_one();
        std::future::pending().await
    }

    fn who(&self) -> Option<String> {
        self.answered_by.clone()
    }
}
