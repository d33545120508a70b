//! A `*.test.yaml` file: what it says, and what is wrong with it.
//!
//! | file | what it reads |
//! |---|---|
//! | `read` | values of the right kind, with a problem and its place where they are not |
//! | `setup` | what a case is given: inputs, files, clock, credentials |
//! | `stub` | answers in the place of steps and of HTTP servers |
//! | `expect` | what has to come of it |
//! | `names` | whether the workflow has what the test names |

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use casare_engine::{ErrorKind, RunState};
use casare_workflow::{DocPath, Document, Problem, ProblemList};
use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::pattern::Pattern;

pub(crate) mod expect;
mod names;
mod read;
mod setup;
pub(crate) mod stub;

pub(crate) use names::check_names;
use read::Reader;

/// What `unstubbed` can be.
pub(crate) fn unstubbed_words() -> Vec<&'static str> {
    setup::UNSTUBBED.iter().map(|(word, _)| *word).collect()
}

/// The keys of a test file.
pub(crate) const FILE_KEYS: [&str; 4] = ["test", "workflow", "description", "cases"];
/// The keys that a file gives all its cases, and a case for itself.
pub(crate) const CASE_KEYS: [&str; 13] = [
    "inputs",
    "variables",
    "env",
    "credentials",
    "clock",
    "seed",
    "files",
    "stubs",
    "http",
    "unstubbed",
    "timeout",
    "skip",
    "expect",
];

/// A test file that can be read.
#[derive(Debug, Clone)]
pub struct TestFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it is called in messages.
    pub name: String,
    /// Its text.
    pub text: Arc<str>,
    /// The workflow that it tests.
    pub workflow: PathBuf,
    pub(crate) document: Document,
    pub(crate) cases: Vec<Case>,
}

/// One case.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// Its line in the file.
    pub(crate) line: usize,
    pub(crate) at: DocPath,
    /// Why it is not run.
    pub(crate) skip: Option<String>,
    pub(crate) setup: Setup,
    pub(crate) expect: Expect,
}

/// What a case is given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Setup {
    pub(crate) inputs: Map<String, Json>,
    pub(crate) variables: Map<String, Json>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) credentials: BTreeMap<String, BTreeMap<String, String>>,
    pub(crate) clock: Option<FrozenClock>,
    pub(crate) seed: Option<u64>,
    pub(crate) files: IndexMap<String, Given>,
    pub(crate) stubs: Vec<Stub>,
    pub(crate) http: Option<Vec<HttpRule>>,
    pub(crate) unstubbed: Option<Unstubbed>,
    pub(crate) timeout: Option<Duration>,
}

/// The time that nodes see.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrozenClock {
    pub(crate) at: Timestamp,
    /// How far it goes on each time somebody looks.
    pub(crate) tick: Duration,
}

/// A file in the folder that a case runs in.
#[derive(Debug, Clone)]
pub(crate) enum Given {
    /// A file or folder to copy; relative to the test's folder.
    Copy(PathBuf),
    Text(String),
}

/// What becomes of steps without a stub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unstubbed {
    /// They are executed.
    Run,
    /// Only those that change nothing are.
    Pure,
    /// None is, control flow and variables apart.
    Refuse,
}

/// Which steps are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selector {
    /// One with this id, name or path (`1.do.0`).
    Step(String),
    /// All of this node: `mail.send`, or `mail.*`.
    Node(String),
}

/// Answers in the place of steps.
#[derive(Debug, Clone)]
pub(crate) struct Stub {
    pub(crate) at: DocPath,
    pub(crate) steps: Selector,
    /// Only if its settings have these.
    pub(crate) with: Option<Pattern>,
    /// One each time, or always the same.
    pub(crate) replies: Replies,
    /// A session's block is not executed either.
    pub(crate) skip_block: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Replies {
    Always(Reply),
    InTurn(Vec<Reply>),
}

impl Replies {
    pub(crate) fn all(&self) -> &[Reply] {
        match self {
            Self::Always(reply) => std::slice::from_ref(reply),
            Self::InTurn(replies) => replies,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Outputs(Json),
    Error {
        kind: ErrorKind,
        message: String,
    },
    /// The step is executed.
    Pass,
}

/// Answers in the place of HTTP servers.
#[derive(Debug, Clone)]
pub(crate) enum HttpRule {
    Rule(Box<HttpAnswer>),
    /// Those of a recording.
    Recording(PathBuf),
}

#[derive(Debug, Clone)]
pub(crate) struct HttpAnswer {
    pub(crate) request: HttpRequest,
    /// One each time; the last again and again.
    pub(crate) replies: Vec<HttpReply>,
}

/// Which requests are meant.
#[derive(Debug, Clone, Default)]
pub(crate) struct HttpRequest {
    pub(crate) method: Option<String>,
    pub(crate) url: Option<Pattern>,
    pub(crate) headers: Option<Pattern>,
    pub(crate) json: Option<Pattern>,
    pub(crate) body: Option<Pattern>,
}

#[derive(Debug, Clone)]
pub(crate) enum HttpReply {
    Answer {
        status: u16,
        headers: Map<String, Json>,
        body: Vec<u8>,
    },
    Error {
        kind: ErrorKind,
        message: String,
    },
}

/// What has to come of a case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expect {
    pub(crate) state: Option<RunState>,
    pub(crate) outputs: Vec<Expected>,
    pub(crate) variables: Vec<Expected>,
    /// Outputs of steps by id; of the last execution.
    pub(crate) steps: Vec<Expected>,
    pub(crate) calls: Vec<ExpectedCalls>,
    /// Steps that follow each other in this order.
    pub(crate) order: Vec<(String, DocPath)>,
    pub(crate) error: Option<ExpectedError>,
    pub(crate) files: Vec<ExpectedFile>,
    pub(crate) log: Vec<ExpectedLog>,
    pub(crate) no_log: Vec<ExpectedLog>,
    pub(crate) http: Vec<ExpectedHttp>,
    pub(crate) snapshot: Vec<Shot>,
    pub(crate) snapshot_at: DocPath,
}

/// A named value.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    pub(crate) name: String,
    pub(crate) pattern: Pattern,
    pub(crate) at: DocPath,
}

#[derive(Debug, Clone)]
pub(crate) struct ExpectedCalls {
    pub(crate) at: DocPath,
    pub(crate) steps: Selector,
    pub(crate) with: Option<Pattern>,
    pub(crate) times: Times,
}

/// How often something has to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) least: u64,
    pub(crate) most: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct ExpectedError {
    pub(crate) at: DocPath,
    pub(crate) kind: Option<ErrorKind>,
    pub(crate) message: Option<Pattern>,
    pub(crate) step: Option<String>,
    pub(crate) details: Option<Pattern>,
}

#[derive(Debug, Clone)]
pub(crate) struct ExpectedFile {
    pub(crate) at: DocPath,
    pub(crate) path: String,
    pub(crate) exists: bool,
    pub(crate) content: Option<Pattern>,
    pub(crate) json: Option<Pattern>,
    pub(crate) lines: Option<Pattern>,
    pub(crate) same_as: Option<PathBuf>,
}

#[derive(Debug, Clone)]
pub(crate) struct ExpectedLog {
    pub(crate) at: DocPath,
    pub(crate) level: Option<String>,
    pub(crate) message: Pattern,
}

#[derive(Debug, Clone)]
pub(crate) struct ExpectedHttp {
    pub(crate) at: DocPath,
    pub(crate) request: HttpRequest,
    pub(crate) times: Times,
}

/// What a snapshot keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shot {
    Outputs,
    Variables,
    Error,
    Log,
}

impl TestFile {
    /// Reads the text of a test file.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with its place.
    pub fn read(path: &Path, name: &str, text: &str) -> Result<Self, ProblemList> {
        let document = Document::parse(name, text)?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut reader = Reader::new(&document, &folder);
        let file = reader.file();
        let problems = reader.problems;
        let Some((workflow, mut cases)) = file.filter(|_| problems.is_empty()) else {
            return Err(ProblemList::new(name, text, problems));
        };
        let places = ProblemList::new(name, text, Vec::new());
        for case in &mut cases {
            let start = document.get(&case.at).map(|node| node.range.start);
            case.line = places.position(start.unwrap_or_default()).0;
        }
        Ok(Self {
            path: path.to_owned(),
            name: name.to_owned(),
            text: text.into(),
            workflow,
            document,
            cases,
        })
    }

    /// The line of what stands at `at`, or of what holds it.
    pub(crate) fn line(&self, at: &DocPath) -> usize {
        let mut at = at.clone();
        loop {
            let key = self.document.key_range(&at);
            if let Some(range) = key.or_else(|| self.document.get(&at).map(|node| node.range)) {
                let places = ProblemList::new(&self.name, &self.text, Vec::new());
                return places.position(range.start).0;
            }
            if at.0.pop().is_none() {
                return 1;
            }
        }
    }

    /// The names of the cases.
    pub fn case_names(&self) -> impl Iterator<Item = &str> {
        self.cases.iter().map(|case| case.name.as_str())
    }

    pub(crate) fn problems(&self, problems: Vec<Problem>) -> ProblemList {
        ProblemList::new(&self.name, &self.text, problems)
    }
}

/// The one of `known` that was probably meant by `name`.
pub(crate) fn closest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let likeness = |other: &str| strsim::jaro_winkler(&name.to_lowercase(), &other.to_lowercase());
    let known = known.into_iter().map(|other| (likeness(other), other));
    known
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, other)| other)
}
