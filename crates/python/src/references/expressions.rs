//! The first pass over expressions: chains of attributes, calls, comprehensions, imports, classes.

use std::sync::Arc;

use ruff_python_ast::name::Name;
use ruff_python_ast::token::parenthesized_range;
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{self as ast, AnyNodeRef, ArgOrKeyword, Expr, Stmt};
use ruff_text_size::Ranged;

use super::model::{
    Access, Argument, ArgumentForm, BindingId, CallId, CallSite, ClassDefinition, ClassMember,
    ImportBinding, ImportForm, ImportStatement, KeyAccess, MemberUse, Place, ScopeId, SegmentForm,
    StatementId,
};
use super::scope::{BindingKind, ScopeKind};
use super::walk::{Choice, ChoiceKind, RawUse, Walker, absolute, access, span};
use crate::edit::Span;

impl Walker<'_> {
    pub(super) fn expression(&mut self, expression: &Expr) {
        match expression {
            Expr::Name(name) => self.name(name, access(name.ctx)),
            Expr::Attribute(attribute) => {
                self.attribute(attribute, None);
            }
            Expr::Call(call) => self.call(call),
            Expr::Lambda(lambda) => self.lambda(lambda),
            Expr::ListComp(ast::ExprListComp { elt, generators, .. })
            | Expr::SetComp(ast::ExprSetComp { elt, generators, .. })
            | Expr::Generator(ast::ExprGenerator { elt, generators, .. }) => {
                self.filters(span(expression.range()), generators);
                self.comprehension(generators, |walker| walker.visit_expr(elt));
            }
            Expr::DictComp(comprehension) => {
                self.filters(span(comprehension.range), &comprehension.generators);
                self.comprehension(&comprehension.generators, |walker| {
                    if let Some(key) = &comprehension.key {
                        walker.visit_expr(key);
                    }
                    walker.visit_expr(&comprehension.value);
                });
            }
            Expr::Named(named) => self.named(named),
            Expr::If(conditional) => {
                self.found.choices.push(Choice {
                    whole: span(conditional.range),
                    kind: ChoiceKind::Test(span(conditional.test.range())),
                });
                visitor::walk_expr(self, expression);
            }
            Expr::BoolOp(operation) => {
                self.operands(operation);
                visitor::walk_expr(self, expression);
            }
            Expr::Subscript(subscript) => self.subscript(subscript),
            Expr::StringLiteral(string) => self.string(string),
            _ => visitor::walk_expr(self, expression),
        }
    }

    /// `new and use`, `not old or use`, `new and use or other`: what a part asks decides whether
    /// the rest runs.
    fn operands(&mut self, operation: &ast::ExprBoolOp) {
        let whole = span(operation.range);
        let decides = |part: &&Expr| match operation.op {
            ast::BoolOp::And => true,
            ast::BoolOp::Or => match part {
                Expr::UnaryOp(turned) => turned.op == ast::UnaryOp::Not,
                Expr::BoolOp(inner) => inner.op == ast::BoolOp::And,
                _ => false,
            },
        };
        for part in operation.values.iter().filter(decides) {
            let kind = ChoiceKind::Part(span(part.range()));
            self.found.choices.push(Choice { whole, kind });
        }
    }

    /// `use for one in many if new`.
    fn filters(&mut self, whole: Span, generators: &[ast::Comprehension]) {
        for test in generators.iter().flat_map(|generator| &generator.ifs) {
            let kind = ChoiceKind::Part(span(test.range()));
            self.found.choices.push(Choice { whole, kind });
        }
    }

    pub(super) fn name(&mut self, name: &ast::ExprName, access: Access) {
        let at = span(name.range);
        self.found.uses.push(RawUse {
            root: name.id.clone(),
            root_span: at,
            attributes: Vec::new(),
            span: at,
            position: self.position(at.start),
            conditions: self.conditions,
            access,
            place: self.place,
            call: None,
            repeated: false,
        });
    }

    /// Records the longest chain, and every attribute in it that was asked for.
    fn attribute(&mut self, outermost: &ast::ExprAttribute, call: Option<CallId>) {
        let mut names = Vec::new();
        let mut current = outermost;
        let root = loop {
            names.push((
                current.attr.id.clone(),
                span(current.attr.range()),
                SegmentForm::Identifier,
            ));
            let wanted = (self.options.members)(&current.attr.id);
            if wanted {
                let is_outermost = std::ptr::eq(current, outermost);
                self.member(current, is_outermost, call);
                let name = Arc::from(current.attr.id.as_str());
                let key = (span(current.attr.range()), name);
                self.keys_of(&current.value, vec![key], &KeyAccess::Attribute);
            }
            match &*current.value {
                Expr::Attribute(inner) => current = inner,
                other => break other,
            }
        };
        names.reverse();
        match root {
            Expr::Name(root) => {
                let at = span(root.range);
                self.found.uses.push(RawUse {
                    root: root.id.clone(),
                    root_span: at,
                    attributes: names,
                    span: span(outermost.range),
                    position: self.position(at.start),
                    conditions: self.conditions,
                    access: access(outermost.ctx),
                    place: self.place,
                    call,
                    repeated: false,
                });
            }
            other => self.visit_expr(other),
        }
    }

    fn member(&mut self, attribute: &ast::ExprAttribute, outermost: bool, call: Option<CallId>) {
        let name_span = span(attribute.attr.range());
        let value = span(attribute.value.range());
        let start = span(attribute.range).start;
        // Between the value and the name stand closing parentheses, white space, comments and the
        // dot.
        let between = Span::new(value.end, name_span.start).of(self.source);
        let closing = between.rfind(')').map_or(0, |at| at as u32 + 1);
        let end = if start < value.start { value.end + closing } else { value.end };
        if let Some(text) = self.source.get(value.start as usize..value.end as usize) {
            self.found.receiver_texts.insert(text.to_owned());
        }
        self.found.members.push(MemberUse {
            span: span(attribute.range),
            receiver: Span::new(start, end),
            receiver_node: value,
            name_span,
            name: Arc::from(attribute.attr.id.as_str()),
            access: if outermost { access(attribute.ctx) } else { Access::Load },
            scope: ScopeId(self.scope),
            conditions: self.conditions,
            call: if outermost { call } else { None },
        });
    }

    fn call(&mut self, call: &ast::ExprCall) {
        let id = CallId(self.found.calls.len() as u32);
        match &*call.func {
            Expr::Name(name) => {
                self.call_site(call);
                self.name(name, Access::Load);
                if let Some(last) = self.found.uses.last_mut() {
                    last.call = Some(id);
                }
            }
            Expr::Attribute(attribute) => {
                self.call_site(call);
                self.attribute(attribute, Some(id));
            }
            Expr::Call(getter) if is_plain_getattr(getter) => {
                self.call_site(call);
                let (uses, members) = (self.found.uses.len(), self.found.members.len());
                self.visit_expr(&call.func);
                self.calls_attribute_string(getter, id, uses, members);
            }
            other => self.visit_expr(other),
        }
        self.special_call(call);
        self.call_keys(call);
        let bound = self.bound_call(call);
        let quoted = self.quoted_types;
        for (index, argument) in call.arguments.args.iter().enumerate() {
            self.quoted_types = self.is_type_argument(call, Some(index), None);
            self.visit_expr(argument);
            if let Some((callee, id)) = bound.filter(|_| index == 0) {
                self.mark_bound(callee, id);
            }
        }
        for keyword in &call.arguments.keywords {
            self.quoted_types = self.is_type_argument(call, None, keyword.arg.as_deref());
            self.visit_expr(&keyword.value);
        }
        self.quoted_types = quoted;
    }

    /// Lets what `getattr` named be the callee of a call; what is recorded before does not count.
    fn calls_attribute_string(
        &mut self,
        getter: &ast::ExprCall,
        call: CallId,
        uses: usize,
        members: usize,
    ) {
        let Some(name) = getter.arguments.args.get(1).map(|name| span(name.range())) else {
            return;
        };
        for used in self.found.uses.iter_mut().skip(uses) {
            if used.attributes.last().is_some_and(|(_, at, form)| {
                *form == SegmentForm::AttributeString && name.contains(*at)
            }) {
                used.call = Some(call);
            }
        }
        for member in self.found.members.iter_mut().skip(members) {
            if name.contains(member.name_span) {
                member.call = Some(call);
            }
        }
    }

    fn call_site(&mut self, call: &ast::ExprCall) {
        self.call_of(call, None);
    }

    /// Records a call; `bound_by` is the argument that is the callee of `partial`.
    pub(super) fn call_of(&mut self, call: &ast::ExprCall, bound_by: Option<Span>) {
        let parent = AnyNodeRef::from(&call.arguments);
        let first = usize::from(bound_by.is_some());
        let arguments = call.arguments.iter_source_order().skip(first).map(|argument| {
            let value = match argument {
                ArgOrKeyword::Arg(Expr::Starred(starred)) => &starred.value,
                ArgOrKeyword::Arg(value) => value,
                ArgOrKeyword::Keyword(keyword) => &keyword.value,
            };
            // Tokens of a quoted annotation are not at hand; calls in them have plain arguments.
            let around = if self.string_depth == 0 {
                parenthesized_range(value.into(), parent, self.tokens)
            } else {
                None
            };
            let value_span = span(around.unwrap_or(value.range()));
            let (form, start) = match argument {
                ArgOrKeyword::Arg(Expr::Starred(starred)) => {
                    (ArgumentForm::Starred, span(starred.range).start)
                }
                ArgOrKeyword::Arg(_) => (ArgumentForm::Positional, value_span.start),
                ArgOrKeyword::Keyword(keyword) => match &keyword.arg {
                    Some(name) => {
                        let at = span(name.range());
                        let name = Arc::from(name.id.as_str());
                        (ArgumentForm::Keyword { name, span: at }, at.start)
                    }
                    None => (ArgumentForm::DoubleStarred, span(keyword.range).start),
                },
            };
            Argument { form, span: Span::new(start, value_span.end), value: value_span }
        });
        let arguments: Vec<Argument> = arguments.collect();
        let func = span(call.func.range());
        let callee_start = call.range_start.to_u32();
        // Behind the callee may stand parentheses around it, comments and line breaks.
        let behind = Span::new(func.end, span(call.arguments.range).start.max(func.end));
        let closing = behind.of(self.source).rfind(')').filter(|_| callee_start < func.start);
        let callee_end = func.end + closing.map_or(0, |at| at as u32 + 1);
        self.found.calls.push(CallSite {
            span: span(call.range()),
            callee: Span::new(callee_start, callee_end),
            parentheses: span(call.arguments.range),
            arguments,
            bound_by,
            scope: ScopeId(self.scope),
            conditions: self.conditions,
        });
    }

    fn lambda(&mut self, lambda: &ast::ExprLambda) {
        if let Some(parameters) = &lambda.parameters {
            for parameter in &**parameters {
                if let Some(default) = parameter.default() {
                    self.visit_expr(default);
                }
            }
        }
        let outer = self.conditions;
        self.within(ScopeKind::Function, |walker| {
            walker.runs_later();
            if let Some(parameters) = &lambda.parameters {
                walker.parameters(parameters);
            }
            walker.visit_expr(&lambda.body);
        });
        self.conditions = outer;
    }

    fn comprehension(&mut self, generators: &[ast::Comprehension], body: impl FnOnce(&mut Self)) {
        // The first iterable is evaluated outside.
        if let Some(first) = generators.first() {
            self.visit_expr(&first.iter);
        }
        self.within(ScopeKind::Comprehension, |walker| {
            for (index, generator) in generators.iter().enumerate() {
                let at = span(generator.target.range());
                walker.target(&generator.target, BindingKind::Other, 0, at);
                if index > 0 {
                    walker.visit_expr(&generator.iter);
                }
                for condition in &generator.ifs {
                    walker.visit_expr(condition);
                }
            }
            body(walker);
        });
    }

    fn named(&mut self, named: &ast::ExprNamed) {
        self.visit_expr(&named.value);
        let outer = self.scope;
        // An assignment expression in a comprehension binds outside of it.
        while self.found.scopes.scope(self.scope).kind == ScopeKind::Comprehension {
            match self.found.scopes.scope(self.scope).parent {
                Some(parent) => self.scope = parent,
                None => break,
            }
        }
        let at = span(named.value.range());
        self.target(&named.target, BindingKind::Other, at.end, at);
        self.scope = outer;
    }

    fn subscript(&mut self, subscript: &ast::ExprSubscript) {
        self.subscript_key(subscript);
        self.visit_expr(&subscript.value);
        let leaf = match &*subscript.value {
            Expr::Name(name) => name.id.as_str(),
            Expr::Attribute(attribute) => attribute.attr.id.as_str(),
            _ => "",
        };
        let quoted = self.quoted_types;
        match leaf {
            "Literal" => self.quoted_types = false,
            "Annotated" => {
                if let Expr::Tuple(tuple) = &*subscript.slice
                    && let Some((first, rest)) = tuple.elts.split_first()
                {
                    self.visit_expr(first);
                    self.quoted_types = false;
                    for element in rest {
                        self.visit_expr(element);
                    }
                    self.quoted_types = quoted;
                    return;
                }
            }
            "Optional" | "Union" | "List" | "Dict" | "Set" | "FrozenSet" | "Tuple" | "Type"
            | "Callable" | "Iterable" | "Iterator" | "Sequence" | "Mapping" | "Awaitable"
            | "Generator" | "ClassVar" | "Final" => self.quoted_types = true,
            _ => {}
        }
        self.visit_expr(&subscript.slice);
        self.quoted_types = quoted;
    }

    pub(super) fn import(&mut self, statement: &Stmt, only_statement: bool) {
        let id = StatementId(self.found.statements.len() as u32);
        let at = span(statement.range());
        let mut record = ImportStatement {
            span: at,
            from: None,
            module: None,
            level: 0,
            scope: ScopeId(self.scope),
            block: self.block,
            only_statement,
            conditions: self.conditions,
        };
        match statement {
            Stmt::Import(import) => {
                self.found.statements.push(record);
                for alias in &import.names {
                    self.import_module(id, at, alias);
                }
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map(|module| module.id.as_str());
                record.level = import.level;
                record.module =
                    absolute(self.options.module, self.options.is_package, import.level, module);
                record.from = self.module_span(import);
                let base = record.module.clone();
                self.found.statements.push(record);
                for alias in &import.names {
                    self.import_name(id, at, alias, base.as_ref());
                }
            }
            _ => {}
        }
    }

    /// The dots and the module of `from ..module import`.
    fn module_span(&self, import: &ast::StmtImportFrom) -> Option<Span> {
        let whole = span(import.range);
        let text = whole.of(self.source);
        let end = match &import.module {
            Some(module) => span(module.range()).end,
            None => {
                let names = span(import.names.first()?.range).start;
                let before = Span::new(whole.start, names).of(self.source);
                whole.start + before.rfind('.')? as u32 + 1
            }
        };
        let start = if import.level > 0 {
            whole.start + text.find('.')? as u32
        } else {
            span(import.module.as_ref()?.range()).start
        };
        Some(Span::new(start, end))
    }

    fn import_module(&mut self, statement: StatementId, at: Span, alias: &ast::Alias) {
        let target = code_model::DottedName::new(alias.name.id.as_str()).ok();
        let (form, local) = match &alias.asname {
            Some(name) => (ImportForm::ModuleAs, name.id.clone()),
            None => {
                let root = alias.name.id.split('.').next().unwrap_or_default();
                (ImportForm::Module, Name::new(root))
            }
        };
        self.import_binding(statement, at, alias, form, &local, target);
    }

    fn import_name(
        &mut self,
        statement: StatementId,
        at: Span,
        alias: &ast::Alias,
        module: Option<&code_model::DottedName>,
    ) {
        if &alias.name.id == "*" {
            let star = alias.name.id.clone();
            self.import_binding(statement, at, alias, ImportForm::Star, &star, module.cloned());
            return;
        }
        let target = module
            .filter(|_| code_model::DottedName::new(alias.name.id.as_str()).is_ok())
            .map(|module| module.join(alias.name.id.as_str()));
        let local = alias.asname.as_ref().map_or(&alias.name.id, |name| &name.id).clone();
        self.import_binding(statement, at, alias, ImportForm::From, &local, target);
    }

    fn import_binding(
        &mut self,
        statement: StatementId,
        at: Span,
        alias: &ast::Alias,
        form: ImportForm,
        local: &Name,
        target: Option<code_model::DottedName>,
    ) {
        let id = BindingId(self.found.imports.len() as u32);
        let redundant = alias.asname.as_ref().is_some_and(|name| name.id == alias.name.id);
        self.found.imports.push(ImportBinding {
            statement,
            form,
            span: span(alias.range),
            name: span(alias.name.range()),
            as_name: alias.asname.as_ref().map(|name| span(name.range())),
            local: Arc::from(local.as_str()),
            target,
            sole: false,
            exported: redundant,
            uses: 0,
        });
        if form != ImportForm::Star {
            self.adding = form == ImportForm::Module;
            self.bind(local, BindingKind::Import(id), span(alias.range), at.end);
            self.adding = false;
        }
    }

    pub(super) fn open_class(&mut self, class: &ast::StmtClassDef) -> usize {
        let outer = self.class.map(|slot| self.found.classes[slot].0.qualified_name.clone());
        let name = class.name.id.as_str();
        let qualified_name = match outer {
            Some(outer) => format!("{outer}.{name}"),
            None => name.to_owned(),
        };
        let start = class
            .decorator_list
            .first()
            .map_or(span(class.range).start, |first| span(first.range).start);
        let definition = ClassDefinition {
            qualified_name,
            name_span: span(class.name.range()),
            span: Span::new(start.min(span(class.range).start), span(class.range).end),
            bases: Vec::new(),
            keywords: class_keywords(class),
            members: Vec::new(),
        };
        self.found.classes.push((definition, Vec::new()));
        self.found.classes.len() - 1
    }

    pub(super) fn member_function(&mut self, function: &ast::StmtFunctionDef) {
        let Some(slot) = self.class else { return };
        let at = span(function.range);
        let start =
            function.decorator_list.first().map_or(at.start, |first| span(first.range).start);
        self.found.classes[slot].0.members.push(ClassMember {
            name: Arc::from(function.name.id.as_str()),
            name_span: span(function.name.range()),
            span: Span::new(start.min(at.start), at.end),
            parameters: Some(span(function.parameters.range)),
            is_function: true,
        });
    }

    pub(super) fn class_attribute(&mut self, target: &Expr, statement: Span) {
        let (Some(slot), Expr::Name(name)) = (self.class, target) else { return };
        self.found.classes[slot].0.members.push(ClassMember {
            name: Arc::from(name.id.as_str()),
            name_span: span(name.range),
            span: statement,
            parameters: None,
            is_function: false,
        });
    }

    /// Attributes that a method sets on its first parameter, at any depth of its own statements.
    pub(super) fn instance_attributes(&mut self, slot: usize, this: &str, body: &[Stmt]) {
        let mut pending: Vec<&Stmt> = body.iter().collect();
        while let Some(statement) = pending.pop() {
            let targets: &[Expr] = match statement {
                Stmt::Assign(assignment) => &assignment.targets,
                Stmt::AnnAssign(assignment) => std::slice::from_ref(&assignment.target),
                Stmt::If(branch) => {
                    pending.extend(&branch.body);
                    pending.extend(branch.elif_else_clauses.iter().flat_map(|c| &c.body));
                    continue;
                }
                Stmt::With(block) => {
                    pending.extend(&block.body);
                    continue;
                }
                Stmt::Try(block) => {
                    pending.extend(block.body.iter().chain(&block.orelse));
                    continue;
                }
                _ => continue,
            };
            for target in targets {
                let Expr::Attribute(attribute) = target else { continue };
                if matches!(&*attribute.value, Expr::Name(name) if name.id == this) {
                    self.found.classes[slot].0.members.push(ClassMember {
                        name: Arc::from(attribute.attr.id.as_str()),
                        name_span: span(attribute.attr.range()),
                        span: span(statement.range()),
                        parameters: None,
                        is_function: false,
                    });
                }
            }
        }
    }

    pub(super) fn in_text(&mut self, place: Place, visit: impl FnOnce(&mut Self)) {
        let outer = self.place;
        self.place = place;
        self.string_depth += 1;
        visit(self);
        self.string_depth -= 1;
        self.place = outer;
    }
}

/// The keywords beside the bases of a class.
fn class_keywords(class: &ast::StmtClassDef) -> Vec<(Arc<str>, Span)> {
    let given = class.arguments.iter().flat_map(|arguments| &arguments.keywords);
    given
        .filter_map(|keyword| {
            let name = keyword.arg.as_ref()?;
            Some((Arc::from(name.id.as_str()), span(name.range())))
        })
        .collect()
}

/// Whether a call is `getattr(thing, "name")` without a default.
fn is_plain_getattr(call: &ast::ExprCall) -> bool {
    matches!(&*call.func, Expr::Name(name) if name.id == "getattr")
        && call.arguments.len() == 2
        && matches!(call.arguments.args.get(1), Some(Expr::StringLiteral(_)))
}
