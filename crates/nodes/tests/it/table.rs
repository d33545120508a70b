use std::fmt::Write;

use serde_json::json;

use crate::{office, outcome_of};

const ORDERS: &str = "\
id,customer,country,amount
1,7,DE,19.99
2,8,SE,0.01
3,7,DE,100
4,,SE,5
";
const CUSTOMERS: &str = "number,name\n7,Ada\n9,Cem\n";

#[tokio::test]
async fn a_file_is_grouped_with_exact_sums_and_joined_by_columns_of_different_names() {
    let office = office();
    office.put("orders.csv", ORDERS);
    office.put("customers.csv", CUSTOMERS);

    let outputs = office
        .outputs(
            r#"
steps:
  - id: orders
    use: csv.read
    with: { path: orders.csv, stream: true }
  - id: customers
    use: csv.read
    with: { path: customers.csv }
  - id: groups
    use: table.group
    with:
      rows: "{{ steps.orders.rows }}"
      by: customer
      aggregates:
        orders: count
        total: { sum: amount }
        mean: { average: amount }
        largest: { max: amount }
        middle: { median: amount }
        countries: { unique: country }
  - id: joined
    use: table.join
    with:
      left: "{{ steps.groups }}"
      right: "{{ steps.customers.rows }}"
      on: { customer: number }
      kind: full
  - id: without
    use: table.join
    with: { left: "{{ steps.orders.rows }}", right: "{{ steps.customers.rows }}", on: { customer: number }, kind: anti }
  - id: ids
    use: table.select
    with: { rows: "{{ steps.without.rows }}", columns: id, rename: { id: number } }
outputs:
  groups: "{{ steps.groups.rows }}"
  joined: "{{ steps.joined.rows | map(attribute='name') | list }}"
  customers: "{{ steps.joined.rows | map(attribute='customer') | list }}"
  without: "{{ steps.ids.rows | map(attribute='number') | list }}"
"#,
        )
        .await;

    assert_eq!(
        outputs["groups"],
        json!([
            { "customer": "7", "orders": 2, "total": 119.99, "mean": 59.995, "largest": 100, "middle": 59.995, "countries": ["DE"] },
            { "customer": "8", "orders": 1, "total": 0.01, "mean": 0.01, "largest": 0.01, "middle": 0.01, "countries": ["SE"] },
            { "customer": "", "orders": 1, "total": 5, "mean": 5, "largest": 5, "middle": 5, "countries": ["SE"] },
        ])
    );
    assert_eq!(outputs["joined"], json!(["Ada", null, null, "Cem"]));
    assert_eq!(outputs["customers"], json!(["7", "8", "", "9"]));
    assert_eq!(outputs["without"], json!(["2", "4"]));
}

#[test]
fn a_key_that_occurs_often_pairs_each_with_each_in_order() {
    let left = json!([{ "k": 1, "a": "x" }, { "k": "2", "a": "y" }]);
    let right = json!([{ "k": "1", "a": "p" }, { "k": 1.0, "a": "q" }, { "k": 3, "a": "r" }]);
    let joined = |kind: &str| {
        let settings = json!({ "left": left, "right": right, "on": "k", "kind": kind });
        outcome_of("table.join", settings)["rows"].take()
    };

    assert_eq!(
        joined("inner"),
        json!([{ "k": 1, "a": "x", "a_right": "p" }, { "k": 1, "a": "x", "a_right": "q" }])
    );
    assert_eq!(
        joined("left")[2],
        json!({ "k": "2", "a": "y", "a_right": null })
    );
    assert_eq!(
        joined("right")[2],
        json!({ "k": 3, "a": null, "a_right": "r" })
    );
    assert_eq!(joined("semi"), json!([{ "k": 1, "a": "x" }]));
}

#[test]
fn rows_are_filtered_by_an_expression_or_a_form() {
    let rows = json!([{ "n": "a", "total": 80 }, { "n": "b", "total": "120" }, { "n": "c" }]);
    let by_form = outcome_of(
        "table.filter",
        json!({ "rows": rows, "conditions": [
            { "column": "total", "is": "greater_than", "value": 100 },
            { "column": "n", "is": "equals", "value": "a" },
        ], "match": "any" }),
    );
    let by_expression = outcome_of(
        "table.filter",
        json!({ "rows": rows, "where": "row.n in wanted", "given": { "wanted": ["c"] }, "invert": true, "limit": 1 }),
    );

    assert_eq!(by_form["count"], 2);
    assert_eq!(by_expression["rows"], json!([{ "n": "a", "total": 80 }]));
}

#[test]
fn computed_columns_see_those_before_them() {
    let out = outcome_of(
        "table.compute",
        json!({
            "rows": [{ "net": 100, "note": "x" }],
            "columns": { "tax": "row.net * rate", "gross": "row.net + row.tax", "note": "row.note | upper" },
            "given": { "rate": 0.25 },
        }),
    );

    assert_eq!(out["columns"], json!(["net", "note", "tax", "gross"]));
    assert_eq!(
        out["rows"],
        json!([{ "net": 100, "note": "X", "tax": 25.0, "gross": 125.0 }])
    );
}

#[test]
fn tables_turn_wide_and_long() {
    let rows = json!([
        { "town": "Oslo", "month": "10", "days": 3 },
        { "town": "Rome", "month": "9", "days": 8 },
        { "town": "Oslo", "month": "10", "days": 4 },
    ]);
    let wide = outcome_of(
        "table.pivot",
        json!({ "rows": rows, "by": "town", "columns": "month", "values": { "sum": "days" }, "missing": 0 }),
    );
    assert_eq!(
        wide["rows"],
        json!([{ "town": "Oslo", "9": 0, "10": 7 }, { "town": "Rome", "9": 8, "10": 0 }])
    );

    let long = outcome_of(
        "table.unpivot",
        json!({ "rows": wide["rows"], "keep": "town", "name": "month", "value": "days" }),
    );
    assert_eq!(
        long["rows"][1],
        json!({ "town": "Oslo", "month": "10", "days": 7 })
    );
    assert_eq!(long["count"], 4);
}

#[test]
fn two_tables_are_compared_by_their_key() {
    let out = outcome_of(
        "table.compare",
        json!({
            "before": [{ "id": 1, "name": "Ada", "total": 80 }, { "id": 2, "name": "Bo", "total": 1 }, { "id": 3, "name": "Cem", "total": 5 }],
            "after": [{ "total": 80.004, "id": "1", "name": "ADA " }, { "id": 3, "name": "Cem", "total": 6 }, { "id": 4, "name": "Di", "total": 0 }],
            "key": "id", "ignore_case": true, "tolerance": 0.01,
        }),
    );

    assert_eq!(out["added"], json!([{ "total": 0, "id": 4, "name": "Di" }]));
    assert_eq!(
        out["removed"],
        json!([{ "id": 2, "name": "Bo", "total": 1 }])
    );
    assert_eq!(out["changed"][0]["key"], json!({ "id": 3 }));
    assert_eq!(
        out["changed"][0]["cells"],
        json!([{ "column": "total", "before": 5, "after": 6 }])
    );
    assert_eq!(
        (&out["unchanged"], &out["is_same"]),
        (&json!(1), &json!(false))
    );
}

#[test]
fn repetitions_gaps_and_order_are_dealt_with() {
    let rows = json!([{ "r": "N", "v": 10 }, { "r": "", "v": 9 }, { "r": "S", "v": 10 }, { "r": "n ", "v": null }]);
    let of = |node: &str, settings: serde_json::Value| {
        let mut settings = settings;
        settings["rows"] = rows.clone();
        outcome_of(node, settings)["rows"].take()
    };

    let last = of(
        "table.dedupe",
        json!({ "by": "r", "keep": "last", "ignore_case": true }),
    );
    let filled = of("table.fill", json!({ "columns": "r" }));
    let sorted = of(
        "table.sort",
        json!({ "by": [{ "column": "v", "descending": true }, "r"] }),
    );
    let some = of(
        "table.sample",
        json!({ "count": 2, "from": "every", "skip": 1 }),
    );

    assert_eq!(
        last,
        json!([{ "r": "", "v": 9 }, { "r": "S", "v": 10 }, { "r": "n ", "v": null }])
    );
    assert_eq!(filled[1], json!({ "r": "N", "v": 9 }));
    assert_eq!(sorted[0], json!({ "r": "N", "v": 10 }));
    assert_eq!(sorted[3]["v"], json!(null));
    assert_eq!(some, json!([{ "r": "", "v": 9 }, { "r": "n ", "v": null }]));
}

#[test]
fn tables_with_other_columns_stand_under_each_other() {
    let out = outcome_of(
        "table.concat",
        json!({ "tables": [[{ "a": 1 }], [{ "b": 2, "a": 3 }]], "origin": "from" }),
    );

    assert_eq!(
        out["rows"],
        json!([{ "a": 1, "b": null, "from": 1 }, { "a": 3, "b": 2, "from": 2 }])
    );
}

#[tokio::test]
async fn a_wrong_column_and_a_cell_that_is_no_number_are_named() {
    let office = office();
    office.put("orders.csv", "id,amount\n1,10\n2,ten\n");
    let group = |column: &str| {
        format!(
            "steps:\n  - id: o\n    use: csv.read\n    with: {{ path: orders.csv }}\n  - use: table.aggregate\n    with: {{ rows: '{{{{ steps.o.rows }}}}', aggregates: {{ x: {{ sum: {column} }} }} }}\n"
        )
    };

    let unknown = office.failure(&group("amuont")).await;
    let no_number = office.failure(&group("amount")).await;

    assert_eq!(
        unknown.message,
        "setting `aggregates`: there is no column `amuont`"
    );
    assert_eq!(unknown.help.unwrap(), "did you mean `amount`?");
    assert_eq!(
        no_number.message,
        "row 2, column `amount`: `ten` is no number"
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
async fn streams_stay_streams_and_memory_stays_flat() {
    let office = office();
    let mut content = String::from("id,customer,amount,note\n");
    for id in 0..300_000 {
        writeln!(
            content,
            "{id},{},{}.5,a note that makes the line longer than it has to be",
            id % 7,
            id % 100
        )
        .unwrap();
    }
    office.put("large.csv", &content);
    drop(content);
    let before = peak_kib();

    let outputs = office
        .outputs(
            r#"
steps:
  - id: large
    use: csv.read
    with: { path: large.csv }
  - id: chosen
    use: table.select
    with: { rows: "{{ steps.large.rows }}", columns: [customer, amount] }
  - id: some
    use: table.filter
    with: { rows: "{{ steps.chosen.rows }}", conditions: [{ column: customer, is: not_equals, value: 3 }] }
  - id: joined
    use: table.join
    with: { left: "{{ steps.some.rows }}", right: [{ customer: 1, name: Ada }, { customer: 2, name: Bo }], on: customer }
  - id: totals
    use: table.group
    with: { rows: "{{ steps.joined.rows }}", by: name, aggregates: { orders: count, total: { sum: amount } } }
outputs:
  streamed: "{{ steps.joined.count }}"
  totals: "{{ steps.totals.rows }}"
"#,
        )
        .await;

    let orders = |customer: u64| (0..300_000_u64).filter(move |id| id % 7 == customer);
    let total = |customer| {
        orders(customer)
            .map(|id| (id % 100) as f64 + 0.5)
            .sum::<f64>()
    };
    let row = |name: &str, customer: u64| {
        let written: serde_json::Number = match total(customer) {
            whole if whole.fract() == 0.0 => (whole as i64).into(),
            other => serde_json::Number::from_f64(other).unwrap(),
        };
        json!({ "name": name, "orders": orders(customer).count(), "total": written })
    };
    assert_eq!(
        outputs,
        json!({ "streamed": null, "totals": [row("Ada", 1), row("Bo", 2)] })
    );
    let grown = peak_kib() - before;
    assert!(grown < 12_000, "the run took {grown} KiB more");
}
