use std::{borrow::Cow, collections::BTreeMap, path::Path};

use casare_engine::ErrorKind;
use casare_files::rows::closest;
use casare_workflow::{
    DocPath, Document, Effect, NodeSpec, Problem, ProblemList, Segment, Severity, Span,
    catalogue::{self, Siblings},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

/// A node of a project: `nodes/NAME.node.yaml`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// The version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub casare: u32,
    /// What steps write after `use`: `category.action`, of small letters, digits and `_`.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"))]
    pub node: String,
    /// One sentence: what it does.
    pub summary: String,
    /// The manual, as Markdown; lists show the summary.
    #[serde(default)]
    pub help: String,
    /// Name of its icon (Lucide).
    #[serde(default = "icon")]
    pub icon: String,
    /// What executing a step of it a second time means. `once` if not said: it is never repeated
    /// by itself after it may have happened.
    #[serde(default = "once")]
    pub effect: RepeatEffect,
    /// JSON Schema of the settings: an object. Each property has a `description`; one with
    /// `format: credential` takes the name of a credential.
    #[serde(default = "nothing")]
    #[schemars(with = "Map<String, Json>")]
    pub settings: Json,
    /// JSON Schema of the outputs: an object. Each property has a `description`.
    #[serde(default = "nothing")]
    #[schemars(with = "Map<String, Json>")]
    pub outputs: Json,
    /// The kinds of errors that it fails with, and when: `not_found: There is no such customer.`
    #[serde(default)]
    pub fails: BTreeMap<String, String>,
    /// What runs.
    pub run: Run,
    /// Time a step may take (1m).
    #[serde(default)]
    pub timeout: Option<Span>,
    /// Steps that show it at work, as YAML text.
    #[serde(default)]
    pub example: String,
}

/// What executing a step a second time means.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RepeatEffect {
    /// Nothing is harmed: it reads, or ends in the same state.
    Pure,
    /// It must not be repeated by itself.
    Once,
}

/// What runs; one of `javascript`, `python` and `program`. Paths are relative to the definition.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Run {
    /// A file with a function `run(settings, casare)`, in the sandbox: no files, no network.
    #[serde(rename = "javascript")]
    JavaScript(String),
    /// A file with a function `run(settings, casare)`, in a Python of its own.
    Python(Python),
    /// A program and its arguments; it speaks JSON lines. A path with `/` is relative to the
    /// definition, a bare name is looked for in `PATH`.
    Program(#[schemars(length(min = 1))] Vec<String>),
}

/// A Python file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Python {
    /// Needs nothing but Python.
    File(String),
    /// Needs packages, which `uv` provides.
    With {
        /// The file.
        file: String,
        /// Packages, such as `requests>=2`.
        dependencies: Vec<String>,
    },
}

impl Python {
    pub(super) fn file(&self) -> &str {
        match self {
            Self::File(file) | Self::With { file, .. } => file,
        }
    }
}

fn icon() -> String {
    "puzzle".to_owned()
}

fn once() -> RepeatEffect {
    RepeatEffect::Once
}

fn nothing() -> Json {
    json!({ "type": "object", "properties": {} })
}

/// Something wrong, and the place in the definition.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) path: DocPath,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Fault {
    pub(super) fn at(path: &str, message: impl Into<String>) -> Self {
        let keys = path.split('/').filter(|part| !part.is_empty());
        Self {
            path: DocPath(keys.map(|key| Segment::Key(key.into())).collect()),
            message: message.into(),
            help: None,
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn in_document(
        mut self,
        name: &str,
        text: &str,
        document: &Document,
    ) -> ProblemList {
        // A path may lead to what is not written; the nearest that is stands for it.
        let range = loop {
            if let Some(node) = document.get(&self.path) {
                break document.key_range(&self.path).unwrap_or(node.range);
            }
            self.path.0.pop();
        };
        let problem = Problem {
            code: "invalid-node",
            severity: Severity::Error,
            message: self.message,
            label: None,
            help: self.help,
            path: self.path,
            range,
        };
        ProblemList::new(name, text, vec![problem])
    }
}

impl Definition {
    /// Reads a definition.
    ///
    /// # Errors
    ///
    /// What is wrong with its syntax or shape.
    pub fn read(name: &str, text: &str) -> Result<(Self, Document), ProblemList> {
        let document = Document::parse(name, text)?;
        let read: Result<Self, _> = serde_path_to_error::deserialize(document.to_json());
        match read {
            Ok(mut definition) => match definition.check() {
                Ok(()) => Ok((definition, document)),
                Err(fault) => Err(fault.in_document(name, text, &document)),
            },
            Err(error) => {
                let path = error.path().to_string().replace('.', "/");
                let message = error.into_inner().to_string();
                let fault = Fault::at(&path, message)
                    .help("`casare nodes new NAME` writes a definition to start from");
                Err(fault.in_document(name, text, &document))
            }
        }
    }

    fn check(&mut self) -> Result<(), Fault> {
        if self.casare != 1 {
            return Err(Fault::at(
                "casare",
                format!("version {} is not known here", self.casare),
            )
            .help("this Casare reads version 1"));
        }
        let named = |part: &str| {
            part.starts_with(|first: char| first.is_ascii_lowercase())
                && part
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        match self.node.split_once('.') {
            Some((category, action)) if named(category) && named(action) => {
                if category == "flow" {
                    return Err(Fault::at("node", "`flow` is the engine's own category")
                        .help("choose a category of your own, such as your company's name"));
                }
            }
            _ => {
                return Err(Fault::at(
                    "node",
                    format!("`{}` is not a `category.action`", self.node),
                )
                .help("use small letters, digits and `_`: `acme.greet`"));
            }
        }
        if self.summary.trim().is_empty() {
            return Err(Fault::at("summary", "the summary is empty"));
        }
        self.check_fails()?;
        for (key, schema) in [
            ("settings", &mut self.settings),
            ("outputs", &mut self.outputs),
        ] {
            complete(key, schema)?;
        }
        Ok(())
    }

    fn check_fails(&self) -> Result<(), Fault> {
        for (kind, when) in &self.fails {
            let place = format!("fails/{kind}");
            if !ErrorKind::NAMES.contains(&kind.as_str()) {
                let help = match closest(kind, ErrorKind::NAMES.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("kinds: {}", ErrorKind::NAMES.join(", ")),
                };
                return Err(Fault::at(&place, format!("`{kind}` is no kind of error")).help(help));
            }
            if when.trim().is_empty() {
                return Err(
                    Fault::at(&place, format!("when it fails with `{kind}` is not said"))
                        .help("manuals show it: write a sentence"),
                );
            }
        }
        Ok(())
    }

    /// Whether what runs is there.
    pub(super) fn check_files(&self, folder: &Path) -> Result<(), Fault> {
        let (place, file) = match &self.run {
            Run::JavaScript(file) => ("run/javascript", file.as_str()),
            Run::Python(python) => ("run/python", python.file()),
            Run::Program(command) => match command.first() {
                Some(program) if program.contains('/') => ("run/program", program.as_str()),
                Some(_) => return Ok(()),
                None => return Err(Fault::at("run/program", "no program is named")),
            },
        };
        let path = folder.join(file);
        if path.is_file() {
            return Ok(());
        }
        Err(Fault::at(place, format!("{} is not there", path.display()))
            .help("paths are relative to the folder of the definition"))
    }

    /// As the catalogue describes it.
    pub(super) fn spec(&self) -> NodeSpec {
        let summary = self.summary.trim().to_owned();
        let help = match self.help.trim() {
            "" => summary.clone(),
            help => format!("{summary}\n\n{help}"),
        };
        NodeSpec {
            name: Cow::Owned(self.node.clone()),
            summary,
            help,
            icon: Cow::Owned(self.icon.clone()),
            effect: match self.effect {
                RepeatEffect::Pure => Effect::Pure,
                RepeatEffect::Once => Effect::Once,
            },
            settings: self.settings.clone(),
            outputs: self.outputs.clone(),
            blocks: Vec::new(),
            siblings: Siblings::Earlier,
            faults: ErrorKind::NAMES
                .iter()
                .filter_map(|kind| {
                    let when = self.fails.get(*kind)?.trim().to_owned();
                    Some(catalogue::Fault {
                        kind,
                        when: Cow::Owned(when),
                    })
                })
                .collect(),
            example: Cow::Owned(self.example.clone()),
        }
    }
}

/// An object that takes no properties but those that are described.
fn complete(key: &str, schema: &mut Json) -> Result<(), Fault> {
    let Json::Object(schema) = schema else {
        return Err(Fault::at(key, "this has to be a JSON Schema of an object"));
    };
    let kind = schema.entry("type").or_insert_with(|| "object".into());
    if kind != "object" {
        return Err(Fault::at(
            &format!("{key}/type"),
            "the type has to be `object`",
        ));
    }
    schema
        .entry("additionalProperties")
        .or_insert_with(|| false.into());
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    let Json::Object(properties) = properties else {
        return Err(Fault::at(
            &format!("{key}/properties"),
            "this has to map names to JSON Schemas",
        ));
    };
    for (name, property) in properties {
        if property["description"]
            .as_str()
            .unwrap_or_default()
            .is_empty()
        {
            return Err(Fault::at(
                &format!("{key}/properties/{name}"),
                format!("`{name}` has no description"),
            )
            .help("forms and manuals show it: add `description: …`"));
        }
    }
    Ok(())
}
