//! One file that keeps the facts of many blobs.
//!
//! Layout: a magic with the version of the form, the version of the extractor, the number of
//! entries, the index sorted by key, a digest of all that, then the encoded facts. Each entry
//! carries a hash of its bytes, checked when it is used; whatever does not fit counts as not there.

use artifact::Digest;
use python::facts::FileKind;

/// Names one blob's facts: the identity of its content and the kind of file that it was read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FactKey(pub(super) [u8; 16]);

impl FactKey {
    /// The key of this content read as this kind of file.
    pub(super) fn new(identity: &str, kind: FileKind) -> Self {
        let digest = Digest::of_parts([identity.as_bytes(), format!("{kind:?}").as_bytes()]);
        let mut key = [0; 16];
        key.copy_from_slice(&digest.as_bytes()[..16]);
        Self(key)
    }
}

const MAGIC: &[u8; 8] = b"onxfact1";
const HEADER_BYTES: usize = 8 + 4 + 4;
const ENTRY_BYTES: usize = 16 + 8 + 4 + 8;

/// A pack that was read; entries are decoded when they are asked for.
#[derive(Debug, Default)]
pub(super) struct Pack {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    key: FactKey,
    offset: u64,
    length: u32,
    check: [u8; 8],
}

impl Pack {
    /// Reads a pack; one that is damaged or of another version is empty.
    pub(super) fn read(bytes: Vec<u8>, extractor: u32) -> Self {
        match read_index(&bytes, extractor) {
            Some(entries) => Self { bytes, entries },
            None => Self::default(),
        }
    }

    /// The encoded facts of this key, if they are here and undamaged.
    pub(super) fn get(&self, key: FactKey) -> Option<&[u8]> {
        let position = self.entries.binary_search_by_key(&key, |entry| entry.key).ok()?;
        let entry = self.entries.get(position)?;
        let bytes = self.slice(entry)?;
        (check(bytes) == entry.check).then_some(bytes)
    }

    /// Every key with its encoded facts, unchecked, sorted.
    pub(super) fn iter(&self) -> impl Iterator<Item = (FactKey, &[u8])> {
        self.entries.iter().filter_map(|entry| Some((entry.key, self.slice(entry)?)))
    }

    /// How many bytes it takes.
    pub(super) fn size_bytes(&self) -> usize {
        self.bytes.len()
    }

    fn slice(&self, entry: &Entry) -> Option<&[u8]> {
        let start = usize::try_from(entry.offset).ok()?;
        self.bytes.get(start..start.checked_add(entry.length as usize)?)
    }
}

fn read_index(bytes: &[u8], extractor: u32) -> Option<Vec<Entry>> {
    if bytes.get(..8)? != MAGIC || number(bytes, 8)? != extractor {
        return None;
    }
    let count = number(bytes, 12)? as usize;
    let end = HEADER_BYTES.checked_add(count.checked_mul(ENTRY_BYTES)?)?;
    let index = bytes.get(..end)?;
    if bytes.get(end..end + 8)? != check(index) {
        return None;
    }
    let entries = index.get(HEADER_BYTES..)?.chunks_exact(ENTRY_BYTES);
    entries
        .map(|entry| {
            Some(Entry {
                key: FactKey(entry.get(..16)?.try_into().ok()?),
                offset: u64::from_le_bytes(entry.get(16..24)?.try_into().ok()?),
                length: number(entry, 24)?,
                check: entry.get(28..36)?.try_into().ok()?,
            })
        })
        .collect()
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn check(bytes: &[u8]) -> [u8; 8] {
    let digest = Digest::of(bytes);
    let mut short = [0; 8];
    short.copy_from_slice(&digest.as_bytes()[..8]);
    short
}

/// Writes a pack of these entries, which must be sorted by key and have no key twice.
pub(super) fn write_pack<'a>(
    entries: impl Iterator<Item = (FactKey, &'a [u8])> + Clone,
    extractor: u32,
) -> Vec<u8> {
    let (count, size) =
        entries.clone().fold((0_usize, 0_usize), |(n, size), (_, b)| (n + 1, size + b.len()));
    let start = HEADER_BYTES + count * ENTRY_BYTES + 8;
    let mut out = Vec::with_capacity(start + size);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&extractor.to_le_bytes());
    out.extend_from_slice(&(count as u32).to_le_bytes());
    let mut offset = start as u64;
    for (key, bytes) in entries.clone() {
        out.extend_from_slice(&key.0);
        out.extend_from_slice(&offset.to_le_bytes());
        out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        out.extend_from_slice(&check(bytes));
        offset += bytes.len() as u64;
    }
    let index = check(&out);
    out.extend_from_slice(&index);
    for (_, bytes) in entries {
        out.extend_from_slice(bytes);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed() -> (Vec<u8>, FactKey, FactKey) {
        let mut keys =
            [FactKey::new("git:1", FileKind::Python), FactKey::new("git:2", FileKind::Python)];
        keys.sort();
        let entries = [(keys[0], b"first".as_slice()), (keys[1], b"second".as_slice())];
        (write_pack(entries.into_iter(), 7), keys[0], keys[1])
    }

    #[test]
    fn a_pack_gives_back_what_was_put_in() {
        let (bytes, first, second) = packed();
        let pack = Pack::read(bytes, 7);
        assert_eq!(pack.get(first), Some(b"first".as_slice()));
        assert_eq!(pack.get(second), Some(b"second".as_slice()));
        assert_eq!(pack.get(FactKey::new("git:1", FileKind::Yaml)), None);
        assert_eq!(pack.iter().count(), 2);
    }

    #[test]
    fn another_extractor_or_any_damage_counts_as_nothing() {
        let (bytes, first, second) = packed();
        assert_eq!(Pack::read(bytes.clone(), 8).get(first), None);
        for position in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[position] ^= 0x10;
            let pack = Pack::read(damaged, 7);
            for (key, expected) in [(first, b"first".as_slice()), (second, b"second")] {
                assert!(pack.get(key).is_none_or(|bytes| bytes == expected), "byte {position}");
            }
            assert!(
                pack.get(first).is_none() || pack.get(second).is_none(),
                "the damage at byte {position} was not seen"
            );
        }
        for length in 0..bytes.len() {
            let pack = Pack::read(bytes[..length].to_vec(), 7);
            assert!(pack.get(first).is_none() || pack.get(second).is_none());
        }
    }
}
