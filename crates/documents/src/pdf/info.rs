use casare_engine::{ErrorKind, Node, NodeError, StepContext};
use casare_files::FileFaults as _;
use lopdf::{Dictionary, Document};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{file::Source, strings};

/// Tells what a PDF says of itself: pages, title, author, dates, whether it has a form or a password.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Info {
    /// The PDF. A relative path starts at the workflow's folder.
    path: String,
    /// The credential whose `password` opens the file, if it has one.
    credential: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Described {
    /// How many pages it has.
    page_count: usize,
    /// The pages.
    pages: Vec<PageSize>,
    /// Its version, such as `1.7`.
    version: String,
    /// Its title; none if it says none.
    title: Option<String>,
    /// Its author; none if it says none.
    author: Option<String>,
    /// What it is about; none if it says nothing.
    subject: Option<String>,
    /// Its keywords; none if it says none.
    keywords: Option<String>,
    /// The program it was written with; none if it says none.
    creator: Option<String>,
    /// The program that made the PDF; none if it says none.
    producer: Option<String>,
    /// When it was made, such as `2026-03-01T08:30:00+01:00`; none if it does not say.
    created: Option<String>,
    /// When it was changed last; none if it does not say.
    modified: Option<String>,
    /// Whether it is encrypted, with a password or without.
    encrypted: bool,
    /// Whether it has a form.
    has_form: bool,
    /// The file's size, in bytes.
    size: u64,
}

/// A page's size.
#[derive(Debug, Serialize, JsonSchema)]
struct PageSize {
    /// Its number, from 1.
    number: usize,
    /// How wide it is, in points; 72 are an inch.
    width: f64,
    /// How high it is, in points.
    height: f64,
}

pub(super) fn node() -> Node {
    Node::action("pdf.info", info)
        .pure()
        .icon("info")
        .fails_reading()
        .fails(
            ErrorKind::Denied,
            "The PDF is locked: its password is missing or wrong, or it forbids this.",
        )
        .fails(ErrorKind::Invalid, "The file is no PDF, or is damaged.")
        .example(EXAMPLE)
}

const EXAMPLE: &str = r#"- id: about
  use: pdf.info
  with: { path: invoice.pdf }
- use: log.write
  with: { message: "{{ steps.about.page_count }} pages" }
"#;

async fn info(cx: &StepContext, settings: Info) -> Result<Described, NodeError> {
    let source = Source::of(cx, &settings.path, settings.credential.as_deref()).await?;
    cx.blocking(move || {
        let pdf = source.read()?;
        let document = source.open()?;
        let about = about(&document);
        let text = |key: &[u8]| {
            let value = about.as_ref()?.get(key).ok()?;
            let (_, value) = document.dereference(value).ok()?;
            strings::text(value).filter(|text| !text.trim().is_empty())
        };
        let date = |key: &[u8]| text(key).map(|written| iso(&written).unwrap_or(written));
        let has_form = document
            .catalog()
            .is_ok_and(|catalog| catalog.has(b"AcroForm"));
        let pages = pdf.pages().iter().enumerate().map(|(index, page)| {
            let (width, height) = page.render_dimensions();
            PageSize {
                number: index + 1,
                width: f64::from(width),
                height: f64::from(height),
            }
        });
        Ok(Described {
            page_count: pdf.pages().len(),
            pages: pages.collect(),
            version: document.version.clone(),
            title: text(b"Title"),
            author: text(b"Author"),
            subject: text(b"Subject"),
            keywords: text(b"Keywords"),
            creator: text(b"Creator"),
            producer: text(b"Producer"),
            created: date(b"CreationDate"),
            modified: date(b"ModDate"),
            encrypted: document.was_encrypted() || source.is_locked(),
            has_form,
            size: std::fs::metadata(&source.path).map_or(0, |metadata| metadata.len()),
        })
    })
    .await
}

fn about(document: &Document) -> Option<Dictionary> {
    let info = document.trailer.get(b"Info").ok()?;
    let (_, info) = document.dereference(info).ok()?;
    info.as_dict().ok().cloned()
}

/// `D:20260301083000+01'00'` as `2026-03-01T08:30:00+01:00`.
fn iso(written: &str) -> Option<String> {
    let rest = written.strip_prefix("D:").unwrap_or(written);
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (digits, zone) = rest.split_at(digits);
    let part = |from: usize, to: usize, usual: &'static str| digits.get(from..to).unwrap_or(usual);
    let year = digits.get(..4)?;
    let (month, day) = (part(4, 6, "01"), part(6, 8, "01"));
    let (hour, minute, second) = (part(8, 10, "00"), part(10, 12, "00"), part(12, 14, "00"));
    let zone = match zone.chars().next() {
        Some(sign @ ('+' | '-')) => {
            let numbers: Vec<&str> = zone[1..].split('\'').collect();
            let minutes = numbers.get(1).filter(|minutes| !minutes.is_empty());
            format!("{sign}{}:{}", numbers.first()?, minutes.unwrap_or(&"00"))
        }
        Some('Z') => "Z".to_owned(),
        _ => String::new(),
    };
    Some(format!(
        "{year}-{month}-{day}T{hour}:{minute}:{second}{zone}"
    ))
}

#[cfg(test)]
mod tests {
    use super::iso;

    #[test]
    fn dates_are_told_as_elsewhere() {
        let date = |written| iso(written).unwrap();

        assert_eq!(date("D:20260301083000+01'00'"), "2026-03-01T08:30:00+01:00");
        assert_eq!(date("D:20260301083000Z"), "2026-03-01T08:30:00Z");
        assert_eq!(date("D:2026"), "2026-01-01T00:00:00");
        assert_eq!(iso("yesterday"), None);
    }
}
