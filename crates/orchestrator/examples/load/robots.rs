//! A thousand robots, simulated in this process: each takes a job a second, tells four events of it and its end, and
//! beats as the server wants.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use casare_access::{NewApiKey, Principal, Role};
use casare_orchestrator::Orchestrator;
use casare_queue::NewJob;
use casare_tunnel::{Events, FromRobot, FromServer, Hello, Load, Outcome, PROTOCOL};
use futures::{SinkExt, StreamExt};
use secrecy::ExposeSecret;
use serde_json::json;
use tokio_tungstenite::tungstenite::{
    Message, client::IntoClientRequest, protocol::WebSocketConfig,
};

#[derive(Default)]
struct Counts {
    begun: AtomicU64,
    settled: AtomicU64,
    lost: AtomicU64,
    gone: AtomicU64,
}

/// Prints what was lost, and how long the API took to answer meanwhile.
pub(super) async fn measure(server: Orchestrator, robots: u64, seconds: u64) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = server.clone();
    tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
    let tenant = server.access.first_tenant().await.unwrap();
    let workflow = super::publish(&server, tenant).await;
    let counts = Arc::new(Counts::default());
    for number in 0..robots {
        let name = format!("robot-{number}");
        let enrolled = server.access.add_own_robot(tenant, &name, 1).await.unwrap();
        let key = enrolled.key.expose_secret().to_owned();
        tokio::spawn(robot(address, key, Arc::clone(&counts)));
    }
    println!("{robots} robots, a job a second for each, {seconds} s");
    let feeding = server.clone();
    let feeder = tokio::spawn(async move {
        let began = Instant::now();
        let (mut submitted, step) = (0, Duration::from_millis(100));
        while began.elapsed() < Duration::from_secs(seconds) {
            let due = (began.elapsed().as_secs_f64() * robots as f64) as u64;
            let jobs = (submitted..due).map(|_| NewJob::of(workflow)).collect();
            submitted = due;
            for answer in feeding.queue.enqueue(tenant, jobs).await {
                answer.unwrap();
            }
            tokio::time::sleep(step).await;
        }
        submitted
    });
    let mut answers = ask(&server, tenant, address, seconds).await;
    let submitted = feeder.await.unwrap();
    let patience = Instant::now();
    while counts.settled.load(Relaxed) < submitted && patience.elapsed() < Duration::from_secs(30) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    answers.sort_unstable();
    let at = |part: f64| answers[((answers.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    println!(
        "submitted {submitted}, begun {}, ended {}, {:.1} s after the last order; leases lost {}, connections lost {}",
        counts.begun.load(Relaxed),
        counts.settled.load(Relaxed),
        patience.elapsed().as_secs_f64(),
        counts.lost.load(Relaxed),
        counts.gone.load(Relaxed),
    );
    println!(
        "API, {} requests: p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
        answers.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

/// Lists jobs, fifty times a second, as a page would.
async fn ask(
    server: &Orchestrator,
    tenant: casare_store::TenantId,
    address: std::net::SocketAddr,
    seconds: u64,
) -> Vec<Duration> {
    let key = NewApiKey {
        name: "measurement".to_owned(),
        role: Role::Admin,
        scopes: Vec::new(),
        expires_at: None,
    };
    let mut by = Principal::server(tenant, "measurement");
    by.role = Role::Owner;
    let (_, key) = server.access.create_key(&by, &key).await.unwrap();
    let client = reqwest::Client::new();
    let url = format!("http://{address}/api/v1/jobs?limit=50");
    let mut answers = Vec::new();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(seconds) {
        let asked = Instant::now();
        let answer = client
            .get(&url)
            .bearer_auth(key.expose_secret())
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        answer.bytes().await.unwrap();
        answers.push(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    answers
}

async fn robot(address: std::net::SocketAddr, key: String, counts: Arc<Counts>) {
    let mut request = format!("ws://{address}/api/v1/robot/tunnel")
        .into_client_request()
        .unwrap();
    let key = format!("Bearer {key}").parse().unwrap();
    request.headers_mut().insert("authorization", key);
    let config = WebSocketConfig::default().read_buffer_size(8 << 10);
    let (socket, _) = tokio_tungstenite::connect_async_with_config(request, Some(config), true)
        .await
        .unwrap();
    let (mut sink, mut stream) = socket.split();
    let text = |message: &FromRobot| Message::text(serde_json::to_string(message).unwrap());
    let hello = FromRobot::Hello(Hello {
        protocol: PROTOCOL,
        version: "0".to_owned(),
        capabilities: [].into(),
        leases: Vec::new(),
    });
    sink.send(text(&hello)).await.unwrap();
    let (mut held, mut told) = (Vec::new(), HashSet::new());
    let mut beat = tokio::time::interval(Duration::from_secs(10));
    loop {
        let heard = tokio::select! {
            heard = stream.next() => heard,
            _ = beat.tick() => {
                let beat = FromRobot::Beat { held: held.clone(), load: Load::default() };
                sink.send(text(&beat)).await.unwrap();
                continue;
            }
        };
        let Some(Ok(Message::Text(heard))) = heard else {
            counts.gone.fetch_add(1, Relaxed);
            return;
        };
        match serde_json::from_str(&heard).unwrap() {
            FromServer::Welcome(_) => sink
                .send(text(&FromRobot::Want { count: 1 }))
                .await
                .unwrap(),
            FromServer::Assign(assignment) => {
                let lease = assignment.lease;
                held.push(lease);
                counts.begun.fetch_add(1, Relaxed);
                let event = |number: u64| json!({ "at": 1, "event": "log", "message": format!("line {number}"), "level": "info", "path": "0" });
                let events = FromRobot::Events(Events {
                    lease,
                    first: 0,
                    events: (0..4).map(event).collect(),
                    ask: None,
                });
                sink.feed(text(&FromRobot::Started { lease }))
                    .await
                    .unwrap();
                sink.send(text(&events)).await.unwrap();
            }
            FromServer::Kept { lease, .. } => {
                told.insert(lease);
                let outcome = Outcome::Succeeded { outputs: json!({}) };
                sink.send(text(&FromRobot::Ended { lease, outcome }))
                    .await
                    .unwrap();
            }
            FromServer::Settled { lease } => {
                held.retain(|one| *one != lease);
                counts.settled.fetch_add(1, Relaxed);
                sink.feed(text(&FromRobot::Want { count: 0 }))
                    .await
                    .unwrap();
                sink.send(text(&FromRobot::Want { count: 1 }))
                    .await
                    .unwrap();
            }
            // A lease of a job whose end was told may be named in a beat once more.
            FromServer::Lost { lease } if !told.contains(&lease) => {
                counts.lost.fetch_add(1, Relaxed);
            }
            _ => {}
        }
    }
}
