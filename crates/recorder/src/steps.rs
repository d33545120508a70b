//! What is left of a recording, as steps.

use casare_workflow::{Block, Input, InputKind, Step, Workflow};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use crate::{
    Action, Element, Event, Expected, FieldKind,
    fold::{Folded, fold},
    rows,
};

/// What is known beside the events.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The workflow's name.
    pub name: String,
    /// The address that the recording began at.
    pub url: String,
    /// Width and height of the page, in pixels.
    pub viewport: Option<(u32, u32)>,
    /// The name of the credential that stands for what was typed into password fields.
    pub credential: String,
}

/// The workflow that does what was recorded.
pub fn workflow(events: &[Event], options: &Options) -> Workflow {
    let mut writer = Writer {
        credential: &options.credential,
        inputs: IndexMap::new(),
        steps: Vec::new(),
    };
    for folded in fold(events) {
        writer.write(folded);
    }
    rows::propose_loops(&mut writer.steps);
    let viewport = options
        .viewport
        .map(|(width, height)| json!({ "width": width, "height": height }));
    let mut session = step(
        "browser.session",
        json!({ "url": options.url, "viewport": viewport }),
    );
    let steps = writer
        .steps
        .into_iter()
        .map(|written| written.step)
        .collect();
    session.blocks.insert("do".to_owned(), Block::Steps(steps));
    Workflow {
        name: options.name.clone(),
        inputs: writer.inputs,
        steps: vec![session],
        ..Workflow::default()
    }
}

/// A step, and the row of a list that it is about.
pub(crate) struct Written {
    pub(crate) step: Step,
    pub(crate) row: Option<crate::event::Row>,
}

struct Writer<'o> {
    credential: &'o str,
    inputs: IndexMap<String, Input>,
    steps: Vec<Written>,
}

impl Writer<'_> {
    fn write(&mut self, folded: Folded) {
        match folded {
            Folded::Turned { page } => {
                self.push(step(
                    "browser.tab",
                    json!({ "action": "switch", "index": page }),
                ));
            }
            Folded::Form { fields, submit, .. } => self.form(fields, submit),
            Folded::Login {
                user,
                secrets,
                submit,
                ..
            } => self.login(user, &secrets, submit),
            Folded::Done {
                action,
                opens,
                file,
                dialog,
                ..
            } => {
                if let Some((accepted, text)) = dialog {
                    let answer = if accepted { "accept" } else { "dismiss" };
                    self.push(step(
                        "browser.dialog",
                        json!({ "answer": answer, "text": text }),
                    ));
                }
                self.done(action, opens, file);
            }
        }
    }

    fn push(&mut self, step: Step) {
        self.steps.push(Written { step, row: None });
    }

    fn done(&mut self, action: Action, opens: bool, file: Option<String>) {
        let row = match &action {
            Action::Click { element, .. }
            | Action::Fill { element, .. }
            | Action::Hover { element }
            | Action::Assert { element, .. } => element.row.clone(),
            _ => None,
        };
        let Some(step) = self.step(action, opens, file) else {
            return;
        };
        self.steps.push(Written { step, row });
    }

    fn step(&mut self, action: Action, opens: bool, file: Option<String>) -> Option<Step> {
        let step = match action {
            Action::Goto { url } => step("browser.goto", json!({ "url": url })),
            Action::History { action } => step("browser.history", json!({ "action": action })),
            Action::Click { element, .. } if file.is_some() => named(
                step("browser.download", json!({ "target": element.target })),
                "Download",
                &file.unwrap_or_default(),
            ),
            Action::Click {
                element,
                button,
                count,
                modifiers,
            } => {
                let button = Some(button).filter(|button| matches!(&**button, "right" | "middle"));
                let with = json!({
                    "target": element.target,
                    "button": button,
                    "count": (count > 1).then_some(count),
                    "modifiers": (!modifiers.is_empty()).then_some(modifiers),
                    "opens_page": opens.then_some(true),
                });
                named(step("browser.click", with), "Click", &element.name)
            }
            Action::Fill { element, .. } if element.kind.is_secret() => self.secret(&element),
            Action::Fill { element, value } => named(fill(&element, &value), "Fill", &element.name),
            Action::Press { element, key } => {
                let target = element.map(|element| element.target);
                step("browser.press", json!({ "key": key, "target": target }))
            }
            Action::Hover { element } => named(
                step("browser.hover", json!({ "target": element.target })),
                "Hover over",
                &element.name,
            ),
            Action::Drag { element, to } => step(
                "browser.drag",
                json!({ "target": element.target, "to": to.target }),
            ),
            Action::Upload { element, files } => {
                let name = self.file_input(&element);
                let mut upload = step(
                    "browser.upload",
                    json!({ "target": element.target, "files": format!("{{{{ inputs.{name} }}}}") }),
                );
                upload.note = Some(format!("Recorded with {}", files.join(", ")));
                named(upload, "Upload", &element.name)
            }
            Action::Closed => step("browser.tab", json!({ "action": "close" })),
            Action::Assert { element, expected } => asserted(&element, &expected),
            Action::Downloaded { .. } | Action::Opened { .. } | Action::Dialog { .. } => {
                return None;
            }
        };
        Some(step)
    }

    fn form(&mut self, fields: Vec<(Element, Json)>, submit: Option<Element>) {
        // Bundles and secrets don't fit into a map of fields.
        let is_simple = fields
            .iter()
            .all(|(element, _)| element.target.is_string() && !element.kind.is_secret());
        let submits_simply = submit
            .as_ref()
            .is_none_or(|submit| submit.target.is_string());
        if !(is_simple && submits_simply) {
            for (element, value) in fields {
                self.done(Action::Fill { element, value }, false, None);
            }
            if let Some(element) = submit {
                self.done(click(element), false, None);
            }
            return;
        }
        let fields: Map<String, Json> = fields
            .into_iter()
            .filter_map(|(element, value)| {
                Some((element.target.as_str()?.to_owned(), literal(&value)))
            })
            .collect();
        let submit = submit.map(|submit| submit.target);
        self.push(step(
            "browser.fill_form",
            json!({ "fields": fields, "submit": submit }),
        ));
    }

    fn login(
        &mut self,
        user: Option<(Element, Json)>,
        secrets: &[Element],
        submit: Option<Element>,
    ) {
        self.need_credential();
        let credential = "{{ inputs.login }}";
        if let Some((element, _)) = &user {
            let with =
                json!({ "target": element.target, "credential": credential, "field": "username" });
            self.push(named(step("browser.fill", with), "Fill", &element.name));
        }
        for element in secrets {
            let step = self.secret(element);
            self.push(step);
        }
        if let Some(element) = submit {
            self.done(click(element), false, None);
        }
    }

    /// Fills in a part of the credential.
    fn secret(&mut self, element: &Element) -> Step {
        self.need_credential();
        let field = match element.kind {
            FieldKind::OneTimeCode => "totp",
            _ => "password",
        };
        let with =
            json!({ "target": element.target, "credential": "{{ inputs.login }}", "field": field });
        named(step("browser.fill", with), "Fill", &element.name)
    }

    fn need_credential(&mut self) {
        let input = Input {
            kind: InputKind::Credential,
            default: Some(self.credential.into()),
            description: Some("The name of the credential that is used to sign in.".to_owned()),
            ..Input::default()
        };
        self.inputs.insert("login".to_owned(), input);
    }

    fn file_input(&mut self, element: &Element) -> String {
        let base = identifier(&element.name);
        let mut name = base.clone();
        let mut number = 2;
        while self.inputs.contains_key(&name) {
            name = format!("{base}_{number}");
            number += 1;
        }
        let input = Input {
            kind: InputKind::File,
            required: true,
            ..Input::default()
        };
        self.inputs.insert(name.clone(), input);
        name
    }
}

fn click(element: Element) -> Action {
    Action::Click {
        element,
        button: "left".to_owned(),
        count: 1,
        modifiers: Vec::new(),
    }
}

fn fill(element: &Element, value: &Json) -> Step {
    match (element.kind, value) {
        (FieldKind::Check, Json::Bool(checked)) => step(
            "browser.check",
            json!({ "target": element.target, "checked": checked }),
        ),
        (FieldKind::Choice, value) => step(
            "browser.select",
            json!({ "target": element.target, "option": literal(value) }),
        ),
        (_, value) => step(
            "browser.fill",
            json!({ "target": element.target, "value": literal(value) }),
        ),
    }
}

fn asserted(element: &Element, expected: &Expected) -> Step {
    let with = match expected {
        Expected::Visible => json!({ "target": element.target, "state": "visible" }),
        Expected::Text(text) => json!({ "target": element.target, "text": plain(text) }),
        Expected::Value(value) => json!({ "target": element.target, "value": literal(value) }),
    };
    named(step("browser.wait_for", with), "Expect", &element.name)
}

/// A recorded value: nothing in it is computed.
fn literal(value: &Json) -> Json {
    match value {
        Json::String(text) => plain(text).into(),
        Json::Array(items) => items.iter().map(literal).collect(),
        other => other.clone(),
    }
}

fn plain(text: &str) -> String {
    if text.contains("{{") || text.contains("{%") || text.contains("{#") {
        let quoted = text.replace('\\', "\\\\").replace('\'', "\\'");
        return format!("{{{{ '{quoted}' }}}}");
    }
    text.to_owned()
}

/// A name for an input.
fn identifier(name: &str) -> String {
    let mut id = String::new();
    for letter in name.to_lowercase().chars().take(40) {
        if letter.is_ascii_alphanumeric() {
            id.push(letter);
        } else if !id.is_empty() && !id.ends_with('_') {
            id.push('_');
        }
    }
    let id = id.trim_end_matches('_');
    if id.starts_with(|first: char| first.is_ascii_alphabetic()) {
        id.to_owned()
    } else {
        format!("file_{id}").trim_end_matches('_').to_owned()
    }
}

fn named(mut step: Step, verb: &str, name: &str) -> Step {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if !name.is_empty() && name.chars().count() <= 60 && !name.contains("{{") {
        step.name = Some(format!("{verb} {name}"));
    }
    step
}

pub(crate) fn step(uses: &str, with: Json) -> Step {
    let with = match with {
        Json::Object(map) => map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .collect(),
        _ => IndexMap::new(),
    };
    Step {
        uses: uses.to_owned(),
        with,
        ..Step::default()
    }
}
