//! Where words go, and what must not reach a terminal.

use std::io::{IsTerminal, Write};

use code_line::{Error, ErrorReport};
use serde::Serialize;

use crate::timings::Timings;

/// The two streams and how much the user wants to read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
}

impl Output {
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet }
    }

    /// Whether the result is to be JSON.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Whether a moving progress line helps anybody.
    pub(crate) fn shows_progress(self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }

    /// Prints a result for people.
    pub(crate) fn result(self, text: &str) -> Result<(), Error> {
        write_out(harmless(text).as_bytes())
    }

    /// Prints bytes that a program takes as they are.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Result<(), Error> {
        write_out(bytes)
    }

    /// Prints a result for programs.
    pub(crate) fn json<T: Serialize>(self, value: &T) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| Error::internal("a result has no JSON form").caused_by(error))?;
        write_out(harmless_json(&text).as_bytes())?;
        write_out(b"\n")
    }

    /// Says something about the work, for people only.
    pub(crate) fn note(self, text: &str) {
        if !self.quiet && !self.json {
            say(text);
        }
    }

    /// Says how long the steps took, if the user asked for it.
    pub(crate) fn timings(self, timings: &Timings) {
        let text = if self.json { timings.json() } else { timings.text() };
        if let Some(text) = text {
            say(&text);
        }
    }

    /// Says why the command failed.
    pub(crate) fn error(self, error: &Error) {
        let report = error.report();
        if self.json {
            #[derive(Serialize)]
            struct Failure<'a> {
                error: &'a ErrorReport,
            }
            // The words below say the same if this cannot be written.
            let _ = self.json(&Failure { error: &report });
        }
        say(&error_text(&report));
    }
}

/// An error as people read it.
pub(crate) fn error_text(report: &ErrorReport) -> String {
    let mut text = format!("error[{:?}]: {}\n", report.code, report.message);
    for detail in &report.detail {
        let mut lines = detail.lines();
        if let Some(first) = lines.next() {
            text.push_str(&format!("  cause: {first}\n"));
        }
        for line in lines {
            text.push_str(&format!("         {line}\n"));
        }
    }
    if let Some(hint) = &report.hint {
        text.push_str(&format!("  hint: {hint}\n"));
    }
    text
}

fn say(text: &str) {
    // Nobody listens any more when this fails, so there is nobody to tell.
    let _ = std::io::stderr().lock().write_all(harmless(text).as_bytes());
}

fn write_out(bytes: &[u8]) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        // The reader has what it wanted.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Error::outside(
            code_line::ErrorCode::OutputError,
            "standard output cannot be written",
            error,
        )),
        Ok(()) => Ok(()),
    }
}

/// Whether a terminal or a reader's eye could take this character for something else than a
/// character.
fn is_harmful(character: char) -> bool {
    (character.is_control() && !matches!(character, '\n' | '\t'))
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(character, '\u{2066}'..='\u{2069}')
}

/// The text with control characters written as escapes: names in foreign code must not move the
/// cursor.
pub(crate) fn harmless(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if is_harmful(character) {
            plain.extend(character.escape_unicode());
        } else {
            plain.push(character);
        }
    }
    plain
}

/// The same for JSON, whose strings have an escape of their own for it.
fn harmless_json(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if is_harmful(character) {
            plain.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            plain.push(character);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_steer_the_terminal() {
        assert_eq!(harmless("a\u{1b}[31mb\n\tc"), "a\\u{1b}[31mb\n\tc");
        assert_eq!(harmless("x\u{202e}y\u{9b}z"), "x\\u{202e}y\\u{9b}z");
        assert_eq!(harmless("naïve → ok"), "naïve → ok");
    }

    #[test]
    fn escaped_json_has_the_same_value() {
        let value = serde_json::json!({"name": "a\u{9b}b\u{202e}\u{1b}"});
        let text = harmless_json(&value.to_string());
        assert!(!text.chars().any(is_harmful));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), value);
    }
}
