//! The tables of a sheet: their titles are theirs, and they grow with what is appended.

use casare_engine::NodeError;

use super::address::{Area, CellAddress};
use crate::ooxml::{
    package::Package,
    xml::{Change, EditError, attribute, change_elements, each_element, local, with_attributes},
};

/// A table: an area of a sheet whose columns have names.
#[derive(Debug)]
pub(super) struct Table {
    name: String,
    part: String,
    pub(super) area: Area,
    columns: Vec<String>,
    has_titles: bool,
    has_totals: bool,
}

impl Table {
    /// The tables that a sheet's part refers to by `ids`.
    pub(super) fn of_sheet(
        package: &mut Package,
        sheet_part: &str,
        ids: &[String],
    ) -> Result<Vec<Self>, NodeError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let relations = package.relations(sheet_part)?;
        let parts = relations
            .into_iter()
            .filter(|relation| ids.contains(&relation.id))
            .map(|relation| relation.target);
        Self::of_parts(package, parts)
    }

    /// All tables that a sheet's part refers to.
    pub(super) fn all_of_sheet(
        package: &mut Package,
        sheet_part: &str,
    ) -> Result<Vec<Self>, NodeError> {
        let relations = package.relations(sheet_part)?;
        let parts = relations
            .into_iter()
            .filter(|relation| relation.kind == "table")
            .map(|relation| relation.target);
        Self::of_parts(package, parts)
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn of_parts(
        package: &mut Package,
        parts: impl Iterator<Item = String>,
    ) -> Result<Vec<Self>, NodeError> {
        let mut tables = Vec::new();
        for part in parts {
            let text = package.text(&part)?;
            let table = Self::read(part, &text).map_err(|error| {
                NodeError::invalid(format!("a table of the sheet can't be read: {error}"))
            })?;
            tables.extend(table);
        }
        Ok(tables)
    }

    fn read(part: String, xml: &str) -> Result<Option<Self>, EditError> {
        let mut found: Option<Self> = None;
        each_element(xml, |tag| match local(tag) {
            "table" => {
                let name = attribute(tag, "displayName").or_else(|| attribute(tag, "name"));
                let area = attribute(tag, "ref").and_then(|area| Area::parse(&area));
                let number = |name| attribute(tag, name).and_then(|number| number.parse().ok());
                found = area.map(|area| Self {
                    name: name.unwrap_or_default(),
                    part: part.clone(),
                    area,
                    columns: Vec::new(),
                    has_titles: number("headerRowCount").unwrap_or(1_u32) > 0,
                    has_totals: number("totalsRowCount").unwrap_or(0_u32) > 0,
                });
            }
            "tableColumn" => {
                if let (Some(table), Some(name)) = (&mut found, attribute(tag, "name")) {
                    table.columns.push(name);
                }
            }
            _ => {}
        })?;
        Ok(found)
    }

    /// Refuses to put `text` over a title: the file would count as damaged.
    pub(super) fn check_title(&self, at: CellAddress, text: Option<&str>) -> Result<(), NodeError> {
        if !self.has_title_at(at) {
            return Ok(());
        }
        let title = self
            .columns
            .get((at.column - self.area.first.column) as usize);
        match title {
            Some(title) if text != Some(title) => Err(NodeError::conflict(format!(
                "cell {at} holds the title `{title}` of the table `{}`, which can't be changed",
                self.name
            ))
            .permanent()
            .with_help("write below the titles, with `header: false` or `mode: append`")),
            _ => Ok(()),
        }
    }

    /// Whether one of its titles stands there.
    pub(super) fn has_title_at(&self, at: CellAddress) -> bool {
        self.has_titles && at.row == self.area.first.row && self.area.contains(at)
    }

    /// Refuses to append to a table that ends in a row of totals.
    pub(super) fn check_room(&self, first_row: u32) -> Result<(), NodeError> {
        if self.has_totals && first_row == self.area.last.row + 1 {
            return Err(NodeError::conflict(format!(
                "rows can't be appended to the table `{}`: it ends in a row of totals",
                self.name
            ))
            .permanent()
            .with_help(
                "switch the row of totals off in Excel, or write to another place with `cell`",
            ));
        }
        Ok(())
    }

    /// Whether rows from `first` on continue the table.
    fn is_continued_at(&self, first: CellAddress) -> bool {
        first.row == self.area.last.row + 1
            && (self.area.first.column..=self.area.last.column).contains(&first.column)
    }

    /// Lets the table reach down to `last_row` if rows from `first` on continue it.
    pub(super) fn grow(
        &self,
        package: &mut Package,
        first: CellAddress,
        last_row: u32,
    ) -> Result<(), NodeError> {
        if self.has_totals || !self.is_continued_at(first) {
            return Ok(());
        }
        let grown = |area: Area| Area {
            last: CellAddress {
                row: last_row,
                ..area.last
            },
            ..area
        };
        let text = package.text(&self.part)?;
        let changed = change_elements(
            &text,
            |tag, depth| match (local(tag), depth) {
                ("table", 0) | ("autoFilter", 1) => {
                    match attribute(tag, "ref").and_then(|area| Area::parse(&area)) {
                        Some(area) => {
                            let area = grown(area).to_string();
                            Change::Replace(with_attributes(tag, &[("ref", Some(&area))]))
                        }
                        None => Change::Keep,
                    }
                }
                _ => Change::Keep,
            },
            |_, _| None,
        )
        .map_err(|error| {
            NodeError::invalid(format!(
                "the table `{}` can't be changed: {error}",
                self.name
            ))
        })?;
        package.change(&self.part, changed);
        Ok(())
    }
}
