//! The second pass: what each use means.

use std::collections::BTreeMap;
use std::sync::Arc;

use code_model::DottedName;
use ruff_python_ast::name::Name;
use ruff_python_stdlib::builtins::{is_python_builtin, python_magic_globals};

use super::dependent::ModuleSurface;
use super::model::{
    BindingId, CallId, Certainty, Construction, FileReferences, ImportBinding, ImportForm,
    KeyAccess, KeyUse, Reference, ScopeId, Segment, SegmentForm,
};
use super::names::{NameTable, NameUse};
use super::scope::{BindingKind, Position};
use super::walk::{Collected, RawAttribute, RawPath, RawUse};
use super::{ReferenceOptions, guards};
use crate::edit::Span;

/// What a local name means at one place.
#[derive(Debug, Clone)]
pub(super) struct Meaning {
    pub(super) target: DottedName,
    pub(super) binding: Option<BindingId>,
    pub(super) certain: bool,
    /// All imports that may give the name here.
    pub(super) imports: Vec<BindingId>,
}

/// Answers what names mean, once the whole file was seen.
pub(super) struct Resolver<'a> {
    pub(super) found: &'a Collected,
    pub(super) options: &'a ReferenceOptions<'a>,
}

pub(super) fn is_builtin(name: &str) -> bool {
    is_python_builtin(name, 14, false)
        || python_magic_globals(14).any(|magic| magic == name)
        || matches!(name, "__class__" | "__path__" | "__module__" | "__qualname__" | "__all__")
}

impl Resolver<'_> {
    /// Follows a name of the dependent's own modules to what it stands for.
    fn follow(&self, name: DottedName) -> (DottedName, bool) {
        match self.options.dependent.filter(|_| self.options.is_internal(&name)) {
            Some(index) => match index.follow(&name) {
                Some(target) => (target, true),
                None => (name, false),
            },
            None => (name, false),
        }
    }

    fn wanted(&self, name: &DottedName) -> bool {
        self.options.is_core(name) || self.options.is_internal(name)
    }

    fn import_meaning(&self, id: BindingId) -> Option<DottedName> {
        let import = &self.found.imports[id.0 as usize];
        let target = import.target.as_ref()?;
        match import.form {
            ImportForm::Module => DottedName::new(target.root()).ok(),
            _ => Some(self.follow(target.clone()).0),
        }
    }

    /// What a name means at a place; `attributes` are those behind it, to tell `import a.b` from
    /// `import a.c`.
    pub(super) fn meaning(
        &self,
        name: &Name,
        position: Position,
        attributes: &[RawAttribute],
        depth: u32,
    ) -> Option<Meaning> {
        if depth > 12 {
            return None;
        }
        let Some(owner) = self.found.scopes.lookup(name, position) else {
            return self.star_meaning(name);
        };
        let leads_elsewhere = |kind| matches!(kind, BindingKind::Import(_) | BindingKind::Alias(_));
        if !self.found.scopes.binds(name, owner, leads_elsewhere) {
            return None;
        }
        let mut targets: Vec<(Option<DottedName>, Option<BindingId>)> = Vec::new();
        let mut imports = Vec::new();
        for id in self.found.scopes.reaching(name, owner, position) {
            let binding = self.found.scopes.binding(id);
            match binding.kind {
                BindingKind::Import(import) => {
                    imports.push(import);
                    targets.push((self.import_meaning(import), Some(import)));
                }
                BindingKind::Alias(index) => {
                    let aliased = self
                        .found
                        .uses
                        .get(index as usize)
                        .filter(|aliased| aliased.root_span != binding.span)
                        .and_then(|aliased| self.segments(aliased, depth + 1))
                        .and_then(|(segments, meaning)| {
                            let target = segments.last()?.target.clone();
                            meaning.certain.then_some(target)
                        });
                    targets.push((aliased, None));
                }
                BindingKind::Empty | BindingKind::Delete => {}
                _ => targets.push((None, None)),
            }
        }
        let (target, mut binding) = targets
            .iter()
            .find(|(target, _)| target.as_ref().is_some_and(|target| self.wanted(target)))?
            .clone();
        let target = target?;
        let certain = targets.iter().all(|(other, _)| other.as_ref() == Some(&target));
        if let Some(best) = self.nearest_module_import(&imports, name, attributes) {
            binding = Some(best);
        }
        Some(Meaning { target, binding, certain, imports })
    }

    /// Of several `import a.…` that bind the same `a`, the one that this path needs.
    fn nearest_module_import(
        &self,
        imports: &[BindingId],
        name: &Name,
        attributes: &[RawAttribute],
    ) -> Option<BindingId> {
        imports
            .iter()
            .copied()
            .filter(|id| is_needed(&self.found.imports[id.0 as usize], name, attributes))
            .max_by_key(|id| {
                let import = &self.found.imports[id.0 as usize];
                (
                    import.target.as_ref().map_or(0, |target| target.as_str().len()),
                    std::cmp::Reverse(*id),
                )
            })
    }

    fn star_meaning(&self, name: &Name) -> Option<Meaning> {
        let mut candidates = Vec::new();
        let mut unknown = false;
        for (index, import) in self.found.imports.iter().enumerate() {
            if import.form != ImportForm::Star {
                continue;
            }
            let Some(module) = import.target.as_ref().filter(|module| self.wanted(module)) else {
                unknown = true;
                continue;
            };
            let target = module.join(name);
            if self.options.is_internal(module) {
                let (followed, crossed) = self.follow(target);
                if crossed {
                    candidates.push((followed, BindingId(index as u32), true));
                }
                continue;
            }
            match self.options.star.exports(module, name) {
                Some(true) => candidates.push((target, BindingId(index as u32), true)),
                Some(false) => {}
                None if is_builtin(name) => {}
                None => candidates.push((target, BindingId(index as u32), false)),
            }
        }
        let (target, binding, known) = candidates.last()?.clone();
        let certain = known && candidates.len() == 1 && !unknown;
        Some(Meaning { target, binding: Some(binding), certain, imports: vec![binding] })
    }

    /// The identifiers of a use with what each means.
    pub(super) fn segments(&self, used: &RawUse, depth: u32) -> Option<(Vec<Segment>, Meaning)> {
        let meaning = self.meaning(&used.root, used.position, &used.attributes, depth)?;
        let mut current = meaning.target.clone();
        let mut segments = vec![Segment {
            span: used.root_span,
            target: current.clone(),
            form: SegmentForm::Identifier,
            bound: true,
        }];
        for (name, at, form) in &used.attributes {
            if current.as_str().len() > 3000 {
                break;
            }
            let (next, crossed) = self.follow(current.join(name));
            current = next;
            segments.push(Segment {
                span: *at,
                target: current.clone(),
                form: *form,
                bound: crossed,
            });
        }
        Some((segments, meaning))
    }

    fn reference(&self, used: &RawUse) -> Option<(Reference, Meaning)> {
        let (segments, meaning) = self.segments(used, 0)?;
        let reference = Reference {
            span: used.span,
            segments,
            binding: meaning.binding,
            certainty: if meaning.certain { Certainty::Certain } else { Certainty::Uncertain },
            access: used.access,
            place: used.place,
            scope: ScopeId(used.position.scope),
            conditions: used.conditions,
            call: used.call,
        };
        Some((reference, meaning))
    }

    /// A path that a string spells out, followed through the dependent's own modules.
    fn spelled(&self, path: &RawPath) -> Option<Reference> {
        let mut segments = Vec::new();
        let mut offset = path.span.start;
        let mut current: Option<DottedName> = None;
        for part in path.text.split('.') {
            let at = crate::edit::Span::new(offset, offset + part.len() as u32);
            offset = at.end + 1;
            let joined = match &current {
                Some(name) => name.join(part),
                None => DottedName::new(part).ok()?,
            };
            let (next, bound) = self.follow(joined);
            segments.push(Segment {
                span: at,
                target: next.clone(),
                form: SegmentForm::Identifier,
                bound,
            });
            current = Some(next);
        }
        Some(Reference {
            span: path.span,
            segments,
            binding: None,
            certainty: Certainty::Certain,
            access: super::model::Access::Load,
            place: path.place,
            scope: ScopeId(path.position.scope),
            conditions: path.conditions,
            call: None,
        })
    }
}

/// Resolves everything that the first pass collected.
pub(super) fn resolve(mut found: Collected, options: &ReferenceOptions<'_>) -> FileReferences {
    let mut references = Vec::new();
    let mut meanings = Vec::new();
    let mut by_use: BTreeMap<u32, usize> = BTreeMap::new();
    let resolver = Resolver { found: &found, options };
    let mut name_uses = Vec::with_capacity(found.uses.len());
    let mut counts: BTreeMap<BindingId, u32> = BTreeMap::new();
    for (index, used) in found.uses.iter().enumerate() {
        let owner = found.scopes.lookup(&used.root, used.position);
        if !used.repeated {
            name_uses.push(NameUse {
                name: used.root.clone(),
                span: used.root_span,
                scope: used.position.scope,
                owner,
            });
            count_imports(&found, used, owner, &mut counts);
        }
        if let Some((reference, meaning)) = resolver.reference(used) {
            if let Some(star) = reference.binding.filter(|_| owner.is_none() && !used.repeated) {
                *counts.entry(star).or_default() += 1;
            }
            by_use.insert(index as u32, references.len());
            references.push(reference);
            meanings.push(meaning);
        }
    }
    let keys = keys(&resolver, &references);
    let constructed = constructions(&resolver);
    for path in &found.paths {
        if let Some(reference) = resolver.spelled(path) {
            references.push(reference);
            meanings.push(Meaning {
                target: DottedName::new("_").unwrap_or_else(|_| unreachable!("an identifier")),
                binding: None,
                certain: true,
                imports: Vec::new(),
            });
        }
    }
    for (definition, uses) in &mut found.classes {
        for (base, used) in definition.bases.iter_mut().zip(uses.iter()) {
            base.1 = used
                .and_then(|used| by_use.get(&used))
                .and_then(|at| references[*at].target().cloned());
        }
    }
    let aliases = module_aliases(&found, &references, &by_use);
    let guards = guards::spans(&found, options, &references, &by_use);
    guards.mark(&mut found, &mut references, &meanings);
    let constructions: Vec<(Span, CallId)> = constructed;
    let mut result = finish(found, options, references, name_uses, &counts, &constructions);
    result.keys = keys;
    for key in &mut result.keys {
        key.conditions.version_guard |= guards.spans.iter().any(|guard| guard.contains(key.span));
    }
    result.aliases = aliases;
    result.flags = guards.flags;
    result.version_guards = guards.spans;
    result
}

/// The keys of what the packages hold, or of what a call of them made.
fn keys(resolver: &Resolver<'_>, references: &[Reference]) -> Vec<KeyUse> {
    let found = resolver.found;
    let is_made = |raw: &super::walk::RawKey| {
        let Some(owner) = found.scopes.lookup(&raw.root, raw.position) else { return false };
        let reaching = found.scopes.reaching(&raw.root, owner, raw.position);
        !reaching.is_empty()
            && reaching.iter().all(|id| {
                let binding = found.scopes.binding(*id);
                binding.kind == BindingKind::Flag
                    && references.iter().any(|reference| {
                        reference.call.is_some_and(|call| {
                            found.calls.get(call.0 as usize).map(|call| call.span)
                                == Some(binding.value)
                        }) && reference.certainty == Certainty::Certain
                            && reference.target().is_some_and(|t| resolver.options.is_core(t))
                    })
            })
    };
    let is_held = |raw: &super::walk::RawKey| {
        resolver
            .meaning(&raw.root, raw.position, &[], 0)
            .is_some_and(|meaning| meaning.certain && resolver.options.is_core(&meaning.target))
    };
    let is_attribute = |raw: &super::walk::RawKey| raw.key.access == KeyAccess::Attribute;
    let ours = found.keys.iter().filter(|raw| is_made(raw) || !is_attribute(raw) && is_held(raw));
    let mut keys: Vec<KeyUse> = ours.map(|raw| raw.key.clone()).collect();
    keys.sort_by_key(|key| key.span);
    keys
}

/// Calls whose callee is a class of this file, or a name that a sibling gives.
fn constructions(resolver: &Resolver<'_>) -> Vec<(Span, CallId)> {
    let found = resolver.found;
    let is_class = |used: &RawUse| {
        let Some(owner) = found.scopes.lookup(&used.root, used.position) else { return false };
        let reaching = found.scopes.reaching(&used.root, owner, used.position);
        !reaching.is_empty()
            && reaching.iter().all(|id| {
                let binding = found.scopes.binding(*id);
                match binding.kind {
                    BindingKind::Definition => {
                        found.classes.iter().any(|(class, _)| class.name_span == binding.span)
                    }
                    BindingKind::Import(import) => found.imports[import.0 as usize]
                        .target
                        .as_ref()
                        .is_some_and(|target| resolver.options.is_internal(target)),
                    _ => false,
                }
            })
    };
    let called = found.uses.iter().filter_map(|used| Some((used, used.call?)));
    let calls = called.filter(|(used, _)| !used.repeated && is_class(used));
    calls.map(|(used, call)| (used.span, call)).collect()
}

/// Names that the module level gives to references: `name = package.thing`.
fn module_aliases(
    found: &Collected,
    references: &[Reference],
    by_use: &BTreeMap<u32, usize>,
) -> BTreeMap<Arc<str>, DottedName> {
    let module = found.scopes.scope(0);
    let mut aliases = BTreeMap::new();
    for binding in &found.scopes.bindings {
        let BindingKind::Alias(used) = binding.kind else { continue };
        if binding.scope != 0 {
            continue;
        }
        let Some(reference) = by_use.get(&used).and_then(|at| references.get(*at)) else {
            continue;
        };
        let name = found.name_at(binding.span);
        let sole = module.bindings.get(&name).is_some_and(|all| all.len() == 1);
        if let Some(target) = reference.target().filter(|_| sole) {
            aliases.insert(shared(&name), target.clone());
        }
    }
    aliases
}

/// Whether a name with these attributes needs what `import a.b` brings in.
fn is_needed(import: &ImportBinding, name: &Name, attributes: &[RawAttribute]) -> bool {
    let Some(target) = import.target.as_ref().filter(|_| import.form == ImportForm::Module) else {
        return false;
    };
    let mut written = std::iter::once(name).chain(attributes.iter().map(|(name, _, _)| name));
    target.parts().all(|part| written.next().is_some_and(|written| written.as_str() == part))
}

/// Counts a use for every import that may give its name.
fn count_imports(
    found: &Collected,
    used: &RawUse,
    owner: Option<u32>,
    counts: &mut BTreeMap<BindingId, u32>,
) {
    let is_import = |kind| matches!(kind, BindingKind::Import(_));
    let Some(owner) = owner.filter(|owner| found.scopes.binds(&used.root, *owner, is_import))
    else {
        return;
    };
    let imports: Vec<BindingId> = found
        .scopes
        .reaching(&used.root, owner, used.position)
        .into_iter()
        .filter_map(|id| match found.scopes.binding(id).kind {
            BindingKind::Import(import) => Some(import),
            _ => None,
        })
        .collect();
    let needs =
        |id: &BindingId| is_needed(&found.imports[id.0 as usize], &used.root, &used.attributes);
    let longest = imports
        .iter()
        .filter(|id| needs(id))
        .map(|id| found.imports[id.0 as usize].target.as_ref().map_or(0, |t| t.as_str().len()))
        .max();
    for id in &imports {
        let length =
            found.imports[id.0 as usize].target.as_ref().map_or(0, |target| target.as_str().len());
        if longest.is_none_or(|longest| needs(id) && length == longest) {
            *counts.entry(*id).or_default() += 1;
        }
    }
}

fn finish(
    mut found: Collected,
    options: &ReferenceOptions<'_>,
    mut references: Vec<Reference>,
    uses: Vec<NameUse>,
    counts: &BTreeMap<BindingId, u32>,
    constructed: &[(Span, CallId)],
) -> FileReferences {
    let names: Vec<(Name, u32)> = found
        .imports
        .iter()
        .map(|import| {
            let scope = found.statements[import.statement.0 as usize].scope.0;
            let name = Name::new(&*import.local);
            let owner = found.scopes.owner(scope, &name);
            (name, owner)
        })
        .collect();
    for (index, (name, owner)) in names.iter().enumerate() {
        let bindings = found.scopes.scope(*owner).bindings.get(name).map_or(0, |all| {
            let binds = |id: &&u32| found.scopes.binding(**id).kind != BindingKind::Delete;
            // More than one is all that matters.
            all.iter().filter(binds).take(2).count()
        });
        let import = &mut found.imports[index];
        import.sole = bindings == 1 && !found.declared.contains(name);
        import.uses = counts.get(&BindingId(index as u32)).copied().unwrap_or(0);
        let at_module_level = *owner == 0;
        let used_elsewhere = match (options.dependent, &options.module) {
            (Some(index), Some(module)) => index.is_used(module, &import.local),
            _ => false,
        };
        import.exported |= at_module_level
            && (found.exported.contains(&import.local)
                || used_elsewhere
                || (options.is_package && import.uses == 0));
    }
    let internal = references
        .iter()
        .flat_map(|reference| &reference.segments)
        .map(|segment| &segment.target)
        .chain(found.imports.iter().filter_map(|import| import.target.as_ref()))
        .filter(|target| options.is_internal(target))
        .cloned()
        .collect();
    references.retain(|reference| reference.target().is_some_and(|target| options.is_core(target)));
    // An attribute of a reference is told by its name; only what stays uncertain needs a type.
    let told: std::collections::BTreeSet<crate::edit::Span> = references
        .iter()
        .filter(|reference| reference.certainty == Certainty::Certain)
        .flat_map(|reference| &reference.segments)
        .map(|segment| segment.span)
        .collect();
    found.members.retain(|member| !told.contains(&member.name_span));
    references.sort_by_key(|reference| (reference.span, reference.segments.len()));
    found.members.sort_by_key(|member| (member.span.start, member.span.end));
    let mut result = FileReferences {
        statements: found.statements,
        imports: found.imports,
        references,
        members: found.members,
        calls: Vec::new(),
        constructions: Vec::new(),
        keys: Vec::new(),
        classes: found.classes.into_iter().map(|(definition, _)| definition).collect(),
        exported: found.exported,
        internal,
        version_guards: Vec::new(),
        aliases: BTreeMap::new(),
        flags: std::collections::BTreeSet::new(),
        names: NameTable { scopes: found.scopes, uses, declared: found.declared },
    };
    result.constructions = constructed
        .iter()
        .map(|(class, call)| Construction { class: *class, call: *call })
        .collect();
    keep_calls(&mut result, found.calls);
    result
}

/// Keeps the calls whose callee is a reference, a member use or a class of the dependent, and
/// counts them anew.
fn keep_calls(result: &mut FileReferences, calls: Vec<super::model::CallSite>) {
    let mut kept: BTreeMap<u32, CallId> = BTreeMap::new();
    let wanted = result
        .references
        .iter()
        .filter_map(|reference| reference.call)
        .chain(result.members.iter().filter_map(|member| member.call))
        .chain(result.constructions.iter().map(|construction| construction.call));
    let mut wanted: Vec<CallId> = wanted.collect();
    wanted.sort_unstable();
    wanted.dedup();
    for (index, id) in wanted.iter().enumerate() {
        kept.insert(id.0, CallId(index as u32));
    }
    result.calls = calls
        .into_iter()
        .enumerate()
        .filter(|(index, _)| kept.contains_key(&(*index as u32)))
        .map(|(_, call)| call)
        .collect();
    let renumber = |call: &mut Option<CallId>| {
        *call = call.and_then(|id| kept.get(&id.0).copied());
    };
    result.references.iter_mut().for_each(|reference| renumber(&mut reference.call));
    result.members.iter_mut().for_each(|member| renumber(&mut member.call));
    for construction in &mut result.constructions {
        construction.call = kept.get(&construction.call.0).copied().unwrap_or(CallId(0));
    }
}

/// What a module offers to its siblings: imported names, local aliases of them, and flags.
pub(super) fn surface(file: &FileReferences, options: &ReferenceOptions<'_>) -> ModuleSurface {
    let mut surface = ModuleSurface { uses: file.internal.clone(), ..ModuleSurface::default() };
    let wanted = |name: &DottedName| options.is_core(name) || options.is_internal(name);
    for import in &file.imports {
        let at_module_level =
            file.statement(import.statement).is_some_and(|statement| statement.scope.0 == 0);
        let Some(target) = import.target.as_ref().filter(|target| wanted(target)) else { continue };
        match import.form {
            _ if !at_module_level => {}
            ImportForm::Star => surface.stars.push(target.clone()),
            ImportForm::From | ImportForm::ModuleAs => {
                surface.names.entry(import.local.clone()).or_insert_with(|| target.clone());
            }
            ImportForm::Module => {
                if let Ok(root) = DottedName::new(target.root()) {
                    surface.names.entry(import.local.clone()).or_insert(root);
                }
            }
        }
    }
    for (name, target) in &file.aliases {
        surface.names.entry(name.clone()).or_insert_with(|| target.clone());
    }
    surface.flags.clone_from(&file.flags);
    surface
}

/// A name as shared text.
pub(super) fn shared(name: &Name) -> Arc<str> {
    Arc::from(name.as_str())
}
