//! Merkle trees over lists that only grow, as RFC 6962 (Certificate Transparency) hashes them, with
//! the proofs and their verification of RFC 9162.

use artifact::Sha256;

/// The hash of a leaf with these bytes. Its first byte tells it from that of a node, so that no
/// node can be passed off as a leaf.
pub fn leaf_hash(bytes: &[u8]) -> Sha256 {
    Sha256::of_joined([[0].as_slice(), bytes])
}

/// The hash of the tree without leaves.
pub fn empty_root() -> Sha256 {
    Sha256::of(&[])
}

fn node_hash(left: &Sha256, right: &Sha256) -> Sha256 {
    Sha256::of_joined([[1].as_slice(), left.as_bytes(), right.as_bytes()])
}

/// The root of a growing list in memory that grows with the logarithm of its length: the roots of
/// the complete trees that make it up, the largest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompactRange {
    size: u64,
    peaks: Vec<Sha256>,
}

impl CompactRange {
    /// The range of so many leaves with these roots; none where there are not as many as such a
    /// range has.
    pub fn from_peaks(size: u64, peaks: Vec<Sha256>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// The roots of the complete trees, the largest first.
    pub fn peaks(&self) -> &[Sha256] {
        &self.peaks
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds the hash of one more leaf.
    pub fn push(&mut self, leaf: Sha256) {
        let mut top = leaf;
        // Each trailing one in the size is a complete tree of the same height as what comes.
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            top = node_hash(&left, &top);
        }
        self.peaks.push(top);
        self.size += 1;
    }

    /// The root over all leaves.
    pub fn root(&self) -> Sha256 {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return empty_root() };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// A tree that can prove: the roots of all complete subtrees by their height, about two hashes for
/// each leaf.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MerkleTree {
    levels: Vec<Vec<Sha256>>,
}

impl MerkleTree {
    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// Adds the hash of one more leaf.
    pub fn push(&mut self, leaf: Sha256) {
        let mut top = leaf;
        for height in 0.. {
            if self.levels.len() == height {
                self.levels.push(Vec::new());
            }
            let level = &mut self.levels[height];
            level.push(top);
            let [.., left, right] = level[..] else { return };
            if !level.len().is_multiple_of(2) {
                return;
            }
            top = node_hash(&left, &right);
        }
    }

    /// The root over the first leaves, as many as `size` says; nothing if there are fewer.
    pub fn root_at(&self, size: u64) -> Option<Sha256> {
        (size <= self.size()).then(|| self.range(0, size))
    }

    /// The proof that the leaf at `index` is in the tree of the first `size` leaves: the hashes
    /// beside its path, from the leaf upwards. Nothing if it is not.
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Option<Vec<Sha256>> {
        if index >= size || size > self.size() {
            return None;
        }
        let (mut proof, mut from, mut to) = (Vec::new(), 0, size);
        while to - from > 1 {
            let middle = from + split(to - from);
            if index < middle {
                proof.push(self.range(middle, to));
                to = middle;
            } else {
                proof.push(self.range(from, middle));
                from = middle;
            }
        }
        proof.reverse();
        Some(proof)
    }

    /// The proof that the tree of the first `size` leaves goes on from that of the first `earlier`.
    /// Nothing if it does not.
    pub fn consistency_proof(&self, earlier: u64, size: u64) -> Option<Vec<Sha256>> {
        if earlier > size || size > self.size() {
            return None;
        }
        if earlier == 0 || earlier == size {
            return Some(Vec::new());
        }
        let (mut proof, mut from, mut to) = (Vec::new(), 0, size);
        while earlier != to {
            let middle = from + split(to - from);
            if earlier <= middle {
                proof.push(self.range(middle, to));
                to = middle;
            } else {
                proof.push(self.range(from, middle));
                from = middle;
            }
        }
        // What the verifier has as the earlier root itself need not be told.
        if from > 0 {
            proof.push(self.range(from, to));
        }
        proof.reverse();
        Some(proof)
    }

    /// The root over the leaves from one place to another, which must be a place where the trees
    /// of this list are split.
    fn range(&self, from: u64, to: u64) -> Sha256 {
        let count = to - from;
        if count == 0 {
            return empty_root();
        }
        if count.is_power_of_two() {
            let height = count.trailing_zeros();
            return self.levels[height as usize][(from >> height) as usize];
        }
        let middle = from + split(count);
        node_hash(&self.range(from, middle), &self.range(middle, to))
    }
}

/// The largest power of two that is smaller than the number of leaves, of which there are two or
/// more.
fn split(leaves: u64) -> u64 {
    1 << (u64::BITS - 1 - (leaves - 1).leading_zeros())
}

/// Whether a proof shows that a leaf with this hash is at `index` in the tree of `size` leaves with
/// this root (RFC 9162, 2.1.3.2).
pub fn is_included(leaf: &Sha256, index: u64, size: u64, proof: &[Sha256], root: &Sha256) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for beside in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(beside, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, beside);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether a proof shows that the tree of `size` leaves goes on from that of `earlier` leaves,
/// given the roots of both (RFC 9162, 2.1.4.2). The tree without leaves begins every other.
pub fn is_consistent(
    earlier: u64,
    size: u64,
    proof: &[Sha256],
    earlier_root: &Sha256,
    root: &Sha256,
) -> bool {
    if earlier == size {
        return proof.is_empty() && earlier_root == root;
    }
    if earlier == 0 {
        return proof.is_empty() && *earlier_root == empty_root();
    }
    if earlier > size {
        return false;
    }
    let (mut node, mut last) = (earlier - 1, size - 1);
    let below = node.trailing_ones();
    (node, last) = (node >> below, last >> below);
    let whole = earlier.is_power_of_two().then_some(earlier_root);
    let mut hashes = whole.into_iter().chain(proof);
    let Some(first) = hashes.next() else { return false };
    let (mut old, mut new) = (*first, *first);
    for beside in hashes {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old = node_hash(beside, &old);
            new = node_hash(beside, &new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, beside);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old == *earlier_root && new == *root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_those_of_the_known_tree() {
        // The leaves and roots of the tests of Certificate Transparency itself.
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let (mut range, mut tree) = (CompactRange::default(), MerkleTree::default());
        assert_eq!(range.root(), empty_root());
        assert_eq!(tree.root_at(0), Some(empty_root()));
        for (leaf, root) in leaves.into_iter().zip(roots) {
            range.push(leaf_hash(leaf));
            tree.push(leaf_hash(leaf));
            assert_eq!(range.root().hex(), root);
            assert_eq!(tree.root_at(tree.size()), Some(range.root()));
        }
    }
}
