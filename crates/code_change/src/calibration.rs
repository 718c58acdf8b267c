//! From a raw score and the class of evidence behind it to the probability of being right.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::reliability::Reliability;

/// An evidence class that has not shown this precision may not be applied without a warning.
const PRECISION_FOR_AUTO: f64 = 0.98;
/// Where such classes are capped.
const CAP: f64 = 0.89;
/// The one-sided 90 % quantile of the normal distribution, for the Wilson interval: its lower end
/// must lie above the cap, or chance may have shown what the cap allows for. So all of fourteen
/// pairs must be right, and of fifty all but one.
const QUANTILE: f64 = 1.281_551_6;
/// What a class that was never measured is worth at most.
const UNMEASURED_CAP: f64 = 0.69;
/// How many pairs the estimate that a class or a stretch of scores is drawn towards counts for.
const PRIOR_PAIRS: f64 = 2.0;
/// A kind of operation has a table of its own within a class from so many pairs on.
const KIND_PAIRS_MIN: usize = 60;

/// A table of probabilities by kind of operation, class of evidence and raw score.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// By `kind/class`, then `*/class`.
    pub classes: BTreeMap<String, ClassTable>,
}

/// What was measured about one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassTable {
    /// Labelled pairs that this rests on.
    pub pairs: u32,
    /// How many of them were right.
    pub right: u32,
    /// How many libraries they come from.
    pub libraries: u32,
    /// From each raw score on, this probability; in increasing order of both.
    pub steps: Vec<(f64, f64)>,
}

/// One labelled pair: numbers only, no names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelledPair {
    /// Which library it comes from, as a number: pairs of one library are held out together.
    pub group: u32,
    /// The kind of operation.
    pub kind: String,
    /// The class of evidence.
    pub class: String,
    /// The raw score.
    pub raw: f64,
    /// Whether the operation is right.
    pub right: bool,
}

/// What each class is taken to be worth before any of its pairs was read, judged from the way in
/// which the evidence comes about.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Priors(pub BTreeMap<String, f64>);

impl Priors {
    /// The priors that come with this version.
    pub fn built_in() -> &'static Self {
        static PRIORS: OnceLock<Priors> = OnceLock::new();
        PRIORS.get_or_init(|| {
            serde_json::from_str(include_str!("../calibration/priors.json")).unwrap_or_default()
        })
    }

    fn of(&self, class: &str) -> f64 {
        self.0.get(class).copied().unwrap_or(UNMEASURED_CAP)
    }
}

impl Calibration {
    /// The table that comes with this version.
    pub fn built_in() -> &'static Self {
        static TABLE: OnceLock<Calibration> = OnceLock::new();
        TABLE.get_or_init(|| {
            serde_json::from_str(include_str!("../calibration/table.json")).unwrap_or_default()
        })
    }

    /// The probability that an operation of this kind, class and raw score is right.
    pub fn probability(&self, kind: &str, class: &str, raw: f64) -> f64 {
        let table = self
            .classes
            .get(&format!("{kind}/{class}"))
            .or_else(|| self.classes.get(&format!("*/{class}")));
        let Some(table) = table else { return raw.min(UNMEASURED_CAP) };
        let reached = table.steps.iter().rev().find(|(from, _)| raw + 1e-9 >= *from);
        reached.or(table.steps.first()).map_or(UNMEASURED_CAP, |(_, probability)| *probability)
    }

    /// Fits a table: isotonic regression of right or wrong on the raw score within each class. A
    /// stretch of scores is drawn towards its class, a kind towards the class of all kinds, and a
    /// class towards its prior, each where pairs are few; what has not shown the precision that
    /// applying without a warning needs is capped.
    pub fn fit(pairs: &[LabelledPair], priors: &Priors) -> Self {
        let mut by_class: BTreeMap<&str, Vec<&LabelledPair>> =
            priors.0.keys().map(|class| (class.as_str(), Vec::new())).collect();
        for pair in pairs {
            by_class.entry(&pair.class).or_default().push(pair);
        }
        let mut classes = BTreeMap::new();
        for (class, samples) in by_class {
            let prior = priors.of(class);
            let mut kinds: BTreeMap<&str, Vec<&LabelledPair>> = BTreeMap::new();
            for pair in &samples {
                kinds.entry(&pair.kind).or_default().push(pair);
            }
            // A kind that is all of the class would say the same once more.
            let alone = kinds.len() == 1;
            for (kind, own) in kinds {
                if !alone && own.len() >= KIND_PAIRS_MIN {
                    let others = samples.iter().filter(|pair| pair.kind != kind);
                    let (right, all) = counted(others.map(|pair| pair.right));
                    let towards = drawn(right, all, prior);
                    classes.insert(format!("{kind}/{class}"), fit_class(own, towards));
                }
            }
            classes.insert(format!("*/{class}"), fit_class(samples, prior));
        }
        Self { classes }
    }

    /// Fits on all groups but one, judges the held-out one, and sums over all groups.
    pub fn cross_validate(pairs: &[LabelledPair], priors: &Priors) -> Reliability {
        let groups: BTreeSet<u32> = pairs.iter().map(|pair| pair.group).collect();
        let mut judged = Vec::new();
        for group in groups {
            let (held_out, rest): (Vec<_>, Vec<_>) =
                pairs.iter().cloned().partition(|pair| pair.group == group);
            let table = Self::fit(&rest, priors);
            judged.extend(
                held_out
                    .iter()
                    .map(|pair| (table.probability(&pair.kind, &pair.class, pair.raw), pair.right)),
            );
        }
        Reliability::of(&judged)
    }
}

/// How many are right, and how many there are.
fn counted(verdicts: impl Iterator<Item = bool>) -> (f64, f64) {
    verdicts.fold((0.0, 0.0), |(right, all), it| (right + f64::from(it), all + 1.0))
}

/// A share, drawn towards an estimate where there are few.
fn drawn(right: f64, all: f64, towards: f64) -> f64 {
    (right + PRIOR_PAIRS * towards) / (all + PRIOR_PAIRS)
}

/// The lower end of the Wilson interval for a share.
fn lower_end(right: f64, all: f64) -> f64 {
    let (share, square) = (right / all, QUANTILE * QUANTILE);
    let middle = share + square / (2.0 * all);
    let half = QUANTILE * (share * (1.0 - share) / all + square / (4.0 * all * all)).sqrt();
    (middle - half) / (1.0 + square / all)
}

/// Pools adjacent violators, then draws every pool towards what the others of the class and its
/// prior say.
fn fit_class(mut samples: Vec<&LabelledPair>, prior: f64) -> ClassTable {
    samples.sort_by(|a, b| a.raw.total_cmp(&b.raw));
    let libraries: BTreeSet<u32> = samples.iter().map(|pair| pair.group).collect();
    // Each pool: first raw score, right ones, all.
    let mut pools: Vec<(f64, f64, f64)> = Vec::new();
    for pair in &samples {
        pools.push((pair.raw, f64::from(pair.right), 1.0));
        while let [.., a, b] = pools.as_slice()
            && (a.1 / a.2 >= b.1 / b.2 || b.0 - a.0 < 1e-9)
        {
            let merged = (a.0, a.1 + b.1, a.2 + b.2);
            pools.truncate(pools.len() - 2);
            pools.push(merged);
        }
    }
    let (class_right, class_all) = counted(samples.iter().map(|pair| pair.right));
    let rounded = |value: f64| (value * 1e4).round() / 1e4;
    let mut steps: Vec<(f64, f64)> = pools
        .into_iter()
        .map(|(raw, right, all)| {
            let towards = drawn(class_right - right, class_all - all, prior);
            let mean = drawn(right, all, towards);
            let shown = right / all >= PRECISION_FOR_AUTO && lower_end(right, all) >= CAP;
            (rounded(raw), rounded(if shown { mean } else { mean.min(CAP) }))
        })
        .collect();
    // Pools of different sizes are drawn by different amounts; of two the lower one holds.
    for at in (1..steps.len()).rev() {
        steps[at - 1].1 = steps[at - 1].1.min(steps[at].1);
    }
    if steps.is_empty() {
        steps.push((0.0, rounded(prior.min(CAP))));
    }
    ClassTable {
        pairs: samples.len() as u32,
        right: samples.iter().filter(|pair| pair.right).count() as u32,
        libraries: libraries.len() as u32,
        steps,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(group: u32, class: &str, raw: f64, right: bool) -> LabelledPair {
        LabelledPair {
            group,
            kind: "rename.symbol".to_owned(),
            class: class.to_owned(),
            raw,
            right,
        }
    }

    #[test]
    fn probabilities_grow_with_the_score_and_are_capped() {
        let pairs: Vec<LabelledPair> = (0..200)
            .map(|i| pair(i % 4, "weak", f64::from(i) / 200.0, i % 10 != 0 && i > 60))
            .chain((0..200).map(|i| pair(i % 4, "strong", f64::from(i) / 200.0, true)))
            .collect();
        let table = Calibration::fit(&pairs, &Priors::default());
        let at = |class: &str, raw| table.probability("rename.symbol", class, raw);
        assert!(at("weak", 0.1) < 0.2);
        assert!(at("weak", 0.9) <= CAP && at("weak", 0.9) > 0.8);
        assert!(at("strong", 0.9) > 0.98);
        assert!(at("unheard of", 1.0) <= UNMEASURED_CAP);
        assert!(
            Calibration::cross_validate(&pairs, &Priors::default()).expected_calibration_error
                < 0.1
        );
    }

    #[test]
    fn a_class_says_what_it_has_shown_and_no_more() {
        let all_right = |count: u32| -> f64 {
            let pairs: Vec<LabelledPair> = (0..count).map(|i| pair(i, "new", 1.0, true)).collect();
            Calibration::fit(&pairs, &Priors::default()).probability("rename.symbol", "new", 1.0)
        };
        assert!(all_right(13) <= CAP, "chance leaves room below the cap");
        assert!(all_right(14) > 0.95);
        let priors = Priors(BTreeMap::from([("judged".to_owned(), 0.97)]));
        let judged = Calibration::fit(&[], &priors);
        assert!((judged.probability("rename.symbol", "judged", 1.0) - CAP).abs() < 1e-9);
        let one_wrong = Calibration::fit(&[pair(0, "judged", 1.0, false)], &priors);
        assert!(one_wrong.probability("rename.symbol", "judged", 1.0) < 0.7);
    }

    #[test]
    fn the_built_in_table_is_read() {
        assert!(!Calibration::built_in().classes.is_empty());
        for table in Calibration::built_in().classes.values() {
            assert!(table.steps.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 <= w[1].1 + 1e-9));
        }
    }
}
