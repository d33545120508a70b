//! Whether what came of a case is what was expected.

use std::fs;

use casare_engine::{ErrorReport, RunState};
use casare_workflow::{DocPath, Span};
use serde_json::{Map, Value as Json};

use crate::{
    case::{Came, Failure, Ground},
    file::{
        Case, Expected, ExpectedCalls, ExpectedError, ExpectedFile, ExpectedHttp, ExpectedLog,
        Selector, Shot, TestFile, Times,
    },
    mismatch::{Mismatch, short},
    pattern::Pattern,
    stage::last_outputs,
};

/// Larger files are not compared.
const MOST_BYTES: u64 = 64 << 20;
/// The most calls, log lines or requests that a message shows.
const MOST_SHOWN: usize = 5;

/// What is not as expected, and the snapshot to keep if it is another one.
pub(crate) fn of(ground: &Ground, case: &Case, came: &Came) -> (Vec<Failure>, Option<Json>) {
    let mut verdict = Verdict {
        file: &ground.file,
        case,
        came,
        failures: Vec::new(),
    };
    verdict.unforeseen();
    if verdict.end() {
        let expect = &case.expect;
        let came_outputs = &came.outcome.outputs;
        verdict.values("outputs", &expect.outputs, |name| came_outputs.get(name));
        verdict.values("variables", &expect.variables, |name| {
            came.seen.variables.get(name)
        });
        verdict.values("steps", &expect.steps, |id| last_outputs(&came.seen, id));
        for calls in &expect.calls {
            verdict.calls(calls);
        }
        verdict.order();
        for file in &expect.files {
            verdict.file(file);
        }
        for line in &expect.log {
            verdict.log(line);
        }
        for line in &expect.no_log {
            verdict.no_log(line);
        }
        for request in &expect.http {
            verdict.http(request);
        }
    }
    let snapshot = verdict.snapshot(ground);
    (verdict.failures, snapshot)
}

struct Verdict<'a> {
    file: &'a TestFile,
    case: &'a Case,
    came: &'a Came,
    failures: Vec<Failure>,
}

impl<'a> Verdict<'a> {
    fn fail(&mut self, at: &DocPath, message: impl Into<String>) -> &mut Failure {
        let index = self.failures.len();
        self.failures
            .push(Failure::new(self.file.line(at), message));
        &mut self.failures[index]
    }

    fn unforeseen(&mut self) {
        let came = self.came;
        for unforeseen in &came.seen.unforeseen {
            let at = unforeseen.at.as_ref().unwrap_or(&self.case.at);
            let failure = self.fail(at, unforeseen.message.clone());
            failure.help = Some(unforeseen.help.clone());
            failure.step.clone_from(&unforeseen.step);
        }
    }

    /// How the run ended; `false` if it makes no sense to look at the rest.
    fn end(&mut self) -> bool {
        let (case, came) = (self.case, self.came);
        let expect = &case.expect;
        if let Some(limit) = came.timed_out {
            let limit = Span::from_millis(limit.as_millis() as u64);
            let failure = self.fail(&case.at, format!("it took longer than {limit}"));
            failure.help = Some("raise `timeout`, or give it a `clock` so that waits pass".into());
            return false;
        }
        let wanted = match (expect.state, &expect.error) {
            (Some(state), _) => state,
            (None, Some(_)) => RunState::Failed,
            (None, None) => RunState::Succeeded,
        };
        let state = came.outcome.state;
        if state != wanted {
            let at = [case.at.key("expect").key("state"), case.at.clone()];
            let at = at.iter().find(|at| self.file.document.get(at).is_some());
            let at = at.cloned().unwrap_or_default();
            let error = came.outcome.error.clone();
            let failure = match &error {
                Some(error) if wanted == RunState::Succeeded => {
                    let (kind, message) = (error.kind, &error.message);
                    self.fail(
                        &at,
                        format!("the run {}: {kind}: {message}", state.as_str()),
                    )
                }
                _ => {
                    let (state, wanted) = (state.as_str(), wanted.as_str());
                    self.fail(&at, format!("the run {state}, but should have {wanted}"))
                }
            };
            if let Some(error) = error {
                failure.step = step_of(&error);
                failure.help = error.help;
            }
            return false;
        }
        if let Some(expected) = &expect.error {
            self.error(expected);
        }
        true
    }

    fn error(&mut self, expected: &ExpectedError) {
        let Some(error) = &self.came.outcome.error else {
            return;
        };
        let mut found = Vec::new();
        if let Some(kind) = expected.kind.filter(|kind| *kind != error.kind) {
            let (kind, actual) = (Json::from(kind.name()), Json::from(error.kind.name()));
            found.push(Mismatch::of("error.kind", kind, &actual));
        }
        if let Some(message) = &expected.message {
            let actual = Json::from(error.message.as_str());
            message.compare(&actual, "error.message", &mut found);
        }
        if let Some(details) = &expected.details {
            let actual = error.details.clone().unwrap_or(Json::Null);
            details.compare_entries(&actual, "error.details", &mut found);
        }
        if let Some(step) = &expected.step {
            let title = error.step.clone().unwrap_or_default();
            let calls = &self.came.seen.calls;
            let path = error.path.as_ref().map(ToString::to_string);
            let is_it = title == *step
                || path.as_deref() == Some(step)
                || calls
                    .iter()
                    .any(|call| call.id.as_deref() == Some(step) && Some(call.line) == error.line);
            if !is_it {
                let (step, title) = (Json::from(step.as_str()), Json::from(title));
                found.push(Mismatch::of("error.step", step, &title));
            }
        }
        if !found.is_empty() {
            let step = step_of(error);
            let failure = self.fail(&expected.at, "the run failed with another error");
            failure.mismatches = found;
            failure.step = step;
        }
    }

    fn values(
        &mut self,
        part: &str,
        expected: &[Expected],
        actual: impl Fn(&str) -> Option<&'a Json>,
    ) {
        for expected in expected {
            let path = format!("{part}.{}", expected.name);
            let mut found = Vec::new();
            match actual(&expected.name) {
                Some(actual) if part == "steps" => {
                    expected.pattern.compare_entries(actual, &path, &mut found);
                }
                Some(actual) => expected.pattern.compare(actual, &path, &mut found),
                None if expected.pattern.matches(&Json::Null) => {}
                None => found.push(Mismatch::missing(&path, expected.pattern.shown())),
            }
            if !found.is_empty() {
                let message = format!("{path} is not as expected");
                self.fail(&expected.at, message).mismatches = found;
            }
        }
    }

    fn calls(&mut self, expected: &ExpectedCalls) {
        let came = self.came;
        let all = came.seen.calls.iter();
        let of_step: Vec<_> = all.filter(|call| call.is_of(&expected.steps)).collect();
        let fits = |settings: &Option<Json>| match (&expected.with, settings) {
            (None, _) => true,
            (Some(with), Some(settings)) => with.has_entries(settings),
            (Some(_), None) => false,
        };
        let fitting = of_step.iter().filter(|call| fits(&call.settings)).count() as u64;
        if expected.times.allow(fitting) {
            return;
        }
        let with = if expected.with.is_some() {
            " with these settings"
        } else {
            ""
        };
        let how = match fitting {
            0 => "never executed".to_owned(),
            count => format!("executed {}", times(count)),
        };
        let message = format!(
            "{} was {how}{with}, expected {}",
            expected.steps, expected.times
        );
        let line = of_step.first().map(|call| (call.title.clone(), call.line));
        let mut mismatches = Vec::new();
        let mut help = None;
        if let (Some(with), true) = (&expected.with, fitting < expected.times.least) {
            // The nearest miss says most.
            let misses = of_step.iter().filter_map(|call| {
                let mut found = Vec::new();
                with.compare_entries(call.settings.as_ref()?, "with", &mut found);
                (!found.is_empty()).then_some(found)
            });
            mismatches = misses.min_by_key(Vec::len).unwrap_or_default();
            let all = of_step.len() as u64;
            if all > fitting {
                help = Some(format!("it was executed {} in all", times(all)));
            }
        }
        let failure = self.fail(&expected.at, message);
        failure.mismatches = mismatches;
        failure.step = line;
        failure.help = help;
    }

    fn order(&mut self) {
        let (case, came) = (self.case, self.came);
        let mut calls = came.seen.calls.iter();
        let mut before: Option<&str> = None;
        for (name, at) in &case.expect.order {
            let selector = Selector::Step(name.clone());
            if calls.any(|call| call.is_of(&selector)) {
                before = Some(name);
                continue;
            }
            let ran = came.seen.calls.iter().any(|call| call.is_of(&selector));
            let message = match before {
                Some(before) if ran => format!("step `{name}` was not executed after `{before}`"),
                _ => format!("step `{name}` was not executed"),
            };
            self.fail(at, message);
            return;
        }
    }

    fn file(&mut self, expected: &ExpectedFile) {
        let path = self.came.folder.join(&expected.path);
        let name = &expected.path;
        if path.exists() != expected.exists {
            let message = if expected.exists {
                format!("there is no file `{name}`")
            } else {
                format!("there is a file `{name}`")
            };
            self.fail(&expected.at, message);
            return;
        }
        let is_looked_at = expected.content.is_some()
            || expected.json.is_some()
            || expected.lines.is_some()
            || expected.same_as.is_some();
        if !is_looked_at {
            return;
        }
        let size = fs::metadata(&path).map_or(0, |about| about.len());
        let content = match fs::read(&path) {
            _ if size > MOST_BYTES => {
                let message = format!("`{name}` is too large to be compared: {size} bytes");
                self.fail(&expected.at, message);
                return;
            }
            Ok(content) => content,
            Err(error) => {
                self.fail(&expected.at, format!("`{name}` can't be read: {error}"));
                return;
            }
        };
        let text = String::from_utf8_lossy(&content);
        let mut found = Vec::new();
        if let Some(pattern) = &expected.content {
            pattern.compare(&Json::from(&*text), name, &mut found);
        }
        if let Some(pattern) = &expected.lines {
            let lines = Json::from(text.lines().count());
            pattern.compare(&lines, &format!("lines of {name}"), &mut found);
        }
        if let Some(pattern) = &expected.json {
            match serde_json::from_str::<Json>(&text) {
                Ok(json) => pattern.compare(&json, name, &mut found),
                Err(error) => {
                    let note = format!("it is no JSON: {error}");
                    let actual = Json::from(&*text);
                    found.push(Mismatch::of(name, pattern.shown(), &actual).noting(note));
                }
            }
        }
        if let Some(other) = &expected.same_as {
            match fs::read(other) {
                Ok(wanted) if wanted == content => {}
                Ok(wanted) => {
                    let wanted = String::from_utf8_lossy(&wanted).into_owned();
                    found.push(Mismatch::of(name, wanted.into(), &Json::from(&*text)));
                }
                Err(error) => {
                    let message = format!("`{}` can't be read: {error}", other.display());
                    self.fail(&expected.at, message);
                    return;
                }
            }
        }
        if !found.is_empty() {
            let message = format!("`{name}` is not as expected");
            self.fail(&expected.at, message).mismatches = found;
        }
    }

    fn logged(&self, expected: &ExpectedLog) -> Option<&'a str> {
        let log = self.came.seen.log.iter();
        let mut fitting = log.filter(|(level, message)| {
            let level = format!("{level:?}").to_lowercase();
            expected
                .level
                .as_ref()
                .is_none_or(|wanted| *wanted == level)
                && expected.message.matches(&Json::from(message.as_str()))
        });
        fitting.next().map(|(_, message)| message.as_str())
    }

    fn log(&mut self, expected: &ExpectedLog) {
        if self.logged(expected).is_some() {
            return;
        }
        let log = &self.came.seen.log;
        let lines: Vec<String> = log
            .iter()
            .rev()
            .take(MOST_SHOWN)
            .rev()
            .map(|(level, message)| format!("{}: {message}", format!("{level:?}").to_lowercase()))
            .collect();
        let help = if lines.is_empty() {
            "nothing was logged".to_owned()
        } else {
            format!("the last lines are:\n{}", lines.join("\n"))
        };
        let level = expected.level.as_deref();
        let level = level.map_or_else(String::new, |level| format!(" of level {level}"));
        let wanted = short(&expected.message.shown());
        let message = format!("no line of the log{level} is {wanted}");
        self.fail(&expected.at, message).help = Some(help);
    }

    fn no_log(&mut self, expected: &ExpectedLog) {
        if let Some(line) = self.logged(expected) {
            let message = format!("there is a line in the log: {line}");
            self.fail(&expected.at, message);
        }
    }

    fn http(&mut self, expected: &ExpectedHttp) {
        let asked = &self.came.asked;
        let fitting = asked.iter().filter(|asked| expected.request.matches(asked));
        let count = fitting.count() as u64;
        if expected.times.allow(count) {
            return;
        }
        let message = format!(
            "there {} {} to HTTP servers that fit {}, expected {}",
            if count == 1 { "was" } else { "were" },
            if count == 1 {
                "1 request".to_owned()
            } else {
                format!("{count} requests")
            },
            expected.request.words(),
            expected.times
        );
        let lines: Vec<String> = asked
            .iter()
            .take(MOST_SHOWN)
            .map(|asked| short(&asked.to_json()))
            .collect();
        let help = if lines.is_empty() {
            "none was made".to_owned()
        } else {
            format!("these were made:\n{}", lines.join("\n"))
        };
        self.fail(&expected.at, message).help = Some(help);
    }

    /// Compares with the snapshot that was kept.
    fn snapshot(&mut self, ground: &Ground) -> Option<Json> {
        let shots = &self.case.expect.snapshot;
        if shots.is_empty() {
            return None;
        }
        let outcome = &self.came.outcome;
        let mut actual = Map::new();
        for shot in shots {
            let (name, value) = match shot {
                Shot::Outputs => ("outputs", outcome.outputs.clone()),
                Shot::Variables => ("variables", self.came.seen.variables.clone()),
                Shot::Error => {
                    let error = outcome.error.as_ref().map(
                        |error| serde_json::json!({ "kind": error.kind, "message": error.message }),
                    );
                    ("error", error.unwrap_or(Json::Null))
                }
                Shot::Log => {
                    let log = self.came.seen.log.iter();
                    let lines = log.map(|(level, message)| {
                        Json::from(format!(
                            "{}: {message}",
                            format!("{level:?}").to_lowercase()
                        ))
                    });
                    ("log", lines.collect())
                }
            };
            actual.insert(name.to_owned(), value);
        }
        let actual = Json::Object(actual);
        let at = self.case.expect.snapshot_at.clone();
        let Some(kept) = ground.snapshots.get(&self.case.name) else {
            if ground.update {
                return Some(actual);
            }
            let failure = self.fail(&at, "there is no snapshot of this case yet");
            failure.help = Some("look at it, then keep it with `casare test --update`".to_owned());
            return None;
        };
        let pattern = match Pattern::read(kept) {
            Ok(pattern) => pattern,
            Err(error) => {
                let message = format!("the snapshot can't be read: {}", error.message);
                self.fail(&at, message);
                return None;
            }
        };
        let mut found = Vec::new();
        pattern.compare(&actual, "", &mut found);
        if found.is_empty() {
            return None;
        }
        if ground.update {
            return Some(actual);
        }
        let failure = self.fail(&at, "it is not like its snapshot");
        failure.mismatches = found;
        failure.help = Some("if this is right now, keep it with `casare test --update`".to_owned());
        None
    }
}

fn step_of(error: &ErrorReport) -> Option<(String, u32)> {
    Some((error.step.clone()?, error.line?))
}

fn times(count: u64) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        count => format!("{count} times"),
    }
}

impl Times {
    pub(crate) fn allow(self, count: u64) -> bool {
        (self.least..=self.most).contains(&count)
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.least, self.most) {
            (least, most) if least == most => f.write_str(&times(least)),
            (least, u64::MAX) => write!(f, "at least {}", times(least)),
            (0, most) => write!(f, "at most {}", times(most)),
            (least, most) => write!(f, "{least} to {most} times"),
        }
    }
}
