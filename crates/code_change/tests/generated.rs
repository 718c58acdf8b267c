//! What is made from the labelled pairs: the table of probabilities, the reliability diagram and
//! the page on both. `scripts/generate` writes them anew.

#![expect(clippy::expect_used, reason = "a page that cannot be made is a failed test")]
#![expect(clippy::disallowed_methods, reason = "it reads and writes files itself")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use code_change::calibration::{Calibration, LabelledPair, Priors};
use code_change::reliability::Reliability;

/// Compares a file with what belongs there; `ONX_UPDATE=1` writes it.
fn fresh(path: &Path, text: &str) {
    if std::env::var_os("ONX_UPDATE").is_some() {
        std::fs::write(path, text).expect("written");
    }
    let known = std::fs::read_to_string(path).unwrap_or_default();
    assert!(known == text, "{} is not fresh: run scripts/generate", path.display());
}

#[test]
fn the_table_of_probabilities_and_its_picture_are_those_of_the_labelled_pairs() {
    let pairs: Vec<LabelledPair> =
        serde_json::from_str(include_str!("../calibration/pairs.json")).expect("labelled pairs");
    let table = Calibration::fit(&pairs, Priors::built_in());
    let reliability = Calibration::cross_validate(&pairs, Priors::built_in());
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = own.join("../../docs");
    let text = serde_json::to_string_pretty(&table).expect("a table is JSON") + "\n";
    fresh(&own.join("calibration/table.json"), &text);
    fresh(&docs.join("reliability.svg"), &reliability.diagram());
    fresh(&docs.join("calibration.md"), &calibration_page(&table, &reliability, &pairs));
    // What is promised of a confidence of 0.9.
    assert!(reliability.expected_calibration_error <= 0.05, "{reliability:?}");
    assert!(reliability.confident_right * 100 >= reliability.confident * 98, "{reliability:?}");
}

fn calibration_page(
    table: &Calibration,
    reliability: &Reliability,
    pairs: &[LabelledPair],
) -> String {
    let libraries: BTreeSet<u32> = pairs.iter().map(|pair| pair.group).collect();
    let mut page = format!(
        "# What a confidence rests on\n\nA confidence is the share of operations of its kind, with \
         its class of evidence, that were right among\n{} labelled pairs of {} libraries. This page \
         is made by `scripts/generate` from `crates/code_change/calibration`, which\nholds numbers \
         and no names.\n\n## Reliability\n\nEvery library was judged by a table that was fitted \
         without it.\n\n![Stated probability and share that was right](reliability.svg)\n\n{}\n\
         The expected calibration error, which is the mean distance between stated and right, is \
         {:.3}.\nOf {} pairs that were stated at 0.9 or more {} are right.\n\n",
        pairs.len(),
        libraries.len(),
        reliability.table(),
        reliability.expected_calibration_error,
        reliability.confident,
        reliability.confident_right
    );
    page.push_str(
        "## Classes\n\nA class may be stated above 0.89 once at least 98 % of its pairs were right \
         and the lower end of the Wilson\ninterval (one-sided, 90 %) lies above 0.89 as well, which \
         takes fourteen pairs without a mistake. A class with\nfew pairs is drawn towards a prior \
         that was set by hand from the way in which the evidence comes about, and\nwhich counts for \
         two pairs.\n\n| kind | class | pairs | right | libraries | probability |\n\
         |---|---|---:|---:|---:|---:|\n",
    );
    for (name, class) in &table.classes {
        let (kind, class_name) = name.split_once('/').expect("kind and class");
        let low = class.steps.first().map_or(0.0, |step| step.1);
        let high = class.steps.last().map_or(0.0, |step| step.1);
        let stated = if (high - low).abs() < 5e-4 {
            format!("{high:.3}")
        } else {
            format!("{low:.3} to {high:.3}")
        };
        let kind = if kind == "*" { "every" } else { kind };
        _ = writeln!(
            page,
            "| {kind} | {class_name} | {} | {} | {} | {stated} |",
            class.pairs, class.right, class.libraries
        );
    }
    page
}
