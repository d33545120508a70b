//! Schedules that fire.

use std::time::Duration;

use casare_access::Role;
use casare_store::{Clock, ManualClock, Moment};
use casare_store_testing::{Database, on_both};
use serde_json::{Value, json};

use crate::office::{Caller, Office};

/// 2026-11-23 10:00:00, a Monday.
fn monday() -> ManualClock {
    ManualClock::at(
        "2026-11-23T10:00:00Z"
            .parse::<jiff::Timestamp>()
            .unwrap()
            .into(),
    )
}

fn order(when: Value) -> Value {
    json!({
        "name": "report", "workflow": "greet",
        "plan": { "when": when, "order": { "inputs": { "who": "all" } } },
    })
}

async fn firings(me: &Caller, id: &str, count: usize) -> Vec<Value> {
    loop {
        let page = me.get(&format!("/schedules/{id}/firings")).await.is(200);
        let items = page["items"].as_array().unwrap();
        if items.len() >= count {
            return items.clone();
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

async fn jobs(me: &Caller) -> usize {
    me.get("/jobs").await.is(200)["items"]
        .as_array()
        .unwrap()
        .len()
}

on_both! {
    async fn a_schedule_fires_once_for_each_time_and_makes_good_what_was_missed(database: Database) {
        let clock = monday();
        let office = Office::open_at(&database, Clock::Manual(clock.clone())).await;
        let me = office.caller(Role::Developer).await;
        me.workflow("greet").await;
        let hourly = json!({ "kind": "cron", "expression": "0 * * * *" });
        let made = me.post("/schedules", order(hourly)).await.is(201);
        let id = made["id"].as_str().unwrap().to_owned();
        assert_eq!(made["next"], "2026-11-23T11:00:00Z");

        clock.advance(Duration::from_hours(1));
        let first = firings(&me, &id, 1).await;
        assert_eq!((&first[0]["at"], &first[0]["outcome"]), (&json!("2026-11-23T11:00:00Z"), &json!("started")));
        // Three times pass while nobody looks; `misfire: once` makes one of them.
        clock.advance(Duration::from_mins(190));
        let two = firings(&me, &id, 2).await;
        assert_eq!(two[0]["at"], "2026-11-23T14:00:00Z");
        // A clock that goes back fires nothing again.
        clock.set(Moment::from_micros(clock.now().micros() - 7_200_000_000));
        let next = me.get(&format!("/schedules/{id}")).await.is(200);
        assert_eq!(next["next"], "2026-11-23T15:00:00Z");
        clock.advance(Duration::from_hours(3));
        firings(&me, &id, 3).await;

        assert_eq!(jobs(&me).await, 3);
    }

    async fn servers_side_by_side_fire_a_schedule_once(database: Database) {
        if database.folder().is_some() {
            return; // SQLite has one server.
        }
        let clock = monday();
        let mut offices = Vec::new();
        for _ in 0..3 {
            offices.push(Office::open_at(&database, Clock::Manual(clock.clone())).await);
        }
        let me = offices[0].caller(Role::Developer).await;
        me.workflow("greet").await;
        let mut ids = Vec::new();
        for number in 0..20 {
            let mut order = order(json!({ "kind": "every", "seconds": 60 }));
            order["name"] = json!(format!("report {number}"));
            order["plan"]["misfire"] = json!("all");
            let made = me.post("/schedules", order).await.is(201);
            ids.push(made["id"].as_str().unwrap().to_owned());
        }

        clock.advance(Duration::from_secs(301));
        for id in &ids {
            assert_eq!(firings(&me, id, 5).await.len(), 5);
        }

        let page = me.get("/jobs?limit=500").await.is(200);
        assert_eq!(page["items"].as_array().unwrap().len(), 100);
    }

    async fn a_calendar_puts_off_and_a_run_that_goes_on_keeps_the_next_from_starting(database: Database) {
        let clock = monday();
        let office = Office::open_at(&database, Clock::Manual(clock.clone())).await;
        let me = office.caller(Role::Developer).await;
        me.workflow("greet").await;
        let hours = json!([{ "days": [1, 2, 3, 4, 5], "from": "12:00", "to": "13:00" }]);
        me.put("/calendars/lunch", json!({ "time_zone": "UTC", "hours": hours })).await.is(204);
        let mut lunch = order(json!({ "kind": "every", "seconds": 3600 }));
        lunch["plan"]["calendar"] = json!("lunch");
        lunch["plan"]["blocked"] = json!("defer");
        lunch["plan"]["overlap"] = json!("skip");
        let preview = me.post("/schedules/preview?count=2", lunch["plan"].clone()).await.is(200);
        assert_eq!(preview["items"][0]["starts"], "2026-11-23T12:00:00Z");
        assert_eq!(preview["items"][1]["blocked"], false);
        let made = me.post("/schedules", lunch).await.is(201);
        let id = made["id"].as_str().unwrap().to_owned();

        clock.advance(Duration::from_hours(1));
        firings(&me, &id, 1).await;
        let waiting = me.get("/jobs").await.is(200);
        assert_eq!(waiting["items"][0]["due"], "2026-11-23T12:00:00Z");
        clock.advance(Duration::from_hours(1));
        let two = firings(&me, &id, 2).await;

        assert_eq!(two[0]["outcome"], "overlapped");
        assert_eq!(jobs(&me).await, 1);
    }
}
