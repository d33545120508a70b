//! What the tests share: a queue with a clock in their hands.

use std::{sync::Arc, time::Duration};

use casare_queue::{
    ErrorKind, JobError, JobState, LeasedJob, NewJob, Outcome, Queue, QueueSettings, Robot,
};
use casare_store::{Clock, JobId, ManualClock, Moment, RobotId, TenantId, WorkflowId};
use casare_store_testing::Database;

pub(crate) struct Office {
    pub(crate) queue: Queue,
    pub(crate) clock: ManualClock,
    pub(crate) tenant: TenantId,
    pub(crate) workflow: WorkflowId,
}

impl Office {
    pub(crate) async fn open(database: &Database) -> Self {
        let noon = Moment::from_micros(1_900_000_000_000_000);
        let clock = ManualClock::at(noon);
        let store = database.open(Clock::Manual(clock.clone())).await;
        let queue = Queue::open(store, QueueSettings::default()).await.unwrap();
        Self {
            queue,
            tenant: TenantId::new(noon),
            workflow: WorkflowId::new(noon),
            clock,
        }
    }

    pub(crate) fn robot(&self, slots: u32) -> Arc<Robot> {
        let mut robot = Robot::of(self.tenant, RobotId::new(self.clock.now()));
        robot.slots = slots;
        Arc::new(robot)
    }

    pub(crate) fn job(&self) -> NewJob {
        NewJob::of(self.workflow)
    }

    pub(crate) async fn enqueue(&self, jobs: Vec<NewJob>) -> Vec<JobId> {
        let answers = self.queue.enqueue(self.tenant, jobs).await;
        answers
            .into_iter()
            .map(|answer| answer.unwrap().job)
            .collect()
    }

    pub(crate) async fn add(&self, job: NewJob) -> JobId {
        self.enqueue(vec![job]).await[0]
    }

    pub(crate) async fn lease(&self, robot: &Arc<Robot>, count: usize) -> Vec<LeasedJob> {
        self.queue.lease(robot, count).await.unwrap()
    }

    pub(crate) async fn lease_one(&self, robot: &Arc<Robot>) -> LeasedJob {
        self.lease(robot, 1).await.pop().unwrap()
    }

    pub(crate) async fn end(&self, job: &LeasedJob, outcome: Outcome) -> JobState {
        self.queue.report(job.lease, outcome).await.unwrap().state
    }

    pub(crate) async fn succeed(&self, job: &LeasedJob) -> JobState {
        self.end(job, Outcome::Succeeded { outputs: None }).await
    }

    pub(crate) async fn state(&self, job: JobId) -> JobState {
        self.queue.job(self.tenant, job).await.unwrap().state
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

pub(crate) fn ids(jobs: &[LeasedJob]) -> Vec<JobId> {
    jobs.iter().map(|job| job.lease.job).collect()
}

pub(crate) fn failed(kind: ErrorKind) -> Outcome {
    Outcome::Failed(JobError {
        kind,
        message: "the site did not answer".to_owned(),
    })
}
