use std::{collections::BTreeMap, fs::File, io::Read as _, path::PathBuf};

use calamine::{Data, Reader as _, Xlsx, open_workbook};
use casare_engine::ErrorKind;
use casare_workflow::value::{from_json, read_settings};
use rust_xlsxwriter::{Chart, DataValidation, Format, Formula, Table, Workbook, Worksheet};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::*;

/// A workbook to write into.
struct Book {
    _folder: TempDir,
    path: PathBuf,
}

impl Book {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("book.xlsx");
        Self {
            _folder: folder,
            path,
        }
    }

    fn with(fill: impl FnOnce(&mut Worksheet)) -> Self {
        let book = Self::new();
        let mut workbook = Workbook::new();
        fill(workbook.add_worksheet().set_name("Data").unwrap());
        workbook
            .add_worksheet()
            .set_name("Other")
            .unwrap()
            .write(0, 0, "untouched")
            .unwrap();
        workbook.save(&book.path).unwrap();
        book
    }

    fn write(&self, mut settings: Json) -> Result<Written, NodeError> {
        settings["path"] = "book.xlsx".into();
        let settings = read_settings(from_json(&settings)).unwrap();
        write_sheet(&self.path, &settings, &Cancel::default())
    }

    /// The sheet's cells that hold something, as texts.
    fn cells(&self, sheet: &str) -> Vec<Vec<String>> {
        let mut workbook: Xlsx<_> = open_workbook(&self.path).unwrap();
        let cells = workbook.worksheet_range(sheet).unwrap();
        cells
            .rows()
            .map(|row| {
                row.iter()
                    .map(|cell| match cell {
                        Data::DateTime(moment) => super::super::dates::iso(moment),
                        cell => cell.to_string(),
                    })
                    .collect()
            })
            .collect()
    }

    fn formula(&self, row: u32, column: u32) -> Option<String> {
        let mut workbook: Xlsx<_> = open_workbook(&self.path).unwrap();
        let formulas = workbook.worksheet_formula("Data").unwrap();
        formulas.get_value((row, column)).cloned()
    }

    fn parts(&self) -> BTreeMap<String, Vec<u8>> {
        let mut archive = zip::ZipArchive::new(File::open(&self.path).unwrap()).unwrap();
        (0..archive.len())
            .map(|index| {
                let mut part = archive.by_index(index).unwrap();
                let mut content = Vec::new();
                part.read_to_end(&mut content).unwrap();
                (part.name().unwrap().into_owned(), content)
            })
            .collect()
    }

    fn part(&self, name: &str) -> String {
        String::from_utf8(self.parts()[name].clone()).unwrap()
    }
}

#[test]
fn a_new_workbook_holds_what_was_written() {
    let book = Book::new();

    let written = book
        .write(json!({
            "sheet": "Staff",
            "cell": "B2",
            "rows": [
                { "Name": "Ada & Bo", "Age": 36, "Born": "1915-12-10", "Paid": true, "Sum": "=1+1" },
                { "Name": null, "Age": 1.5, "Born": "2026-03-01T08:30:00", "Paid": false, "Sum": "x" },
            ],
        }))
        .unwrap();

    assert_eq!(
        (written.count, written.range.as_deref()),
        (2, Some("B2:F4"))
    );
    assert_eq!(
        book.cells("Staff"),
        [
            ["Name", "Age", "Born", "Paid", "Sum"],
            ["Ada & Bo", "36", "1915-12-10", "true", "=1+1"],
            ["", "1.5", "2026-03-01T08:30:00", "false", "x"],
        ]
    );
}

#[test]
fn an_edit_leaves_every_other_part_of_the_file_as_it_was() {
    let book = Book::with(|sheet| {
        let money = Format::new().set_bold().set_num_format("#,##0.00");
        sheet.write_row(0, 0, ["Item", "Price", "Twice"]).unwrap();
        for row in 1..4_u32 {
            sheet.write(row, 0, format!("item {row}")).unwrap();
            sheet.write_with_format(row, 1, row, &money).unwrap();
            sheet
                .write(row, 2, Formula::new(format!("=B{0}*2", row + 1)))
                .unwrap();
        }
        sheet.merge_range(5, 0, 5, 2, "a note", &money).unwrap();
        sheet
            .add_data_validation(
                1,
                0,
                3,
                0,
                &DataValidation::new()
                    .allow_list_strings(&["a", "b"])
                    .unwrap(),
            )
            .unwrap();
        let mut chart = Chart::new_column();
        chart.add_series().set_values("Data!$B$2:$B$4");
        sheet.insert_chart(8, 0, &chart).unwrap();
        sheet.set_column_width(0, 33).unwrap();
    });
    let before = book.parts();

    let written = book
        .write(json!({ "sheet": "data", "cell": "B3", "header": false, "rows": [[20], [30.5]] }))
        .unwrap();

    assert_eq!(written.range.as_deref(), Some("B3:B4"));
    let after = book.parts();
    let changed: Vec<&str> = before
        .iter()
        .filter(|(name, content)| after.get(*name) != Some(content))
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(changed, ["xl/worksheets/sheet1.xml"]);
    assert_eq!(before.len(), after.len());
    assert!(
        book.part("xl/workbook.xml")
            .contains("fullCalcOnLoad=\"1\"")
    );
    let xml = book.part("xl/worksheets/sheet1.xml");
    assert!(
        xml.contains("<c r=\"B3\" s=\"1\"><v>20</v></c>"),
        "the format stays: {xml}"
    );
    assert!(xml.contains("<mergeCell ref=\"A6:C6\"/>") && xml.contains("<dataValidation "));
    assert_eq!(book.formula(2, 2).as_deref(), Some("B3*2"));
    assert_eq!(book.cells("Data")[3][..2], ["item 3", "30.5"]);
    assert_eq!(book.cells("Other"), [["untouched"]]);
}

#[test]
fn appended_rows_go_below_in_the_order_of_the_titles_with_the_format_above() {
    let book = Book::with(|sheet| {
        let day = Format::new().set_num_format("dd.mm.yyyy");
        sheet.write_row(0, 0, ["Day", "Sum"]).unwrap();
        sheet.write_with_format(1, 0, 46082, &day).unwrap();
        sheet.write(1, 1, 5).unwrap();
        // Formatted but empty: no data.
        sheet.write_blank(9, 0, &day).unwrap();
    });

    let written = book
        .write(json!({ "mode": "append", "rows": [{ "Sum": 7, "Day": "2026-03-02" }, { "Day": "soon" }] }))
        .unwrap();

    assert_eq!(written.range.as_deref(), Some("A3:B4"));
    let rows = book.cells("Data");
    assert_eq!(
        rows[1..4],
        [["2026-03-01", "5"], ["2026-03-02", "7"], ["soon", ""]]
    );
    assert!(
        book.part("xl/worksheets/sheet1.xml")
            .contains("<c r=\"A3\" s=\"1\"><v>46083</v></c>")
    );
    let error = book
        .write(json!({ "mode": "append", "rows": [{ "Summ": 7 }] }))
        .unwrap_err();
    assert!(
        error.help().unwrap().contains("did you mean `Sum`"),
        "{error}"
    );
}

#[test]
fn a_table_grows_with_what_is_appended_and_keeps_its_titles() {
    let book = Book::with(|sheet| {
        sheet.write_row(0, 0, ["Name", "Age"]).unwrap();
        sheet.write_row_matrix(1, 0, [["Ada"], ["Bo"]]).unwrap();
        sheet.add_table(0, 0, 2, 1, &Table::new()).unwrap();
    });

    let error = book
        .write(json!({ "rows": [["Other"]], "header": false }))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);

    let rows = json!([{ "Name": "Cy", "Age": 1 }, { "Name": "Di", "Age": 2 }]);
    book.write(json!({ "mode": "append", "rows": rows }))
        .unwrap();

    let table = book.part("xl/tables/table1.xml");
    assert!(
        table.contains("ref=\"A1:B5\"") && !table.contains("A1:B3"),
        "{table}"
    );
    assert_eq!(book.cells("Data")[4], ["Di", "2"]);
    book.write(json!({ "mode": "replace", "cell": "A2", "header": false, "rows": [["Ed", 3]] }))
        .unwrap();
    assert_eq!(book.cells("Data"), [["Name", "Age"], ["Ed", "3"]]);
}

#[test]
fn what_merging_and_array_formulas_would_swallow_is_refused() {
    let book = Book::with(|sheet| {
        sheet
            .merge_range(0, 0, 0, 2, "title", &Format::new())
            .unwrap();
        sheet.write_array_formula(2, 0, 4, 0, "=B3:B5*2").unwrap();
    });
    let before = std::fs::read(&book.path).unwrap();
    let refused = |cell: &str| {
        let error = book
            .write(json!({ "cell": cell, "header": false, "rows": [["x"]] }))
            .unwrap_err();
        error.message().to_owned()
    };

    assert_eq!(
        refused("B1"),
        "cell B1 lies inside the merged cells A1:C1: what is written there is not shown"
    );
    assert_eq!(
        refused("A4"),
        "cell A4 belongs to the formula that fills A3:A5, which can't be changed in part"
    );
    assert_eq!(
        std::fs::read(&book.path).unwrap(),
        before,
        "the file is as it was"
    );
    assert!(
        book.write(json!({ "cell": "A1", "header": false, "rows": [["new", null]] }))
            .is_ok()
    );
}

#[test]
fn a_sheet_is_added_or_missed_as_asked() {
    let book = Book::with(|_| ());

    let error = book
        .write(json!({ "sheet": "Datta", "create": false, "rows": [[1]] }))
        .unwrap_err();
    assert_eq!(error.help(), Some("did you mean `Data`?"));
    book.write(json!({ "sheet": "R&D", "rows": [[1]] }))
        .unwrap();

    assert_eq!(book.cells("R&D"), [["1"]]);
    assert_eq!(book.cells("Other"), [["untouched"]]);
    assert!(
        book.write(json!({ "sheet": "a/b", "rows": [[1]] }))
            .is_err()
    );
}

#[test]
fn replacing_empties_the_other_cells_and_keeps_their_formats() {
    let book = Book::with(|sheet| {
        sheet
            .write_with_format(0, 0, "old", &Format::new().set_bold())
            .unwrap();
        sheet.write(7, 7, "old").unwrap();
    });

    book.write(json!({ "mode": "replace", "cell": "B1", "header": false, "rows": [["new"]] }))
        .unwrap();

    assert_eq!(book.cells("Data"), [["new"]]);
    assert!(
        book.part("xl/worksheets/sheet1.xml")
            .contains("<c r=\"A1\" s=\"1\"/><c r=\"B1\"")
    );
}

#[test]
fn a_sheet_that_is_a_chart_counts_but_has_no_cells() {
    let book = Book::new();
    let mut workbook = Workbook::new();
    workbook
        .add_worksheet()
        .set_name("Data")
        .unwrap()
        .write(0, 0, 1)
        .unwrap();
    let mut chart = Chart::new_column();
    chart.add_series().set_values("Data!$A$1");
    workbook
        .add_chartsheet()
        .set_name("Chart")
        .unwrap()
        .insert_chart(0, 0, &chart)
        .unwrap();
    workbook.add_worksheet().set_name("Last").unwrap();
    workbook.save(&book.path).unwrap();

    let error = book
        .write(json!({ "sheet": 2, "rows": [[1]] }))
        .unwrap_err();
    book.write(json!({ "sheet": 3, "rows": [["here"]] }))
        .unwrap();

    assert!(
        error
            .message()
            .ends_with("is a chart, and has no cells to write to"),
        "{error}"
    );
    assert_eq!(book.cells("Last"), [["here"]]);
}

/// A sheet as other programs write it: prefixed names, rows and cells without addresses, a formula
/// that several cells share.
const SHARED: &str = "<?xml version=\"1.0\"?><x:worksheet xmlns:x=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\">\
    <x:sheetData><x:row><x:c><x:v>1</x:v></x:c><x:c><x:f t=\"shared\" ref=\"B1:B3\" si=\"0\">A1*2&amp;\"\"</x:f><x:v>2</x:v></x:c></x:row>\
    <x:row><x:c><x:v>2</x:v></x:c><x:c><x:f t=\"shared\" si=\"0\"/><x:v>4</x:v></x:c></x:row>\
    <x:row r=\"3\" spans=\"1:2\"><x:c r=\"B3\" s=\"5\"><x:f t=\"shared\" si=\"0\"/></x:c></x:row></x:sheetData></x:worksheet>";

#[test]
fn cells_that_shared_an_overwritten_formula_get_their_own() {
    let edit = SheetEdit {
        rows: vec![Ok(vec![Value::from("x")])].into_iter(),
        first: CellAddress { row: 0, column: 1 },
        empty_others: false,
        taking: Taking {
            formulas: false,
            dates: false,
            from_1904: false,
        },
        guard: Guard::default(),
        styles: Styles::default(),
        style_hints: BTreeMap::new(),
    };
    let mut out = Vec::new();

    edit.run(SHARED.as_bytes(), &mut out).unwrap();

    let out = String::from_utf8(out).unwrap();
    let data = &out[out.find("<x:row").unwrap()..out.find("</x:sheetData>").unwrap()];
    assert_eq!(
        data,
        "<x:row r=\"1\"><x:c r=\"A1\"><x:v>1</x:v></x:c><x:c r=\"B1\" t=\"inlineStr\"><x:is>\
         <x:t xml:space=\"preserve\">x</x:t></x:is></x:c></x:row>\
         <x:row r=\"2\"><x:c r=\"A2\"><x:v>2</x:v></x:c><x:c r=\"B2\"><x:f>A2*2&amp;&quot;&quot;</x:f></x:c></x:row>\
         <x:row r=\"3\"><x:c r=\"B3\" s=\"5\"><x:f>A3*2&amp;&quot;&quot;</x:f></x:c></x:row>"
    );
}

#[test]
fn files_that_are_no_workbooks_are_told_apart() {
    let book = Book::new();
    let told = |content: &[u8]| {
        std::fs::write(&book.path, content).unwrap();
        book.write(json!({ "rows": [[1]] })).unwrap_err()
    };

    assert!(
        told(b"PK\x03\x04 cut off")
            .message()
            .contains("is no .xlsx workbook, or is damaged")
    );
    assert_eq!(
        told(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1").kind(),
        ErrorKind::Denied
    );
    assert_eq!(
        check_kind(&book.path.with_extension("ods"), true)
            .unwrap_err()
            .kind(),
        ErrorKind::Invalid
    );
}
