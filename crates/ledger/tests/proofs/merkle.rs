//! Roots and proofs, beside two other implementations: a crate, and the definition in RFC 6962 word
//! for word.

use artifact::Sha256;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ledger::{CompactRange, MerkleTree, empty_root, is_consistent, is_included, leaf_hash};

use crate::scene::{Numbers, scaled};

type Other = MemoryBackedTree<sha2::Sha256, Vec<u8>>;

fn leaf(number: u64) -> Vec<u8> {
    number.to_le_bytes()[..(number % 9) as usize].to_vec()
}

fn bytes(proof: &[Sha256]) -> Vec<u8> {
    proof.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// MTH of RFC 6962, 2.1.
fn defined_root(leaves: &[Sha256]) -> Sha256 {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            let (left, right) = (defined_root(left), defined_root(right));
            Sha256::of(&[[1].as_slice(), left.as_bytes(), right.as_bytes()].concat())
        }
    }
}

/// PATH of RFC 6962, 2.1.1.
fn defined_path(index: usize, leaves: &[Sha256]) -> Vec<Sha256> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let middle = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(middle);
    let (mut path, beside) = if index < middle {
        (defined_path(index, left), defined_root(right))
    } else {
        (defined_path(index - middle, right), defined_root(left))
    };
    path.push(beside);
    path
}

/// SUBPROOF of RFC 6962, 2.1.2.
fn defined_proof(earlier: usize, leaves: &[Sha256], whole: bool) -> Vec<Sha256> {
    if earlier == leaves.len() {
        return if whole { Vec::new() } else { vec![defined_root(leaves)] };
    }
    let middle = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(middle);
    let (mut proof, beside) = if earlier <= middle {
        (defined_proof(earlier, left, whole), defined_root(right))
    } else {
        (defined_proof(earlier - middle, right, false), defined_root(left))
    };
    proof.push(beside);
    proof
}

#[test]
fn every_root_and_proof_of_small_trees_is_the_one_defined() {
    let leaves: Vec<_> = (0..40).map(|number| leaf_hash(&leaf(number))).collect();
    let mut tree = MerkleTree::default();
    for leaf in &leaves {
        tree.push(*leaf);
    }
    for size in 0..=leaves.len() {
        let root = tree.root_at(size as u64).expect("there are so many");
        assert_eq!(root, defined_root(&leaves[..size]));
        for index in 0..size {
            let proof = tree.inclusion_proof(index as u64, size as u64).expect("it is there");
            assert_eq!(proof, defined_path(index, &leaves[..size]), "{index} in {size}");
        }
        for earlier in 1..=size {
            let proof = tree.consistency_proof(earlier as u64, size as u64).expect("it goes on");
            let defined = defined_proof(earlier, &leaves[..size], true);
            assert_eq!(proof, defined, "{earlier} to {size}");
        }
    }
    assert_eq!(tree.root_at(41), None);
    assert_eq!(tree.inclusion_proof(40, 40), None);
    assert_eq!(tree.inclusion_proof(0, 41), None);
    assert_eq!(tree.consistency_proof(3, 2), None);
    assert_eq!(tree.consistency_proof(3, 41), None);
}

#[test]
fn random_trees_are_those_of_another_implementation() {
    let mut numbers = Numbers::new(1);
    let pairs = scaled("ONX_PROOF_PAIRS", 4000);
    let sizes: Vec<u64> =
        [10_000, 8192].into_iter().chain((0..6).map(|_| 1 + numbers.below(9999))).collect();
    for size in &sizes {
        let salt = numbers.next();
        let (mut other, mut tree) = (Other::new(), MerkleTree::default());
        let mut range = CompactRange::default();
        let (mut leaves, mut roots) = (Vec::new(), vec![empty_root()]);
        for number in 0..*size {
            let leaf = leaf(number ^ salt);
            let hash = leaf_hash(&leaf);
            other.push(leaf);
            leaves.push(hash);
            tree.push(hash);
            range.push(hash);
            roots.push(range.root());
        }
        let root = range.root();
        assert_eq!(root.as_bytes()[..], other.root().as_bytes()[..]);
        for index in 0..*size {
            let proof = tree.inclusion_proof(index, *size).expect("it is there");
            let theirs = other.prove_inclusion(index as usize);
            assert_eq!(bytes(&proof), theirs.as_bytes(), "{index} in {size}");
            let leaf = &leaves[index as usize];
            assert!(is_included(leaf, index, *size, &proof, &root), "{index} in {size}");
        }
        for _ in 0..pairs / sizes.len() as u64 {
            let earlier = 1 + numbers.below(*size);
            let proof = tree.consistency_proof(earlier, *size).expect("it goes on");
            let theirs = other.prove_consistency((*size - earlier) as usize);
            assert_eq!(bytes(&proof), theirs.as_bytes(), "{earlier} to {size}");
            let old = &roots[earlier as usize];
            assert_eq!(tree.root_at(earlier).as_ref(), Some(old));
            assert!(is_consistent(earlier, *size, &proof, old, &root), "{earlier} to {size}");
        }
    }
}

/// Everything near a proof: a changed, missing, doubled, added or moved hash.
fn near(proof: &[Sha256]) -> Vec<Vec<Sha256>> {
    let mut others = Vec::new();
    for position in 0..proof.len() {
        for bit in [0, 7, 100, 255] {
            let mut hash = *proof[position].as_bytes();
            hash[bit / 8] ^= 1 << (bit % 8);
            let mut other = proof.to_vec();
            other[position] = Sha256::from_bytes(hash);
            others.push(other);
        }
        let mut other = proof.to_vec();
        other.remove(position);
        others.push(other);
        let mut other = proof.to_vec();
        other.insert(position, proof[position]);
        others.push(other);
        let mut other = proof.to_vec();
        other.swap(0, position);
        others.push(other);
    }
    let mut other = proof.to_vec();
    other.push(empty_root());
    others.push(other);
    others.retain(|other| other != proof);
    others
}

#[test]
fn no_wrong_proof_is_taken() {
    let mut tree = MerkleTree::default();
    let leaves: Vec<_> = (0..20_u8).map(|number| leaf_hash(&[number])).collect();
    for leaf in &leaves {
        tree.push(*leaf);
    }
    let root = |size| tree.root_at(size).expect("there are so many");
    let mut tried = 0;
    for size in 1..=20 {
        for index in 0..size {
            let proof = tree.inclusion_proof(index, size).expect("it is there");
            let taken = is_included(&leaves[index as usize], index, size, &proof, &root(size));
            assert!(taken, "{index} in {size}");
            for other in near(&proof) {
                tried += 1;
                let taken = is_included(&leaves[index as usize], index, size, &other, &root(size));
                assert!(!taken, "{index} in {size}");
            }
            // The size is pinned by the signed head; the place and the leaf are what is proved.
            for place in (0..20).filter(|place| *place != index) {
                let hash = &leaves[index as usize];
                assert!(!is_included(hash, place, size, &proof, &root(size)));
                let hash = &leaves[place as usize];
                assert!(!is_included(hash, index, size, &proof, &root(size)));
            }
        }
        for earlier in 1..size {
            let proof = tree.consistency_proof(earlier, size).expect("it goes on");
            let (old, new) = (root(earlier), root(size));
            assert!(is_consistent(earlier, size, &proof, &old, &new));
            for other in near(&proof) {
                tried += 1;
                assert!(!is_consistent(earlier, size, &other, &old, &new), "{earlier} to {size}");
            }
            for wrong in (1..=20).filter(|wrong| *wrong != earlier) {
                assert!(!is_consistent(earlier, size, &proof, &root(wrong), &new));
            }
            for wrong in (1..=20).filter(|wrong| *wrong != size) {
                assert!(!is_consistent(earlier, size, &proof, &old, &root(wrong)));
            }
            assert!(!is_consistent(size, earlier, &proof, &new, &old));
        }
    }
    assert!(tried > 5000, "{tried}");
}

#[test]
fn proofs_at_the_ends_of_numbers_are_judged_and_not_followed() {
    let hash = leaf_hash(b"x");
    let long = vec![hash; 200];
    for size in [0, 1, 2, u64::MAX - 1, u64::MAX] {
        for index in [0, 1, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
            assert!(!is_included(&hash, index, size, &long, &hash));
            assert!(!is_consistent(index, size, &long, &hash, &hash));
        }
    }
    assert!(is_consistent(0, 5, &[], &empty_root(), &hash));
    assert!(!is_consistent(0, 5, &[], &hash, &hash));
    assert!(!is_consistent(0, 5, &[hash], &empty_root(), &hash));
    assert!(is_consistent(5, 5, &[], &hash, &hash));
    assert!(!is_consistent(5, 5, &[hash], &hash, &hash));
    assert!(is_included(&hash, 0, 1, &[], &hash));
}
