//! What advice to use another name is worth, by what can be seen of the two.

use code_model::snapshot::{Symbol, SymbolKind};
use code_model::{DottedName, NameMap};

use super::context::Context;
use super::successors::Successor;
use super::{meanings, signatures};
use crate::Version;

/// The class of evidence of words that name a successor. A message is advice while the name still
/// works, and was carried out once it does not.
pub(super) fn class(
    context: &Context<'_>,
    old: &DottedName,
    successor: &Successor,
    gone: bool,
) -> &'static str {
    let (class, new) = (successor.class, &successor.to);
    let is_advice = matches!(class, "deprecation" | "deprecation_other_call");
    let kind = |symbols: &NameMap<Symbol>, name| symbols.get(name).map(|it| it.kind);
    let kinds = kind(&context.from.symbols, old).zip(kind(&context.to.symbols, new));
    let symbols = context.from.symbols.get(old).zip(context.to.symbols.get(new));
    let is_field = |kind: SymbolKind| !kind.is_callable();
    match class {
        "changelog" if !context.from.symbols.contains_key(new) => "changelog_of_new",
        "deprecation" if gone => "deprecation",
        "note_and_signature" | "note_and_changelog" | "deprecation_note"
            if symbols.is_some_and(|(old, new)| only_raises_before(context, old, new)) =>
        {
            "deprecation_other_value"
        }
        _ if !is_advice => class,
        _ if kinds
            .is_some_and(|(old, new)| (old == SymbolKind::Class) != (new == SymbolKind::Class))
            || meanings::is_plural_of_other(old.leaf(), new.leaf())
            || symbols.is_some_and(|(old, new)| {
                signatures::gives_otherwise(old, new) || only_raises_before(context, old, new)
            }) =>
        {
            "deprecation_other_value"
        }
        _ if old.leaf() == new.leaf() => "deprecation_same_name",
        "deprecation" if kinds.is_some_and(|(old, new)| is_field(old) && is_field(new)) => {
            "deprecation_kept_field"
        }
        "deprecation" => "deprecation_kept",
        class => class,
    }
}

/// Whether the old definition ends by raising something and the new one does not: what was raised
/// by the one is only made by the other.
fn only_raises_before(context: &Context<'_>, old: &Symbol, new: &Symbol) -> bool {
    let raises = |version: Version, symbol: &Symbol| {
        let text = context.text_of(version, symbol)?;
        let ends =
            |line: &&str| ["raise ", "return", "yield "].iter().any(|word| line.starts_with(word));
        text.lines().map(str::trim).rfind(ends).map(|line| line.starts_with("raise "))
    };
    raises(Version::From, old) == Some(true) && raises(Version::To, new) == Some(false)
}
