//! Bodies that raise where they used to work, with words that say what to do instead.

use code_model::hint::HintIdiom;
use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::Ranged;

use super::forwarding::is_preamble;
use super::keywords;
use super::notices::{Notices, Warning, prose_of};
use super::shape::Shaper;

/// Statements nested deeper than this are not read.
const MAX_DEPTH: u32 = 6;

/// Words of a message about something that used to be there.
const GONE: &[&str] = &["removed", "renamed", "replaced", "no longer", "deprecat", "moved to"];

/// Notices a body that does nothing but raise, and says that its owner is gone.
pub(super) fn whole_body(notices: &mut Notices, body: &[Stmt], own: &str) {
    if own.starts_with("__") {
        return;
    }
    let mut rest = body.iter().filter(|statement| !is_preamble(statement));
    let (Some(Stmt::Raise(raised)), None) = (rest.next(), rest.next()) else { return };
    let Some((call, text)) = message(raised) else { return };
    notices.deprecate(&text);
    notices.successor_text(&text, HintIdiom::DeprecationWarning, call, own);
}

/// Notices what is raised where an old keyword is given.
pub(super) fn guarded<'a>(
    notices: &mut Notices,
    shaper: &Shaper<'a, '_>,
    function: &'a ast::StmtFunctionDef,
    parameters: &[&str],
) {
    // Most bodies say nothing of the kind; their statements need not be walked again.
    let text = shaper.text_of_range(function.range());
    if !text.contains("raise ") || !GONE.iter().any(|words| text.contains(words)) {
        return;
    }
    let mut found = Vec::new();
    collect(&function.body, &mut Vec::new(), &mut found, 0);
    keywords::guarded(notices, shaper, &found, parameters, &keywords::taken_out(function));
}

fn collect<'a>(
    body: &'a [Stmt],
    guards: &mut Vec<&'a Expr>,
    found: &mut Vec<Warning<'a>>,
    depth: u32,
) {
    if depth > MAX_DEPTH {
        return;
    }
    for statement in body {
        match statement {
            Stmt::Raise(raised) if !guards.is_empty() => {
                if let Some((call, text)) = message(raised) {
                    let guards = guards.clone();
                    found.push(Warning { call, text, speaks: true, guards, block: body });
                }
            }
            Stmt::If(branch) => {
                guards.push(&branch.test);
                collect(&branch.body, guards, found, depth + 1);
                guards.pop();
                for clause in &branch.elif_else_clauses {
                    guards.extend(&clause.test);
                    collect(&clause.body, guards, found, depth + 1);
                    if clause.test.is_some() {
                        guards.pop();
                    }
                }
            }
            other => super::imports::for_each_block(other, &mut |block| {
                collect(block, guards, found, depth + 1);
            }),
        }
    }
}

/// The words of a raised exception that say that something is gone.
pub(super) fn message(raised: &ast::StmtRaise) -> Option<(&ast::ExprCall, String)> {
    let call = raised.exc.as_deref()?.as_call_expr()?;
    let text = call.arguments.args.iter().find_map(prose_of)?;
    GONE.iter().any(|words| text.contains(words)).then_some((call, text))
}
