//! What an old name is called in the new version, checked against both versions where they are at
//! hand.

use code_model::DottedName;
use code_model::api::{ApiIndex, Resolution};
use code_model::operation::OperationId;

use crate::Plan;

/// What became of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewName {
    /// Nothing: it is called as before.
    Same,
    /// It has this new name.
    Renamed(DottedName, OperationId),
    /// It is gone without a successor.
    Removed(OperationId),
    /// It is right as it is in the new version, though an operation speaks of it.
    AlreadyRight,
    /// An operation says something that the new version does not bear out; the name that was
    /// expected.
    Doubtful(DottedName, OperationId),
}

/// Answers what old names are called in the new version.
#[derive(Clone, Copy)]
pub struct NewNames<'a> {
    plan: &'a Plan,
    from: Option<ApiIndex<'a>>,
    to: Option<ApiIndex<'a>>,
}

impl<'a> NewNames<'a> {
    /// Answers from a plan, and from both versions where they are given.
    pub fn new(plan: &'a Plan, from: Option<ApiIndex<'a>>, to: Option<ApiIndex<'a>>) -> Self {
        Self { plan, from, to }
    }

    /// What became of this name.
    pub fn of(&self, old: &DottedName) -> NewName {
        match self.plan.change(old) {
            Some((prefix, change)) => {
                let operation = change.operation();
                let Some(new) = &change.new else { return self.removed(old, prefix, operation) };
                let Some(renamed) = old.rebased(prefix, new) else { return NewName::Same };
                self.checked(old, prefix, new, renamed, operation)
            }
            None if self.plan.speaks_of(old) => NewName::AlreadyRight,
            None => self.through_definition(old),
        }
    }

    /// The new name, or the old one where nothing sure is known.
    pub fn name(&self, old: &DottedName) -> DottedName {
        match self.of(old) {
            NewName::Renamed(new, _) => new,
            _ => old.clone(),
        }
    }

    fn exists(api: Option<ApiIndex<'_>>, name: &DottedName) -> Option<bool> {
        let api = api?;
        if !api.is_inside(name) {
            return None;
        }
        match api.resolve(name) {
            Resolution::Missing => Some(false),
            Resolution::Unseen(_) => None,
            _ => Some(true),
        }
    }

    fn removed(&self, old: &DottedName, prefix: &DottedName, operation: OperationId) -> NewName {
        // A name below a removed module that the new version has after all is no loss.
        if old != prefix && Self::exists(self.to, old) == Some(true) {
            return NewName::AlreadyRight;
        }
        NewName::Removed(operation)
    }

    fn checked(
        &self,
        old: &DottedName,
        prefix: &DottedName,
        new: &DottedName,
        renamed: DottedName,
        operation: OperationId,
    ) -> NewName {
        if Self::exists(self.to, old) == Some(true) && Self::exists(self.from, old) == Some(false) {
            return NewName::AlreadyRight;
        }
        // What stands directly below the entry tells whether it went along; deeper attributes may
        // belong to instances, which no index knows.
        let next = old.below(prefix).and_then(|rest| rest.split('.').next());
        let probe = match next {
            Some(next) if !next.is_empty() && self.is_module(prefix) => {
                (prefix.join(next), new.join(next))
            }
            _ => (prefix.clone(), new.clone()),
        };
        if Self::exists(self.to, &probe.1) == Some(false) {
            if Self::exists(self.to, &probe.0) == Some(true) {
                return NewName::AlreadyRight;
            }
            return NewName::Doubtful(renamed, operation);
        }
        NewName::Renamed(renamed, operation)
    }

    fn is_module(&self, name: &DottedName) -> bool {
        self.from.is_some_and(|api| matches!(api.resolve(name), Resolution::Module(_)))
    }

    /// Follows an access path that no operation names to the definition that one does.
    fn through_definition(&self, old: &DottedName) -> NewName {
        let (Some(from), Some(to)) = (self.from, self.to) else { return NewName::Same };
        if !from.is_inside(old) || Self::exists(self.to, old) != Some(false) {
            return NewName::Same;
        }
        let definition = match from.resolve(old) {
            Resolution::Symbol(definition) | Resolution::Module(definition)
                if definition != *old =>
            {
                definition
            }
            _ => return NewName::Same,
        };
        let Some((prefix, change)) = self.plan.change(&definition) else {
            return self.inherited(from, old, &definition);
        };
        let operation = change.operation();
        let Some(new) = change.new.as_ref().and_then(|new| definition.rebased(prefix, new)) else {
            return NewName::Removed(operation);
        };
        let reached = to.resolve(&new);
        if reached == Resolution::Missing {
            return NewName::Doubtful(new, operation);
        }
        // The same place under the new name is what a person would write, where it leads to the
        // same thing.
        let beside = self
            .renamed_parent(old)
            .map(|parent| parent.join(new.leaf()))
            .filter(|beside| to.resolve(beside) == reached);
        NewName::Renamed(beside.unwrap_or(new), operation)
    }

    /// A member that a class of the library inherits from one in which it is renamed.
    fn inherited(&self, from: ApiIndex<'_>, old: &DottedName, definition: &DottedName) -> NewName {
        let (Some(holder), Some(class)) = (old.parent(), definition.parent()) else {
            return NewName::Same;
        };
        let lineage = match from.resolve(&holder) {
            Resolution::Symbol(holder) => from.linearised(&holder),
            _ => Vec::new(),
        };
        let renamed = self.plan.members.iter().find(|member| {
            member.from == definition.leaf()
                && match from.resolve(&member.class) {
                    // What a private base defines is renamed on the classes that users have.
                    Resolution::Symbol(heir) if heir != class => {
                        lineage.contains(&heir)
                            && from.resolve(&heir.join(&member.from))
                                == Resolution::Symbol(definition.clone())
                    }
                    reached => reached == Resolution::Symbol(class.clone()),
                }
        });
        renamed.map_or(NewName::Same, |member| {
            NewName::Renamed(self.name(&holder).join(&member.to), member.operation.clone())
        })
    }

    fn renamed_parent(&self, old: &DottedName) -> Option<DottedName> {
        let parent = old.parent()?;
        Some(self.name(&parent))
    }

    /// Whether importing the package `root` loads the module `module`; none when nobody knows.
    pub fn is_loaded_with(&self, root: &DottedName, module: &DottedName) -> Option<bool> {
        let api = self.to?;
        if !api.is_inside(module) {
            return None;
        }
        let snapshot = api.snapshot();
        if snapshot.aliases.contains_key(module) {
            return Some(true);
        }
        let mut loaded = vec![root.clone()];
        let mut position = 0;
        while let Some(current) = loaded.get(position).cloned() {
            position += 1;
            if current.below(module).is_some() {
                return Some(true);
            }
            let first = snapshot.edges.partition_point(|edge| edge.source_fq < current);
            for edge in snapshot.edges[first..].iter().take_while(|edge| edge.source_fq == current)
            {
                if edge.edge_type != code_model::snapshot::EdgeKind::Imports {
                    continue;
                }
                let target = std::iter::once(edge.target_fq.clone())
                    .chain(edge.target_fq.ancestors())
                    .find(|name| snapshot.modules.contains_key(name));
                if let Some(target) = target
                    && !loaded.contains(&target)
                    && loaded.len() < 2000
                {
                    loaded.push(target);
                }
            }
        }
        Some(false)
    }

    /// The module of the new version that holds this name: the longest prefix that is one.
    pub fn module_of(&self, new: &DottedName) -> Option<DottedName> {
        if let Some(api) = self.to.filter(|api| api.is_inside(new)) {
            return std::iter::once(new.clone())
                .chain(new.ancestors())
                .find(|prefix| matches!(api.resolve(prefix), Resolution::Module(_)));
        }
        new.parent()
    }

    /// Whether a star import of this module of the new version surely brings a name in.
    pub fn is_exported(&self, module: &DottedName, name: &str) -> bool {
        self.to.is_some_and(|api| api.star_import_brings(module, name) == Some(true))
    }

    /// Whether `from PARENT import LEAF` can bring this name in.
    pub fn is_importable(&self, new: &DottedName) -> bool {
        match (new.parent(), self.to) {
            (None, _) => true,
            (Some(parent), Some(api)) if api.is_inside(&parent) => {
                !matches!(api.resolve(&parent), Resolution::Symbol(_))
            }
            _ => true,
        }
    }
}
