//! Expressions: what they yield, what they say when they can't, and that nothing breaks them.

use casare_workflow::{
    ExpressionError, Scope, Template, Value,
    expression::{Sort, functions},
    value::{Stream, from_json, to_json},
};
use minijinja::value::ValueKind;
use proptest::prelude::*;
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
fn missing_names_are_errors_that_say_what_is_there() {
    for (expression, wanted) in [
        (
            "vars.snet",
            "`vars.snet` is not defined; did you mean `vars.sent`?",
        ),
        ("vasr.sent", "`vasr` is not defined; did you mean `vars`?"),
        (
            "person.Emial",
            "`person.Emial` is not defined; did you mean `person.Email`?",
        ),
        (
            "person['Frist Name']",
            "`person['Frist Name']` is not defined; did you mean `person['First Name']`?",
        ),
        (
            "nobody",
            "`nobody` is not defined\nDefined here: `vars`, `inputs`, `person`, `rows`",
        ),
        (
            "inputs.age",
            "`inputs.age` is not defined\nDefined there: `name`",
        ),
        (
            "vars.nothing.x",
            "`vars.nothing` is none, so it has no `x`\nCheck it first, as in `{{ x.y if x else '' }}`, or see why it is empty",
        ),
        (
            "rows[7]",
            "`rows` has no item 7: it has 3 items, numbered from 0 to 2",
        ),
        ("vars.empty[0]", "`vars.empty` has no item 0: it is empty"),
        (
            "rows.city",
            "`rows` is a list, so it has no `city`\nTake one item first, as in `rows[0].city`, or loop over the list",
        ),
        ("vars.text.size", "`vars.text` is text, so it has no `size`"),
        (
            "vars.empty | first",
            "`| first` found nothing in `vars.empty`\nGive a default, as in `| first | default('')`",
        ),
        (
            "rows | map(attribute='town')",
            "`| map`: item 0 has no such attribute; give a default, as in `map(attribute='x', default='')`\nUsage: map(filter, …)",
        ),
    ] {
        assert_eq!(fails(expression), wanted, "{expression}");
    }
}

#[test]
fn values_that_do_not_fit_are_errors_that_say_how_to_convert() {
    for (expression, wanted) in [
        (
            "vars.numeral + 1",
            "can't add `vars.numeral` (text) and a whole number\nTo add numbers, convert the text: `x | int` or `x | float`. To join texts, write `~` instead of `+`",
        ),
        (
            "vars.numeral - 1",
            "can't subtract `vars.numeral` (text) and a whole number\nConvert the text to a number: `x | int` or `x | float`",
        ),
        (
            "vars.nothing + 1",
            "can't add `vars.nothing` (none) and a whole number\nGive the empty one a value, as in `(x or 0)`",
        ),
        (
            "vars.total / vars.zero",
            "division by zero: `vars.zero` is 0\nGuard it, as in `{{ a / b if b else 0 }}`",
        ),
        (
            "vars.numeral > 5",
            "can't compare `vars.numeral` (text) with a whole number\nConvert the text to a number: `x | int` or `x | float`",
        ),
        (
            "vars.nothing | sum",
            "`| sum` has nothing to work on: `vars.nothing` is none",
        ),
        (
            "vars.nothing < 5",
            "can't compare `vars.nothing` (none) with a whole number",
        ),
        ("1 in 5", "can't look for a whole number in a whole number"),
        (
            "'abc' | int",
            "`| int`: can't read `abc` as a whole number; give a default, as in `| int(0)`, or see `| parse_number`\nUsage: int(default)",
        ),
        (
            "vars.nothing | upper",
            "`| upper` has nothing to work on: `vars.nothing` is none\nGive it a value, as in `x | default('', true) | upper`",
        ),
        (
            "'a' | replace('a')",
            "`| replace` needs more values\nUsage: replace(from, to)",
        ),
        (
            "'a' | upper(1)",
            "`| upper` takes fewer values\nUsage: upper",
        ),
        (
            "[1] | sort(order='up')",
            "`| sort`: unknown option 'order'\nUsage: sort(attribute=, reverse=, case_sensitive=)",
        ),
        (
            "'31.02.2026' | parse_date('%d.%m.%Y')",
            "`| parse_date`: can't read `31.02.2026` as a date by `%d.%m.%Y`: invalid date",
        ),
        (
            "'(' | regex_match('(')",
            "`| regex_match`: can't read the pattern `(`: unclosed group\nUsage: regex_match(pattern)",
        ),
    ] {
        assert!(
            fails(expression).starts_with(wanted),
            "{expression}: {}",
            fails(expression)
        );
    }
}

#[test]
fn unknown_filters_tests_and_functions_are_found_when_compiling() {
    for (text, wanted, offset) in [
        (
            "Dear {{ person | uper }}",
            "there is no filter `uper`; did you mean `upper`?",
            17,
        ),
        (
            "{{ 1 is evn }}",
            "there is no test `evn`; did you mean `even`?",
            8,
        ),
        (
            "{{ rnage(3) }}",
            "there is no function `rnage`; did you mean `range`?",
            3,
        ),
        ("{{ upper('a') }}", "there is no function `upper`", 3),
        (
            "{{ rows | map('uper') }}",
            "there is no filter `uper`; did you mean `upper`?",
            10,
        ),
        (
            "{{ vars.text.upper() }}",
            "values have no method `upper()`",
            3,
        ),
        (
            "{{ 1 + }}",
            "can't read this expression: unexpected `}}`",
            7,
        ),
        (
            "{{ a && b }}",
            "can't read this expression: unexpected character",
            5,
        ),
        (
            "{{ (1 }}",
            "can't read this expression: unexpected `}`, expected `)`",
            6,
        ),
        (
            "{{ 'a }}",
            "can't read this expression: unexpected end of string",
            3,
        ),
        (
            "{% include 'x' %}",
            "can't read this expression: unknown statement include",
            3,
        ),
    ] {
        let error = Template::compile(&json!(["", text])).unwrap_err();

        assert_eq!(error.message, wanted, "{text}");
        assert_eq!(
            (error.at.to_string().as_str(), error.offset),
            ("[1]", Some(offset)),
            "{text}"
        );
        assert_eq!(error.expression, text);
    }
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
        "range(10 ** 9) ~ ''",
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

/// What our evaluator refuses and minijinja does not, on purpose.
const ON_PURPOSE: [&str; 7] = [
    "can't compare",
    "is not defined",
    "so it has no",
    "has no item",
    "has no key",
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
