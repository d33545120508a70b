use casare_engine::ErrorKind;
use serde_json::json;

use crate::office;

#[tokio::test]
async fn a_report_is_filled_in_and_read_back() {
    let office = office();
    office.put("sales.csv", "Day,Amount\n2026-03-01,12.5\n2026-03-02,30\n");

    let outputs = office
        .outputs(
            r#"
steps:
  - id: sales
    use: csv.read
    with: { path: sales.csv, numbers: true }
  - id: written
    use: excel.write
    with: { path: out/report.xlsx, sheet: March, cell: B3, rows: "{{ steps.sales.rows }}" }
  - use: excel.write
    with: { path: out/report.xlsx, sheet: March, cell: B3, mode: append, rows: [{ Amount: 7 }] }
  - id: back
    use: excel.read
    with: { path: out/report.xlsx, sheet: March }
  - id: csv
    use: csv.write
    with: { path: out/report.csv, rows: "{{ steps.back.rows }}" }
outputs:
  range: "{{ steps.written.range }}"
  columns: "{{ steps.back.columns }}"
  rows: "{{ steps.back.rows }}"
  csv: "{{ steps.csv.count }}"
"#,
        )
        .await;

    assert_eq!(
        outputs,
        json!({
            "range": "B3:C5",
            "columns": ["Day", "Amount"],
            "rows": [
                { "Day": "2026-03-01", "Amount": 12.5 },
                { "Day": "2026-03-02", "Amount": 30 },
                { "Day": null, "Amount": 7 },
            ],
            "csv": 3,
        })
    );
    assert_eq!(
        office.text("out/report.csv"),
        "Day,Amount\n2026-03-01,12.5\n2026-03-02,30\n,7\n"
    );
}

#[tokio::test]
async fn a_missing_sheet_can_be_caught() {
    let office = office();

    let error = office
        .failure(
            r"
steps:
  - use: excel.write
    with: { path: book.xlsx, sheet: Data, rows: [[1]] }
  - use: excel.read
    with: { path: book.xlsx, sheet: Dta }
",
        )
        .await;

    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(
        error
            .message
            .ends_with("has no sheet `Dta`; its sheets: Data"),
        "{}",
        error.message
    );
    assert_eq!(error.help.as_deref(), Some("did you mean `Data`?"));
}

#[tokio::test]
async fn a_damaged_workbook_is_told_and_left_alone() {
    let office = office();
    office.put("cut.xlsx", b"PK\x03\x04 the rest is missing");

    let read = office
        .failure("steps:\n  - use: excel.read\n    with: { path: cut.xlsx }\n")
        .await;
    let write = office
        .failure("steps:\n  - use: excel.write\n    with: { path: cut.xlsx, rows: [[1]] }\n")
        .await;

    assert_eq!(
        (read.kind, write.kind),
        (ErrorKind::Invalid, ErrorKind::Invalid)
    );
    assert_eq!(office.text("cut.xlsx"), "PK\u{3}\u{4} the rest is missing");
    assert_eq!(office.files(), ["cut.xlsx"]);
}
