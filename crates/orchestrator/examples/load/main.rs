//! How a server does under load: `cargo run --release -p casare-orchestrator --example load -- WHAT NUMBER SECONDS
//! [postgres://…]`, where WHAT is `robots` or `schedules`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement, not a part of the product"
)]

mod robots;
mod schedules;

use std::sync::Arc;

use casare_orchestrator::{Orchestrator, Settings};
use casare_store::{TenantId, WorkflowId};

struct NoNodes;

impl casare_workflow::Catalogue for NoNodes {
    fn node(&self, _: &str) -> Option<&casare_workflow::NodeSpec> {
        None
    }

    fn nodes(&self) -> Vec<&casare_workflow::NodeSpec> {
        Vec::new()
    }
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize, usual: u64| -> u64 {
        arguments
            .get(place)
            .map_or(usual, |text| text.parse().unwrap())
    };
    let (count, seconds) = (number(1, 100), number(2, 30));
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::in_folder(folder.path().to_owned(), Arc::new(NoNodes));
    settings.rate = u32::MAX;
    if let Some(database) = arguments.get(3) {
        settings.database = database.as_str().into();
    }
    let server = Orchestrator::open(settings).await.unwrap();
    match arguments.first().map(String::as_str) {
        Some("robots") => robots::measure(server, count, seconds).await,
        Some("schedules") => schedules::measure(&server, count, seconds).await,
        _ => panic!("say `robots` or `schedules`"),
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for name in ["VmHWM", "VmRSS"] {
        let line = status.lines().find(|line| line.starts_with(name));
        println!("all of this process: {}", line.unwrap_or_default());
    }
}

async fn publish(server: &Orchestrator, tenant: TenantId) -> WorkflowId {
    let store = server.store.tenant(tenant);
    let mut work = store.begin().await.unwrap();
    let id = store.workflow_for(&mut work, "load").await.unwrap().id;
    let version = casare_store::NewVersion {
        version: "1.0.0".to_owned(),
        hash: "0".repeat(64),
        text: "casare: 1\nname: load\nsteps: []\n".to_owned(),
        note: None,
        created_by: "measurement".to_owned(),
    };
    let number = store.add_version(&mut work, id, &version).await.unwrap();
    store
        .set_version_state(&mut work, id, number, "published")
        .await
        .unwrap();
    store.activate(&mut work, id, number).await.unwrap();
    work.commit().await.unwrap();
    id
}
