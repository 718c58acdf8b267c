//! Functions that a file defines more than once, in branches of which one is taken.

use std::collections::BTreeSet;
use std::ops::Range;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, Stmt, StmtFunctionDef};

use crate::parse::{ParsedFile, with_stack_for};

/// The parameters of all other definitions that a function at these bytes of a file has in its own
/// module or class; none where it is the only one, or the file does not parse.
pub fn parameters_of_others(text: &str, bytes: Range<u32>, name: &str) -> BTreeSet<String> {
    let defined = |text: &str| text.matches(&format!("def {name}")).count();
    if defined(text) < 2 {
        return BTreeSet::new();
    }
    let Some(file) = ParsedFile::parse(text.as_bytes()).ok() else { return BTreeSet::new() };
    let mut scopes = Scopes { name, found: Vec::new() };
    with_stack_for(file.depth(), || scopes.read(&file.syntax().body));
    let is_own = |function: &&StmtFunctionDef| function.range.start().to_u32() == bytes.start;
    let own = scopes.found.iter().find(|scope| scope.iter().any(is_own));
    let others = own.into_iter().flatten().filter(|function| !is_own(function));
    others
        .flat_map(|function| function.parameters.iter())
        .map(|parameter| parameter.name().as_str().to_owned())
        .collect()
}

/// The definitions of one name, by the module or class that they stand in.
struct Scopes<'a> {
    name: &'a str,
    found: Vec<Vec<&'a StmtFunctionDef>>,
}

impl<'a> Scopes<'a> {
    fn read(&mut self, body: &'a [Stmt]) {
        let mut scope = Scope { name: self.name, own: Vec::new(), classes: Vec::new() };
        scope.visit_body(body);
        self.found.push(scope.own);
        for class in scope.classes {
            self.read(class);
        }
    }
}

struct Scope<'a> {
    name: &'a str,
    own: Vec<&'a StmtFunctionDef>,
    classes: Vec<&'a [Stmt]>,
}

impl<'a> Visitor<'a> for Scope<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) if function.name.as_str() == self.name => {
                self.own.push(function);
            }
            Stmt::FunctionDef(_) => {}
            Stmt::ClassDef(class) => self.classes.push(&class.body),
            _ => visitor::walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, _expression: &'a Expr) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_definitions_are_those_of_the_same_module_or_class() {
        let text = "if a:\n    def f(x): pass\nelse:\n    def f(x, y): pass\n\n\nclass C:\n    \
                    def f(self, z): pass\n    def g(self):\n        def f(w): pass\n";
        let others = |definition: &str| -> Vec<String> {
            let start = text.find(definition).expect("a definition") as u32;
            parameters_of_others(text, start..start + 1, "f").into_iter().collect()
        };
        assert_eq!(others("def f(x): "), ["x", "y"]);
        assert_eq!(others("def f(x, y)"), ["x"]);
        assert_eq!(others("def f(self, z)"), Vec::<String>::new());
        assert_eq!(parameters_of_others("def f(x", 0..7, "f"), BTreeSet::new());
    }
}
