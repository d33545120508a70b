//! Jobs on their way to a robot.

use std::{sync::Arc, time::Duration};

use casare_queue::{ErrorKind, JobError, LeaseRequest, LeasedJob, Outcome};
use casare_store::{RobotId, RobotStatus};
use casare_tunnel::FromServer;
use tokio::sync::watch;

use super::{Line, assignment::Refused, connection::Mine};
use crate::{Orchestrator, OrchestratorError, api::robot_of, problem::chain};

/// One wait for jobs. What was leased in it is given to the robot or back, so it is never cut short.
const PATIENCE: Duration = Duration::from_secs(2);

/// Gives jobs to a robot for as long as it listens.
pub(super) async fn lease_forever(
    server: Orchestrator,
    robot: RobotId,
    line: Line,
    mut wanted: watch::Receiver<u32>,
    mine: Arc<Mine>,
) {
    let mut told: Option<(String, i32)> = None;
    loop {
        if line.out.is_closed() || server.closing.is_cancelled() {
            return;
        }
        let record = match server.store.robot(robot).await {
            Ok(Some(record)) => record,
            // It was removed.
            Ok(None) => return line.out.closed().await,
            Err(error) => {
                tracing::warn!(error = %chain(&error), "leasing waits for the database");
                tokio::time::sleep(PATIENCE).await;
                continue;
            }
        };
        let now = (record.status.clone(), record.slots);
        if told.as_ref().is_some_and(|told| *told != now) {
            let placed = FromServer::Placed {
                status: record.status.clone(),
                slots: u32::try_from(record.slots).unwrap_or(1),
            };
            if line.out.send(placed).await.is_err() {
                return;
            }
        }
        told = Some(now);
        let count = *wanted.borrow_and_update() as usize;
        if count == 0 || record.status != RobotStatus::Online.name() {
            tokio::select! {
                () = server.closing.cancelled() => return,
                () = line.out.closed() => return,
                () = line.changed.notified() => {}
                changed = wanted.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(PATIENCE) => {}
            }
            continue;
        }
        let request = LeaseRequest {
            robot: Arc::new(robot_of(&record)),
            count,
        };
        match server.queue.wait_for(request, PATIENCE).await {
            Ok(jobs) if jobs.is_empty() => {}
            Ok(jobs) => {
                // It may have been paused while jobs were waited for.
                let record = server.store.robot(robot).await.ok().flatten();
                let is_online =
                    record.is_some_and(|record| record.status == RobotStatus::Online.name());
                for job in jobs {
                    if is_online {
                        give(&server, job, &line, &mine).await;
                    } else {
                        give_back(&server, &job, Outcome::Released).await;
                    }
                }
            }
            Err(error) => {
                tracing::warn!(error = %chain(&error), "leasing waits for the database");
                tokio::time::sleep(PATIENCE).await;
            }
        }
    }
}

/// Gives a job to the robot; if that can't be, to the next one.
async fn give(server: &Orchestrator, job: LeasedJob, line: &Line, mine: &Mine) {
    let outcome = match server.assignment(&job).await {
        Ok(assignment) => {
            mine.add(assignment.lease, job.environment.clone(), 0);
            match line
                .out
                .send(FromServer::Assign(Box::new(assignment)))
                .await
            {
                Ok(()) => return,
                Err(_) => Outcome::Released,
            }
        }
        Err(Refused::Order(message)) => Outcome::Failed(JobError {
            kind: ErrorKind::Invalid,
            message,
        }),
        Err(Refused::Server(error)) => {
            tracing::warn!(error = %told(&error), "a job goes back to the queue");
            Outcome::Released
        }
    };
    give_back(server, &job, outcome).await;
}

async fn give_back(server: &Orchestrator, job: &LeasedJob, outcome: Outcome) {
    if let Err(error) = server.queue.report(job.lease, outcome).await {
        // Its lease runs out.
        tracing::warn!(error = %chain(&error), "a job could not be given back");
    }
}

fn told(error: &OrchestratorError) -> String {
    chain(error)
}
