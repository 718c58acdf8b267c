//! What tests came to, and what two runs of them say about a migration.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Coverage that falls by more percentage points than this is a reason to refuse.
pub(super) const COVERAGE_LOSS_MAX: f64 = 5.0;

/// What one test came to.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    /// It did what it should.
    Passed,
    /// It failed as it was expected to.
    ExpectedFailure,
    /// It was not run.
    Skipped,
    /// It was expected to fail and did not.
    UnexpectedPass,
    /// It did something else than it should.
    Failed,
    /// It could not be run to its end: it could not be imported, or be set up.
    Error,
}

impl TestOutcome {
    /// Whether the test speaks for the code.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Passed | Self::ExpectedFailure)
    }

    /// What messages call it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::ExpectedFailure => "failed as expected",
            Self::Skipped => "skipped",
            Self::UnexpectedPass => "passed unexpectedly",
            Self::Failed => "failed",
            Self::Error => "error",
        }
    }
}

/// How a run of tests ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrialEnding {
    /// By itself.
    Ended,
    /// It was stopped because its time was over.
    TimedOut,
    /// A signal ended it, as when it takes more memory than it is given.
    Killed,
}

/// One run of a dependent's tests against one version of the library.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// The version of the library.
    pub version: String,
    /// How it ended.
    pub ending: TrialEnding,
    /// The exit code of the runner.
    pub exit_code: i32,
    /// Every test by its name.
    pub tests: BTreeMap<String, TestOutcome>,
    /// How much of the dependent's code the tests ran, in percent; none where it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage_percent: Option<f64>,
    /// The packages that were installed, as `name==version`.
    pub installed: Vec<String>,
    /// The last lines that the runner printed.
    pub last_lines: Vec<String>,
}

impl Trial {
    /// How many tests came to this.
    pub fn count(&self, outcome: TestOutcome) -> usize {
        self.tests.values().filter(|it| **it == outcome).count()
    }

    /// How many tests speak for the code.
    pub fn good(&self) -> usize {
        self.tests.values().filter(|it| it.is_good()).count()
    }
}

/// A test that came to something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedTest {
    /// Its name.
    pub test: String,
    /// What it came to before; none when there was no such test.
    pub before: Option<TestOutcome>,
    /// What it came to after; none when there is no such test any more.
    pub after: Option<TestOutcome>,
}

/// Every test that came to something else, by name.
pub(super) fn changed(before: &Trial, after: &Trial) -> Vec<ChangedTest> {
    let mut names: Vec<&String> = before.tests.keys().chain(after.tests.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let pairs = names.into_iter().map(|name| ChangedTest {
        test: name.clone(),
        before: before.tests.get(name).copied(),
        after: after.tests.get(name).copied(),
    });
    pairs.filter(|pair| pair.before != pair.after).collect()
}

/// Why the tests do not show that the migration kept what worked; empty when they do.
pub(super) fn reasons(before: &Trial, after: &Trial) -> Vec<String> {
    let mut reasons = Vec::new();
    if before.good() == 0 {
        reasons
            .push("no test passed before, so nothing shows that anything still works".to_owned());
    }
    for (trial, when) in [(before, "before"), (after, "after")] {
        match trial.ending {
            TrialEnding::Ended => {}
            TrialEnding::TimedOut => reasons.push(format!("the tests {when} ran out of time")),
            TrialEnding::Killed => reasons.push(format!("the tests {when} were killed")),
        }
    }
    let changed = changed(before, after);
    let was_good = |pair: &&ChangedTest| pair.before.is_some_and(TestOutcome::is_good);
    let count = |wanted: &dyn Fn(&ChangedTest) -> bool| {
        changed.iter().filter(was_good).filter(|pair| wanted(pair)).count()
    };
    let broken =
        count(&|pair| pair.after.is_some_and(|it| !it.is_good() && it != TestOutcome::Skipped));
    if broken > 0 {
        reasons.push(format!("{} that passed before", tests_do(broken, "fails", "fail")));
    }
    let vanished = count(&|pair| pair.after.is_none());
    if vanished > 0 {
        reasons.push(format!("{} that passed before", tests_do(vanished, "is gone", "are gone")));
    }
    let (skipped, skipped_before) =
        (after.count(TestOutcome::Skipped), before.count(TestOutcome::Skipped));
    if skipped > skipped_before {
        let more = skipped - skipped_before;
        reasons
            .push(format!("{} than before", tests_do(more, "more is skipped", "more are skipped")));
    }
    if let (Some(old), Some(new)) = (before.coverage_percent, after.coverage_percent)
        && old - new > COVERAGE_LOSS_MAX
    {
        reasons.push(format!("the tests cover {new:.1} % of the code, {old:.1} % before"));
    }
    reasons
}

fn tests_do(count: usize, one: &str, several: &str) -> String {
    match count {
        1 => format!("1 test {one}"),
        n => format!("{n} tests {several}"),
    }
}

#[cfg(test)]
mod tests {
    use super::TestOutcome::{Error, ExpectedFailure, Failed, Passed, Skipped};
    use super::*;

    fn trial(tests: &[(&str, TestOutcome)], coverage_percent: Option<f64>) -> Trial {
        Trial {
            version: "1".to_owned(),
            ending: TrialEnding::Ended,
            exit_code: 0,
            tests: tests.iter().map(|(name, outcome)| ((*name).to_owned(), *outcome)).collect(),
            coverage_percent,
            installed: Vec::new(),
            last_lines: Vec::new(),
        }
    }

    #[test]
    fn success_needs_every_test_that_passed() {
        let before = trial(&[("a", Passed), ("b", Passed), ("c", Failed)], Some(80.0));
        let verdict = |tests: &[_], coverage| reasons(&before, &trial(tests, coverage)).join("; ");
        let same = [("a", Passed), ("b", Passed), ("c", Failed)];
        assert_eq!(verdict(&same, Some(75.0)), "");
        assert_eq!(verdict(&same, None), "");
        assert!(verdict(&same, Some(74.9)).contains("74.9 %"));
        assert_eq!(verdict(&[("a", Passed), ("b", ExpectedFailure), ("d", Failed)], None), "");
        let fails = verdict(&[("a", Passed), ("b", Error), ("c", Failed)], None);
        assert_eq!(fails, "1 test fails that passed before");
        let gone = verdict(&[("c", Passed)], None);
        assert_eq!(gone, "2 tests are gone that passed before");
        let skipped = verdict(&[("a", Passed), ("b", Skipped), ("c", Failed)], None);
        assert_eq!(skipped, "1 test more is skipped than before");
    }

    #[test]
    fn tests_that_say_nothing_verify_nothing() {
        let none = trial(&[], None);
        assert_eq!(reasons(&none, &none).len(), 1);
        let mut slow = trial(&[("a", Passed)], None);
        let quick = slow.clone();
        slow.ending = TrialEnding::TimedOut;
        assert_eq!(reasons(&quick, &slow), ["the tests after ran out of time"]);
    }

    #[test]
    fn what_changed_is_named() {
        let before = trial(&[("a", Passed), ("b", Failed), ("c", Passed)], None);
        let after = trial(&[("a", Passed), ("b", Passed), ("d", Passed)], None);
        let named: Vec<String> = changed(&before, &after).into_iter().map(|it| it.test).collect();
        assert_eq!(named, ["b", "c", "d"]);
    }
}
