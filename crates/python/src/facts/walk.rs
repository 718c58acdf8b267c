//! The statements of a module and of its classes, in order.

use std::sync::Arc;

use code_model::hint::HintIdiom;
use code_model::signature::Binding as ParameterBinding;
use code_model::snapshot::SymbolKind;
use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::forwarding::{self, Callable};
use super::forwards;
use super::imports::{ScopeNames, for_each_block};
use super::interner::Interner;
use super::notices::{self, Notices};
use super::shape::{Shape, Shaper};
use super::signatures::{folded, short_hash, signature, source};
use super::{
    Binding, BindingRoute, ClassFact, DecoratorFact, Definition, DefinitionIndex, ForwardFact,
    HintFactSubject, LazyEntry, ModuleFacts, Reference, exports, keywords, raising, tables,
    wrapping,
};

/// Values up to this length are kept as text.
const MAX_VALUE_BYTES: usize = 200;

/// Classes nested deeper than this are left out.
const MAX_CLASS_NESTING: usize = 20;

/// Reads one module.
pub(super) struct Walker<'a, 's> {
    pub(super) text: &'a str,
    pub(super) lines: &'s LineIndex,
    pub(super) shaper: Shaper<'a, 's>,
    pub(super) facts: ModuleFacts,
    /// Conditions around the current statement.
    conditions: u32,
    /// Whether an import of the module never gets to the current statement.
    out_of_reach: bool,
    /// Whether the current statement is there for when something before it failed.
    stands_in: bool,
    /// Whether this is a stub, whose imports are its own but for those that say otherwise.
    is_stub: bool,
    /// Names and indices of the enclosing classes.
    classes: Vec<(&'a str, DefinitionIndex)>,
    /// Literal tables of the module, by their names.
    literals: Vec<(&'a str, &'a Expr)>,
    /// Functions that only import a name and return it.
    importers: exports::Importers<'a>,
    /// The module's `__getattr__`.
    getattr: Option<&'a ast::StmtFunctionDef>,
    /// The call that makes the module's `__getattr__`, or what takes its place in `sys.modules`.
    attached: Option<&'a Expr>,
}

/// Starts of lines, to turn offsets into line numbers.
pub(super) struct LineIndex(Vec<u32>);

impl LineIndex {
    pub(super) fn new(text: &str) -> Self {
        Self(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at as u32).collect())
    }

    /// The line, from 1, of an offset.
    pub(super) fn line(&self, offset: u32) -> u32 {
        self.0.partition_point(|end| *end < offset) as u32 + 1
    }
}

impl<'a, 's> Walker<'a, 's> {
    pub(super) fn new(
        text: &'a str,
        lines: &'s LineIndex,
        names: &'s ScopeNames<'a>,
        interner: &'s mut Interner,
    ) -> Self {
        Self {
            text,
            lines,
            shaper: Shaper::new(text, names, interner),
            facts: ModuleFacts::default(),
            conditions: 0,
            out_of_reach: false,
            stands_in: false,
            is_stub: false,
            classes: Vec::new(),
            literals: Vec::new(),
            importers: Vec::new(),
            getattr: None,
            attached: None,
        }
    }

    /// The same for a stub: what it imports for its annotations is no name of the module. A name is
    /// one by `import x as x`, `from x import y as y`, a star, or a place in `__all__` (typing
    /// specification, "Distributing type information", import conventions).
    pub(super) fn of_stub(mut self) -> Self {
        self.is_stub = true;
        self
    }

    /// Reads the whole module.
    pub(super) fn module(mut self, body: &'a [Stmt]) -> ModuleFacts {
        self.facts.docstring = docstring_of(body);
        self.shaper.begin(None, None);
        self.body(body);
        if self.is_stub
            && let Some(steps) = &self.facts.exports
        {
            let listed = exports::spelled_out(steps);
            for binding in &mut self.facts.bindings {
                let is_listed = listed.as_ref().is_none_or(|all| all.contains(&*binding.name));
                binding.out_of_reach &= !is_listed;
            }
        }
        let shape = self.shaper.finish(false);
        self.facts.uses = shape.uses;
        self.module_notices(body);
        self.lazy_names();
        self.facts
    }

    /// What the module says about itself: its docstring and the warnings that importing it gives.
    fn module_notices(&mut self, body: &'a [Stmt]) {
        let Some(first) = body.first() else { return };
        let mut notices = Notices::default();
        if let Some(docstring) = self.facts.docstring.clone() {
            notices::docstring(&mut notices, &docstring, "", first, true);
        }
        let warnings = notices::warnings_in(body);
        notices::whole_body(&mut notices, &warnings, "", false, false);
        self.facts.deprecated = notices.deprecated.take();
        self.take_hints(notices, None);
    }

    fn take_hints(&mut self, notices: Notices, owner: Option<DefinitionIndex>) {
        let lines = self.lines;
        self.facts.hints.extend(notices.into_facts(owner, |at| lines.line(at)));
    }

    /// The names that `__getattr__` serves.
    fn lazy_names(&mut self) {
        if let Some(call) = self.attached {
            let entries = tables::served_by(call, &self.literals);
            self.lazy_entries(entries, self.lines.line(call.range().start().to_u32()), false);
        }
        let Some(function) = self.getattr else { return };
        let served = exports::served(function, &self.importers);
        let line = self.lines.line(function.range().start().to_u32());
        let mut entries: Vec<(String, Option<Reference>)> = served.entries;
        for table in &served.tables {
            let Some((_, value)) = self.literals.iter().find(|(name, _)| name == table) else {
                self.foreign_table(table);
                continue;
            };
            entries.extend(tables::served_by(value, &self.literals));
        }
        self.served_with_warnings(&served.warnings, function);
        let is_seen = entries.iter().all(|(_, target)| target.is_some());
        if (entries.is_empty() && served.all_from.is_none()) || !is_seen {
            self.unseen("the module's `__getattr__` serves names that cannot be seen");
        }
        self.lazy_entries(entries, line, served.warns);
        if let Some(places) = served.all_from {
            self.facts.forwards_all =
                Some(places.iter().map(|place| place.as_str().into()).collect());
            self.facts.forwards_line = line;
        }
    }

    /// Notes a table that another module holds.
    fn foreign_table(&mut self, table: &str) {
        let bound = self.facts.bindings.iter().rev().find(|binding| *binding.name == *table);
        if let Some(target) = bound.map(|binding| binding.target)
            && let Err(place) = self.facts.foreign_tables.binary_search(&target)
        {
            self.facts.foreign_tables.insert(place, target);
        }
    }

    fn lazy_entries(
        &mut self,
        entries: Vec<(String, Option<Reference>)>,
        line: u32,
        deprecated: bool,
    ) {
        for (name, target) in entries {
            let name = self.shaper.interner().text(&name);
            let target = target.map(|target| self.shaper.interner().reference(target));
            self.facts.lazy.push(LazyEntry { name, target, line, deprecated });
        }
    }

    /// Names that `__getattr__` serves with words about their successors.
    fn served_with_warnings(
        &mut self,
        warnings: &[(Vec<String>, Vec<String>, String)],
        function: &'a ast::StmtFunctionDef,
    ) {
        let mut notices = Notices::default();
        for (asked, tables, text) in warnings {
            let listed = tables.iter().filter_map(|table| {
                self.literals.iter().find(|(name, _)| name == table).map(|(_, value)| *value)
            });
            let listed = listed.flat_map(exports::texts_of);
            let new = super::phrases::successors(text, true).into_iter().next();
            for old in asked.iter().cloned().chain(listed) {
                let new = new.clone().filter(|new| **new != *old);
                let subject = HintFactSubject::Names { old: old.into(), new };
                notices.add(subject, HintIdiom::LazyTable, function, text);
            }
        }
        self.take_hints(notices, None);
    }

    fn unseen(&mut self, reason: &str) {
        if self.facts.unseen.is_none() {
            self.facts.unseen = Some(reason.into());
        }
    }

    fn body(&mut self, body: &'a [Stmt]) {
        for statement in body {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &'a Stmt) {
        if self.classes.is_empty() {
            if let Some(mut steps) = exports::steps(&mut self.shaper, statement) {
                self.facts.exports.get_or_insert_default().append(&mut steps);
                return;
            }
            if let Some(reason) = exports::unseen(statement) {
                self.unseen(reason);
            }
        }
        match statement {
            Stmt::FunctionDef(function) => self.function(statement, function),
            Stmt::ClassDef(class) => self.class(class),
            Stmt::Import(import) => self.import(import),
            Stmt::ImportFrom(import) => self.import_from(import),
            Stmt::Assign(assign) => {
                self.assign(assign);
                self.shaper.statement(statement);
            }
            Stmt::AnnAssign(assign) => {
                self.annotated(assign);
                self.shaper.statement(statement);
            }
            Stmt::TypeAlias(alias) => {
                if let Expr::Name(name) = &*alias.name {
                    let value = Some(alias.value.range());
                    self.variable(name, SymbolKind::TypeAlias, statement.range(), None, value);
                }
                self.shaper.statement(statement);
            }
            Stmt::Delete(delete) => self.delete(delete),
            Stmt::If(_)
            | Stmt::Try(_)
            | Stmt::With(_)
            | Stmt::For(_)
            | Stmt::While(_)
            | Stmt::Match(_) => self.compound(statement),
            _ => self.shaper.statement(statement),
        }
    }

    fn compound(&mut self, statement: &'a Stmt) {
        let mut apart = None;
        if let Stmt::If(branch) = statement {
            self.shaper.expression(&branch.test);
            apart = exports::fails_on_import(&branch.test).then_some(&branch.body);
        }
        let handlers = statement.as_try_stmt().map_or(&[][..], |attempt| &attempt.handlers);
        let is_handler = |block: &[Stmt]| {
            handlers.iter().any(|ast::ExceptHandler::ExceptHandler(handler)| {
                std::ptr::eq(handler.body.as_slice(), block)
            })
        };
        self.conditions += 1;
        for_each_block(statement, &mut |block| {
            let outer = (self.out_of_reach, self.stands_in);
            self.out_of_reach |= apart.is_some_and(|body| std::ptr::eq(body.as_slice(), block));
            self.stands_in |= is_handler(block);
            self.body(block);
            (self.out_of_reach, self.stands_in) = outer;
        });
        self.conditions -= 1;
    }

    fn parent(&self) -> Option<DefinitionIndex> {
        self.classes.last().map(|(_, index)| *index)
    }

    /// The dotted path, inside the module, of a name in the current scope.
    pub(super) fn path_of(&self, name: &str) -> String {
        let mut path = String::new();
        for (class, _) in &self.classes {
            path.push_str(class);
            path.push('.');
        }
        path.push_str(name);
        path
    }

    pub(super) fn lines_of(&self, range: TextRange) -> (u32, u32) {
        let last = range.end().to_u32().saturating_sub(1).max(range.start().to_u32());
        (self.lines.line(range.start().to_u32()), self.lines.line(last))
    }

    fn blank(&mut self, name: &str, kind: SymbolKind, range: TextRange) -> Definition {
        Definition {
            name: self.shaper.interner().text(name),
            parent: self.parent(),
            kind,
            lines: self.lines_of(range),
            bytes: (range.start().to_u32(), range.end().to_u32()),
            signature: None,
            bases: Vec::new(),
            decorators: Vec::new(),
            docstring: None,
            annotation: None,
            value: None,
            shape_hash: short_hash(&[]),
            nodes: 1,
            uses: Vec::new(),
            since: None,
            deprecated: None,
            experimental: false,
            conditional: self.conditions > 0,
            stands_in: self.stands_in,
            overload: false,
            in_class_body: !self.classes.is_empty(),
            class: None,
        }
    }

    fn decorators(&mut self, decorators: &'a [ast::Decorator]) -> Vec<DecoratorFact> {
        let mut facts = Vec::with_capacity(decorators.len());
        for decorator in decorators {
            let (callee, arguments) = match &decorator.expression {
                Expr::Call(call) => (&*call.func, Some(call.arguments.range())),
                other => (other, None),
            };
            let reference = self.shaper.reference_of(callee);
            let arguments = arguments.map(|range| source(self.text, self.shaper.interner(), range));
            facts.push(DecoratorFact { reference, arguments });
        }
        facts
    }

    fn function(&mut self, statement: &'a Stmt, function: &'a ast::StmtFunctionDef) {
        let decorators = self.decorators(&function.decorator_list);
        let traits = DecoratorTraits::of(&function.decorator_list);
        let in_class = !self.classes.is_empty();
        let binding = match (in_class, traits.is_static, traits.is_class) {
            (false, ..) | (_, true, _) if function.name.as_str() != "__new__" => {
                ParameterBinding::None
            }
            (true, _, true) => ParameterBinding::Class,
            (true, ..) if takes_class(function.name.as_str()) => ParameterBinding::Class,
            (true, ..) => ParameterBinding::Instance,
            _ => ParameterBinding::None,
        };
        let receiver = self.receiver(function, binding);
        self.shaper.begin(Some(function.name.as_str()), receiver);
        self.shaper.function(statement);
        let attributes = std::mem::take(&mut self.shaper.instance_attributes);
        let shape = self.shaper.finish(true);
        self.shaper.member(function.name.as_str(), &shape);
        for attribute in attributes {
            self.instance_attribute(attribute, function.name.as_str() == "__init__");
        }
        self.shaper.bind(function.name.as_str());
        if traits.is_accessor {
            return;
        }
        if !in_class && let Some(imported) = exports::imported_by(function) {
            self.importers.push((function.name.as_str(), imported));
        }
        if !in_class && function.name.as_str() == "__getattr__" {
            self.getattr = Some(function);
        }
        let kind = match (in_class, traits.is_property) {
            (false, _) => SymbolKind::Function,
            (true, true) => SymbolKind::Property,
            (true, false) => SymbolKind::Method,
        };
        let mut definition = self.blank(function.name.as_str(), kind, function.range());
        definition.signature =
            Some(signature(self.text, self.shaper.interner(), function, binding));
        definition.decorators = decorators;
        definition.docstring = docstring_of(&function.body);
        definition.overload = traits.is_overload;
        definition.annotation = match kind {
            SymbolKind::Property => {
                definition.signature.as_ref().and_then(|signature| signature.returns.clone())
            }
            _ => None,
        };
        let warns = shape.warns;
        take_shape(&mut definition, shape);
        let notices = self.function_notices(function, &mut definition, warns, traits.is_property);
        let owner = self.facts.definitions.len() as DefinitionIndex;
        let taken = if in_class { Vec::new() } else { wrapping::keywords_taken(function) };
        if !taken.is_empty() {
            self.facts.wrappers.push((owner, taken));
        }
        self.facts.definitions.push(definition);
        self.take_hints(notices, Some(owner));
    }

    fn function_notices(
        &mut self,
        function: &'a ast::StmtFunctionDef,
        definition: &mut Definition,
        warns: bool,
        is_property: bool,
    ) -> Notices {
        let mut notices = Notices::default();
        let own = function.name.as_str();
        let parameters: Vec<&str> =
            function.parameters.iter().map(|parameter| parameter.name().as_str()).collect();
        if !function.decorator_list.is_empty() {
            let list = &function.decorator_list;
            notices::decorators(&mut notices, &mut self.shaper, list, own, &parameters);
            keywords::decorators(&mut notices, &self.shaper, list, &parameters);
        }
        if warns {
            let warnings = notices::warnings_in(&function.body);
            let is_special = own.starts_with("__") && own.ends_with("__");
            let forwards = function.body.last().is_some_and(returns_call);
            notices::whole_body(&mut notices, &warnings, own, is_special, forwards);
            let taken = keywords::taken_out(function);
            keywords::guarded(&mut notices, &self.shaper, &warnings, &parameters, &taken);
        }
        raising::whole_body(&mut notices, &function.body, own);
        raising::guarded(&mut notices, &self.shaper, function, &parameters);
        let variadic = function.parameters.kwarg.as_ref().map(|rest| rest.name.as_str());
        keywords::popped(&mut notices, &self.shaper, &function.body, variadic, &parameters, 0);
        if let Some(text) = &definition.docstring {
            definition.since = notices::docstring(&mut notices, text, own, function, false);
            notices.replaces(text, own, function);
            keywords::documented(&mut notices, text, function, &parameters);
        }
        let class =
            (!self.classes.is_empty()).then(|| self.path_of("").trim_end_matches('.').to_owned());
        let is_deprecated = notices.deprecated.is_some();
        let callable = Callable { function, class, is_deprecated, is_property };
        forwarding::body(&mut notices, &mut self.shaper, &callable);
        // Of several definitions under conditions nobody knows which one is called.
        if self.conditions == 0
            && let Some((forward, range)) = forwards::of_body(&mut self.shaper, &callable)
        {
            let owner = self.facts.definitions.len() as DefinitionIndex;
            let line = self.lines.line(range.start().to_u32());
            let text = folded(self.shaper.text_of_range(range), 300).into();
            self.facts.forwards.push(ForwardFact { owner, forward, line, text });
        }
        definition.deprecated = notices.deprecated.take();
        definition.experimental = notices.experimental;
        notices
    }

    fn receiver(
        &self,
        function: &'a ast::StmtFunctionDef,
        binding: ParameterBinding,
    ) -> Option<(&'a str, String)> {
        if binding == ParameterBinding::None {
            return None;
        }
        let list = &function.parameters;
        let first = list.posonlyargs.first().or_else(|| list.args.first())?;
        let mut path = self.path_of("");
        path.pop();
        Some((first.parameter.name.as_str(), path))
    }

    fn instance_attribute(&mut self, attribute: super::shape::InstanceAttribute<'a>, first: bool) {
        let name = attribute.name.as_str();
        let parent = self.parent();
        let same = |known: &Definition| known.parent == parent && *known.name == *name;
        // Later assignments only add what the first one left open.
        let start = parent.unwrap_or(0) as usize;
        let known = self.facts.definitions.iter_mut().skip(start).find(|known| same(known));
        if let Some(known) = known {
            if known.annotation.is_none()
                && let Some(annotation) = attribute.annotation
            {
                known.annotation =
                    Some(source(self.text, self.shaper.interner(), annotation.range()));
            }
            return;
        }
        let mut definition = self.blank(name, SymbolKind::Attribute, attribute.name.range());
        definition.in_class_body = false;
        definition.conditional = !first;
        definition.annotation = attribute
            .annotation
            .map(|annotation| source(self.text, self.shaper.interner(), annotation.range()));
        self.set_value(&mut definition, attribute.value.map(Ranged::range));
        self.facts.definitions.push(definition);
    }

    fn set_value(&mut self, definition: &mut Definition, value: Option<TextRange>) {
        let Some(range) = value else { return };
        let text = self.text.get(range.to_std_range()).unwrap_or_default();
        let short = if text.contains(['\n', '\r']) {
            let text = text.get(..text.len().min(4 * MAX_VALUE_BYTES)).unwrap_or(text);
            std::borrow::Cow::Owned(folded(text, MAX_VALUE_BYTES + 1))
        } else {
            std::borrow::Cow::Borrowed(text)
        };
        definition.shape_hash = short_hash(text.as_bytes());
        if short.len() <= MAX_VALUE_BYTES {
            definition.value = Some(self.shaper.interner().text(&short));
        }
    }

    fn class(&mut self, class: &'a ast::StmtClassDef) {
        if self.classes.len() >= MAX_CLASS_NESTING {
            return;
        }
        let name = class.name.as_str();
        let mut definition = self.blank(name, SymbolKind::Class, class.range());
        definition.decorators = self.decorators(&class.decorator_list);
        definition.docstring = docstring_of(&class.body);
        let mut fact = ClassFact { keywords: Vec::new(), body_is_empty: is_empty(&class.body) };
        for base in class.bases() {
            // `Generic[T]` and the like are their own base.
            let base = match base {
                Expr::Subscript(subscript) => &*subscript.value,
                // What makes the base stands for the class that it makes, which cannot be seen.
                Expr::Call(call) => &*call.func,
                other => other,
            };
            definition.bases.extend(self.shaper.reference_of(base));
        }
        for keyword in class.keywords() {
            if let Some(name) = &keyword.arg {
                let value = source(self.text, self.shaper.interner(), keyword.value.range());
                fact.keywords.push((self.shaper.interner().text(name.as_str()), value));
            }
        }
        definition.class = Some(Box::new(fact));
        let index = self.facts.definitions.len();
        self.facts.definitions.push(definition);
        self.shaper.bind(name);
        self.shaper.begin(Some(name), None);
        self.classes.push((name, index as DefinitionIndex));
        let conditions = std::mem::take(&mut self.conditions);
        for decorator in &class.decorator_list {
            self.shaper.expression(&decorator.expression);
        }
        for base in class.bases() {
            self.shaper.expression(base);
        }
        for keyword in class.keywords() {
            self.shaper.expression(&keyword.value);
        }
        self.body(&class.body);
        self.conditions = conditions;
        self.classes.pop();
        let shape = self.shaper.finish(true);
        self.shaper.member(name, &shape);
        let notices = self.class_notices(class, index);
        if let Some(definition) = self.facts.definitions.get_mut(index) {
            take_shape(definition, shape);
        }
        self.take_hints(notices, Some(index as DefinitionIndex));
    }

    fn class_notices(&mut self, class: &'a ast::StmtClassDef, index: usize) -> Notices {
        let mut notices = Notices::default();
        let own = class.name.as_str();
        notices::decorators(&mut notices, &mut self.shaper, &class.decorator_list, own, &[]);
        let mut documented = (None, None);
        if let Some(definition) = self.facts.definitions.get(index) {
            documented.0.clone_from(&definition.docstring);
        }
        let constructor = class.body.iter().find_map(|statement| {
            statement
                .as_function_def_stmt()
                .filter(|function| matches!(function.name.as_str(), "__init__" | "__new__"))
        });
        if let Some(text) = &documented.0 {
            documented.1 = notices::docstring(&mut notices, text, own, class, false);
            notices.replaces(text, own, class);
            let parameters: Vec<&str> = constructor
                .iter()
                .flat_map(|function| function.parameters.iter())
                .map(|parameter| parameter.name().as_str())
                .collect();
            keywords::documented(&mut notices, text, class, &parameters);
        }
        notices::told_in_class(&mut notices, &class.body, own);
        // A constructor that always warns deprecates its class.
        for statement in &class.body {
            let Some(function) = statement.as_function_def_stmt() else { continue };
            if matches!(
                function.name.as_str(),
                "__init__" | "__new__" | "__init_subclass__" | "__post_init__"
            ) {
                let warnings = notices::warnings_in(&function.body);
                notices::whole_body(&mut notices, &warnings, own, false, false);
                raising::whole_body(&mut notices, &function.body, own);
            }
        }
        let is_deprecated = notices.deprecated.is_some();
        let base =
            self.facts.definitions.get(index).and_then(|definition| match *definition.bases {
                [only] => Some(only),
                _ => None,
            });
        if let Some(base) = base.filter(|_| is_deprecated && forwarding::is_shim(&class.body)) {
            let text = self.shaper.text_of_range(class.range);
            let first =
                text.lines().find(|line| line.trim_start().starts_with("class ")).unwrap_or("");
            notices.add(
                HintFactSubject::SuccessorReference(base),
                HintIdiom::SubclassShim,
                class,
                first,
            );
        }
        if let Some(definition) = self.facts.definitions.get_mut(index) {
            definition.since = documented.1;
            definition.deprecated = notices.deprecated.take();
            definition.experimental = notices.experimental;
        }
        notices
    }

    fn assign(&mut self, assign: &'a ast::StmtAssign) {
        if self.classes.is_empty() && assign.targets.iter().any(exports::serves_the_module) {
            self.attached = Some(&assign.value);
        }
        for target in &assign.targets {
            match target {
                Expr::Name(name) => {
                    self.alias(name, &assign.value);
                    let value = Some(assign.value.range());
                    let kind = self.variable_kind(None, &assign.value);
                    self.variable(name, kind, assign.range(), None, value);
                    self.value_notices(name.id.as_str(), &assign.value);
                }
                Expr::Tuple(tuple) => {
                    for element in &tuple.elts {
                        if let Expr::Name(name) = element {
                            let kind = self.attribute_or_constant();
                            self.variable(name, kind, assign.range(), None, None);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn annotated(&mut self, assign: &'a ast::StmtAnnAssign) {
        let Expr::Name(name) = &*assign.target else { return };
        let kind = match assign.value.as_deref() {
            Some(value) => {
                self.alias(name, value);
                self.variable_kind(Some(&assign.annotation), value)
            }
            None => self.attribute_or_constant(),
        };
        let value = assign.value.as_deref().map(Ranged::range);
        self.variable(name, kind, assign.range(), Some(assign.annotation.range()), value);
        if let Some(value) = assign.value.as_deref() {
            self.value_notices(name.id.as_str(), value);
        }
    }

    /// What the value of a variable says: tables of names and keys, calls that stand for another
    /// name.
    fn value_notices(&mut self, name: &'a str, value: &'a Expr) {
        let mut notices = Notices::default();
        let path = self.path_of(name);
        let mut owner = None;
        match value {
            Expr::Call(call) => {
                tables::assigned(&mut notices, &mut self.shaper, name, call);
                owner = self.facts.definitions.len().checked_sub(1).map(|at| at as DefinitionIndex);
                if notices.hints.is_empty() {
                    owner = None;
                    tables::declared_options(&mut notices, &path, call, "", 0);
                }
            }
            Expr::Dict(_) | Expr::DictComp(_) | Expr::List(_) | Expr::Tuple(_) | Expr::Set(_) => {}
            Expr::StringLiteral(_) | Expr::BinOp(_) => {
                tables::message(&mut notices, name, value);
                self.take_hints(notices, None);
                return;
            }
            _ => return,
        }
        if notices.hints.is_empty()
            && let Some(table) = tables::read(value)
        {
            tables::renamed(&mut notices, name, &table);
            // By the table itself, its entries are found for other modules that look into it.
            owner = self.facts.definitions.len().checked_sub(1).map(|at| at as DefinitionIndex);
        }
        if self.classes.is_empty() {
            self.literals.push((name, value));
        }
        if matches!(value, Expr::Dict(_)) && holds_settings(name) {
            let text = self.text;
            let source = |expression: &Expr| {
                text.get(expression.range().to_std_range()).unwrap_or_default().to_owned()
            };
            self.facts.keys.extend(tables::default_keys(&path, value, source));
        }
        self.take_hints(notices, owner);
    }

    fn attribute_or_constant(&self) -> SymbolKind {
        if self.classes.is_empty() { SymbolKind::Constant } else { SymbolKind::Attribute }
    }

    fn variable_kind(&self, annotation: Option<&Expr>, value: &Expr) -> SymbolKind {
        if !self.classes.is_empty() {
            return SymbolKind::Attribute;
        }
        let leaf = |expression: &Expr| match expression {
            Expr::Name(name) => Some(name.id.to_string()),
            Expr::Attribute(attribute) => Some(attribute.attr.to_string()),
            _ => None,
        };
        if annotation.and_then(leaf).as_deref() == Some("TypeAlias") {
            return SymbolKind::TypeAlias;
        }
        match value {
            Expr::Subscript(subscript) => match leaf(&subscript.value).as_deref() {
                Some(
                    "Union" | "Optional" | "Callable" | "Literal" | "Tuple" | "List" | "Dict"
                    | "Type" | "Annotated" | "Sequence" | "Mapping" | "Iterable",
                ) => SymbolKind::TypeAlias,
                _ => SymbolKind::Constant,
            },
            _ => SymbolKind::Constant,
        }
    }

    /// Notes `Old = New` when the value is a dotted name.
    fn alias(&mut self, name: &'a ast::ExprName, value: &'a Expr) {
        if !matches!(value, Expr::Name(_) | Expr::Attribute(_)) {
            return;
        }
        let Some(mut target) = self.shaper.reference_of(value) else { return };
        // Inside a class a plain name is first a name of the class.
        if let (Expr::Name(plain), Some(parent)) = (value, self.parent()) {
            let member = |known: &Definition| {
                known.parent == Some(parent) && *known.name == *plain.id.as_str()
            };
            if self.facts.definitions.iter().skip(parent as usize).any(member) {
                let path = self.path_of(plain.id.as_str());
                let path = self.shaper.interner().text(&path);
                target = self.shaper.interner().reference(Reference::Local(path));
            }
        }
        self.bind(name.id.as_str(), target, BindingRoute::Assignment, name.range());
    }

    fn bind(&mut self, name: &str, target: u32, route: BindingRoute, range: TextRange) {
        let binding = Binding {
            scope: self.parent(),
            name: self.shaper.interner().text(name),
            target,
            route,
            conditional: self.conditions > 0,
            out_of_reach: self.out_of_reach,
            line: self.lines.line(range.start().to_u32()),
        };
        self.facts.bindings.push(binding);
    }

    fn variable(
        &mut self,
        name: &'a ast::ExprName,
        kind: SymbolKind,
        range: TextRange,
        annotation: Option<TextRange>,
        value: Option<TextRange>,
    ) {
        let id = name.id.as_str();
        if id == "__all__" && self.classes.is_empty() {
            return;
        }
        let mut definition = self.blank(id, kind, range);
        definition.annotation =
            annotation.map(|range| source(self.text, self.shaper.interner(), range));
        self.set_value(&mut definition, value);
        self.facts.definitions.push(definition);
    }

    fn import(&mut self, import: &'a ast::StmtImport) {
        for alias in &import.names {
            let (bound, route) = match &alias.asname {
                Some(bound) => (bound.as_str(), BindingRoute::ModuleAs),
                None => (alias.name.as_str(), BindingRoute::Module),
            };
            let path = self.shaper.interner().text(alias.name.as_str());
            let target = self.shaper.interner().reference(Reference::Absolute(path));
            self.bind_import(alias, bound, target, route);
        }
    }

    /// Binds what an import binds.
    fn bind_import(&mut self, alias: &ast::Alias, bound: &str, target: u32, route: BindingRoute) {
        let says_so = alias.asname.as_ref().is_some_and(|name| name.id == alias.name.id);
        let own = self.is_stub && route != BindingRoute::Star && !says_so;
        let outer = self.out_of_reach;
        self.out_of_reach |= own;
        self.bind(bound, target, route, alias.range());
        self.out_of_reach = outer;
    }

    fn import_from(&mut self, import: &'a ast::StmtImportFrom) {
        let module = import.module.as_ref().map_or("", |module| module.as_str());
        for alias in &import.names {
            let name = alias.name.as_str();
            let path = match (module, name) {
                (module, "*") => module.to_owned(),
                ("", name) => name.to_owned(),
                (module, name) => format!("{module}.{name}"),
            };
            let path: Arc<str> = self.shaper.interner().text(&path);
            let reference = match import.level {
                0 => Reference::Absolute(path),
                level => Reference::Relative(level, path),
            };
            let target = self.shaper.interner().reference(reference);
            let bound = alias.asname.as_ref().map_or(name, |bound| bound.as_str());
            let route = if name == "*" { BindingRoute::Star } else { BindingRoute::From };
            self.bind_import(alias, bound, target, route);
        }
    }

    fn delete(&mut self, delete: &'a ast::StmtDelete) {
        if self.conditions > 0 {
            return;
        }
        let scope = self.parent();
        for target in &delete.targets {
            let Expr::Name(name) = target else { continue };
            let name = name.id.as_str();
            self.facts.bindings.retain(|known| known.scope != scope || *known.name != *name);
            if let Some(definition) = self
                .facts
                .definitions
                .iter_mut()
                .rev()
                .find(|known| known.parent == scope && *known.name == *name)
            {
                // Members keep their indices; a name that no module can reach is left out later.
                definition.name = Arc::from("");
            }
        }
    }
}

/// Whether a table's name says that it holds settings with their defaults.
fn holds_settings(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["default", "setting", "config", "option", "preference"].iter().any(|word| name.contains(word))
}

fn take_shape(definition: &mut Definition, shape: Shape) {
    definition.shape_hash = shape.hash;
    definition.nodes = shape.nodes;
    definition.uses = shape.uses;
}

fn returns_call(statement: &Stmt) -> bool {
    let Stmt::Return(returned) = statement else { return false };
    returned.value.as_deref().is_some_and(Expr::is_call_expr)
}

fn takes_class(name: &str) -> bool {
    matches!(name, "__new__" | "__init_subclass__" | "__class_getitem__")
}

/// Whether a class body holds nothing that does anything.
fn is_empty(body: &[Stmt]) -> bool {
    body.iter().all(|statement| match statement {
        Stmt::Pass(_) => true,
        Stmt::Expr(expression) => {
            expression.value.is_string_literal_expr() || expression.value.is_ellipsis_literal_expr()
        }
        _ => false,
    })
}

/// What the decorators of a function make of it.
#[derive(Default)]
struct DecoratorTraits {
    is_static: bool,
    is_class: bool,
    is_property: bool,
    is_accessor: bool,
    is_overload: bool,
}

impl DecoratorTraits {
    fn of(decorators: &[ast::Decorator]) -> Self {
        let mut traits = Self::default();
        for decorator in decorators {
            let callee = match &decorator.expression {
                Expr::Call(call) => &*call.func,
                other => other,
            };
            let leaf = match callee {
                Expr::Name(name) => name.id.as_str(),
                Expr::Attribute(attribute) => attribute.attr.as_str(),
                _ => continue,
            };
            match leaf {
                "staticmethod" => traits.is_static = true,
                "classmethod" => traits.is_class = true,
                "setter" | "deleter" => traits.is_accessor = true,
                "overload" => traits.is_overload = true,
                _ if leaf.to_ascii_lowercase().ends_with("property") => traits.is_property = true,
                _ => {}
            }
        }
        traits
    }
}

/// The docstring of a body, indentation removed as `inspect.cleandoc` does.
pub(super) fn docstring_of(body: &[Stmt]) -> Option<Arc<str>> {
    let Stmt::Expr(first) = body.first()? else { return None };
    let Expr::StringLiteral(literal) = &*first.value else { return None };
    let text = match literal.value.as_slice() {
        [single] => std::borrow::Cow::Borrowed(&*single.value),
        parts => parts.iter().map(|part| &*part.value).collect::<String>().into(),
    };
    Some(clean(&text).into())
}

fn clean(text: &str) -> String {
    let margin = text
        .lines()
        .skip(1)
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let mut out = String::with_capacity(text.len());
    for (number, line) in text.lines().enumerate() {
        let line = if number == 0 { line.trim_start() } else { line.get(margin..).unwrap_or("") };
        if number > 0 {
            out.push('\n');
        }
        out.push_str(line.trim_end());
    }
    let start = out.len() - out.trim_start_matches('\n').len();
    out.drain(..start);
    out.truncate(out.trim_end().len());
    out
}
