//! How well stated probabilities held, as numbers, as a table and as a picture.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// From this probability on an operation is applied without a warning.
const CONFIDENT: f64 = 0.9;
/// How many bins of equal width there are between 0 and 1.
const BINS: usize = 10;

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
    /// Pairs that were stated at 0.9 or more.
    pub confident: u32,
    /// How many of those were right.
    pub confident_right: u32,
}

impl Reliability {
    /// Judges stated probabilities by what came out.
    #[expect(clippy::cast_sign_loss, reason = "probabilities are not negative")]
    pub fn of(judged: &[(f64, bool)]) -> Self {
        let mut bins = vec![(0.0, 0.0, 0_u32); BINS];
        for (stated, right) in judged {
            let bin = &mut bins[((stated * BINS as f64) as usize).min(BINS - 1)];
            bin.0 += stated;
            bin.1 += f64::from(*right);
            bin.2 += 1;
        }
        let error: f64 = bins.iter().map(|bin| (bin.0 - bin.1).abs()).sum();
        for bin in &mut bins {
            let count = f64::from(bin.2.max(1));
            *bin = (bin.0 / count, bin.1 / count, bin.2);
        }
        let confident = judged.iter().filter(|(stated, _)| *stated >= CONFIDENT);
        Self {
            pairs: judged.len() as u32,
            expected_calibration_error: error / judged.len().max(1) as f64,
            bins,
            confident: confident.clone().count() as u32,
            confident_right: confident.filter(|(_, right)| *right).count() as u32,
        }
    }

    /// The table of a reliability diagram, as Markdown that can be read as it is.
    pub fn table(&self) -> String {
        let mut text = String::from(
            "| stated | mean stated | right | pairs |\n|---|------------:|------:|------:|\n",
        );
        for (number, (stated, right, count)) in self.bins.iter().enumerate() {
            if *count > 0 {
                let (low, high) = (number as f64 / 10.0, (number + 1) as f64 / 10.0);
                _ = writeln!(
                    text,
                    "| {low:.1} to {high:.1} | {stated:.3} | {right:.3} | {count} |"
                );
            }
        }
        text
    }

    /// The reliability diagram as an SVG picture: a circle for each tenth, its area the pairs, its
    /// place what was stated and what was right.
    pub fn diagram(&self) -> String {
        const SIDE: f64 = 360.0;
        const MARGIN: f64 = 48.0;
        let x = |value: f64| MARGIN + value * SIDE;
        let y = |value: f64| MARGIN + (1.0 - value) * SIDE;
        let whole = SIDE + 2.0 * MARGIN;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole} {whole}\" \
             width=\"{whole}\" height=\"{whole}\" font-family=\"sans-serif\" font-size=\"12\" \
             role=\"img\">\n<title>Reliability diagram</title>\n<desc>Stated probability and share \
             that was right, on libraries that did not help to fit. {} pairs, expected calibration \
             error {:.3}.</desc>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
            self.pairs, self.expected_calibration_error
        );
        for tick in 0..=5 {
            let value = f64::from(tick) / 5.0;
            let (at_x, at_y) = (x(value), y(value));
            _ = writeln!(
                svg,
                "<path d=\"M{at_x:.1} {:.1}V{:.1}M{:.1} {at_y:.1}H{:.1}\" stroke=\"#e0e0e0\"/>\n\
                 <text x=\"{at_x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{value:.1}</text>\n\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{value:.1}</text>",
                y(0.0),
                y(1.0),
                x(0.0),
                x(1.0),
                y(0.0) + 18.0,
                x(0.0) - 6.0,
                at_y + 4.0
            );
        }
        _ = writeln!(
            svg,
            "<path d=\"M{:.1} {:.1}L{:.1} {:.1}\" stroke=\"#808080\" stroke-dasharray=\"4 4\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">stated probability</text>\n\
             <text transform=\"translate(14 {:.1}) rotate(-90)\" text-anchor=\"middle\">share that \
             was right</text>",
            x(0.0),
            y(0.0),
            x(1.0),
            y(1.0),
            x(0.5),
            y(0.0) + 36.0,
            y(0.5)
        );
        for (stated, right, count) in self.bins.iter().filter(|bin| bin.2 > 0) {
            let share = f64::from(*count) / f64::from(self.pairs);
            let radius = 4.0 + 24.0 * share.sqrt();
            _ = writeln!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\" fill=\"#2060a0\" \
                 fill-opacity=\"0.5\"><title>stated {stated:.3}, right {right:.3}, {count} \
                 pairs</title></circle>",
                x(*stated),
                y(*right)
            );
        }
        svg.push_str("</svg>\n");
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stated_is_compared_with_what_was_right() {
        let judged: Vec<(f64, bool)> = (0..100)
            .map(|i| (0.95, i % 20 != 0))
            .chain((0..100).map(|i| (0.55, i % 4 == 0)))
            .collect();
        let reliability = Reliability::of(&judged);
        assert!((reliability.expected_calibration_error - 0.15).abs() < 1e-9);
        assert_eq!((reliability.confident, reliability.confident_right), (100, 95));
        let table = reliability.table();
        assert!(table.contains("| 0.5 to 0.6 | 0.550 | 0.250 | 100 |"), "{table}");
        assert_eq!(table.lines().count(), 4, "empty tenths are left out:\n{table}");
        assert_eq!(reliability.diagram().matches("<circle").count(), 2);
        assert!(Reliability::of(&[]).expected_calibration_error.abs() < 1e-9);
    }
}
