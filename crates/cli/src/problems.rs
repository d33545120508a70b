//! What is wrong with a workflow, as excerpts of its text.

use casare_workflow::ProblemList;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, MietteDiagnostic, NamedSource};

use crate::terminal::Paint;

/// Every problem with its line, excerpt and help.
pub(crate) fn render(list: &ProblemList, paint: Paint) -> String {
    shown(list, paint).unwrap_or_else(|| list.to_string())
}

/// A diagnostic of `text`, the content of the file `name`, with the lines it points to.
pub(crate) fn excerpt(
    diagnostic: MietteDiagnostic,
    name: &str,
    text: &str,
    paint: Paint,
) -> String {
    let message = diagnostic.message.clone();
    let source = NamedSource::new(name, text.to_owned());
    let report = miette::Report::from(diagnostic).with_source_code(source);
    shown(report.as_ref(), paint).unwrap_or_else(|| format!("{name}: {message}\n"))
}

fn shown(diagnostic: &dyn Diagnostic, paint: Paint) -> Option<String> {
    let theme = if paint.on {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100);
    handler
        .render_report(&mut text, diagnostic)
        .ok()
        .map(|()| text)
}
