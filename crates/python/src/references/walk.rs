//! The first pass over a file: scopes, bindings, and uses that are not yet resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use code_model::DottedName;
use ruff_python_ast::name::Name;
use ruff_python_ast::token::Tokens;
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{self as ast, Expr, ExprContext, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::ReferenceOptions;
use super::model::{
    Access, CallId, CallSite, ClassDefinition, Conditions, ImportBinding, ImportStatement, KeyUse,
    MemberUse, Place, SegmentForm,
};
use super::scope::{Binding, BindingKind, Position, ScopeKind, Scopes};
use crate::edit::Span;

pub(super) fn span(range: TextRange) -> Span {
    Span::new(range.start().to_u32(), range.end().to_u32())
}

/// An attribute behind a name.
pub(super) type RawAttribute = (Name, Span, SegmentForm);

/// A name with the attributes behind it, as the text has it.
#[derive(Debug, Clone)]
pub(super) struct RawUse {
    pub(super) root: Name,
    pub(super) root_span: Span,
    pub(super) attributes: Vec<RawAttribute>,
    pub(super) span: Span,
    pub(super) position: Position,
    pub(super) conditions: Conditions,
    pub(super) access: Access,
    pub(super) place: Place,
    pub(super) call: Option<CallId>,
    /// The root was counted with another use already.
    pub(super) repeated: bool,
}

/// A string that spells a path out.
#[derive(Debug, Clone)]
pub(super) struct RawPath {
    pub(super) text: String,
    pub(super) span: Span,
    pub(super) position: Position,
    pub(super) conditions: Conditions,
    pub(super) place: Place,
}

/// A key of what a chain of attributes stands for.
#[derive(Debug, Clone)]
pub(super) struct RawKey {
    pub(super) root: Name,
    pub(super) position: Position,
    pub(super) key: KeyUse,
}

/// A place where code chooses between versions or catches that something is missing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice {
    /// Everything that the choice governs.
    pub(super) whole: Span,
    pub(super) kind: ChoiceKind,
}

/// How it chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChoiceKind {
    /// By a test: a choice when the test asks for a version.
    Test(Span),
    /// By a part of an expression, or by a test without another branch: a choice when it asks for a
    /// version, or for a member that was asked for.
    Part(Span),
    /// By an assertion, which governs the uses of what it asks for alone: that a version is not too
    /// old is no choice.
    Assertion(Span),
    /// By catching a failed import: a choice when the handlers import from the packages too.
    Import { body: Span, handlers: Span },
    /// By catching a missing name: a choice when the handlers use the packages too.
    Attribute { body: Span, handlers: Span },
}

/// A call of `hasattr`.
#[derive(Debug, Clone)]
pub(super) struct MemberQuestion {
    /// The text of the object that it asks.
    pub(super) object: String,
    /// The member for which it asks.
    pub(super) name: String,
    pub(super) at: Span,
    /// Whether it asks for a member that was asked for.
    pub(super) wanted: bool,
}

/// Everything that the first pass collects.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) scopes: Scopes,
    pub(super) statements: Vec<ImportStatement>,
    pub(super) imports: Vec<ImportBinding>,
    pub(super) uses: Vec<RawUse>,
    pub(super) paths: Vec<RawPath>,
    pub(super) members: Vec<MemberUse>,
    pub(super) calls: Vec<CallSite>,
    pub(super) keys: Vec<RawKey>,
    pub(super) classes: Vec<(ClassDefinition, Vec<Option<u32>>)>,
    pub(super) choices: Vec<Choice>,
    pub(super) exported: BTreeSet<Arc<str>>,
    /// Names that `global` and `nonlocal` declare.
    pub(super) declared: BTreeSet<Name>,
    /// The names of aliases and flags, by where they are bound.
    pub(super) bound_names: BTreeMap<Span, Name>,
    /// Calls that ask for an installed version.
    pub(super) version_questions: Vec<Span>,
    /// Calls of `hasattr`.
    pub(super) member_questions: Vec<MemberQuestion>,
    /// The texts of receivers of members that were asked for.
    pub(super) receiver_texts: BTreeSet<String>,
}

impl Collected {
    /// The name that a binding at this range binds; the empty name when it is not known.
    pub(super) fn name_at(&self, span: Span) -> Name {
        self.bound_names.get(&span).cloned().unwrap_or_else(|| Name::new(""))
    }
}

/// The first pass.
pub(super) struct Walker<'s> {
    pub(super) source: &'s str,
    pub(super) tokens: &'s Tokens,
    pub(super) options: &'s ReferenceOptions<'s>,
    pub(super) found: Collected,
    pub(super) scope: u32,
    pub(super) block: u32,
    pub(super) conditions: Conditions,
    pub(super) place: Place,
    pub(super) class: Option<usize>,
    /// Inside the brackets of `Literal` and the metadata of `Annotated`, strings are no
    /// annotations.
    pub(super) quoted_types: bool,
    pub(super) string_depth: u8,
    /// The binding at hand is `import a.b`.
    pub(super) adding: bool,
    /// Inside the handlers of a `try` whose imports are not there.
    pub(super) in_handler: bool,
}

impl<'s> Walker<'s> {
    pub(super) fn new(
        source: &'s str,
        tokens: &'s Tokens,
        options: &'s ReferenceOptions<'s>,
    ) -> Self {
        let mut found = Collected::default();
        let scope = found.scopes.add_scope(ScopeKind::Module, None);
        let block = found.scopes.add_block(None, None);
        Self {
            source,
            tokens,
            options,
            found,
            scope,
            block,
            conditions: Conditions::default(),
            place: Place::Code,
            class: None,
            quoted_types: false,
            string_depth: 0,
            adding: false,
            in_handler: false,
        }
    }

    pub(super) fn position(&self, offset: u32) -> Position {
        Position { scope: self.scope, block: self.block, offset }
    }

    pub(super) fn bind(&mut self, name: &Name, kind: BindingKind, at: Span, effect: u32) {
        self.bind_value(name, kind, at, effect, at);
    }

    fn bind_value(&mut self, name: &Name, kind: BindingKind, at: Span, effect: u32, value: Span) {
        let binding = Binding {
            kind,
            scope: self.scope,
            block: self.block,
            effect,
            adds: self.adding,
            span: at,
            value,
        };
        if matches!(kind, BindingKind::Alias(_) | BindingKind::Flag) {
            self.found.bound_names.insert(at, name.clone());
        }
        self.found.scopes.bind(name, binding);
    }

    pub(super) fn statements(&mut self, body: &[Stmt], repeated: Option<Span>) {
        let outer = self.block;
        self.block = self.found.scopes.add_block(Some(outer), repeated);
        self.body_in_place(body);
        self.block = outer;
    }

    pub(super) fn body_in_place(&mut self, body: &[Stmt]) {
        for (index, statement) in body.iter().enumerate() {
            if let Stmt::Import(_) | Stmt::ImportFrom(_) = statement {
                self.import(statement, body.len() == 1);
                continue;
            }
            // What follows `assert hasattr(thing, "name")` may use `thing.name`.
            if let (Stmt::Assert(test), Some(last)) = (statement, body.last()) {
                self.found.choices.push(Choice {
                    whole: span(TextRange::new(test.end(), last.end())),
                    kind: ChoiceKind::Assertion(span(test.test.range())),
                });
            }
            // What follows `if old: return …` is the other branch of the same choice.
            if let Stmt::If(test) = statement
                && test.body.last().is_some_and(leaves)
                && let Some(last) = body.last()
                && index + 1 < body.len()
            {
                self.found.choices.push(Choice {
                    whole: span(TextRange::new(test.start(), last.end())),
                    kind: ChoiceKind::Test(span(test.test.range())),
                });
            }
            self.visit_stmt(statement);
        }
    }

    pub(super) fn within<T>(&mut self, kind: ScopeKind, visit: impl FnOnce(&mut Self) -> T) -> T {
        let outer = (self.scope, self.block);
        self.scope = self.found.scopes.add_scope(kind, Some(self.scope));
        let result = visit(self);
        (self.scope, self.block) = outer;
        result
    }

    pub(super) fn at_place(&mut self, place: Place, visit: impl FnOnce(&mut Self)) {
        let (outer, quoted) = (self.place, self.quoted_types);
        // What a quoted annotation holds stays text, wherever it is inside.
        if !matches!(outer, Place::Text(_)) {
            self.place = place;
        }
        self.quoted_types = place == Place::Annotation;
        visit(self);
        (self.place, self.quoted_types) = (outer, quoted);
    }

    fn annotation(&mut self, expression: &Expr) {
        self.at_place(Place::Annotation, |walker| walker.visit_expr(expression));
    }

    fn function(&mut self, function: &ast::StmtFunctionDef) {
        for decorator in &function.decorator_list {
            self.at_place(Place::Decorator, |walker| walker.visit_expr(&decorator.expression));
        }
        for parameter in &*function.parameters {
            if let Some(default) = parameter.default() {
                self.at_place(Place::Code, |walker| walker.visit_expr(default));
            }
        }
        self.member_function(function);
        let name = &function.name;
        self.bind(
            &name.id,
            BindingKind::Definition,
            span(name.range()),
            name.range().end().to_u32(),
        );
        let class = self.class.take();
        let inner = |walker: &mut Self| {
            for parameter in &*function.parameters {
                if let Some(annotation) = parameter.annotation() {
                    walker.annotation(annotation);
                }
            }
            if let Some(returns) = &function.returns {
                walker.annotation(returns);
            }
            walker.function_body(&function.parameters, &function.body, class);
        };
        match &function.type_params {
            Some(parameters) => self.within(ScopeKind::TypeParameters, |walker| {
                walker.type_parameters(parameters);
                inner(walker);
            }),
            None => inner(self),
        }
        self.class = class;
    }

    fn function_body(&mut self, parameters: &ast::Parameters, body: &[Stmt], class: Option<usize>) {
        let outer = self.conditions;
        self.within(ScopeKind::Function, |walker| {
            walker.runs_later();
            walker.parameters(parameters);
            if let Some(class) = class
                && let Some(first) = parameters.iter_non_variadic_params().next()
            {
                walker.instance_attributes(class, first.name(), body);
            }
            walker.statements(body, None);
        });
        self.conditions = outer;
    }

    /// What follows is the body of a function, which runs when the `try` around it is over.
    pub(super) fn runs_later(&mut self) {
        self.conditions.in_function = true;
        self.conditions.attribute_guard = self.in_handler;
    }

    pub(super) fn parameters(&mut self, parameters: &ast::Parameters) {
        for parameter in parameters {
            let name = parameter.name();
            let at = span(name.range());
            self.bind(&name.id, BindingKind::Parameter, at, at.start);
        }
    }

    fn type_parameters(&mut self, parameters: &ast::TypeParams) {
        for parameter in &parameters.type_params {
            let name = parameter.name();
            let at = span(name.range());
            self.bind(&name.id, BindingKind::Other, at, at.start);
        }
        self.at_place(Place::Annotation, |walker| {
            visitor::walk_type_params(walker, parameters);
        });
    }

    fn class(&mut self, class: &ast::StmtClassDef) {
        for decorator in &class.decorator_list {
            self.at_place(Place::Decorator, |walker| walker.visit_expr(&decorator.expression));
        }
        let name = &class.name;
        let slot = self.open_class(class);
        let outer_class = self.class.take();
        let inner = |walker: &mut Self| {
            if let Some(arguments) = &class.arguments {
                walker.bases(slot, arguments);
            }
            walker.within(ScopeKind::Class, |walker| {
                walker.class = Some(slot);
                walker.statements(&class.body, None);
            });
        };
        match &class.type_params {
            Some(parameters) => self.within(ScopeKind::TypeParameters, |walker| {
                walker.type_parameters(parameters);
                inner(walker);
            }),
            None => inner(self),
        }
        self.class = outer_class;
        self.bind(
            &name.id,
            BindingKind::Definition,
            span(name.range()),
            class.range.end().to_u32(),
        );
    }

    fn bases(&mut self, slot: usize, arguments: &ast::Arguments) {
        for base in &arguments.args {
            self.at_place(Place::Base, |walker| {
                walker.quoted_types = true;
                let before = walker.found.uses.len();
                walker.visit_expr(base);
                // `Base[T]` counts as `Base`, whose use comes first.
                let plain = matches!(base, Expr::Name(_) | Expr::Attribute(_) | Expr::Subscript(_));
                let first = (plain && walker.found.uses.len() > before).then_some(before as u32);
                let (definition, uses) = &mut walker.found.classes[slot];
                definition.bases.push((span(base.range()), None));
                uses.push(first);
            });
        }
        for keyword in &arguments.keywords {
            self.at_place(Place::Code, |walker| walker.visit_expr(&keyword.value));
        }
    }

    fn assignment(&mut self, statement: &ast::StmtAssign) {
        let before = self.found.uses.len();
        self.visit_expr(&statement.value);
        let kind = self.value_kind(&statement.value, before);
        let end = statement.range.end().to_u32();
        for target in &statement.targets {
            self.target(target, kind, end, span(statement.value.range()));
            self.exported_names(target, &statement.value);
            self.class_attribute(target, span(statement.range));
        }
    }

    /// What kind of binding a value makes; `before` is the number of uses before the value was
    /// visited.
    fn value_kind(&self, value: &Expr, before: usize) -> BindingKind {
        match value {
            Expr::NoneLiteral(_) | Expr::EllipsisLiteral(_) => BindingKind::Empty,
            Expr::BooleanLiteral(literal) if !literal.value => BindingKind::Empty,
            Expr::Name(_) | Expr::Attribute(_) if self.found.uses.len() == before + 1 => {
                BindingKind::Alias(before as u32)
            }
            Expr::Call(_)
            | Expr::Compare(_)
            | Expr::BoolOp(_)
            | Expr::UnaryOp(_)
            | Expr::Subscript(_) => BindingKind::Flag,
            _ => BindingKind::Other,
        }
    }

    /// Binds the names of an assignment's target and visits the rest of it.
    pub(super) fn target(&mut self, target: &Expr, kind: BindingKind, effect: u32, value: Span) {
        match target {
            Expr::Name(name) => {
                self.bind_value(&name.id, kind, span(name.range), effect, value);
            }
            Expr::Tuple(ast::ExprTuple { elts, .. }) | Expr::List(ast::ExprList { elts, .. }) => {
                for element in elts {
                    self.target(element, BindingKind::Other, effect, value);
                }
            }
            Expr::Starred(starred) => {
                self.target(&starred.value, BindingKind::Other, effect, value);
            }
            _ => self.visit_expr(target),
        }
    }

    fn conditional(&mut self, statement: &ast::StmtIf) {
        self.visit_expr(&statement.test);
        self.found.choices.push(Choice {
            whole: span(statement.range),
            kind: ChoiceKind::Test(span(statement.test.range())),
        });
        let outer = self.conditions;
        self.conditions.type_checking |= is_type_checking(&statement.test);
        self.statements(&statement.body, None);
        self.conditions = outer;
        for clause in &statement.elif_else_clauses {
            if let Some(test) = &clause.test {
                self.visit_expr(test);
                self.found.choices.push(Choice {
                    whole: span(statement.range),
                    kind: ChoiceKind::Test(span(test.range())),
                });
            }
            self.conditions.type_checking |= clause.test.as_ref().is_some_and(is_type_checking);
            self.statements(&clause.body, None);
            self.conditions = outer;
        }
    }

    fn loop_over(&mut self, statement: &ast::StmtFor) {
        self.visit_expr(&statement.iter);
        let effect = statement.iter.range().end().to_u32();
        self.target(&statement.target, BindingKind::Other, effect, span(statement.iter.range()));
        self.statements(&statement.body, Some(span(statement.range)));
        self.statements(&statement.orelse, None);
    }

    fn declare(&mut self, names: &[ast::Identifier], global: bool) {
        for name in names {
            self.found.declared.insert(name.id.clone());
            let scope = &mut self.found.scopes.scopes[self.scope as usize];
            let set = if global { &mut scope.globals } else { &mut scope.nonlocals };
            set.insert(name.id.clone());
        }
    }

    fn augmented(&mut self, assignment: &ast::StmtAugAssign) {
        self.visit_expr(&assignment.value);
        let at = span(assignment.target.range());
        if let Expr::Name(name) = &*assignment.target {
            self.name(name, Access::Load);
        }
        let end = assignment.range.end().to_u32();
        self.target(&assignment.target, BindingKind::Other, end, at);
        self.exported_names(&assignment.target, &assignment.value);
    }

    fn annotated(&mut self, assignment: &ast::StmtAnnAssign) {
        self.annotation(&assignment.annotation);
        let before = self.found.uses.len();
        let mut kind = BindingKind::Other;
        if let Some(value) = &assignment.value {
            self.visit_expr(value);
            kind = self.value_kind(value, before);
            self.exported_names(&assignment.target, value);
        }
        let end = assignment.range.end().to_u32();
        self.target(&assignment.target, kind, end, span(assignment.range));
        self.class_attribute(&assignment.target, span(assignment.range));
    }

    fn type_alias(&mut self, alias: &ast::StmtTypeAlias) {
        if let Expr::Name(name) = &*alias.name {
            let at = span(name.range);
            self.bind(&name.id, BindingKind::Other, at, at.start);
        }
        self.within(ScopeKind::TypeParameters, |walker| {
            if let Some(parameters) = &alias.type_params {
                walker.type_parameters(parameters);
            }
            walker.annotation(&alias.value);
        });
    }

    fn pattern(&mut self, pattern: &ast::Pattern) {
        let name = match pattern {
            ast::Pattern::MatchAs(pattern) => pattern.name.as_ref(),
            ast::Pattern::MatchStar(pattern) => pattern.name.as_ref(),
            ast::Pattern::MatchMapping(pattern) => pattern.rest.as_ref(),
            _ => None,
        };
        if let Some(name) = name {
            let at = span(name.range());
            self.bind(&name.id, BindingKind::Other, at, at.start);
        }
        visitor::walk_pattern(self, pattern);
    }
}

impl<'a> Visitor<'a> for Walker<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => self.function(function),
            Stmt::ClassDef(class) => self.class(class),
            Stmt::Import(_) | Stmt::ImportFrom(_) => self.import(statement, false),
            Stmt::Assign(assignment) => self.assignment(assignment),
            Stmt::AugAssign(assignment) => self.augmented(assignment),
            Stmt::AnnAssign(assignment) => self.annotated(assignment),
            Stmt::TypeAlias(alias) => self.type_alias(alias),
            Stmt::For(statement) => self.loop_over(statement),
            Stmt::While(statement) => {
                self.found.choices.push(Choice {
                    whole: span(statement.range),
                    kind: ChoiceKind::Part(span(statement.test.range())),
                });
                self.visit_expr(&statement.test);
                self.statements(&statement.body, Some(span(statement.range)));
                self.statements(&statement.orelse, None);
            }
            Stmt::If(statement) => self.conditional(statement),
            Stmt::With(statement) => {
                for item in &statement.items {
                    self.visit_expr(&item.context_expr);
                    if let Some(target) = &item.optional_vars {
                        let at = span(item.context_expr.range());
                        self.target(target, BindingKind::Other, at.end, at);
                    }
                }
                self.statements(&statement.body, None);
            }
            Stmt::Match(statement) => {
                self.visit_expr(&statement.subject);
                for case in &statement.cases {
                    self.pattern(&case.pattern);
                    if let Some(guard) = &case.guard {
                        self.visit_expr(guard);
                    }
                    self.statements(&case.body, None);
                }
            }
            Stmt::Try(statement) => self.attempt(statement),
            Stmt::Global(statement) => self.declare(&statement.names, true),
            Stmt::Nonlocal(statement) => self.declare(&statement.names, false),
            Stmt::Delete(statement) => {
                for target in &statement.targets {
                    self.visit_expr(target);
                    if let Expr::Name(name) = target {
                        let at = span(name.range);
                        self.bind(&name.id, BindingKind::Delete, at, at.end);
                    }
                }
            }
            Stmt::Expr(statement) => {
                self.export_call(&statement.value);
                self.visit_expr(&statement.value);
            }
            _ => visitor::walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        self.expression(expression);
    }

    fn visit_pattern(&mut self, pattern: &'a ast::Pattern) {
        self.pattern(pattern);
    }

    fn visit_comprehension(&mut self, _comprehension: &'a ast::Comprehension) {}
}

/// Whether a statement always leaves its block.
fn leaves(statement: &Stmt) -> bool {
    matches!(statement, Stmt::Return(_) | Stmt::Raise(_) | Stmt::Continue(_) | Stmt::Break(_))
}

fn is_type_checking(test: &Expr) -> bool {
    match test {
        Expr::Name(name) => name.id == "TYPE_CHECKING",
        Expr::Attribute(attribute) => attribute.attr.id == "TYPE_CHECKING",
        _ => false,
    }
}

/// How an expression's context reads as access.
pub(super) fn access(context: ExprContext) -> Access {
    match context {
        ExprContext::Store => Access::Store,
        ExprContext::Del => Access::Delete,
        ExprContext::Load | ExprContext::Invalid => Access::Load,
    }
}

/// The absolute name of a relative module.
pub(super) fn absolute(
    here: Option<&DottedName>,
    is_package: bool,
    level: u32,
    module: Option<&str>,
) -> Option<DottedName> {
    if level == 0 {
        return DottedName::new(module?).ok();
    }
    let mut base = here?.clone();
    let steps = if is_package { level - 1 } else { level };
    for _ in 0..steps {
        base = base.parent()?;
    }
    match module {
        Some(module) => DottedName::new(module).ok().map(|module| base.join(module.as_str())),
        None => Some(base),
    }
}
