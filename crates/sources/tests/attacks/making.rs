//! Archives as no honest program writes them.

use std::io::Write as _;

/// One header of a tar file with this size, whatever follows it.
pub(crate) fn tar_header(name: &[u8], kind: u8, size: u64, link: &[u8]) -> Vec<u8> {
    let mut header = vec![0; 512];
    header[..name.len()].copy_from_slice(name);
    header[100..108].copy_from_slice(b"0000644\0");
    header[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    header[136..148].copy_from_slice(b"00000000000\0");
    header[156] = kind;
    header[157..157 + link.len()].copy_from_slice(link);
    header[257..265].copy_from_slice(b"ustar\x0000");
    sealed(header)
}

/// The header with its checksum.
pub(crate) fn sealed(mut header: Vec<u8>) -> Vec<u8> {
    header[148..156].copy_from_slice(b"        ");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    header
}

/// A member with its content, padded.
pub(crate) fn tar_member(name: &[u8], content: &[u8]) -> Vec<u8> {
    padded([tar_header(name, b'0', content.len() as u64, b""), content.to_vec()].concat())
}

/// A header of PAX records for the member that follows.
pub(crate) fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let mut content = String::new();
    for (key, value) in records {
        let rest = format!(" {key}={value}\n");
        let digits = (1..20).find(|digits| (rest.len() + digits).to_string().len() == *digits);
        content.push_str(&format!("{}{rest}", rest.len() + digits.expect("some number fits")));
    }
    let header = tar_header(b"pax", b'x', content.len() as u64, b"");
    padded([header, content.into_bytes()].concat())
}

pub(crate) fn padded(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

pub(crate) fn tar_end() -> Vec<u8> {
    vec![0; 1024]
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("finished")
}

pub(crate) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("finished")
}

/// A zip file that is put together by hand.
#[derive(Default)]
pub(crate) struct Zip {
    out: Vec<u8>,
    directory: Vec<u8>,
    count: u64,
}

impl Zip {
    /// Adds a member's own header and content; gives where it starts.
    pub(crate) fn content(&mut self, name: &[u8], content: &Packed) -> u32 {
        let offset = self.out.len() as u32;
        self.out.extend_from_slice(&content.header(name));
        self.out.extend_from_slice(&content.deflated);
        offset
    }

    /// Lists a member.
    pub(crate) fn listed(&mut self, name: &[u8], content: &Packed, offset: u32, mode: u32) {
        self.directory.extend_from_slice(b"PK\x01\x02\x14\x03");
        self.directory.extend_from_slice(&content.common(name));
        self.directory.extend_from_slice(&[0; 6]);
        self.directory.extend_from_slice(&(mode << 16).to_le_bytes());
        self.directory.extend_from_slice(&offset.to_le_bytes());
        self.directory.extend_from_slice(name);
        self.count += 1;
    }

    pub(crate) fn member(&mut self, name: &[u8], content: &Packed) {
        let offset = self.content(name, content);
        self.listed(name, content, offset, 0o100_644);
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        let (start, length) = (self.out.len() as u64, self.directory.len() as u64);
        self.out.append(&mut self.directory);
        let end = self.out.len() as u64;
        self.out.extend_from_slice(b"PK\x06\x06");
        self.out.extend_from_slice(&44_u64.to_le_bytes());
        self.out.extend_from_slice(&[45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for number in [self.count, self.count, length, start] {
            self.out.extend_from_slice(&number.to_le_bytes());
        }
        self.out.extend_from_slice(b"PK\x06\x07\0\0\0\0");
        self.out.extend_from_slice(&end.to_le_bytes());
        self.out.extend_from_slice(&[1, 0, 0, 0]);
        self.out.extend_from_slice(b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff");
        self.out.extend_from_slice(&[0xff; 8]);
        self.out.extend_from_slice(&[0, 0]);
        self.out
    }
}

/// Content as it lies in a zip file.
#[derive(Clone)]
pub(crate) struct Packed {
    deflated: Vec<u8>,
    checksum: u32,
    size: u32,
}

impl Packed {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let mut checksum = flate2::Crc::new();
        checksum.update(bytes);
        let level = flate2::Compression::best();
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
        encoder.write_all(bytes).expect("written");
        let deflated = encoder.finish().expect("finished");
        Self { deflated, checksum: checksum.sum(), size: bytes.len() as u32 }
    }

    /// The bytes before what is quoted.
    pub(crate) const QUOTE_BYTES: u32 = 5;

    /// This content after a header that is part of its text: `text` is the whole of it.
    pub(crate) fn quoting(&self, header: &[u8], text: &[u8]) -> Self {
        let mut checksum = flate2::Crc::new();
        checksum.update(text);
        let length = header.len() as u16;
        let mut deflated = vec![0];
        deflated.extend_from_slice(&length.to_le_bytes());
        deflated.extend_from_slice(&(!length).to_le_bytes());
        deflated.extend_from_slice(header);
        deflated.extend_from_slice(&self.deflated);
        Self { deflated, checksum: checksum.sum(), size: text.len() as u32 }
    }

    /// The header that stands before the content.
    pub(crate) fn header(&self, name: &[u8]) -> Vec<u8> {
        [b"PK\x03\x04".as_slice(), &self.common(name), name].concat()
    }

    fn common(&self, name: &[u8]) -> Vec<u8> {
        let mut header = vec![20, 0, 0, 8, 8, 0, 0, 0, 0x21, 0];
        for number in [self.checksum, self.deflated.len() as u32, self.size] {
            header.extend_from_slice(&number.to_le_bytes());
        }
        header.extend_from_slice(&(name.len() as u16).to_le_bytes());
        header.extend_from_slice(&[0, 0]);
        header
    }
}
