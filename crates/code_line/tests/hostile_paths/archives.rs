//! The paths as members of archives of every kind.

use artifact::Finding;
use flate2::Crc;
use sources::{ArchiveLimits, SourceTree, archive_tree};

use crate::{Case, cases};

/// A zip file of one stored member with this name and one with a plain one.
fn zip(name: &[u8]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in [(name, b"evil".as_slice()), (b"pkg/good.py".as_slice(), b"good")] {
        let mut checksum = Crc::new();
        checksum.update(content);
        let mut common = vec![20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0];
        common.extend_from_slice(&checksum.sum().to_le_bytes());
        let size = u32::try_from(content.len()).expect("small").to_le_bytes();
        common.extend_from_slice(&[size, size].concat());
        common.extend_from_slice(&u16::try_from(name.len()).expect("short").to_le_bytes());
        common.extend_from_slice(&[0, 0]);
        let offset = u32::try_from(out.len()).expect("small");
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&[common.as_slice(), name, content].concat());
        directory.extend_from_slice(b"PK\x01\x02\x14\x03");
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&[0; 6]);
        directory.extend_from_slice(&(0o100_644_u32 << 16).to_le_bytes());
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(name);
    }
    let (start, length) = (out.len() as u32, directory.len() as u32);
    out.extend_from_slice(&directory);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0\x02\0\x02\0");
    out.extend_from_slice(&[length.to_le_bytes(), start.to_le_bytes()].concat());
    out.extend_from_slice(&[0, 0]);
    out
}

/// A tar file of the same two members; a long name stands in a member of its own, as GNU tar
/// writes it.
fn tar(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    if name.len() > 100 {
        tar_member(&mut out, b"././@LongLink", b'L', &[name, b"\0"].concat());
    }
    tar_member(&mut out, &name[..name.len().min(100)], b'0', b"evil");
    tar_member(&mut out, b"pkg/good.py", b'0', b"good");
    out.extend_from_slice(&[0; 1024]);
    out
}

fn tar_member(out: &mut Vec<u8>, name: &[u8], kind: u8, content: &[u8]) {
    let mut header = [0; 512];
    header[..name.len()].copy_from_slice(name);
    header[100..108].copy_from_slice(b"0000644\0");
    header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
    header[136..148].copy_from_slice(b"00000000000\0");
    header[148..156].copy_from_slice(b"        ");
    header[156] = kind;
    header[257..265].copy_from_slice(b"ustar  \0");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(content);
    out.resize(out.len().next_multiple_of(512), 0);
}

fn holds(case: &Case, tree: &SourceTree) {
    let good = ["good.py", "pkg/good.py"].into_iter().find_map(|path| tree.read(path).ok());
    assert_eq!(good.as_deref(), Some(b"good".as_slice()), "{}", case.source);
    assert!(tree.entries().len() <= 2, "{}", case.source);
    for entry in tree.entries() {
        assert!(entry.path.parts().all(|part| !matches!(part, "" | "." | "..")));
    }
}

fn refusal<'a>(case: &Case, tree: &'a SourceTree) -> &'a Finding {
    let refused = tree.findings().iter().find(|finding| finding.code == "member-refused");
    refused.unwrap_or_else(|| panic!("{} was taken: {:?}", case.source, tree.entries()))
}

#[test]
fn every_kind_of_archive_leaves_out_what_leaves_it() {
    for case in cases().into_iter().filter(|case| case.raw.len() < 60_000) {
        for (name, bytes) in [
            ("x.tar", tar(&case.raw)),
            ("x.zip", zip(&case.raw)),
            ("x-1.0-py3-none-any.whl", zip(&case.raw)),
        ] {
            let tree = archive_tree(name, bytes, ArchiveLimits::default()).expect(name);
            holds(&case, &tree);
            // A folder, a name that ends at its NUL, or one that starts with `./` is another path
            // by the rules of the format itself.
            let is_other = case.raw.ends_with(b"/")
                || case.raw.ends_with(b"\\")
                || case.raw.starts_with(b"./")
                || case.raw.is_empty()
                || (name == "x.tar" && case.raw.contains(&0));
            if case.is_path() {
                let longest = ArchiveLimits::default().path_bytes;
                assert!(tree.entries().len() == 2 || case.raw.len() > longest, "{}", case.source);
            } else if !is_other {
                let told = &refusal(&case, &tree).message;
                match case.verdict {
                    "too-long" => assert!(told.contains("too long") || told.contains("longer")),
                    _ => case.is_told(told),
                }
            }
        }
    }
}
