use std::fmt::Write;

use casare_engine::ErrorKind;
use serde_json::json;

use crate::office;

#[tokio::test]
async fn rows_are_read_chosen_and_written() {
    let office = office();
    office.put(
        "orders.csv",
        "number;customer;total\n007;Ada;120\n008;Bo;80\n",
    );

    let outputs = office
        .outputs(
            r#"
variables:
  large: []
steps:
  - id: orders
    use: csv.read
    with: { path: orders.csv, numbers: true }
  - use: flow.for_each
    with: { items: "{{ steps.orders.rows }}", as: order }
    do:
      - use: data.set
        when: "{{ order.total > 100 }}"
        with: { name: large, value: "{{ vars.large + [order] }}" }
  - id: written
    use: csv.write
    with: { path: out/large.csv, rows: "{{ vars.large }}", columns: [customer, number] }
outputs:
  columns: "{{ steps.orders.columns }}"
  count: "{{ steps.orders.count }}"
  written: "{{ steps.written.count }}"
"#,
        )
        .await;

    assert_eq!(
        outputs,
        json!({ "columns": ["number", "customer", "total"], "count": 2, "written": 1 })
    );
    assert_eq!(office.text("out/large.csv"), "customer,number\nAda,007\n");
}

#[tokio::test]
async fn appended_rows_keep_the_files_own_order_delimiter_and_line_breaks() {
    let office = office();
    office.put("log.csv", "name;amount\nAda;1");

    office
        .outputs(
            r#"
steps:
  - use: csv.write
    with: { path: log.csv, append: true, rows: [{ amount: 2, name: "Bo; jr" }, { name: Cy }] }
"#,
        )
        .await;

    assert_eq!(
        office.text("log.csv"),
        "name;amount\nAda;1\n\"Bo; jr\";2\nCy;\n"
    );
}

/// The most memory this process has used so far, in KiB.
#[cfg(target_os = "linux")]
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_large_file_goes_through_without_filling_the_memory() {
    let office = office();
    let mut content = String::from("id,name,note\n");
    for id in 0..400_000 {
        writeln!(
            content,
            "{id},name {id},a note that makes the line longer than it has to be"
        )
        .unwrap();
    }
    assert!(content.len() > 25_000_000, "streamed from 16 MiB on");
    office.put("large.csv", &content);
    let lines = content.lines().count() as u64;
    drop(content);
    // What building the file took is the peak so far; the run must not exceed it by much.
    let before = peak_kib();

    let outputs = office
        .outputs(
            r#"
steps:
  - id: large
    use: csv.read
    with: { path: large.csv }
  - id: copy
    use: csv.write
    with: { path: copy.csv, rows: "{{ steps.large.rows }}", columns: [name, id] }
  - use: flow.for_each
    with: { items: "{{ steps.large.rows }}", as: row }
    do:
      - use: flow.break
outputs:
  counted: "{{ steps.large.count }}"
  written: "{{ steps.copy.count }}"
"#,
        )
        .await;

    assert_eq!(outputs, json!({ "counted": null, "written": lines - 1 }));
    let grown = peak_kib() - before;
    assert!(grown < 12_000, "the run took {grown} KiB more");
    assert!(office.text("copy.csv").ends_with("name 399999,399999\n"));
}

#[tokio::test]
async fn a_bad_line_is_an_error_that_says_where() {
    let office = office();
    office.put("bad.csv", "a,b\n1,2\n1,2,3\n");

    let error = office
        .failure("steps:\n  - use: csv.read\n    with: { path: bad.csv }\n")
        .await;

    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(
        error
            .message
            .ends_with("bad.csv, line 3: 3 cells where there should be 2")
    );
    assert!(error.help.unwrap().contains("on_bad_row"));
}

#[tokio::test]
async fn rows_that_fail_half_way_leave_the_old_file_alone() {
    let office = office();
    office.put("out.csv", "old\n");

    let error = office
        .failure(
            r"
steps:
  - use: csv.write
    with: { path: out.csv, rows: [{ a: 1 }, { b: 2 }] }
",
        )
        .await;

    assert!(
        error.message.starts_with("row 2 has a column `b`"),
        "{}",
        error.message
    );
    assert_eq!(office.text("out.csv"), "old\n");
    assert_eq!(office.files(), ["out.csv"]);
}

#[test]
fn text_of_any_cells_comes_back_as_it_went_out() {
    use proptest::prelude::*;

    // One office for all cases; a case is one run of two steps.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let office = office();
    let cell = "[a-z0-9,;\"'\t\r\n =|äß€-]{0,8}";
    let rows = proptest::collection::vec(proptest::collection::vec(cell, 3), 1..6);
    let config = ProptestConfig::with_cases(48);
    proptest!(config, |(rows in rows, delimiter in prop::sample::select(vec![",", ";", "tab", "|"]))| {
        let rows: Vec<_> = rows
            .iter()
            .map(|cells| json!({ "a": cells[0], "b": cells[1], "c": cells[2] }))
            .collect();
        let steps = json!([
            { "id": "text", "use": "csv.format", "with": { "rows": rows, "delimiter": delimiter, "quotes": "always" } },
            { "id": "back", "use": "csv.parse", "with": { "text": "{{ steps.text.text }}", "delimiter": delimiter } },
        ]);
        let workflow = format!("steps: {steps}\noutputs: {{ rows: \"{{{{ steps.back.rows }}}}\" }}\n");
        let outputs = runtime.block_on(office.outputs(&workflow));
        prop_assert_eq!(&outputs["rows"], &json!(rows));
    });
}

#[test]
fn cells_that_a_spreadsheet_would_take_for_formulas_can_be_guarded() {
    let rows = json!([{ "a": "=HYPERLINK(\"http://x\")", "b": "-5", "c": "@SUM(A1)", "d": -5, "e": "a=b" }]);
    let text = |guard: bool| {
        let settings = json!({ "rows": rows, "guard_formulas": guard, "header": false });
        crate::outcome_of("csv.format", settings)["text"].take()
    };

    assert_eq!(
        text(true),
        json!("\"'=HYPERLINK(\"\"http://x\"\")\",-5,'@SUM(A1),-5,a=b\n")
    );
    assert_eq!(
        text(false),
        json!("\"=HYPERLINK(\"\"http://x\"\")\",-5,@SUM(A1),-5,a=b\n")
    );
}
