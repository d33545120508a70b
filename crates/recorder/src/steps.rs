//! What is left of a recording, as steps.

use std::collections::HashMap;

use casare_workflow::{Block, Input, InputKind, Retry, Span, Step, Workflow};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use crate::{
    Action, Element, Event, FieldKind,
    expectation::{arrived, asserted, settled, visible},
    fold::{Dialog, Done, Folded, fold},
    literal::{identifier, literal},
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
    let is_password = |event: &Event| matches!(&event.action, Action::Fill { element, .. } if element.kind == FieldKind::Password);
    let mut writer = Writer {
        credential: &options.credential,
        signs_in: events.iter().any(is_password),
        inputs: IndexMap::new(),
        steps: Vec::new(),
        answers: HashMap::new(),
        last: None,
    };
    for folded in fold(events) {
        writer.write(folded);
    }
    writer.finish();
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
    /// Whether a password was typed: then a user's name belongs to them.
    signs_in: bool,
    inputs: IndexMap<String, Input>,
    steps: Vec<Written>,
    /// How the dialogs of each page are answered by now.
    answers: HashMap<usize, (bool, Option<String>)>,
    /// What was done last.
    last: Option<Done>,
}

impl Writer<'_> {
    fn write(&mut self, folded: Folded) {
        match folded {
            Folded::Turned { place, is_coming } => {
                let mut turn = step("browser.tab", json!({ "action": "switch", "index": place }));
                if is_coming {
                    // Opened, or closed, by what was done before, but not at once.
                    turn.retry = Some(Retry {
                        attempts: 20,
                        delay: Span::from_millis(250),
                        backoff: 1.0,
                        jitter: false,
                        on: vec!["not_found".to_owned(), "unavailable".to_owned()],
                        ..Retry::default()
                    });
                }
                self.push(turn);
                self.last = None;
            }
            Folded::NewTab { url } => {
                self.push(step("browser.tab", json!({ "action": "open", "url": url })));
                self.last = None;
            }
            Folded::ClosedOther { place } => self.push(step(
                "browser.tab",
                json!({ "action": "close", "index": place }),
            )),
            Folded::Form { fields, submit, .. } => self.form(fields, submit),
            Folded::Login(login) => self.login(login.user, &login.secrets, login.submit),
            Folded::Done(done) => self.done(*done),
        }
    }

    /// A session ends with its last step: what that led to is waited for.
    fn finish(&mut self) {
        let Some(last) = self.last.take() else { return };
        if matches!(
            last.action,
            Action::Assert { .. } | Action::Fill { .. } | Action::Hover { .. }
        ) || last.opens
            || last.file.is_some()
        {
            return;
        }
        let wait = last
            .appeared
            .as_ref()
            .map(visible)
            .or_else(|| last.arrived.as_deref().and_then(arrived));
        self.push(wait.unwrap_or_else(settled));
    }

    fn push(&mut self, step: Step) {
        self.steps.push(Written { step, row: None });
    }

    fn done(&mut self, done: Done) {
        if let Some(dialog) = &done.dialog {
            self.answer(done.page, dialog);
        }
        self.wait_before(&done);
        let row = match &done.action {
            Action::Click { element, .. }
            | Action::Fill { element, .. }
            | Action::Hover { element }
            | Action::Assert { element, .. } => element.row.clone(),
            _ => None,
        };
        if let Action::Assert { element, expected } = &done.action {
            let number = self.steps.len() + 1;
            for step in asserted(element, expected, number) {
                self.push(step);
            }
        } else if let Some(step) = self.step(&done) {
            self.steps.push(Written { step, row });
        }
        self.last = Some(done);
    }

    /// The same button pressed again once something else could be seen: that is waited for, or it would be
    /// pressed twice at once.
    fn wait_before(&mut self, done: &Done) {
        let Some(last) = &self.last else { return };
        if let (Action::Fill { element, .. }, Action::Press { .. }, Some(suggestion)) =
            (&last.action, &done.action, &last.appeared)
            && element.typed
        {
            let wait = visible(suggestion);
            self.push(wait);
            return;
        }
        let Action::Click { element, .. } = &done.action else {
            return;
        };
        let Action::Click {
            element: before, ..
        } = &last.action
        else {
            return;
        };
        if last.opens || last.page != done.page || before.selector() != element.selector() {
            return;
        }
        let wait = last
            .appeared
            .as_ref()
            .map(visible)
            .or_else(|| last.arrived.as_deref().and_then(arrived));
        if let Some(wait) = wait {
            self.push(wait);
        }
    }

    /// Says how dialogs are answered from here on, where that is not as before.
    fn answer(&mut self, page: usize, dialog: &Dialog) {
        // An alert has one button only.
        if dialog.kind == "alert" {
            return;
        }
        let wanted = (dialog.accepted, dialog.text.clone());
        let usual = (false, None);
        if *self.answers.get(&page).unwrap_or(&usual) == wanted {
            return;
        }
        let answer = if dialog.accepted { "accept" } else { "dismiss" };
        let text = dialog.text.as_deref().map(|text| literal(&text.into()));
        self.push(step(
            "browser.dialog",
            json!({ "answer": answer, "text": text }),
        ));
        self.answers.insert(page, wanted);
    }

    fn step(&mut self, done: &Done) -> Option<Step> {
        let step = match &done.action {
            Action::Goto { url } => step(
                "browser.goto",
                json!({ "url": literal(&url.as_str().into()) }),
            ),
            Action::History { action } => step("browser.history", json!({ "action": action })),
            Action::Click { element, .. } if done.file.is_some() => named(
                step("browser.download", json!({ "target": element.target })),
                "Download",
                done.file.as_deref().unwrap_or_default(),
            ),
            Action::Click {
                element,
                button,
                count,
                modifiers,
            } => {
                let button = Some(button).filter(|button| matches!(&***button, "right" | "middle"));
                let with = json!({
                    "target": element.target,
                    "button": button,
                    "count": (*count > 1).then_some(count),
                    "modifiers": (!modifiers.is_empty()).then_some(modifiers),
                    "opens_page": done.opens.then_some(true),
                });
                named(step("browser.click", with), "Click", &element.name)
            }
            Action::Fill { element, value } => self.fill(element, value),
            Action::Press { element, key } => {
                let target = element.as_ref().map(|element| &element.target);
                step("browser.press", json!({ "key": key, "target": target }))
            }
            Action::Hover { element } => named(
                step("browser.hover", json!({ "target": element.target })),
                "Hover over",
                &element.name,
            ),
            Action::Drag {
                element,
                to,
                from,
                onto,
            } => {
                let with = json!({
                    "target": element.target, "onto": to.target, "from_position": from, "onto_position": onto,
                });
                named(step("browser.drag", with), "Drag", &element.name)
            }
            Action::Upload { element, files } => self.upload(element, files),
            Action::Closed { .. } => step("browser.tab", json!({ "action": "close" })),
            _ => return None,
        };
        Some(step)
    }

    fn fill(&mut self, element: &Element, value: &Json) -> Step {
        let belongs = element.kind == FieldKind::User && self.signs_in;
        if element.kind.is_secret() || belongs {
            return self.secret(element);
        }
        let value = literal(value);
        let (node, with) = match (element.kind, &value) {
            (FieldKind::Check, Json::Bool(checked)) => (
                "browser.check",
                json!({ "target": element.target, "checked": checked }),
            ),
            (FieldKind::Choice, value) => (
                "browser.select",
                json!({ "target": element.target, "option": value }),
            ),
            (_, value) => (
                "browser.fill",
                json!({ "target": element.target, "value": value, "typed": element.typed.then_some(true) }),
            ),
        };
        named(step(node, with), "Fill", &element.name)
    }

    fn form(&mut self, fields: Vec<(Element, Json)>, submit: Option<Box<Done>>) {
        let fits = |element: &Element| {
            let belongs = element.kind == FieldKind::User && self.signs_in;
            element.selector().is_some() && !(element.kind.is_secret() || element.typed || belongs)
        };
        // Secrets, and fields that listen to keys, don't fit into a map of fields.
        let (simple, others): (Vec<_>, Vec<_>) =
            fields.into_iter().partition(|(element, _)| fits(element));
        let is_whole = others.is_empty();
        if simple.len() + usize::from(is_whole && submit.is_some()) < 2 {
            for (element, value) in simple {
                let step = self.fill(&element, &value);
                self.push(step);
            }
        } else {
            let entry = |(element, value): &(Element, Json)| {
                Some((element.selector()?.to_owned(), literal(value)))
            };
            let map: Map<String, Json> = simple.iter().filter_map(entry).collect();
            let target = submit
                .as_ref()
                .filter(|_| is_whole)
                .and_then(|done| element_of(&done.action))
                .map(|element| &element.target);
            let with = json!({ "fields": map, "submit": target });
            self.push(step("browser.fill_form", with));
        }
        for (element, value) in others {
            let step = self.fill(&element, &value);
            self.push(step);
        }
        let was_sent = is_whole
            && self
                .steps
                .last()
                .is_some_and(|last| last.step.with.contains_key("submit"));
        match submit {
            Some(done) if was_sent => self.last = Some(*done),
            Some(done) => self.done(*done),
            None => self.last = None,
        }
    }

    fn login(
        &mut self,
        user: Option<(Element, Json)>,
        secrets: &[Element],
        submit: Option<Box<Done>>,
    ) {
        self.last = None;
        if let Some((element, _)) = user {
            let user = Element {
                kind: FieldKind::User,
                ..element
            };
            let step = self.secret(&user);
            self.push(step);
        }
        for element in secrets {
            let step = self.secret(element);
            self.push(step);
        }
        if let Some(done) = submit {
            self.done(*done);
        }
    }

    /// Fills in a part of the credential.
    fn secret(&mut self, element: &Element) -> Step {
        self.need_credential();
        let with = json!({
            "target": element.target, "credential": "{{ inputs.login }}", "field": element.credential_field(),
        });
        named(step("browser.fill", with), "Fill", &element.name)
    }

    fn need_credential(&mut self) {
        let input = Input {
            kind: InputKind::Credential,
            default: Some(self.credential.into()),
            description: Some(
                "The name of the credential that holds what was typed into secret fields."
                    .to_owned(),
            ),
            ..Input::default()
        };
        self.inputs.insert("login".to_owned(), input);
    }

    fn upload(&mut self, element: &Element, files: &[String]) -> Step {
        let several = files.len() > 1;
        let inputs: Vec<String> = files
            .iter()
            .enumerate()
            .map(|(place, _)| {
                let name = self.file_input(element, several.then_some(place + 1));
                format!("{{{{ inputs.{name} }}}}")
            })
            .collect();
        let files_setting = match inputs.as_slice() {
            [one] => one.as_str().into(),
            several => json!(several),
        };
        let mut upload = step(
            "browser.upload",
            json!({ "target": element.target, "files": files_setting }),
        );
        upload.note = Some(format!("Recorded with {}", files.join(", ")));
        named(upload, "Upload", &element.name)
    }

    fn file_input(&mut self, element: &Element, number: Option<usize>) -> String {
        let base = match number {
            Some(number) => format!("{}_{number}", identifier(&element.name)),
            None => identifier(&element.name),
        };
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

fn element_of(action: &Action) -> Option<&Element> {
    match action {
        Action::Click { element, .. } => Some(element),
        _ => None,
    }
}

/// The step with what was done to what as its name, where that reads well.
pub(crate) fn named(mut step: Step, verb: &str, name: &str) -> Step {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let has_code = ["{{", "{%", "{#"].iter().any(|code| name.contains(code));
    if !name.is_empty() && name.chars().count() <= 60 && !has_code {
        step.name = Some(format!("{verb} {name}"));
    }
    step
}

/// A step of the node `uses` with the settings in `with` that are set.
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
