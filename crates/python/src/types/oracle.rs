//! Building an oracle and asking it.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use artifact::TreePath;
use ruff_db::files::{File, system_path_to_file};
use ruff_db::parsed::parsed_module;
use ruff_db::system::SystemPathBuf;
use ruff_python_ast::visitor::source_order::{SourceOrderVisitor, TraversalSignal, walk_expr};
use ruff_python_ast::{AnyNodeRef, Expr, PythonVersion};
use ruff_text_size::Ranged;
use ty_python_semantic::{Db as _, SemanticModel};

use super::answer::{ClassInFile, Origin, Question, Receiver};
use super::database::{Database, SearchFolders};
use super::decorators::{without_foreign_class_decorators, without_foreign_decorators};
use super::inquiry::Inquiry;
use super::lineage::{Classes, Memory, MountedFolder};
use super::system::{MountedSystem, Preparation, TextTree};

/// What an oracle sees.
pub struct OracleInput {
    /// The library's stub tree: paths are importable ones, such as `package/module.pyi`.
    pub core: Arc<dyn TextTree>,
    /// The dependent's files.
    pub dependent: Arc<dyn TextTree>,
    /// Folders of the dependent below which its modules are importable, such as `src`; the tree
    /// itself always is.
    pub dependent_roots: Vec<TreePath>,
    /// Further installed packages: paths are importable ones.
    pub installed: Option<Arc<dyn TextTree>>,
    /// The version of Python whose standard library and syntax are assumed; newer ones than are
    /// known count as the newest known.
    pub python_version: (u8, u8),
}

/// Answers what expressions of a dependent are.
///
/// It shares what it has inferred between all questions and threads, answers only what is asked,
/// and never panics: what inference cannot do within its budget is unknown with the reason.
pub struct TypeOracle {
    database: Mutex<Database>,
    memory: Memory,
    folders: BTreeMap<&'static str, MountedFolder>,
}

const CORE: &str = "/core";
const DEPENDENT: &str = "/dependent";
const INSTALLED: &str = "/installed";

/// Queries that one file may cost; ordinary files stay far below a tenth of it.
const QUERIES_PER_FILE: u64 = 3_000_000;

/// Inference recurses with the nesting of the code, which is not ours to bound.
const STACK_BYTES: usize = 256 << 20;

impl TypeOracle {
    /// An oracle over these texts.
    pub fn new(input: OracleInput) -> Self {
        let mut roots: Vec<String> =
            input.dependent_roots.iter().map(|root| root.as_str().to_owned()).collect();
        roots.sort_by_key(|root| std::cmp::Reverse(root.len()));
        roots.push(String::new());
        roots.dedup();
        let own = roots
            .iter()
            .map(|root| match root.as_str() {
                "" => DEPENDENT.to_owned(),
                root => format!("{DEPENDENT}/{root}"),
            })
            .collect();
        let mut trees: Vec<(_, _, Option<Preparation>)> = vec![
            (CORE, input.core, Some(without_foreign_decorators)),
            (DEPENDENT, input.dependent, Some(without_foreign_class_decorators)),
        ];
        let mut installed = Vec::new();
        if let Some(tree) = input.installed {
            trees.push((INSTALLED, tree, None));
            installed.push(INSTALLED.to_owned());
        }
        let folder = |origin, roots| MountedFolder { origin, roots };
        let folders = BTreeMap::from([
            (CORE, folder(Origin::Core, vec![String::new()])),
            (DEPENDENT, folder(Origin::Dependent, roots)),
            (INSTALLED, folder(Origin::Installed, vec![String::new()])),
        ]);
        let search = SearchFolders { first: vec![CORE.to_owned()], own, installed };
        let version = python_version(input.python_version);
        let database = Database::new(MountedSystem::new(trees), search, version);
        Self { database: Mutex::new(database), memory: Memory::default(), folders }
    }

    /// What these expressions of a file of the dependent are, in the order of the questions.
    pub fn ask(&self, file: &TreePath, questions: &[Question]) -> Vec<Receiver> {
        if questions.is_empty() {
            return Vec::new();
        }
        let answers = self.within_file(file, |inquiry, file| answer_all(inquiry, file, questions));
        answers.unwrap_or_else(|reason| vec![Receiver::unknown(reason); questions.len()])
    }

    /// The classes that a file of the dependent defines, in source order, with what they inherit
    /// from.
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method's name alone is not general enough in its lifetime"
    )]
    pub fn classes(&self, file: &TreePath) -> Result<Vec<ClassInFile>, String> {
        self.within_file(file, |inquiry, file| inquiry.classes_of(file))
    }

    /// Runs `work` on its own stack and within its budget; the reason when it could not be done.
    fn within_file<T: Send>(
        &self,
        file: &TreePath,
        work: impl FnOnce(&Inquiry<'_>, File) -> T + Send,
    ) -> Result<T, String> {
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let run = move || {
            let path = SystemPathBuf::from(format!("{DEPENDENT}/{file}"));
            let Ok(file) = system_path_to_file(&database, path) else {
                return Err("the file is not among the dependent's Python files".to_owned());
            };
            let classes =
                Classes { database: &database, memory: &self.memory, folders: &self.folders };
            let inquiry = Inquiry { classes };
            let guarded = AssertUnwindSafe(|| {
                database.with_budget(QUERIES_PER_FILE, || work(&inquiry, file))
            });
            ruff_db::panic::catch_unwind(guarded).map_err(|panic| reason(&panic))
        };
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
            match thread.spawn_scoped(scope, run) {
                Ok(handle) => handle.join().unwrap_or_else(|_| Err("inference failed".to_owned())),
                Err(_) => Err("no thread for inference could be started".to_owned()),
            }
        })
    }
}

/// One panicking question must not take the others of its file with it.
fn answer_all(inquiry: &Inquiry<'_>, file: File, questions: &[Question]) -> Vec<Receiver> {
    let database = inquiry.classes.database;
    let model = SemanticModel::new(database, database.program_file(file));
    let parsed = parsed_module(database, model.python_file()).load(database);
    let mut finder =
        Finder { wanted: questions.iter().map(|question| (question.bytes, None)).collect() };
    finder.visit_body(&parsed.syntax().body);
    let mut exhausted: Option<String> = None;
    let mut answers = Vec::with_capacity(questions.len());
    for question in questions {
        if let Some(reason) = &exhausted {
            answers.push(Receiver::unknown(reason.clone()));
            continue;
        }
        let Some(expression) = finder.wanted.get(&question.bytes).copied().flatten() else {
            answers.push(Receiver::unknown("there is no expression at this place"));
            continue;
        };
        let guarded =
            AssertUnwindSafe(|| inquiry.receiver(&model, expression, question.member.as_deref()));
        answers.push(ruff_db::panic::catch_unwind(guarded).unwrap_or_else(|panic| {
            if panic.payload.downcast_ref::<salsa::Cancelled>().is_some() {
                exhausted = Some(reason(&panic));
            }
            Receiver::unknown(reason(&panic))
        }));
    }
    answers
}

fn reason(panic: &ruff_db::panic::PanicError) -> String {
    if panic.payload.downcast_ref::<salsa::Cancelled>().is_some() {
        "inference would take longer than one file may cost".to_owned()
    } else {
        "inference failed on this code".to_owned()
    }
}

fn python_version((major, minor): (u8, u8)) -> PythonVersion {
    let wanted = PythonVersion { major, minor };
    wanted.clamp(PythonVersion::lowest(), PythonVersion::latest_ty())
}

/// Finds the expressions that questions are about.
struct Finder<'a> {
    wanted: BTreeMap<(u32, u32), Option<&'a Expr>>,
}

impl<'a> SourceOrderVisitor<'a> for Finder<'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        let range = node.range();
        let (start, end) = (range.start().to_u32(), range.end().to_u32());
        let inside = self
            .wanted
            .range((start, 0)..=(end, u32::MAX))
            .any(|((_, wanted_end), _)| *wanted_end <= end);
        if inside { TraversalSignal::Traverse } else { TraversalSignal::Skip }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        let range = expression.range();
        let key = (range.start().to_u32(), range.end().to_u32());
        if let Some(found) = self.wanted.get_mut(&key) {
            found.get_or_insert(expression);
        }
        walk_expr(self, expression);
    }
}
