//! A validated workflow, compiled: parsed expressions, node instances, interned names.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use casare_workflow::{
    Effect, ProblemList, Severity, Source, Template, Workflow, check,
    model::{OnError, OnResume, Retry},
};

use crate::{
    Registry,
    event::{Signal, StepInfo},
    node::{Action, Session},
};

mod cache;
mod compile;
mod origin;
mod outline;

pub(crate) use cache::PlanCache;
pub use origin::StepOrigin;
pub use outline::Outlined;

/// How deep workflows may call each other.
const CALL_DEPTH: usize = 64;

/// A workflow that can run. Made once, used by any number of runs.
#[derive(Debug)]
pub struct Plan {
    pub(crate) workflow: Workflow,
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) hash: String,
    /// Where relative paths of this workflow start.
    pub(crate) folder: PathBuf,
    pub(crate) root: List,
    pub(crate) variables: Vec<(Arc<str>, Template)>,
    pub(crate) outputs: Vec<(Arc<str>, Template)>,
    /// The texts of called workflows, by their files, for the journal.
    pub(crate) called: BTreeMap<String, String>,
    /// Warnings of the check.
    pub(crate) warnings: ProblemList,
}

/// Why a workflow can't run.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The text is not a valid workflow.
    #[error(transparent)]
    Invalid(#[from] ProblemList),
    /// A called workflow can't be read.
    #[error("the workflow `{file}` that step `{step}` calls can't be read")]
    Unreadable {
        /// The file.
        file: String,
        /// The step that calls it.
        step: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Workflows call each other in a circle, or too deep.
    #[error("{0}")]
    Calls(String),
}

/// Where the texts of called workflows come from.
pub(crate) enum Files<'a> {
    /// The disk.
    Disk,
    /// What was journaled when the run began, so that a resumed run sees the same workflows.
    Recorded(&'a BTreeMap<String, String>),
}

impl Plan {
    /// Compiles `text`, the content of `name`; called workflows are read relative to `folder`.
    ///
    /// # Errors
    ///
    /// Everything that is known to be wrong before a run.
    pub fn compile(
        name: &str,
        text: &str,
        folder: &Path,
        registry: &Registry,
    ) -> Result<Arc<Self>, PlanError> {
        Self::compile_from(name, text, folder, registry, &Files::Disk)
    }

    pub(crate) fn compile_from(
        name: &str,
        text: &str,
        folder: &Path,
        registry: &Registry,
        files: &Files<'_>,
    ) -> Result<Arc<Self>, PlanError> {
        Self::compile_below(name, text, folder, registry, files, &mut Vec::new())
    }

    fn compile_below(
        name: &str,
        text: &str,
        folder: &Path,
        registry: &Registry,
        files: &Files<'_>,
        callers: &mut Vec<PathBuf>,
    ) -> Result<Arc<Self>, PlanError> {
        let (workflow, source) = Source::read(name, text)?;
        let problems = check(&workflow, &source, registry);
        let (errors, warnings): (Vec<_>, Vec<_>) = problems
            .into_iter()
            .partition(|problem| problem.severity == Severity::Error);
        if !errors.is_empty() {
            return Err(source.problems(errors).into());
        }
        compile::Compiler {
            registry,
            source: &source,
            folder,
            files,
            callers,
            called: BTreeMap::new(),
            breaks: text.match_indices('\n').map(|(place, _)| place).collect(),
        }
        .plan(workflow, text, source.problems(warnings))
        .map(Arc::new)
    }

    /// The workflow as it was read.
    pub fn workflow(&self) -> &Workflow {
        &self.workflow
    }

    /// The name of its file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text it was compiled from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its file's folder, where relative paths in it start.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The texts of the workflows that it calls, by their files.
    pub fn called(&self) -> &BTreeMap<String, String> {
        &self.called
    }

    /// What the check found worth a look.
    pub fn warnings(&self) -> &ProblemList {
        &self.warnings
    }
}

/// A list of steps.
#[derive(Debug, Default)]
pub(crate) struct List {
    /// As paths write it: `do`, or `cases:paid`.
    pub(crate) block: Arc<str>,
    /// The name under its block, if it has one.
    pub(crate) name: String,
    /// Shared with whoever looks at a run of them.
    pub(crate) steps: Vec<Arc<PlanStep>>,
}

/// A compiled step.
#[derive(Debug)]
pub(crate) struct PlanStep {
    pub(crate) info: Arc<StepInfo>,
    pub(crate) id: Option<Arc<str>>,
    pub(crate) disabled: bool,
    pub(crate) when: Option<Template>,
    pub(crate) retry: Option<Retry>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) on_error: OnError,
    pub(crate) on_resume: OnResume,
    pub(crate) effect: Effect,
    pub(crate) kind: Kind,
}

/// Settings by name.
pub(crate) type Settings = Vec<(Arc<str>, Template)>;

/// What a step does.
pub(crate) enum Kind {
    Action {
        work: Arc<dyn Action>,
        settings: Settings,
    },
    Session {
        work: Arc<dyn Session>,
        settings: Settings,
        body: List,
    },
    Set(Vec<(Arc<str>, Template)>),
    Increment {
        name: Arc<str>,
        by: Option<Template>,
    },
    If {
        condition: Template,
        then: List,
        otherwise: Option<List>,
    },
    Switch {
        value: Template,
        cases: Vec<List>,
        default: Option<List>,
    },
    ForEach(Box<ForEach>),
    While {
        condition: Template,
        max_passes: Option<Template>,
        body: List,
    },
    Repeat {
        times: Template,
        body: List,
    },
    Parallel {
        at_once: Option<Template>,
        branches: Vec<List>,
    },
    Race {
        branches: Vec<List>,
    },
    Try {
        body: List,
        catch: Vec<List>,
        finally: Option<List>,
    },
    Retry {
        settings: Settings,
        body: List,
    },
    Signal(Signal),
    Fail(Settings),
    Assert {
        condition: Template,
        settings: Settings,
    },
    Call {
        plan: Arc<Plan>,
        inputs: Settings,
    },
    Wait(Template),
    StateMachine(Box<StateMachine>),
    /// A disabled step: never executed, so whatever is wrong with it does not matter.
    Nothing,
}

impl Kind {
    /// The settings, as the file names them.
    pub(crate) fn settings(&self) -> Vec<(&str, &Template)> {
        fn one<'k>(name: &'k str, template: &'k Template) -> Vec<(&'k str, &'k Template)> {
            vec![(name, template)]
        }
        fn some<'k>(
            name: &'k str,
            template: Option<&'k Template>,
        ) -> Option<(&'k str, &'k Template)> {
            template.map(|template| (name, template))
        }
        fn all(settings: &Settings) -> Vec<(&str, &Template)> {
            let settings = settings.iter();
            settings
                .map(|(name, template)| (&**name, template))
                .collect()
        }
        match self {
            Self::Action { settings, .. }
            | Self::Session { settings, .. }
            | Self::Retry { settings, .. }
            | Self::Fail(settings)
            | Self::Set(settings)
            | Self::Call {
                inputs: settings, ..
            } => all(settings),
            Self::Assert {
                condition,
                settings,
            } => [("condition", condition)]
                .into_iter()
                .chain(all(settings))
                .collect(),
            Self::Increment { by, .. } => some("by", by.as_ref()).into_iter().collect(),
            Self::If { condition, .. } | Self::While { condition, .. } => {
                one("condition", condition)
            }
            Self::Switch { value, .. } => one("value", value),
            Self::ForEach(each) => [("items", &each.items)]
                .into_iter()
                .chain(some("parallel", each.parallel.as_ref()))
                .collect(),
            Self::Repeat { times, .. } => one("times", times),
            Self::Parallel { at_once, .. } => {
                some("at_once", at_once.as_ref()).into_iter().collect()
            }
            Self::Wait(duration) => one("duration", duration),
            Self::Race { .. }
            | Self::Try { .. }
            | Self::Signal(_)
            | Self::StateMachine(_)
            | Self::Nothing => Vec::new(),
        }
    }
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kind")
    }
}

/// A loop over items.
pub(crate) struct ForEach {
    pub(crate) items: Template,
    /// Whether the items have to be journaled: their expression reads variables, which change.
    pub(crate) record_items: bool,
    pub(crate) item: Arc<str>,
    pub(crate) parallel: Option<Template>,
    pub(crate) collect: Option<Template>,
    pub(crate) max_passes: Option<Template>,
    pub(crate) body: List,
}

/// Named states and the ways between them.
pub(crate) struct StateMachine {
    pub(crate) start: usize,
    pub(crate) states: Vec<List>,
    pub(crate) transitions: Vec<Transition>,
    pub(crate) max_passes: Option<Template>,
}

pub(crate) struct Transition {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) when: Option<Template>,
}
