//! `kill -9` at any moment, then `casare resume`: nothing is lost and nothing is done twice.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsStr,
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value as Json;
use tempfile::TempDir;

const WORKFLOW: &str = r#"
casare: 1
name: orders
inputs:
  server: { type: string, required: true }
variables: { total: 0 }
steps:
  - use: sql.execute
    on_resume: repeat
    with:
      database: sqlite:orders.db
      sql: CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, total INTEGER)
  - id: each
    use: flow.for_each
    with: { items: "{{ range(1, 13) }}", as: order }
    do:
      - use: file.append
        with: { path: orders.txt, content: "order {{ order }}" }
      - id: charge
        use: http.request
        with:
          method: POST
          url: "{{ inputs.server }}/charge"
          json: { order: "{{ order }}" }
          allow: [private]
      - use: sql.execute
        with:
          database: sqlite:orders.db
          sql: INSERT INTO orders (id, total) VALUES ($1, $2)
          parameters: ["{{ order }}", "{{ order * 10 }}"]
      - use: data.set
        with: { name: total, value: "{{ vars.total + order * 10 }}" }
  - id: rows
    use: sql.query
    with: { database: "sqlite:orders.db", sql: "SELECT count(*) AS n, sum(total) AS total FROM orders" }
  - id: file
    use: file.read
    with: { path: orders.txt }
outputs:
  total: "{{ vars.total }}"
  rows: "{{ steps.rows.first }}"
  lines: "{{ steps.file.content }}"
"#;

/// How many runs are killed; `CASARE_KILLS=200` for a thorough look.
fn kills() -> u32 {
    let given = std::env::vars().find(|(name, _)| name == "CASARE_KILLS");
    given
        .and_then(|(_, count)| count.parse().ok())
        .unwrap_or(12)
}

/// Counts what it is asked to charge.
struct Till {
    url: String,
    charges: Arc<Mutex<HashMap<u64, u32>>>,
    server: Arc<tiny_http::Server>,
}

impl Till {
    fn open() -> Self {
        let server = Arc::new(tiny_http::Server::http("127.0.0.1:0").unwrap());
        let charges = Arc::new(Mutex::new(HashMap::new()));
        let (accepting, counted) = (server.clone(), charges.clone());
        thread::spawn(move || {
            for mut request in accepting.incoming_requests() {
                let mut body = String::new();
                request.as_reader().read_to_string(&mut body).unwrap();
                if let Ok(body) = serde_json::from_str::<Json>(&body) {
                    *counted
                        .lock()
                        .unwrap()
                        .entry(body["order"].as_u64().unwrap())
                        .or_default() += 1;
                }
                let _ = request.respond(tiny_http::Response::from_string("{}"));
            }
        });
        Self {
            url: format!("http://{}", server.server_addr()),
            charges,
            server,
        }
    }
}

impl Drop for Till {
    fn drop(&mut self) {
        self.server.unblock();
    }
}

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("orders.workflow.yaml"), WORKFLOW).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn casare<Argument: AsRef<OsStr>>(&self, arguments: &[Argument], last: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_casare"));
        command
            .args(arguments)
            .arg(last)
            .env("CASARE_HOME", self.path("home"))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        command
    }

    /// Whether the step at `path` happened, as a person would look it up.
    fn happened(&self, till: &Till, path: &str) -> bool {
        let (pass, step) = path
            .strip_prefix("1.do[")
            .and_then(|rest| rest.split_once("]."))
            .unwrap();
        let order = pass.parse::<u64>().unwrap() + 1;
        match step {
            "0" => {
                let text = fs::read_to_string(self.path("orders.txt")).unwrap_or_default();
                text.lines().any(|line| line == format!("order {order}"))
            }
            "1" => till.charges.lock().unwrap().contains_key(&order),
            "2" => self.row_exists(order),
            other => panic!("no step with consequences: {other}"),
        }
    }

    /// Whether a run was begun before the kill; otherwise there is nothing to resume.
    fn has_runs(&self) -> bool {
        let output = self.casare(&["runs", "list"], "--json").output().unwrap();
        let answer: Json = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let runs = answer.as_array().or_else(|| answer["runs"].as_array());
        runs.is_some_and(|runs| !runs.is_empty())
    }

    fn row_exists(&self, order: u64) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let url = format!("sqlite:{}", self.path("orders.db").display());
            let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
            let row = sqlx::query("SELECT 1 FROM orders WHERE id = $1").bind(order as i64);
            row.fetch_optional(&pool).await.unwrap().is_some()
        })
    }
}

fn last_json(output: &[u8]) -> Option<Json> {
    let text = String::from_utf8_lossy(output);
    serde_json::from_str(text.trim().lines().last()?).ok()
}

/// A xorshift: which moments are tried has to be repeatable, not good.
fn next_random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn a_run_killed_at_any_moment_ends_as_if_it_had_not_been() {
    let expected = {
        let (place, till) = (Place::new(), Till::open());
        let output = place
            .casare(
                &[
                    "run",
                    "orders.workflow.yaml",
                    "-i",
                    &format!("server={}", till.url),
                ],
                "--json",
            )
            .output()
            .unwrap();
        last_json(&output.stdout).unwrap()["outputs"].clone()
    };
    assert_eq!(expected["total"], 780);

    let mut random = 0x9e37_79b9_7f4a_7c15;
    let mut told: BTreeMap<&str, u32> = BTreeMap::new();
    for kill in 0..kills() {
        let (place, till) = (Place::new(), Till::open());
        let outcome = killed_and_resumed(&place, &till, &mut random, &mut told);
        assert_eq!(outcome["outputs"], expected, "kill {kill}: {outcome}");
        let charges = till.charges.lock().unwrap();
        assert_eq!(charges.len(), 12, "kill {kill}");
        assert!(
            charges.values().all(|count| *count == 1),
            "kill {kill}: {charges:?}"
        );
    }
    println!("{told:?}");
}

fn killed_and_resumed(
    place: &Place,
    till: &Till,
    random: &mut u64,
    told: &mut BTreeMap<&'static str, u32>,
) -> Json {
    let server = format!("server={}", till.url);
    let resume = || vec!["resume".to_owned(), "last".to_owned()];
    let mut arguments = ["run", "orders.workflow.yaml", "-i", &server]
        .map(str::to_owned)
        .to_vec();
    for attempt in 0.. {
        assert!(attempt < 40, "the run never ends");
        let child = place.casare(&arguments, "--json").spawn().unwrap();
        let moment = Duration::from_micros(next_random(random) % 150_000);
        let (code, output) = if attempt < 20 {
            killed_after(child, moment)
        } else {
            let output = child.wait_with_output().unwrap();
            (output.status.code(), output.stdout)
        };
        match code {
            Some(0) => return last_json(&output).unwrap(),
            // The kill came between the end of the run and the end of the process.
            Some(2) if String::from_utf8_lossy(&output).contains("has succeeded") => {
                let shown = place
                    .casare(&["runs", "show", "last"], "--json")
                    .output()
                    .unwrap();
                return last_json(&shown.stdout).unwrap();
            }
            Some(5) => {
                *told.entry("decisions").or_default() += 1;
                arguments = resume();
                arguments.extend(decisions(place, till, &last_json(&output).unwrap()));
            }
            Some(code) => panic!("code {code}: {}", String::from_utf8_lossy(&output)),
            None => {
                *told.entry("kills").or_default() += 1;
                if place.has_runs() {
                    arguments = resume();
                }
            }
        }
    }
    unreachable!("the loop returns")
}

/// The exit code and output of what ended by itself before `moment`; no code if it was killed then.
fn killed_after(mut child: Child, moment: Duration) -> (Option<i32>, Vec<u8>) {
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() && began.elapsed() < moment {
        thread::yield_now();
    }
    // Does nothing to a process that has ended.
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code(), output.stdout)
}

fn decisions(place: &Place, till: &Till, answer: &Json) -> Vec<String> {
    let undecided = answer["undecided"].as_array().unwrap();
    undecided
        .iter()
        .flat_map(|step| {
            let path = step["path"].as_str().unwrap();
            let decision = if place.happened(till, path) {
                "done"
            } else {
                "repeat"
            };
            ["--decide".to_owned(), format!("{path}={decision}")]
        })
        .collect()
}
