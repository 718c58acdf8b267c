//! How deeply a text nests its syntax, without parsing it.
//!
//! The parser keeps a stack frame for each level. This scan is a cheap upper bound of the levels,
//! so that hostile text is refused before it costs memory, and ordinary text costs one pass over
//! its bytes.

/// An upper bound of a text's nesting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Nesting {
    /// Levels of expressions: brackets, and operators that may nest without brackets.
    pub(crate) expressions: usize,
    /// Levels of indentation.
    pub(crate) blocks: usize,
    /// The line, from 1, where the deepest expression or block stands.
    pub(crate) deepest_line: u32,
}

/// Measures a text; strings and comments do not count.
pub(crate) fn measure(text: &str) -> Nesting {
    let mut scan = Scan { bytes: text.as_bytes(), ..Scan::default() };
    scan.run();
    scan.found
}

#[derive(Default)]
struct Scan<'a> {
    bytes: &'a [u8],
    position: usize,
    line: u32,
    /// Operators seen since the last comma, for each open bracket.
    open: Vec<usize>,
    /// Operators seen since the last comma outside all brackets.
    outside: usize,
    /// The sum of all counters.
    total: usize,
    indentations: Vec<usize>,
    found: Nesting,
}

impl Scan<'_> {
    fn run(&mut self) {
        self.line = 1;
        self.start_line();
        while let Some(&byte) = self.bytes.get(self.position) {
            match byte {
                b'\n' => {
                    self.position += 1;
                    self.line += 1;
                    if self.open.is_empty() {
                        self.total = 0;
                        self.outside = 0;
                        self.start_line();
                    }
                }
                b'#' => self.skip_to_line_end(),
                b'"' | b'\'' => self.skip_string(byte),
                b'(' | b'[' | b'{' => {
                    self.open.push(0);
                    self.deepen();
                }
                b')' | b']' | b'}' => {
                    if let Some(operators) = self.open.pop() {
                        self.total = self.total.saturating_sub(operators + 1);
                        // What was bracketed may be followed by another call or subscript.
                        self.count();
                    }
                    self.position += 1;
                }
                b',' | b';' => {
                    let counter = self.open.last_mut().unwrap_or(&mut self.outside);
                    self.total -= *counter;
                    *counter = 0;
                    self.position += 1;
                }
                b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'0'..=b'9' | 0x80.. => self.word(),
                b' ' | b'\t' | b'\r' | b'=' | b':' => self.position += 1,
                b'\\' => self.position += 2,
                _ => {
                    self.count();
                    self.position += 1;
                }
            }
        }
    }

    fn deepen(&mut self) {
        self.position += 1;
        self.total += 1;
        self.note();
    }

    fn count(&mut self) {
        *self.open.last_mut().unwrap_or(&mut self.outside) += 1;
        self.total += 1;
        self.note();
    }

    fn note(&mut self) {
        if self.total > self.found.expressions {
            self.found.expressions = self.total;
            self.found.deepest_line = self.line;
        }
    }

    fn word(&mut self) {
        let start = self.position;
        while self
            .bytes
            .get(self.position)
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80)
        {
            self.position += 1;
        }
        if matches!(
            &self.bytes[start..self.position],
            b"not" | b"lambda" | b"if" | b"await" | b"yield"
        ) {
            self.count();
        }
    }

    fn start_line(&mut self) {
        let start = self.position;
        while matches!(self.bytes.get(self.position), Some(b' ' | b'\t' | b'\x0c')) {
            self.position += 1;
        }
        if matches!(self.bytes.get(self.position), None | Some(b'\n' | b'\r' | b'#')) {
            return;
        }
        let column = self.position - start;
        while self.indentations.last().is_some_and(|outer| *outer >= column) {
            self.indentations.pop();
        }
        if column > 0 {
            self.indentations.push(column);
        }
        if self.indentations.len() > self.found.blocks {
            self.found.blocks = self.indentations.len();
            self.found.deepest_line = self.line;
        }
    }

    fn skip_to_line_end(&mut self) {
        let rest = &self.bytes[self.position..];
        self.position += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    fn skip_string(&mut self, quote: u8) {
        let rest = &self.bytes[self.position..];
        let triple = rest.starts_with(&[quote; 3]);
        self.position += if triple { 3 } else { 1 };
        while let Some(&byte) = self.bytes.get(self.position) {
            match byte {
                b'\\' => {
                    if self.bytes.get(self.position + 1) == Some(&b'\n') {
                        self.line += 1;
                    }
                    self.position += 2;
                    continue;
                }
                b'\n' if triple => self.line += 1,
                // An unclosed string ends with its line; the line's end is handled by the caller.
                b'\n' => return,
                _ if byte == quote && !triple => {
                    self.position += 1;
                    return;
                }
                _ if byte == quote && self.bytes[self.position..].starts_with(&[quote; 3]) => {
                    self.position += 3;
                    return;
                }
                _ => {}
            }
            self.position += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nests_is_counted_and_what_repeats_is_not() {
        let table: &[(&str, usize, usize)] = &[
            ("x = 1\n", 0, 0),
            ("f(g(h(1)))\n", 3, 0),
            ("x = [1, 2, [3], -4, -5, -6]\n", 2, 0),
            ("x = ('a' 'b' 'c'\n  '(((((' # ((((\n)\n", 1, 0),
            ("if a:\n    if b:\n        c\nd\n    \n", 1, 2),
            ("'''((((\n((('''\n", 0, 0),
            ("a + b + c\n", 2, 0),
            ("not not not a\n", 3, 0),
        ];
        for (text, expressions, blocks) in table {
            let found = measure(text);
            assert!(found.expressions >= *expressions, "{text:?} {found:?}");
            assert!(found.expressions <= *expressions + 3, "{text:?} {found:?}");
            assert_eq!(found.blocks, *blocks, "{text:?}");
        }
        assert_eq!(measure(&"(".repeat(10_000)).expressions, 10_000);
        assert_eq!(measure(&format!("x = [{}]", "-1, ".repeat(100_000))).expressions, 2);
    }
}
