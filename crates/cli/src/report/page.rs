//! The page around the steps: what ran, how it ended, what it was given and what it answered.

use std::{
    fmt::{self, Write as _},
    io::{self, Write},
    path::Path,
};

use casare_engine::{Artifact, ErrorReport, RunState};
use casare_workflow::{Workflow, value::from_json};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value as Json;

use super::{
    collect::Collected,
    picture::Pictures,
    preview::preview,
    record::Attempt,
    steps::{Clock, Steps},
    tree::Tree,
};
use crate::terminal::{count, time};

const STYLE: &str = include_str!("style.css");
/// Bytes of the inputs and of the outputs that are shown.
const VALUES: usize = 40_000;

/// Text in HTML, in elements and in quoted attributes.
pub(super) struct Text<'a>(pub(super) &'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut plain = 0;
        for (place, byte) in self.0.bytes().enumerate() {
            let escaped = match byte {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                b'\'' => "&#39;",
                _ => continue,
            };
            f.write_str(&self.0[plain..place])?;
            f.write_str(escaped)?;
            plain = place + 1;
        }
        f.write_str(&self.0[plain..])
    }
}

/// Writes the whole page. Files are linked relative to `folder`.
pub(super) fn write(
    out: &mut impl Write,
    collected: &Collected,
    workflow: &Workflow,
    folder: &Path,
) -> io::Result<()> {
    let tree = Tree::of(collected);
    let mut pictures = Pictures::new(folder);
    let clock = Clock::new(&collected.attempts);
    let name = if collected.workflow.is_empty() {
        &workflow.name
    } else {
        &collected.workflow
    };
    let (state, words) = state_of(collected);
    write!(
        out,
        "<!doctype html>\n<html lang=en><head><meta charset=utf-8>\
         <meta name=viewport content=\"width=device-width,initial-scale=1\">\
         <meta name=color-scheme content=\"light dark\">\
         <meta http-equiv=Content-Security-Policy content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\
         <title>{0}: {words}</title><style>{STYLE}</style></head><body><main>\
         <header><p class=kind>Workflow run</p>\
         <h1>{0} <span class=\"state {state}\">{words}</span></h1>",
        Text(name),
    )?;
    if let Some(description) = &workflow.description {
        write!(out, "<p class=about>{}</p>", Text(description))?;
    }
    facts(out, collected, &clock)?;
    out.write_all(b"</header>")?;
    if let Some(error) = collected.end.as_ref().and_then(|end| end.error.as_ref()) {
        failure(out, error, collected, &tree, &mut pictures)?;
    }
    let outputs = collected.end.as_ref().map(|end| &end.outputs);
    out.write_all(b"<div class=data>")?;
    values(out, "Inputs", Some(&collected.inputs))?;
    values(out, "Outputs", outputs)?;
    out.write_all(b"</div><section><h2>Steps</h2>")?;
    let mut steps = Steps {
        collected,
        workflow,
        tree: &tree,
        pictures,
        clock,
    };
    steps.write(out)?;
    writeln!(
        out,
        "</section><footer>Casare {} · run {}</footer></main></body></html>",
        env!("CARGO_PKG_VERSION"),
        Text(&collected.run),
    )
}

/// The class and the words for how the run ended.
fn state_of(collected: &Collected) -> (&'static str, &'static str) {
    match collected.end.as_ref().map(|end| end.state) {
        Some(RunState::Succeeded) => ("ok", "succeeded"),
        Some(RunState::Failed) => ("bad", "failed"),
        Some(RunState::Cancelled) => ("warn", "cancelled"),
        Some(RunState::NeedsDecision) => ("warn", "needs a decision"),
        Some(RunState::Running) | None => ("warn", "not finished"),
    }
}

fn facts(out: &mut impl Write, collected: &Collected, clock: &Clock) -> io::Result<()> {
    out.write_all(b"<dl class=facts>")?;
    let mut fact =
        |name: &str, value: &str| write!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    if let Some(Attempt { began, .. }) = collected.attempts.first() {
        let began = Timestamp::from_microsecond(*began).unwrap_or_default();
        let local = began.to_zoned(TimeZone::system());
        let shown = local.strftime("%-d %B %Y, %H:%M:%S");
        fact(
            "Started",
            &format!("<time datetime=\"{began}\">{shown}</time>"),
        )?;
    }
    fact("Took", &time(clock.total()))?;
    let steps = collected
        .end
        .as_ref()
        .map_or(collected.steps.len() as u64, |end| end.steps);
    fact("Executed", &count(steps, "step"))?;
    let healed = collected.end.as_ref().map_or(0, |end| end.healed);
    if healed > 0 {
        fact("Healed", &count(healed, "target"))?;
    }
    if collected.attempts.len() > 1 {
        let resumed = count(collected.attempts.len() as u64 - 1, "time");
        fact("Resumed", &resumed)?;
    }
    out.write_all(b"</dl>")
}

/// What went wrong, at the top: the message, what to do, a picture, and the way to the step.
fn failure(
    out: &mut impl Write,
    error: &ErrorReport,
    collected: &Collected,
    tree: &Tree<'_>,
    pictures: &mut Pictures<'_>,
) -> io::Result<()> {
    write!(
        out,
        "<section class=failure role=alert><h2>{}</h2>",
        Text(&headline(error))
    )?;
    write!(out, "<pre class=message>{}</pre>", Text(&error.message))?;
    if let Some(help) = &error.help {
        write!(out, "<p class=help><b>What to do</b> {}</p>", Text(help))?;
    }
    let place = error.path.as_ref().and_then(|path| {
        tree.nodes
            .iter()
            .position(|node| node.path == *path && node.record.is_some())
    });
    if let Some(place) = place {
        write!(out, "<p><a href=\"#s{place}\">Go to the step</a></p>")?;
    }
    for path in &error.artifacts {
        let known = collected.steps.iter().flat_map(|step| &step.artifacts);
        match known.into_iter().find(|artifact| is_named(artifact, path)) {
            Some(artifact) => pictures.write(out, artifact)?,
            None => pictures.link(out, path, Path::new(path), None)?,
        }
    }
    out.write_all(b"</section>")
}

fn headline(error: &ErrorReport) -> String {
    let mut text = match (&error.step, &error.node) {
        (Some(step), Some(node)) if step != node => format!("{step} ({node})"),
        (Some(step), _) => step.clone(),
        _ => "The run".to_owned(),
    };
    let _ = write!(text, ": {}", error.kind.name().replace('_', " "));
    if let Some(line) = error.line {
        let _ = write!(text, ", line {line}");
    }
    text
}

/// Errors name files by their paths or by their names.
pub(super) fn is_named(artifact: &Artifact, name: &str) -> bool {
    artifact.path == name || artifact.name == name
}

fn values(out: &mut impl Write, title: &str, values: Option<&Json>) -> io::Result<()> {
    let Some(Json::Object(map)) =
        values.filter(|json| json.as_object().is_some_and(|map| !map.is_empty()))
    else {
        return Ok(());
    };
    write!(out, "<section><h2>{title}</h2><dl class=values>")?;
    let room = (VALUES / map.len()).max(200);
    for (name, value) in map {
        let shown = match value {
            Json::String(text) => super::preview::cut(text, room),
            value => preview(&from_json(value), room),
        };
        write!(
            out,
            "<dt>{}</dt><dd><pre>{}</pre></dd>",
            Text(name),
            Text(&shown)
        )?;
    }
    out.write_all(b"</dl></section>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        let text = Text("<script>alert(\"x\") & 'y'</script>").to_string();

        assert_eq!(
            text,
            "&lt;script&gt;alert(&quot;x&quot;) &amp; &#39;y&#39;&lt;/script&gt;"
        );
    }
}
