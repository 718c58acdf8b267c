//! Bodies that do nothing but hand on, read argument by argument.
//!
//! A body is read only where it can do nothing else: documentation, warnings and imports, names for
//! values that are written once, and one call or attribute at the end. Everything else has no fact.

use code_model::forward::{
    Forward, ForwardHolder, ForwardedArgument, ForwardedForm, ForwardedPart,
};
use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};
use rustc_hash::FxHashMap;

use super::ReferenceIndex;
use super::forwarding::{Callable, is_preamble};
use super::notices::{leaf_of, speaks_of_replacement};
use super::shape::{Shaper, root_of};

/// Longer calls are no mere handing on.
const LONGEST: u32 = 400;

type Parts = Vec<ForwardedPart<ReferenceIndex>>;

/// What a body hands on to, with the expression that does it.
pub(super) fn of_body<'a>(
    shaper: &mut Shaper<'a, '_>,
    callable: &Callable<'a>,
) -> Option<(Forward<ReferenceIndex>, TextRange)> {
    let function = callable.function;
    let is_candidate = !function.name.starts_with('_')
        && !callable.is_property
        && function.decorator_list.iter().all(|decorator| keeps_calls(&decorator.expression));
    if !is_candidate {
        return None;
    }
    let mut reader = Reader::new(shaper, callable);
    let (last, before) = function.body.split_last()?;
    for (number, statement) in before.iter().enumerate() {
        let is_last = number + 1 == before.len();
        if is_last && let Some(value) = given_back(statement, last) {
            return reader.handed_on(value, true);
        }
        reader.step(statement)?;
    }
    match last {
        Stmt::Return(returned) => reader.handed_on(returned.value.as_deref()?, true),
        Stmt::Expr(expression) if !is_preamble(last) => reader.handed_on(&expression.value, false),
        _ => None,
    }
}

/// The value of `name = value` where `return name` follows.
fn given_back<'a>(statement: &'a Stmt, last: &Stmt) -> Option<&'a Expr> {
    let (Stmt::Assign(assign), Stmt::Return(returned)) = (statement, last) else { return None };
    let [Expr::Name(target)] = &*assign.targets else { return None };
    let name = returned.value.as_deref()?.as_name_expr()?;
    (name.id == target.id && !is_simple(&assign.value)).then_some(&*assign.value)
}

fn is_simple(value: &Expr) -> bool {
    !matches!(value, Expr::Call(_) | Expr::Await(_) | Expr::Attribute(_))
}

/// Whether a decorator leaves the meaning of a call as the body has it.
fn keeps_calls(decorator: &Expr) -> bool {
    let leaf = leaf_of(decorator);
    let lower = leaf.to_ascii_lowercase();
    matches!(leaf, "staticmethod" | "classmethod" | "final" | "override")
        || speaks_of_replacement(leaf) && !super::notices::is_about_parameters(&lower)
}

struct Reader<'s, 'a, 'i> {
    shaper: &'s mut Shaper<'a, 'i>,
    function: &'a ast::StmtFunctionDef,
    class: Option<&'s str>,
    is_deprecated: bool,
    /// The first parameter of a method.
    receiver: Option<&'a str>,
    /// Names that the body gives to values; none where the value cannot stand elsewhere.
    named: FxHashMap<&'a str, Option<Parts>>,
}

impl<'s, 'a, 'i> Reader<'s, 'a, 'i> {
    fn new(shaper: &'s mut Shaper<'a, 'i>, callable: &'s Callable<'a>) -> Self {
        let function = callable.function;
        let is_static =
            function.decorator_list.iter().any(|it| leaf_of(&it.expression) == "staticmethod");
        let first = function.parameters.posonlyargs.first().or(function.parameters.args.first());
        let receiver = first
            .filter(|_| callable.class.is_some() && !is_static)
            .map(|first| first.parameter.name.as_str());
        Self {
            shaper,
            function,
            class: callable.class.as_deref(),
            is_deprecated: callable.is_deprecated,
            receiver,
            named: FxHashMap::default(),
        }
    }

    /// Reads a statement before the last; none where it does something.
    fn step(&mut self, statement: &'a Stmt) -> Option<()> {
        match statement {
            Stmt::Assign(assign) => {
                let [Expr::Name(target)] = &*assign.targets else { return None };
                let name = target.id.as_str();
                if self.is_parameter(name) || self.named.contains_key(name) {
                    return None;
                }
                let value = self.value(&assign.value);
                if value.is_none() && !is_preamble(statement) {
                    return None;
                }
                self.named.insert(name, value);
                Some(())
            }
            Stmt::If(branch) => {
                let warns = |body: &[Stmt]| body.iter().all(is_preamble) && !body.is_empty();
                let only_warns = warns(&branch.body)
                    && branch.elif_else_clauses.iter().all(|clause| warns(&clause.body))
                    && has_no_effect(&branch.test)
                    && !branch.body.iter().any(Stmt::is_assign_stmt);
                only_warns.then_some(())
            }
            // What a module-wide name is bound to may be what the body is for.
            Stmt::Global(_) => None,
            other => is_preamble(other).then_some(()),
        }
    }

    fn is_parameter(&self, name: &str) -> bool {
        self.function.parameters.iter().any(|parameter| parameter.name().as_str() == name)
    }

    /// The forward that an expression at the end of a body is.
    fn handed_on(
        &mut self,
        value: &'a Expr,
        is_returned: bool,
    ) -> Option<(Forward<ReferenceIndex>, TextRange)> {
        let range = value.range();
        if u32::from(range.len()) > LONGEST {
            return None;
        }
        let (value, is_awaited) = match value {
            Expr::Await(awaited) => (&*awaited.value, true),
            other => (other, false),
        };
        let (target, arguments) = match value {
            Expr::Call(call) => {
                let mut arguments = Vec::new();
                for argument in call.arguments.iter_source_order() {
                    arguments.push(self.argument(argument)?);
                }
                (&*call.func, Some(arguments))
            }
            Expr::Attribute(_) => (value, None),
            _ => return None,
        };
        let (target, holder) = self.target(target)?;
        // A plain name that is given back is a value of the module and no member.
        if arguments.is_none() && holder == ForwardHolder::None {
            return None;
        }
        let is_deprecated = self.is_deprecated;
        let forward = Forward { target, holder, arguments, is_awaited, is_returned, is_deprecated };
        Some((forward, range))
    }

    fn target(&mut self, target: &'a Expr) -> Option<(ReferenceIndex, ForwardHolder)> {
        let (root, member) = match target {
            Expr::Name(name) => (name.id.as_str(), None),
            Expr::Attribute(attribute) => {
                let (root, length) = root_of(attribute)?;
                (root, (length == 2).then_some(attribute.attr.as_str()))
            }
            _ => return None,
        };
        if self.receiver == Some(root) {
            let path = format!("{}.{}", self.class?, member?);
            return Some((self.shaper.local_reference(&path), ForwardHolder::Receiver));
        }
        if self.is_parameter(root) {
            let parameter =
                self.function.parameters.iter().find(|it| it.name().as_str() == root)?;
            let plain = !parameter.is_variadic();
            let annotation = parameter.annotation().filter(|_| plain)?;
            let class = self.shaper.reference_in_function(self.function, annotation)?;
            let reference = self.shaper.interner().member(class, member?)?;
            return Some((reference, ForwardHolder::Parameter(root.into())));
        }
        if self.named.contains_key(root) {
            return None;
        }
        let reference = self.shaper.reference_in_function(self.function, target)?;
        Some((reference, ForwardHolder::None))
    }

    fn argument(
        &mut self,
        argument: ast::ArgOrKeyword<'a>,
    ) -> Option<ForwardedArgument<ReferenceIndex>> {
        let parameters = &self.function.parameters;
        let rest = |value: &Expr, rest: Option<&ast::Parameter>| -> Option<Parts> {
            let name = value.as_name_expr()?.id.as_str();
            let rest = rest.filter(|rest| rest.name.as_str() == name)?;
            Some(vec![ForwardedPart::Parameter(rest.name.as_str().into())])
        };
        let (form, value) = match argument {
            ast::ArgOrKeyword::Arg(Expr::Starred(starred)) => {
                (ForwardedForm::Starred, rest(&starred.value, parameters.vararg.as_deref())?)
            }
            ast::ArgOrKeyword::Arg(value) => (ForwardedForm::Positional, self.value(value)?),
            ast::ArgOrKeyword::Keyword(keyword) => match &keyword.arg {
                Some(name) => {
                    (ForwardedForm::Keyword(name.as_str().into()), self.value(&keyword.value)?)
                }
                None => (
                    ForwardedForm::DoubleStarred,
                    rest(&keyword.value, parameters.kwarg.as_deref())?,
                ),
            },
        };
        Some(ForwardedArgument { form, value })
    }

    /// A value in parts, where evaluating it at the place of a call means the same.
    fn value(&mut self, value: &'a Expr) -> Option<Parts> {
        if let Expr::Name(name) = value
            && let Some(known) = self.named.get(name.id.as_str())
        {
            return known.clone();
        }
        let whole = value.range();
        if self.shaper.text_of_range(whole).contains(['\n', '\r']) {
            return None;
        }
        let mut names = Vec::new();
        self.names_in(value, &mut names, 0)?;
        let mut parts = Parts::new();
        let mut offset = whole.start();
        for (range, part) in names {
            // What the parser makes of broken code may overlap.
            if range.start() < offset || range.end() > whole.end() {
                return None;
            }
            let before = self.shaper.text_of_range(TextRange::new(offset, range.start()));
            if !before.is_empty() {
                parts.push(ForwardedPart::Text(before.into()));
            }
            parts.push(part);
            offset = range.end();
        }
        let rest = self.shaper.text_of_range(TextRange::new(offset, whole.end()));
        if !rest.is_empty() {
            parts.push(ForwardedPart::Text(rest.into()));
        }
        Some(parts)
    }

    /// The names of a value in the order of the text; none where it holds more than names,
    /// literals, displays and operators that evaluate all of their operands.
    fn names_in(
        &mut self,
        value: &'a Expr,
        names: &mut Vec<(TextRange, ForwardedPart<ReferenceIndex>)>,
        depth: u32,
    ) -> Option<()> {
        if depth > 6 {
            return None;
        }
        let mut all = |reader: &mut Self, values: &mut dyn Iterator<Item = &'a Expr>| {
            for value in values {
                reader.names_in(value, names, depth + 1)?;
            }
            Some(())
        };
        match value {
            Expr::StringLiteral(_) => {
                let text = self.shaper.text_of_range(value.range());
                let is_plain = text.starts_with(['"', '\''])
                    && !text.contains(['\\', '{'])
                    && !text.starts_with("\"\"\"")
                    && !text.starts_with("'''");
                is_plain.then_some(())
            }
            Expr::NumberLiteral(_) | Expr::BooleanLiteral(_) | Expr::NoneLiteral(_) => Some(()),
            Expr::Tuple(tuple) if tuple.parenthesized => all(self, &mut tuple.elts.iter()),
            Expr::List(list) => all(self, &mut list.elts.iter()),
            Expr::Dict(table) => {
                for item in &table.items {
                    all(self, &mut item.key.iter())?;
                    item.key.as_ref()?;
                    all(self, &mut std::iter::once(&item.value))?;
                }
                Some(())
            }
            Expr::UnaryOp(operation) => all(self, &mut std::iter::once(&*operation.operand)),
            Expr::BinOp(operation) => {
                all(self, &mut [&*operation.left, &*operation.right].into_iter())
            }
            Expr::Name(_) | Expr::Attribute(_) => {
                names.push((value.range(), self.name(value)?));
                Some(())
            }
            _ => None,
        }
    }

    fn name(&mut self, value: &'a Expr) -> Option<ForwardedPart<ReferenceIndex>> {
        let root = match value {
            Expr::Name(name) => name.id.as_str(),
            Expr::Attribute(attribute) => root_of(attribute)?.0,
            _ => return None,
        };
        if self.named.contains_key(root) || self.receiver == Some(root) {
            return None;
        }
        if self.is_parameter(root) {
            let parameter =
                self.function.parameters.iter().find(|it| it.name().as_str() == root)?;
            let is_plain = value.is_name_expr() && !parameter.is_variadic();
            return is_plain.then(|| ForwardedPart::Parameter(root.into()));
        }
        let reference = self.shaper.reference_in_function(self.function, value)?;
        Some(ForwardedPart::Name(reference))
    }
}

/// Whether a test only looks at names and literals.
fn has_no_effect(test: &Expr) -> bool {
    match test {
        Expr::Compare(comparison) => {
            has_no_effect(&comparison.left) && comparison.comparators.iter().all(has_no_effect)
        }
        Expr::BoolOp(operation) => operation.values.iter().all(has_no_effect),
        Expr::UnaryOp(operation) => has_no_effect(&operation.operand),
        Expr::Name(_)
        | Expr::Attribute(_)
        | Expr::StringLiteral(_)
        | Expr::NumberLiteral(_)
        | Expr::BooleanLiteral(_)
        | Expr::NoneLiteral(_) => true,
        _ => false,
    }
}
