//! Parameters that only the new version has.

use code_model::evidence::Factor;
use code_model::operation::{AddedParameter, Change};
use python::branches::parameters_of_others;

use super::{State, taken_by_decorators};
use crate::Version;
use crate::inference::scoring::Factors;

impl State<'_, '_> {
    pub(super) fn additions(&mut self) {
        if !self.callable.public || !self.callable.is_same {
            return;
        }
        // What came while something went may be that under a name that nothing connects with it.
        let class =
            if self.vanished().is_empty() { "parameter_added" } else { "parameter_added_beside" };
        for (_, parameter) in self.appeared() {
            let required = parameter.default.is_none();
            // A stub may write `...` for any default.
            let is_told = |default: &&str| {
                *default != "..." || !self.callable.after.file.as_str().ends_with(".pyi")
            };
            let default = parameter.default.as_deref().filter(is_told).map(str::to_owned);
            let name = parameter.name.to_string();
            let added = AddedParameter { name, default, old_behaviour: None };
            let (callable, receiver) = (self.callable.path.clone(), self.callable.receiver.clone());
            let factors = Factors::from([(Factor::SignatureMatch, 1.0)]);
            let change = if required {
                Change::ArgAddRequired { callable, receiver, parameter: added }
            } else {
                Change::ArgAddDefault { callable, receiver, parameter: added }
            };
            // What used to be swallowed by `*args` or `**kwargs` has only become visible.
            let swallowed = self.before.takes_any_keyword()
                || self.before.takes_any_position()
                || taken_by_decorators(self.context.old, self.callable.before, &parameter.name);
            if !swallowed && !self.is_taken_in_another_branch(&parameter.name) {
                self.push(change, class, &factors, &[], required);
            }
        }
    }

    /// Whether the old version defines the callable in several branches, and one that was not read
    /// had the parameter already.
    fn is_taken_in_another_branch(&self, parameter: &str) -> bool {
        let before = self.callable.before;
        let text = self.context.sources.text(Version::From, &before.file);
        text.is_some_and(|text| {
            let bytes = before.bytes.0..before.bytes.1;
            let leaf = self.callable.definition.leaf();
            parameters_of_others(&text, bytes, leaf).contains(parameter)
        })
    }
}
