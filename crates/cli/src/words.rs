//! Numbers and tables as people read them.

use artifact::shown;

/// A number with separators between thousands.
pub(crate) fn count(number: u32) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number and what it counts.
pub(crate) fn amount(number: u32, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A time as seconds.
pub(crate) fn duration(milliseconds: u64) -> String {
    format!("{:.1} s", milliseconds as f64 / 1000.0)
}

/// Lines whose parts stand below each other; numbers are aligned at their right.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    rows: Vec<Vec<String>>,
}

impl Lines {
    /// Adds a line; no part can begin another one.
    pub(crate) fn push<const N: usize>(&mut self, parts: [String; N]) {
        self.rows.push(parts.iter().map(|part| shown(part).into_owned()).collect());
    }

    /// The text.
    pub(crate) fn finish(self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let lengths = self.rows.iter().filter_map(|row| Some(row.get(column)?.chars().count()));
            lengths.max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut out = String::new();
        for row in &self.rows {
            let mut line = String::new();
            let mut between = "";
            for (part, width) in row.iter().zip(&widths) {
                if *width == 0 {
                    continue;
                }
                line.push_str(between);
                between = "   ";
                let padding = " ".repeat(width.saturating_sub(part.chars().count()));
                if part.starts_with(|c: char| c.is_ascii_digit()) && is_number(part) {
                    line.push_str(&padding);
                    line.push_str(part);
                } else {
                    line.push_str(part);
                    line.push_str(&padding);
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

fn is_number(part: &str) -> bool {
    part.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(amount(1, "path", "paths"), "1 path");
        assert_eq!(amount(1000, "path", "paths"), "1,000 paths");
    }

    #[test]
    fn lines_align() {
        let mut lines = Lines::default();
        lines.push(["apply".to_owned(), "31".to_owned(), "x".to_owned()]);
        lines.push(["with warning".to_owned(), "3".to_owned(), String::new()]);
        assert_eq!(lines.finish(), "apply          31   x\nwith warning    3\n");
    }
}
