//! What is said when an expression can't be compiled or evaluated.

use casare_workflow::Template;
use serde_json::json;

use super::fails;

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
            "rows | upper",
            "`| upper` works on text, and `rows` is a list\nFor each item of a list, write `… | map('upper')`; for all as one text, `… | join(', ')`",
        ),
        (
            "'a' | replace('a', none)",
            "`| replace`: one of the values in the brackets is none",
        ),
        (
            "rows | selectattr('city', 'gt', 5)",
            "`| selectattr`: can't compare text with a whole number",
        ),
        (
            "rows | selectattr('town', 'eq', 'Oslo')",
            "`| selectattr`: no item has `town`",
        ),
        (
            "rows | sort(attribute='ciyt')",
            "`| sort`: no item has `ciyt`; did you mean `city`?",
        ),
        ("-vars.text", "can't negate `vars.text` (text)"),
        ("{'a': 1}.b", "a map has no `b`\nDefined there: `a`"),
        ("1 / 0", "division by zero\n"),
        ("rows | sum", "`| sum`: can only sum numbers, got map"),
        (
            "['1', '2'] | sum",
            "`| sum`: can only sum numbers, got text",
        ),
        ("'x' | abs", "`| abs`: "),
        ("'x' | round", "`| round`: "),
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
