//! What the body of a function without a return annotation plainly returns.

use ruff_python_ast::visitor::source_order::{SourceOrderVisitor, TraversalSignal};
use ruff_python_ast::{AnyNodeRef, Expr, Stmt, StmtFunctionDef};

/// The one value that all `return` statements give, when it tells its type by itself: `self`,
/// `cls(...)`, `Class(...)`, a call of a name, or a literal.
pub(super) fn told_by_body(function: &StmtFunctionDef, in_class: bool) -> Option<&Expr> {
    let receiver = function.parameters.iter_non_variadic_params().next().filter(|_| in_class);
    let receiver = receiver.map(|first| first.name().as_str());
    let mut values = returned_values(function)?.into_iter();
    let first = values.next()?;
    let told = tells(first, receiver)?;
    values.all(|value| tells(value, receiver) == Some(told)).then_some(first)
}

/// Every value but `None` that the `return` statements of a function give; none when it yields.
pub(crate) fn returned_values(function: &StmtFunctionDef) -> Option<Vec<&Expr>> {
    let mut returns = Returns { values: Vec::new(), unclear: false };
    for statement in &function.body {
        returns.visit_stmt(statement);
        if returns.unclear {
            return None;
        }
    }
    Some(returns.values)
}

/// What makes two returned values the same kind of thing.
#[derive(PartialEq, Eq, Clone, Copy)]
enum Told<'a> {
    Receiver,
    Called(&'a str, &'a str),
}

fn tells<'a>(value: &'a Expr, receiver: Option<&str>) -> Option<Told<'a>> {
    match value {
        Expr::Name(name) if Some(name.id.as_str()) == receiver => Some(Told::Receiver),
        Expr::Call(call) => match &*call.func {
            Expr::Name(name) => Some(Told::Called("", name.id.as_str())),
            Expr::Attribute(attribute) => {
                let module = attribute.value.as_name_expr()?;
                Some(Told::Called(module.id.as_str(), attribute.attr.as_str()))
            }
            _ => None,
        },
        _ => None,
    }
}

struct Returns<'a> {
    values: Vec<&'a Expr>,
    unclear: bool,
}

impl<'a> SourceOrderVisitor<'a> for Returns<'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        match node {
            AnyNodeRef::StmtReturn(statement) => {
                match statement.value.as_deref() {
                    Some(value) if !value.is_none_literal_expr() => self.values.push(value),
                    _ => {}
                }
                TraversalSignal::Skip
            }
            AnyNodeRef::ExprYield(_) | AnyNodeRef::ExprYieldFrom(_) => {
                self.unclear = true;
                TraversalSignal::Skip
            }
            AnyNodeRef::StmtFunctionDef(_)
            | AnyNodeRef::StmtClassDef(_)
            | AnyNodeRef::ExprLambda(_) => TraversalSignal::Skip,
            // Only expression statements can hold a `yield` that matters; looking into every
            // expression costs.
            node if node.is_expression() => TraversalSignal::Skip,
            _ => TraversalSignal::Traverse,
        }
    }

    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if let Stmt::Expr(expression) = statement {
            self.unclear |=
                expression.value.is_yield_expr() || expression.value.is_yield_from_expr();
            return;
        }
        if let Stmt::Assign(assign) = statement {
            self.unclear |= assign.value.is_yield_expr() || assign.value.is_yield_from_expr();
            return;
        }
        ruff_python_ast::visitor::source_order::walk_stmt(self, statement);
    }
}
