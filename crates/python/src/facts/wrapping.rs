//! Keywords that decorators take for themselves: what the functions that they decorate are given,
//! and do not show in their own signatures.

use std::sync::Arc;

use ruff_python_ast::{self as ast, Stmt};

use super::keywords;

/// Decorators are made of at most this many functions inside each other.
const DEPTH_MAX: u32 = 3;

/// The keywords that functions inside this one take beside `**kwargs`, which they hand on; sorted
/// and unique.
pub(super) fn keywords_taken(function: &ast::StmtFunctionDef) -> Vec<Arc<str>> {
    let mut taken = Vec::new();
    collect(&function.body, &mut taken, 0);
    taken.sort_unstable();
    taken.dedup();
    taken
}

fn collect(body: &[Stmt], taken: &mut Vec<Arc<str>>, depth: u32) {
    if depth >= DEPTH_MAX {
        return;
    }
    for inner in body.iter().filter_map(Stmt::as_function_def_stmt) {
        collect(&inner.body, taken, depth + 1);
        if inner.parameters.kwarg.is_none() {
            continue;
        }
        let list = &inner.parameters;
        let named = list.args.iter().filter(|it| it.default.is_some()).chain(&list.kwonlyargs);
        taken.extend(named.map(|it| Arc::from(it.parameter.name.as_str())));
        taken.extend(keywords::taken_out(inner).into_iter().map(|(_, keyword)| keyword.into()));
    }
}
