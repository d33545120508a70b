use casare_engine::ErrorKind;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::{office, outcome_of};

#[tokio::test]
async fn orders_are_filtered_changed_sorted_and_folded() {
    let outputs = office()
        .outputs(
            r#"
variables:
  limit: 100
  orders:
    - { number: INV-10, customer: { name: Zoë, country: DE }, price: 0.1, count: 3 }
    - { number: INV-9, customer: { name: Ada, country: FR }, price: 250, count: 1 }
    - { number: INV-11, customer: { name: zeppo, country: DE }, price: 120.5, count: 2 }
steps:
  - id: priced
    use: list.map
    with:
      items: "{{ vars.orders }}"
      set: { total: "item.price * item.count | float", large: "item.total > limit" }
      given: { limit: "{{ vars.limit }}" }
  - id: large
    use: list.filter
    with: { items: "{{ steps.priced.result }}", where: item.large }
  - id: german
    use: list.filter
    with: { items: "{{ steps.priced.result }}", field: customer.country, is: one_of, value: [DE, AT] }
  - id: names
    use: list.sort
    with: { items: "{{ vars.orders }}", by: { field: customer.name, descending: true } }
  - id: numbers
    use: list.sort
    with: { items: "{{ vars.orders }}", by: [number] }
  - id: sum
    use: list.reduce
    with: { items: "{{ steps.priced.result }}", operation: sum, field: price }
  - id: steps_total
    use: list.reduce
    with: { items: [1, 2, 3], expression: "total + item * factor", initial: 10, given: { factor: 2 } }
  - id: countries
    use: list.group
    with: { items: "{{ vars.orders }}", field: customer.country }
  - id: frequent
    use: list.count
    with: { items: "{{ vars.orders }}", by: customer.country }
outputs:
  large: "{{ steps.large.result | map(attribute='number') | list }}"
  not_large: "{{ steps.large.removed | length }}"
  german: "{{ steps.german.count }}"
  names: "{{ steps.names.result | map(attribute='customer.name') | list }}"
  numbers: "{{ steps.numbers.result | map(attribute='number') | list }}"
  sum: "{{ steps.sum.result }}"
  total: "{{ steps.steps_total.result }}"
  countries: "{{ steps.countries.groups | map(attribute='count') | list }}"
  frequent: "{{ steps.frequent.values }}"
"#,
        )
        .await;

    assert_eq!(
        outputs,
        json!({
            "large": ["INV-9", "INV-11"], "not_large": 1, "german": 2,
            "names": ["Zoë", "zeppo", "Ada"],
            "numbers": ["INV-9", "INV-10", "INV-11"],
            "sum": 370.6, "total": 22, "countries": [2, 1], "frequent": { "DE": 2, "FR": 1 },
        })
    );
}

#[tokio::test]
async fn lists_are_put_together_and_taken_apart() {
    let outputs = office()
        .outputs(
            r#"
steps:
  - { id: made, use: list.create, with: { from: 0.1, to: 0.3, step: 0.1 } }
  - { id: twice, use: list.create, with: { value: x, times: 2 } }
  - { id: added, use: list.add, with: { items: [a, d], all: [b, c], at: 1 } }
  - { id: last, use: list.get, with: { items: [a, b], at: -1 } }
  - { id: none, use: list.get, with: { items: [a, b], at: 2, default: nothing } }
  - { id: removed, use: list.remove, with: { items: [1, "2", 3, 2], value: 2 } }
  - { id: part, use: list.slice, with: { items: [a, b, c, d, e], start: -4, step: 2 } }
  - { id: joined, use: list.join, with: { items: [1, 2.0, true], last: " and " } }
  - { id: reversed, use: list.reverse, with: { items: [1, 2, 3] } }
  - { id: unique, use: list.unique, with: { items: [{ k: É, v: 1 }, { k: e, v: 2 }], by: k, ignore_case: true, keep: last } }
  - { id: flat, use: list.flatten, with: { items: [[1, [2]], 3], depth: 1 } }
  - { id: has, use: list.contains, with: { items: [7, "007"], value: "7" } }
  - { id: chunks, use: list.chunk, with: { items: [1, 2, 3], size: 2 } }
  - { id: rows, use: list.zip, with: { lists: { n: [1, 2], c: [x] }, uneven: fill, fill: "-" } }
  - { id: both, use: list.combine, with: { items: [1, 2, 3], with: [3, 2.0, 5], operation: intersection } }
  - { id: either, use: list.combine, with: { items: [1, 2], with: [2, 5], operation: symmetric_difference } }
outputs:
  made: "{{ steps.made.result }}"
  twice: "{{ steps.twice.result }}"
  added: "{{ steps.added.result }}"
  last: "{{ steps.last.result }}"
  none: "{{ [steps.none.result, steps.none.found] }}"
  removed: "{{ steps.removed.result }}"
  part: "{{ steps.part.result }}"
  joined: "{{ steps.joined.result }}"
  reversed: "{{ steps.reversed.result }}"
  unique: "{{ steps.unique.result }}"
  flat: "{{ steps.flat.result }}"
  has: "{{ [steps.has.result, steps.has.index, steps.has.count] }}"
  chunks: "{{ steps.chunks.result }}"
  rows: "{{ steps.rows.result }}"
  both: "{{ steps.both.result }}"
  either: "{{ steps.either.result }}"
"#,
        )
        .await;

    assert_eq!(
        outputs,
        json!({
            "made": [0.1, 0.2, 0.3], "twice": ["x", "x"], "added": ["a", "b", "c", "d"],
            "last": "b", "none": ["nothing", false], "removed": [1, 3], "part": ["b", "d"],
            "joined": "1, 2 and true", "reversed": [3, 2, 1], "unique": [{ "k": "e", "v": 2 }],
            "flat": [1, [2], 3], "has": [true, 0, 1], "chunks": [[1, 2], [3]],
            "rows": [{ "n": 1, "c": "x" }, { "n": 2, "c": "-" }],
            "both": [2, 3], "either": [1, 5],
        })
    );
}

#[tokio::test]
async fn a_stream_flows_through_without_being_held() {
    let office = office();
    let lines: Vec<String> = (1..=50_000)
        .map(|number| format!("{number},{}", number % 7))
        .collect();
    office.put("big.csv", format!("number,rest\n{}\n", lines.join("\n")));

    let outputs = office
        .outputs(
            r#"
steps:
  - { id: rows, use: csv.read, with: { path: big.csv, stream: true, numbers: true } }
  - { id: some, use: list.filter, with: { items: "{{ steps.rows.rows }}", where: item.rest == 0 } }
  - { id: numbers, use: list.map, with: { items: "{{ steps.some.result }}", to: item.number * 2 } }
  - { id: parts, use: list.chunk, with: { items: "{{ steps.numbers.result }}", size: 100 } }
  - { id: first, use: list.slice, with: { items: "{{ steps.numbers.result }}", end: 3 } }
  - { id: sum, use: list.reduce, with: { items: "{{ steps.numbers.result }}", operation: sum } }
  - { id: part, use: list.get, with: { items: "{{ steps.parts.result }}", at: 71 } }
outputs:
  lazy: "{{ steps.some.count is none and steps.parts.count is none }}"
  first: "{{ steps.first.result | list }}"
  sum: "{{ steps.sum.result }}"
  counted: "{{ steps.sum.count }}"
  last_part: "{{ steps.part.result | length }}"
"#,
        )
        .await;

    let sevenths: i64 = (1..=50_000).filter(|number| number % 7 == 0).sum();
    assert_eq!(
        outputs,
        json!({ "lazy": true, "first": [14, 28, 42], "sum": sevenths * 2, "counted": 7142, "last_part": 42 })
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_list_or_condition_is_said() {
    let office = office();
    let failure = async |with: &str| office.failure(&format!("steps:\n  - {with}\n")).await;

    let no_list = failure("{ use: list.sort, with: { items: abc } }").await;
    let unknown =
        failure("{ use: list.filter, with: { items: [{ total: 1 }], where: item.totl > 1 } }")
            .await;
    let broken = failure("{ use: list.filter, with: { items: [1], where: item > } }").await;
    let mixed =
        failure("{ use: list.filter, with: { items: [x], is: greater_than, value: 1 } }").await;
    let missing = failure("{ use: list.get, with: { items: [1], at: 5 } }").await;
    let endless = failure("{ use: list.create, with: { from: 1, to: 1e12 } }").await;

    assert_eq!(
        no_list.message,
        "setting `items`: a list is wanted, this is a text"
    );
    assert!(unknown.message.contains("item 1"), "{}", unknown.message);
    assert!(unknown.message.contains("totl"), "{}", unknown.message);
    assert!(
        broken.message.starts_with("setting `where`: `item >`"),
        "{}",
        broken.message
    );
    assert!(
        mixed.message.contains("can't be compared"),
        "{}",
        mixed.message
    );
    assert_eq!(missing.kind, ErrorKind::NotFound);
    assert!(
        endless.message.contains("more than 1000000 items"),
        "{}",
        endless.message
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn sorting_keeps_the_items_and_is_the_same_when_done_again(
        items in prop::collection::vec(
            prop_oneof![
                any::<i32>().prop_map(Json::from),
                "[a-zäÖ0-9 ]{0,6}".prop_map(Json::from),
                any::<bool>().prop_map(Json::from),
                Just(Json::Null),
            ],
            0..40,
        )
    ) {
        let sorted = outcome_of("list.sort", json!({ "items": items }))["result"].clone();
        let again = outcome_of("list.sort", json!({ "items": sorted }))["result"].clone();
        let turned = outcome_of("list.reverse", json!({ "items": sorted }))["result"].clone();
        let back = outcome_of("list.sort", json!({ "items": turned }))["result"].clone();

        let by_text = |list: &Json| {
            let mut texts: Vec<String> = list.as_array().unwrap().iter().map(Json::to_string).collect();
            texts.sort();
            texts
        };
        prop_assert_eq!(by_text(&sorted), by_text(&Json::from(items)));
        prop_assert_eq!(&again, &sorted);
        prop_assert_eq!(by_text(&back), by_text(&sorted));
    }

    #[test]
    fn chunks_put_together_are_the_list(items in prop::collection::vec(any::<i64>(), 0..60), size in 1..10usize) {
        let parts = outcome_of("list.chunk", json!({ "items": items, "size": size }))["result"].clone();
        let whole = outcome_of("list.flatten", json!({ "items": parts, "depth": 1 }))["result"].clone();

        prop_assert_eq!(whole, json!(items));
    }
}
