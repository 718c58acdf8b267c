//! Archives are hostile: whatever they hold, the tree stays inside itself and within the limits.

#![expect(
    clippy::expect_used,
    reason = "tests make and read folders of their own, and stop at the first surprise"
)]

use std::io::{Cursor, Write as _};

use proptest::prelude::*;
use sources::{ArchiveLimits, EntryKind, SourceError, SourceTree, archive_tree};

type TarBuilder = tar::Builder<Vec<u8>>;

/// A tar file; names are written as they are, without the checks that a well-meaning writer makes.
fn tarball(members: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in members {
        add(&mut builder, name, tar::EntryType::Regular, b"", content);
    }
    builder.into_inner().expect("a tar file")
}

fn add(builder: &mut TarBuilder, name: &[u8], kind: tar::EntryType, link: &[u8], content: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link);
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(1_700_000_000);
    header.set_cksum();
    builder.append(&header, content).expect("a member");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("finished")
}

fn zip_file(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(*name, options).expect("a member");
        writer.write_all(content).expect("written");
    }
    writer.finish().expect("finished").into_inner()
}

fn open(name: &str, bytes: Vec<u8>) -> Result<SourceTree, SourceError> {
    archive_tree(name, bytes, ArchiveLimits::default())
}

fn paths(tree: &SourceTree) -> Vec<&str> {
    tree.entries().iter().map(|entry| entry.path.as_str()).collect()
}

#[test]
fn an_sdist_loses_its_top_folder_in_every_format() {
    let tar = tarball(&[(b"lib-1.0/pkg/a.py", b"a = 1\n"), (b"lib-1.0/PKG-INFO", b"Name: lib\n")]);
    let zip = zip_file(&[("lib-1.0/pkg/a.py", b"a = 1\n"), ("lib-1.0/PKG-INFO", b"Name: lib\n")]);
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(&tar).expect("written");
    let archives = [
        ("lib-1.0.tar.gz", gzip(&tar)),
        ("lib-1.0.tar.bz2", bzip2.finish().expect("finished")),
        ("lib-1.0.tar", tar),
        ("lib-1.0.zip", zip),
    ];
    for (name, bytes) in archives {
        let tree = open(name, bytes).expect(name);
        assert_eq!(paths(&tree), ["PKG-INFO", "pkg/a.py"], "{name}");
        assert_eq!(tree.read("pkg/a.py").expect("a file"), b"a = 1\n", "{name}");
        assert_eq!(tree.identity().distribution.as_deref(), Some("lib"), "{name}");
        assert!(tree.identity().archive.is_some() && tree.identity().created_at.is_some());
    }
}

#[test]
fn a_wheel_keeps_its_layout_and_unfolds_its_data() {
    let bytes = zip_file(&[
        ("pkg/__init__.py", b""),
        ("lib-1.0.data/purelib/extra/x.py", b"x"),
        ("lib-1.0.dist-info/METADATA", b"Name: lib\nVersion: 1.0\n"),
    ]);
    let tree = open("lib-1.0-py3-none-any.whl", bytes).expect("a wheel");
    assert_eq!(paths(&tree), ["extra/x.py", "lib-1.0.dist-info/METADATA", "pkg/__init__.py"]);
    assert_eq!(tree.read("extra/x.py").expect("a file"), b"x");
    assert_eq!(tree.identity().version.as_deref(), Some("1.0"));
}

#[test]
fn members_that_leave_the_archive_are_left_out_with_a_finding() {
    let hostile: [&[u8]; 7] = [
        b"../evil.py",
        b"/etc/passwd",
        b"lib/../../evil.py",
        b"lib/a\\b.py",
        b"C:/evil.py",
        b"lib//a.py",
        b"lib/\xff.py",
    ];
    for name in hostile {
        let tar = tarball(&[(name, b"evil"), (b"lib/good.py", b"good")]);
        let tree = open("x.tar", tar).expect("a tree");
        assert_eq!(paths(&tree), ["good.py"], "{}", String::from_utf8_lossy(name));
        assert_eq!(tree.findings()[0].code, "member-refused");
    }
    let zip = zip_file(&[("../evil.py", b"evil"), ("lib/good.py", b"good")]);
    assert_eq!(paths(&open("x.zip", zip).expect("a tree")), ["good.py"]);
}

#[test]
fn links_lead_only_to_members() {
    let mut builder = tar::Builder::new(Vec::new());
    add(&mut builder, b"lib/a.py", tar::EntryType::Regular, b"", b"a");
    add(&mut builder, b"lib/sub/same.py", tar::EntryType::Symlink, b"../a.py", b"");
    add(&mut builder, b"lib/hard.py", tar::EntryType::Link, b"lib/a.py", b"");
    add(&mut builder, b"lib/out.py", tar::EntryType::Symlink, b"../../etc/passwd", b"");
    add(&mut builder, b"lib/abs.py", tar::EntryType::Symlink, b"/etc/passwd", b"");
    add(&mut builder, b"lib/gone.py", tar::EntryType::Link, b"lib/nothing.py", b"");
    add(&mut builder, b"lib/loop.py", tar::EntryType::Symlink, b"loop.py", b"");
    add(&mut builder, b"lib/pipe", tar::EntryType::Fifo, b"", b"");
    let tree = open("x.tar", builder.into_inner().expect("a tar file")).expect("a tree");
    assert_eq!(paths(&tree), ["a.py", "hard.py", "loop.py", "sub/same.py"]);
    assert_eq!(tree.read("sub/same.py").expect("a file"), b"a");
    assert_eq!(tree.read("hard.py").expect("a file"), b"a");
    assert!(tree.read("loop.py").is_err());
    assert_eq!(tree.entry("sub/same.py").map(|entry| entry.kind), Some(EntryKind::Symlink));
    assert_eq!(tree.findings().len(), 4);
}

#[test]
fn the_last_of_two_members_of_one_name_counts() {
    let tar = tarball(&[(b"lib/a.py", b"first"), (b"lib/a.py", b"second")]);
    let tree = open("x.tar", tar).expect("a tree");
    assert_eq!(tree.read("a.py").expect("a file"), b"second");
    assert_eq!(tree.findings()[0].code, "duplicate-member");
}

#[test]
fn damaged_archives_are_errors() {
    let tar = tarball(&[(b"lib/a.py", &[b'x'; 5000]), (b"lib/b.py", b"b")]);
    let zip = zip_file(&[("lib/a.py", &[b'x'; 5000])]);
    let gz = gzip(&tar);
    for (name, bytes) in [
        ("a.tar", tar[..3000].to_vec()),
        ("a.tar.gz", gz[..gz.len() / 2].to_vec()),
        ("a.tar.bz2", gz.clone()),
        ("a.zip", zip[..zip.len() / 2].to_vec()),
        ("a.whl", Vec::new()),
        ("a.tar.gz", b"no archive at all".to_vec()),
        ("a.rar", gz.clone()),
    ] {
        let error = open(name, bytes).expect_err(name);
        assert!(matches!(&error, SourceError::Archive { name: n, .. } if n == name), "{error}");
        assert!(!error.hint().is_empty());
    }
}

#[test]
fn every_limit_holds() {
    let zeros = vec![0; 3 << 20];
    let tar = tarball(&[(b"lib/a", &zeros), (b"lib/b", &zeros)]);
    let zip = zip_file(&[("lib/a", &zeros), ("lib/b", &zeros)]);
    let table = [
        ArchiveLimits { members: 1, ..ArchiveLimits::default() },
        ArchiveLimits { member_bytes: 1 << 20, ..ArchiveLimits::default() },
        ArchiveLimits { unpacked_bytes: 4 << 20, ..ArchiveLimits::default() },
    ];
    for limits in table {
        for (name, bytes) in [("x.tar.gz", gzip(&tar)), ("x.zip", zip.clone())] {
            let outcome = archive_tree(name, bytes, limits);
            assert!(matches!(outcome, Err(SourceError::Archive { .. })), "{name} {limits:?}");
        }
    }
    let short = ArchiveLimits { path_bytes: 4, ..ArchiveLimits::default() };
    let tree = archive_tree("x.tar", tar, short).expect("a tree");
    assert!(tree.entries().is_empty() && !tree.findings().is_empty());
}

#[test]
fn an_archive_that_unpacks_to_far_more_than_it_is_stops_early() {
    let zeros = vec![0; 80 << 20];
    let bomb = gzip(&tarball(&[(b"lib/a", &zeros)]));
    let limits = ArchiveLimits { ratio: 10, ..ArchiveLimits::default() };
    let error = archive_tree("x.tar.gz", bomb, limits).expect_err("a bomb");
    assert!(error.to_string().contains("more than is allowed"), "{error}");
}

#[test]
fn a_header_cannot_fill_the_memory() {
    // The name of the next member, in a member of its own, of eight million letters.
    let mut builder = tar::Builder::new(Vec::new());
    let name = vec![b'a'; 8 << 20];
    add(&mut builder, b"././@LongLink", tar::EntryType::GNULongName, b"", &name);
    add(&mut builder, b"lib/a.py", tar::EntryType::Regular, b"", b"a");
    let bytes = gzip(&builder.into_inner().expect("a tar file"));
    assert!(open("x.tar.gz", bytes).is_err());
}

proptest! {
    #[test]
    fn any_name_gives_a_path_inside_or_none(name in proptest::collection::vec(1_u8..=255, 1..90)) {
        let tar = tarball(&[(&name, b"content")]);
        if let Ok(tree) = open("x.tar", tar) {
            for entry in tree.entries() {
                let path = std::path::Path::new(entry.path.as_str());
                let is_plain = |c| matches!(c, std::path::Component::Normal(_));
                prop_assert!(path.components().all(is_plain));
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        for name in ["x.tar", "x.tar.gz", "x.tar.bz2", "x.zip", "x.whl"] {
            let _ = open(name, bytes.clone());
        }
    }

    #[test]
    fn a_changed_byte_is_no_panic(at in 0_usize..4000, value in any::<u8>()) {
        let tar = tarball(&[(b"lib/a.py", b"a = 1"), (b"lib/b.py", &[b'b'; 700])]);
        let zip = zip_file(&[("lib/a.py", b"a = 1"), ("lib/b.py", &[b'b'; 700])]);
        for (name, mut bytes) in [("x.tar", tar), ("x.zip", zip)] {
            let place = at % bytes.len();
            bytes[place] = value;
            if let Ok(tree) = open(name, bytes) {
                for entry in tree.entries() {
                    let _ = tree.read(entry.path.as_str());
                }
            }
        }
    }
}
