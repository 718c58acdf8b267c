//! Shipped data files that moved.

use artifact::TreePath;
use code_model::difference::{DifferenceSet, FileDifference};
use code_model::evidence::Factor;
use code_model::operation::Change;
use code_model::snapshot::{FileRole, Snapshot};

use super::InferredOperation;
use super::context::Context;
use super::scoring::{Factors, confidence, evidence};

/// Data, resources and configuration below a package that lie elsewhere with the same content.
pub(super) fn infer(context: &Context<'_>, differences: &DifferenceSet) -> Vec<InferredOperation> {
    let mut operations = Vec::new();
    if !context.rules.uses(Factor::HashMatch) {
        return operations;
    }
    for difference in &differences.files {
        let FileDifference::FileMoved { path_before, path_after, content_hash } = difference else {
            continue;
        };
        let shipped = |snapshot: &Snapshot, path: &TreePath| {
            snapshot
                .files
                .get(path)
                .is_some_and(|file| file.role == FileRole::Library && &*file.lang != "python")
        };
        if !shipped(context.from, path_before) || !shipped(context.to, path_after) {
            continue;
        }
        let (Some(from), Some(to)) =
            (installed(context.from, path_before), installed(context.to, path_after))
        else {
            continue;
        };
        if from == to {
            continue;
        }
        let change = Change::MoveFile { from, to };
        let factors = Factors::from([(Factor::HashMatch, 1.0)]);
        let mut evidence = evidence(&factors, &[], context.rules);
        evidence.content_hash = Some(content_hash.to_string());
        operations.push(InferredOperation {
            confidence: confidence(change.kind(), "file_moved", &factors, context.rules),
            class: "file_moved",
            change,
            evidence,
            breaking: true,
            not_repeatable: false,
            note: None,
            covers: Vec::new(),
        });
    }
    operations
}

/// The path of a file in an installed version: from its package on.
fn installed(snapshot: &Snapshot, path: &TreePath) -> Option<TreePath> {
    let root = snapshot.roots.iter().find(|root| {
        let rest = path.as_str().strip_prefix(root.path.as_str());
        rest.is_some_and(|rest| rest.starts_with('/'))
    })?;
    let outside = root.path.as_str().len() - root.name.as_str().len();
    path.as_str().get(outside..).and_then(|path| TreePath::new(path).ok())
}
