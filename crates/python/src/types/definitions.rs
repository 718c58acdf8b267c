//! Which classes and functions a file defines, and under which dotted names.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::Ranged;

use crate::statements::bodies;

/// The definitions of one file, by the byte at which their name starts.
#[derive(Debug, Default)]
pub(super) struct FileDefinitions {
    pub(super) classes: BTreeMap<u32, ClassDefinition>,
    /// Qualified names of functions.
    pub(super) functions: BTreeMap<u32, String>,
}

/// One `class` statement.
#[derive(Debug)]
pub(super) struct ClassDefinition {
    pub(super) qualified_name: String,
    /// First and last byte of the statement.
    pub(super) bytes: (u32, u32),
    /// Bases that name a class: all but `Generic`, `Protocol` and their like.
    pub(super) written_bases: usize,
    /// Names bound in the body, and attributes that methods set on their first parameter.
    pub(super) members: BTreeSet<Box<str>>,
}

/// The deepest nesting of statements that is followed.
const DEEPEST: usize = 64;

impl FileDefinitions {
    pub(super) fn of(body: &[Stmt]) -> Self {
        let mut definitions = Self::default();
        definitions.visit(body, &Scope { prefix: String::new(), class: None }, 0);
        definitions
    }

    /// The innermost class whose statement holds this byte, by the byte at which its name starts.
    pub(super) fn enclosing_class(&self, byte: u32) -> Option<u32> {
        self.classes
            .iter()
            .filter(|(_, class)| class.bytes.0 <= byte && byte < class.bytes.1)
            .max_by_key(|(_, class)| class.bytes.0)
            .map(|(start, _)| *start)
    }

    /// The qualified name of the class or function whose name starts here.
    pub(super) fn qualified_name(&self, name_start: u32) -> Option<&str> {
        let class = self.classes.get(&name_start).map(|class| class.qualified_name.as_str());
        class.or_else(|| self.functions.get(&name_start).map(String::as_str))
    }

    fn visit(&mut self, body: &[Stmt], scope: &Scope, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        for statement in body {
            match statement {
                Stmt::ClassDef(class) => self.class(class, scope, depth),
                Stmt::FunctionDef(function) => {
                    self.bind(scope, function.name.as_str());
                    let qualified_name = scope.join(function.name.as_str());
                    let inner = Scope { prefix: qualified_name.clone(), class: None };
                    self.functions.insert(function.name.range.start().to_u32(), qualified_name);
                    if let Some(class) = scope.class
                        && let Some(first) = function.parameters.iter_non_variadic_params().next()
                    {
                        self.attributes(class, first.name().as_str(), &function.body, 0);
                    }
                    self.visit(&function.body, &inner, depth + 1);
                }
                Stmt::Assign(assign) => {
                    for target in &assign.targets {
                        self.bind_target(scope, target, 0);
                    }
                }
                Stmt::AnnAssign(assign) => self.bind_target(scope, &assign.target, 0),
                Stmt::Import(import) => {
                    for alias in &import.names {
                        self.bind(scope, alias.asname.as_ref().unwrap_or(&alias.name).as_str());
                    }
                }
                Stmt::ImportFrom(import) => {
                    for alias in &import.names {
                        self.bind(scope, alias.asname.as_ref().unwrap_or(&alias.name).as_str());
                    }
                }
                other => {
                    for body in bodies(other) {
                        self.visit(body, scope, depth + 1);
                    }
                }
            }
        }
    }

    fn class(&mut self, class: &ast::StmtClassDef, scope: &Scope, depth: usize) {
        self.bind(scope, class.name.as_str());
        let qualified_name = scope.join(class.name.as_str());
        let start = class.name.range.start().to_u32();
        let bases = class.bases().iter().filter(|base| names_a_class(base)).count();
        self.classes.insert(
            start,
            ClassDefinition {
                qualified_name: qualified_name.clone(),
                bytes: (class.start().to_u32(), class.end().to_u32()),
                written_bases: bases,
                members: BTreeSet::new(),
            },
        );
        let inner = Scope { prefix: qualified_name, class: Some(start) };
        self.visit(&class.body, &inner, depth + 1);
    }

    fn bind(&mut self, scope: &Scope, name: &str) {
        if let Some(class) = scope.class.and_then(|start| self.classes.get_mut(&start)) {
            class.members.insert(name.into());
        }
    }

    fn bind_target(&mut self, scope: &Scope, target: &Expr, depth: usize) {
        match target {
            Expr::Name(name) => self.bind(scope, name.id.as_str()),
            Expr::Tuple(tuple) if depth < DEEPEST => {
                for element in &tuple.elts {
                    self.bind_target(scope, element, depth + 1);
                }
            }
            _ => {}
        }
    }

    /// Attributes that a method sets on its first parameter.
    fn attributes(&mut self, class: u32, receiver: &str, body: &[Stmt], depth: usize) {
        if depth > DEEPEST {
            return;
        }
        let mut set = |target: &Expr| {
            if let Expr::Attribute(attribute) = target
                && let Expr::Name(name) = &*attribute.value
                && name.id.as_str() == receiver
                && let Some(class) = self.classes.get_mut(&class)
            {
                class.members.insert(attribute.attr.as_str().into());
            }
        };
        for statement in body {
            match statement {
                Stmt::Assign(assign) => {
                    for target in &assign.targets {
                        match target {
                            Expr::Tuple(tuple) => tuple.elts.iter().for_each(&mut set),
                            other => set(other),
                        }
                    }
                }
                Stmt::AnnAssign(assign) => set(&assign.target),
                _ => {}
            }
        }
        let nested = body.iter().filter(|statement| !statement.is_function_def_stmt());
        for body in nested.flat_map(bodies) {
            self.attributes(class, receiver, body, depth + 1);
        }
    }
}

struct Scope {
    prefix: String,
    class: Option<u32>,
}

impl Scope {
    fn join(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}.{name}", self.prefix) }
    }
}

/// Whether a written base is a class of its own and not a marker of the typing module or `object`.
fn names_a_class(base: &Expr) -> bool {
    let named = match base {
        Expr::Subscript(subscript) => &subscript.value,
        other => other,
    };
    let leaf = match named {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => return true,
    };
    !matches!(leaf, "Generic" | "Protocol" | "NamedTuple" | "TypedDict" | "object")
}
