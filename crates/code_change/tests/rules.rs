//! Each folder under `rules` is one rule: two versions of a small library and what is inferred from
//! them. Every rule runs over every folder, so that one that says too much shows in another one's
//! expectation. `ONX_BLESS=1` writes the expectations anew.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "it reads and writes files itself")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use artifact::TreePath;
use code_change::{
    CommitHistory, Provenance, Rules, SourceText, Version, breakages, difference, infer,
    required_bump, synthesize,
};
use code_model::manifest::Manifest;
use code_model::snapshot::{Origin, Snapshot};
use python::assemble::{TreeFile, assemble};
use python::facts::extract;

type Files = BTreeMap<TreePath, Vec<u8>>;

fn collect(root: &Path, folder: &Path, files: &mut Files) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let relative = path.strip_prefix(root).expect("below the root");
            let relative = relative.to_string_lossy().replace('\\', "/");
            let bytes = std::fs::read(&path).expect("a file");
            files.insert(TreePath::new(&relative).expect("a path"), bytes);
        }
    }
}

fn read(folder: &Path) -> Files {
    let mut files = Files::new();
    collect(folder, folder, &mut files);
    files
}

fn snapshot(files: &Files, version: &str) -> Snapshot {
    let origin = Origin {
        library: "shop".to_owned(),
        version: version.to_owned(),
        reference: version.to_owned(),
        commit: None,
        archive: None,
        created_at: None,
    };
    let facts = files
        .iter()
        .map(|(path, bytes)| {
            let facts = Arc::new(extract(path, bytes));
            (path.clone(), TreeFile { facts, last_modified: None })
        })
        .collect();
    assemble(origin, &facts)
}

struct Texts<'a>(&'a Files, &'a Files);

impl SourceText for Texts<'_> {
    fn text(&self, version: Version, file: &TreePath) -> Option<Arc<str>> {
        let files = if version == Version::From { self.0 } else { self.1 };
        String::from_utf8(files.get(file)?.clone()).ok().map(Into::into)
    }
}

fn describe(old: &Files, new: &Files) -> String {
    let (from, to) = (snapshot(old, "1.0"), snapshot(new, "2.0"));
    let differences = difference(&from, &to);
    let rules = Rules::default();
    let inference =
        infer(&from, &to, &differences, &Texts(old, new), &CommitHistory::default(), &rules);
    let provenance = Provenance { generator: "onx/test".to_owned(), bundle: BTreeMap::new() };
    let (manifest, report) =
        synthesize(&from, &to, &inference, &rules, &provenance).expect("a manifest");
    let again = Manifest::read(manifest.write().as_bytes()).expect("a valid manifest");
    assert_eq!(again, manifest);
    assert!(report.accounting.is_complete());
    assert_eq!(report.accounting.gone as usize, differences.gone.len(), "every path once");
    let mut out = String::new();
    for operation in &manifest.operations {
        let flags = [
            (operation.metadata.breaking, " breaking"),
            (operation.metadata.not_repeatable, " not_repeatable"),
            (operation.metadata.works_before, " works_before"),
        ];
        let flags: String = flags.iter().filter_map(|(on, text)| on.then_some(*text)).collect();
        let _ = writeln!(
            out,
            "{} {} [{}{}]{flags}",
            operation.change.kind(),
            operation.change,
            operation.evidence.method,
            // What is no surer than this is not applied unless someone asks for it.
            if operation.confidence.overall < 0.7 { ", unsure" } else { "" }
        );
    }
    for name in &inference.ambiguous {
        let names: Vec<&str> = name.candidates.iter().map(|c| c.name.as_str()).collect();
        let _ = writeln!(out, "ambiguous {}: {}", name.name, names.join(", "));
    }
    for name in &inference.unseen {
        let _ = writeln!(out, "unseen {}: {}", name.name, name.reason);
    }
    let breakages = breakages(&from, &to, &inference);
    for breakage in &breakages {
        let _ = writeln!(out, "{}: {}", breakage.code, breakage.message);
    }
    let bump = required_bump(&from, &to, &breakages);
    let _ = writeln!(out, "bump {bump:?}");
    out
}

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
    let entries = std::fs::read_dir(root).expect("the rules").flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.sort();
    folders
}

#[test]
fn every_rule_infers_what_is_expected_and_nothing_else() {
    let mut wrong = String::new();
    for folder in folders() {
        let found = describe(&read(&folder.join("old")), &read(&folder.join("new")));
        let file = folder.join("expected.txt");
        if std::env::var_os("ONX_BLESS").is_some() {
            std::fs::write(&file, &found).expect("written");
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        if found != expected {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let _ = writeln!(wrong, "== {name}\n-- expected\n{expected}-- found\n{found}");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn a_version_against_itself_has_no_operation_and_no_difference() {
    for folder in folders() {
        for side in ["old", "new"] {
            let files = read(&folder.join(side));
            let (from, to) = (snapshot(&files, "1.0"), snapshot(&files, "1.0"));
            let differences = difference(&from, &to);
            assert!(differences.is_empty(), "{}", folder.display());
            let rules = Rules::default();
            let inference = infer(
                &from,
                &to,
                &differences,
                &Texts(&files, &files),
                &CommitHistory::default(),
                &rules,
            );
            assert_eq!(inference.operations.len(), 0);
            assert!(breakages(&from, &to, &inference).is_empty());
        }
    }
}

#[test]
fn a_name_is_found_among_many_of_its_module() {
    let module = |prefix: &str| -> Files {
        let body = |number: usize| {
            format!(
                "def {prefix}_{number}(things):\n    \"\"\"Count them from {number} on.\"\"\"\n    \
                 total = {number}\n    for thing in things:\n        total += thing.weight\n    \
                 return total\n"
            )
        };
        let text: String = (0..450).map(body).collect();
        BTreeMap::from([(TreePath::new("shop.py").expect("a path"), text.into_bytes())])
    };
    let found = describe(&module("count_old"), &module("count_new"));
    for number in [0, 7, 449] {
        let line = format!("rename.callable shop.count_old_{number} → shop.count_new_{number} ");
        assert!(found.contains(&line), "{line}");
    }
}
