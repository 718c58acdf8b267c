//! Zip archives that are the same bytes for the same files: sorted names, no times, one
//! compression.

use std::cell::RefCell;

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// One file, compressed and ready to be put into any number of archives.
#[derive(Debug, Clone)]
pub(crate) struct PackedFile {
    deflated: Vec<u8>,
    checksum: u32,
    size_bytes: u32,
}

impl PackedFile {
    /// Compresses a file; none when it is too large for the plain form of the format.
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        let size_bytes = u32::try_from(bytes.len()).ok()?;
        let mut checksum = Crc::new();
        checksum.update(bytes);
        let deflated = deflated(bytes)?;
        Some(Self { deflated, checksum: checksum.sum(), size_bytes })
    }
}

/// The bytes compressed; the same whatever was compressed before.
fn deflated(bytes: &[u8]) -> Option<Vec<u8>> {
    thread_local! {
        // Its tables take hundreds of kilobytes, more than most files.
        static COMPRESS: RefCell<Compress> =
            RefCell::new(Compress::new(Compression::fast(), false));
    }
    COMPRESS.with_borrow_mut(|compress| {
        compress.reset();
        let mut out = Vec::with_capacity(bytes.len() / 3 + 64);
        loop {
            let rest = bytes.get(usize::try_from(compress.total_in()).ok()?..)?;
            match compress.compress_vec(rest, &mut out, FlushCompress::Finish).ok()? {
                Status::StreamEnd => return Some(out),
                Status::Ok | Status::BufError => out.reserve(out.capacity().max(64)),
            }
        }
    })
}

/// An archive of these files, which must be sorted by name; none when it is too large for the plain
/// form.
pub(crate) fn archive<'a>(
    files: impl Iterator<Item = (&'a str, &'a PackedFile)>,
) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    let mut count = 0_u16;
    for (name, file) in files {
        let offset = u32::try_from(out.len()).ok()?;
        let common = common_header(name, file)?;
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&common);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(&file.deflated);
        directory.extend_from_slice(b"PK\x01\x02\x14\x03");
        directory.extend_from_slice(&common);
        // No comment, first disk, no internal attributes; a regular file with mode 0644.
        directory.extend_from_slice(&[0; 6]);
        directory.extend_from_slice(&(0o100_644_u32 << 16).to_le_bytes());
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
        count = count.checked_add(1)?;
    }
    let start = u32::try_from(out.len()).ok()?;
    let length = u32::try_from(directory.len()).ok()?;
    out.extend_from_slice(&directory);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    Some(out)
}

/// The part that the local header and the directory share: from the needed version to the length of
/// extras.
fn common_header(name: &str, file: &PackedFile) -> Option<Vec<u8>> {
    let mut header = Vec::with_capacity(26);
    // Version 2.0; names are UTF-8; deflated; 1980-01-01 00:00.
    header.extend_from_slice(&20_u16.to_le_bytes());
    header.extend_from_slice(&(1_u16 << 11).to_le_bytes());
    header.extend_from_slice(&8_u16.to_le_bytes());
    header.extend_from_slice(&0_u16.to_le_bytes());
    header.extend_from_slice(&0x21_u16.to_le_bytes());
    header.extend_from_slice(&file.checksum.to_le_bytes());
    header.extend_from_slice(&u32::try_from(file.deflated.len()).ok()?.to_le_bytes());
    header.extend_from_slice(&file.size_bytes.to_le_bytes());
    header.extend_from_slice(&u16::try_from(name.len()).ok()?.to_le_bytes());
    header.extend_from_slice(&0_u16.to_le_bytes());
    Some(header)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn other_readers_find_the_same_files() {
        let long = "x = 1\n".repeat(5000);
        let files = [("a/b.pyi", "class A: ...\n"), ("a/ä.pyi", long.as_str()), ("empty.pyi", "")];
        let packed: Vec<_> = files
            .iter()
            .map(|(_, text)| PackedFile::new(text.as_bytes()).expect("small"))
            .collect();
        let bytes = archive(files.iter().map(|(name, _)| *name).zip(&packed)).expect("small");
        let mut read = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("an archive");
        assert_eq!(read.len(), files.len());
        for (name, text) in files {
            let mut found = String::new();
            let mut member = read.by_name(name).expect(name);
            member.read_to_string(&mut found).expect("text with the right checksum");
            assert_eq!(found, text);
        }
    }

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let packed = || PackedFile::new(b"class A: ...\n").expect("small");
        let once = archive([("a.pyi", &packed())].into_iter());
        PackedFile::new("def f(a): ...\n".repeat(9000).as_bytes()).expect("small");
        assert_eq!(once, archive([("a.pyi", &packed())].into_iter()));
        let elsewhere = std::thread::spawn(packed).join().expect("it compresses there, too");
        assert_eq!(once, archive([("a.pyi", &elsewhere)].into_iter()));
    }
}
