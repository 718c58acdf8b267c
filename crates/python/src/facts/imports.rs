//! Which names a module binds, found before its bodies are read.

use std::sync::Arc;

use ruff_python_ast::{self as ast, Expr, Stmt};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Reference;

/// What a name that an import binds stands for.
#[derive(Debug, Clone)]
pub(super) struct Imported<'a> {
    /// Levels of a relative import, 0 for an absolute one.
    pub(super) level: u32,
    /// The imported module or name, without the dots in front; `None` at its end means that only
    /// the part in `module` was imported.
    pub(super) module: &'a str,
    /// The name taken out of the module.
    pub(super) name: Option<&'a str>,
}

impl<'a> Imported<'a> {
    /// The last identifier of what is imported.
    pub(super) fn leaf(&self) -> &'a str {
        self.name.unwrap_or_else(|| self.module.rsplit('.').next().unwrap_or(self.module))
    }

    /// The reference to it, followed by `rest` (which starts with a dot unless it is empty).
    pub(super) fn reference(&self, rest: &str, text: &mut String) -> Reference {
        text.clear();
        text.push_str(self.module);
        if let Some(name) = self.name {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(name);
        }
        text.push_str(rest);
        let shared: Arc<str> = text.trim_start_matches('.').into();
        if self.level == 0 {
            Reference::Absolute(shared)
        } else {
            Reference::Relative(self.level, shared)
        }
    }
}

/// The names of one scope.
#[derive(Debug, Default)]
pub(super) struct ScopeNames<'a> {
    pub(super) imports: FxHashMap<&'a str, Imported<'a>>,
    pub(super) definitions: FxHashSet<&'a str>,
    pub(super) has_star_import: bool,
}

impl<'a> ScopeNames<'a> {
    /// The names that these statements bind, those under conditions included.
    pub(super) fn of(body: &'a [Stmt]) -> Self {
        let mut names = Self::default();
        names.collect(body);
        names
    }

    fn collect(&mut self, body: &'a [Stmt]) {
        for statement in body {
            match statement {
                Stmt::Import(import) => self.import(import),
                Stmt::ImportFrom(import) => self.import_from(import),
                Stmt::FunctionDef(function) => self.define(function.name.as_str()),
                Stmt::ClassDef(class) => self.define(class.name.as_str()),
                Stmt::Assign(assign) => {
                    assign.targets.iter().for_each(|target| self.target(target));
                }
                Stmt::AnnAssign(assign) => self.target(&assign.target),
                Stmt::AugAssign(assign) => self.target(&assign.target),
                Stmt::TypeAlias(alias) => self.target(&alias.name),
                _ => for_each_block(statement, &mut |block| self.collect(block)),
            }
        }
    }

    fn define(&mut self, name: &'a str) {
        self.definitions.insert(name);
    }

    fn target(&mut self, target: &'a Expr) {
        match target {
            Expr::Name(name) => self.define(name.id.as_str()),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|element| self.target(element)),
            Expr::List(list) => list.elts.iter().for_each(|element| self.target(element)),
            Expr::Starred(starred) => self.target(&starred.value),
            _ => {}
        }
    }

    /// Notes `import a.b`, `import a.b as c`.
    pub(super) fn import(&mut self, import: &'a ast::StmtImport) {
        for alias in &import.names {
            let whole = alias.name.as_str();
            let (bound, module) = match &alias.asname {
                Some(bound) => (bound.as_str(), whole),
                None => {
                    let top = whole.split('.').next().unwrap_or(whole);
                    (top, top)
                }
            };
            self.imports.insert(bound, Imported { level: 0, module, name: None });
        }
    }

    /// Notes `from a import b`, `from a import b as c`, `from a import *`.
    pub(super) fn import_from(&mut self, import: &'a ast::StmtImportFrom) {
        let module = import.module.as_ref().map_or("", |module| module.as_str());
        for alias in &import.names {
            let name = alias.name.as_str();
            if name == "*" {
                self.has_star_import = true;
                continue;
            }
            let bound = alias.asname.as_ref().map_or(name, |bound| bound.as_str());
            // In `try: from a import x; except ImportError: from b import x` the first is the usual
            // one.
            self.imports.entry(bound).or_insert(Imported {
                level: import.level,
                module,
                name: Some(name),
            });
        }
    }
}

/// Calls `visit` with each block of statements directly inside a compound statement that is no
/// scope.
pub(super) fn for_each_block<'a>(statement: &'a Stmt, visit: &mut dyn FnMut(&'a [Stmt])) {
    match statement {
        Stmt::If(branch) => {
            visit(&branch.body);
            branch.elif_else_clauses.iter().for_each(|clause| visit(&clause.body));
        }
        Stmt::Try(attempt) => {
            visit(&attempt.body);
            for ast::ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                visit(&handler.body);
            }
            visit(&attempt.orelse);
            visit(&attempt.finalbody);
        }
        Stmt::With(with) => visit(&with.body),
        Stmt::For(repeat) => {
            visit(&repeat.body);
            visit(&repeat.orelse);
        }
        Stmt::While(repeat) => {
            visit(&repeat.body);
            visit(&repeat.orelse);
        }
        Stmt::Match(choice) => choice.cases.iter().for_each(|case| visit(&case.body)),
        _ => {}
    }
}
