//! How fast the queue is, beside the least that its work can cost on the same database: bare
//! statements that take waiting rows in batches and remove them, each commit on the disk.
//!
//! `cargo run --release -p casare-queue --example queue_speed -- [postgres|sqlite] [largest]`
//!
//! `… -- peers PYTHON MODULES` measures other queues on the same server: PYTHON has pgqueuer and procrastinate,
//! MODULES is a folder with graphile-worker. `cargo xtask bench queue` installs them.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement for people to read"
)]

mod peers;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use casare_queue::{LeaseRequest, NewJob, Outcome, Queue, QueueSettings, Robot};
use casare_store::{Clock, Moment, RobotId, Store, TenantId, WorkflowId};
use casare_store_testing::{Database, Durable, PostgresServer};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};

/// Jobs of one lease and of one report.
const BATCH: usize = 100;
const WORKERS: usize = 2;
/// Jobs that are timed at each depth.
const TIMED: usize = 50_000;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [what, python, modules] = arguments.as_slice()
        && what == "peers"
    {
        return peers::compare(python, modules).await;
    }
    let only = arguments.first().map_or("both", String::as_str);
    let largest: usize = arguments
        .get(1)
        .map_or(1_000_000, |text| text.parse().unwrap());
    if only != "sqlite" {
        let server = PostgresServer::start(Durable::Yes);
        println!("PostgreSQL, fsync on");
        let address = server.create_database().await;
        let floor = postgres_floor(&server.create_database().await).await;
        measure(&address, &address, largest, floor).await;
    }
    if only != "postgres" {
        println!("SQLite, synchronous=FULL");
        let database = Database::sqlite();
        let floor = sqlite_floor().await;
        measure(&database.address, "", largest, floor).await;
    }
}

fn payload(number: usize) -> serde_json::Value {
    json!({ "order": number, "customer": "Müller GmbH", "amount": "129.90", "lines": [1, 2, 3] })
}

struct Bench {
    queue: Queue,
    tenant: TenantId,
    workflow: WorkflowId,
}

impl Bench {
    async fn open(address: &str) -> Self {
        let store = Store::open(address, Clock::System).await.unwrap();
        let queue = Queue::open(store, QueueSettings::default()).await.unwrap();
        // As a server does it.
        queue.keep_time();
        let now = queue.now();
        Bench {
            queue,
            tenant: TenantId::new(now),
            workflow: WorkflowId::new(now),
        }
    }

    fn job(&self, number: usize) -> NewJob {
        let mut job = NewJob::of(self.workflow);
        job.inputs = payload(number);
        job
    }

    async fn fill(&self, count: usize) {
        let mut left = count;
        while left > 0 {
            let now = left.min(5_000);
            let jobs = (0..now).map(|number| self.job(number)).collect();
            for answer in self.queue.enqueue(self.tenant, jobs).await {
                answer.unwrap();
            }
            left -= now;
        }
    }

    /// Leases and ends `most` jobs with several workers; seconds.
    async fn drain(&self, most: usize, batch: usize, workers: usize) -> f64 {
        let began = Instant::now();
        let mut tasks = Vec::new();
        for _ in 0..workers {
            let queue = self.queue.clone();
            let mut robot = Robot::of(self.tenant, RobotId::new(queue.now()));
            robot.slots = 100_000;
            let (robot, share) = (Arc::new(robot), most / workers);
            tasks.push(tokio::spawn(async move {
                let mut done = 0;
                while done < share {
                    let jobs = queue.lease(&robot, batch.min(share - done)).await.unwrap();
                    if jobs.is_empty() {
                        break;
                    }
                    done += jobs.len();
                    let succeeded = || Outcome::Succeeded { outputs: None };
                    let ends = jobs.iter().map(|job| (job.lease, succeeded())).collect();
                    for ended in queue.end(ends).await {
                        ended.unwrap();
                    }
                }
                done
            }));
        }
        let mut done = 0;
        for task in tasks {
            done += task.await.unwrap();
        }
        assert_eq!(done, most / workers * workers, "jobs are missing");
        began.elapsed().as_secs_f64()
    }
}

impl Bench {
    /// The same by many robots that have one slot each, as they do it: asking and reporting
    /// together with whoever does so at the same time.
    async fn drain_singly(&self, most: usize, robots: usize) -> f64 {
        let began = Instant::now();
        let mut tasks = Vec::new();
        for _ in 0..robots {
            let queue = self.queue.clone();
            let robot = Arc::new(Robot::of(self.tenant, RobotId::new(queue.now())));
            tasks.push(tokio::spawn(async move {
                let mut done = 0;
                loop {
                    let request = LeaseRequest {
                        robot: Arc::clone(&robot),
                        count: 1,
                    };
                    let jobs = queue.request(request).await.unwrap();
                    let Some(job) = jobs.first() else {
                        return done;
                    };
                    queue
                        .report(job.lease, Outcome::Succeeded { outputs: None })
                        .await
                        .unwrap();
                    done += 1;
                }
            }));
        }
        let mut done = 0;
        for task in tasks {
            done += task.await.unwrap();
        }
        assert_eq!(done, most, "jobs are missing");
        began.elapsed().as_secs_f64()
    }
}

async fn measure(address: &str, second: &str, largest: usize, floor: f64) {
    let bench = Bench::open(address).await;
    bench.fill(1_000).await;
    bench.drain(1_000, BATCH, 1).await;

    wake(&bench, second).await;
    enqueue(&bench).await;
    let waiting = bench.queue.counts(bench.tenant).await.unwrap();
    let waiting: i64 = waiting.iter().map(|(_, count)| count).sum();
    bench.drain(waiting as usize, 1_000, 1).await;

    println!("  drain, {WORKERS} workers, batches of {BATCH}; floor {floor:.0}/s");
    let mut first = 0.0;
    for depth in [1_000, 100_000, 1_000_000]
        .into_iter()
        .filter(|depth| *depth <= largest)
    {
        let rounds = if depth == 1_000 { 20 } else { 1 };
        let timed = TIMED.min(depth);
        let mut seconds = 0.0;
        for _ in 0..rounds {
            bench.fill(depth).await;
            seconds += bench.drain(timed, BATCH, WORKERS).await;
            if depth > timed {
                let rest = depth - timed;
                let whole = bench.drain(rest, 1_000, WORKERS).await;
                println!(
                    "    the rest of {depth:>9}: {:>7.0}/s in batches of 1000",
                    rest as f64 / whole
                );
            }
        }
        let rate = (timed * rounds) as f64 / seconds;
        if first == 0.0 {
            first = rate;
        }
        println!(
            "    {depth:>9} waiting: {rate:>7.0}/s  {:.2} of the floor  {:.2} of that at 1,000",
            rate / floor,
            rate / first
        );
    }
    bench.fill(10_000).await;
    let seconds = bench.drain_singly(10_000, 64).await;
    println!(
        "    64 robots, one job at a time: {:.0}/s",
        10_000.0 / seconds
    );
    println!("  after all that:");
    tokio::time::sleep(Duration::from_secs(8)).await;
    wake(&bench, second).await;
}

async fn enqueue(bench: &Bench) {
    let began = Instant::now();
    for number in 0..500 {
        bench
            .queue
            .submit(bench.tenant, bench.job(number))
            .await
            .unwrap();
    }
    println!(
        "  enqueue, one after the other: {:.0}/s",
        500.0 / began.elapsed().as_secs_f64()
    );
    let began = Instant::now();
    let mut tasks = Vec::new();
    for caller in 0..64 {
        let (queue, tenant) = (bench.queue.clone(), bench.tenant);
        let jobs: Vec<NewJob> = (0..200).map(|number| bench.job(number + caller)).collect();
        tasks.push(tokio::spawn(async move {
            for job in jobs {
                queue.submit(tenant, job).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    println!(
        "  enqueue, 64 callers at once: {:.0}/s",
        12_800.0 / began.elapsed().as_secs_f64()
    );
    let began = Instant::now();
    bench.fill(50_000).await;
    println!(
        "  enqueue, batches of 5000: {:.0}/s",
        50_000.0 / began.elapsed().as_secs_f64()
    );
}

/// From the call that submits to the robot that has the job. On PostgreSQL the two have connections
/// of their own, as two processes do.
async fn wake(bench: &Bench, second: &str) {
    let submitting = if second.is_empty() {
        bench.queue.clone()
    } else {
        let store = Store::open(second, Clock::System).await.unwrap();
        Queue::open(store, QueueSettings::default()).await.unwrap()
    };
    let mut robot = Robot::of(bench.tenant, RobotId::new(Moment::from_micros(0)));
    robot.slots = 10;
    let robot = Arc::new(robot);
    let mut taken = Vec::new();
    for number in 0..400 {
        let queue = bench.queue.clone();
        let request = LeaseRequest {
            robot: Arc::clone(&robot),
            count: 1,
        };
        let waiting = tokio::spawn(async move {
            let jobs = queue
                .wait_for(request, Duration::from_secs(10))
                .await
                .unwrap();
            (Instant::now(), jobs)
        });
        tokio::time::sleep(Duration::from_millis(4)).await;
        let began = Instant::now();
        submitting
            .submit(bench.tenant, bench.job(number))
            .await
            .unwrap();
        let (woken, jobs) = waiting.await.unwrap();
        taken.push(woken - began);
        let outcome = Outcome::Succeeded { outputs: None };
        bench.queue.report(jobs[0].lease, outcome).await.unwrap();
    }
    taken.sort_unstable();
    let at = |share: f64| taken[(taken.len() as f64 * share) as usize].as_secs_f64() * 1_000.0;
    println!(
        "  submit to leased, idle: p50 {:.2} ms, p99 {:.2} ms",
        at(0.5),
        at(0.99)
    );
}

/// Rows that wait, taken and removed: nothing is matched, fenced, limited or remembered.
async fn postgres_floor(address: &str) -> f64 {
    let pool = PgPool::connect(address).await.unwrap();
    sqlx::raw_sql(
        "CREATE TABLE floor (id bigint PRIMARY KEY, state text NOT NULL, payload jsonb NOT NULL);
         CREATE INDEX floor_ready ON floor (id) WHERE state = 'queued';",
    )
    .execute(&pool)
    .await
    .unwrap();
    let fill = "INSERT INTO floor SELECT n, 'queued', $1 FROM generate_series(1, $2) n";
    sqlx::query(fill)
        .bind(payload(1))
        .bind(100_000_i64)
        .execute(&pool)
        .await
        .unwrap();
    sqlx::raw_sql("VACUUM ANALYZE floor")
        .execute(&pool)
        .await
        .unwrap();
    let began = Instant::now();
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                let mut connection = pool.acquire().await.unwrap();
                for _ in 0..TIMED / WORKERS / BATCH {
                    let rows: Vec<(i64, serde_json::Value)> = sqlx::query_as(
                        "UPDATE floor SET state = 'running' WHERE id IN (
                             SELECT id FROM floor WHERE state = 'queued' ORDER BY id LIMIT $1
                             FOR UPDATE SKIP LOCKED)
                         RETURNING id, payload",
                    )
                    .bind(BATCH as i64)
                    .fetch_all(&mut *connection)
                    .await
                    .unwrap();
                    let ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
                    sqlx::query("DELETE FROM floor WHERE id = ANY ($1)")
                        .bind(ids)
                        .execute(&mut *connection)
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    TIMED as f64 / began.elapsed().as_secs_f64()
}

async fn sqlite_floor() -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(folder.path().join("floor.db"))
        .create_if_missing(true)
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
        .synchronous(sqlx::sqlite::SqliteSynchronous::Full);
    let pool = SqlitePool::connect_with(options).await.unwrap();
    sqlx::raw_sql(
        "CREATE TABLE floor (id INTEGER PRIMARY KEY, state TEXT NOT NULL, payload TEXT NOT NULL);
         CREATE INDEX floor_ready ON floor (id) WHERE state = 'queued';",
    )
    .execute(&pool)
    .await
    .unwrap();
    let fill = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100000)
                INSERT INTO floor SELECT n, 'queued', $1 FROM n";
    sqlx::query(fill)
        .bind(payload(1).to_string())
        .execute(&pool)
        .await
        .unwrap();
    let mut connection = pool.acquire().await.unwrap();
    let began = Instant::now();
    for _ in 0..TIMED / BATCH {
        let rows: Vec<(i64, String)> = sqlx::query_as(
            "UPDATE floor SET state = 'running' WHERE id IN (
                 SELECT id FROM floor WHERE state = 'queued' ORDER BY id LIMIT $1)
             RETURNING id, payload",
        )
        .bind(BATCH as i64)
        .fetch_all(&mut *connection)
        .await
        .unwrap();
        let ids: Vec<String> = rows.iter().map(|row| row.0.to_string()).collect();
        let text = format!("DELETE FROM floor WHERE id IN ({})", ids.join(","));
        sqlx::query(AssertSqlSafe(text))
            .persistent(false)
            .execute(&mut *connection)
            .await
            .unwrap();
    }
    TIMED as f64 / began.elapsed().as_secs_f64()
}
