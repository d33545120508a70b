//! Keeps the run's own secrets out of everything it writes.

use aho_corasick::{AhoCorasick, MatchKind};
use parking_lot::RwLock;
use serde_json::Value as Json;

use crate::ErrorReport;

/// What a secret is replaced by.
const MASK: &str = "•••••";
/// Shorter secrets would mask ordinary text.
const SHORTEST: usize = 4;

/// Replaces the secrets a run has used in everything that leaves it.
#[derive(Debug, Default)]
pub(crate) struct Mask {
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    secrets: Vec<String>,
    finder: Option<AhoCorasick>,
}

impl Mask {
    /// Adds secrets to hide from now on.
    pub(crate) fn add<'a>(&self, secrets: impl Iterator<Item = &'a str>) {
        let mut state = self.state.write();
        let before = state.secrets.len();
        for secret in secrets {
            if secret.len() >= SHORTEST && !state.secrets.iter().any(|known| known == secret) {
                state.secrets.push(secret.to_owned());
            }
        }
        if state.secrets.len() > before {
            state.finder = AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .build(&state.secrets)
                .ok();
        }
    }

    /// Whether there is nothing to hide.
    pub(crate) fn is_empty(&self) -> bool {
        self.state.read().finder.is_none()
    }

    /// `text` without the secrets.
    pub(crate) fn text(&self, text: &str) -> String {
        match &self.state.read().finder {
            Some(finder) => {
                let masks = vec![MASK; finder.patterns_len()];
                finder.replace_all(text, &masks)
            }
            None => text.to_owned(),
        }
    }

    /// `report` without the secrets.
    pub(crate) fn report(&self, mut report: ErrorReport) -> ErrorReport {
        if !self.is_empty() {
            report.message = self.text(&report.message);
            report.help = report.help.map(|help| self.text(&help));
            if let Some(details) = &mut report.details {
                self.json(details);
            }
        }
        report
    }

    /// `json` without the secrets, in keys and values.
    pub(crate) fn json(&self, json: &mut Json) {
        match json {
            Json::String(text) => *text = self.text(text),
            Json::Array(items) => items.iter_mut().for_each(|item| self.json(item)),
            Json::Object(map) => {
                *map = std::mem::take(map)
                    .into_iter()
                    .map(|(key, mut item)| {
                        self.json(&mut item);
                        (self.text(&key), item)
                    })
                    .collect();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_wherever_it_stands() {
        let mask = Mask::default();
        mask.add(["hunter2", "hunter2-extended"].into_iter());
        let mut json = serde_json::json!({ "url": "https://u:hunter2-extended@host/", "n": 1 });

        mask.json(&mut json);

        assert_eq!(json["url"], "https://u:•••••@host/");
    }
}
