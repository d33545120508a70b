//! A recording in the form of Chrome's DevTools (the Recorder panel, `@puppeteer/replay`).

use serde_json::{Value as Json, json};

use crate::{
    Action, Element, Event, Expected, Options,
    fold::{Done, Folded, fold},
};

/// The recording as JSON that DevTools can read. What it has no word for is left out: dialogs, downloads,
/// uploads and drags; and the values of secrets, which nobody knows.
pub fn devtools(events: &[Event], options: &Options) -> Json {
    let mut steps = Vec::new();
    if let Some((width, height)) = options.viewport {
        steps.push(json!({
            "type": "setViewport", "width": width, "height": height, "deviceScaleFactor": 1,
            "isMobile": false, "hasTouch": false, "isLandscape": width > height,
        }));
    }
    steps.push(json!({ "type": "navigate", "url": options.url }));
    let mut writer = Writer {
        steps,
        target: "main".to_owned(),
        tabs: Vec::new(),
    };
    for folded in fold(events) {
        writer.write(folded);
    }
    json!({ "title": options.name, "steps": writer.steps })
}

struct Writer {
    steps: Vec<Json>,
    /// The page that steps are for: `main`, or an address.
    target: String,
    tabs: Vec<String>,
}

impl Writer {
    fn write(&mut self, folded: Folded) {
        match folded {
            Folded::Done(done) => self.done(*done),
            Folded::Form { fields, submit, .. } => {
                for (element, value) in fields {
                    self.fill(&element, &value);
                }
                if let Some(done) = submit {
                    self.done(*done);
                }
            }
            Folded::Login(login) => {
                if let Some((element, value)) = login.user {
                    self.fill(&element, &value);
                }
                for element in login.secrets {
                    self.fill(&element, &Json::Null);
                }
                if let Some(done) = login.submit {
                    self.done(*done);
                }
            }
            Folded::Turned { place, .. } => {
                let tab = place.checked_sub(1).and_then(|place| self.tabs.get(place));
                self.target = tab.cloned().unwrap_or_else(|| "main".to_owned());
            }
            Folded::NewTab { url } => {
                let url = url.unwrap_or_default();
                self.tabs.push(url.clone());
                self.target.clone_from(&url);
                self.push(json!({ "type": "navigate", "url": url }), None);
            }
            Folded::ClosedOther { .. } => {}
        }
    }

    fn push(&mut self, mut step: Json, element: Option<&Element>) {
        step["target"] = self.target.as_str().into();
        if let Some(element) = element {
            let selectors = selectors(element);
            if selectors.is_empty() {
                return;
            }
            step["selectors"] = selectors.into();
        }
        self.steps.push(step);
    }

    fn done(&mut self, done: Done) {
        match &done.action {
            Action::Goto { url } => self.push(json!({ "type": "navigate", "url": url }), None),
            Action::Click {
                element,
                button,
                count,
                ..
            } => {
                let kind = if *count == 2 { "doubleClick" } else { "click" };
                let button = match &**button {
                    "right" => "secondary",
                    "middle" => "auxiliary",
                    _ => "primary",
                };
                let step = json!({ "type": kind, "button": button, "offsetX": 1, "offsetY": 1 });
                self.push(step, Some(element));
            }
            Action::Fill { element, value } => self.fill(element, value),
            Action::Press { element, key } => self.press(element.as_ref(), key),
            Action::Hover { element } => self.push(json!({ "type": "hover" }), Some(element)),
            Action::Assert { element, expected } => {
                let step = match expected {
                    Expected::Visible => json!({ "type": "waitForElement", "visible": true }),
                    _ => json!({ "type": "waitForElement" }),
                };
                self.push(step, Some(element));
            }
            Action::Closed { .. } => {
                self.push(json!({ "type": "close" }), None);
                "main".clone_into(&mut self.target);
            }
            _ => {}
        }
        if done.opens {
            let url = done.arrived.unwrap_or_else(|| "about:blank".to_owned());
            self.tabs.push(url.clone());
            self.target = url;
        }
    }

    fn fill(&mut self, element: &Element, value: &Json) {
        let value = match value {
            Json::String(text) => text.clone(),
            Json::Null => String::new(),
            // Boxes are clicked.
            Json::Bool(_) => {
                let step = json!({ "type": "click", "offsetX": 1, "offsetY": 1 });
                self.push(step, Some(element));
                return;
            }
            Json::Array(items) => items
                .iter()
                .find_map(Json::as_str)
                .unwrap_or_default()
                .to_owned(),
            other => other.to_string(),
        };
        self.push(json!({ "type": "change", "value": value }), Some(element));
    }

    /// Keys go to what has the focus.
    fn press(&mut self, element: Option<&Element>, key: &str) {
        if let Some(element) = element
            && !self.has_focus(element)
        {
            let step = json!({ "type": "click", "offsetX": 1, "offsetY": 1 });
            self.push(step, Some(element));
        }
        let (held, key) = match key.rsplit_once('+') {
            Some((held, key)) if !key.is_empty() => (held, key),
            _ => ("", key),
        };
        let held: Vec<&str> = held.split('+').filter(|key| !key.is_empty()).collect();
        let key = if key == "Space" { " " } else { key };
        for key in &held {
            self.push(json!({ "type": "keyDown", "key": key }), None);
        }
        self.push(json!({ "type": "keyDown", "key": key }), None);
        self.push(json!({ "type": "keyUp", "key": key }), None);
        for key in held.iter().rev() {
            self.push(json!({ "type": "keyUp", "key": key }), None);
        }
    }

    /// Whether the last step was on `element`, which has the focus since.
    fn has_focus(&self, element: &Element) -> bool {
        let last = self
            .steps
            .iter()
            .rev()
            .find(|step| !matches!(step["type"].as_str(), Some("keyDown" | "keyUp")));
        last.is_some_and(|last| last["selectors"] == Json::from(selectors(element)))
    }
}

/// The selectors of an element in the words of DevTools; those that it has no word for are left out.
fn selectors(element: &Element) -> Vec<Json> {
    let others = element.target["alternatives"].as_array();
    let others = others.into_iter().flatten().filter_map(Json::as_str);
    let all = element.selector().into_iter().chain(others);
    all.filter_map(selector).map(|one| json!([one])).collect()
}

fn selector(written: &str) -> Option<String> {
    // Only the last part is within the frame that it is in; `nth` and the like have no word.
    let part = written.rsplit(" >> ").next()?;
    if part.len() != written.len() && !written.starts_with("css=iframe") {
        return None;
    }
    if let Some(css) = part.strip_prefix("css=") {
        return Some(css.to_owned());
    }
    if let Some(path) = part.strip_prefix("xpath=") {
        return Some(format!("xpath/{path}"));
    }
    if let Some(role) = part.strip_prefix("role=") {
        let (role, name) = role.strip_suffix(']')?.split_once("[name=")?;
        let name = unquoted(name)?;
        return Some(format!("aria/{name}[role=\"{role}\"]"));
    }
    if let Some(label) = part.strip_prefix("label=") {
        return Some(format!("aria/{}", unquoted(label)?));
    }
    if let Some(text) = part.strip_prefix("text=") {
        return Some(format!("text/{}", unquoted(text)?));
    }
    let attribute = [
        ("testid=", "data-testid"),
        ("placeholder=", "placeholder"),
        ("title=", "title"),
    ];
    let (value, name) = attribute
        .iter()
        .find_map(|(prefix, name)| Some((part.strip_prefix(prefix)?, *name)))?;
    Some(format!("[{name}=\"{}\"]", unquoted(value)?))
}

/// A text without its quotes; none where it holds what the other side cannot quote.
fn unquoted(text: &str) -> Option<&str> {
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text);
    (!inner.contains(['"', '\\'])).then_some(inner)
}
