//! Transaction queues.

use std::{collections::HashSet, time::Duration};

use casare_queue::{
    Exception, ItemState, NewItem, Priority, QueueDesign, QueueError, RetryPolicy, Review,
};
use casare_store_testing::{Database, on_both};
use serde_json::json;

use crate::office::Office;

fn item(reference: &str) -> NewItem {
    NewItem {
        reference: Some(reference.to_owned()),
        payload: json!({ "amount": 12 }),
        ..NewItem::default()
    }
}

fn design() -> QueueDesign {
    QueueDesign {
        schema: Some(json!({
            "type": "object",
            "properties": { "amount": { "type": "number", "minimum": 0 } },
            "required": ["amount"],
        })),
        unique_reference: true,
        retry: RetryPolicy {
            max_attempts: 2,
            delay_ms: 60_000,
            jitter: false,
            ..RetryPolicy::default()
        },
        ..QueueDesign::default()
    }
}

on_both! {
    async fn items_are_taken_in_order_completed_and_counted(database: Database) {
        let office = Office::open(&database).await;
        let tenant = office.queue.store().create_tenant("acme").await.unwrap();
        let queues = office.queue.transactions(tenant);
        queues.create("invoices", &design()).await.unwrap();
        let urgent = NewItem { priority: Priority::HIGHEST, ..item("c") };
        queues.add("invoices", vec![item("a"), item("b"), urgent]).await.unwrap();

        let taken = queues.take("invoices", "job 1", 2).await.unwrap();

        let references: Vec<_> = taken.iter().filter_map(|one| one.reference.as_deref()).collect();
        assert_eq!(references, ["c", "a"]);
        queues.complete(taken[0].lease, Some(json!({ "paid": true }))).await.unwrap();
        let again = queues.complete(taken[0].lease, None).await;
        assert!(matches!(again, Err(QueueError::ItemLost { .. })));
        let mut counted = queues.statistics("invoices").await.unwrap();
        counted.sort_by_key(|(state, _)| state.name());
        assert_eq!(
            counted,
            [(ItemState::Completed, 1), (ItemState::InProgress, 1), (ItemState::New, 1)]
        );
        let other = office.queue.store().create_tenant("other").await.unwrap();
        assert!(office.queue.transactions(other).get("invoices").await.is_err());
    }

    async fn what_does_not_fit_or_is_there_already_is_refused_by_itself(database: Database) {
        let office = Office::open(&database).await;
        let tenant = office.queue.store().create_tenant("acme").await.unwrap();
        let queues = office.queue.transactions(tenant);
        queues.create("invoices", &design()).await.unwrap();
        let unfit = NewItem { payload: json!({ "amount": -1 }), ..item("b") };

        let answers = queues.add("invoices", vec![item("a"), unfit, item("a"), item("c")]).await.unwrap();

        assert!(answers[0].is_ok());
        assert_eq!(
            answers[1].as_ref().unwrap_err().to_string(),
            "the item does not fit the schema of the queue: value is less than the minimum of 0 \
             at `/amount`"
        );
        assert!(matches!(&answers[2], Err(QueueError::ReferenceTaken { reference }) if reference == "a"));
        assert!(answers[3].is_ok());
        let bad = QueueDesign { schema: Some(json!({ "type": 7 })), ..design() };
        assert!(queues.create("bad", &bad).await.is_err());
        assert!(queues.create("invoices", &design()).await.is_err());
    }

    async fn application_exceptions_are_tried_again_and_business_ones_are_not(database: Database) {
        let office = Office::open(&database).await;
        let tenant = office.queue.store().create_tenant("acme").await.unwrap();
        let queues = office.queue.transactions(tenant);
        queues.create("invoices", &design()).await.unwrap();
        queues.add("invoices", vec![item("a"), item("b")]).await.unwrap();
        let taken = queues.take("invoices", "job 1", 2).await.unwrap();

        let again = queues.fail(taken[0].lease, Exception::Application("SAP is away".into())).await.unwrap();
        let never = queues.fail(taken[1].lease, Exception::Business("no such customer".into())).await.unwrap();

        assert_eq!(again, Some(office.clock.now() + Duration::from_mins(1)));
        assert_eq!(never, None);
        assert_eq!(queues.take("invoices", "job 1", 2).await.unwrap(), []);
        office.pass(60);
        let second = queues.take("invoices", "job 2", 2).await.unwrap();
        assert_eq!((second.len(), second[0].attempt), (1, 2));
        let last = Exception::Application("SAP is away".into());
        assert_eq!(queues.fail(second[0].lease, last).await.unwrap(), None);
        let failed = taken[1].lease.item;
        assert!(queues.review(failed, Review::Pending, Review::Verified).await.unwrap());
        let added = queues.retry("invoices", second[0].lease.item).await.unwrap();
        let added = queues.item(added).await.unwrap().unwrap();
        assert_eq!(added.retry_of, Some(second[0].lease.item));
        assert_eq!(added.reference.as_deref(), Some("a"));
    }

    async fn deadlines_and_leases_run_out(database: Database) {
        let office = Office::open(&database).await;
        let tenant = office.queue.store().create_tenant("acme").await.unwrap();
        let queues = office.queue.transactions(tenant);
        queues.create("invoices", &design()).await.unwrap();
        let now = office.clock.now();
        let urgent = NewItem { deadline: Some(now + Duration::from_mins(1)), ..item("late") };
        let later = NewItem { defer_until: Some(now + Duration::from_mins(5)), ..item("later") };
        let ids = queues.add("invoices", vec![urgent, later, item("lost")]).await.unwrap();
        let ids: Vec<_> = ids.into_iter().map(Result::unwrap).collect();
        office.pass(61);
        let taken = queues.take("invoices", "job 1", 9).await.unwrap();
        assert_eq!(taken.len(), 1);
        queues.renew(taken[0].lease, Some("half of it")).await.unwrap();
        let state = async |item| queues.item(item).await.unwrap().unwrap().state;
        assert_eq!(state(ids[0]).await, "abandoned");

        office.pass(601);
        let second = queues.take("invoices", "job 2", 9).await.unwrap();

        let references: HashSet<_> = second.iter().filter_map(|one| one.reference.clone()).collect();
        assert_eq!(references, ["later".to_owned(), "lost".to_owned()].into());
        assert!(queues.complete(taken[0].lease, None).await.is_err());
        office.pass(601);
        queues.take("invoices", "job 3", 9).await.unwrap();
        assert_eq!(state(ids[2]).await, "abandoned");
    }

    async fn a_paused_queue_gives_nothing(database: Database) {
        let office = Office::open(&database).await;
        let tenant = office.queue.store().create_tenant("acme").await.unwrap();
        let queues = office.queue.transactions(tenant);
        queues.create("invoices", &design()).await.unwrap();
        queues.add("invoices", vec![item("a")]).await.unwrap();
        queues.pause("invoices", true).await.unwrap();
        assert_eq!(queues.take("invoices", "job", 1).await.unwrap(), []);
        queues.pause("invoices", false).await.unwrap();
        let taken = queues.take("invoices", "job", 1).await.unwrap();
        queues.defer(taken[0].lease, office.clock.now() + Duration::from_secs(5)).await.unwrap();
        office.pass(5);
        assert_eq!(queues.take("invoices", "job", 1).await.unwrap()[0].attempt, 1);
    }

    async fn no_item_is_taken_twice_by_many(database: Database) {
        let office = Office::open(&database).await;
        let tenant = office.queue.store().create_tenant("acme").await.unwrap();
        let queues = office.queue.transactions(tenant);
        queues.create("invoices", &QueueDesign::default()).await.unwrap();
        queues.add("invoices", vec![item("x"); 120]).await.unwrap();
        let tasks: Vec<_> = (0..6).map(|_| {
            let queues = queues.clone();
            tokio::spawn(async move {
                let mut all = Vec::new();
                loop {
                    let taken = queues.take("invoices", "job", 7).await.unwrap();
                    if taken.is_empty() {
                        return all;
                    }
                    all.extend(taken.into_iter().map(|one| one.lease.item));
                }
            })
        }).collect();
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.unwrap());
        }
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 120);
        assert_eq!(all.len(), 120);
    }
}
