use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_workflow::{Any, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    file::Source,
    form::{self, Kind},
    strings,
};

/// Lists the fields of a PDF's form with what they hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FormFields {
    /// The PDF.
    path: String,
    /// The credential whose `password` opens the file, if it has one.
    credential: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Listed {
    /// The fields, in order.
    fields: Vec<Field>,
    /// What they hold: a map from names to values.
    values: Any,
    /// How many there are.
    count: usize,
}

/// A field of a form.
#[derive(Debug, Serialize, JsonSchema)]
struct Field {
    /// Its name.
    name: String,
    /// What it is: `text`, `check`, `radio`, `choice`, `signature` or `button`.
    kind: &'static str,
    /// What it holds: a text, whether it is checked, or a list of choices.
    value: Any,
    /// What it takes, where it takes only some things.
    options: Vec<String>,
    /// Whether it has to be filled in.
    required: bool,
    /// Whether it can't be changed.
    read_only: bool,
}

pub(super) fn node() -> Node {
    Node::action("pdf.form_fields", form_fields)
        .pure()
        .icon("list-checks")
        .fails_reading()
        .fails(
            ErrorKind::Denied,
            "The PDF is locked: its password is missing or wrong, or it forbids this.",
        )
        .fails(ErrorKind::Invalid, "The file is no PDF, or is damaged.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: form
  use: pdf.form_fields
  with: { path: form.pdf }
- use: log.write
  with: { message: "{{ steps.form.count }} fields" }
"#;

async fn form_fields(cx: &StepContext, settings: FormFields) -> Result<Listed, NodeError> {
    let source = Source::of(cx, &settings.path, settings.credential.as_deref()).await?;
    cx.blocking(move || {
        let document = source.open()?;
        let fields: Vec<Field> = form::fields(&document)
            .into_iter()
            .map(|field| Field {
                value: Any(value(&field)),
                kind: match field.kind {
                    Kind::Text => "text",
                    Kind::Check => "check",
                    Kind::Radio => "radio",
                    Kind::Choice => "choice",
                    Kind::Signature => "signature",
                    Kind::Button => "button",
                },
                name: field.name,
                options: field.options,
                required: field.required,
                read_only: field.read_only,
            })
            .collect();
        let values: indexmap::IndexMap<String, Value> = fields
            .iter()
            .map(|field| (field.name.clone(), field.value.0.clone()))
            .collect();
        Ok(Listed {
            count: fields.len(),
            values: Any(Value::from_pairs(values)),
            fields,
        })
    })
    .await
}

fn value(field: &form::Field) -> Value {
    let held = field.value.as_ref();
    let text = held.and_then(strings::text);
    match field.kind {
        Kind::Check => Value::from(text.is_some_and(|state| state != "Off" && !state.is_empty())),
        Kind::Radio => Value::from(text.filter(|state| state != "Off")),
        _ => match held {
            Some(lopdf::Object::Array(list)) => list
                .iter()
                .filter_map(strings::text)
                .map(Value::from)
                .collect::<Vec<_>>()
                .into(),
            _ => Value::from(text),
        },
    }
}
