//! What the direct comparison of the outer versions says otherwise than the steps.

use std::collections::{BTreeMap, BTreeSet};

use artifact::{Finding, Severity};
use code_model::DottedName;
use code_model::api::{ApiIndex, Resolution};
use code_model::manifest::Manifest;
use code_model::operation::Change;

use super::calls::callable_of;
use super::names::Names;
use super::{Composition, Known, stated, warning};

/// A direct comparison that is less sure than this contradicts nothing.
const SURE_ENOUGH: f64 = 0.5;

/// Notes what contradicts the composition, and makes the operations doubtful that it is about.
pub(super) fn compare(composition: &mut Composition<'_>, known: &Known<'_>, direct: &Manifest) {
    let stated = stated(0, &direct.operations);
    let names = Names::of_step(&stated);
    let mut steps_alone = compare_names(composition, known, &names);
    steps_alone += compare_calls(composition, known, direct);
    if steps_alone > 0 {
        let message = format!(
            "{steps_alone} of the composed operations are known from the steps alone: the direct \
             comparison finds no successor or says nothing"
        );
        composition.findings.insert(note("composition-steps-alone", message));
    }
}

fn note(code: &str, message: String) -> Finding {
    Finding::new(Severity::Note, code, message)
}

fn compare_names(composition: &mut Composition<'_>, known: &Known<'_>, direct: &Names<'_>) -> u32 {
    let mut steps_alone = 0;
    let own = composition.names.entries.keys();
    let olds: BTreeSet<DottedName> = own.chain(direct.entries.keys()).cloned().collect();
    for old in olds {
        let says = |names: &Names<'_>| names.change(&old).map(|_| names.image(&old).0);
        let message = match (says(&composition.names), says(direct)) {
            (Some(Some(ours)), Some(Some(theirs))) if !is_same(known, &ours, &theirs) => {
                let sure = direct
                    .image(&old)
                    .1
                    .iter()
                    .all(|part| part.operation.confidence.overall >= SURE_ENOUGH);
                let message = format!(
                    "`{old}`: the steps lead to `{ours}`, the direct comparison to `{theirs}`"
                );
                if let Some(entry) = composition.names.entries.get_mut(&old).filter(|_| sure) {
                    let doubt = format!("the direct comparison leads to `{theirs}`");
                    entry.doubt.get_or_insert(doubt);
                }
                warning("composition-contradicted", message)
            }
            (Some(None), Some(Some(theirs))) => warning(
                "composition-contradicted",
                format!("`{old}` is gone by the steps; the direct comparison leads to `{theirs}`"),
            ),
            (None, Some(Some(theirs))) if direct.entries.contains_key(&old) => note(
                "composition-direct-alone",
                format!("`{old}`: the direct comparison alone leads to `{theirs}`"),
            ),
            (Some(Some(_)), None | Some(None)) => {
                steps_alone += u32::from(composition.names.entries.contains_key(&old));
                continue;
            }
            _ => continue,
        };
        composition.findings.insert(message);
    }
    steps_alone
}

/// Whether two names of the last version reach the same.
fn is_same(known: &Known<'_>, one: &DottedName, other: &DottedName) -> bool {
    one == other
        || known.versions.is_some_and(|versions| {
            let index = ApiIndex::new(versions.to);
            let reached = |name| match index.resolve(name) {
                found @ (Resolution::Symbol(_) | Resolution::Module(_)) => Some(found),
                _ => None,
            };
            reached(one).is_some_and(|found| reached(other) == Some(found))
        })
}

/// What a change of a callable is about, and what becomes of it.
fn outcome(change: &Change) -> Option<(String, String)> {
    let parameter = |name: &str| format!("parameter `{name}`");
    Some(match change {
        Change::ArgRename { parameter: p, .. } => {
            (parameter(&p.from), format!("is called `{}`", p.to))
        }
        Change::ArgRemove { parameter: p, .. } => (parameter(&p.name), "is gone".to_owned()),
        Change::ArgAddDefault { parameter: p, .. } => {
            (parameter(&p.name), "is new and has a default".to_owned())
        }
        Change::ArgAddRequired { parameter: p, .. } => {
            (parameter(&p.name), "is new and required".to_owned())
        }
        Change::ArgReorder { to, .. } => ("order".to_owned(), format!("is {}", to.join(", "))),
        Change::ArgKeywordOnly { parameters, .. } => {
            ("positions".to_owned(), format!("no longer reach {}", parameters.join(", ")))
        }
        Change::CallRewrite { template, .. } => {
            ("call".to_owned(), format!("is written `{template}`"))
        }
        _ => return None,
    })
}

fn compare_calls(composition: &mut Composition<'_>, known: &Known<'_>, direct: &Manifest) -> u32 {
    let mut theirs: BTreeMap<(DottedName, String), (String, f64)> = BTreeMap::new();
    for operation in &direct.operations {
        let (Some(callable), _) = callable_of(&operation.change) else { continue };
        let Some((subject, says)) = outcome(&operation.change) else { continue };
        let key = (known.definition(callable), subject);
        theirs.insert(key, (says, operation.confidence.overall));
    }
    let mut steps_alone = 0;
    let mut seen = BTreeSet::new();
    for call in &mut composition.calls.changes {
        let Some((subject, ours)) = outcome(&call.change) else { continue };
        let key = (call.definition.clone(), subject);
        match theirs.get(&key) {
            Some((says, sure)) if *says != ours => {
                let (callable, subject) = &key;
                let message = format!(
                    "`{callable}`, {subject}: by the steps it {ours}, by the direct comparison it \
                     {says}"
                );
                composition.findings.insert(warning("composition-contradicted", message));
                if *sure >= SURE_ENOUGH {
                    call.doubt.get_or_insert(format!("by the direct comparison it {says}"));
                }
            }
            Some(_) => {}
            None => steps_alone += 1,
        }
        seen.insert(key);
    }
    for ((callable, subject), (says, _)) in theirs {
        if !seen.contains(&(callable.clone(), subject.clone())) {
            let message =
                format!("`{callable}`, {subject}: by the direct comparison alone it {says}");
            composition.findings.insert(note("composition-direct-alone", message));
        }
    }
    steps_alone
}
