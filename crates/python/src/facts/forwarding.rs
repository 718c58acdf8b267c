//! Bodies that only forward: functions, methods, properties and classes that stand for another.

use code_model::hint::HintIdiom;
use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::Ranged;

use super::HintFactSubject;
use super::notices::{Notices, leaf_of};
use super::shape::Shaper;

/// What a function is, for reading its body.
pub(super) struct Callable<'a> {
    pub(super) function: &'a ast::StmtFunctionDef,
    /// Path of the class around it, inside the module.
    pub(super) class: Option<String>,
    /// Whether something already says that it is deprecated.
    pub(super) is_deprecated: bool,
    pub(super) is_property: bool,
}

/// Notices a body that does nothing but hand on to another callable or attribute.
pub(super) fn body<'a>(
    notices: &mut Notices,
    shaper: &mut Shaper<'a, '_>,
    callable: &Callable<'a>,
) {
    let function = callable.function;
    if function.name.starts_with("__") {
        return;
    }
    let mut rest = function.body.iter().filter(|statement| !is_preamble(statement));
    let (Some(last), None) = (rest.next(), rest.next()) else { return };
    let returned = match last {
        Stmt::Return(returned) => returned.value.as_deref(),
        Stmt::Expr(expression) => Some(&*expression.value),
        _ => None,
    };
    let Some(mut returned) = returned else { return };
    if let Expr::Await(awaited) = returned {
        returned = &awaited.value;
    }
    match returned {
        Expr::Call(call) => forwarded_call(notices, shaper, callable, call),
        Expr::Attribute(attribute) if callable.is_property => {
            if attribute.attr.starts_with('_') && !callable.is_deprecated {
                return;
            }
            let Some(target) = target(shaper, callable, returned) else { return };
            let text = shaper.text_of_range(function.range);
            notices.add(
                HintFactSubject::SuccessorReference(target),
                HintIdiom::ForwardingProperty,
                function,
                first_line_and(text, shaper.text_of_range(ruff_text_size::Ranged::range(returned)))
                    .as_str(),
            );
        }
        _ => {}
    }
}

fn first_line_and(text: &str, value: &str) -> String {
    let first = text.lines().find(|line| line.trim_start().starts_with("def ")).unwrap_or("");
    format!("{} return {value}", first.trim())
}

/// Documentation, warnings and imports do not change what a body forwards to.
pub(super) fn is_preamble(statement: &Stmt) -> bool {
    match statement {
        Stmt::Expr(expression) => match &*expression.value {
            Expr::StringLiteral(_) | Expr::EllipsisLiteral(_) => true,
            Expr::Call(call) => {
                let leaf = leaf_of(&call.func).to_ascii_lowercase();
                leaf.contains("warn") || leaf.contains("deprecat")
            }
            _ => false,
        },
        Stmt::Import(_) | Stmt::ImportFrom(_) | Stmt::Pass(_) | Stmt::Global(_) => true,
        // A message that is put together before it is given to the warning.
        Stmt::Assign(assign) => {
            super::notices::prose_of(&assign.value).is_some()
                && assign.targets.iter().all(Expr::is_name_expr)
        }
        _ => false,
    }
}

fn forwarded_call<'a>(
    notices: &mut Notices,
    shaper: &mut Shaper<'a, '_>,
    callable: &Callable<'a>,
    call: &'a ast::ExprCall,
) {
    let function = callable.function;
    let leaf = leaf_of(&call.func);
    // `super().method()` and calls of what another call returns are ordinary code.
    if leaf == function.name.as_str() && callable.class.is_some() {
        return;
    }
    let Some(target) = target(shaper, callable, &call.func) else { return };
    let passes = passes_through(function, call, callable.class.is_some());
    // Passing on is what ordinary wrappers do as well; only what takes anything stands for its
    // target.
    let is_stand_in = passes
        && !callable.is_property
        && !leaf.starts_with('_')
        && function.parameters.vararg.is_some()
        && function.parameters.kwarg.is_some();
    if !callable.is_deprecated && !is_stand_in {
        return;
    }
    let source = shaper.text_of_range(call.range());
    notices.add(
        HintFactSubject::SuccessorReference(target),
        HintIdiom::ForwardingBody,
        call,
        source,
    );
    if callable.is_deprecated && !passes && source.len() <= 200 {
        notices.add(
            HintFactSubject::Call { template: source.into(), new: target },
            HintIdiom::ForwardingBody,
            call,
            source,
        );
    }
}

/// What a callee or attribute is: a name of the module, or a member reached through the receiver.
fn target<'a>(
    shaper: &mut Shaper<'a, '_>,
    callable: &Callable<'a>,
    expression: &'a Expr,
) -> Option<u32> {
    let parameters = &callable.function.parameters;
    let receiver = parameters.posonlyargs.first().or(parameters.args.first());
    let receiver = receiver.map(|first| first.parameter.name.as_str());
    if let Expr::Attribute(attribute) = expression {
        let (root, length) = super::shape::root_of(attribute)?;
        if Some(root) == receiver {
            let class = callable.class.as_ref().filter(|_| length == 2)?;
            return Some(shaper.local_reference(&format!("{class}.{}", attribute.attr)));
        }
        // An attribute of a parameter is known only when the program runs.
        if parameters.iter().any(|parameter| parameter.name().as_str() == root) {
            return None;
        }
    }
    if let Expr::Name(name) = expression
        && parameters.iter().any(|parameter| parameter.name().as_str() == name.id.as_str())
    {
        return None;
    }
    shaper.reference_in_function(callable.function, expression)
}

/// Whether a call passes exactly the function's own parameters on, each to its own place or name.
fn passes_through(function: &ast::StmtFunctionDef, call: &ast::ExprCall, is_method: bool) -> bool {
    let parameters: Vec<&str> =
        function.parameters.iter().map(|parameter| parameter.name().as_str()).collect();
    let own = if is_method && !parameters.is_empty() { &parameters[1..] } else { &parameters[..] };
    let mut passed = 0;
    for (place, argument) in call.arguments.args.iter().enumerate() {
        let name = match argument {
            Expr::Name(name) => name.id.as_str(),
            Expr::Starred(starred) => match &*starred.value {
                Expr::Name(name) => name.id.as_str(),
                _ => return false,
            },
            _ => return false,
        };
        if own.get(place) != Some(&name) {
            return false;
        }
        passed += 1;
    }
    for keyword in &call.arguments.keywords {
        let Expr::Name(value) = &keyword.value else { return false };
        let same = keyword.arg.as_ref().is_none_or(|name| name.as_str() == value.id.as_str());
        if !same || !own.contains(&value.id.as_str()) {
            return false;
        }
        passed += 1;
    }
    passed == own.len()
}

/// Whether a class holds nothing but documentation and methods that warn and delegate.
pub(super) fn is_shim(body: &[Stmt]) -> bool {
    body.iter().all(|statement| match statement {
        Stmt::Pass(_) => true,
        Stmt::Expr(expression) => {
            expression.value.is_string_literal_expr() || expression.value.is_ellipsis_literal_expr()
        }
        Stmt::FunctionDef(function) => {
            matches!(
                function.name.as_str(),
                "__init__" | "__new__" | "__init_subclass__" | "__call__" | "__post_init__"
            ) && function
                .body
                .iter()
                .all(|statement| is_preamble(statement) || delegates(statement))
        }
        Stmt::Assign(assign) => assign
            .targets
            .iter()
            .all(|target| target.as_name_expr().is_some_and(|name| name.id.starts_with("__"))),
        _ => false,
    })
}

fn delegates(statement: &Stmt) -> bool {
    let value = match statement {
        Stmt::Expr(expression) => &*expression.value,
        Stmt::Return(returned) => match returned.value.as_deref() {
            Some(value) => value,
            None => return true,
        },
        _ => return false,
    };
    let Expr::Call(call) = value else { return false };
    let Expr::Attribute(method) = &*call.func else { return false };
    match &*method.value {
        Expr::Call(inner) => leaf_of(&inner.func) == "super",
        Expr::Name(_) | Expr::Attribute(_) => method.attr.starts_with("__"),
        _ => false,
    }
}
