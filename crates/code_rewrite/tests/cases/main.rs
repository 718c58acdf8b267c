//! Literate cases: Python before and after, in Markdown. Every case is applied, compared byte for
//! byte, applied again (nothing must change), and what comes out is checked for names that nothing
//! binds and imports that nothing uses.
//!
//! Cases below `tests/cases` need no library. Those below `tests/typed` are about one that lies
//! beside them in two versions: its stubs type receivers, its snapshots say what names mean.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "tests make and read folders of their own, and stop at the first surprise"
)]

mod harness;
mod library;
mod literate;
mod matrix;
mod patch;
mod properties;
mod requirement;

use std::path::{Path, PathBuf};

use harness::{Versions, check};
use library::Library;
use literate::Case;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// Every case of a folder, its texts in order of their names.
fn cases(name: &str) -> Vec<Case> {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder(name)).expect("the cases").flatten().map(|e| e.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a text");
        let file = path.file_stem().expect("a name").to_string_lossy();
        found.extend(literate::read(&file, &text));
    }
    found
}

/// Checks all cases and reports every one that fails.
fn run(cases: &[Case], versions: &Versions<'_>) {
    let mut report = String::new();
    for case in cases {
        if let Err(why) = check(case, versions) {
            report.push_str(&format!("\n=== {} / {} / {}\n{why}\n", case.file, case.name, case.of));
        }
    }
    assert!(report.is_empty(), "{report}");
}

#[test]
fn every_case_comes_out_as_written() {
    let cases = cases("cases");
    assert!(cases.len() > 290, "only {} cases were found", cases.len());
    run(&cases, &Versions::OfTheCase);
}

#[test]
fn every_typed_case_comes_out_as_written() {
    let cases = cases("typed");
    assert!(cases.len() > 200, "only {} cases were found", cases.len());
    let (old, new) = (Library::read(&folder("typed/old")), Library::read(&folder("typed/new")));
    let old = old.beside(&new);
    run(&cases, &Versions::Library(&old, &new));
}
