//! How a definition reaches a name: in a way that a rewriter can follow, or not.

use std::ops::Range;

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, ExprCall};

use crate::features::definition;

/// How often a definition reaches a name, by the way it does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallSites {
    /// Calls whose arguments all stand where they are passed.
    pub plain_calls: u32,
    /// Calls that unpack a list or a mapping, so that nobody sees what they pass.
    pub unpacking_calls: u32,
    /// Places that name it without calling it.
    pub values: u32,
    /// Strings that are the name, as `getattr` takes them.
    pub strings: u32,
}

impl CallSites {
    /// Of all places, the share whose name can be replaced; none where there is no place.
    pub fn safe_to_rename(self) -> Option<f64> {
        let safe = self.plain_calls + self.unpacking_calls + self.values;
        share(safe, self.strings)
    }

    /// Of all places, the share whose arguments can be changed; none where there is no place.
    pub fn safe_to_change_arguments(self) -> Option<f64> {
        share(self.plain_calls, self.unpacking_calls + self.values + self.strings)
    }

    /// The places of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            plain_calls: self.plain_calls + other.plain_calls,
            unpacking_calls: self.unpacking_calls + other.unpacking_calls,
            values: self.values + other.values,
            strings: self.strings + other.strings,
        }
    }
}

fn share(safe: u32, unsafe_: u32) -> Option<f64> {
    let all = safe + unsafe_;
    (all > 0).then(|| f64::from(safe) / f64::from(all))
}

/// How the definition at these bytes of a file reaches a name, by its last part alone.
pub fn call_sites(text: &str, bytes: Range<u32>, leaf: &str) -> CallSites {
    let mut seen = Seen { leaf, sites: CallSites::default() };
    if let Some((file, _)) = definition(text, bytes) {
        seen.visit_body(&file.syntax().body);
    }
    seen.sites
}

struct Seen<'a> {
    leaf: &'a str,
    sites: CallSites,
}

impl Seen<'_> {
    fn is_named(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Name(name) => name.id.as_str() == self.leaf,
            Expr::Attribute(attribute) => attribute.attr.as_str() == self.leaf,
            _ => false,
        }
    }

    fn call(&mut self, call: &ExprCall) {
        let arguments = &call.arguments;
        let unpacks = arguments.args.iter().any(Expr::is_starred_expr)
            || arguments.keywords.iter().any(|keyword| keyword.arg.is_none());
        let count =
            if unpacks { &mut self.sites.unpacking_calls } else { &mut self.sites.plain_calls };
        *count += 1;
    }
}

impl<'a> Visitor<'a> for Seen<'_> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Call(call) if self.is_named(&call.func) => {
                self.call(call);
                if let Expr::Attribute(attribute) = &*call.func {
                    self.visit_expr(&attribute.value);
                }
                self.visit_arguments(&call.arguments);
                return;
            }
            Expr::StringLiteral(string) if string.value.to_str() == self.leaf => {
                self.sites.strings += 1;
            }
            expression if self.is_named(expression) => self.sites.values += 1,
            _ => {}
        }
        walk_expr(self, expression);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_apart_by_what_can_be_seen_of_them() {
        let text = "class Box:\n    def use(self, rows, **options):\n        area(rows, unit=1)\n\
                    \x20       lib.area(*rows)\n        area(rows, **options)\n\
                    \x20       getattr(lib, 'area')(area)\n        lib.areas(area(1).area)\n";
        let start = text.find("def use").expect("there") as u32;
        let sites = call_sites(text, start..text.len() as u32, "area");
        let expected = CallSites { plain_calls: 2, unpacking_calls: 2, values: 2, strings: 1 };
        assert_eq!(sites, expected);
        assert_eq!(sites.safe_to_change_arguments(), Some(2.0 / 7.0));
        assert_eq!(sites.safe_to_rename(), Some(6.0 / 7.0));
        assert_eq!(CallSites::default().safe_to_rename(), None);
    }
}
