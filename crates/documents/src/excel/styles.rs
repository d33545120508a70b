//! Formats that show a number of days as a date.

use std::collections::HashMap;

use super::dates::DateKind;
use crate::ooxml::xml::{
    Change, EditError, attribute, change_elements, each_element, local, prefixed, with_attributes,
    without_prefix,
};

/// The cell formats of a workbook, and those that were added.
#[derive(Debug, Default)]
pub(super) struct Styles {
    /// The number format of each cell format.
    formats: Vec<u32>,
    /// Number formats of the workbook's own that show dates.
    date_formats: Vec<u32>,
    added: Vec<(u32, DateKind)>,
    known: HashMap<(u32, DateKind), u32>,
    present: bool,
}

impl Styles {
    /// Reads the workbook's styles part.
    pub(super) fn read(xml: &str) -> Result<Self, EditError> {
        let mut styles = Self {
            present: true,
            ..Self::default()
        };
        let mut inside_formats = false;
        each_element(xml, |tag| match local(tag) {
            "cellXfs" => inside_formats = true,
            "cellStyles" | "dxfs" | "cellStyleXfs" => inside_formats = false,
            "numFmt" => {
                let id = attribute(tag, "numFmtId").and_then(|id| id.parse().ok());
                let code = attribute(tag, "formatCode").unwrap_or_default();
                if let Some(id) = id.filter(|_| shows_dates(&code)) {
                    styles.date_formats.push(id);
                }
            }
            "xf" if inside_formats => {
                let id = attribute(tag, "numFmtId").and_then(|id| id.parse().ok());
                styles.formats.push(id.unwrap_or(0));
            }
            _ => {}
        })?;
        Ok(styles)
    }

    /// Whether there is a styles part, so that dates can be shown.
    pub(super) fn can_show_dates(&self) -> bool {
        self.present
    }

    /// The format like `base` that shows a date: `base` itself if it does.
    pub(super) fn for_date(&mut self, base: u32, kind: DateKind) -> u32 {
        let number_format = self.formats.get(base as usize).copied().unwrap_or(0);
        let built_in = matches!(number_format, 14..=22 | 27..=36 | 45..=47 | 50..=58);
        if built_in || self.date_formats.contains(&number_format) {
            return base;
        }
        let next = (self.formats.len() + self.added.len()) as u32;
        let added = &mut self.added;
        *self.known.entry((base, kind)).or_insert_with(|| {
            added.push((base, kind));
            next
        })
    }

    /// The styles part with the formats that were added; `None` if there are none.
    pub(super) fn changed(&self, xml: &str) -> Result<Option<String>, EditError> {
        if self.added.is_empty() {
            return Ok(None);
        }
        let mut inside_formats = false;
        let mut originals = Vec::new();
        each_element(xml, |tag| match local(tag) {
            "cellXfs" => inside_formats = true,
            "cellStyles" | "dxfs" | "cellStyleXfs" => inside_formats = false,
            "xf" if inside_formats => originals.push(tag.to_owned()),
            _ => {}
        })?;
        let count = (self.formats.len() + self.added.len()).to_string();
        let new_formats = |like: &str| {
            let element = |(base, kind): &(u32, DateKind)| {
                let number_format = match kind {
                    DateKind::Date => "14",
                    DateKind::DateTime => "22",
                };
                let original = originals.get(*base as usize).cloned().unwrap_or_else(|| {
                    quick_xml::events::BytesStart::new(prefixed(like, "xf")).with_attributes([
                        ("fontId", "0"),
                        ("fillId", "0"),
                        ("borderId", "0"),
                        ("xfId", "0"),
                    ])
                });
                let changed = with_attributes(
                    &original,
                    &[
                        ("numFmtId", Some(number_format)),
                        ("applyNumberFormat", Some("1")),
                    ],
                );
                format!("<{}/>", &*changed)
            };
            self.added.iter().map(element).collect::<String>()
        };
        change_elements(
            xml,
            |tag, _| match local(tag) {
                "cellXfs" => Change::Replace(with_attributes(tag, &[("count", Some(&count))])),
                _ => Change::Keep,
            },
            |name, _| (without_prefix(name) == "cellXfs").then(|| new_formats(name)),
        )
        .map(Some)
    }
}

/// Whether a number format has a part of a date outside quotes and brackets.
pub(super) fn shows_dates(code: &str) -> bool {
    let (mut quoted, mut bracketed, mut escaped) = (false, false, false);
    code.chars().any(|character| {
        if std::mem::take(&mut escaped) {
            return false;
        }
        match character {
            '\\' | '_' | '*' => escaped = true,
            '"' => quoted = !quoted,
            '[' => bracketed = true,
            ']' => bracketed = false,
            'd' | 'D' | 'm' | 'M' | 'y' | 'Y' | 'h' | 'H' | 's' | 'S' => {
                return !quoted && !bracketed;
            }
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = "<styleSheet><numFmts count=\"1\"><numFmt numFmtId=\"164\" formatCode=\"dd\\.mm\\.yyyy\"/></numFmts>\
        <cellStyleXfs count=\"1\"><xf numFmtId=\"0\"/></cellStyleXfs>\
        <cellXfs count=\"2\"><xf numFmtId=\"0\" fontId=\"3\"/><xf numFmtId=\"164\"/></cellXfs>\
        <cellStyles count=\"1\"/></styleSheet>";

    #[test]
    fn a_cell_that_shows_dates_keeps_its_format_and_others_get_one() {
        let mut styles = Styles::read(XML).unwrap();

        assert_eq!(styles.for_date(1, DateKind::Date), 1);
        assert_eq!(styles.changed(XML).unwrap(), None);
        assert_eq!(styles.for_date(0, DateKind::Date), 2);
        assert_eq!(styles.for_date(0, DateKind::DateTime), 3);
        assert_eq!(styles.for_date(0, DateKind::Date), 2);
        let changed = styles.changed(XML).unwrap().unwrap();
        assert!(
            changed.contains(
                "<cellXfs count=\"4\"><xf numFmtId=\"0\" fontId=\"3\"/><xf numFmtId=\"164\"/>\
             <xf numFmtId=\"14\" fontId=\"3\" applyNumberFormat=\"1\"/>"
            ),
            "{changed}"
        );
    }

    #[test]
    fn codes_of_dates_are_told_from_others() {
        assert!(shows_dates("yyyy-mm-dd"));
        assert!(shows_dates("[$-407]d. mmm"));
        assert!(!shows_dates("#,##0.00 \"days\""));
        assert!(!shows_dates("[Red]0.0"));
        assert!(!shows_dates("0\\d"));
    }
}
