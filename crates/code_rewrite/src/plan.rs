//! A manifest compiled to what rewriting asks of it.

use std::collections::{BTreeMap, BTreeSet};

use artifact::TreePath;
use code_model::DottedName;
use code_model::operation::{Change, OperationId};

/// Everything that must change, in the old version's names.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The importable packages of the old version.
    pub roots: BTreeSet<DottedName>,
    /// The name under which they are installed.
    pub distribution: Option<String>,
    /// What becomes of old names; everything below a name follows it unless it has an entry of its
    /// own.
    pub names: BTreeMap<DottedName, NameChange>,
    /// Members of classes that are renamed, for receivers that only types can tell.
    pub members: Vec<MemberChange>,
    /// Changes of calls: kinds `arg.*` and `call.rewrite`.
    pub calls: Vec<CallChange>,
    /// Configuration keys that are renamed.
    pub keys: Vec<KeyChange>,
    /// Files that are named by their paths and move.
    pub files: Vec<FileMove>,
    /// Operations that will not be applied.
    pub skipped: Vec<Skipped>,
    /// Operations whose edits work with the old version, too.
    pub works_before: BTreeSet<OperationId>,
    /// Whether the dependent is known to be on the old version, so that what reads alike in both
    /// means the old.
    pub still_on_old_version: bool,
    /// Whether the dependent is known to have left the old version, so that what reads alike in
    /// both means the new.
    pub past_old_version: bool,
}

/// What becomes of an old name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameChange {
    /// The new name; none when it is gone without a successor.
    pub new: Option<DottedName>,
    /// The operations that lead there, in order; the last one is named by edits.
    pub operations: Vec<OperationId>,
    /// The kind of the last operation.
    pub kind: &'static str,
}

/// A renamed member of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberChange {
    /// The operation.
    pub operation: OperationId,
    /// The class in the old version's names.
    pub class: DottedName,
    /// The old member.
    pub from: String,
    /// The new member.
    pub to: String,
    /// Whether it is a method: `rename.callable`; otherwise `rename.attribute`.
    pub method: bool,
    /// Whether the constructor takes it as a keyword that is renamed with it.
    pub keyword: bool,
}

/// A changed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallChange {
    /// The operation.
    pub operation: OperationId,
    /// The callable in the old version's names.
    pub callable: DottedName,
    /// The class of the receiver in the old version's names, when the callable is a method.
    pub receiver: Option<DottedName>,
    /// What changes; its own names are those of the manifest.
    pub change: Change,
}

/// A renamed configuration key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChange {
    /// The operation.
    pub operation: OperationId,
    /// The old key.
    pub from: String,
    /// The new key.
    pub to: String,
    /// The class, table or file that holds it in the library.
    pub holder: Option<String>,
}

/// A file of the package that moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileMove {
    /// The operation.
    pub operation: OperationId,
    /// The old path in the installed package.
    pub from: TreePath,
    /// The new path in the installed package.
    pub to: TreePath,
}

/// An operation that will not be applied, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The operation.
    pub operation: OperationId,
    /// Why not.
    pub reason: SkipReason,
}

/// Why an operation is not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkipReason {
    /// It is less sure than the threshold.
    BelowThreshold,
    /// An operation that it depends on is not applied.
    DependencySkipped(OperationId),
    /// Applying it twice would be wrong, and nothing shows that the dependent is still on the old
    /// version.
    NotRepeatable,
    /// Its match makes no sense, with the reason.
    Malformed(String),
}

impl NameChange {
    /// The operation that edits name: the last one of those that lead to the new name.
    pub fn operation(&self) -> OperationId {
        self.operations.last().cloned().unwrap_or_else(|| OperationId(String::new()))
    }
}

impl Plan {
    /// What becomes of this old name, and by which entry: the longest prefix of it that has one.
    /// None when nothing is said about it.
    pub fn change(&self, old: &DottedName) -> Option<(&DottedName, &NameChange)> {
        let found = std::iter::once(old.clone())
            .chain(old.ancestors())
            .find_map(|prefix| self.names.get_key_value(&prefix));
        // A module that moves below itself (`a` to `a.b`) must not move again.
        found.filter(|(prefix, change)| {
            change
                .new
                .as_ref()
                .is_none_or(|new| new.below(prefix).is_none() || old.below(new).is_none())
        })
    }

    /// Whether an entry stands for this name or one around it, even if it lies in its new place
    /// already.
    pub(crate) fn speaks_of(&self, name: &DottedName) -> bool {
        self.names.contains_key(name)
            || name.ancestors().any(|prefix| self.names.contains_key(&prefix))
    }

    /// The new name of this old one. None when nothing is said about it or it is gone.
    pub fn renamed(&self, old: &DottedName) -> Option<DottedName> {
        let (prefix, change) = self.change(old)?;
        old.rebased(prefix, change.new.as_ref()?)
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
            && self.members.is_empty()
            && self.calls.is_empty()
            && self.keys.is_empty()
            && self.files.is_empty()
    }
}
