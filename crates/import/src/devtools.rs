//! Recordings of Chrome's DevTools (the Recorder panel, `@puppeteer/replay`).
//!
//! Frames are left out, for selectors look into them by themselves; so is scrolling to elements,
//! which every action does.

use casare_workflow::{Block, Input, InputKind, Step, Workflow};
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use crate::{
    ImportError,
    report::{Report, Weight},
    selenium::step,
    sources::Draft,
};

/// How many steps a recording may have.
const MOST_STEPS: usize = 10_000;
/// How many alternatives of one selector are looked at.
const MOST_SELECTORS: usize = 50;

/// Whether `root` is a recording.
pub(crate) fn is_recording(root: &Json) -> bool {
    root["title"].is_string()
        && root.get("nodes").is_none()
        && root["steps"].as_array().is_some_and(|steps| {
            !steps.is_empty() && steps.iter().all(|step| step["type"].is_string())
        })
}

/// Imports the recording `root` as the workflow at `path`.
pub(crate) fn import(root: &Json, path: String) -> Result<Draft, ImportError> {
    let recorded = root["steps"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if recorded.len() > MOST_STEPS {
        return Err(ImportError::TooLarge {
            what: "steps",
            count: recorded.len(),
            limit: MOST_STEPS,
        });
    }
    let mut reader = Reader::default();
    for (place, one) in recorded.iter().enumerate() {
        reader.read(one, place);
    }
    let mut session = step(
        "browser.session",
        json!({ "url": reader.address, "viewport": reader.viewport }),
    );
    session
        .blocks
        .insert("do".to_owned(), Block::Steps(reader.steps));
    let workflow = Workflow {
        name: root["title"].as_str().unwrap_or("recording").to_owned(),
        inputs: reader.inputs,
        steps: vec![session],
        ..Workflow::default()
    };
    Ok(Draft {
        path,
        workflow,
        report: reader.report,
    })
}

#[derive(Default)]
struct Reader {
    address: Option<String>,
    viewport: Option<Json>,
    inputs: IndexMap<String, Input>,
    steps: Vec<Step>,
    /// Keys that are held down, such as `Control`.
    held: Vec<String>,
    /// The page that the steps before were for: `main`, or an address.
    page: Option<String>,
    report: Report,
}

impl Reader {
    fn read(&mut self, recorded: &Json, place: usize) {
        self.report.total += 1;
        let kind = recorded["type"].as_str().unwrap_or_default();
        let at = format!("step {}", place + 1);
        let before = self.steps.len();
        if !matches!(
            kind,
            "setViewport" | "navigate" | "emulateNetworkConditions"
        ) {
            self.turn_to(recorded);
        }
        if let Some(steps) = self.converted(kind, recorded, &at) {
            self.report.converted += 1;
            self.steps.extend(steps);
        } else {
            self.steps.truncate(before);
            let message = format!("`{kind}` has no equivalent; the step fails when it is reached");
            self.report.add(Weight::Lost, Some(&at), message);
            self.steps.push(step(
                "flow.fail",
                json!({ "message": format!("{at}: `{kind}` was not imported"), "kind": "invalid" }),
            ));
        }
    }

    fn converted(&mut self, kind: &str, recorded: &Json, at: &str) -> Option<Vec<Step>> {
        let one = |uses: &str, with: Json| Some(vec![step(uses, with)]);
        match kind {
            "setViewport" => {
                let size = json!({ "width": recorded["width"], "height": recorded["height"] });
                if self.viewport.is_none() {
                    self.viewport = Some(size);
                } else if self.viewport.as_ref() != Some(&size) {
                    let message = "the page keeps the size that it began with";
                    self.report.add(Weight::Changed, Some(at), message);
                }
                Some(Vec::new())
            }
            "navigate" => {
                let url = recorded["url"].as_str()?;
                if self.address.is_none() && self.steps.is_empty() {
                    self.address = Some(url.to_owned());
                    return Some(Vec::new());
                }
                one("browser.goto", json!({ "url": url }))
            }
            "click" | "doubleClick" => {
                let button = match recorded["button"].as_str() {
                    Some("secondary") => Some("right"),
                    Some("auxiliary") => Some("middle"),
                    _ => None,
                };
                let count = (kind == "doubleClick").then_some(2);
                let target = target(recorded, Use::Act)?;
                let with = json!({ "target": target, "button": button, "count": count });
                one("browser.click", with)
            }
            "hover" => one(
                "browser.hover",
                json!({ "target": target(recorded, Use::Act)? }),
            ),
            "change" => {
                let target = target(recorded, Use::Fill)?;
                let value = self.value(recorded, at);
                one("browser.fill", json!({ "target": target, "value": value }))
            }
            "keyDown" => Some(self.pressed(recorded["key"].as_str()?)),
            "keyUp" => {
                let key = recorded["key"].as_str()?;
                self.held.retain(|held| held != key);
                Some(Vec::new())
            }
            "scroll" => Some(scrolled(recorded)),
            "waitForElement" => waited(recorded),
            "waitForExpression" => {
                let script = format!("!!({})", recorded["expression"].as_str()?);
                Some(vec![until_true(&script)])
            }
            "close" => one("browser.tab", json!({ "action": "close" })),
            _ => None,
        }
    }

    /// Goes to the page that a step is for.
    fn turn_to(&mut self, recorded: &Json) {
        let page = recorded["target"].as_str().unwrap_or("main");
        let current = self.page.as_deref().unwrap_or("main");
        if page == current {
            return;
        }
        self.page = Some(page.to_owned());
        // What a click opened is the page that goes on.
        let clicked = self
            .steps
            .last_mut()
            .filter(|last| last.uses == "browser.click");
        if let (false, Some(click)) = (page == "main", clicked) {
            click.with.insert("opens_page".to_owned(), true.into());
            return;
        }
        let with = if page == "main" {
            json!({ "action": "switch", "index": 0 })
        } else {
            json!({ "action": "switch", "matching": page })
        };
        self.steps.push(step("browser.tab", with));
    }

    /// What was put into a field. A password becomes an input: it has no place in a file.
    fn value(&mut self, recorded: &Json, at: &str) -> Json {
        let is_secret = alternatives(recorded)
            .iter()
            .any(|selector| selector.to_lowercase().contains("password"));
        if !is_secret {
            return crate::expression::Val::text(
                recorded["value"].as_str().unwrap_or_default().to_owned(),
            )
            .setting();
        }
        let password = Input {
            kind: InputKind::String,
            required: true,
            ..Input::default()
        };
        self.inputs.insert("password".to_owned(), password);
        let message = "the password was not taken over; the workflow asks for it as an input";
        self.report.add(Weight::Look, Some(at), message);
        "{{ inputs.password }}".into()
    }

    fn pressed(&mut self, key: &str) -> Vec<Step> {
        if matches!(key, "Control" | "Shift" | "Alt" | "Meta") {
            self.held.push(key.to_owned());
            return Vec::new();
        }
        let keys: Vec<&str> = self.held.iter().map(String::as_str).chain([key]).collect();
        vec![step("browser.press", json!({ "key": keys.join("+") }))]
    }
}

fn scrolled(recorded: &Json) -> Vec<Step> {
    if !recorded["selectors"].is_null() {
        return Vec::new();
    }
    let (x, y) = (recorded["x"].as_f64(), recorded["y"].as_f64());
    let script = format!(
        "window.scrollTo({}, {})",
        x.unwrap_or(0.0),
        y.unwrap_or(0.0)
    );
    let with = json!({ "script": script, "repeatable": true });
    vec![step("browser.evaluate", with)]
}

fn waited(recorded: &Json) -> Option<Vec<Step>> {
    let count = recorded["count"].as_u64();
    let operator = recorded["operator"].as_str().unwrap_or(">=");
    let is_gone =
        count == Some(0) && matches!(operator, "==" | "<=") || count == Some(1) && operator == "<=";
    let state = match (is_gone, recorded["visible"].as_bool()) {
        (true, _) => "detached",
        (false, Some(false)) => "hidden",
        (false, Some(true)) => "visible",
        (false, None) => "attached",
    };
    let target = target(recorded, Use::Act)?;
    // One of several would be ambiguous otherwise.
    let target = if count.is_some_and(|count| count > 1) {
        format!("{target} >> nth={}", count.unwrap_or(1) - 1)
    } else {
        target
    };
    let with = json!({ "target": target, "state": state });
    Some(vec![step("browser.wait_for", with)])
}

/// Evaluates `script` until it is true.
fn until_true(script: &str) -> Step {
    let mut evaluate = step(
        "browser.evaluate",
        json!({ "script": script, "repeatable": true }),
    );
    evaluate.id = Some("awaited".to_owned());
    let mut fail = step(
        "flow.fail",
        json!({ "kind": "timeout", "message": "the page did not become as the recording expects it" }),
    );
    fail.when = Some("{{ not steps.awaited.value }}".into());
    let mut retry = step("flow.retry", json!({ "attempts": 50, "delay": "200ms" }));
    retry
        .blocks
        .insert("do".to_owned(), Block::Steps(vec![evaluate, fail]));
    retry
}

/// What an element is wanted for.
#[derive(Clone, Copy, PartialEq)]
enum Use {
    Act,
    Fill,
}

/// The selectors of a step; several that lead through shadow roots are one.
fn alternatives(recorded: &Json) -> Vec<String> {
    let selectors = recorded["selectors"].as_array().into_iter().flatten();
    let written = selectors.take(MOST_SELECTORS).filter_map(|one| match one {
        Json::String(selector) => Some(selector.clone()),
        Json::Array(parts) => {
            let parts: Option<Vec<&str>> = parts.iter().map(Json::as_str).collect();
            Some(parts?.join(" >>>> "))
        }
        _ => None,
    });
    written.collect()
}

/// The best of a step's selectors: what a person would name before what a program would.
fn target(recorded: &Json, purpose: Use) -> Option<String> {
    let found = alternatives(recorded).into_iter().filter_map(|selector| {
        let parts: Option<Vec<(u8, String)>> = selector
            .split(" >>>> ")
            .map(|part| locator(part, purpose))
            .collect();
        let parts = parts?;
        let rank = parts.iter().map(|(rank, _)| *rank).max()?;
        let chain: Vec<String> = parts.into_iter().map(|(_, text)| text).collect();
        Some((rank, chain.join(" >> ")))
    });
    found
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, selector)| selector)
}

/// A selector of DevTools as one of Casare, and how well it will last: the smaller, the better.
fn locator(selector: &str, purpose: Use) -> Option<(u8, String)> {
    if let Some(name) = selector.strip_prefix("aria/") {
        let (name, role) = match name.rsplit_once("[role=\"") {
            Some((name, role)) => (name, role.strip_suffix("\"]")),
            None => (name, None),
        };
        if name.is_empty() || name.contains(['"', '\n']) || name.contains(">>") {
            return None;
        }
        return Some(match (role, purpose) {
            (Some(role), _) => (0, format!("role={role}[name=\"{name}\"]")),
            (None, Use::Fill) => (1, format!("label=\"{name}\"")),
            (None, Use::Act) => (4, format!("text=\"{name}\"")),
        });
    }
    if let Some(text) = selector.strip_prefix("text/") {
        let plain = !text.is_empty() && !text.contains(['"', '\n']) && !text.contains(">>");
        return plain.then(|| (2, format!("text={text}")));
    }
    if let Some(path) = selector.strip_prefix("xpath/") {
        return Some((6, format!("xpath={path}")));
    }
    let css = ["pierce/", "css/"]
        .iter()
        .find_map(|kind| selector.strip_prefix(kind))
        .unwrap_or(selector);
    if css.trim().is_empty() || css.contains(">>") {
        return None;
    }
    let id = css.strip_prefix('#').unwrap_or_default();
    let is_plain_id = !id.is_empty()
        && id
            .chars()
            .all(|letter| letter.is_ascii_alphabetic() || matches!(letter, '-' | '_'));
    let rank = if css.starts_with("[data-test") || is_plain_id {
        1
    } else if selector.starts_with("pierce/") {
        5
    } else {
        3
    };
    Some((rank, format!("css={css}")))
}
