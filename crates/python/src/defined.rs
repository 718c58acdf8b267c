//! Which names a text gives to something of its own: functions, classes, attributes, parameters.

use std::collections::BTreeSet;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, ExprContext, Stmt};

use crate::parse::{ParsedFile, with_stack_for};

/// Those of these names that a Python text defines: a function, class, parameter, a name that is
/// assigned, an attribute that a method sets. Text that does not parse counts as having all that it
/// mentions.
pub fn defined_names(text: &str, wanted: &BTreeSet<String>) -> BTreeSet<String> {
    let mentioned: BTreeSet<&str> =
        wanted.iter().map(String::as_str).filter(|name| text.contains(name)).collect();
    if mentioned.is_empty() {
        return BTreeSet::new();
    }
    let parsed = ParsedFile::parse(text.as_bytes());
    let Some(file) = parsed.ok().filter(|file| file.syntax_error().is_none()) else {
        return mentioned.into_iter().map(str::to_owned).collect();
    };
    let mut definitions = Definitions { wanted: mentioned, found: BTreeSet::new() };
    with_stack_for(file.depth(), || definitions.visit_body(&file.syntax().body));
    definitions.found
}

struct Definitions<'w> {
    wanted: BTreeSet<&'w str>,
    found: BTreeSet<String>,
}

impl Definitions<'_> {
    fn add(&mut self, name: &str) {
        if self.wanted.contains(name) {
            self.found.insert(name.to_owned());
        }
    }
}

impl<'a> Visitor<'a> for Definitions<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => {
                self.add(function.name.as_str());
                for parameter in &*function.parameters {
                    self.add(parameter.name().as_str());
                }
            }
            Stmt::ClassDef(class) => self.add(class.name.as_str()),
            _ => {}
        }
        visitor::walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Name(name) if name.ctx == ExprContext::Store => self.add(name.id.as_str()),
            Expr::Attribute(attribute) if attribute.ctx == ExprContext::Store => {
                let own = attribute.value.as_name_expr();
                if own.is_some_and(|name| matches!(name.id.as_str(), "self" | "cls")) {
                    self.add(attribute.attr.as_str());
                }
            }
            _ => {}
        }
        visitor::walk_expr(self, expression);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_text_defines_is_told_from_what_it_uses() {
        let text = "def one(two): pass\nclass Three:\n    four: int\n    def m(self):\n        \
                    self.five = six.seven(eight=1)\n        nine.ten = 1\n";
        let words = "one two Three four five six seven eight nine ten eleven";
        let wanted: BTreeSet<String> = words.split(' ').map(str::to_owned).collect();
        let found = defined_names(text, &wanted);
        let expected = ["Three", "five", "four", "one", "two"];
        assert!(found.iter().map(String::as_str).eq(expected), "{found:?}");
    }

    #[test]
    fn text_that_does_not_parse_may_define_all_that_it_mentions() {
        let wanted = BTreeSet::from(["name".to_owned(), "other".to_owned()]);
        assert_eq!(defined_names("name )", &wanted).len(), 1);
    }
}
