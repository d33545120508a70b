//! Text to syntax tree: minijinja's parser, behind a guard against depth, with plain errors.

use std::sync::LazyLock;

use minijinja::{
    machinery::{Token, Tokenizer, ast, parse, parse_expr},
    syntax::SyntaxConfig,
};

use super::{
    fault::Fault,
    tree::{At, CompareOp},
};

/// How many operators, attributes and brackets may follow or enclose each other. Each costs stack
/// in the parser and the evaluator.
const MAX_DEPTH: usize = 200;

/// A statement that stands alone on its line leaves no empty line, and a text keeps its last
/// newline: block texts of YAML come out as they look.
static SYNTAX: LazyLock<SyntaxConfig> = LazyLock::new(|| {
    SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        .unwrap_or_default()
});

/// Whether `text` has holes or statements.
pub(super) fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

/// A text with holes, as its parts.
pub(super) fn text(source: &str) -> Result<ast::Stmt<'_>, Fault> {
    guard_depth(source, false)?;
    parse(source, "<text>", SYNTAX.clone()).map_err(|error| syntax_fault(source, &error))
}

/// A whole text that is an expression.
pub(super) fn expression(source: &str) -> Result<ast::Expr<'_>, Fault> {
    guard_depth(source, true)?;
    parse_expr(source).map_err(|error| syntax_fault(source, &error))
}

/// Counts, without recursion, how deep the parser would go.
fn guard_depth(source: &str, in_expression: bool) -> Result<(), Fault> {
    let mut tokens = Tokenizer::new(source, "<text>", in_expression, SYNTAX.clone());
    // Operators of each open bracket so far: they nest to the left.
    let mut open = vec![0_usize];
    let mut depth = 0_usize;
    let mut alternatives = 0_usize;
    // What the lexer can't read, the parser reports.
    while let Ok(Some((token, span))) = tokens.next_token() {
        match token {
            Token::VariableStart | Token::BlockStart => {
                open = vec![0];
                depth = 0;
            }
            Token::BracketOpen | Token::ParenOpen | Token::BraceOpen => {
                depth += 1;
                if let Some(last) = open.last_mut() {
                    *last += 1;
                }
                open.push(0);
            }
            Token::BracketClose | Token::ParenClose | Token::BraceClose if open.len() > 1 => {
                depth -= open.pop().unwrap_or_default();
            }
            Token::Comma => {
                if let Some(last) = open.last_mut() {
                    depth -= std::mem::take(last);
                }
            }
            Token::Ident("elif") => alternatives += 1,
            Token::Ident("and" | "or" | "not" | "if" | "else" | "is" | "in")
            | Token::Plus
            | Token::Minus
            | Token::Mul
            | Token::Div
            | Token::FloorDiv
            | Token::Pow
            | Token::Mod
            | Token::Tilde
            | Token::Pipe
            | Token::Dot
            | Token::Eq
            | Token::Ne
            | Token::Gt
            | Token::Gte
            | Token::Lt
            | Token::Lte => {
                depth += 1;
                if let Some(last) = open.last_mut() {
                    *last += 1;
                }
            }
            _ => {}
        }
        if depth > MAX_DEPTH || alternatives > MAX_DEPTH / 2 {
            return Err(Fault::new(
                span.start_offset as usize,
                "this expression is too long: it has more than 200 operations in one",
            )
            .help("Split it: keep parts of it with `data.set`, or join texts with holes instead of `~`"));
        }
    }
    Ok(())
}

fn syntax_fault(source: &str, error: &minijinja::Error) -> Fault {
    let at = error
        .range()
        .map_or(0, |range| range.start.min(source.len()));
    let detail = error.detail().unwrap_or("it is not complete");
    let at = match detail {
        "unexpected end of string" => source.rfind(['\'', '"']).unwrap_or(at),
        _ => at,
    };
    let detail = detail
        .replace("end of input", "end")
        .replace("end of variable block", "`}}`")
        .replace("end of block", "`%}`")
        .replace("identifier", "a name");
    let fault = Fault::new(at, format!("can't read this expression: {detail}"));
    match advice(source, at, &detail) {
        Some(advice) => fault.help(advice),
        None => fault,
    }
}

/// What people write who come from other languages.
fn advice(source: &str, at: usize, detail: &str) -> Option<&'static str> {
    let start = source.floor_char_boundary(at.saturating_sub(2));
    let near: String = source[start..].chars().take(6).collect();
    Some(if detail.contains("recursion") {
        "Split it: it nests too many brackets"
    } else if near.contains("&&") {
        "Write `and` instead of `&&`"
    } else if near.contains("||") {
        "Write `or` instead of `||`"
    } else if near.contains("===") || near.contains("!==") {
        "Write `==` or `!=`"
    } else if near.contains('?') {
        "Write `a if condition else b` instead of `condition ? a : b`"
    } else if near.contains('!') && !near.contains("!=") {
        "Write `not x` instead of `!x`"
    } else if near.contains('$') {
        "Names have no `$`"
    } else if near.contains('=') && detail.contains("unexpected `=`") {
        "Write `==` to compare"
    } else if detail.contains("unknown statement") || detail.contains("comment") {
        "Write `{% raw %}…{% endraw %}` around text that has `{{`, `{%` or `{#` of its own"
    } else {
        return None;
    })
}

/// minijinja's comparison as ours.
pub(super) fn compare_op(op: ast::CompareOpKind) -> CompareOp {
    match op {
        ast::CompareOpKind::Eq => CompareOp::Eq,
        ast::CompareOpKind::Ne => CompareOp::Ne,
        ast::CompareOpKind::Lt => CompareOp::Lt,
        ast::CompareOpKind::Lte => CompareOp::Lte,
        ast::CompareOpKind::Gt => CompareOp::Gt,
        ast::CompareOpKind::Gte => CompareOp::Gte,
        ast::CompareOpKind::In => CompareOp::In,
        ast::CompareOpKind::NotIn => CompareOp::NotIn,
    }
}

/// Where an expression starts. Spans of composed nodes may start at the token before.
pub(super) fn start(expr: &ast::Expr<'_>) -> At {
    let mut expr = expr;
    loop {
        expr = match expr {
            ast::Expr::Slice(node) => &node.expr,
            ast::Expr::BinOp(node) => &node.left,
            ast::Expr::Compare(node) => &node.expr,
            ast::Expr::IfExpr(node) => &node.true_expr,
            ast::Expr::GetAttr(node) => &node.expr,
            ast::Expr::GetItem(node) => &node.expr,
            ast::Expr::Call(node) => &node.expr,
            ast::Expr::Test(node) => &node.expr,
            ast::Expr::Filter(node) => match &node.expr {
                Some(expr) => expr,
                None => return node.span().start_offset as usize,
            },
            other => return other.span().start_offset as usize,
        };
    }
}
