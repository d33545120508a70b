//! A workbook that is going to be changed.

use std::{cell::RefCell, path::Path, rc::Rc};

use casare_engine::NodeError;
use casare_workflow::Any;

use super::{
    address::Area,
    edit::Guard,
    formats::Formats,
    patch::{self, Patch},
    scan,
    sheet_parts::{SheetPart, WorkbookParts},
    tables::Table,
    target::Target,
    write::{check_kind, sheet_of},
};
use crate::ooxml::{
    package::{Kind, Package},
    xml::EditError,
};

/// An open workbook with its formats.
pub(super) struct Book {
    pub(super) package: Package,
    pub(super) parts: WorkbookParts,
    pub(super) formats: Rc<RefCell<Formats>>,
}

impl Book {
    /// Opens the workbook at `path`.
    pub(super) fn open(path: &Path) -> Result<Self, NodeError> {
        check_kind(path, false)?;
        let mut package = Package::open(path, Kind::Workbook)?.to_be_changed()?;
        let parts = package.workbook()?;
        let formats = match &parts.styles {
            Some(part) => Formats::read(package.text(part)?)
                .map_err(|error| package.damaged(&format!("its formats: {error}")))?,
            None => Formats::default(),
        };
        Ok(Self {
            package,
            parts,
            formats: Rc::new(RefCell::new(formats)),
        })
    }

    /// The sheet and the cells that settings mean.
    pub(super) fn target(
        &mut self,
        sheet: Option<&Any>,
        range: Option<&str>,
    ) -> Result<(SheetPart, Target), NodeError> {
        let path = self.package.path.clone();
        let target = Target::of_file(&path, sheet, range)?;
        let name = Any(target.sheet.as_str().into());
        let sheet = sheet_of(&mut self.package, &self.parts, Some(&name), false, &path)?;
        Ok((sheet, target))
    }

    /// What must not be overwritten in a sheet, and the area that its cells take.
    pub(super) fn guard(&mut self, sheet: &SheetPart) -> Result<Guard, NodeError> {
        let path = self.package.path.clone();
        let scan = scan::scan(self.package.reader(&sheet.part)?)
            .map_err(|error| damaged(&path, &sheet.name, &error))?;
        Ok(Guard {
            merged: scan.merged,
            arrays: scan.arrays,
            tables: Table::of_sheet(&mut self.package, &sheet.part, &scan.tables)?,
        })
    }

    /// Changes a sheet and writes the workbook; formulas are computed anew if `values` change.
    pub(super) fn save(
        self,
        sheet: &SheetPart,
        values: bool,
        patch: Patch<'_>,
    ) -> Result<(), NodeError> {
        let Self {
            mut package,
            parts,
            formats,
        } = self;
        if values {
            package.compute_when_opened(&parts)?;
        }
        package.save_edited(
            &sheet.part,
            |xml, out| patch::run(patch, xml, out),
            |package, ()| {
                let changed = formats
                    .borrow()
                    .changed()
                    .map_err(|error| package.damaged(&format!("its formats: {error}")))?;
                if let (Some(part), Some(text)) = (&parts.styles, changed) {
                    package.change(part, text);
                }
                Ok(())
            },
        )
    }
}

pub(super) fn damaged(path: &Path, sheet: &str, error: &EditError) -> NodeError {
    NodeError::invalid(format!("{}, sheet `{sheet}`: {error}", path.display()))
        .with_help("the file may be damaged; open it in Excel and save it anew")
}

/// Whether an area reaches to the end of the sheet, down or to the right.
pub(super) fn is_open(area: &Area) -> (bool, bool) {
    (
        area.last.row + 1 == super::address::ROWS,
        area.last.column + 1 == super::address::COLUMNS,
    )
}
