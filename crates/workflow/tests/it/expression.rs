//! Expressions: what they yield, what they say when they can't, and that nothing breaks them.

mod errors;
mod limits;

use casare_workflow::{
    ExpressionError, Scope, Template, Value,
    expression::{Sort, functions},
    value::{from_json, to_json},
};
use serde_json::{Value as Json, json};

fn scope() -> Value {
    from_json(&json!({
        "vars": {
            "total": 41, "sent": 3, "rate": 0.5, "flag": true, "nothing": null, "text": "abc",
            "numeral": "10", "big": 9_223_372_036_854_775_807_i64, "zero": 0, "empty": [],
        },
        "inputs": { "name": "Jane" },
        "person": { "First Name": "Ada", "Email": "ada@example.com", "tags": ["a", "b"] },
        "rows": [{ "n": 1, "city": "Paris" }, { "n": 2, "city": "Oslo" }, { "n": 3, "city": "Paris" }],
    }))
}

fn evaluate(setting: Json) -> Result<Value, ExpressionError> {
    Template::compile(&setting)?.evaluate(&scope())
}

fn yields(expression: &str) -> Json {
    let text = format!("{{{{ {expression} }}}}");
    match evaluate(json!(text)) {
        Ok(value) => to_json(&value),
        Err(error) => panic!("{expression}: {error} ({:?})", error.help),
    }
}

/// The message and, after a line break, the advice.
fn fails(expression: &str) -> String {
    let error = match evaluate(json!(format!("{{{{ {expression} }}}}"))) {
        Ok(value) => panic!("{expression} yields {value}"),
        Err(error) => error,
    };
    match error.help {
        Some(help) => format!("{}\n{help}", error.message),
        None => error.message,
    }
}

#[test]
fn every_filter_test_and_function_does_what_its_example_says() {
    for function in functions() {
        let wanted: Json = serde_json::from_str(function.yields).unwrap();

        assert_eq!(
            yields(function.example),
            wanted,
            "{:?} {}",
            function.sort,
            function.name
        );
    }
}

#[test]
fn every_documented_name_is_documented_once() {
    let mut names: Vec<(Sort, &str)> = functions().map(|one| (one.sort, one.name)).collect();
    let count = names.len();
    names.sort_by_key(|(sort, name)| (format!("{sort:?}"), *name));
    names.dedup();

    assert_eq!(names.len(), count);
}

#[test]
fn a_lone_expression_keeps_its_type() {
    for (setting, wanted) in [
        (json!("{{ vars.total + 1 }}"), json!(42)),
        (json!("  {{ vars.total }}\n"), json!(41)),
        (json!("{{ vars.rate * 2 }}"), json!(1.0)),
        (json!("{{ vars.flag and not vars.zero }}"), json!(true)),
        (json!("{{ vars.nothing }}"), json!(null)),
        (json!("{{ person['First Name'] }}"), json!("Ada")),
        (json!("{{ rows[-1].city }}"), json!("Paris")),
        (json!("{{ rows[1:] | map(attribute='n') }}"), json!([2, 3])),
        (
            json!("{{ {'a': vars.sent, 'b': [1]} }}"),
            json!({"a": 3, "b": [1]}),
        ),
        (json!("{{ '}}' }}"), json!("}}")),
        (json!("{{ 'x' if vars.flag }}"), json!("x")),
        (json!("{{ 'x' if vars.zero }}"), json!(null)),
        (json!("{{ 1 < vars.sent <= 3 }}"), json!(true)),
        (json!("{{ 2 in [1, 2] and 3 not in [1, 2] }}"), json!(true)),
        (
            json!("{{ vars.big + 1 }}"),
            json!(9_223_372_036_854_775_808_u64),
        ),
        (json!("{{ -7 // 2 }}"), json!(-4)),
        (json!("{{ -7 % 3 }}"), json!(2)),
        (json!("{{ 2 ** 10 }}"), json!(1024)),
        (json!("plain {text}"), json!("plain {text}")),
        (json!(5), json!(5)),
    ] {
        assert_eq!(
            to_json(&evaluate(setting.clone()).unwrap()),
            wanted,
            "{setting}"
        );
    }
}

#[test]
fn texts_show_values_as_people_write_them() {
    for (text, wanted) in [
        ("{{ vars.sent }} sent", "3 sent"),
        ("{{ 10 / 2 }} items", "5 items"),
        ("{{ vars.rate }} or {{ vars.flag }}", "0.5 or true"),
        ("[{{ vars.nothing }}]", "[]"),
        ("tags: {{ person.tags }}", r#"tags: ["a","b"]"#),
        (
            "map: {{ {'a': none, 'b': 1.5} }}",
            r#"map: {"a":null,"b":1.5}"#,
        ),
        ("{{ 'n = ' ~ 10 / 2 }}!", "n = 5!"),
        ("last newline {{ 1 }}\n", "last newline 1\n"),
        (
            "{% for row in rows if row.n > 1 %}\n{{ loop.index }}. {{ row.city }}\n{% endfor %}\nend",
            "1. Oslo\n2. Paris\nend",
        ),
        (
            "{% for k, v in {'a': 1} | items %}{{ k }}={{ v }}{% endfor %}.",
            "a=1.",
        ),
        ("{% set total = vars.sent * 2 %}{{ total }}.", "6."),
        (
            "{% if nobody is defined %}a{% elif vars.flag %}b{% else %}c{% endif %}",
            "b",
        ),
        (
            "{% filter upper %}a{{ inputs.name }}{% endfilter %}!",
            "AJANE!",
        ),
        ("{% set shout | upper %}hi{% endset %}{{ shout }}!", "HI!"),
        ("{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}!", "3!"),
        ("{% raw %}{{ kept }}{% endraw %}", "{{ kept }}"),
        ("{# a remark #}{{ 1 }}{{ 2 }}", "12"),
    ] {
        assert_eq!(
            to_json(&evaluate(json!(text)).unwrap()),
            json!(wanted),
            "{text}"
        );
    }
}

#[test]
fn lists_and_maps_are_compiled_item_by_item() {
    let setting = json!({ "to": ["{{ person.Email }}", "x"], "{{ key }}": 1, "n": { "m": "{{ vars.sent }}" } });

    let value = evaluate(setting).unwrap();

    assert_eq!(
        to_json(&value),
        json!({ "to": ["ada@example.com", "x"], "{{ key }}": 1, "n": { "m": 3 } })
    );
}

#[test]
fn what_needs_no_scope_is_a_literal() {
    for setting in [
        json!("text"),
        json!(1),
        json!([1, { "a": "b" }]),
        json!("{{ 5 }}"),
    ] {
        assert!(
            Template::compile(&setting).unwrap().as_literal().is_some(),
            "{setting}"
        );
    }
    assert!(
        Template::compile(&json!(["{{ a }}"]))
            .unwrap()
            .as_literal()
            .is_none()
    );
}

#[test]
fn a_condition_needs_no_braces() {
    let holds = |text: &str| {
        let condition = Template::compile_condition(&json!(text)).unwrap();
        condition.evaluate(&scope()).unwrap().is_true()
    };

    assert!(holds("vars.sent == 3"));
    assert!(holds("{{ vars.sent == 3 }}"));
    assert!(!holds("vars.sent > 3 or not vars.flag"));
    assert!(
        Template::compile_condition(&json!(true))
            .unwrap()
            .as_literal()
            .is_some()
    );
}

#[test]
fn missing_names_may_be_asked_about() {
    for (expression, wanted) in [
        ("nobody is defined", json!(false)),
        ("nobody.name.first is undefined", json!(true)),
        ("vars.sent is defined", json!(true)),
        ("nobody.name | default('?')", json!("?")),
        ("vars.nothing | default(1)", json!(null)),
        ("vars.nothing | default(1, true)", json!(1)),
        ("vars.empty | first | default('none')", json!("none")),
        ("rows[9].city | d('?')", json!("?")),
    ] {
        assert_eq!(yields(expression), wanted, "{expression}");
    }
}

#[test]
fn the_names_that_a_template_reads_are_known() {
    let setting = json!({
        "a": "{{ steps.people.rows[0].name + vars['Net Total'] }}",
        "b": ["{% for row in rows %}{{ row.n + vars.sent + loop.index }}{% endfor %}"],
        "c": "{{ maybe.x | default(other) }} {{ asked.y if asked is defined }}",
    });

    let names = Template::compile(&setting).unwrap().names();

    let shown: Vec<String> = names
        .iter()
        .map(|one| {
            let mark = if one.optional { "?" } else { "" };
            format!("{} {} {}{mark}", one.at, one.offset, one.path.join("/"))
        })
        .collect();
    assert_eq!(
        shown,
        [
            "a 3 steps/people/rows",
            "a 31 vars/Net Total",
            "b[0] 14 rows",
            "b[0] 32 vars/sent",
            "c 3 maybe/x?",
            "c 21 other",
            "c 45 asked?",
            "c 34 asked/y?",
        ]
    );
}

#[test]
fn a_scope_may_answer_two_names_with_one_look_up() {
    struct Counting;
    impl Scope for Counting {
        fn get(&self, _: &str) -> Option<Value> {
            None
        }
        fn get_attr(&self, name: &str, attr: &str) -> Option<Value> {
            (name == "vars" && attr == "total").then(|| Value::from(41))
        }
        fn names(&self) -> Vec<String> {
            vec!["vars".into()]
        }
    }

    let value = Template::compile(&json!("{{ vars.total + 1 }}"))
        .unwrap()
        .evaluate(&Counting)
        .unwrap();

    assert_eq!(to_json(&value), json!(42));
}
