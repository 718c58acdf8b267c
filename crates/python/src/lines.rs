//! On which line a byte of a text stands.

/// Where the lines of one text end, so that finding a line does not read the text again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    breaks: Vec<u32>,
}

impl Lines {
    /// The lines of a text.
    pub fn of(text: impl AsRef<[u8]>) -> Self {
        let breaks = memchr::memchr_iter(b'\n', text.as_ref());
        Self { breaks: breaks.map(|offset| offset as u32).collect() }
    }

    /// The line on which a byte stands, from 1; the last one for bytes behind the text.
    pub fn at(&self, offset: u32) -> u32 {
        self.breaks.partition_point(|line_break| *line_break < offset) as u32 + 1
    }

    /// The first byte of a line, from 1; none where the text has no such line.
    pub fn start(&self, line: u32) -> Option<u32> {
        match line.checked_sub(2) {
            Some(before) => self.breaks.get(before as usize).map(|line_break| line_break + 1),
            None => (line == 1).then_some(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_count_from_one() {
        let lines = Lines::of("a\nb\n\nc");
        let at: Vec<u32> = (0..7).map(|offset| lines.at(offset)).collect();
        assert_eq!(at, [1, 1, 2, 2, 3, 4, 4]);
        let starts: Vec<_> = (0..6).map(|line| lines.start(line)).collect();
        assert_eq!(starts, [None, Some(0), Some(2), Some(4), Some(5), None]);
    }
}
