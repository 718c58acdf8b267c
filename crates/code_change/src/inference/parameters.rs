//! Operations on parameters: each old callable's signature against that of the callable that it
//! became.

use std::collections::BTreeSet;

use code_model::api::{ApiIndex, Resolution};
use code_model::evidence::{Factor, Witness};
use code_model::operation::{AddedParameter, Change, ParameterRename, RemovedParameter};
use code_model::signature::{Parameter, ParameterKind, Signature};
use code_model::snapshot::{Symbol, SymbolKind};
use code_model::{DottedName, NameMap};

use super::InferredOperation;
use super::assignment::{Pair, assign};
use super::context::Context;
use super::defaults::{self, ChangedDefault};
use super::effective;
use super::keywords::{
    class_of_removal, class_of_rename, has_like_values, is_other_scale, keyword_hints,
    parameter_document, sends_elsewhere,
};
use super::meanings;
use super::scoring::{Factors, confidence, evidence, round};
use super::successors::Successors;
use crate::Version;
use crate::similarity::{doc_similarity, name_similarity, words};
use crate::surface::{is_plain, is_plain_member};

mod additions;
mod positions;

/// Pairs of parameters below this are two changes and not a rename.
const RENAME_SCORE_MIN: f64 = 0.55;

/// What two parameters that mean something else are less alike.
const ANOTHER_PENALTY: f64 = 0.2;

/// A callable in both versions.
struct Callable<'a> {
    /// The old access path that users write.
    path: DottedName,
    /// The class of the receiver, for methods.
    receiver: Option<DottedName>,
    definition: &'a DottedName,
    before: &'a Symbol,
    new_definition: DottedName,
    after: &'a Symbol,
    public: bool,
    /// Whether it is the same callable for users: the same definition, or what their name for a
    /// private one reaches now.
    is_same: bool,
}

/// Operations on parameters of every callable that users can reach.
pub(super) fn infer(context: &Context<'_>, successors: &Successors) -> Vec<InferredOperation> {
    let hinted: BTreeSet<&DottedName> = context.hints.callables().collect();
    let mut elsewhere = context.hints.renamed_keywords();
    let contested = contested_keywords(context, successors);
    elsewhere.retain(|(old, new)| !contested.contains(&((*old).to_owned(), (*new).to_owned())));
    let mut operations = Vec::new();
    for (definition, before) in &context.from.symbols {
        let may_differ = before.kind.is_callable()
            && !is_called_by_syntax(definition.leaf())
            && is_called_by_users(context, definition, before);
        if !may_differ {
            continue;
        }
        let Some(new_definition) = successors.of(context, definition) else { continue };
        let Some(after) = context.to.symbols.get(&new_definition) else { continue };
        let mentioned = hinted.contains(definition) || hinted.contains(&new_definition);
        let wraps = context.from.forwards.contains_key(definition)
            && context.to.forwards.contains_key(&new_definition);
        if !after.kind.is_callable()
            || before.is_overload()
            || after.is_overload()
            || (!mentioned && !wraps && before.signature_hash == after.signature_hash)
        {
            continue;
        }
        if became_empty(context, definition, &new_definition) {
            continue;
        }
        let Some((path, receiver, public)) = written_path(context, definition, before) else {
            continue;
        };
        let is_same = *definition == new_definition
            || (!is_plain(context.from, definition)
                && context.new_definition(&path).as_ref() == Some(&new_definition));
        let callable =
            Callable { path, receiver, definition, before, new_definition, after, public, is_same };
        compare(context, &callable, &elsewhere, &mut operations);
    }
    operations
}

/// Whether a class that had members has none any more: what is left of it takes no argument, and a
/// call that leaves one out gets something that does nothing.
fn became_empty(context: &Context<'_>, old: &DottedName, new: &DottedName) -> bool {
    let has_members = |symbols: &NameMap<Symbol>, class: &DottedName| {
        symbols.below(class).any(|(_, member)| member.parent.as_ref() == Some(class))
    };
    let is_class = context.to.symbols.get(new).is_some_and(|it| it.kind == SymbolKind::Class);
    is_class && has_members(&context.from.symbols, old) && !has_members(&context.to.symbols, new)
}

/// Old and new keywords where a callable that is said to rename them takes other values now.
fn contested_keywords(
    context: &Context<'_>,
    successors: &Successors,
) -> BTreeSet<(String, String)> {
    let mut contested = BTreeSet::new();
    for definition in context.hints.callables() {
        let Some(new_definition) = successors.of(context, definition) else { continue };
        let signature = |symbol: Option<&Symbol>| symbol.and_then(|it| it.signature.clone());
        let before = signature(context.from.symbols.get(definition));
        let after = signature(context.to.symbols.get(&new_definition));
        let (Some(before), Some(after)) = (before, after) else { continue };
        for (old, hint) in keyword_hints(context, definition, &new_definition) {
            let Some(new) = &hint.new else { continue };
            if class_of_rename(&hint, (&before, &old), (&after, new)) == "keyword_contested" {
                contested.insert((old, new.clone()));
            }
        }
    }
    contested
}

/// Whether operators, statements and built-in functions call a method, with arguments that the
/// language decides.
fn is_called_by_syntax(leaf: &str) -> bool {
    leaf.starts_with("__") && leaf.ends_with("__") && !matches!(leaf, "__call__" | "__init__")
}

fn is_called_by_users(context: &Context<'_>, definition: &DottedName, symbol: &Symbol) -> bool {
    match &symbol.parent {
        Some(class) => {
            let is_named = context.old_reach.contains_key(class);
            !matches!(definition.leaf(), "__init__" | "__new__")
                && is_plain_member(definition.leaf())
                && (is_named || context.old_reach.contains_key(definition))
        }
        None => context.old_reach.contains_key(definition),
    }
}

/// The access path that users write for a callable, the class of its receiver, and whether it is
/// public.
pub(super) fn written_path(
    context: &Context<'_>,
    definition: &DottedName,
    symbol: &Symbol,
) -> Option<(DottedName, Option<DottedName>, bool)> {
    let shortest = |definition: &DottedName| {
        context.old_reach.get(definition)?.iter().min_by_key(|path| {
            let public = context.old_paths.get(path).is_some_and(|access| access.public);
            (!public, path.leaf() != definition.leaf(), path.parts().count(), (*path).clone())
        })
    };
    let is_public = |path: &DottedName| context.old_paths.get(path).is_some_and(|a| a.public);
    match &symbol.parent {
        Some(class) => {
            let own = shortest(class).cloned();
            // What a private base defines is called on the class that users have.
            let heir = || shortest(definition).and_then(DottedName::parent);
            let receiver = match own {
                Some(own) if is_public(&own) => own,
                own => heir().filter(|heir| is_public(heir)).or(own)?,
            };
            let public = is_public(&receiver);
            Some((receiver.join(definition.leaf()), Some(receiver), public))
        }
        None => shortest(definition).map(|path| (path.clone(), None, is_public(path))),
    }
}

fn compare(
    context: &Context<'_>,
    callable: &Callable<'_>,
    elsewhere: &BTreeSet<(&str, &str)>,
    operations: &mut Vec<InferredOperation>,
) {
    let handed_on = (
        effective::signature(context.old, callable.definition),
        effective::signature(context.new, &callable.new_definition),
    );
    let wraps = handed_on.0.is_some() && handed_on.1.is_some();
    let own = (callable.before.signature.as_ref(), callable.after.signature.as_ref());
    let (Some(before), Some(after)) =
        (if wraps { (handed_on.0.as_ref(), handed_on.1.as_ref()) } else { own })
    else {
        return;
    };
    let mut state = State {
        context,
        callable,
        elsewhere,
        before,
        after,
        settled_old: BTreeSet::new(),
        settled_new: BTreeSet::new(),
        guessed: false,
        operations,
    };
    state.hinted();
    state.renames();
    if context.rules.uses(Factor::SignatureMatch) {
        state.removals();
        // What a wrapper hands on is new in what it wraps.
        if !wraps {
            state.additions();
            state.defaults();
        }
        state.positions();
    }
}

struct State<'a, 'b> {
    context: &'a Context<'a>,
    callable: &'a Callable<'a>,
    /// Old and new keywords that the library says of some callable.
    elsewhere: &'a BTreeSet<(&'a str, &'a str)>,
    before: &'a Signature,
    after: &'a Signature,
    settled_old: BTreeSet<String>,
    settled_new: BTreeSet<String>,
    /// Whether likeness alone paired some of the parameters.
    guessed: bool,
    operations: &'b mut Vec<InferredOperation>,
}

/// The class of evidence for two parameters of which the library says in another place that the one
/// became the other.
fn class_of_elsewhere(before: &Parameter, after: &Parameter) -> &'static str {
    if has_like_values(after, before) && !is_another(before, after) {
        "parameter_renamed_elsewhere"
    } else {
        "parameter_contested"
    }
}

/// Whether a parameter takes the opposite of what the other one took, or counts in another unit.
fn is_another(before: &Parameter, after: &Parameter) -> bool {
    meanings::is_another(&before.name, &after.name) || is_other_scale(after, before)
}

fn is_named(parameter: &Parameter) -> bool {
    !matches!(parameter.kind, ParameterKind::VariadicPositional | ParameterKind::VariadicKeyword)
}

impl State<'_, '_> {
    fn push(
        &mut self,
        change: Change,
        class: &'static str,
        factors: &Factors,
        witnesses: &[Witness],
        breaking: bool,
    ) {
        let rules = self.context.rules;
        let class = self.class_of_declared(class);
        let mut evidence = evidence(factors, witnesses, rules);
        if !matches!(change, Change::ArgAddDefault { .. }) {
            evidence.sig_from = Some(self.callable.before.signature_hash.into());
            evidence.sig_to = Some(self.callable.after.signature_hash.into());
        }
        let used = self.context.usage.used(self.callable.definition);
        evidence.callsites_found = (used > 0).then_some(used);
        let sites = self.context.call_sites(self.callable.definition);
        evidence.safe_auto_fix_rate = sites.safe_to_change_arguments().map(round);
        self.operations.push(InferredOperation {
            confidence: confidence(change.kind(), class, factors, rules),
            class,
            change,
            evidence,
            breaking,
            not_repeatable: false,
            note: None,
            covers: Vec::new(),
        });
    }

    /// A callable that is not the same definition any more is less certain in everything.
    fn class(&self, class: &'static str, of_successor: &'static str) -> &'static str {
        if self.callable.is_same { class } else { of_successor }
    }

    /// A stub is written by hand beside what is compiled, and says late or never what that takes.
    fn class_of_declared(&self, class: &'static str) -> &'static str {
        let of_stub = |symbol: &Symbol| symbol.file.extension() == Some("pyi");
        let is_declared = of_stub(self.callable.before) || of_stub(self.callable.after);
        match class {
            "parameter_added" | "parameter_removed" | "parameter_kind" | "parameter_order"
                if is_declared =>
            {
                "parameter_declared"
            }
            class => class,
        }
    }

    #[expect(
        clippy::single_match_else,
        reason = "renamed and removed are two cases of equal weight"
    )]
    fn hinted(&mut self) {
        let Callable { definition, new_definition, .. } = self.callable;
        for (old, hint) in keyword_hints(self.context, definition, new_definition) {
            let still = self.after.parameter(&old).is_some();
            let was = self.before.parameter(&old).is_some() || self.before.takes_any_keyword();
            match &hint.new {
                Some(new) => {
                    let target = self.after.parameter(new);
                    let accepted = target.is_some_and(Parameter::takes_keyword)
                        || (target.is_none() && self.after.takes_any_keyword());
                    if !accepted || *new == old {
                        continue;
                    }
                    // A second spelling that both versions take, and no word against it.
                    let pops = |w: &Witness| w.kind == "keyword_pop";
                    if hint.in_new_version && hint.witnesses.iter().all(pops)
                        || hint.is_second_spelling()
                    {
                        continue;
                    }
                    // A decorator may take what neither signature shows.
                    if !was && hint.witnesses.iter().all(|w| w.kind != "keyword_decorator") {
                        continue;
                    }
                    let rename = ParameterRename {
                        from: old.clone(),
                        to: new.clone(),
                        default: target.and_then(|p| p.default.as_deref()).map(str::to_owned),
                        required: target.is_some_and(Parameter::is_required),
                    };
                    let change = self.rename(rename);
                    let class = if self.is_only_swallowed(new) {
                        "keyword_contested"
                    } else {
                        class_of_rename(&hint, (self.before, &old), (self.after, new))
                    };
                    let breaking = !still && !hint.in_new_version;
                    self.settled_new.insert(new.clone());
                    self.push(change, class, &hint.factors, &hint.witnesses, breaking);
                }
                None => {
                    // What the new version still takes may be deprecated for some of its values
                    // only; a call that gives it goes on working.
                    if still {
                        continue;
                    }
                    // What the old version did not take cannot be given up.
                    let known = self.before.parameter(&old).is_some()
                        || hint.witnesses.iter().any(|w| w.version == "from");
                    if !known {
                        continue;
                    }
                    let class = class_of_removal(&hint, &old, self.after);
                    let change = self.removal(&old);
                    self.push(change, class, &hint.factors, &hint.witnesses, true);
                }
            }
            self.settled_old.insert(old);
        }
    }

    /// Whether the old version took a keyword by its name and the new one takes it only as it takes
    /// any other: it went as well, and what it is given for now may be anything.
    fn is_only_swallowed(&self, keyword: &str) -> bool {
        let after = effective::signature(self.context.new, &self.callable.new_definition);
        let takes = |signature: &Signature| signature.parameter(keyword).is_some();
        takes(self.before) && !takes(self.after) && !after.as_ref().is_some_and(takes)
    }

    fn rename(&self, parameter: ParameterRename) -> Change {
        Change::ArgRename {
            callable: self.callable.path.clone(),
            receiver: self.callable.receiver.clone(),
            parameter,
        }
    }

    fn removal(&self, name: &str) -> Change {
        let position = self
            .before
            .caller_parameters()
            .iter()
            .filter(|parameter| parameter.takes_position())
            .position(|parameter| &*parameter.name == name);
        Change::ArgRemove {
            callable: self.callable.path.clone(),
            receiver: self.callable.receiver.clone(),
            parameter: RemovedParameter {
                name: name.to_owned(),
                position: position.map(|p| p as u32),
            },
        }
    }

    fn vanished(&self) -> Vec<(usize, Parameter)> {
        let open = |(_, p): &(usize, &Parameter)| {
            is_named(p)
                && self.after.parameter(&p.name).is_none()
                && !self.settled_old.contains(&*p.name)
        };
        let all = self.before.caller_parameters().iter().enumerate();
        all.filter(open).map(|(position, p)| (position, p.clone())).collect()
    }

    fn appeared(&self) -> Vec<(usize, Parameter)> {
        let open = |(_, p): &(usize, &Parameter)| {
            is_named(p)
                && self.before.parameter(&p.name).is_none()
                && !self.settled_new.contains(&*p.name)
        };
        let all = self.after.caller_parameters().iter().enumerate();
        all.filter(open).map(|(position, p)| (position, p.clone())).collect()
    }

    fn renames(&mut self) {
        let (old, new) = (self.vanished(), self.appeared());
        if old.is_empty() || new.is_empty() || old.len() * new.len() > 2500 {
            return;
        }
        let mut pairs = Vec::new();
        for (i, before) in old.iter().enumerate() {
            for (j, after) in new.iter().enumerate() {
                let score = if self.is_renamed_elsewhere(&before.1, &after.1) {
                    1.0
                } else if self.context.rules.uses(Factor::SignatureMatch) {
                    let alike = self.similarity(before, after);
                    let another = is_another(&before.1, &after.1) && alike >= RENAME_SCORE_MIN;
                    // Whatever else fits comes before what means something else.
                    if another { (alike - ANOTHER_PENALTY).max(RENAME_SCORE_MIN) } else { alike }
                } else {
                    0.0
                };
                if score >= RENAME_SCORE_MIN {
                    pairs.push(Pair { old: i, new: j, score });
                }
            }
        }
        for chosen in assign(&pairs) {
            let (before, after) = (&old[chosen.pair.old].1, &new[chosen.pair.new].1);
            let leads = chosen.lead >= self.context.rules.lead_min;
            let (class, factor) = if self.is_renamed_elsewhere(before, after) {
                (class_of_elsewhere(before, after), Factor::DeprecationMatch)
            } else {
                self.guessed = true;
                (self.class_of_likeness(before, after, leads), Factor::SignatureMatch)
            };
            let factors = Factors::from([(factor, chosen.pair.score)]);
            let change = self.rename(ParameterRename {
                from: before.name.to_string(),
                to: after.name.to_string(),
                default: after.default.as_deref().map(str::to_owned),
                required: after.is_required(),
            });
            let breaking = !self.after.takes_any_keyword();
            self.settled_old.insert(before.name.to_string());
            self.settled_new.insert(after.name.to_string());
            // Private parameters are given by position, if at all.
            if !before.name.starts_with('_') && !after.name.starts_with('_') {
                self.push(change, class, &factors, &[], breaking);
            }
        }
    }

    /// The class of evidence for two parameters that are only alike.
    fn class_of_likeness(
        &self,
        before: &Parameter,
        after: &Parameter,
        leads: bool,
    ) -> &'static str {
        if !leads || is_another(before, after) || self.is_split(before, after) {
            return "parameter_contested";
        }
        let similar = name_similarity(&before.name, &after.name) >= 0.5;
        let class = if similar { "parameter_similar_name" } else { "parameter_other_name" };
        self.class(class, "parameter_of_successor")
    }

    /// The words of each parameter that came and has all words of an old name and more.
    fn extensions(&self, before: &Parameter) -> Vec<(&Parameter, usize)> {
        let old = words(&before.name);
        let came = self.after.caller_parameters().iter().filter_map(|parameter| {
            let new = words(&parameter.name);
            let extends = new.len() > old.len() && old.iter().all(|word| new.contains(word));
            let came = self.before.parameter(&parameter.name).is_none();
            (extends && came).then_some((parameter, new.len()))
        });
        came.collect()
    }

    /// Whether a new parameter is one of several that are alike and say more than the old name did,
    /// so that each may only be a part of it.
    fn is_split(&self, before: &Parameter, after: &Parameter) -> bool {
        let extensions = self.extensions(before);
        let own = extensions.iter().find(|(it, _)| it.name == after.name);
        own.is_some_and(|(_, length)| {
            let alike = extensions.iter().filter(|(it, other)| {
                other == length && it.kind == after.kind && it.default == after.default
            });
            alike.count() > 1
        })
    }

    /// Whether the library says of another callable that the one keyword became the other: what is
    /// renamed is renamed in all of them.
    fn is_renamed_elsewhere(&self, before: &Parameter, after: &Parameter) -> bool {
        self.elsewhere.contains(&(&*before.name, &*after.name))
    }

    /// Place, kind, default, type, name and documentation of two parameters.
    fn similarity(&self, before: &(usize, Parameter), after: &(usize, Parameter)) -> f64 {
        let ((old_place, old), (new_place, new)) = (before, after);
        let name = name_similarity(&old.name, &new.name);
        let place = if old_place == new_place {
            1.0
        } else {
            f64::from(self.same_neighbours(*old_place, *new_place)) * 0.8
        };
        let kind = f64::from(old.kind == new.kind);
        let default = match (&old.default, &new.default) {
            (Some(a), Some(b)) if a == b && &**a != "None" => 1.0,
            (Some(a), Some(b)) if a == b => 0.8,
            (None, None) => 0.8,
            _ => 0.0,
        };
        let (mut sum, mut weight) = (0.3 * name + 0.25 * place + 0.1 * kind + 0.2 * default, 0.85);
        if let (Some(a), Some(b)) = (&old.annotation, &new.annotation) {
            sum += 0.15 * f64::from(a == b);
            weight += 0.15;
        }
        if let (Some(a), Some(b)) = (
            parameter_document(self.callable.before, &old.name),
            parameter_document(self.callable.after, &new.name),
        ) {
            sum += 0.25 * doc_similarity(&a, &b);
            weight += 0.25;
        }
        sum / weight
    }

    fn same_neighbours(&self, old: usize, new: usize) -> bool {
        let (before, after) = (self.before.caller_parameters(), self.after.caller_parameters());
        let name = |list: &[Parameter], place: Option<usize>| {
            place.and_then(|place| list.get(place)).map(|p| p.name.clone())
        };
        let left = name(before, old.checked_sub(1)) == name(after, new.checked_sub(1));
        let right = name(before, Some(old + 1)) == name(after, Some(new + 1));
        left || right
    }

    fn removals(&mut self) {
        let beside_open = !self.appeared().is_empty();
        // A callable that handed on whatever came and now does not was made anew.
        let made_anew = self.before.takes_any_position() && !self.after.takes_any_position();
        for (_, parameter) in self.vanished() {
            let swallowed = self.after.takes_any_keyword()
                || taken_by_decorators(self.context.new, self.callable.after, &parameter.name);
            if swallowed || parameter.name.starts_with('_') {
                continue;
            }
            // Declarations of interfaces leave out the bound parameter, so that the first one is
            // taken for it.
            if self.after.parameters.iter().any(|it| it.name == parameter.name) {
                continue;
            }
            if self.goes_into_the_rest(&parameter) {
                continue;
            }
            let of_successor = *self.callable.definition != self.callable.new_definition;
            // What every call had to give decided what the old callable did.
            let decided = of_successor && parameter.is_required();
            let class = if self.is_sent_elsewhere(&parameter) {
                "keyword_contested"
            } else if decided || !self.extensions(&parameter).is_empty() {
                "parameter_removed_beside"
            } else if beside_open || self.guessed || made_anew {
                self.class("parameter_removed_beside", "parameter_removed_of_successor")
            } else {
                self.class("parameter_removed", "parameter_removed_of_successor")
            };
            let factors = Factors::from([(Factor::SignatureMatch, 1.0)]);
            let change = self.removal(&parameter.name);
            self.push(change, class, &factors, &[], true);
        }
    }

    /// Whether the old documentation of a parameter deprecates it and says which other one takes
    /// the place of its values.
    fn is_sent_elsewhere(&self, parameter: &Parameter) -> bool {
        parameter_document(self.callable.before, &parameter.name)
            .is_some_and(|text| sends_elsewhere(&text, &parameter.name, self.after))
    }

    /// Whether what is given for a parameter by its place goes into `*args` now: into a new one, or
    /// into one that was there where calls had to give the parameter and nothing else has its
    /// place.
    fn goes_into_the_rest(&self, parameter: &Parameter) -> bool {
        let taking = self.after.caller_parameters().iter().filter(|it| it.takes_position()).count();
        let place = self.before.caller_parameters().iter().position(|it| it.name == parameter.name);
        let is_new = !self.before.takes_any_position();
        let is_free = parameter.is_required() && place.is_some_and(|place| place >= taking);
        self.after.takes_any_position() && parameter.takes_position() && (is_new || is_free)
    }

    /// Parameters that calls leave out and that are another value then.
    fn defaults(&mut self) {
        if !self.callable.public || !self.callable.is_same {
            return;
        }
        for changed in defaults::changed(self.before, self.after) {
            if self.settled_old.contains(changed.name) || changed.name.starts_with('_') {
                continue;
            }
            let witness = self.announcement(&changed);
            let class = match witness.as_ref().map(|witness| &*witness.version) {
                Some("from") => "default_announced",
                _ => "default_changed",
            };
            let mut factors = Factors::from([(Factor::SignatureMatch, 1.0)]);
            if witness.is_some() {
                factors.insert(Factor::DeprecationMatch, 1.0);
            }
            let change = Change::ArgAddDefault {
                callable: self.callable.path.clone(),
                receiver: self.callable.receiver.clone(),
                parameter: AddedParameter {
                    name: changed.name.to_owned(),
                    default: Some(changed.new.to_owned()),
                    old_behaviour: Some(changed.old.to_owned()),
                },
            };
            self.push(change, class, &factors, witness.as_slice(), false);
        }
    }

    /// Where either version says that a default changes to exactly this value.
    fn announcement(&self, changed: &ChangedDefault<'_>) -> Option<Witness> {
        let both = [(Version::From, self.callable.before), (Version::To, self.callable.after)];
        both.into_iter().find_map(|(version, symbol)| {
            let text = self.context.sources.text(version, &symbol.file)?;
            let body = text.get(symbol.bytes.0 as usize..symbol.bytes.1 as usize)?;
            let (at, sentence) = defaults::announced(body, changed)?;
            let line = symbol.lines.0 + body.get(..at)?.matches('\n').count() as u32;
            let kind = "default_note".to_owned();
            let (version, file) = (version.name().to_owned(), symbol.file.clone());
            Some(Witness { kind, version, file, line, text: sentence.to_owned() })
        })
    }
}

/// Whether a decorator of a callable takes a keyword that the signature does not show.
fn taken_by_decorators(index: ApiIndex<'_>, symbol: &Symbol, keyword: &str) -> bool {
    symbol.decorators.iter().any(|decorator| {
        let name = DottedName::new(decorator).ok();
        let reached = name.map(|name| index.resolve(&name));
        let Some(Resolution::Symbol(definition)) = reached else { return false };
        let taken = index.snapshot().wrappers.get(&definition);
        taken.is_some_and(|taken| taken.iter().any(|it| **it == *keyword))
    })
}
