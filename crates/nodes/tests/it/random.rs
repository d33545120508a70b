use std::collections::HashSet;

use casare_engine::RunOptions;
use serde_json::{Value as Json, json};

use crate::{office, outcome_of};

#[test]
fn numbers_stay_within_their_limits() {
    let dice = outcome_of("random.number", json!({ "min": 1, "max": 6, "count": 500 }));
    let lots = outcome_of(
        "random.number",
        json!({ "min": 1, "max": 6, "count": 6, "unique": true }),
    );
    let share = outcome_of(
        "random.number",
        json!({ "max": 1, "whole": false, "digits": 2 }),
    );

    let thrown: HashSet<i64> = dice["numbers"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Json::as_i64)
        .collect();
    assert_eq!(thrown, (1..=6).collect());
    let drawn: HashSet<i64> = lots["numbers"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Json::as_i64)
        .collect();
    assert_eq!(drawn.len(), 6);
    let share = share["result"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&share) && ((share * 100.0).round() - share * 100.0).abs() < 1e-9);
}

#[test]
fn items_are_drawn_by_their_weight_and_not_twice() {
    let sure = outcome_of(
        "random.choice",
        json!({ "items": ["a", "b", "c"], "weights": [0, 1, 0] }),
    );
    let all = outcome_of(
        "random.choice",
        json!({ "items": ["a", "b", "c"], "count": 3 }),
    );
    let mixed = outcome_of("random.shuffle", json!({ "items": [1, 2, 3, 4] }));

    assert_eq!((&sure["result"], &sure["index"]), (&json!("b"), &json!(1)));
    let drawn: HashSet<&str> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Json::as_str)
        .collect();
    assert_eq!(drawn, HashSet::from(["a", "b", "c"]));
    assert_eq!(mixed["count"], 4);
}

#[test]
fn texts_have_what_was_asked_for() {
    let text = |with: Json| {
        outcome_of("random.text", with)["result"]
            .as_str()
            .unwrap()
            .to_owned()
    };

    let password = text(json!({ "length": 4, "signs": true, "each_kind": true, "secure": true }));
    let code = text(json!({ "length": 6, "characters": "AB" }));

    assert_eq!(password.len(), 4);
    assert!(password.contains(|c: char| c.is_ascii_digit()));
    assert!(password.contains(|c: char| c.is_ascii_punctuation()));
    assert!(code.len() == 6 && code.chars().all(|c| "AB".contains(c)));
}

#[test]
fn ids_are_of_their_version_and_differ() {
    for version in ["1", "4", "7"] {
        let made = outcome_of("random.uuid", json!({ "version": version, "count": 300 }));
        let ids: Vec<&str> = made["ids"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Json::as_str)
            .collect();

        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 300);
        assert!(
            ids.iter()
                .all(|id| id.len() == 36 && id[14..].starts_with(version)),
            "{version}"
        );
        assert!(version != "7" || ids.is_sorted());
    }
}

#[tokio::test]
async fn what_can_not_be_drawn_is_refused() {
    let office = office();
    let failure = async |with: &str| {
        office
            .failure(&format!("steps:\n  - {with}\n"))
            .await
            .message
    };

    assert_eq!(
        failure("{ use: random.number, with: { min: 2, max: 1 } }").await,
        "no number is between 2 and 1"
    );
    assert_eq!(
        failure("{ use: random.choice, with: { items: [1], count: 2 } }").await,
        "2 items can't be drawn from 1"
    );
    assert!(
        failure("{ use: random.text, with: { length: 99999999 } }")
            .await
            .contains("more than")
    );
}

#[tokio::test]
async fn runs_with_one_seed_draw_the_same() {
    let office = office();
    let text = r#"
casare: 1
name: draw
steps:
  - { id: number, use: random.number, with: { max: 1000000 } }
  - { id: id, use: random.uuid }
  - { id: order, use: random.shuffle, with: { items: "{{ range(50) | list }}" } }
  - { id: secret, use: random.text, with: { secure: true } }
outputs:
  drawn: "{{ [steps.number.result, steps.id.result, steps.order.result] }}"
  secret: "{{ steps.secret.result }}"
"#;
    let plan = office
        .engine()
        .load("draw.workflow.yaml", text, office.folder())
        .unwrap();
    let drawn = async |seed| {
        let mut options = RunOptions::new(office.folder(), office.path(".runs"));
        options.seed = Some(seed);
        office.engine().run(&plan, options).await.unwrap().outputs
    };

    let (first, again, other) = (drawn(7).await, drawn(7).await, drawn(8).await);

    assert_eq!(first["drawn"], again["drawn"]);
    assert_ne!(first["drawn"], other["drawn"]);
    assert_ne!(first["secret"], again["secret"]);
}
