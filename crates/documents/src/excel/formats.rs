//! Cell formats by what people call them: bold, a colour, a number format.

use std::{collections::HashMap, fmt::Write as _};

use casare_engine::NodeError;
use quick_xml::{Reader, events::Event};
use schemars::JsonSchema;
use serde::Deserialize;

use super::dates::DateKind;
use crate::ooxml::xml::{
    Change, EditError, attribute, change_elements, each_element, escaped, local, prefixed,
    with_attributes, without_prefix,
};

/// How cells look. What is not set stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Format {
    /// How numbers and dates are shown, in Excel's words: `0.00`, `#,##0.00 €`, `0%`, `dd.mm.yyyy`.
    pub(super) number_format: Option<String>,
    /// Whether the text is bold.
    pub(super) bold: Option<bool>,
    /// Whether the text is slanted.
    pub(super) italic: Option<bool>,
    /// Whether the text is underlined.
    pub(super) underline: Option<bool>,
    /// Whether the text is struck through.
    pub(super) strike: Option<bool>,
    /// The name of the font, such as `Arial`.
    pub(super) font: Option<String>,
    /// The size of the text, in points.
    pub(super) size: Option<f64>,
    /// The colour of the text, such as `#C00000` or `red`.
    pub(super) color: Option<String>,
    /// The colour of the cell, such as `#FFFF00`; `none` for no colour.
    pub(super) fill: Option<String>,
    /// Where the text stands across the cell.
    pub(super) align: Option<Align>,
    /// Where the text stands between top and bottom of the cell.
    pub(super) vertical: Option<Vertical>,
    /// Whether long text is broken into lines.
    pub(super) wrap: Option<bool>,
    /// The lines around each cell.
    pub(super) border: Option<Border>,
}

/// Where text stands across a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Align {
    /// Text to the left, numbers to the right.
    General,
    /// To the left.
    Left,
    /// In the middle.
    Center,
    /// To the right.
    Right,
    /// To both sides.
    Justify,
}

/// Where text stands between top and bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Vertical {
    /// At the top.
    Top,
    /// In the middle.
    Center,
    /// At the bottom.
    Bottom,
}

/// The lines around a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Border {
    /// None.
    None,
    /// Thin lines.
    Thin,
    /// Lines of middle width.
    Medium,
    /// Thick lines.
    Thick,
}

impl Format {
    /// Whether it says nothing.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The formats of a workbook, and those that are added.
#[derive(Debug, Default)]
pub(super) struct Formats {
    xml: String,
    prefix: String,
    fonts: Pool,
    fills: Pool,
    borders: Pool,
    cells: Pool,
    numbers: Vec<(u32, String)>,
    new_numbers: Vec<(u32, String)>,
    known: HashMap<(u32, usize), u32>,
}

/// Pieces of a kind: those in the file and those that are added.
#[derive(Debug, Default)]
struct Pool {
    items: Vec<String>,
    old: usize,
}

impl Pool {
    fn of(items: Vec<String>) -> Self {
        Self {
            old: items.len(),
            items,
        }
    }

    /// The number of `item`, which is added unless it is there.
    fn index(&mut self, item: String) -> usize {
        if let Some(index) = self.items.iter().position(|known| *known == item) {
            index
        } else {
            self.items.push(item);
            self.items.len() - 1
        }
    }
}

impl Formats {
    /// Reads the workbook's styles part.
    pub(super) fn read(xml: String) -> Result<Self, EditError> {
        let mut formats = Self {
            fonts: Pool::of(children(&xml, "fonts")?),
            fills: Pool::of(children(&xml, "fills")?),
            borders: Pool::of(children(&xml, "borders")?),
            cells: Pool::of(children(&xml, "cellXfs")?),
            ..Self::default()
        };
        let mut depth = 0;
        each_element(&xml, |tag| {
            if depth == 0 {
                formats.prefix = prefixed(tag.name().0, "");
                depth = 1;
            }
            if local(tag) == "numFmt" {
                let id = attribute(tag, "numFmtId").and_then(|id| id.parse().ok());
                let code = attribute(tag, "formatCode").unwrap_or_default();
                formats.numbers.extend(id.map(|id| (id, code)));
            }
        })?;
        formats.xml = xml;
        if formats.cells.items.is_empty() {
            return Err(EditError::Damaged("it has no cell formats".to_owned()));
        }
        Ok(formats)
    }

    /// The number format of a cell format, in Excel's words.
    pub(super) fn number_format(&self, style: u32) -> String {
        let id = self
            .cells
            .items
            .get(style as usize)
            .and_then(|xf| first_tag(xf, |tag| attribute(tag, "numFmtId")))
            .and_then(|id| id.parse::<u32>().ok())
            .unwrap_or(0);
        let own = self.numbers.iter().find(|(number, _)| *number == id);
        own.map(|(_, code)| code.clone())
            .or_else(|| {
                BUILT_IN
                    .iter()
                    .find(|(number, _)| *number == id)
                    .map(|(_, code)| (*code).to_owned())
            })
            .unwrap_or_else(|| "General".to_owned())
    }

    /// The format like `base` that shows a date: `base` itself if it does.
    pub(super) fn for_date(&mut self, base: u32, kind: DateKind) -> Result<u32, NodeError> {
        if super::styles::shows_dates(&self.number_format(base)) {
            return Ok(base);
        }
        let code = match kind {
            DateKind::Date => "m/d/yyyy",
            DateKind::DateTime => "m/d/yyyy h:mm",
        };
        let format = Format {
            number_format: Some(code.to_owned()),
            ..Format::default()
        };
        self.with(base, &format, usize::MAX - kind as usize)
    }

    /// The format like `base` with `format` on top; `key` tells formats apart.
    pub(super) fn with(
        &mut self,
        base: u32,
        format: &Format,
        key: usize,
    ) -> Result<u32, NodeError> {
        if format.is_empty() {
            return Ok(base);
        }
        if let Some(known) = self.known.get(&(base, key)) {
            return Ok(*known);
        }
        let like = self
            .cells
            .items
            .get(base as usize)
            .or_else(|| self.cells.items.first())
            .cloned()
            .unwrap_or_default();
        let changed = self
            .cell_format(&like, format)
            .map_err(|error| match error {
                EditError::Node(error) => error,
                error => NodeError::invalid(format!("the workbook's formats: {error}")),
            })?;
        let style = self.cells.index(changed) as u32;
        self.known.insert((base, key), style);
        Ok(style)
    }

    fn cell_format(&mut self, like: &str, format: &Format) -> Result<String, EditError> {
        let number = |name| {
            first_tag(like, |tag| attribute(tag, name))
                .and_then(|id| id.parse::<usize>().ok())
                .unwrap_or(0)
        };
        let (font, fill, border) = (number("fontId"), number("fillId"), number("borderId"));
        let mut changes: Vec<(&str, String)> = Vec::new();
        if let Some(code) = &format.number_format {
            changes.push(("numFmtId", self.number_id(code).to_string()));
            changes.push(("applyNumberFormat", "1".to_owned()));
        }
        if let Some(font) = self.font(font, format)? {
            changes.push(("fontId", font.to_string()));
            changes.push(("applyFont", "1".to_owned()));
        }
        if let Some(colour) = &format.fill {
            let p = &self.prefix;
            let xml = match colour.as_str() {
                "none" => format!("<{p}fill><{p}patternFill patternType=\"none\"/></{p}fill>"),
                colour => format!(
                    "<{p}fill><{p}patternFill patternType=\"solid\"><{p}fgColor rgb=\"{}\"/>\
                     <{p}bgColor indexed=\"64\"/></{p}patternFill></{p}fill>",
                    colour_of("fill", colour)?
                ),
            };
            let _ = fill;
            changes.push(("fillId", self.fills.index(xml).to_string()));
            changes.push(("applyFill", "1".to_owned()));
        }
        if let Some(line) = format.border {
            let _ = border;
            let xml = border_xml(&self.prefix, line);
            changes.push(("borderId", self.borders.index(xml).to_string()));
            changes.push(("applyBorder", "1".to_owned()));
        }
        let aligned = format.align.is_some() || format.vertical.is_some() || format.wrap.is_some();
        if aligned {
            changes.push(("applyAlignment", "1".to_owned()));
        }
        let changes: Vec<(&str, Option<&str>)> = changes
            .iter()
            .map(|(name, value)| (*name, Some(value.as_str())))
            .collect();
        let had = like.contains("alignment");
        let alignment = |tag: Option<&quick_xml::events::BytesStart<'_>>, name: String| {
            let tag = tag.map_or_else(
                || quick_xml::events::BytesStart::new(name),
                |tag| tag.clone().into_owned(),
            );
            with_attributes(&tag, &alignment_attributes(format))
        };
        change_elements(
            like,
            |tag, depth| match (local(tag), depth) {
                ("xf", 0) => Change::Replace(with_attributes(tag, &changes)),
                ("alignment", 1) if aligned => Change::Replace(alignment(Some(tag), String::new())),
                _ => Change::Keep,
            },
            |name, depth| {
                (depth == 0 && aligned && !had).then(|| {
                    let tag = alignment(None, prefixed(name, "alignment"));
                    format!("<{}/>", &*tag)
                })
            },
        )
    }

    fn number_id(&mut self, code: &str) -> u32 {
        if let Some((id, _)) = BUILT_IN.iter().find(|(_, known)| *known == code) {
            return *id;
        }
        if let Some((id, _)) = self.numbers.iter().find(|(_, known)| known == code) {
            return *id;
        }
        let next = self
            .numbers
            .iter()
            .map(|(id, _)| id + 1)
            .fold(164, u32::max);
        self.numbers.push((next, code.to_owned()));
        self.new_numbers.push((next, code.to_owned()));
        next
    }

    /// The font like `base` that `format` asks for; `None` if it asks for none.
    fn font(&mut self, base: usize, format: &Format) -> Result<Option<usize>, EditError> {
        let asked = format.bold.is_some()
            || format.italic.is_some()
            || format.underline.is_some()
            || format.strike.is_some()
            || format.font.is_some()
            || format.size.is_some()
            || format.color.is_some();
        if !asked {
            return Ok(None);
        }
        const ORDER: [&str; 15] = [
            "b",
            "i",
            "strike",
            "condense",
            "extend",
            "outline",
            "shadow",
            "u",
            "vertAlign",
            "sz",
            "color",
            "name",
            "family",
            "charset",
            "scheme",
        ];
        let old = self.fonts.items.get(base).cloned().unwrap_or_default();
        let p = self.prefix.clone();
        let mut parts: HashMap<String, String> = HashMap::new();
        for part in children(&old, "font")? {
            if let Some(name) = first_tag(&part, |tag| Some(local(tag).to_owned())) {
                parts.insert(name, part);
            }
        }
        let flags = [
            ("b", format.bold),
            ("i", format.italic),
            ("u", format.underline),
            ("strike", format.strike),
        ];
        for (name, flag) in flags {
            match flag {
                Some(true) => drop(parts.insert(name.to_owned(), format!("<{p}{name}/>"))),
                Some(false) => drop(parts.remove(name)),
                None => {}
            }
        }
        if let Some(size) = format.size {
            parts.insert("sz".to_owned(), format!("<{p}sz val=\"{size}\"/>"));
        }
        if let Some(colour) = &format.color {
            let colour = colour_of("color", colour)?;
            parts.insert("color".to_owned(), format!("<{p}color rgb=\"{colour}\"/>"));
        }
        if let Some(font) = &format.font {
            let font = escaped(font);
            parts.insert("name".to_owned(), format!("<{p}name val=\"{font}\"/>"));
            // A font of the theme would win over the name.
            parts.remove("scheme");
            parts.remove("family");
        }
        let inner: String = ORDER
            .iter()
            .filter_map(|name| parts.get(*name).map(String::as_str))
            .collect();
        Ok(Some(
            self.fonts.index(format!("<{p}font>{inner}</{p}font>")),
        ))
    }

    /// The styles part with the formats that were added; `None` if there are none.
    pub(super) fn changed(&self) -> Result<Option<String>, EditError> {
        let pools = [
            ("fonts", &self.fonts),
            ("fills", &self.fills),
            ("borders", &self.borders),
            ("cellXfs", &self.cells),
        ];
        if pools.iter().all(|(_, pool)| pool.items.len() == pool.old) && self.new_numbers.is_empty()
        {
            return Ok(None);
        }
        let p = &self.prefix;
        let mut numbers = String::new();
        for (id, code) in &self.new_numbers {
            let code = escaped(code);
            // Writing to a text can't fail.
            let _ = write!(
                numbers,
                "<{p}numFmt numFmtId=\"{id}\" formatCode=\"{code}\"/>"
            );
        }
        let number_count = (self.numbers.len()).to_string();
        let has_numbers = !children(&self.xml, "numFmts")?.is_empty();
        let first = std::cell::Cell::new(!has_numbers && !numbers.is_empty());
        change_elements(
            &self.xml,
            |tag, depth| {
                let name = local(tag);
                if depth == 1 && first.replace(false) {
                    return Change::Before(format!(
                        "<{p}numFmts count=\"{number_count}\">{numbers}</{p}numFmts>"
                    ));
                }
                if depth == 1 && name == "numFmts" && !numbers.is_empty() {
                    return Change::Replace(with_attributes(
                        tag,
                        &[("count", Some(&number_count))],
                    ));
                }
                match pools.iter().find(|(pool, _)| depth == 1 && *pool == name) {
                    Some((_, pool)) => Change::Replace(with_attributes(
                        tag,
                        &[("count", Some(&pool.items.len().to_string()))],
                    )),
                    None => Change::Keep,
                }
            },
            |name, depth| {
                let name = without_prefix(name);
                if depth == 1 && name == "numFmts" {
                    return Some(numbers.clone());
                }
                let (_, pool) = pools.iter().find(|(pool, _)| depth == 1 && *pool == name)?;
                Some(pool.items[pool.old..].concat())
            },
        )
        .map(Some)
    }
}

fn alignment_attributes(format: &Format) -> Vec<(&'static str, Option<&'static str>)> {
    let mut attributes = Vec::new();
    if let Some(align) = format.align {
        let word = match align {
            Align::General => "general",
            Align::Left => "left",
            Align::Center => "center",
            Align::Right => "right",
            Align::Justify => "justify",
        };
        attributes.push(("horizontal", Some(word)));
    }
    if let Some(vertical) = format.vertical {
        let word = match vertical {
            Vertical::Top => "top",
            Vertical::Center => "center",
            Vertical::Bottom => "bottom",
        };
        attributes.push(("vertical", Some(word)));
    }
    if let Some(wrap) = format.wrap {
        attributes.push(("wrapText", Some(if wrap { "1" } else { "0" })));
    }
    attributes
}

fn border_xml(p: &str, line: Border) -> String {
    let style = match line {
        Border::None => "",
        Border::Thin => " style=\"thin\"",
        Border::Medium => " style=\"medium\"",
        Border::Thick => " style=\"thick\"",
    };
    let sides: String = ["left", "right", "top", "bottom"]
        .iter()
        .map(|side| match style {
            "" => format!("<{p}{side}/>"),
            style => format!("<{p}{side}{style}><{p}color auto=\"1\"/></{p}{side}>"),
        })
        .collect();
    format!("<{p}border>{sides}<{p}diagonal/></{p}border>")
}

/// A colour as Excel writes it.
fn colour_of(setting: &str, colour: &str) -> Result<String, NodeError> {
    const NAMES: [(&str, &str); 10] = [
        ("black", "000000"),
        ("white", "FFFFFF"),
        ("red", "FF0000"),
        ("green", "008000"),
        ("blue", "0000FF"),
        ("yellow", "FFFF00"),
        ("orange", "FFA500"),
        ("gray", "808080"),
        ("grey", "808080"),
        ("purple", "800080"),
    ];
    let lower = colour.to_lowercase();
    if let Some((_, digits)) = NAMES.iter().find(|(name, _)| *name == lower) {
        return Ok(format!("FF{digits}"));
    }
    let digits = colour.strip_prefix('#').unwrap_or(colour);
    if digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(format!("FF{}", digits.to_uppercase()));
    }
    Err(
        NodeError::invalid(format!("setting `{setting}`: `{colour}` is no colour"))
            .with_help("write it as `#C00000`, or as a name such as `red`"),
    )
}

/// The elements right inside the first `container`, as they stand in the text.
fn children(xml: &str, container: &str) -> Result<Vec<String>, EditError> {
    let mut reader = Reader::from_str(xml);
    let mut found = Vec::new();
    let mut inside = false;
    loop {
        let from = reader.buffer_position() as usize;
        match reader.read_event()? {
            Event::Start(tag) if inside => {
                reader.read_to_end(tag.name())?;
                found.push(xml[from..reader.buffer_position() as usize].to_owned());
            }
            Event::Empty(_) if inside => {
                found.push(xml[from..reader.buffer_position() as usize].to_owned());
            }
            Event::Start(tag) if local(&tag) == container => inside = true,
            Event::End(_) if inside => return Ok(found),
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

fn first_tag<T>(
    xml: &str,
    look: impl FnOnce(&quick_xml::events::BytesStart<'_>) -> Option<T>,
) -> Option<T> {
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) | Event::Empty(tag) => return look(&tag),
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// The number formats that every workbook has.
const BUILT_IN: [(u32, &str); 27] = [
    (0, "General"),
    (1, "0"),
    (2, "0.00"),
    (3, "#,##0"),
    (4, "#,##0.00"),
    (9, "0%"),
    (10, "0.00%"),
    (11, "0.00E+00"),
    (12, "# ?/?"),
    (13, "# ??/??"),
    (14, "m/d/yyyy"),
    (15, "d-mmm-yy"),
    (16, "d-mmm"),
    (17, "mmm-yy"),
    (18, "h:mm AM/PM"),
    (19, "h:mm:ss AM/PM"),
    (20, "h:mm"),
    (21, "h:mm:ss"),
    (22, "m/d/yyyy h:mm"),
    (37, "#,##0;(#,##0)"),
    (38, "#,##0;[Red](#,##0)"),
    (39, "#,##0.00;(#,##0.00)"),
    (40, "#,##0.00;[Red](#,##0.00)"),
    (45, "mm:ss"),
    (46, "[h]:mm:ss"),
    (47, "mm:ss.0"),
    (49, "@"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = "<styleSheet><fonts count=\"1\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font></fonts>\
        <fills count=\"1\"><fill><patternFill patternType=\"none\"/></fill></fills>\
        <borders count=\"1\"><border/></borders>\
        <cellXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\"/></cellXfs></styleSheet>";

    #[test]
    fn a_format_is_put_on_top_of_the_one_a_cell_has() {
        let mut formats = Formats::read(XML.to_owned()).unwrap();
        let bold = Format {
            bold: Some(true),
            number_format: Some("0.0 kg".to_owned()),
            wrap: Some(true),
            ..Format::default()
        };

        assert_eq!(formats.with(0, &bold, 0).unwrap(), 1);
        assert_eq!(formats.with(0, &bold, 0).unwrap(), 1);

        let changed = formats.changed().unwrap().unwrap();
        for expected in [
            "<styleSheet><numFmts count=\"1\"><numFmt numFmtId=\"164\" formatCode=\"0.0 kg\"/></numFmts>",
            "<font><b/><sz val=\"11\"/><name val=\"Calibri\"/></font></fonts>",
            "<xf numFmtId=\"164\" fontId=\"1\" applyNumberFormat=\"1\" applyFont=\"1\" \
             applyAlignment=\"1\"><alignment wrapText=\"1\"/></xf></cellXfs>",
        ] {
            assert!(changed.contains(expected), "{changed}");
        }
        assert_eq!(formats.number_format(1), "0.0 kg");
    }

    #[test]
    fn a_colour_is_six_digits_or_a_name() {
        assert_eq!(colour_of("fill", "#c00000").unwrap(), "FFC00000");
        assert_eq!(colour_of("fill", "Red").unwrap(), "FFFF0000");
        assert!(colour_of("fill", "reddish").is_err());
    }
}
