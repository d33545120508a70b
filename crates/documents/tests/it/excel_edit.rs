//! Changes to a workbook with formats, formulas, a chart, a table, names and merged cells.
//!
//! The tests with LibreOffice are run by hand, as it takes long to install:
//! `apt-get install libreoffice-calc libreoffice-writer`, then
//! `cargo nextest run -p casare-documents --run-ignored only`.

use std::process::Command;

use casare_engine::ErrorKind;
use serde_json::json;

use crate::{office, office_with_fixtures};

#[tokio::test]
async fn cells_are_read_with_their_formulas() {
    let outputs = office_with_fixtures()
        .outputs(
            r"
steps:
  - id: total
    use: excel.read_cell
    with: { path: staff.xlsx, cell: C6 }
  - id: ages
    use: excel.read_range
    with: { path: staff.xlsx, range: Ages }
  - id: offices
    use: excel.read
    with: { path: staff.xlsx, range: OfficeList }
  - id: found
    use: excel.find
    with: { path: staff.xlsx, text: LON }
outputs:
  formula: '{{ steps.total.formula }}'
  ages: '{{ steps.ages.rows }}'
  offices: '{{ steps.offices.columns }}'
  found: '{{ steps.found.cells }}'
",
        )
        .await;

    assert_eq!(
        outputs,
        json!({
            "formula": "=SUM(C2:C4)",
            "ages": [[36], [45], [41]],
            "offices": ["City", "People", "Share"],
            "found": [{ "sheet": "Offices", "address": "A2", "row": 2, "column": 1, "value": "London" }],
        })
    );
}

const EDITS: &str = r##"
steps:
  - use: excel.rows
    with: { path: staff.xlsx, sheet: Staff, action: insert, at: 3, count: 2 }
  - use: excel.write_cells
    with:
      path: staff.xlsx
      sheet: Staff
      cells:
        A3: [Edsger, Dijkstra, 50, "2022-01-01"]
        A4: [[Barbara, Liskov, 60, "2022-02-01"]]
        E1: Double
        E2: "=C2*2"
  - use: excel.style
    with:
      path: staff.xlsx
      range: A3:E4
      format: { italic: true, color: "#00B050", fill: "#FFF2CC", border: thin, number_format: "0.00", wrap: true }
      height: 20
  - use: excel.style
    with: { path: staff.xlsx, range: "A:B", format: { align: center }, width: 22 }
  - use: excel.style
    with: { path: staff.xlsx, range: A10:B10, merge: true }
  - use: excel.sheets
    with: { path: staff.xlsx, action: rename, sheet: Staff, name: "Our people" }
  - use: excel.sheets
    with: { path: staff.xlsx, action: copy, sheet: Our people, name: Copy, position: 1 }
  - use: excel.sheets
    with: { path: staff.xlsx, action: add, name: Empty }
  - use: excel.sheets
    with: { path: staff.xlsx, action: hide, sheet: Empty }
  - use: excel.append
    with: { path: staff.xlsx, sheet: Offices, cell: A1, rows: [{ City: Zurich, People: 3 }] }
    on_error: continue
  - use: excel.clear
    with: { path: staff.xlsx, sheet: Copy, range: A2:A2 }
  - id: sheets
    use: excel.sheets
    with: { path: staff.xlsx }
  - id: people
    use: excel.read_range
    with: { path: staff.xlsx, sheet: Our people, range: A1:E8 }
  - id: share
    use: excel.read_cell
    with: { path: staff.xlsx, sheet: Offices, cell: C2 }
  - id: ages
    use: excel.read_range
    with: { path: staff.xlsx, range: Ages }
outputs:
  sheets: "{{ steps.sheets.names }}"
  formulas: "{{ steps.people.cells | selectattr('formula') | map(attribute='formula') | list }}"
  share: "{{ steps.share.formula }}"
  ages: "{{ steps.ages.range }}"
"##;

#[tokio::test]
async fn what_refers_to_a_sheet_follows_its_changes() {
    let office = office_with_fixtures();

    let outputs = office.outputs(EDITS).await;

    assert_eq!(
        outputs,
        json!({
            "sheets": ["Copy", "Our people", "Offices", "Empty"],
            "formulas": ["=C2*2", "=SUM(C2:C6)"],
            "share": "=B2/'Our people'!$C$8",
            "ages": "C2:C6",
        })
    );
    let chart = part(&office.path("staff.xlsx"), "xl/charts/chart1.xml");
    assert!(
        chart.contains("&apos;Our people&apos;!$C$2:$C$6"),
        "{chart}"
    );
}

#[tokio::test]
#[ignore = "needs LibreOffice, which is large; see the top of this file"]
async fn libreoffice_opens_an_edited_workbook_and_computes_the_same() {
    let office = office_with_fixtures();
    office.outputs(EDITS).await;

    let converted = Command::new("soffice")
        .arg(format!(
            "-env:UserInstallation=file://{}",
            office.path("profile").display()
        ))
        .args(["--headless", "--convert-to"])
        // Each sheet into a file of its own.
        .arg("csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1")
        .arg("staff.xlsx")
        .current_dir(office.folder())
        .output()
        .unwrap();

    assert!(
        office.path("staff-Our people.csv").is_file(),
        "{converted:?}"
    );
    assert_eq!(
        office
            .text("staff-Our people.csv")
            .lines()
            .collect::<Vec<_>>(),
        [
            "First Name,Last Name,Age,Started,Double",
            "Ada,Lovelace,36,2020-03-01,72",
            "Edsger,Dijkstra,50.00,44562.00,",
            "Barbara,Liskov,60.00,44593.00,",
            "Grace,Hopper,45,2021-06-15,",
            "Alan,Turing,41,2019-09-30,",
            ",,,,",
            ",Total,232.0,,",
        ]
    );
    let offices = office.text("staff-Offices.csv");
    assert!(
        offices.starts_with("City,People,Share\nLondon,2,0.00862"),
        "{offices}"
    );
}

#[tokio::test]
async fn what_can_not_be_done_without_harm_is_refused() {
    let office = office_with_fixtures();
    let refusals = [
        (
            "excel.rows",
            "sheet: Offices, action: delete, at: 1",
            ErrorKind::Conflict,
        ),
        (
            "excel.write_cells",
            "sheet: Offices, cells: { B5: 1 }",
            ErrorKind::Conflict,
        ),
        (
            "excel.sheets",
            "action: add, name: staff",
            ErrorKind::Conflict,
        ),
        (
            "excel.sheets",
            "action: add, name: 'a/b'",
            ErrorKind::Invalid,
        ),
        ("excel.read_range", "range: Agess", ErrorKind::NotFound),
        (
            "excel.style",
            "range: A1, format: { color: reddish }",
            ErrorKind::Invalid,
        ),
    ];
    for (node, settings, kind) in refusals {
        let error = office
            .failure(&format!(
                "steps:\n  - use: {node}\n    with: {{ path: staff.xlsx, {settings} }}\n"
            ))
            .await;
        assert_eq!(error.kind, kind, "{node}: {}", error.message);
    }
}

#[tokio::test]
async fn a_sheet_that_is_all_space_takes_no_memory() {
    let office = office();
    let sheet = "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>\
        <row r=\"1\"><c r=\"A1\"><v>1</v></c></row>\
        <row r=\"1048576\"><c r=\"XFD1048576\"><v>2</v></c></row></sheetData></worksheet>";
    let outputs = office
        .outputs("steps:\n  - use: excel.create\n    with: { path: wide.xlsx }\n")
        .await;
    assert_eq!(outputs, json!({}));
    replace_part(
        &office.path("wide.xlsx"),
        "xl/worksheets/sheet1.xml",
        sheet.as_bytes(),
    );

    let rows = office
        .outputs(
            r"
steps:
  - id: all
    use: excel.read
    with: { path: wide.xlsx, header: false }
outputs: { count: '{{ steps.all.count }}' }
",
        )
        .await;
    let error = office
        .failure(
            "steps:\n  - use: excel.read\n    with: { path: wide.xlsx, header: false, blank_rows: keep }\n",
        )
        .await;

    assert_eq!(rows, json!({ "count": 2 }));
    assert!(
        error.message.contains("spans more than"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn entities_in_a_part_are_not_expanded() {
    let office = office_with_fixtures();
    let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY f SYSTEM \
        \"file:///etc/passwd\">]><worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\">\
        <is><t>&b;&f;</t></is></c></row></sheetData></worksheet>";
    replace_part(
        &office.path("staff.xlsx"),
        "xl/worksheets/sheet1.xml",
        laughs.as_bytes(),
    );

    let outcome = office
        .run("steps:\n  - id: all\n    use: excel.read\n    with: { path: staff.xlsx, header: false }\noutputs: { rows: '{{ steps.all.rows }}' }\n")
        .await;

    let told = format!("{:?} {:?}", outcome.outputs, outcome.error);
    assert!(
        !told.contains("root:") && !told.contains("hahaha"),
        "{told}"
    );
}

/// The text of a part of a package.
pub(crate) fn part(path: &std::path::Path, name: &str) -> String {
    use std::io::Read as _;
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut text = String::new();
    archive
        .by_name(name)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

/// Puts other content into a part of a package.
pub(crate) fn replace_part(path: &std::path::Path, name: &str, content: &[u8]) {
    use std::io::Write as _;
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).unwrap();
        if part.name().unwrap() != name {
            out.raw_copy_file(part).unwrap();
        }
    }
    out.start_file(name, zip::write::SimpleFileOptions::default())
        .unwrap();
    out.write_all(content).unwrap();
    std::fs::write(path, out.finish().unwrap().into_inner()).unwrap();
}
