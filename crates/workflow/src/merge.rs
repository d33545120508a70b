//! Two changed workflows and the one they come from, merged step by step.
//!
//! | file | what it does |
//! |---|---|
//! | `pieces` | which steps of the three are one, which are kept, and in which list |
//! | `order` | one order out of three |
//! | `values` | settings, comments and everything else that is no step |
//! | `assemble` | the merged document |
//! | `same` | whether two parts are written alike |
//!
//! Every conflict can be resolved in favour of either side. The merged document is made twice, once
//! for each side, and where their lines differ the markers of a conflict stand around both: a
//! person sees the smallest piece in the form in which it is written.

use std::{fmt, path::Path};

use serde_json::Value as Json;
use similar::{Algorithm, ChangeTag, TextDiff};

use crate::{Document, ProblemList};

mod assemble;
mod order;
mod pieces;
mod same;
mod values;

use assemble::Assembly;

/// One of the two that are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What is merged into.
    Ours,
    /// What is merged.
    Theirs,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::Ours => Self::Theirs,
            Self::Theirs => Self::Ours,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ours => "ours",
            Self::Theirs => "theirs",
        })
    }
}

/// Something of each of the three documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Three<T> {
    base: T,
    ours: T,
    theirs: T,
}

impl<T> Three<T> {
    fn side(&self, side: Side) -> &T {
        match side {
            Side::Ours => &self.ours,
            Side::Theirs => &self.theirs,
        }
    }

    fn map<U>(&self, mut change: impl FnMut(&T) -> U) -> Three<U> {
        Three {
            base: change(&self.base),
            ours: change(&self.ours),
            theirs: change(&self.theirs),
        }
    }
}

/// The three texts to merge, under the name of the file they are versions of.
#[derive(Debug, Clone, Copy)]
pub struct Versions<'t> {
    /// The file's name; `.json` is written as JSON.
    pub name: &'t str,
    /// What both come from.
    pub base: &'t str,
    /// What is merged into.
    pub ours: &'t str,
    /// What is merged.
    pub theirs: &'t str,
}

/// How conflicts are marked in the text.
#[derive(Debug, Clone, Copy)]
pub struct Markers<'t> {
    /// How many characters a marker has; 7 by custom.
    pub size: usize,
    /// What stands behind the first marker.
    pub ours: &'t str,
    /// What stands behind the last marker.
    pub theirs: &'t str,
}

impl Default for Markers<'_> {
    fn default() -> Self {
        Self {
            size: 7,
            ours: "ours",
            theirs: "theirs",
        }
    }
}

/// What a merge came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The merged text in canonical form; with markers where there are conflicts.
    pub text: String,
    /// What a person has to decide.
    pub conflicts: Vec<Conflict>,
    /// What a person may want to look at.
    pub notes: Vec<String>,
}

/// Something that both sides changed, differently.
#[derive(Debug, Clone, PartialEq)]
pub struct Conflict {
    /// The step, as people call it; nothing for a part of the workflow itself.
    pub step: Option<String>,
    /// The setting or part: `with.to`, `inputs.who.default`; empty for the step as a whole.
    pub setting: String,
    /// What happened.
    pub reason: String,
    /// What it was, is in ours, and is in theirs.
    pub values: [Option<Json>; 3],
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.step, self.setting.as_str()) {
            (Some(step), "") => write!(f, "step `{step}` {}", self.reason)?,
            (Some(step), setting) => write!(f, "`{setting}` of step `{step}` {}", self.reason)?,
            (None, "") => write!(f, "the workflow {}", self.reason)?,
            (None, part) => write!(f, "`{part}` {}", self.reason)?,
        }
        let [base, ours, theirs] = &self.values;
        if ours.is_none() && theirs.is_none() {
            return Ok(());
        }
        write!(
            f,
            ": ours {}, theirs {}",
            shown(ours.as_ref()),
            shown(theirs.as_ref())
        )?;
        match base {
            Some(_) => write!(f, " (it was {})", shown(base.as_ref())),
            None => Ok(()),
        }
    }
}

fn shown(value: Option<&Json>) -> String {
    const WIDEST: usize = 60;
    let text = value.map_or_else(|| "nothing".to_owned(), Json::to_string);
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Merges what changed between `base` and each of the others.
///
/// Text that only one side changed is taken as that side has it, to the byte.
///
/// # Errors
///
/// One of the texts is no YAML.
pub fn merge(versions: &Versions<'_>, markers: &Markers<'_>) -> Result<Merged, ProblemList> {
    let whole = |text: &str| {
        Ok(Merged {
            text: text.to_owned(),
            conflicts: Vec::new(),
            notes: Vec::new(),
        })
    };
    if versions.ours == versions.theirs || versions.theirs == versions.base {
        return whole(versions.ours);
    }
    if versions.ours == versions.base {
        return whole(versions.theirs);
    }
    let documents = Three {
        base: Document::parse(versions.name, versions.base)?,
        ours: Document::parse(versions.name, versions.ours)?,
        theirs: Document::parse(versions.name, versions.theirs)?,
    };
    let favoured = |side| {
        let mut assembly = Assembly::new(&documents, side);
        let document = assembly.document();
        (written(versions.name, &document), assembly)
    };
    let (ours, assembly) = favoured(Side::Ours);
    let (mut conflicts, notes) = (assembly.conflicts, assembly.notes);
    if conflicts.is_empty() {
        return Ok(Merged {
            text: ours,
            conflicts,
            notes,
        });
    }
    let (theirs, _) = favoured(Side::Theirs);
    if ours == theirs {
        // Whatever a person would decide, this comes of it.
        conflicts.clear();
    }
    Ok(Merged {
        text: marked(&ours, &theirs, markers),
        conflicts,
        notes,
    })
}

fn written(name: &str, document: &Document) -> String {
    let is_json = Path::new(name)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if is_json {
        format!("{:#}\n", document.to_json())
    } else {
        document.write()
    }
}

/// Both texts in one, with markers around the lines in which they differ.
pub fn marked(ours: &str, theirs: &str, markers: &Markers<'_>) -> String {
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Patience)
        .diff_lines(ours, theirs);
    let mut text = String::with_capacity(ours.len() + 200);
    let (mut our_lines, mut their_lines) = (String::new(), String::new());
    let close = |text: &mut String, our_lines: &mut String, their_lines: &mut String| {
        if our_lines.is_empty() && their_lines.is_empty() {
            return;
        }
        let marker = |sign: &str, label: &str| {
            let space = if label.is_empty() { "" } else { " " };
            format!("{}{space}{label}\n", sign.repeat(markers.size))
        };
        for lines in [&mut *our_lines, &mut *their_lines] {
            if !lines.is_empty() && !lines.ends_with('\n') {
                lines.push('\n');
            }
        }
        text.push_str(&marker("<", markers.ours));
        text.push_str(our_lines);
        text.push_str(&marker("=", ""));
        text.push_str(their_lines);
        text.push_str(&marker(">", markers.theirs));
        our_lines.clear();
        their_lines.clear();
    };
    for change in diff.iter_all_changes() {
        match change.tag() {
            ChangeTag::Equal => {
                close(&mut text, &mut our_lines, &mut their_lines);
                text.push_str(change.value());
            }
            ChangeTag::Delete => our_lines.push_str(change.value()),
            ChangeTag::Insert => their_lines.push_str(change.value()),
        }
    }
    close(&mut text, &mut our_lines, &mut their_lines);
    text
}
