//! The order in which operations are applied.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::operation::{Operation, OperationId};

/// Operations that wait for each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("operations depend on each other in a circle: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(" → "))]
pub struct CycleError(pub Vec<OperationId>);

/// Positions of the operations in the order of application: dependencies first, then by sequence,
/// then by id.
///
/// Dependencies that are no operation of the list are ignored.
pub fn application_order(operations: &[Operation]) -> Result<Vec<usize>, CycleError> {
    let positions: BTreeMap<&OperationId, usize> = operations
        .iter()
        .enumerate()
        .map(|(position, operation)| (&operation.id, position))
        .collect();
    let mut waits_for = vec![0_usize; operations.len()];
    let mut followers = vec![Vec::new(); operations.len()];
    for (position, operation) in operations.iter().enumerate() {
        for dependency in operation.dependencies.iter().filter_map(|id| positions.get(id)) {
            waits_for[position] += 1;
            followers[*dependency].push(position);
        }
    }
    let rank = |position: usize| {
        Reverse((operations[position].sequence, &operations[position].id, position))
    };
    let mut ready: BinaryHeap<_> =
        (0..operations.len()).filter(|p| waits_for[*p] == 0).map(rank).collect();
    let mut order = Vec::with_capacity(operations.len());
    while let Some(Reverse((_, _, position))) = ready.pop() {
        order.push(position);
        for follower in &followers[position] {
            waits_for[*follower] -= 1;
            if waits_for[*follower] == 0 {
                ready.push(rank(*follower));
            }
        }
    }
    if order.len() == operations.len() {
        return Ok(order);
    }
    Err(CycleError(one_cycle(operations, &positions, &waits_for)))
}

/// Walks dependencies from an operation that never became ready until one repeats.
fn one_cycle(
    operations: &[Operation],
    positions: &BTreeMap<&OperationId, usize>,
    waits_for: &[usize],
) -> Vec<OperationId> {
    let mut path: Vec<usize> = Vec::new();
    let mut current = waits_for.iter().position(|count| *count > 0);
    while let Some(position) = current {
        if let Some(start) = path.iter().position(|seen| *seen == position) {
            let mut cycle: Vec<_> =
                path[start..].iter().map(|p| operations[*p].id.clone()).collect();
            cycle.push(operations[position].id.clone());
            return cycle;
        }
        path.push(position);
        current = operations[position]
            .dependencies
            .iter()
            .filter_map(|id| positions.get(id).copied())
            .find(|p| waits_for[*p] > 0);
    }
    path.into_iter().map(|p| operations[p].id.clone()).collect()
}
