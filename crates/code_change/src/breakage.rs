//! What in a public API is gone or different, and what that asks of the version number.

use std::collections::{BTreeMap, BTreeSet};

use code_model::DottedName;
use code_model::api::{ApiIndex, Resolution};
use code_model::operation::Change;
use code_model::report::{Breakage, Bump};
use code_model::signature::{Binding, Parameter, Signature};
use code_model::snapshot::{Snapshot, Symbol, SymbolKind};

use crate::inference::Inference;
use crate::surface::{access_paths, gone_paths};

/// Everything in the old version's public API that is gone or different in the new one, in order of
/// the paths. Names that the inference knows the successor of say so; a version against itself
/// gives nothing.
pub fn breakages(from: &Snapshot, to: &Snapshot, inference: &Inference) -> Vec<Breakage> {
    let successors = Named::of(from, inference);
    let mut found: Vec<Breakage> = gone_paths(from, to)
        .into_iter()
        .filter_map(|path| gone(from, to, &path, &successors))
        .collect();
    let index = ApiIndex::new(to);
    let mut compared: BTreeSet<DottedName> = BTreeSet::new();
    for (path, access) in access_paths(from) {
        let Some(before) = from.symbols.get(&access.target).filter(|_| access.public) else {
            continue;
        };
        let Resolution::Symbol(definition) = index.resolve(&path) else { continue };
        let Some(after) = index.symbol(&definition) else { continue };
        // One definition is compared once, through the first of its paths.
        if before == after || !compared.insert(access.target.clone()) {
            continue;
        }
        let (path, definition) = (&path, &access.target);
        let pair = Pair { from, to, path, definition, before, after, successors: &successors };
        pair.compare(&mut found);
    }
    found.sort();
    found
}

/// The smallest bump that the differences allow.
pub fn required_bump(from: &Snapshot, to: &Snapshot, breakages: &[Breakage]) -> Bump {
    let added = || {
        let old = access_paths(from);
        access_paths(to).iter().any(|(path, access)| access.public && !old.contains_key(path))
    };
    let deprecated = || {
        to.symbols.iter().any(|(path, symbol)| {
            symbol.deprecated.is_some()
                && from.symbols.get(path).is_some_and(|before| before.deprecated.is_none())
        })
    };
    match breakages.iter().map(|breakage| breakage.bump).max() {
        Some(bump) => bump,
        None if added() || deprecated() => Bump::Minor,
        None => Bump::Patch,
    }
}

/// What an inference says about old names and keywords.
#[derive(Default)]
struct Named {
    paths: BTreeMap<DottedName, String>,
    /// By the callable's definition and the old keyword: a callable has many paths.
    keywords: BTreeMap<(DottedName, String), String>,
}

impl Named {
    fn of(from: &Snapshot, inference: &Inference) -> Self {
        let definition = |name: &DottedName| match ApiIndex::new(from).resolve(name) {
            Resolution::Symbol(definition) => definition,
            _ => name.clone(),
        };
        let mut named = Self::default();
        for operation in &inference.operations {
            for path in &operation.covers {
                if let Some(new) = successor(&operation.change, path) {
                    named.paths.insert(path.clone(), new);
                }
            }
            if let Change::ArgRename { callable, parameter, .. } = &operation.change {
                let keyword = (definition(callable), parameter.from.clone());
                named.keywords.insert(keyword, parameter.to.clone());
            }
            if let Change::RenameAttribute { class, from, to, keyword: true } = &operation.change {
                named.keywords.insert((definition(class), from.clone()), to.clone());
            }
        }
        named
    }

    /// The keyword that replaces one of a callable, however the callable is reached.
    fn keyword(&self, definition: &DottedName, old: &str) -> Option<&String> {
        self.keywords.get(&(definition.clone(), old.to_owned()))
    }
}

fn successor(change: &Change, path: &DottedName) -> Option<String> {
    match change {
        Change::RenameImport { from, to } => path.rebased(from, to).map(|new| new.to_string()),
        Change::RenameSymbol(name) | Change::RenameCallable(name) => {
            name.new_name().map(|new| new.to_string())
        }
        Change::RenameAttribute { class, to, .. } => Some(class.join(to).to_string()),
        _ => None,
    }
}

fn gone(from: &Snapshot, to: &Snapshot, path: &DottedName, successors: &Named) -> Option<Breakage> {
    let place = |definition: &DottedName| {
        let symbol = from.symbols.get(definition).map(|s| (s.file.clone(), s.lines.0));
        symbol.or_else(|| from.modules.get(definition).map(|module| (module.file.clone(), 1)))
    };
    let module = || path.parent().and_then(|module| place(&module));
    let defined = || match ApiIndex::new(from).resolve(path) {
        Resolution::Symbol(definition) => place(&definition),
        _ => None,
    };
    let (file, line) = place(path)
        .or_else(defined)
        .or_else(|| from.aliases.get(path).and_then(|alias| place(&alias.target)))
        .or_else(module)?;
    let unseen = match ApiIndex::new(to).resolve(path) {
        Resolution::Unseen(reason) => Some(reason),
        _ => None,
    };
    let new = successors.paths.get(path).cloned();
    let (code, bump, message) = match (&new, unseen) {
        (Some(new), _) => ("object-renamed", Bump::Major, format!("`{path}` is now `{new}`")),
        (None, Some(reason)) => {
            ("object-unseen", Bump::Minor, format!("`{path}` may be gone: {reason}"))
        }
        (None, None) => ("object-removed", Bump::Major, format!("`{path}` is gone")),
    };
    Some(Breakage {
        path: path.clone(),
        code: code.to_owned(),
        bump,
        message,
        file,
        line,
        successor: new,
    })
}

/// One public definition in both versions.
struct Pair<'a> {
    from: &'a Snapshot,
    to: &'a Snapshot,
    path: &'a DottedName,
    definition: &'a DottedName,
    before: &'a Symbol,
    after: &'a Symbol,
    successors: &'a Named,
}

impl Pair<'_> {
    fn say(
        &self,
        found: &mut Vec<Breakage>,
        code: &str,
        bump: Bump,
        message: String,
        successor: Option<String>,
    ) {
        found.push(Breakage {
            path: self.path.clone(),
            code: code.to_owned(),
            bump,
            message,
            file: self.after.file.clone(),
            line: self.after.lines.0,
            successor,
        });
    }

    fn compare(&self, found: &mut Vec<Breakage>) {
        let kinds = (kind_group(self.before.kind), kind_group(self.after.kind));
        if kinds.0 != kinds.1 && !stands_for_another(self.before) && !stands_for_another(self.after)
        {
            let message = format!(
                "`{}` was a {} and is a {}",
                self.path,
                kind_name(self.before.kind),
                kind_name(self.after.kind)
            );
            self.say(found, "object-kind-changed", Bump::Major, message, None);
            return;
        }
        self.bases(found);
        match (&self.before.signature, &self.after.signature) {
            (Some(before), Some(after)) if before != after => {
                self.ways_to_call(before, after, found);
                // Of several declarations one does not say what is taken.
                if !self.before.is_overload() && !self.after.is_overload() {
                    self.parameters(before, after, found);
                }
            }
            _ => {}
        }
        if let (Some(old), Some(new)) = (&self.before.value, &self.after.value)
            && old != new
        {
            let message = format!("`{}` was {old} and is {new}", self.path);
            self.say(found, "attribute-value-changed", Bump::Minor, message, None);
        }
    }

    /// Bases that instances no longer have, however their names are reached.
    fn bases(&self, found: &mut Vec<Breakage>) {
        if self.before.bases == self.after.bases {
            return;
        }
        let (old, new) = (ApiIndex::new(self.from), ApiIndex::new(self.to));
        let all = |index: &ApiIndex<'_>, bases: &[DottedName]| -> Vec<DottedName> {
            bases
                .iter()
                .flat_map(|base| match index.resolve(base) {
                    Resolution::Symbol(path) => index.linearised(&path),
                    Resolution::External(path) => vec![path],
                    _ => vec![base.clone()],
                })
                .collect()
        };
        let after = all(&new, &self.after.bases);
        for base in all(&old, &self.before.bases) {
            let kept = after.contains(&base) || after.iter().any(|new| new.leaf() == base.leaf());
            if !kept && !base.is_private() && base.as_str() != "object" {
                let message = format!("`{}` no longer inherits from `{base}`", self.path);
                self.say(found, "base-removed", Bump::Major, message, None);
            }
        }
    }

    /// Whether it is awaited, and what it is called on.
    fn ways_to_call(&self, before: &Signature, after: &Signature, found: &mut Vec<Breakage>) {
        let path = self.path;
        if let (Some(old), Some(new)) = (self.before.is_awaited(), self.after.is_awaited())
            && old != new
        {
            let how = if new { "is async now" } else { "is no longer async" };
            let message = format!("`{path}` {how}");
            self.say(found, "async-changed", Bump::Major, message, None);
        }
        let is_method = self.after.kind == SymbolKind::Method;
        if is_method && before.binding != after.binding && after.binding == Binding::Instance {
            let message = format!("`{path}` is called on an instance only");
            self.say(found, "binding-changed", Bump::Major, message, None);
        }
    }

    fn parameters(&self, before: &Signature, after: &Signature, found: &mut Vec<Breakage>) {
        let place = |signature: &Signature, name: &str| {
            let mut positional =
                signature.caller_parameters().iter().filter(|p| p.takes_position());
            positional.position(|parameter| &*parameter.name == name)
        };
        for old in
            before.caller_parameters().iter().filter(|p| p.takes_keyword() || p.takes_position())
        {
            let Some(new) = after.parameter(&old.name) else {
                self.removed(old, after, found);
                continue;
            };
            let (path, name) = (self.path, &old.name);
            // A new `*args` may sort out what calls go on giving by place.
            let sorts_out = after.takes_any_position() && !before.takes_any_position();
            if (old.takes_position() && !new.takes_position() && !sorts_out)
                || (old.takes_keyword() && !new.takes_keyword())
            {
                let message = format!("`{path}` takes `{name}` {} now", how(new));
                self.say(found, "parameter-kind-changed", Bump::Major, message, None);
            } else if old.takes_position()
                && new.takes_position()
                && place(before, name) != place(after, name)
            {
                let message = format!("`{path}` takes `{name}` at another position");
                self.say(found, "parameter-moved", Bump::Major, message, None);
            }
            match (&old.default, &new.default) {
                (Some(_), None) => {
                    let message = format!("`{path}` requires `{name}` now");
                    self.say(found, "parameter-required", Bump::Major, message, None);
                }
                (Some(a), Some(b)) if a != b => {
                    let message = format!("the default of `{name}` of `{path}` was {a} and is {b}");
                    self.say(found, "parameter-default-changed", Bump::Minor, message, None);
                }
                _ => {}
            }
        }
        for new in after.caller_parameters().iter().filter(|p| p.is_required()) {
            if before.parameter(&new.name).is_none() && !self.is_renamed_to(before, new) {
                let message = format!("`{}` requires the new `{}`", self.path, new.name);
                self.say(found, "parameter-added-required", Bump::Major, message, None);
            }
        }
    }

    fn is_renamed_to(&self, before: &Signature, new: &Parameter) -> bool {
        before.caller_parameters().iter().any(|old| {
            self.successors.keyword(self.definition, &old.name).is_some_and(|to| **to == *new.name)
        })
    }

    fn removed(&self, old: &Parameter, after: &Signature, found: &mut Vec<Breakage>) {
        let swallowed = after.takes_any_keyword() && !old.takes_position();
        let new = self.successors.keyword(self.definition, &old.name).cloned();
        let (code, message) = match &new {
            Some(new) => (
                "parameter-renamed",
                format!("`{}` takes `{new}` instead of `{}`", self.path, old.name),
            ),
            None if swallowed => return,
            None => {
                ("parameter-removed", format!("`{}` no longer takes `{}`", self.path, old.name))
            }
        };
        self.say(found, code, Bump::Major, message, new);
    }
}

fn how(parameter: &Parameter) -> &'static str {
    match (parameter.takes_position(), parameter.takes_keyword()) {
        (true, false) => "by position only",
        (false, true) => "by keyword only",
        _ => "differently",
    }
}

/// Whether a value is another name for something, so that its own kind says nothing.
fn stands_for_another(symbol: &Symbol) -> bool {
    let value = symbol.value.as_deref().filter(|_| symbol.kind == SymbolKind::Constant);
    value.is_some_and(|value| {
        DottedName::new(value).is_ok() && !matches!(value, "None" | "True" | "False")
    })
}

/// Kinds within a group are used alike.
fn kind_group(kind: SymbolKind) -> u8 {
    match kind {
        SymbolKind::Class | SymbolKind::TypeAlias => 0,
        SymbolKind::Function | SymbolKind::Method => 1,
        SymbolKind::Property
        | SymbolKind::Attribute
        | SymbolKind::Field
        | SymbolKind::EnumMember
        | SymbolKind::Constant => 2,
    }
}

fn kind_name(kind: SymbolKind) -> &'static str {
    match kind {
        SymbolKind::Class => "class",
        SymbolKind::Function => "function",
        SymbolKind::Method => "method",
        SymbolKind::Property => "property",
        SymbolKind::Attribute => "attribute",
        SymbolKind::Field => "field",
        SymbolKind::EnumMember => "enumeration member",
        SymbolKind::Constant => "constant",
        SymbolKind::TypeAlias => "type alias",
    }
}
