//! What elements were like that plain selectors found in green runs: by this they can be found again.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use casare_browser::{Locator, Target};
use casare_engine::NodeError;
use casare_files::AtomicFile;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::project::Project;

/// A larger file is not read.
const LARGEST: u64 = 32 << 20;
/// Selectors of one setting of one step: a selector that is computed may be another one each time.
pub(super) const MOST_OF_A_SETTING: usize = 3;
/// Entries of one workflow.
const MOST: usize = 2000;
/// What was looked at so lately is as it was.
const FRESH: SignedDuration = SignedDuration::from_hours(1);

/// An element that a plain selector found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownElement {
    /// Where the step is written: `steps[1].do[0]`.
    pub step: String,
    /// The setting: `target`, `fields.label=Email`.
    pub setting: String,
    /// When it was found.
    pub seen: Timestamp,
    /// Its selector, and what else is known of it.
    pub target: Target,
}

/// The known elements of one workflow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct KnownElements {
    /// Those that were found last are at the end.
    pub elements: Vec<KnownElement>,
    #[serde(skip)]
    is_changed: bool,
}

fn file(project: &Project, workflow: &Path) -> PathBuf {
    let name = project.name_of(workflow);
    let hash = blake3::hash(name.as_bytes()).to_hex();
    let stem: String = name
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .chars()
        .take_while(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_'))
        .take(60)
        .collect();
    let folder = project.healing().join("known");
    folder.join(format!("{stem}-{}.json", &hash[..8]))
}

impl KnownElements {
    /// Those of a workflow; none if the file is not there or can't be read.
    pub fn read(project: &Project, workflow: &Path) -> Self {
        let path = file(project, workflow);
        if fs::metadata(&path).map_or(u64::MAX, |file| file.len()) > LARGEST {
            return Self::default();
        }
        let read = fs::read(path).ok();
        read.and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    /// The element of this selector: that of the same step and setting, or, as steps move, the only one of
    /// the workflow that has the selector.
    pub fn get(&self, step: &str, setting: &str, selector: &Locator) -> Option<&KnownElement> {
        let same = |one: &&KnownElement| one.target.selector == *selector;
        let here = |one: &&KnownElement| one.step == step && one.setting == setting;
        let mut matching = self.elements.iter().rev().filter(same);
        let found = matching.clone().find(here);
        found.or_else(|| {
            let first = matching.next()?;
            matching.next().is_none().then_some(first)
        })
    }

    /// Whether it was looked at so lately that another look is not worth its time.
    pub fn is_fresh(&self, step: &str, setting: &str, selector: &Locator, now: Timestamp) -> bool {
        let known = self.get(step, setting, selector);
        known.is_some_and(|known| {
            known.step == step
                && known.setting == setting
                && now.duration_since(known.seen).abs() < FRESH
        })
    }

    /// Remembers an element.
    pub fn remember(&mut self, element: KnownElement) {
        self.is_changed = true;
        let is_of_setting =
            |one: &KnownElement| one.step == element.step && one.setting == element.setting;
        self.elements
            .retain(|one| !(is_of_setting(one) && one.target.selector == element.target.selector));
        let of_setting = self.elements.iter().filter(|one| is_of_setting(one));
        if of_setting.count() >= MOST_OF_A_SETTING
            && let Some(oldest) = self.elements.iter().position(is_of_setting)
        {
            self.elements.remove(oldest);
        }
        self.elements.push(element);
        let spare = self.elements.len().saturating_sub(MOST);
        self.elements.drain(..spare);
    }

    /// Writes them, if there is something new, beside what another run has written meanwhile.
    ///
    /// # Errors
    ///
    /// When they can't be written; the file is as it was then.
    pub fn write(&mut self, project: &Project, workflow: &Path) -> Result<(), NodeError> {
        if !self.is_changed {
            return Ok(());
        }
        let mut all = Self::read(project, workflow);
        for element in &self.elements {
            let newer = all.elements.iter().any(|one| {
                one.step == element.step
                    && one.setting == element.setting
                    && one.target.selector == element.target.selector
                    && one.seen >= element.seen
            });
            if !newer {
                all.remember(element.clone());
            }
        }
        let path = file(project, workflow);
        project.make_healing().map_err(|error| {
            NodeError::io(format_args!("could not make {}", path.display()), &error)
        })?;
        let mut file = AtomicFile::create(&path)?;
        serde_json::to_writer(&mut file, &all).map_err(|error| {
            NodeError::io(
                format_args!("could not write {}", path.display()),
                &error.into(),
            )
        })?;
        file.flush().map_err(|error| file.failed(&error))?;
        file.commit()?;
        self.is_changed = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(selector: &str) -> Locator {
        selector.parse().unwrap()
    }

    fn element(step: &str, selector: &str) -> KnownElement {
        KnownElement {
            step: step.into(),
            setting: "target".into(),
            seen: Timestamp::UNIX_EPOCH,
            target: Target::plain(at(selector)),
        }
    }

    #[test]
    fn an_element_is_known_by_its_step_or_by_a_selector_that_only_one_has() {
        let mut known = KnownElements::default();
        known.remember(element("steps[0]", "css=#a"));
        known.remember(element("steps[1]", "css=#b"));
        known.remember(element("steps[2]", "css=#b"));

        assert!(known.get("steps[7]", "target", &at("css=#a")).is_some());
        assert!(known.get("steps[7]", "target", &at("css=#b")).is_none());
        assert_eq!(
            known.get("steps[1]", "target", &at("css=#b")).unwrap().step,
            "steps[1]"
        );
    }

    #[test]
    fn a_computed_selector_does_not_fill_the_file_and_runs_add_to_it() {
        let root = tempfile::tempdir().unwrap();
        let project = Project::around(root.path());
        let workflow = root.path().join("shop.workflow.yaml");
        let mut first = KnownElements::default();
        for number in 0..10 {
            first.remember(element("steps[0]", &format!("css=#row{number}")));
        }
        first.write(&project, &workflow).unwrap();
        let mut second = KnownElements::default();
        second.remember(element("steps[1]", "css=#b"));
        second.write(&project, &workflow).unwrap();

        let kept = KnownElements::read(&project, &workflow);
        assert_eq!(kept.elements.len(), MOST_OF_A_SETTING + 1);
        assert!(kept.get("steps[0]", "target", &at("css=#row9")).is_some());
    }
}
