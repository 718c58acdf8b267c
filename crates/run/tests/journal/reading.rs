//! Nothing that was not written is ever accepted.

use proptest::prelude::*;
use run::{Journal, RunState, RunStatus, read_journal};

use crate::scene::{bytes, put, read, run_id, told};

/// What may be said about a journal that was changed: nothing but what was in it, in its order.
fn holds_only(original: &Journal, found: &Journal) {
    let mut written = original.entries.iter();
    for entry in &found.entries {
        assert!(written.any(|known| known == entry), "{entry:?} was never written there");
    }
}

fn is_whole(journal: &Journal) -> bool {
    journal.breaks.is_empty() && journal.torn_end.is_none()
}

#[test]
fn the_state_of_a_run_is_what_its_journal_says() {
    let journal = read(&*told());
    assert!(is_whole(&journal));
    let state = RunState::of(&journal);
    assert_eq!(state.status, RunStatus::Success);
    assert_eq!(state.findings, []);
    let steps: Vec<_> =
        state.steps.iter().map(|(node, step)| (node.as_str(), step.began)).collect();
    assert_eq!(steps, [("differ", 1), ("snapshot", 1)]);
}

#[test]
fn every_cut_is_seen_or_leaves_whole_lines() {
    let whole = bytes(&*told());
    let original = read_journal(&whole, &run_id());
    for length in 0..whole.len() {
        let found = read_journal(&whole[..length], &run_id());
        holds_only(&original, &found);
        let at_line_end = length == 0 || whole[length - 1] == b'\n';
        assert_eq!(found.torn_end.is_none(), at_line_end, "cut at {length}");
        assert_eq!(found.breaks, [], "an unfinished end is no break");
        assert!(found.entries.len() < original.entries.len());
    }
}

#[test]
fn every_flipped_bit_is_seen() {
    let whole = bytes(&*told());
    let original = read_journal(&whole, &run_id());
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut changed = whole.clone();
            changed[at] ^= 1 << bit;
            let found = read_journal(&changed, &run_id());
            holds_only(&original, &found);
            assert!(!is_whole(&found), "bit {bit} of byte {at}");
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_done_to_a_journal_nothing_is_made_up(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        let whole = bytes(&*told());
        let original = read_journal(&whole, &run_id());
        let mut changed = whole.clone();
        for (at, byte) in &changes {
            let at = at.index(changed.len());
            changed[at] = *byte;
        }
        if cuts {
            changed.truncate(cut.index(changed.len()));
        }
        let found = read_journal(&changed, &run_id());
        holds_only(&original, &found);
        let is_start = whole.starts_with(&changed);
        prop_assert!(is_start || !is_whole(&found));
    }

    #[test]
    fn lines_that_are_gone_in_the_middle_are_missed(gone in 0_usize..7, twice in any::<bool>()) {
        let whole = bytes(&*told());
        let mut lines: Vec<_> = whole.split_inclusive(|byte| *byte == b'\n').collect();
        if twice {
            lines.insert(gone, lines[gone]);
        } else {
            lines.remove(gone);
        }
        let found = read_journal(&lines.concat(), &run_id());
        prop_assert!(!found.breaks.is_empty());
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let found = read_journal(&bytes, &run_id());
        prop_assert!(found.entries.is_empty());
    }
}

#[test]
fn the_journal_of_another_run_is_none_of_this_one() {
    let other = run::RunId::new("TASK-2-run-01").expect("an id");
    let found = read_journal(&bytes(&*told()), &other);
    assert_eq!(found.entries, []);
    assert_eq!(found.breaks.len(), 8);
    assert!(found.breaks[0].why.contains("TASK-1-run-01"));
}

#[test]
fn a_broken_journal_is_reported_and_left_as_it_is() {
    use std::sync::Arc;

    use artifact::TreePath;
    use host::Place;
    use run::{Fence, JournalError, JournalWriter};

    use crate::scene::{folder, worker};

    let files = told();
    let mut broken = bytes(&*files);
    broken[700] ^= 1;
    put(&*files, &broken);
    let opened =
        JournalWriter::open(Arc::clone(&files), &folder(), &run_id(), &worker("v"), Fence(2));
    let error = opened.expect_err("it is broken");
    assert!(matches!(error, JournalError::Broken { .. }), "{error}");
    assert_eq!(bytes(&*files), broken, "not a byte is changed");
    let said = TreePath::new("journal/quarantine.json").expect("a path");
    let said = files.read(Place::new(&folder(), &said), 1 << 20).expect("a report");
    let said: serde_json::Value = serde_json::from_slice(&said).expect("JSON");
    assert_eq!(said["breaks"][0]["line"], 4);
    let state = RunState::of(&read(&*files));
    assert!(state.findings.iter().any(|finding| finding.code == "journal-broken"));
}
