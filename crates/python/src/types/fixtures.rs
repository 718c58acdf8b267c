//! Parameters that pytest fills: a test's parameter is what the fixture of its name gives.
//!
//! The fixture is looked for where pytest looks: in the class, in the module, in each `conftest.py`
//! from its folder upwards. A parameter that a decorator fills is none.

use ruff_db::files::{File, FilePath, system_path_to_file};
use ruff_db::parsed::parsed_module;
use ruff_db::system::SystemPathBuf;
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Decorator, Expr, Stmt, StmtFunctionDef};
use ruff_text_size::Ranged;
use ty_python_semantic::{Db as _, SemanticModel};

use super::answer::Receiver;
use super::follow::merged;
use super::inquiry::Inquiry;
use crate::statements::bodies;
use crate::stubs::returned_values;

/// The deepest nesting of statements that is searched.
const DEEPEST: usize = 16;

impl<'a> Inquiry<'a> {
    /// What the parameter whose name starts at this byte is, where a fixture fills it.
    pub(super) fn fixture(
        &self,
        file: File,
        name_start: u32,
        name: &str,
        member: Option<&str>,
        depth: usize,
    ) -> Option<Receiver> {
        let db = self.classes.database;
        let model = SemanticModel::new(db, db.program_file(file));
        let parsed = parsed_module(db, model.python_file()).load(db);
        let mut around = Vec::new();
        let function = function_with(&parsed.syntax().body, name_start, &mut around, 0)?;
        if !is_filled_by_pytest(function, name) {
            return None;
        }
        // A fixture that takes one of its own name extends that of a folder further up.
        for body in around.iter().rev().copied() {
            let found = fixture_named(body, name).filter(|found| !std::ptr::eq(*found, function));
            if let Some(fixture) = found {
                return self.given_by(&model, fixture, member, depth);
            }
        }
        let FilePath::System(path) = file.path(db) else { return None };
        let mut folder = path.parent();
        while let Some(current) = folder {
            folder = current.parent();
            let path = SystemPathBuf::from(format!("{current}/conftest.py"));
            let Ok(conftest) = system_path_to_file(db, path) else { continue };
            let model = SemanticModel::new(db, db.program_file(conftest));
            let parsed = parsed_module(db, model.python_file()).load(db);
            if let Some(fixture) = fixture_named(&parsed.syntax().body, name)
                && (conftest != file || !std::ptr::eq(fixture, function))
            {
                return self.given_by(&model, fixture, member, depth);
            }
        }
        None
    }

    /// What a fixture returns or yields.
    fn given_by(
        &self,
        model: &SemanticModel<'a>,
        fixture: &StmtFunctionDef,
        member: Option<&str>,
        depth: usize,
    ) -> Option<Receiver> {
        let mut yields = Yields { values: Vec::new() };
        yields.visit_body(&fixture.body);
        let values = if yields.values.is_empty() {
            if let Some(annotation) = &fixture.returns {
                return Some(self.receiver_within(model, annotation, member, depth));
            }
            returned_values(fixture)?
        } else {
            yields.values
        };
        if values.is_empty() {
            return None;
        }
        let parts = values.into_iter();
        Some(merged(parts.map(|value| self.receiver_within(model, value, member, depth))))
    }
}

/// The function whose parameter's name starts at this byte; `around` gets the bodies that hold it,
/// outermost first.
fn function_with<'b>(
    body: &'b [Stmt],
    name_start: u32,
    around: &mut Vec<&'b [Stmt]>,
    depth: usize,
) -> Option<&'b StmtFunctionDef> {
    if depth > DEEPEST {
        return None;
    }
    let holds = |statement: &&Stmt| {
        statement.start().to_u32() <= name_start && name_start < statement.end().to_u32()
    };
    let statement = body.iter().find(holds)?;
    around.push(body);
    match statement {
        Stmt::FunctionDef(function) => {
            let mut parameters = function.parameters.iter_non_variadic_params();
            if parameters.any(|parameter| parameter.name().start().to_u32() == name_start) {
                return Some(function);
            }
            around.clear();
            function_with(&function.body, name_start, around, depth + 1)
        }
        Stmt::ClassDef(class) => function_with(&class.body, name_start, around, depth + 1),
        other => bodies(other)
            .into_iter()
            .find_map(|body| function_with(body, name_start, around, depth + 1)),
    }
}

/// Whether pytest calls a function, and no decorator gives this parameter.
fn is_filled_by_pytest(function: &StmtFunctionDef, parameter: &str) -> bool {
    let is_fixture = function.decorator_list.iter().any(|it| fixture_name(it, "").is_some());
    let is_test = function.name.starts_with("test");
    (is_test || is_fixture) && !function.decorator_list.iter().any(|it| gives(it, parameter))
}

/// Whether a decorator names a parameter, as `parametrize("a, b", …)` does, or gives arguments that
/// nobody names, as `patch("…")` does.
fn gives(decorator: &Decorator, parameter: &str) -> bool {
    let Expr::Call(call) = &decorator.expression else { return false };
    let leaf = leaf_of(&call.func);
    if leaf.starts_with("patch")
        || matches!(&*call.func, Expr::Attribute(attribute)
        if leaf_of(&attribute.value) == "patch")
    {
        return true;
    }
    let mut names = Words { words: Vec::new() };
    call.arguments.args.iter().for_each(|argument| names.visit_expr(argument));
    leaf == "parametrize" && names.words.iter().any(|word| word == parameter)
}

fn leaf_of(expression: &Expr) -> &str {
    match expression {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => "",
    }
}

/// The fixture of this name in a body.
fn fixture_named<'b>(body: &'b [Stmt], name: &str) -> Option<&'b StmtFunctionDef> {
    body.iter().filter_map(Stmt::as_function_def_stmt).find(|function| {
        let own = function.name.as_str();
        function.decorator_list.iter().any(|it| fixture_name(it, own).as_deref() == Some(name))
    })
}

/// The name under which a decorator makes a function a fixture.
fn fixture_name(decorator: &Decorator, function: &str) -> Option<String> {
    let (callee, keywords) = match &decorator.expression {
        Expr::Call(call) => (&*call.func, Some(&call.arguments)),
        plain => (plain, None),
    };
    if !matches!(leaf_of(callee), "fixture" | "yield_fixture") {
        return None;
    }
    let given = keywords.and_then(|arguments| arguments.find_keyword("name"));
    match given.map(|keyword| &keyword.value) {
        None => Some(function.to_owned()),
        Some(Expr::StringLiteral(name)) => Some(name.value.to_str().to_owned()),
        Some(_) => None,
    }
}

/// The words of all strings of an expression.
struct Words {
    words: Vec<String>,
}

impl<'a> Visitor<'a> for Words {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::StringLiteral(string) = expression {
            let words = string.value.to_str().split(|c: char| c == ',' || c.is_whitespace());
            self.words.extend(words.map(str::to_owned));
        }
        visitor::walk_expr(self, expression);
    }
}

/// What a generator yields, without what functions inside of it do.
struct Yields<'a> {
    values: Vec<&'a Expr>,
}

impl<'a> Visitor<'a> for Yields<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if !matches!(statement, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) {
            visitor::walk_stmt(self, statement);
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Yield(given) => self.values.extend(given.value.as_deref()),
            Expr::Lambda(_) => {}
            _ => visitor::walk_expr(self, expression),
        }
    }
}
