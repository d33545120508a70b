use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::{office, outcome_of};

fn calculated(with: Json) -> Json {
    outcome_of("math.calculate", with)["result"].clone()
}

#[test]
fn calculation_is_exact_where_people_are() {
    let two = |operation: &str, a: f64, b: f64| {
        calculated(json!({ "operation": operation, "a": a, "b": b }))
    };

    assert_eq!(two("add", 0.1, 0.2), json!(0.3));
    assert_eq!(two("multiply", 1.1, 1.1), json!(1.21));
    assert_eq!(two("divide", 1.0, 3.0), json!(1.0 / 3.0));
    assert_eq!(two("floor_divide", -7.0, 2.0), json!(-4));
    assert_eq!(two("modulo", -7.0, 3.0), json!(2));
    assert_eq!(two("power", 2.0, 10.0), json!(1024));
    assert_eq!(two("percent", 250.0, 19.0), json!(47.5));
    assert_eq!(two("percent_change", 80.0, 100.0), json!(25));
    assert_eq!(two("root", 27.0, 3.0), json!(3));
    assert_eq!(
        calculated(json!({ "operation": "log10", "a": 1000 })),
        json!(3)
    );
    assert_eq!(
        calculated(
            json!({ "formula": "net * (1 + rate)", "values": { "net": 9.99, "rate": 0.19 }, "digits": 2 })
        ),
        json!(11.89)
    );
}

#[test]
fn numbers_are_rounded_as_they_are_written() {
    let rounded = |with: Json| {
        let outputs = outcome_of("math.round", with);
        (
            outputs["result"].clone(),
            outputs["text"].as_str().unwrap().to_owned(),
        )
    };

    assert_eq!(
        rounded(json!({ "value": 1.005, "digits": 2 })),
        (json!(1.01), "1.01".into())
    );
    assert_eq!(
        rounded(json!({ "value": "2.5", "mode": "half_even" })),
        (json!(2), "2".into())
    );
    assert_eq!(
        rounded(json!({ "value": 12.43, "step": 0.05 })),
        (json!(12.45), "12.45".into())
    );
    assert_eq!(
        rounded(json!({ "value": 1250, "digits": -2, "mode": "down" })),
        (json!(1200), "1200".into())
    );
    assert_eq!(
        rounded(json!({ "value": 2.5, "digits": 2 })),
        (json!(2.5), "2.50".into())
    );
    assert_eq!(rounded(json!({ "value": -2.5 })), (json!(-3), "-3".into()));
}

#[tokio::test]
async fn numbers_are_summed_up_and_bad_ones_named() {
    let office = office();
    let outputs = office
        .outputs(
            r#"
steps:
  - id: totals
    use: math.aggregate
    with: { items: [{ total: 0.1 }, { total: "0.2" }, { total: "" }, { total: 3 }], field: total, percentiles: [50] }
outputs: { sum: "{{ steps.totals.sum }}", average: "{{ steps.totals.average }}", skipped: "{{ steps.totals.skipped }}", half: "{{ steps.totals.percentiles[0] }}" }
"#,
        )
        .await;
    let error = office
        .failure("steps:\n  - { use: math.aggregate, with: { items: [1, '1.234,56 €'] } }\n")
        .await;
    let zero = office
        .failure("steps:\n  - { use: math.calculate, with: { operation: divide, a: 1, b: 0 } }\n")
        .await;

    assert_eq!(
        outputs,
        json!({ "sum": 3.3, "average": 1.1, "skipped": 1, "half": 0.2 })
    );
    assert_eq!(
        error.message,
        "setting `items`: item 2 is `1.234,56 €`, no number"
    );
    assert_eq!(zero.message, "division by zero");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_added_can_be_subtracted_again(a in -1_000_000..1_000_000i64, b in -1_000_000..1_000_000i64) {
        let (a, b) = (a as f64 / 100.0, b as f64 / 100.0);

        let sum = calculated(json!({ "operation": "add", "a": a, "b": b }));
        let back = calculated(json!({ "operation": "subtract", "a": sum, "b": b }));

        prop_assert_eq!(back.as_f64().unwrap(), a);
    }
}
