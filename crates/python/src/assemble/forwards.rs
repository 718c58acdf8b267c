//! Bodies that do nothing but hand on, with complete names.

use std::collections::BTreeMap;
use std::sync::Arc;

use code_model::DottedName;
use code_model::forward::ForwardingBody;

use super::names::Names;

/// The bodies of all modules that users have, by the paths of their owners.
pub(super) fn forwards(names: &Names<'_>) -> BTreeMap<DottedName, Vec<ForwardingBody>> {
    let mut found: BTreeMap<DottedName, Vec<ForwardingBody>> = BTreeMap::new();
    for (index, part) in names.offered() {
        if part.is_test {
            continue;
        }
        for fact in &part.facts.forwards {
            let complete =
                |reference: &u32| DottedName::new(&names.absolute(index, *reference)?).ok();
            let (Some(owner), Some(forward)) =
                (names.path(index, fact.owner), fact.forward.renamed(complete))
            else {
                continue;
            };
            found.entry(owner.clone()).or_default().push(ForwardingBody {
                forward,
                file: part.path.clone(),
                line: fact.line,
                text: fact.text.clone(),
            });
        }
    }
    found
}

/// Functions with the keywords that what they make of others takes for itself.
pub(super) fn wrappers(names: &Names<'_>) -> BTreeMap<DottedName, Vec<Arc<str>>> {
    let mut found = BTreeMap::new();
    for (index, part) in names.offered() {
        for (owner, taken) in &part.facts.wrappers {
            if let Some(path) = names.path(index, *owner) {
                found.insert(path.clone(), taken.clone());
            }
        }
    }
    found
}
