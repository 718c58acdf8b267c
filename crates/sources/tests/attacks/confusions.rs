//! Archives that different readers read differently, and members that lead elsewhere.

use sources::{ArchiveLimits, SourceTree, archive_tree};

use crate::making::{Packed, Zip, bzip2, gzip, pax, tar_end, tar_header, tar_member};
use crate::{Test, attack};

pub(crate) const TESTS: &[Test] = &[
    ("the_larger_size_of_a_pax_record_counts", the_larger_size_of_a_pax_record_counts),
    ("sizes_that_are_no_sizes_are_refused", sizes_that_are_no_sizes_are_refused),
    ("a_member_with_two_names_is_left_out", a_member_with_two_names_is_left_out),
    ("of_two_members_of_one_name_the_last_counts", of_two_members_of_one_name_the_last_counts),
    ("links_that_lead_out_are_left_out", links_that_lead_out_are_left_out),
    ("a_link_is_no_folder", a_link_is_no_folder),
    ("devices_and_pipes_are_left_out", devices_and_pipes_are_left_out),
    ("an_archive_that_is_cut_off_anywhere_ends", an_archive_that_is_cut_off_anywhere_ends),
];

fn the_larger_size_of_a_pax_record_counts() {
    // The size of the plain header says that nothing follows; the content of the member, which the
    // record announces, looks like another member.
    let hidden = [tar_member(b"lib/evil.py", b"evil"), tar_end()].concat();
    let size = hidden.len().to_string();
    let bytes = [
        pax(&[("size", &size)]),
        tar_header(b"lib/data.bin", b'0', 0, b""),
        hidden.clone(),
        tar_member(b"lib/good.py", b"good"),
        tar_end(),
    ]
    .concat();
    let read = attack("lib-1.0.tar", &bytes);
    assert_eq!(read.members(), [format!("data.bin {size}").as_str(), "good.py 4"]);
    // The other way round: the record says that the member is empty, so what follows is the next.
    let bytes = [
        pax(&[("size", "0")]),
        tar_header(b"lib/data.bin", b'0', hidden.len() as u64, b""),
        tar_member(b"lib/seen.py", b"seen"),
        tar_end(),
    ]
    .concat();
    assert_eq!(attack("lib-1.0.tar", &bytes).members(), ["data.bin 0", "seen.py 4"]);
}

fn sizes_that_are_no_sizes_are_refused() {
    for size in ["18446744073709551615", "9223372036854775807", "1099511627776"] {
        let bytes = [
            pax(&[("size", size)]),
            tar_header(b"lib/a", b'0', 0, b""),
            tar_member(b"lib/b", b"b"),
            tar_end(),
        ]
        .concat();
        attack("lib-1.0.tar", &bytes).refused();
    }
    let mut negative = tar_header(b"lib/a", b'0', 0, b"");
    negative[124..136].fill(0xff);
    let bytes = [crate::making::sealed(negative), tar_end()].concat();
    attack("lib-1.0.tar", &bytes).refused();
}

fn a_member_with_two_names_is_left_out() {
    let content = Packed::new(b"x = 1\n");
    let mut zip = Zip::default();
    let offset = zip.content(b"lib/hidden.py", &content);
    zip.listed(b"lib/shown.py", &content, offset, 0o100_644);
    zip.member(b"lib/good.py", &content);
    let read = attack("lib-1.0-py3-none-any.whl", &zip.finish());
    assert_eq!(read.members(), ["lib/good.py 6"]);
    assert!(read.findings()[0].contains("another name"), "{:?}", read.findings());
}

fn of_two_members_of_one_name_the_last_counts() {
    let (first, last) = (Packed::new(b"first"), Packed::new(b"the last"));
    let mut zip = Zip::default();
    zip.member(b"lib/a.py", &first);
    zip.member(b"lib/a.py", &last);
    let read = attack("lib-1.0-py3-none-any.whl", &zip.finish());
    assert_eq!(read.members(), ["lib/a.py 8"]);
    assert!(read.findings()[0].starts_with("duplicate-member"), "{:?}", read.findings());
    let mut bytes = Vec::new();
    for _ in 0..50_000 {
        bytes.extend(tar_member(b"lib/a.py", b"a"));
    }
    bytes.extend(tar_end());
    let read = attack("lib-1.0.tar", &bytes);
    assert_eq!(read.members(), ["a.py 1"]);
    assert!(read.findings().len() <= 100, "{} findings", read.findings().len());
}

fn links_that_lead_out_are_left_out() {
    for kind in [b'1', b'2'] {
        for target in ["/etc/passwd", "../../etc/passwd", "../..", "/", "../x/../.."] {
            let bytes = [
                tar_header(b"lib/link", kind, 0, target.as_bytes()),
                tar_member(b"lib/good.py", b"good"),
                tar_end(),
            ]
            .concat();
            let read = attack("lib-1.0.tar", &bytes);
            assert_eq!(read.members(), ["good.py 4"], "{target}");
        }
    }
    let target = Packed::new(b"/etc/passwd");
    let mut zip = Zip::default();
    let offset = zip.content(b"lib/link", &target);
    zip.listed(b"lib/link", &target, offset, 0o120_777);
    zip.member(b"lib/good.py", &Packed::new(b"good"));
    let read = attack("lib-1.0-py3-none-any.whl", &zip.finish());
    assert_eq!(read.members(), ["lib/good.py 4"]);
}

fn a_link_is_no_folder() {
    let bytes = [
        tar_header(b"lib/sub", b'2', 0, b"other"),
        tar_member(b"lib/sub/evil.py", b"evil"),
        tar_member(b"lib/other/a.py", b"a"),
        tar_header(b"lib/sub", b'5', 0, b""),
        tar_end(),
    ]
    .concat();
    let read = attack("lib-1.0.tar", &bytes);
    let link = read.members()[1].to_owned();
    assert!(link.starts_with("sub ") && link.contains("no file of this tree"), "{link}");
    assert_eq!((read.members()[0], read.members()[2]), ("other/a.py 1", "sub/evil.py 4"));
    assert!(read.findings().iter().any(|finding| finding.starts_with("path-conflict")));
}

fn devices_and_pipes_are_left_out() {
    for kind in [b'3', b'4', b'6', b'7' + 1] {
        let bytes = [
            tar_header(b"lib/device", kind, 0, b""),
            tar_member(b"lib/good.py", b"good"),
            tar_end(),
        ]
        .concat();
        let read = attack("lib-1.0.tar", &bytes);
        assert_eq!(read.members(), ["good.py 4"], "{}", char::from(kind));
        assert!(read.findings()[0].contains("device or pipe"), "{:?}", read.findings());
    }
}

fn an_archive_that_is_cut_off_anywhere_ends() {
    let tar = [
        tar_member(b"lib/a.py", &b"a = 1\n".repeat(300)),
        pax(&[("path", "lib/long.py")]),
        tar_member(b"lib/b.py", b"b = 2\n"),
        tar_end(),
    ]
    .concat();
    let mut zip = Zip::default();
    zip.member(b"lib/a.py", &Packed::new(&b"a = 1\n".repeat(300)));
    zip.member(b"lib/b.py", &Packed::new(b"b = 2\n"));
    let archives = [
        ("lib-1.0.tar", tar.clone()),
        ("lib-1.0.tar.gz", gzip(&tar)),
        ("lib-1.0.tar.bz2", bzip2(&tar)),
        ("lib-1.0.zip", zip.finish()),
    ];
    for (name, bytes) in archives {
        let whole = archive_tree(name, bytes.clone(), ArchiveLimits::default()).expect(name);
        assert_eq!(whole.entries().len(), 2, "{name}");
        for length in 0..bytes.len() {
            let cut = archive_tree(name, bytes[..length].to_vec(), ArchiveLimits::default());
            // A tar file that ends between two members, or in the blocks that end it, is a shorter
            // tar file; what is left of it is what it was.
            for entry in cut.iter().flat_map(SourceTree::entries) {
                assert!(
                    name.ends_with(".tar") || whole.entries().contains(entry),
                    "{name} {length}"
                );
            }
        }
    }
}
