//! Classes by where they are defined, and what they inherit from.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use artifact::TreePath;
use code_model::DottedName;
use ruff_db::files::{File, FilePath};
use ruff_db::parsed::parsed_module;
use ruff_python_ast::{Stmt, StmtClassDef};
use ruff_text_size::Ranged;
use ty_python_semantic::types::Type;
use ty_python_semantic::{
    Db as _, HasType, SemanticModel, TypeHierarchyClass, type_hierarchy_prepare,
    type_hierarchy_supertypes,
};

use super::answer::{Origin, Place};
use super::database::Database;
use super::definitions::FileDefinitions;

/// The class whose name starts at this byte of this file.
pub(super) type ClassKey = (File, u32);

/// A class and what it inherits from, itself first.
#[derive(Debug)]
pub(super) struct Lineage {
    pub(super) classes: Vec<ClassKey>,
    pub(super) complete: bool,
}

/// What one oracle remembers beside the query database.
#[derive(Default)]
pub(super) struct Memory {
    definitions: Mutex<HashMap<File, Arc<FileDefinitions>>>,
    lineages: Mutex<HashMap<ClassKey, Arc<Lineage>>>,
    keys: Mutex<HashMap<Place, ClassKey>>,
}

/// How each mounted folder's paths become module names.
#[derive(Debug, Clone)]
pub(super) struct MountedFolder {
    pub(super) origin: Origin,
    /// Folders in the tree below which modules are importable, the longest first; `""` is the tree
    /// itself.
    pub(super) roots: Vec<String>,
}

/// The most classes that a lineage lists.
const LONGEST_LINEAGE: usize = 256;

/// Looks classes up in one database.
pub(super) struct Classes<'a> {
    pub(super) database: &'a Database,
    pub(super) memory: &'a Memory,
    pub(super) folders: &'a BTreeMap<&'static str, MountedFolder>,
}

impl<'a> Classes<'a> {
    /// The definitions of a file.
    pub(super) fn definitions(&self, file: File) -> Arc<FileDefinitions> {
        if let Some(known) = lock(&self.memory.definitions).get(&file) {
            return Arc::clone(known);
        }
        let program_file = self.database.program_file(file);
        let python_file = program_file.python_file(self.database);
        let parsed = parsed_module(self.database, python_file).load(self.database);
        let definitions = Arc::new(FileDefinitions::of(&parsed.syntax().body));
        lock(&self.memory.definitions).insert(file, Arc::clone(&definitions));
        definitions
    }

    /// The class that an instance or class type belongs to.
    pub(super) fn key_of(&self, model: &SemanticModel<'a>, ty: Type<'a>) -> Option<ClassKey> {
        let class = type_hierarchy_prepare(self.database, &model.program_environment(), ty)?;
        Some(self.key(&class))
    }

    fn key(&self, class: &TypeHierarchyClass<'a>) -> ClassKey {
        (class.file.file(self.database), class.selection_range.start().to_u32())
    }

    /// The class and everything it inherits from, in the order in which members are looked up.
    pub(super) fn lineage(&self, key: ClassKey) -> Arc<Lineage> {
        self.lineage_within(key, &mut Vec::new())
    }

    fn lineage_within(&self, key: ClassKey, open: &mut Vec<ClassKey>) -> Arc<Lineage> {
        if let Some(known) = lock(&self.memory.lineages).get(&key) {
            return Arc::clone(known);
        }
        if open.contains(&key) || open.len() >= LONGEST_LINEAGE {
            return Arc::new(Lineage { classes: vec![key], complete: false });
        }
        open.push(key);
        let (bases, mut complete) = self.bases(key);
        let lineages: Vec<_> = bases.iter().map(|base| self.lineage_within(*base, open)).collect();
        open.pop();
        complete &= lineages.iter().all(|lineage| lineage.complete);
        let parts = lineages.iter().map(|lineage| lineage.classes.clone()).collect();
        let lineage = Arc::new(Lineage { classes: merged(key, parts, bases), complete });
        if open.is_empty() || complete {
            lock(&self.memory.lineages).insert(key, Arc::clone(&lineage));
        }
        lineage
    }

    /// The direct bases of a class, and whether all that are written could be told.
    fn bases(&self, (file, name_start): ClassKey) -> (Vec<ClassKey>, bool) {
        let definitions = self.definitions(file);
        let Some(class) = definitions.classes.get(&name_start) else {
            return (Vec::new(), false);
        };
        let model = SemanticModel::new(self.database, self.database.program_file(file));
        let parsed = parsed_module(self.database, model.python_file()).load(self.database);
        let Some(node) = class_named_at(&parsed.syntax().body, name_start) else {
            return (Vec::new(), false);
        };
        let Some(ty) = node.inferred_type(&model) else {
            return (Vec::new(), false);
        };
        let mut bases: Vec<_> =
            type_hierarchy_supertypes(self.database, &model.program_environment(), ty)
                .iter()
                .map(|base| self.key(base))
                .collect();
        bases.dedup();
        // Without a base that is known there is always `object`; a decorated class may hide what it
        // is.
        let known = self.key_of(&model, ty) == Some((file, name_start));
        let only_object = bases.iter().all(|base| {
            self.place(*base).is_some_and(|place| place.name.as_str() == "builtins.object")
        });
        let expected = if only_object { 0 } else { bases.len() };
        let complete = known && expected >= class.written_bases;
        (bases, complete)
    }

    /// The place of a class.
    pub(super) fn place(&self, (file, name_start): ClassKey) -> Option<Place> {
        let definitions = self.definitions(file);
        let place = self.place_in(file, definitions.qualified_name(name_start)?)?;
        lock(&self.memory.keys).insert(place.clone(), (file, name_start));
        Some(place)
    }

    /// The class at a place that was given before.
    pub(super) fn key_at(&self, place: &Place) -> Option<ClassKey> {
        lock(&self.memory.keys).get(place).copied()
    }

    /// The place of this qualified name in this file.
    pub(super) fn place_in(&self, file: File, qualified_name: &str) -> Option<Place> {
        let (origin, module) = self.module(file)?;
        let name = DottedName::new(&format!("{module}.{qualified_name}")).ok()?;
        Some(Place { origin, name })
    }

    /// The module that a file defines.
    pub(super) fn module(&self, file: File) -> Option<(Origin, DottedName)> {
        match file.path(self.database) {
            FilePath::System(path) => {
                let (folder, below) = self.database.mounted().locate(path)?;
                let mounted = self.folders.get(folder)?;
                Some((mounted.origin, module_name(below, &mounted.roots)?))
            }
            FilePath::Vendored(path) => {
                let below = TreePath::new(path.as_str()).ok()?;
                Some((Origin::Standard, module_name(&below, &["stdlib".to_owned()])?))
            }
            FilePath::SystemVirtual(_) => None,
        }
    }

    /// Whether a class defines this member in its own body or methods.
    pub(super) fn defines(&self, (file, name_start): ClassKey, member: &str) -> bool {
        self.definitions(file)
            .classes
            .get(&name_start)
            .is_some_and(|class| class.members.contains(member))
    }
}

/// The importable name of a file below the longest root that holds it.
fn module_name(path: &TreePath, roots: &[String]) -> Option<DottedName> {
    let below = roots.iter().find_map(|root| {
        if root.is_empty() {
            return Some(path.as_str());
        }
        path.as_str().strip_prefix(root.as_str())?.strip_prefix('/')
    })?;
    let stem = below.strip_suffix(".pyi").or_else(|| below.strip_suffix(".py"))?;
    let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
    DottedName::new(&stem.replace('/', ".")).ok()
}

/// The statement of the class whose name starts at this byte.
pub(super) fn class_named_at(body: &[Stmt], name_start: u32) -> Option<&StmtClassDef> {
    let holds = |statement: &&Stmt| {
        statement.start().to_u32() <= name_start && name_start < statement.end().to_u32()
    };
    let statement = body.iter().find(holds)?;
    if let Stmt::ClassDef(class) = statement {
        if class.name.range.start().to_u32() == name_start {
            return Some(class);
        }
        return class_named_at(&class.body, name_start);
    }
    crate::statements::bodies(statement)
        .into_iter()
        .find_map(|body| class_named_at(body, name_start))
}

/// C3 linearisation; where the bases contradict each other, simply their order.
fn merged(key: ClassKey, mut parts: Vec<Vec<ClassKey>>, bases: Vec<ClassKey>) -> Vec<ClassKey> {
    parts.push(bases);
    let mut order = vec![key];
    while order.len() < LONGEST_LINEAGE {
        parts.retain(|part| !part.is_empty());
        let heads = parts.iter().filter_map(|part| part.first().copied());
        let in_a_tail = |class: &ClassKey| {
            parts.iter().any(|part| part.get(1..).is_some_and(|tail| tail.contains(class)))
        };
        let mut candidates = heads.clone();
        let Some(next) = candidates.find(|head| !in_a_tail(head)).or_else(|| heads.clone().next())
        else {
            break;
        };
        for part in &mut parts {
            part.retain(|class| *class != next);
        }
        if !order.contains(&next) {
            order.push(next);
        }
    }
    order
}

/// A poisoned memory is still a memory: every entry is complete before it is put in.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
