//! How much of a value a stub shows: enough to tell what it is.

use ruff_python_ast::visitor::source_order::{SourceOrderVisitor, TraversalSignal};
use ruff_python_ast::{AnyNodeRef, Expr};

use super::Writer;

/// The longest value that is written as it is.
pub(super) const LONGEST_VALUE: usize = 200;

/// The longest default of a parameter that is written as it is.
const LONGEST_DEFAULT: usize = 80;

/// The longest call that makes a class, such as `namedtuple("Point", "x y")`.
pub(super) const LONGEST_NAMED_CALL: usize = 4096;

/// Calls whose arguments say what the result is.
const MAKES_A_TYPE: [&str; 11] = [
    "NamedTuple",
    "namedtuple",
    "TypedDict",
    "NewType",
    "TypeVar",
    "ParamSpec",
    "TypeVarTuple",
    "Enum",
    "IntEnum",
    "Flag",
    "type",
];

impl Writer<'_> {
    /// A value as written when it is short and no body hides in it, otherwise as much as tells its
    /// type.
    pub(super) fn value_text(&self, value: &Expr, longest: usize) -> String {
        let text = self.text(value);
        if text.len() <= longest && holds_no_body(value) {
            return text.to_owned();
        }
        match value {
            Expr::Call(call) if names_a_callable(&call.func) => {
                let callee = self.text(&*call.func);
                let leaf = callee.rsplit('.').next().unwrap_or(callee);
                if MAKES_A_TYPE.contains(&leaf)
                    && text.len() <= LONGEST_NAMED_CALL
                    && holds_no_body(value)
                {
                    return text.to_owned();
                }
                format!("{callee}(...)")
            }
            Expr::Dict(_) | Expr::DictComp(_) => "{}".to_owned(),
            Expr::List(_) | Expr::ListComp(_) => "[]".to_owned(),
            Expr::Set(_) | Expr::SetComp(_) => "set()".to_owned(),
            Expr::Tuple(_) => "()".to_owned(),
            Expr::StringLiteral(_) | Expr::FString(_) => "\"\"".to_owned(),
            Expr::BytesLiteral(_) => "b\"\"".to_owned(),
            _ => "...".to_owned(),
        }
    }

    pub(super) fn default_text(&self, default: &Expr) -> String {
        let text = self.text(default);
        if text.len() <= LONGEST_DEFAULT && holds_no_body(default) {
            text.to_owned()
        } else {
            "...".to_owned()
        }
    }

    /// `target = value`, or a declaration when the value is nothing that a stub can show.
    pub(super) fn assignment(&self, target: &str, value: &Expr) -> String {
        match self.value_text(value, LONGEST_VALUE).as_str() {
            "..." if !value.is_ellipsis_literal_expr() => format!("{target}: Incomplete"),
            text => format!("{target} = {text}"),
        }
    }
}

fn names_a_callable(callee: &Expr) -> bool {
    match callee {
        Expr::Name(_) => true,
        Expr::Attribute(attribute) => names_a_callable(&attribute.value),
        _ => false,
    }
}

/// Whether no lambda, comprehension or awaiting stands in an expression.
fn holds_no_body(value: &Expr) -> bool {
    struct Bodies(bool);
    impl<'a> SourceOrderVisitor<'a> for Bodies {
        fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
            self.0 |= matches!(
                node,
                AnyNodeRef::ExprLambda(_)
                    | AnyNodeRef::ExprListComp(_)
                    | AnyNodeRef::ExprSetComp(_)
                    | AnyNodeRef::ExprDictComp(_)
                    | AnyNodeRef::ExprGenerator(_)
                    | AnyNodeRef::ExprAwait(_)
                    | AnyNodeRef::ExprYield(_)
                    | AnyNodeRef::ExprYieldFrom(_)
            );
            if self.0 { TraversalSignal::Skip } else { TraversalSignal::Traverse }
        }
    }
    if matches!(value, Expr::Name(_) | Expr::NumberLiteral(_) | Expr::StringLiteral(_)) {
        return true;
    }
    let mut bodies = Bodies(false);
    bodies.visit_expr(value);
    !bodies.0
}
