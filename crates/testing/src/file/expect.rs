//! What has to come of a case.

use casare_engine::RunState;

use super::{
    Expect, Expected, ExpectedCalls, ExpectedError, ExpectedFile, ExpectedHttp, ExpectedLog, Shot,
    read::{At, Reader},
    setup::is_inside,
    stub::REQUEST_KEYS,
};
use crate::pattern::Pattern;

pub(crate) const EXPECT_KEYS: [&str; 12] = [
    "state",
    "outputs",
    "variables",
    "steps",
    "calls",
    "order",
    "error",
    "files",
    "log",
    "no_log",
    "http",
    "snapshot",
];
pub(crate) const STATES: [(&str, RunState); 3] = [
    ("succeeded", RunState::Succeeded),
    ("failed", RunState::Failed),
    ("cancelled", RunState::Cancelled),
];
pub(crate) const SHOTS: [(&str, Shot); 4] = [
    ("outputs", Shot::Outputs),
    ("variables", Shot::Variables),
    ("error", Shot::Error),
    ("log", Shot::Log),
];
pub(crate) const CALL_KEYS: [&str; 4] = ["step", "node", "with", "times"];
pub(crate) const EXPECTED_ERROR_KEYS: [&str; 4] = ["kind", "message", "step", "details"];
pub(crate) const EXPECTED_FILE_KEYS: [&str; 5] = ["exists", "content", "json", "lines", "same_as"];
pub(crate) const LOG_KEYS: [&str; 2] = ["level", "message"];
pub(crate) const LEVELS: [(&str, &str); 4] = [
    ("debug", "debug"),
    ("info", "info"),
    ("warn", "warn"),
    ("error", "error"),
];

impl<'d> Reader<'d> {
    pub(super) fn expect(&mut self, case: &At<'d>) -> Expect {
        let mut expect = Expect::default();
        let Some(at) = case.get("expect") else {
            return expect;
        };
        if self.map(&at, "a map with `outputs`, `calls`, …").is_none() {
            return expect;
        }
        self.known_keys(&at, &EXPECT_KEYS);
        expect.state = at.get("state").and_then(|at| self.choice(&at, &STATES));
        expect.outputs = self.named(at.get("outputs"), "a map of outputs");
        expect.variables = self.named(at.get("variables"), "a map of variables");
        expect.steps = self.named(at.get("steps"), "a map from ids to outputs");
        expect.calls = self.each(at.get("calls"), "a list of calls", Self::call);
        expect.order = self.each(at.get("order"), "a list of steps", |reader, at| {
            Some((reader.text(at)?, at.path.clone()))
        });
        expect.error = at.get("error").and_then(|at| self.expected_error(&at));
        expect.files = self.expected_files(at.get("files"));
        expect.log = self.each(at.get("log"), "a list of log lines", Self::log);
        expect.no_log = self.each(at.get("no_log"), "a list of log lines", Self::log);
        expect.http = self.each(at.get("http"), "a list of requests", |reader, at| {
            let keys: Vec<&str> = REQUEST_KEYS.into_iter().chain(["times"]).collect();
            Some(ExpectedHttp {
                at: at.path.clone(),
                request: reader.request(at, &keys),
                times: reader.times(at.get("times")),
            })
        });
        if let Some(at) = at.get("snapshot") {
            expect.snapshot_at = at.path.clone();
            expect.snapshot = self.snapshot(&at);
        }
        expect
    }

    fn each<T>(
        &mut self,
        at: Option<At<'d>>,
        wanted: &str,
        mut read: impl FnMut(&mut Self, &At<'d>) -> Option<T>,
    ) -> Vec<T> {
        let Some(at) = at.filter(|at| self.list(at, wanted).is_some()) else {
            return Vec::new();
        };
        let items = at.items().into_iter();
        items.filter_map(|at| read(self, &at)).collect()
    }

    fn named(&mut self, at: Option<At<'d>>, wanted: &str) -> Vec<Expected> {
        let Some(at) = at.filter(|at| self.map(at, wanted).is_some()) else {
            return Vec::new();
        };
        let entries = at.entries().into_iter();
        entries
            .filter_map(|(name, at)| {
                Some(Expected {
                    name: name.to_owned(),
                    pattern: self.pattern(&at)?,
                    at: at.path,
                })
            })
            .collect()
    }

    /// The name of a step, or a map.
    fn call(&mut self, at: &At<'d>) -> Option<ExpectedCalls> {
        if at.node.as_map().is_none() {
            return Some(ExpectedCalls {
                at: at.path.clone(),
                steps: super::Selector::Step(self.text(at)?),
                with: None,
                times: self.times(None),
            });
        }
        self.known_keys(at, &CALL_KEYS);
        Some(ExpectedCalls {
            at: at.path.clone(),
            steps: self.selector(at)?,
            with: at.get("with").and_then(|at| self.pattern(&at)),
            times: self.times(at.get("times")),
        })
    }

    /// A part of the message, or a map.
    fn expected_error(&mut self, at: &At<'d>) -> Option<ExpectedError> {
        let mut expected = ExpectedError {
            at: at.path.clone(),
            kind: None,
            message: None,
            step: None,
            details: None,
        };
        if at.node.as_map().is_none() {
            expected.message = Some(self.part(at)?);
            return Some(expected);
        }
        self.known_keys(at, &EXPECTED_ERROR_KEYS);
        if let Some(at) = at.get("kind") {
            let name = self.text(&at)?;
            expected.kind = self.parsed(&at, &name);
        }
        expected.message = at.get("message").and_then(|at| self.part(&at));
        expected.step = at.get("step").and_then(|at| self.text(&at));
        expected.details = at.get("details").and_then(|at| self.pattern(&at));
        Some(expected)
    }

    fn expected_files(&mut self, at: Option<At<'d>>) -> Vec<ExpectedFile> {
        let Some(at) = at.filter(|at| self.map(at, "a map of files").is_some()) else {
            return Vec::new();
        };
        let mut files = Vec::new();
        for (path, at) in at.entries() {
            if !is_inside(path) {
                let message = format!("`{path}` is outside the folder of the case");
                self.problem(&at, "wrong-value", message);
                continue;
            }
            files.push(self.expected_file(path, &at));
        }
        files
    }

    /// The whole content, or a map.
    fn expected_file(&mut self, path: &str, at: &At<'d>) -> ExpectedFile {
        let mut expected = ExpectedFile {
            at: at.path.clone(),
            path: path.to_owned(),
            exists: true,
            content: None,
            json: None,
            lines: None,
            same_as: None,
        };
        let is_matcher = |key: &&str| key.starts_with('$');
        let entries = at.entries();
        let plain = at.node.as_map().is_none();
        if plain || entries.iter().any(|(key, _)| is_matcher(key)) {
            if let Some(flag) = at.node.to_json().as_bool() {
                expected.exists = flag;
            } else {
                expected.content = self.pattern(at);
            }
            return expected;
        }
        self.known_keys(at, &EXPECTED_FILE_KEYS);
        if let Some(at) = at.get("exists") {
            expected.exists = self.boolean(&at).unwrap_or(true);
        }
        expected.content = at.get("content").and_then(|at| self.pattern(&at));
        expected.json = at.get("json").and_then(|at| self.pattern(&at));
        expected.lines = at.get("lines").and_then(|at| self.pattern(&at));
        if let Some(at) = at.get("same_as")
            && let Some(name) = self.text(&at)
        {
            let file = self.folder.join(&name);
            if file.is_file() {
                expected.same_as = Some(file);
            } else {
                let message = format!("there is no file `{name}`");
                self.problem(&at, "no-file", message);
            }
        }
        expected
    }

    /// A part of the line, or a map.
    fn log(&mut self, at: &At<'d>) -> Option<ExpectedLog> {
        let is_matcher = |(key, _): &(&str, At<'_>)| key.starts_with('$');
        if at.node.as_map().is_none() || at.entries().iter().any(is_matcher) {
            return Some(ExpectedLog {
                at: at.path.clone(),
                level: None,
                message: self.part(at)?,
            });
        }
        self.known_keys(at, &LOG_KEYS);
        let level = at.get("level").and_then(|at| self.choice(&at, &LEVELS));
        let message = match at.get("message") {
            Some(at) => self.part(&at)?,
            None => Pattern::All(Vec::new()),
        };
        Some(ExpectedLog {
            at: at.path.clone(),
            level: level.map(str::to_owned),
            message,
        })
    }

    /// `true` for the outputs, or a list.
    fn snapshot(&mut self, at: &At<'d>) -> Vec<Shot> {
        if let Some(flag) = at.node.to_json().as_bool() {
            return if flag {
                vec![Shot::Outputs]
            } else {
                Vec::new()
            };
        }
        self.each(Some(at.clone()), "`true` or a list", |reader, at| {
            reader.choice(at, &SHOTS)
        })
    }
}
