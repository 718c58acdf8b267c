//! Names that nothing but the library has: their receiver needs no type.

use std::collections::{BTreeMap, BTreeSet};

use code_model::DottedName;
use code_model::api::{ApiIndex, Resolution};
use code_model::operation::Change;

use crate::Plan;

/// What one name becomes; two different answers are none.
#[derive(Default)]
struct Answers<'p> {
    by_name: BTreeMap<&'p str, BTreeSet<&'p str>>,
}

impl Plan {
    /// Methods, attributes and keyword arguments that change in the same way wherever the old
    /// version has them. Whether nothing else has such a name is for the caller to look up.
    pub fn alike_everywhere(&self, from: ApiIndex<'_>) -> BTreeSet<String> {
        let mut answers = Answers::default();
        for member in &self.members {
            answers.add(&member.from, &member.to);
        }
        for call in &self.calls {
            if let Change::ArgRename { parameter, .. } = &call.change {
                answers.add(&parameter.from, &parameter.to);
            }
        }
        let mut alike: BTreeSet<String> = answers
            .by_name
            .into_iter()
            .filter(|(name, said)| said.len() == 1 && !name.starts_with('_'))
            .map(|(name, _)| name.to_owned())
            .collect();
        for (name, symbol) in &from.snapshot().symbols {
            if alike.contains(name.leaf()) && !self.speaks_of_member(from, name) {
                alike.remove(name.leaf());
            }
            let parameters = symbol.signature.iter().flat_map(|signature| &signature.parameters);
            for parameter in parameters {
                let parameter = &*parameter.name;
                if alike.contains(parameter) && !self.renames_parameter(from, name, parameter) {
                    alike.remove(parameter);
                }
            }
        }
        alike
    }

    /// Whether a member of a class, or what it inherits from, is among the changes.
    fn speaks_of_member(&self, from: ApiIndex<'_>, name: &DottedName) -> bool {
        let Some(class) = name.parent() else { return false };
        let lineage = from.linearised(&class);
        let holds = |holder: &DottedName| lineage.iter().any(|class| reaches(from, holder, class));
        self.members.iter().any(|member| member.from == name.leaf() && holds(&member.class))
    }

    /// Whether a parameter of a callable, or of the method that it overrides, is renamed; so is
    /// that of a constructor whose field is.
    fn renames_parameter(&self, from: ApiIndex<'_>, callable: &DottedName, name: &str) -> bool {
        let class = callable.parent();
        let overrides = |other: &DottedName| {
            other.leaf() == callable.leaf()
                && class.as_ref().zip(other.parent()).is_some_and(|(class, holder)| {
                    from.linearised(class).iter().any(|class| reaches(from, &holder, class))
                })
        };
        let renamed = self.calls.iter().any(|call| {
            let renames = matches!(&call.change, Change::ArgRename { parameter, .. }
                if parameter.from == name);
            renames && (reaches(from, &call.callable, callable) || overrides(&call.callable))
        });
        let constructs = |class: &DottedName| {
            reaches(from, class, callable)
                || callable.parent().is_some_and(|holder| reaches(from, class, &holder))
        };
        let mut members = self.members.iter().filter(|member| member.keyword);
        renamed || members.any(|member| member.from == name && constructs(&member.class))
    }
}

impl<'p> Answers<'p> {
    fn add(&mut self, name: &'p str, said: &'p str) {
        self.by_name.entry(name).or_default().insert(said);
    }
}

/// Whether a name of the old version leads to this definition.
fn reaches(from: ApiIndex<'_>, name: &DottedName, definition: &DottedName) -> bool {
    let reached =
        || matches!(from.resolve(name), Resolution::Symbol(found) if found == *definition);
    name == definition || reached()
}
