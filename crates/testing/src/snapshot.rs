//! What cases came to before, kept beside their test file: `orders.test.snap.yaml`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use casare_workflow::{DocPath, Document};
use serde_json::{Map, Value as Json};

/// The snapshots of a test file.
#[derive(Debug, Clone)]
pub(crate) struct Snapshots {
    path: PathBuf,
    document: Option<Document>,
    kept: Map<String, Json>,
}

impl Snapshots {
    /// Those of the test file at `test`; none if there is no file of them.
    pub(crate) fn of(test: &Path) -> Result<Self, String> {
        let name = test.file_name().unwrap_or_default().to_string_lossy();
        let stem = name.strip_suffix(".yaml").unwrap_or(&name);
        let path = test.with_file_name(format!("{stem}.snap.yaml"));
        let unreadable = |reason: String| {
            format!(
                "the snapshots in `{}` can't be read: {reason}",
                path.display()
            )
        };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self {
                    path,
                    document: None,
                    kept: Map::new(),
                });
            }
            Err(error) => return Err(unreadable(error.to_string())),
        };
        let document = Document::parse(&path.display().to_string(), &text)
            .map_err(|problems| unreadable(problems.to_string()))?;
        let kept = match document.to_json() {
            Json::Object(kept) => kept,
            Json::Null => Map::new(),
            _ => return Err(unreadable("it is no map".to_owned())),
        };
        Ok(Self {
            path,
            document: Some(document),
            kept,
        })
    }

    pub(crate) fn get(&self, case: &str) -> Option<&Json> {
        self.kept.get(case)
    }

    /// Keeps what cases came to, and forgets cases that are no more. Answers whether anything
    /// changed. Parts that did not change keep their comments.
    pub(crate) fn keep(
        &self,
        changed: Vec<(String, Json)>,
        is_case: impl Fn(&str) -> bool,
    ) -> Result<bool, String> {
        let gone: Vec<&String> = self.kept.keys().filter(|name| !is_case(name)).collect();
        if changed.is_empty() && gone.is_empty() {
            return Ok(false);
        }
        let mut document = self
            .document
            .clone()
            .unwrap_or_else(|| Document::from_json(&Json::Object(Map::new())));
        let edited = |error: casare_workflow::document::EditError| error.to_string();
        for name in gone {
            document
                .remove(&DocPath::default().key(name))
                .map_err(edited)?;
        }
        for (name, value) in changed {
            let value = escaped(&value);
            document
                .set(&DocPath::default().key(&name), &value)
                .map_err(edited)?;
        }
        fs::write(&self.path, document.write())
            .map_err(|error| format!("`{}` can't be written: {error}", self.path.display()))?;
        Ok(true)
    }
}

/// Data that looks like a matcher, kept as data.
fn escaped(json: &Json) -> Json {
    match json {
        Json::Array(items) => items.iter().map(escaped).collect(),
        Json::Object(map) if map.keys().any(|key| key.starts_with('$')) => {
            serde_json::json!({ "$equals": map })
        }
        Json::Object(map) => Json::Object(
            map.iter()
                .map(|(key, value)| (key.clone(), escaped(value)))
                .collect(),
        ),
        single => single.clone(),
    }
}
