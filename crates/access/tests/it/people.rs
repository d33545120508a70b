//! Signing in, keys and roles.

use std::time::Duration;

use casare_access::{
    Access, AccessError, NewApiKey, NewEnrolmentToken, Permission, Placement, Principal, Role,
    SignIn, SignedIn,
};
use casare_store::{Clock, ManualClock, Moment};
use casare_store_testing::{Database, on_both};
use secrecy::SecretString;

const HERE: (&str, &str) = ("192.0.2.1", "tests");

struct Office {
    access: Access,
    store: casare_store::Store,
    clock: ManualClock,
}

async fn office(database: &Database) -> Office {
    let clock = ManualClock::at(Moment::from_micros(1_900_000_000_000_000));
    let store = database.open(Clock::Manual(clock.clone())).await;
    Office {
        access: Access::new(store.clone()),
        store,
        clock,
    }
}

fn password() -> SecretString {
    "correct horse battery".into()
}

impl Office {
    async fn owner(&self) -> SignedIn {
        let link = self.access.first_link().await.unwrap().unwrap();
        self.access
            .use_link(
                &link.token,
                Some("Ada@Example.com"),
                "Ada",
                &password(),
                HERE,
            )
            .await
            .unwrap()
    }

    async fn member(&self, by: &Principal, email: &str, role: Role) -> Principal {
        let link = self.access.invite(by, email, role).await.unwrap();
        let joined = self
            .access
            .use_link(&link.token, None, "M", &password(), HERE)
            .await;
        joined.unwrap().principal
    }

    async fn sign_in(&self, password: &str) -> Result<SignedIn, AccessError> {
        self.access
            .sign_in(&SignIn {
                email: "ada@example.com",
                password: &password.into(),
                address: HERE.0,
                agent: HERE.1,
            })
            .await
    }
}

on_both! {
    async fn the_first_link_makes_an_owner_once(database: Database) {
        let office = office(&database).await;
        let link = office.access.first_link().await.unwrap().unwrap();
        let short = office.access.use_link(&link.token, Some("a@b"), "A", &"short".into(), HERE).await;
        assert!(matches!(short, Err(AccessError::Invalid { .. })), "the link is still good");
        let owner = office.access
            .use_link(&link.token, Some("a@b"), "A", &password(), HERE).await.unwrap();

        let again = office.access.use_link(&link.token, Some("c@d"), "C", &password(), HERE).await;

        assert_eq!(owner.principal.role, Role::Owner);
        assert!(matches!(again, Err(AccessError::Unknown)));
        assert!(office.access.first_link().await.unwrap().is_none());
    }

    async fn a_session_lasts_while_it_is_used_and_ends_when_it_is_ended(database: Database) {
        let office = office(&database).await;
        office.owner().await;
        let first = office.sign_in("correct horse battery").await.unwrap();
        for _ in 0..3 {
            office.clock.advance(Duration::from_hours(11));
            office.access.session(&first.token).await.unwrap();
        }
        office.clock.advance(Duration::from_hours(13));
        assert!(office.access.session(&first.token).await.is_err(), "idle for too long");

        let second = office.sign_in("correct horse battery").await.unwrap();
        let casare_access::Who::User { id, session, .. } = second.principal.who else {
            panic!("a user signs in");
        };
        office.access.end_session(id, session).await.unwrap();

        assert!(office.access.session(&second.token).await.is_err());
    }

    async fn guessing_gets_slower_and_is_forgotten_in_time(database: Database) {
        let office = office(&database).await;
        office.owner().await;
        for _ in 0..6 {
            let wrong = office.sign_in("not this one").await;
            assert!(matches!(wrong, Err(AccessError::WrongPassword)));
        }

        let slowed = office.sign_in("correct horse battery").await;
        assert!(matches!(slowed, Err(AccessError::TooMany { .. })), "even when it is right");
        office.clock.advance(Duration::from_secs(2));
        office.sign_in("correct horse battery").await.unwrap();
        let wrong = office.sign_in("not this one").await;

        assert!(matches!(wrong, Err(AccessError::WrongPassword)), "counted from the start again");
    }

    async fn nobody_gives_more_than_they_have(database: Database) {
        let office = office(&database).await;
        let owner = office.owner().await.principal;
        let admin = office.member(&owner, "admin@b", Role::Admin).await;
        let key = |role, scopes| NewApiKey { name: "ci".to_owned(), role, scopes, expires_at: None };

        let above = office.access.create_key(&admin, &key(Role::Owner, vec![])).await;
        let (_, limited) = office.access
            .create_key(&admin, &key(Role::Admin, vec![Permission::KeyWrite])).await.unwrap();
        let limited = office.access.api_key(&limited).await.unwrap();
        let widened = office.access.create_key(&limited, &key(Role::Admin, vec![])).await;
        let other = office.access
            .create_key(&limited, &key(Role::Admin, vec![Permission::UserWrite])).await;

        assert!(matches!(above, Err(AccessError::AboveOwnRole { .. })));
        assert!(matches!(widened, Err(AccessError::Invalid { .. })));
        assert!(matches!(other, Err(AccessError::Forbidden { .. })));
        assert!(matches!(
            office.access.invite(&admin, "x@y", Role::Owner).await,
            Err(AccessError::AboveOwnRole { .. })
        ));
    }

    async fn the_last_owner_stays_and_a_role_that_was_taken_is_gone_at_once(database: Database) {
        let office = office(&database).await;
        let owner = office.owner().await;
        let casare_access::Who::User { id, .. } = owner.principal.who.clone() else { panic!() };
        let alone = office.access.set_role(&owner.principal, id, Role::Viewer).await;
        assert!(matches!(alone, Err(AccessError::LastOwner)));
        office.member(&owner.principal, "second@b", Role::Owner).await;

        office.access.set_role(&owner.principal, id, Role::Viewer).await.unwrap();

        assert_eq!(office.access.session(&owner.token).await.unwrap().role, Role::Viewer);
    }

    async fn a_key_is_good_until_it_expires_or_is_revoked(database: Database) {
        let office = office(&database).await;
        let owner = office.owner().await.principal;
        let expires_at = Some(office.clock.now() + Duration::from_hours(1));
        let new = NewApiKey { name: "ci".to_owned(), role: Role::Operator, scopes: vec![], expires_at };
        let (first, secret) = office.access.create_key(&owner, &new).await.unwrap();
        let (_, other) = office.access.create_key(&owner, &new).await.unwrap();
        assert_eq!(office.access.api_key(&secret).await.unwrap().role, Role::Operator);

        office.access.revoke_key(&owner, first.id).await.unwrap();
        assert!(matches!(office.access.api_key(&secret).await, Err(AccessError::Unknown)));
        office.clock.advance(Duration::from_hours(2));

        assert!(matches!(office.access.api_key(&other).await, Err(AccessError::Unknown)));
        let audited = office.store.tenant(owner.tenant).audited(None, 100).await.unwrap();
        let actions: Vec<&str> = audited.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(actions, ["key.revoke", "key.create", "key.create", "session.begin"]);
    }

    async fn an_enrolment_token_works_as_often_as_it_says(database: Database) {
        let office = office(&database).await;
        let owner = office.owner().await.principal;
        let new = NewEnrolmentToken {
            name: "office".to_owned(),
            placement: Placement { pools: ["back".to_owned()].into(), ..Placement::default() },
            uses: 1,
            lasts: Duration::from_hours(1),
        };
        let (_, token) = office.access.create_enrolment_token(&owner, &new).await.unwrap();
        let robot = office.access.enroll_robot(&token, "r1", 2).await.unwrap();
        let again = office.access.enroll_robot(&token, "r2", 2).await;
        let shown = office.access.robot_key(&robot.key).await.unwrap();
        let record = office.store.robot(robot.id).await.unwrap().unwrap();

        assert!(matches!(again, Err(AccessError::Unknown)));
        assert_eq!((shown.id, shown.tenant), (robot.id, Some(owner.tenant)));
        assert!(record.pools.contains("back"));
        office.access.revoke_robot(&owner, robot.id).await.unwrap();
        assert!(office.access.robot_key(&robot.key).await.is_err());
    }
}
