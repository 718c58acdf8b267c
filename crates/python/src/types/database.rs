//! The query database of type inference, over mounted texts.

use std::cell::RefCell;
use std::sync::Arc;

use ruff_db::diagnostic::Diagnostic;
use ruff_db::files::{File, Files};
use ruff_db::system::{System, SystemPathBuf};
use ruff_db::vendored::VendoredFileSystem;
use ruff_python_ast::PythonVersion;
use salsa::CancellationToken;
use ty_module_resolver::{SearchPathSettings, UseDefaultStrategy};
use ty_python_core::ProgramFile;
use ty_python_core::platform::PythonPlatform;
use ty_python_core::program::{Program, ProgramSettings};
use ty_python_semantic::lint::{LintRegistry, RuleSelection};
use ty_python_semantic::{
    AnalysisSettings, PythonVersionSource, PythonVersionWithSource, default_lint_registry,
};

use super::system::MountedSystem;

/// Everything that inference remembers; clones share it.
#[salsa::db]
#[derive(Clone)]
pub(super) struct Database {
    storage: salsa::Storage<Self>,
    files: Files,
    system: Arc<MountedSystem>,
    vendored: VendoredFileSystem,
    rules: Arc<RuleSelection>,
    analysis: Arc<AnalysisSettings>,
    settings: Arc<ProgramSettings>,
}

/// Where modules are looked for, in order of precedence.
pub(super) struct SearchFolders {
    pub(super) first: Vec<String>,
    pub(super) own: Vec<String>,
    pub(super) installed: Vec<String>,
}

thread_local! {
    /// Queries that the current question may still run on this thread, and how to stop it when none
    /// are left.
    static BUDGET: RefCell<Option<(u64, CancellationToken)>> = const { RefCell::new(None) };
}

impl Database {
    pub(super) fn new(
        system: MountedSystem,
        folders: SearchFolders,
        version: PythonVersion,
    ) -> Self {
        let paths = |folders: Vec<String>| folders.into_iter().map(SystemPathBuf::from).collect();
        let vendored = ty_vendored::file_system().clone();
        let search_paths = SearchPathSettings {
            extra_paths: paths(folders.first),
            src_roots: paths(folders.own),
            site_packages_paths: paths(folders.installed),
            ..SearchPathSettings::empty()
        };
        let Ok(search_paths) =
            search_paths.to_search_paths(&system, &vendored, &UseDefaultStrategy);
        let settings = ProgramSettings {
            python_version: PythonVersionWithSource {
                version,
                source: PythonVersionSource::Default,
            },
            python_platform: PythonPlatform::default(),
            search_paths,
        };
        let database = Self {
            storage: salsa::Storage::new(Some(Box::new(spend))),
            files: Files::default(),
            system: Arc::new(system),
            vendored,
            rules: Arc::new(RuleSelection::from_registry(default_lint_registry())),
            analysis: Arc::new(AnalysisSettings::default()),
            settings: Arc::new(settings),
        };
        database.settings.search_paths.try_register_static_roots(&database);
        database
    }

    pub(super) fn mounted(&self) -> &MountedSystem {
        &self.system
    }

    /// Runs `work` with a budget of queries, after which it unwinds as if it were cancelled.
    ///
    /// Counting queries instead of seconds keeps answers the same on every machine.
    pub(super) fn with_budget<T>(&self, queries: u64, work: impl FnOnce() -> T) -> T {
        struct Unset;
        impl Drop for Unset {
            fn drop(&mut self) {
                BUDGET.with(|budget| *budget.borrow_mut() = None);
            }
        }
        let token = salsa::Database::cancellation_token(self);
        BUDGET.with(|budget| *budget.borrow_mut() = Some((queries, token)));
        let _unset = Unset;
        work()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature is that of the event callback")]
fn spend(event: salsa::Event) {
    if matches!(event.kind, salsa::EventKind::WillExecute { .. }) {
        BUDGET.with(|budget| {
            if let Ok(mut budget) = budget.try_borrow_mut()
                && let Some((left, token)) = budget.as_mut()
            {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    token.cancel();
                }
            }
        });
    }
}

#[salsa::db]
impl salsa::Database for Database {}

#[salsa::db]
impl ruff_db::Db for Database {
    fn vendored(&self) -> &VendoredFileSystem {
        &self.vendored
    }
    fn system(&self) -> &dyn System {
        &*self.system
    }
    fn files(&self) -> &Files {
        &self.files
    }
}

#[salsa::db]
impl ty_module_resolver::Db for Database {}

#[salsa::db]
impl ty_python_core::Db for Database {
    fn should_check_file(&self, file: File) -> bool {
        !file.path(self).is_vendored_path()
    }
}

#[salsa::db]
impl ty_python_semantic::Db for Database {
    fn check_file(&self, _file: File) -> Vec<Diagnostic> {
        Vec::new()
    }
    fn program_file(&self, file: File) -> ProgramFile<'_> {
        Program::from_settings(self, &self.settings).program_file(self, file)
    }
    fn python_version_with_source(&self, _file: File) -> &PythonVersionWithSource {
        &self.settings.python_version
    }
    fn rule_selection(&self, _file: File) -> &RuleSelection {
        &self.rules
    }
    fn lint_registry(&self) -> &LintRegistry {
        default_lint_registry()
    }
    fn analysis_settings(&self, _file: File) -> &AnalysisSettings {
        &self.analysis
    }
    fn verbose(&self) -> bool {
        false
    }
    fn is_open_file(&self, _file: File) -> bool {
        false
    }
    fn dyn_clone(&self) -> Box<dyn ty_python_semantic::Db> {
        Box::new(self.clone())
    }
}
