//! Functions and methods of other languages, as Casare's filters.

use super::{
    parse::Arguments,
    value::{Binding, Code, Kind},
};

/// What `name(…)` is.
pub(super) fn function(name: &str, (given, named): &Arguments) -> Option<Code> {
    let first = given.first();
    let rest: Vec<&str> = given.iter().skip(1).map(|code| &*code.text).collect();
    let list = || {
        let items: Vec<&str> = given.iter().map(|code| &*code.text).collect();
        match given.as_slice() {
            [one] => one.clone(),
            _ => Code::atom(format!("[{}]", items.join(", ")), Kind::List),
        }
    };
    if !named.is_empty() && name != "sorted" && name != "round" {
        return None;
    }
    Some(match (name, first, rest.as_slice()) {
        ("len" | "length" | "count" | "size", Some(x), []) => x.filter("length", Kind::Number),
        ("bool" | "Boolean" | "to_bool" | "toBoolean", Some(x), []) => super::truth(x),
        ("abs", Some(x), []) => x.filter("abs", Kind::Number),
        ("min", Some(_), _) => list().filter("min", Kind::Any),
        ("max", Some(_), _) => list().filter("max", Kind::Any),
        ("sum", Some(_), _) => list().filter("sum", Kind::Number),
        ("avg" | "average" | "mean", Some(_), _) => list().filter("avg", Kind::Number),
        ("round", Some(x), []) => x.filter("round", Kind::Number),
        ("round", Some(x), [digits]) => x.filter(&format!("round({digits})"), Kind::Number),
        ("floor", Some(x), []) => x.filter("round(0, 'floor')", Kind::Number),
        ("ceil", Some(x), []) => x.filter("round(0, 'ceil')", Kind::Number),
        ("sqrt", Some(x), []) => Code::new(
            format!("{} ** 0.5", x.operand(Binding::Atom)),
            Kind::Number,
            Binding::Sign,
        ),
        ("pow" | "power", Some(x), [y]) => Code::new(
            format!("{} ** ({y})", x.operand(Binding::Atom)),
            Kind::Number,
            Binding::Sign,
        ),
        ("mod", Some(x), [y]) => Code::new(
            format!("{} % ({y})", x.operand(Binding::Sign)),
            Kind::Number,
            Binding::Product,
        ),
        ("sorted" | "sort", Some(x), []) => {
            let reversed = named
                .iter()
                .any(|(name, value)| name == "reverse" && matches!(&*value.text, "true" | "1"));
            if named.iter().any(|(name, _)| name != "reverse") {
                return None;
            }
            let filter = if reversed {
                "sort(case_sensitive=true, reverse=true)"
            } else {
                "sort(case_sensitive=true)"
            };
            x.filter(filter, Kind::List)
        }
        ("reversed" | "reverse", Some(x), []) => x.filter("reverse", Kind::Any),
        ("list" | "tuple", Some(x), []) => x.filter("list", Kind::List),
        ("list" | "tuple", None, []) => Code::atom("[]", Kind::List),
        ("dict", None, []) => Code::atom("{}", Kind::Map),
        ("set" | "unique", Some(x), []) => x.filter("unique(case_sensitive=true)", Kind::List),
        ("any", Some(x), []) => any(x),
        ("all", Some(x), []) => {
            let left = x.filter("reject", Kind::List).filter("list", Kind::List);
            let count = left.filter("length", Kind::Number);
            Code::new(
                format!("{} == 0", count.text),
                Kind::Boolean,
                Binding::Comparison,
            )
        }
        ("range", Some(_), _) => {
            let all: Vec<&str> = given.iter().map(|code| &*code.text).collect();
            Code::atom(format!("range({})", all.join(", ")), Kind::List)
        }
        ("int" | "to_int" | "toInt" | "parseInt", Some(x), _) => x.filter("int", Kind::Number),
        ("float" | "to_float" | "number" | "to_number" | "Number" | "parseFloat", Some(x), []) => {
            x.filter("float", Kind::Number)
        }
        ("str" | "string" | "to_string" | "toString" | "String", Some(x), []) => {
            x.filter("string", Kind::Text)
        }
        ("concat", Some(_), _) => {
            let all: Vec<String> = given
                .iter()
                .map(|code| code.operand(Binding::Filter))
                .collect();
            Code::new(all.join(" ~ "), Kind::Text, Binding::Comparison)
        }
        ("upper" | "toupper" | "uppercase", Some(x), []) => x.filter("upper", Kind::Text),
        ("lower" | "tolower" | "lowercase", Some(x), []) => x.filter("lower", Kind::Text),
        ("title" | "capitalize" | "trim" | "first" | "last" | "keys" | "values", Some(x), []) => {
            x.filter(name, Kind::Any)
        }
        ("replace", Some(x), [from, to]) => x.filter(&format!("replace({from}, {to})"), Kind::Text),
        ("split", Some(x), [by]) => x.filter(&format!("split({by})"), Kind::List),
        ("join", Some(x), [by]) => x.filter(&format!("join({by})"), Kind::Text),
        ("contains" | "includes", Some(x), [part]) => contains(x, part),
        ("startswith" | "starts_with" | "startsWith", Some(x), [part]) => {
            x.filter(&format!("starts_with({part})"), Kind::Boolean)
        }
        ("endswith" | "ends_with" | "endsWith", Some(x), [part]) => {
            x.filter(&format!("ends_with({part})"), Kind::Boolean)
        }
        ("substring" | "substr" | "slice", Some(x), [from, to]) => {
            Code::atom(format!("{}[{from}:{to}]", x.operand(Binding::Atom)), x.kind)
        }
        ("substring" | "slice", Some(x), [from]) => {
            Code::atom(format!("{}[{from}:]", x.operand(Binding::Atom)), x.kind)
        }
        ("if" | "iif" | "IF", Some(x), [then, other]) => Code::new(
            format!("({then}) if {} else ({other})", x.operand(Binding::Or)),
            Kind::Any,
            Binding::Choice,
        ),
        ("and", Some(x), [y]) => Code::new(
            format!("{} and ({y})", x.operand(Binding::Not)),
            Kind::Any,
            Binding::And,
        ),
        ("or", Some(x), [y]) => Code::new(
            format!("{} or ({y})", x.operand(Binding::And)),
            Kind::Any,
            Binding::Or,
        ),
        ("not", Some(x), []) => Code::new(
            format!("not {}", x.operand(Binding::Comparison)),
            Kind::Boolean,
            Binding::Not,
        ),
        ("equals" | "eq", Some(x), [y]) => comparison(x, "==", y),
        ("greater" | "gt", Some(x), [y]) => comparison(x, ">", y),
        ("less" | "lt", Some(x), [y]) => comparison(x, "<", y),
        ("coalesce" | "default", Some(x), [y]) => {
            x.filter(&format!("default({y}, true)"), Kind::Any)
        }
        ("is_empty" | "isEmpty" | "empty", Some(x), []) => test(x, "empty"),
        ("is_null" | "isNull", Some(x), []) => test(x, "none"),
        ("is_number" | "isNumber", Some(x), []) => test(x, "number"),
        ("is_string" | "isString", Some(x), []) => test(x, "string"),
        ("get", Some(x), [key]) => x.filter(&format!("get({key})"), Kind::Any),
        ("get", Some(x), [key, other]) => x.filter(&format!("get({key}, {other})"), Kind::Any),
        ("json_parse" | "parse_json" | "json" | "parseJson" | "from_json", Some(x), []) => {
            x.filter("from_json", Kind::Any)
        }
        ("to_json" | "json_stringify" | "toJson", Some(x), []) => x.filter("to_json", Kind::Text),
        ("now" | "utcnow", None, []) => Code::atom("run.started_at", Kind::Text),
        ("today" | "date", None, []) => {
            Code::atom("run.started_at", Kind::Text).filter("format_date('%Y-%m-%d')", Kind::Text)
        }
        ("format_date" | "formatDate", Some(x), [format]) => {
            x.filter(&format!("format_date({format})"), Kind::Text)
        }
        ("parse_date" | "parseDate", Some(x), []) => x.filter("parse_date", Kind::Text),
        ("add_days" | "addDays", Some(x), [days]) => {
            x.filter(&format!("date_add(days={days})"), Kind::Text)
        }
        _ => return None,
    })
}

fn any(x: &Code) -> Code {
    let left = x.filter("select", Kind::List).filter("list", Kind::List);
    let count = left.filter("length", Kind::Number);
    Code::new(
        format!("{} > 0", count.text),
        Kind::Boolean,
        Binding::Comparison,
    )
}

fn comparison(x: &Code, operator: &str, y: &str) -> Code {
    Code::new(
        format!("{} {operator} ({y})", x.operand(Binding::Sum)),
        Kind::Boolean,
        Binding::Comparison,
    )
}

fn test(x: &Code, test: &str) -> Code {
    Code::new(
        format!("{} is {test}", x.operand(Binding::Filter)),
        Kind::Boolean,
        Binding::Comparison,
    )
}

fn contains(x: &Code, part: &str) -> Code {
    x.filter(&format!("contains({part})"), Kind::Boolean)
}

/// What `value.name(…)` is.
pub(super) fn method(value: &Code, name: &str, (given, named): &Arguments) -> Option<Code> {
    if !named.is_empty() {
        return None;
    }
    let arguments: Vec<&str> = given.iter().map(|code| &*code.text).collect();
    if matches!(
        &*value.text,
        "Math" | "JSON" | "Object" | "math" | "json" | "re"
    ) {
        return namespaced(&value.text, name, given);
    }
    Some(match (name, arguments.as_slice()) {
        ("upper" | "toUpperCase", []) => value.filter("upper", Kind::Text),
        ("lower" | "toLowerCase", []) => value.filter("lower", Kind::Text),
        ("strip" | "trim", []) => value.filter("trim", Kind::Text),
        ("strip", [chars]) => value.filter(&format!("trim({chars})"), Kind::Text),
        ("title" | "capitalize", []) => value.filter(name, Kind::Text),
        ("split", []) => value.filter("split", Kind::List),
        ("splitlines", []) => value.filter("lines", Kind::List),
        ("split", [by]) => value.filter(&format!("split({by})"), Kind::List),
        ("replace" | "replaceAll", [from, to]) => {
            value.filter(&format!("replace({from}, {to})"), Kind::Text)
        }
        ("startswith" | "startsWith", [part]) => {
            value.filter(&format!("starts_with({part})"), Kind::Boolean)
        }
        ("endswith" | "endsWith", [part]) => {
            value.filter(&format!("ends_with({part})"), Kind::Boolean)
        }
        ("includes", [part]) => contains(value, part),
        // 'x'.join(list) of Python, list.join('x') of JavaScript.
        ("join", [_]) if value.kind == Kind::Text => {
            given[0].filter(&format!("join({})", value.text), Kind::Text)
        }
        ("join", [by]) => value.filter(&format!("join({by})"), Kind::Text),
        ("get", [key]) => Code::atom(
            format!("{}[{key}]", value.operand(Binding::Atom)),
            Kind::Any,
        )
        .filter("default(none)", Kind::Any),
        ("get", [key, other]) => Code::atom(
            format!("{}[{key}]", value.operand(Binding::Atom)),
            Kind::Any,
        )
        .filter(&format!("default({other})"), Kind::Any),
        ("keys" | "values", []) => value.filter(name, Kind::List),
        ("items" | "entries", []) => value.filter("items", Kind::List),
        ("index" | "indexOf", [item]) => value.filter(&format!("index_of({item})"), Kind::Any),
        ("zfill", [width]) => value.filter(&format!("pad_left({width}, '0')"), Kind::Text),
        ("padStart", [width, fill]) => {
            value.filter(&format!("pad_left({width}, {fill})"), Kind::Text)
        }
        ("rjust", [width]) => value.filter(&format!("pad_left({width})"), Kind::Text),
        ("ljust", [width]) => value.filter(&format!("pad_right({width})"), Kind::Text),
        ("isdigit", []) => value.filter("regex_match('^[0-9]+$')", Kind::Boolean),
        ("slice" | "substring", [from]) => Code::atom(
            format!("{}[{from}:]", value.operand(Binding::Atom)),
            value.kind,
        ),
        ("slice" | "substring", [from, to]) => Code::atom(
            format!("{}[{from}:{to}]", value.operand(Binding::Atom)),
            value.kind,
        ),
        ("toString" | "toISO" | "toISOString", []) => value.filter("string", Kind::Text),
        ("toFixed", [digits]) => value.filter(&format!("format_number({digits}, '')"), Kind::Text),
        ("toNumber" | "toFloat", []) => value.filter("float", Kind::Number),
        ("toInt", []) => value.filter("int", Kind::Number),
        ("first" | "last" | "reverse" | "unique", []) => value.filter(name, Kind::Any),
        ("sum" | "average", []) => {
            value.filter(if name == "sum" { "sum" } else { "avg" }, Kind::Number)
        }
        ("isEmpty", []) => test(value, "empty"),
        ("hasOwnProperty", [key]) => contains(value, key),
        ("isoformat", []) => value.clone(),
        ("strftime" | "format", [format]) => {
            value.filter(&format!("format_date({format})"), Kind::Text)
        }
        _ => return None,
    })
}

fn namespaced(space: &str, name: &str, given: &[Code]) -> Option<Code> {
    let arguments: Arguments = (given.to_vec(), Vec::new());
    match (space, name) {
        ("JSON" | "json", "parse" | "loads") => function("from_json", &arguments),
        ("JSON" | "json", "stringify" | "dumps") => {
            function("to_json", &(given.get(..1)?.to_vec(), Vec::new()))
        }
        ("Object", "keys" | "values") | ("Math" | "math", _) => function(name, &arguments),
        ("Object", "entries") => given.first().map(|x| x.filter("items", Kind::List)),
        _ => None,
    }
}
