//! What is wrong with a workflow: for people as excerpts, for programs as JSON.

use casare_workflow::{Problem, ProblemList, Severity};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource,
};
use serde_json::{Value as Json, json};

use crate::terminal::{Paint, count};

/// Every problem with its excerpt, then how many there are.
pub(crate) fn render(list: &ProblemList, paint: Paint) -> String {
    let mut text = String::new();
    for problem in &list.problems {
        text.push_str(&excerpt(&diagnostic(problem), &list.name, &list.text, paint));
    }
    let of = |severity| list.problems.iter().filter(|problem| problem.severity == severity).count();
    let (errors, warnings) = (of(Severity::Error) as u64, of(Severity::Warning) as u64);
    let mut counts = Vec::new();
    if errors > 0 {
        counts.push(paint.red(&count(errors, "error")));
    }
    if warnings > 0 {
        counts.push(paint.yellow(&count(warnings, "warning")));
    }
    text.push_str(&format!("{}: {}", list.name, counts.join(", ")));
    text
}

/// A diagnostic of `text`, the content of the file `name`, with the lines it points to.
pub(crate) fn excerpt(diagnostic: &MietteDiagnostic, name: &str, text: &str, paint: Paint) -> String {
    let theme = if paint.on { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let source = NamedSource::new(name, text.to_owned());
    let report = miette::Report::from(diagnostic.clone()).with_source_code(source);
    let mut rendered = String::new();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100);
    match handler.render_report(&mut rendered, report.as_ref()) {
        Ok(()) => rendered,
        Err(_) => format!("{name}: {}\n", diagnostic.message),
    }
}

fn diagnostic(problem: &Problem) -> MietteDiagnostic {
    let range = problem.range.start..problem.range.end;
    let label = problem.label.clone().unwrap_or_default();
    let mut diagnostic = MietteDiagnostic::new(problem.message.clone())
        .with_code(problem.code)
        .with_severity(match problem.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
        .with_label(LabeledSpan::at(range, label));
    diagnostic.help.clone_from(&problem.help);
    diagnostic
}

/// The problems as a list of objects; lines and columns count from 1.
pub(crate) fn to_json(list: &ProblemList) -> Vec<Json> {
    list.problems.iter().map(|problem| one_to_json(list, problem)).collect()
}

fn one_to_json(list: &ProblemList, problem: &Problem) -> Json {
    let before = list.text.get(..problem.range.start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    json!({
        "file": &*list.name,
        "line": line,
        "column": column,
        "code": problem.code,
        "severity": match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "message": problem.message,
        "help": problem.help,
    })
}
