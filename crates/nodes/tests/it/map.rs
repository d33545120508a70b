use casare_engine::ErrorKind;
use proptest::prelude::*;
use serde_json::json;

use crate::{office, outcome_of};

#[tokio::test]
async fn maps_are_made_changed_and_read() {
    let outputs = office()
        .outputs(
            r#"
variables:
  order: { number: INV-1, customer: { name: Ada, "E Mail": a@example.com }, lines: [{ sku: x }] }
steps:
  - { id: made, use: map.create, with: { keys: [a, b], items: [1, 2] } }
  - { id: paired, use: map.create, with: { pairs: [[a, 1], { key: b, value: "" }], skip_empty: true } }
  - { id: mail, use: map.get, with: { map: "{{ vars.order }}", key: "customer['E Mail']" } }
  - { id: sku, use: map.get, with: { map: "{{ vars.order }}", key: "lines[-1].sku" } }
  - { id: none, use: map.get, with: { map: "{{ vars.order }}", key: vat, default: 0 } }
  - { id: set, use: map.set, with: { map: "{{ vars.order }}", values: { "lines[1].sku": y, paid.on: today } } }
  - { id: kept, use: map.set, with: { map: { a: 1 }, values: { a: 2, b: 2 }, only_missing: true } }
  - { id: removed, use: map.remove, with: { map: "{{ vars.order }}", key: [lines, customer.name] } }
  - { id: deep, use: map.merge, with: { maps: [{ a: { x: [1] } }, null, { a: { x: [2], y: 2 } }], deep: true, lists: append } }
  - { id: keys, use: map.keys, with: { map: { b: 1, a10: 2, a9: 3 }, sort: true } }
  - { id: values, use: map.values, with: { map: { b: 1, a: 2 } } }
  - { id: items, use: map.items, with: { map: { b: 1 } } }
  - { id: has, use: map.has, with: { map: "{{ vars.order }}", key: customer.name } }
  - { id: renamed, use: map.rename, with: { map: [{ a: 1, b: 2 }], names: { a: c }, only: true } }
  - { id: picked, use: map.pick, with: { map: { a: 1, b: 2, c: 3 }, keys: [c, d, a], default: "-" } }
outputs:
  made: "{{ steps.made.result }}"
  paired: "{{ steps.paired.result }}"
  got: "{{ [steps.mail.result, steps.sku.result, steps.none.result, steps.none.found] }}"
  set: "{{ [steps.set.result.lines, steps.set.result.paid] }}"
  kept: "{{ steps.kept.result }}"
  removed: "{{ [steps.removed.result, steps.removed.removed['customer.name']] }}"
  deep: "{{ steps.deep.result }}"
  keys: "{{ steps.keys.result }}"
  values: "{{ steps.values.result }}"
  items: "{{ steps.items.result }}"
  has: "{{ steps.has.result }}"
  renamed: "{{ steps.renamed.result }}"
  picked: "{{ steps.picked.result | to_json }}"
"#,
        )
        .await;

    assert_eq!(
        outputs,
        json!({
            "made": { "a": 1, "b": 2 },
            "paired": { "a": 1 },
            "got": ["a@example.com", "x", 0, false],
            "set": [[{ "sku": "x" }, { "sku": "y" }], { "on": "today" }],
            "kept": { "a": 1, "b": 2 },
            "removed": [{ "number": "INV-1", "customer": { "E Mail": "a@example.com" } }, "Ada"],
            "deep": { "a": { "x": [1, 2], "y": 2 } },
            "keys": ["a9", "a10", "b"],
            "values": [1, 2],
            "items": [{ "key": "b", "value": 1 }],
            "has": true,
            "renamed": [{ "c": 1 }],
            "picked": r#"{"c":3,"d":"-","a":1}"#,
        })
    );
}

#[tokio::test]
async fn a_missing_key_is_an_error_that_knows_which_was_meant() {
    let error = office()
        .failure("steps:\n  - { use: map.get, with: { map: { customer: 1 }, key: custmer } }\n")
        .await;

    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(error.help.unwrap().contains("did you mean `customer`?"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_set_is_what_is_got(
        path in "[a-c]{1,2}(\\.[a-c]|\\[0\\]){0,4}",
        value in any::<i64>(),
    ) {
        let changed = outcome_of("map.set", json!({ "map": {}, "key": path, "value": value }));
        let got = outcome_of("map.get", json!({ "map": changed["result"], "key": path }));
        let left = outcome_of("map.remove", json!({ "map": changed["result"], "key": path }));
        let has = outcome_of("map.has", json!({ "map": left["result"], "key": path }));

        prop_assert_eq!(&got["result"], &json!(value));
        prop_assert_eq!(&has["result"], &json!(false));
    }
}
