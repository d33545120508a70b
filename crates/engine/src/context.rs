//! What a node sees of the run it works in.

use std::{
    any::Any,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rand::{SeedableRng, rngs::StdRng};
use serde_json::Value as Json;

use crate::{
    Artifacts, Attendant, Cancel, Clock, Credential, Credentials, EventKind, Exchanges, Heal,
    HealOutcome, HealingPolicy, LogLevel, NodeError, People, Plan, Question, Resource,
    StepExchanges, StepOrigin, StepPath, Witness, event::Artifact, mask::Mask, stream::EventStream,
};

/// What every step of a run shares.
pub(crate) struct Surroundings {
    pub(crate) events: EventStream,
    pub(crate) artifacts: Artifacts,
    pub(crate) credentials: Arc<dyn Credentials>,
    pub(crate) people: Arc<dyn People>,
    pub(crate) mask: Arc<Mask>,
    /// Where relative paths start.
    pub(crate) folder: PathBuf,
    pub(crate) run_id: String,
    /// Whether browsers are shown, when the person at the terminal said so.
    pub(crate) headed: Option<bool>,
    /// The browser to start where a workflow names none.
    pub(crate) browser: Option<PathBuf>,
    /// Where nodes keep what outlives a run.
    pub(crate) keep: PathBuf,
    /// What may be done about selectors that find nothing, when the person at the terminal said so.
    pub(crate) healing: Option<HealingPolicy>,
    /// How often a step went on with what was found another way.
    pub(crate) healed: AtomicU64,
    /// The workflow that was started, not one that it calls.
    pub(crate) plan: Arc<Plan>,
    pub(crate) witness: Option<Arc<dyn Witness>>,
    pub(crate) attendant: Option<Arc<dyn Attendant>>,
    pub(crate) clock: Option<Arc<dyn Clock>>,
    pub(crate) exchanges: Option<Arc<dyn Exchanges>>,
    /// What chance begins with in this run.
    pub(crate) seed: u64,
}

/// A resource and those around it.
pub(crate) struct OpenResource {
    pub(crate) resource: Arc<dyn Resource>,
    pub(crate) outer: Option<Arc<OpenResource>>,
}

/// What a node sees of the run: the log, artifacts, credentials, the resources that the steps
/// around it opened, and how long it may take.
pub struct StepContext {
    pub(crate) around: Arc<Surroundings>,
    pub(crate) path: StepPath,
    pub(crate) cancel: Cancel,
    pub(crate) deadline: Option<Instant>,
    pub(crate) resources: Option<Arc<OpenResource>>,
    pub(crate) checkpoint: Option<Json>,
    pub(crate) attempt: u32,
    /// How often the step asked for chance.
    pub(crate) drawn: AtomicU64,
}

/// The run's log and files for what goes on between the steps of a session: what a page says to its
/// console, what is recorded until the session ends.
#[derive(Clone)]
pub struct Reporter {
    around: Arc<Surroundings>,
    path: StepPath,
}

impl Reporter {
    /// Writes a line to the run's log, in the name of the step that it comes from.
    pub fn log(&self, level: LogLevel, message: impl Into<String>) {
        self.around.events.emit(EventKind::Log {
            path: self.path.clone(),
            level,
            message: message.into(),
        });
    }

    /// A path among the run's files to write to; see [`Reporter::keep_file`].
    ///
    /// # Errors
    ///
    /// Where the folder can't be made.
    pub fn artifact_path(&self, name: &str) -> Result<PathBuf, NodeError> {
        self.around.artifacts.reserve(name)
    }

    /// Keeps the file that was written to a path from [`Reporter::artifact_path`].
    ///
    /// # Errors
    ///
    /// Where it can't be read.
    pub fn keep_file(&self, path: &Path, media_type: &str) -> Result<Artifact, NodeError> {
        let artifact = self.around.artifacts.seal(path, media_type)?;
        self.around.events.emit(EventKind::Artifact {
            path: self.path.clone(),
            artifact: artifact.clone(),
        });
        Ok(artifact)
    }

    /// Takes the run's secrets out of what is to be kept.
    pub fn mask(&self, json: &mut Json) {
        self.around.mask.json(json);
    }
}

impl StepContext {
    /// The log and the files of the run, for what outlives this call.
    pub fn reporter(&self) -> Reporter {
        Reporter {
            around: Arc::clone(&self.around),
            path: self.path.clone(),
        }
    }

    /// Which execution of which step this is.
    pub fn path(&self) -> &StepPath {
        &self.path
    }

    /// The run's id.
    pub fn run_id(&self) -> &str {
        &self.around.run_id
    }

    /// The attempt, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Cancelled when the step has to stop. The engine drops the node's future then; what must not
    /// be left behind (a process, a temporary file) ends in a `Drop`.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// When the step's `timeout` ends, if it has one.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The time left until the deadline, or `default` if that is shorter.
    pub fn time_left(&self, default: Duration) -> Duration {
        self.deadline.map_or(default, |deadline| {
            default.min(deadline.saturating_duration_since(Instant::now()))
        })
    }

    /// The time of day. Nodes ask here, so that a recorded run can be replayed.
    pub fn now(&self) -> Timestamp {
        match &self.around.clock {
            Some(clock) => clock.now(&self.path),
            None => Timestamp::now(),
        }
    }

    /// Chance. Nodes ask here, so that a recorded run can be replayed: what it gives follows from
    /// the run's seed, the step's path and attempt, and how often the step has asked before. Not
    /// for keys and tokens; those come from the operating system.
    pub fn rng(&self) -> StdRng {
        let mut seed = blake3::Hasher::new();
        seed.update(&self.around.seed.to_le_bytes());
        seed.update(&self.attempt.to_le_bytes());
        seed.update(&self.drawn.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        seed.update(self.path.to_string().as_bytes());
        StdRng::from_seed(*seed.finalize().as_bytes())
    }

    /// Who keeps what is said to other systems, or answers in their place. A node that asks
    /// another system asks [`StepExchanges::replay`] first and tells [`StepExchanges::record`]
    /// afterwards.
    pub fn exchanges(&self) -> Option<StepExchanges<'_>> {
        let exchanges = self.around.exchanges.as_deref()?;
        Some(StepExchanges {
            exchanges,
            step: &self.path,
            mask: &self.around.mask,
        })
    }

    /// Writes a line to the run's log.
    pub fn log(&self, level: LogLevel, message: impl Into<String>) {
        self.around.events.emit(EventKind::Log {
            path: self.path.clone(),
            level,
            message: message.into(),
        });
    }

    /// Says how far the step is.
    pub fn progress(&self, done: u64, total: Option<u64>) {
        self.around.events.emit(EventKind::Progress {
            path: self.path.clone(),
            done,
            total,
        });
    }

    /// Keeps `content` as a file of the run.
    ///
    /// # Errors
    ///
    /// Where it can't be written.
    pub fn artifact(
        &self,
        name: &str,
        media_type: &str,
        content: &[u8],
    ) -> Result<Artifact, NodeError> {
        let artifact = self.around.artifacts.keep(name, media_type, content)?;
        self.announce(&artifact);
        Ok(artifact)
    }

    /// A path among the run's files to write something large to; see [`StepContext::keep_file`].
    ///
    /// # Errors
    ///
    /// Where the folder can't be made.
    pub fn artifact_path(&self, name: &str) -> Result<PathBuf, NodeError> {
        self.around.artifacts.reserve(name)
    }

    /// Keeps the file that was written to a path from [`StepContext::artifact_path`].
    ///
    /// # Errors
    ///
    /// Where it can't be read.
    pub fn keep_file(&self, path: &Path, media_type: &str) -> Result<Artifact, NodeError> {
        let artifact = self.around.artifacts.seal(path, media_type)?;
        self.announce(&artifact);
        Ok(artifact)
    }

    /// What a file outside the run's folder is, in the form of an artifact; it stays where it is.
    ///
    /// # Errors
    ///
    /// Where it can't be read.
    pub fn describe_file(&self, path: &Path, media_type: &str) -> Result<Artifact, NodeError> {
        self.around.artifacts.seal(path, media_type)
    }

    fn announce(&self, artifact: &Artifact) {
        self.around.events.emit(EventKind::Artifact {
            path: self.path.clone(),
            artifact: artifact.clone(),
        });
    }

    /// Says what this step is about to ask, so that it can be shown as one form.
    pub fn announce_questions(&self, form: &[Question]) {
        self.around.people.announce(form);
    }

    /// What a person answers to `question`.
    ///
    /// # Errors
    ///
    /// `unavailable` when nobody can be asked.
    pub async fn ask(&self, question: &Question) -> Result<Json, NodeError> {
        self.around.people.ask(question).await
    }

    /// Who gave the last answer, where that is known.
    pub fn answered_by(&self) -> Option<String> {
        self.around.people.who()
    }

    /// The credential called `name`. From here on its secrets are masked in all the run writes.
    ///
    /// # Errors
    ///
    /// `denied` when there is none.
    pub async fn credential(&self, name: &str) -> Result<Credential, NodeError> {
        let credential = self.around.credentials.credential(name).await?;
        let credential = credential.ok_or_else(|| {
            NodeError::denied(format!("there is no credential `{name}`")).with_help(format!(
                "set the environment variable CASARE_CREDENTIAL_{} to a JSON object such as \
                 {{\"username\": \"…\", \"password\": \"…\"}}",
                name.to_uppercase()
                    .replace(|c: char| !c.is_ascii_alphanumeric(), "_"),
            ))
        })?;
        self.around.mask.add(credential.secrets());
        Ok(credential)
    }

    /// Masks a secret that the step came by, such as a token it was given, in all the run writes
    /// from here on.
    pub fn mask_secret(&self, secret: &str) {
        self.around.mask.add(std::iter::once(secret));
    }

    /// The innermost resource of type `T` that a step around this one opened.
    ///
    /// # Errors
    ///
    /// `invalid` when there is none.
    pub fn resource<T: Any + Send + Sync>(&self, what: &str) -> Result<Arc<T>, NodeError> {
        let mut open = self.resources.as_ref();
        while let Some(frame) = open {
            if let Ok(found) = frame.resource.clone().as_any().downcast::<T>() {
                return Ok(found);
            }
            open = frame.outer.as_ref();
        }
        Err(
            NodeError::invalid(format!("no {what} is open here")).with_help(format!(
                "put the step into the `do` block of a step that opens a {what}"
            )),
        )
    }

    /// `given` as a path of this machine: a relative one starts at the workflow's folder.
    pub fn file(&self, given: impl AsRef<Path>) -> PathBuf {
        self.around.folder.join(given)
    }

    /// What the resource said of itself before the run was interrupted, when it is opened again.
    pub fn checkpoint(&self) -> Option<&Json> {
        self.checkpoint.as_ref()
    }

    /// Whether the person who started the run wants to see browsers (`--headed`).
    pub fn headed(&self) -> Option<bool> {
        self.around.headed
    }

    /// The browser to start where the step names none.
    pub fn browser(&self) -> Option<&Path> {
        self.around.browser.as_deref()
    }

    /// What may be done about selectors that find nothing, if the person who started the run said so.
    pub fn healing(&self) -> Option<HealingPolicy> {
        self.around.healing
    }

    /// Tells what came of looking for an element another way than the workflow says.
    pub fn tell_heal(&self, heal: Heal) {
        if heal.outcome == HealOutcome::Used {
            self.around.healed.fetch_add(1, Ordering::Relaxed);
        }
        self.around.events.emit(EventKind::Healing {
            path: self.path.clone(),
            heal,
        });
    }

    /// Where this step is written.
    pub fn origin(&self) -> Option<StepOrigin> {
        self.around.plan.origin(&self.path)
    }

    /// The folder for what outlives a run and belongs to this machine's user, such as log-ins. It may not be there
    /// yet.
    pub fn keep_folder(&self) -> &Path {
        &self.around.keep
    }

    /// Runs `work`, which blocks or computes for long, off the run's own task.
    ///
    /// # Errors
    ///
    /// What `work` says; `bug` if it panics.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, NodeError> + Send + 'static,
    ) -> Result<T, NodeError> {
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|error| {
                Err(NodeError::bug(format!(
                    "the node's work ended unexpectedly: {error}"
                )))
            })
    }
}
