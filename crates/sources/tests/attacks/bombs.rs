//! Archives that unpack to far more than they are.

use crate::making::{Packed, Zip, bzip2, gzip, pax, sealed, tar_end, tar_header, tar_member};
use crate::{Test, WORK_BYTES, attack};

pub(crate) const TESTS: &[Test] = &[
    ("a_gzip_bomb_is_refused", a_gzip_bomb_is_refused),
    ("a_bomb_of_ten_thousand_to_one_is_refused", a_bomb_of_ten_thousand_to_one_is_refused),
    ("a_zip_bomb_is_refused", a_zip_bomb_is_refused),
    (
        "a_bomb_in_a_large_archive_is_refused_as_early",
        a_bomb_in_a_large_archive_is_refused_as_early,
    ),
    ("members_that_share_their_content_are_refused", members_that_share_their_content_are_refused),
    ("an_archive_in_an_archive_is_not_opened", an_archive_in_an_archive_is_not_opened),
    ("a_million_members_are_refused", a_million_members_are_refused),
    ("a_million_gzip_files_in_one_are_refused", a_million_gzip_files_in_one_are_refused),
    ("headers_without_end_are_refused", headers_without_end_are_refused),
    ("holes_are_refused", holes_are_refused),
    ("links_to_one_content_take_no_memory", links_to_one_content_take_no_memory),
];

const GIBIBYTE: u64 = 1 << 30;

/// A member of one gibibyte of zeros, packed in parts.
fn packed_zeros(pack: fn(&[u8]) -> Vec<u8>, part_bytes: usize) -> Vec<u8> {
    let mut bytes = pack(&tar_header(b"lib/zeros", b'0', GIBIBYTE, b""));
    let part = pack(&vec![0; part_bytes]);
    bytes.extend(part.repeat(GIBIBYTE as usize / part_bytes));
    bytes.extend(pack(&tar_end()));
    bytes
}

fn a_gzip_bomb_is_refused() {
    let bytes = packed_zeros(gzip, 16 << 20);
    assert!(GIBIBYTE / bytes.len() as u64 > 900);
    assert!(attack("lib-1.0.tar.gz", &bytes).unpacked_bytes() < WORK_BYTES);
}

fn a_bomb_of_ten_thousand_to_one_is_refused() {
    let bytes = packed_zeros(bzip2, 4 << 20);
    assert!(GIBIBYTE / bytes.len() as u64 > 10_000);
    assert!(attack("lib-1.0.tar.bz2", &bytes).unpacked_bytes() < WORK_BYTES);
}

fn a_zip_bomb_is_refused() {
    let zeros = Packed::new(&vec![0; 64 << 20]);
    let mut zip = Zip::default();
    for number in 0..16 {
        zip.member(format!("lib/{number}").as_bytes(), &zeros);
    }
    assert!(attack("lib-1.0.zip", &zip.finish()).unpacked_bytes() < WORK_BYTES);
}

fn a_bomb_in_a_large_archive_is_refused_as_early() {
    // What follows the bomb earns it nothing.
    let mut noise = vec![0_u8; 8 << 20];
    let mut state = 1_u64;
    for byte in &mut noise {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        *byte = (state >> 56) as u8;
    }
    let mut bytes = packed_zeros(gzip, 16 << 20);
    bytes.extend(gzip(&tar_member(b"lib/noise", &noise)));
    assert!(attack("lib-1.0.tar.gz", &bytes).unpacked_bytes() < WORK_BYTES);
}

fn members_that_share_their_content_are_refused() {
    // Each member holds the headers of those after it as text, and then the content of all.
    let mut content = Packed::new(&vec![b'a'; 1 << 20]);
    let mut text = vec![b'a'; 1 << 20];
    let mut starts = Vec::new();
    for number in (0..200).rev() {
        let name = format!("lib/{number:03}");
        let header = content.header(name.as_bytes());
        starts.push((name, content.clone()));
        text.splice(0..0, header.iter().copied());
        content = content.quoting(&header, &text);
    }
    let mut zip = Zip::default();
    let mut offset = 0;
    for (position, (name, content)) in starts.iter().rev().enumerate() {
        if position == 0 {
            zip.content(name.as_bytes(), content);
        }
        zip.listed(name.as_bytes(), content, offset, 0o100_644);
        offset += content.header(name.as_bytes()).len() as u32 + Packed::QUOTE_BYTES;
    }
    let refused = attack("lib-1.0.zip", &zip.finish());
    assert!(refused.refused().contains("overlap"), "{}", refused.refused());
    // Listed under one name, they are one.
    let shared = Packed::new(&vec![b'a'; 1 << 20]);
    let mut zip = Zip::default();
    let offset = zip.content(b"lib/a", &shared);
    for _ in 0..100_000 {
        zip.listed(b"lib/a", &shared, offset, 0o100_644);
    }
    let read = attack("lib-1.0.zip", &zip.finish());
    assert_eq!(read.members(), ["a 1048576"]);
    assert!(read.findings()[0].starts_with("duplicate-member"), "{:?}", read.findings());
}

fn an_archive_in_an_archive_is_not_opened() {
    let mut bytes = gzip(&vec![0; 16 << 20]);
    for depth in 0..50 {
        let mut zip = Zip::default();
        zip.member(format!("lib/{depth}.zip").as_bytes(), &Packed::new(&bytes));
        bytes = zip.finish();
    }
    let read = attack("lib-1.0.zip", &bytes);
    assert_eq!(read.members().len(), 1);
}

fn a_million_members_are_refused() {
    let mut zip = Zip::default();
    let empty = Packed::new(b"");
    let offset = zip.content(b"a", &empty);
    for _ in 0..1_000_000 {
        zip.listed(b"a", &empty, offset, 0o100_644);
    }
    let refused = attack("lib-1.0.zip", &zip.finish());
    assert!(refused.refused().contains("more than 200000 members"), "{}", refused.refused());
    let mut bytes = Vec::new();
    let mut part = Vec::new();
    for number in 0..1_000_000 {
        part.extend(tar_header(format!("lib/{number}").as_bytes(), b'0', 0, b""));
        if part.len() > 8 << 20 {
            bytes.extend(gzip(&part));
            part.clear();
        }
    }
    bytes.extend(gzip(&part));
    let refused = attack("lib-1.0.tar.gz", &bytes);
    assert!(refused.refused().contains("more than 200000 members"), "{}", refused.refused());
}

fn a_million_gzip_files_in_one_are_refused() {
    let bytes = gzip(b"").repeat(1_000_000);
    let refused = attack("lib-1.0.tar.gz", &bytes);
    assert!(refused.refused().contains("too many gzip files"), "{}", refused.refused());
}

fn headers_without_end_are_refused() {
    for (name, kind) in
        [("././@LongLink", b'L'), ("././@LongLink", b'K'), ("pax", b'x'), ("pax", b'g')]
    {
        let mut bytes = gzip(&tar_header(name.as_bytes(), kind, GIBIBYTE, b""));
        bytes.extend(gzip(&vec![b'a'; 16 << 20]).repeat(64));
        attack("lib-1.0.tar.gz", &bytes).refused();
    }
    // One after the other, each as large as is allowed, for no member at all.
    let record = pax(&[("comment", &"a".repeat(900 << 10))]);
    let bytes = gzip(&record).repeat(1000);
    attack("lib-1.0.tar.gz", &bytes).refused();
}

fn holes_are_refused() {
    let mut header = tar_header(b"lib/sparse", b'S', 512, b"");
    header[257..265].copy_from_slice(b"ustar  \0");
    // One piece at the end of seven gibibytes.
    header[386..398].copy_from_slice(format!("{:011o}\0", 7 * GIBIBYTE - 512).as_bytes());
    header[398..410].copy_from_slice(b"00000001000\0");
    header[483..495].copy_from_slice(format!("{:011o}\0", 7 * GIBIBYTE).as_bytes());
    let mut bytes = sealed(header);
    bytes.extend([b'x'; 512]);
    bytes.extend(tar_end());
    assert!(attack("lib-1.0.tar", &bytes).unpacked_bytes() < WORK_BYTES);
}

fn links_to_one_content_take_no_memory() {
    let mut bytes = tar_member(b"lib/a.py", &vec![b'a'; 4 << 20]);
    for number in 0..20_000 {
        bytes.extend(tar_header(format!("lib/l{number}").as_bytes(), b'1', 0, b"lib/a.py"));
    }
    bytes.extend(tar_end());
    let refused = attack("lib-1.0.tar", &bytes);
    assert!(refused.refused().contains("more than is allowed"), "{}", refused.refused());
}
