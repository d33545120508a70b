//! A folder with workflows and tests, and a few nodes.

use std::{fs, path::PathBuf};

use casare_engine::{Engine, Node, NodeError, Registry, StepContext, exchange::Message};
use casare_testing::{Broken, Manner, Outcome, Report, suite};
use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// Writes a text into a file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Write {
    /// The file.
    path: String,
    /// The text.
    text: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Written {
    size: usize,
}

async fn write(cx: &StepContext, settings: Write) -> Result<Written, NodeError> {
    fs::write(cx.file(&settings.path), &settings.text)
        .map_err(|error| NodeError::io("writing", &error))?;
    Ok(Written {
        size: settings.text.len(),
    })
}

/// Reads a file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Read {
    /// The file.
    path: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Content {
    content: String,
}

async fn read(cx: &StepContext, settings: Read) -> Result<Content, NodeError> {
    let content = fs::read_to_string(cx.file(&settings.path))
        .map_err(|error| NodeError::io("reading", &error))?;
    Ok(Content { content })
}

/// What time and chance say.
#[derive(Debug, Deserialize, JsonSchema)]
struct Look {}

#[derive(Debug, Serialize, JsonSchema)]
struct Seen {
    at: String,
    pips: u32,
}

async fn look(cx: &StepContext, _: Look) -> Result<Seen, NodeError> {
    Ok(Seen {
        at: cx.now().to_string(),
        pips: cx.rng().random_range(1..=6),
    })
}

/// Asks an HTTP server that does not exist.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Ask {
    /// The address.
    url: String,
    /// The name of a credential.
    credential: Option<String>,
    /// What is sent.
    json: Option<Json>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Answered {
    status: u64,
    body: String,
}

async fn ask(cx: &StepContext, settings: Ask) -> Result<Answered, NodeError> {
    let mut headers = json!({ "accept": "text/plain" });
    if let Some(credential) = &settings.credential {
        let credential = cx.credential(credential).await?;
        let token = credential.field("token")?;
        headers["authorization"] = format!("Bearer {token}").into();
    }
    let request = Message {
        head: json!({ "method": "GET", "url": settings.url, "headers": headers }),
        body: settings
            .json
            .map_or_else(Vec::new, |json| json.to_string().into_bytes()),
    };
    let exchanges = cx.exchanges();
    let replayed = match &exchanges {
        Some(exchanges) => exchanges.replay("http", &request).await,
        None => None,
    };
    let answer = if let Some(answer) = replayed {
        answer?
    } else {
        let answer = Ok(Message {
            head: json!({ "status": 200, "headers": { "set-cookie": "session=1234" } }),
            body: b"the real one".to_vec(),
        });
        if let Some(exchanges) = &exchanges {
            exchanges.record("http", &request, &answer);
        }
        answer?
    };
    Ok(Answered {
        status: answer.head["status"].as_u64().unwrap_or_default(),
        body: String::from_utf8_lossy(&answer.body).into_owned(),
    })
}

/// An engine with these nodes and the engine's own.
pub(crate) fn engine() -> Engine {
    Engine::new(Registry::new([
        Node::action("note.write", write),
        Node::action("note.read", read).pure(),
        Node::action("date.look", look).pure(),
        Node::action("http.request", ask),
    ]))
}

pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    /// A folder with `w.yaml` and `w.test.yaml`.
    pub(crate) fn new(workflow: &str, test: &str) -> Self {
        let bench = Self {
            folder: TempDir::new().unwrap(),
        };
        bench.put("w.yaml", workflow);
        bench.put("w.test.yaml", &format!("test: 1\nworkflow: w.yaml\n{test}"));
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) async fn run(&self) -> Report {
        self.run_in(false).await
    }

    pub(crate) async fn run_in(&self, update: bool) -> Report {
        let manner = Manner {
            filter: Vec::new(),
            jobs: 2,
            update,
            browser: None,
        };
        let files = suite::find(&[self.folder.path().to_owned()]).unwrap();
        suite::run(&files, &manner, |_| Ok(engine()), |_, _| {}).await
    }

    /// What failed, a line each; empty if all passed.
    pub(crate) async fn told(&self) -> String {
        told(&self.run().await)
    }
}

/// What failed, a line each; empty if all passed.
pub(crate) fn told(report: &Report) -> String {
    let mut text = String::new();
    for file in &report.files {
        match &file.broken {
            Some(Broken::Test(list)) => {
                for problem in &list.problems {
                    let (line, column) = list.position(problem.range.start);
                    text.push_str(&format!("{line}:{column} {}", problem.message));
                    if let Some(help) = &problem.help {
                        text.push_str(&format!(" | {help}"));
                    }
                    text.push('\n');
                }
            }
            Some(broken) => text.push_str(&format!("{broken:?}\n")),
            None => {}
        }
        for case in &file.cases {
            let Outcome::Failed(failures) = &case.outcome else {
                continue;
            };
            for failure in failures {
                text.push_str(&format!("{} {}", failure.line, failure.message));
                if let Some((step, line)) = &failure.step {
                    text.push_str(&format!(" [{step}, line {line}]"));
                }
                for mismatch in &failure.mismatches {
                    text.push_str(&format!("\n    {mismatch}"));
                }
                for help in failure.help.iter().flat_map(|help| help.lines()) {
                    text.push_str(&format!("\n    | {help}"));
                }
                text.push('\n');
            }
        }
    }
    text
}
