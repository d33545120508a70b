//! Lazy lists, much work, deep nesting and any input at all.

use casare_workflow::{
    Template, Value,
    expression::{Sort, functions},
    value::{Stream, to_json},
};
use minijinja::value::ValueKind;
use proptest::prelude::*;
use serde_json::json;

use super::{evaluate, fails, scope, yields};

#[test]
fn lists_may_be_lazy() {
    let stream = Stream::value("rows of a file", || {
        Ok(Box::new((1..=5).map(|n| Ok(Value::from(n)))))
    });
    let scope = Value::from_pairs([("rows", stream)]);
    let yields = |text: &str| {
        let value = Template::compile(&json!(text)).unwrap().evaluate(&scope);
        value.map(|value| to_json(&value))
    };

    assert_eq!(yields("{{ rows | sum }}").unwrap(), json!(15));
    assert_eq!(yields("{{ rows[1:3] }}").unwrap(), json!([2, 3]));
    assert_eq!(
        yields("{{ rows }}").unwrap(),
        json!("<stream: rows of a file>")
    );
    assert_eq!(
        yields("{{ range(10 ** 9)[-1] }}").unwrap(),
        json!(999_999_999)
    );
    assert_eq!(
        yields("{{ range(1, 10 ** 9) | length }}").unwrap(),
        json!(999_999_999)
    );
    assert_eq!(
        yields("{{ range(10, 0, -4) | list }}").unwrap(),
        json!([10, 6, 2])
    );
    assert_eq!(
        yields("{{ 999 in range(10 ** 9) and 10 not in range(5) }}").unwrap(),
        json!(true)
    );
}

#[test]
fn a_stream_that_breaks_off_is_an_error() {
    let stream = Stream::value("rows of a file", || {
        Ok(Box::new(
            [Ok(Value::from(1)), Err("line 2 has 3 columns".to_owned())].into_iter(),
        ))
    });
    let scope = Value::from_pairs([("rows", stream)]);

    for text in [
        "{{ rows | list }}",
        "{{ rows[0:] }}",
        "{% for r in rows %}{% endfor %}",
        "{{ rows | join }}",
    ] {
        let error = Template::compile(&json!(text))
            .unwrap()
            .evaluate(&scope)
            .unwrap_err();

        assert!(
            error.message.contains("line 2 has 3 columns"),
            "{text}: {error}"
        );
    }
}

#[test]
fn a_million_items_are_not_too_many() {
    assert_eq!(
        yields("range(1000000) | sort(reverse=true) | first"),
        json!(999_999)
    );
    assert_eq!(
        yields("range(1000000) | map('string') | list | length"),
        json!(1_000_000)
    );
}

#[test]
fn endless_work_and_huge_results_are_refused() {
    for expression in [
        "'x' * 10 ** 9",
        "[0] * 10 ** 9",
        "range(10 ** 9) | list",
        "range(10 ** 18) | sum",
        "'a' | pad_left(10 ** 9)",
        "'%999999999d' | format(1)",
        "'a' | indent(10 ** 9)",
        "[1] | batch(10 ** 9, 0)",
        "10 ** 10 ** 10",
        "range(10 ** 9)[5:]",
        "('x' * 10 ** 7) | replace('x', 'y' * 1000)",
        "range(10 ** 9) == range(1, 10 ** 9)",
    ] {
        fails(expression);
    }
    let texts = [
        "{% for a in range(10000) %}{% for b in range(10000) %}{{ a * b }}{% endfor %}{% endfor %}",
        "{% for a in range(1000) %}{{ 'x' * 10 ** 6 }}{% endfor %}",
        "all: {{ range(10 ** 9) }}",
    ];
    for text in texts {
        evaluate(json!(text)).unwrap_err();
    }
}

#[test]
fn what_loops_build_up_does_not_pile_up() {
    let chop = Template::compile(&json!("{{ queue[1:] }}")).unwrap();
    let wrap = Template::compile(&json!("{{ [queue] }}")).unwrap();
    let mut queue: Value = (0..2_000).collect();
    while queue.len() > Some(10) {
        queue = chop
            .evaluate(&Value::from_pairs([("queue", queue)]))
            .unwrap();
    }
    assert_eq!(queue.kind(), ValueKind::Seq);

    let passes = (0..200).find(|_| {
        match wrap.evaluate(&Value::from_pairs([("queue", queue.clone())])) {
            Ok(value) => queue = value,
            Err(error) => return error.message.contains("100 levels"),
        }
        false
    });
    assert!(passes.is_some());
}

#[test]
fn depth_does_not_overflow_the_stack() {
    let many = 100_000;
    for expression in [
        "(".repeat(many) + "1",
        "[".repeat(many),
        "1".to_owned() + &" + 1".repeat(many),
        "not ".repeat(many) + "1",
        "-".repeat(many) + "1",
        "a".to_owned() + &".b".repeat(many),
        "a".to_owned() + &"[0]".repeat(many),
        "a".to_owned() + &" | upper".repeat(many),
        "a".to_owned() + &" if b else c".repeat(many),
        "a".to_owned() + &"()".repeat(many),
        "a".to_owned() + &" < 1".repeat(many),
        "{'a':".repeat(many),
        "'a' ".repeat(many),
    ] {
        let _ = Template::compile(&json!(format!("{{{{ {expression} }}}}")));
        let _ = Template::compile_condition(&json!(expression));
    }
    for text in [
        "{% if a %}".repeat(many),
        "{% for a in b %}".repeat(many),
        "{% if a %}".to_owned() + &"{% elif a %}".repeat(many) + "{% endif %}",
        "{{".repeat(many),
        "{% set a = 1 %}".repeat(many),
    ] {
        let _ = Template::compile(&json!(text));
    }
    let wide = format!("{{{{ [{}] | sum }}}}", "1 + 1, ".repeat(10_000));
    assert_eq!(to_json(&evaluate(json!(wide)).unwrap()), json!(20_000));
    let long = format!("{{{{ 0{} }}}}", " + 1".repeat(190));
    assert_eq!(to_json(&evaluate(json!(long)).unwrap()), json!(190));
}

/// Expressions of numbers, texts, lists and lookups.
fn expressions() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(|n| format!("({n})")),
        any::<i8>().prop_map(|n| format!("({n})")),
        (-1e6..1e6_f64).prop_map(|n| format!("({n:?})")),
        prop::sample::select(vec![
            "true",
            "false",
            "none",
            "'a'",
            "''",
            "'10'",
            "[1, 2]",
            "[]",
            "{'a': 1}",
            "vars.total",
            "vars.rate",
            "vars.big",
            "vars.zero",
            "vars.text",
            "vars.nothing",
            "vars.flag",
            "person",
            "rows",
            "rows[1].n",
            "person.tags",
            "nobody",
            "vars.nobody",
            "9223372036854775807",
            "170141183460469231731687303715884105727",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let operator = prop::sample::select(vec![
            "+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">=", "in", "not in",
            "and", "or",
        ]);
        prop_oneof![
            (inner.clone(), operator, inner.clone())
                .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            inner.clone().prop_map(|a| format!("(not {a})")),
            inner.clone().prop_map(|a| format!("(-{a})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}[{b}]")),
            (inner.clone(), inner.clone(), inner)
                .prop_map(|(a, b, c)| format!("({a} if {b} else {c})")),
        ]
    })
}

/// Texts of holes and statements.
fn texts() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("text \n".to_owned()),
        expressions().prop_map(|one| format!("{{{{ {one} }}}}")),
        expressions().prop_map(|one| format!("{{% set a = {one} %}}")),
        Just("{{ a }}{{ loop.index }}{{ loop.nextitem }}".to_owned()),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        let one = expressions();
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a + &b),
            (one, inner.clone()).prop_map(|(one, body)| {
                format!("{{% for a in {one} %}}{body}{{% else %}}-{{% endfor %}}")
            }),
            (expressions(), inner.clone()).prop_map(|(one, body)| {
                format!("{{% if {one} %}}{body}{{% elif a is defined %}}{body}{{% endif %}}")
            }),
            (expressions(), inner.clone())
                .prop_map(|(one, body)| { format!("{{% with a = {one} %}}{body}{{% endwith %}}") }),
            inner
                .clone()
                .prop_map(|body| format!("{{% set a %}}{body}{{% endset %}}")),
            inner.prop_map(|body| format!("{{% filter upper %}}{body}{{% endfilter %}}")),
        ]
    })
}

/// What our evaluator refuses and minijinja does not, on purpose.
const ON_PURPOSE: [&str; 5] = [
    "can't compare",
    "is not defined",
    "has no ",
    "more than 64 MiB",
    "is too large",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn the_evaluator_agrees_with_minijinja(expression in expressions()) {
        let mut theirs = minijinja::Environment::new();
        theirs.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
        let theirs = theirs
            .compile_expression(&expression)
            .and_then(|compiled| compiled.eval(scope()));
        let ours = Template::compile_condition(&json!(expression))
            .and_then(|template| template.evaluate(&scope()));
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => {
                prop_assert_eq!(ours.kind() == ValueKind::Seq || ours.kind() == theirs.kind(), true);
                prop_assert_eq!(ours.to_string(), theirs.to_string());
                prop_assert_eq!(ours.is_integer(), theirs.is_integer());
            }
            (Err(_), Err(_)) => {}
            (Err(ours), Ok(theirs)) => prop_assert!(
                ON_PURPOSE.iter().any(|reason| ours.message.contains(reason)),
                "{}: minijinja yields {:?}", ours, theirs
            ),
            (Ok(ours), Err(theirs)) => prop_assert!(false, "we yield {:?}: {}", ours, theirs),
        }
    }

    #[test]
    fn no_text_breaks_the_evaluator(text in "\\PC*", setting in "[a-z0-9 .|(){}%'\"\\[\\],:+*/~<>=!-]{0,60}") {
        for expression in [&text, &setting] {
            for whole in [expression.clone(), format!("{{{{ {expression} }}}}"), format!("{{% {expression} %}}")] {
                if let Ok(template) = Template::compile(&json!(whole)) {
                    let _ = template.evaluate(&scope());
                    template.names();
                }
                if let Ok(template) = Template::compile_condition(&json!(whole)) {
                    let _ = template.evaluate(&scope());
                }
            }
        }
    }

    #[test]
    fn no_statement_breaks_the_evaluator(text in texts()) {
        let template = Template::compile(&json!(text));
        prop_assert!(template.is_ok(), "{:?}", template);
        if let Ok(template) = template {
            let _ = template.evaluate(&scope());
        }
    }

    #[test]
    fn no_value_breaks_a_filter(
        filter in prop::sample::select(functions().filter(|one| one.sort == Sort::Filter).map(|one| one.name).collect::<Vec<_>>()),
        value in expressions(),
        args in prop::collection::vec(
            prop::sample::select(vec!["1", "-1", "0", "9223372036854775807", "'a'", "''", "'%Y'", "'month'", "none", "[1]", "{'a': 1}", "true", "1e300", "days=9999999999", "attribute='n'"]),
            0..3,
        ),
    ) {
        let text = format!("{{{{ {value} | {filter}({}) }}}}", args.join(", "));
        if let Ok(template) = Template::compile(&json!(text)) {
            let _ = template.evaluate(&scope());
        }
    }
}
