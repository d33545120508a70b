//! Other queues on PostgreSQL, in turns with ours on the same server. Prints a line of JSON for each: jobs a second.

use std::{path::Path, process::Command, time::Instant};

use casare_store_testing::{Durable, PostgresServer};
use serde_json::json;

use super::{Bench, postgres_floor};

/// Jobs that each queue is given and drained of.
const JOBS: usize = 50_000;
/// One that takes jobs one by one is given fewer.
const FEW: usize = 2_000;
const ROUNDS: usize = 3;

/// Jobs a second.
struct Rate {
    enqueued: f64,
    drained: f64,
}

pub(super) async fn compare(python: &str, modules: &str) {
    let server = PostgresServer::start(Durable::Yes);
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/queue");
    let python_peer = |name: &str, jobs: usize| {
        let mut command = Command::new(python);
        command
            .arg(scripts.join(name))
            .arg("URL")
            .arg(jobs.to_string());
        command
    };
    let mut graphile = Command::new("node");
    graphile
        .arg(scripts.join("graphile_peer.mjs"))
        .args([modules, "URL", &JOBS.to_string()]);
    let peers = [
        ("graphile-worker", graphile),
        ("pgqueuer", python_peer("pgqueuer_peer.py", JOBS)),
        ("procrastinate", python_peer("procrastinate_peer.py", FEW)),
    ];
    for _ in 0..ROUNDS {
        let floor = postgres_floor(&server.create_database().await).await;
        show("bare statements, batches of 100", None, floor);
        for batch in [100, 500] {
            let rate = ours(&server, batch).await;
            let name = format!("casare, batches of {batch}");
            show(&name, Some(rate.enqueued), rate.drained);
        }
        for (name, command) in &peers {
            let rate = theirs(&server, command).await;
            show(name, Some(rate.enqueued), rate.drained);
        }
    }
}

fn show(name: &str, enqueued: Option<f64>, drained: f64) {
    println!(
        "{}",
        json!({ "name": name, "enqueued": enqueued, "drained": drained })
    );
}

async fn ours(server: &PostgresServer, batch: usize) -> Rate {
    let bench = Bench::open(&server.create_database().await).await;
    bench.fill(1_000).await;
    bench.drain(1_000, batch, 1).await;
    let began = Instant::now();
    bench.fill(JOBS).await;
    let enqueued = JOBS as f64 / began.elapsed().as_secs_f64();
    let drained = JOBS as f64 / bench.drain(JOBS, batch, 2).await;
    bench.queue.close().await;
    Rate { enqueued, drained }
}

/// Runs a peer's script with the address of a new database for `URL`.
async fn theirs(server: &PostgresServer, command: &Command) -> Rate {
    let url = server.create_database().await;
    let arguments = command.get_args().map(|argument| {
        if argument == "URL" {
            url.clone()
        } else {
            argument.to_string_lossy().into_owned()
        }
    });
    let output = Command::new(command.get_program())
        .args(arguments)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let last = told.lines().last().unwrap_or_default();
    let rates: serde_json::Value = serde_json::from_str(last)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    Rate {
        enqueued: rates["enqueue"].as_f64().unwrap(),
        drained: rates["drain"].as_f64().unwrap(),
    }
}
