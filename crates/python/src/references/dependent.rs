//! What the modules of a dependent give each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use code_model::DottedName;

/// What one module of a dependent offers to its siblings, and takes from them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModuleSurface {
    /// Names of the module that stand for something imported, with what they mean.
    pub names: BTreeMap<Arc<str>, DottedName>,
    /// Modules from which everything is imported.
    pub stars: Vec<DottedName>,
    /// Names whose value says which version of the packages is installed.
    pub flags: BTreeSet<Arc<str>>,
    /// Names of the dependent's own modules that this module uses, complete.
    pub uses: BTreeSet<DottedName>,
    /// Parameters of its methods that are renamed with those of what they override, by class and
    /// method.
    pub followed: BTreeMap<String, BTreeSet<Arc<str>>>,
}

/// The modules of a dependent with what each re-exports.
#[derive(Debug, Clone, Default)]
pub struct DependentIndex {
    modules: BTreeMap<DottedName, ModuleSurface>,
    roots: BTreeSet<String>,
    used: BTreeSet<DottedName>,
}

impl DependentIndex {
    /// An index that knows the modules by name only.
    pub fn new(modules: impl IntoIterator<Item = DottedName>) -> Self {
        let modules: BTreeMap<_, _> =
            modules.into_iter().map(|name| (name, ModuleSurface::default())).collect();
        let roots = modules.keys().map(|name| name.root().to_owned()).collect();
        Self { modules, roots, used: BTreeSet::new() }
    }

    /// Adds what a module offers.
    pub fn add(&mut self, module: DottedName, surface: ModuleSurface) {
        self.roots.insert(module.root().to_owned());
        self.used.extend(surface.uses.iter().cloned());
        self.modules.insert(module, surface);
    }

    /// Whether a name can be one of the dependent's own.
    pub fn is_internal(&self, name: &DottedName) -> bool {
        self.roots.contains(name.root())
    }

    /// Whether a parameter of a method of one of the modules is renamed with that of what it
    /// overrides.
    pub fn follows(&self, method: &DottedName, parameter: &str) -> bool {
        let mut methods = method
            .ancestors()
            .filter_map(|module| self.modules.get(&module)?.followed.get(method.below(&module)?));
        methods.any(|parameters| parameters.contains(parameter))
    }

    /// Whether another module takes this name of a module.
    pub fn is_used(&self, module: &DottedName, name: &str) -> bool {
        self.used.contains(&module.join(name))
    }

    /// Whether a name of one of the modules says which version is installed.
    pub fn is_flag(&self, name: &DottedName) -> bool {
        name.parent()
            .and_then(|module| self.modules.get(&module))
            .is_some_and(|surface| surface.flags.contains(name.leaf()))
    }

    /// What a name of one of the modules stands for; none when it is the module's own, or unknown.
    pub fn follow(&self, name: &DottedName) -> Option<DottedName> {
        self.follow_within(name, 0)
    }

    fn follow_within(&self, name: &DottedName, depth: u32) -> Option<DottedName> {
        if depth > 16 {
            return None;
        }
        let surface = self.modules.get(&name.parent()?)?;
        let found = match surface.names.get(name.leaf()) {
            Some(target) => Some(target.clone()),
            None => surface
                .stars
                .iter()
                .find_map(|star| self.follow_within(&star.join(name.leaf()), depth + 1)),
        }?;
        if self.is_internal(&found) {
            return Some(self.follow_within(&found, depth + 1).unwrap_or(found));
        }
        Some(found)
    }
}
