//! Which statement stands on a line.

use ruff_python_ast::Stmt;
use ruff_text_size::Ranged;

use crate::parse::{ParsedFile, with_stack_for};
use crate::statements::bodies;

/// The first byte of the innermost statement that holds this byte and begins its own line,
/// decorators included.
pub fn statement_start(file: &ParsedFile, offset: u32) -> Option<u32> {
    with_stack_for(file.depth(), || innermost(&file.syntax().body, file.text(), offset))
}

fn innermost(body: &[Stmt], text: &str, offset: u32) -> Option<u32> {
    let before = body.partition_point(|statement| statement.end().to_u32().max(1) <= offset);
    let statement = body.get(before).filter(|statement| first_byte(statement) <= offset)?;
    let inner = match statement {
        Stmt::ClassDef(class) => innermost(&class.body, text, offset),
        other => bodies(other).into_iter().find_map(|body| innermost(body, text, offset)),
    };
    inner.or_else(|| {
        let start = first_byte(statement);
        let before = text.get(..start as usize)?;
        let line = before.rsplit('\n').next().unwrap_or_default();
        line.trim().is_empty().then_some(start)
    })
}

/// Where a statement begins, decorators included.
fn first_byte(statement: &Stmt) -> u32 {
    let decorators = match statement {
        Stmt::FunctionDef(function) => function.decorator_list.first(),
        Stmt::ClassDef(class) => class.decorator_list.first(),
        _ => None,
    };
    let start = statement.start().to_u32();
    decorators.map_or(start, |first| first.start().to_u32().min(start))
}
