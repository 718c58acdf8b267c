//! Members of tar files. Small ones are kept in memory, large ones are unpacked again when they are
//! read.

use std::cell::Cell;
use std::io::{self, BufRead as _, BufReader, Cursor, Read};
use std::rc::Rc;
use std::sync::Arc;

use artifact::{Timestamp, TreePath};
use tar::EntryType;

use crate::archive::{ArchiveKind, ArchiveLimits, Counted, Held, Listing, Member, cursor};

/// Members up to this size are kept in memory: source files are far below, and unpacking a tar file
/// again for each of them would cost its whole length.
const KEPT_BYTES: usize = 4 << 20;

/// What the headers between two members may take: long names and extended attributes.
const HEADER_BYTES: u64 = 1 << 20;

/// A reader that gives no more than it is allowed to, so that no header can fill the memory.
struct Rationed<R> {
    inner: R,
    allowance_bytes: Rc<Cell<u64>>,
}

impl<R: Read> Read for Rationed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let allowed = usize::try_from(self.allowance_bytes.get()).unwrap_or(usize::MAX);
        if allowed == 0 && !buffer.is_empty() {
            return Err(io::Error::other("a member or header is larger than is allowed"));
        }
        let most = buffer.len().min(allowed);
        let count = self.inner.read(&mut buffer[..most])?;
        self.allowance_bytes.set(self.allowance_bytes.get().saturating_sub(count as u64));
        Ok(count)
    }
}

type RationedArchive = tar::Archive<Rationed<Box<dyn Read>>>;

/// A tar file while it is unpacked, with what counts the work.
struct Unpacking {
    archive: RationedArchive,
    /// How many more bytes may be unpacked.
    allowance_bytes: Rc<Cell<u64>>,
    /// How many bytes of the archive were read.
    consumed_bytes: Rc<Cell<u64>>,
}

fn unpacking(kind: ArchiveKind, bytes: &Arc<[u8]>) -> Unpacking {
    let packed = Counted::new(cursor(bytes));
    let consumed_bytes = packed.read_bytes();
    let inner: Box<dyn Read> = match kind {
        ArchiveKind::TarGzip => Box::new(GzipMembers::new(packed)),
        ArchiveKind::TarBzip2 => Box::new(bzip2::read::MultiBzDecoder::new(packed)),
        _ => Box::new(packed),
    };
    let allowance_bytes = Rc::new(Cell::new(HEADER_BYTES));
    let rationed = Rationed { inner, allowance_bytes: allowance_bytes.clone() };
    Unpacking { archive: tar::Archive::new(rationed), allowance_bytes, consumed_bytes }
}

pub(crate) fn list(
    kind: ArchiveKind,
    bytes: &Arc<[u8]>,
    listing: &mut Listing,
) -> Result<(), String> {
    let cut_off = |error: io::Error| format!("it is damaged or cut off: {error}");
    let Unpacking { mut archive, allowance_bytes, consumed_bytes } = unpacking(kind, bytes);
    let consumed = || consumed_bytes.get();
    let mut entries = archive.entries().map_err(cut_off)?;
    let mut number = 0;
    loop {
        allowance_bytes.set(HEADER_BYTES);
        let next = entries.next();
        listing.count_unpacked(HEADER_BYTES - allowance_bytes.get(), consumed())?;
        let Some(entry) = next else { return Ok(()) };
        let mut entry = entry.map_err(cut_off)?;
        listing.begin_member()?;
        // Everything is read to its end and counted, or the next step would skip it without a
        // limit.
        allowance_bytes.set(u64::MAX);
        let content = listing.read_member(&mut entry, &consumed)?;
        take(listing, &entry, &content, number)?;
        number += 1;
    }
}

fn take<R: Read>(
    listing: &mut Listing,
    entry: &tar::Entry<'_, R>,
    content: &[u8],
    number: usize,
) -> Result<(), String> {
    let header = entry.header();
    let kind = header.entry_type();
    if matches!(kind, EntryType::Directory | EntryType::XGlobalHeader) {
        return Ok(());
    }
    let raw = entry.path_bytes().into_owned();
    let Some(path) = listing.member_path(&raw) else { return Ok(()) };
    let seconds = header.mtime().ok().and_then(|seconds| i64::try_from(seconds).ok());
    listing.accept_time(seconds.and_then(|seconds| Timestamp::from_unix_seconds(seconds).ok()));
    let is_executable = header.mode().is_ok_and(|mode| mode & 0o100 != 0);
    match kind {
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            let held = if content.len() <= KEPT_BYTES {
                Held::Bytes(content.into())
            } else {
                Held::Member(number)
            };
            listing.accept_file(path, content, is_executable, held);
        }
        EntryType::Symlink => {
            let target = entry.link_name_bytes().map(std::borrow::Cow::into_owned);
            listing.accept_link(path, &target.unwrap_or_default());
        }
        EntryType::Link => match linked(listing, entry) {
            Some(member) => {
                listing.count_link(&member)?;
                listing.accept(path, member);
            }
            None => listing.refuse(path.as_str(), "it is a link to no earlier member"),
        },
        _ => listing.refuse(path.as_str(), "it is a device or pipe"),
    }
    Ok(())
}

/// The member that a hard link names: an earlier regular file of the same archive.
fn linked<R: Read>(listing: &Listing, entry: &tar::Entry<'_, R>) -> Option<Member> {
    let target = entry.link_name_bytes()?;
    let target = std::str::from_utf8(&target).ok()?;
    let path = TreePath::new(target.strip_prefix("./").unwrap_or(target)).ok()?;
    listing.members.get(&path).cloned()
}

pub(crate) fn read(
    kind: ArchiveKind,
    bytes: &Arc<[u8]>,
    number: usize,
    limits: ArchiveLimits,
) -> Result<Vec<u8>, String> {
    let Unpacking { mut archive, allowance_bytes, .. } = unpacking(kind, bytes);
    // The listing has read all of it within the limits.
    allowance_bytes.set(u64::MAX);
    let mut entries = archive.entries().map_err(|error| error.to_string())?;
    let entry = entries.nth(number).ok_or("the member is gone")?;
    let mut content = Vec::new();
    entry
        .map_err(|error| error.to_string())?
        .take(limits.member_bytes.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(|error| error.to_string())?;
    Ok(content)
}

/// A gzip file may be many one after the other; more than this is no way to write one.
const GZIP_MEMBERS_LIMIT: usize = 100_000;

type Packed = Counted<Cursor<Arc<[u8]>>>;

/// The content of every member of a gzip file, one after the other.
struct GzipMembers {
    current: Option<flate2::bufread::GzDecoder<BufReader<Packed>>>,
    count: usize,
}

impl GzipMembers {
    fn new(packed: Packed) -> Self {
        let decoder = flate2::bufread::GzDecoder::new(BufReader::new(packed));
        Self { current: Some(decoder), count: 1 }
    }
}

impl Read for GzipMembers {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(mut decoder) = self.current.take() {
            let count = decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                self.current = Some(decoder);
                return Ok(count);
            }
            let mut rest = decoder.into_inner();
            if rest.fill_buf()?.is_empty() {
                break;
            }
            self.count += 1;
            if self.count > GZIP_MEMBERS_LIMIT {
                return Err(io::Error::other("it is made of too many gzip files"));
            }
            self.current = Some(flate2::bufread::GzDecoder::new(rest));
        }
        Ok(0)
    }
}
