//! The life of a job, step by step.

use std::{collections::HashSet, sync::Arc, time::Duration};

use casare_queue::{
    Decision, Demands, Edit, ErrorKind, JobOptions, JobState, LeaseRequest, Outcome, Preference,
    Priority, QueueError, Recovery, Renewal, RetryPolicy, Robot, Scope, Stop, Waiting,
};
use casare_store::{RobotId, TenantId, WorkflowId};
use casare_store_testing::{Database, on_both};
use serde_json::json;

use crate::office::{Office, failed, ids};

fn steady() -> RetryPolicy {
    RetryPolicy {
        delay_ms: 10_000,
        jitter: false,
        ..RetryPolicy::default()
    }
}

on_both! {
    async fn a_job_is_run_once_and_its_story_is_kept(database: Database) {
        let office = Office::open(&database).await;
        let robot = office.robot(4);
        let mut order = office.job();
        order.inputs = json!({ "customer": "Müller" });
        let job = office.add(order).await;

        let leased = office.lease_one(&robot).await;
        assert_eq!((leased.lease.job, leased.attempt), (job, 1));
        assert_eq!(leased.inputs, json!({ "customer": "Müller" }));
        assert_eq!(office.lease(&robot, 4).await, []);
        assert_eq!(office.queue.start(&[leased.lease]).await.unwrap(), []);
        assert_eq!(office.state(job).await, JobState::Running);

        let outputs = Some(json!({ "sent": 3 }));
        let ended = office.end(&leased, Outcome::Succeeded { outputs }).await;

        assert_eq!(ended, JobState::Succeeded);
        let story = office.queue.job(office.tenant, job).await.unwrap();
        assert_eq!(story.outputs, Some(json!({ "sent": 3 })));
        assert_eq!(story.attempts.len(), 1);
        assert_eq!(story.attempts[0].robot, Some(robot.id));
        // The answer got lost and the robot says it again.
        assert_eq!(office.succeed(&leased).await, JobState::Succeeded);
        assert!(office.queue.job(TenantId::new(office.clock.now()), job).await.is_err());
    }

    async fn a_robot_that_asks_for_more_than_it_has_room_for_gets_the_first_of_all_workflows(database: Database) {
        let office = Office::open(&database).await;
        let (one, other) = (office.workflow, WorkflowId::new(office.clock.now()));
        // Whichever of the two lanes comes first.
        for (common, urgent) in [(one, other), (other, one)] {
            let robot = office.robot(2);
            let of = |workflow, priority| {
                let mut job = office.job();
                job.workflow = workflow;
                job.priority = Priority::new(priority).unwrap();
                job
            };
            let jobs = office
                .enqueue(vec![of(common, 20), of(common, 20), of(common, 20), of(urgent, 90)])
                .await;

            let leased = office.lease(&robot, 2).await;
            for job in &leased {
                office.end(job, Outcome::Released).await;
            }
            // Two requests at once want four, and the robot has room for two.
            let wish = || LeaseRequest { robot: Arc::clone(&robot), count: 2 };
            let leased: Vec<_> = office.queue.lease_all(vec![wish(), wish()]).await.into_iter().flat_map(Result::unwrap).collect();

            let got: HashSet<_> = ids(&leased).into_iter().collect();
            assert_eq!(got, HashSet::from([jobs[3], jobs[0]]));
            for job in &leased {
                office.succeed(job).await;
            }
            let rest = office.lease(&robot, 2).await;
            for job in &rest {
                office.succeed(job).await;
            }
        }
    }

    async fn jobs_are_leased_by_priority_then_time_then_id(database: Database) {
        let office = Office::open(&database).await;
        let with = |priority, seconds| {
            let mut job = office.job();
            job.priority = Priority::new(priority).unwrap();
            job.due = Some(office.clock.now() - Duration::from_secs(seconds));
            job
        };
        let jobs = office
            .enqueue(vec![with(50, 1), with(50, 2), with(90, 0), with(10, 9), with(50, 1)])
            .await;

        let leased = office.lease(&office.robot(9), 9).await;

        assert_eq!(ids(&leased), [jobs[2], jobs[1], jobs[0], jobs[4], jobs[3]]);
    }

    async fn no_job_is_leased_twice_by_many_who_ask_at_once(database: Database) {
        let office = Office::open(&database).await;
        office.enqueue(vec![office.job(); 200]).await;
        let other = casare_queue::Queue::open(
            office.queue.store().clone(), office.queue.settings().clone()
        ).await.unwrap();
        let mut tasks = Vec::new();
        for index in 0..8 {
            let queue = if index % 2 == 0 { office.queue.clone() } else { other.clone() };
            let robot = office.robot(1_000);
            tasks.push(tokio::spawn(async move {
                let mut all = Vec::new();
                loop {
                    let jobs = queue.lease(&robot, 7).await.unwrap();
                    if jobs.is_empty() {
                        return all;
                    }
                    all.extend(ids(&jobs));
                }
            }));
        }
        let mut leased = Vec::new();
        for task in tasks {
            leased.extend(task.await.unwrap());
        }

        assert_eq!(leased.len(), 200);
        assert_eq!(leased.iter().collect::<HashSet<_>>().len(), 200);
    }

    async fn a_key_gives_the_same_job_and_refuses_another(database: Database) {
        let office = Office::open(&database).await;
        let mut order = office.job();
        order.key = Some("invoice-77".into());
        order.inputs = json!({ "a": 1, "b": 2 });
        let mut same = order.clone();
        same.inputs = json!({ "b": 2, "a": 1 });
        let mut different = order.clone();
        different.inputs = json!({ "a": 2 });

        let first = office.queue.submit(office.tenant, order).await.unwrap();
        let answers = office.queue.enqueue(office.tenant, vec![same, different, office.job()]).await;

        assert!(!first.existing);
        assert_eq!(answers[0].as_ref().unwrap().job, first.job);
        assert!(answers[0].as_ref().unwrap().existing);
        assert!(matches!(&answers[1], Err(QueueError::KeyReused { job, .. }) if *job == first.job));
        assert!(answers[2].is_ok());
        assert_eq!(office.lease(&office.robot(9), 9).await.len(), 2);
    }

    async fn what_is_due_later_waits_until_then(database: Database) {
        let office = Office::open(&database).await;
        let mut later = office.job();
        later.due = Some(office.clock.now() + Duration::from_mins(1));
        let job = office.add(later).await;
        let robot = office.robot(1);

        assert_eq!(office.lease(&robot, 1).await, []);
        assert_eq!(office.state(job).await, JobState::Scheduled);
        office.pass(60);
        assert_eq!(office.lease_one(&robot).await.lease.job, job);
    }

    async fn a_failure_is_tried_again_later_and_given_up_in_the_end(database: Database) {
        let office = Office::open(&database).await;
        let robot = office.robot(1);
        let mut order = office.job();
        order.options.retry = steady();
        order.inputs = json!({ "n": 1 });
        order.priority = Priority::new(70).unwrap();
        let job = office.add(order).await;

        for seconds in [10, 20] {
            let leased = office.lease_one(&robot).await;
            assert_eq!(office.end(&leased, failed(ErrorKind::Timeout)).await, JobState::Scheduled);
            office.pass(seconds - 1);
            assert_eq!(office.lease(&robot, 1).await, []);
            office.pass(1);
        }
        let last = office.lease_one(&robot).await;
        assert_eq!(last.attempt, 3);
        assert_eq!(office.end(&last, failed(ErrorKind::Timeout)).await, JobState::Dead);

        let letters = office.queue.dead_letters(office.tenant, "open", None, 10).await.unwrap();
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].error_message.as_deref(), Some("the site did not answer"));
        let story = office.queue.job(office.tenant, job).await.unwrap();
        let outcomes: Vec<&str> = story.attempts.iter().map(|one| one.outcome.as_str()).collect();
        assert_eq!(outcomes, ["failed", "failed", "dead"]);

        let edit = Edit { inputs: Some(json!({ "n": 2 })), ..Edit::default() };
        let again = office.queue.replay(office.tenant, job, edit, "anna").await.unwrap();
        let replayed = office.lease_one(&robot).await;
        assert_eq!(replayed.lease.job, again.job);
        assert_eq!(replayed.inputs, json!({ "n": 2 }));
        assert_eq!(replayed.priority.get(), 70);
        assert_eq!(replayed.options.replay_of, Some(job));
        let letters = office.queue.dead_letters(office.tenant, "replayed", None, 10).await.unwrap();
        assert_eq!(letters[0].replayed_as, Some(again.job));
    }

    async fn a_business_error_ends_the_job_at_once(database: Database) {
        let office = Office::open(&database).await;
        office.add(office.job()).await;
        let leased = office.lease_one(&office.robot(1)).await;

        let ended = office.end(&leased, failed(ErrorKind::Business)).await;

        assert_eq!(ended, JobState::Failed);
        assert_eq!(office.queue.dead_letter_counts(office.tenant).await.unwrap(), []);
    }

    async fn a_lost_lease_goes_to_another_robot_and_the_old_one_changes_nothing(database: Database) {
        let office = Office::open(&database).await;
        let mut order = office.job();
        order.options.recovery = Recovery::Resume;
        let job = office.add(order).await;
        let (old, new) = (office.robot(1), office.robot(1));
        let lost = office.lease_one(&old).await;
        office.pass(20);
        let renewed = office.queue.renew(&[lost.lease]).await.unwrap();
        assert!(matches!(renewed[0].1, Renewal::Held { stop: None, .. }));
        office.pass(29);
        assert_eq!(office.lease(&new, 1).await, []);

        office.pass(2);
        let found = office.lease_one(&new).await;

        assert_eq!((found.lease.job, found.attempt), (job, 2));
        assert!(found.carry.as_ref().unwrap().resume);
        assert_eq!(office.queue.renew(&[lost.lease]).await.unwrap()[0].1, Renewal::Lost);
        assert_eq!(office.queue.start(&[lost.lease]).await.unwrap(), [lost.lease]);
        let outcomes = [
            Outcome::Succeeded { outputs: None },
            failed(ErrorKind::Timeout),
            Outcome::Released,
            Outcome::Cancelled,
        ];
        for outcome in outcomes {
            let late = office.queue.report(lost.lease, outcome).await;
            assert!(matches!(late, Err(QueueError::LeaseLost { .. })), "{late:?}");
        }
        assert_eq!(office.state(job).await, JobState::Leased);
        assert_eq!(office.succeed(&found).await, JobState::Succeeded);
    }

    async fn a_job_that_takes_its_robots_down_is_given_up(database: Database) {
        let office = Office::open(&database).await;
        let mut order = office.job();
        order.options.recovery = Recovery::Resume;
        let job = office.add(order).await;
        let robot = office.robot(1);

        for _ in 0..3 {
            office.lease_one(&robot).await;
            office.pass(31);
        }

        assert_eq!(office.lease(&robot, 1).await, []);
        let story = office.queue.job(office.tenant, job).await.unwrap();
        assert_eq!(story.state, JobState::Dead);
        assert_eq!(story.attempts.len(), 3);
    }

    async fn a_robot_gets_only_what_it_meets_the_demands_of(database: Database) {
        let office = Office::open(&database).await;
        let demanding = |demands: Demands| {
            let mut job = office.job();
            job.demands = demands;
            job
        };
        let gpu = Demands { capabilities: ["gpu".to_owned()].into(), ..Demands::default() };
        let pool = Demands { pool: Some("finance".into()), ..Demands::default() };
        let mut special = (*office.robot(9)).clone();
        special.capabilities.insert("gpu".into());
        let special = Arc::new(special);
        let pinned = Demands { robot: Some(special.id), ..Demands::default() };
        // A hundred that nobody here may have stand before them.
        office.enqueue(vec![demanding(pool.clone()); 100]).await;
        let jobs = office.enqueue(vec![demanding(gpu), demanding(pinned), office.job()]).await;

        let plain = office.robot(9);
        assert_eq!(ids(&office.lease(&plain, 9).await), [jobs[2]]);
        assert_eq!(ids(&office.lease(&special, 9).await), [jobs[0], jobs[1]]);
        let waiting = office.add(demanding(pool)).await;
        let why = office.queue.why_waiting(office.tenant, waiting, &[(*plain).clone()]).await.unwrap();
        assert!(matches!(&why[0], Waiting::NoRobot { robots } if robots[0].1.len() == 1), "{why:?}");
    }

    async fn a_preferred_robot_has_the_first_chance(database: Database) {
        let office = Office::open(&database).await;
        let (liked, other) = (office.robot(1), office.robot(1));
        let mut order = office.job();
        order.prefer = Some(Preference { robot: liked.id, wait: Duration::from_secs(10) });
        let jobs = office.enqueue(vec![order.clone(), order]).await;

        assert_eq!(office.lease(&other, 1).await, []);
        assert_eq!(office.lease_one(&liked).await.lease.job, jobs[0]);
        office.pass(10);
        assert_eq!(office.lease_one(&other).await.lease.job, jobs[1]);
    }

    async fn limits_hold_and_free_up(database: Database) {
        let office = Office::open(&database).await;
        let mut order = office.job();
        order.demands.resources.insert("sap".into());
        office.enqueue(vec![order; 10]).await;
        let resource = Scope::Resource(office.tenant, "sap".into());
        office.queue.limit(&resource, 3).await.unwrap();
        office.queue.limit(&Scope::Tenant(office.tenant), 5).await.unwrap();
        let robot = office.robot(100);

        let first = office.lease(&robot, 10).await;
        assert_eq!(first.len(), 3);
        assert_eq!(office.lease(&robot, 10).await, []);
        office.succeed(&first[0]).await;
        assert_eq!(office.lease(&robot, 10).await.len(), 1);
        office.enqueue(vec![office.job(); 10]).await;
        assert_eq!(office.lease(&robot, 10).await.len(), 2);
        office.queue.unlimit(&Scope::Tenant(office.tenant)).await.unwrap();
        assert_eq!(office.lease(&robot, 10).await.len(), 8);
        assert_eq!(office.lease(&office.robot(4), 10).await, []);
    }

    async fn a_robot_never_has_more_than_its_slots(database: Database) {
        let office = Office::open(&database).await;
        office.enqueue(vec![office.job(); 10]).await;
        let robot = office.robot(3);

        assert_eq!(office.lease(&robot, 2).await.len(), 2);
        let request = LeaseRequest { robot: robot.clone(), count: 3 };
        let both = office.queue.lease_all(vec![request.clone(), request]).await;

        let got: usize = both.into_iter().map(|jobs| jobs.unwrap().len()).sum();
        assert_eq!(got, 1);
    }

    async fn tenants_share_robots_fairly(database: Database) {
        let office = Office::open(&database).await;
        let (big, small) = (office.tenant, TenantId::new(office.clock.now()));
        let mut robot = (*office.robot(100)).clone();
        robot.tenant = None;
        let robot = Arc::new(robot);
        office.queue.enqueue(big, vec![office.job(); 100]).await;
        let theirs = casare_queue::NewJob::of(WorkflowId::new(office.clock.now()));
        office.queue.enqueue(small, vec![theirs; 10]).await;

        let leased = office.lease(&robot, 10).await;
        let of_small = leased.iter().filter(|job| job.tenant == small).count();
        assert_eq!(of_small, 5);
        // Who has less goes first.
        for job in leased.iter().filter(|job| job.tenant == small) {
            office.succeed(job).await;
        }
        let leased = office.lease(&robot, 5).await;
        assert!(leased.iter().all(|job| job.tenant == small));
    }

    async fn what_is_paused_waits_and_says_so(database: Database) {
        let office = Office::open(&database).await;
        let job = office.add(office.job()).await;
        let robot = office.robot(1);
        for scope in [
            Scope::Everything,
            Scope::Tenant(office.tenant),
            Scope::Workflow(office.workflow),
        ] {
            office.queue.pause(&scope, Some("stocktaking"), Some("anna")).await.unwrap();
            assert_eq!(office.lease(&robot, 1).await, []);
            let why = office.queue.why_waiting(office.tenant, job, &[(*robot).clone()]).await.unwrap();
            assert!(matches!(&why[0], Waiting::Paused { pause, .. }
                if pause.reason.as_deref() == Some("stocktaking")));
            office.queue.unpause(&scope).await.unwrap();
        }
        let why = office.queue.why_waiting(office.tenant, job, &[(*robot).clone()]).await.unwrap();
        assert_eq!(why, [Waiting::Next { robots: vec![robot.id] }]);
        assert_eq!(office.lease_one(&robot).await.lease.job, job);
    }

    async fn cancelling_reaches_what_waits_at_once_and_what_runs_at_its_renewal(database: Database) {
        let office = Office::open(&database).await;
        let robot = office.robot(3);
        let jobs = office.enqueue(vec![office.job(); 3]).await;
        let leased = office.lease(&robot, 2).await;

        office.queue.cancel(office.tenant, &jobs).await.unwrap();

        assert_eq!(office.state(jobs[2]).await, JobState::Cancelled);
        let leases: Vec<_> = leased.iter().map(|job| job.lease).collect();
        for (_, renewal) in office.queue.renew(&leases).await.unwrap() {
            assert!(matches!(renewal, Renewal::Held { stop: Some(Stop::Cancel), .. }));
        }
        assert_eq!(office.queue.stopping().await.unwrap().len(), 2);
        assert_eq!(office.end(&leased[0], Outcome::Cancelled).await, JobState::Cancelled);
        // This one was done before it could stop.
        assert_eq!(office.succeed(&leased[1]).await, JobState::Succeeded);
    }

    async fn what_is_killed_is_over_after_the_grace_time_whatever_the_robot_does(database: Database) {
        let office = Office::open(&database).await;
        let robot = office.robot(1);
        let job = office.add(office.job()).await;
        let leased = office.lease_one(&robot).await;
        office.queue.kill(office.tenant, &[job]).await.unwrap();
        office.pass(29);
        office.queue.renew(&[leased.lease]).await.unwrap();
        assert_eq!(office.state(job).await, JobState::Leased);

        office.pass(1);
        office.queue.tick().await.unwrap();

        assert_eq!(office.state(job).await, JobState::Cancelled);
    }

    async fn a_suspended_job_holds_no_robot_and_goes_on_with_the_answer(database: Database) {
        let office = Office::open(&database).await;
        let robot = office.robot(1);
        let jobs = office.enqueue(vec![office.job(); 2]).await;
        let leased = office.lease_one(&robot).await;
        let waits_for = json!({ "form": "approve" });
        office.end(&leased, Outcome::Suspended { until: None, waits_for }).await;
        let other = office.lease_one(&robot).await;
        assert_eq!(other.lease.job, jobs[1]);
        office.succeed(&other).await;
        office.pass(3_600);
        assert_eq!(office.lease(&robot, 1).await, []);

        office.queue.resume(office.tenant, jobs[0], json!({ "approved": true })).await.unwrap();

        let back = office.lease_one(&robot).await;
        assert_eq!((back.lease.job, back.attempt), (jobs[0], 1));
        let carry = back.carry.clone().unwrap();
        assert_eq!((carry.resume, carry.answer), (true, Some(json!({ "approved": true }))));
        let until = Some(office.clock.now() + Duration::from_mins(5));
        office.end(&back, Outcome::Suspended { until, waits_for: json!("five minutes") }).await;
        office.pass(300);
        assert_eq!(office.lease_one(&robot).await.lease.job, jobs[0]);
    }

    async fn a_person_decides_what_a_run_does_not_know(database: Database) {
        let office = Office::open(&database).await;
        let robot = office.robot(1);
        let mut order = office.job();
        order.options = JobOptions { recovery: Recovery::Ask, ..JobOptions::default() };
        let job = office.add(order).await;
        office.lease_one(&robot).await;
        office.pass(31);
        assert_eq!(office.lease(&robot, 1).await, []);
        assert_eq!(office.state(job).await, JobState::NeedsDecision);

        office.queue.decide(office.tenant, job, Decision::Repeat).await.unwrap();

        let back = office.lease_one(&robot).await;
        assert_eq!(back.carry.as_ref().unwrap().answer, Some(json!({ "decision": "repeat" })));
        office.end(&back, Outcome::NeedsDecision { question: json!("was it sent?") }).await;
        let no = Decision::Fail { message: "it was not".into() };
        office.queue.decide(office.tenant, job, no).await.unwrap();
        assert_eq!(office.state(job).await, JobState::Failed);
    }

    async fn a_waiting_robot_is_woken_by_a_job_of_another_process(database: Database) {
        let office = Office::open(&database).await;
        let robot = office.robot(1);
        // SQLite belongs to one process; on PostgreSQL this one has connections of its own.
        let store = match office.queue.store() {
            casare_store::Store::Sqlite(_) => office.queue.store().clone(),
            casare_store::Store::Postgres(_) => {
                database.open(casare_store::Clock::Manual(office.clock.clone())).await
            }
        };
        let other = casare_queue::Queue::open(store, office.queue.settings().clone()).await.unwrap();
        let request = LeaseRequest { robot: robot.clone(), count: 1 };
        let queue = office.queue.clone();
        let waiting = tokio::spawn(async move {
            queue.wait_for(request, Duration::from_secs(20)).await.unwrap()
        });

        let job = other.submit(office.tenant, office.job()).await.unwrap().job;

        assert_eq!(ids(&waiting.await.unwrap()), [job]);
    }

    async fn what_is_not_valid_is_refused_with_a_reason(database: Database) {
        let office = Office::open(&database).await;
        let mut list = office.job();
        list.inputs = json!([1]);
        let mut large = office.job();
        large.inputs = json!({ "text": "x".repeat(2 << 20) });

        let answers = office.queue.enqueue(office.tenant, vec![list, large, office.job()]).await;

        assert_eq!(
            answers[0].as_ref().unwrap_err().to_string(),
            "the inputs: they must be names with values"
        );
        assert!(matches!(answers[1], Err(QueueError::Invalid { .. })));
        assert!(answers[2].is_ok());
        let nobody = Robot::of(office.tenant, RobotId::new(office.clock.now()));
        assert_eq!(office.lease(&Arc::new(nobody), 5).await.len(), 1);
    }
}
