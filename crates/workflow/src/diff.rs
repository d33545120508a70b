//! What changed between two workflows, step by step.
//!
//! | file | what it does |
//! |---|---|
//! | `outline` | the steps of a document, flat, with hashes |
//! | `matching` | which step is which: by id, then by likeness |
//! | `values` | what changed in a value |
//!
//! Only data counts: comments, layout and the order of keys are no difference.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::{
    DocPath, Document,
    document::{Lines, Node},
};

pub(crate) mod matching;
pub(crate) mod outline;
mod values;

use matching::Matching;
use outline::{Outline, Place, StepNo};

/// What changed between two workflows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Diff {
    /// Everything but the steps: name, inputs, variables, limits, outputs.
    pub parts: Vec<ValueChange>,
    /// The steps, in the order of the new text; what is gone stands by its old line.
    pub steps: Vec<StepChange>,
}

/// A value that was added, removed or changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ValueChange {
    /// Where: `inputs.who.default`, or `with.path` of a step.
    pub path: String,
    /// What it was; nothing if it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Json>,
    /// What it is; nothing if it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Json>,
}

/// A step as one of the two texts has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepPlace {
    /// Name, id or node.
    pub title: String,
    /// The node it uses.
    pub node: String,
    /// Its path in the document: `steps[2].do[0]`.
    pub path: String,
    /// Its line, from 1.
    pub line: usize,
    /// Where it stands, for people: `steps`, or `do` of the step `Each order`.
    pub home: String,
}

/// A step that is not as it was.
#[derive(Debug, Clone, PartialEq)]
pub enum StepChange {
    /// It is new.
    Added {
        /// The step.
        step: StepPlace,
        /// How many steps inside it are new too.
        inside: usize,
        /// It as it is written, from the left margin.
        text: String,
    },
    /// It is gone.
    Removed {
        /// The step.
        step: StepPlace,
        /// How many steps inside it are gone too.
        inside: usize,
        /// It as it is written, from the left margin.
        text: String,
    },
    /// It was moved, renamed or changed.
    Changed {
        /// The step as it was.
        old: StepPlace,
        /// The step as it is.
        new: StepPlace,
        /// Whether it stands elsewhere.
        moved: bool,
        /// What changed in it, its `name` and `id` included.
        values: Vec<ValueChange>,
    },
}

impl StepChange {
    /// Whether its name or id changed.
    pub fn is_renamed(&self) -> bool {
        matches!(self, Self::Changed { values, .. }
            if values.iter().any(|value| value.path == "name" || value.path == "id"))
    }

    fn line(&self) -> usize {
        match self {
            Self::Added { step, .. } | Self::Removed { step, .. } => step.line,
            Self::Changed { new, .. } => new.line,
        }
    }

    fn to_json(&self) -> Json {
        match self {
            Self::Added { step, inside, text } => {
                json!({ "change": "added", "step": step, "inside": inside, "text": text })
            }
            Self::Removed { step, inside, text } => {
                json!({ "change": "removed", "step": step, "inside": inside, "text": text })
            }
            Self::Changed {
                old,
                new,
                moved,
                values,
            } => json!({
                "change": "changed",
                "step": new,
                "was": old,
                "moved": moved,
                "renamed": self.is_renamed(),
                "values": values,
            }),
        }
    }
}

impl Diff {
    /// What changed from `old` to `new`. The texts are those that the documents were parsed from:
    /// they tell the lines.
    pub fn between((old_text, old): (&str, &Document), (new_text, new): (&str, &Document)) -> Self {
        let (old_outline, new_outline) = (Outline::of(old), Outline::of(new));
        let comparison = Comparison {
            matching: Matching::of(&old_outline, &new_outline),
            old: Side::new(old_text, old_outline),
            new: Side::new(new_text, new_outline),
        };
        comparison.diff(old.root(), new.root())
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.steps.is_empty()
    }

    /// `{"same": …, "parts": […], "steps": […]}`
    pub fn to_json(&self) -> Json {
        json!({
            "same": self.is_empty(),
            "parts": self.parts,
            "steps": self.steps.iter().map(StepChange::to_json).collect::<Json>(),
        })
    }
}

struct Side<'d> {
    text: &'d str,
    lines: Lines,
    outline: Outline<'d>,
}

impl<'d> Side<'d> {
    fn new(text: &'d str, outline: Outline<'d>) -> Self {
        Self {
            text,
            lines: Lines::of(text),
            outline,
        }
    }

    fn place(&self, step: StepNo) -> &Place<'d> {
        &self.outline.places[step]
    }

    fn about(&self, step: StepNo) -> StepPlace {
        let place = self.place(step);
        let home = match &place.home {
            Some((0, key)) => key.to_string(),
            Some((parent, key)) => format!("{key} of `{}`", self.place(*parent).title()),
            None => String::new(),
        };
        StepPlace {
            title: place.title().to_owned(),
            node: place.uses().to_owned(),
            path: place.at.to_string(),
            line: self.lines.number(place.child.node.range.start),
            home,
        }
    }

    /// The text of a step, from the left margin.
    fn written(&self, step: StepNo) -> String {
        let range = self.place(step).child.node.range;
        let start = self.lines.start(self.lines.number(range.start));
        let Some(text) = self.text.get(start..range.end) else {
            return String::new();
        };
        let margin = |line: &str| line.len() - line.trim_start().len();
        let written = text.lines().filter(|line| !line.trim().is_empty());
        let indent = written.map(margin).min().unwrap_or_default();
        let lines = text.trim_end().lines();
        let lines: Vec<&str> = lines
            .map(|line| line.get(indent..).unwrap_or_default())
            .collect();
        lines.join("\n")
    }

    /// How many steps below `step` are not matched, without those below a matched one.
    fn unmatched_inside(&self, step: StepNo, matched: &[Option<StepNo>]) -> usize {
        let mut open = vec![step];
        let mut count = 0;
        while let Some(step) = open.pop() {
            for inner in self.place(step).lists.iter().flat_map(|(_, list)| list) {
                if matched[*inner].is_none() {
                    count += 1;
                    open.push(*inner);
                }
            }
        }
        count
    }
}

struct Comparison<'d> {
    old: Side<'d>,
    new: Side<'d>,
    matching: Matching,
}

impl<'d> Comparison<'d> {
    fn diff(&self, old: &Node, new: &Node) -> Diff {
        let (Some(_), Some(_)) = (old.as_map(), new.as_map()) else {
            let mut parts = Vec::new();
            values::compare(&DocPath::default(), Some(old), Some(new), &mut parts);
            return Diff {
                parts,
                steps: Vec::new(),
            };
        };
        let moved = self.moved();
        let mut steps = Vec::new();
        for step in 1..self.new.outline.len() {
            steps.extend(match self.matching.to_old[step] {
                Some(old) => self.changed(old, step, moved.contains(&step)),
                None => self.added(step),
            });
        }
        for step in 1..self.old.outline.len() {
            steps.extend(self.removed(step));
        }
        steps.sort_by_key(StepChange::line);
        Diff {
            parts: self.values(0, 0),
            steps,
        }
    }

    fn added(&self, step: StepNo) -> Option<StepChange> {
        let (parent, _) = self.new.place(step).home.as_ref()?;
        self.matching.to_old[*parent]?;
        Some(StepChange::Added {
            step: self.new.about(step),
            inside: self.new.unmatched_inside(step, &self.matching.to_old),
            text: self.new.written(step),
        })
    }

    fn removed(&self, step: StepNo) -> Option<StepChange> {
        let (parent, _) = self.old.place(step).home.as_ref()?;
        if self.matching.to_new[step].is_some() {
            return None;
        }
        self.matching.to_new[*parent]?;
        Some(StepChange::Removed {
            step: self.old.about(step),
            inside: self.old.unmatched_inside(step, &self.matching.to_new),
            text: self.old.written(step),
        })
    }

    fn changed(&self, old: StepNo, new: StepNo, moved: bool) -> Option<StepChange> {
        let values = self.values(old, new);
        (moved || !values.is_empty()).then(|| StepChange::Changed {
            old: self.old.about(old),
            new: self.new.about(new),
            moved,
            values,
        })
    }

    /// What changed in a step apart from the steps inside.
    fn values(&self, old: StepNo, new: StepNo) -> Vec<ValueChange> {
        let (old, new) = (self.old.place(old), self.new.place(new));
        let mut changes = Vec::new();
        if old.own == new.own {
            return changes;
        }
        let keys = old.map.entries.keys();
        let added = new.map.entries.keys();
        let added = added.filter(|key| !old.map.entries.contains_key(*key));
        for key in keys.chain(added) {
            let value = |place: &Place<'d>| -> Option<&'d Node> {
                let entry = place.map.entries.get(key)?;
                (!place.has_block(key)).then_some(&entry.child.node)
            };
            let path = DocPath::default().key(key);
            values::compare(&path, value(old), value(new), &mut changes);
        }
        changes
    }

    /// The steps of the new document that stand in another list, or in another order among those
    /// that stayed.
    fn moved(&self) -> HashSet<StepNo> {
        let mut moved = HashSet::new();
        for (parent, place) in self.new.outline.places.iter().enumerate() {
            for (key, list) in &place.lists {
                let old_list = self.matching.to_old[parent]
                    .map_or(&[][..], |parent| self.old.place(parent).list(key));
                let was: HashMap<StepNo, usize> = old_list
                    .iter()
                    .enumerate()
                    .map(|(index, step)| (*step, index))
                    .collect();
                let (mut stayed, mut order) = (Vec::new(), Vec::new());
                for step in list {
                    let Some(old) = self.matching.to_old[*step] else {
                        continue;
                    };
                    match was.get(&old) {
                        Some(index) => {
                            stayed.push(*step);
                            order.push(*index);
                        }
                        None => {
                            moved.insert(*step);
                        }
                    }
                }
                let kept: HashSet<usize> = longest_rising(&order).into_iter().collect();
                let left = stayed.iter().enumerate();
                moved.extend(
                    left.filter(|(index, _)| !kept.contains(index))
                        .map(|(_, step)| *step),
                );
            }
        }
        moved
    }
}

/// The indexes of a longest rising run of `numbers`, not necessarily side by side.
fn longest_rising(numbers: &[usize]) -> Vec<usize> {
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; numbers.len()];
    for (index, number) in numbers.iter().enumerate() {
        let length = ends.partition_point(|end| numbers[*end] < *number);
        before[index] = length.checked_sub(1).map(|shorter| ends[shorter]);
        if length == ends.len() {
            ends.push(index);
        } else {
            ends[length] = index;
        }
    }
    let mut run = Vec::new();
    let mut next = ends.last().copied();
    while let Some(index) = next {
        run.push(index);
        next = before[index];
    }
    run.reverse();
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_left_the_order_has_moved() {
        assert_eq!(longest_rising(&[1, 2, 0, 3]), [0, 1, 3]);
        assert_eq!(longest_rising(&[]), [0usize; 0]);
    }
}
