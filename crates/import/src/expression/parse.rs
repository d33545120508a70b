//! Python-like and JavaScript-like expressions → Casare's.

use super::{
    calls,
    lex::{Dialect, Piece, Token, words},
    value::{Binding, Code, Kind, member, quoted},
};

/// Why an expression can't be translated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("there is no `{0}`")]
    UnknownName(String),
    #[error("{0}")]
    Unreadable(String),
}

/// What names in an expression mean.
pub(crate) trait Names {
    /// What a bare name means.
    fn name(&self, name: &str) -> Option<Code>;
    /// What a reference such as `{{path}}` means.
    fn reference(&self, path: &str) -> Option<Code>;
}

/// How deep expressions may be nested.
const DEPTH: usize = 60;

/// `text` as an expression of Casare.
///
/// # Errors
///
/// Names that are not known, and whatever Casare's expressions don't have.
pub(crate) fn translate(text: &str, dialect: Dialect, names: &dyn Names) -> Result<Code, Fault> {
    let tokens = words(text, dialect).map_err(Fault::Unreadable)?;
    if tokens.is_empty() {
        return Err(Fault::Unreadable("it is empty".to_owned()));
    }
    let mut parser = Parser {
        tokens,
        at: 0,
        depth: 0,
        dialect,
        names,
    };
    let code = parser.whole()?;
    match parser.tokens.get(parser.at) {
        None => Ok(code),
        Some(token) => Err(Fault::Unreadable(format!(
            "{} is not expected",
            told(token)
        ))),
    }
}

fn told(token: &Token) -> String {
    match token {
        Token::Name(name) => format!("`{name}`"),
        Token::Number(number) => format!("`{number}`"),
        Token::Text(_) => "a text".to_owned(),
        Token::Reference(path) => format!("`{{{{{path}}}}}`"),
        Token::Symbol(symbol) => format!("`{symbol}`"),
    }
}

pub(super) struct Parser<'n> {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    dialect: Dialect,
    names: &'n dyn Names,
}

/// The arguments of a call: by place and by name.
pub(super) type Arguments = (Vec<Code>, Vec<(String, Code)>);

impl Parser<'_> {
    fn peek_symbol(&self, symbol: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Symbol(found)) if *found == symbol)
    }

    fn take_symbol(&mut self, symbol: &str) -> bool {
        let found = self.peek_symbol(symbol);
        self.at += usize::from(found);
        found
    }

    fn peek_word(&self, word: &str) -> bool {
        self.dialect == Dialect::Python
            && matches!(self.tokens.get(self.at), Some(Token::Name(found)) if found == word)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.peek_word(word);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), Fault> {
        if self.take_symbol(symbol) {
            Ok(())
        } else {
            Err(Fault::Unreadable(format!("`{symbol}` is missing")))
        }
    }

    fn whole(&mut self) -> Result<Code, Fault> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Fault::Unreadable("it is nested too deeply".to_owned()));
        }
        let code = self.choice();
        self.depth -= 1;
        code
    }

    fn choice(&mut self) -> Result<Code, Fault> {
        let first = self.or()?;
        if self.take_word("if") {
            let condition = self.or()?;
            if !self.take_word("else") {
                return Err(Fault::Unreadable("`else` is missing".to_owned()));
            }
            let other = self.whole()?;
            return Ok(chosen(&first, &condition, &other));
        }
        if self.take_symbol("?") {
            let then = self.whole()?;
            self.expect(":")?;
            let other = self.whole()?;
            return Ok(chosen(&then, &first, &other));
        }
        Ok(first)
    }

    fn or(&mut self) -> Result<Code, Fault> {
        let mut left = self.and()?;
        loop {
            if self.take_word("or") || self.take_symbol("||") {
                let right = self.and()?;
                left = joined(&left, "or", &right, Binding::Or);
            } else if self.take_symbol("??") {
                let right = self.and()?;
                left = left.filter(&format!("default({})", right.text), right.kind);
            } else {
                return Ok(left);
            }
        }
    }

    fn and(&mut self) -> Result<Code, Fault> {
        let mut left = self.not()?;
        while self.take_word("and") || self.take_symbol("&&") {
            let right = self.not()?;
            left = joined(&left, "and", &right, Binding::And);
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Code, Fault> {
        let mut count = 0_usize;
        while self.take_word("not") || self.take_symbol("!") {
            count += 1;
        }
        let inner = self.comparison()?;
        if count == 0 {
            return Ok(inner);
        }
        let word = if count.is_multiple_of(2) {
            "not not"
        } else {
            "not"
        };
        let text = format!("{word} {}", inner.operand(Binding::Comparison));
        Ok(Code::new(text, Kind::Boolean, Binding::Not))
    }

    fn comparison(&mut self) -> Result<Code, Fault> {
        let mut left = self.sum()?;
        let mut chain: Option<Code> = None;
        while let Some(operator) = self.comparison_operator() {
            let right = self.sum()?;
            let one = compared(&left, operator, &right);
            chain = Some(match chain {
                None => one,
                Some(before) => joined(&before, "and", &one, Binding::And),
            });
            left = right;
        }
        Ok(chain.unwrap_or(left))
    }

    fn comparison_operator(&mut self) -> Option<&'static str> {
        for (symbol, meaning) in [
            ("===", "=="),
            ("!==", "!="),
            ("==", "=="),
            ("!=", "!="),
            ("<>", "!="),
            ("<=", "<="),
            (">=", ">="),
            ("<", "<"),
            (">", ">"),
        ] {
            if self.take_symbol(symbol) {
                return Some(meaning);
            }
        }
        if self.take_word("is") {
            return Some(if self.take_word("not") {
                "is not"
            } else {
                "is"
            });
        }
        if self.take_word("in") {
            return Some("in");
        }
        if self.peek_word("not")
            && matches!(self.tokens.get(self.at + 1), Some(Token::Name(next)) if next == "in")
        {
            self.at += 2;
            return Some("not in");
        }
        None
    }

    fn sum(&mut self) -> Result<Code, Fault> {
        let mut left = self.product()?;
        loop {
            let operator = if self.take_symbol("+") {
                "+"
            } else if self.take_symbol("-") {
                "-"
            } else {
                return Ok(left);
            };
            let right = self.product()?;
            left = added(&left, operator, &right, self.dialect);
        }
    }

    fn product(&mut self) -> Result<Code, Fault> {
        let mut left = self.sign()?;
        loop {
            let operator = if self.take_symbol("*") {
                "*"
            } else if self.take_symbol("//") {
                "//"
            } else if self.take_symbol("/") {
                "/"
            } else if self.take_symbol("%") {
                "%"
            } else {
                return Ok(left);
            };
            let right = self.sign()?;
            let text = format!(
                "{} {operator} {}",
                left.operand(Binding::Product),
                right.operand(Binding::Sign)
            );
            left = Code::new(text, Kind::Number, Binding::Product);
        }
    }

    fn sign(&mut self) -> Result<Code, Fault> {
        let mut minus = false;
        loop {
            if self.take_symbol("-") {
                minus = !minus;
            } else if !self.take_symbol("+") {
                break;
            }
        }
        let inner = self.power()?;
        if !minus {
            return Ok(inner);
        }
        let text = format!("-{}", inner.operand(Binding::Atom));
        Ok(Code::new(text, Kind::Number, Binding::Sign))
    }

    fn power(&mut self) -> Result<Code, Fault> {
        let base = self.postfix()?;
        if !self.take_symbol("**") {
            return Ok(base);
        }
        let exponent = self.nested(Self::sign)?;
        let text = format!(
            "{} ** {}",
            base.operand(Binding::Atom),
            exponent.operand(Binding::Atom)
        );
        Ok(Code::new(text, Kind::Number, Binding::Sign))
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Result<Code, Fault>) -> Result<Code, Fault> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(Fault::Unreadable("it is nested too deeply".to_owned()));
        }
        let code = inner(self);
        self.depth -= 1;
        code
    }

    fn postfix(&mut self) -> Result<Code, Fault> {
        let mut value = self.atom()?;
        loop {
            if self.take_symbol(".") || (self.peek_symbol("?") && self.take_optional()) {
                value = self.member_of(&value)?;
            } else if self.take_symbol("[") {
                value = self.item_of(&value)?;
            } else if self.take_symbol("|") {
                let Some(Token::Name(filter)) = self.tokens.get(self.at).cloned() else {
                    return Err(Fault::Unreadable(
                        "a filter is missing after `|`".to_owned(),
                    ));
                };
                self.at += 1;
                value = value.filter(&filter, Kind::Any);
            } else {
                return Ok(value);
            }
        }
    }

    /// `?.`
    fn take_optional(&mut self) -> bool {
        let is_optional = matches!(self.tokens.get(self.at + 1), Some(Token::Symbol(".")));
        if is_optional {
            self.at += 2;
        }
        is_optional
    }

    fn member_of(&mut self, value: &Code) -> Result<Code, Fault> {
        let Some(Token::Name(name)) = self.tokens.get(self.at).cloned() else {
            return Err(Fault::Unreadable("a name is missing after `.`".to_owned()));
        };
        self.at += 1;
        if self.take_symbol("(") {
            let arguments = self.arguments()?;
            return calls::method(value, &name, &arguments)
                .ok_or_else(|| Fault::Unreadable(format!("`.{name}()` has no equivalent")));
        }
        if self.dialect == Dialect::JavaScript && name == "length" {
            return Ok(value.filter("length", Kind::Number));
        }
        Ok(Code::atom(
            member(&value.operand(Binding::Atom), &name),
            Kind::Any,
        ))
    }

    fn item_of(&mut self, value: &Code) -> Result<Code, Fault> {
        let base = value.operand(Binding::Atom);
        let first = if self.peek_symbol(":") {
            None
        } else {
            Some(self.whole()?)
        };
        let text = if self.take_symbol(":") {
            let last = if self.peek_symbol("]") {
                String::new()
            } else {
                self.whole()?.text
            };
            let first = first.map(|code| code.text).unwrap_or_default();
            format!("{base}[{first}:{last}]")
        } else {
            format!(
                "{base}[{}]",
                first.map(|code| code.text).unwrap_or_default()
            )
        };
        self.expect("]")?;
        Ok(Code::atom(text, Kind::Any))
    }

    /// What stands between the brackets of a call, after the first.
    fn arguments(&mut self) -> Result<Arguments, Fault> {
        let mut arguments: Arguments = (Vec::new(), Vec::new());
        while !self.take_symbol(")") {
            let named = match (self.tokens.get(self.at), self.tokens.get(self.at + 1)) {
                (Some(Token::Name(name)), Some(Token::Symbol("="))) => Some(name.clone()),
                _ => None,
            };
            if let Some(name) = named {
                self.at += 2;
                let value = self.whole()?;
                arguments.1.push((name, value));
            } else {
                let value = self.whole()?;
                arguments.0.push(value);
            }
            if !self.take_symbol(",") && !self.peek_symbol(")") {
                return Err(Fault::Unreadable("`)` is missing".to_owned()));
            }
        }
        Ok(arguments)
    }

    fn atom(&mut self) -> Result<Code, Fault> {
        let Some(token) = self.tokens.get(self.at).cloned() else {
            return Err(Fault::Unreadable("it ends too early".to_owned()));
        };
        self.at += 1;
        match token {
            Token::Number(number) => Ok(Code::atom(number, Kind::Number)),
            Token::Text(pieces) => self.text(&pieces),
            Token::Reference(path) => self.names.reference(&path).ok_or(Fault::UnknownName(path)),
            Token::Name(name) => self.named(name),
            Token::Symbol("(") => self.brackets(),
            Token::Symbol("[") => {
                let items = self.items("]")?;
                Ok(Code::atom(format!("[{}]", items.join(", ")), Kind::List))
            }
            Token::Symbol("{") => self.map(),
            other @ Token::Symbol(_) => Err(Fault::Unreadable(format!(
                "{} is not expected",
                told(&other)
            ))),
        }
    }

    fn brackets(&mut self) -> Result<Code, Fault> {
        let first = self.whole()?;
        if self.take_symbol(",") {
            // A tuple.
            let mut items = vec![first.text];
            items.extend(self.items(")")?);
            return Ok(Code::atom(format!("[{}]", items.join(", ")), Kind::List));
        }
        self.expect(")")?;
        Ok(first)
    }

    fn named(&mut self, name: String) -> Result<Code, Fault> {
        match (&*name, self.dialect) {
            ("True" | "true", _) => return Ok(Code::atom("true", Kind::Boolean)),
            ("False" | "false", _) => return Ok(Code::atom("false", Kind::Boolean)),
            ("None" | "none" | "null" | "undefined" | "nil", _) => {
                return Ok(Code::atom("none", Kind::Any));
            }
            ("lambda" | "for" | "await" | "function" | "new" | "typeof", _) => {
                return Err(Fault::Unreadable(format!("`{name}` has no equivalent")));
            }
            _ => {}
        }
        if self.take_symbol("(") {
            let arguments = self.arguments()?;
            return calls::function(&name, &arguments)
                .ok_or_else(|| Fault::Unreadable(format!("`{name}()` has no equivalent")));
        }
        if matches!(&*name, "Math" | "JSON" | "Object" | "math" | "json") && self.peek_symbol(".") {
            return Ok(Code::atom(name, Kind::Any));
        }
        self.names.name(&name).ok_or(Fault::UnknownName(name))
    }

    fn items(&mut self, end: &'static str) -> Result<Vec<String>, Fault> {
        let mut items = Vec::new();
        while !self.take_symbol(end) {
            items.push(self.whole()?.text);
            if !self.take_symbol(",") && !self.peek_symbol(end) {
                return Err(Fault::Unreadable(format!("`{end}` is missing")));
            }
        }
        Ok(items)
    }

    fn map(&mut self) -> Result<Code, Fault> {
        let mut entries = Vec::new();
        while !self.take_symbol("}") {
            let key = match (self.dialect, self.tokens.get(self.at).cloned()) {
                (Dialect::JavaScript, Some(Token::Name(name))) => {
                    self.at += 1;
                    quoted(&name)
                }
                _ => self.whole()?.text,
            };
            self.expect(":")?;
            let value = self.whole()?;
            entries.push(format!("{key}: {}", value.text));
            if !self.take_symbol(",") && !self.peek_symbol("}") {
                return Err(Fault::Unreadable("`}` is missing".to_owned()));
            }
        }
        Ok(Code::atom(format!("{{{}}}", entries.join(", ")), Kind::Map))
    }

    fn text(&mut self, pieces: &[Piece]) -> Result<Code, Fault> {
        let mut parts = Vec::new();
        for piece in pieces {
            parts.push(match piece {
                Piece::Plain(plain) => quoted(plain),
                // Unknown references stay text, as they do there.
                Piece::Reference(path) => match self.names.reference(path) {
                    Some(code) => code.operand(Binding::Filter),
                    None => quoted(&format!("{{{{{path}}}}}")),
                },
                Piece::Code(code) => {
                    translate(code, self.dialect, self.names)?.operand(Binding::Filter)
                }
            });
        }
        Ok(match (parts.len(), pieces.first()) {
            (0, _) => Code::atom("''", Kind::Text),
            (1, Some(Piece::Plain(_))) => Code::atom(parts.remove(0), Kind::Text),
            (1, _) => Code::new(
                format!("{} | string", parts.remove(0)),
                Kind::Text,
                Binding::Filter,
            ),
            _ => Code::new(parts.join(" ~ "), Kind::Text, Binding::Comparison),
        })
    }
}

fn chosen(then: &Code, condition: &Code, other: &Code) -> Code {
    let kind = if then.kind == other.kind {
        then.kind
    } else {
        Kind::Any
    };
    let text = format!(
        "{} if {} else {}",
        then.operand(Binding::Or),
        condition.operand(Binding::Or),
        other.operand(Binding::Or)
    );
    Code::new(text, kind, Binding::Choice)
}

fn joined(left: &Code, word: &str, right: &Code, binding: Binding) -> Code {
    let kind = if left.kind == Kind::Boolean && right.kind == Kind::Boolean {
        Kind::Boolean
    } else {
        Kind::Any
    };
    let text = format!(
        "{} {word} {}",
        left.operand(binding),
        right.operand(binding)
    );
    Code::new(text, kind, binding)
}

fn compared(left: &Code, operator: &str, right: &Code) -> Code {
    let (a, b) = (left.operand(Binding::Sum), right.operand(Binding::Sum));
    let text = match (operator, right.text.as_str()) {
        ("is" | "==", "none") => format!("{a} is none"),
        ("is not" | "!=", "none") => format!("{a} is not none"),
        ("is", _) => format!("{a} == {b}"),
        ("is not", _) => format!("{a} != {b}"),
        _ => format!("{a} {operator} {b}"),
    };
    Code::new(text, Kind::Boolean, Binding::Comparison)
}

/// `+` adds numbers and joins texts; Casare writes the second as `~`.
fn added(left: &Code, operator: &str, right: &Code, dialect: Dialect) -> Code {
    let has = |kind: Kind| left.kind == kind || right.kind == kind;
    if operator == "+" && has(Kind::Text) {
        let text = format!(
            "{} ~ {}",
            // A chain of `~` needs no brackets.
            if left.text.contains(" ~ ") && left.binding == Binding::Comparison {
                left.text.clone()
            } else {
                left.operand(Binding::Filter)
            },
            right.operand(Binding::Filter)
        );
        return Code::new(text, Kind::Text, Binding::Comparison);
    }
    if operator == "+" && has(Kind::List) {
        let chained = left.filter(&format!("chain({})", right.text), Kind::List);
        return chained.filter("list", Kind::List);
    }
    let kind = if operator == "-" || dialect == Dialect::Python && has(Kind::Number) {
        Kind::Number
    } else {
        Kind::Any
    };
    let text = format!(
        "{} {operator} {}",
        left.operand(Binding::Sum),
        right.operand(Binding::Product)
    );
    Code::new(text, kind, Binding::Sum)
}
