//! A repair put into the workflow or the object repository: comments and order stay.

use std::path::PathBuf;

use casare_browser::Target;
use casare_workflow::{DocPath, Document, Segment, document::EditError};
use serde_json::Value as Json;
use thiserror::Error;

use super::{
    project::{Project, RepositoryError, place_of, read_bounded},
    proposal::{Place, Proposal, doc_path},
};
use crate::browser::target::OBJECT;

/// A file with the repair in it, not written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patched {
    /// The file.
    pub path: PathBuf,
    /// Its new text, in the canonical form.
    pub text: String,
    /// Where the repair is.
    pub at: String,
}

/// Why a repair can't be made.
#[derive(Debug, Error)]
pub enum PatchError {
    /// The file can't be read.
    #[error(transparent)]
    Unreadable(#[from] RepositoryError),
    /// It is no YAML.
    #[error("{0}")]
    NoDocument(String),
    /// What the repair was for is not there any more.
    #[error("`{file}` has changed there since: {at} says {now}, not what was to be repaired")]
    Changed {
        /// The file, from the project's folder.
        file: String,
        /// Where.
        at: String,
        /// What it says now.
        now: String,
    },
    /// An expression makes the selector.
    #[error("the selector at {at} of `{file}` is made by an expression")]
    Computed {
        /// The file, from the project's folder.
        file: String,
        /// Where.
        at: String,
    },
    /// There is a field of this name already.
    #[error("`{file}` has `{key}` at {at} already")]
    Twice {
        /// The file, from the project's folder.
        file: String,
        /// Where.
        at: String,
        /// The new key.
        key: String,
    },
    /// The place can't be edited.
    #[error(transparent)]
    Edit(#[from] EditError),
}

/// `proposal` put into its file.
///
/// # Errors
///
/// That the file has changed at that place, or can't be read.
pub fn patch(project: &Project, proposal: &Proposal) -> Result<Patched, PatchError> {
    let file = proposal.place.file().to_owned();
    let path = project.file(&file);
    let text = read_bounded(&path)?;
    let parse = |text: &str| {
        Document::parse(&file, text).map_err(|error| PatchError::NoDocument(error.to_string()))
    };
    let mut document = parse(&text)?;
    let json = document.to_json();
    let (at, is_key) = match &proposal.place {
        Place::Object { name, .. } => {
            let at = place_of(&json, name);
            let gone = || changed(proposal, &format!("object {name}"), None);
            (at.ok_or_else(gone)?, false)
        }
        Place::Workflow { at, is_key, .. } => {
            let written = doc_path(at);
            (
                moved(&json, proposal, &written, *is_key).unwrap_or(written),
                *is_key,
            )
        }
    };
    let now = if is_key {
        key_at(&json, &at)
    } else {
        value_at(&json, &at).cloned()
    };
    let place = at.to_string();
    match &now {
        Some(now) if means_same(now, &proposal.before) => {}
        Some(Json::String(text)) if text.contains("{{") => {
            return Err(PatchError::Computed { file, at: place });
        }
        now => return Err(changed(proposal, &place, now.as_ref())),
    }
    if is_key {
        let after = proposal.after.as_str().unwrap_or_default();
        if sibling(&json, &at, after) {
            return Err(PatchError::Twice {
                file,
                at: place,
                key: after.to_owned(),
            });
        }
        if let Some(range) = document.key_range(&at) {
            let mut renamed = text.clone();
            // A text in quotes is the same in YAML.
            renamed.replace_range(range.start..range.end, &Json::from(after).to_string());
            document = parse(&renamed)?;
        }
    } else {
        document.set(&at, &proposal.after)?;
    }
    Ok(Patched {
        path,
        text: document.write(),
        at: place,
    })
}

/// An object that changes its name, in a file that names or uses it.
///
/// # Errors
///
/// As for [`patch`].
pub fn rename_uses(
    file: &str,
    text: &str,
    places: &[(DocPath, bool)],
    new: &str,
) -> Result<String, PatchError> {
    let parse = |text: &str| {
        Document::parse(file, text).map_err(|error| PatchError::NoDocument(error.to_string()))
    };
    let mut document = parse(text)?;
    let mut keys = Vec::new();
    let written = Json::from(format!("{OBJECT}{new}"));
    for (at, is_key) in places {
        if *is_key {
            keys.extend(document.key_range(at));
        }
    }
    // From the end, so that the places before stay what they are.
    keys.sort_by_key(|range| std::cmp::Reverse(range.start));
    let mut renamed = text.to_owned();
    for range in &keys {
        renamed.replace_range(range.start..range.end, &written.to_string());
    }
    if !keys.is_empty() {
        document = parse(&renamed)?;
    }
    for (at, is_key) in places {
        if !is_key {
            document.set(at, &written)?;
        }
    }
    Ok(document.write())
}

/// The text of an object repository in which an object has another name.
///
/// # Errors
///
/// As for [`patch`].
pub fn rename_object(
    file: &str,
    text: &str,
    old: &str,
    new: &str,
) -> Result<Option<String>, PatchError> {
    let parsed = Document::parse(file, text);
    let mut document = parsed.map_err(|error| PatchError::NoDocument(error.to_string()))?;
    let Some(at) = place_of(&document.to_json(), old) else {
        return Ok(None);
    };
    let (folder, name) = new.rsplit_once('.').unwrap_or(("", new));
    let same_folder = old.rsplit_once('.').map_or("", |(folder, _)| folder) == folder;
    let is_one_key = matches!(at.0.last(), Some(Segment::Key(key)) if !key.contains('.'));
    if same_folder
        && is_one_key
        && let Some(range) = document.key_range(&at)
    {
        let mut renamed = text.to_owned();
        renamed.replace_range(range.start..range.end, &Json::from(name).to_string());
        let parsed = Document::parse(file, &renamed);
        let document = parsed.map_err(|error| PatchError::NoDocument(error.to_string()))?;
        return Ok(Some(document.write()));
    }
    let target = document.remove(&at)?;
    let mut place = DocPath::default().key("objects");
    for part in folder.split('.').filter(|part| !part.is_empty()) {
        place = place.key(part);
        if document.get(&place).is_none() {
            document.set(&place, &Json::Object(serde_json::Map::new()))?;
        }
    }
    document.insert(&place.key(name), &target)?;
    Ok(Some(document.write()))
}

/// Where the step is now, if steps before it came or went: the only one of its node that says the same.
fn moved(json: &Json, proposal: &Proposal, at: &DocPath, is_key: bool) -> Option<DocPath> {
    let found = |at: &DocPath| {
        let now = if is_key {
            key_at(json, at)
        } else {
            value_at(json, at).cloned()
        };
        now.is_some_and(|now| means_same(&now, &proposal.before))
    };
    if found(at) {
        return None;
    }
    let with =
        at.0.iter()
            .rposition(|segment| matches!(segment, Segment::Key(key) if &**key == "with"))?;
    let setting = &at.0[with..];
    let mut matching = Vec::new();
    let mut open = vec![(DocPath::default(), json)];
    while let Some((place, value)) = open.pop() {
        match value {
            Json::Object(map) => {
                if map.get("use").and_then(Json::as_str) == Some(&*proposal.step.node) {
                    let mut here = place.clone();
                    here.0.extend_from_slice(setting);
                    if found(&here) {
                        matching.push(here);
                    }
                }
                open.extend(map.iter().map(|(key, inner)| (place.key(key), inner)));
            }
            Json::Array(items) => {
                let items = items.iter().enumerate();
                open.extend(items.map(|(index, inner)| (place.index(index), inner)));
            }
            _ => {}
        }
    }
    match &matching[..] {
        [one] => Some(one.clone()),
        _ => None,
    }
}

fn value_at<'j>(json: &'j Json, at: &DocPath) -> Option<&'j Json> {
    at.0.iter().try_fold(json, |value, segment| match segment {
        Segment::Key(key) => value.get(&**key),
        Segment::Index(index) => value.get(*index),
    })
}

fn key_at(json: &Json, at: &DocPath) -> Option<Json> {
    value_at(json, at)?;
    match at.0.last() {
        Some(Segment::Key(key)) => Some(Json::from(&**key)),
        _ => None,
    }
}

fn sibling(json: &Json, at: &DocPath, key: &str) -> bool {
    let above = at.0.split_last().map_or(&[][..], |(_, above)| above);
    let map = value_at(json, &DocPath(above.to_vec()));
    map.is_some_and(|map| map.get(key).is_some())
}

/// Whether two texts or bundles are the same target, however they are spelt.
fn means_same(one: &Json, other: &Json) -> bool {
    let read = |json: &Json| serde_json::from_value::<Target>(json.clone()).ok();
    one == other || read(one).is_some_and(|target| Some(target) == read(other))
}

fn changed(proposal: &Proposal, at: &str, now: Option<&Json>) -> PatchError {
    let now = now.map_or_else(
        || "nothing".to_owned(),
        |now| {
            let shown: String = now.to_string().chars().take(80).collect();
            format!("`{shown}`")
        },
    );
    PatchError::Changed {
        file: proposal.place.file().to_owned(),
        at: at.to_owned(),
        now,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::{super::proposal::tests::proposal, *};
    use crate::browser::healing::proposal::keys;

    const FLOW: &str = "# Sends the form.
casare: 1
name: shop

steps:
  - use: browser.session
    with: { url: https://shop.example.com/ }
    do:
      # The big one.
      - use: browser.click
        with: { target: \"#old\" } # not the small one
      - use: browser.fill_form
        with:
          fields:
            label=Name: Ada
            label=Mail: ada@example.com
";

    fn at(path: &[&str]) -> DocPath {
        path.iter().fold(DocPath::default(), |at, part| {
            part.parse()
                .map_or_else(|_| at.key(part), |index| at.index(index))
        })
    }

    fn patched(
        flow: &str,
        place: &[&str],
        is_key: bool,
        before: Json,
        after: Json,
    ) -> Result<String, PatchError> {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("shop.workflow.yaml"), flow).unwrap();
        let place = Place::Workflow {
            file: "shop.workflow.yaml".into(),
            at: keys(&at(place)),
            is_key,
        };
        let mut proposal = proposal(place, before, after);
        if is_key {
            proposal.step.node = "browser.fill_form".into();
        }
        patch(&Project::around(root.path()), &proposal).map(|patched| patched.text)
    }

    const CLICK: &[&str] = &["steps", "0", "do", "0", "with", "target"];

    #[test]
    fn a_repair_changes_the_selector_and_nothing_else() {
        let text = patched(FLOW, CLICK, false, json!("css=#old"), json!("css=#new")).unwrap();

        assert_eq!(text, FLOW.replace("\"#old\"", "css=#new"));
    }

    #[test]
    fn a_field_of_a_form_keeps_its_place_and_value() {
        let place = ["steps", "0", "do", "1", "with", "fields", "label=Mail"];
        let text = patched(
            FLOW,
            &place,
            true,
            json!("label=Mail"),
            json!("label=E-mail"),
        )
        .unwrap();

        assert_eq!(text, FLOW.replace("label=Mail:", "label=E-mail:"));
    }

    #[test]
    fn a_step_that_moved_is_found_and_one_that_changed_is_refused() {
        let moved = FLOW.replace(
            "      # The big one.\n",
            "      - use: browser.click\n        with: { target: text=First }\n      # The big one.\n",
        );
        let text = patched(&moved, CLICK, false, json!("css=#old"), json!("css=#new")).unwrap();
        assert!(
            text.contains("css=#new") && text.contains("text=First"),
            "{text}"
        );

        let changed = FLOW.replace("#old", "#other");
        let error = patched(&changed, CLICK, false, json!("css=#old"), json!("css=#new"));
        assert_eq!(
            error.unwrap_err().to_string(),
            "`shop.workflow.yaml` has changed there since: steps[0].do[0].with.target says `\"#other\"`, not what was to be repaired"
        );
        let computed = FLOW.replace("#old", "#{{ inputs.id }}");
        let error = patched(
            &computed,
            CLICK,
            false,
            json!("css=#old"),
            json!("css=#new"),
        );
        assert!(matches!(error, Err(PatchError::Computed { .. })));
    }

    #[test]
    fn an_object_is_repaired_and_renamed_in_its_file() {
        let root = tempfile::tempdir().unwrap();
        let objects = "objects:\n  login:\n    # Says `Log in`.\n    submit:\n      selector: css=#go\n      alternatives: [text=Go]\n    user: label=User\n";
        fs::write(root.path().join("objects.yaml"), objects).unwrap();
        let place = Place::Object {
            file: "objects.yaml".into(),
            name: "login.submit".into(),
        };
        let before = json!({ "selector": "css=#go", "alternatives": ["text=Go"] });
        let after = json!({ "selector": "css=#start", "alternatives": ["text=Go"] });

        let patched = patch(
            &Project::around(root.path()),
            &proposal(place, before, after),
        )
        .unwrap();
        assert_eq!(patched.text, objects.replace("css=#go", "css=#start"));

        let renamed = rename_object("objects.yaml", objects, "login.submit", "login.send").unwrap();
        assert_eq!(
            renamed.unwrap(),
            objects.replace("    submit:", "    send:")
        );
        let moved = rename_object("objects.yaml", objects, "login.user", "account.name").unwrap();
        assert!(moved.unwrap().contains("  account: { name: label=User }\n"));
    }
}
