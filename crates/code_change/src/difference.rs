//! What differs between two snapshots.

use std::collections::{BTreeMap, BTreeSet};

use artifact::{Sha256, TreePath};
use code_model::difference::{
    AliasDifference, DIFFERENCES_FORMAT, DifferenceSet, FileDifference, KeyDifference,
    SymbolDifference,
};
use code_model::snapshot::{ConfigurationKey, Snapshot, Symbol};

use crate::surface::gone_paths;

/// Compares two snapshots; a snapshot against itself gives nothing.
pub fn difference(from: &Snapshot, to: &Snapshot) -> DifferenceSet {
    DifferenceSet {
        format: DIFFERENCES_FORMAT.to_string(),
        from_version: from.origin.version.clone(),
        to_version: to.origin.version.clone(),
        files: files(from, to),
        symbols: symbols(from, to),
        aliases: aliases(from, to),
        keys: keys(from, to),
        gone: gone_paths(from, to),
    }
}

/// A file that vanished and one that appeared with the same content are one move; where several
/// files have the same content, those whose paths have most in common belong together.
fn files(from: &Snapshot, to: &Snapshot) -> Vec<FileDifference> {
    let mut differences = Vec::new();
    let mut appeared: BTreeMap<Sha256, Vec<&TreePath>> = BTreeMap::new();
    for (path, record) in &to.files {
        match from.files.get(path) {
            None => appeared.entry(record.hash).or_default().push(path),
            Some(before) if before.hash != record.hash => {
                differences.push(FileDifference::FileModified {
                    path: path.clone(),
                    content_hash_before: before.hash,
                    content_hash_after: record.hash,
                });
            }
            Some(_) => {}
        }
    }
    for (path, record) in from.files.iter().filter(|(path, _)| !to.files.contains_key(*path)) {
        let homes = appeared.get_mut(&record.hash).filter(|_| record.size_bytes > 0);
        let nearest = homes.and_then(|homes| {
            let best = (0..homes.len()).max_by_key(|index| common_parts(path, homes[*index]))?;
            Some(homes.remove(best))
        });
        differences.push(match nearest {
            Some(home) => FileDifference::FileMoved {
                path_before: path.clone(),
                path_after: home.clone(),
                content_hash: record.hash,
            },
            None => FileDifference::FileRemoved { path: path.clone(), content_hash: record.hash },
        });
    }
    for (content_hash, paths) in appeared {
        differences.extend(
            paths
                .into_iter()
                .map(|path| FileDifference::FileAdded { path: path.clone(), content_hash }),
        );
    }
    differences.sort();
    differences
}

/// How many parts two paths share at their end, then at their start.
fn common_parts(a: &TreePath, b: &TreePath) -> (usize, usize) {
    let end = a.parts().rev().zip(b.parts().rev()).take_while(|(a, b)| a == b).count();
    let start = a.parts().zip(b.parts()).take_while(|(a, b)| a == b).count();
    (end, start)
}

fn symbols(from: &Snapshot, to: &Snapshot) -> Vec<SymbolDifference> {
    let mut differences = Vec::new();
    for (fq, symbol) in &to.symbols {
        match from.symbols.get(fq) {
            None => differences
                .push(SymbolDifference::SymbolAdded { fq: fq.clone(), kind: symbol.kind }),
            Some(before) => {
                let aspects = changed_aspects(before, symbol);
                if !aspects.is_empty() {
                    let aspects = aspects.into_iter().map(str::to_owned).collect();
                    let kind = symbol.kind;
                    differences.push(SymbolDifference::SymbolChanged {
                        fq: fq.clone(),
                        kind,
                        aspects,
                    });
                }
            }
        }
    }
    for (fq, symbol) in from.symbols.iter().filter(|(fq, _)| !to.symbols.contains_key(fq)) {
        differences.push(SymbolDifference::SymbolRemoved { fq: fq.clone(), kind: symbol.kind });
    }
    differences.sort();
    differences
}

fn changed_aspects(before: &Symbol, after: &Symbol) -> Vec<&'static str> {
    [
        ("annotation", before.annotation != after.annotation),
        ("bases", before.bases != after.bases),
        ("body", before.shape_hash != after.shape_hash),
        ("decorators", before.decorators != after.decorators),
        ("deprecation", before.deprecated != after.deprecated),
        ("docstring", before.docstring != after.docstring),
        ("kind", before.kind != after.kind),
        ("signature", before.signature != after.signature),
        ("stability", before.stability != after.stability),
        ("value", before.value != after.value),
    ]
    .into_iter()
    .filter_map(|(aspect, changed)| changed.then_some(aspect))
    .collect()
}

fn aliases(from: &Snapshot, to: &Snapshot) -> Vec<AliasDifference> {
    let paths: BTreeSet<_> = from.aliases.keys().chain(to.aliases.keys()).collect();
    paths
        .into_iter()
        .filter_map(|path| {
            let (before, after) = (from.aliases.get(path), to.aliases.get(path));
            (before != after).then(|| AliasDifference {
                path: path.clone(),
                before: before.cloned(),
                after: after.cloned(),
            })
        })
        .collect()
}

fn keys(from: &Snapshot, to: &Snapshot) -> Vec<KeyDifference> {
    let index = |snapshot: &Snapshot| -> BTreeMap<_, ConfigurationKey> {
        snapshot
            .keys
            .iter()
            .map(|key| ((key.holder.clone(), key.key.clone()), key.clone()))
            .collect()
    };
    let (mut before, after) = (index(from), index(to));
    let mut differences = Vec::new();
    for (name, after) in after {
        let before = before.remove(&name);
        if before.as_ref() != Some(&after) {
            differences.push(KeyDifference { before, after: Some(after) });
        }
    }
    differences
        .extend(before.into_values().map(|key| KeyDifference { before: Some(key), after: None }));
    differences.sort();
    differences
}
