//! Transactions, many rows and MariaDB.

use casare_engine::ErrorKind;
use casare_node_testing::{MariaDb, Office, Postgres};
use serde_json::{Value, json};

use crate::office;

/// A database of each kind, empty; the servers live as long as it.
struct Databases {
    _postgres: Postgres,
    _mariadb: MariaDb,
    urls: Vec<(&'static str, String)>,
}

fn databases() -> Databases {
    let (postgres, mariadb) = (Postgres::start(), MariaDb::start());
    Databases {
        urls: vec![
            ("sqlite", "sqlite:shop.db".to_owned()),
            ("postgres", postgres.url()),
            ("mariadb", mariadb.url()),
        ],
        _postgres: postgres,
        _mariadb: mariadb,
    }
}

async fn one(office: &Office, url: &str, sql: &str) -> Value {
    let outputs = office
        .outputs(&format!(
            "steps:\n  - id: q\n    use: sql.query\n    with: {{ database: \"{url}\", sql: \"{sql}\" }}\noutputs: {{ first: \"{{{{ steps.q.first }}}}\" }}\n"
        ))
        .await;
    outputs["first"].clone()
}

#[tokio::test]
async fn a_transaction_is_all_or_nothing_and_a_savepoint_undoes_its_own_part() {
    let databases = databases();
    for (name, url) in &databases.urls {
        let office = office();
        office
            .outputs(&format!(
                "steps:\n  - use: sql.execute\n    with: {{ database: \"{url}\", sql: 'CREATE TABLE account (id INT PRIMARY KEY, balance INT NOT NULL)' }}\n"
            ))
            .await;
        let within = |steps: &str| {
            format!(
                "steps:\n  - use: sql.transaction\n    with: {{ database: \"{url}\" }}\n    do:\n{steps}"
            )
        };
        let add = |id: u32| {
            format!(
                "      - use: sql.execute\n        with: {{ sql: 'INSERT INTO account VALUES (:id, 100)', parameters: {{ id: {id} }} }}\n"
            )
        };

        office.outputs(&within(&(add(1) + &add(2)))).await;
        let failure = office.failure(&within(&(add(3) + &add(1)))).await;
        assert_eq!(failure.kind, ErrorKind::Conflict, "{name}");
        assert_eq!(
            one(&office, url, "SELECT count(*) AS n FROM account").await,
            json!({ "n": 2 }),
            "{name}"
        );

        // The inner transaction fails and is caught: the outer one goes on.
        office
            .outputs(&within(&format!(
                r"{}      - use: flow.try
        do:
          - use: sql.transaction
            do:
              - use: sql.execute
                with: {{ sql: 'INSERT INTO account VALUES (5, 1)' }}
              - use: sql.execute
                with: {{ sql: 'INSERT INTO account VALUES (1, 1)' }}
        catch:
          - use: log.write
            with: {{ message: caught }}
{}",
                add(3),
                add(4)
            )))
            .await;
        assert_eq!(
            one(
                &office,
                url,
                "SELECT count(*) AS n, sum(balance) * 1.0 AS s FROM account"
            )
            .await["n"],
            4,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_caught_failure_in_a_postgres_transaction_does_not_pass_for_success() {
    let postgres = Postgres::start();
    let office = office();
    let url = postgres.url();
    office
        .outputs(&format!(
            "steps:\n  - use: sql.execute\n    with: {{ database: \"{url}\", sql: CREATE TABLE t (id int PRIMARY KEY) }}\n"
        ))
        .await;

    let failure = office
        .failure(&format!(
            r#"
steps:
  - use: sql.transaction
    with: {{ database: "{url}", isolation: serializable }}
    do:
      - use: sql.execute
        with: {{ sql: INSERT INTO t VALUES (1) }}
      - use: sql.execute
        on_error: continue
        with: {{ sql: INSERT INTO t VALUES (1) }}
"#
        ))
        .await;

    assert_eq!(failure.kind, ErrorKind::Conflict);
    assert!(
        failure.message.starts_with("nothing was changed"),
        "{}",
        failure.message
    );
    assert_eq!(
        one(&office, &url, "SELECT count(*) AS n FROM t").await,
        json!({ "n": 0 })
    );
}

#[tokio::test]
async fn many_rows_go_in_come_out_as_a_stream_and_are_known_by_their_key() {
    let databases = databases();
    for (name, url) in &databases.urls {
        let office = office();
        let text: String = (1..=20_000).fold("id,name,due,amount\n".to_owned(), |text, id| {
            let due = if id % 10 == 0 { "" } else { "2026-03-01" };
            text + &format!("{id},\"a\tb'{id}\",{due},{id}.25\n")
        });
        office.put("rows.csv", text);

        let outputs = office
            .outputs(&format!(
                r#"
variables: {{ sum: 0 }}
steps:
  - use: sql.execute
    with: {{ database: "{url}", sql: "CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(40), due DATE, amount DECIMAL(12,2))" }}
  - id: csv
    use: csv.read
    with: {{ path: rows.csv, stream: true }}
  - id: first
    use: sql.insert
    with: {{ database: "{url}", table: item, rows: "{{{{ steps.csv.rows }}}}" }}
  - id: again
    use: sql.insert
    with: {{ database: "{url}", table: item, rows: [{{ id: 1, name: new }}, {{ id: 20001, name: more }}], on_conflict: update }}
  - id: kept
    use: sql.insert
    with: {{ database: "{url}", table: item, columns: [id, name], rows: [[1, newer]], on_conflict: ignore }}
  - id: out
    use: sql.query
    with: {{ database: "{url}", sql: "SELECT id, name, due FROM item ORDER BY id", stream: true }}
  - use: flow.for_each
    with: {{ items: "{{{{ steps.out.rows }}}}", as: row }}
    do:
      - use: data.set
        with: {{ name: sum, value: "{{{{ vars.sum + row.id }}}}" }}
outputs:
  count: "{{{{ steps.first.count }}}}"
  rate: "{{{{ steps.first.rows_per_second }}}}"
  rows: "{{{{ steps.out.count }}}}"
  sum: "{{{{ vars.sum }}}}"
  first: "{{{{ steps.out.first }}}}"
"#
            ))
            .await;

        eprintln!("{name}: {} rows a second", outputs["rate"]);
        assert_eq!(outputs["count"], 20_000, "{name}");
        assert_eq!(outputs["rows"], 20_001, "{name}");
        assert_eq!(outputs["sum"], 20_001_u64 * 20_002 / 2, "{name}");
        assert_eq!(
            outputs["first"],
            json!({ "id": 1, "name": "new", "due": "2026-03-01" }),
            "{name}"
        );
        let empty = "SELECT count(*) AS n FROM item WHERE due IS NULL";
        assert_eq!(
            one(&office, url, empty).await,
            json!({ "n": 2001 }),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_row_that_does_not_fit_is_named_and_nothing_is_inserted() {
    let databases = databases();
    for (name, url) in &databases.urls {
        let office = office();
        office
            .outputs(&format!(
                "steps:\n  - use: sql.execute\n    with: {{ database: \"{url}\", sql: 'CREATE TABLE small (id INT PRIMARY KEY, n INT NOT NULL)' }}\n"
            ))
            .await;
        let insert = |rows: &str| {
            format!(
                "steps:\n  - use: sql.insert\n    with: {{ database: \"{url}\", table: small, rows: {rows} }}\n"
            )
        };

        let doubled = office
            .failure(&insert(
                "[{ id: 1, n: 1 }, { id: 2, n: 1 }, { id: 1, n: 1 }]",
            ))
            .await;
        let typo = office.failure(&insert("[{ id: 1, m: 1 }]")).await;
        let nowhere = office
            .failure(&insert("[{ id: 1 }]").replace("table: small", "table: nowhere"))
            .await;

        assert_eq!(
            doubled.kind,
            ErrorKind::Conflict,
            "{name}: {}",
            doubled.message
        );
        assert!(
            doubled.message.starts_with("row 3"),
            "{name}: {}",
            doubled.message
        );
        assert!(
            typo.message.contains("no column `m`"),
            "{name}: {}",
            typo.message
        );
        assert_eq!(nowhere.kind, ErrorKind::NotFound, "{name}");
        assert_eq!(
            one(&office, url, "SELECT count(*) AS n FROM small").await,
            json!({ "n": 0 }),
            "{name}"
        );
    }
}

#[tokio::test]
async fn mariadb_takes_loose_values_and_gives_exact_ones() {
    let mariadb = MariaDb::start();
    let office = office().credential(
        "shop",
        &[("username", "casare"), ("password", MariaDb::PASSWORD)],
    );
    let address = mariadb.address();

    let outputs = office
        .outputs(&format!(
            r#"
steps:
  - use: sql.execute
    with:
      database: {address}
      credential: shop
      sql: CREATE TABLE orders (id int unsigned AUTO_INCREMENT PRIMARY KEY, amount decimal(10,2), paid boolean, due date, at timestamp(3) NULL, took time, data json, pic blob, size double, kind enum('a','b'), big bigint unsigned, y year)
  - id: added
    use: sql.execute
    with:
      database: {address}
      credential: shop
      sql: INSERT INTO orders (amount, paid, due, at, took, data, pic, size, kind, big, y) VALUES ($1, $2, $3, $4, $5, $6, 0x89504E47, $7, $8, $9, 2026)
      parameters: ["1234567.10", true, "2026-03-01", "2026-03-01 09:00:00.5", "-25:10:00", {{ a: [1] }}, 1.5, b, "18446744073709551615"]
  - id: found
    use: sql.query
    with: {{ database: "{address}", credential: shop, sql: "SELECT * FROM orders WHERE due = :due AND id = :id OR id = :id", parameters: {{ due: "2026-03-01", id: "{{{{ steps.added.last_id }}}}" }} }}
outputs:
  row: "{{{{ steps.found.first }}}}"
"#
        ))
        .await;

    assert_eq!(
        outputs["row"],
        json!({
            "id": 1, "amount": "1234567.1", "paid": true, "due": "2026-03-01",
            "at": "2026-03-01T09:00:00.5Z", "took": "-25:10:00", "data": "{\"a\":[1]}", "pic": "iVBORw==",
            "size": 1.5, "kind": "b", "big": 18_446_744_073_709_551_615_u64, "y": 2026,
        })
    );
}

#[tokio::test]
async fn a_refused_login_and_an_unreachable_server_are_told_without_the_password() {
    let (postgres, mariadb) = (Postgres::start(), MariaDb::start());
    let office = office().credential(
        "wrong",
        &[("username", "casare"), ("password", "wr0ng-passw0rd")],
    );

    let query = |database: &str, more: &str| {
        format!(
            "steps:\n  - use: sql.query\n    with: {{ database: \"{database}\", sql: SELECT 1{more} }}\n"
        )
    };
    let refused = office
        .failure(&query(&mariadb.address(), ", credential: wrong"))
        .await;
    let missing = office
        .failure(&query(
            &postgres
                .url()
                .replace("/postgres", "/nowhere")
                .replace("//nowhere", "//postgres"),
            "",
        ))
        .await;
    let gone = office
        .failure(&query("mysql://u:h1dden-pass@127.0.0.1:1/x", ""))
        .await;
    let unread = office
        .failure(&query("postgres://u:h1dden-pass@[x", ""))
        .await;

    assert_eq!(refused.kind, ErrorKind::Denied, "{}", refused.message);
    assert_eq!(missing.kind, ErrorKind::NotFound, "{}", missing.message);
    assert_eq!(gone.kind, ErrorKind::Unavailable, "{}", gone.message);
    assert_eq!(unread.kind, ErrorKind::Invalid, "{}", unread.message);
    let told: Vec<String> = [&refused, &missing, &gone, &unread]
        .iter()
        .map(|error| error.message.clone())
        .collect();
    assert!(
        !told.join("").contains("h1dden") && !told.join("").contains("wr0ng-"),
        "{told:?}"
    );
    assert!(!office.heard().contains("wr0ng-passw0rd"));
}

#[tokio::test]
async fn statements_and_scripts_go_together_or_each_on_its_own() {
    let office = office();

    let outputs = office
        .outputs(
            r"
steps:
  - use: sql.execute
    with:
      database: sqlite:a.db
      script: CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);
  - id: own
    use: sql.execute
    with:
      database: sqlite:a.db
      stop_on_error: false
      statements: ['INSERT INTO t VALUES (1)', 'INSERT INTO t VALUES (2)']
  - id: tables
    use: sql.tables
    with: { database: 'sqlite:a.db' }
  - id: columns
    use: sql.columns
    with: { database: 'sqlite:a.db', table: t }
  - id: row
    use: sql.exists
    with: { database: 'sqlite:a.db', sql: 'SELECT 1 FROM t WHERE id = :id', parameters: { id: 9 } }
outputs:
  results: '{{ steps.own.results }}'
  tables: '{{ steps.tables.tables }}'
  column: '{{ steps.columns.columns[0] }}'
  row: '{{ steps.row.result }}'
",
        )
        .await;
    let together = office
        .failure("steps:\n  - use: sql.execute\n    with: { database: 'sqlite:a.db', statements: ['INSERT INTO t VALUES (3)', 'INSERT INTO t VALUES (1)'] }\n")
        .await;

    assert!(
        outputs["results"][0]["error"]
            .as_str()
            .unwrap()
            .contains("UNIQUE")
    );
    assert_eq!(
        outputs["results"][1],
        json!({ "affected": 1, "error": null })
    );
    assert_eq!(
        outputs["tables"],
        json!([{ "name": "t", "schema": null, "view": false }])
    );
    assert_eq!(
        outputs["column"],
        json!({ "name": "id", "type": "INTEGER", "nullable": true, "default": null, "primary_key": true })
    );
    assert_eq!(outputs["row"], false);
    assert!(
        together.message.starts_with("statement 2:"),
        "{}",
        together.message
    );
    assert_eq!(
        one(&office, "sqlite:a.db", "SELECT count(*) AS n FROM t").await,
        json!({ "n": 2 })
    );
}

#[tokio::test]
async fn tables_and_columns_are_described_everywhere() {
    let databases = databases();
    for (name, url) in &databases.urls {
        let office = office();
        let outputs = office
            .outputs(&format!(
                r#"
steps:
  - use: sql.execute
    with: {{ database: "{url}", sql: "CREATE TABLE item (id INT NOT NULL PRIMARY KEY, name VARCHAR(40) DEFAULT 'x')" }}
  - use: sql.execute
    with: {{ database: "{url}", sql: "CREATE VIEW shown AS SELECT id FROM item" }}
  - id: tables
    use: sql.tables
    with: {{ database: "{url}" }}
  - id: columns
    use: sql.columns
    with: {{ database: "{url}", table: item }}
  - id: there
    use: sql.exists
    with: {{ database: "{url}", table: item }}
  - id: not
    use: sql.exists
    with: {{ database: "{url}", table: "nothing'; --" }}
outputs:
  tables: "{{{{ steps.tables.tables | map(attribute='name') | list }}}}"
  views: "{{{{ steps.tables.tables | map(attribute='view') | list }}}}"
  keys: "{{{{ steps.columns.columns | map(attribute='primary_key') | list }}}}"
  nullable: "{{{{ steps.columns.columns | map(attribute='nullable') | list }}}}"
  exists: "{{{{ [steps.there.result, steps.not.result] }}}}"
"#
            ))
            .await;
        assert_eq!(
            outputs,
            json!({
                "tables": ["item", "shown"], "views": [false, true], "keys": [true, false],
                "nullable": [false, true], "exists": [true, false],
            }),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_resumed_run_does_what_the_database_has_undone_again() {
    use casare_engine::{Engine, Registry, RunOptions, RunState};
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::new(Registry::new(crate::all()));
    let text = r"
casare: 1
name: test
steps:
  - use: sql.execute
    with: { database: 'sqlite:shop.db', sql: CREATE TABLE t (id INTEGER) }
  - use: sql.transaction
    with: { database: 'sqlite:shop.db' }
    do:
      - use: sql.execute
        with: { sql: INSERT INTO t VALUES (1) }
      - use: file.read
        with: { path: missing.txt }
      - use: sql.execute
        with: { sql: INSERT INTO t VALUES (2) }
  - id: n
    use: sql.query
    with: { database: 'sqlite:shop.db', sql: SELECT count(*) AS n FROM t }
outputs: { n: '{{ steps.n.first.n }}' }
";
    let plan = engine
        .load("test.workflow.yaml", text, folder.path())
        .unwrap_or_else(|error| panic!("{error:?}"));
    let journal = casare_store::Journal::open(&folder.path().join("journal"))
        .await
        .unwrap();
    let options = || {
        let mut options = RunOptions::new(folder.path(), folder.path().join(".runs"));
        options.journal = Some(journal.clone());
        options
    };

    let failed = engine.run(&plan, options()).await.unwrap();
    std::fs::write(folder.path().join("missing.txt"), "here").unwrap();
    let resumed = engine
        .resume(
            &failed.run.to_string(),
            &std::collections::BTreeMap::new(),
            options(),
        )
        .await
        .unwrap();

    assert_eq!(failed.state, RunState::Failed);
    assert_eq!(resumed.state, RunState::Succeeded, "{:?}", resumed.error);
    assert_eq!(resumed.outputs, json!({ "n": 2 }));
}

#[tokio::test]
async fn one_name_is_another_file_in_each_folder() {
    for _ in 0..2 {
        let office = office();
        office
            .outputs("steps:\n  - use: sql.execute\n    with: { database: 'sqlite:own.db', sql: CREATE TABLE t (id INTEGER) }\n")
            .await;
        assert_eq!(office.files(), ["own.db"]);
    }
}
