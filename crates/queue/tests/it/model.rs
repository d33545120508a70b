//! Random lives of jobs against a model: several workers that lose leases and come back late, a
//! clock that jumps, people who cancel and answer.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use casare_queue::{
    Decision, ErrorKind, JobState, LeasedJob, NewJob, Outcome, Priority, QueueError, Recovery,
    RetryPolicy, Robot, Scope,
};
use casare_store::{JobId, Moment};
use casare_store_testing::Database;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::json;

use crate::office::{Office, failed};

/// How many a resource may be used by at a time.
const SAP: usize = 2;
const SLOTS: u32 = 3;

#[derive(Debug, Clone)]
enum Step {
    Enqueue {
        priority: u8,
        later: u64,
        resource: bool,
        recovery: u8,
        attempts: u32,
    },
    Lease {
        robot: usize,
        count: usize,
    },
    /// Of all leases that were ever given, lost ones too.
    End {
        lease: usize,
        how: u8,
    },
    Start {
        lease: usize,
    },
    Renew {
        lease: usize,
    },
    Pass {
        seconds: u64,
    },
    Back {
        seconds: u64,
    },
    Cancel {
        job: usize,
        kill: bool,
    },
    Answer {
        job: usize,
    },
    Pause {
        on: bool,
    },
    Prioritise {
        job: usize,
        priority: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..=100_u8, prop_oneof![3 => Just(0), 1 => 1..100_u64], any::<bool>(), 0..3_u8, 1..4_u32)
            .prop_map(|(priority, later, resource, recovery, attempts)| Step::Enqueue {
                priority, later, resource, recovery, attempts,
            }),
        5 => (0..3_usize, 1..5_usize).prop_map(|(robot, count)| Step::Lease { robot, count }),
        6 => (0..100_usize, 0..6_u8).prop_map(|(lease, how)| Step::End { lease, how }),
        1 => (0..100_usize).prop_map(|lease| Step::Start { lease }),
        1 => (0..100_usize).prop_map(|lease| Step::Renew { lease }),
        2 => (0..40_u64).prop_map(|seconds| Step::Pass { seconds }),
        1 => (0..20_u64).prop_map(|seconds| Step::Back { seconds }),
        1 => (0..100_usize, any::<bool>()).prop_map(|(job, kill)| Step::Cancel { job, kill }),
        1 => (0..100_usize).prop_map(|job| Step::Answer { job }),
        1 => any::<bool>().prop_map(|on| Step::Pause { on }),
        1 => (0..100_usize, 0..=100_u8).prop_map(|(job, priority)| Step::Prioritise { job, priority }),
    ]
}

/// What the model knows of a job.
#[derive(Debug, Clone)]
struct Known {
    state: JobState,
    priority: u8,
    due: Moment,
    resource: bool,
    recovery: Recovery,
    attempts: u32,
    attempt: u32,
    epoch: i64,
    robot: Option<usize>,
    until: Option<Moment>,
    stop: bool,
    killed: bool,
}

struct Model {
    office: Office,
    robots: Vec<Arc<Robot>>,
    jobs: BTreeMap<JobId, Known>,
    order: Vec<JobId>,
    leases: Vec<LeasedJob>,
    paused: bool,
}

impl Model {
    async fn new(database: &Database) -> Self {
        let office = Office::open(database).await;
        let resource = Scope::Resource(office.tenant, "sap".into());
        office.queue.limit(&resource, SAP as u32).await.unwrap();
        let robots = (0..3).map(|_| office.robot(SLOTS)).collect();
        Self {
            office,
            robots,
            jobs: BTreeMap::new(),
            order: Vec::new(),
            leases: Vec::new(),
            paused: false,
        }
    }

    fn now(&self) -> Moment {
        self.office.clock.now()
    }

    /// What time does by itself, in the model: `lost` leases end, delays are over.
    fn tick(&mut self) {
        let now = self.now();
        for job in self.jobs.values_mut() {
            let over = job.until.is_some_and(|until| until <= now);
            match job.state {
                JobState::Scheduled | JobState::Suspended if over => {
                    job.state = JobState::Queued;
                    job.until = None;
                }
                JobState::Leased | JobState::Running if over => lose(job, now),
                _ => {}
            }
        }
        // What was lost may be due again at once: without jitter, its delay is 10 s, so it is not.
    }

    async fn apply(&mut self, step: &Step) {
        match step {
            Step::Enqueue {
                priority,
                later,
                resource,
                recovery,
                attempts,
            } => {
                self.enqueue(*priority, *later, *resource, *recovery, *attempts)
                    .await;
            }
            Step::Lease { robot, count } => self.lease(*robot, *count).await,
            Step::End { lease, how } => self.end(*lease, *how).await,
            Step::Start { lease } => self.start(*lease).await,
            Step::Renew { lease } => self.renew(*lease).await,
            Step::Pass { seconds } => {
                self.office.pass(*seconds);
                self.office.queue.tick().await.unwrap();
                self.tick();
            }
            Step::Back { seconds } => {
                let earlier = self.now() - Duration::from_secs(*seconds);
                self.office.clock.set(earlier);
            }
            Step::Cancel { job, kill } => self.cancel(*job, *kill).await,
            Step::Answer { job } => self.answer(*job).await,
            Step::Pause { on } => {
                let scope = Scope::Workflow(self.office.workflow);
                if *on {
                    self.office.queue.pause(&scope, None, None).await.unwrap();
                } else {
                    self.office.queue.unpause(&scope).await.unwrap();
                }
                self.paused = *on;
            }
            Step::Prioritise { job, priority } => {
                let Some(id) = pick(&self.order, *job) else {
                    return;
                };
                let urgent = Priority::new(*priority).unwrap();
                let done = self
                    .office
                    .queue
                    .set_priority(self.office.tenant, id, urgent)
                    .await;
                let known = self.jobs.get_mut(&id).unwrap();
                let waits = matches!(known.state, JobState::Queued | JobState::Scheduled);
                assert_eq!(done.is_ok(), waits);
                if waits {
                    known.priority = *priority;
                }
            }
        }
    }

    async fn enqueue(
        &mut self,
        priority: u8,
        later: u64,
        resource: bool,
        recovery: u8,
        attempts: u32,
    ) {
        let mut order = NewJob::of(self.office.workflow);
        order.priority = Priority::new(priority).unwrap();
        let due = self.now() + Duration::from_secs(later);
        order.due = Some(due);
        if resource {
            order.demands.resources.insert("sap".into());
        }
        let recovery = [Recovery::Resume, Recovery::Retry, Recovery::Ask][recovery as usize];
        order.options.recovery = recovery;
        order.options.retry = RetryPolicy {
            max_attempts: attempts,
            delay_ms: 10_000,
            max_delay_ms: 10_000,
            jitter: false,
            ..RetryPolicy::default()
        };
        let id = self.office.add(order).await;
        let (state, until) = if later > 0 {
            (JobState::Scheduled, Some(due))
        } else {
            (JobState::Queued, None)
        };
        let known = Known {
            state,
            priority,
            due,
            resource,
            recovery,
            attempts,
            attempt: 0,
            epoch: 0,
            robot: None,
            until,
            stop: false,
            killed: false,
        };
        self.jobs.insert(id, known);
        self.order.push(id);
    }

    /// The model says exactly which jobs are to be leased, in which order.
    async fn lease(&mut self, robot: usize, count: usize) {
        self.tick();
        let leased = self.office.lease(&self.robots[robot], count).await;
        let held = |job: &&Known| job.state.is_held();
        let mine = self
            .jobs
            .values()
            .filter(held)
            .filter(|job| job.robot == Some(robot))
            .count();
        let mut room = count.min((SLOTS as usize).saturating_sub(mine));
        let using = self
            .jobs
            .values()
            .filter(held)
            .filter(|job| job.resource)
            .count();
        let mut sap = SAP.saturating_sub(using);
        let mut waiting: Vec<(&JobId, &Known)> = self
            .jobs
            .iter()
            .filter(|(_, job)| job.state == JobState::Queued)
            .collect();
        waiting.sort_by_key(|(id, job)| (100 - job.priority, job.due, **id));
        let mut expected = Vec::new();
        for (id, job) in waiting {
            if self.paused || room == 0 || job.resource && sap == 0 {
                continue;
            }
            expected.push(*id);
            room -= 1;
            sap -= usize::from(job.resource);
        }
        let got: Vec<JobId> = leased.iter().map(|job| job.lease.job).collect();
        assert_eq!(
            got.iter().collect::<HashSet<_>>(),
            expected.iter().collect::<HashSet<_>>(),
            "leased what was not to be leased"
        );
        let until = self.now() + Duration::from_secs(30);
        for job in leased {
            let known = self.jobs.get_mut(&job.lease.job).unwrap();
            assert_eq!(job.lease.epoch, known.epoch + 1);
            known.state = JobState::Leased;
            known.epoch += 1;
            known.attempt += 1;
            known.robot = Some(robot);
            known.until = Some(until);
            assert_eq!(job.attempt, known.attempt);
            self.leases.push(job);
        }
    }

    fn is_mine(&self, lease: &LeasedJob) -> bool {
        let known = &self.jobs[&lease.lease.job];
        known.state.is_held() && known.epoch == lease.lease.epoch
    }

    async fn end(&mut self, lease: usize, how: u8) {
        let Some(lease) = pick(&self.leases, lease) else {
            return;
        };
        let now = self.now();
        let until = now + Duration::from_secs(25);
        let outcome = match how {
            0 => Outcome::Succeeded {
                outputs: Some(json!({ "n": 1 })),
            },
            1 => failed(ErrorKind::Timeout),
            2 => failed(ErrorKind::Business),
            3 => Outcome::Suspended {
                until: Some(until),
                waits_for: json!("time"),
            },
            4 => Outcome::NeedsDecision {
                question: json!("happened?"),
            },
            _ => Outcome::Released,
        };
        let answer = self.office.queue.report(lease.lease, outcome).await;
        if !self.is_mine(&lease) {
            let known = &self.jobs[&lease.lease.job];
            match answer {
                // What this very lease has ended may be said again.
                Ok(ended) => {
                    assert!(known.state.is_end() && known.epoch == lease.lease.epoch);
                    assert_eq!(ended.state, known.state);
                }
                Err(error) => assert!(matches!(error, QueueError::LeaseLost { .. }), "{error}"),
            }
            return;
        }
        let ended = answer.unwrap();
        let known = self.jobs.get_mut(&lease.lease.job).unwrap();
        finish(known, how, now, until);
        assert_eq!(ended.state, known.state);
    }

    async fn start(&mut self, lease: usize) {
        let Some(lease) = pick(&self.leases, lease) else {
            return;
        };
        let refused = self.office.queue.start(&[lease.lease]).await.unwrap();
        let mine = self.is_mine(&lease);
        let known = self.jobs.get_mut(&lease.lease.job).unwrap();
        let may = mine && known.state == JobState::Leased;
        assert_eq!(refused.is_empty(), may);
        if may {
            known.state = JobState::Running;
        }
    }

    async fn renew(&mut self, lease: usize) {
        let Some(lease) = pick(&self.leases, lease) else {
            return;
        };
        let renewed = self.office.queue.renew(&[lease.lease]).await.unwrap();
        let mine = self.is_mine(&lease);
        assert_eq!(renewed[0].1 != casare_queue::Renewal::Lost, mine);
        let until = self.now() + Duration::from_secs(30);
        let known = self.jobs.get_mut(&lease.lease.job).unwrap();
        if mine && !known.killed {
            known.until = Some(until);
        }
    }

    async fn cancel(&mut self, job: usize, kill: bool) {
        let Some(id) = pick(&self.order, job) else {
            return;
        };
        let now = self.now();
        let queue = &self.office.queue;
        if kill {
            queue.kill(self.office.tenant, &[id]).await.unwrap();
        } else {
            queue.cancel(self.office.tenant, &[id]).await.unwrap();
        }
        let known = self.jobs.get_mut(&id).unwrap();
        if known.state.is_end() {
            return;
        }
        if known.state.is_held() {
            known.stop = true;
            if kill {
                known.killed = true;
                known.until = known.until.min(Some(now + Duration::from_secs(30)));
            }
        } else {
            known.state = JobState::Cancelled;
        }
    }

    async fn answer(&mut self, job: usize) {
        let Some(id) = pick(&self.order, job) else {
            return;
        };
        let (queue, tenant) = (&self.office.queue, self.office.tenant);
        let resumed = queue.resume(tenant, id, json!("yes")).await;
        let decided = queue.decide(tenant, id, Decision::Repeat).await;
        let now = self.now();
        let known = self.jobs.get_mut(&id).unwrap();
        assert_eq!(resumed.is_ok(), known.state == JobState::Suspended);
        assert_eq!(decided.is_ok(), known.state == JobState::NeedsDecision);
        if matches!(known.state, JobState::Suspended | JobState::NeedsDecision) {
            known.state = JobState::Queued;
            known.due = now;
            known.until = None;
        }
    }

    /// The tables say what the model says, of every job.
    async fn compare(&self) {
        for (id, known) in &self.jobs {
            let story = self
                .office
                .queue
                .job(self.office.tenant, *id)
                .await
                .unwrap();
            assert_eq!(story.state, known.state, "{id}: {known:?}");
            assert_eq!(story.finished.is_some(), known.state.is_end());
            let epochs: Vec<i64> = story.attempts.iter().map(|attempt| attempt.epoch).collect();
            assert_eq!(
                epochs,
                (1..=known.epoch).collect::<Vec<_>>(),
                "every attempt is told once"
            );
        }
        let live = self.jobs.values().filter(|job| !job.state.is_end()).count();
        let counted = self.office.queue.counts(self.office.tenant).await.unwrap();
        assert_eq!(
            counted.iter().map(|(_, count)| *count).sum::<i64>(),
            live as i64
        );
        let mut dead: HashMap<bool, usize> = HashMap::new();
        for job in self.jobs.values() {
            *dead.entry(job.state == JobState::Dead).or_default() += 1;
        }
        let letters = self
            .office
            .queue
            .dead_letters(self.office.tenant, "open", None, 1_000)
            .await;
        assert_eq!(
            letters.unwrap().len(),
            dead.get(&true).copied().unwrap_or(0)
        );
    }
}

fn pick<T: Clone>(all: &[T], index: usize) -> Option<T> {
    (!all.is_empty()).then(|| all[index % all.len()].clone())
}

fn wait(job: &mut Known, state: JobState, due: Moment, until: Option<Moment>) {
    job.state = state;
    job.due = due;
    job.until = until;
    job.robot = None;
    job.stop = false;
    job.killed = false;
}

fn end(job: &mut Known, state: JobState) {
    job.state = state;
    job.robot = None;
    job.until = None;
}

fn retry(job: &mut Known, now: Moment) {
    if job.attempt >= job.attempts {
        end(job, JobState::Dead);
    } else {
        let due = now + Duration::from_secs(10);
        wait(job, JobState::Scheduled, due, Some(due));
    }
}

fn lose(job: &mut Known, now: Moment) {
    if job.stop {
        end(job, JobState::Cancelled);
    } else if job.attempt >= job.attempts {
        end(job, JobState::Dead);
    } else {
        match job.recovery {
            Recovery::Retry => retry(job, now),
            Recovery::Resume => wait(job, JobState::Queued, job.due, None),
            Recovery::Ask => wait(job, JobState::NeedsDecision, job.due, None),
        }
    }
}

fn finish(job: &mut Known, how: u8, now: Moment, until: Moment) {
    match how {
        0 => end(job, JobState::Succeeded),
        _ if job.stop => end(job, JobState::Cancelled),
        1 => retry(job, now),
        2 => end(job, JobState::Failed),
        3 => {
            job.attempt -= 1;
            wait(job, JobState::Suspended, job.due, Some(until));
        }
        4 => {
            job.attempt -= 1;
            wait(job, JobState::NeedsDecision, job.due, None);
        }
        _ => {
            job.attempt -= 1;
            wait(job, JobState::Queued, job.due, None);
        }
    }
}

fn lives(database: impl AsyncFn() -> Database, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let config = Config {
        cases,
        max_shrink_iters: 200,
        failure_persistence: None,
        ..Config::default()
    };
    let steps = proptest::collection::vec(step(), 1..60);
    TestRunner::new(config)
        .run(&steps, |steps| {
            runtime.block_on(async {
                let database = database().await;
                let mut model = Model::new(&database).await;
                for step in &steps {
                    model.apply(step).await;
                }
                model.compare().await;
                model.office.queue.close().await;
                model.office.queue.store().close().await;
            });
            Ok(())
        })
        .unwrap();
}

/// `CASARE_CASES` asks for more lives than a quick run has.
fn cases(few: u32) -> u32 {
    option_env!("CASARE_CASES")
        .and_then(|text| text.parse().ok())
        .unwrap_or(few)
}

#[test]
fn any_life_goes_as_the_model_says_on_sqlite() {
    lives(async || Database::sqlite(), cases(40));
}

#[test]
fn any_life_goes_as_the_model_says_on_postgresql() {
    lives(Database::postgres, cases(15));
}
