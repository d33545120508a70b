use std::fs;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_workflow::{
    Any, Template as Compiled, Value,
    value::{Stream, pairs},
};
use indexmap::IndexMap;
use minijinja::value::ValueKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    placeholders::{self, Missing as Gap},
    written::written,
};

/// Fills a template with values: a letter, a mail, a report.
///
/// A template file is written as expressions are: `{{ name }}`, `{% for line in lines %}…{% endfor %}`,
/// `{% if paid %}…{% endif %}`, filters and all; the names in it are those of `values`. A template
/// in `text` has simple placeholders, `{name}` and `{customer.email}`, as `{{ }}` is filled before
/// the node sees it; `{{` is a brace.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Template {
    /// The template file, of at most 16 MiB in UTF-8.
    path: Option<String>,
    /// Or the template itself, with `{name}` where values go.
    text: Option<String>,
    /// The values by name.
    #[serde(default)]
    values: Any,
    /// How it is written; by `path` or `text` if not set.
    style: Option<Style>,
    /// What is done to values so that they can't be mistaken for the text around them; `auto` is
    /// `html` for files called `.html`, `.htm` or `.xml`.
    #[serde(default)]
    escape: Escape,
    /// What stands in for a value that is missing, with simple placeholders. (In expressions, say
    /// `{{ name | default('') }}`.)
    #[serde(default)]
    missing: Missing,
}

/// How a template is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Style {
    /// With expressions and statements: `{{ name }}`, `{% for … %}`.
    Expressions,
    /// With placeholders: `{name}`.
    Placeholders,
}

/// What is done to values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Escape {
    /// By the file's name.
    #[default]
    Auto,
    /// `<` becomes `&lt;`, and so on.
    Html,
    /// Nothing.
    None,
}

/// What stands in for a missing value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Missing {
    /// It is an error.
    #[default]
    Fail,
    /// Nothing.
    Empty,
    /// The placeholder as it is.
    Keep,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Filled {
    /// The text.
    result: String,
}

pub(super) fn node() -> Node {
    Node::action("data.template", template)
        .pure()
        .icon("file-pen-line")
        .fails(ErrorKind::NotFound, "The template is not there.")
        .fails(
            ErrorKind::Invalid,
            "The template can't be read or filled in.",
        )
        .fails(ErrorKind::Denied, "The template may not be read.")
        .fails(
            ErrorKind::Unavailable,
            "The disk that holds the template does not answer.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: letter
  use: data.template
  with: { path: reminder.txt, values: { name: Ada, invoices: [{ number: INV-1, total: 80 }] } }
- id: subject
  use: data.template
  with: { text: "Reminder for {customer.name}", values: { customer: { name: Ada } } }
- use: log.write
  with: { message: "{{ steps.subject.result }}: {{ steps.letter.result }}" }
"#;

const LARGEST: u64 = 16 * 1024 * 1024;
const DEEPEST: usize = 100;

async fn template(cx: &StepContext, settings: Template) -> Result<Filled, NodeError> {
    let path = settings.path.as_deref().map(|path| cx.file(path));
    cx.blocking(move || {
        let by_name = settings.path.as_deref().is_some_and(|path| {
            let path = path.to_ascii_lowercase();
            [".html", ".htm", ".xhtml", ".xml"]
                .iter()
                .any(|end| path.ends_with(end))
        });
        let (text, style) = match (settings.text, path) {
            (Some(text), None) => (text, Style::Placeholders),
            (None, Some(path)) => {
                let unreadable = |error| {
                    NodeError::io(format_args!("could not read {}", path.display()), &error)
                };
                if fs::metadata(&path).map_err(unreadable)?.len() > LARGEST {
                    return Err(NodeError::invalid(format!(
                        "{} is larger than 16 MiB",
                        path.display()
                    )));
                }
                (
                    fs::read_to_string(&path).map_err(unreadable)?,
                    Style::Expressions,
                )
            }
            _ => return Err(NodeError::invalid("give either `path` or `text`")),
        };
        let mut values = settings.values.0;
        if values.is_undefined() || values.is_none() {
            values = Value::from_pairs(IndexMap::<String, Value>::new());
        }
        if values.kind() != ValueKind::Map {
            return Err(NodeError::invalid(
                "setting `values`: a map of names and values is wanted",
            ));
        }
        if settings.escape == Escape::Html || (settings.escape == Escape::Auto && by_name) {
            values = escaped(&values, 0);
        }
        let result = match settings.style.unwrap_or(style) {
            Style::Expressions => by_expressions(&text, &values)?,
            Style::Placeholders => {
                let missing = match settings.missing {
                    Missing::Fail => Gap::Fail,
                    Missing::Empty => Gap::Empty,
                    Missing::Keep => Gap::Keep,
                };
                placeholders::fill(&text, &values, &missing)?
            }
        };
        Ok(Filled { result })
    })
    .await
}

fn by_expressions(text: &str, values: &Value) -> Result<String, NodeError> {
    let wrong = |error: casare_workflow::ExpressionError| {
        let line = error
            .offset
            .and_then(|offset| text.get(..offset))
            .map(|before| before.matches('\n').count() + 1);
        let place = line.map_or_else(String::new, |line| format!(", line {line}"));
        let failure = NodeError::invalid(format!("the template{place}: {}", error.message));
        match error.help {
            Some(help) => failure.with_help(help),
            None => failure,
        }
    };
    let filled = Compiled::compile(&text.into())
        .and_then(|template| template.evaluate(values))
        .map_err(wrong)?;
    Ok(written(&filled))
}

/// The values with all texts escaped for HTML.
fn escaped(value: &Value, depth: usize) -> Value {
    if depth > DEEPEST {
        return value.clone();
    }
    match value.kind() {
        ValueKind::String => {
            let text = value.as_str().unwrap_or_default();
            Value::from(html_escape::encode_quoted_attribute(text).into_owned())
        }
        ValueKind::Map => {
            Value::from_pairs(pairs(value).map(|(key, item)| (key, escaped(&item, depth + 1))))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            if value.downcast_object_ref::<Stream>().is_some() {
                let source = value.clone();
                return Stream::value("escaped items", move || {
                    let items = source.try_iter().map_err(|error| error.to_string())?;
                    Ok(Box::new(items.checked().map(move |item| {
                        item.map(|item| escaped(&item, depth + 1))
                            .map_err(|error| error.to_string())
                    })))
                });
            }
            let items = value.try_iter().into_iter().flatten();
            items.map(|item| escaped(&item, depth + 1)).collect()
        }
        _ => value.clone(),
    }
}
