//! What statements are made of, for whoever walks them.

use ruff_python_ast::{self as ast, Stmt};

/// The bodies of a compound statement that open no scope of their own, and those of functions.
pub(crate) fn bodies(statement: &Stmt) -> Vec<&[Stmt]> {
    let mut found: Vec<&[Stmt]> = Vec::new();
    match statement {
        Stmt::FunctionDef(node) => found.push(&node.body),
        Stmt::If(node) => {
            found.push(&node.body);
            found.extend(node.elif_else_clauses.iter().map(|clause| clause.body.as_ref()));
        }
        Stmt::Try(node) => {
            found.push(&node.body);
            for ast::ExceptHandler::ExceptHandler(handler) in &node.handlers {
                found.push(&handler.body);
            }
            found.push(&node.orelse);
            found.push(&node.finalbody);
        }
        Stmt::With(node) => found.push(&node.body),
        Stmt::For(node) => found.extend([node.body.as_ref(), node.orelse.as_ref()]),
        Stmt::While(node) => found.extend([node.body.as_ref(), node.orelse.as_ref()]),
        Stmt::Match(node) => found.extend(node.cases.iter().map(|case| case.body.as_ref())),
        _ => {}
    }
    found
}
