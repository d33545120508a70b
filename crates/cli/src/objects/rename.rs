use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use casare_browser::ObjectName;
use casare_nodes::healing::patch::{rename_object, rename_uses};
use casare_workflow::DocPath;
use clap::Args;
use serde_json::json;

use super::Open;
use crate::{
    failure::{CliError, Exit},
    files,
    heal::HealError,
    terminal::count,
};

/// Give an object another name, in its file and in all workflows that use it
#[derive(Debug, Args)]
pub(super) struct Rename {
    /// The object, such as `login.submit`
    name: String,
    /// Its new name
    new: String,
    /// Say what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

impl Rename {
    pub(super) fn exec(self, open: &Open<'_>) -> Result<Exit, CliError> {
        let old = open.name(&self.name)?;
        let new: ObjectName = self
            .new
            .parse()
            .map_err(|error: casare_browser::ObjectError| HealError::Object(error.to_string()))?;
        let (old_name, new_name) = (old.to_string(), new.to_string());
        let taken = open.repository.objects.iter().any(|(name, _)| {
            let name = name.to_string();
            name == new_name
                || name.starts_with(&format!("{new_name}."))
                || new_name.starts_with(&format!("{name}.")) && name != old_name
        });
        if taken {
            return Err(HealError::Object(format!("`{new_name}` is taken already")).into());
        }
        let mut changed: BTreeMap<PathBuf, String> = BTreeMap::new();
        let Some(file) = open.repository.file_of(&old) else {
            return Err(HealError::Object(format!("there is no object `{old_name}`")).into());
        };
        let text = read(file)?;
        let renamed = rename_object(&open.project.name_of(file), &text, &old_name, &new_name);
        if let Some(renamed) = renamed.map_err(|source| patch_error(&old_name, source))? {
            changed.insert(file.to_owned(), renamed);
        }
        let mut places: BTreeMap<PathBuf, Vec<(DocPath, bool)>> = BTreeMap::new();
        for one in open.uses() {
            if one.target.object() == Some(&*old_name) {
                let place = (one.target.at, one.target.is_key);
                places.entry(one.file).or_default().push(place);
            }
        }
        for (file, places) in places {
            let text = read(&file)?;
            let renamed = rename_uses(&open.project.name_of(&file), &text, &places, &new_name);
            changed.insert(
                file,
                renamed.map_err(|source| patch_error(&old_name, source))?,
            );
        }
        if !self.dry_run {
            // The repository last: until then, what has its old name is still found.
            let (objects, workflows): (Vec<_>, Vec<_>) =
                changed.iter().partition(|(path, _)| path.as_path() == file);
            for (path, text) in workflows.into_iter().chain(objects) {
                files::write_whole(path, text)?;
            }
        }
        let names: Vec<String> = changed
            .keys()
            .map(|path| open.project.name_of(path))
            .collect();
        if open.json {
            let told = json!({ "object": old_name, "new": new_name, "changed": names });
            open.terminal.print_json(&told)?;
        } else {
            let verb = if self.dry_run {
                "would change"
            } else {
                "changed"
            };
            for name in &names {
                open.terminal.note(&format!("{verb} {name}"));
            }
            open.terminal.note(&format!(
                "`{old_name}` {} `{new_name}` in {}",
                if self.dry_run { "would be" } else { "is now" },
                count(names.len() as u64, "file")
            ));
        }
        Ok(Exit::Done)
    }
}

fn read(path: &Path) -> Result<String, CliError> {
    fs::read_to_string(path).map_err(|source| CliError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

fn patch_error(name: &str, source: casare_nodes::healing::patch::PatchError) -> CliError {
    let id = name.to_owned();
    HealError::Patch { id, source }.into()
}
