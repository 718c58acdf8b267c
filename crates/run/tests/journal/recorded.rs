//! A journal of this version, as later versions must read it.

use std::path::Path;

use run::{RunState, read_journal};
use testkit::fixture;

use crate::scene::{bytes, run_id, told};

#[test]
fn a_recorded_journal_says_what_it_said() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journal/recorded");
    let events = folder.join("events.jsonl");
    assert_eq!(fixture::check_file(&events, &bytes(&*told())), Ok(()));
    let recorded = std::fs::read(&events).expect("a journal");
    let state = RunState::of(&read_journal(&recorded, &run_id()));
    let text = serde_json::to_string_pretty(&state).expect("JSON") + "\n";
    assert_eq!(fixture::check_file(&folder.join("state.json"), text.as_bytes()), Ok(()));
}
