use std::{
    fs, io,
    path::{Path, PathBuf},
};

use casare_workflow::schema::workflow_schema;
use clap::Args;
use serde_json::json;

use crate::{
    failure::{CliError, Exit},
    files, git,
    terminal::Terminal,
};

/// Set up a project: folders, an example with its test, and what editors and git need
///
/// Files that are there already are left as they are.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The project's folder; made if it is not there
    #[arg(default_value = ".", value_name = "FOLDER")]
    folder: PathBuf,
    /// Make it a git repository if it is none, and tell git how workflows are compared and merged
    #[arg(long)]
    git: bool,
    /// Print `{"folder": …, "created": […], "kept": […], "git": […]}`
    #[arg(long)]
    pub(crate) json: bool,
}

/// The files of a project that are the same in each.
const FILES: [(&str, &str); 9] = [
    ("README.md", include_str!("init/project/README.md")),
    (".gitattributes", include_str!("init/project/gitattributes")),
    (".gitignore", include_str!("init/project/gitignore")),
    (
        ".vscode/settings.json",
        include_str!("init/project/vscode-settings.json"),
    ),
    (
        ".vscode/extensions.json",
        include_str!("init/project/vscode-extensions.json"),
    ),
    (
        "workflows/large-orders.workflow.yaml",
        include_str!("init/project/large-orders.workflow.yaml"),
    ),
    (
        "workflows/data/orders.csv",
        include_str!("init/project/orders.csv"),
    ),
    (
        "tests/large-orders.test.yaml",
        include_str!("init/project/large-orders.test.yaml"),
    ),
    (
        "tests/files/no-orders.csv",
        include_str!("init/project/no-orders.csv"),
    ),
];

/// What git has to know. The attributes are in `.gitattributes`; what they mean is a matter of each
/// clone.
const GIT_SETTINGS: [(&str, &str); 3] = [
    ("merge.casare.name", "Casare workflows, step by step"),
    ("merge.casare.driver", "casare merge %O %A %B -L %L -P %P"),
    ("diff.casare.command", "casare diff --git-driver"),
];

impl Init {
    pub(crate) fn exec(self, terminal: &Terminal) -> Result<Exit, CliError> {
        let engine = files::engine();
        let schemas = [
            (
                "schemas/workflow.schema.json",
                format!("{:#}\n", workflow_schema(engine.registry())),
            ),
            (
                "schemas/test.schema.json",
                format!("{:#}\n", casare_testing::test_schema()),
            ),
        ];
        let (mut created, mut kept) = (Vec::new(), Vec::new());
        let fixed = FILES.map(|(name, text)| (name, text.to_owned()));
        for (name, text) in fixed.into_iter().chain(schemas) {
            if self.create(name, &text)? {
                created.push(name);
            } else {
                kept.push(name);
            }
        }
        let commands: Vec<String> = GIT_SETTINGS
            .iter()
            .map(|(name, value)| format!("git config {name} \"{value}\""))
            .collect();
        if self.git {
            self.tell_git()?;
        }
        if self.json {
            terminal.print_json(&json!({
                "folder": self.folder,
                "created": created,
                "kept": kept,
                "git": commands,
                "git_set": self.git,
            }))?;
            return Ok(Exit::Done);
        }
        for name in &kept {
            terminal.note(&format!(
                "{} {name}: it was there already",
                terminal.err.dim("left")
            ));
        }
        for name in &created {
            terminal.print(&format!("{} {name}", terminal.out.green("made")))?;
        }
        terminal.note(&self.next(&commands, terminal));
        Ok(Exit::Done)
    }

    /// Writes a file unless there is one; tells whether it did.
    fn create(&self, name: &str, text: &str) -> Result<bool, CliError> {
        let path = self.folder.join(name);
        let unwritable = |source| CliError::Unwritable {
            path: path.clone(),
            source,
        };
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).map_err(unwritable)?;
        let opened = fs::File::create_new(&path);
        match opened.and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes())) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(unwritable(error)),
        }
    }

    fn tell_git(&self) -> Result<(), CliError> {
        if !git::is_repository(&self.folder) {
            git::call(&self.folder, &["init", "--quiet"])?;
        }
        for (name, value) in GIT_SETTINGS {
            git::call(&self.folder, &["config", name, value])?;
        }
        Ok(())
    }

    /// What to do next.
    fn next(&self, commands: &[String], terminal: &Terminal) -> String {
        let paint = terminal.err;
        let enter = match self.folder.to_str() {
            Some(".") => String::new(),
            _ => format!(
                "  {}\n",
                paint.cyan(&format!("cd {}", self.folder.display()))
            ),
        };
        let mut text = format!(
            "\nTry it:\n{enter}  {}\n  {}\n",
            paint.cyan("casare run workflows/large-orders.workflow.yaml"),
            paint.cyan("casare test"),
        );
        if self.git {
            text.push_str("\nGit compares and merges workflows step by step in this clone.");
        } else {
            text.push_str(
                "\nSo that git compares and merges workflows step by step, in each clone:\n",
            );
            for command in commands {
                text.push_str(&format!("  {}\n", paint.cyan(command)));
            }
            text.push_str(&paint.dim("  (or `casare init --git`)"));
        }
        text
    }
}
