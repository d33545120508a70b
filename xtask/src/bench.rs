//! Benchmarks. Each stands beside a floor measured in the same run, so that figures from different
//! machines can be compared: read the ratios, not the milliseconds.

mod actions;
mod browser;
mod engine;
pub(crate) mod floor;
mod healing;
mod measure;
mod queue;
mod shapes;
mod startup;
mod table;
mod workbook;

use std::{fs, path::PathBuf};

use clap::{Args, ValueEnum};

use crate::{
    command::{self, cargo},
    failure::Failure,
    paths,
    steps::{announce, timed},
};

/// Measure Casare against floors of the same run, and print the ratios
#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Which benchmarks to run; all of them when none is named
    #[arg(value_enum)]
    names: Vec<Name>,
    /// Passes of the loop in `engine`
    #[arg(long, default_value_t = 1_000_000)]
    passes: u64,
    /// How often `browser` and `actions` work on each side
    #[arg(long, default_value_t = 7)]
    rounds: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Name {
    /// A loop of a million passes: steps per second and memory, with and without journal
    Engine,
    /// A chain of 10,000 steps, blocks nested 200 deep, 1,000 parallel branches
    Shapes,
    /// A workflow of two steps: time and memory from start to exit
    Startup,
    /// The form challenge, against a Playwright script in the same Chromium
    Browser,
    /// Forms, clicks, reads and a table, against a Playwright script in the same Chromium
    Actions,
    /// A workbook of 200,000 rows read and written, against Python's openpyxl
    Workbook,
    /// The durable queue on PostgreSQL, against pgqueuer, procrastinate and graphile-worker
    Queue,
    /// Elements found again on pages that have changed, beside Similo, a multi-locator and XPath
    Healing,
}

impl Bench {
    pub(crate) fn exec(self) -> Result<(), Failure> {
        let names = if self.names.is_empty() {
            Name::value_variants()
        } else {
            &self.names
        };
        timed("Building casare and the floors (release profile)", || {
            let build = [
                "build",
                "--release",
                "--package",
                "casare-cli",
                "--package",
                "xtask",
            ];
            command::run(&mut cargo(&build))
        })?;
        let folder = Scratch::new()?;
        let mut tables = Vec::new();
        for name in names {
            announce(&format!("Benchmark {name:?}").to_lowercase());
            tables.push(match name {
                Name::Engine => engine::bench(&folder, self.passes)?,
                Name::Shapes => shapes::bench(&folder)?,
                Name::Startup => startup::bench(&folder)?,
                Name::Browser => browser::bench(&folder, self.rounds)?,
                Name::Actions => actions::bench(&folder, self.rounds)?,
                Name::Workbook => workbook::bench(&folder)?,
                Name::Queue => queue::bench()?,
                Name::Healing => healing::bench(&folder)?,
            });
        }
        for table in tables {
            println!("\n{table}");
        }
        Ok(())
    }
}

/// A folder for the journals and files of one benchmark run, removed at its end.
#[derive(Debug)]
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, Failure> {
        let path = paths::target().join(format!("bench-{}", std::process::id()));
        fs::create_dir_all(&path).map_err(Failure::io(format!("create {}", path.display())))?;
        Ok(Self(path))
    }

    /// Writes `text` to the file `name` and answers its path.
    fn write(&self, name: &str, text: &str) -> Result<PathBuf, Failure> {
        let path = self.0.join(name);
        fs::write(&path, text).map_err(Failure::io(format!("write {}", path.display())))?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is in the build folder, where nobody minds.
        let _ = fs::remove_dir_all(&self.0);
    }
}
