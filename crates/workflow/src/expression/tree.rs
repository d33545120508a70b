//! What the evaluator runs: minijinja's syntax tree, owned, checked and with names resolved.

use crate::Value;

/// Bytes from the start of the text.
pub(super) type At = usize;

#[derive(Debug)]
pub(super) enum Expr {
    Const(Value),
    /// A name of the scope.
    Name(Box<str>, At),
    /// `name.attr` of the scope, which answers both with one look-up; and where the name stands.
    NameAttr(Box<(Box<str>, Box<str>, At)>, At),
    /// A name that the text itself binds somewhere; where it did not (yet), a name of the scope.
    Local(Box<str>, At),
    Attr(Box<Expr>, Box<str>, At),
    Item(Box<(Expr, Expr)>, At),
    Slice(Box<Slice>),
    Neg(Box<Expr>, At),
    Not(Box<Expr>),
    Math(MathOp, Box<(Expr, Expr)>, At),
    /// `~`
    Join(Box<(Expr, Expr)>, At),
    Compare(CompareOp, Box<(Expr, Expr)>, At),
    /// `1 < x <= 9`
    CompareChain(Box<(Expr, Vec<(CompareOp, Expr)>)>, At),
    And(Box<(Expr, Expr)>),
    Or(Box<(Expr, Expr)>),
    If(Box<(Expr, Expr, Option<Expr>)>),
    /// `value | default(…)`: the value may be missing.
    Default(Box<Call>),
    /// `value is defined`, or with `false`: `is undefined`.
    Defined(Box<Expr>, bool),
    Filter(Box<Call>),
    Test(Box<Call>),
    Function(Box<Call>),
    List(Vec<Expr>, At),
    Tuple(Vec<Expr>, At),
    Map(Vec<(Expr, Expr)>, At),
}

#[derive(Debug)]
pub(super) struct Slice {
    pub(super) value: Expr,
    pub(super) bounds: [Option<Expr>; 3],
    pub(super) at: At,
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) name: Box<str>,
    /// What a filter or test works on; `None` for functions.
    pub(super) value: Option<Expr>,
    pub(super) args: Vec<Arg>,
    pub(super) takes: Takes,
    pub(super) at: At,
}

/// What a filter works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Anything,
    /// Anything but none, which would otherwise count as an empty list or become `None`.
    Something,
    /// Text, or what is written in one way: no lists or maps. Its options aren't none either.
    Text,
}

#[derive(Debug)]
pub(super) enum Arg {
    One(Expr),
    Named(Box<str>, Expr),
    /// `*list`
    Spread(Expr),
    /// `**map`
    SpreadNamed(Expr),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MathOp {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Rem,
    Pow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CompareOp {
    Eq,
    Ne,
    Lt,
    Lte,
    Gt,
    Gte,
    In,
    NotIn,
}

/// A part of a text with holes.
#[derive(Debug)]
pub(super) enum Part {
    Raw(Box<str>),
    Hole(Expr),
    For(Box<For>),
    If(Box<(Expr, Vec<Part>, Vec<Part>)>),
    With(Vec<(Target, Expr)>, Vec<Part>),
    Set(Target, Expr),
    SetText {
        target: Target,
        filters: Option<Expr>,
        body: Vec<Part>,
    },
    FilterText {
        filters: Expr,
        body: Vec<Part>,
    },
}

#[derive(Debug)]
pub(super) struct For {
    pub(super) target: Target,
    pub(super) items: Expr,
    pub(super) keep: Option<Expr>,
    pub(super) body: Vec<Part>,
    pub(super) otherwise: Vec<Part>,
    pub(super) at: At,
}

#[derive(Debug)]
pub(super) enum Target {
    Name(Box<str>),
    Each(Vec<Target>, At),
}

/// The name under which filters of `{% filter %}` and `{% set %}…{% endset %}` find their text.
/// It can't be written as an identifier.
pub(super) const CAPTURED: &str = "{text}";

impl MathOp {
    /// As in "can't …".
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "subtract",
            Self::Mul => "multiply",
            Self::Div | Self::FloorDiv => "divide",
            Self::Rem => "take the remainder of",
            Self::Pow => "raise to a power",
        }
    }

    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::FloorDiv => "//",
            Self::Rem => "%",
            Self::Pow => "**",
        }
    }
}

impl Expr {
    /// The name or attribute chain as people write it; `None` for anything else.
    pub(super) fn written(&self) -> Option<String> {
        match self {
            Self::Name(name, _) | Self::Local(name, _) if **name != *CAPTURED => {
                Some(name.to_string())
            }
            Self::NameAttr(both, _) => Some(format!("{}{}", both.0, attribute(&both.1))),
            Self::Attr(base, name, _) => Some(format!("{}{}", base.written()?, attribute(name))),
            Self::Item(both, _) => {
                let base = both.0.written()?;
                match &both.1 {
                    Self::Const(key) => Some(match key.as_str() {
                        Some(text) => format!("{base}{}", attribute(text)),
                        None => format!("{base}[{key}]"),
                    }),
                    key => Some(format!("{base}[{}]", key.written()?)),
                }
            }
            _ => None,
        }
    }

    /// Whether this only looks up names, attributes and items: what it yields is passed on as is.
    pub(super) fn is_lookup(&self) -> bool {
        match self {
            Self::Const(_) | Self::Name(..) | Self::NameAttr(..) | Self::Local(..) => true,
            Self::Attr(base, ..) => base.is_lookup(),
            Self::Item(both, _) => both.0.is_lookup(),
            _ => false,
        }
    }
}

/// `.name`, or `['any text']` where a dot would not do.
pub(super) fn attribute(name: &str) -> String {
    let mut letters = name.chars();
    let is_identifier = letters
        .next()
        .is_some_and(|c| c.is_alphabetic() || c == '_')
        && letters.all(|c| c.is_alphanumeric() || c == '_');
    if is_identifier {
        format!(".{name}")
    } else {
        format!("['{name}']")
    }
}
