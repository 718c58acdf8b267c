//! Statements that choose between versions of a library, with the code of each choice.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{self as ast, CmpOp, Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};

use crate::edit::Span;
use crate::parse::{ParsedFile, with_stack_for};

/// How two versions are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `.startswith(…)`
    StartsWith,
}

/// What a version is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// A string that is read as a version.
    Version(String),
    /// A string, compared letter by letter.
    Letters(String),
    /// As many of the first numbers of the version.
    Numbers(Vec<u64>),
}

/// What decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Whether the imports of the first choice succeed.
    Import,
    /// A version, which this expression holds.
    Version {
        /// Everything that is compared.
        subject: Span,
        /// How.
        comparison: Comparison,
        /// With what.
        bound: Bound,
    },
    /// Whether something has an attribute.
    Attribute {
        /// What is asked.
        subject: Span,
        /// For this attribute.
        name: String,
    },
    /// A name that holds the answer.
    Flag {
        /// Where the name stands.
        name: Span,
    },
}

/// One statement that chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The whole statement.
    pub whole: Span,
    /// What decides.
    pub question: Question,
    /// Whether the answer is turned around.
    pub negated: bool,
    /// The statements for when the answer is yes.
    pub first: Span,
    /// The statements for when it is no.
    pub second: Option<Span>,
    /// Whether its block has no other statement.
    pub only_statement: bool,
    /// Whether each of the choices leaves its block, so that what follows belongs to the other one.
    pub leave: (bool, bool),
}

/// A name that is given the answer to a question, at the top level of its module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The name.
    pub name: String,
    /// Where it is bound.
    pub at: Span,
    /// The question.
    pub question: Question,
    /// Whether the answer is turned around.
    pub negated: bool,
}

/// The choices of a file and the names that hold answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    /// Statements that choose, outer ones first.
    pub choices: Vec<Choice>,
    /// Names that hold answers.
    pub flags: Vec<Flag>,
}

impl Choices {
    /// Reads the choices of a file whose form is plain enough to be taken apart: a `try` with one
    /// handler for failed imports, an `if` with at most one `else`.
    pub fn read(file: &ParsedFile) -> Self {
        let mut reader = Reader { found: Self::default() };
        with_stack_for(file.depth(), || {
            for statement in &file.syntax().body {
                reader.flag(statement);
            }
            reader.visit_body(&file.syntax().body);
        });
        reader.found
    }
}

struct Reader {
    found: Choices,
}

impl Reader {
    fn flag(&mut self, statement: &Stmt) {
        let Stmt::Assign(assign) = statement else { return };
        let [Expr::Name(name)] = assign.targets.as_slice() else { return };
        if let Some((question, negated)) = question(&assign.value) {
            self.found.flags.push(Flag {
                name: name.id.to_string(),
                at: span(name.range),
                question,
                negated,
            });
        }
    }

    fn choice(&mut self, statement: &Stmt, only_statement: bool) {
        let found = match statement {
            Stmt::If(test) => of_test(test),
            Stmt::Try(attempt) => of_attempt(attempt),
            _ => None,
        };
        self.found.choices.extend(found.map(|choice| Choice { only_statement, ..choice }));
    }
}

impl<'a> Visitor<'a> for Reader {
    fn visit_body(&mut self, body: &'a [Stmt]) {
        for statement in body {
            self.choice(statement, body.len() == 1);
            self.visit_stmt(statement);
        }
    }

    fn visit_expr(&mut self, _expression: &'a Expr) {}

    fn visit_stmt(&mut self, statement: &'a Stmt) {
        visitor::walk_stmt(self, statement);
    }
}

fn span(range: TextRange) -> Span {
    Span::new(range.start().to_u32(), range.end().to_u32())
}

fn of_body(body: &[Stmt]) -> Option<Span> {
    Some(span(body.first()?.range()).cover(span(body.last()?.range())))
}

fn leaves(body: &[Stmt]) -> bool {
    body.last().is_some_and(|last| {
        matches!(last, Stmt::Return(_) | Stmt::Raise(_) | Stmt::Continue(_) | Stmt::Break(_))
    })
}

fn of_test(test: &ast::StmtIf) -> Option<Choice> {
    let second = match test.elif_else_clauses.as_slice() {
        [] => None,
        [clause] if clause.test.is_none() => Some(of_body(&clause.body)?),
        _ => return None,
    };
    let (question, negated) = question(&test.test)?;
    Some(Choice {
        whole: span(test.range),
        question,
        negated,
        first: of_body(&test.body)?,
        second,
        only_statement: false,
        leave: (
            leaves(&test.body),
            test.elif_else_clauses.first().is_some_and(|clause| leaves(&clause.body)),
        ),
    })
}

fn of_attempt(attempt: &ast::StmtTry) -> Option<Choice> {
    let [ast::ExceptHandler::ExceptHandler(handler)] = attempt.handlers.as_slice() else {
        return None;
    };
    let is_import_error = |class: &Expr| {
        matches!(class, Expr::Name(name)
            if matches!(name.id.as_str(), "ImportError" | "ModuleNotFoundError"))
    };
    let catches = match handler.type_.as_deref()? {
        Expr::Tuple(classes) => classes.elts.iter().all(is_import_error),
        one => is_import_error(one),
    };
    let imports_alone = |body: &[Stmt]| {
        body.iter().all(|statement| matches!(statement, Stmt::Import(_) | Stmt::ImportFrom(_)))
    };
    let is_plain = catches
        && handler.name.is_none()
        && attempt.orelse.is_empty()
        && attempt.finalbody.is_empty()
        && imports_alone(&attempt.body);
    is_plain.then(|| {
        Some(Choice {
            whole: span(attempt.range),
            question: Question::Import,
            negated: false,
            first: of_body(&attempt.body)?,
            second: Some(of_body(&handler.body)?),
            only_statement: false,
            leave: (false, leaves(&handler.body)),
        })
    })?
}

/// The question that an expression asks, and whether it turns the answer around.
fn question(test: &Expr) -> Option<(Question, bool)> {
    match test {
        Expr::UnaryOp(not) if not.op == ast::UnaryOp::Not => {
            let (question, negated) = question(&not.operand)?;
            Some((question, !negated))
        }
        Expr::Name(name) => Some((Question::Flag { name: span(name.range) }, false)),
        Expr::Compare(compare) => {
            let ([operator], [right]) = (&*compare.ops, &*compare.comparators) else { return None };
            let comparison = comparison(*operator)?;
            let subject = span(compare.left.range());
            if let Some(letter) = first_letter(&compare.left, right) {
                let negated = match comparison {
                    Comparison::Equal => false,
                    Comparison::Unequal => true,
                    _ => return None,
                };
                let (comparison, bound) = (Comparison::StartsWith, Bound::Letters(letter));
                return Some((Question::Version { subject, comparison, bound }, negated));
            }
            let bound = bound(&compare.left, right).filter(|_| is_from_start(&compare.left))?;
            Some((Question::Version { subject, comparison, bound }, false))
        }
        Expr::Call(call) => of_call(call).map(|question| (question, false)),
        _ => None,
    }
}

fn of_call(call: &ast::ExprCall) -> Option<Question> {
    match (&*call.func, &*call.arguments.args) {
        (Expr::Name(name), [subject, Expr::StringLiteral(asked)]) if name.id == "hasattr" => {
            let name = asked.value.to_str().to_owned();
            Some(Question::Attribute { subject: span(subject.range()), name })
        }
        (Expr::Attribute(attribute), [Expr::StringLiteral(start)])
            if attribute.attr.as_str() == "startswith" && is_from_start(&attribute.value) =>
        {
            Some(Question::Version {
                subject: span(attribute.value.range()),
                comparison: Comparison::StartsWith,
                bound: Bound::Letters(start.value.to_str().to_owned()),
            })
        }
        _ => None,
    }
}

fn comparison(operator: CmpOp) -> Option<Comparison> {
    Some(match operator {
        CmpOp::Lt => Comparison::Less,
        CmpOp::LtE => Comparison::LessOrEqual,
        CmpOp::Gt => Comparison::Greater,
        CmpOp::GtE => Comparison::GreaterOrEqual,
        CmpOp::Eq => Comparison::Equal,
        CmpOp::NotEq => Comparison::Unequal,
        _ => return None,
    })
}

/// The letter that the first one of a version is compared with: `__version__[0] == "1"`.
fn first_letter(left: &Expr, right: &Expr) -> Option<String> {
    let (Expr::Subscript(subscript), Expr::StringLiteral(text)) = (left, right) else {
        return None;
    };
    let is_bare = matches!(&*subscript.value, Expr::Attribute(_) | Expr::Name(_));
    let is_first = is_bare && number(&subscript.slice) == Some(0);
    let letter = text.value.to_str();
    (is_first && letter.chars().count() == 1).then(|| letter.to_owned())
}

/// Whether everything that is cut out of something within an expression is its beginning, so that
/// what is left of a version still begins with its first number.
fn is_from_start(expression: &Expr) -> bool {
    struct Cuts(bool);
    impl<'a> Visitor<'a> for Cuts {
        fn visit_expr(&mut self, expression: &'a Expr) {
            if let Expr::Subscript(subscript) = expression {
                self.0 &= match &*subscript.slice {
                    Expr::Slice(slice) => {
                        let lower = slice.lower.as_deref();
                        lower.is_none_or(|lower| number(lower) == Some(0)) && slice.step.is_none()
                    }
                    Expr::StringLiteral(_) => true,
                    index => number(index) == Some(0),
                };
            }
            visitor::walk_expr(self, expression);
        }
    }
    let mut cuts = Cuts(true);
    cuts.visit_expr(expression);
    cuts.0
}

/// What a version in one of its usual forms is compared with.
fn bound(left: &Expr, right: &Expr) -> Option<Bound> {
    match right {
        Expr::StringLiteral(text) => {
            let text = text.value.to_str().to_owned();
            match left {
                Expr::Attribute(_) | Expr::Name(_) => Some(Bound::Letters(text)),
                // The first number as text: `version.split(".")[0] == "2"`.
                Expr::Subscript(_) => Some(Bound::Numbers(vec![text.parse().ok()?])),
                _ => None,
            }
        }
        Expr::Call(call) => match &*call.arguments.args {
            [Expr::StringLiteral(text)]
                if left.is_call_expr() && call.arguments.keywords.is_empty() =>
            {
                Some(Bound::Version(text.value.to_str().to_owned()))
            }
            _ => None,
        },
        Expr::Tuple(numbers) => {
            let numbers: Option<Vec<u64>> = numbers.elts.iter().map(number).collect();
            Some(Bound::Numbers(numbers.filter(|numbers| !numbers.is_empty())?))
        }
        Expr::NumberLiteral(_) => {
            let is_first = match left {
                Expr::Subscript(subscript) => number(&subscript.slice) == Some(0),
                Expr::Attribute(attribute) => attribute.attr.as_str() == "major",
                Expr::Call(call) => match &*call.arguments.args {
                    [Expr::Subscript(subscript)] => number(&subscript.slice) == Some(0),
                    _ => false,
                },
                _ => false,
            };
            is_first.then(|| number(right).map(|number| Bound::Numbers(vec![number])))?
        }
        _ => None,
    }
}

fn number(expression: &Expr) -> Option<u64> {
    match expression {
        Expr::NumberLiteral(literal) => match &literal.value {
            ast::Number::Int(value) => value.as_u64(),
            _ => None,
        },
        _ => None,
    }
}
