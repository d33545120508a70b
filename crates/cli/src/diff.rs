use std::path::{Path, PathBuf};

use casare_engine::PlanError;
use casare_workflow::{Document, diff::Diff as Changes};
use clap::Args;
use serde_json::json;

use crate::{
    config::Config,
    failure::{CliError, Exit},
    files::WorkflowFile,
    git,
    terminal::{Paint, Terminal},
};

mod render;

/// Tell what changed between two workflows, step by step
///
/// Exits with 0 if they are the same and with 1 if they differ. Comments, layout and the order of
/// keys are no difference.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The old and the new workflow: files, or REVISION:PATH of git; `-` reads stdin. With one file
    /// alone, it is compared with what was committed last
    #[arg(required = true, num_args = 1..=9, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print `{"same": …, "parts": […], "steps": […]}`
    #[arg(long)]
    pub(crate) json: bool,
    /// Called by git: PATH OLD-FILE OLD-HASH OLD-MODE NEW-FILE …
    #[arg(long, hide = true)]
    git_driver: bool,
}

/// A text and what it is called.
struct Version {
    name: String,
    text: String,
}

impl Diff {
    pub(crate) fn exec(self, config: &Config, terminal: &Terminal) -> Result<Exit, CliError> {
        if self.git_driver {
            return self.for_git(config, terminal);
        }
        let (old, new) = match self.files.as_slice() {
            [file] => {
                let object = format!("HEAD:./{}", file.display());
                (Version::committed(&object)?, Version::read(file)?)
            }
            [old, new] => (Version::read(old)?, Version::read(new)?),
            _ => return Err(CliError::TooManyFiles),
        };
        let changes = compare(&old, &new)?;
        if self.json {
            let mut answer = changes.to_json();
            answer["old"] = json!(old.name);
            answer["new"] = json!(new.name);
            terminal.print_json(&answer)?;
        } else if !changes.is_empty() {
            terminal.print(&render::text(
                &changes,
                (&old.name, &new.name),
                terminal.out,
            ))?;
        } else if old.text != new.text {
            terminal.note("only comments, layout or the order of keys differ");
        }
        Ok(if changes.is_empty() {
            Exit::Done
        } else {
            Exit::Failed
        })
    }

    /// As `diff.casare.command`: git shows what is printed, and takes any exit code but 0 for a
    /// failure.
    fn for_git(&self, config: &Config, terminal: &Terminal) -> Result<Exit, CliError> {
        let [path, old_file, _, _, new_file, ..] = self.files.as_slice() else {
            return Err(CliError::TooManyFiles);
        };
        let name = path.display().to_string();
        let (old, new) = (Version::of_git(old_file)?, Version::of_git(new_file)?);
        // Git's pager stands between us and the terminal.
        let paged = config.variables.contains_key("GIT_PAGER_IN_USE");
        let paint = Paint {
            on: terminal.out.on || paged && config.colour.value,
        };
        let names = (format!("a/{name}"), format!("b/{name}"));
        let text = match compare(&old, &new) {
            Ok(changes) if changes.is_empty() => {
                format!("{name}: only comments, layout or the order of keys differ\n")
            }
            Ok(changes) => render::text(&changes, (&names.0, &names.1), paint),
            Err(_) => {
                let head = render::head((&names.0, &names.1), paint);
                head + &render::lines(&old.text, &new.text, paint)
            }
        };
        terminal.print(&text)?;
        Ok(Exit::Done)
    }
}

fn compare(old: &Version, new: &Version) -> Result<Changes, CliError> {
    let document = |version: &Version| {
        Document::parse(&version.name, &version.text).map_err(PlanError::Invalid)
    };
    let documents = (document(old)?, document(new)?);
    Ok(Changes::between(
        (&old.text, &documents.0),
        (&new.text, &documents.1),
    ))
}

impl Version {
    /// A file, or `REVISION:PATH` where there is no such file.
    fn read(given: &Path) -> Result<Self, CliError> {
        let name = given.display().to_string();
        // Git would take what begins with a dash for an option.
        if !given.exists() && name.contains(':') && !name.starts_with('-') {
            return Self::committed(&name);
        }
        let file = WorkflowFile::read(given)?;
        Ok(Self {
            name,
            text: file.text,
        })
    }

    fn committed(object: &str) -> Result<Self, CliError> {
        Ok(Self {
            name: object.to_owned(),
            text: git::show(object)?,
        })
    }

    /// A file that git made for us; a file that does not exist is `/dev/null` to it.
    fn of_git(path: &Path) -> Result<Self, CliError> {
        if path == Path::new("/dev/null") || path == Path::new("nul") {
            return Ok(Self {
                name: String::new(),
                text: "{}".to_owned(),
            });
        }
        Self::read(path)
    }
}
