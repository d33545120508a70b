//! What is known of CasareRPA's node types: their settings, and their successors here.
//!
//! `data/originals.yaml` says what a type is, `data/successors/*.yaml` what becomes of it.

use std::sync::LazyLock;

use casare_workflow::Document;
use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::expression::Kind;

/// A node type of CasareRPA.
#[derive(Debug, Clone, Default)]
pub(crate) struct Original {
    pub(crate) category: String,
    pub(crate) does: String,
    /// Its settings and their defaults.
    pub(crate) settings: IndexMap<String, Json>,
    pub(crate) outputs: IndexMap<String, Kind>,
    /// Execution outputs, where not just `exec_out`.
    pub(crate) exits: Vec<String>,
    pub(crate) alias: Option<String>,
}

/// What becomes of a node type.
#[derive(Debug, Clone, Default)]
pub(crate) struct Successor {
    pub(crate) form: Form,
    /// Older and other names of settings → the name used here.
    pub(crate) also: IndexMap<String, String>,
    /// Values of settings that the file may leave out.
    pub(crate) defaults: IndexMap<String, Json>,
    /// Outputs → paths below the step's outputs, or expressions in which `@` is the step.
    pub(crate) out: IndexMap<String, String>,
    /// Settings that need no successor.
    pub(crate) ignore: Vec<String>,
    /// What is different now, said each time it is used.
    pub(crate) changed: Option<String>,
    /// What a person should see to, said each time it is used.
    pub(crate) look: Option<String>,
    /// A setting that names a variable which gets the value of an output.
    pub(crate) stores: IndexMap<String, String>,
}

/// The kind of successor.
#[derive(Debug, Clone, Default)]
pub(crate) enum Form {
    /// A node with settings.
    Use(String, IndexMap<String, Json>),
    /// Variables with the values of expressions, by output.
    Set(IndexMap<String, Json>),
    /// A construct of the engine, built by the importer itself; what coverage says of it.
    Flow(String),
    /// Nothing is needed; why.
    Pass(String),
    /// Opens something for the steps after it: the node and its settings.
    Open(String, IndexMap<String, Json>),
    /// Closes what another type opens.
    Close(String),
    /// The same as another type, chosen by a setting: its values → (type, old names of settings).
    By(String, IndexMap<String, (String, IndexMap<String, String>)>),
    /// Starts a run.
    Trigger(String),
    /// There is none; why.
    #[default]
    Unknown,
    None(String),
}

static ORIGINALS: LazyLock<IndexMap<String, Original>> = LazyLock::new(|| {
    entries(include_str!("../data/originals.yaml"))
        .into_iter()
        .map(|(name, fields)| (name, read_original(&fields)))
        .collect()
});

static SUCCESSORS: LazyLock<IndexMap<String, Successor>> = LazyLock::new(|| {
    const FILES: [&str; 6] = [
        include_str!("../data/successors/flow.yaml"),
        include_str!("../data/successors/data.yaml"),
        include_str!("../data/successors/files.yaml"),
        include_str!("../data/successors/browser.yaml"),
        include_str!("../data/successors/connections.yaml"),
        include_str!("../data/successors/machine.yaml"),
    ];
    FILES
        .into_iter()
        .flat_map(entries)
        .map(|(name, fields)| (name, read_successor(&fields)))
        .collect()
});

/// Every type, in the order of the file.
pub(crate) fn originals() -> &'static IndexMap<String, Original> {
    &ORIGINALS
}

pub(crate) fn original(kind: &str) -> Option<&'static Original> {
    ORIGINALS.get(kind)
}

pub(crate) fn successor(kind: &str) -> Option<&'static Successor> {
    SUCCESSORS.get(kind)
}

pub(crate) fn successors() -> &'static IndexMap<String, Successor> {
    &SUCCESSORS
}

/// Names that files use for types which are registered under another one.
const OTHER_NAMES: [(&str, &str); 8] = [
    ("HTTPSuperNode", "HttpSuperNode"),
    ("ParseJSONNode", "JsonParseNode"),
    ("EvaluateExpressionNode", "EvalExpressionNode"),
    ("HTTPRequestNode", "HttpRequestNode"),
    ("SubworkflowNode", "SubflowNode"),
    ("NavigateNode", "GoToURLNode"),
    ("DelayNode", "WaitNode"),
    ("LogMessageNode", "LogNode"),
];

/// The present name of a type: without module, `Visual` and old spellings, aliases resolved.
pub(crate) fn present_name(written: &str) -> String {
    let last = written.rsplit('.').next().unwrap_or_default();
    let last = last.strip_prefix("Visual").unwrap_or(last);
    let known = |name: &str| ORIGINALS.contains_key(name);
    let other = OTHER_NAMES.iter().find(|(old, _)| *old == last);
    let mut name = match other {
        Some((_, name)) => (*name).to_owned(),
        None if known(last) || SUCCESSORS.contains_key(last) => last.to_owned(),
        None => {
            let with_suffix = format!("{last}Node");
            let like = |name: &&String| {
                name.eq_ignore_ascii_case(last) || name.eq_ignore_ascii_case(&with_suffix)
            };
            ORIGINALS
                .keys()
                .find(like)
                .cloned()
                .unwrap_or_else(|| last.to_owned())
        }
    };
    if let Some(alias) = original(&name).and_then(|original| original.alias.clone()) {
        name = alias;
    }
    name
}

fn entries(text: &'static str) -> Vec<(String, serde_json::Map<String, Json>)> {
    // The files are part of the program; a test reads them, so that a mistake can't get here.
    let json = Document::parse("data", text).map(|document| document.to_json());
    match json {
        Ok(Json::Object(map)) => map
            .into_iter()
            .filter_map(|(name, fields)| match fields {
                Json::Object(fields) => Some((name, fields)),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn text(fields: &serde_json::Map<String, Json>, key: &str) -> Option<String> {
    fields.get(key)?.as_str().map(str::to_owned)
}

fn texts(value: Option<&Json>) -> Vec<String> {
    let list = value.and_then(Json::as_array).into_iter().flatten();
    list.filter_map(Json::as_str).map(str::to_owned).collect()
}

fn text_map(value: Option<&Json>) -> IndexMap<String, String> {
    let map = value.and_then(Json::as_object).into_iter().flatten();
    map.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

fn json_map(value: Option<&Json>) -> IndexMap<String, Json> {
    let map = value.and_then(Json::as_object).into_iter().flatten();
    map.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn read_original(fields: &serde_json::Map<String, Json>) -> Original {
    let kinds = text_map(fields.get("outputs"));
    Original {
        category: text(fields, "category").unwrap_or_default(),
        does: text(fields, "does").unwrap_or_default(),
        settings: json_map(fields.get("settings")),
        outputs: kinds
            .into_iter()
            .map(|(name, kind)| (name, kind_of(&kind)))
            .collect(),
        exits: texts(fields.get("exits")),
        alias: text(fields, "alias"),
    }
}

fn kind_of(name: &str) -> Kind {
    match name {
        "num" | "int" => Kind::Number,
        "str" => Kind::Text,
        "bool" => Kind::Boolean,
        "list" => Kind::List,
        "dict" | "obj" => Kind::Map,
        _ => Kind::Any,
    }
}

fn read_successor(fields: &serde_json::Map<String, Json>) -> Successor {
    Successor {
        form: read_form(fields),
        also: text_map(fields.get("also")),
        defaults: json_map(fields.get("defaults")),
        out: text_map(fields.get("out")),
        ignore: texts(fields.get("ignore")),
        changed: text(fields, "changed"),
        look: text(fields, "look"),
        stores: text_map(fields.get("stores")),
    }
}

fn read_form(fields: &serde_json::Map<String, Json>) -> Form {
    let with = || json_map(fields.get("with"));
    if let Some(node) = text(fields, "use") {
        return Form::Use(node, with());
    }
    if let Some(node) = text(fields, "open") {
        return Form::Open(node, with());
    }
    match fields.get("set") {
        Some(Json::Object(ports))
            if !ports.contains_key("pick") && !ports.contains_key("format") =>
        {
            return Form::Set(json_map(fields.get("set")));
        }
        Some(one) => return Form::Set(IndexMap::from([("result".to_owned(), one.clone())])),
        None => {}
    }
    if let Some(by) = text(fields, "by") {
        let cases = fields
            .get("cases")
            .and_then(Json::as_object)
            .into_iter()
            .flatten();
        let cases = cases.map(|(value, case)| {
            let (kind, also) = match case {
                Json::String(kind) => (kind.clone(), IndexMap::new()),
                other => (
                    other["as"].as_str().unwrap_or_default().to_owned(),
                    text_map(other.get("also")),
                ),
            };
            (value.clone(), (kind, also))
        });
        return Form::By(by, cases.collect());
    }
    let one = |key: &str| text(fields, key);
    if let Some(says) = one("flow") {
        Form::Flow(says)
    } else if let Some(why) = one("pass") {
        Form::Pass(why)
    } else if let Some(opener) = one("closes") {
        Form::Close(opener)
    } else if let Some(what) = one("trigger") {
        Form::Trigger(what)
    } else if let Some(why) = one("none") {
        Form::None(why)
    } else {
        Form::Unknown
    }
}
