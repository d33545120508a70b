//! The object repository of a project: targets with names, in files that many workflows share.
//!
//! ```yaml
//! objects:
//!   login:
//!     user: label=User name
//!     submit:
//!       selector: role=button[name="Log in"]
//!       alternatives: [css=#submit]
//! ```

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Target;

/// The name of an object: folders and a name, joined by points, as in `login.submit`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ObjectName(String);

/// Why an object cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ObjectError {
    /// The text is not a name.
    #[error("`{0}` is not the name of an object; write folder and name, as in `login.submit`")]
    Name(String),
    /// There is none of this name.
    #[error("there is no object `{name}`{}", near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Unknown { name: String, near: Option<String> },
    /// Two files name the same object.
    #[error("the object `{0}` is already there; give one of the two another name")]
    Twice(String),
}

/// What happens to an object that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeRule {
    /// An error: two files must not name the same object.
    Refuse,
    /// The new one takes its place, as when a heal was accepted.
    Replace,
}

/// Targets by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Objects {
    targets: BTreeMap<ObjectName, Target>,
}

/// A folder, or the target that a name stands for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Entry {
    Target(Box<Target>),
    Folder(BTreeMap<String, Entry>),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    objects: BTreeMap<String, Entry>,
}

impl FromStr for ObjectName {
    type Err = ObjectError;

    fn from_str(text: &str) -> Result<Self, ObjectError> {
        let part = |part: &str| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-'))
        };
        if text.split('.').all(part) {
            Ok(ObjectName(text.to_owned()))
        } else {
            Err(ObjectError::Name(text.to_owned()))
        }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Objects {
    /// The target of this name.
    ///
    /// # Errors
    ///
    /// `Unknown` with the name that comes nearest.
    pub fn get(&self, name: &ObjectName) -> Result<&Target, ObjectError> {
        self.targets.get(name).ok_or_else(|| {
            let near = self
                .targets
                .keys()
                .map(|known| (strsim::damerau_levenshtein(&known.0, &name.0), known))
                .filter(|(distance, _)| *distance <= 3)
                .min_by_key(|(distance, _)| *distance);
            ObjectError::Unknown {
                name: name.0.clone(),
                near: near.map(|(_, known)| known.0.clone()),
            }
        })
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&ObjectName, &Target)> {
        self.targets.iter()
    }

    /// Adds one.
    ///
    /// # Errors
    ///
    /// `Twice` if it is there and must not be replaced.
    pub fn insert(
        &mut self,
        name: ObjectName,
        target: Target,
        rule: MergeRule,
    ) -> Result<(), ObjectError> {
        if rule == MergeRule::Refuse && self.targets.contains_key(&name) {
            return Err(ObjectError::Twice(name.0));
        }
        self.targets.insert(name, target);
        Ok(())
    }

    /// Adds all of another file.
    ///
    /// # Errors
    ///
    /// `Twice` for the first that both have.
    pub fn merge(&mut self, other: Objects) -> Result<(), ObjectError> {
        other
            .targets
            .into_iter()
            .try_for_each(|(name, target)| self.insert(name, target, MergeRule::Refuse))
    }
}

fn flatten(
    prefix: &str,
    folder: BTreeMap<String, Entry>,
    found: &mut Objects,
) -> Result<(), ObjectError> {
    for (name, entry) in folder {
        let name = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}.{name}")
        };
        match entry {
            Entry::Target(target) => {
                found.insert(name.parse()?, *target, MergeRule::Refuse)?;
            }
            Entry::Folder(folder) => flatten(&name, folder, found)?,
        }
    }
    Ok(())
}

impl<'de> Deserialize<'de> for Objects {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let file = File::deserialize(deserializer)?;
        let mut found = Objects::default();
        flatten("", file.objects, &mut found).map_err(serde::de::Error::custom)?;
        Ok(found)
    }
}

impl Serialize for Objects {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut objects = BTreeMap::new();
        for (name, target) in &self.targets {
            let mut folder = &mut objects;
            let mut parts = name.0.split('.').peekable();
            while let Some(part) = parts.next() {
                if parts.peek().is_none() {
                    folder.insert(part.to_owned(), Entry::Target(Box::new(target.clone())));
                    break;
                }
                let inner = folder
                    .entry(part.to_owned())
                    .or_insert_with(|| Entry::Folder(BTreeMap::new()));
                let Entry::Folder(inner) = inner else {
                    return Err(serde::ser::Error::custom(format!(
                        "`{name}` cannot stand in `{part}`, which is an object itself"
                    )));
                };
                folder = inner;
            }
        }
        File { objects }.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str =
        r#"{"objects":{"login":{"submit":{"selector":"css=#go"},"user":"label=User name"}}}"#;

    #[test]
    fn objects_stand_in_folders_and_are_found_by_their_whole_name() {
        let objects: Objects = serde_json::from_str(FILE).unwrap();
        let submit = objects.get(&"login.submit".parse().unwrap()).unwrap();
        assert_eq!(submit.selector.to_string(), "css=#go");
        let again: Objects =
            serde_json::from_str(&serde_json::to_string(&objects).unwrap()).unwrap();
        assert_eq!(again, objects);

        let error = objects.get(&"login.sumbit".parse().unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no object `login.sumbit`; did you mean `login.submit`?"
        );
        let mut twice = objects.clone();
        assert_eq!(
            twice.merge(objects),
            Err(ObjectError::Twice("login.submit".into()))
        );
    }
}
