//! Keys of settings that a class gives to the library: in a class inside of it, as keywords beside
//! its bases, and in calls of what holds the settings or takes all of them as keywords.

use std::collections::BTreeSet;

use code_model::DottedName;
use code_model::api::{ApiIndex, Resolution};
use code_model::operation::Change;
use code_model::signature::ParameterKind;
use code_model::snapshot::{Symbol, SymbolKind};
use python::edit::{Span, TextEdit};
use python::references::{Argument, ArgumentForm, Certainty, ClassDefinition, Reference};
use python::types::Origin;

use crate::keys::leaf;
use crate::plan::KeyChange;
use crate::{Applicability, FileContext, Rewriting};

/// Renames a key where the old version shows that it is one: what is filled in stands for a class
/// of settings that has the key.
pub(crate) fn rewrite(context: &FileContext<'_>, change: &KeyChange, rewriting: &mut Rewriting) {
    let Some(api) = context.api_from else { return };
    let settings = Settings { context, api, from: leaf(&change.from), to: leaf(&change.to) };
    for class in &context.references.classes {
        settings.inner_class(class, change, rewriting);
        settings.class_keywords(class, change, rewriting);
    }
    for reference in &context.references.references {
        settings.call(reference, change, rewriting);
    }
}

struct Settings<'c> {
    context: &'c FileContext<'c>,
    api: ApiIndex<'c>,
    from: &'c str,
    to: &'c str,
}

impl Settings<'_> {
    /// `class Model(Base): class Config: OLD = …`, where `Base.Config` holds the settings.
    fn inner_class(&self, class: &ClassDefinition, change: &KeyChange, rewriting: &mut Rewriting) {
        let keys = class.members.iter().filter(|member| !member.is_function);
        let keys: Vec<_> = keys.filter(|member| &*member.name == self.from).collect();
        let Some((outer, name)) = class.qualified_name.rsplit_once('.') else { return };
        if keys.is_empty() {
            return;
        }
        let classes = &self.context.references.classes;
        let around =
            |it: &&ClassDefinition| it.qualified_name == outer && it.span.contains(class.name_span);
        let Some(outer) = classes.iter().find(around) else { return };
        let holds = self.bases_in_core(outer).iter().any(|base| {
            matches!(self.api.member(base, name), Resolution::Symbol(member)
                if self.is_settings(&member))
        });
        if !holds {
            return;
        }
        if class.members.iter().any(|member| &*member.name == self.to) {
            rewriting.already_right += 1;
            return;
        }
        for member in keys {
            self.replace(member.name_span, change, rewriting);
        }
    }

    /// `class Model(Base, OLD=…)`, where a member of `Base` holds the settings.
    fn class_keywords(
        &self,
        class: &ClassDefinition,
        change: &KeyChange,
        rewriting: &mut Rewriting,
    ) {
        let Some((_, at)) = class.keywords.iter().find(|(name, _)| **name == *self.from) else {
            return;
        };
        let holds = || {
            self.bases_in_core(class).iter().any(|base| {
                self.api.linearised(base).iter().any(|ancestor| {
                    let members = self.api.snapshot().symbols.below(ancestor);
                    members.map(|(path, _)| path).any(|path| {
                        path.parent().as_ref() == Some(ancestor) && self.is_settings(path)
                    })
                })
            })
        };
        if class.keywords.iter().any(|(name, _)| **name == *self.to) {
            rewriting.already_right += 1;
        } else if holds() {
            self.replace(*at, change, rewriting);
        }
    }

    /// `Settings(OLD=…)`, and `configure(OLD=…)` where `**kwargs` are declared to be the settings.
    fn call(&self, reference: &Reference, change: &KeyChange, rewriting: &mut Rewriting) {
        let call = reference.call.and_then(|id| self.context.references.call(id));
        let (Some(call), Some(target)) = (call, reference.target()) else { return };
        let Some(at) = keyword(&call.arguments, self.from) else { return };
        if reference.certainty != Certainty::Certain || reference.conditions.version_guard {
            return;
        }
        let Resolution::Symbol(definition) = self.api.resolve(target) else { return };
        let Some(symbol) = self.api.symbol(&definition) else { return };
        let takes = match symbol.kind {
            SymbolKind::Class => self.has_key(&definition) && self.has_new_key(target),
            SymbolKind::Function | SymbolKind::Method => self.is_unpacked(symbol),
            _ => false,
        };
        if !takes || self.is_renamed_anyway(&definition) {
            return;
        }
        if keyword(&call.arguments, self.to).is_some() {
            rewriting.already_right += 1;
        } else {
            self.replace(at, change, rewriting);
        }
    }

    fn replace(&self, at: Span, change: &KeyChange, rewriting: &mut Rewriting) {
        let edit = TextEdit::replace(at, self.to);
        rewriting.edit(&change.operation, Applicability::Safe, edit);
    }

    /// The library's classes that a class inherits from, by its types, and else by its bases.
    fn bases_in_core(&self, class: &ClassDefinition) -> BTreeSet<DottedName> {
        let mut found = BTreeSet::new();
        let start = class.name_span.start;
        let lineages = self.context.receivers.classes(&self.context.file.path);
        if let Some(known) = lineages.iter().find(|known| known.name_start == start) {
            let places = known.class.lineage.iter().filter(|it| it.origin == Origin::Core);
            found.extend(places.map(|place| place.name.clone()));
        }
        let bases = class.bases.iter().filter_map(|(_, base)| base.as_ref());
        found.extend(bases.filter_map(|base| match self.api.resolve(base) {
            Resolution::Symbol(definition) => Some(definition),
            _ => None,
        }));
        found
    }

    /// Whether a member of a class is, or holds, a class of settings that has the key.
    fn is_settings(&self, member: &DottedName) -> bool {
        let Some(symbol) = self.api.symbol(member) else { return false };
        match symbol.kind {
            SymbolKind::Class => self.has_key(member),
            SymbolKind::Attribute | SymbolKind::Field => {
                let said = [symbol.value.as_deref(), symbol.annotation.as_deref()];
                said.into_iter().flatten().any(|text| self.names_settings(symbol, text))
            }
            _ => false,
        }
    }

    /// Whether `**kwargs` of a function are declared to be settings that have the key.
    fn is_unpacked(&self, symbol: &Symbol) -> bool {
        let parameters = symbol.signature.iter().flat_map(|it| &it.parameters);
        parameters.filter(|it| it.kind == ParameterKind::VariadicKeyword).any(|parameter| {
            parameter.annotation.as_deref().is_some_and(|annotation| {
                annotation.contains("Unpack[") && self.names_settings(symbol, annotation)
            })
        })
    }

    /// Whether a name, or the innermost one of `ClassVar[type[Name]]`, is that of such a class
    /// where a symbol is defined.
    fn names_settings(&self, symbol: &Symbol, text: &str) -> bool {
        let innermost = text.rsplit('[').next().unwrap_or(text).trim_end_matches(']').trim();
        let Ok(name) = DottedName::new(&format!("{}.{innermost}", symbol.module)) else {
            return false;
        };
        matches!(self.api.resolve(&name), Resolution::Symbol(class) if self.has_key(&class))
    }

    fn has_key(&self, class: &DottedName) -> bool {
        self.api.symbol(class).is_some_and(|symbol| symbol.kind == SymbolKind::Class)
            && matches!(self.api.member(class, self.from), Resolution::Symbol(_))
    }

    /// Whether what a class is called in the new version has the new key; it has, as far as nobody
    /// knows otherwise.
    fn has_new_key(&self, target: &DottedName) -> bool {
        let Some(new) = self.context.api_to else { return true };
        let name = self.context.plan.renamed(target).unwrap_or_else(|| target.clone());
        match new.resolve(&name) {
            Resolution::Symbol(class) => new.member(&class, self.to) != Resolution::Missing,
            _ => false,
        }
    }

    /// Whether another operation renames the keyword in calls of the same.
    fn is_renamed_anyway(&self, definition: &DottedName) -> bool {
        self.context.plan.calls.iter().any(|call| {
            let renames = matches!(&call.change, Change::ArgRename { parameter, .. }
                if *parameter.from == *self.from);
            renames
                && matches!(self.api.resolve(&call.callable), Resolution::Symbol(own)
                    if own == *definition || own.parent().as_ref() == Some(definition))
        })
    }
}

/// Where a call gives a keyword.
fn keyword(arguments: &[Argument], wanted: &str) -> Option<Span> {
    arguments.iter().find_map(|argument| match &argument.form {
        ArgumentForm::Keyword { name, span } if **name == *wanted => Some(*span),
        _ => None,
    })
}
