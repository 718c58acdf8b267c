//! Members of zip files and wheels, unpacked one by one when they are read.

use std::cell::Cell;
use std::io::{Cursor, Read};
use std::rc::Rc;
use std::sync::Arc;

use artifact::Timestamp;
use zip::ZipArchive;

use crate::archive::{Counted, Held, Listing, cursor};

pub(crate) fn list(bytes: &Arc<[u8]>, listing: &mut Listing) -> Result<(), String> {
    let announced = announced_members(bytes);
    if announced.iter().any(|count| *count > listing.limits.members as u64) {
        return Err(listing.too_many());
    }
    let (mut archive, read_bytes) = open(bytes)?;
    if announced.last().is_some_and(|count| *count > archive.len() as u64) {
        listing.note_hidden_members();
    }
    let mut packed_bytes = 0_u64;
    for number in 0..archive.len() {
        listing.begin_member()?;
        let mut member = match archive.by_index(number) {
            Ok(member) => member,
            Err(error) => {
                listing.refuse(&format!("number {number}"), &format!("it cannot be read: {error}"));
                continue;
            }
        };
        let (raw, mode) = (member.name_raw().to_vec(), member.unix_mode());
        let is_executable = mode.is_some_and(|mode| mode & 0o100 != 0);
        if member.is_dir() {
            continue;
        }
        packed_bytes = packed_bytes.saturating_add(member.compressed_size());
        if packed_bytes > bytes.len() as u64 {
            return Err("its members overlap".to_owned());
        }
        if local_name(bytes, member.header_start()) != Some(&raw) {
            listing.refuse(&String::from_utf8_lossy(&raw), "it has another name in its own header");
            continue;
        }
        let Some(path) = listing.member_path(&raw) else { continue };
        listing.accept_time(member.last_modified().and_then(moment));
        let content = listing.read_member(&mut member, &|| read_bytes.get())?;
        if member.is_symlink() {
            listing.accept_link(path, &content);
        } else {
            listing.accept_file(path, &content, is_executable, Held::Member(number));
        }
    }
    Ok(())
}

/// How many members each directory in the archive announces, the one that counts last: reading a
/// directory takes memory for each of its members.
fn announced_members(bytes: &[u8]) -> Vec<u64> {
    let number = |at: usize, width: usize| {
        let digits = bytes.get(at..at + width).unwrap_or_default();
        digits.iter().rev().fold(0_u64, |sum, digit| (sum << 8) | u64::from(*digit))
    };
    let large = find_all(bytes, b"PK\x06\x06").map(|at| number(at + 32, 8));
    // A count of 0xffff says that the larger form has it.
    let plain = find_all(bytes, b"PK\x05\x06").map(|at| number(at + 10, 2));
    let plain = plain.filter(|count| *count != 0xffff);
    large.chain(plain).collect()
}

fn find_all<'a>(bytes: &'a [u8], mark: &'a [u8; 4]) -> impl Iterator<Item = usize> + 'a {
    memchr::memmem::find_iter(bytes, mark)
}

/// The name in the header that stands before a member's content.
fn local_name(bytes: &[u8], start: u64) -> Option<&[u8]> {
    let header = bytes.get(usize::try_from(start).ok()?..)?;
    let length = u16::from_le_bytes(header.get(26..28)?.try_into().ok()?);
    header.get(30..30 + usize::from(length))
}

pub(crate) fn read(bytes: &Arc<[u8]>, number: usize, limit: u64) -> Result<Vec<u8>, String> {
    let (mut archive, _) = open(bytes)?;
    let member = archive.by_index(number).map_err(|error| error.to_string())?;
    let mut content = Vec::new();
    member
        .take(limit.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(|error| error.to_string())?;
    Ok(content)
}

type CountedArchive = ZipArchive<Counted<Cursor<Arc<[u8]>>>>;

/// The archive, and how many of its bytes were read so far.
fn open(bytes: &Arc<[u8]>) -> Result<(CountedArchive, Rc<Cell<u64>>), String> {
    let counted = Counted::new(cursor(bytes));
    let read_bytes = counted.read_bytes();
    let archive =
        ZipArchive::new(counted).map_err(|error| format!("it is damaged or cut off: {error}"))?;
    Ok((archive, read_bytes))
}

/// Zip files hold no time zone; the time is taken as UTC.
fn moment(time: zip::DateTime) -> Option<Timestamp> {
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        time.year(),
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
    .parse()
    .ok()
}
