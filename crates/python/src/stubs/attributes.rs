//! Attributes that a method sets on its instance.

use ruff_python_ast::{Expr, Stmt, StmtFunctionDef};

use crate::statements::bodies;

/// One attribute, at the first place that sets it.
pub(super) struct Attribute<'a> {
    pub(super) target: &'a Expr,
    pub(super) annotation: Option<&'a Expr>,
    pub(super) value: Option<&'a Expr>,
}

const DEEPEST: usize = 32;

/// The attributes that a method sets on its first parameter, each once, in source order.
pub(super) fn set_by(function: &StmtFunctionDef) -> Vec<Attribute<'_>> {
    let Some(first) = function.parameters.iter_non_variadic_params().next() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    collect(&function.body, first.name().as_str(), &mut found, 0);
    found
}

fn collect<'a>(body: &'a [Stmt], receiver: &str, found: &mut Vec<Attribute<'a>>, depth: usize) {
    for statement in body {
        match statement {
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    match target {
                        Expr::Tuple(tuple) => {
                            for element in &tuple.elts {
                                add(found, receiver, element, None, None);
                            }
                        }
                        target => add(found, receiver, target, None, telling(&assign.value)),
                    }
                }
            }
            Stmt::AnnAssign(assign) => {
                let annotation = Some(&*assign.annotation);
                add(found, receiver, &assign.target, annotation, None);
            }
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            compound if depth < DEEPEST => {
                for body in bodies(compound) {
                    collect(body, receiver, found, depth + 1);
                }
            }
            _ => {}
        }
    }
}

fn add<'a>(
    found: &mut Vec<Attribute<'a>>,
    receiver: &str,
    target: &'a Expr,
    annotation: Option<&'a Expr>,
    value: Option<&'a Expr>,
) {
    let Some(name) = attribute_of(target, receiver) else {
        return;
    };
    let known = found.iter_mut().find(|known| attribute_of(known.target, receiver) == Some(name));
    match known {
        // A later place may say more than `None` or nothing.
        Some(known) => {
            known.annotation = known.annotation.or(annotation);
            if known.value.is_none_or(Expr::is_none_literal_expr) {
                known.value = value.or(known.value);
            }
        }
        None => found.push(Attribute { target, annotation, value }),
    }
}

fn attribute_of<'a>(target: &'a Expr, receiver: &str) -> Option<&'a str> {
    let attribute = target.as_attribute_expr()?;
    let name = attribute.value.as_name_expr()?;
    (name.id.as_str() == receiver).then(|| attribute.attr.as_str())
}

/// Values that tell a type by themselves: literals, calls, names and `a or B()`.
fn telling(value: &Expr) -> Option<&Expr> {
    match value {
        Expr::BoolOp(_)
        | Expr::If(_)
        | Expr::Call(_)
        | Expr::Name(_)
        | Expr::Attribute(_)
        | Expr::Dict(_)
        | Expr::List(_)
        | Expr::Set(_)
        | Expr::Tuple(_)
        | Expr::ListComp(_)
        | Expr::DictComp(_)
        | Expr::SetComp(_)
        | Expr::FString(_) => Some(value),
        literal if literal.is_literal_expr() => Some(value),
        _ => None,
    }
}
