//! Whether what a person states can be true of the two versions.

use code_model::DottedName;
use code_model::api::{ApiIndex, Resolution};
use code_model::operation::Change;
use code_model::snapshot::Snapshot;

/// Names that the old version does not have though the change says so, and names that the new
/// version does not have though the change leads there.
pub(super) fn untrue(
    change: &Change,
    from: Option<&Snapshot>,
    to: Option<&Snapshot>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut expect = |snapshot: Option<&Snapshot>, name: Option<DottedName>, which: &str| {
        let Some((snapshot, name)) = snapshot.zip(name) else { return };
        if ApiIndex::new(snapshot).resolve(&name) == Resolution::Missing {
            let version = &snapshot.origin.version;
            wrong.push(format!("the {which} version {version} has no `{name}`"));
        }
    };
    match change {
        Change::RenameImport { from: old, to: new } => {
            expect(from, Some(old.clone()), "old");
            expect(to, Some(new.clone()), "new");
        }
        Change::RenameSymbol(name) | Change::RenameCallable(name) => {
            expect(from, name.old(), "old");
            // A member follows its class, whatever that is called.
            if name.class.is_none() {
                expect(to, name.new_name(), "new");
            }
        }
        Change::RenameAttribute { class, from: old, .. } => {
            expect(from, Some(class.join(old)), "old");
        }
        Change::SymbolRemove { name } => expect(from, Some(name.clone()), "old"),
        Change::ArgRename { callable, .. }
        | Change::ArgAddDefault { callable, .. }
        | Change::ArgRemove { callable, .. }
        | Change::ArgReorder { callable, .. }
        | Change::ArgKeywordOnly { callable, .. }
        | Change::ArgAddRequired { callable, .. }
        | Change::CallRewrite { callable, .. } => expect(from, Some(callable.clone()), "old"),
        Change::MoveFile { .. } | Change::ConfigKeyRename { .. } => {}
    }
    wrong.extend(parameters(change, from));
    wrong
}

/// Parameters that the old callable does not take.
fn parameters(change: &Change, from: Option<&Snapshot>) -> Vec<String> {
    let (callable, names): (_, Vec<&String>) = match change {
        Change::ArgRename { callable, parameter, .. } => (callable, vec![&parameter.from]),
        Change::ArgRemove { callable, parameter, .. } => (callable, vec![&parameter.name]),
        Change::ArgReorder { callable, from, .. } => (callable, from.iter().collect()),
        Change::ArgKeywordOnly { callable, positional, .. } => {
            (callable, positional.iter().collect())
        }
        _ => return Vec::new(),
    };
    let Some(from) = from else { return Vec::new() };
    let index = ApiIndex::new(from);
    let Resolution::Symbol(definition) = index.resolve(callable) else { return Vec::new() };
    let signature = index.symbol(&definition).and_then(|symbol| symbol.signature.as_ref());
    let Some(signature) = signature.filter(|signature| !signature.takes_any_keyword()) else {
        return Vec::new();
    };
    names
        .into_iter()
        .filter(|name| signature.parameter(name).is_none())
        .map(|name| format!("`{callable}` of the old version takes no `{name}`"))
        .collect()
}
