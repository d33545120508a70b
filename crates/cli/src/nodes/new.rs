use std::{fs, path::PathBuf};

use casare_workflow::Catalogue;
use clap::{Args, ValueEnum};

use crate::{
    failure::{CliError, Exit},
    files,
    terminal::Terminal,
};

/// Start a node of the project's own: a definition and a script in the folder `nodes`
#[derive(Debug, Args)]
pub(crate) struct New {
    /// Its name, such as `acme.greet`
    name: String,
    /// What its script is written in
    #[arg(long, value_enum, default_value_t)]
    language: Language,
    /// The folder it goes into
    #[arg(long, value_name = "DIR", default_value = "nodes")]
    folder: PathBuf,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Language {
    /// In the sandbox: no files, no network
    #[default]
    #[value(name = "javascript")]
    JavaScript,
    /// In a Python of its own
    Python,
    /// Any program that speaks JSON lines; a shell script to start from
    Program,
}

impl New {
    pub(super) fn exec(self, terminal: &Terminal) -> Result<Exit, CliError> {
        let Some((_, action)) = self.name.split_once('.') else {
            return Err(CliError::NodeName(self.name));
        };
        let definition = self.folder.join(format!("{action}.node.yaml"));
        if files::engine().registry().node(&self.name).is_some() {
            return Err(CliError::NodeNameTaken {
                name: self.name,
                path: definition,
            });
        }
        let (file, run, script) = self.language.script(action);
        let text = DEFINITION.replace("NAME", &self.name).replace("RUN", &run);
        // Before anything is written: what is wrong with the name.
        casare_nodes::custom::Definition::read(&definition.display().to_string(), &text)
            .map_err(|_| CliError::NodeName(self.name.clone()))?;
        let script_path = self.folder.join(file);
        for path in [&definition, &script_path] {
            if path.exists() {
                return Err(CliError::AlreadyThere(path.clone()));
            }
        }
        fs::create_dir_all(&self.folder).map_err(|source| CliError::Unwritable {
            path: self.folder.clone(),
            source,
        })?;
        for (path, text) in [(&script_path, script), (&definition, text.as_str())] {
            fs::write(path, text).map_err(|source| CliError::Unwritable {
                path: path.clone(),
                source,
            })?;
        }
        if matches!(self.language, Language::Program) {
            make_executable(&script_path)?;
        }
        terminal.print(&format!(
            "{} {} and {}\n  casare nodes {}    shows its manual\n  casare check {}    finds what is wrong with it",
            terminal.out.green("✔"),
            definition.display(),
            script_path.display(),
            self.name,
            definition.display(),
        ))?;
        Ok(Exit::Done)
    }
}

#[cfg(unix)]
fn make_executable(path: &std::path::Path) -> Result<(), CliError> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(|source| {
        CliError::Unwritable {
            path: path.to_owned(),
            source,
        }
    })
}

#[cfg(not(unix))]
fn make_executable(_: &std::path::Path) -> Result<(), CliError> {
    Ok(())
}

impl Language {
    /// The script's file, what the definition says of it, and its text.
    fn script(self, action: &str) -> (String, String, &'static str) {
        match self {
            Self::JavaScript => {
                let file = format!("{action}.js");
                (file.clone(), format!("javascript: {file}"), JAVASCRIPT)
            }
            Self::Python => {
                let file = format!("{action}.py");
                (file.clone(), format!("python: {file}"), PYTHON)
            }
            Self::Program => {
                let file = format!("{action}.sh");
                (file.clone(), format!("program: [./{file}]"), PROGRAM)
            }
        }
    }
}

const DEFINITION: &str = r#"casare: 1
node: NAME
summary: Greets somebody.
icon: puzzle
# `pure` when a step may be done again without harm; otherwise a resumed run asks first.
effect: pure
settings:
  properties:
    name: { type: string, minLength: 1, description: Who is greeted. }
    polite: { type: boolean, default: false, description: Whether the greeting is formal. }
  required: [name]
outputs:
  properties:
    greeting: { type: string, description: The greeting. }
  required: [greeting]
run:
  RUN
timeout: 1m
example: |
  - id: greeted
    use: NAME
    with: { name: Ada }
  - use: log.write
    with: { message: "{{ steps.greeted.greeting }}" }
"#;

const JAVASCRIPT: &str = r#"// `settings` are checked against the definition; what is returned are the outputs.
// casare.log(text) writes to the run's log; casare.fail(text, { kind: "business" }) ends the step.
function run(settings, casare) {
  if (settings.name === "nobody") {
    casare.fail("nobody can't be greeted", { kind: "business" });
  }
  const word = settings.polite ? "Good day" : "Hello";
  return { greeting: `${word}, ${settings.name}` };
}
"#;

const PYTHON: &str = r#"# `settings` are checked against the definition; what is returned are the outputs.
# casare.log(text) writes to the run's log; casare.fail(text, kind="business") ends the step;
# casare.path(name) is a file beside the workflow; casare.credentials holds what settings name.
def run(settings, casare):
    if settings["name"] == "nobody":
        casare.fail("nobody can't be greeted", kind="business")
    word = "Good day" if settings["polite"] else "Hello"
    return {"greeting": f"{word}, {settings['name']}"}
"#;

const PROGRAM: &str = r#"#!/bin/sh
# Reads one line of JSON: {"settings": {…}, "step": {…}, "credentials": {…}}.
# Writes lines of JSON; the last is {"outputs": {…}} or {"error": {"message": "…", "kind": "business"}}.
read -r order
name=$(printf '%s' "$order" | sed -n 's/.*"name":"\([^"]*\)".*/\1/p')
echo '{"log": {"message": "greeting somebody"}}'
printf '{"outputs": {"greeting": "Hello, %s"}}\n' "$name"
"#;
