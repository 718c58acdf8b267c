//! Where words go, and what must not reach a terminal.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use artifact::{shown_json, shown_lines};
use code_line::{Error, ErrorReport};
use serde::Serialize;

use crate::timings::Timings;

/// Whether a result for programs was printed.
static IS_ANSWERED: AtomicBool = AtomicBool::new(false);

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
        self.result_taken(text).map(|_| ())
    }

    /// Prints a part of a result for people; whether anybody reads on.
    pub(crate) fn result_taken(self, text: &str) -> Result<bool, Error> {
        write_out(shown_lines(text).as_bytes())
    }

    /// Prints bytes that a program takes as they are; on a terminal, where none does, as a text.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Result<(), Error> {
        if std::io::stdout().is_terminal() {
            self.result(&String::from_utf8_lossy(bytes))
        } else {
            write_out(bytes).map(|_| ())
        }
    }

    /// Prints lines for a program that reads them one by one; whether it took them all.
    pub(crate) fn lines(self, lines: &str) -> Result<bool, Error> {
        write_out(shown_json(lines).as_bytes())
    }

    /// Prints a result for programs.
    pub(crate) fn json<T: Serialize>(self, value: &T) -> Result<(), Error> {
        self.json_taken(value).map(|_| ())
    }

    /// Prints a part of a result for programs; whether anybody reads on.
    pub(crate) fn json_taken<T: Serialize>(self, value: &T) -> Result<bool, Error> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| Error::internal("a result has no JSON form").caused_by(error))?;
        IS_ANSWERED.store(true, Ordering::Relaxed);
        Ok(write_out(shown_json(&text).as_bytes())? && write_out(b"\n")?)
    }

    /// Says something about the work, for people only.
    pub(crate) fn note(self, text: &str) {
        if !self.quiet && !self.json {
            say(text);
        }
    }

    /// Says what failed while other work goes on.
    pub(crate) fn trouble(self, error: &Error) {
        say(&error_text(&error.report()));
    }

    /// Says how long the steps took, if the user asked for it.
    pub(crate) fn timings(self, timings: &Timings) {
        let text = if self.json { timings.json() } else { timings.text() };
        if let Some(text) = text {
            say(&text);
        }
    }

    /// Says why the command failed. A program reads one document: where the result of what was done
    /// is printed already, what failed afterwards is told on standard error alone.
    pub(crate) fn error(self, error: &Error) {
        let report = error.report();
        if self.json && !IS_ANSWERED.load(Ordering::Relaxed) {
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
    let _ = std::io::stderr().lock().write_all(shown_lines(text).as_bytes());
}

/// Whether the reader took it; one that is gone has what it wanted.
fn write_out(bytes: &[u8]) -> Result<bool, Error> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(unwritable(error)),
    }
}

fn unwritable(error: std::io::Error) -> Error {
    let message = "standard output cannot be written";
    Error::outside(code_line::ErrorCode::OutputError, message, error)
}
