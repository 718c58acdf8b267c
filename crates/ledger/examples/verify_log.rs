//! Writes a log in memory and measures how long it takes to verify it against its head.
//!
//! `cargo run --release -p ledger --example verify_log -- [ENTRIES]`, a million by default.

#![expect(clippy::disallowed_methods, reason = "a measurement asks the clock")]
#![expect(clippy::print_stdout, reason = "a measurement says what it found")]

use std::error::Error;
use std::time::Instant;

use artifact::Timestamp;
use ledger::{AuditLog, Event, Origin};

fn main() -> Result<(), Box<dyn Error>> {
    let entries: i64 = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let origin: Origin = "example.com/audit".parse()?;
    let mut log = AuditLog::begin(origin.clone());
    let mut exported = Vec::new();
    let started = Instant::now();
    for number in 0..entries {
        let event = Event::ManifestApplied {
            applied_by: "local:ada".parse()?,
            manifest_id: format!("018f3c52-7b7e-8a5e-9d7e-{number:012x}").parse()?,
            package: format!("dependent-{}", number % 1000).parse()?,
            success: number % 7 != 0,
        };
        let time = Timestamp::from_unix_seconds(1_700_000_000 + number)?;
        let run = Some(format!("run-{}", number / 10).parse()?);
        let line = log.append("local:ada".parse()?, run, event, time)?;
        exported.extend_from_slice(&line);
        exported.push(b'\n');
    }
    println!("{entries} entries, {} bytes, written in {:.2?}", exported.len(), started.elapsed());
    let started = Instant::now();
    let lines = exported.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let verified = AuditLog::verify(&origin, lines, &[log.head()])?;
    println!("{} entries verified in {:.2?}", verified.size(), started.elapsed());
    Ok(())
}
