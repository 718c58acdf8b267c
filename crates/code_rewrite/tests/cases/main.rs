//! Literate cases: Python before and after, in Markdown. Every case is applied, compared byte for
//! byte, applied again (nothing must change), parsed, and checked for names that nothing binds and
//! imports that nothing uses.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "tests make and read folders of their own, and stop at the first surprise"
)]

mod patch;
mod properties;
mod requirement;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use artifact::TreePath;
use code_model::DottedName;
use code_model::api::ApiIndex;
use code_model::manifest::Manifest;
use code_model::operation::Operation;
use code_model::snapshot::Snapshot;
use code_rewrite::{
    Applicability, DependentFile, NoReceivers, Plan, PlanOptions, Rewriter, module_names,
};
use serde_json::json;

/// One fenced block of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    path: String,
    content: Vec<u8>,
}

#[derive(Debug, Default, Clone)]
struct Case {
    name: String,
    operations: Vec<String>,
    old_version: bool,
    /// What either version holds: `module/`, `name`, `alias=target`.
    old_names: Vec<String>,
    new_names: Vec<String>,
    unsafe_too: bool,
    blocks: Vec<Block>,
    findings: Vec<String>,
}

fn block(header: &str, lines: &[&str]) -> Block {
    let mut text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let mut path = "module.py".to_owned();
    let mut latin1 = false;
    for word in header.split_whitespace().skip(1) {
        match word {
            "crlf" => text = text.replace('\n', "\r\n"),
            "bom" => text.insert(0, '\u{feff}'),
            "unended" => text.truncate(text.trim_end().len()),
            "latin1" => latin1 = true,
            other => other.strip_prefix("path=").expect("a known word").clone_into(&mut path),
        }
    }
    let content = if latin1 {
        text.chars().map(|c| u8::try_from(u32::from(c)).expect("a Latin-1 character")).collect()
    } else {
        text.into_bytes()
    };
    Block { path, content }
}

/// The kinds that a file's cases are run for, and the cases.
fn read(text: &str) -> (Vec<String>, Vec<Case>) {
    let mut kinds = vec![String::new()];
    let mut default = Vec::new();
    let mut cases: Vec<Case> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(list) = line.strip_prefix("kinds: ") {
            kinds = list.split_whitespace().map(ToOwned::to_owned).collect();
        } else if let Some(operation) = line.strip_prefix("operation: ") {
            match cases.last_mut() {
                Some(case) => case.operations.push(operation.to_owned()),
                None => default.push(operation.to_owned()),
            }
        } else if line == "old-version: yes" {
            cases.last_mut().expect("below a title").old_version = true;
        } else if let Some(names) = line.strip_prefix("old: ") {
            let names = names.split_whitespace().map(ToOwned::to_owned);
            cases.last_mut().expect("below a title").old_names.extend(names);
        } else if let Some(names) = line.strip_prefix("new: ") {
            let names = names.split_whitespace().map(ToOwned::to_owned);
            cases.last_mut().expect("below a title").new_names.extend(names);
        } else if line == "unsafe: yes" {
            cases.last_mut().expect("below a title").unsafe_too = true;
        } else if let Some(name) = line.strip_prefix("## ") {
            cases.push(Case { name: name.to_owned(), ..Case::default() });
        } else if let Some(header) = line.strip_prefix("```") {
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let case = cases.last_mut().expect("below a title");
            if header == "findings" {
                case.findings = body.iter().map(|line| (*line).to_owned()).collect();
            } else {
                case.blocks.push(block(header, &body));
            }
        }
    }
    for case in &mut cases {
        if case.operations.is_empty() {
            case.operations.clone_from(&default);
        }
    }
    (kinds, cases)
}

/// `KIND OLD -> NEW`, for cases of one kind without the kind; `needs N` names an earlier operation
/// by its place.
fn operation(line: &str, kind: &str, place: usize) -> Operation {
    let line = if kind.is_empty() { line.to_owned() } else { format!("{kind} {line}") };
    let (line, needs) = match line.split_once(" needs ") {
        Some((line, needs)) => (line.to_owned(), vec![format!("OP{:0>3}", needs)]),
        None => (line, Vec::new()),
    };
    let (kind, rest) = line.split_once(' ').expect("a kind");
    let (old, new) = rest.split_once(" -> ").unwrap_or((rest, ""));
    let split = |name: &str| {
        let (holder, leaf) = name.rsplit_once('.').unwrap_or(("", name));
        (holder.to_owned(), leaf.to_owned())
    };
    let matched = match kind {
        "rename.import" | "move.file" => json!({"from": old, "to": new}),
        "symbol.remove" => json!({"name": old}),
        "rename.attribute" => {
            let (class, from) = split(old);
            json!({"class": class, "from": from, "to": new})
        }
        "config.key_rename" => match new.split_once(" @ ") {
            Some((new, holder)) => json!({"from": old, "to": new, "holder": holder}),
            None => json!({"from": old, "to": new}),
        },
        _ => {
            let ((module, from), (to_module, to)) = (split(old), split(new));
            if module == to_module {
                json!({"module": module, "from": from, "to": to})
            } else {
                json!({"module": module, "from": from, "to": to, "to_module": to_module})
            }
        }
    };
    serde_json::from_value(json!({
        "id": format!("OP{place:0>3}"), "kind": kind, "match": matched, "sequence": place,
        "dependencies": needs,
        "evidence": {"method": "hash_match", "detection": "automatic"},
        "confidence": {"overall": 1.0, "factors": {}, "recommendation": "auto_apply"},
        "metadata": {"breaking": true, "safe_rollback": true, "estimated_impact": "low"},
    }))
    .unwrap_or_else(|why| panic!("{line}: {why}"))
}

fn manifest(case: &Case, kind: &str) -> Manifest {
    let operations: Vec<Operation> = case
        .operations
        .iter()
        .enumerate()
        .map(|(index, line)| operation(line, kind, index + 1))
        .collect();
    let digest = serde_json::to_value(artifact::Digest::of(b"")).expect("a digest");
    let mut manifest: Manifest = serde_json::from_value(json!({
        "manifest_version": 1, "schema_url": "", "requires": [], "operations": [],
        "metadata": {
            "library": "core", "packages": ["core"], "from_version": "1", "to_version": "2",
            "from_reference": "v1", "to_reference": "v2", "generator": "onx/0",
            "from_checksum": digest, "to_checksum": digest, "rules_digest": digest,
        },
        "summary": {"title": "", "breaking_changes": 0, "safe_changes": 0,
                    "manual_review_required": 0},
    }))
    .expect("a manifest");
    manifest.operations = operations;
    manifest
}

/// A version with these names; every symbol is a class.
fn snapshot(names: &[String]) -> Snapshot {
    let mut snapshot: Snapshot = serde_json::from_value(json!({
        "format": "onx/snapshot/1",
        "origin": {"library": "core", "version": "1", "reference": "v1"},
        "roots": [{"name": "core", "path": "core"}],
        "files": {}, "modules": {}, "symbols": {}, "aliases": {}, "keys": [], "edges": [],
        "hints": [], "findings": [],
        "checksum": serde_json::to_value(artifact::Digest::of(b"")).expect("a digest"),
    }))
    .expect("a snapshot");
    let dotted = |name: &str| DottedName::new(name).expect("a name");
    for name in names {
        if let Some(module) = name.strip_suffix('/') {
            let record = json!({"file": "core/x.py"});
            let record = serde_json::from_value(record).expect("a module");
            snapshot.modules.insert(dotted(module), record);
        } else if let Some((alias, target)) = name.split_once('=') {
            let record = json!({"target": target, "route": "import", "public": true});
            let record = serde_json::from_value(record).expect("an alias");
            snapshot.aliases.insert(dotted(alias), record);
        } else {
            let record = json!({
                "kind": "class", "module": "core", "file": "core/x.py", "lines": [1, 1],
                "bytes": [0, 1], "stability": "public_api", "nodes": 1,
                "signature_hash": "blake3:0000000000000000",
                "shape_hash": "blake3:0000000000000000",
            });
            let record = serde_json::from_value(record).expect("a symbol");
            snapshot.symbols.insert(dotted(name), record);
        }
    }
    snapshot
}

fn files(blocks: &[Block]) -> Vec<DependentFile> {
    let paths: Vec<TreePath> =
        blocks.iter().map(|block| TreePath::new(&block.path).expect("a path")).collect();
    let names = module_names(&paths);
    blocks
        .iter()
        .zip(paths)
        .map(|(block, path)| DependentFile {
            module: names.get(&path).cloned(),
            content: block.content.clone().into(),
            path,
        })
        .collect()
}

fn apply(plan: &Plan, case: &Case, blocks: &[Block]) -> (Vec<Block>, Vec<String>, bool) {
    let minimum = if case.unsafe_too { Applicability::Unsafe } else { Applicability::Safe };
    let (old, new) = (snapshot(&case.old_names), snapshot(&case.new_names));
    let known = !case.old_names.is_empty();
    let rewriter = Rewriter::new(
        plan,
        known.then(|| ApiIndex::new(&old)),
        known.then(|| ApiIndex::new(&new)),
        minimum,
    );
    let results = rewriter.rewrite(&files(blocks), &NoReceivers);
    let mut after = Vec::new();
    let mut findings = Vec::new();
    let mut changed = false;
    for (block, result) in blocks.iter().zip(results) {
        changed |= result.content.is_some();
        assert_eq!(result.content.is_some(), !result.edits.is_empty(), "{}", case.name);
        let content = result.content.unwrap_or_else(|| block.content.clone());
        after.push(Block { path: block.path.clone(), content });
        for finding in result.findings {
            let line = finding.line.map(|line| format!(" {line}")).unwrap_or_default();
            findings.push(format!("{}{line}", finding.code));
        }
    }
    (after, findings, changed)
}

fn show(blocks: &[Block]) -> String {
    blocks.iter().fold(String::new(), |mut text, block| {
        let _ = writeln!(text, "--- {}\n{}", block.path, String::from_utf8_lossy(&block.content));
        text
    })
}

fn check(case: &Case, kind: &str) -> Result<(), String> {
    let half = case.blocks.len() / 2;
    let (before, expected) = if case.blocks.len() >= 2 && case.blocks.len().is_multiple_of(2) {
        case.blocks.split_at(half)
    } else {
        (&case.blocks[..], &case.blocks[..])
    };
    let options = PlanOptions { still_on_old_version: case.old_version, ..PlanOptions::default() };
    let plan = Plan::compile(&manifest(case, kind), &options);
    let (after, findings, _) = apply(&plan, case, before);
    if after != expected {
        return Err(format!(
            "expected\n{}\ngot\n{}\nfindings {findings:?}",
            show(expected),
            show(&after)
        ));
    }
    if findings != case.findings {
        return Err(format!("expected findings {:?}, got {findings:?}", case.findings));
    }
    if !case.old_version {
        let (again, _, changed) = apply(&plan, case, &after);
        if changed {
            return Err(format!("a second application changes it to\n{}", show(&again)));
        }
    }
    Ok(())
}

#[test]
fn every_case_comes_out_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut failed = BTreeMap::new();
    let mut count = 0;
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("the cases").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a text");
        let (kinds, cases) = read(&text);
        for kind in &kinds {
            for case in &cases {
                count += 1;
                if let Err(why) = check(case, kind) {
                    let file = path.file_stem().expect("a name").to_string_lossy().into_owned();
                    failed.insert(format!("{file} / {} / {kind}", case.name), why);
                }
            }
        }
    }
    assert!(count > 100, "only {count} cases were found");
    let report: String =
        failed.iter().map(|(name, why)| format!("\n=== {name}\n{why}\n")).collect();
    assert!(failed.is_empty(), "{} of {count} cases fail:{report}", failed.len());
}
