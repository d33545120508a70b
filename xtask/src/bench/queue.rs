//! The durable queue on PostgreSQL, beside bare statements and other queues on the same server, in turns.

use std::{collections::BTreeMap, fs, process::Command};

use serde_json::Value;

use super::table::{Table, median};
use crate::{
    command::{self, cargo},
    failure::Failure,
    paths,
    steps::timed,
};

const PYTHON: [&str; 4] = [
    "asyncpg==0.32.0",
    "pgqueuer==1.6.0",
    "procrastinate==3.10.0",
    "psycopg[binary,pool]==3.3.9",
];
const NODE: &str = "graphile-worker@0.17.3";
const OURS: &str = "casare, batches of 500";

pub(super) fn bench() -> Result<Table, Failure> {
    let folder = paths::cache().join("queue-peers");
    let python = folder.join("bin/python");
    if !folder.join("node_modules/graphile-worker").is_dir() {
        timed("Installing other queues from PyPI and npm", || {
            fs::create_dir_all(&folder).map_err(Failure::io("create a folder for other queues"))?;
            command::run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
            command::run(
                Command::new(&python)
                    .args(["-m", "pip", "install", "--quiet"])
                    .args(PYTHON),
            )?;
            command::run(
                Command::new("npm")
                    .args(["install", "--no-audit", "--no-fund", "--prefix"])
                    .arg(&folder)
                    .arg(NODE),
            )
        })?;
    }
    let example = ["--package", "casare-queue", "--example", "queue_speed"];
    timed("Building the benchmark (release profile)", || {
        command::run(cargo(&["build", "--release"]).args(example))
    })?;
    let mut program = Command::new(paths::target().join("release/examples/queue_speed"));
    program.arg("peers").arg(&python).arg(&folder);
    let output = command::output(&mut program)?;
    let mut rates: BTreeMap<String, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let told: Value = serde_json::from_str(line).unwrap_or_default();
        if let (Some(name), Some(drained)) = (told["name"].as_str(), told["drained"].as_f64()) {
            let (all_enqueued, all_drained) = rates.entry(name.to_owned()).or_default();
            all_enqueued.extend(told["enqueued"].as_f64());
            all_drained.push(drained);
        }
    }
    table(&rates).ok_or_else(|| {
        let told = String::from_utf8_lossy(&output.stderr);
        Failure::Unexpected(format!("the benchmark ended early: {}", told.trim()))
    })
}

fn table(rates: &BTreeMap<String, (Vec<f64>, Vec<f64>)>) -> Option<Table> {
    let mut table = Table::new(
        "queue: 50,000 jobs on PostgreSQL, each on the disk, median of 3 in turns (higher is better)",
    );
    let middle = |values: &[f64]| median(values.iter().copied());
    let (enqueued, drained) = rates.get(OURS)?;
    for (name, (theirs_enqueued, theirs_drained)) in rates {
        if name == OURS {
            continue;
        }
        let floor = (name.as_str(), middle(theirs_drained));
        table.compare("drained", middle(drained), floor, "/s", "");
        if !theirs_enqueued.is_empty() {
            let floor = (name.as_str(), middle(theirs_enqueued));
            table.compare("enqueued", middle(enqueued), floor, "/s", "");
        }
    }
    Some(table)
}
