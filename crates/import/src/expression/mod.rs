//! Expressions of other tools, rewritten to Casare's.

use serde_json::Value as Json;

mod calls;
mod lex;
mod parse;
pub(crate) mod references;
mod value;

pub(crate) use lex::Dialect;
pub(crate) use parse::{Fault, Names, translate};
pub(crate) use value::{Binding, Code, Kind, Segment, Val, is_identifier, member, quoted};

/// `code` as a condition: what is not known to be true or false is asked whether it holds anything.
pub(crate) fn truth(code: &Code) -> Code {
    match code.kind {
        Kind::Boolean => code.clone(),
        Kind::Number => Code::new(
            format!("{} != 0", code.operand(Binding::Sum)),
            Kind::Boolean,
            Binding::Comparison,
        ),
        Kind::Text | Kind::List | Kind::Map => {
            let length = code.filter("length", Kind::Number);
            Code::new(
                format!("{} > 0", length.text),
                Kind::Boolean,
                Binding::Comparison,
            )
        }
        Kind::Any => Code::new(
            format!("true if {} else false", code.operand(Binding::Or)),
            Kind::Boolean,
            Binding::Choice,
        ),
    }
}

/// `code` as a number.
pub(crate) fn number(value: &Val) -> Code {
    match value {
        Val::Literal(Json::String(text)) => {
            let text = text.trim();
            match serde_json::from_str::<serde_json::Number>(text) {
                Ok(number) => Val::Literal(Json::Number(number)).code(),
                Err(_) => value.code().filter("float", Kind::Number),
            }
        }
        Val::Literal(Json::Null) => Code::atom("0", Kind::Number),
        _ => {
            let code = value.code();
            if code.kind == Kind::Number {
                code
            } else {
                code.filter("float", Kind::Number)
            }
        }
    }
}
