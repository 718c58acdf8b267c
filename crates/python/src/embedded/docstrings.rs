//! Strings of a Python file that are documentation.

use ruff_python_ast::{Expr, Stmt};

use crate::edit::Span;
use crate::parse::{ParsedFile, with_stack_for};

/// The contents of all strings that stand as statements of their own and are written in one piece,
/// in source order. Those in which a backslash means something else are left out.
pub fn docstrings(file: &ParsedFile) -> Vec<Span> {
    let mut found = Vec::new();
    with_stack_for(file.depth(), || collect(&file.syntax().body, file.text(), &mut found));
    found
}

fn collect(body: &[Stmt], text: &str, found: &mut Vec<Span>) {
    for statement in body {
        match statement {
            Stmt::Expr(expression) => {
                if let Expr::StringLiteral(string) = &*expression.value
                    && let Some(literal) = string.as_single_part_string()
                {
                    let range = literal.content_range();
                    let content = Span::new(range.start().to_u32(), range.end().to_u32());
                    let is_raw = content.of(text).replace("\r\n", "\n") == *literal.value;
                    if is_raw {
                        found.push(content);
                    }
                }
            }
            Stmt::ClassDef(class) => collect(&class.body, text, found),
            _ => {
                for body in crate::statements::bodies(statement) {
                    collect(body, text, found);
                }
            }
        }
    }
}
