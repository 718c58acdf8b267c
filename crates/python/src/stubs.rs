//! Stubs: what a module offers, without how it does it.
//!
//! A stub keeps imports, names, signatures, annotations, decorators and the kind of every value,
//! and drops bodies and docstrings. A module of source offers every name that it imports, and a
//! stub only those that it imports under their own names with `as`; so that is how they are
//! written. Stubs that a library ships are taken as they are.

mod attributes;
mod returns;
mod values;

use std::fmt::Write as _;

use code_model::DottedName;
use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::Ranged;

#[cfg(feature = "types")]
pub(crate) use returns::returned_values;
use values::{LONGEST_NAMED_CALL, LONGEST_VALUE};

/// The deepest nesting of statements that is written; deeper ones are left out.
const DEEPEST: usize = 48;

/// How a lazy name is made plain in a stub.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LazyName {
    /// The name in the module.
    pub name: String,
    /// What it reaches.
    pub target: DottedName,
}

/// The stub of a parsed module.
pub fn stub_of(body: &[Stmt], source: &str) -> String {
    let mut writer = Writer { source, out: String::with_capacity(source.len() / 4), indent: 0 };
    writer.block(body, Scope::Module, 0);
    writer.out
}

/// A stub in which the names of a lazy table are imports, and its `__getattr__` is gone when
/// nothing else can come out of it.
pub fn with_lazy_names(stub: &str, names: &[LazyName], complete: bool) -> String {
    if names.is_empty() {
        return stub.to_owned();
    }
    let mut text = if complete { stub.replace(MODULE_GETATTR, "") } else { stub.to_owned() };
    for LazyName { name, target } in names {
        let is_renamed = target.leaf() != name;
        let local = if is_renamed { format!("{LOCAL_PREFIX}{name}") } else { name.clone() };
        let _ = match target.parent() {
            Some(parent) => writeln!(text, "from {parent} import {} as {local}", target.leaf()),
            None => writeln!(text, "import {target} as {local}"),
        };
        if is_renamed {
            let _ = writeln!(text, "{name} = {local}");
        }
    }
    text
}

/// How a module's own `__getattr__` is written, so that it can be found again.
const MODULE_GETATTR: &str = "def __getattr__(name): ...\n";

/// What an import under another name binds in a stub, before the name that it binds in the source.
const LOCAL_PREFIX: &str = "_as_";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope<'a> {
    Module,
    Class(&'a str),
}

struct Writer<'a> {
    source: &'a str,
    out: String,
    indent: usize,
}

impl<'a> Writer<'a> {
    fn text(&self, node: &impl Ranged) -> &'a str {
        let range = node.range();
        self.source.get(range.start().to_usize()..range.end().to_usize()).unwrap_or("...")
    }

    fn start_line(&mut self) {
        self.out.extend(std::iter::repeat_n("  ", self.indent));
    }

    fn line(&mut self, text: &str) {
        self.start_line();
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// Writes a header and its block; an empty block is `...`.
    fn compound(&mut self, header: &str, body: &[Stmt], scope: Scope<'_>, depth: usize) {
        self.line(header);
        self.indent += 1;
        if !self.block(body, scope, depth + 1) {
            self.line("...");
        }
        self.indent -= 1;
    }

    /// Whether anything was written.
    fn block(&mut self, body: &[Stmt], scope: Scope<'_>, depth: usize) -> bool {
        let before = self.out.len();
        if depth < DEEPEST {
            for statement in body {
                self.statement(statement, scope, depth);
            }
        }
        self.out.len() > before
    }

    fn statement(&mut self, statement: &Stmt, scope: Scope<'_>, depth: usize) {
        match statement {
            Stmt::Import(import) => self.import(import, scope),
            Stmt::ImportFrom(import) => self.import_from(import, scope),
            Stmt::FunctionDef(function) => self.function(function, scope),
            Stmt::ClassDef(class) => self.class(class, depth),
            Stmt::Assign(assign) => self.assign(assign),
            Stmt::AnnAssign(assign) => self.annotated(assign),
            Stmt::AugAssign(assign) if is_exports(&assign.target) => {
                let text = self.text(assign);
                self.line(text);
            }
            Stmt::Delete(_) | Stmt::TypeAlias(_) => {
                let text = self.text(statement);
                self.line(text);
            }
            Stmt::Expr(expression) => self.effect(expression),
            Stmt::If(_) | Stmt::Try(_) | Stmt::With(_) | Stmt::For(_) => {
                self.conditional(statement, scope, depth);
            }
            _ => {}
        }
    }

    fn import(&mut self, import: &ast::StmtImport, scope: Scope<'_>) {
        self.start_line();
        self.out.push_str("import ");
        self.aliases(&import.names, scope == Scope::Module);
    }

    fn import_from(&mut self, import: &ast::StmtImportFrom, scope: Scope<'_>) {
        let module = import.module.as_ref().map_or("", ast::Identifier::as_str);
        self.start_line();
        self.out.push_str("from ");
        self.out.extend(std::iter::repeat_n('.', import.level as usize));
        self.out.push_str(module);
        self.out.push_str(" import ");
        self.aliases(&import.names, scope == Scope::Module && module != "__future__");
    }

    /// Writes imported names, in the way in which a stub offers them where the module does.
    fn aliases(&mut self, names: &[ast::Alias], offered: bool) {
        let mut renamed = Vec::new();
        for (number, alias) in names.iter().enumerate() {
            if number > 0 {
                self.out.push_str(", ");
            }
            let name = alias.name.as_str();
            self.out.push_str(name);
            let local = match &alias.asname {
                // No import under another name is offered, but an assignment is.
                Some(local) if offered && local.as_str() != name && !local.starts_with('_') => {
                    renamed.push(local.as_str());
                    format!("{LOCAL_PREFIX}{local}")
                }
                Some(local) => local.to_string(),
                None if offered && name != "*" && !name.contains('.') => name.to_owned(),
                None => continue,
            };
            self.out.push_str(" as ");
            self.out.push_str(&local);
        }
        self.out.push('\n');
        for local in renamed {
            self.line(&format!("{local} = {LOCAL_PREFIX}{local}"));
        }
    }

    fn decorators(&mut self, decorators: &[ast::Decorator]) {
        for decorator in decorators {
            self.start_line();
            self.out.push('@');
            let text = self.value_text(&decorator.expression, LONGEST_VALUE);
            self.out.push_str(&text);
            self.out.push('\n');
        }
    }

    fn class(&mut self, class: &ast::StmtClassDef, depth: usize) {
        self.decorators(&class.decorator_list);
        self.start_line();
        self.out.push_str("class ");
        self.out.push_str(class.name.as_str());
        if let Some(parameters) = &class.type_params {
            let text = self.text(&**parameters);
            self.out.push_str(text);
        }
        if let Some(arguments) = &class.arguments
            && !arguments.is_empty()
        {
            self.out.push('(');
            for (number, argument) in arguments.iter_source_order().enumerate() {
                if number > 0 {
                    self.out.push_str(", ");
                }
                let text = match argument {
                    ast::ArgOrKeyword::Arg(base) => self.value_text(base, LONGEST_NAMED_CALL),
                    ast::ArgOrKeyword::Keyword(keyword) => {
                        let value = self.value_text(&keyword.value, LONGEST_VALUE);
                        match &keyword.arg {
                            Some(name) => format!("{name}={value}"),
                            None => format!("**{value}"),
                        }
                    }
                };
                self.out.push_str(&text);
            }
            self.out.push(')');
        }
        self.out.push_str(":\n");
        self.indent += 1;
        if !self.block(&class.body, Scope::Class(class.name.as_str()), depth + 1) {
            self.line("...");
        }
        self.indent -= 1;
    }

    fn function(&mut self, function: &ast::StmtFunctionDef, scope: Scope<'_>) {
        if scope == Scope::Module && function.name.as_str() == "__getattr__" {
            return self.line(MODULE_GETATTR.trim_end());
        }
        self.decorators(&function.decorator_list);
        self.start_line();
        self.out.push_str(if function.is_async { "async def " } else { "def " });
        self.out.push_str(function.name.as_str());
        if let Some(parameters) = &function.type_params {
            let text = self.text(&**parameters);
            self.out.push_str(text);
        }
        self.out.push('(');
        self.parameters(&function.parameters);
        self.out.push(')');
        if let Some(returns) = &function.returns {
            self.out.push_str(" -> ");
            let text = self.text(&**returns);
            self.out.push_str(text);
        }
        self.out.push(':');
        let result = match &function.returns {
            Some(_) => None,
            None => returns::told_by_body(function, matches!(scope, Scope::Class(_))),
        };
        let attributes = match scope {
            Scope::Class(_) => attributes::set_by(function),
            Scope::Module => Vec::new(),
        };
        self.body(&attributes, result);
    }

    /// What a stub keeps of a body: which attributes it sets, and what it plainly returns.
    fn body(&mut self, attributes: &[attributes::Attribute<'_>], result: Option<&Expr>) {
        if attributes.is_empty() {
            match result {
                Some(value) => {
                    let text = self.value_text(value, LONGEST_VALUE);
                    let _ = writeln!(self.out, " return {text}");
                }
                None => self.out.push_str(" ...\n"),
            }
            return;
        }
        self.out.push('\n');
        self.indent += 1;
        for attribute in attributes {
            let target = self.text(attribute.target);
            let line = match (attribute.annotation, attribute.value) {
                (Some(annotation), _) => format!("{target}: {}", self.text(annotation)),
                (None, Some(value)) => self.assignment(target, value),
                (None, None) => format!("{target}: Incomplete"),
            };
            self.line(&line);
        }
        if let Some(value) = result {
            let text = self.value_text(value, LONGEST_VALUE);
            self.line(&format!("return {text}"));
        }
        self.indent -= 1;
    }

    fn parameters(&mut self, parameters: &ast::Parameters) {
        let mut first = true;
        let separate = |out: &mut String, first: &mut bool| {
            if !std::mem::take(first) {
                out.push_str(", ");
            }
        };
        let positional_only = parameters.posonlyargs.len();
        for (number, parameter) in parameters.posonlyargs.iter().chain(&parameters.args).enumerate()
        {
            if positional_only > 0 && number == positional_only {
                self.out.push_str(", /");
            }
            separate(&mut self.out, &mut first);
            self.parameter(&parameter.parameter, parameter.default.as_deref());
        }
        if positional_only > 0 && parameters.args.is_empty() {
            self.out.push_str(", /");
        }
        if let Some(variadic) = &parameters.vararg {
            separate(&mut self.out, &mut first);
            self.out.push('*');
            self.parameter(variadic, None);
        } else if !parameters.kwonlyargs.is_empty() {
            separate(&mut self.out, &mut first);
            self.out.push('*');
        }
        for parameter in &parameters.kwonlyargs {
            separate(&mut self.out, &mut first);
            self.parameter(&parameter.parameter, parameter.default.as_deref());
        }
        if let Some(variadic) = &parameters.kwarg {
            separate(&mut self.out, &mut first);
            self.out.push_str("**");
            self.parameter(variadic, None);
        }
    }

    fn parameter(&mut self, parameter: &ast::Parameter, default: Option<&Expr>) {
        self.out.push_str(parameter.name.as_str());
        if let Some(annotation) = &parameter.annotation {
            self.out.push_str(": ");
            let text = self.text(&**annotation);
            self.out.push_str(text);
        }
        if let Some(default) = default {
            self.out.push('=');
            let text = self.default_text(default);
            self.out.push_str(&text);
        }
    }

    fn assign(&mut self, assign: &ast::StmtAssign) {
        let mut targets = String::new();
        for target in &assign.targets {
            if !is_kept_target(target) {
                return;
            }
            if !targets.is_empty() {
                targets.push_str(" = ");
            }
            targets.push_str(self.text(target));
        }
        let line = if assign.targets.iter().any(is_exports) {
            format!("{targets} = {}", self.text(&*assign.value))
        } else if let [Expr::Name(_) | Expr::Attribute(_)] = assign.targets.as_slice() {
            self.assignment(&targets, &assign.value)
        } else {
            let text = self.value_text(&assign.value, LONGEST_VALUE);
            format!("{targets} = {text}")
        };
        self.line(&line);
    }

    fn annotated(&mut self, assign: &ast::StmtAnnAssign) {
        if !is_kept_target(&assign.target) {
            return;
        }
        let mut line =
            format!("{}: {}", self.text(&*assign.target), self.text(&*assign.annotation));
        if let Some(value) = &assign.value {
            let exports = is_exports(&assign.target);
            let text = if exports {
                self.text(&**value).to_owned()
            } else {
                self.value_text(value, LONGEST_VALUE)
            };
            let _ = write!(line, " = {text}");
        }
        self.line(&line);
    }

    /// Expressions that change what a module offers.
    fn effect(&mut self, statement: &ast::StmtExpr) {
        const TELLING: [&str; 7] =
            ["__all__", "globals()", "setattr(", "sys.modules", "exec(", "vars()", "locals()"];
        let text = self.text(statement);
        if !statement.value.is_call_expr() || text.len() > LONGEST_NAMED_CALL {
            return;
        }
        if TELLING.iter().any(|telling| text.contains(telling)) {
            self.line(text);
        }
    }

    fn conditional(&mut self, statement: &Stmt, scope: Scope<'_>, depth: usize) {
        if depth + 1 >= DEEPEST {
            return;
        }
        let (before, indent) = (self.out.len(), self.indent);
        match statement {
            Stmt::If(node) => {
                let test = self.value_text(&node.test, LONGEST_VALUE);
                self.compound(&format!("if {test}:"), &node.body, scope, depth);
                for clause in &node.elif_else_clauses {
                    let header = match &clause.test {
                        Some(test) => format!("elif {}:", self.value_text(test, LONGEST_VALUE)),
                        None => "else:".to_owned(),
                    };
                    self.compound(&header, &clause.body, scope, depth);
                }
            }
            Stmt::Try(node) => {
                self.compound("try:", &node.body, scope, depth);
                for ast::ExceptHandler::ExceptHandler(handler) in &node.handlers {
                    let star = if node.is_star { "*" } else { "" };
                    let header = match (&handler.type_, &handler.name) {
                        (Some(ty), Some(name)) => {
                            format!("except{star} {} as {name}:", self.text(&**ty))
                        }
                        (Some(ty), None) => format!("except{star} {}:", self.text(&**ty)),
                        (None, _) => "except:".to_owned(),
                    };
                    self.compound(&header, &handler.body, scope, depth);
                }
                for (header, body) in [("else:", &node.orelse), ("finally:", &node.finalbody)] {
                    if !body.is_empty() {
                        self.compound(header, body, scope, depth);
                    }
                }
            }
            Stmt::With(node) => {
                let items: Vec<&str> = node.items.iter().map(|item| self.text(item)).collect();
                let word = if node.is_async { "async with" } else { "with" };
                self.compound(&format!("{word} {}:", items.join(", ")), &node.body, scope, depth);
            }
            Stmt::For(node) => {
                let target = self.text(&*node.target);
                let iterated = self.value_text(&node.iter, LONGEST_VALUE);
                let header = format!("for {target} in {iterated}:");
                self.compound(&header, &node.body, scope, depth);
            }
            _ => {}
        }
        self.indent = indent;
        let offers_something = self.out.get(before..).is_some_and(|written| {
            written.lines().any(|line| {
                let line = line.trim_start();
                line != "..." && !is_header(line)
            })
        });
        if !offers_something {
            self.out.truncate(before);
        }
    }
}

/// Whether a line only opens a block.
fn is_header(line: &str) -> bool {
    const WORDS: [&str; 8] =
        ["if ", "elif ", "else:", "try:", "except", "finally:", "with ", "for "];
    line.ends_with(':') && WORDS.iter().any(|word| line.starts_with(word))
}

fn is_exports(target: &Expr) -> bool {
    matches!(target, Expr::Name(name) if name.id.as_str() == "__all__")
}

/// Targets whose assignment changes what a module or class offers.
fn is_kept_target(target: &Expr) -> bool {
    match target {
        Expr::Name(_) => true,
        Expr::Attribute(attribute) => attribute.value.is_name_expr(),
        Expr::Tuple(tuple) => tuple.elts.iter().all(Expr::is_name_expr),
        Expr::Subscript(subscript) => match &*subscript.value {
            Expr::Call(call) => matches!(
                &*call.func,
                Expr::Name(name) if matches!(name.id.as_str(), "globals" | "locals" | "vars")
            ),
            Expr::Attribute(attribute) => attribute.attr.as_str() == "modules",
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests;
