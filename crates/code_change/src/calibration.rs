//! From a raw score and the class of evidence behind it to the probability of being right.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// An evidence class that has not shown this precision may not be applied without a warning.
const PRECISION_FOR_AUTO: f64 = 0.98;
/// Where such classes are capped.
const CAP: f64 = 0.89;
/// What a class that was never measured is worth at most.
const UNMEASURED_CAP: f64 = 0.69;

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

/// How well probabilities held on pairs that did not help to fit them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// Pairs.
    pub pairs: u32,
    /// Expected calibration error: mean distance between stated and observed, weighted by the
    /// pairs.
    pub expected_calibration_error: f64,
    /// For each tenth: mean stated probability, share that was right, pairs.
    pub bins: Vec<(f64, f64, u32)>,
}

impl Calibration {
    /// The table that comes with this version.
    pub fn built_in() -> &'static Self {
        static TABLE: OnceLock<Calibration> = OnceLock::new();
        TABLE.get_or_init(|| {
            serde_json::from_str(include_str!("calibration.json")).unwrap_or_default()
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

    /// Fits a table: isotonic regression of right or wrong on the raw score within each class,
    /// drawn towards the class's prior where pairs are few, capped where 98 % was not shown.
    pub fn fit(pairs: &[LabelledPair]) -> Self {
        let mut groups: BTreeMap<String, Vec<(f64, bool)>> = BTreeMap::new();
        for pair in pairs {
            let sample = (pair.raw, pair.right);
            groups.entry(format!("*/{}", pair.class)).or_default().push(sample);
            groups.entry(format!("{}/{}", pair.kind, pair.class)).or_default().push(sample);
        }
        let classes = groups
            .into_iter()
            .filter(|(name, samples)| name.starts_with("*/") || samples.len() >= 12)
            .map(|(name, samples)| (name, fit_class(samples)))
            .collect();
        Self { classes }
    }

    /// Fits on all groups but one, judges the held-out one, and sums over all groups.
    #[expect(clippy::cast_sign_loss, reason = "probabilities are not negative")]
    pub fn cross_validate(pairs: &[LabelledPair]) -> Reliability {
        let mut groups: Vec<u32> = pairs.iter().map(|pair| pair.group).collect();
        groups.sort_unstable();
        groups.dedup();
        let mut bins = vec![(0.0, 0.0, 0_u32); 10];
        for group in groups {
            let (held_out, rest): (Vec<_>, Vec<_>) =
                pairs.iter().cloned().partition(|pair| pair.group == group);
            let table = Self::fit(&rest);
            for pair in held_out {
                let stated = table.probability(&pair.kind, &pair.class, pair.raw);
                let bin = &mut bins[((stated * 10.0) as usize).min(9)];
                bin.0 += stated;
                bin.1 += f64::from(pair.right);
                bin.2 += 1;
            }
        }
        let total: u32 = bins.iter().map(|bin| bin.2).sum();
        let error: f64 = bins.iter().map(|bin| (bin.0 - bin.1).abs()).sum();
        for bin in &mut bins {
            let count = f64::from(bin.2.max(1));
            *bin = (bin.0 / count, bin.1 / count, bin.2);
        }
        let expected_calibration_error = error / f64::from(total.max(1));
        Reliability { pairs: total, expected_calibration_error, bins }
    }
}

/// Pool adjacent violators, then a pull of one imagined wrong and one imagined right pair in every
/// pool.
fn fit_class(mut samples: Vec<(f64, bool)>) -> ClassTable {
    samples.sort_by(|a, b| a.0.total_cmp(&b.0));
    let pairs = samples.len() as u32;
    // Each pool: first raw score, right ones, all.
    let mut pools: Vec<(f64, f64, f64)> = Vec::new();
    for (raw, right) in samples {
        pools.push((raw, f64::from(right), 1.0));
        while let [.., a, b] = pools.as_slice()
            && (a.1 / a.2 >= b.1 / b.2 || b.0 - a.0 < 1e-9)
        {
            let merged = (a.0, a.1 + b.1, a.2 + b.2);
            pools.truncate(pools.len() - 2);
            pools.push(merged);
        }
    }
    let steps = pools
        .into_iter()
        .map(|(raw, right, all)| {
            let mean = (right + 0.5) / (all + 1.0);
            // The pull alone keeps small pools below; large ones must have shown the precision.
            let capped = if right / all >= PRECISION_FOR_AUTO { mean } else { mean.min(CAP) };
            ((raw * 1e4).round() / 1e4, (capped * 1e4).round() / 1e4)
        })
        .collect();
    ClassTable { pairs, steps }
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
        let table = Calibration::fit(&pairs);
        let at = |class: &str, raw| table.probability("rename.symbol", class, raw);
        assert!(at("weak", 0.1) < 0.2);
        assert!(at("weak", 0.9) <= CAP && at("weak", 0.9) > 0.8);
        assert!(at("strong", 0.9) > 0.98);
        assert!(at("unheard of", 1.0) <= UNMEASURED_CAP);
        assert!(Calibration::cross_validate(&pairs).expected_calibration_error < 0.1);
    }

    #[test]
    fn the_built_in_table_is_read() {
        assert!(!Calibration::built_in().classes.is_empty());
        for table in Calibration::built_in().classes.values() {
            assert!(table.steps.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 <= w[1].1 + 1e-9));
        }
    }
}
