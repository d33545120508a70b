//! The database of a server, on both databases.

use std::{collections::BTreeSet, time::Duration};

use casare_store::{
    Artifact, ArtifactStore, Clock, DatabaseError, DueSchedule, Link, ManualClock, Moment,
    NewVersion, Retention, RobotId, RobotRecord, RunEventRow, RunId, Schedule, ScheduleId, Store,
    Trigger, TriggerId, all_statements, made_at, new_uuid,
};
use casare_store_testing::{Database, on_both};
use serde_json::json;
use sqlx::{Executor, SqlSafeStr, types::Json};

fn noon() -> Moment {
    Moment::from_micros(1_900_000_000_000_000)
}

fn clock() -> (Clock, ManualClock) {
    let clock = ManualClock::at(noon());
    (Clock::Manual(clock.clone()), clock)
}

fn robot(name: &str) -> RobotRecord {
    RobotRecord {
        id: RobotId::new(noon()),
        tenant_id: None,
        name: name.to_owned(),
        status: "offline".to_owned(),
        slots: 2,
        environments: Json(BTreeSet::new()),
        pools: Json(["finance".to_owned()].into()),
        capabilities: Json(BTreeSet::new()),
        labels: Json([("zone".to_owned(), "berlin".to_owned())].into()),
        version: None,
        enrolled_at: noon(),
        seen_at: None,
    }
}

on_both! {
    async fn every_statement_can_be_prepared(database: Database) {
        let store = database.open(Clock::System).await;
        let mut reader = store.reader().await.unwrap();
        let mut wrong = Vec::new();
        for sql in all_statements() {
            let text = match store {
                Store::Sqlite(_) => sql.sqlite,
                Store::Postgres(_) => sql.postgres,
            };
            let prepared = match reader.link() {
                Link::Sqlite(link) => link.prepare(text.into_sql_str()).await.map(|_| ()),
                Link::Postgres(link) => link.prepare(text.into_sql_str()).await.map(|_| ()),
            };
            if let Err(error) = prepared {
                wrong.push(format!("{}: {error}", sql.name));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    async fn opening_again_changes_nothing_and_many_may_open_at_once(database: Database) {
        let all = (0..6).map(|_| {
            let address = database.address.clone();
            tokio::spawn(async move { Store::open(&address, Clock::System).await.map(|_| ()) })
        });
        for opened in all.collect::<Vec<_>>() {
            opened.await.unwrap().unwrap();
        }
        database.open(Clock::System).await.create_tenant("acme").await.unwrap();
        let store = database.open(Clock::System).await;
        assert_eq!(store.tenants().await.unwrap().len(), 1);
    }

    async fn a_database_that_somebody_changed_is_refused_with_help(database: Database) {
        let store = database.open(Clock::System).await;
        let forge = "UPDATE casare_migrations SET checksum = 'x' WHERE version = 2";
        let mut work = store.begin().await.unwrap();
        match work.link() {
            Link::Sqlite(link) => drop(link.execute(forge).await.unwrap()),
            Link::Postgres(link) => drop(link.execute(forge).await.unwrap()),
        }
        work.commit().await.unwrap();
        store.close().await;

        let error = Store::open(&database.address, Clock::System).await.unwrap_err();

        assert!(matches!(error, DatabaseError::Drift { version: 2, .. }), "{error}");
        assert!(error.help().contains("Restore a backup"));
    }

    async fn a_tenant_sees_nothing_of_another(database: Database) {
        let store = database.open(clock().0).await;
        let ours = store.tenant(store.create_tenant("ours").await.unwrap());
        let theirs = store.tenant(store.create_tenant("theirs").await.unwrap());
        let mut work = ours.begin().await.unwrap();
        let workflow = ours.workflow_for(&mut work, "invoices").await.unwrap();
        ours.add_environment(&mut work, "prod", None, None).await.unwrap();
        ours.set_asset(&mut work, "", "url", &json!("https://example.com"), None).await.unwrap();
        ours.add_robot(&mut work, robot("r1")).await.unwrap();
        ours.audit(&mut work, "anna", "workflow.create", "invoices", &json!({})).await.unwrap();
        work.commit().await.unwrap();

        assert_eq!(theirs.workflow(workflow.id).await.unwrap(), None);
        assert_eq!(theirs.workflows("", 10).await.unwrap(), []);
        assert_eq!(theirs.environments().await.unwrap(), []);
        assert_eq!(theirs.assets().await.unwrap(), []);
        assert_eq!(theirs.robots().await.unwrap(), []);
        assert_eq!(theirs.audited(None, 10).await.unwrap(), []);
        assert_eq!(ours.robots().await.unwrap().len(), 1);
        assert_eq!(ours.audited(None, 10).await.unwrap().len(), 1);
        assert!(store.create_tenant("ours").await.is_err_and(|error| error.to_string()
            == "there is already a tenant like this"));
    }

    async fn what_is_not_committed_has_not_happened_and_is_not_told(database: Database) {
        let store = database.open(clock().0).await;
        let tenant = store.tenant(store.create_tenant("acme").await.unwrap());
        let mut dropped = tenant.begin().await.unwrap();
        tenant.workflow_for(&mut dropped, "one").await.unwrap();
        dropped.tell(Some(tenant.id()), "workflows", json!("one"), noon()).await.unwrap();
        drop(dropped);
        let mut kept = tenant.begin().await.unwrap();
        tenant.workflow_for(&mut kept, "two").await.unwrap();
        kept.tell(Some(tenant.id()), "workflows", json!("two"), noon()).await.unwrap();
        let mut wakes = store.outbox().subscribe();
        wakes.mark_unchanged();
        kept.commit().await.unwrap();

        assert!(wakes.has_changed().unwrap());
        // PostgreSQL holds back what could still get something in front of it.
        let mut told = store.told(0, 10).await.unwrap();
        while told.is_empty() {
            tokio::task::yield_now().await;
            told = store.told(0, 10).await.unwrap();
        }
        assert_eq!(told.iter().map(|one| one.payload.0.clone()).collect::<Vec<_>>(), [json!("two")]);
        assert_eq!(tenant.workflows("", 10).await.unwrap().len(), 1);
        assert_eq!(store.told(told[0].seq, 10).await.unwrap(), []);
    }

    async fn versions_are_numbered_published_and_rolled_back(database: Database) {
        let store = database.open(clock().0).await;
        let tenant = store.tenant(store.create_tenant("acme").await.unwrap());
        let version = |name: &str| NewVersion {
            version: name.to_owned(),
            hash: format!("hash-{name}"),
            text: "casare: 1\n".to_owned(),
            note: None,
            created_by: "anna".to_owned(),
        };
        let mut work = tenant.begin().await.unwrap();
        let flow = tenant.workflow_for(&mut work, "invoices").await.unwrap();
        let first = tenant.add_version(&mut work, flow.id, &version("1.0.0")).await.unwrap();
        let second = tenant.add_version(&mut work, flow.id, &version("1.1.0")).await.unwrap();
        assert_eq!((first, second), (1, 2));
        assert!(tenant.activate(&mut work, flow.id, second).await.is_err());
        for number in [first, second] {
            tenant.set_version_state(&mut work, flow.id, number, "published").await.unwrap();
        }
        tenant.activate(&mut work, flow.id, second).await.unwrap();
        tenant.activate(&mut work, flow.id, first).await.unwrap();
        work.commit().await.unwrap();

        assert_eq!(tenant.workflow(flow.id).await.unwrap().unwrap().active_version, Some(1));
        let listed = tenant.versions(flow.id, None, 10).await.unwrap();
        assert_eq!(listed.iter().map(|one| one.number).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(tenant.version_of_hash("hash-1.1.0").await.unwrap().unwrap().number, 2);
        let mut work = tenant.begin().await.unwrap();
        let again = tenant.add_version(&mut work, flow.id, &version("1.0.0")).await;
        assert!(matches!(again, Err(DatabaseError::Exists { what: "version" })));
    }

    async fn an_environment_takes_from_its_parents_what_it_does_not_say(database: Database) {
        let store = database.open(clock().0).await;
        let tenant = store.tenant(store.create_tenant("acme").await.unwrap());
        let mut work = tenant.begin().await.unwrap();
        for (name, parent) in [("prod", None), ("test", Some("prod")), ("dev", Some("test"))] {
            tenant.add_environment(&mut work, name, parent, None).await.unwrap();
        }
        for (environment, name, value) in [
            ("", "url", "everywhere"), ("prod", "url", "prod"), ("test", "user", "test"),
            ("dev", "user", "dev"), ("", "only", "everywhere"),
        ] {
            tenant.set_asset(&mut work, environment, name, &json!(value), None).await.unwrap();
        }
        let changed = tenant.set_asset(&mut work, "dev", "user", &json!("x"), Some(7)).await;
        assert!(matches!(changed, Err(DatabaseError::Changed { found: 1, .. })));
        work.commit().await.unwrap();

        let resolved = tenant.resolve_assets("dev").await.unwrap();

        let said: Vec<(&str, &str)> =
            resolved.iter().map(|one| (one.name.as_str(), one.environment.as_str())).collect();
        assert_eq!(said, [("only", ""), ("url", "prod"), ("user", "dev")]);
    }

    async fn a_schedule_fires_once_for_a_time_whoever_comes_first(database: Database) {
        let (clock, hands) = clock();
        let store = database.open(clock).await;
        let tenant = store.tenant(store.create_tenant("acme").await.unwrap());
        let mut work = tenant.begin().await.unwrap();
        let flow = tenant.workflow_for(&mut work, "invoices").await.unwrap();
        let schedule = Schedule {
            id: ScheduleId::new(noon()),
            name: "nightly".to_owned(),
            workflow_id: flow.id,
            spec: Json(json!({ "cron": "0 2 * * *" })),
            enabled: true,
            next_at: Some(noon() + Duration::from_mins(1)),
            revision: 1,
            created_at: noon(),
        };
        tenant.add_schedule(&mut work, &schedule).await.unwrap();
        work.commit().await.unwrap();
        let mut work = store.begin().await.unwrap();
        assert_eq!(store.due_schedules(&mut work, hands.now(), 10).await.unwrap(), []);
        drop(work);
        hands.advance(Duration::from_secs(61));

        let mut work = store.begin().await.unwrap();
        let due: Vec<DueSchedule> = store.due_schedules(&mut work, hands.now(), 10).await.unwrap();
        assert!(store.fire(&mut work, &due[0], "started", None).await.unwrap());
        assert!(!store.fire(&mut work, &due[0], "started", None).await.unwrap());
        store.advance(&mut work, schedule.id, due[0].next_at, None).await.unwrap();
        work.commit().await.unwrap();

        assert_eq!(tenant.firings(schedule.id, None, 10).await.unwrap().len(), 1);
        let mut work = tenant.begin().await.unwrap();
        let mut stale = schedule.clone();
        stale.enabled = false;
        tenant.change_schedule(&mut work, &stale).await.unwrap();
        let late = tenant.change_schedule(&mut work, &stale).await;
        assert!(matches!(late, Err(DatabaseError::Changed { found: 2, .. })));
        let trigger = Trigger {
            id: TriggerId::new(noon()),
            name: "hook".to_owned(),
            kind: "webhook".to_owned(),
            workflow_id: flow.id,
            spec: Json(json!({})),
            enabled: true,
            revision: 1,
            created_at: noon(),
        };
        tenant.add_trigger(&mut work, &trigger).await.unwrap();
        tenant.change_trigger(&mut work, &trigger).await.unwrap();
        work.commit().await.unwrap();
        assert_eq!(tenant.trigger(trigger.id).await.unwrap().unwrap().revision, 2);
    }

    async fn events_that_come_twice_are_kept_once_and_in_order(database: Database) {
        let store = database.open(clock().0).await;
        let tenant = store.tenant(store.create_tenant("acme").await.unwrap());
        let run = RunId::new(noon());
        let event = |seq| RunEventRow { seq, at: noon(), event: Json(json!({ "step": seq })) };
        let mut work = tenant.begin().await.unwrap();
        assert_eq!(tenant.add_events(&mut work, run, &[event(1), event(2)]).await.unwrap(), 2);
        assert_eq!(tenant.add_events(&mut work, run, &[event(2), event(3)]).await.unwrap(), 1);
        work.commit().await.unwrap();

        let events = tenant.events(run, 1, 10).await.unwrap();

        assert_eq!(events, [event(2), event(3)]);
    }

    async fn what_is_too_old_goes_and_the_rest_stays(database: Database) {
        let (clock, hands) = clock();
        let store = database.open(clock).await;
        store.make_partitions().await.unwrap();
        store.make_partitions().await.unwrap();
        let tenant = store.tenant(store.create_tenant("acme").await.unwrap());
        let run = RunId::new(noon());
        for _ in 0..2 {
            let event = RunEventRow { seq: hands.now().micros(), at: hands.now(), event: Json(json!(1)) };
            let mut work = tenant.begin().await.unwrap();
            tenant.add_events(&mut work, run, &[event]).await.unwrap();
            work.tell(Some(tenant.id()), "x", json!(1), hands.now()).await.unwrap();
            work.commit().await.unwrap();
            hands.advance(Duration::from_hours(24 * 20));
        }

        store.retain(&Retention::default()).await.unwrap();

        assert_eq!(tenant.events(run, 0, 10).await.unwrap().len(), 1);
        assert_eq!(store.told(0, 10).await.unwrap(), []);
    }

    async fn robots_are_placed_and_seen(database: Database) {
        let (clock, hands) = clock();
        let store = database.open(clock).await;
        let tenant = store.tenant(store.create_tenant("acme").await.unwrap());
        let mut work = tenant.begin().await.unwrap();
        let mut one = robot("r1");
        tenant.add_robot(&mut work, one.clone()).await.unwrap();
        one.slots = 5;
        tenant.place_robot(&mut work, &one).await.unwrap();
        tenant.add_pool(&mut work, "finance", Some("books")).await.unwrap();
        work.commit().await.unwrap();
        store.add_shared_robot(robot("shared")).await.unwrap();
        store.robot_connected(one.id, &["browser".to_owned()].into(), "0.1.0").await.unwrap();

        let robots = tenant.robots().await.unwrap();
        assert_eq!(robots.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["r1", "shared"]);
        assert_eq!((robots[0].status.as_str(), robots[0].slots), ("online", 5));
        hands.advance(Duration::from_secs(90));
        assert_eq!(store.robots_gone(hands.now() - Duration::from_mins(1)).await.unwrap(), 1);
        assert_eq!(tenant.pools().await.unwrap(), [("finance".into(), Some("books".into()))]);
    }

    async fn artifacts_are_kept_once_by_their_content(database: Database) {
        let store = database.open(clock().0).await;
        let tenant = store.tenant(store.create_tenant("acme").await.unwrap());
        let folder = tempfile::tempdir().unwrap();
        let contents = ArtifactStore::folder(folder.path()).unwrap();
        let hash = contents.put(tenant.id(), b"picture".to_vec()).await.unwrap();
        assert_eq!(contents.put(tenant.id(), b"picture".to_vec()).await.unwrap(), hash);
        let artifact = Artifact {
            run_id: RunId::new(noon()),
            name: "screen.png".to_owned(),
            media_type: "image/png".to_owned(),
            hash: hash.clone(),
            size: 7,
            created_at: noon(),
        };
        let mut work = tenant.begin().await.unwrap();
        tenant.add_artifact(&mut work, &artifact).await.unwrap();
        work.commit().await.unwrap();

        assert_eq!(tenant.artifacts(artifact.run_id).await.unwrap(), [artifact]);
        assert_eq!(contents.get(tenant.id(), &hash).await.unwrap(), b"picture");
        let other = store.create_tenant("other").await.unwrap();
        assert!(matches!(contents.get(other, &hash).await, Err(DatabaseError::Missing { .. })));
        assert_eq!(made_at(new_uuid(noon())), made_at(new_uuid(noon())));
    }
}

#[tokio::test]
async fn a_backup_is_made_while_others_write_and_brings_everything_back() {
    let database = Database::sqlite();
    let store = database.open(Clock::System).await;
    store.create_tenant("before").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup.db");
    let mut open = store.begin().await.unwrap();
    open.tell(None, "x", json!(1), noon()).await.unwrap();

    store.backup(&backup).await.unwrap();

    drop(open);
    store.create_tenant("after").await.unwrap();
    assert!(
        store.backup(&backup).await.is_err(),
        "a backup is never written over"
    );
    store.close().await;
    let path = database.folder().unwrap().join("casare.db");
    Store::restore(&backup, &path).await.unwrap();
    let back = database.open(Clock::System).await;
    let names: Vec<String> = back
        .tenants()
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.name)
        .collect();
    assert_eq!(names, ["before"]);
    assert!(path.with_extension("before-restore").exists());
    std::fs::write(&backup, "no database").unwrap();
    assert!(Store::restore(&backup, &path).await.is_err());
}

/// The tables themselves keep tenants apart, for whoever forgets to.
#[tokio::test]
async fn on_postgresql_a_connection_without_a_tenant_sees_nothing() {
    let database = Database::postgres().await;
    let store = database.open(Clock::System).await;
    let tenant = store.tenant(store.create_tenant("acme").await.unwrap());
    let mut work = tenant.begin().await.unwrap();
    tenant.workflow_for(&mut work, "invoices").await.unwrap();
    work.commit().await.unwrap();
    let pool = sqlx::PgPool::connect(&database.address).await.unwrap();

    let seen: i64 = sqlx::query_scalar("SELECT count(*) FROM workflows")
        .fetch_one(&pool)
        .await
        .unwrap();
    let written = sqlx::query(
        "INSERT INTO workflows (id, tenant_id, name, created_at) VALUES (gen_random_uuid(), $1, 'x', 1)",
    )
    .bind(tenant.id())
    .execute(&pool)
    .await;
    let bare: Vec<String> = sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
           AND EXISTS (SELECT 1 FROM pg_attribute a
                       WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
           AND NOT (c.relrowsecurity AND c.relforcerowsecurity)",
    )
    .fetch_all(&pool)
    .await
    .unwrap();

    assert_eq!(seen, 0);
    assert!(
        written
            .unwrap_err()
            .to_string()
            .contains("row-level security")
    );
    assert_eq!(
        bare,
        Vec::<String>::new(),
        "tables of tenants without row-level security"
    );
}
