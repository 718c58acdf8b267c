//! Old things are assigned to new things all at once: the sum of the scores is what is made as
//! large as possible, so that a pair that looks good alone cannot take what another old thing
//! needs.

use std::collections::{BTreeMap, BTreeSet};

use pathfinding::kuhn_munkres::kuhn_munkres;
use pathfinding::matrix::Matrix;

/// Groups of connected pairs with more members on one side are split by leaving out their weakest
/// pairs: the exact method takes time with the cube of the size.
const GROUP_MAX: usize = 160;

/// One possible pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pair {
    pub(super) old: usize,
    pub(super) new: usize,
    /// From 0 to 1.
    pub(super) score: f64,
}

/// A pair that was chosen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chosen {
    pub(super) pair: Pair,
    /// By how much the score exceeds that of the best other pair that could also hold.
    pub(super) lead: f64,
}

/// The assignment with the largest sum, each old and each new thing in at most one pair; in order
/// of `old`.
pub(super) fn assign(pairs: &[Pair]) -> Vec<Chosen> {
    let mut chosen = Vec::new();
    for group in groups(pairs, 0.0) {
        solve(&group, &mut chosen);
    }
    let score_of_new: BTreeMap<usize, f64> =
        chosen.iter().map(|p: &Pair| (p.new, p.score)).collect();
    let score_of_old: BTreeMap<usize, f64> =
        chosen.iter().map(|p: &Pair| (p.old, p.score)).collect();
    let taken: BTreeSet<(usize, usize)> = chosen.iter().map(|p| (p.old, p.new)).collect();
    let mut rivals: BTreeMap<usize, f64> = BTreeMap::new();
    let mut rivals_of_new: BTreeMap<usize, f64> = BTreeMap::new();
    for pair in pairs {
        if taken.contains(&(pair.old, pair.new)) {
            continue;
        }
        // A rival that has a better partner of its own is none.
        let settled = |score: Option<&f64>| score.is_some_and(|score| *score > pair.score + 1e-9);
        if !settled(score_of_new.get(&pair.new)) {
            let best = rivals.entry(pair.old).or_insert(0.0);
            *best = best.max(pair.score);
        }
        if !settled(score_of_old.get(&pair.old)) {
            let best = rivals_of_new.entry(pair.new).or_insert(0.0);
            *best = best.max(pair.score);
        }
    }
    let mut result: Vec<Chosen> = chosen
        .into_iter()
        .map(|pair| {
            let rival = rivals
                .get(&pair.old)
                .copied()
                .unwrap_or(0.0)
                .max(rivals_of_new.get(&pair.new).copied().unwrap_or(0.0));
            Chosen { pair, lead: pair.score - rival }
        })
        .collect();
    result.sort_by_key(|chosen| chosen.pair.old);
    result
}

/// A side and an index on it.
type Node = (bool, usize);
type Parents = BTreeMap<Node, Node>;

fn find(parent: &mut Parents, mut node: Node) -> Node {
    while let Some(up) = parent.get(&node).copied().filter(|up| *up != node) {
        let above = parent.get(&up).copied().unwrap_or(up);
        parent.insert(node, above);
        node = up;
    }
    node
}

/// Pairs that are connected through a common member; large groups fall apart at a higher score.
fn groups(pairs: &[Pair], floor: f64) -> Vec<Vec<Pair>> {
    let mut parent = Parents::new();
    let kept: Vec<Pair> = pairs.iter().filter(|pair| pair.score >= floor).copied().collect();
    for pair in &kept {
        let a = find(&mut parent, (false, pair.old));
        let b = find(&mut parent, (true, pair.new));
        parent.insert(a.max(b), a.min(b));
    }
    let mut by_root: BTreeMap<(bool, usize), Vec<Pair>> = BTreeMap::new();
    for pair in kept {
        by_root.entry(find(&mut parent, (false, pair.old))).or_default().push(pair);
    }
    by_root
        .into_values()
        .flat_map(|group| {
            let (olds, news) = sides(&group);
            if olds.len().max(news.len()) <= GROUP_MAX || floor >= 0.99 {
                vec![group]
            } else {
                groups(&group, (floor + 0.05).max(0.5))
            }
        })
        .collect()
}

fn sides(group: &[Pair]) -> (Vec<usize>, Vec<usize>) {
    let mut olds: Vec<usize> = group.iter().map(|pair| pair.old).collect();
    let mut news: Vec<usize> = group.iter().map(|pair| pair.new).collect();
    for side in [&mut olds, &mut news] {
        side.sort_unstable();
        side.dedup();
    }
    (olds, news)
}

fn solve(group: &[Pair], chosen: &mut Vec<Pair>) {
    if let [only] = group {
        chosen.push(*only);
        return;
    }
    let (olds, news) = sides(group);
    if olds.len().max(news.len()) > 4 * GROUP_MAX {
        // Even pairs that are all but equal connect too many: none of them can be told apart.
        return;
    }
    // The method needs at least as many columns as rows; columns beyond the new things mean "none".
    let mut weights = Matrix::new(olds.len(), olds.len() + news.len(), 0_i64);
    let mut scores: BTreeMap<(usize, usize), Pair> = BTreeMap::new();
    for pair in group {
        let (Ok(row), Ok(column)) = (olds.binary_search(&pair.old), news.binary_search(&pair.new))
        else {
            continue;
        };
        weights[(row, column)] = (pair.score * 1e6) as i64;
        scores.insert((row, column), *pair);
    }
    let (_, columns) = kuhn_munkres(&weights);
    chosen.extend(
        columns.into_iter().enumerate().filter_map(|(row, column)| scores.get(&(row, column))),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(usize, usize, f64)]) -> Vec<Pair> {
        list.iter().map(|(old, new, score)| Pair { old: *old, new: *new, score: *score }).collect()
    }

    fn result(list: &[(usize, usize, f64)]) -> Vec<(usize, usize)> {
        assign(&pairs(list)).iter().map(|chosen| (chosen.pair.old, chosen.pair.new)).collect()
    }

    #[test]
    fn the_sum_decides_and_not_the_best_single_pair() {
        assert_eq!(result(&[(0, 0, 0.9), (0, 1, 0.8), (1, 0, 0.85)]), [(0, 1), (1, 0)]);
        assert_eq!(result(&[(0, 0, 0.9), (1, 0, 0.8)]), [(0, 0)]);
        assert_eq!(result(&[]), []);
    }

    #[test]
    fn the_lead_counts_only_rivals_that_are_free() {
        let near = assign(&pairs(&[(0, 0, 0.9), (0, 1, 0.88)]));
        assert!(near[0].lead < 0.03);
        let settled = assign(&pairs(&[(0, 0, 0.9), (0, 1, 0.88), (1, 1, 0.97)]));
        assert!(settled[0].lead > 0.8);
        let fought_over = assign(&pairs(&[(0, 0, 0.9), (1, 0, 0.89)]));
        assert!(fought_over[0].lead < 0.02);
    }

    #[test]
    fn large_groups_fall_apart_where_they_are_weakest() {
        let mut list = Vec::new();
        for i in 0..400 {
            list.push((i, i, 0.9));
            list.push((i, (i + 1) % 400, 0.5));
        }
        assert_eq!(result(&list).len(), 400);
    }
}
