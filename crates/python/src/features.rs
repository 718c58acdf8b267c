//! Structural features of a definition, by which two definitions are compared.
//!
//! The list is the one that Python's own `ast.walk` gives: node types breadth first, with the names
//! of variables, definitions and parameters. Children come in the order of CPython's fields.

use std::collections::VecDeque;
use std::hash::{Hash as _, Hasher as _};
use std::ops::Range;

use ruff_python_ast::{
    Arguments, Comprehension, Decorator, ElifElseClause, ExceptHandler, Expr, ExprContext,
    FStringPart, InterpolatedElement, InterpolatedStringElement, Keyword, MatchCase, Parameter,
    Parameters, Pattern, PySourceType, Stmt, TypeParam, WithItem,
};
use rustc_hash::FxHasher;

use crate::parse::{ParsedFile, SourceEncoding, SourceText};

/// Definitions with more features than this are compared by their first ones.
const FEATURES_LIMIT: usize = 20_000;

/// The features of the definition at these bytes of a file, in order; empty when it does not parse.
pub fn feature_names(text: &str, bytes: Range<u32>) -> Vec<String> {
    let mut names = Vec::new();
    walk(text, bytes, &mut |kind, name| names.push(format!("{kind}:{name}")));
    names
}

/// The same features as hashes, which are as good for comparison and much smaller.
pub fn feature_hashes(text: &str, bytes: Range<u32>) -> Vec<u64> {
    let mut hashes = Vec::new();
    walk(text, bytes, &mut |kind, name| {
        let mut hasher = FxHasher::default();
        kind.hash(&mut hasher);
        name.hash(&mut hasher);
        hashes.push(hasher.finish());
    });
    hashes
}

/// Whether the function or class at these bytes of a file leaves it to others what it does: its
/// body is a docstring, `...`, `pass` or `raise NotImplementedError`.
pub fn does_nothing(text: &str, bytes: Range<u32>) -> bool {
    let Some((file, indented)) = definition(text, bytes) else { return false };
    let body = match root(&file, indented) {
        Some(Stmt::FunctionDef(function)) => &function.body,
        Some(Stmt::ClassDef(class)) => &class.body,
        _ => return false,
    };
    body.iter().all(|statement| match statement {
        Stmt::Pass(_) => true,
        Stmt::Expr(expression) => {
            matches!(&*expression.value, Expr::StringLiteral(_) | Expr::EllipsisLiteral(_))
        }
        Stmt::Raise(raised) => {
            let raised = raised.exc.as_deref();
            let name = match raised {
                Some(Expr::Call(call)) => Some(&*call.func),
                other => other,
            };
            name.and_then(Expr::as_name_expr)
                .is_some_and(|name| name.id.as_str() == "NotImplementedError")
        }
        _ => false,
    })
}

/// 1 − edit distance / larger size; 0 when either list is empty.
pub fn feature_similarity(a: &[u64], b: &[u64]) -> f64 {
    let size = a.len().max(b.len());
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let distance = rapidfuzz::distance::levenshtein::distance(a.iter().copied(), b.iter().copied());
    1.0 - distance as f64 / size as f64
}

/// The definition at these bytes as a file of its own, and whether it stands below a block there.
pub(crate) fn definition(text: &str, bytes: Range<u32>) -> Option<(ParsedFile, bool)> {
    let (start, end) = (bytes.start as usize, bytes.end as usize);
    let definition = text.get(start..end)?;
    // A definition inside a class is indented after its first line: it is parsed below a block of
    // its own.
    let line_start = text[..start].rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
    let indentation = &text[line_start..start];
    let indented = !indentation.is_empty() && indentation.chars().all(|c| matches!(c, ' ' | '\t'));
    let fragment = if indented {
        format!("if 1:\n{indentation}{definition}\n")
    } else {
        format!("{definition}\n")
    };
    let source =
        SourceText { text: fragment, encoding: SourceEncoding::Utf8, has_byte_order_mark: false };
    let file = ParsedFile::of_source(source, PySourceType::Python).ok()?;
    file.parsed().errors().is_empty().then_some((file, indented))
}

/// The definition in a file of its own.
fn root(file: &ParsedFile, indented: bool) -> Option<&Stmt> {
    match file.syntax().body.first() {
        Some(Stmt::If(block)) if indented => block.body.first(),
        first => first,
    }
}

fn walk(text: &str, bytes: Range<u32>, emit: &mut dyn FnMut(&'static str, &str)) {
    let Some((file, indented)) = definition(text, bytes) else { return };
    let root = root(&file, indented);
    let mut queue: VecDeque<Item<'_>> = root.map(Item::Stmt).into_iter().collect();
    let mut budget = FEATURES_LIMIT;
    while let Some(item) = queue.pop_front() {
        if budget == 0 {
            break;
        }
        budget -= 1;
        emit("type", item.type_name());
        item.names(emit);
        item.children(&mut queue);
    }
}

/// A node as CPython has it; some of CPython's nodes are no nodes of their own here.
#[derive(Clone, Copy)]
#[expect(clippy::enum_variant_names, reason = "one node is called an item by the language")]
enum Item<'a> {
    Stmt(&'a Stmt),
    /// What follows an `if`: another `if` in CPython.
    Elif(&'a [ElifElseClause]),
    Expr(&'a Expr),
    Parameters(Option<&'a Parameters>),
    Parameter(&'a Parameter),
    Keyword(&'a Keyword),
    WithItem(&'a WithItem),
    Handler(&'a ExceptHandler),
    Case(&'a MatchCase),
    Pattern(&'a Pattern),
    Comprehension(&'a Comprehension),
    TypeParameter(&'a TypeParam),
    Interpolation(&'a InterpolatedElement),
    /// The format specification of an interpolation.
    Joined(&'a [InterpolatedStringElement]),
    /// A node without children: contexts, operators, constants.
    Leaf(&'static str),
}

type Queue<'a> = VecDeque<Item<'a>>;

fn context(context: ExprContext) -> Item<'static> {
    Item::Leaf(match context {
        ExprContext::Store => "Store",
        ExprContext::Del => "Del",
        ExprContext::Load | ExprContext::Invalid => "Load",
    })
}

fn statements<'a>(body: impl IntoIterator<Item = &'a Stmt>, queue: &mut Queue<'a>) {
    queue.extend(body.into_iter().map(Item::Stmt));
}

fn expressions<'a>(list: impl IntoIterator<Item = &'a Expr>, queue: &mut Queue<'a>) {
    queue.extend(list.into_iter().map(Item::Expr));
}

fn optional<'a>(expression: Option<&'a Expr>, queue: &mut Queue<'a>) {
    queue.extend(expression.map(Item::Expr));
}

fn decorators<'a>(list: &'a [Decorator], queue: &mut Queue<'a>) {
    queue.extend(list.iter().map(|decorator| Item::Expr(&decorator.expression)));
}

fn call<'a>(arguments: &'a Arguments, queue: &mut Queue<'a>) {
    expressions(&arguments.args, queue);
    queue.extend(arguments.keywords.iter().map(Item::Keyword));
}

/// A part of a formatted string: a literal that is or is not empty, or an interpolation.
enum Part<'a> {
    Literal(bool),
    Interpolation(&'a InterpolatedElement),
}

fn parts(elements: &[InterpolatedStringElement]) -> impl Iterator<Item = Part<'_>> {
    elements.iter().map(|element| match element {
        InterpolatedStringElement::Literal(literal) => Part::Literal(literal.value.is_empty()),
        InterpolatedStringElement::Interpolation(element) => Part::Interpolation(element),
    })
}

/// CPython merges neighbouring literal parts into one constant and leaves empty ones out.
fn joined<'a>(parts: impl Iterator<Item = Part<'a>>, queue: &mut Queue<'a>) {
    let mut in_constant = false;
    for part in parts {
        let (constant, element) = match part {
            Part::Literal(is_empty) => (!is_empty, None),
            // `{x=}` also says its own text.
            Part::Interpolation(element) => (element.debug_text.is_some(), Some(element)),
        };
        if constant && !in_constant {
            queue.push_back(Item::Leaf("Constant"));
            in_constant = true;
        }
        if let Some(element) = element {
            queue.push_back(Item::Interpolation(element));
            in_constant = false;
        }
    }
}

impl<'a> Item<'a> {
    fn type_name(self) -> &'static str {
        match self {
            Self::Stmt(statement) => statement_type(statement),
            Self::Elif(_) => "If",
            Self::Expr(expression) => expression_type(expression),
            Self::Parameters(_) => "arguments",
            Self::Parameter(_) => "arg",
            Self::Keyword(_) => "keyword",
            Self::WithItem(_) => "withitem",
            Self::Handler(_) => "ExceptHandler",
            Self::Case(_) => "match_case",
            Self::Pattern(pattern) => pattern_type(pattern),
            Self::Comprehension(_) => "comprehension",
            Self::TypeParameter(TypeParam::TypeVar(_)) => "TypeVar",
            Self::TypeParameter(TypeParam::TypeVarTuple(_)) => "TypeVarTuple",
            Self::TypeParameter(TypeParam::ParamSpec(_)) => "ParamSpec",
            Self::Interpolation(_) => "FormattedValue",
            Self::Joined(_) => "JoinedStr",
            Self::Leaf(name) => name,
        }
    }

    fn names(self, emit: &mut dyn FnMut(&'static str, &str)) {
        match self {
            Self::Expr(Expr::Name(name)) => emit("name", &name.id),
            Self::Stmt(Stmt::ClassDef(class)) => emit("def", &class.name),
            Self::Stmt(Stmt::FunctionDef(function)) if !function.is_async => {
                emit("def", &function.name);
                for parameter in &function.parameters.args {
                    emit("param", &parameter.parameter.name);
                }
            }
            _ => {}
        }
    }

    fn children(self, queue: &mut Queue<'a>) {
        match self {
            Self::Stmt(statement) => statement_children(statement, queue),
            Self::Elif(clauses) => elif_children(clauses, queue),
            Self::Expr(expression) => expression_children(expression, queue),
            Self::Parameters(Some(parameters)) => parameter_children(parameters, queue),
            Self::Parameter(parameter) => optional(parameter.annotation.as_deref(), queue),
            Self::Keyword(keyword) => queue.push_back(Self::Expr(&keyword.value)),
            Self::WithItem(item) => {
                queue.push_back(Self::Expr(&item.context_expr));
                optional(item.optional_vars.as_deref(), queue);
            }
            Self::Handler(ExceptHandler::ExceptHandler(handler)) => {
                optional(handler.type_.as_deref(), queue);
                statements(&handler.body, queue);
            }
            Self::Case(case) => {
                queue.push_back(Self::Pattern(&case.pattern));
                optional(case.guard.as_deref(), queue);
                statements(&case.body, queue);
            }
            Self::Pattern(pattern) => pattern_children(pattern, queue),
            Self::Comprehension(part) => {
                queue.extend([Self::Expr(&part.target), Self::Expr(&part.iter)]);
                expressions(&part.ifs, queue);
            }
            Self::TypeParameter(TypeParam::TypeVar(variable)) => {
                optional(variable.bound.as_deref(), queue);
            }
            Self::Interpolation(element) => {
                queue.push_back(Self::Expr(&element.expression));
                let format = element.format_spec.as_ref();
                queue.extend(format.map(|format| Self::Joined(&format.elements)));
            }
            Self::Joined(elements) => joined(parts(elements), queue),
            Self::Leaf(_) | Self::Parameters(None) | Self::TypeParameter(_) => {}
        }
    }
}

fn statement_type(statement: &Stmt) -> &'static str {
    match statement {
        Stmt::FunctionDef(function) if function.is_async => "AsyncFunctionDef",
        Stmt::FunctionDef(_) => "FunctionDef",
        Stmt::ClassDef(_) => "ClassDef",
        Stmt::Return(_) => "Return",
        Stmt::Delete(_) => "Delete",
        Stmt::TypeAlias(_) => "TypeAlias",
        Stmt::Assign(_) => "Assign",
        Stmt::AugAssign(_) => "AugAssign",
        Stmt::AnnAssign(_) => "AnnAssign",
        Stmt::For(each) if each.is_async => "AsyncFor",
        Stmt::For(_) => "For",
        Stmt::While(_) => "While",
        Stmt::If(_) => "If",
        Stmt::With(with) if with.is_async => "AsyncWith",
        Stmt::With(_) => "With",
        Stmt::Match(_) => "Match",
        Stmt::Raise(_) => "Raise",
        Stmt::Try(attempt) if attempt.is_star => "TryStar",
        Stmt::Try(_) => "Try",
        Stmt::Assert(_) => "Assert",
        Stmt::Import(_) => "Import",
        Stmt::ImportFrom(_) => "ImportFrom",
        Stmt::Global(_) => "Global",
        Stmt::Nonlocal(_) => "Nonlocal",
        Stmt::Expr(_) => "Expr",
        Stmt::Pass(_) => "Pass",
        Stmt::Break(_) => "Break",
        Stmt::Continue(_) => "Continue",
        Stmt::IpyEscapeCommand(_) => "IpyEscapeCommand",
    }
}

fn statement_children<'a>(statement: &'a Stmt, queue: &mut Queue<'a>) {
    match statement {
        Stmt::FunctionDef(function) => {
            queue.push_back(Item::Parameters(Some(&function.parameters)));
            statements(&function.body, queue);
            decorators(&function.decorator_list, queue);
            optional(function.returns.as_deref(), queue);
            let types = function.type_params.iter().flat_map(|types| &types.type_params);
            queue.extend(types.map(Item::TypeParameter));
        }
        Stmt::ClassDef(class) => {
            if let Some(arguments) = &class.arguments {
                call(arguments, queue);
            }
            statements(&class.body, queue);
            decorators(&class.decorator_list, queue);
            let types = class.type_params.iter().flat_map(|types| &types.type_params);
            queue.extend(types.map(Item::TypeParameter));
        }
        Stmt::Return(part) => optional(part.value.as_deref(), queue),
        Stmt::Delete(part) => expressions(&part.targets, queue),
        Stmt::TypeAlias(part) => {
            queue.push_back(Item::Expr(&part.name));
            let types = part.type_params.iter().flat_map(|types| &types.type_params);
            queue.extend(types.map(Item::TypeParameter));
            queue.push_back(Item::Expr(&part.value));
        }
        Stmt::Assign(part) => {
            expressions(&part.targets, queue);
            queue.push_back(Item::Expr(&part.value));
        }
        Stmt::AugAssign(part) => queue.extend([
            Item::Expr(&part.target),
            Item::Leaf(operator_type(part.op)),
            Item::Expr(&part.value),
        ]),
        Stmt::AnnAssign(part) => {
            queue.extend([Item::Expr(&part.target), Item::Expr(&part.annotation)]);
            optional(part.value.as_deref(), queue);
        }
        Stmt::Import(part) => queue.extend(part.names.iter().map(|_| Item::Leaf("alias"))),
        Stmt::ImportFrom(part) => queue.extend(part.names.iter().map(|_| Item::Leaf("alias"))),
        Stmt::Expr(part) => queue.push_back(Item::Expr(&part.value)),
        Stmt::Raise(part) => {
            optional(part.exc.as_deref(), queue);
            optional(part.cause.as_deref(), queue);
        }
        Stmt::Assert(part) => {
            queue.push_back(Item::Expr(&part.test));
            optional(part.msg.as_deref(), queue);
        }
        compound => block_children(compound, queue),
    }
}

fn block_children<'a>(statement: &'a Stmt, queue: &mut Queue<'a>) {
    match statement {
        Stmt::For(part) => {
            queue.extend([Item::Expr(&part.target), Item::Expr(&part.iter)]);
            statements(part.body.iter().chain(&part.orelse), queue);
        }
        Stmt::While(part) => {
            queue.push_back(Item::Expr(&part.test));
            statements(part.body.iter().chain(&part.orelse), queue);
        }
        Stmt::If(part) => {
            queue.push_back(Item::Expr(&part.test));
            statements(&part.body, queue);
            otherwise(&part.elif_else_clauses, queue);
        }
        Stmt::With(part) => {
            queue.extend(part.items.iter().map(Item::WithItem));
            statements(&part.body, queue);
        }
        Stmt::Match(part) => {
            queue.push_back(Item::Expr(&part.subject));
            queue.extend(part.cases.iter().map(Item::Case));
        }
        Stmt::Try(part) => {
            statements(&part.body, queue);
            queue.extend(part.handlers.iter().map(Item::Handler));
            statements(part.orelse.iter().chain(&part.finalbody), queue);
        }
        _ => {}
    }
}

/// The `orelse` of an `if`: the statements of an `else`, or one more `if`.
fn otherwise<'a>(clauses: &'a [ElifElseClause], queue: &mut Queue<'a>) {
    match clauses.first() {
        Some(clause) if clause.test.is_some() => queue.push_back(Item::Elif(clauses)),
        Some(clause) => statements(&clause.body, queue),
        None => {}
    }
}

fn elif_children<'a>(clauses: &'a [ElifElseClause], queue: &mut Queue<'a>) {
    if let Some((clause, rest)) = clauses.split_first() {
        optional(clause.test.as_ref(), queue);
        statements(&clause.body, queue);
        otherwise(rest, queue);
    }
}

fn parameter_children<'a>(parameters: &'a Parameters, queue: &mut Queue<'a>) {
    let plain = parameters.posonlyargs.iter().chain(&parameters.args);
    queue.extend(plain.clone().map(|with_default| Item::Parameter(&with_default.parameter)));
    queue.extend(parameters.vararg.as_deref().map(Item::Parameter));
    queue.extend(parameters.kwonlyargs.iter().map(|p| Item::Parameter(&p.parameter)));
    expressions(parameters.kwonlyargs.iter().filter_map(|p| p.default.as_deref()), queue);
    queue.extend(parameters.kwarg.as_deref().map(Item::Parameter));
    expressions(plain.filter_map(|p| p.default.as_deref()), queue);
}

fn operator_type(operator: ruff_python_ast::Operator) -> &'static str {
    use ruff_python_ast::Operator;
    match operator {
        Operator::Add => "Add",
        Operator::Sub => "Sub",
        Operator::Mult => "Mult",
        Operator::MatMult => "MatMult",
        Operator::Div => "Div",
        Operator::Mod => "Mod",
        Operator::Pow => "Pow",
        Operator::LShift => "LShift",
        Operator::RShift => "RShift",
        Operator::BitOr => "BitOr",
        Operator::BitXor => "BitXor",
        Operator::BitAnd => "BitAnd",
        Operator::FloorDiv => "FloorDiv",
    }
}

fn comparison_type(operator: ruff_python_ast::CmpOp) -> &'static str {
    use ruff_python_ast::CmpOp;
    match operator {
        CmpOp::Eq => "Eq",
        CmpOp::NotEq => "NotEq",
        CmpOp::Lt => "Lt",
        CmpOp::LtE => "LtE",
        CmpOp::Gt => "Gt",
        CmpOp::GtE => "GtE",
        CmpOp::Is => "Is",
        CmpOp::IsNot => "IsNot",
        CmpOp::In => "In",
        CmpOp::NotIn => "NotIn",
    }
}

fn unary_type(operator: ruff_python_ast::UnaryOp) -> &'static str {
    use ruff_python_ast::UnaryOp;
    match operator {
        UnaryOp::Invert => "Invert",
        UnaryOp::Not => "Not",
        UnaryOp::UAdd => "UAdd",
        UnaryOp::USub => "USub",
    }
}

fn expression_type(expression: &Expr) -> &'static str {
    match expression {
        Expr::BoolOp(_) => "BoolOp",
        Expr::Named(_) => "NamedExpr",
        Expr::BinOp(_) => "BinOp",
        Expr::UnaryOp(_) => "UnaryOp",
        Expr::Lambda(_) => "Lambda",
        Expr::If(_) => "IfExp",
        Expr::Dict(_) => "Dict",
        Expr::Set(_) => "Set",
        Expr::ListComp(_) => "ListComp",
        Expr::SetComp(_) => "SetComp",
        Expr::DictComp(_) => "DictComp",
        Expr::Generator(_) => "GeneratorExp",
        Expr::Await(_) => "Await",
        Expr::Yield(_) => "Yield",
        Expr::YieldFrom(_) => "YieldFrom",
        Expr::Compare(_) => "Compare",
        Expr::Call(_) => "Call",
        Expr::FString(_) => "JoinedStr",
        Expr::TString(_) => "TemplateStr",
        Expr::StringLiteral(_)
        | Expr::BytesLiteral(_)
        | Expr::NumberLiteral(_)
        | Expr::BooleanLiteral(_)
        | Expr::NoneLiteral(_)
        | Expr::EllipsisLiteral(_) => "Constant",
        Expr::Attribute(_) => "Attribute",
        Expr::Subscript(_) => "Subscript",
        Expr::Starred(_) => "Starred",
        Expr::Name(_) => "Name",
        Expr::List(_) => "List",
        Expr::Tuple(_) => "Tuple",
        Expr::Slice(_) => "Slice",
        Expr::IpyEscapeCommand(_) => "IpyEscapeCommand",
    }
}

fn expression_children<'a>(expression: &'a Expr, queue: &mut Queue<'a>) {
    match expression {
        Expr::BoolOp(part) => {
            queue.push_back(Item::Leaf(if part.op.is_and() { "And" } else { "Or" }));
            expressions(&part.values, queue);
        }
        Expr::Named(part) => queue.extend([Item::Expr(&part.target), Item::Expr(&part.value)]),
        Expr::BinOp(part) => queue.extend([
            Item::Expr(&part.left),
            Item::Leaf(operator_type(part.op)),
            Item::Expr(&part.right),
        ]),
        Expr::UnaryOp(part) => {
            queue.extend([Item::Leaf(unary_type(part.op)), Item::Expr(&part.operand)]);
        }
        Expr::Lambda(part) => {
            queue.push_back(Item::Parameters(part.parameters.as_deref()));
            queue.push_back(Item::Expr(&part.body));
        }
        Expr::If(part) => expressions([&*part.test, &*part.body, &*part.orelse], queue),
        Expr::Dict(part) => {
            expressions(part.items.iter().filter_map(|item| item.key.as_ref()), queue);
            expressions(part.items.iter().map(|item| &item.value), queue);
        }
        Expr::Set(part) => expressions(&part.elts, queue),
        Expr::Await(part) => queue.push_back(Item::Expr(&part.value)),
        Expr::Yield(part) => optional(part.value.as_deref(), queue),
        Expr::YieldFrom(part) => queue.push_back(Item::Expr(&part.value)),
        Expr::Compare(part) => {
            queue.push_back(Item::Expr(&part.left));
            queue.extend(part.ops.iter().map(|op| Item::Leaf(comparison_type(*op))));
            expressions(&part.comparators, queue);
        }
        Expr::Call(part) => {
            queue.push_back(Item::Expr(&part.func));
            call(&part.arguments, queue);
        }
        Expr::FString(part) => {
            let pieces = part.value.iter().flat_map(|piece| {
                let (literal, elements) = match piece {
                    FStringPart::FString(string) => (None, &*string.elements),
                    FStringPart::Literal(literal) => (Some(literal.value.is_empty()), &[][..]),
                };
                literal.map(Part::Literal).into_iter().chain(parts(elements))
            });
            joined(pieces, queue);
        }
        Expr::Attribute(part) => queue.extend([Item::Expr(&part.value), context(part.ctx)]),
        Expr::Subscript(part) => {
            queue.extend([Item::Expr(&part.value), Item::Expr(&part.slice), context(part.ctx)]);
        }
        Expr::Starred(part) => queue.extend([Item::Expr(&part.value), context(part.ctx)]),
        Expr::Name(part) => queue.push_back(context(part.ctx)),
        Expr::List(part) => {
            expressions(&part.elts, queue);
            queue.push_back(context(part.ctx));
        }
        Expr::Tuple(part) => {
            expressions(&part.elts, queue);
            queue.push_back(context(part.ctx));
        }
        Expr::Slice(part) => {
            for bound in [&part.lower, &part.upper, &part.step] {
                optional(bound.as_deref(), queue);
            }
        }
        comprehension => comprehension_children(comprehension, queue),
    }
}

fn comprehension_children<'a>(expression: &'a Expr, queue: &mut Queue<'a>) {
    let generators = match expression {
        Expr::ListComp(part) => {
            queue.push_back(Item::Expr(&part.elt));
            &part.generators
        }
        Expr::SetComp(part) => {
            queue.push_back(Item::Expr(&part.elt));
            &part.generators
        }
        Expr::Generator(part) => {
            queue.push_back(Item::Expr(&part.elt));
            &part.generators
        }
        Expr::DictComp(part) => {
            optional(part.key.as_deref(), queue);
            queue.push_back(Item::Expr(&part.value));
            &part.generators
        }
        _ => return,
    };
    queue.extend(generators.iter().map(Item::Comprehension));
}

fn pattern_type(pattern: &Pattern) -> &'static str {
    match pattern {
        Pattern::MatchValue(_) => "MatchValue",
        Pattern::MatchSingleton(_) => "MatchSingleton",
        Pattern::MatchSequence(_) => "MatchSequence",
        Pattern::MatchMapping(_) => "MatchMapping",
        Pattern::MatchClass(_) => "MatchClass",
        Pattern::MatchStar(_) => "MatchStar",
        Pattern::MatchAs(_) => "MatchAs",
        Pattern::MatchOr(_) => "MatchOr",
    }
}

fn pattern_children<'a>(pattern: &'a Pattern, queue: &mut Queue<'a>) {
    match pattern {
        Pattern::MatchValue(part) => queue.push_back(Item::Expr(&part.value)),
        Pattern::MatchSequence(part) => queue.extend(part.patterns.iter().map(Item::Pattern)),
        Pattern::MatchMapping(part) => {
            expressions(&part.keys, queue);
            queue.extend(part.patterns.iter().map(Item::Pattern));
        }
        Pattern::MatchClass(part) => {
            queue.push_back(Item::Expr(&part.cls));
            queue.extend(part.arguments.patterns.iter().map(Item::Pattern));
            queue.extend(part.arguments.keywords.iter().map(|k| Item::Pattern(&k.pattern)));
        }
        Pattern::MatchAs(part) => queue.extend(part.pattern.as_deref().map(Item::Pattern)),
        Pattern::MatchOr(part) => queue.extend(part.patterns.iter().map(Item::Pattern)),
        Pattern::MatchSingleton(_) | Pattern::MatchStar(_) => {}
    }
}
