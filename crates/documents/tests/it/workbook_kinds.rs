//! Workbooks of other programs, and files that only look like one.

use std::io::{Cursor, Write as _};

use casare_engine::ErrorKind;
use serde_json::json;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::office;

const READ: &str = r"
steps:
  - id: cells
    use: excel.read
    with: { path: PATH, sheet: People }
outputs: { rows: '{{ steps.cells.rows }}', sheets: '{{ steps.cells.sheets }}' }
";

#[tokio::test]
async fn every_kind_of_workbook_reads_the_same() {
    let office = office();
    office.put("cells.xls", include_bytes!("../files/cells.xls"));
    office.put("cells.ods", include_bytes!("../files/cells.ods"));
    office.put("cells.xlsb", xlsb());

    for name in ["cells.xls", "cells.ods", "cells.xlsb"] {
        let read = office.outputs(&READ.replace("PATH", name)).await;
        assert_eq!(
            read,
            json!({
                "sheets": ["People", "Empty"],
                "rows": [
                    { "Name": "Ada", "Age": 36, "Born": "1985-03-01", "Seen": "2026-03-01T08:30:00", "Double": 72 },
                    { "Name": "Zoë & <b>", "Age": 45.5, "Born": "1976-12-09", "Seen": null, "Double": 91 },
                    { "Name": "x", "Age": "x", "Born": "x", "Seen": "x", "Double": "x" },
                ],
            }),
            "{name}"
        );
    }
}

#[tokio::test]
async fn files_made_to_fill_the_memory_are_refused() {
    let office = office();
    let repeated = |rows: &str, cells: &str, inside: &str| {
        ods(&format!(
            "<table:table table:name=\"People\"><table:table-row table:number-rows-repeated=\"{rows}\">\
             <table:table-cell office:value-type=\"string\" table:number-columns-repeated=\"{cells}\">\
             <text:p>{inside}</text:p></table:table-cell></table:table-row></table:table>"
        ))
    };
    let bomb = package(&[
        ("mimetype", ODS),
        ("content.xml", &" ".repeat(80 << 20)),
        MANIFEST,
    ]);
    let laughs = format!(
        "<!DOCTYPE x [<!ENTITY a \"{}\"><!ENTITY b \"&a;&a;&a;\">]>{}",
        "ha".repeat(1000),
        content(
            "<table:table table:name=\"People\"><table:table-row><table:table-cell \
                 office:value-type=\"string\"><text:p>&b;</text:p></table:table-cell>\
                 </table:table-row></table:table>"
        )
    );
    let files = [
        (
            "corners.xls",
            old_workbook(&[number(0, 0), number(65535, 65535)]),
            "span more than 30000000 cells",
        ),
        (
            "claim.xls",
            old_workbook(&[(
                0x200,
                [&[0; 4][..], &[0xff; 4], &[0; 2], &[0xff; 4]].concat(),
            )]),
            "span more than 30000000 cells",
        ),
        (
            "rows.ods",
            repeated("1000000000", "100", "1"),
            "span more than 30000000 cells",
        ),
        (
            "columns.ods",
            repeated("2000", "999999999", "1"),
            "span more than",
        ),
        (
            "spaces.ods",
            repeated("1", "1", "<text:s text:c=\"4000000000\"/>"),
            "1024 MiB of text",
        ),
        (
            "copies.ods",
            repeated("100000", "1", &"long ".repeat(4000)),
            "1024 MiB of text",
        ),
        (
            "laughs.ods",
            package(&[("mimetype", ODS), ("content.xml", &laughs), MANIFEST]),
            "can't be read",
        ),
        ("bomb.ods", bomb.clone(), "300 times its size"),
        ("bomb.xlsx", bomb, "300 times its size"),
    ];
    for (name, file, reason) in files {
        office.put(name, file);
        let error = office.failure(&READ.replace("PATH", name)).await;
        assert_eq!(error.kind, ErrorKind::Invalid, "{name}: {}", error.message);
        assert!(error.message.contains(reason), "{name}: {}", error.message);
        assert!(error.help.is_some(), "{name}");
    }
}

#[tokio::test]
async fn files_that_are_cut_off_or_no_workbook_say_so() {
    let office = office();
    let cut = "<office:document-content><table:table table:name=\"People\"><table:table-row>";
    let zip = package(&[("mimetype", ODS), ("content.xml", &content("")), MANIFEST]);
    let old = include_bytes!("../files/cells.xls");
    let files = [
        (
            "inside.ods",
            package(&[("mimetype", ODS), ("content.xml", cut), MANIFEST]),
            "it is cut off",
        ),
        (
            "half.ods",
            zip[..zip.len() / 2].to_vec(),
            "can't be read as a workbook",
        ),
        (
            "page.xlsx",
            b"<html><body>Please log in</body></html>".to_vec(),
            "holds a web page or XML",
        ),
        ("text.xls", b"Name;Age\nAda;36\n".to_vec(), "is no workbook"),
        ("empty.xlsx", Vec::new(), "is empty"),
        (
            "old.xls",
            old[..2000].to_vec(),
            "can't be read as a workbook",
        ),
        (
            "letter.xls",
            compound("WordDocument", b""),
            "something else than a workbook",
        ),
    ];
    for (name, file, reason) in files {
        office.put(name, file);
        let error = office.failure(&READ.replace("PATH", name)).await;
        assert_eq!(error.kind, ErrorKind::Invalid, "{name}: {}", error.message);
        assert!(error.message.contains(reason), "{name}: {}", error.message);
    }
}

#[tokio::test]
async fn a_workbook_with_a_password_says_that_it_is_locked() {
    let office = office();
    let locked = compound("EncryptedPackage", b"not to be read");
    let encrypted = "<manifest:manifest><manifest:file-entry manifest:full-path=\"content.xml\">\
        <manifest:encryption-data/></manifest:file-entry></manifest:manifest>";
    let ods = [
        ("mimetype", ODS),
        ("content.xml", ""),
        ("META-INF/manifest.xml", encrypted),
    ];
    let files = [
        ("locked.xlsx", locked.clone()),
        ("locked.xls", locked),
        ("locked.ods", package(&ods)),
    ];
    for (name, file) in files {
        office.put(name, file);
        let error = office.failure(&READ.replace("PATH", name)).await;
        assert_eq!(error.kind, ErrorKind::Denied, "{name}: {}", error.message);
        assert!(
            error.message.ends_with("is protected by a password"),
            "{}",
            error.message
        );
        assert_eq!(
            error.help.as_deref(),
            Some("save it without a password to open it")
        );
    }
}

const ODS: &str = "application/vnd.oasis.opendocument.spreadsheet";
const MANIFEST: (&str, &str) = ("META-INF/manifest.xml", "<manifest:manifest/>");

/// The main part of an OpenDocument workbook with these tables.
fn content(tables: &str) -> String {
    format!(
        "<office:document-content><office:body>{tables}</office:body></office:document-content>"
    )
}

fn ods(tables: &str) -> Vec<u8> {
    package(&[
        ("mimetype", ODS),
        ("content.xml", &content(tables)),
        MANIFEST,
    ])
}

fn package<C: AsRef<[u8]> + ?Sized>(parts: &[(&str, &C)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_ref()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A compound file, which is what old workbooks are, with one stream in it.
fn compound(name: &str, content: &[u8]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    file.create_stream(name)
        .unwrap()
        .write_all(content)
        .unwrap();
    file.flush().unwrap();
    file.into_inner().into_inner()
}

/// An old workbook whose one sheet has these records.
fn old_workbook(sheet: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let begin = (0x809, [&[0x00, 0x06, 0x05, 0x00][..], &[0; 12]].concat());
    let bytes = |records: &[&(u16, Vec<u8>)]| -> Vec<u8> {
        let record = |(kind, data): &&(u16, Vec<u8>)| {
            let length = data.len() as u16;
            [&kind.to_le_bytes()[..], &length.to_le_bytes(), data].concat()
        };
        records.iter().flat_map(record).collect()
    };
    let end = (0x0a, Vec::new());
    let named = |start: u32| {
        let name = [&[0, 0, 6, 0][..], b"People"].concat();
        (0x85, [&start.to_le_bytes()[..], &name].concat())
    };
    let start = bytes(&[&begin, &named(0), &end]).len() as u32;
    let mut stream = bytes(&[&begin, &named(start), &end]);
    let mut records = vec![&begin];
    records.extend(sheet);
    records.push(&end);
    stream.extend(bytes(&records));
    // Streams of less than 4 KiB are kept in another way.
    stream.resize(stream.len().max(5000), 0);
    compound("Workbook", &stream)
}

/// A number in a cell of an old workbook.
fn number(row: u16, column: u16) -> (u16, Vec<u8>) {
    let place = [row.to_le_bytes(), column.to_le_bytes(), [0; 2]].concat();
    (0x203, [&place[..], &1_f64.to_le_bytes()].concat())
}

/// A binary workbook (MS-XLSB), which no program here writes: one record after the other.
fn xlsb() -> Vec<u8> {
    let relation =
        |id: &str, target: &str| format!("<Relationship Id=\"{id}\" Target=\"{target}\"/>");
    let relations = format!(
        "<Relationships>{}{}</Relationships>",
        relation("rId1", "worksheets/sheet1.bin"),
        relation("rId2", "worksheets/sheet2.bin")
    );
    let mut workbook = Vec::new();
    for (number, id, name) in [(1_u32, "rId1", "People"), (2, "rId2", "Empty")] {
        let sheet = [&[0; 4][..], &number.to_le_bytes(), &wide(id), &wide(name)].concat();
        record(&mut workbook, 0x9c, &sheet);
    }
    record(&mut workbook, 0x90, &[]);
    record(&mut workbook, 0x9d, &[0; 26]);

    // Three formats of cells: none, a date, a date with its time.
    let mut styles = Vec::new();
    record(&mut styles, 0x269, &3_u32.to_le_bytes());
    for format in [0_u16, 14, 22] {
        record(
            &mut styles,
            0x2f,
            &[&[0; 2][..], &format.to_le_bytes(), &[0; 12]].concat(),
        );
    }

    let mut people = Vec::new();
    record(&mut people, 0x94, &[0; 16]);
    record(&mut people, 0x91, &[]);
    let text = |column: u32, text: &str| (column, 0_u32, 0x06, wide(text));
    let number = |column, style, number: f64| (column, style, 0x05, number.to_le_bytes().to_vec());
    let titles = ["Name", "Age", "Born", "Seen", "Double"];
    let rows = [
        (
            0_u32,
            (0..)
                .zip(titles)
                .map(|(column, title)| text(column, title))
                .collect(),
        ),
        (
            1,
            vec![
                text(0, "Ada"),
                number(1, 0, 36.0),
                number(2, 1, 31107.0),
                number(3, 2, 46082.0 + 8.5 / 24.0),
                number(4, 0, 72.0),
            ],
        ),
        (
            2,
            vec![
                text(0, "Zoë & <b>"),
                number(1, 0, 45.5),
                number(2, 1, 28103.0),
                number(4, 0, 91.0),
            ],
        ),
        (4, (0..5).map(|column| text(column, "x")).collect()),
    ];
    for (row, cells) in rows {
        record(
            &mut people,
            0x00,
            &[&row.to_le_bytes()[..], &[0; 13]].concat(),
        );
        for (column, style, kind, content) in cells {
            let cell = [&column.to_le_bytes()[..], &style.to_le_bytes(), &content].concat();
            record(&mut people, kind, &cell);
        }
    }
    record(&mut people, 0x92, &[]);
    let mut empty = Vec::new();
    record(&mut empty, 0x94, &[0; 16]);
    record(&mut empty, 0x91, &[]);
    record(&mut empty, 0x92, &[]);
    package(&[
        ("xl/_rels/workbook.bin.rels", relations.as_bytes()),
        ("xl/workbook.bin", &workbook),
        ("xl/styles.bin", &styles),
        ("xl/worksheets/sheet1.bin", &people),
        ("xl/worksheets/sheet2.bin", &empty),
    ])
}

/// A record: its kind and its length in groups of seven bits, its content.
fn record(out: &mut Vec<u8>, kind: u16, content: &[u8]) {
    match kind {
        0..128 => out.push(kind as u8),
        _ => out.extend([kind as u8 | 0x80, (kind >> 7) as u8]),
    }
    let mut length = content.len();
    while length >= 128 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend(content);
}

/// A text with its length in front.
fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let length = (units.len() as u32).to_le_bytes();
    [
        &length[..],
        &units
            .into_iter()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<_>>(),
    ]
    .concat()
}
