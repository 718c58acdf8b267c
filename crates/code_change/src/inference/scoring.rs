//! From factors to a raw score and a calibrated confidence.

use std::collections::BTreeMap;

use code_model::evidence::{Confidence, Evidence, Factor, Recommendation, Witness};

use crate::calibration::Calibration;
use crate::rules::Rules;

/// More witnesses than this say nothing new.
const WITNESSES_MAX: usize = 4;

/// The kinds of evidence for one claim, each from 0 to 1.
pub(crate) type Factors = BTreeMap<Factor, f64>;

/// The weighted mean of the factors that are present; an equal definition is certain.
pub(crate) fn raw_score(factors: &Factors, rules: &Rules) -> f64 {
    if factors.get(&Factor::HashMatch).is_some_and(|value| *value >= 1.0) {
        return 1.0;
    }
    let (mut sum, mut weights) = (0.0, 0.0);
    for (factor, value) in factors {
        let weight = rules.weights.get(factor).copied().unwrap_or_default();
        sum += weight * value;
        weights += weight;
    }
    if weights > 0.0 { sum / weights } else { 0.0 }
}

/// The factor that contributes most: the method that a manifest names.
pub(crate) fn method(factors: &Factors, rules: &Rules) -> &'static str {
    let weight = |factor: &Factor| rules.weights.get(factor).copied().unwrap_or_default();
    factors.iter().max_by(|a, b| (a.1 * weight(a.0)).total_cmp(&(b.1 * weight(b.0)))).map_or(
        "unstated",
        |(factor, _)| match factor {
            Factor::CallsiteCoverage => "callsite_analysis",
            factor => factor.name(),
        },
    )
}

/// How sure an operation of this kind is with evidence of this class.
pub(crate) fn confidence(kind: &str, class: &str, factors: &Factors, rules: &Rules) -> Confidence {
    let raw = raw_score(factors, rules);
    let overall = round(Calibration::built_in().probability(kind, class, raw));
    Confidence {
        overall,
        raw: Some(round(raw)),
        factors: factors
            .iter()
            .map(|(factor, value)| (factor.name().to_owned(), round(*value)))
            .collect(),
        recommendation: Recommendation::for_probability(overall),
    }
}

/// The evidence that these factors and witnesses make.
pub(crate) fn evidence(factors: &Factors, witnesses: &[Witness], rules: &Rules) -> Evidence {
    let mut evidence = Evidence::automatic(method(factors, rules));
    let get = |factor| factors.get(&factor).copied().map(round);
    evidence.ast_similarity = get(Factor::AstSimilarity);
    evidence.doc_similarity = get(Factor::DocSimilarity);
    evidence.usage_similarity = get(Factor::UsageSimilarity);
    evidence.witnesses = witnesses.to_vec();
    evidence.witnesses.sort();
    evidence.witnesses.dedup();
    evidence.witnesses.truncate(WITNESSES_MAX);
    evidence
}

/// Four digits are more than any of this is exact to.
pub(crate) fn round(value: f64) -> f64 {
    (value.clamp(0.0, 1.0) * 1e4).round() / 1e4
}
