//! The folder of a bundle: who may write into it, and how.

use std::io;
use std::path::{Path, PathBuf};

use artifact::{Digest, TreePath};
use code_model::manifest::Manifest;
use host::{FileError, FileErrorKind, Files, Place, remove_temporary_files_in};

use super::Content;
use crate::{Error, ErrorCode, ErrorKind, World};

/// The names of a bundle's files, the manifest last: the order in which they are written.
pub mod name {
    /// Files and symbols of the old version, for people.
    pub const TREE_FROM: &str = "tree_from.tree";
    /// Files and symbols of the new version, for people.
    pub const TREE_TO: &str = "tree_to.tree";
    /// The old version as a value.
    pub const SNAPSHOT_FROM: &str = "snapshot_from.json";
    /// The new version as a value.
    pub const SNAPSHOT_TO: &str = "snapshot_to.json";
    /// The symbol graph of the old version.
    pub const GRAPH_FROM: &str = "graph_from.json";
    /// The symbol graph of the new version.
    pub const GRAPH_TO: &str = "graph_to.json";
    /// What each file exports, to whom, since when.
    pub const STAMPS: &str = "metadata.json";
    /// What was seen to differ.
    pub const DIFFERENCES: &str = "differences.json";
    /// The old version without bodies.
    pub const STUBS_FROM: &str = "stubs_from.zip";
    /// The new version without bodies.
    pub const STUBS_TO: &str = "stubs_to.zip";
    /// Statistics, and what needs a person.
    pub const REPORT: &str = "report.json";
    /// The operations.
    pub const MANIFEST: &str = "manifest.yaml";
    /// Who signed the manifest.
    pub const SIGNATURE: &str = "manifest.dsse.json";
    /// Who approved steps with the manifest.
    pub const APPROVALS: &str = "manifest.approvals.jsonl";
    /// What the manifest does to known dependents.
    pub const VERIFICATION: &str = "verification.json";
    /// A patch for each known dependent.
    pub const PATCHES: &str = "patches";

    /// What a bundle says about the two versions, whatever its manifest says.
    pub(crate) const OF_VERSIONS: [&str; 10] = [
        TREE_FROM,
        TREE_TO,
        SNAPSHOT_FROM,
        SNAPSHOT_TO,
        GRAPH_FROM,
        GRAPH_TO,
        STAMPS,
        DIFFERENCES,
        STUBS_FROM,
        STUBS_TO,
    ];
}

const OWN: [&str; 16] = [
    name::TREE_FROM,
    name::TREE_TO,
    name::SNAPSHOT_FROM,
    name::SNAPSHOT_TO,
    name::GRAPH_FROM,
    name::GRAPH_TO,
    name::STAMPS,
    name::DIFFERENCES,
    name::STUBS_FROM,
    name::STUBS_TO,
    name::REPORT,
    name::MANIFEST,
    name::SIGNATURE,
    name::APPROVALS,
    name::VERIFICATION,
    name::PATCHES,
];

/// The largest file of a bundle that is read.
pub const BUNDLE_FILE_LIMIT_BYTES: u64 = 2 << 30;

/// A folder that holds a bundle, or will hold one.
#[derive(Debug, Clone)]
pub struct BundleFolder {
    path: PathBuf,
}

impl BundleFolder {
    /// The folder at this path, made if it is missing. It is refused when it holds the bundle of
    /// another library, or files that no bundle has. What an interrupted run left there goes.
    pub fn claim(world: &World, path: &Path, library: &str) -> Result<Self, Error> {
        let files = &*world.files;
        files.create_base(path).map_err(|error| cannot_write(path, error))?;
        let entries = files.list(path, None).map_err(|error| cannot_write(path, error))?;
        let conflict = |message: String| {
            Error::new(ErrorKind::Conflict, ErrorCode::OutputError, message)
                .hint("name another folder with --out, or remove this one")
        };
        if let Some(foreign) = entries
            .iter()
            .find(|entry| !OWN.contains(&entry.name.as_str()) && !entry.name.starts_with(".onx-"))
        {
            return Err(conflict(format!(
                "the folder `{}` holds `{}`, which belongs to no bundle",
                path.display(),
                foreign.name
            )));
        }
        let folder = Self { path: path.to_owned() };
        if let Some(bytes) = folder.read(files, name::MANIFEST)? {
            let other = Manifest::read(&bytes).ok().map(|manifest| manifest.metadata.library);
            if other.as_deref() != Some(library) {
                let owner = other.map_or_else(
                    || "a manifest that cannot be read".to_owned(),
                    |other| format!("the bundle of `{other}`"),
                );
                let path = path.display();
                return Err(conflict(format!("the folder `{path}` holds {owner}")));
            }
        }
        let patches = own_path(name::PATCHES)?;
        for below in [None, Some(&patches)] {
            remove_temporary_files_in(files, &folder.path, below)
                .map_err(|error| cannot_write(path, error))?;
        }
        Ok(folder)
    }

    /// The folder at this path, which may hold anything.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a file of it is.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// The bytes of a file; none when it is missing.
    pub fn read(&self, files: &dyn Files, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let path = own_path(name)?;
        match files.read(Place::new(&self.path, &path), BUNDLE_FILE_LIMIT_BYTES) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind == FileErrorKind::Missing => Ok(None),
            Err(error) => Err(Error::outside(
                ErrorCode::OutputError,
                format!("`{}` cannot be read", self.file(name).display()),
                error,
            )),
        }
    }

    /// Writes a file unless it holds this content already, and gives its digest. A reader sees the
    /// old file or the new one, never a part.
    pub fn write(
        &self,
        files: &dyn Files,
        name: &str,
        content: &Content<'_>,
    ) -> Result<Digest, Error> {
        let path = own_path(name)?;
        let place = Place::new(&self.path, &path);
        let mut digest = None;
        let written = files.create_parents(&self.path, &path).and_then(|_| {
            let Some(standing) = files.metadata(place)? else {
                let mut fill = |out: &mut dyn io::Write| {
                    digest = Some(content.write(out)?);
                    Ok(())
                };
                return files.write_with(place, &mut fill, None);
            };
            let mut bytes = Vec::new();
            digest = Some(
                content
                    .write(&mut bytes)
                    .map_err(|error| FileError::from_io("write", &place.to_path(), error))?,
            );
            let same_size = standing.size_bytes == bytes.len() as u64;
            if same_size && files.read(place, BUNDLE_FILE_LIMIT_BYTES)? == bytes {
                return Ok(());
            }
            files.write(place, &bytes, None)
        });
        written.map_err(|error| cannot_write(&self.file(name), error))?;
        digest.ok_or_else(|| Error::internal(format!("`{name}` was written without its digest")))
    }
}

fn own_path(name: &str) -> Result<TreePath, Error> {
    TreePath::new(name)
        .map_err(|error| Error::internal("a bundle's file has no usable name").caused_by(error))
}

fn cannot_write(path: &Path, error: FileError) -> Error {
    let hint = error.hint().to_owned();
    let message = format!("`{}` cannot be written", path.display());
    Error::outside(ErrorCode::OutputError, message, error).hint(hint)
}
