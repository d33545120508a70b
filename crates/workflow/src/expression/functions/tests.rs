//! `value is …`.

use minijinja::{Environment, value::ValueKind};

use super::{Function, table, wrong};
use crate::{
    Value,
    expression::{fault::an, ops, tree::CompareOp},
};

pub(super) const FUNCTIONS: &[Function] = table! {"tests", Test:
    "defined", "Whether there is such a name, attribute or item.", "nobody is defined" => "false";
    "undefined", "The opposite of `defined`.", "nobody.name is undefined" => "true";
    "none", "Whether the value is none.", "none is none" => "true";
    "empty", "Whether a text, list or map has nothing in it, or the value is none.", "'' is empty" => "true";
    "boolean", "Whether it is true or false.", "false is boolean" => "true";
    "number", "Whether it is a number.", "'5' is number" => "false";
    "integer", "Whether it is a whole number.", "5 is integer" => "true";
    "int", "Short for `integer`.", "5.5 is int" => "false";
    "float", "Whether it is a number with decimals.", "5.0 is float" => "true";
    "string", "Whether it is text.", "'5' is string" => "true";
    "sequence", "Whether it is a list.", "[1] is sequence" => "true";
    "iterable", "Whether one can loop over it.", "{} is iterable" => "true";
    "mapping", "Whether it is a map.", "{} is mapping" => "true";
    "odd", "Whether a whole number is odd.", "3 is odd" => "true";
    "even", "Whether a whole number is even.", "3 is even" => "false";
    "divisibleby(number)", "Whether it can be divided by the number.", "9 is divisibleby(3)" => "true";
    "lower", "Whether all letters are small.", "'ab' is lower" => "true";
    "upper", "Whether all letters are capital.", "'AB' is upper" => "true";
    "starts_with(text)", "Whether a text starts so.", "'INV-7' is starts_with('INV')" => "true";
    "startingwith(text)", "As `starts_with`.", "'ab' is startingwith('a')" => "true";
    "ends_with(text)", "Whether a text ends so.", "'a.pdf' is ends_with('.pdf')" => "true";
    "endingwith(text)", "As `ends_with`.", "'ab' is endingwith('b')" => "true";
    "contains(part)", "Whether a text, list or map has the part, item or key.", "[1, 2] is contains(2)" => "true";
    "regex_match(pattern)", "Whether the pattern occurs.", "'a1' is regex_match('[0-9]')" => "true";
    "in(list)", "Whether it is in a list, map or text.", "2 is in([1, 2])" => "true";
    "eq(other)", "As `==`, for `select`.", "[1, 2] | select('eq', 2)" => "[2]";
    "equalto(other)", "As `==`.", "1 is equalto(1)" => "true";
    "==(other)", "As `==`, for `select`.", "[1, 2] | select('==', 2)" => "[2]";
    "ne(other)", "As `!=`.", "1 is ne(1)" => "false";
    "!=(other)", "As `!=`, for `select`.", "[1, 2] | select('!=', 2)" => "[1]";
    "lt(other)", "As `<`.", "1 is lt(2)" => "true";
    "lessthan(other)", "As `<`.", "1 is lessthan(2)" => "true";
    "<(other)", "As `<`, for `select`.", "[1, 2] | select('<', 2)" => "[1]";
    "le(other)", "As `<=`.", "2 is le(2)" => "true";
    "<=(other)", "As `<=`, for `select`.", "[1, 2] | select('<=', 1)" => "[1]";
    "gt(other)", "As `>`.", "2 is gt(1)" => "true";
    "greaterthan(other)", "As `>`.", "2 is greaterthan(1)" => "true";
    ">(other)", "As `>`, for `select`.", "[1, 2] | select('>', 1)" => "[2]";
    "ge(other)", "As `>=`.", "2 is ge(2)" => "true";
    ">=(other)", "As `>=`, for `select`.", "[1, 2] | select('>=', 2)" => "[2]";
    "true", "Whether it is `true` itself.", "1 is true" => "false";
    "false", "Whether it is `false` itself.", "false is false" => "true";
};

pub(super) fn register(environment: &mut Environment<'static>) {
    // Like the operators: numbers with numbers, texts with texts.
    for (names, op) in [
        (["lt", "lessthan", "<"], CompareOp::Lt),
        (["le", "<=", "<="], CompareOp::Lte),
        (["gt", "greaterthan", ">"], CompareOp::Gt),
        (["ge", ">=", ">="], CompareOp::Gte),
    ] {
        for name in names {
            environment.add_test(name, move |left: &Value, right: &Value| {
                ops::compare(op, left, right).map_err(|_| {
                    let (left, right) = (an(left), an(right));
                    wrong(format!("can't compare {left} with {right}"))
                })
            });
        }
    }
    environment.add_test("empty", |value: &Value| match value.kind() {
        ValueKind::None => true,
        ValueKind::String
        | ValueKind::Bytes
        | ValueKind::Seq
        | ValueKind::Map
        | ValueKind::Iterable => !value.is_true(),
        _ => false,
    });
}
