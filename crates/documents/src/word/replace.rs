use std::path::Path;

use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use casare_files::rows::cell_text;
use casare_workflow::{Any, value::pairs};
use quick_xml::{
    Reader, Writer,
    events::{BytesEnd, BytesStart, BytesText, Event},
};
use regex::{Regex, RegexBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::Document;
use crate::ooxml::xml::{EditError, local, prefixed, resolved, with_attributes, without_prefix};

/// Replaces text in a Word document (.docx): in paragraphs, tables, headers, footers and notes.
///
/// A placeholder is found even where Word has cut it into pieces, and what takes its place looks as
/// its first letter did. All else stays as it was, byte by byte.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Replace {
    /// The document.
    path: String,
    /// The new file; it may be the same.
    to: String,
    /// What is replaced by what: a map from texts such as `<name>` to their replacements. A line
    /// break stays one.
    values: Any,
    /// Whether capital letters are told from small ones.
    #[serde(default = "yes")]
    match_case: bool,
    /// Whether the step fails where a text does not occur at all.
    #[serde(default)]
    all_required: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Replaced {
    /// The document, as a full path.
    path: String,
    /// How many places were replaced.
    count: usize,
    /// The texts that did not occur.
    missing: Vec<String>,
}

pub(super) fn node() -> Node {
    Node::action("word.replace", replace)
        .icon("replace")
        .fails_reading()
        .fails_writing()
        .fails(ErrorKind::NotFound, "A text that has to be there is not.")
        .fails(
            ErrorKind::Invalid,
            "The file is no Word document, or is damaged.",
        )
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- use: word.replace
  with:
    path: letter.docx
    to: out/letter.docx
    values: { "<name>": Ada Lovelace, "<date>": 2026-03-01 }
"#;

async fn replace(cx: &StepContext, settings: Replace) -> Result<Replaced, NodeError> {
    let (from, to) = (cx.file(&settings.path), cx.file(&settings.to));
    cx.blocking(move || work(&from, &to, &settings)).await
}

/// A text that is looked for, what takes its place, and how often it was found.
struct Wanted {
    text: String,
    pattern: Regex,
    with: String,
    count: usize,
}

fn work(from: &Path, to: &Path, settings: &Replace) -> Result<Replaced, NodeError> {
    let mut wanted = Vec::new();
    for (text, with) in pairs(&settings.values.0) {
        let text = text.to_string();
        if text.is_empty() {
            return Err(NodeError::invalid(
                "setting `values`: one of its texts is empty",
            ));
        }
        let pattern = RegexBuilder::new(&regex::escape(&text))
            .case_insensitive(!settings.match_case)
            .build()
            .map_err(|error| NodeError::invalid(format!("`{text}`: {error}")))?;
        wanted.push(Wanted {
            with: cell_text(&with),
            pattern,
            text,
            count: 0,
        });
    }
    let mut document = Document::open(from)?;
    document.package = document.package.to_be_changed()?;
    let parts = [
        std::slice::from_ref(&document.main),
        &document.headers,
        &document.footers,
        &document.notes,
    ]
    .concat();
    for part in parts {
        let text = document.package.text(&part)?;
        let before: usize = wanted.iter().map(|wanted| wanted.count).sum();
        let new = replaced(&text, &mut wanted)
            .map_err(|error| document.package.damaged(&format!("{part}: {error}")))?;
        if wanted.iter().map(|wanted| wanted.count).sum::<usize>() > before {
            document.package.change(&part, new);
        }
    }
    let missing: Vec<String> = wanted
        .iter()
        .filter(|wanted| wanted.count == 0)
        .map(|wanted| wanted.text.clone())
        .collect();
    if settings.all_required && !missing.is_empty() {
        return Err(NodeError::not_found(format!(
            "{} does not contain: {}",
            from.display(),
            missing.join(", ")
        )));
    }
    to.clone_into(&mut document.package.path);
    document.package.save()?;
    Ok(Replaced {
        path: to.display().to_string(),
        count: wanted.iter().map(|wanted| wanted.count).sum(),
        missing,
    })
}

/// A `<w:t>`: where it stands among the events, its paragraph, its text.
struct Slot {
    start: usize,
    end: usize,
    paragraph: usize,
    text: String,
    changed: bool,
}

fn replaced(xml: &str, wanted: &mut [Wanted]) -> Result<String, EditError> {
    let mut reader = Reader::from_str(xml);
    let mut events: Vec<Event<'_>> = Vec::new();
    let mut slots: Vec<Slot> = Vec::new();
    let mut paragraphs: Vec<usize> = Vec::new();
    let (mut count, mut open) = (0, false);
    loop {
        let event = reader.read_event()?;
        match &event {
            Event::Eof => break,
            Event::Start(tag) if local(tag) == "p" => {
                count += 1;
                paragraphs.push(count);
            }
            Event::Start(tag) if local(tag) == "t" => {
                open = true;
                slots.push(Slot {
                    start: events.len(),
                    end: events.len(),
                    paragraph: paragraphs.last().copied().unwrap_or(0),
                    text: String::new(),
                    changed: false,
                });
            }
            Event::Text(text) if open => {
                if let Some(slot) = slots.last_mut() {
                    slot.text.push_str(&text.xml10_content());
                }
            }
            Event::GeneralRef(reference) if open => {
                if let Some(slot) = slots.last_mut() {
                    slot.text.push_str(&resolved(reference)?);
                }
            }
            Event::End(tag) => match without_prefix(tag.name().0) {
                "t" if open => {
                    open = false;
                    if let Some(slot) = slots.last_mut() {
                        slot.end = events.len();
                    }
                }
                "p" => drop(paragraphs.pop()),
                _ => {}
            },
            _ => {}
        }
        events.push(event);
    }
    slots.sort_by_key(|slot| (slot.paragraph, slot.start));
    for group in slots.chunk_by_mut(|a, b| a.paragraph == b.paragraph) {
        for wanted in wanted.iter_mut() {
            replace_in(group, wanted);
        }
    }
    slots.sort_by_key(|slot| slot.start);
    written(events, &slots)
}

/// Replaces in the texts of one paragraph, which may be cut anywhere.
fn replace_in(slots: &mut [Slot], wanted: &mut Wanted) {
    let joined: String = slots.iter().map(|slot| slot.text.as_str()).collect();
    let found: Vec<(usize, usize)> = wanted
        .pattern
        .find_iter(&joined)
        .map(|found| (found.start(), found.end()))
        .collect();
    wanted.count += found.len();
    // From the last one on, so that places before stay where they are.
    for (start, end) in found.into_iter().rev() {
        let mut offset = 0;
        let mut first = true;
        for slot in slots.iter_mut() {
            let (from, to) = (offset, offset + slot.text.len());
            offset = to;
            if from >= end || to <= start {
                continue;
            }
            let (cut_from, cut_to) = (start.max(from) - from, end.min(to) - from);
            let with = if std::mem::take(&mut first) {
                wanted.with.as_str()
            } else {
                ""
            };
            slot.text.replace_range(cut_from..cut_to, with);
            slot.changed = true;
        }
    }
}

fn written(events: Vec<Event<'_>>, slots: &[Slot]) -> Result<String, EditError> {
    let mut writer = Writer::new(Vec::new());
    let mut changed = slots.iter().filter(|slot| slot.changed).peekable();
    for (index, event) in events.into_iter().enumerate() {
        let Some(slot) = changed.peek().filter(|slot| index >= slot.start) else {
            writer.write_event(event)?;
            continue;
        };
        if let Event::Start(tag) = &event
            && index == slot.start
        {
            let tag = with_attributes(tag, &[("xml:space", Some("preserve"))]);
            let line_break = BytesStart::new(prefixed(tag.name().0, "br"));
            for (number, line) in slot.text.split('\n').enumerate() {
                if number > 0 {
                    writer.write_event(Event::Empty(line_break.borrow()))?;
                }
                writer.write_event(Event::Start(tag.borrow()))?;
                writer.write_event(Event::Text(BytesText::new(line)))?;
                writer.write_event(Event::End(BytesEnd::new(tag.name().0)))?;
            }
        }
        if index >= slot.end {
            changed.next();
        }
    }
    String::from_utf8(writer.into_inner()).map_err(|error| EditError::Damaged(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(xml: &str, text: &str, with: &str) -> String {
        let mut wanted = [Wanted {
            text: text.to_owned(),
            pattern: Regex::new(&regex::escape(text)).unwrap(),
            with: with.to_owned(),
            count: 0,
        }];
        replaced(xml, &mut wanted).unwrap()
    }

    #[test]
    fn a_placeholder_that_was_cut_is_found_and_keeps_its_looks() {
        let xml = "<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>Dear &lt;na</w:t></w:r>\
            <w:r><w:t>me&gt;, hello</w:t></w:r></w:p><w:p><w:r><w:t>&lt;na</w:t></w:r></w:p>";

        assert_eq!(
            with(xml, "<name>", "A & B\nC"),
            "<w:p><w:r><w:rPr><w:b/></w:rPr><w:t xml:space=\"preserve\">Dear A &amp; B</w:t><w:br/>\
             <w:t xml:space=\"preserve\">C</w:t></w:r>\
             <w:r><w:t xml:space=\"preserve\">, hello</w:t></w:r></w:p><w:p><w:r><w:t>&lt;na</w:t></w:r></w:p>"
        );
    }
}
