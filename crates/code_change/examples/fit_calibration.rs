//! Fits the calibration table to labelled pairs: `fit_calibration PAIRS.json TABLE.json`.

#![expect(clippy::disallowed_methods, reason = "it reads and writes files itself")]

use code_change::calibration::{Calibration, LabelledPair};

#[expect(clippy::print_stdout, reason = "the example prints how well the table holds")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(pairs), Some(table)) = (arguments.next(), arguments.next()) else {
        return Err("usage: fit_calibration PAIRS.json TABLE.json".into());
    };
    let pairs: Vec<LabelledPair> = serde_json::from_slice(&std::fs::read(pairs)?)?;
    let mut text = serde_json::to_string_pretty(&Calibration::fit(&pairs))?;
    text.push('\n');
    std::fs::write(table, text)?;
    let reliability = Calibration::cross_validate(&pairs);
    println!("{}", serde_json::to_string_pretty(&reliability)?);
    Ok(())
}
