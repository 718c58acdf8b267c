//! The other files that lie beside a manifest or that bring a target back. The first byte chooses
//! which one the rest is read as. What can be read is written, and read back as the same value.

#![no_main]

use std::fmt::Debug;

use code_model::report::Report;
use code_model::snapshot::Snapshot;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sources::{ArchiveLimits, archive_tree};

#[allow(dead_code, reason = "the target needs the types alone")]
#[path = "../../crates/code_line/src/checkpoint.rs"]
mod checkpoint;
#[allow(dead_code, reason = "the target needs the types alone")]
#[path = "../../crates/code_line/src/bundle/tree_document.rs"]
mod tree_document;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((&which, bytes)) = bytes.split_first() else { return };
    match which {
        b'r' => round_trip::<Report>(bytes),
        b's' => round_trip::<Snapshot>(bytes),
        b't' => round_trip::<tree_document::TreeDocument>(bytes),
        b'c' => round_trip::<checkpoint::Checkpoint>(bytes),
        _ => {
            let tree = archive_tree("stubs_from.zip", bytes.to_vec(), ArchiveLimits::default());
            for entry in tree.iter().flat_map(|tree| tree.entries()) {
                let _ = tree.as_ref().map(|tree| tree.read(entry.path.as_str()));
            }
        }
    }
});

fn round_trip<T: DeserializeOwned + Serialize + PartialEq + Debug>(bytes: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(bytes) else { return };
    let written = serde_json::to_vec(&value).expect("what was read can be written");
    let again = serde_json::from_slice::<T>(&written).expect("what was written can be read");
    assert_eq!(again, value);
}
