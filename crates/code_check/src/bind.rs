//! Whether a call binds to a signature, by the rules of the language.

use std::collections::BTreeSet;

use code_model::check::ProblemKind;
use code_model::signature::{Parameter, ParameterKind};
use python::references::{ArgumentForm, CallSite};

/// Why a call does not bind.
pub(crate) struct Refusal {
    pub(crate) kind: ProblemKind,
    pub(crate) reason: String,
    /// The keyword that is not taken.
    pub(crate) keyword: Option<String>,
}

impl Refusal {
    fn new(kind: ProblemKind, reason: String) -> Self {
        Self { kind, reason, keyword: None }
    }
}

/// Binds a call to the parameters that its caller gives; `given_first` leading arguments stand for
/// the receiver.
pub(crate) fn bind(
    call: &CallSite,
    parameters: &[Parameter],
    given_first: usize,
) -> Result<(), Refusal> {
    let has = |form: ArgumentForm| call.arguments.iter().any(|argument| argument.form == form);
    let (starred, spread) = (has(ArgumentForm::Starred), has(ArgumentForm::DoubleStarred));
    let positional = call
        .arguments
        .iter()
        .filter(|argument| argument.form == ArgumentForm::Positional)
        .count()
        .saturating_sub(given_first);
    let takes_position: Vec<&Parameter> =
        parameters.iter().filter(|parameter| parameter.takes_position()).collect();
    let of_kind = |kind| parameters.iter().any(|parameter| parameter.kind == kind);
    if positional > takes_position.len() && !of_kind(ParameterKind::VariadicPositional) {
        let reason = format!(
            "it takes at most {} positional arguments, and {positional} are given",
            takes_position.len()
        );
        return Err(Refusal::new(ProblemKind::TooManyPositional, reason));
    }
    let mut given: BTreeSet<&str> = BTreeSet::new();
    for parameter in takes_position.iter().take(positional) {
        given.insert(&parameter.name);
    }
    for argument in &call.arguments {
        let ArgumentForm::Keyword { name, .. } = &argument.form else { continue };
        let taken = parameters.iter().any(|p| p.takes_keyword() && p.name == *name);
        if !taken {
            if of_kind(ParameterKind::VariadicKeyword) {
                continue;
            }
            let reason = match parameters.iter().find(|p| p.name == *name) {
                Some(_) => format!("it takes `{name}` by position only"),
                None => format!("it takes no argument `{name}`"),
            };
            let keyword = Some(name.to_string());
            return Err(Refusal { kind: ProblemKind::UnknownKeyword, reason, keyword });
        }
        if !given.insert(name) {
            let reason = format!("`{name}` is given by position and by keyword");
            return Err(Refusal::new(ProblemKind::RepeatedArgument, reason));
        }
    }
    // What `partial` leaves out may be given by whoever calls what it makes.
    if starred || spread || call.bound_by.is_some() {
        return Ok(());
    }
    let missing = parameters.iter().find(|p| p.is_required() && !given.contains(&*p.name));
    match missing {
        Some(parameter) => {
            let reason = format!("it requires `{}`", parameter.name);
            Err(Refusal::new(ProblemKind::MissingArgument, reason))
        }
        None => Ok(()),
    }
}
