//! Parameters whose place changed.

use std::collections::BTreeMap;

use code_model::evidence::Factor;
use code_model::operation::Change;
use code_model::signature::{Parameter, ParameterKind, Signature};

use super::State;
use crate::inference::scoring::Factors;
use crate::inference::{InferredOperation, effective};

/// A new name that is less sure than this says nothing of a parameter's place.
const SURE_MIN: f64 = 0.7;

impl State<'_, '_> {
    /// Parameters that no longer take the position that they took.
    pub(super) fn positions(&mut self) {
        if !self.callable.is_same {
            return;
        }
        let (before, after) = (positional(self.before), positional(self.after));
        // What has another name now goes on by that name, whatever is left of the old one.
        let keyword_only: Vec<String> = before
            .iter()
            .filter(|name| !self.settled_old.contains(*name))
            .filter(|name| match self.after.parameter(name) {
                Some(parameter) => parameter.kind == ParameterKind::KeywordOnly,
                None => self.is_handed_on(name),
            })
            .cloned()
            .collect();
        let (callable, receiver) = (self.callable.path.clone(), self.callable.receiver.clone());
        let factors = Factors::from([(Factor::SignatureMatch, 1.0)]);
        // A new `*args` may sort out what calls go on giving by place.
        let rest = (self.before.takes_any_position(), self.after.takes_any_position());
        if !keyword_only.is_empty() {
            let change = Change::ArgKeywordOnly {
                callable: callable.clone(),
                receiver: receiver.clone(),
                positional: before.clone(),
                parameters: keyword_only,
            };
            self.push(change, "parameter_kind", &factors, &[], rest != (false, true));
        }
        let renamed = self.renamed();
        let as_before: Vec<String> =
            after.iter().map(|name| renamed.get(name).unwrap_or(name).clone()).collect();
        let common = |one: &[String], other: &[String]| -> Vec<String> {
            one.iter().filter(|name| other.contains(name)).cloned().collect()
        };
        let (kept_before, kept_after) = (common(&before, &as_before), common(&as_before, &before));
        let to = self.moved_back(&kept_before, &as_before, &after).unwrap_or(kept_after);
        // A call that must be given more is written anew by a person, who sees the places then; as
        // an order it would be no order of what the call has.
        let asks_more = to.iter().any(|name| self.is_newly_required(name));
        if kept_before != to && is_whole(&to, &as_before) && !asks_more {
            let change = Change::ArgReorder { callable, receiver, from: before, to };
            self.push(change, "parameter_order", &factors, &[], true);
        }
    }

    /// Whether `**kwargs` of the new version take a parameter that it no longer names, and hand it
    /// on to what takes it.
    fn is_handed_on(&self, name: &str) -> bool {
        let whole = effective::signature(self.context.new, &self.callable.new_definition);
        let parameter = whole.as_ref().and_then(|whole| whole.parameter(name));
        self.after.takes_any_keyword()
            && parameter.is_some_and(|it| it.takes_keyword() && !it.takes_position())
    }

    /// Whether an operation says that every call must give a parameter which no call gave.
    fn is_newly_required(&self, name: &str) -> bool {
        self.operations.iter().any(|operation| match &operation.change {
            Change::ArgAddRequired { callable, parameter, .. } => {
                *callable == self.callable.path && parameter.name == *name
            }
            _ => false,
        })
    }

    /// The old names of the parameters of this callable that have another one, by the new names.
    fn renamed(&self) -> BTreeMap<String, String> {
        let of_this = |operation: &InferredOperation| match &operation.change {
            Change::ArgRename { callable, parameter, .. } if *callable == self.callable.path => {
                // One that both versions take stands for itself, and so does what may be another.
                let went = self.after.parameter(&parameter.from).is_none();
                let came = self.before.parameter(&parameter.to).is_none();
                let is_sure = operation.confidence.overall >= SURE_MIN;
                (went && came && is_sure).then(|| (parameter.to.clone(), parameter.from.clone()))
            }
            _ => None,
        };
        self.operations.iter().filter_map(of_this).collect()
    }

    /// The order of what stays together with what was put before it, where that takes the place
    /// that something had. `written` are the new names of `after`, which has the old ones.
    fn moved_back(
        &self,
        before: &[String],
        after: &[String],
        written: &[String],
    ) -> Option<Vec<String>> {
        let came = |name: &&String| {
            // Declarations of interfaces may leave out the bound parameter.
            self.before.parameters.iter().all(|it| *it.name != ***name)
                && !self.settled_new.contains(*name)
        };
        let last = after.iter().enumerate().rposition(|(place, name)| {
            before.iter().position(|other| other == name).is_some_and(|old| old < place)
                && after[..place].iter().any(|other| came(&other))
        })?;
        let stays = |name: &&String| before.contains(name);
        // Only a keyword reaches what has lost its place.
        let first = after.iter().position(|name| came(&name))?;
        let by_keyword =
            |name: &String| self.after.parameter(name).is_some_and(Parameter::takes_keyword);
        let mut behind = after.iter().zip(written).skip(first).filter(|(name, _)| stays(name));
        let listed = after[..=last].iter().filter(|name| stays(name) || came(name));
        let further = after[last + 1..].iter().filter(stays);
        behind.all(|(_, name)| by_keyword(name)).then(|| listed.chain(further).cloned().collect())
    }
}

/// Whether an order names everything that stands before the last of what it names: one that leaves
/// something out puts what follows into other places than it says.
fn is_whole(order: &[String], parameters: &[String]) -> bool {
    let last = parameters.iter().rposition(|name| order.contains(name));
    last.is_none_or(|last| parameters[..=last].iter().all(|name| order.contains(name)))
}

/// The names of the caller's parameters that take a position, in order.
fn positional(signature: &Signature) -> Vec<String> {
    let parameters = signature.caller_parameters().iter();
    parameters.filter(|it| it.takes_position()).map(|it| it.name.to_string()).collect()
}
