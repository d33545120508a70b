use std::{
    cell::RefCell,
    collections::HashMap,
    fs,
    io::BufWriter,
    path::{Path, PathBuf},
    thread::available_parallelism,
};

use casare_engine::Engine;
use casare_testing::{Manner, Report, junit, suite};
use clap::Args;

use crate::{
    config::Config,
    execution,
    failure::{CliError, Exit},
    files,
    terminal::Terminal,
};

mod from_run;
mod told;
mod watch;

/// Test workflows: run the cases of `*.test.yaml` files
///
/// Each case runs in a folder of its own, with the stubs, files, time and credentials that it says.
/// See docs/testing.md.
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Test files, or folders to search for `*.test.yaml`
    #[arg(default_value = ".", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only cases whose file or name holds this
    #[arg(long, short, value_name = "TEXT")]
    filter: Vec<String>,
    /// How many cases run at the same time [default: one for each processor]
    #[arg(long, short, value_name = "N")]
    jobs: Option<usize>,
    /// Keep what cases come to as their snapshots
    #[arg(long)]
    update: bool,
    /// Show which steps and branches the tests went through
    #[arg(long)]
    coverage: bool,
    /// Write the coverage as JSON
    #[arg(long, value_name = "FILE")]
    coverage_json: Option<PathBuf>,
    /// Write a report as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// Run again whenever a file changes
    #[arg(long, conflicts_with = "json")]
    watch: bool,
    /// Make a test out of a run instead: its id, the beginning of it, or `last`
    #[arg(long, value_name = "RUN")]
    from_run: Option<String>,
    /// Where the test of `--from-run` is written [default: beside the workflow]
    #[arg(long, short, value_name = "FILE", requires = "from_run")]
    output: Option<PathBuf>,
}

impl Test {
    pub(crate) fn exec(self, config: &Config, terminal: &Terminal) -> Result<Exit, CliError> {
        if let Some(run) = &self.from_run {
            return from_run::make(run, self.output.as_deref(), self.json, config, terminal);
        }
        // Before the first HTTPS connection, as runs do.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        if self.watch {
            return watch::again_and_again(&self, config, terminal);
        }
        let report = self.run(config)?;
        self.tell(&report, terminal)
    }

    /// Finds the tests and runs them.
    fn run(&self, config: &Config) -> Result<Report, CliError> {
        let found = suite::find(&self.paths)
            .map_err(|(path, source)| CliError::Unreadable { path, source })?;
        if found.is_empty() {
            return Err(CliError::NoTests);
        }
        let manner = Manner {
            filter: self.filter.clone(),
            jobs: self
                .jobs
                .or_else(|| available_parallelism().ok().map(Into::into))
                .unwrap_or(1),
            update: self.update,
            browser: config.chromium.value.clone(),
        };
        let engines: RefCell<HashMap<PathBuf, Engine>> = RefCell::default();
        let engine = |folder: &Path| {
            if let Some(engine) = engines.borrow().get(folder) {
                return Ok(engine.clone());
            }
            let engine = files::engine_at(folder).map_err(|error| error.to_string())?;
            let mut engines = engines.borrow_mut();
            Ok(engines.entry(folder.to_owned()).or_insert(engine).clone())
        };
        let runtime = execution::runtime()?;
        let report = runtime.block_on(suite::run(&found, &manner, engine, |_, _| {}));
        let ran = report.files.iter().any(|file| !file.cases.is_empty());
        let broken = report.files.iter().any(|file| file.broken.is_some());
        if !ran && !broken && !self.filter.is_empty() {
            return Err(CliError::NoSuchCase(self.filter.join(", ")));
        }
        Ok(report)
    }

    /// Shows and writes what came of the tests.
    fn tell(&self, report: &Report, terminal: &Terminal) -> Result<Exit, CliError> {
        if let Some(path) = &self.junit {
            write(path, |file| junit::write(report, BufWriter::new(file)))?;
        }
        if let Some(path) = &self.coverage_json {
            write(path, |file| {
                serde_json::to_writer_pretty(BufWriter::new(file), &told::coverage_json(report))
                    .map_err(Into::into)
            })?;
        }
        if self.json {
            terminal.print_json(&told::json(report, self.coverage))?;
        } else {
            terminal.print(&told::text(report, terminal.out))?;
            if self.coverage {
                terminal.print(&told::coverage(report, terminal.out))?;
            }
            terminal.print(&told::summary(report, terminal.out))?;
        }
        let counts = report.counts();
        Ok(match (counts.failed, counts.broken) {
            (0, 0) => Exit::Done,
            (0, _) => Exit::Invalid,
            _ => Exit::Failed,
        })
    }
}

fn write(
    path: &Path,
    content: impl FnOnce(fs::File) -> std::io::Result<()>,
) -> Result<(), CliError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder)
        .and_then(|()| fs::File::create(path))
        .and_then(content)
        .map_err(|source| CliError::Unwritable {
            path: path.to_owned(),
            source,
        })
}
