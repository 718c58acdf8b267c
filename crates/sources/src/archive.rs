//! An sdist or wheel as a tree. Archives are hostile input: everything about them has a limit, and
//! a member that would lie outside the tree is refused with a finding.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use artifact::{Digest, Finding, Severity, Sha256, Timestamp, TreePath, shown};
use host::{DiskFiles, Files as _, Place, split_path};

use crate::metadata::distribution_metadata;
use crate::tree::{Content, is_lfs_pointer, join_lexically, refused};
use crate::{
    ContentIdentity, EntryKind, ReadError, SourceEntry, SourceError, SourceTree, TreeIdentity,
};
use crate::{tarball, zipped};

/// Limits on an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Bytes of the archive itself.
    pub archive_bytes: u64,
    /// Number of members.
    pub members: usize,
    /// Bytes of one member.
    pub member_bytes: u64,
    /// Bytes of all members.
    pub unpacked_bytes: u64,
    /// Unpacked bytes for each byte of the archive that was read for them, once more than 16 MiB
    /// are unpacked.
    pub ratio: u64,
    /// Bytes of a member's path.
    pub path_bytes: usize,
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        Self {
            archive_bytes: 1 << 30,
            members: 200_000,
            member_bytes: 256 << 20,
            unpacked_bytes: 4 << 30,
            ratio: 300,
            path_bytes: 1024,
        }
    }
}

/// Below this many unpacked bytes the ratio does not matter: small files of zeros are normal.
const RATIO_FREE_BYTES: u64 = 16 << 20;

/// A hostile archive may have any number of oddities; these many tell enough.
const FINDINGS_LIMIT: usize = 100;

/// What is unpacked before it is counted again.
const STEP_BYTES: u64 = 256 << 10;

/// Which kind of archive a file is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveKind {
    /// An installable wheel.
    Wheel,
    /// A zip file with a source distribution.
    Zip,
    /// A gzip-compressed tar file.
    TarGzip,
    /// A bzip2-compressed tar file.
    TarBzip2,
    /// A plain tar file.
    Tar,
}

impl ArchiveKind {
    /// The kind that a file name's ending tells; none when it is no archive that can be read.
    pub fn of_name(name: &str) -> Option<Self> {
        const ENDINGS: [(&str, ArchiveKind); 7] = [
            (".whl", ArchiveKind::Wheel),
            (".zip", ArchiveKind::Zip),
            (".tar.gz", ArchiveKind::TarGzip),
            (".tgz", ArchiveKind::TarGzip),
            (".tar.bz2", ArchiveKind::TarBzip2),
            (".tbz2", ArchiveKind::TarBzip2),
            (".tar", ArchiveKind::Tar),
        ];
        let lower = name.to_ascii_lowercase();
        ENDINGS.iter().find(|(ending, _)| lower.ends_with(ending)).map(|(_, kind)| *kind)
    }
}

/// Opens an archive on the disk.
pub fn open_archive(path: &Path, limits: ArchiveLimits) -> Result<SourceTree, SourceError> {
    let (base, name) = split_path(&DiskFiles.canonical(path)?)?;
    let bytes = DiskFiles.read(Place::new(&base, &name), limits.archive_bytes)?;
    archive_tree(name.as_str(), bytes, limits)
}

/// Reads an archive from its bytes; the name tells the kind.
pub fn archive_tree(
    name: &str,
    bytes: Vec<u8>,
    limits: ArchiveLimits,
) -> Result<SourceTree, SourceError> {
    let damaged = |problem: String| SourceError::Archive { name: name.to_owned(), problem };
    let kind = ArchiveKind::of_name(name).ok_or_else(|| {
        damaged("its name ends in none of .whl, .zip, .tar.gz, .tar.bz2 and .tar".to_owned())
    })?;
    let sha256 = Sha256::of(&bytes);
    let bytes: Arc<[u8]> = bytes.into();
    let mut listing = Listing::new(limits, bytes.len() as u64);
    match kind {
        ArchiveKind::Wheel | ArchiveKind::Zip => zipped::list(&bytes, &mut listing),
        ArchiveKind::TarGzip | ArchiveKind::TarBzip2 | ArchiveKind::Tar => {
            tarball::list(kind, &bytes, &mut listing)
        }
    }
    .map_err(&damaged)?;
    if kind == ArchiveKind::Wheel {
        listing.unfold_data_folders();
    } else {
        listing.strip_top_folder();
    }
    let newest = listing.newest;
    let (entries, findings, members) = listing.into_entries();
    let content = Arc::new(ArchiveContent { kind, bytes, members, limits });
    let identity =
        TreeIdentity { archive: Some(sha256), created_at: newest, ..TreeIdentity::named(name) };
    let tree = SourceTree::new(identity.clone(), entries, findings, content);
    let metadata = distribution_metadata(&tree);
    Ok(tree.with_identity(TreeIdentity {
        distribution: metadata.name,
        version: metadata.version,
        ..identity
    }))
}

/// Where the bytes of a member are.
#[derive(Debug, Clone)]
pub(crate) enum Held {
    /// In memory.
    Bytes(Arc<[u8]>),
    /// In the archive, as the member of this number.
    Member(usize),
}

/// One accepted member.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) kind: EntryKind,
    pub(crate) size_bytes: u64,
    pub(crate) is_executable: bool,
    pub(crate) digest: Digest,
    pub(crate) held: Held,
}

/// The members of an archive while it is listed, and what was noticed.
pub(crate) struct Listing {
    pub(crate) limits: ArchiveLimits,
    archive_bytes: u64,
    unpacked_bytes: u64,
    count: usize,
    pub(crate) members: BTreeMap<TreePath, Member>,
    findings: Vec<Finding>,
    newest: Option<Timestamp>,
}

impl Listing {
    fn new(limits: ArchiveLimits, archive_bytes: u64) -> Self {
        Self {
            limits,
            archive_bytes,
            unpacked_bytes: 0,
            count: 0,
            members: BTreeMap::new(),
            findings: Vec::new(),
            newest: None,
        }
    }

    /// Counts one more member.
    pub(crate) fn begin_member(&mut self) -> Result<(), String> {
        self.count += 1;
        if self.count > self.limits.members {
            return Err(self.too_many());
        }
        Ok(())
    }

    pub(crate) fn too_many(&self) -> String {
        format!("it has more than {} members", self.limits.members)
    }

    /// How many bytes may be unpacked after this many bytes of the archive were read.
    pub(crate) fn allowance_bytes(&self, consumed_bytes: u64) -> u64 {
        let earned = consumed_bytes.min(self.archive_bytes).saturating_mul(self.limits.ratio);
        let most = RATIO_FREE_BYTES.saturating_add(earned).min(self.limits.unpacked_bytes);
        most.saturating_sub(self.unpacked_bytes)
    }

    /// Counts bytes that are unpacked beside the content of members.
    pub(crate) fn count_unpacked(&mut self, bytes: u64, consumed_bytes: u64) -> Result<(), String> {
        if bytes > self.allowance_bytes(consumed_bytes) {
            return Err(self.too_much(bytes));
        }
        self.unpacked_bytes += bytes;
        Ok(())
    }

    /// Reads a member to its end within the limits; `consumed` says how much of the archive was
    /// read so far.
    pub(crate) fn read_member(
        &mut self,
        reader: &mut dyn Read,
        consumed: &dyn Fn() -> u64,
    ) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        loop {
            // In steps: what was read of the archive meanwhile earns more, and a bomb earns little.
            let count = reader
                .take(STEP_BYTES)
                .read_to_end(&mut bytes)
                .map_err(|error| format!("it is damaged or cut off: {error}"))?;
            if count == 0 {
                return Ok(bytes);
            }
            self.count_unpacked(count as u64, consumed())?;
            if bytes.len() as u64 > self.limits.member_bytes {
                return Err(self.too_much(0));
            }
        }
    }

    fn too_much(&self, more_bytes: u64) -> String {
        format!(
            "it unpacks to more than is allowed ({} bytes so far from {} bytes)",
            self.unpacked_bytes + more_bytes,
            self.archive_bytes
        )
    }

    /// The path of a member, if it stays inside the tree; else a finding is kept.
    pub(crate) fn member_path(&mut self, raw: &[u8]) -> Option<TreePath> {
        let name: String = String::from_utf8_lossy(raw).chars().take(200).collect();
        if raw.len() > self.limits.path_bytes {
            self.refuse(&name, "its path is too long");
            return None;
        }
        let Ok(text) = std::str::from_utf8(raw) else {
            self.refuse(&name, "its name is not UTF-8");
            return None;
        };
        let mut plain = text;
        while let Some(rest) = plain.strip_prefix("./") {
            plain = rest;
        }
        match TreePath::new(plain) {
            Ok(path) => Some(path),
            Err(error) => {
                self.refuse(&name, &format!("its path cannot be used: {}", error.problem));
                None
            }
        }
    }

    pub(crate) fn refuse(&mut self, member: &str, why: &str) {
        let member: String = member.chars().take(200).collect();
        if self.findings.len() < FINDINGS_LIMIT {
            let message = format!("the member `{}` is left out: {why}", shown(&member));
            self.findings.push(refused(message));
        }
    }

    /// Counts the content that a link gives a second name: whoever reads every file reads it again.
    pub(crate) fn count_link(&mut self, member: &Member) -> Result<(), String> {
        self.unpacked_bytes = self.unpacked_bytes.saturating_add(member.size_bytes);
        if self.unpacked_bytes > self.limits.unpacked_bytes {
            return Err(self.too_much(0));
        }
        Ok(())
    }

    pub(crate) fn accept_time(&mut self, time: Option<Timestamp>) {
        self.newest = self.newest.max(time);
    }

    /// Takes a regular file.
    pub(crate) fn accept_file(
        &mut self,
        path: TreePath,
        bytes: &[u8],
        is_executable: bool,
        held: Held,
    ) {
        let kind = if is_lfs_pointer(bytes) { EntryKind::LfsPointer } else { EntryKind::File };
        let member = Member {
            kind,
            size_bytes: bytes.len() as u64,
            is_executable,
            digest: Digest::of(bytes),
            held,
        };
        self.accept(path, member);
    }

    /// Takes a symbolic link whose target stays inside the archive.
    pub(crate) fn accept_link(&mut self, path: TreePath, target: &[u8]) {
        let inside = std::str::from_utf8(target)
            .ok()
            .and_then(|target| join_lexically(path.parent(), target))
            .is_some();
        if !inside {
            self.refuse(path.as_str(), "it is a link that leads out of the archive");
            return;
        }
        let member = Member {
            kind: EntryKind::Symlink,
            size_bytes: target.len() as u64,
            is_executable: false,
            digest: Digest::of(target),
            held: Held::Bytes(target.into()),
        };
        self.accept(path, member);
    }

    pub(crate) fn accept(&mut self, path: TreePath, member: Member) {
        let is_second = self.members.insert(path.clone(), member).is_some();
        if is_second && self.findings.len() < FINDINGS_LIMIT {
            let message = "the archive has two members of this name; the last one counts, as it \
                           does for an installer";
            self.findings
                .push(Finding::new(Severity::Warning, "duplicate-member", message).in_file(&path));
        }
    }

    /// Notes that a directory announces more members than it has names.
    pub(crate) fn note_hidden_members(&mut self) {
        let message = "the archive has two members of one name; the last one counts, as it does \
                       for an installer";
        self.findings.push(Finding::new(Severity::Warning, "duplicate-member", message));
    }

    /// Removes the one folder that an sdist puts around everything.
    fn strip_top_folder(&mut self) {
        let tops: BTreeSet<&str> =
            self.members.keys().filter_map(|path| path.parts().next()).collect();
        let is_wrapped = tops.len() == 1 && self.members.keys().all(|path| path.parent().is_some());
        if is_wrapped {
            let rename =
                |path: &TreePath| path.as_str().split_once('/').map(|(_, rest)| rest.to_owned());
            self.rename(rename);
        }
    }

    /// Puts what a wheel keeps below `NAME.data/purelib` where an installer would.
    fn unfold_data_folders(&mut self) {
        self.rename(|path| {
            let (data, rest) = path.as_str().split_once('/')?;
            let (scheme, rest) = rest.split_once('/')?;
            let unfolds = data.ends_with(".data") && matches!(scheme, "purelib" | "platlib");
            unfolds.then(|| rest.to_owned())
        });
    }

    fn rename(&mut self, rename: impl Fn(&TreePath) -> Option<String>) {
        for (path, member) in std::mem::take(&mut self.members) {
            let renamed = rename(&path).and_then(|text| TreePath::new(&text).ok());
            self.accept(renamed.unwrap_or(path), member);
        }
    }

    fn into_entries(self) -> (Vec<SourceEntry>, Vec<Finding>, BTreeMap<TreePath, Held>) {
        let entries = self.members.iter().map(|(path, member)| SourceEntry {
            path: path.clone(),
            kind: member.kind,
            size_bytes: member.size_bytes,
            is_executable: member.is_executable,
            identity: ContentIdentity::Digest(member.digest),
            modified: None,
        });
        let entries = entries.collect();
        let held = self.members.into_iter().map(|(path, member)| (path, member.held)).collect();
        (entries, self.findings, held)
    }
}

/// The bytes of an archive, and where each member is in it.
struct ArchiveContent {
    kind: ArchiveKind,
    bytes: Arc<[u8]>,
    members: BTreeMap<TreePath, Held>,
    limits: ArchiveLimits,
}

impl std::fmt::Debug for ArchiveContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArchiveContent").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Content for ArchiveContent {
    fn read(&self, entry: &SourceEntry) -> Result<Vec<u8>, ReadError> {
        let damaged = |problem: String| ReadError::Damaged { path: entry.path.clone(), problem };
        let bytes = match self.members.get(&entry.path) {
            None => return Err(ReadError::Missing(entry.path.clone())),
            Some(Held::Bytes(bytes)) => return Ok(bytes.to_vec()),
            Some(Held::Member(number)) => match self.kind {
                ArchiveKind::Wheel | ArchiveKind::Zip => {
                    zipped::read(&self.bytes, *number, self.limits.member_bytes)
                }
                _ => tarball::read(self.kind, &self.bytes, *number, self.limits),
            }
            .map_err(damaged)?,
        };
        if ContentIdentity::Digest(Digest::of(&bytes)) != entry.identity {
            return Err(damaged("it is not what the listing saw".to_owned()));
        }
        Ok(bytes)
    }
}

/// The bytes of an archive, of which is known how many were read; what is read twice counts twice.
pub(crate) struct Counted<R> {
    inner: R,
    read_bytes: Rc<Cell<u64>>,
}

impl<R> Counted<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, read_bytes: Rc::default() }
    }

    /// How many bytes were read so far, whenever it is asked.
    pub(crate) fn read_bytes(&self) -> Rc<Cell<u64>> {
        self.read_bytes.clone()
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read_bytes.set(self.read_bytes.get().saturating_add(count as u64));
        Ok(count)
    }
}

impl<R: Seek> Seek for Counted<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// The bytes of an archive as something that can be read and searched.
pub(crate) fn cursor(bytes: &Arc<[u8]>) -> Cursor<Arc<[u8]>> {
    Cursor::new(bytes.clone())
}
