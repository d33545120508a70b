//! The sheets of a workbook: finding them, adding one.

use std::path::Path;

use casare_engine::NodeError;

use crate::ooxml::{
    package::{CONTENT_TYPES, Kind, Package, relations_of, resolve},
    xml::{
        Change, EditError, attribute, change_elements, each_element, escaped, local, prefixed,
        with_attributes, without_prefix,
    },
};

const WORKSHEET_TYPE: &str =
    "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml";
const RELATIONSHIP: &str =
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet";
const BLANK_SHEET: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
    <worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">\
    <sheetData/></worksheet>";

/// A sheet of a workbook: its name and where its content is.
#[derive(Debug, Clone)]
pub(super) struct SheetPart {
    pub(super) name: String,
    pub(super) part: String,
    /// A sheet can be a chart and nothing else.
    pub(super) has_cells: bool,
    pub(super) visibility: Visibility,
}

/// Whether a sheet is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Visibility {
    Shown,
    Hidden,
}

/// What is known of a workbook.
pub(super) struct WorkbookParts {
    /// The sheets, in order.
    pub(super) sheets: Vec<SheetPart>,
    pub(super) styles: Option<String>,
    pub(super) from_1904: bool,
    pub(super) part: String,
    calculation: Option<String>,
}

impl WorkbookParts {
    /// Whether there is a sheet of that name.
    pub(super) fn has_sheet(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        self.sheets
            .iter()
            .any(|sheet| sheet.name.to_lowercase() == name)
    }
}

/// A new workbook with one empty sheet, to be kept at `path`.
pub(super) fn blank(path: &Path, sheet: &str) -> Result<Package, NodeError> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let content = workbook
        .add_worksheet()
        .set_name(sheet)
        .map(|_| ())
        .and_then(|()| workbook.save_to_buffer())
        .map_err(|error| {
            NodeError::invalid(format!("a sheet can't be called `{sheet}`: {error}"))
        })?;
    Package::of_content(content, path, Kind::Workbook)
}

fn failed_on(path: &Path) -> impl Fn(EditError) -> NodeError + use<> {
    let path = path.to_owned();
    move |error| {
        NodeError::invalid(format!("{} can't be changed: {error}", path.display()))
            .with_help("the file may be damaged; open it in Excel and save it anew")
    }
}

impl Package {
    /// The workbook's sheets and what they share.
    pub(super) fn workbook(&mut self) -> Result<WorkbookParts, NodeError> {
        let root = self.relations("")?;
        let part = root
            .into_iter()
            .find(|relation| relation.kind == "officeDocument")
            .map(|relation| relation.target)
            .ok_or_else(|| self.damaged("it has no workbook inside"))?;
        let text = self.text(&part)?;
        let relations = self.relations(&part)?;
        let of_kind = |kind: &str| {
            relations
                .iter()
                .find(|relation| relation.kind == kind)
                .map(|relation| relation.target.clone())
        };
        let mut sheets = Vec::new();
        let mut from_1904 = false;
        each_element(&text, |tag| match local(tag) {
            "sheet" => {
                let id = attribute_of_relation(tag);
                let relation = relations
                    .iter()
                    .find(|relation| Some(&relation.id) == id.as_ref());
                if let (Some(relation), Some(name)) = (relation, attribute(tag, "name")) {
                    sheets.push(SheetPart {
                        name,
                        part: relation.target.clone(),
                        has_cells: relation.kind == "worksheet",
                        visibility: match attribute(tag, "state").as_deref() {
                            None | Some("visible") => Visibility::Shown,
                            Some(_) => Visibility::Hidden,
                        },
                    });
                }
            }
            "workbookPr" => {
                from_1904 =
                    attribute(tag, "date1904").is_some_and(|flag| flag == "1" || flag == "true");
            }
            _ => {}
        })
        .map_err(|error| self.damaged(&format!("{part}: {error}")))?;
        Ok(WorkbookParts {
            sheets,
            styles: of_kind("styles"),
            calculation: of_kind("calcChain"),
            from_1904,
            part,
        })
    }

    /// Adds an empty sheet called `name`.
    pub(super) fn add_sheet(
        &mut self,
        workbook: &WorkbookParts,
        name: &str,
    ) -> Result<SheetPart, NodeError> {
        // The writer of new workbooks knows what a sheet may be called.
        blank(&self.path, name)?;
        let folder = workbook
            .part
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder);
        let free = (1..).find_map(|number| {
            let part = resolve(&workbook.part, &format!("worksheets/sheet{number}.xml"));
            (!self.has(&part)).then_some((number, part))
        });
        let (number, part) = free.unwrap_or((0, format!("{folder}/worksheets/sheet.xml")));
        let text = self.text(&workbook.part)?;
        let mut sheet_id = 0;
        let mut relation_prefix = "r".to_owned();
        // Some programs say what the prefix stands for in each sheet's own tag.
        let mut namespace = String::new();
        let failed = failed_on(&self.path);
        each_element(&text, |tag| {
            if local(tag) == "sheet" {
                let id = attribute(tag, "sheetId")
                    .and_then(|id| id.parse().ok())
                    .unwrap_or(0);
                sheet_id = sheet_id.max(id);
                let key = tag
                    .attributes()
                    .with_checks(false)
                    .flatten()
                    .find_map(|found| found.key.0.strip_suffix(":id").map(str::to_owned));
                relation_prefix = key.unwrap_or_else(|| relation_prefix.clone());
                let named = format!("xmlns:{relation_prefix}");
                for own in tag.attributes().with_checks(false).flatten() {
                    if own.key.0 == named {
                        namespace = format!(" {named}=\"{}\"", own.value);
                    }
                }
            }
        })
        .map_err(&failed)?;
        let relation = format!("casareSheet{number}");
        let text = change_elements(
            &text,
            |_, _| Change::Keep,
            |element, depth| {
                (depth == 1 && without_prefix(element) == "sheets").then(|| {
                    format!(
                        "<{}{namespace} name=\"{}\" sheetId=\"{}\" {relation_prefix}:id=\"{relation}\"/>",
                        prefixed(element, "sheet"),
                        escaped(name),
                        sheet_id + 1
                    )
                })
            },
        )
        .map_err(failed)?;
        self.change(&workbook.part, text);
        self.add_at_end(
            &relations_of(&workbook.part),
            "Relationship",
            &format!("Id=\"{relation}\" Type=\"{RELATIONSHIP}\" Target=\"/{part}\""),
        )?;
        self.add_at_end(
            CONTENT_TYPES,
            "Override",
            &format!("PartName=\"/{part}\" ContentType=\"{WORKSHEET_TYPE}\""),
        )?;
        self.change(&part, BLANK_SHEET.to_owned());
        Ok(SheetPart {
            name: name.to_owned(),
            part,
            has_cells: true,
            visibility: Visibility::Shown,
        })
    }

    /// Has Excel compute all formulas when it opens the workbook: what they refer to has changed.
    ///
    /// The order in which Excel computed them last goes as well: it would name cells that may hold
    /// no formula any more, which Excel takes for damage. It makes a new one.
    pub(super) fn compute_when_opened(
        &mut self,
        workbook: &WorkbookParts,
    ) -> Result<(), NodeError> {
        const AFTER: [&str; 9] = [
            "oleSize",
            "customWorkbookViews",
            "pivotCaches",
            "smartTagPr",
            "smartTagTypes",
            "webPublishing",
            "fileRecoveryPr",
            "webPublishObjects",
            "extLst",
        ];
        let text = self.text(&workbook.part)?;
        let failed = failed_on(&self.path);
        let mut found = false;
        each_element(&text, |tag| found |= local(tag) == "calcPr").map_err(&failed)?;
        let missing = std::cell::Cell::new(!found);
        let element = |like: &str| format!("<{} fullCalcOnLoad=\"1\"/>", prefixed(like, "calcPr"));
        let text = change_elements(
            &text,
            |tag, depth| match local(tag) {
                "calcPr" if depth == 1 => {
                    Change::Replace(with_attributes(tag, &[("fullCalcOnLoad", Some("1"))]))
                }
                name if depth == 1 && AFTER.contains(&name) && missing.replace(false) => {
                    Change::Before(element(tag.name().0))
                }
                _ => Change::Keep,
            },
            |name, depth| (depth == 0 && missing.replace(false)).then(|| element(name)),
        )
        .map_err(failed)?;
        self.change(&workbook.part, text);
        let Some(chain) = &workbook.calculation else {
            return Ok(());
        };
        self.removed.insert(chain.clone());
        let base = workbook.part.clone();
        self.remove_where(&relations_of(&workbook.part), "Target", |target| {
            resolve(&base, target) == *chain
        })?;
        self.remove_where(CONTENT_TYPES, "PartName", |name| {
            name.trim_start_matches('/') == chain
        })
    }
}

/// The `r:id` of a tag; its own `id` is another thing.
pub(super) fn attribute_of_relation(tag: &quick_xml::events::BytesStart<'_>) -> Option<String> {
    tag.attributes()
        .with_checks(false)
        .flatten()
        .find_map(|found| {
            found
                .key
                .0
                .ends_with(":id")
                .then(|| {
                    found
                        .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                        .ok()
                        .map(std::borrow::Cow::into_owned)
                })
                .flatten()
        })
}
