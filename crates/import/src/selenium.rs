//! Selenium IDE: each test of a `.side` file becomes a workflow.

use std::collections::HashMap;

use casare_workflow::{Block, Step, Workflow};
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use crate::{
    ImportError,
    expression::{
        Code, Dialect, Kind, Names, Segment, Val, is_identifier, member, quoted, translate, truth,
    },
    report::{Report, Weight},
    sources::Draft,
};

/// Imports every test of a `.side` file; `stem` is the file's path without its ending.
pub(crate) fn import(root: &Json, stem: &str) -> Result<Vec<Draft>, ImportError> {
    let missing = |reason: &str| ImportError::NotAWorkflow {
        reason: reason.to_owned(),
    };
    let tests = root["tests"]
        .as_array()
        .ok_or_else(|| missing("it has no `tests`"))?;
    if tests.is_empty() {
        return Err(missing("it has no tests"));
    }
    let address = root["url"].as_str().unwrap_or_default();
    let mut files: IndexMap<String, String> = IndexMap::new();
    for (place, test) in tests.iter().enumerate() {
        let name = test["name"].as_str().unwrap_or("test").to_owned();
        let path = if tests.len() == 1 {
            format!("{stem}.workflow.yaml")
        } else {
            format!("{stem}-{}.workflow.yaml", slug(&name, place))
        };
        files.insert(name, path);
    }
    let drafts = tests.iter().enumerate().map(|(place, test)| {
        let name = test["name"].as_str().unwrap_or("test");
        let path = files
            .get(name)
            .cloned()
            .unwrap_or_else(|| format!("{stem}-{place}.workflow.yaml"));
        let mut reader = Reader::new(address, &files);
        let commands = test["commands"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let steps = reader.steps(commands);
        let session = Step {
            blocks: IndexMap::from([("do".to_owned(), Block::Steps(steps))]),
            ..step("browser.session", json!({}))
        };
        let workflow = Workflow {
            name: name.to_owned(),
            variables: reader
                .variables
                .keys()
                .map(|name| (name.clone(), Json::Null))
                .collect(),
            steps: vec![session],
            ..Workflow::default()
        };
        Draft {
            path,
            workflow,
            report: reader.report,
        }
    });
    Ok(drafts.collect())
}

/// A name for files: letters, digits and hyphens.
pub(crate) fn slug(name: &str, place: usize) -> String {
    let mut slug = String::new();
    for letter in name.to_lowercase().chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-').to_owned();
    if slug.is_empty() {
        (place + 1).to_string()
    } else {
        slug
    }
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

/// A block that is being filled.
struct Open {
    step: Step,
    block: &'static str,
    /// Steps before it in its list, and in the block so far.
    before: Vec<Step>,
}

struct Reader<'f> {
    address: &'f str,
    files: &'f IndexMap<String, String>,
    variables: IndexMap<String, ()>,
    report: Report,
    ids: HashMap<String, usize>,
}

struct Scope<'r>(&'r IndexMap<String, ()>);

impl Names for Scope<'_> {
    fn name(&self, name: &str) -> Option<Code> {
        self.reference(name)
    }

    fn reference(&self, path: &str) -> Option<Code> {
        let known = self.0.contains_key(path);
        known.then(|| Code::atom(member("vars", path), Kind::Any))
    }
}

impl<'f> Reader<'f> {
    fn new(address: &'f str, files: &'f IndexMap<String, String>) -> Self {
        Self {
            address,
            files,
            variables: IndexMap::new(),
            report: Report::default(),
            ids: HashMap::new(),
        }
    }

    fn steps(&mut self, commands: &[Json]) -> Vec<Step> {
        let mut done: Vec<Step> = Vec::new();
        let mut open: Vec<Open> = Vec::new();
        for (place, command) in commands.iter().enumerate() {
            let text = |key: &str| command[key].as_str().unwrap_or_default().to_owned();
            let (name, target, value) = (text("command"), text("target"), text("value"));
            self.report.total += 1;
            let disabled = name.starts_with("//");
            let name = name.trim_start_matches('/').to_owned();
            let at = format!("command {}", place + 1);
            match &*name {
                "if" | "while" | "times" | "forEach" | "do" if !disabled && open.len() < 60 => {
                    self.report.converted += 1;
                    let (step, block) = self.opened(&name, &target, &value, &at);
                    open.push(Open {
                        step,
                        block,
                        before: std::mem::take(&mut done),
                    });
                }
                "elseIf" | "else" if !disabled => {
                    self.report.converted += 1;
                    if let Some(branch) = open.last_mut() {
                        let steps = std::mem::take(&mut done);
                        branch
                            .step
                            .blocks
                            .insert(branch.block.to_owned(), Block::Steps(steps));
                        branch.block = "else";
                    }
                    if name == "elseIf" && open.len() < 60 {
                        let (mut step, block) = self.opened("if", &target, &value, &at);
                        // It ends together with the branch around it.
                        step.note = Some("else if".to_owned());
                        open.push(Open {
                            step,
                            block,
                            before: Vec::new(),
                        });
                    }
                }
                "end" | "repeatIf" if !disabled => {
                    self.report.converted += 1;
                    if name == "repeatIf" {
                        let condition = self.condition(&target, &at);
                        done.push(Step {
                            when: Some(negated(&condition)),
                            ..step("flow.break", Json::Null)
                        });
                    }
                    close(&mut open, &mut done);
                }
                _ => {
                    let mut steps = self.command(&name, &target, &value, &at);
                    if let (Some(first), Some(comment)) =
                        (steps.first_mut(), command["comment"].as_str())
                    {
                        first.note = (!comment.is_empty()).then(|| comment.to_owned());
                    }
                    for step in &mut steps {
                        step.disabled |= disabled;
                    }
                    done.extend(steps);
                }
            }
        }
        while !open.is_empty() {
            self.report.add(
                Weight::Look,
                None,
                "a block has no `end`; it ends with the test",
            );
            close(&mut open, &mut done);
        }
        done
    }

    fn opened(&mut self, name: &str, target: &str, value: &str, at: &str) -> (Step, &'static str) {
        match name {
            "if" => (
                step(
                    "flow.if",
                    json!({ "condition": self.condition(target, at) }),
                ),
                "then",
            ),
            "while" => (
                step(
                    "flow.while",
                    json!({ "condition": self.condition(target, at) }),
                ),
                "do",
            ),
            "do" => (
                step("flow.while", json!({ "condition": "{{ true }}" })),
                "do",
            ),
            "times" => (
                step("flow.repeat", json!({ "times": self.number(target) })),
                "do",
            ),
            _ => {
                let item = if is_identifier(value) { value } else { "item" };
                self.variables.insert(item.to_owned(), ());
                let list = Val::Code(Code::atom(member("vars", target), Kind::List)).setting();
                self.variables.insert(target.to_owned(), ());
                (step("flow.for_each", json!({ "items": list })), "do")
            }
        }
    }

    fn number(&mut self, text: &str) -> Json {
        match text.trim().parse::<u64>() {
            Ok(number) => number.into(),
            Err(_) => self.text(text),
        }
    }

    /// A text with `${name}` in it.
    fn text(&mut self, text: &str) -> Json {
        let mut segments = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, next)) = after.split_once('}') else {
                break;
            };
            let known = self.variables.contains_key(name);
            segments.push(Segment::Plain(before.to_owned()));
            segments.push(if known {
                Segment::Code(Code::atom(member("vars", name), Kind::Any))
            } else {
                Segment::Plain(format!("${{{name}}}"))
            });
            rest = next;
        }
        segments.push(Segment::Plain(rest.to_owned()));
        segments.retain(|segment| !matches!(segment, Segment::Plain(text) if text.is_empty()));
        match segments.as_slice() {
            [Segment::Code(code)] => Val::Code(code.clone()),
            _ => Val::Text(segments),
        }
        .setting()
    }

    /// A JavaScript condition.
    fn condition(&mut self, text: &str, at: &str) -> Json {
        let plain = text.trim().replace("${", "").replace('}', "");
        match translate(&plain, Dialect::JavaScript, &Scope(&self.variables)) {
            Ok(code) => Val::Code(truth(&code)).setting(),
            Err(fault) => {
                self.report.add(
                    Weight::Lost,
                    Some(at),
                    format!("`{text}` can't be translated: {fault}; it is false now"),
                );
                "{{ false }}".into()
            }
        }
    }

    fn command(&mut self, name: &str, target: &str, value: &str, at: &str) -> Vec<Step> {
        let found = self.known(name, target, value, at);
        if let Some(steps) = found {
            self.report.converted += 1;
            return steps;
        }
        self.report.add(
            Weight::Lost,
            Some(at),
            format!("`{name}` has no equivalent; the step fails when it is reached"),
        );
        let message =
            Val::text(format!("{at}: `{name} {target} {value}` was not imported")).setting();
        vec![step(
            "flow.fail",
            json!({ "message": message, "kind": "invalid" }),
        )]
    }

    fn known(&mut self, name: &str, target: &str, value: &str, at: &str) -> Option<Vec<Step>> {
        let selector = self.text(&selector(target));
        let given = self.text(value);
        let one = |step: Step| Some(vec![step]);
        match name {
            "open" => {
                let url = if target.contains("://") {
                    self.text(target)
                } else {
                    self.text(&format!(
                        "{}/{}",
                        self.address.trim_end_matches('/'),
                        target.trim_start_matches('/')
                    ))
                };
                one(step("browser.goto", json!({ "url": url })))
            }
            "click" | "clickAt" => one(step("browser.click", json!({ "target": selector }))),
            "doubleClick" | "doubleClickAt" => one(step(
                "browser.click",
                json!({ "target": selector, "count": 2 }),
            )),
            "mouseOver" => one(step("browser.hover", json!({ "target": selector }))),
            "mouseOut" | "setWindowSize" | "mouseDown" | "mouseUp" | "close" | "setSpeed"
            | "debugger" | "selectFrame" => {
                self.report.add(
                    Weight::Look,
                    Some(at),
                    format!("`{name}` is not needed and was left out"),
                );
                Some(Vec::new())
            }
            "type" => one(step(
                "browser.fill",
                json!({ "target": selector, "value": given }),
            )),
            "sendKeys" => {
                let key = value
                    .strip_prefix("${KEY_")
                    .and_then(|key| key.strip_suffix('}'));
                one(match key {
                    Some(key) => step(
                        "browser.press",
                        json!({ "target": selector, "key": key_name(key) }),
                    ),
                    None => step("browser.type", json!({ "target": selector, "text": given })),
                })
            }
            "select" | "addSelection" => {
                let (by, option) = value.split_once('=').unwrap_or(("label", value));
                let by = if matches!(by, "value" | "index") {
                    by
                } else {
                    "label"
                };
                let option = if by == "index" {
                    self.number(option)
                } else {
                    self.text(option)
                };
                one(step(
                    "browser.select",
                    json!({ "target": selector, "option": option, "by": by }),
                ))
            }
            "check" | "uncheck" => one(step(
                "browser.check",
                json!({ "target": selector, "checked": name == "check" }),
            )),
            "pause" => {
                let ms = if target.is_empty() { value } else { target };
                one(step(
                    "flow.wait",
                    json!({ "duration": format!("{}ms", ms.trim().parse::<u64>().unwrap_or(1000)) }),
                ))
            }
            "waitForElementVisible"
            | "waitForElementPresent"
            | "waitForElementEditable"
            | "waitForElementNotVisible"
            | "waitForElementNotPresent"
            | "assertEditable"
            | "verifyEditable"
            | "assertElementPresent"
            | "verifyElementPresent"
            | "assertElementNotPresent"
            | "verifyElementNotPresent" => {
                let state = match name {
                    name if name.ends_with("NotVisible") => "hidden",
                    name if name.ends_with("NotPresent") => "detached",
                    name if name.ends_with("Editable") => "enabled",
                    name if name.ends_with("Visible") => "visible",
                    _ => "attached",
                };
                one(step(
                    "browser.wait_for",
                    json!({ "target": selector, "state": state }),
                ))
            }
            "echo" => {
                let message = self.text(target);
                one(step("log.write", json!({ "message": message })))
            }
            "store" => {
                let text = self.text(target);
                self.set(value, text)
            }
            "storeElementCount" | "storeXpathCount" => {
                let (mut extract, _) = self.extract("Text", target);
                let id = extract.id.clone()?;
                extract.with.insert("all".to_owned(), true.into());
                let mut steps = vec![extract];
                steps.extend(self.set(value, format!("{{{{ steps.{id}.count }}}}").into())?);
                Some(steps)
            }
            "storeText" | "storeValue" | "storeAttribute" | "storeTitle" => {
                self.stored(name, target, value)
            }
            "executeScript" | "runScript" => {
                let id = self.id("script");
                let mut run = step("browser.evaluate", json!({ "script": script(target) }));
                run.id = Some(id.clone());
                let mut steps = vec![run];
                if !value.is_empty() {
                    steps.extend(self.set(value, format!("{{{{ steps.{id}.value }}}}").into())?);
                }
                Some(steps)
            }
            "assertText" | "verifyText" | "assertValue" | "verifyValue" | "assertTitle"
            | "verifyTitle" | "assertNotText" | "verifyNotText" => {
                self.asserted(name, target, value)
            }
            "assert" | "verify" => {
                let known = self.variables.contains_key(target);
                let condition = format!(
                    "{{{{ {} | string == {} }}}}",
                    member("vars", target),
                    quoted(value)
                );
                known.then(|| vec![step("flow.assert", json!({ "condition": condition }))])
            }
            "run" => {
                let file = self.files.get(target)?;
                let name = file.rsplit('/').next().unwrap_or(file);
                one(step("flow.call", json!({ "workflow": name })))
            }
            "chooseOkOnNextConfirmation"
            | "assertAlert"
            | "assertConfirmation"
            | "answerOnNextPrompt"
            | "chooseCancelOnNextConfirmation"
            | "webdriverChooseOkOnVisibleConfirmation" => {
                let answer = if name.contains("Cancel") {
                    "dismiss"
                } else {
                    "accept"
                };
                self.report.add(
                    Weight::Look,
                    Some(at),
                    "it has to stand before the step that opens the dialog",
                );
                one(step("browser.dialog", json!({ "answer": answer })))
            }
            "" => Some(Vec::new()),
            _ => None,
        }
    }

    fn set(&mut self, name: &str, value: Json) -> Option<Vec<Step>> {
        let name = name.trim();
        if !is_identifier(name) {
            return None;
        }
        self.variables.insert(name.to_owned(), ());
        Some(vec![step(
            "data.set",
            json!({ "name": name, "value": value }),
        )])
    }

    fn extract(&mut self, what: &str, target: &str) -> (Step, String) {
        let id = self.id("found");
        let selected = self.text(&selector(target));
        let mut extract = match what {
            "Title" => step("browser.evaluate", json!({ "script": "document.title" })),
            "Value" => step(
                "browser.extract",
                json!({ "target": selected, "what": "value" }),
            ),
            _ => step(
                "browser.extract",
                json!({ "target": selected, "what": "text" }),
            ),
        };
        extract.id = Some(id.clone());
        (extract, format!("steps.{id}.value"))
    }

    fn stored(&mut self, name: &str, target: &str, value: &str) -> Option<Vec<Step>> {
        let what = name.strip_prefix("store").unwrap_or_default();
        if what == "Attribute" {
            let (element, attribute) = target.rsplit_once('@')?;
            let (mut extract, path) = self.extract("Text", element);
            extract.with.insert("what".to_owned(), "attribute".into());
            extract
                .with
                .insert("attribute".to_owned(), attribute.into());
            let mut steps = vec![extract];
            steps.extend(self.set(value, format!("{{{{ {path} }}}}").into())?);
            return Some(steps);
        }
        let (extract, path) = self.extract(what, target);
        let name = if what == "Title" && value.is_empty() {
            target
        } else {
            value
        };
        let mut steps = vec![extract];
        steps.extend(self.set(name, format!("{{{{ {path} }}}}").into())?);
        Some(steps)
    }

    fn asserted(&mut self, name: &str, target: &str, value: &str) -> Option<Vec<Step>> {
        let is_not = name.contains("Not");
        let what = name.rsplit_once("Not").map_or_else(
            || {
                name.trim_start_matches("assert")
                    .trim_start_matches("verify")
            },
            |(_, what)| what,
        );
        let (extract, path) = self.extract(what, target);
        let wanted = if what == "Title" { target } else { value };
        let wanted = match self.text(wanted) {
            Json::String(text) => match text
                .strip_prefix("{{ ")
                .and_then(|rest| rest.strip_suffix(" }}"))
            {
                Some(code) if !code.contains("}}") => code.to_owned(),
                _ => quoted(wanted),
            },
            other => other.to_string(),
        };
        let operator = if is_not { "!=" } else { "==" };
        let mut assert = step(
            "flow.assert",
            json!({ "condition": format!("{{{{ {path} {operator} {wanted} }}}}") }),
        );
        if name.starts_with("verify") {
            // The test goes on, and tells it at the end.
            assert.on_error = casare_workflow::OnError::Continue;
        }
        Some(vec![extract, assert])
    }

    fn id(&mut self, word: &str) -> String {
        let count = self.ids.entry(word.to_owned()).or_insert(0);
        *count += 1;
        format!("{word}_{count}")
    }
}

/// Ends the innermost block, and the branches that end with it.
fn close(open: &mut Vec<Open>, done: &mut Vec<Step>) {
    while let Some(mut block) = open.pop() {
        let steps = std::mem::take(done);
        block
            .step
            .blocks
            .insert(block.block.to_owned(), Block::Steps(steps));
        let goes_on = block.step.note.as_deref() == Some("else if");
        block.step.note = None;
        *done = block.before;
        done.push(block.step);
        if !goes_on {
            return;
        }
    }
}

fn negated(condition: &Json) -> Json {
    let text = condition.as_str().unwrap_or("{{ false }}");
    let inner = text.trim_start_matches("{{").trim_end_matches("}}").trim();
    format!("{{{{ not ({inner}) }}}}").into()
}

/// The body of a script as a function.
fn script(text: &str) -> String {
    if text.contains("return") {
        format!("() => {{ {text} }}")
    } else {
        text.to_owned()
    }
}

fn key_name(key: &str) -> String {
    let known = [
        ("ENTER", "Enter"),
        ("RETURN", "Enter"),
        ("TAB", "Tab"),
        ("ESC", "Escape"),
        ("ESCAPE", "Escape"),
        ("BACKSPACE", "Backspace"),
        ("BKSP", "Backspace"),
        ("DELETE", "Delete"),
        ("DEL", "Delete"),
        ("UP", "ArrowUp"),
        ("DOWN", "ArrowDown"),
        ("LEFT", "ArrowLeft"),
        ("RIGHT", "ArrowRight"),
        ("HOME", "Home"),
        ("END", "End"),
        ("PAGE_UP", "PageUp"),
        ("PAGE_DOWN", "PageDown"),
        ("SPACE", "Space"),
    ];
    known
        .iter()
        .find(|(name, _)| *name == key)
        .map_or_else(|| key.to_owned(), |(_, name)| (*name).to_owned())
}

/// A locator of Selenium as a selector.
pub(crate) fn selector(locator: &str) -> String {
    let locator = locator.trim();
    let attribute =
        |name: &str, value: &str| format!("css=[{name}=\"{}\"]", value.replace('"', "\\\""));
    match locator.split_once('=').or_else(|| locator.split_once(':')) {
        Some(("css" | "CSS", path)) => format!("css={path}"),
        Some(("xpath", path)) => format!("xpath={path}"),
        Some(("id", id))
            if id
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_')) =>
        {
            format!("css=#{id}")
        }
        Some(("id", id)) => attribute("id", id),
        Some(("name", name)) => attribute("name", name),
        Some(("class", name)) => format!("css=.{name}"),
        Some(("tag", name)) => format!("css={name}"),
        Some(("partialLinkText" | "partial link", text)) => {
            format!("role=link[name*=\"{}\"]", text.replace('"', "\\\""))
        }
        Some(("linkText" | "link", text)) => {
            format!("role=link[name=\"{}\"]", text.replace('"', "\\\""))
        }
        _ if locator.starts_with('/') || locator.starts_with("(/") => format!("xpath={locator}"),
        _ if locator.is_empty() => String::new(),
        _ => format!("css={locator}"),
    }
}
