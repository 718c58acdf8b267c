//! What a module says about its own namespace: `__all__`, `__getattr__`, and what cannot be seen.

use std::collections::BTreeSet;
use std::sync::Arc;

use ruff_python_ast::{self as ast, Expr, Operator, Stmt};

use super::shape::Shaper;
use super::{ExportStep, Reference};

/// Reads what a statement does to `__all__`; none when it does nothing to it.
pub(super) fn steps<'a>(
    shaper: &mut Shaper<'a, '_>,
    statement: &'a Stmt,
) -> Option<Vec<ExportStep>> {
    match statement {
        Stmt::Assign(assign) if assign.targets.iter().any(is_all) => {
            Some(value(shaper, &assign.value, true))
        }
        Stmt::AnnAssign(assign) if is_all(&assign.target) => {
            Some(value(shaper, assign.value.as_deref()?, true))
        }
        Stmt::AugAssign(assign) if is_all(&assign.target) && assign.op == Operator::Add => {
            Some(value(shaper, &assign.value, false))
        }
        Stmt::Expr(expression) => {
            let call = expression.value.as_call_expr()?;
            let method = call.func.as_attribute_expr().filter(|method| is_all(&method.value))?;
            let argument = call.arguments.args.first()?;
            Some(match method.attr.as_str() {
                "extend" => value(shaper, argument, false),
                "append" => match text_of(argument) {
                    Some(name) => vec![ExportStep::Add(vec![shaper.interner().text(&name)])],
                    None => vec![ExportStep::Unknown],
                },
                "remove" => match text_of(argument) {
                    Some(name) => vec![ExportStep::Remove(vec![shaper.interner().text(&name)])],
                    None => vec![ExportStep::Unknown],
                },
                _ => return None,
            })
        }
        _ => None,
    }
}

/// The names that a list of exports has at any time; none where it takes some from elsewhere.
pub(super) fn spelled_out(steps: &[ExportStep]) -> Option<BTreeSet<&str>> {
    let mut names = BTreeSet::new();
    for step in steps {
        match step {
            ExportStep::Set(all) | ExportStep::Add(all) => {
                names.extend(all.iter().map(|name| &**name));
            }
            ExportStep::Remove(_) => {}
            ExportStep::AddOf(_) | ExportStep::AddPublic | ExportStep::Unknown => return None,
        }
    }
    Some(names)
}

fn is_all(target: &Expr) -> bool {
    target.as_name_expr().is_some_and(|name| name.id.as_str() == "__all__")
}

fn value<'a>(shaper: &mut Shaper<'a, '_>, value: &'a Expr, sets: bool) -> Vec<ExportStep> {
    let mut steps = Vec::new();
    collect(shaper, value, &mut steps, 0);
    if sets && !mentions_itself(value) {
        // The first step starts from nothing.
        match steps.first_mut() {
            Some(ExportStep::Add(names)) => steps[0] = ExportStep::Set(std::mem::take(names)),
            _ => steps.insert(0, ExportStep::Set(Vec::new())),
        }
    }
    steps
}

/// Whether `__all__` as it was is part of a sum.
fn mentions_itself(value: &Expr) -> bool {
    match value {
        Expr::BinOp(sum) => mentions_itself(&sum.left) || mentions_itself(&sum.right),
        other => is_all(other),
    }
}

fn collect<'a>(
    shaper: &mut Shaper<'a, '_>,
    value: &'a Expr,
    steps: &mut Vec<ExportStep>,
    depth: u32,
) {
    if depth > 40 {
        steps.push(ExportStep::Unknown);
        return;
    }
    match value {
        Expr::List(list) => names(shaper, &list.elts, steps, depth),
        Expr::Tuple(tuple) => names(shaper, &tuple.elts, steps, depth),
        Expr::Set(set) => names(shaper, &set.elts, steps, depth),
        Expr::BinOp(sum) if sum.op == Operator::Add => {
            collect(shaper, &sum.left, steps, depth + 1);
            collect(shaper, &sum.right, steps, depth + 1);
        }
        Expr::Attribute(attribute) if attribute.attr.as_str() == "__all__" => {
            match shaper.reference_of(&attribute.value) {
                Some(module) => steps.push(ExportStep::AddOf(module)),
                None => steps.push(ExportStep::Unknown),
            }
        }
        value if is_own_namespace(value) => steps.push(ExportStep::AddPublic),
        Expr::ListComp(made) => comprehended(shaper, &made.elt, &made.generators, steps),
        Expr::SetComp(made) => comprehended(shaper, &made.elt, &made.generators, steps),
        Expr::Generator(made) => comprehended(shaper, &made.elt, &made.generators, steps),
        Expr::Call(call) => {
            let callee = call.func.as_name_expr().map(|name| name.id.as_str());
            match (callee, call.arguments.args.first()) {
                (Some("list" | "tuple" | "sorted" | "set"), Some(inner)) => {
                    collect(shaper, inner, steps, depth + 1);
                }
                (Some("list" | "tuple" | "set"), None) => {}
                _ => match (&*call.func, call.arguments.is_empty()) {
                    // `table.keys()` of a table in this module is settled with the table.
                    (Expr::Attribute(method), true) if method.attr.as_str() == "copy" => {
                        collect(shaper, &method.value, steps, depth + 1);
                    }
                    _ => steps.push(ExportStep::Unknown),
                },
            }
        }
        Expr::Name(name) if name.id.as_str() == "__all__" => {}
        _ => steps.push(ExportStep::Unknown),
    }
}

/// Whether a value is every name that the module has so far: `dir()`, `globals()`, its keys.
fn is_own_namespace(value: &Expr) -> bool {
    let Some(call) = value.as_call_expr().filter(|call| call.arguments.is_empty()) else {
        return false;
    };
    match &*call.func {
        Expr::Name(name) => matches!(name.id.as_str(), "dir" | "globals" | "locals" | "vars"),
        Expr::Attribute(method) => {
            matches!(method.attr.as_str(), "keys" | "copy") && is_own_namespace(&method.value)
        }
        _ => false,
    }
}

/// `[name for name in dir() if not name.startswith("_")]`, also with names that are left out, is
/// what a star import brings without any list; what other comprehensions give is computed.
fn comprehended(
    shaper: &mut Shaper<'_, '_>,
    element: &Expr,
    generators: &[ast::Comprehension],
    steps: &mut Vec<ExportStep>,
) {
    let ([generator], Some(name)) = (generators, element.as_name_expr()) else {
        steps.push(ExportStep::Unknown);
        return;
    };
    let source = match &generator.iter {
        Expr::Call(call) if is_named(&call.func, "list") || is_named(&call.func, "sorted") => {
            call.arguments.args.first().filter(|_| call.arguments.len() == 1)
        }
        other => Some(other),
    };
    let takes_names = is_named(&generator.target, name.id.as_str())
        && generator.target.is_name_expr()
        && source.is_some_and(is_own_namespace);
    let mut fewer = Vec::new();
    if !takes_names
        || !generator.ifs.iter().all(|test| leaves_out(test, name.id.as_str(), &mut fewer))
    {
        steps.push(ExportStep::Unknown);
        return;
    }
    steps.push(ExportStep::AddPublic);
    if !fewer.is_empty() {
        let fewer = fewer.iter().map(|name| shaper.interner().text(name)).collect();
        steps.push(ExportStep::Remove(fewer));
    }
}

/// Whether a condition on a name leaves out private names, or those that it lists, and no others.
fn leaves_out(test: &Expr, name: &str, fewer: &mut Vec<String>) -> bool {
    let is_name = |value: &Expr| value.is_name_expr() && is_named(value, name);
    match test {
        Expr::BoolOp(all) if all.op == ast::BoolOp::And => {
            all.values.iter().all(|test| leaves_out(test, name, fewer))
        }
        Expr::UnaryOp(not) if not.op == ast::UnaryOp::Not => {
            not.operand.as_call_expr().is_some_and(|call| {
                let method = call.func.as_attribute_expr();
                method.is_some_and(|it| it.attr.as_str() == "startswith" && is_name(&it.value))
                    && call.arguments.len() == 1
                    && call.arguments.args.first().and_then(text_of).is_some_and(|it| it == "_")
            })
        }
        Expr::Compare(comparison) => {
            let ([operator], [right]) = (&*comparison.ops, &*comparison.comparators) else {
                return false;
            };
            let is_first = |value: &Expr| {
                value
                    .as_subscript_expr()
                    .is_some_and(|subscript| is_name(&subscript.value) && is_zero(&subscript.slice))
            };
            match operator {
                ast::CmpOp::NotEq => {
                    is_first(&comparison.left) && text_of(right).is_some_and(|it| it == "_")
                }
                ast::CmpOp::NotIn if is_name(&comparison.left) => {
                    let listed = texts_of(right);
                    let whole = match right {
                        Expr::Tuple(all) => all.elts.len() == listed.len(),
                        Expr::List(all) => all.elts.len() == listed.len(),
                        Expr::Set(all) => all.elts.len() == listed.len(),
                        _ => false,
                    };
                    fewer.extend(listed);
                    whole
                }
                _ => false,
            }
        }
        _ => false,
    }
}

fn is_zero(value: &Expr) -> bool {
    value.as_number_literal_expr().is_some_and(
        |number| matches!(&number.value, ast::Number::Int(number) if number.as_u8() == Some(0)),
    )
}

fn names<'a>(
    shaper: &mut Shaper<'a, '_>,
    elements: &'a [Expr],
    steps: &mut Vec<ExportStep>,
    depth: u32,
) {
    let mut names: Vec<Arc<str>> = Vec::with_capacity(elements.len());
    let mut after = Vec::new();
    for element in elements {
        match element {
            Expr::Starred(starred) => collect(shaper, &starred.value, &mut after, depth + 1),
            // `SomeClass.__name__` stands for the class's name.
            Expr::Attribute(attribute) if attribute.attr.as_str() == "__name__" => {
                match attribute.value.as_name_expr() {
                    Some(name) => names.push(shaper.interner().text(name.id.as_str())),
                    None => after.push(ExportStep::Unknown),
                }
            }
            other => match text_of(other) {
                Some(name) => names.push(shaper.interner().text(&name)),
                None => after.push(ExportStep::Unknown),
            },
        }
    }
    steps.push(ExportStep::Add(names));
    steps.append(&mut after);
}

/// The text of a string literal, implicit concatenation included.
pub(super) fn text_of(expression: &Expr) -> Option<String> {
    let literal = expression.as_string_literal_expr()?;
    Some(literal.value.iter().map(|part| &*part.value).collect())
}

/// The texts of a literal sequence or the keys of a literal table.
pub(super) fn texts_of(value: &Expr) -> Vec<String> {
    match value {
        Expr::Tuple(tuple) => tuple.elts.iter().filter_map(text_of).collect(),
        Expr::List(list) => list.elts.iter().filter_map(text_of).collect(),
        Expr::Set(set) => set.elts.iter().filter_map(text_of).collect(),
        Expr::Dict(table) => {
            table.items.iter().filter_map(|item| text_of(item.key.as_ref()?)).collect()
        }
        _ => Vec::new(),
    }
}

/// Why a statement at module level may bind names that cannot be seen.
pub(super) fn unseen(statement: &Stmt) -> Option<&'static str> {
    let Stmt::Expr(expression) = statement else {
        return match statement {
            Stmt::Assign(assign) => assign.targets.iter().find_map(|target| {
                let subscript = target.as_subscript_expr()?;
                let container = &*subscript.value;
                if is_call_of(container, "globals") || is_call_of(container, "vars") {
                    return text_of(&subscript.slice)
                        .is_none()
                        .then_some("names are written into `globals()`");
                }
                is_modules_of_sys(container)
                    .then_some("the module replaces itself in `sys.modules`")
            }),
            _ => None,
        };
    };
    let call = expression.value.as_call_expr()?;
    match &*call.func {
        Expr::Name(name) if name.id.as_str() == "exec" => Some("code is made by `exec`"),
        Expr::Name(name) if name.id.as_str() == "setattr" => {
            let target = call.arguments.args.first()?;
            let computed = call.arguments.args.get(1).is_some_and(|name| text_of(name).is_none());
            let is_module =
                matches!(target, Expr::Subscript(subscript) if is_modules_of_sys(&subscript.value));
            (computed && is_module).then_some("names are set on the module with `setattr`")
        }
        Expr::Attribute(method) if method.attr.as_str() == "update" => {
            (is_call_of(&method.value, "globals") || is_call_of(&method.value, "vars"))
                .then_some("names are written into `globals()`")
        }
        _ => None,
    }
}

fn is_call_of(expression: &Expr, name: &str) -> bool {
    expression.as_call_expr().is_some_and(|call| {
        call.func.as_name_expr().is_some_and(|callee| callee.id.as_str() == name)
    })
}

fn is_modules_of_sys(expression: &Expr) -> bool {
    expression.as_attribute_expr().is_some_and(|attribute| {
        attribute.attr.as_str() == "modules"
            && attribute.value.as_name_expr().is_some_and(|name| name.id.as_str() == "sys")
    })
}

/// What a module's `__getattr__` can be seen to serve.
#[derive(Debug, Default)]
pub(super) struct Served {
    /// Names with what they reach.
    pub(super) entries: Vec<(String, Option<Reference>)>,
    /// Names of tables in this module that it looks names up in.
    pub(super) tables: Vec<String>,
    /// Whether it serves the names of `__all__`, and from which dotted places.
    pub(super) all_from: Option<Vec<String>>,
    /// Whether serving a name warns.
    pub(super) warns: bool,
    /// What is said when one of these names, or of these tables, is asked for.
    pub(super) warnings: Vec<(Vec<String>, Vec<String>, String)>,
}

/// Whether a condition never holds when the module is imported: it asks for a type checker, or for
/// the module being run as a program.
pub(super) fn fails_on_import(test: &Expr) -> bool {
    match test {
        Expr::Compare(comparison) => {
            let is_own_name = |side: &Expr| {
                side.as_name_expr().is_some_and(|name| name.id.as_str() == "__name__")
            };
            let is_main = |side: &Expr| text_of(side).as_deref() == Some("__main__");
            let [right] = &*comparison.comparators else { return false };
            let left = &*comparison.left;
            comparison.ops[..] == [ast::CmpOp::Eq]
                && (is_own_name(left) && is_main(right) || is_main(left) && is_own_name(right))
        }
        Expr::Name(name) => name.id.as_str() == "TYPE_CHECKING",
        Expr::Attribute(attribute) => attribute.attr.as_str() == "TYPE_CHECKING",
        _ => false,
    }
}

/// Whether an assignment to this target decides what the module serves: its `__getattr__`, alone or
/// among others, or its place in `sys.modules`.
pub(super) fn serves_the_module(target: &Expr) -> bool {
    match target {
        Expr::Name(name) => name.id.as_str() == "__getattr__",
        Expr::Tuple(tuple) => tuple.elts.iter().any(serves_the_module),
        Expr::Subscript(subscript) => is_modules_of_sys(&subscript.value),
        _ => false,
    }
}

/// Functions without parameters that do nothing but import a name and return it, with the name.
pub(super) type Importers<'a> = Vec<(&'a str, Reference)>;

/// The name that a function without parameters imports and returns, when it does nothing else.
pub(super) fn imported_by(function: &ast::StmtFunctionDef) -> Option<Reference> {
    if function.parameters.iter().next().is_some() {
        return None;
    }
    let mut rest = function.body.iter().filter(|statement| {
        !statement.as_expr_stmt().is_some_and(|it| it.value.is_string_literal_expr())
    });
    let (Stmt::ImportFrom(import), Stmt::Return(returned), None) =
        (rest.next()?, rest.next()?, rest.next())
    else {
        return None;
    };
    let name = returned.value.as_deref()?.as_name_expr()?.id.as_str();
    imported_names(import).into_iter().find(|(bound, _)| *bound == name).map(|(_, found)| found)
}

/// What a `from … import` binds, with what each name refers to.
fn imported_names(import: &ast::StmtImportFrom) -> Vec<(&str, Reference)> {
    let module = import.module.as_ref().map_or("", |module| module.as_str());
    let name = |alias: &ast::Alias| -> Arc<str> {
        let original = alias.name.as_str();
        if module.is_empty() { original.into() } else { format!("{module}.{original}").into() }
    };
    import
        .names
        .iter()
        .map(|alias| {
            let bound = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
            let reference = match import.level {
                0 => Reference::Absolute(name(alias)),
                level => Reference::Relative(level, name(alias)),
            };
            (bound, reference)
        })
        .collect()
}

/// Reads a module-level `__getattr__`.
pub(super) fn served(function: &ast::StmtFunctionDef, importers: &Importers<'_>) -> Served {
    let Some(name) = function.parameters.args.first().or(function.parameters.posonlyargs.first())
    else {
        return Served::default();
    };
    let name = name.parameter.name.as_str();
    let mut served = Served::default();
    let mut reader = Reader { name, importers, served: &mut served };
    reader.body(&function.body, &mut Vec::new());
    served
}

struct Reader<'a, 's> {
    name: &'a str,
    importers: &'s Importers<'s>,
    served: &'s mut Served,
}

impl<'a> Reader<'a, '_> {
    fn body(&mut self, body: &'a [Stmt], asked: &mut Vec<String>) {
        let mut imported: Vec<(&'a str, Reference)> = Vec::new();
        for statement in body {
            match statement {
                Stmt::If(branch) => self.branch(branch),
                Stmt::ImportFrom(import) => imported.extend(imported_names(import)),
                Stmt::Return(returned) => {
                    let value = returned.value.as_deref();
                    for asked in asked.iter() {
                        let reached =
                            value.and_then(|value| self.returned(value, &imported, asked));
                        self.served.entries.push((asked.clone(), reached));
                    }
                    if let Some(value) = value {
                        self.expression(value);
                    }
                }
                Stmt::Try(attempt) => {
                    self.body(&attempt.body, asked);
                }
                Stmt::Expr(expression) => self.expression(&expression.value),
                Stmt::Assign(assign) => self.expression(&assign.value),
                Stmt::For(repeat) => self.body(&repeat.body, asked),
                Stmt::With(with) => self.body(&with.body, asked),
                _ => {}
            }
        }
    }

    fn branch(&mut self, branch: &'a ast::StmtIf) {
        self.case(Some(&branch.test), &branch.body);
        for clause in &branch.elif_else_clauses {
            self.case(clause.test.as_ref(), &clause.body);
        }
    }

    fn case(&mut self, test: Option<&'a Expr>, body: &'a [Stmt]) {
        let known = self.served.tables.len();
        let mut asked = test.map(|test| self.asked(test)).unwrap_or_default();
        let tables: Vec<String> = self.served.tables[known..].to_vec();
        for warning in super::notices::warnings_in(body) {
            if !asked.is_empty() || !tables.is_empty() {
                self.served.warnings.push((asked.clone(), tables.clone(), warning.text));
            }
        }
        for raised in body.iter().filter_map(Stmt::as_raise_stmt) {
            if let Some((_, text)) = super::raising::message(raised)
                && !(asked.is_empty() && tables.is_empty())
            {
                self.served.warnings.push((asked.clone(), tables.clone(), text));
            }
        }
        self.body(body, &mut asked);
    }

    /// The names that a test compares the asked name with; tables that it looks in are noted.
    fn asked(&mut self, test: &'a Expr) -> Vec<String> {
        match test {
            Expr::Compare(comparison) => {
                let [right] = &*comparison.comparators else { return Vec::new() };
                let is_name = |side: &Expr| {
                    side.as_name_expr().is_some_and(|name| name.id.as_str() == self.name)
                };
                if !is_name(&comparison.left) {
                    return if is_name(right) {
                        text_of(&comparison.left).into_iter().collect()
                    } else {
                        Vec::new()
                    };
                }
                match right {
                    Expr::Name(table) => {
                        if table.id.as_str() == "__all__" {
                            self.served.all_from.get_or_insert_default();
                        } else {
                            self.served.tables.push(table.id.to_string());
                        }
                        Vec::new()
                    }
                    Expr::Tuple(tuple) => tuple.elts.iter().filter_map(text_of).collect(),
                    Expr::List(list) => list.elts.iter().filter_map(text_of).collect(),
                    Expr::Set(set) => set.elts.iter().filter_map(text_of).collect(),
                    other => text_of(other).into_iter().collect(),
                }
            }
            Expr::BoolOp(operation) => {
                operation.values.iter().flat_map(|value| self.asked(value)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn returned(
        &self,
        value: &'a Expr,
        imported: &[(&'a str, Reference)],
        asked: &str,
    ) -> Option<Reference> {
        match value {
            Expr::Name(name) => {
                let found = imported.iter().find(|(bound, _)| *bound == name.id.as_str());
                Some(match found {
                    Some((_, reference)) => reference.clone(),
                    None => Reference::Local(name.id.as_str().into()),
                })
            }
            Expr::Attribute(attribute) => {
                let root = attribute.value.as_name_expr()?;
                let (_, reference) =
                    imported.iter().find(|(bound, _)| *bound == root.id.as_str())?;
                let path: Arc<str> = format!("{}.{}", reference.text(), attribute.attr).into();
                Some(match reference {
                    Reference::Relative(level, _) => Reference::Relative(*level, path),
                    _ => Reference::Absolute(path),
                })
            }
            // `getattr(module, name)`, `import_module("x").name`
            Expr::Call(call) if is_named(&call.func, "getattr") => {
                let module = call.arguments.args.first()?.as_name_expr()?;
                let found = imported.iter().find(|(bound, _)| *bound == module.id.as_str());
                let path = |base: &str| -> Arc<str> { format!("{base}.{asked}").into() };
                Some(match found {
                    Some((_, Reference::Relative(level, base))) => {
                        Reference::Relative(*level, path(base))
                    }
                    Some((_, reference)) => Reference::Absolute(path(reference.text())),
                    None => Reference::Local(path(module.id.as_str())),
                })
            }
            // `_import_thing()`
            Expr::Call(call) if call.arguments.is_empty() => {
                let callee = call.func.as_name_expr()?.id.as_str();
                let found = self.importers.iter().find(|(name, _)| *name == callee);
                found.map(|(_, reference)| reference.clone())
            }
            Expr::Call(call) => {
                let text = call.arguments.args.iter().find_map(text_of)?;
                let dotted = text.trim_start_matches('.');
                let level = (text.len() - dotted.len()) as u32;
                let is_import =
                    is_named(&call.func, "import_module") || is_named(&call.func, "_import");
                is_import.then(|| match level {
                    0 => Reference::Absolute(dotted.into()),
                    level => Reference::Relative(level, dotted.into()),
                })
            }
            _ => None,
        }
    }

    /// Notes tables that are looked up in and places that a forwarding call names.
    fn expression(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Subscript(subscript) => {
                let by_name =
                    subscript.slice.as_name_expr().is_some_and(|it| it.id.as_str() == self.name);
                if let Expr::Name(table) = &*subscript.value
                    && by_name
                {
                    self.served.tables.push(table.id.to_string());
                }
            }
            Expr::Call(call) => self.call(call),
            Expr::Attribute(attribute) => self.expression(&attribute.value),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|element| self.expression(element)),
            _ => {}
        }
    }

    fn call(&mut self, call: &'a ast::ExprCall) {
        let callee = match &*call.func {
            Expr::Name(name) => name.id.as_str(),
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            _ => "",
        };
        let lower = callee.to_ascii_lowercase();
        self.served.warns |= lower.contains("warn") || lower.contains("deprecat");
        let receives_name = call
            .arguments
            .args
            .iter()
            .chain(call.arguments.keywords.iter().map(|it| &it.value))
            .any(|argument| argument.as_name_expr().is_some_and(|it| it.id.as_str() == self.name));
        if let Expr::Attribute(method) = &*call.func {
            if matches!(method.attr.as_str(), "get" | "pop")
                && receives_name
                && let Expr::Name(table) = &*method.value
            {
                self.served.tables.push(table.id.to_string());
            }
            self.expression(&method.value);
        }
        // A function that was made from tables serves what they list.
        if let Expr::Name(made) = &*call.func
            && receives_name
        {
            self.served.tables.push(made.id.to_string());
        }
        let mut places = Vec::new();
        let mut all = false;
        for argument in
            call.arguments.args.iter().chain(call.arguments.keywords.iter().map(|it| &it.value))
        {
            if let Expr::Name(name) = argument
                && name.id.as_str() == "__all__"
            {
                all = true;
            }
            places.extend(text_of(argument));
            if let Expr::List(list) = argument {
                places.extend(list.elts.iter().filter_map(text_of));
            }
            self.expression(argument);
        }
        if receives_name && all {
            self.served.all_from.get_or_insert_default().append(&mut places);
        }
    }
}

fn is_named(callee: &Expr, name: &str) -> bool {
    match callee {
        Expr::Name(callee) => callee.id.as_str() == name,
        Expr::Attribute(callee) => callee.attr.as_str() == name,
        _ => false,
    }
}
