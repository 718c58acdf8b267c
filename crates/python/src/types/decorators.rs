//! Decorators that would hide what they decorate.
//!
//! A decorator of unknown type makes its function or class unknown. Those of the standard library
//! are understood by inference; nearly all others, such as markers of deprecation or registration,
//! give back what they were given. In the library every other decorator is therefore blanked before
//! inference sees it; in a dependent only those of classes, since what a function becomes there is
//! for inference to say. Blanks keep every offset as it was.

use std::collections::BTreeSet;

use ruff_python_ast::{Decorator, Expr, Stmt};
use ruff_text_size::Ranged;

use crate::statements::bodies;

/// Modules whose decorators inference knows.
const UNDERSTOOD_MODULES: [&str; 9] = [
    "abc",
    "builtins",
    "contextlib",
    "dataclasses",
    "enum",
    "functools",
    "typing",
    "typing_extensions",
    "types",
];

/// Decorators that need no import.
const UNDERSTOOD_NAMES: [&str; 3] = ["classmethod", "property", "staticmethod"];

/// Attributes of properties that decorate.
const OF_PROPERTIES: [&str; 3] = ["deleter", "getter", "setter"];

const DEEPEST: usize = 64;

pub(super) fn without_foreign_decorators(text: &str) -> String {
    blanked(text, true)
}

pub(super) fn without_foreign_class_decorators(text: &str) -> String {
    blanked(text, false)
}

fn blanked(text: &str, functions_too: bool) -> String {
    if !text.contains('@') {
        return text.to_owned();
    }
    let parsed =
        ruff_python_parser::parse_unchecked_source(text, ruff_python_ast::PySourceType::Python);
    let body = &parsed.syntax().body;
    let mut search = Search { functions_too, understood: BTreeSet::new(), blanks: Vec::new() };
    search.imports(body, 0);
    search.decorators(body, 0);
    let mut bytes = text.as_bytes().to_vec();
    for (start, end) in search.blanks {
        for byte in bytes.get_mut(start..end).unwrap_or_default() {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

struct Search<'a> {
    functions_too: bool,
    /// Names that an understood module or one of its members is imported as.
    understood: BTreeSet<&'a str>,
    blanks: Vec<(usize, usize)>,
}

impl<'a> Search<'a> {
    fn imports(&mut self, body: &'a [Stmt], depth: usize) {
        for statement in body {
            match statement {
                Stmt::Import(import) => {
                    for alias in &import.names {
                        let module = alias.name.as_str();
                        if UNDERSTOOD_MODULES.contains(&module) {
                            let name = alias.asname.as_ref().map_or(module, |name| name.as_str());
                            self.understood.insert(name);
                        }
                    }
                }
                Stmt::ImportFrom(import) => {
                    let module = import.module.as_ref().map_or("", |name| name.as_str());
                    if import.level == 0 && UNDERSTOOD_MODULES.contains(&module) {
                        for alias in &import.names {
                            let name = alias.asname.as_ref().unwrap_or(&alias.name);
                            self.understood.insert(name.as_str());
                        }
                    }
                }
                Stmt::If(_) | Stmt::Try(_) if depth < DEEPEST => {
                    for body in bodies(statement) {
                        self.imports(body, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }

    fn decorators(&mut self, body: &[Stmt], depth: usize) {
        if depth > DEEPEST {
            return;
        }
        for statement in body {
            match statement {
                Stmt::ClassDef(class) => {
                    self.blank(&class.decorator_list);
                    self.decorators(&class.body, depth + 1);
                }
                Stmt::FunctionDef(function) if self.functions_too => {
                    self.blank(&function.decorator_list);
                }
                _ => {}
            }
            for body in bodies(statement) {
                self.decorators(body, depth + 1);
            }
        }
    }

    fn blank(&mut self, decorators: &[Decorator]) {
        for decorator in decorators {
            if !self.understands(&decorator.expression) {
                let range = decorator.range();
                self.blanks.push((range.start().to_usize(), range.end().to_usize()));
            }
        }
    }

    fn understands(&self, decorator: &Expr) -> bool {
        match decorator {
            Expr::Name(name) => {
                UNDERSTOOD_NAMES.contains(&name.id.as_str())
                    || self.understood.contains(name.id.as_str())
            }
            Expr::Attribute(attribute) => {
                OF_PROPERTIES.contains(&attribute.attr.as_str())
                    || matches!(&*attribute.value, Expr::Name(name)
                        if self.understood.contains(name.id.as_str()))
            }
            Expr::Call(call) => !call.func.is_call_expr() && self.understands(&call.func),
            _ => false,
        }
    }
}
