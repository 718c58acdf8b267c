//! Names that a module hands on to others from a star import: `from package import *` with
//! `__all__`.

use code_model::DottedName;
use code_model::operation::OperationId;
use python::references::{ImportBinding, ImportForm, ScopeId};

use super::{Addition, Engine};
use crate::Rewriting;
use crate::new_names::NewName;

impl Engine<'_, '_> {
    /// Keeps names for others that a star import brings in under another name now.
    pub(super) fn exported_by_stars(&mut self, rewriting: &mut Rewriting) {
        let references = self.context.references;
        let module = ScopeId(0);
        for name in &references.exported {
            if references.occurrences(name, module).is_some() {
                continue;
            }
            let imports = references.imports.iter().rev();
            let mut stars = imports.filter(|import| import.form == ImportForm::Star);
            let brought = stars.find_map(|star| self.brought(star, name));
            let Some((star, old)) = brought else { continue };
            match self.names.of(&old) {
                NewName::Renamed(new, operation) => self.keep(star, name, &new, operation),
                NewName::Removed(operation) => {
                    let message = format!(
                        "`{old}` is gone in the new version and has no successor; `__all__` names \
                         it ({operation})."
                    );
                    rewriting.find(self.context, star.span, "removed-name", message);
                }
                _ => {}
            }
        }
    }

    /// What a star import of the old version brings in under this name.
    fn brought<'i>(
        &self,
        star: &'i ImportBinding,
        name: &str,
    ) -> Option<(&'i ImportBinding, DottedName)> {
        let target = star.target.as_ref().filter(|target| self.is_ours(target))?;
        let statement = self.context.references.statement(star.statement)?;
        let guarded = statement.conditions.version_guard || statement.conditions.type_checking;
        let old = target.join(name);
        let brought = match self.context.api_from {
            Some(api) => api.star_import_brings(target, name) == Some(true),
            None => self.context.plan.names.contains_key(&old),
        };
        (brought && !guarded && statement.scope == ScopeId(0)).then_some((star, old))
    }

    /// Imports the new name as the old one, unless the star import still brings it in.
    fn keep(&mut self, star: &ImportBinding, name: &str, new: &DottedName, operation: OperationId) {
        let Some(module) = new.parent() else { return };
        let same_way = self.names.is_exported(&module, new.leaf())
            && self.context.references.imports.iter().zip(&self.decisions).any(|(it, decision)| {
                let after = decision.target.as_ref().or(it.target.as_ref());
                it.form == ImportForm::Star && after == Some(&module)
            });
        if new.leaf() == name && same_way {
            return;
        }
        let as_name = (new.leaf() != name).then(|| name.to_owned());
        let from = Some(module);
        let name = new.leaf().to_owned();
        self.additions.push(Addition { anchor: star.statement, from, name, as_name, operation });
    }
}
