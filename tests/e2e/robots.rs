//! A server and robots as they are started by hand: jobs are run, and whatever is killed, each comes to one end and
//! does nothing twice.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use casare_store_testing::Database;
use rand::{Rng, SeedableRng, rngs::StdRng};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_mins(2);
const STEPS: usize = 15;

/// A server with its data, and what was enrolled with it.
struct Office {
    folder: TempDir,
    _database: Database,
    address: String,
    port: u16,
    server: Option<Child>,
    robots: Vec<(PathBuf, Option<Child>)>,
    client: Client,
    key: String,
}

impl Office {
    async fn open(database: Database) -> Self {
        // What `serve` was not told must come from nowhere else.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let mut office = Self {
            address: database.address.clone(),
            _database: database,
            folder,
            port,
            server: None,
            robots: Vec::new(),
            client: Client::builder().cookie_store(true).build().unwrap(),
            key: String::new(),
        };
        office.serve();
        office.sign_up().await;
        office
    }

    fn casare(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_casare"));
        command
            .env("XDG_DATA_HOME", self.folder.path().join("home"))
            .env("CASARE_DATABASE", &self.address)
            .stdin(Stdio::null());
        command
    }

    fn log(&self, name: &str) -> fs::File {
        let path = self.folder.path().join(name);
        let options = fs::OpenOptions::new().create(true).append(true).open(path);
        options.unwrap()
    }

    fn serve(&mut self) {
        let server = self
            .casare()
            .args(["serve", "--no-robot", "--lease", "2", "--listen"])
            .arg(format!("127.0.0.1:{}", self.port))
            .arg("--data")
            .arg(self.folder.path().join("data"))
            .stdout(Stdio::null())
            .stderr(self.log("server.log"))
            .spawn();
        self.server = Some(server.unwrap());
    }

    /// The first owner, by the link that was printed, and a key.
    async fn sign_up(&mut self) {
        let log = self.folder.path().join("server.log");
        let token = until("the link", async || {
            let text = fs::read_to_string(&log).unwrap();
            let (_, rest) = text.split_once("/join#")?;
            let (token, _) = rest.split_once('\n')?;
            Some(token.to_owned())
        })
        .await;
        let person = json!({
            "token": token, "email": "ada@example.com", "name": "Ada", "password": "correct horse battery",
        });
        self.call(Method::POST, "/use-link", &person).await;
        let key = json!({ "name": "test", "role": "admin" });
        let made = self.call(Method::POST, "/api-keys", &key).await;
        made["secret"].as_str().unwrap().clone_into(&mut self.key);
    }

    /// Asks the server, again and again while it is away.
    async fn call(&self, method: Method, path: &str, body: &Json) -> Json {
        let url = format!("http://127.0.0.1:{}/api/v1{path}", self.port);
        until(path, async || {
            let mut request = self.client.request(method.clone(), &url);
            if !self.key.is_empty() {
                request = request.bearer_auth(&self.key);
            }
            if method != Method::GET {
                request = request.json(body);
            }
            let answer = request.send().await.ok()?;
            let status = answer.status();
            let text = answer.text().await.ok()?;
            if status == StatusCode::SERVICE_UNAVAILABLE {
                return None;
            }
            // What was done by a request whose answer was lost is done.
            let is_done = status.is_success() || status == StatusCode::CONFLICT;
            assert!(is_done, "{path}: {status} {text}");
            Some(serde_json::from_str(&text).unwrap_or_default())
        })
        .await
    }

    async fn get(&self, path: &str) -> Json {
        self.call(Method::GET, path, &Json::Null).await
    }

    /// A robot of its own folder, enrolled on the command line.
    async fn enroll(&mut self, name: &str, slots: &str) {
        let order = json!({ "name": name });
        let token = self.call(Method::POST, "/enrolment-tokens", &order).await;
        let home = self.folder.path().join(name);
        let enrolled = self
            .casare()
            .args([
                "robot",
                "enroll",
                &format!("http://127.0.0.1:{}", self.port),
            ])
            .args(["--name", name, "--slots", slots, "--home"])
            .arg(&home)
            .env("CASARE_ENROLMENT_TOKEN", token["token"].as_str().unwrap())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&enrolled.stderr);
        assert!(enrolled.status.success(), "{said}");
        self.robots.push((home, None));
        self.start_robot(self.robots.len() - 1);
    }

    fn start_robot(&mut self, index: usize) {
        let home = self.robots[index].0.clone();
        let robot = self
            .casare()
            .args(["robot", "start", "--run-memory", "256", "--home"])
            .arg(home)
            .stdout(Stdio::null())
            .stderr(self.log("robots.log"))
            .spawn();
        self.robots[index].1 = Some(robot.unwrap());
    }

    async fn publish(&self, text: &str) {
        let order = json!({ "text": text, "publish": true });
        self.call(Method::POST, "/workflows", &order).await;
    }

    async fn order(&self, workflow: &str, inputs: Json) -> String {
        let order = json!({ "inputs": inputs, "max_attempts": 100 });
        let path = format!("/workflows/{workflow}/runs");
        let ordered = self.call(Method::POST, &path, &order).await;
        ordered["job"].as_str().unwrap().to_owned()
    }

    async fn job(&self, id: &str) -> Json {
        self.get(&format!("/jobs/{id}")).await
    }

    /// The job once it is in one of these states.
    async fn job_that_is(&self, id: &str, states: &[&str]) -> Json {
        let what = format!("{states:?}");
        until(&what, async || {
            let job = self.job(id).await;
            states.contains(&job["state"].as_str()?).then_some(job)
        })
        .await
    }

    async fn events(&self, run: &str) -> Vec<Json> {
        let mut events = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self
                .get(&format!("/runs/{run}/events?limit=500{cursor}"))
                .await;
            events.extend(page["items"].as_array().unwrap().clone());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return events,
            }
        }
    }

    fn told(&self) -> String {
        let read = |name| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        format!("{}\n{}", read("server.log"), read("robots.log"))
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        let robots = self.robots.iter_mut().filter_map(|(_, robot)| robot.take());
        for mut process in robots.chain(self.server.take()) {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited too long for {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Processes that a process has started.
fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

fn kill(process: &mut Child) {
    process.kill().unwrap();
    process.wait().unwrap();
}

const LEDGER: &str = r#"
casare: 1
name: ledger
inputs:
  file: { type: string, required: true }
  upto: { type: integer, required: true }
steps:
  - use: flow.for_each
    with: { items: "{{ range(1, inputs.upto + 1) | list }}", as: entry }
    do:
      - id: write
        use: file.append
        with: { path: "{{ inputs.file }}", content: "entry {{ entry }}" }
      - use: flow.wait
        with: { duration: 60ms }
outputs:
  entries: "{{ inputs.upto }}"
"#;

/// What a person would say about an entry that may or may not have been written: looks whether it is there.
async fn settle(office: &Office, job: &str, ledger: &Path) {
    let runs = office.job(job).await;
    let run = runs["attempts"].as_array().unwrap().last().unwrap()["run"].clone();
    let written = fs::read_to_string(ledger)
        .unwrap_or_default()
        .lines()
        .count();
    let mut finished = BTreeSet::new();
    for attempt in runs["attempts"].as_array().unwrap() {
        for event in office.events(attempt["run"].as_str().unwrap()).await {
            let event = &event["event"];
            // What came late is no part of what the run knows.
            if event["late"] == true {
                continue;
            }
            if event["event"] == "step_finished" && event["step"]["node"] == "file.append" {
                finished.insert(event["path"].to_string());
            }
        }
    }
    let decision = if written > finished.len() {
        json!({ "decision": "happened", "outputs": {} })
    } else {
        json!({ "decision": "repeat" })
    };
    assert!(
        written <= finished.len() + 1,
        "{run}: {written} written, {} told",
        finished.len()
    );
    office
        .call(Method::POST, &format!("/jobs/{job}/decide"), &decision)
        .await;
}

/// Kills something at random moments until all jobs have ended.
async fn chaos(office: &mut Office, seed: u64, kills: usize) {
    let mut random = StdRng::seed_from_u64(seed);
    office.publish(LEDGER).await;
    office.enroll("left", "2").await;
    office.enroll("right", "2").await;
    let mut jobs = Vec::new();
    for number in 0..8 {
        let ledger = office.folder.path().join(format!("ledger-{number}.txt"));
        let inputs = json!({ "file": ledger, "upto": STEPS });
        jobs.push((office.order("ledger", inputs).await, ledger));
    }
    for _ in 0..kills {
        let moment = Duration::from_millis(random.random_range(50..400));
        tokio::time::sleep(moment).await;
        match random.random_range(0..4) {
            0 => {
                kill(office.server.as_mut().unwrap());
                office.serve();
            }
            1 => {
                // The process of a run alone.
                let robot = random.random_range(0..2);
                let robot = office.robots[robot].1.as_ref().unwrap().id();
                if let Some(pid) = children(robot).first() {
                    let _ = Command::new("kill")
                        .args(["-KILL", &pid.to_string()])
                        .status();
                }
            }
            robot => {
                let robot = robot - 2;
                kill(office.robots[robot].1.as_mut().unwrap());
                office.start_robot(robot);
            }
        }
    }
    let mut tried = 0;
    for (job, ledger) in &jobs {
        loop {
            let ended = ["succeeded", "failed", "dead", "cancelled", "needs_decision"];
            let known = office.job_that_is(job, &ended).await;
            if known["state"] == "needs_decision" {
                settle(office, job, ledger).await;
                continue;
            }
            assert_eq!(
                known["state"],
                "succeeded",
                "seed {seed}: {known:#}\n{}",
                office.told()
            );
            assert_eq!(known["outputs"]["entries"], STEPS);
            break;
        }
        let written = fs::read_to_string(ledger).unwrap();
        let expected: String = (1..=STEPS)
            .map(|entry| format!("entry {entry}\n"))
            .collect();
        assert_eq!(written, expected, "seed {seed}: each entry once, in order");
        let known = office.job(job).await;
        for attempt in known["attempts"].as_array().unwrap() {
            tried += 1;
            let events = office.events(attempt["run"].as_str().unwrap()).await;
            let numbers: Vec<_> = events
                .iter()
                .map(|event| event["seq"].as_u64().unwrap())
                .collect();
            assert!(
                numbers.iter().copied().eq(0..numbers.len() as u64),
                "seed {seed}: {numbers:?}"
            );
        }
    }
    assert!(
        tried > jobs.len(),
        "seed {seed}: nothing was killed that mattered"
    );
}

fn seed() -> u64 {
    let given = std::env::vars_os().find(|(name, _)| name == "CASARE_SEED");
    let given = given.and_then(|(_, value)| value.to_str()?.parse().ok());
    given.unwrap_or_else(rand::random)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_killed_each_job_ends_once_and_does_nothing_twice_on_sqlite() {
    let mut office = Office::open(Database::sqlite()).await;

    chaos(&mut office, seed(), 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_killed_each_job_ends_once_and_does_nothing_twice_on_postgresql() {
    let mut office = Office::open(Database::postgres().await).await;

    chaos(&mut office, seed(), 20).await;
}

const VISIT: &str = r#"
casare: 1
name: visit
inputs:
  ledger: { type: string, required: true }
steps:
  - use: file.append
    with: { path: "{{ inputs.ledger }}", content: begun }
  - id: form
    use: human.input
    with:
      message: May it be paid?
      fields:
        approved: { kind: confirm }
        remark: { default: none }
  - id: code
    use: crypto.totp
    with: { credential: bank, field: seed }
  - use: artifact.save
    with: { name: receipt.txt, content: "{{ steps.form.answers.approved }}, {{ steps.form.answers.remark }}" }
  - use: log.write
    with: { message: "the code is {{ steps.code.result }}" }
outputs:
  approved: "{{ steps.form.answers.approved }}"
"#;

/// A run that asks holds no robot, and goes on with the answer after everything was started anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_asks_somebody_goes_on_with_the_answer_and_takes_a_credential() {
    let mut office = Office::open(Database::sqlite()).await;
    office.publish(VISIT).await;
    let seed =
        json!({ "kind": "custom", "fields": { "seed": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP" } });
    office.call(Method::PUT, "/credentials/bank", &seed).await;
    office.enroll("one", "1").await;
    let ledger = office.folder.path().join("visits.txt");
    let job = office.order("visit", json!({ "ledger": ledger })).await;
    office.job_that_is(&job, &["suspended"]).await;

    let tasks = office.get("/tasks").await;
    assert_eq!(tasks["items"][0]["job"], job.as_str(), "{tasks:#}");
    kill(office.server.as_mut().unwrap());
    kill(office.robots[0].1.as_mut().unwrap());
    office.serve();
    office.start_robot(0);
    let answer = json!({ "answer": { "approved": true } });
    office
        .call(Method::POST, &format!("/tasks/{job}/answer"), &answer)
        .await;
    let ended = office
        .job_that_is(&job, &["succeeded", "failed", "dead", "needs_decision"])
        .await;

    assert_eq!(ended["outputs"], json!({ "approved": true }), "{ended:#}");
    assert_eq!(fs::read_to_string(&ledger).unwrap(), "begun\n", "once");
    let run = ended["attempts"].as_array().unwrap().last().unwrap()["run"].clone();
    let run = run.as_str().unwrap();
    let receipt = format!("/runs/{run}/artifacts");
    let kept = office.get(&receipt).await;
    let name = kept["items"][0]["name"].as_str().unwrap();
    assert!(name.ends_with("receipt.txt"), "{kept:#}");
    let url = format!("http://127.0.0.1:{}/api/v1{receipt}/{name}", office.port);
    let content = office
        .client
        .get(url)
        .bearer_auth(&office.key)
        .send()
        .await
        .unwrap();
    assert_eq!(content.text().await.unwrap(), "true, none");
    let audit = office.get("/audit").await.to_string();
    assert!(
        audit.contains("credential.use") && !audit.contains("JBSW"),
        "{audit}"
    );
}

const LONG: &str = r#"
casare: 1
name: long
inputs:
  file: { type: string, required: true }
steps:
  - use: flow.try
    do:
      - use: file.append
        with: { path: "{{ inputs.file }}", content: begun }
      - use: flow.wait
        with: { duration: 10m }
    finally:
      - use: file.append
        with: { path: "{{ inputs.file }}", content: tidied }
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_cancelled_with_its_last_steps_or_killed_without_and_a_paused_robot_takes_none() {
    let mut office = Office::open(Database::sqlite()).await;
    office.publish(LONG).await;
    office.enroll("one", "2").await;
    let file = |name: &str| office.folder.path().join(name);
    let (gentle, hard) = (file("gentle.txt"), file("hard.txt"));
    for (path, how) in [(&gentle, "cancel"), (&hard, "kill")] {
        let job = office.order("long", json!({ "file": path })).await;
        until("its first step", async || path.exists().then_some(())).await;
        office
            .call(Method::POST, &format!("/jobs/{job}/{how}"), &json!({}))
            .await;
        office.job_that_is(&job, &["cancelled"]).await;
    }

    assert_eq!(fs::read_to_string(&gentle).unwrap(), "begun\ntidied\n");
    assert_eq!(fs::read_to_string(&hard).unwrap(), "begun\n");
    let robot = |what: &str| {
        let mut command = office.casare();
        command
            .args(["robot", what, "--home"])
            .arg(&office.robots[0].0);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{what}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    robot("pause");
    assert!(robot("status").contains("one is paused"));
    let job = office
        .order("long", json!({ "file": file("paused.txt") }))
        .await;
    until("the reason why it waits", async || {
        let waiting = office
            .get(&format!("/jobs/{job}/waiting"))
            .await
            .to_string();
        waiting.contains("not_accepting").then_some(())
    })
    .await;
    robot("resume");
    office.job_that_is(&job, &["running"]).await;
    robot("stop");
    until("its end", async || {
        let robots = office.robots[0].1.as_ref().unwrap().id();
        children(robots).is_empty().then_some(())
    })
    .await;
}

const GREEDY: &str = r#"casare: 1
name: greedy
steps:
  - use: script.python
    with: { code: "held = bytearray(400 * 1024 * 1024)\nwhile True: pass" }
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_eats_the_memory_of_its_robot_ends_alone() {
    let mut office = Office::open(Database::sqlite()).await;
    office.publish(GREEDY).await;
    office.publish(LONG).await;
    office.enroll("one", "2").await;
    let file = office.folder.path().join("other.txt");
    let other = office.order("long", json!({ "file": file })).await;
    office.job_that_is(&other, &["running"]).await;
    let order = json!({ "inputs": {}, "max_attempts": 1 });
    let made = office
        .call(Method::POST, "/workflows/greedy/runs", &order)
        .await;

    let ended = office
        .job_that_is(made["job"].as_str().unwrap(), &["dead", "failed"])
        .await;

    let why = ended["error_message"].as_str().unwrap();
    assert!(why.contains("more than the 256 MiB"), "{why}");
    assert_eq!(office.job(&other).await["state"], "running");
}
