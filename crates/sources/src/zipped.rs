//! Members of zip files and wheels, unpacked one by one when they are read.

use std::io::{Cursor, Read};
use std::sync::Arc;

use artifact::Timestamp;
use zip::ZipArchive;

use crate::archive::{Held, Listing, cursor};

pub(crate) fn list(bytes: &Arc<[u8]>, listing: &mut Listing) -> Result<(), String> {
    let mut archive = open(bytes)?;
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
        let Some(path) = listing.member_path(&raw) else { continue };
        listing.accept_time(member.last_modified().and_then(moment));
        let content = listing.read_member(&mut member)?;
        if member.is_symlink() {
            listing.accept_link(path, &content);
        } else {
            listing.accept_file(path, &content, is_executable, Held::Member(number));
        }
    }
    Ok(())
}

pub(crate) fn read(bytes: &Arc<[u8]>, number: usize, limit: u64) -> Result<Vec<u8>, String> {
    let mut archive = open(bytes)?;
    let member = archive.by_index(number).map_err(|error| error.to_string())?;
    let mut content = Vec::new();
    member
        .take(limit.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(|error| error.to_string())?;
    Ok(content)
}

fn open(bytes: &Arc<[u8]>) -> Result<ZipArchive<Cursor<Arc<[u8]>>>, String> {
    ZipArchive::new(cursor(bytes)).map_err(|error| format!("it is damaged or cut off: {error}"))
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
