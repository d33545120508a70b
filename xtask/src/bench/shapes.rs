//! Workflows of unusual shape: very long, very deep, very wide.

use std::fmt::Write;

use super::{Scratch, measure, table::Table};
use crate::failure::Failure;

const LONG: usize = 10_000;
const DEEP: usize = 200;
const WIDE: usize = 1_000;

pub(super) fn bench(scratch: &Scratch) -> Result<Table, Failure> {
    let mut table =
        Table::new("shapes: from start to exit, reading and checking the file included");
    let shapes = [
        ("a chain of 10,000 steps", "chain", chain()),
        ("blocks nested 200 deep", "nested", nested()),
        ("1,000 parallel branches", "parallel", parallel()),
    ];
    for (what, name, text) in shapes {
        let file = scratch.write(&format!("{name}.workflow.yaml"), &text)?;
        let run = measure::casare(scratch, &file, &["--no-journal"])?;
        table.plain(&format!("{what}, in all"), run.measured.wall_ms(), "ms", "");
        table.plain(&format!("{what}, running"), run.duration_ms, "ms", "");
        table.plain(
            &format!("{what}, peak memory"),
            run.measured.peak_mib(),
            "MiB",
            "",
        );
    }
    Ok(table)
}

fn head(name: &str) -> String {
    format!("casare: 1\nname: {name}\nvariables:\n  total: 0\nsteps:\n")
}

/// One `data.set` at `indent` spaces.
fn set(text: &mut String, indent: usize, expression: &str) {
    let _ = writeln!(
        text,
        "{:indent$}- use: data.set\n{:indent$}  with: {{ name: total, value: \"{expression}\" }}",
        "", "",
    );
}

fn chain() -> String {
    let mut text = head("chain");
    for _ in 0..LONG {
        set(&mut text, 2, "{{ vars.total + 1 }}");
    }
    text
}

fn nested() -> String {
    let mut text = head("nested");
    for depth in 1..=DEEP {
        let indent = depth * 2;
        let _ = writeln!(
            text,
            "{:indent$}- use: flow.if\n{:indent$}  with: {{ condition: \"{{{{ vars.total == 0 }}}}\" }}\n{:indent$}  then:",
            "", "", "",
        );
        // The next step stands two further in, below `then`.
    }
    set(&mut text, (DEEP + 1) * 2, "{{ vars.total + 1 }}");
    text
}

fn parallel() -> String {
    let mut text = head("parallel");
    text.push_str("  - use: flow.parallel\n    branches:\n");
    for branch in 0..WIDE {
        let _ = writeln!(text, "      branch_{branch}:");
        let _ = writeln!(
            text,
            "        - use: log.write\n          with: {{ level: debug, message: \"branch {branch}\" }}"
        );
    }
    text
}
