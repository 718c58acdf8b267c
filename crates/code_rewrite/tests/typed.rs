//! Literate cases of what types and signatures decide: Python before and after, in Markdown.
//!
//! The library of all cases lies beside them in two versions. Its stubs type the receivers and its
//! snapshots say what names mean. Every case is applied, compared byte for byte, and applied again:
//! nothing must change then.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "tests make and read folders of their own, and stop at the first surprise"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use artifact::{Finding, TreePath};
use code_model::api::ApiIndex;
use code_model::manifest::Manifest;
use code_model::operation::Operation;
use code_model::snapshot::{Origin, Snapshot};
use code_rewrite::{Applicability, DependentFile, Plan, PlanOptions, Rewriter, module_names};
use python::parse::ParsedFile;
use python::stubs::stub_of;
use python::types::{OracleInput, TypeOracle};
use serde_json::{Value, json};

struct Library {
    snapshot: Snapshot,
    stubs: BTreeMap<TreePath, Arc<str>>,
}

/// The library from its stubs: what a bundle holds is all that applying sees.
fn library(version: &str) -> Library {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/typed").join(version);
    let mut stubs = BTreeMap::new();
    let mut files = BTreeMap::new();
    for name in ["__init__.py", "client.py", "functions.py"] {
        let text = std::fs::read(folder.join("core").join(name)).expect("a module of the library");
        let path = TreePath::new(&format!("core/{name}")).expect("a path");
        let parsed = ParsedFile::parse(&text).expect("Python");
        let stub = stub_of(&parsed.syntax().body, parsed.text());
        let facts = Arc::new(python::facts::extract(&path, stub.as_bytes()));
        files.insert(path.clone(), python::assemble::TreeFile { facts, last_modified: None });
        stubs.insert(path, Arc::from(stub));
    }
    let origin = Origin {
        library: "core".to_owned(),
        version: version.to_owned(),
        reference: version.to_owned(),
        commit: None,
        archive: None,
        created_at: None,
    };
    Library { snapshot: python::assemble::assemble(origin, &files), stubs }
}

#[derive(Default)]
struct Case {
    name: String,
    operations: Vec<Value>,
    unsafe_too: bool,
    old_version: bool,
    blocks: Vec<String>,
    findings: Vec<String>,
}

fn read(text: &str) -> Vec<Case> {
    let mut shared = Vec::new();
    let mut cases: Vec<Case> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("## ") {
            cases.push(Case { name: name.to_owned(), ..Case::default() });
        } else if let Some(operation) = line.strip_prefix("operation: ") {
            let (kind, matched) = operation.split_once(' ').expect("a kind and its match");
            let matched: Value = serde_json::from_str(matched).expect("JSON");
            let operation = json!({"kind": kind, "match": matched});
            match cases.last_mut() {
                Some(case) => case.operations.push(operation),
                None => shared.push(operation),
            }
        } else if line == "unsafe: yes" {
            cases.last_mut().expect("below a title").unsafe_too = true;
        } else if line == "old-version: yes" {
            cases.last_mut().expect("below a title").old_version = true;
        } else if let Some(header) = line.strip_prefix("```") {
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let case = cases.last_mut().expect("below a title");
            if header == "findings" {
                case.findings = body.iter().map(|line| (*line).to_owned()).collect();
            } else {
                let mut text = body.join("\n");
                text.push('\n');
                case.blocks.push(if header.ends_with("crlf") {
                    text.replace('\n', "\r\n")
                } else {
                    text
                });
            }
        }
    }
    for case in &mut cases {
        if case.operations.is_empty() {
            case.operations.clone_from(&shared);
        }
    }
    cases
}

fn manifest(operations: &[Value]) -> Manifest {
    let operations: Vec<Operation> = operations
        .iter()
        .enumerate()
        .map(|(index, operation)| {
            let place = index + 1;
            let mut whole = json!({
                "id": format!("OP{place:0>3}"), "sequence": place,
                "evidence": {"method": "hash_match", "detection": "automatic"},
                "confidence": {"overall": 1.0, "factors": {}, "recommendation": "auto_apply"},
                "metadata": {
                    "breaking": true, "safe_rollback": true, "estimated_impact": "low",
                },
            });
            let object = whole.as_object_mut().expect("an object");
            object.extend(operation.as_object().expect("an object").clone());
            serde_json::from_value(whole).expect("an operation")
        })
        .collect();
    let digest = serde_json::to_value(artifact::Digest::of(b"")).expect("a digest");
    let mut manifest: Manifest = serde_json::from_value(json!({
        "manifest_version": 1, "schema_url": "", "requires": [], "operations": [],
        "metadata": {
            "library": "core", "packages": ["core"], "from_version": "1", "to_version": "2",
            "from_reference": "v1", "to_reference": "v2", "generator": "onx/0",
            "from_checksum": digest, "to_checksum": digest, "rules_digest": digest,
        },
        "summary": {
            "title": "", "breaking_changes": 0, "safe_changes": 0, "manual_review_required": 0,
        },
    }))
    .expect("a manifest");
    manifest.operations = operations;
    manifest
}

/// The new text, and the findings by code and line.
fn apply(old: &Library, new: &Library, case: &Case, text: &str) -> (String, Vec<String>) {
    let options = PlanOptions { still_on_old_version: case.old_version, ..PlanOptions::default() };
    let plan = Plan::compile(&manifest(&case.operations), &options);
    let minimum = if case.unsafe_too { Applicability::Unsafe } else { Applicability::Safe };
    let (from, to) = (ApiIndex::new(&old.snapshot), ApiIndex::new(&new.snapshot));
    let rewriter = Rewriter::new(&plan, Some(from), Some(to), minimum);
    let path = TreePath::new("module.py").expect("a path");
    let files = [DependentFile {
        module: module_names([&path]).get(&path).cloned(),
        content: text.as_bytes().into(),
        path: path.clone(),
    }];
    let texts: BTreeMap<TreePath, Arc<str>> = BTreeMap::from([(path, Arc::from(text))]);
    let oracle = TypeOracle::new(OracleInput {
        core: Arc::new(old.stubs.clone()),
        dependent: Arc::new(texts),
        dependent_roots: Vec::new(),
        installed: None,
        python_version: (3, 13),
    });
    let result = rewriter.rewrite(&files, &oracle).remove(0);
    let said = |finding: &Finding| format!("{} {}", finding.code, finding.line.unwrap_or(0));
    let findings = result.findings.iter().map(said).collect();
    let content = result.content.map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
    (content.unwrap_or_else(|| text.to_owned()), findings)
}

fn check(old: &Library, new: &Library, case: &Case) -> Result<(), String> {
    let (before, expected) = match case.blocks.as_slice() {
        [same] => (same, same),
        [before, after] => (before, after),
        _ => return Err("a case has one or two blocks of Python".to_owned()),
    };
    let (after, findings) = apply(old, new, case, before);
    if after != *expected {
        return Err(format!("expected\n{expected}\ngot\n{after}\nfindings {findings:?}"));
    }
    if findings != case.findings {
        return Err(format!("expected findings {:?}, got {findings:?}", case.findings));
    }
    let (again, _) = apply(old, new, case, &after);
    if again != after {
        return Err(format!("a second application changes it to\n{again}"));
    }
    Ok(())
}

#[test]
fn every_typed_case_comes_out_as_written() {
    let (old, new) = (library("old"), library("new"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/typed");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the cases")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect();
    paths.sort();
    let (mut count, mut report) = (0, String::new());
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a text");
        for case in read(&text) {
            count += 1;
            if let Err(why) = check(&old, &new, &case) {
                let file = path.file_stem().expect("a name").to_string_lossy();
                report.push_str(&format!("\n=== {file} / {}\n{why}\n", case.name));
            }
        }
    }
    assert!(count >= 40, "only {count} cases were found");
    assert!(report.is_empty(), "{report}");
}
