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
    let coloured = GraphicalTheme::unicode();
    let plain = GraphicalTheme::unicode_nocolor();
    let text = rendered(diagnostic, if paint.on { coloured } else { plain.clone() })?;
    if text.lines().all(|line| line.chars().count() <= 2 * WIDEST) {
        return Some(text);
    }
    // Colours would be cut apart.
    rendered(diagnostic, plain).map(|text| clipped(&text))
}

fn rendered(diagnostic: &dyn Diagnostic, theme: GraphicalTheme) -> Option<String> {
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100);
    let outcome = handler.render_report(&mut text, diagnostic);
    outcome.ok().map(|()| text)
}

/// The widest line that is shown whole: a generated file may be one line of megabytes.
const WIDEST: usize = 240;

/// Of lines that are too wide, the part around what is marked in them.
fn clipped(text: &str) -> String {
    let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
    let mut clipped = String::with_capacity(text.len().min(1 << 16));
    let mut window = None;
    for (at, line) in lines.iter().enumerate() {
        if gutter(line, '│').is_some() {
            let marks = lines.get(at + 1);
            window = (line.len() > WIDEST).then(|| first_mark(marks.map_or(&[], |line| line)));
        } else if gutter(line, '·').is_none() {
            window = None;
        }
        match window {
            Some(mark) => part_around(line, mark, &mut clipped),
            None => clipped.extend(line),
        }
        clipped.push('\n');
    }
    clipped
}

/// Where the text of an excerpt's line begins, if `bar` sets its number apart from it.
fn gutter(line: &[char], bar: char) -> Option<usize> {
    let at = line.iter().position(|character| *character == bar)?;
    let number = |character: &char| character.is_ascii_digit() || *character == ' ';
    line[..at].iter().all(number).then_some(at + 2)
}

fn first_mark(line: &[char]) -> usize {
    let begin = gutter(line, '·').unwrap_or(0);
    let blank = line
        .iter()
        .skip(begin)
        .take_while(|character| **character == ' ');
    begin + blank.count()
}

fn part_around(line: &[char], mark: usize, clipped: &mut String) {
    let begin = gutter(line, '│')
        .or_else(|| gutter(line, '·'))
        .unwrap_or(0)
        .min(line.len());
    let from = mark
        .saturating_sub(WIDEST / 2)
        .clamp(begin, line.len().max(begin));
    let to = (from + WIDEST).min(line.len());
    clipped.extend(&line[..begin]);
    if from > begin {
        // Takes the room of one character, so that marks stay below what they mark.
        clipped.push(if gutter(line, '│').is_some() {
            '…'
        } else {
            ' '
        });
    }
    clipped.extend(line[from..to].iter().skip(usize::from(from > begin)));
    if to < line.len() {
        clipped.push('…');
    }
}

#[cfg(test)]
mod tests {
    use miette::LabeledSpan;

    use super::*;

    #[test]
    fn of_an_endless_line_the_part_around_the_mistake_is_shown() {
        let text = format!("steps: {}oops{}", "[".repeat(50_000), "]".repeat(50_000));
        let label = LabeledSpan::at(50_007..50_011, "not known");
        let diagnostic = MietteDiagnostic::new("no such word").with_label(label);

        let shown = excerpt(diagnostic, "long.yaml", &text, Paint { on: true });

        let lines: Vec<&str> = shown.lines().collect();
        let column = |part: &str| {
            let line = lines.iter().find(|line| line.contains(part)).unwrap();
            line.split(part).next().unwrap().chars().count()
        };
        assert!(
            lines.iter().all(|line| line.chars().count() < 300),
            "{shown}"
        );
        assert_eq!(column("oops"), column("──┬─"), "{shown}");
    }
}
