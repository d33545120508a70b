//! Reports as JUnit XML, which CI systems show.

use std::io::{self, Write};

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use crate::{
    case::{CaseResult, Failure, Outcome},
    suite::{Broken, FileReport, Report},
};

/// Writes a report as JUnit XML: a suite for each test file.
///
/// # Errors
///
/// What `out` says.
pub fn write(report: &Report, out: impl Write) -> io::Result<()> {
    let mut writer = Writer::new_with_indent(out, b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let counts = report.counts();
    let all = counts.passed + counts.failed + counts.skipped + counts.broken;
    writer
        .create_element("testsuites")
        .with_attributes([
            ("name", "casare test"),
            ("tests", all.to_string().as_str()),
            ("failures", counts.failed.to_string().as_str()),
            ("errors", counts.broken.to_string().as_str()),
            ("skipped", counts.skipped.to_string().as_str()),
            ("time", seconds(report.took).as_str()),
        ])
        .write_inner_content(|writer| {
            report.files.iter().try_for_each(|file| suite(writer, file))
        })?;
    let mut out = writer.into_inner();
    out.write_all(b"\n")?;
    out.flush()
}

fn suite<W: Write>(writer: &mut Writer<W>, file: &FileReport) -> io::Result<()> {
    let failed = |case: &&CaseResult| matches!(case.outcome, Outcome::Failed(_));
    let skipped = |case: &&CaseResult| matches!(case.outcome, Outcome::Skipped(_));
    let broken = usize::from(file.broken.is_some());
    let took = file.cases.iter().map(|case| case.took).sum();
    writer
        .create_element("testsuite")
        .with_attributes([
            ("name", clean(&file.name).as_str()),
            ("tests", (file.cases.len() + broken).to_string().as_str()),
            (
                "failures",
                file.cases
                    .iter()
                    .filter(failed)
                    .count()
                    .to_string()
                    .as_str(),
            ),
            ("errors", broken.to_string().as_str()),
            (
                "skipped",
                file.cases
                    .iter()
                    .filter(skipped)
                    .count()
                    .to_string()
                    .as_str(),
            ),
            ("time", seconds(took).as_str()),
        ])
        .write_inner_content(|writer| {
            if let Some(reason) = &file.broken {
                let text = match reason {
                    Broken::Test(problems) => listed(problems),
                    Broken::Workflow(casare_engine::PlanError::Invalid(problems)) => {
                        listed(problems)
                    }
                    Broken::Workflow(error) => error.to_string(),
                    Broken::Other(reason) => reason.clone(),
                };
                writer
                    .create_element("testcase")
                    .with_attributes([
                        ("classname", clean(&file.name).as_str()),
                        ("name", "(the file)"),
                    ])
                    .write_inner_content(|writer| message(writer, "error", &text, &text))?;
            }
            file.cases
                .iter()
                .try_for_each(|case| test_case(writer, file, case))
        })?;
    Ok(())
}

fn test_case<W: Write>(
    writer: &mut Writer<W>,
    file: &FileReport,
    case: &CaseResult,
) -> io::Result<()> {
    let (class, name, time, line) = (
        clean(&file.name),
        clean(&case.name),
        seconds(case.took),
        case.line.to_string(),
    );
    let element = writer.create_element("testcase").with_attributes([
        ("classname", class.as_str()),
        ("name", name.as_str()),
        ("file", class.as_str()),
        ("line", line.as_str()),
        ("time", time.as_str()),
    ]);
    match &case.outcome {
        Outcome::Passed => {
            element.write_empty()?;
        }
        Outcome::Skipped(reason) => {
            element.write_inner_content(|writer| {
                let reason = clean(reason);
                let skipped = writer.create_element("skipped");
                skipped
                    .with_attribute(("message", reason.as_str()))
                    .write_empty()?;
                Ok(())
            })?;
        }
        Outcome::Failed(failures) => {
            let first = failures.first().map_or("", |failure| &failure.message);
            let text: Vec<String> = failures.iter().map(|one| told(one, &file.name)).collect();
            element.write_inner_content(|writer| {
                message(writer, "failure", first, &text.join("\n"))
            })?;
        }
    }
    Ok(())
}

fn message<W: Write>(
    writer: &mut Writer<W>,
    element: &str,
    first: &str,
    text: &str,
) -> io::Result<()> {
    let first = clean(first.lines().next().unwrap_or_default());
    writer
        .create_element(element)
        .with_attribute(("message", first.as_str()))
        .write_text_content(BytesText::new(&clean(text)))?;
    Ok(())
}

/// A failure as plain text.
fn told(failure: &Failure, file: &str) -> String {
    let mut text = format!("{file}:{}: {}", failure.line, failure.message);
    if let Some((step, line)) = &failure.step {
        text.push_str(&format!("\n  step {step}, line {line} of the workflow"));
    }
    for mismatch in &failure.mismatches {
        text.push_str(&format!("\n  {mismatch}"));
    }
    if let Some(help) = &failure.help {
        text.push_str(&format!("\n  {help}"));
    }
    text
}

fn listed(problems: &casare_workflow::ProblemList) -> String {
    let lines = problems.problems.iter().map(|problem| {
        let (line, column) = problems.position(problem.range.start);
        format!("{}:{line}:{column}: {}", problems.name, problem.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn seconds(time: std::time::Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

/// XML can't hold most control characters.
fn clean(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '\n' | '\t' => letter,
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => {
                '\u{fffd}'
            }
            letter => letter,
        })
        .collect()
}
