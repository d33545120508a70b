//! What of an element is compared, and what it weighs.
//!
//! The start are the attributes and weights of Similo (Nass et al. 2022: tag, name, id, visible text and neighbour
//! text 1.5, the others 0.5) and the visual overlap of its extension. Role, accessible name, label, icon and the
//! anchors are added; `docs/healing.md` says how the weights were found.

use serde::Serialize;

use super::{likeness, look::Look};
use crate::target::Target;

/// How one trait compares.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// What was compared: `name`, `id`, `item`, …
    pub what: &'static str,
    pub weight: f64,
    /// From 0 to 1.
    pub likeness: f64,
}

/// Attributes that name an element, with their weights; each of the others weighs [`OTHER_ATTRIBUTE`].
const ATTRIBUTES: &[(&str, f64)] = &[
    ("testid", 3.0),
    ("id", 2.0),
    ("name", 2.0),
    ("href", 1.5),
    ("type", 0.8),
    ("placeholder", 1.0),
    ("title", 0.8),
    ("alt", 0.8),
    ("src", 1.0),
    ("value", 1.0),
    ("for", 1.0),
    ("autocomplete", 0.8),
    ("onclick", 1.0),
];
const OTHER_ATTRIBUTE: f64 = 0.4;
/// Of its weight, what a trait keeps that the candidate lacks altogether: attributes get lost.
const LOST: f64 = 0.5;
/// What a trait weighs that only the candidate has.
const GAINED: f64 = 0.2;
/// What the words of a page weigh that has been translated.
const TRANSLATED: f64 = 0.1;

/// What the comparison of one candidate starts from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    /// The page no longer says what it said around the target: it was translated or worded anew.
    pub(super) translated: bool,
}

/// All traits of `look` beside those of the target; only what at least one of them has.
pub(super) fn compare(target: &Target, look: &Look, setting: Setting) -> Vec<Evidence> {
    let Some(print) = &target.fingerprint else {
        return Vec::new();
    };
    let (anchors, found, around) = (&target.anchors, &look.print, &look.anchors);
    let mut scales = Scales {
        evidence: Vec::with_capacity(24),
        words: if setting.translated { TRANSLATED } else { 1.0 },
    };
    scales.exact("tag", 1.0, &print.tag, &found.tag);
    scales.exact("role", 1.0, &print.role, &found.role);
    scales.words("name", 3.0, &print.name, &found.name);
    if print.text != print.name || found.text != found.name {
        scales.words("text", 1.0, &print.text, &found.text);
    }
    if print.label != print.name || found.label != found.name {
        scales.words("label", 1.5, &print.label, &found.label);
    }
    scales.both("icon", 1.5, &print.icon, &found.icon, likeness::by_words);
    if !print.among.is_empty() && !found.among.is_empty() {
        let same = f64::from(u8::from(print.among == found.among));
        scales.weigh("among", 0.5, same);
    }
    scales.attributes(target, look);
    scales.list("classes", 0.8, &print.classes, &found.classes);
    scales.weigh("path", 0.8, likeness::paths(&print.path, &found.path));
    scales.weigh(
        "id path",
        0.5,
        likeness::paths(&print.id_path, &found.id_path),
    );
    scales.weigh("size", 0.4, likeness::sizes(print.area, found.area));
    scales.weigh("position", 0.4, likeness::positions(print.area, found.area));
    scales.words("around", 1.0, &print.around, &found.around);
    scales.words("heading", 0.6, &anchors.heading, &around.heading);
    scales.words("group", 0.6, &anchors.group, &around.group);
    scales.words("item", 1.2, &anchors.item, &around.item);
    scales.words("column", 0.8, &anchors.column, &around.column);
    scales.words("before", 0.6, &anchors.before, &around.before);
    scales.words("after", 0.6, &anchors.after, &around.after);
    if !anchors.places.is_empty() || !around.places.is_empty() {
        scales.weigh(
            "places",
            0.6,
            likeness::places(&anchors.places, &around.places),
        );
    }
    scales.evidence
}

/// The sum of all, from 0 to 1.
pub(super) fn score(evidence: &[Evidence]) -> f64 {
    let weight: f64 = evidence.iter().map(|one| one.weight).sum();
    let sum: f64 = evidence.iter().map(|one| one.weight * one.likeness).sum();
    if weight > 0.0 { sum / weight } else { 0.0 }
}

struct Scales {
    evidence: Vec<Evidence>,
    words: f64,
}

impl Scales {
    fn weigh(&mut self, what: &'static str, weight: f64, likeness: f64) {
        self.evidence.push(Evidence {
            what,
            weight,
            likeness,
        });
    }

    fn both(
        &mut self,
        what: &'static str,
        weight: f64,
        a: &str,
        b: &str,
        like: impl Fn(&str, &str) -> f64,
    ) {
        match (a.is_empty(), b.is_empty()) {
            (true, true) => {}
            (false, false) => self.weigh(what, weight, like(a, b)),
            (false, true) => self.weigh(what, weight * LOST, 0.0),
            (true, false) => self.weigh(what, weight * GAINED, 0.0),
        }
    }

    fn exact(&mut self, what: &'static str, weight: f64, a: &str, b: &str) {
        self.both(what, weight, a, b, |a, b| f64::from(u8::from(a == b)));
    }

    fn words(&mut self, what: &'static str, weight: f64, a: &str, b: &str) {
        let same = likeness::plain(a) == likeness::plain(b);
        let weight = if same { weight } else { weight * self.words };
        self.both(what, weight, a, b, likeness::text);
    }

    fn list(&mut self, what: &'static str, weight: f64, a: &[String], b: &[String]) {
        match (a.is_empty(), b.is_empty()) {
            (true, true) => {}
            (false, false) => self.weigh(what, weight, likeness::sets(a, b)),
            _ => self.weigh(what, weight * LOST, 0.0),
        }
    }

    fn attributes(&mut self, target: &Target, look: &Look) {
        let Some(print) = &target.fingerprint else {
            return;
        };
        let value = |attributes: &'_ std::collections::BTreeMap<String, String>, name: &str| {
            attributes.get(name).cloned().unwrap_or_default()
        };
        for &(name, weight) in ATTRIBUTES {
            let (a, b) = (
                value(&print.attributes, name),
                value(&look.print.attributes, name),
            );
            match name {
                "href" => self.both("href", weight, &a, &b, likeness::addresses),
                "id" | "name" | "for" | "testid" => {
                    self.both(name, weight, &a, &b, |a, b| {
                        if a == b {
                            1.0
                        } else {
                            0.5 * likeness::by_letters(a, b)
                        }
                    });
                }
                "placeholder" | "title" | "alt" => self.words(name, weight, &a, &b),
                _ => self.exact(name, weight, &a, &b),
            }
        }
        let named = |name: &str| ATTRIBUTES.iter().any(|(known, _)| *known == name);
        let rest = |look: &std::collections::BTreeMap<String, String>| -> Vec<String> {
            look.iter()
                .filter(|(name, _)| !named(name))
                .map(|(name, value)| format!("{name}={value}"))
                .collect()
        };
        let (a, b) = (rest(&print.attributes), rest(&look.print.attributes));
        let weight = OTHER_ATTRIBUTE * a.len().clamp(1, 4) as f64;
        self.list("attributes", weight, &a, &b);
    }
}
