//! What a workflow is: a tree of steps.

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::{DocPath, Span};

/// A whole workflow file.
///
/// Settings and expressions are still as written here; [`crate::Template`] compiles them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Workflow {
    /// What people call it; also names its runs.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What a run has to be given, in the order of the file.
    pub inputs: IndexMap<String, Input>,
    /// Variables and their values at the start; a value may hold expressions over `inputs`.
    pub variables: IndexMap<String, Json>,
    /// Names of environment variables that expressions may read as `env.NAME`.
    pub env: Vec<String>,
    /// Bounds of a run, where they differ from the defaults.
    pub limits: Limits,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// What a run answers, by name; values are usually expressions.
    pub outputs: IndexMap<String, Json>,
}

/// Something a run has to be given.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Input {
    /// What kind of value is accepted.
    pub kind: InputKind,
    /// The value when none is given.
    pub default: Option<Json>,
    /// Whether a run without a value is refused. An input without default and not required is `none`.
    pub required: bool,
    /// What it is, for people.
    pub description: Option<String>,
    /// The only values that are accepted; empty for any.
    pub options: Vec<Json>,
}

/// The kind of value an input takes. Text from the command line is converted to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InputKind {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list.
    List,
    /// A map from names to values.
    Map,
    /// A path of a file; relative to the folder the run was started in.
    File,
    /// A path of a folder.
    Folder,
    /// A date (`2026-03-01`) or a time (RFC 3339).
    Date,
    /// The *name* of a credential; the secret itself is never an input.
    Credential,
    /// Anything.
    #[default]
    Any,
}

/// Bounds of a run. `None` means the engine's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Passes of one loop (default 1,000,000).
    pub passes: Option<u64>,
    /// Bytes of one step's output that are kept inline (default 16 MiB); more becomes an artifact.
    pub inline_output: Option<u64>,
    /// Time a run may take in all (default none).
    pub run_time: Option<Span>,
    /// Time `finally` blocks and clean-up get after a cancellation (default 30 s).
    pub grace: Option<Span>,
}

/// One use of a node.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// The node's name, `category.action`.
    pub uses: String,
    /// Name under which other steps see its outputs: `steps.<id>.<output>`.
    pub id: Option<String>,
    /// What people read instead of the node's name.
    pub name: Option<String>,
    /// Settings as written; any text in them may hold `{{ }}`.
    pub with: IndexMap<String, Json>,
    /// The step is skipped unless this is true: `true`, `false`, or text with one expression.
    pub when: Option<Json>,
    /// Whether and how to try again.
    pub retry: Option<Retry>,
    /// Time one attempt may take.
    pub timeout: Option<Span>,
    /// What a failure does to the run.
    pub on_error: OnError,
    /// What a resumed run does when it can't know whether this step happened.
    pub on_resume: OnResume,
    /// Skipped as if it was not there.
    pub disabled: bool,
    /// A remark for people.
    pub note: Option<String>,
    /// The child steps, by the block names that the node declares.
    pub blocks: IndexMap<String, Block>,
    /// Where the step stands in its file, to point at it; not part of equality.
    pub at: DocPath,
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        self.uses == other.uses
            && self.id == other.id
            && self.name == other.name
            && self.with == other.with
            && self.when == other.when
            && self.retry == other.retry
            && self.timeout == other.timeout
            && self.on_error == other.on_error
            && self.on_resume == other.on_resume
            && self.disabled == other.disabled
            && self.note == other.note
            && self.blocks == other.blocks
    }
}

impl Step {
    /// What people read: the step's name, else its id, else the node.
    pub fn title(&self) -> &str {
        self.name
            .as_deref()
            .or(self.id.as_deref())
            .unwrap_or(&self.uses)
    }
}

/// Child steps under one key of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// `do: [...]`
    Steps(Vec<Step>),
    /// `branches: { left: [...], right: [...] }`
    Named(IndexMap<String, Vec<Step>>),
}

impl Block {
    /// Every list of steps in it, with its name where it has one.
    pub fn lists(&self) -> Vec<(Option<&str>, &[Step])> {
        match self {
            Self::Steps(steps) => vec![(None, steps.as_slice())],
            Self::Named(lists) => lists
                .iter()
                .map(|(name, steps)| (Some(name.as_str()), steps.as_slice()))
                .collect(),
        }
    }
}

/// How a step is tried again.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// Attempts in all, the first included; at least 1.
    pub attempts: u32,
    /// Wait before the second attempt (default 1 s).
    pub delay: Span,
    /// What the wait is multiplied by after each attempt (default 2).
    pub backoff: f64,
    /// The longest wait (default 60 s).
    pub max_delay: Span,
    /// Whether a random time, at most as long again, is added to the wait (default true).
    pub jitter: bool,
    /// Kinds of error that are tried again; empty for those that say a retry can help.
    pub on: Vec<String>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 3,
            delay: Span::from_secs(1),
            backoff: 2.0,
            max_delay: Span::from_secs(60),
            jitter: true,
            on: Vec::new(),
        }
    }
}

/// What a step's failure does to the run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnError {
    /// The enclosing block fails.
    #[default]
    Fail,
    /// The failure is recorded and the next step runs. The run's result says so.
    Continue,
}

/// What a resumed run does with a `once` step whose outcome is unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnResume {
    /// Stops and asks.
    #[default]
    Ask,
    /// Executes it again: the author says that a repetition does no harm.
    Repeat,
}
