//! Whether a text is a selector, or the name of an object that there is, before anything runs.

use std::sync::OnceLock;

use casare_browser::ObjectName;
use casare_workflow::Misformed;

use super::project::{Project, Repository};
use crate::browser::target::{FIELD_FORMAT, FORMAT, OBJECT, Target};

/// Says what is wrong with the texts that workflows of `project` have for elements.
///
/// The object repository is read when the first object is asked for.
pub fn formats(project: Project) -> impl Fn(&str, &str) -> Option<Misformed> + Send + Sync {
    let repository: OnceLock<Result<Repository, String>> = OnceLock::new();
    move |format, text| {
        let name = text.strip_prefix(OBJECT).map(str::trim);
        match (format, name) {
            (FORMAT | FIELD_FORMAT, Some(name)) => {
                let repository = repository.get_or_init(|| {
                    let read = project.repository();
                    read.map_err(|error| error.to_string())
                });
                unknown_object(repository, name)
            }
            (FORMAT, None) => {
                let message = text.parse::<Target>().err()?;
                let help = Some("docs/locators.md says how elements are named".to_owned());
                Some(Misformed { message, help })
            }
            _ => None,
        }
    }
}

fn unknown_object(repository: &Result<Repository, String>, name: &str) -> Option<Misformed> {
    let wrong = |message: String, help: &str| {
        let help = Some(help.to_owned());
        Some(Misformed { message, help })
    };
    let repository = match repository {
        Ok(repository) => repository,
        Err(error) => return wrong(error.clone(), "repair the object repository first"),
    };
    let name: ObjectName = match name.parse() {
        Ok(name) => name,
        Err(error) => return wrong(format!("{error}"), "write `object:login.submit`"),
    };
    match repository.get(&name) {
        Ok(_) => None,
        Err(error) if repository.is_empty() => wrong(
            error.to_string(),
            "the project has no objects yet: write them into `objects.yaml`",
        ),
        Err(error) => wrong(error.to_string(), "`casare objects list` lists them all"),
    }
}
