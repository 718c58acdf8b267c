//! The suite's `test_updater_key_rotations.py`.

use super::simulator::{Simulator, TestClient};

/// One version of the root: its keys, its threshold, who signs it. Seeds begin at 101.
type RootVersion = (&'static [u8], u64, &'static [u8]);

fn seeds(numbers: &[u8]) -> Vec<u8> {
    numbers.iter().map(|number| 101 + number).collect()
}

/// Whether a client comes to the last of these roots; if not, it stays at the one before.
fn expect_root(versions: &[RootVersion], accepted: bool) {
    let mut registry = Simulator::new();
    for (number, (keys, threshold, signers)) in versions.iter().enumerate() {
        registry.set_keys("root", &seeds(keys), *threshold, &seeds(signers));
        registry.set_version("root", number as u64 + 1);
        registry.republish(&["root"]);
    }
    let mut client = TestClient::new(&registry);
    let outcome = client.refresh(&registry);
    assert_eq!(outcome.is_ok(), accepted, "{outcome:?}");
    let last = versions.len() as u64 - u64::from(!accepted);
    assert_eq!(client.trusted().bytes_of("root"), Some(registry.file("root", last)));
}

const FIVE: &[u8] = &[0, 1, 2, 3, 4];
const OTHER_FIVE: &[u8] = &[0, 1, 3, 4, 5];
const NEW_FIVE: &[u8] = &[5, 6, 7, 8, 9];

#[test]
fn one_key_is_replaced() {
    expect_root(&[(&[1], 1, &[1]), (&[2], 1, &[2, 1]), (&[2], 1, &[2])], true);
}

#[test]
fn one_key_is_replaced_among_signatures_of_strangers() {
    let versions: &[RootVersion] =
        &[(&[1], 1, &[3, 1, 4]), (&[2], 1, &[3, 2, 1, 4]), (&[2], 1, &[3, 2, 4])];
    expect_root(versions, true);
}

#[test]
fn three_of_five_may_be_any_three() {
    let versions: &[RootVersion] = &[
        (FIVE, 3, &[0, 2, 4]),
        (FIVE, 3, &[0, 4, 1]),
        (FIVE, 3, &[0, 1, 3]),
        (FIVE, 3, &[0, 1, 3]),
    ];
    expect_root(versions, true);
}

#[test]
fn one_of_five_keys_is_replaced() {
    expect_root(&[(FIVE, 3, &[0, 2, 4]), (OTHER_FIVE, 3, &[0, 4, 1])], true);
}

#[test]
fn one_of_five_keys_is_replaced_in_two_steps() {
    let versions: &[RootVersion] =
        &[(FIVE, 3, &[0, 2, 4]), (OTHER_FIVE, 3, &[0, 2, 4, 5]), (OTHER_FIVE, 3, &[0, 4, 5])];
    expect_root(versions, true);
}

#[test]
fn all_of_five_keys_are_replaced_in_two_steps() {
    let versions: &[RootVersion] =
        &[(FIVE, 3, &[0, 2, 4]), (NEW_FIVE, 3, &[0, 2, 4, 5, 6, 7]), (NEW_FIVE, 3, &[5, 6, 7])];
    expect_root(versions, true);
}

#[test]
fn the_threshold_rises() {
    expect_root(&[(&[1, 2, 3], 1, &[1]), (&[1, 2, 3], 2, &[1, 2])], true);
}

#[test]
fn the_threshold_falls() {
    let versions: &[RootVersion] =
        &[(&[1, 2, 3], 2, &[1, 2]), (&[1, 2, 3], 1, &[1, 2]), (&[1, 2, 3], 1, &[1])];
    expect_root(versions, true);
}

#[test]
fn a_second_key_is_added_and_both_must_sign() {
    expect_root(&[(&[1], 1, &[1]), (&[1, 2], 2, &[1, 2])], true);
}

#[test]
fn the_old_key_must_sign_the_new_root() {
    expect_root(&[(&[1], 1, &[1]), (&[2], 1, &[2, 3, 4])], false);
}

#[test]
fn the_new_key_must_sign_the_new_root() {
    expect_root(&[(&[1], 1, &[1]), (&[2], 1, &[1, 3, 4])], false);
}

#[test]
fn three_of_the_new_five_must_sign() {
    expect_root(&[(FIVE, 3, &[0, 2, 4]), (OTHER_FIVE, 3, &[0, 2, 4])], false);
}

#[test]
fn three_of_the_old_five_must_sign() {
    expect_root(&[(FIVE, 3, &[0, 2, 4]), (OTHER_FIVE, 3, &[0, 4, 5])], false);
}

#[test]
fn a_threshold_that_rises_must_be_met_at_once() {
    expect_root(&[(&[1, 2, 3], 1, &[1]), (&[1, 2, 3], 2, &[2])], false);
}

#[test]
fn a_threshold_that_falls_must_be_met_once_more() {
    expect_root(&[(&[1, 2, 3], 2, &[1, 2]), (&[1, 2, 3], 1, &[1])], false);
}

/// Whether a client takes each of the online roles with these keys, threshold and signatures.
fn expect_role((keys, threshold, signers): RootVersion, accepted: bool) {
    let mut registry = Simulator::new();
    let mut client = TestClient::new(&registry);
    for role in ["timestamp", "snapshot", "targets"] {
        registry.set_keys(role, &seeds(keys), threshold, &seeds(signers));
        registry.publish(&["root"]);
        registry.republish(&[role]);
        let outcome = client.refresh(&registry);
        assert_eq!(outcome.is_ok(), accepted, "{role}: {outcome:?}");
        if !accepted {
            return;
        }
        assert_eq!(client.trusted().bytes_of(role), Some(registry.file(role, 1)), "{role}");
    }
}

#[test]
fn a_role_has_a_new_key() {
    expect_role((&[2], 1, &[2]), true);
}

#[test]
fn a_role_has_a_new_key_among_signatures_of_strangers() {
    expect_role((&[1], 1, &[3, 1, 4]), true);
}

#[test]
fn the_new_key_of_a_role_must_sign() {
    expect_role((&[2], 1, &[1, 3, 4]), false);
}

#[test]
fn three_keys_of_a_role_must_sign_and_one_is_a_stranger() {
    expect_role((OTHER_FIVE, 3, &[0, 2, 4]), false);
}

#[test]
fn three_keys_of_a_role_must_sign_and_one_is_missing() {
    expect_role((OTHER_FIVE, 3, &[0, 4]), false);
}

#[test]
fn any_three_of_five_keys_of_a_role_may_sign() {
    for signers in [&[0, 2, 4], &[0, 4, 1], &[0, 1, 3], &[1, 2, 3], &[2, 3, 4]] {
        expect_role((FIVE, 3, signers), true);
    }
}
