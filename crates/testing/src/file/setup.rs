//! What a case is given.

use std::{
    collections::BTreeMap,
    path::{Component, Path},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::{
    FrozenClock, Given, Setup, Unstubbed,
    read::{At, Reader},
};

pub(crate) const UNSTUBBED: [(&str, Unstubbed); 3] = [
    ("run", Unstubbed::Run),
    ("pure", Unstubbed::Pure),
    ("refuse", Unstubbed::Refuse),
];
pub(crate) const CLOCK_KEYS: [&str; 2] = ["at", "tick"];
pub(crate) const GIVEN_KEYS: [&str; 3] = ["copy", "content", "json"];

impl Setup {
    /// These, and what `base` gives where they say nothing.
    pub(super) fn over(self, base: &Self) -> Self {
        let merged = |mut base: Map<String, Json>, own: Map<String, Json>| {
            base.extend(own);
            base
        };
        let mut env = base.env.clone();
        env.extend(self.env);
        let mut credentials = base.credentials.clone();
        credentials.extend(self.credentials);
        let mut files = base.files.clone();
        files.extend(self.files);
        // The first stub that fits answers.
        let mut stubs = self.stubs;
        stubs.extend(base.stubs.iter().cloned());
        let http = match (self.http, base.http.clone()) {
            (Some(mut own), Some(base)) => {
                own.extend(base);
                Some(own)
            }
            (own, base) => own.or(base),
        };
        Self {
            inputs: merged(base.inputs.clone(), self.inputs),
            variables: merged(base.variables.clone(), self.variables),
            env,
            credentials,
            clock: self.clock.or(base.clock),
            seed: self.seed.or(base.seed),
            files,
            stubs,
            http,
            unstubbed: self.unstubbed.or(base.unstubbed),
            timeout: self.timeout.or(base.timeout),
        }
    }
}

impl<'d> Reader<'d> {
    pub(super) fn setup(&mut self, at: &At<'d>) -> Setup {
        Setup {
            inputs: self.values(at.get("inputs"), "a map of inputs"),
            variables: self.values(at.get("variables"), "a map of variables"),
            env: self.env(at.get("env"), "a map of environment variables"),
            credentials: self.credentials(at.get("credentials")),
            clock: at.get("clock").and_then(|at| self.clock(&at)),
            seed: at.get("seed").and_then(|at| self.count(&at)),
            files: self.files(at.get("files")),
            stubs: self.stubs(at.get("stubs")),
            http: at.get("http").map(|at| self.http(&at)),
            unstubbed: at
                .get("unstubbed")
                .and_then(|at| self.choice(&at, &UNSTUBBED)),
            timeout: at.get("timeout").and_then(|at| self.span(&at)),
        }
    }

    fn values(&mut self, at: Option<At<'d>>, wanted: &str) -> Map<String, Json> {
        let Some(at) = at else {
            return Map::new();
        };
        self.map(&at, wanted);
        match at.node.to_json() {
            Json::Object(map) => map,
            _ => Map::new(),
        }
    }

    fn env(&mut self, at: Option<At<'d>>, wanted: &str) -> BTreeMap<String, String> {
        let Some(at) = at.filter(|at| self.map(at, wanted).is_some()) else {
            return BTreeMap::new();
        };
        let entries = at.entries().into_iter();
        entries
            .filter_map(|(name, at)| Some((name.to_owned(), self.text(&at)?)))
            .collect()
    }

    fn credentials(&mut self, at: Option<At<'d>>) -> BTreeMap<String, BTreeMap<String, String>> {
        let Some(at) = at.filter(|at| self.map(at, "a map of credentials").is_some()) else {
            return BTreeMap::new();
        };
        let mut credentials = BTreeMap::new();
        for (name, at) in at.entries() {
            let fields = if at.node.as_map().is_some() {
                self.env(Some(at), "fields of a credential")
            } else {
                let value = self.text(&at).unwrap_or_default();
                BTreeMap::from([("value".to_owned(), value)])
            };
            credentials.insert(name.to_owned(), fields);
        }
        credentials
    }

    /// A time, or `{ at: …, tick: 1s }`.
    fn clock(&mut self, at: &At<'d>) -> Option<FrozenClock> {
        let (time, tick) = if at.node.as_map().is_some() {
            self.known_keys(at, &CLOCK_KEYS);
            let tick = at.get("tick").and_then(|at| self.span(&at));
            let Some(time) = at.get("at") else {
                let problem = self.problem(at, "missing-key", "the clock does not say its time");
                problem.help = Some("add `at: 2026-03-01T09:00:00Z`".to_owned());
                return None;
            };
            (time, tick.unwrap_or_default())
        } else {
            (at.clone(), Duration::ZERO)
        };
        let text = self.text(&time)?;
        let Ok(stamp) = text.parse::<Timestamp>() else {
            let message = format!("`{text}` is no moment in time");
            let problem = self.problem(&time, "wrong-value", message);
            problem.help = Some("write it as `2026-03-01T09:00:00Z`, with its zone".to_owned());
            return None;
        };
        Some(FrozenClock { at: stamp, tick })
    }

    fn files(&mut self, at: Option<At<'d>>) -> indexmap::IndexMap<String, Given> {
        let mut files = indexmap::IndexMap::new();
        let Some(at) = at.filter(|at| self.map(at, "a map from paths to files").is_some()) else {
            return files;
        };
        for (target, at) in at.entries() {
            if !is_inside(target) {
                let message = format!("`{target}` is outside the folder of the case");
                let problem = self.problem(&at, "wrong-value", message);
                problem.help = Some("write a relative path without `..`".to_owned());
                continue;
            }
            if let Some(given) = self.given(&at) {
                files.insert(target.to_owned(), given);
            }
        }
        files
    }

    fn given(&mut self, at: &At<'d>) -> Option<Given> {
        if at.node.as_map().is_none() {
            return self.copied(at);
        }
        self.known_keys(at, &GIVEN_KEYS);
        if let Some(at) = at.get("copy") {
            return self.copied(&at);
        }
        if let Some(at) = at.get("content") {
            return self.text(&at).map(Given::Text);
        }
        if let Some(at) = at.get("json") {
            return Some(Given::Text(format!("{:#}\n", at.node.to_json())));
        }
        let problem = self.problem(at, "missing-key", "it is not said what is in the file");
        problem.help = Some("write the path of a file to copy, or `{ content: … }`".to_owned());
        None
    }

    fn copied(&mut self, at: &At<'d>) -> Option<Given> {
        let name = self.text(at)?;
        let path = self.folder.join(&name);
        if !path.exists() {
            let message = format!("there is no file `{name}`");
            let problem = self.problem(at, "no-file", message);
            problem.help = Some("the path starts at the test's folder".to_owned());
            return None;
        }
        Some(Given::Copy(path))
    }
}

/// Whether a path stays below where it starts.
pub(super) fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && Path::new(path)
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}
