//! Applies a case and compares what comes out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use artifact::TreePath;
use code_model::DottedName;
use code_model::api::ApiIndex;
use code_model::manifest::Manifest;
use code_model::operation::Operation;
use code_model::snapshot::Snapshot;
use code_rewrite::{
    Applicability, DependentFile, NoReceivers, Plan, PlanOptions, Receivers, Rewriter, module_names,
};
use python::parse::ParsedFile;
use python::references::{FileReferences, NameProblem, NoStarExports, ReferenceOptions};
use python::types::{OracleInput, TypeOracle};
use serde_json::{Value, json};

use crate::library::Library;
use crate::literate::{Block, Case};

/// What is known of the library.
pub(crate) enum Versions<'l> {
    /// The names that each case gives; no types.
    OfTheCase,
    /// Both versions, with types.
    Library(&'l Library, &'l Library),
}

/// What came out.
struct Applied {
    blocks: Vec<Block>,
    findings: Vec<String>,
    shown: usize,
    changed: bool,
}

/// A manifest of these operations.
pub(crate) fn manifest(operations: &[Value]) -> Manifest {
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
    manifest.operations =
        operations.iter().enumerate().map(|(index, one)| operation(one, index + 1)).collect();
    manifest
}

fn operation(kind_and_match: &Value, place: usize) -> Operation {
    let mut whole = json!({
        "id": format!("OP{place:0>3}"), "sequence": place,
        "evidence": {"method": "hash_match", "detection": "automatic"},
        "confidence": {"overall": 1.0, "factors": {}, "recommendation": "auto_apply"},
        "metadata": {"breaking": true, "safe_rollback": true, "estimated_impact": "low"},
    });
    let object = whole.as_object_mut().expect("an object");
    object.extend(kind_and_match.as_object().expect("an object").clone());
    serde_json::from_value(whole).unwrap_or_else(|why| panic!("{kind_and_match}: {why}"))
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

/// Types of these files against the old version.
fn oracle(old: &Library, files: &[DependentFile]) -> TypeOracle {
    let text = |file: &DependentFile| Arc::from(String::from_utf8_lossy(&file.content).as_ref());
    let texts: BTreeMap<TreePath, Arc<str>> =
        files.iter().map(|file| (file.path.clone(), text(file))).collect();
    TypeOracle::new(OracleInput {
        core: Arc::new(old.stubs.clone()),
        dependent: Arc::new(texts),
        dependent_roots: Vec::new(),
        installed: None,
        python_version: (3, 13),
    })
}

fn apply(case: &Case, versions: &Versions<'_>, plan: &Plan, blocks: &[Block]) -> Applied {
    let minimum = match (case.unsafe_too, case.unique.is_empty()) {
        (true, _) => Applicability::Unsafe,
        (false, false) => Applicability::Assumed,
        (false, true) => Applicability::Safe,
    };
    let files = files(blocks);
    let (given_old, given_new) = (snapshot(&case.old_names), snapshot(&case.new_names));
    let wishes = |wish: &str| case.wishes.iter().any(|own| own == wish);
    let types;
    let (known, receivers): (_, &dyn Receivers) = match versions {
        Versions::OfTheCase => {
            ((!case.old_names.is_empty()).then_some((&given_old, &given_new)), &NoReceivers)
        }
        Versions::Library(old, new) => {
            let reader = Rewriter::new(plan, Some(ApiIndex::new(&old.snapshot)), None, minimum);
            let embedded = reader.embedded(&files).into_iter().map(|embedded| embedded.file);
            types = oracle(old, &files.iter().cloned().chain(embedded).collect::<Vec<_>>());
            (Some((&old.snapshot, &new.snapshot)), &types)
        }
    };
    let from = known.map(|(old, _)| ApiIndex::new(old));
    let to = known.map(|(_, new)| ApiIndex::new(new));
    let mut rewriter =
        Rewriter::new(plan, from, to, minimum).with_unique(case.unique.iter().cloned().collect());
    if wishes("guards") {
        rewriter = rewriter.with_simplified_guards("1.5", "2.0");
    }
    if wishes("comments") {
        rewriter = rewriter.with_comments();
    }
    let results = rewriter.rewrite(&files, receivers);
    let mut applied =
        Applied { blocks: Vec::new(), findings: Vec::new(), shown: 0, changed: false };
    for (block, result) in blocks.iter().zip(results) {
        applied.changed |= result.content.is_some();
        let is_shown = |edit: &&code_rewrite::Edit| edit.applicability == Applicability::Display;
        applied.shown += result.held_back.iter().filter(is_shown).count();
        assert_eq!(result.content.is_some(), !result.edits.is_empty(), "{}", case.name);
        let content = result.content.unwrap_or_else(|| block.content.clone());
        applied.blocks.push(Block { path: block.path.clone(), content });
        for finding in result.findings {
            let line = finding.line.map(|line| format!(" {line}")).unwrap_or_default();
            applied.findings.push(format!("{}{line}", finding.code));
        }
    }
    applied
}

fn show(blocks: &[Block]) -> String {
    blocks.iter().fold(String::new(), |mut text, block| {
        let _ = writeln!(text, "--- {}\n{}", block.path, String::from_utf8_lossy(&block.content));
        text
    })
}

/// The names of a file; none where it is not Python.
fn names(block: &Block) -> Option<FileReferences> {
    let python = Path::new(&block.path).extension().is_some_and(|extension| extension == "py");
    let parsed = ParsedFile::parse(&block.content).ok().filter(|_| python)?;
    let roots = BTreeSet::new();
    let options = ReferenceOptions {
        roots: &roots,
        distribution: None,
        module: None,
        is_package: block.path.ends_with("__init__.py"),
        members: &|_| false,
        star: &NoStarExports,
        dependent: None,
    };
    Some(FileReferences::read(&parsed, &options))
}

/// What the text after gets wrong that the one before had right, as a linter would say it. An
/// import that nothing uses may be renamed, and what the one before exported is used by others.
fn new_problems(case: &Case) -> Vec<NameProblem> {
    let mut new = Vec::new();
    for (before, after) in case.before.iter().zip(&case.after) {
        let (Some(before), Some(after)) = (names(before), names(after)) else { continue };
        let known = before.problems();
        let is_exported = |name: &str| {
            before.imports.iter().any(|import| import.exported && *import.local == *name)
        };
        let unused = |list: &[NameProblem]| {
            list.iter().filter(|problem| matches!(problem, NameProblem::Unused(_))).count()
        };
        let mut found = after.problems();
        found.retain(|p| !matches!(p, NameProblem::Unused(name) if is_exported(name)));
        let more = unused(&found) > unused(&known);
        new.extend(found.into_iter().filter(|problem| {
            !known.contains(problem) && (more || matches!(problem, NameProblem::Undefined(_)))
        }));
    }
    new
}

/// Applies a case, twice, and says what is not as written.
pub(crate) fn check(case: &Case, versions: &Versions<'_>) -> Result<(), String> {
    let options = PlanOptions {
        still_on_old_version: case.old_version,
        past_old_version: case.new_version,
        ..PlanOptions::default()
    };
    let plan = Plan::compile(&manifest(&case.operations), &options);
    let applied = apply(case, versions, &plan, &case.before);
    if applied.blocks != case.after {
        return Err(format!(
            "expected\n{}\ngot\n{}\nfindings {:?}",
            show(&case.after),
            show(&applied.blocks),
            applied.findings
        ));
    }
    let sorted = |findings: &[String]| findings.iter().cloned().collect::<BTreeSet<String>>();
    if sorted(&applied.findings) != sorted(&case.findings) {
        let (expected, found) = (&case.findings, &applied.findings);
        return Err(format!("expected findings {expected:?}, got {found:?}"));
    }
    if let Some(shown) = case.shown.filter(|shown| *shown != applied.shown) {
        return Err(format!("expected {shown} edits to be shown, got {}", applied.shown));
    }
    let problems = new_problems(case);
    if !problems.is_empty() {
        return Err(format!("what is expected has problems: {problems:?}\n{}", show(&case.after)));
    }
    if !case.old_version {
        let again = apply(case, versions, &plan, &applied.blocks);
        if again.changed {
            let text = show(&again.blocks);
            return Err(format!("a second application changes it to\n{text}"));
        }
    }
    Ok(())
}
