//! What kind of class a class is, and how it is constructed.

use std::sync::Arc;

use code_model::signature::{Binding, Parameter, ParameterKind, Signature};
use code_model::snapshot::SymbolKind;
use rustc_hash::FxHashMap;

use super::names::{Names, PartIndex, Reached};
use crate::facts::{Definition, DefinitionIndex, Reference};

/// How a class comes by its constructor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nature {
    /// As any class does.
    Plain,
    /// A dataclass or attrs class: fields in order become parameters.
    Record,
    /// A model whose fields become keywords.
    Model,
    /// A `NamedTuple`.
    Tuple,
    /// A `TypedDict`.
    Dictionary,
    /// An enumeration.
    Enumeration,
}

/// Answers what the classes of a tree are.
pub(super) struct Classes<'n, 'a> {
    names: &'n Names<'a>,
    natures: FxHashMap<(PartIndex, DefinitionIndex), Nature>,
    members: FxHashMap<PartIndex, FxHashMap<DefinitionIndex, Vec<DefinitionIndex>>>,
}

/// Bases of bases are followed this far.
const MAX_DEPTH: u32 = 30;

impl<'n, 'a> Classes<'n, 'a> {
    pub(super) fn new(names: &'n Names<'a>) -> Self {
        Self { names, natures: FxHashMap::default(), members: FxHashMap::default() }
    }

    /// The kind of an attribute, which depends on what its class is.
    pub(super) fn kind_of_attribute(
        &mut self,
        index: PartIndex,
        class: DefinitionIndex,
        attribute: &Definition,
    ) -> SymbolKind {
        if !attribute.in_class_body {
            return SymbolKind::Attribute;
        }
        match self.nature(index, class, 0) {
            Nature::Enumeration
                if attribute.annotation.is_none() && !attribute.name.starts_with('_') =>
            {
                SymbolKind::EnumMember
            }
            Nature::Plain | Nature::Enumeration => SymbolKind::Attribute,
            _ if is_field(attribute) => SymbolKind::Field,
            _ => SymbolKind::Attribute,
        }
    }

    /// The signature of a class's constructor, when it is known.
    pub(super) fn constructor(
        &mut self,
        index: PartIndex,
        class: DefinitionIndex,
    ) -> Option<Signature> {
        self.constructor_within(index, class, 0)
    }

    fn constructor_within(
        &mut self,
        index: PartIndex,
        class: DefinitionIndex,
        depth: u32,
    ) -> Option<Signature> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.know_members(index);
        let written = |name: &str| {
            let found = self.members_of(index, class).find(|member| *member.name == *name)?;
            found.signature.clone()
        };
        // A `__new__` that takes anything only hands on to `__init__`.
        let (made, initialised) = (written("__new__"), written("__init__"));
        if let Some(signature) = initialised.or(made) {
            return Some(signature);
        }
        let nature = self.nature(index, class, 0);
        if !matches!(nature, Nature::Plain | Nature::Enumeration) {
            return Some(self.generated(index, class, nature));
        }
        if nature == Nature::Enumeration {
            return None;
        }
        let fact = self.names.part(index).facts.definitions.get(class as usize)?;
        for base in &fact.bases {
            match self.names.reach_reference(index, *base) {
                Reached::Definition(at, outer, false) if (at, outer) != (index, class) => {
                    let found = self.constructor_within(at, outer, depth + 1);
                    if found.as_ref().is_none_or(|found| found.parameters.len() > 1) {
                        return found;
                    }
                }
                _ if self.is_harmless_base(index, *base) => {}
                _ => return None,
            }
        }
        Some(Signature {
            parameters: vec![parameter("self", ParameterKind::Positional)],
            returns: None,
            binding: Binding::Instance,
            is_async: false,
        })
    }

    fn is_harmless_base(&self, index: PartIndex, base: u32) -> bool {
        let reference = self.names.part(index).facts.references.get(base as usize);
        let leaf = reference.map(|reference| reference.text().rsplit('.').next().unwrap_or(""));
        matches!(leaf, Some("object" | "Generic" | "Protocol" | "ABC"))
    }

    fn members_of(
        &self,
        index: PartIndex,
        class: DefinitionIndex,
    ) -> impl Iterator<Item = &'n Definition> {
        let definitions = &self.names.part(index).facts.definitions;
        let inside = self.members.get(&index).and_then(|classes| classes.get(&class));
        inside.into_iter().flatten().filter_map(|number| definitions.get(*number as usize))
    }

    fn know_members(&mut self, index: PartIndex) {
        let definitions = &self.names.part(index).facts.definitions;
        self.members.entry(index).or_insert_with(|| {
            let mut classes: FxHashMap<DefinitionIndex, Vec<DefinitionIndex>> =
                FxHashMap::default();
            for (number, definition) in definitions.iter().enumerate() {
                if let Some(parent) = definition.parent {
                    classes.entry(parent).or_default().push(number as DefinitionIndex);
                }
            }
            classes
        });
    }

    fn nature(&mut self, index: PartIndex, class: DefinitionIndex, depth: u32) -> Nature {
        self.know_members(index);
        if let Some(known) = self.natures.get(&(index, class)) {
            return *known;
        }
        if depth > MAX_DEPTH {
            return Nature::Plain;
        }
        // A class that is its own ancestor is plain.
        self.natures.insert((index, class), Nature::Plain);
        let found = self.find_nature(index, class, depth);
        self.natures.insert((index, class), found);
        found
    }

    fn find_nature(&mut self, index: PartIndex, class: DefinitionIndex, depth: u32) -> Nature {
        let names = self.names;
        let Some(fact) = names.part(index).facts.definitions.get(class as usize) else {
            return Nature::Plain;
        };
        let references = &names.part(index).facts.references;
        for decorator in &fact.decorators {
            let Some(reference) = decorator.reference else { continue };
            let written = references.get(reference as usize).map_or("", |it| it.text());
            let reached = names.settled(index, reference);
            let full = reached.as_ref().map_or(written, |name| name.as_str());
            if is_record_decorator(full) {
                return Nature::Record;
            }
        }
        for base in &fact.bases {
            match names.reach_reference(index, *base) {
                Reached::Definition(at, outer, false) => {
                    let outer = self.nature(at, outer, depth + 1);
                    // A plain subclass of a record keeps the record's constructor, not its way of
                    // making one.
                    if !matches!(outer, Nature::Plain | Nature::Record) {
                        return outer;
                    }
                }
                Reached::External(name) => {
                    if let Some(nature) = nature_of_outside(&name) {
                        return nature;
                    }
                }
                _ => {
                    let written = references.get(*base as usize).map(Reference::text);
                    if let Some(nature) = written.and_then(|name| nature_of_outside(name)) {
                        return nature;
                    }
                }
            }
        }
        if self.is_transformed(index, fact) { Nature::Model } else { Nature::Plain }
    }

    /// Whether the class, or its metaclass, is marked as one that makes constructors from fields.
    fn is_transformed(&self, index: PartIndex, fact: &Definition) -> bool {
        let names = self.names;
        let marked = |index: PartIndex, fact: &Definition| {
            fact.decorators.iter().any(|decorator| {
                let reference = decorator.reference.and_then(|reference| {
                    names.part(index).facts.references.get(reference as usize)
                });
                reference.is_some_and(|it| it.text().ends_with("dataclass_transform"))
            })
        };
        if marked(index, fact) {
            return true;
        }
        let Some(class) = &fact.class else { return false };
        let metaclass = class.keywords.iter().find(|(name, _)| &**name == "metaclass");
        let Some((_, written)) = metaclass else { return false };
        let path = format!("{}.{written}", names.part(index).name);
        match names.reach(&path) {
            Reached::Definition(at, definition, false) => names
                .part(at)
                .facts
                .definitions
                .get(definition as usize)
                .is_some_and(|fact| marked(at, fact)),
            _ => false,
        }
    }

    fn generated(&mut self, index: PartIndex, class: DefinitionIndex, nature: Nature) -> Signature {
        let mut parameters = vec![parameter("self", ParameterKind::Positional)];
        self.fields(index, class, nature, 0, &mut parameters);
        Signature { parameters, returns: None, binding: Binding::Instance, is_async: false }
    }

    fn fields(
        &mut self,
        index: PartIndex,
        class: DefinitionIndex,
        nature: Nature,
        depth: u32,
        parameters: &mut Vec<Parameter>,
    ) {
        if depth > MAX_DEPTH {
            return;
        }
        self.know_members(index);
        let names = self.names;
        let Some(fact) = names.part(index).facts.definitions.get(class as usize) else { return };
        // The last base comes first, as in the order of method resolution read backwards.
        for base in fact.bases.iter().rev() {
            if let Reached::Definition(at, outer, false) = names.reach_reference(index, *base)
                && (at, outer) != (index, class)
                && self.nature(at, outer, depth + 1) == nature
            {
                self.fields(at, outer, nature, depth + 1, parameters);
            }
        }
        let by_keyword = matches!(nature, Nature::Model | Nature::Dictionary)
            || fact.decorators.iter().any(|decorator| {
                decorator
                    .arguments
                    .as_deref()
                    .is_some_and(|arguments| arguments.replace(' ', "").contains("kw_only=True"))
            });
        let kind = if by_keyword { ParameterKind::KeywordOnly } else { ParameterKind::Positional };
        let partial = nature == Nature::Dictionary && is_partial(fact);
        for field in self.members_of(index, class) {
            if !is_field(field) || !field.in_class_body || field.kind != SymbolKind::Attribute {
                continue;
            }
            let Some(default) = default_of(field) else { continue };
            let default = default.or_else(|| may_be_left_out(field, partial).then(|| "...".into()));
            let field = Parameter {
                name: field
                    .name
                    .trim_start_matches(|c| c == '_' && nature == Nature::Record)
                    .into(),
                kind,
                default,
                annotation: field.annotation.clone(),
            };
            match parameters.iter_mut().find(|known| known.name == field.name) {
                Some(known) => *known = field,
                None => parameters.push(field),
            }
        }
    }
}

fn parameter(name: &str, kind: ParameterKind) -> Parameter {
    Parameter { name: name.into(), kind, default: None, annotation: None }
}

fn is_field(attribute: &Definition) -> bool {
    let annotated = attribute.annotation.as_deref().is_some_and(|annotation| {
        let leaf = annotation.split('[').next().unwrap_or("").rsplit('.').next().unwrap_or("");
        leaf != "ClassVar"
    });
    let declared = attribute.value.as_deref().is_some_and(|value| {
        ["attr.ib(", "attrib(", "attrs.field("].iter().any(|call| value.starts_with(call))
    });
    annotated || declared
}

/// The default of a field: none inside when it is required, none outside when it is no parameter.
#[expect(
    clippy::option_option,
    reason = "the two absences mean different things to the only caller"
)]
fn default_of(field: &Definition) -> Option<Option<Arc<str>>> {
    let Some(value) = field.value.clone() else {
        return Some(None);
    };
    let callee = value.split('(').next().unwrap_or("");
    let leaf = callee.rsplit('.').next().unwrap_or(callee);
    let is_declaration = value.contains('(') && matches!(leaf, "field" | "Field" | "ib" | "attrib");
    if !is_declaration {
        return Some(Some(value));
    }
    let arguments = value[callee.len() + 1..].replace(' ', "");
    if arguments.contains("init=False") {
        return None;
    }
    let required = arguments.starts_with("...") || {
        let positional = !arguments.starts_with(')')
            && arguments
                .split(['=', ',', ')'])
                .next()
                .is_some_and(|first| arguments.as_bytes().get(first.len()) != Some(&b'='));
        !positional && !arguments.contains("default=") && !arguments.contains("factory=")
    };
    Some(if required { None } else { Some(value) })
}

/// Whether the keys of a `TypedDict` may be left out unless they say otherwise.
fn is_partial(class: &Definition) -> bool {
    let keywords = class.class.as_ref().map_or(&[][..], |class| &class.keywords);
    keywords.iter().any(|(name, value)| &**name == "total" && &**value == "False")
}

/// Whether a field that is written without a default may be left out all the same.
fn may_be_left_out(field: &Definition, partial: bool) -> bool {
    let annotation = field.annotation.as_deref().unwrap_or("");
    let outer = annotation.split('[').next().unwrap_or("").rsplit('.').next().unwrap_or("");
    outer == "NotRequired" || (partial && outer != "Required")
}

fn is_record_decorator(name: &str) -> bool {
    let (module, leaf) = name.rsplit_once('.').unwrap_or(("", name));
    match leaf {
        "dataclass" => true,
        "define" | "frozen" | "mutable" => matches!(module, "attr" | "attrs"),
        "s" | "attrs" | "dataclass_" | "attributes" => module == "attr",
        _ => false,
    }
}

fn nature_of_outside(name: &str) -> Option<Nature> {
    match name.rsplit('.').next().unwrap_or(name) {
        "Enum" | "IntEnum" | "StrEnum" | "Flag" | "IntFlag" | "ReprEnum" => {
            Some(Nature::Enumeration)
        }
        "NamedTuple" => Some(Nature::Tuple),
        "TypedDict" => Some(Nature::Dictionary),
        "BaseModel" | "BaseSettings" | "Struct" => Some(Nature::Model),
        _ => None,
    }
}
