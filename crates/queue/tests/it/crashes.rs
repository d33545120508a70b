//! What is left when things are killed: every job comes to exactly one end all the same.

use std::{
    collections::HashSet,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use casare_queue::{
    JobState, NewJob, Outcome, Queue, QueueError, QueueSettings, RetryPolicy, Robot,
};
use casare_store::{Clock, JobId, RobotId, Store, TenantId, WorkflowId};
use casare_store_testing::{Database, Durable, PostgresServer, on_both};

fn quick() -> QueueSettings {
    QueueSettings {
        lease: Duration::from_secs(1),
        ..QueueSettings::default()
    }
}

fn order(workflow: WorkflowId, number: usize) -> NewJob {
    let mut job = NewJob::of(workflow);
    job.key = Some(format!("order {number}"));
    job.options.retry = RetryPolicy {
        max_attempts: 100,
        delay_ms: 10,
        max_delay_ms: 10,
        ..RetryPolicy::default()
    };
    job
}

/// Repeats what fails because the database is away, as callers do.
macro_rules! insist {
    ($call:expr) => {
        loop {
            match $call.await {
                Err(QueueError::Database(error)) => {
                    assert!(
                        error.is_transient(),
                        "not for the database being away: {error:?}"
                    );
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                other => break other,
            }
        }
    };
}

/// Works until told to stop; answers what it was told has succeeded.
async fn work(queue: Queue, tenant: TenantId, stop: Arc<AtomicBool>) -> Vec<JobId> {
    let mut robot = Robot::of(tenant, RobotId::new(queue.now()));
    robot.slots = 20;
    let robot = Arc::new(robot);
    let mut done = Vec::new();
    while !stop.load(Ordering::Acquire) {
        let jobs = insist!(queue.lease(&robot, 5)).unwrap();
        if jobs.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for job in jobs {
            match insist!(queue.report(job.lease, Outcome::Succeeded { outputs: None })) {
                Ok(ended) => {
                    assert_eq!(ended.state, JobState::Succeeded);
                    done.push(job.lease.job);
                }
                Err(QueueError::LeaseLost { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_postgresql_again_and_again_loses_and_doubles_nothing() {
    let mut server = PostgresServer::start(Durable::Yes);
    let address = server.create_database().await;
    let store = Store::open(&address, Clock::System).await.unwrap();
    let now = store.clock().now();
    let (tenant, workflow) = (TenantId::new(now), WorkflowId::new(now));
    let queue = Queue::open(store, quick()).await.unwrap();
    let other = Queue::open(Store::open(&address, Clock::System).await.unwrap(), quick())
        .await
        .unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = [&queue, &other, &queue]
        .into_iter()
        .map(|queue| tokio::spawn(work(queue.clone(), tenant, Arc::clone(&stop))))
        .collect();
    let submitting = queue.clone();
    let submitter = tokio::spawn(async move {
        let mut jobs = Vec::new();
        for number in 0..200 {
            let submitted = insist!(submitting.submit(tenant, order(workflow, number))).unwrap();
            jobs.push(submitted.job);
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        // Many at a time; who was told of a failure submits again, the others don't.
        for first in (200..400).step_by(20) {
            let mut left: Vec<usize> = (first..first + 20).collect();
            while !left.is_empty() {
                let orders = left.iter().map(|number| order(workflow, *number)).collect();
                let answers = submitting.enqueue(tenant, orders).await;
                let mut again = Vec::new();
                for (number, answer) in left.into_iter().zip(answers) {
                    match answer {
                        Ok(enqueued) => jobs.push(enqueued.job),
                        Err(QueueError::Database(error)) => {
                            assert!(error.is_transient(), "{error:?}");
                            again.push(number);
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
                left = again;
                tokio::time::sleep(Duration::from_millis(60)).await;
            }
        }
        jobs
    });
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        server = tokio::task::spawn_blocking(move || {
            server.kill();
            server.start_again();
            server
        })
        .await
        .unwrap();
    }
    let jobs = submitter.await.unwrap();
    let began = Instant::now();
    while !insist!(queue.counts(tenant)).unwrap().is_empty() {
        assert!(
            began.elapsed() < Duration::from_mins(1),
            "some jobs never end"
        );
        insist!(queue.tick()).unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stop.store(true, Ordering::Release);
    let mut told = Vec::new();
    for worker in workers {
        told.extend(worker.await.unwrap());
    }

    assert_eq!(
        jobs.iter().collect::<HashSet<_>>().len(),
        400,
        "each order is one job"
    );
    for job in &jobs {
        assert_eq!(
            queue.job(tenant, *job).await.unwrap().state,
            JobState::Succeeded
        );
    }
    assert_eq!(
        told.iter().collect::<HashSet<_>>().len(),
        told.len(),
        "nobody is told twice"
    );
    let pool = sqlx::PgPool::connect(&format!("{address}?options=-c%20casare.tenant%3Dall"))
        .await
        .unwrap();
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM job_history")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(kept, 400, "each job has one end");
}

const CHILD: &str = "CASARE_TEST_CHILD";

on_both! {
    async fn a_worker_that_is_killed_with_jobs_in_its_hands_loses_none(database: Database) {
        let store = database.open(Clock::System).await;
        let now = store.clock().now();
        let (tenant, workflow) = (TenantId::new(now), WorkflowId::new(now));
        let queue = Queue::open(store, quick()).await.unwrap();
        let orders = (0..30).map(|number| order(workflow, number)).collect();
        let answers = queue.enqueue(tenant, orders).await;
        let jobs: Vec<JobId> = answers.into_iter().map(|answer| answer.unwrap().job).collect();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crashes::child", "--ignored", "--nocapture"])
            .env(CHILD, format!("{} {tenant}", database.address))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let held = async || {
            let counts = queue.counts(tenant).await.unwrap();
            counts.iter().any(|(state, count)| *state == JobState::Leased && *count == 10)
        };
        while !held().await {
            assert!(child.try_wait().unwrap().is_none(), "the child ended by itself");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();

        let stop = Arc::new(AtomicBool::new(false));
        let worker = tokio::spawn(work(queue.clone(), tenant, Arc::clone(&stop)));
        while !queue.counts(tenant).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.store(true, Ordering::Release);

        assert_eq!(worker.await.unwrap().len(), 30);
        let mut tried = 0;
        for job in jobs {
            let story = queue.job(tenant, job).await.unwrap();
            assert_eq!(story.state, JobState::Succeeded);
            tried += story.attempts.len();
        }
        assert_eq!(tried, 40, "ten of them were tried twice");
    }
}

/// What the test above starts: it takes ten jobs and waits for its end.
#[tokio::test]
#[ignore = "only as a process of its own"]
async fn child() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how a test speaks to its own process"
    )]
    let Ok(told) = std::env::var(CHILD) else {
        return;
    };
    let (address, tenant) = told.rsplit_once(' ').unwrap();
    let store = Store::open(address, Clock::System).await.unwrap();
    let queue = Queue::open(store, quick()).await.unwrap();
    let mut robot = Robot::of(tenant.parse().unwrap(), RobotId::new(queue.now()));
    robot.slots = 10;
    let jobs = queue.lease(&Arc::new(robot), 10).await.unwrap();
    let leases: Vec<_> = jobs.iter().map(|job| job.lease).collect();
    loop {
        queue.renew(&leases).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
