//! Fits the calibration table to labelled pairs and prints how well it holds:
//! `fit_calibration PAIRS.json TABLE.json [DIAGRAM.svg]`.

#![expect(clippy::disallowed_methods, reason = "it reads and writes files itself")]

use code_change::calibration::{Calibration, LabelledPair, Priors};

#[expect(clippy::print_stdout, reason = "the example prints how well the table holds")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(pairs), Some(table)) = (arguments.next(), arguments.next()) else {
        return Err("usage: fit_calibration PAIRS.json TABLE.json [DIAGRAM.svg]".into());
    };
    let pairs: Vec<LabelledPair> = serde_json::from_slice(&std::fs::read(pairs)?)?;
    let mut text = serde_json::to_string_pretty(&Calibration::fit(&pairs, Priors::built_in()))?;
    text.push('\n');
    std::fs::write(table, text)?;
    let reliability = Calibration::cross_validate(&pairs, Priors::built_in());
    if let Some(diagram) = arguments.next() {
        std::fs::write(diagram, reliability.diagram())?;
    }
    println!("{}", reliability.table());
    println!(
        "expected calibration error {:.3}; {} of {} right at 0.9 or more",
        reliability.expected_calibration_error, reliability.confident_right, reliability.confident
    );
    Ok(())
}
