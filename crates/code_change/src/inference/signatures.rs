//! How alike two signatures are.

use code_model::signature::{Parameter, Signature};
use code_model::snapshot::Symbol;

/// From 0 to 1: names weigh most, then order, defaults and kinds. None when both take nothing.
pub(crate) fn similarity(old: &Signature, new: &Signature) -> Option<f64> {
    let (old, new) = (old.caller_parameters(), new.caller_parameters());
    let longer = old.len().max(new.len());
    if longer == 0 {
        return None;
    }
    let mut sum = 0.0;
    for (position, parameter) in old.iter().enumerate() {
        let same_place = new.get(position);
        let same_name = new.iter().find(|candidate| candidate.name == parameter.name);
        sum += match (same_name, same_place) {
            (Some(named), Some(placed)) if std::ptr::eq(named, placed) => {
                0.6 + rest(parameter, named)
            }
            (Some(named), _) => 0.45 + rest(parameter, named),
            (None, Some(placed)) if old.iter().all(|other| other.name != placed.name) => {
                0.2 + 0.5 * rest(parameter, placed)
            }
            _ => 0.0,
        };
    }
    Some(sum / longer as f64)
}

/// At most 0.4 for what is equal besides the name.
fn rest(old: &Parameter, new: &Parameter) -> f64 {
    0.2 * f64::from(old.kind == new.kind) + 0.2 * f64::from(old.default == new.default)
}

/// Whether calls of the one must be awaited and calls of the other must not.
pub(crate) fn is_awaited_otherwise(before: &Symbol, after: &Symbol) -> bool {
    matches!((before.is_awaited(), after.is_awaited()), (Some(before), Some(after)) if before != after)
}

/// The parameters that a call can give one by one.
fn named(signature: &Signature) -> Vec<&Parameter> {
    let all = signature.caller_parameters().iter();
    all.filter(|p| p.takes_position() || p.takes_keyword()).collect()
}

fn has(list: &[&Parameter], name: &str) -> bool {
    list.iter().any(|parameter| *parameter.name == *name)
}

/// Whether a callable takes whatever it is given.
fn is_stand_in(signature: &Signature) -> bool {
    signature.takes_any_position() && signature.takes_any_keyword()
}

/// Whether the one callable takes any number of places beside what it names, and the other has no
/// room for them.
pub(crate) fn loses_places(new: &Signature, old: &Signature) -> bool {
    // One that takes anything and names nothing hands everything on.
    let hands_on = is_stand_in(old) && named(old).is_empty();
    old.takes_any_position() && !hands_on && !new.takes_any_position()
}

/// Whether both say what they give, and it is not of one kind: `list[str]` for `str`.
pub(crate) fn gives_otherwise(before: &Symbol, after: &Symbol) -> bool {
    let said = |symbol: &Symbol| {
        let returned = symbol.signature.as_ref().and_then(|it| it.returns.clone());
        returned.or_else(|| symbol.annotation.clone()).map(|text| kind_of_type(&text))
    };
    said(before).zip(said(after)).is_some_and(|(before, after)| {
        before != after && ![&before, &after].into_iter().any(|it| UNTOLD.contains(&&**it))
    })
}

/// Types that leave open what it is.
const UNTOLD: [&str; 6] = ["", "any", "object", "self", "typing", "union"];

/// The outermost part of a type as it is written, without the module, what it may hold, and that
/// it may be none.
fn kind_of_type(text: &str) -> String {
    let text = text.trim().trim_matches(['\'', '"']);
    let text = text.strip_suffix("| None").unwrap_or(text).trim();
    let (head, held) = text.split_once('[').unwrap_or((text, ""));
    let leaf = head.rsplit('.').next().unwrap_or(head).trim();
    if leaf == "Optional" {
        return kind_of_type(held.strip_suffix(']').unwrap_or(held));
    }
    if text.contains('|') { String::new() } else { leaf.to_ascii_lowercase() }
}

/// Whether every call of the one callable gives what the other requires, and what it must give
/// itself has a place to go to.
pub(crate) fn keeps_what_is_required(new: &Signature, old: &Signature) -> bool {
    let (before, after) = (named(old), named(new));
    if before.is_empty() || is_stand_in(old) {
        return true;
    }
    let given = |position: usize, required: &Parameter| {
        has(&before, &required.name)
            || before.get(position).is_some_and(|p| p.is_required() && p.takes_position())
    };
    let satisfied = after
        .iter()
        .enumerate()
        .filter(|(_, parameter)| parameter.is_required())
        .all(|(position, parameter)| given(position, parameter));
    let homeless = before.iter().enumerate().any(|(position, parameter)| {
        let place = after.get(position).is_some_and(|there| there.takes_position());
        parameter.is_required()
            && !place
            && !has(&after, &parameter.name)
            && !new.takes_any_position()
            && !new.takes_any_keyword()
    });
    satisfied && !homeless
}

/// Whether most calls of the one callable are calls of the other as they stand: what the new one
/// requires was given, and most of what was given is taken, by its name or by its place.
pub(crate) fn takes_calls_of(new: &Signature, old: &Signature) -> bool {
    let (before, after) = (named(old), named(new));
    // What a stand-in takes says nothing; it hands everything on.
    if before.is_empty() || is_stand_in(old) {
        return true;
    }
    let in_place = |position: usize, parameter: &Parameter| {
        after.get(position).is_some_and(|there| {
            !has(&before, &there.name)
                && there.takes_position()
                && there.is_required()
                && parameter.is_required()
        })
    };
    let lost = before
        .iter()
        .enumerate()
        .filter(|(position, parameter)| {
            !new.takes_any_keyword()
                && !has(&after, &parameter.name)
                && !in_place(*position, parameter)
        })
        .count();
    keeps_what_is_required(new, old) && lost * 2 <= before.len()
}

/// Whether every call of the one callable is a call of the other, by the names and places of what
/// it gives; what nothing is given to shows nothing.
pub(crate) fn binds_calls_of(new: &Signature, old: &Signature) -> bool {
    let (before, after) = (old.caller_parameters(), new.caller_parameters());
    let kept = |(place, parameter): (usize, &Parameter)| {
        after.iter().position(|it| it.name == parameter.name).is_some_and(|at| {
            let there = &after[at];
            (at == place || !parameter.takes_position())
                && (there.takes_position() || !parameter.takes_position())
                && (there.takes_keyword() || !parameter.takes_keyword())
        })
    };
    let asks_more = after
        .iter()
        .any(|it| it.is_required() && !before.iter().any(|given| given.name == it.name));
    !before.is_empty() && !asks_more && before.iter().enumerate().all(kept)
}

#[cfg(test)]
mod tests {
    use code_model::signature::{Binding, ParameterKind};

    use super::*;

    /// `*` stands for `*args`, `**` for `**kwargs`; a name that ends with `=` has a default.
    fn signature(parameters: &str) -> Signature {
        let parameter = |text: &str| {
            let (name, kind) = match text {
                "*" => ("args", ParameterKind::VariadicPositional),
                "**" => ("kwargs", ParameterKind::VariadicKeyword),
                name => (name.trim_end_matches('='), ParameterKind::Positional),
            };
            let default = text.ends_with('=').then(|| "None".into());
            Parameter { name: name.into(), kind, default, annotation: None }
        };
        Signature {
            parameters: parameters.split_whitespace().map(parameter).collect(),
            returns: None,
            binding: Binding::None,
            is_async: false,
        }
    }

    #[test]
    fn calls_of_one_callable_may_fit_another() {
        for (new, old) in [
            ("a b=", "a"),
            ("input config= stop=", "text stop="),
            ("element others unique=", "first second unique="),
            ("**", "a b c"),
            ("a", "* **"),
        ] {
            assert!(takes_calls_of(&signature(new), &signature(old)), "{old} -> {new}");
        }
        for (new, old) in [
            ("pipeline session=", "map reduce out full= session="),
            ("precision= threshold=", "f repr="),
            ("a b", "a"),
            ("value", "value expected"),
        ] {
            assert!(!takes_calls_of(&signature(new), &signature(old)), "{old} -> {new}");
        }
    }

    #[test]
    fn calls_bind_where_names_and_places_stay() {
        for (new, old, binds) in [
            ("fn default=", "fn", true),
            ("text encoding= errors=", "text encoding= errors=", true),
            ("xy text font", "text font", false),
            ("device", "", false),
            ("", "", false),
            ("b a", "a b", false),
            ("* **", "a", false),
        ] {
            assert_eq!(binds_calls_of(&signature(new), &signature(old)), binds, "{old} -> {new}");
        }
    }
}
