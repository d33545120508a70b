//! Repairs: written whole, the same one once, until a person accepts or rejects it.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use casare_engine::NodeError;
use casare_files::AtomicFile;
use casare_workflow::{DocPath, Segment};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::project::Project;

/// A larger file is no proposal.
const LARGEST: u64 = 4 << 20;
/// More runs are not remembered by name.
const MOST_RUNS: usize = 20;

/// A repair: what a workflow or an object says, and what it should say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// What people call it.
    pub id: String,
    /// Whether a person has decided.
    pub state: State,
    /// What is to be repaired.
    pub place: Place,
    /// What stands there.
    pub before: Json,
    /// What should stand there.
    pub after: Json,
    /// The selector that found nothing.
    pub selector: String,
    /// The selector that finds the element now.
    pub found: String,
    /// What the repair rests on.
    pub tier: String,
    /// From 0 to 1.
    pub confidence: f64,
    /// How far the next best element was behind, from 0 to 1.
    pub margin: f64,
    /// What was compared, with weight and likeness.
    #[serde(default)]
    pub evidence: Json,
    /// The page, without query and fragment.
    pub url: String,
    /// The step in which it happened.
    pub step: Happened,
    /// How many runs it happened in.
    pub times: u64,
    /// These runs, the last one at the end.
    pub runs: Vec<String>,
    /// When it happened first.
    pub first_at: Timestamp,
    /// When it happened last.
    pub last_at: Timestamp,
    /// A picture of the element as it was recorded: a file beside this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture_before: Option<String>,
    /// A picture of what was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture_after: Option<String>,
}

/// Whether a person has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not yet.
    Open,
    /// It was put into the workflow or the object repository.
    Accepted,
    /// It is wrong: the element was not the one that was meant.
    Rejected,
}

/// What is to be repaired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "in", rename_all = "snake_case")]
pub enum Place {
    /// A setting of a step.
    Workflow {
        /// The file, from the project's folder.
        file: String,
        /// Where in it.
        at: Vec<Key>,
        /// It is the key itself, as in the `fields` of a form.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_key: bool,
    },
    /// An object of the repository.
    Object {
        /// The file, from the project's folder.
        file: String,
        /// Its name.
        name: String,
    },
}

/// A step down a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Key {
    /// An item of a list.
    Index(usize),
    /// A key of a map.
    Name(String),
}

/// The step in which a repair was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// The workflow's file, from the project's folder.
    pub workflow: String,
    /// Where the step is written: `steps[1].do[0]`.
    pub at: String,
    /// Its title.
    pub title: String,
    /// Its node.
    pub node: String,
    /// Its line.
    pub line: u32,
}

/// The proposals of a project.
#[derive(Debug, Clone)]
pub struct Proposals {
    project: Project,
}

impl Place {
    /// For people: `object login.submit`, `shop.workflow.yaml steps[1].with.target`.
    pub fn shown(&self) -> String {
        match self {
            Place::Workflow { file, at, .. } => format!("{file} {}", doc_path(at)),
            Place::Object { name, .. } => format!("object {name}"),
        }
    }

    /// The file to repair, from the project's folder.
    pub fn file(&self) -> &str {
        match self {
            Place::Workflow { file, .. } | Place::Object { file, .. } => file,
        }
    }
}

/// A place in a document, in the form that proposals have it.
pub fn keys(path: &DocPath) -> Vec<Key> {
    let key = |segment: &Segment| match segment {
        Segment::Key(key) => Key::Name(key.to_string()),
        Segment::Index(index) => Key::Index(*index),
    };
    path.0.iter().map(key).collect()
}

/// The place in the document.
pub fn doc_path(keys: &[Key]) -> DocPath {
    keys.iter().fold(DocPath::default(), |path, key| match key {
        Key::Name(key) => path.key(key),
        Key::Index(index) => path.index(*index),
    })
}

/// The name of the repair of `place` from `before` to `found`: the same each time it is found.
pub fn id_of(place: &Place, before: &Json, found: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in [
        serde_json::to_string(place).unwrap_or_default(),
        before.to_string(),
        found.to_owned(),
    ] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..8].to_owned()
}

impl Proposals {
    /// Those of a project.
    pub fn of(project: &Project) -> Self {
        Self {
            project: project.clone(),
        }
    }

    /// The folder of their files.
    pub fn folder(&self) -> PathBuf {
        self.project.healing().join("proposals")
    }

    /// The one of this name, or whose name begins so if it is the only one.
    ///
    /// # Errors
    ///
    /// When the files can't be read.
    pub fn find(&self, id: &str) -> io::Result<Option<Proposal>> {
        if let Some(exact) = self.get(id) {
            return Ok(Some(exact));
        }
        let mut matching = self
            .list()?
            .into_iter()
            .filter(|proposal| !id.is_empty() && proposal.id.starts_with(id));
        let first = matching.next();
        Ok(first.filter(|_| matching.next().is_none()))
    }

    /// The one of exactly this name.
    pub fn get(&self, id: &str) -> Option<Proposal> {
        if id.is_empty() || !id.chars().all(|letter| letter.is_ascii_alphanumeric()) {
            return None;
        }
        read(&self.file(id))
    }

    /// All of them, the latest first. What is no proposal is passed over.
    ///
    /// # Errors
    ///
    /// When the folder can't be read.
    pub fn list(&self) -> io::Result<Vec<Proposal>> {
        let entries = match fs::read_dir(self.folder()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut found: Vec<Proposal> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .filter_map(|path| read(&path))
            .collect();
        found.sort_by(|a, b| (b.last_at, &b.id).cmp(&(a.last_at, &a.id)));
        Ok(found)
    }

    /// Writes a repair down: a new one, or one more run of one that is there.
    ///
    /// # Errors
    ///
    /// When it can't be written; what was there before is whole then.
    pub fn add(&self, mut proposal: Proposal) -> Result<Proposal, NodeError> {
        if let Some(before) = self.get(&proposal.id) {
            let again: Vec<String> = proposal
                .runs
                .into_iter()
                .filter(|run| !before.runs.contains(run))
                .collect();
            proposal.times = before.times + again.len() as u64;
            proposal.runs = before.runs;
            proposal.runs.extend(again);
            let spare = proposal.runs.len().saturating_sub(MOST_RUNS);
            proposal.runs.drain(..spare);
            proposal.first_at = before.first_at;
            proposal.picture_before = proposal.picture_before.or(before.picture_before);
            proposal.picture_after = proposal.picture_after.or(before.picture_after);
            // One that was accepted and comes again was undone in the file; a rejected one stays so.
            proposal.state = match before.state {
                State::Rejected => State::Rejected,
                State::Open | State::Accepted => State::Open,
            };
        }
        self.write(&proposal)?;
        Ok(proposal)
    }

    /// Writes what a person decided.
    ///
    /// # Errors
    ///
    /// When it can't be written.
    pub fn write(&self, proposal: &Proposal) -> Result<(), NodeError> {
        let text = serde_json::to_string_pretty(proposal)
            .map_err(|error| NodeError::bug(format!("a proposal can't be written: {error}")))?;
        self.keep(&format!("{}.json", proposal.id), text.as_bytes())
    }

    /// Keeps a picture; answers its name.
    ///
    /// # Errors
    ///
    /// When it can't be written.
    pub fn keep_picture(&self, id: &str, which: &str, content: &[u8]) -> Result<String, NodeError> {
        let name = format!("{id}-{which}.png");
        self.keep(&name, content)?;
        Ok(name)
    }

    /// Takes a proposal away, with its pictures.
    ///
    /// # Errors
    ///
    /// When the file can't be deleted.
    pub fn delete(&self, proposal: &Proposal) -> io::Result<()> {
        let pictures = [&proposal.picture_before, &proposal.picture_after];
        for picture in pictures.into_iter().flatten() {
            // The proposal without its pictures is still one.
            let _ = fs::remove_file(self.folder().join(picture));
        }
        fs::remove_file(self.file(&proposal.id))
    }

    fn keep(&self, name: &str, content: &[u8]) -> Result<(), NodeError> {
        let folder = self.folder();
        self.project.make_healing().map_err(|error| {
            NodeError::io(format_args!("could not make {}", folder.display()), &error)
        })?;
        let mut file = AtomicFile::create(&folder.join(name))?;
        file.write_all(content)
            .map_err(|error| file.failed(&error))?;
        file.commit().map(drop)
    }

    fn file(&self, id: &str) -> PathBuf {
        self.folder().join(format!("{id}.json"))
    }
}

fn read(path: &Path) -> Option<Proposal> {
    let size = fs::metadata(path).ok()?.len();
    if size > LARGEST {
        return None;
    }
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    pub(in super::super) fn proposal(place: Place, before: Json, after: Json) -> Proposal {
        let found = after.as_str().unwrap_or("css=#new").to_owned();
        Proposal {
            id: id_of(&place, &before, &found),
            state: State::Open,
            selector: before.as_str().unwrap_or("css=#old").to_owned(),
            place,
            before,
            after,
            found,
            tier: "fingerprint".into(),
            confidence: 0.9,
            margin: 0.2,
            evidence: json!([]),
            url: "https://shop.example.com/".into(),
            step: Happened {
                workflow: "shop.workflow.yaml".into(),
                at: "steps[0]".into(),
                title: "Save".into(),
                node: "browser.click".into(),
                line: 4,
            },
            times: 1,
            runs: vec!["run-1".into()],
            first_at: Timestamp::UNIX_EPOCH,
            last_at: Timestamp::UNIX_EPOCH,
            picture_before: None,
            picture_after: None,
        }
    }

    fn place() -> Place {
        Place::Workflow {
            file: "shop.workflow.yaml".into(),
            at: vec![
                Key::Name("steps".into()),
                Key::Index(0),
                Key::Name("with".into()),
                Key::Name("target".into()),
            ],
            is_key: false,
        }
    }

    #[test]
    fn the_same_repair_is_one_proposal_that_counts_runs() {
        let root = tempfile::tempdir().unwrap();
        let proposals = Proposals::of(&Project::around(root.path()));
        let first = proposal(place(), json!("css=#old"), json!("css=#new"));

        proposals.add(first.clone()).unwrap();
        proposals.add(first.clone()).unwrap();
        let mut second = first.clone();
        second.runs = vec!["run-2".into()];
        proposals.add(second).unwrap();
        let other = proposal(place(), json!("css=#old"), json!("css=#other"));
        proposals.add(other).unwrap();

        let listed = proposals.list().unwrap();
        assert_eq!(listed.len(), 2);
        let kept = proposals.get(&first.id).unwrap();
        assert_eq!((kept.times, kept.runs.len()), (2, 2));
        assert_eq!(
            kept.place.shown(),
            "shop.workflow.yaml steps[0].with.target"
        );
    }

    #[test]
    fn what_was_rejected_stays_so_and_half_a_file_is_no_proposal() {
        let root = tempfile::tempdir().unwrap();
        let proposals = Proposals::of(&Project::around(root.path()));
        let mut one = proposal(place(), json!("css=#old"), json!("css=#new"));
        proposals.add(one.clone()).unwrap();
        one.state = State::Rejected;
        proposals.write(&one).unwrap();
        one.state = State::Open;

        assert_eq!(proposals.add(one).unwrap().state, State::Rejected);

        fs::write(proposals.folder().join("0badc0de.json"), "{\"id\": \"0bad").unwrap();
        assert_eq!(proposals.list().unwrap().len(), 1);
    }
}
