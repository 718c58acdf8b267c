//! Which names a text gives to something of its own: functions, classes, attributes, parameters.

use std::collections::BTreeSet;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, ExprCall, ExprContext, Stmt};

use crate::parse::{ParsedFile, with_stack_for};

/// Those of these names that a Python text defines: a function, class, parameter, a name that is
/// assigned, an attribute that a method sets. `members` are no parameters of what is asked for, so
/// that an attribute which is set, a keyword or a string of such a name makes or names another
/// thing. Text that does not parse counts as having all that it mentions.
pub fn defined_names(
    text: &str,
    wanted: &BTreeSet<String>,
    members: &BTreeSet<String>,
) -> BTreeSet<String> {
    let mentioned: BTreeSet<&str> =
        wanted.iter().map(String::as_str).filter(|name| text.contains(name)).collect();
    if mentioned.is_empty() {
        return BTreeSet::new();
    }
    let parsed = ParsedFile::parse(text.as_bytes());
    let Some(file) = parsed.ok().filter(|file| file.syntax_error().is_none()) else {
        return mentioned.into_iter().map(str::to_owned).collect();
    };
    let mut definitions = Definitions { wanted: mentioned, members, found: BTreeSet::new() };
    with_stack_for(file.depth(), || definitions.visit_body(&file.syntax().body));
    definitions.found
}

/// Callables that take the name of an attribute after the object that has it.
const ATTRIBUTE_CALLABLES: [&str; 7] =
    ["getattr", "hasattr", "setattr", "delattr", "object", "spy", "stub"];

struct Definitions<'w> {
    wanted: BTreeSet<&'w str>,
    members: &'w BTreeSet<String>,
    found: BTreeSet<String>,
}

impl Definitions<'_> {
    fn add(&mut self, name: &str) {
        if self.wanted.contains(name) {
            self.found.insert(name.to_owned());
        }
    }

    fn add_member(&mut self, name: &str) {
        if self.members.contains(name) {
            self.add(name);
        }
    }

    /// What a call gives by keyword, and strings other than those that ask for an attribute.
    fn call(&mut self, call: &ExprCall) {
        for keyword in &call.arguments.keywords {
            if let Some(name) = &keyword.arg {
                self.add_member(name.as_str());
            }
            self.visit_expr(&keyword.value);
        }
        self.visit_expr(&call.func);
        let callee = match &*call.func {
            Expr::Name(name) => name.id.as_str(),
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            _ => "",
        };
        let asks = ATTRIBUTE_CALLABLES.contains(&callee);
        for (place, argument) in call.arguments.args.iter().enumerate() {
            if !(asks && place == 1 && argument.is_string_literal_expr()) {
                self.visit_expr(argument);
            }
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
                } else {
                    self.add_member(attribute.attr.as_str());
                }
            }
            Expr::StringLiteral(text) => self.add_member(text.value.to_str()),
            Expr::Call(call) => return self.call(call),
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
        let found = defined_names(text, &wanted, &BTreeSet::new());
        let expected = ["Three", "five", "four", "one", "two"];
        assert!(found.iter().map(String::as_str).eq(expected), "{found:?}");
        let found = defined_names(text, &wanted, &wanted);
        let expected = ["Three", "eight", "five", "four", "one", "ten", "two"];
        assert!(found.iter().map(String::as_str).eq(expected), "{found:?}");
    }

    #[test]
    fn strings_that_ask_for_an_attribute_name_nothing_else() {
        let wanted: BTreeSet<String> = ["one", "two", "three"].map(str::to_owned).into();
        let text = "getattr(x, 'one')\nColumn('two', 2)\npatch.object(y, \"one\")\nx.three()\n";
        let found = defined_names(text, &wanted, &wanted);
        assert!(found.iter().map(String::as_str).eq(["two"]), "{found:?}");
    }

    #[test]
    fn text_that_does_not_parse_may_define_all_that_it_mentions() {
        let wanted = BTreeSet::from(["name".to_owned(), "other".to_owned()]);
        assert_eq!(defined_names("name )", &wanted, &wanted).len(), 1);
    }
}
