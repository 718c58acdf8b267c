//! The form of a line. A line is whole exactly when writing what was read gives the same bytes.

use artifact::Digest;
use serde::{Deserialize, Serialize};

use super::JournalEntry;

/// The longest line, its end included. What is written to a file in one call may be torn by another
/// writer beyond some size; up to this one, no system does that.
pub const LINE_LIMIT_BYTES: usize = 4095;

/// The version of this form.
const VERSION: u32 = 1;

/// What every line begins with.
pub(crate) const LINE_BEGINS: &[u8] = b"{\"journal\":";

/// How much of a digest a line carries, in hexadecimal digits.
const CHECKSUM_DIGITS: usize = 32;

/// What a line may hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Line {
    /// An event.
    Entry(JournalEntry),
    /// That an earlier line was never finished.
    Void(Void),
}

/// Says of bytes that stand on a line of their own that their writer never finished them. Whoever
/// finds an unterminated end writes this behind it, instead of removing what is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Void {
    unfinished_bytes: usize,
    unfinished_checksum: String,
}

impl Void {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self { unfinished_bytes: bytes.len(), unfinished_checksum: checksum(bytes) }
    }
}

/// The bytes of a line, its end included.
pub(crate) fn encode(line: &Line) -> Result<Vec<u8>, serde_json::Error> {
    let payload = serde_json::to_string(line)?;
    let mut text = format!(
        "{{\"journal\":{VERSION},\"bytes\":{},\"checksum\":\"{}\",\"entry\":{payload}}}",
        payload.len(),
        checksum(payload.as_bytes()),
    );
    text.push('\n');
    Ok(text.into_bytes())
}

/// What a line holds; the bytes are those between two line ends.
pub(crate) fn decode(bytes: &[u8]) -> Result<Line, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is no text".to_owned())?;
    let rest = text.strip_prefix("{\"journal\":").ok_or("it is no line of a journal")?;
    let (version, rest) = rest.split_once(',').ok_or("it is no line of a journal")?;
    match version.parse::<u32>() {
        Ok(VERSION) => {}
        Ok(newer) if newer > VERSION => return Err(format!("its form {newer} is newer")),
        _ => return Err("it is no line of a journal".to_owned()),
    }
    let payload = rest
        .split_once(",\"entry\":")
        .and_then(|(_, payload)| payload.strip_suffix('}'))
        .ok_or("it is no line of a journal")?;
    let line: Line = serde_json::from_str(payload).map_err(|error| error.to_string())?;
    // Length, checksum and spelling are right if and only if this is what would be written.
    let whole = encode(&line).map_err(|error| error.to_string())?;
    if whole.strip_suffix(b"\n") == Some(bytes) {
        Ok(line)
    } else {
        Err("its length or its checksum does not fit".to_owned())
    }
}

fn checksum(bytes: &[u8]) -> String {
    Digest::of(bytes).hex()[..CHECKSUM_DIGITS].to_owned()
}
