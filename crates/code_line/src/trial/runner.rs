//! The programs that run tests, and how what the tests came to is read from each.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use artifact::TreePath;
use code_rewrite::DependentFile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::outcome::TestOutcome;

/// What a plugin of pytest writes results with.
pub(super) const RESULTS_OF_PYTEST: &str = include_str!("results_of_pytest.py");
/// What tests of unittest are run with.
pub(super) const RESULTS_OF_UNITTEST: &str = include_str!("results_of_unittest.py");

/// A program that runs tests.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TestRunner {
    /// `pytest`.
    Pytest,
    /// `unittest` of the standard library.
    Unittest,
    /// `nox`, with the sessions of the package.
    Nox,
    /// `tox`, with the environments of the package.
    Tox,
}

impl TestRunner {
    /// The name that flags and messages use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pytest => "pytest",
            Self::Unittest => "unittest",
            Self::Nox => "nox",
            Self::Tox => "tox",
        }
    }

    /// What a package is set up for: pytest where anything speaks of it, else what its files are
    /// written for.
    pub(super) fn of_package(files: &[DependentFile]) -> Option<Self> {
        let text = |file: &DependentFile| String::from_utf8_lossy(&file.content).into_owned();
        let named = |name: &str| files.iter().find(|file| file.path.as_str() == name);
        let speaks =
            |name: &str, words: &str| named(name).is_some_and(|it| text(it).contains(words));
        let is_test = |file: &DependentFile| {
            let name = file.path.file_name();
            name.ends_with(".py")
                && (name.starts_with("test_") || name.ends_with("_test.py") || name == "tests.py")
        };
        let uses_pytest = named("pytest.ini").is_some()
            || speaks("pyproject.toml", "pytest")
            || speaks("setup.cfg", "pytest")
            || speaks("setup.py", "pytest")
            || speaks("tox.ini", "pytest")
            || files.iter().any(|file| file.path.file_name() == "conftest.py")
            || files.iter().filter(|it| is_test(it)).any(|it| text(it).contains("import pytest"));
        if uses_pytest {
            return Some(Self::Pytest);
        }
        if files.iter().any(is_test) {
            return Some(Self::Unittest);
        }
        if named("tox.ini").is_some() {
            return Some(Self::Tox);
        }
        named("noxfile.py").map(|_| Self::Nox)
    }

    /// The packages that it needs beside those of the tests.
    pub(super) fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Pytest => &["pytest"],
            Self::Unittest => &[],
            Self::Nox => &["nox"],
            Self::Tox => &["tox"],
        }
    }

    /// Whether coverage is measured: the others make environments of their own.
    pub(super) fn can_be_covered(self) -> bool {
        matches!(self, Self::Pytest | Self::Unittest)
    }

    /// The arguments of the interpreter that run the tests. `installed` are the names of packages
    /// that may stand in the way of repeatable results.
    pub(super) fn arguments(self, tools: &Path, installed: &[String]) -> Vec<String> {
        let has = |name: &str| installed.iter().any(|it| it.starts_with(&format!("{name}==")));
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let mut arguments: Vec<String> = match self {
            Self::Pytest => owned(&["-m", "pytest", "--color=no", "-q", "--tb=short"]),
            Self::Unittest => vec![tools.join("results_of_unittest.py").display().to_string()],
            Self::Nox => owned(&["-m", "nox", "--non-interactive", "--nocolor"]),
            Self::Tox => owned(&["-m", "tox"]),
        };
        match self {
            Self::Pytest => {
                for (package, flags) in [
                    ("pytest-cov", &["--no-cov"][..]),
                    ("pytest-xdist", &["-n0"]),
                    ("pytest-randomly", &["-p", "no:randomly"]),
                ] {
                    if has(package) {
                        arguments.extend(owned(flags));
                    }
                }
            }
            Self::Unittest => {}
            Self::Nox => arguments.extend(owned(&["--report", "../results/nox.json"])),
            Self::Tox => arguments.extend(owned(&["--result-json", "../results/tox.json"])),
        }
        arguments
    }
}

impl fmt::Display for TestRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The files of results, below the folder of a trial.
pub(super) const TESTS_FILE: &str = "results/tests.jsonl";
const NOX_FILE: &str = "results/nox.json";
const TOX_FILE: &str = "results/tox.json";

/// Reads what tests came to from the files that they left; `read` gives the bytes of one. Whoever
/// writes them may be the code under test, so that what is no result is passed over.
pub(super) fn results(
    read: &dyn Fn(&TreePath) -> Option<Vec<u8>>,
) -> BTreeMap<String, TestOutcome> {
    #[derive(Deserialize)]
    struct Line {
        test: String,
        outcome: TestOutcome,
    }
    let bytes = |name: &str| TreePath::new(name).ok().and_then(|path| read(&path));
    let mut tests: BTreeMap<String, TestOutcome> = BTreeMap::new();
    for line in bytes(TESTS_FILE).unwrap_or_default().split(|byte| *byte == b'\n') {
        let Ok(Line { test, outcome }) = serde_json::from_slice(line) else { continue };
        // A test that passed and could not be taken down has two lines.
        tests.entry(test).and_modify(|it| *it = (*it).max(outcome)).or_insert(outcome);
    }
    tests.extend(bytes(NOX_FILE).map(|it| sessions_of_nox(&it)).unwrap_or_default());
    tests.extend(bytes(TOX_FILE).map(|it| environments_of_tox(&it)).unwrap_or_default());
    tests
}

fn sessions_of_nox(bytes: &[u8]) -> BTreeMap<String, TestOutcome> {
    #[derive(Deserialize)]
    struct Report {
        sessions: Vec<Session>,
    }
    #[derive(Deserialize)]
    struct Session {
        name: String,
        result: String,
    }
    let Ok(report) = serde_json::from_slice::<Report>(bytes) else { return BTreeMap::new() };
    let outcome = |result: &str| match result {
        "success" => TestOutcome::Passed,
        "skipped" => TestOutcome::Skipped,
        _ => TestOutcome::Failed,
    };
    let session = |it: Session| (format!("session {}", it.name), outcome(&it.result));
    report.sessions.into_iter().map(session).collect()
}

fn environments_of_tox(bytes: &[u8]) -> BTreeMap<String, TestOutcome> {
    #[derive(Deserialize)]
    struct Report {
        testenvs: BTreeMap<String, Environment>,
    }
    #[derive(Deserialize)]
    struct Environment {
        result: Option<Ended>,
    }
    #[derive(Deserialize)]
    struct Ended {
        success: bool,
    }
    let Ok(report) = serde_json::from_slice::<Report>(bytes) else { return BTreeMap::new() };
    // The one that builds the package has no result of its own.
    let ended = report.testenvs.into_iter().filter_map(|(name, it)| Some((name, it.result?)));
    let outcome = |ended: &Ended| {
        if ended.success { TestOutcome::Passed } else { TestOutcome::Failed }
    };
    ended.map(|(name, it)| (format!("environment {name}"), outcome(&it))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> DependentFile {
        let path = TreePath::new(path).expect("a path");
        DependentFile { path, content: text.as_bytes().into(), module: None }
    }

    #[test]
    fn packages_are_set_up_for_a_runner() {
        let table = [
            (vec![file("tests/conftest.py", "")], Some(TestRunner::Pytest)),
            (vec![file("pyproject.toml", "[tool.pytest.ini_options]")], Some(TestRunner::Pytest)),
            (vec![file("tests/test_a.py", "import pytest\n")], Some(TestRunner::Pytest)),
            (vec![file("tests/test_a.py", "import unittest\n")], Some(TestRunner::Unittest)),
            (vec![file("tox.ini", "[testenv]\ncommands = run\n")], Some(TestRunner::Tox)),
            (vec![file("noxfile.py", "import nox\n")], Some(TestRunner::Nox)),
            (vec![file("a.py", "")], None),
        ];
        for (files, expected) in table {
            assert_eq!(TestRunner::of_package(&files), expected, "{}", files[0].path);
        }
    }

    #[test]
    fn results_of_every_runner_are_read() {
        let read = |path: &TreePath| {
            let text = match path.as_str() {
                TESTS_FILE => {
                    "{\"test\":\"a\",\"outcome\":\"passed\"}\nrubbish\n\
                     {\"test\":\"b\",\"outcome\":\"passed\"}\n\
                     {\"test\":\"b\",\"outcome\":\"error\"}\n"
                }
                NOX_FILE => {
                    "{\"result\":0,\"sessions\":[{\"name\":\"lint\",\"result\":\"failed\",\
                     \"args\":{}},{\"name\":\"tests\",\"result\":\"success\"}]}"
                }
                TOX_FILE => {
                    "{\"reportversion\":\"1\",\"testenvs\":{\".pkg\":{\"setup\":[]},\
                     \"py\":{\"result\":{\"success\":true,\"exit_code\":0,\"duration\":1.2}}}}"
                }
                _ => return None,
            };
            Some(text.as_bytes().to_vec())
        };
        let expected = BTreeMap::from([
            ("a".to_owned(), TestOutcome::Passed),
            ("b".to_owned(), TestOutcome::Error),
            ("environment py".to_owned(), TestOutcome::Passed),
            ("session lint".to_owned(), TestOutcome::Failed),
            ("session tests".to_owned(), TestOutcome::Passed),
        ]);
        assert_eq!(results(&read), expected);
    }
}
