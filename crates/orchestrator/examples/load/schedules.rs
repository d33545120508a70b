//! Schedules that become due one after the other: does each fire once, and when.

use std::time::Duration;

use casare_orchestrator::Orchestrator;
use casare_store::{Schedule, ScheduleId};
use serde_json::json;
use sqlx::types::Json;

/// Of one unit of work.
const CHUNK: u64 = 1_000;
/// Before the first one is due: all must stand by then.
const AHEAD: Duration = Duration::from_mins(1);

/// Prints how many firings there were, and how late they were.
pub(super) async fn measure(server: &Orchestrator, count: u64, seconds: u64) {
    let tenant = server.access.first_tenant().await.unwrap();
    let workflow = super::publish(server, tenant).await;
    let store = server.store.tenant(tenant);
    let first = server.queue.now() + AHEAD;
    let mut ids = Vec::new();
    for chunk in 0..count.div_ceil(CHUNK) {
        let mut work = store.begin().await.unwrap();
        for number in chunk * CHUNK..count.min((chunk + 1) * CHUNK) {
            let due =
                first + Duration::from_secs_f64(seconds as f64 * number as f64 / count as f64);
            let id = ScheduleId::new(server.queue.now());
            let schedule = Schedule {
                id,
                name: format!("schedule {number}"),
                workflow_id: workflow,
                spec: Json(
                    json!({ "when": { "kind": "once", "at": due.timestamp().to_string() } }),
                ),
                enabled: true,
                next_at: Some(due),
                revision: 1,
                created_at: due,
            };
            store.add_schedule(&mut work, &schedule).await.unwrap();
            ids.push(id);
        }
        work.commit().await.unwrap();
    }
    let left = first.since(server.queue.now());
    println!("{count} schedules stand, {left:.0?} before the first one is due");
    tokio::time::sleep(left + Duration::from_secs(seconds + 5)).await;
    let (mut late, mut more, mut none) = (Vec::new(), 0, 0);
    for id in ids {
        let firings = store.firings(id, None, 10).await.unwrap();
        match firings.as_slice() {
            [] => none += 1,
            [one] => late.push(one.fired_at.since(one.fire_at)),
            _ => more += 1,
        }
    }
    late.sort_unstable();
    let at = |part: f64| late[((late.len() - 1) as f64 * part) as usize];
    println!(
        "fired once {}, more than once {more}, never {none}; late: p50 {:.0?}, p99 {:.0?}, most {:.0?}",
        late.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}
