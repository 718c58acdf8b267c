//! The signature by which a callable can be called, where its own only hands on.

use code_model::DottedName;
use code_model::api::{ApiIndex, Resolution};
use code_model::forward::{Forward, ForwardHolder, ForwardedForm, ForwardingBody};
use code_model::signature::{Parameter, ParameterKind, Signature};

/// Wrappers around wrappers are followed this far.
const DEPTH_MAX: u32 = 4;

/// The signature of a callable whose `*args` and `**kwargs` go to another callable of the library:
/// its own parameters, then what the other one takes beyond those that are given. None where the
/// own signature says everything, or where nobody can tell.
pub(super) fn signature(index: ApiIndex<'_>, definition: &DottedName) -> Option<Signature> {
    handed_on(index, definition, 0)
}

fn handed_on(index: ApiIndex<'_>, definition: &DottedName, depth: u32) -> Option<Signature> {
    if depth > DEPTH_MAX {
        return None;
    }
    let snapshot = index.snapshot();
    let [ForwardingBody { forward, .. }] = snapshot.forwards.get(definition)?.as_slice() else {
        return None;
    };
    let own = snapshot.symbols.get(definition)?.signature.as_ref()?;
    let arguments = forward.arguments.as_ref()?;
    let passes = |form| arguments.iter().any(|argument| argument.form == form);
    let (positions, keywords) =
        (passes(ForwardedForm::Starred), passes(ForwardedForm::DoubleStarred));
    if !positions && !keywords || matches!(forward.holder, ForwardHolder::Parameter(_)) {
        return None;
    }
    let Resolution::Symbol(target) = index.resolve(&forward.target) else { return None };
    let called = handed_on(index, &target, depth + 1)
        .or_else(|| snapshot.symbols.get(&target)?.signature.clone())?;
    Some(merged(own, forward, &called, positions, keywords))
}

fn merged(
    own: &Signature,
    forward: &Forward<DottedName>,
    called: &Signature,
    positions: bool,
    keywords: bool,
) -> Signature {
    let arguments = forward.arguments.iter().flatten();
    let given_by_place =
        arguments.clone().filter(|argument| argument.form == ForwardedForm::Positional).count();
    let given_by_name = |name: &str| {
        arguments.clone().any(|argument| match &argument.form {
            ForwardedForm::Keyword(keyword) => **keyword == *name,
            _ => false,
        })
    };
    let mut taken = Vec::new();
    let mut place = 0;
    for parameter in called.caller_parameters() {
        let by_place = parameter.takes_position();
        place += usize::from(by_place);
        if by_place && place <= given_by_place || given_by_name(&parameter.name) {
            continue;
        }
        let open = match parameter.kind {
            ParameterKind::PositionalOnly | ParameterKind::VariadicPositional => positions,
            ParameterKind::KeywordOnly | ParameterKind::VariadicKeyword => keywords,
            ParameterKind::Positional => positions || keywords,
        };
        // A name that stars stand before takes nothing of that name.
        if open && own.parameter(&parameter.name).is_none_or(is_variadic) {
            taken.push(Parameter {
                kind: kind(parameter.kind, positions, keywords),
                ..parameter.clone()
            });
        }
    }
    let mut parameters: Vec<Parameter> = own
        .parameters
        .iter()
        .filter(|parameter| match parameter.kind {
            ParameterKind::VariadicPositional => !positions,
            ParameterKind::VariadicKeyword => !keywords,
            _ => true,
        })
        .cloned()
        .chain(taken)
        .collect();
    parameters.sort_by_key(|parameter| parameter.kind);
    Signature { parameters, ..own.clone() }
}

fn is_variadic(parameter: &Parameter) -> bool {
    !parameter.takes_position() && !parameter.takes_keyword()
}

/// How the wrapper takes what the wrapped callable takes so.
fn kind(kind: ParameterKind, positions: bool, keywords: bool) -> ParameterKind {
    match kind {
        ParameterKind::Positional if !positions => ParameterKind::KeywordOnly,
        ParameterKind::Positional if !keywords => ParameterKind::PositionalOnly,
        kind => kind,
    }
}
