//! The house rules that no reviewer should have to hold: who may import whom, how long a line, a
//! function's file and a file may be, and that nothing lies around.

#![expect(
    clippy::disallowed_methods,
    reason = "tests make and read folders of their own, and stop at the first surprise"
)]
#![expect(clippy::expect_used, reason = "a check that cannot read the repository has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use testkit::repository::{self, Repository};

/// Which crates a crate may name in its product dependencies. The longest chain has eight links.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("artifact", &[]),
    ("host", &["artifact"]),
    ("ledger", &["artifact"]),
    ("registry", &["artifact", "host", "ledger"]),
    ("run", &["artifact", "host"]),
    ("store", &["artifact", "host", "ledger", "run"]),
    ("sources", &["artifact", "host"]),
    ("code_model", &["artifact"]),
    ("configuration", &["artifact", "code_model"]),
    ("python", &["artifact", "code_model", "configuration", "sources"]),
    ("code_change", &["artifact", "code_model", "python"]),
    ("code_rewrite", &["artifact", "code_model", "configuration", "python"]),
    ("code_check", &["artifact", "code_model", "python"]),
    (
        "code_line",
        &[
            "artifact",
            "code_change",
            "code_check",
            "code_model",
            "code_rewrite",
            "configuration",
            "host",
            "ledger",
            "python",
            "registry",
            "run",
            "sources",
        ],
    ),
    ("cli", &["*"]),
    ("testkit", &["artifact", "host"]),
];

/// Crates that other crates may use in their tests and nowhere else.
const ONLY_FOR_TESTS: &[&str] = &["testkit"];

/// Longest line, in characters.
const LINE_LIMIT: usize = 100;

/// Longest product part of a file, in lines; tests at its end do not count.
const FILE_LIMIT: usize = 700;

/// Files that may be longer, each with its reason.
const LONG_FILES: &[(&str, &str)] =
    &[("crates/python/src/facts/walk.rs", "one walk over all statements, with one state")];

#[test]
fn crates_import_only_what_the_table_allows() {
    let repository = Repository::here();
    let allowed: BTreeMap<_, _> = MAY_IMPORT.iter().copied().collect();
    let mut wrong = Vec::new();
    for crate_folder in repository.crates() {
        let name = repository::file_name(&crate_folder);
        let Some(may) = allowed.get(name.as_str()) else {
            wrong.push(format!("crate `{name}` stands in no row of the import table"));
            continue;
        };
        let manifest = read_toml(&crate_folder.join("Cargo.toml"));
        if manifest["package"]["name"].as_str() != Some(name.as_str()) {
            wrong.push(format!("the crate in crates/{name} has another name"));
        }
        for (section, for_tests) in
            [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
        {
            for used in own_crates_in(&manifest, section, &allowed) {
                let only_for_tests = ONLY_FOR_TESTS.contains(&used.as_str());
                let fits = for_tests
                    || (!only_for_tests && (may.contains(&"*") || may.contains(&used.as_str())));
                if !fits {
                    wrong.push(format!("`{name}` may not import `{used}` ({section})"));
                }
            }
        }
    }
    assert_nothing(&wrong, "imports that the table forbids");
}

#[test]
fn the_import_table_has_no_cycle_and_no_long_chain() {
    let allowed: BTreeMap<_, _> = MAY_IMPORT.iter().copied().collect();
    for (name, _) in MAY_IMPORT.iter().filter(|(name, _)| *name != "cli") {
        assert!(
            depth(name, &allowed, &mut Vec::new()) < 8,
            "`{name}` sits on a chain of 8 or more"
        );
    }
}

#[test]
fn every_rust_file_is_reachable() {
    let repository = Repository::here();
    let mut reached = BTreeSet::new();
    for folder in repository.crates() {
        let mut roots = vec![folder.join("src/lib.rs"), folder.join("src/main.rs")];
        roots.push(folder.join("build.rs"));
        for place in ["src/bin", "tests", "benches", "examples"] {
            roots.extend(repository::children(&folder.join(place), "rs"));
            let below = repository::folders(&folder.join(place));
            roots.extend(below.into_iter().map(|folder| folder.join("main.rs")));
        }
        for root in roots.into_iter().filter(|root| root.is_file()) {
            reach(&root, true, &mut reached);
        }
    }
    for target in repository::children(&repository.root().join("fuzz/targets"), "rs") {
        reach(&target, true, &mut reached);
    }
    let dead: Vec<_> = repository
        .tracked("rs")
        .into_iter()
        .filter(|file| !reached.contains(&repository.root().join(file)))
        .map(|file| format!("{file} is in no module"))
        .collect();
    assert_nothing(&dead, "files that nothing uses");
}

#[test]
fn lines_and_files_are_short_enough_to_read() {
    let repository = Repository::here();
    let mut wrong = Vec::new();
    for file in repository.tracked("rs") {
        let text = repository.read(&file);
        for (number, line) in text.lines().enumerate() {
            // The formatter breaks code, and a text is not broken, so that what a user reads can be
            // searched for; what is left are comments.
            let is_comment = line.trim_start().starts_with("//");
            if is_comment && line.chars().count() > LINE_LIMIT {
                wrong.push(format!("{file}:{} is longer than {LINE_LIMIT}", number + 1));
            }
        }
        let lines = repository::product_part(&text).lines().count();
        let may_be_long = LONG_FILES.iter().any(|(name, _)| *name == file);
        if lines > FILE_LIMIT && !may_be_long && !file.contains("/tests/") {
            wrong.push(format!("{file} has {lines} product lines; {FILE_LIMIT} is the limit"));
        }
    }
    for (file, _) in LONG_FILES {
        if !repository.root().join(file).is_file() {
            wrong.push(format!("the exception for {file} outlived the file"));
        }
    }
    assert_nothing(&wrong, "lines or files over the limit");
}

#[test]
fn only_the_host_meets_the_world() {
    // The pure crates take values and give values; the door to disk, clock and processes is `host`,
    // and `sources` reads through it or through git's object database.
    let forbidden = [
        "std::fs",
        "std::process",
        "std::net",
        "env::var",
        "env::current",
        "SystemTime",
        "Instant::now",
    ];
    let pure = [
        "artifact",
        "ledger",
        "code_model",
        "configuration",
        "python",
        "code_change",
        "code_rewrite",
        "code_check",
    ];
    let repository = Repository::here();
    let mut wrong = Vec::new();
    for file in repository.tracked("rs") {
        let Some(rest) = file.strip_prefix("crates/") else { continue };
        let Some((name, inner)) = rest.split_once('/') else { continue };
        if !pure.contains(&name) || !inner.starts_with("src/") {
            continue;
        }
        let text = repository.read(&file);
        for (number, line) in repository::product_part(&text).lines().enumerate() {
            // An error type of the standard library reaches nothing.
            let code = line.split("//").next().unwrap_or_default().replace("VarError", "");
            for word in forbidden.iter().filter(|word| code.contains(**word)) {
                wrong.push(format!("{file}:{} uses {word}", number + 1));
            }
        }
    }
    assert_nothing(&wrong, "IO or clock in a pure crate");
}

#[test]
fn nothing_speaks_of_one_machine_or_of_how_it_was_made() {
    const NEVER: &[&str] = &["/work/", "/root/", "/home/", "FIXME", "XXX", "seed 00"];
    let repository = Repository::here();
    let mut wrong = Vec::new();
    for file in repository.tracked("") {
        let quoted =
            ["corpus/truth/", "corpus/dependents/", "fuzz/corpus/", "crates/testkit/tests/tidy.rs"];
        if quoted.iter().any(|start| file.starts_with(start)) {
            continue;
        }
        let Ok(text) = fs::read_to_string(repository.root().join(&file)) else { continue };
        // Unit tests may name folders that need not exist.
        for (number, line) in repository::product_part(&text).lines().enumerate() {
            let at = format!("{file}:{}", number + 1);
            for word in NEVER.iter().filter(|word| stands_alone(line, word)) {
                wrong.push(format!("{at}: {word}"));
            }
            if names_an_issue(line) {
                wrong.push(format!("{at} names an issue"));
            }
        }
    }
    assert_nothing(&wrong, "machine paths, notes to oneself or issue numbers");
}

#[test]
fn the_glossary_covers_the_words_of_the_code_line() {
    const WORDS: &[&str] = &[
        "snapshot",
        "symbol",
        "access path",
        "difference",
        "operation",
        "evidence",
        "factor",
        "confidence",
        "recommendation",
        "manifest",
        "bundle",
        "dependent",
        "edit",
        "patch",
        "checkpoint",
        "application",
        "task",
        "run",
        "node",
        "contract",
        "artifact",
        "finding",
    ];
    let glossary = Repository::here().read("GLOSSARY.md").to_lowercase();
    let missing: Vec<_> = WORDS
        .iter()
        .filter(|word| !glossary.contains(&format!("**{word}**")))
        .map(|word| format!("`{word}` is not explained"))
        .collect();
    assert_nothing(&missing, "words without an entry in GLOSSARY.md");
}

#[test]
fn links_in_the_documents_lead_somewhere() {
    let repository = Repository::here();
    let mut wrong = Vec::new();
    for file in repository.tracked("md") {
        if file.contains("/fixtures/") {
            continue;
        }
        let text = repository.read(&file);
        let folder = Path::new(&file).parent().unwrap_or(Path::new("")).to_owned();
        for target in repository::links(&text) {
            let path = target.split('#').next().unwrap_or_default();
            if path.is_empty() || path.contains("://") || path.starts_with("mailto:") {
                continue;
            }
            if !repository.root().join(&folder).join(path).exists() {
                wrong.push(format!("{file} links to {target}, which is not there"));
            }
        }
    }
    assert_nothing(&wrong, "links that lead nowhere");
}

#[test]
fn scripts_are_strict_and_can_be_run() {
    let repository = Repository::here();
    let mut wrong = Vec::new();
    for file in repository.tracked("") {
        let text = fs::read_to_string(repository.root().join(&file)).unwrap_or_default();
        if !text.starts_with("#!/usr/bin/env bash") {
            continue;
        }
        if !text.lines().any(|line| line == "set -euo pipefail") {
            wrong.push(format!("{file} does not stop at the first failure"));
        }
        if !repository::is_executable(&repository.root().join(&file)) {
            wrong.push(format!("{file} cannot be run"));
        }
    }
    assert_nothing(&wrong, "scripts that are not strict");
}

/// How many crates stand one above the other below this one.
fn depth(name: &str, allowed: &BTreeMap<&str, &[&str]>, above: &mut Vec<String>) -> usize {
    assert!(!above.iter().any(|n| n == name), "cycle: {} -> {name}", above.join(" -> "));
    above.push(name.to_owned());
    let below = allowed[name].iter().filter(|n| **n != "*");
    let deepest = below.map(|n| depth(n, allowed, above)).max().unwrap_or(0);
    above.pop();
    deepest + 1
}

fn assert_nothing(wrong: &[String], what: &str) {
    assert!(wrong.is_empty(), "{what}:\n  {}", wrong.join("\n  "));
}

fn read_toml(path: &Path) -> toml::Table {
    let text = fs::read_to_string(path).expect("every crate has a Cargo.toml");
    text.parse().expect("cargo reads it, so it is TOML")
}

fn own_crates_in(
    manifest: &toml::Table,
    section: &str,
    own: &BTreeMap<&str, &[&str]>,
) -> Vec<String> {
    let mut tables = vec![manifest.get(section)];
    if let Some(targets) = manifest.get("target").and_then(toml::Value::as_table) {
        tables.extend(targets.values().map(|target| target.get(section)));
    }
    tables
        .into_iter()
        .flatten()
        .filter_map(toml::Value::as_table)
        .flat_map(toml::Table::keys)
        .filter(|name| own.contains_key(name.as_str()))
        .cloned()
        .collect()
}

/// Marks a file and every module that it declares, as the compiler would find them.
fn reach(file: &Path, is_root: bool, reached: &mut BTreeSet<PathBuf>) {
    if !reached.insert(file.to_owned()) {
        return;
    }
    let text = fs::read_to_string(file).unwrap_or_default();
    let folder = file.parent().expect("a file lies in a folder");
    let stem = file.file_stem().expect("a file has a name").to_string_lossy().into_owned();
    let below = if is_root || stem == "mod" { folder.to_owned() } else { folder.join(&stem) };
    // A module that is compiled more than once says where it is.
    for line in text.lines() {
        let path = line.trim().strip_prefix("#[path = \"").and_then(|it| it.strip_suffix("\"]"));
        if let Some(path) = path {
            reach(&folder.join(path), false, reached);
        }
    }
    for name in repository::declared_modules(&text) {
        for candidate in [below.join(format!("{name}.rs")), below.join(&name).join("mod.rs")] {
            if candidate.is_file() {
                reach(&candidate, false, reached);
            }
        }
    }
}

fn names_an_issue(line: &str) -> bool {
    let lower = line.to_lowercase();
    lower
        .match_indices("issue #")
        .any(|(at, found)| lower[at + found.len()..].starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether a word stands in a line and is not the tail of a longer one (`framework/` is no path).
fn stands_alone(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-'))
    })
}
