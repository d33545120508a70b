//! A large workbook read, and read and written anew, by casare and by Python's openpyxl, in turns.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    Scratch,
    measure::{self, Measured},
    table::{Table, median},
};
use crate::{failure::Failure, paths, peers, steps::timed};

/// Rows of the workbook, its titles left out; ten columns of numbers, texts, dates and times.
const ROWS: u32 = 200_000;
const ROUNDS: usize = 3;

/// What one side does, each time it did.
#[derive(Debug, Default)]
struct Runs {
    read: Vec<Measured>,
    copied: Vec<Measured>,
}

pub(super) fn bench(scratch: &Scratch) -> Result<Table, Failure> {
    let openpyxl = Openpyxl {
        python: peers::python()?,
        script: paths::root().join("benches/workbook/openpyxl_workbook.py"),
    };
    let book = scratch.0.join("orders.xlsx");
    let rows = ROWS.to_string();
    timed(&format!("Making a workbook of {ROWS} rows"), || {
        openpyxl.run(&["make".as_ref(), &book, rows.as_ref()])
    })?;
    let expected = openpyxl.run(&["sum".as_ref(), &book])?.stdout;

    let (mut casare, mut normal, mut streamed) =
        (Runs::default(), Runs::default(), Runs::default());
    for _ in 0..ROUNDS {
        let out = scratch.0.join("casare.xlsx");
        casare.read.push(by_casare(scratch, "read", &book, None)?);
        let copied = by_casare(scratch, "copy", &book, Some(&out))?;
        casare.copied.push(copied);
        for (mode, runs) in [("normal", &mut normal), ("streamed", &mut streamed)] {
            let out = scratch.0.join("openpyxl.xlsx");
            let mode = Path::new(mode);
            runs.read
                .push(openpyxl.run(&["read".as_ref(), mode, &book])?);
            let copied = openpyxl.run(&["copy".as_ref(), mode, &book, &out])?;
            runs.copied.push(copied);
        }
        if openpyxl.run(&["sum".as_ref(), &out])?.stdout != expected {
            return Err(Failure::Unexpected(
                "what casare wrote is not what it read, so times say nothing".to_owned(),
            ));
        }
    }

    let mut table = Table::new(format!(
        "workbook: {ROWS} rows of ten columns, median of {ROUNDS}, in turns; journal on"
    ));
    casare.compare(&normal, "openpyxl", true, &mut table);
    casare.compare(&streamed, "openpyxl, streaming", false, &mut table);
    Ok(table)
}

impl Runs {
    fn compare(&self, theirs: &Self, name: &str, is_goal: bool, table: &mut Table) {
        let wanted = |text: &'static str| if is_goal { text } else { "" };
        for (what, ours, theirs) in [
            ("read", &self.read, &theirs.read),
            ("read and written", &self.copied, &theirs.copied),
        ] {
            for (figure, of, unit, goal) in [
                (
                    "time",
                    Measured::wall_ms as fn(&Measured) -> f64,
                    "ms",
                    "≤ 0.5",
                ),
                ("peak memory", Measured::peak_mib, "MiB", "≤ 0.3"),
            ] {
                let median = |runs: &[Measured]| median(runs.iter().map(of));
                table.compare(
                    &format!("{what}, {figure}"),
                    median(ours),
                    (name, median(theirs)),
                    unit,
                    wanted(goal),
                );
            }
        }
    }
}

fn by_casare(
    scratch: &Scratch,
    what: &str,
    book: &Path,
    out: Option<&Path>,
) -> Result<Measured, Failure> {
    let workflow = format!("benches/workbook/{what}.workflow.yaml");
    let mut inputs = vec!["-i".to_owned(), format!("path={}", book.display())];
    if let Some(out) = out {
        inputs.extend(["-i".to_owned(), format!("out={}", out.display())]);
    }
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let run = measure::casare(scratch, &paths::root().join(workflow), &inputs)?;
    Ok(run.measured)
}

/// The Python that has it, and the script of this benchmark.
struct Openpyxl {
    python: PathBuf,
    script: PathBuf,
}

impl Openpyxl {
    fn run(&self, arguments: &[&Path]) -> Result<Measured, Failure> {
        let mut python = Command::new(&self.python);
        python.arg(&self.script).args(arguments);
        let measured = measure::program(&mut python)?;
        if measured.success {
            return Ok(measured);
        }
        Err(Failure::Unexpected(format!(
            "`{}` did not succeed, so there is nothing to measure",
            crate::command::text(&python)
        )))
    }
}
