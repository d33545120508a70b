use casare_engine::ErrorKind;
use serde_json::json;

use casare_node_testing::Postgres;

use crate::office;

#[tokio::test]
async fn rows_go_into_sqlite_and_come_back() {
    let office = office();

    let outputs = office
        .outputs(
            r#"
steps:
  - use: sql.execute
    with:
      database: sqlite:orders.db
      sql: CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, total REAL, note TEXT)
  - id: inserted
    use: sql.execute
    with:
      database: sqlite:orders.db
      sql: INSERT INTO orders (id, customer, total, note) VALUES ($1, $2, $3, $4)
      rows:
        - [1, "O'Hara", 9.5, null]
        - [2, "Ωmega; DROP TABLE orders", 12, "x"]
  - id: found
    use: sql.query
    with:
      database: sqlite:orders.db
      sql: SELECT * FROM orders WHERE total > $1 ORDER BY id
      parameters: [1]
outputs:
  affected: "{{ steps.inserted.affected }}"
  rows: "{{ steps.found.rows }}"
  columns: "{{ steps.found.columns }}"
"#,
        )
        .await;

    assert_eq!(
        outputs,
        json!({
            "affected": 2,
            "columns": ["id", "customer", "total", "note"],
            "rows": [
                { "id": 1, "customer": "O'Hara", "total": 9.5, "note": null },
                { "id": 2, "customer": "Ωmega; DROP TABLE orders", "total": 12.0, "note": "x" },
            ],
        })
    );
}

#[tokio::test]
async fn postgres_takes_loose_values_and_gives_exact_ones() {
    let postgres = Postgres::start();
    let office = office();
    let url = postgres.url();

    let outputs = office
        .outputs(&format!(
            r#"
steps:
  - use: sql.execute
    with:
      database: {url}
      sql: >-
        CREATE TABLE orders (id int PRIMARY KEY, amount numeric(10,2), paid boolean, due date,
        at timestamptz, data jsonb, key uuid, tags text[])
  - use: sql.execute
    with:
      database: {url}
      sql: INSERT INTO orders (id, amount, paid, due, at, data, key) VALUES ($1, $2, $3, $4, $5, $6, $7)
      rows:
        - ["7", "1234567.10", "true", "2026-03-01", "2026-03-01T10:00:00+01:00", {{ a: [1] }}, "6d0c1a52-9ef6-4e27-9f0e-0f7d5a4c7f11"]
  - id: found
    use: sql.query
    with: {{ database: "{url}", sql: "SELECT id, amount, paid, due, at, data, key, tags FROM orders WHERE due = $1", parameters: ["2026-03-01"] }}
outputs:
  row: "{{{{ steps.found.first }}}}"
"#
        ))
        .await;

    assert_eq!(
        outputs["row"],
        json!({
            "id": 7, "amount": "1234567.1", "paid": true, "due": "2026-03-01",
            "at": "2026-03-01T09:00:00Z", "data": { "a": [1] },
            "key": "6d0c1a52-9ef6-4e27-9f0e-0f7d5a4c7f11", "tags": null,
        })
    );

    let conflict = office
        .failure(&format!(
            r"
steps:
  - use: sql.execute
    with:
      database: {url}
      sql: INSERT INTO orders (id) VALUES ($1)
      rows: [[8], [9], [7]]
"
        ))
        .await;
    let left = office
        .outputs(&format!(
            "steps:\n  - id: n\n    use: sql.query\n    with: {{ database: \"{url}\", sql: SELECT count(*) AS n FROM orders }}\noutputs: {{ n: \"{{{{ steps.n.first.n }}}}\" }}\n"
        ))
        .await;
    assert_eq!(conflict.kind, ErrorKind::Conflict);
    assert!(
        conflict.message.starts_with("row 3:"),
        "{}",
        conflict.message
    );
    assert_eq!(left, json!({ "n": 1 }), "all rows are in, or none");
}

#[tokio::test]
async fn a_wrong_statement_and_a_missing_database_say_what_to_do() {
    let office = office();

    let wrong = office
        .failure(
            "steps:\n  - use: sql.query\n    with: { database: 'sqlite:a.db', sql: SELEC 1 }\n",
        )
        .await;
    let absent = office
        .failure("steps:\n  - use: sql.query\n    with: { database: 'postgres://nobody@127.0.0.1:1/none', sql: SELECT 1 }\n")
        .await;

    assert_eq!(wrong.kind, ErrorKind::Invalid);
    assert!(wrong.message.contains("syntax error"), "{}", wrong.message);
    assert_eq!(absent.kind, ErrorKind::Unavailable);
    assert!(
        absent
            .help
            .unwrap()
            .contains("check that the database runs")
    );
}
