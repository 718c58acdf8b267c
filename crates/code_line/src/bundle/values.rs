//! Values of the bundle that are written as JSON on one line.

use std::io::{self, Write};

use code_model::difference::DifferenceSet;
use code_model::snapshot::Snapshot;
use serde::Serialize;

/// Writes a snapshot.
pub fn write_snapshot(snapshot: &Snapshot, out: &mut impl Write) -> io::Result<()> {
    write_line(snapshot, out)
}

/// Writes what differs.
pub fn write_differences(differences: &DifferenceSet, out: &mut impl Write) -> io::Result<()> {
    write_line(differences, out)
}

/// Writes a value as JSON on one line.
pub(super) fn write_line(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value).map_err(io::Error::from)?;
    out.write_all(b"\n")
}
