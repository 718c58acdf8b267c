//! From the list of operations to one simultaneous map.

use std::collections::{BTreeMap, BTreeSet};

use code_model::DottedName;
use code_model::manifest::Manifest;
use code_model::operation::{Change, NameMatch, Operation, OperationId};

use crate::plan::{
    CallChange, FileMove, KeyChange, MemberChange, NameChange, Plan, SkipReason, Skipped,
};

/// What decides which operations of a manifest are applied.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlanOptions {
    /// Operations below this probability are not applied.
    pub threshold: f64,
    /// Whether the application record or the requirement shows that the dependent is still on the
    /// old version: operations that must not be applied twice are refused without it.
    pub still_on_old_version: bool,
    /// Whether the application record or the requirement shows that the dependent has left the old
    /// version.
    pub past_old_version: bool,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self { threshold: 0.7, still_on_old_version: false, past_old_version: false }
    }
}

/// An operation with everything that it depends on.
struct Node<'m> {
    operation: &'m Operation,
    /// All operations that come before it, directly or not, in order.
    before: Vec<usize>,
}

impl Plan {
    /// Compiles the whole list of a manifest. Operations that are not applied are in
    /// [`Plan::skipped`].
    pub fn compile(manifest: &Manifest, options: &PlanOptions) -> Self {
        let mut compiler = Compiler::new(&manifest.operations);
        compiler.plan.roots = roots(manifest);
        compiler.plan.distribution = Some(manifest.metadata.library.clone());
        compiler.plan.still_on_old_version = options.still_on_old_version;
        compiler.plan.past_old_version = options.past_old_version;
        let works_before = |it: &&Operation| it.metadata.works_before;
        compiler.plan.works_before =
            manifest.operations.iter().filter(works_before).map(|it| it.id.clone()).collect();
        compiler.skip(options);
        let order = compiler.order.clone();
        for index in order {
            if !compiler.skipped.contains_key(&index) {
                compiler.add(index);
            }
        }
        compiler.follow_holders();
        compiler.refuse_unrepeatable(options);
        compiler.finish()
    }
}

fn roots(manifest: &Manifest) -> BTreeSet<DottedName> {
    let mut roots: BTreeSet<DottedName> = manifest.metadata.packages.iter().cloned().collect();
    // A manifest that was written by hand may not name its packages.
    if roots.is_empty() {
        for operation in &manifest.operations {
            for name in old_names(&operation.change) {
                roots.extend(DottedName::new(name.root()));
            }
        }
    }
    roots
}

fn old_names(change: &Change) -> Vec<DottedName> {
    match change {
        Change::RenameImport { from, .. } => vec![from.clone()],
        Change::RenameSymbol(names) | Change::RenameCallable(names) => {
            names.old().into_iter().collect()
        }
        Change::RenameAttribute { class, .. } => vec![class.clone()],
        Change::SymbolRemove { name } => vec![name.clone()],
        Change::ArgRename { callable, .. }
        | Change::ArgAddDefault { callable, .. }
        | Change::ArgRemove { callable, .. }
        | Change::ArgReorder { callable, .. }
        | Change::ArgKeywordOnly { callable, .. }
        | Change::ArgAddRequired { callable, .. }
        | Change::CallRewrite { callable, .. } => vec![callable.clone()],
        Change::MoveFile { .. } | Change::ConfigKeyRename { .. } => Vec::new(),
    }
}

/// What an operation does to names: the old one and the new one.
fn mapping(change: &Change) -> Option<(DottedName, DottedName)> {
    match change {
        Change::RenameImport { from, to } => Some((from.clone(), to.clone())),
        Change::RenameSymbol(names) | Change::RenameCallable(names) => {
            Some((names.old()?, names.new_name()?))
        }
        Change::RenameAttribute { class, from, to, .. } => {
            Some((member(class, from)?, member(class, to)?))
        }
        _ => None,
    }
}

fn member(class: &DottedName, name: &str) -> Option<DottedName> {
    DottedName::new(&format!("{class}.{name}")).ok()
}

/// The module that an operation moves.
fn moved_module(operation: &Operation) -> Option<&DottedName> {
    match &operation.change {
        Change::RenameImport { from, .. } => Some(from),
        _ => None,
    }
}

struct Compiler<'m> {
    nodes: Vec<Node<'m>>,
    /// Modules that the old version has for certain, because they move.
    old_modules: BTreeSet<&'m DottedName>,
    order: Vec<usize>,
    skipped: BTreeMap<usize, SkipReason>,
    plan: Plan,
    /// For each entry of the map the operation that made it.
    made_by: BTreeMap<DottedName, usize>,
}

impl<'m> Compiler<'m> {
    fn new(operations: &'m [Operation]) -> Self {
        let by_id: BTreeMap<&OperationId, usize> =
            operations.iter().enumerate().map(|(index, op)| (&op.id, index)).collect();
        let mut compiler = Self {
            nodes: Vec::with_capacity(operations.len()),
            old_modules: operations.iter().filter_map(moved_module).collect(),
            order: (0..operations.len()).collect(),
            skipped: BTreeMap::new(),
            plan: Plan::default(),
            made_by: BTreeMap::new(),
        };
        compiler.order.sort_by_key(|index| (operations[*index].sequence, *index));
        let rank: BTreeMap<usize, usize> =
            compiler.order.iter().enumerate().map(|(rank, index)| (*index, rank)).collect();
        for (index, operation) in operations.iter().enumerate() {
            let mut before = BTreeSet::new();
            let mut pending: Vec<usize> = vec![index];
            while let Some(current) = pending.pop() {
                for id in &operations[current].dependencies {
                    match by_id.get(id) {
                        Some(&other) if other == index => {
                            let reason = format!("it depends on itself through `{id}`");
                            compiler.skipped.insert(index, SkipReason::Malformed(reason));
                        }
                        Some(&other) => {
                            if before.insert((rank[&other], other)) {
                                pending.push(other);
                            }
                        }
                        None => {
                            let reason = format!("it depends on `{id}`, which is not there");
                            compiler.skipped.insert(index, SkipReason::Malformed(reason));
                        }
                    }
                }
            }
            let before = before.into_iter().map(|(_, other)| other).collect();
            compiler.nodes.push(Node { operation, before });
        }
        // What an operation depends on comes first, whatever the sequence says.
        let depth: Vec<usize> = compiler.nodes.iter().map(|node| node.before.len()).collect();
        let mut order = compiler.order.clone();
        order.sort_by_key(|index| (depth[*index], operations[*index].sequence, *index));
        compiler.order = order;
        compiler
    }

    fn skip(&mut self, options: &PlanOptions) {
        for index in self.order.clone() {
            if self.skipped.contains_key(&index) {
                continue;
            }
            let node = &self.nodes[index];
            let operation = node.operation;
            let reason = if operation.confidence.overall < options.threshold
                && !matches!(operation.change, Change::SymbolRemove { .. })
            {
                Some(SkipReason::BelowThreshold)
            } else if let Some(other) =
                node.before.iter().find(|other| self.skipped.contains_key(other))
            {
                Some(SkipReason::DependencySkipped(self.nodes[*other].operation.id.clone()))
            } else {
                None
            };
            if let Some(reason) = reason {
                self.skipped.insert(index, reason);
            }
        }
    }

    /// The names of the old version that read as `name` once the operations before this one are
    /// applied.
    fn originals(&self, index: usize, name: &DottedName) -> BTreeSet<DottedName> {
        let node = &self.nodes[index];
        let mappings: Vec<(DottedName, DottedName)> = node
            .before
            .iter()
            .filter_map(|other| mapping(&self.nodes[*other].operation.change))
            .collect();
        let mut candidates = BTreeSet::from([name.clone()]);
        for (from, to) in mappings.iter().rev() {
            let further: Vec<DottedName> =
                candidates.iter().filter_map(|candidate| candidate.rebased(to, from)).collect();
            candidates.extend(further);
        }
        let reads_as = |candidate: &DottedName| {
            mappings.iter().fold(candidate.clone(), |current, (from, to)| {
                current.rebased(from, to).unwrap_or(current)
            })
        };
        let mut originals: BTreeSet<DottedName> =
            candidates.into_iter().filter(|candidate| reads_as(candidate) == *name).collect();
        if originals.is_empty() {
            originals.insert(name.clone());
        }
        // Lists written by hand often leave dependencies out and write symbols in the new module's
        // name. Where the old version had a module of that name, too, its own symbols are meant.
        // So does a package whose module moves, and a package of the old version itself.
        let was_there = |module: &DottedName| {
            self.old_modules.contains(module)
                || self.plan.roots.contains(module)
                || self.old_modules.iter().any(|old| old.below(module).is_some())
                || module.ancestors().any(|outer| self.old_modules.contains(&outer))
        };
        if node.operation.dependencies.is_empty() {
            for (position, other) in self.nodes.iter().enumerate() {
                if position != index
                    && let Change::RenameImport { from, to } = &other.operation.change
                    && other.operation.sequence < node.operation.sequence
                    && name != to
                    && let Some(original) = name.rebased(to, from)
                    && !was_there(to)
                {
                    originals.insert(original);
                }
            }
        }
        originals
    }

    fn add(&mut self, index: usize) {
        let operation = self.nodes[index].operation;
        let id = operation.id.clone();
        match &operation.change {
            Change::RenameImport { from, to } => self.rename(index, from, to),
            Change::RenameSymbol(names) | Change::RenameCallable(names) => {
                self.rename_symbol(index, names);
            }
            Change::RenameAttribute { class, from, to, keyword } => {
                self.rename_member(index, class, from, to, *keyword);
            }
            Change::SymbolRemove { name } => {
                for original in self.originals(index, name) {
                    self.entry(index, original, None);
                }
            }
            Change::MoveFile { from, to } => {
                self.plan.files.push(FileMove {
                    operation: id,
                    from: from.clone(),
                    to: to.clone(),
                });
            }
            Change::ConfigKeyRename { from, to, holder } => self.plan.keys.push(KeyChange {
                operation: id,
                from: from.clone(),
                to: to.clone(),
                holder: holder.clone(),
            }),
            Change::ArgRename { callable, receiver, .. }
            | Change::ArgAddDefault { callable, receiver, .. }
            | Change::ArgRemove { callable, receiver, .. }
            | Change::ArgReorder { callable, receiver, .. }
            | Change::ArgKeywordOnly { callable, receiver, .. }
            | Change::ArgAddRequired { callable, receiver, .. }
            | Change::CallRewrite { callable, receiver, .. } => {
                let receiver = receiver.as_ref().map(|class| self.original(index, class));
                for original in self.originals(index, callable) {
                    self.plan.calls.push(CallChange {
                        operation: id.clone(),
                        callable: original,
                        receiver: receiver.clone(),
                        change: operation.change.clone(),
                    });
                }
            }
        }
    }

    /// The one old name, where only one is wanted: the one furthest back.
    fn original(&self, index: usize, name: &DottedName) -> DottedName {
        let originals = self.originals(index, name);
        originals.iter().find(|original| *original != name).unwrap_or(name).clone()
    }

    fn rename_symbol(&mut self, index: usize, names: &NameMatch) {
        if let (Some(class), None) = (&names.class, &names.to_module) {
            self.rename_member(index, class, &names.from, &names.to, false);
            return;
        }
        if let (Some(old), Some(new)) = (names.old(), names.new_name()) {
            self.rename(index, &old, &new);
        } else {
            let reason = "its match names no old or no new name".to_owned();
            self.skipped.insert(index, SkipReason::Malformed(reason));
        }
    }

    fn rename_member(
        &mut self,
        index: usize,
        class: &DottedName,
        from: &str,
        to: &str,
        keyword: bool,
    ) {
        let operation = self.nodes[index].operation;
        let (Some(old), Some(new)) = (member(class, from), member(class, to)) else {
            let reason = "its match is no member of a class".to_owned();
            self.skipped.insert(index, SkipReason::Malformed(reason));
            return;
        };
        for original in self.originals(index, class) {
            self.plan.members.push(MemberChange {
                operation: operation.id.clone(),
                class: original,
                from: from.to_owned(),
                to: to.to_owned(),
                method: matches!(operation.change, Change::RenameCallable(_)),
                keyword,
            });
        }
        self.rename(index, &old, &new);
    }

    fn rename(&mut self, index: usize, old: &DottedName, new: &DottedName) {
        // What earlier operations made reads on from here.
        let before = self.nodes[index].before.clone();
        let id = self.nodes[index].operation.id.clone();
        for (original, change) in &mut self.plan.names {
            let made = self.made_by.get(original);
            if made.is_some_and(|made| before.contains(made))
                && let Some(current) = &change.new
                && let Some(further) = current.rebased(old, new)
            {
                change.new = Some(further);
                change.operations.push(id.clone());
            }
        }
        for original in self.originals(index, old) {
            self.entry(index, original, Some(new.clone()));
        }
    }

    fn entry(&mut self, index: usize, original: DottedName, new: Option<DottedName>) {
        let operation = self.nodes[index].operation;
        if new.as_ref() == Some(&original) {
            return;
        }
        // A name that an earlier operation of the list speaks of already is read on through that
        // one.
        if let Some(made) = self.made_by.get(&original)
            && self.nodes[index].before.contains(made)
        {
            return;
        }
        if self.plan.names.contains_key(&original) {
            // Two operations about one name: the surer one stands, the first of equals.
            let other = self.nodes[self.made_by[&original]].operation;
            if other.confidence.overall >= operation.confidence.overall {
                let reason = format!("`{}` says something else about the same name", other.id);
                self.skipped.insert(index, SkipReason::Malformed(reason));
                return;
            }
        }
        self.made_by.insert(original.clone(), index);
        self.plan.names.insert(
            original,
            NameChange {
                new,
                operations: vec![operation.id.clone()],
                kind: operation.change.kind(),
            },
        );
    }

    /// A name that stays in its class or module follows it, under whatever name that comes out.
    fn follow_holders(&mut self) {
        let names: Vec<DottedName> = self.plan.names.keys().cloned().collect();
        for old in names {
            let Some(holder) = old.parent() else { continue };
            let new = self.plan.names.get(&old).and_then(|change| change.new.clone());
            let Some(new) = new.filter(|new| new.parent().as_ref() == Some(&holder)) else {
                continue;
            };
            if let Some(renamed) = self.plan.renamed(&holder)
                && let Some(change) = self.plan.names.get_mut(&old)
            {
                change.new = Some(renamed.join(new.leaf()));
            }
        }
    }

    /// Takes out what would be wrong when applied twice, unless this is certainly the first time.
    fn refuse_unrepeatable(&mut self, options: &PlanOptions) {
        if options.still_on_old_version {
            return;
        }
        let mut refused: BTreeSet<OperationId> = self
            .nodes
            .iter()
            .filter(|node| node.operation.metadata.not_repeatable)
            .map(|node| node.operation.id.clone())
            .collect();
        for change in self.plan.names.values() {
            if let Some(new) = &change.new
                && let Some((_, again)) = self.plan.change(new)
                && again.new.is_some()
            {
                refused.extend(change.operations.iter().cloned());
                refused.extend(again.operations.iter().cloned());
            }
        }
        if refused.is_empty() {
            return;
        }
        let gone = |id: &OperationId| refused.contains(id);
        self.plan.names.retain(|_, change| !change.operations.iter().any(gone));
        self.plan.members.retain(|change| !gone(&change.operation));
        self.plan.calls.retain(|change| !gone(&change.operation));
        for (index, node) in self.nodes.iter().enumerate() {
            if gone(&node.operation.id) {
                self.skipped.entry(index).or_insert(SkipReason::NotRepeatable);
            }
        }
    }

    fn finish(mut self) -> Plan {
        self.plan.skipped = self
            .skipped
            .into_iter()
            .map(|(index, reason)| Skipped {
                operation: self.nodes[index].operation.id.clone(),
                reason,
            })
            .collect();
        self.plan
    }
}
