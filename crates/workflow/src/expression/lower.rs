//! Syntax tree to what the evaluator runs; finds unknown filters and the names that are read.

use std::collections::HashSet;

use minijinja::machinery::ast;

use super::{
    fault::{Fault, closest},
    functions::Sort,
    parse::{self, compare_op, start},
    tree::{Arg, At, CAPTURED, Call, CompareOp, Expr, For, MathOp, Part, Slice, Target},
};
use crate::Value;

type Lowered<T> = Result<T, Fault>;

/// A name of the scope and constant attributes, and where it stands.
type Path = Option<(Vec<String>, At)>;

/// A compiled text.
pub(super) enum Content {
    Literal(Value),
    Expression(Expr),
    Text(Vec<Part>),
}

/// A name that is read, with the constant attributes after it.
#[derive(Debug, Clone)]
pub(super) struct Use {
    pub(super) path: Vec<String>,
    pub(super) at: At,
    pub(super) optional: bool,
}

/// Compiles a text that has `{{` or `{%`.
pub(super) fn text(source: &str) -> Lowered<(Content, Vec<Use>)> {
    let whole = parse::text(source)?;
    let mut lower = Lower::default();
    let whole = std::slice::from_ref(&whole);
    lower.bind_all(whole);
    let mut parts = lower.parts(whole)?;
    let blank = |part: &Part| matches!(part, Part::Raw(text) if text.trim().is_empty());
    let holes = parts.iter().filter(|part| !blank(part)).count();
    let content = if parts.iter().all(|part| matches!(part, Part::Raw(_))) {
        let texts = parts.iter().map(|part| match part {
            Part::Raw(text) => &**text,
            _ => "",
        });
        Content::Literal(Value::from(texts.collect::<String>()))
    } else if holes == 1 && parts.iter().any(|part| matches!(part, Part::Hole(_))) {
        parts.retain(|part| matches!(part, Part::Hole(_)));
        match parts.pop() {
            Some(Part::Hole(expr)) => lone(expr),
            _ => Content::Text(parts),
        }
    } else {
        Content::Text(parts)
    };
    Ok((content, lower.finish()))
}

/// Compiles a text that is an expression as a whole.
pub(super) fn expression(source: &str) -> Lowered<(Content, Vec<Use>)> {
    let ast = parse::expression(source)?;
    let mut lower = Lower::default();
    let expr = lower.expr(&ast)?;
    Ok((lone(expr), lower.finish()))
}

fn lone(expr: Expr) -> Content {
    match expr {
        Expr::Const(value) => Content::Literal(value),
        expr => Content::Expression(expr),
    }
}

#[derive(Default)]
struct Lower {
    /// Names that the text binds itself, anywhere.
    bound: HashSet<String>,
    uses: Vec<Use>,
    /// Paths that some `is defined` asks about.
    asked: Vec<Vec<String>>,
    /// How many `default` or `is defined` are around.
    forgiving: usize,
}

impl Lower {
    fn finish(self) -> Vec<Use> {
        let Self {
            mut uses, asked, ..
        } = self;
        for one in &mut uses {
            one.optional |= asked.iter().any(|path| one.path.starts_with(path));
        }
        uses
    }

    fn bind_all(&mut self, parts: &[ast::Stmt<'_>]) {
        for part in parts {
            match part {
                ast::Stmt::Template(node) => self.bind_all(&node.children),
                ast::Stmt::ForLoop(node) => {
                    self.bound.insert("loop".into());
                    self.bind(&node.target);
                    self.bind_all(&node.body);
                    self.bind_all(&node.else_body);
                }
                ast::Stmt::IfCond(node) => {
                    self.bind_all(&node.true_body);
                    self.bind_all(&node.false_body);
                }
                ast::Stmt::WithBlock(node) => {
                    node.assignments.iter().for_each(|one| self.bind(&one.0));
                    self.bind_all(&node.body);
                }
                ast::Stmt::Set(node) => self.bind(&node.target),
                ast::Stmt::SetBlock(node) => {
                    self.bind(&node.target);
                    self.bind_all(&node.body);
                }
                ast::Stmt::AutoEscape(node) => self.bind_all(&node.body),
                ast::Stmt::FilterBlock(node) => self.bind_all(&node.body),
                _ => {}
            }
        }
    }

    fn bind(&mut self, target: &ast::Expr<'_>) {
        match target {
            ast::Expr::Var(var) => {
                self.bound.insert(var.id.to_owned());
            }
            ast::Expr::List(list) => list.items.iter().for_each(|item| self.bind(item)),
            ast::Expr::Tuple(list) => list.items.iter().for_each(|item| self.bind(item)),
            _ => {}
        }
    }

    fn parts(&mut self, parts: &[ast::Stmt<'_>]) -> Lowered<Vec<Part>> {
        let mut lowered = Vec::with_capacity(parts.len());
        for part in parts {
            self.part(part, &mut lowered)?;
        }
        Ok(lowered)
    }

    fn part(&mut self, part: &ast::Stmt<'_>, into: &mut Vec<Part>) -> Lowered<()> {
        into.push(match part {
            ast::Stmt::Template(node) => {
                into.extend(self.parts(&node.children)?);
                return Ok(());
            }
            ast::Stmt::AutoEscape(node) => {
                into.extend(self.parts(&node.body)?);
                return Ok(());
            }
            ast::Stmt::EmitRaw(node) => Part::Raw(node.raw.into()),
            ast::Stmt::EmitExpr(node) => Part::Hole(self.expr(&node.expr)?),
            ast::Stmt::ForLoop(node) => self.for_loop(node)?,
            ast::Stmt::IfCond(node) => Part::If(Box::new((
                self.expr(&node.expr)?,
                self.parts(&node.true_body)?,
                self.parts(&node.false_body)?,
            ))),
            ast::Stmt::WithBlock(node) => {
                let assignments = node
                    .assignments
                    .iter()
                    .map(|(target, value)| Ok((target_of(target)?, self.expr(value)?)))
                    .collect::<Lowered<_>>()?;
                Part::With(assignments, self.parts(&node.body)?)
            }
            ast::Stmt::Set(node) => Part::Set(target_of(&node.target)?, self.expr(&node.expr)?),
            ast::Stmt::SetBlock(node) => Part::SetText {
                target: target_of(&node.target)?,
                filters: node.filter.as_ref().map(|one| self.expr(one)).transpose()?,
                body: self.parts(&node.body)?,
            },
            ast::Stmt::FilterBlock(node) => Part::FilterText {
                filters: self.expr(&node.filter)?,
                body: self.parts(&node.body)?,
            },
            ast::Stmt::Do(node) => {
                return Err(Fault::new(
                    node.span().start_offset as usize,
                    "`{% do %}` is of no use here: values don't change in place",
                ));
            }
        });
        Ok(())
    }

    fn for_loop(&mut self, node: &ast::Spanned<ast::ForLoop<'_>>) -> Lowered<Part> {
        let at = node.span().start_offset as usize;
        if node.recursive {
            return Err(Fault::new(at, "recursive loops are not supported"));
        }
        Ok(Part::For(Box::new(For {
            target: target_of(&node.target)?,
            items: self.expr(&node.iter)?,
            keep: node
                .filter_expr
                .as_ref()
                .map(|one| self.expr(one))
                .transpose()?,
            body: self.parts(&node.body)?,
            otherwise: self.parts(&node.else_body)?,
            at: start(&node.iter),
        })))
    }

    fn expr(&mut self, expr: &ast::Expr<'_>) -> Lowered<Expr> {
        let at = start(expr);
        Ok(match expr {
            ast::Expr::Const(node) => Expr::Const(node.value.clone()),
            ast::Expr::Var(_) | ast::Expr::GetAttr(_) | ast::Expr::GetItem(_) => {
                self.lookup(expr)?
            }
            ast::Expr::Slice(node) => Expr::Slice(Box::new(Slice {
                value: self.expr(&node.expr)?,
                bounds: [
                    self.optional(node.start.as_ref())?,
                    self.optional(node.stop.as_ref())?,
                    self.optional(node.step.as_ref())?,
                ],
                at,
            })),
            ast::Expr::UnaryOp(node) => self.unary(node, at)?,
            ast::Expr::BinOp(node) => self.binary(node, at)?,
            ast::Expr::Compare(node) => {
                let rest = node
                    .ops
                    .iter()
                    .map(|one| Ok((compare_op(one.op), self.expr(&one.expr)?)))
                    .collect::<Lowered<_>>()?;
                Expr::CompareChain(Box::new((self.expr(&node.expr)?, rest)), at)
            }
            ast::Expr::IfExpr(node) => Expr::If(Box::new((
                self.expr(&node.test_expr)?,
                self.expr(&node.true_expr)?,
                self.optional(node.false_expr.as_ref())?,
            ))),
            ast::Expr::Filter(node) => self.filter(node)?,
            ast::Expr::Test(node) => self.test(node)?,
            ast::Expr::Call(node) => self.call(node, at)?,
            // What is constant is made once.
            ast::Expr::List(node) => match node.as_const() {
                Some(list) => Expr::Const(list),
                None => Expr::List(self.exprs(&node.items)?, at),
            },
            ast::Expr::Tuple(node) => Expr::Tuple(self.exprs(&node.items)?, at),
            ast::Expr::Map(node) => {
                if let Some(map) = node.as_const() {
                    return Ok(Expr::Const(map));
                }
                let keys = self.exprs(&node.keys)?;
                let values = self.exprs(&node.values)?;
                Expr::Map(keys.into_iter().zip(values).collect(), at)
            }
        })
    }

    fn exprs(&mut self, exprs: &[ast::Expr<'_>]) -> Lowered<Vec<Expr>> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    fn optional(&mut self, expr: Option<&ast::Expr<'_>>) -> Lowered<Option<Expr>> {
        expr.map(|expr| self.expr(expr)).transpose()
    }

    /// Names, attributes and items; records what is read.
    fn lookup(&mut self, expr: &ast::Expr<'_>) -> Lowered<Expr> {
        let (lowered, path) = self.chain(expr)?;
        if let Some((path, at)) = path {
            if self.forgiving > 0 {
                self.asked.push(path.clone());
            }
            self.uses.push(Use {
                path,
                at,
                optional: self.forgiving > 0,
            });
        }
        Ok(lowered)
    }

    /// A link of a chain, and the constant path so far; the path of a chain that ends is recorded.
    fn chain(&mut self, expr: &ast::Expr<'_>) -> Lowered<(Expr, Path)> {
        match expr {
            ast::Expr::Var(node) => {
                let at = node.span().start_offset as usize;
                if self.bound.contains(node.id) {
                    return Ok((Expr::Local(node.id.into(), at), None));
                }
                let path = vec![node.id.to_owned()];
                Ok((Expr::Name(node.id.into(), at), Some((path, at))))
            }
            ast::Expr::GetAttr(node) => {
                let (base, path) = self.chain(&node.expr)?;
                let at = (node.span().end_offset as usize).saturating_sub(node.name.len());
                Ok((attr(base, node.name, at), extended(path, node.name)))
            }
            ast::Expr::GetItem(node) => {
                let (base, path) = self.chain(&node.expr)?;
                let at = start(&node.subscript_expr);
                if let ast::Expr::Const(key) = &node.subscript_expr
                    && let Some(name) = key.value.as_str()
                {
                    return Ok((attr(base, name, at), extended(path, name)));
                }
                if let Some((path, at)) = path {
                    self.uses.push(Use {
                        path,
                        at,
                        optional: self.forgiving > 0,
                    });
                }
                let key = self.expr(&node.subscript_expr)?;
                Ok((Expr::Item(Box::new((base, key)), at), None))
            }
            other => Ok((self.expr(other)?, None)),
        }
    }

    fn unary(&mut self, node: &ast::UnaryOp<'_>, at: At) -> Lowered<Expr> {
        let inner = self.expr(&node.expr)?;
        Ok(match node.op {
            ast::UnaryOpKind::Not => match inner {
                Expr::Compare(CompareOp::In, sides, at) => {
                    Expr::Compare(CompareOp::NotIn, sides, at)
                }
                inner => Expr::Not(Box::new(inner)),
            },
            ast::UnaryOpKind::Neg => match &inner {
                Expr::Const(value) => match super::ops::negate(value) {
                    Some(negated) => Expr::Const(negated),
                    None => Expr::Neg(Box::new(inner), at),
                },
                _ => Expr::Neg(Box::new(inner), at),
            },
        })
    }

    fn binary(&mut self, node: &ast::BinOp<'_>, at: At) -> Lowered<Expr> {
        use ast::BinOpKind as Op;
        let sides = Box::new((self.expr(&node.left)?, self.expr(&node.right)?));
        let op = match node.op {
            Op::ScAnd => return Ok(Expr::And(sides)),
            Op::ScOr => return Ok(Expr::Or(sides)),
            Op::Concat => return Ok(Expr::Join(sides, at)),
            Op::Eq => return Ok(Expr::Compare(CompareOp::Eq, sides, at)),
            Op::Ne => return Ok(Expr::Compare(CompareOp::Ne, sides, at)),
            Op::Lt => return Ok(Expr::Compare(CompareOp::Lt, sides, at)),
            Op::Lte => return Ok(Expr::Compare(CompareOp::Lte, sides, at)),
            Op::Gt => return Ok(Expr::Compare(CompareOp::Gt, sides, at)),
            Op::Gte => return Ok(Expr::Compare(CompareOp::Gte, sides, at)),
            Op::In => return Ok(Expr::Compare(CompareOp::In, sides, at)),
            Op::Add => MathOp::Add,
            Op::Sub => MathOp::Sub,
            Op::Mul => MathOp::Mul,
            Op::Div => MathOp::Div,
            Op::FloorDiv => MathOp::FloorDiv,
            Op::Rem => MathOp::Rem,
            Op::Pow => MathOp::Pow,
        };
        Ok(Expr::Math(op, sides, at))
    }

    fn filter(&mut self, node: &ast::Spanned<ast::Filter<'_>>) -> Lowered<Expr> {
        let at = node.span().start_offset as usize;
        let forgives = matches!(node.name, "default" | "d");
        self.forgiving += usize::from(forgives);
        let value = match &node.expr {
            Some(expr) => self.expr(expr),
            None => Ok(Expr::Local(CAPTURED.into(), at)),
        };
        self.forgiving -= usize::from(forgives);
        let call = self.named_call(Sort::Filter, node.name, Some(value?), &node.args, at)?;
        Ok(if forgives {
            Expr::Default(Box::new(call))
        } else {
            Expr::Filter(Box::new(call))
        })
    }

    fn test(&mut self, node: &ast::Spanned<ast::Test<'_>>) -> Lowered<Expr> {
        let at = node.span().start_offset as usize;
        if node.args.is_empty() && matches!(node.name, "defined" | "undefined") {
            self.forgiving += 1;
            let value = self.expr(&node.expr);
            self.forgiving -= 1;
            return Ok(Expr::Defined(Box::new(value?), node.name == "defined"));
        }
        let value = self.expr(&node.expr)?;
        let call = self.named_call(Sort::Test, node.name, Some(value), &node.args, at)?;
        Ok(Expr::Test(Box::new(call)))
    }

    fn call(&mut self, node: &ast::Spanned<ast::Call<'_>>, at: At) -> Lowered<Expr> {
        match node.identify_call() {
            ast::CallType::Function(name) => {
                let call = self.named_call(Sort::Function, name, None, &node.args, at)?;
                Ok(Expr::Function(Box::new(call)))
            }
            ast::CallType::Method(_, name) => {
                let fault = Fault::new(at, format!("values have no method `{name}()`"));
                Err(if Sort::Filter.has(name) {
                    fault.help(format!("Write `… | {name}` instead of `….{name}()`"))
                } else {
                    match closest(name, Sort::Filter.names()) {
                        Some(near) => fault.help(format!("Did you mean the filter `… | {near}`?")),
                        None => fault.help("Use a filter: `value | filter`"),
                    }
                })
            }
            ast::CallType::Object(_) => Err(Fault::new(at, "only functions can be called")),
        }
    }

    fn named_call(
        &mut self,
        sort: Sort,
        name: &str,
        value: Option<Expr>,
        args: &[ast::CallArg<'_>],
        at: At,
    ) -> Lowered<Call> {
        sort.require(name, at)?;
        let args = args
            .iter()
            .map(|arg| {
                Ok(match arg {
                    ast::CallArg::Pos(expr) => Arg::One(self.expr(expr)?),
                    ast::CallArg::Kwarg(name, expr) => Arg::Named((*name).into(), self.expr(expr)?),
                    ast::CallArg::PosSplat(expr) => Arg::Spread(self.expr(expr)?),
                    ast::CallArg::KwargSplat(expr) => Arg::SpreadNamed(self.expr(expr)?),
                })
            })
            .collect::<Lowered<Vec<_>>>()?;
        // `map('upper')`, `select('odd')`: the name inside is known now, too.
        let inner = match (sort, name) {
            (Sort::Filter, "map") => Some((Sort::Filter, 0)),
            (Sort::Filter, "select" | "reject") => Some((Sort::Test, 0)),
            (Sort::Filter, "selectattr" | "rejectattr") => Some((Sort::Test, 1)),
            _ => None,
        };
        if let Some((sort, place)) = inner
            && let Some(Arg::One(Expr::Const(inner))) = args.get(place)
            && let Some(inner) = inner.as_str()
        {
            sort.require(inner, at)?;
        }
        Ok(Call {
            name: name.into(),
            value,
            args,
            takes: sort.takes(name),
            at,
        })
    }
}

fn attr(base: Expr, name: &str, at: At) -> Expr {
    match base {
        Expr::Name(root, root_at) => Expr::NameAttr(Box::new((root, name.into(), root_at)), at),
        base => Expr::Attr(Box::new(base), name.into(), at),
    }
}

fn extended(path: Path, name: &str) -> Path {
    path.map(|(mut path, at)| {
        path.push(name.to_owned());
        (path, at)
    })
}

fn target_of(target: &ast::Expr<'_>) -> Lowered<Target> {
    let each = |items: &[ast::Expr<'_>]| items.iter().map(target_of).collect::<Lowered<Vec<_>>>();
    match target {
        ast::Expr::Var(var) => Ok(Target::Name(var.id.into())),
        ast::Expr::List(list) => Ok(Target::Each(each(&list.items)?, start(target))),
        ast::Expr::Tuple(list) => Ok(Target::Each(each(&list.items)?, start(target))),
        other => Err(Fault::new(start(other), "values don't change in place")
            .help("Set a name of its own, as in `{% set total = 0 %}`")),
    }
}
