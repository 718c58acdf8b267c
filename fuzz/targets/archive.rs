//! Archives in memory: whatever they hold, the tree stays inside itself and within its limits, and
//! each listed file can be read or says why not. The first byte chooses the kind.

#![no_main]

use sources::{ArchiveLimits, archive_tree};

const NAMES: [&str; 5] =
    ["lib-1.0.tar", "lib-1.0.tar.gz", "lib-1.0.tar.bz2", "lib-1.0.zip", "lib-1.0-py3-none-any.whl"];

/// Small, so that a limit is met by what fits a test case.
const LIMITS: ArchiveLimits = ArchiveLimits {
    archive_bytes: 1 << 20,
    members: 200,
    member_bytes: 1 << 20,
    unpacked_bytes: 4 << 20,
    ratio: 300,
    path_bytes: 200,
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((&which, bytes)) = bytes.split_first() else { return };
    let name = NAMES[usize::from(which) % NAMES.len()];
    let Ok(tree) = archive_tree(name, bytes.to_vec(), LIMITS) else { return };
    assert!(tree.entries().len() <= LIMITS.members);
    let mut total = 0;
    for entry in tree.entries() {
        assert!(entry.path.parts().all(|part| !matches!(part, "" | "." | "..")));
        assert!(entry.path.as_str().len() <= LIMITS.path_bytes);
        if let Ok(read) = tree.read(entry.path.as_str()) {
            assert!(read.len() as u64 <= LIMITS.member_bytes);
        }
        total += entry.size_bytes;
    }
    // A hard link counts again, so the sum may pass the limit by the links alone.
    assert!(total <= LIMITS.unpacked_bytes * LIMITS.members as u64);
});
