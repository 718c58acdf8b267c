//! `try`: which failures it catches, and what that says about the code inside.

use ruff_python_ast::visitor::Visitor as _;
use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::{Ranged as _, TextRange};

use super::scope::BindingKind;
use super::walk::{Choice, ChoiceKind, Walker, span};

impl Walker<'_> {
    /// Visits a `try` with what holds in each of its parts.
    pub(super) fn attempt(&mut self, statement: &ast::StmtTry) {
        let outer = self.conditions;
        let caught: Vec<Caught> = statement.handlers.iter().map(caught).collect();
        self.conditions.import_guard |= caught.iter().any(|caught| caught.import);
        if let (Some(first), Some(last), Some(body_end)) =
            (statement.handlers.first(), statement.handlers.last(), statement.body.last())
        {
            let body = span(TextRange::new(statement.start(), body_end.end()));
            let handlers = span(TextRange::new(first.start(), last.end()));
            let whole = body.cover(handlers);
            if caught.iter().any(|caught| caught.import) {
                let kind = ChoiceKind::Import { body, handlers };
                self.found.choices.push(Choice { whole, kind });
            }
            if caught.iter().any(|caught| caught.attribute) && statement.body.len() <= 2 {
                let kind = ChoiceKind::Attribute { body, handlers };
                self.found.choices.push(Choice { whole, kind });
            }
        }
        let first_import = self.found.imports.len();
        self.conditions.attribute_guard |= caught.iter().any(|caught| caught.missing);
        self.statements(&statement.body, None);
        let tried = self.found.imports.iter().skip(first_import);
        let is_ours = tried
            .filter_map(|import| import.target.as_ref())
            .any(|target| self.options.is_core(target));
        let in_handler = self.in_handler;
        self.in_handler |= is_ours && caught.iter().any(|caught| caught.import);
        for handler in &statement.handlers {
            let ast::ExceptHandler::ExceptHandler(handler) = handler;
            if let Some(class) = &handler.type_ {
                self.visit_expr(class);
            }
            if let Some(name) = &handler.name {
                let at = span(name.range());
                self.bind(&name.id, BindingKind::Other, at, at.end);
            }
            let outer = self.conditions;
            self.conditions.attribute_guard |= self.in_handler;
            self.statements(&handler.body, None);
            self.conditions = outer;
        }
        self.in_handler = in_handler;
        self.conditions.attribute_guard = outer.attribute_guard;
        self.statements(&statement.orelse, None);
        self.conditions = outer;
        self.statements(&statement.finalbody, None);
    }
}

/// What a handler catches.
#[derive(Debug, Clone, Copy, Default)]
struct Caught {
    import: bool,
    /// By a name for it.
    attribute: bool,
    /// A missing attribute, under whatever name.
    missing: bool,
}

fn caught(handler: &ast::ExceptHandler) -> Caught {
    let ast::ExceptHandler::ExceptHandler(handler) = handler;
    let Some(class) = handler.type_.as_deref() else {
        return Caught { import: true, attribute: false, missing: true };
    };
    let classes = match class {
        Expr::Tuple(tuple) => tuple.elts.iter().collect(),
        one => vec![one],
    };
    let mut caught = Caught::default();
    for class in classes {
        if let Expr::Name(name) = class {
            match name.id.as_str() {
                "ImportError" | "ModuleNotFoundError" => caught.import = true,
                "Exception" | "BaseException" => {
                    caught.import = true;
                    caught.missing = true;
                }
                "AttributeError" => {
                    caught.attribute = true;
                    caught.missing = true;
                }
                "NameError" | "TypeError" => caught.attribute = true,
                _ => {}
            }
        }
    }
    caught
}
