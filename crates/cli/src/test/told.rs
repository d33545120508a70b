//! What came of tests, for people and for programs.

use std::fmt::Write as _;

use casare_engine::PlanError;
use casare_testing::{
    Broken, CaseResult, Failure, Mismatch, Outcome, Report,
    coverage::{Share, WorkflowCoverage},
    suite::FileReport,
};
use serde_json::{Value as Json, json};

use crate::{
    problems,
    terminal::{Cell, Paint, count, table, time},
};

/// The most lines of a difference that are shown.
const MOST_LINES: usize = 60;

/// Every file with its cases.
pub(super) fn text(report: &Report, paint: Paint) -> String {
    let mut text = String::new();
    for file in &report.files {
        if file.cases.is_empty() && file.broken.is_none() {
            continue;
        }
        let _ = writeln!(text, "{}", paint.bold(&file.name));
        if let Some(broken) = &file.broken {
            text.push_str(&told_broken(broken, paint));
        }
        for case in &file.cases {
            told_case(&mut text, file, case, paint);
        }
        text.push('\n');
    }
    text
}

fn told_broken(broken: &Broken, paint: Paint) -> String {
    match broken {
        Broken::Test(list) | Broken::Workflow(PlanError::Invalid(list)) => {
            problems::render(list, paint)
        }
        Broken::Workflow(error) => format!("  {} {error}\n", paint.red("✘")),
        Broken::Other(reason) => format!("  {} {reason}\n", paint.red("✘")),
    }
}

fn told_case(text: &mut String, file: &FileReport, case: &CaseResult, paint: Paint) {
    let took = paint.dim(&time(case.took.as_micros() as u64));
    match &case.outcome {
        Outcome::Passed => {
            let _ = writeln!(text, "  {} {} {took}", paint.green("✔"), case.name);
        }
        Outcome::Skipped(reason) => {
            let reason = paint.dim(&format!("skipped: {reason}"));
            let _ = writeln!(text, "  {} {} {reason}", paint.yellow("-"), case.name);
        }
        Outcome::Failed(failures) => {
            let _ = writeln!(text, "  {} {} {took}", paint.red("✘"), case.name);
            for failure in failures {
                told_failure(text, file, failure, paint);
            }
        }
    }
}

fn told_failure(text: &mut String, file: &FileReport, failure: &Failure, paint: Paint) {
    let place = paint.dim(&format!("{}:{}", file.name, failure.line));
    let _ = writeln!(text, "      {} {place}", failure.message);
    if let Some((step, line)) = &failure.step {
        let about = format!("step `{step}`, line {line} of the workflow");
        let _ = writeln!(text, "        {}", paint.dim(&about));
    }
    for mismatch in &failure.mismatches {
        told_mismatch(text, mismatch, paint);
    }
    for line in failure.help.iter().flat_map(|help| help.lines()) {
        let _ = writeln!(text, "        {}", paint.cyan(line));
    }
}

fn told_mismatch(text: &mut String, mismatch: &Mismatch, paint: Paint) {
    let lines = mismatch.lines();
    if lines.is_empty() {
        let _ = writeln!(text, "        {mismatch}");
        return;
    }
    let note = mismatch.note.as_deref();
    let note = note.map_or_else(String::new, |note| format!(" ({note})"));
    let legend = format!("{} expected, {} came", paint.red("-"), paint.green("+"));
    let _ = writeln!(text, "        {}{note}: {legend}", mismatch.path);
    for (mark, line) in lines.iter().take(MOST_LINES) {
        let line = format!("{mark} {line}");
        let line = match mark {
            '-' => paint.red(&line),
            '+' => paint.green(&line),
            _ => line,
        };
        let _ = writeln!(text, "          {line}");
    }
    let rest = lines.len().saturating_sub(MOST_LINES);
    if rest > 0 {
        let _ = writeln!(text, "          … {} more", count(rest as u64, "line"));
    }
}

/// How many cases ended how.
pub(super) fn summary(report: &Report, paint: Paint) -> String {
    let counts = report.counts();
    let mut parts = vec![format!("{} passed", counts.passed)];
    if counts.failed > 0 {
        parts.push(paint.red(&format!("{} failed", counts.failed)));
    }
    if counts.broken > 0 {
        let broken = count(counts.broken as u64, "file");
        parts.push(paint.red(&format!("{broken} not valid")));
    }
    if counts.skipped > 0 {
        parts.push(paint.yellow(&format!("{} skipped", counts.skipped)));
    }
    if report.updated > 0 {
        let files = count(report.updated as u64, "file");
        parts.push(format!("{files} of snapshots written"));
    }
    let mark = if counts.failed + counts.broken == 0 {
        paint.green("✔")
    } else {
        paint.red("✘")
    };
    let took = time(report.took.as_micros() as u64);
    format!("{mark} {} in {took}\n", parts.join(", "))
}

/// A table of what the tests went through.
pub(super) fn coverage(report: &Report, paint: Paint) -> String {
    let heading = |text: &str| Cell::new(text, |text| paint.dim(text));
    let mut rows = vec![vec![
        heading("workflow"),
        heading("steps"),
        heading("branches"),
        heading("lines never reached"),
    ]];
    let (mut steps, mut branches) = (Share::default(), Share::default());
    let current = std::env::current_dir().unwrap_or_default();
    for (file, workflow) in &report.coverage.workflows {
        add(&mut steps, workflow.steps());
        add(&mut branches, workflow.branches());
        let path = std::path::Path::new(file);
        let name = path.strip_prefix(&current).unwrap_or(path).display();
        rows.push(vec![
            name.to_string().into(),
            share(workflow.steps(), paint),
            share(workflow.branches(), paint),
            workflow.missed().join(", ").into(),
        ]);
    }
    if report.coverage.workflows.len() > 1 {
        rows.push(vec![
            Cell::new("all", |text| paint.bold(text)),
            share(steps, paint),
            share(branches, paint),
            "".into(),
        ]);
    }
    format!("{}\n", table(&rows))
}

fn add(sum: &mut Share, share: Share) {
    sum.covered += share.covered;
    sum.all += share.all;
}

fn share(share: Share, paint: Paint) -> Cell {
    let text = format!("{:.0} % of {}", share.percent(), share.all);
    Cell::new(&text, |text| {
        if share.covered == share.all {
            paint.green(text)
        } else {
            paint.yellow(text)
        }
    })
}

/// For `--json`.
pub(super) fn json(report: &Report, with_coverage: bool) -> Json {
    let counts = report.counts();
    let files: Vec<Json> = report.files.iter().map(file_json).collect();
    let mut json = json!({
        "passed": counts.passed,
        "failed": counts.failed,
        "skipped": counts.skipped,
        "broken": counts.broken,
        "duration_ms": report.took.as_millis() as u64,
        "files": files,
    });
    if with_coverage {
        json["coverage"] = coverage_json(report);
    }
    json
}

fn file_json(file: &FileReport) -> Json {
    let cases: Vec<Json> = file.cases.iter().map(case_json).collect();
    let mut json = json!({ "file": file.name, "cases": cases });
    match &file.broken {
        Some(Broken::Test(list) | Broken::Workflow(PlanError::Invalid(list))) => {
            json["problems"] = list.to_json();
        }
        Some(Broken::Workflow(error)) => json["error"] = error.to_string().into(),
        Some(Broken::Other(reason)) => json["error"] = reason.as_str().into(),
        None => {}
    }
    json
}

fn case_json(case: &CaseResult) -> Json {
    let (state, reason) = match &case.outcome {
        Outcome::Passed => ("passed", None),
        Outcome::Failed(_) => ("failed", None),
        Outcome::Skipped(reason) => ("skipped", Some(reason)),
    };
    let failures: Vec<Json> = case.failures().iter().map(Failure::to_json).collect();
    let mut json = json!({
        "name": case.name,
        "line": case.line,
        "state": state,
        "duration_ms": case.took.as_millis() as u64,
        "failures": failures,
    });
    if let Some(reason) = reason {
        json["reason"] = reason.as_str().into();
    }
    json
}

/// The coverage of each workflow.
pub(super) fn coverage_json(report: &Report) -> Json {
    let workflows = report.coverage.workflows.iter();
    let workflows: Vec<Json> = workflows
        .map(|(file, workflow)| workflow_json(file, workflow))
        .collect();
    json!({ "workflows": workflows })
}

fn workflow_json(file: &str, workflow: &WorkflowCoverage) -> Json {
    json!({
        "file": file,
        "steps": workflow.steps(),
        "branches": workflow.branches(),
        "missed": workflow.missed(),
        "detail": workflow.steps,
    })
}
