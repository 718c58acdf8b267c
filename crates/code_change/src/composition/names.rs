//! Names: one simultaneous map after the other.

use std::collections::{BTreeMap, BTreeSet};

use artifact::Finding;
use code_model::DottedName;
use code_model::operation::{Change, NameMatch};

use super::{Known, Part, Stated, warning};

/// What kind of operation says what becomes of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Module,
    Symbol,
    Callable,
    Method,
    Attribute { keyword: bool },
    Removal,
}

/// What becomes of a name.
#[derive(Debug, Clone)]
pub(super) struct Entry<'m> {
    /// The new name; none when it is gone.
    pub(super) new: Option<DottedName>,
    pub(super) form: Form,
    pub(super) parts: Vec<Part<'m>>,
    /// Why a person must decide, if so.
    pub(super) doubt: Option<String>,
    /// A keyword that goes another way than its field: the old and the new one.
    split_keyword: Option<(String, String)>,
}

/// One simultaneous map; what lies below a name follows it unless it has an entry of its own.
#[derive(Debug, Clone, Default)]
pub(super) struct Names<'m> {
    pub(super) entries: BTreeMap<DottedName, Entry<'m>>,
}

/// The class, the old and the new keyword, and what says so.
type SplitKeyword<'m> = (DottedName, String, String, Vec<Part<'m>>);

impl<'m> Names<'m> {
    /// The map of one manifest.
    pub(super) fn of_step(stated: &[Stated<'m>]) -> Self {
        let mut names = Self::default();
        for Stated { change, part } in stated {
            let (old, new, form) = match change {
                Change::RenameImport { from, to } => (from.clone(), Some(to.clone()), Form::Module),
                Change::RenameSymbol(name) | Change::RenameCallable(name) => {
                    let (Some(old), Some(new)) = (name.old(), name.new_name()) else { continue };
                    (old, Some(new), form_of(change, name))
                }
                Change::RenameAttribute { class, from, to, keyword } => {
                    let form = Form::Attribute { keyword: *keyword };
                    (class.join(from), Some(class.join(to)), form)
                }
                Change::SymbolRemove { name } => (name.clone(), None, Form::Removal),
                _ => continue,
            };
            if new.as_ref() == Some(&old) {
                continue;
            }
            // Of two operations about one name the surer one stands, the first of equals.
            let sure = |parts: &[Part<'_>]| {
                parts.last().map_or(0.0, |part| part.operation.confidence.overall)
            };
            let stands = names.entries.get(&old).map(|entry| sure(&entry.parts));
            if stands.is_some_and(|other| other >= part.operation.confidence.overall) {
                continue;
            }
            let parts = vec![*part];
            let entry = Entry { new, form, parts, doubt: None, split_keyword: None };
            names.entries.insert(old, entry);
        }
        names.follow_holders();
        names
    }

    /// A name that stays in its class or module follows it.
    fn follow_holders(&mut self) {
        let olds: Vec<DottedName> = self.entries.keys().cloned().collect();
        for old in olds {
            let Some(holder) = old.parent() else { continue };
            let stays = self.entries[&old].new.clone();
            let Some(new) = stays.filter(|new| new.parent().as_ref() == Some(&holder)) else {
                continue;
            };
            let renamed = self.image(&holder).0;
            if let Some(renamed) = renamed.filter(|renamed| *renamed != holder)
                && let Some(entry) = self.entries.get_mut(&old)
            {
                entry.new = Some(renamed.join(new.leaf()));
            }
        }
    }

    /// The entry that says what becomes of a name: of the longest prefix that has one.
    pub(super) fn change(&self, old: &DottedName) -> Option<(&DottedName, &Entry<'m>)> {
        let found = std::iter::once(old.clone())
            .chain(old.ancestors())
            .find_map(|prefix| self.entries.get_key_value(&prefix));
        // A module that moves below itself must not move again.
        found.filter(|(prefix, entry)| {
            let new = entry.new.as_ref();
            new.is_none_or(|new| new.below(prefix).is_none() || old.below(new).is_none())
        })
    }

    /// Where a name ends up, itself when nothing is said about it, none when it is gone; and what
    /// says so.
    pub(super) fn image(&self, old: &DottedName) -> (Option<DottedName>, &[Part<'m>]) {
        match self.change(old) {
            None => (Some(old.clone()), &[]),
            Some((prefix, entry)) => {
                let new = entry.new.as_ref().and_then(|new| old.rebased(prefix, new));
                (new, &entry.parts)
            }
        }
    }

    /// The old names that end up as this one.
    pub(super) fn originals(
        &self,
        new: &DottedName,
        existed: &dyn Fn(&DottedName) -> bool,
    ) -> BTreeSet<DottedName> {
        let from_entries =
            self.entries.iter().filter_map(|(old, entry)| new.rebased(entry.new.as_ref()?, old));
        std::iter::once(new.clone())
            .chain(from_entries)
            .filter(|old| self.image(old).0.as_ref() == Some(new))
            .filter(|old| self.entries.contains_key(old) || existed(old))
            .collect()
    }

    /// This map and then another one, and how many entries of that one speak of names that the
    /// first version does not have.
    pub(super) fn then(
        &self,
        next: &Self,
        known: &Known<'_>,
        findings: &mut BTreeSet<Finding>,
    ) -> (Self, u32) {
        let existed = |name: &DottedName| known.existed(name);
        let mut between = 0;
        let mut olds: BTreeSet<DottedName> = self.entries.keys().cloned().collect();
        for middle in next.entries.keys() {
            let originals = self.originals(middle, &existed);
            between += u32::from(originals.is_empty());
            olds.extend(originals);
        }
        let mut composed = Self::default();
        for old in olds {
            let entry = self.entry_through(&old, next);
            composed.entries.insert(old, entry);
        }
        composed.simplify(findings);
        (composed, between)
    }

    /// What becomes of an old name through both maps.
    fn entry_through(&self, old: &DottedName, next: &Self) -> Entry<'m> {
        let first = self.change(old);
        let exact = first.filter(|(prefix, _)| *prefix == old).map(|(_, entry)| entry);
        let (middle, before) = self.image(old);
        let Some(middle) = middle else {
            let form = exact.map_or(Form::Removal, |entry| entry.form);
            let doubt = exact.and_then(|entry| entry.doubt.clone());
            let parts = before.to_vec();
            return Entry { new: None, form, parts, doubt, split_keyword: None };
        };
        let second = next.change(&middle);
        let second_exact = second.filter(|(prefix, _)| **prefix == middle).map(|(_, entry)| entry);
        let (new, after) = next.image(&middle);
        let parts = before.iter().chain(after).copied().collect();
        let mut doubt = exact.and_then(|entry| entry.doubt.clone());
        let mut split_keyword = None;
        let form = match (exact.map(|entry| entry.form), second_exact.map(|entry| entry.form)) {
            _ if new.is_none() => Form::Removal,
            (Some(Form::Attribute { keyword: one }), Some(Form::Attribute { keyword: two })) => {
                if one != two {
                    let from = if one { old.leaf() } else { middle.leaf() };
                    let to = if one { Some(&middle) } else { new.as_ref() };
                    split_keyword = to.map(|to| (from.to_owned(), to.leaf().to_owned()));
                }
                Form::Attribute { keyword: one && two }
            }
            (Some(Form::Module), Some(other)) | (Some(other), Some(Form::Module))
                if other != Form::Module =>
            {
                doubt = Some("a module took a name's place, or a name a module's".to_owned());
                other
            }
            (Some(form), _) | (None, Some(form)) => form,
            (None, None) => Form::Symbol,
        };
        Entry { new, form, parts, doubt, split_keyword }
    }

    /// Takes out what comes to nothing, and what the name around it says as well.
    fn simplify(&mut self, findings: &mut BTreeSet<Finding>) {
        let olds: Vec<DottedName> = self.entries.keys().rev().cloned().collect();
        for old in olds {
            let Some(entry) = self.entries.remove(&old) else { continue };
            let around = old.parent().and_then(|parent| {
                let (prefix, _) = self.change(&parent)?;
                Some(prefix.clone())
            });
            let (follows, _) = self.image(&old);
            let stays = entry.new.as_ref() == Some(&old);
            match around {
                _ if entry.new.is_some() && entry.new == follows => {}
                Some(prefix) if stays => {
                    let message = format!(
                        "`{old}` comes back to its place while `{prefix}` around it moves, which \
                         no manifest can say: nothing below `{prefix}` is renamed by itself"
                    );
                    if let Some(holder) = self.entries.get_mut(&prefix) {
                        holder.doubt = Some(format!("`{old}` below it stays where it is"));
                    }
                    findings.insert(warning("composition-inexpressible", message));
                }
                _ if stays => {}
                _ => {
                    self.entries.insert(old, entry);
                }
            }
        }
    }

    /// These fields no longer rename the keyword of the constructor: calls say it themselves.
    pub(super) fn give_up_keywords(&mut self, fields: &BTreeSet<DottedName>) {
        for (_, entry) in self.entries.iter_mut().filter(|(old, _)| fields.contains(*old)) {
            if entry.form == (Form::Attribute { keyword: true }) {
                entry.form = Form::Attribute { keyword: false };
            }
        }
    }

    /// Keywords that go another way than their fields; each is given once.
    pub(super) fn take_split_keywords(&mut self) -> Vec<SplitKeyword<'m>> {
        let mut taken = Vec::new();
        for (old, entry) in &mut self.entries {
            if let (Some((from, to)), Some(class)) = (entry.split_keyword.take(), old.parent()) {
                taken.push((class, from, to, entry.parts.clone()));
            }
        }
        taken
    }

    /// The operation of an entry, and why a person must decide, if so.
    pub(super) fn operation(&self, old: &DottedName) -> Option<(Change, Option<String>)> {
        let entry = self.entries.get(old)?;
        let mut doubt = entry.doubt.clone();
        let Some(new) = &entry.new else {
            return Some((Change::SymbolRemove { name: old.clone() }, doubt));
        };
        let holder = old.parent();
        let holder_new = holder.as_ref().and_then(|holder| self.image(holder).0);
        if new.parent() == holder && holder_new != holder && holder.is_some() {
            doubt = Some("its holder moves and it does not".to_owned());
        }
        let (from, to) = (old.leaf().to_owned(), new.leaf().to_owned());
        let member = matches!(entry.form, Form::Method | Form::Attribute { .. });
        if member && new.parent() != holder_new {
            doubt = Some("it goes to another class than the rest of its class".to_owned());
        }
        let change = match (entry.form, holder) {
            (Form::Module, _) => Change::RenameImport { from: old.clone(), to: new.clone() },
            (Form::Attribute { keyword }, Some(class)) => {
                Change::RenameAttribute { class, from, to, keyword }
            }
            (Form::Method, class @ Some(_)) => {
                let name = NameMatch { module: None, class, from, to, to_module: None };
                Change::RenameCallable(name)
            }
            (form, module) => {
                let to_module = new.parent().filter(|parent| Some(parent) != module.as_ref());
                let name = NameMatch { module, class: None, from, to, to_module };
                match form {
                    Form::Callable => Change::RenameCallable(name),
                    _ => Change::RenameSymbol(name),
                }
            }
        };
        Some((change, doubt))
    }
}

fn form_of(change: &Change, name: &NameMatch) -> Form {
    match (change, &name.class) {
        (Change::RenameCallable(_), Some(_)) => Form::Method,
        (Change::RenameCallable(_), None) => Form::Callable,
        (_, Some(_)) => Form::Attribute { keyword: false },
        (_, None) => Form::Symbol,
    }
}

/// What an operation does to a name: the old one and the new one.
pub(super) fn mapping(change: &Change) -> Option<(DottedName, DottedName)> {
    match change {
        Change::RenameImport { from, to } => Some((from.clone(), to.clone())),
        Change::RenameSymbol(name) | Change::RenameCallable(name) => {
            Some((name.old()?, name.new_name()?))
        }
        Change::RenameAttribute { class, from, to, .. } => Some((class.join(from), class.join(to))),
        _ => None,
    }
}

/// The same change with its old names replaced.
pub(super) fn with_old_names(
    change: &Change,
    to_old: &dyn Fn(&DottedName) -> DottedName,
) -> Change {
    let mut changed = change.clone();
    match &mut changed {
        Change::RenameImport { from, .. } => *from = to_old(from),
        Change::RenameSymbol(name) | Change::RenameCallable(name) => {
            let new = name.new_name();
            if let Some(class) = &mut name.class {
                *class = to_old(class);
            } else if let Some(old) = name.old() {
                let old = to_old(&old);
                old.leaf().clone_into(&mut name.from);
                name.module = old.parent();
                let parent = new.as_ref().and_then(DottedName::parent);
                name.to_module = parent.filter(|parent| Some(parent) != name.module.as_ref());
            }
        }
        Change::RenameAttribute { class, .. } => *class = to_old(class),
        Change::SymbolRemove { name } => *name = to_old(name),
        Change::ArgRename { callable, receiver, .. }
        | Change::ArgAddDefault { callable, receiver, .. }
        | Change::ArgRemove { callable, receiver, .. }
        | Change::ArgReorder { callable, receiver, .. }
        | Change::ArgKeywordOnly { callable, receiver, .. }
        | Change::ArgAddRequired { callable, receiver, .. }
        | Change::CallRewrite { callable, receiver, .. } => {
            *callable = to_old(callable);
            if let Some(class) = receiver {
                *class = to_old(class);
            }
        }
        Change::MoveFile { .. } | Change::ConfigKeyRename { .. } => {}
    }
    changed
}
