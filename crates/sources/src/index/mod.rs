//! A project on the package index: what is released, and the trees of a release. Nothing is built.

mod client;
mod page;
mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::str::FromStr as _;

use artifact::{Digest, Sha256};
use host::{DiskFiles, FileErrorKind, Files as _, Place, Processes, SystemProcesses, split_path};
use pep440_rs::Version;
use serde::{Deserialize, Serialize};

use self::client::Client;
use self::page::{IndexFile, IndexFileKind, parse_page, wheel_rank};
pub use self::settings::PipSettings;
use crate::archive::{ArchiveLimits, archive_tree};
use crate::merge::merge_wheel_and_sdist;
use crate::version::normalised;
use crate::{ReleasedVersion, SourceContext, SourceError, SourceTree, TreeIdentity};

/// The package index that the user's pip is set up for, with a cache of what was fetched.
#[derive(Debug)]
pub struct PackageIndex<'a> {
    context: &'a SourceContext,
    processes: Box<dyn Processes>,
    settings: PipSettings,
}

/// The files of one release that were chosen, as the cache remembers them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Chosen {
    wheel: Option<ChosenFile>,
    sdist: Option<ChosenFile>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct ChosenFile {
    name: String,
    sha256: Sha256,
}

impl<'a> PackageIndex<'a> {
    /// The index that the environment names.
    pub fn new(context: &'a SourceContext) -> Result<Self, SourceError> {
        let settings = PipSettings::read(&context.environment)?;
        Ok(Self { context, processes: Box::new(SystemProcesses), settings })
    }

    /// Every version of a project that has a file that can be read, oldest first.
    pub fn versions(&self, project: &str) -> Result<Vec<ReleasedVersion>, SourceError> {
        let mut versions: BTreeMap<Version, ReleasedVersion> = BTreeMap::new();
        for file in self.files(project)? {
            let released =
                versions.entry(file.version.clone()).or_insert_with(|| ReleasedVersion {
                    is_prerelease: file.version.any_prerelease(),
                    reference: file.version.to_string(),
                    version: file.version.clone(),
                    yanked: file.yanked.clone(),
                    released_at: file.uploaded_at,
                });
            // A version is withdrawn when every file of it is.
            if file.yanked.is_none() {
                released.yanked = None;
            }
            released.released_at = match (released.released_at, file.uploaded_at) {
                (Some(known), Some(other)) => Some(known.min(other)),
                (known, other) => known.or(other),
            };
        }
        Ok(versions.into_values().collect())
    }

    /// The tree of a release: the files of its wheel, and the tests, documentation and change log
    /// of its sdist; or the one of the two that exists.
    pub fn open(&self, project: &str, version: &str) -> Result<SourceTree, SourceError> {
        let wanted = Version::from_str(version).map_err(|_| SourceError::Spec {
            text: format!("pypi:{project}=={version}"),
            problem: "the version is none of PEP 440".to_owned(),
        })?;
        let chosen = self.chosen(project, &wanted)?;
        let open = |file: &ChosenFile| {
            let bytes = self.cached(file)?.ok_or_else(|| SourceError::Index {
                wanted: file.name.clone(),
                problem: "the download vanished from the cache".to_owned(),
            })?;
            archive_tree(&file.name, bytes, ArchiveLimits::default())
        };
        let wheel = chosen.wheel.as_ref().map(&open).transpose()?;
        let sdist = chosen.sdist.as_ref().map(&open).transpose()?;
        let tree = match (wheel, sdist) {
            (Some(wheel), Some(sdist)) => merge_wheel_and_sdist(wheel, sdist),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => {
                return Err(SourceError::NotOnIndex {
                    wanted: format!("file of {project} {version} that can be read"),
                    available: Vec::new(),
                });
            }
        };
        let identity = TreeIdentity {
            reference: format!("pypi:{project}=={version}"),
            distribution: tree.identity().distribution.clone().or(Some(project.to_owned())),
            version: Some(wanted.to_string()),
            ..tree.identity().clone()
        };
        Ok(tree.with_identity(identity))
    }

    /// The files of a release, fetched unless the cache holds them.
    fn chosen(&self, project: &str, wanted: &Version) -> Result<Chosen, SourceError> {
        let place = self.choice_place(project, wanted);
        if let Some(chosen) = read_choice(&place)
            && self.is_complete(&chosen)?
        {
            return Ok(chosen);
        }
        let files = self.files(project)?;
        let of_version: Vec<&IndexFile> =
            files.iter().filter(|file| file.version == *wanted).collect();
        if of_version.is_empty() {
            let known: BTreeSet<&Version> = files.iter().map(|file| &file.version).collect();
            return Err(SourceError::NotOnIndex {
                wanted: format!("version {wanted} of {project}"),
                available: known.into_iter().rev().take(5).map(Version::to_string).collect(),
            });
        }
        let wheel = of_version
            .iter()
            .filter_map(|file| match &file.kind {
                IndexFileKind::Wheel { tags } => Some((wheel_rank(tags), *file)),
                IndexFileKind::Sdist => None,
            })
            .min_by(|a, b| a.0.cmp(&b.0));
        let sdist = of_version
            .iter()
            .filter(|file| file.kind == IndexFileKind::Sdist)
            .min_by_key(|file| (!file.name.ends_with(".tar.gz"), &file.name));
        let client = Client::new(&self.settings)?;
        let chosen = Chosen {
            wheel: wheel.map(|(_, file)| self.fetch(&client, file)).transpose()?,
            sdist: sdist.map(|file| self.fetch(&client, file)).transpose()?,
        };
        self.keep_choice(&place, &chosen)?;
        Ok(chosen)
    }

    fn files(&self, project: &str) -> Result<Vec<IndexFile>, SourceError> {
        let indexes = self.settings.indexes(&self.context.environment, &*self.processes)?;
        let client = Client::new(&self.settings)?;
        let mut files: Vec<IndexFile> = Vec::new();
        for index in indexes {
            let address = format!("{}/{}/", index.trim_end_matches('/'), normalised(project));
            let Some(answer) = client.page(&address, project)? else { continue };
            let text = String::from_utf8_lossy(&answer.bytes);
            let found = parse_page(project, &answer.address, &answer.content_type, &text)
                .map_err(|problem| SourceError::Index { wanted: project.to_owned(), problem })?;
            let known: BTreeSet<String> = files.iter().map(|file| file.name.clone()).collect();
            files.extend(found.into_iter().filter(|file| !known.contains(&file.name)));
        }
        if files.is_empty() {
            return Err(SourceError::NotOnIndex {
                wanted: format!("project {project} with files that can be read"),
                available: Vec::new(),
            });
        }
        Ok(files)
    }

    /// Downloads a file into the cache, unless it is there, and checks its digest.
    fn fetch(&self, client: &Client, file: &IndexFile) -> Result<ChosenFile, SourceError> {
        let wrong =
            |problem: String| SourceError::WrongDownload { file: file.name.clone(), problem };
        let announced =
            file.sha256.ok_or_else(|| wrong("the index announces no SHA-256".to_owned()))?;
        let chosen = ChosenFile { name: file.name.clone(), sha256: announced };
        if self.cached(&chosen)?.is_some() {
            return Ok(chosen);
        }
        let answer = client.file(&file.address, &file.name)?.ok_or_else(|| SourceError::Index {
            wanted: file.name.clone(),
            problem: "the file that the index names does not exist".to_owned(),
        })?;
        let found = Sha256::of(&answer.bytes);
        if found != announced {
            return Err(wrong(format!("announced was {announced}, found was {found}")));
        }
        let (folder, name) = split_path(&self.download_place(&chosen))?;
        DiskFiles.create_base(&folder)?;
        DiskFiles.write(Place::new(&folder, &name), &answer.bytes, None)?;
        Ok(chosen)
    }

    fn download_place(&self, file: &ChosenFile) -> PathBuf {
        self.context.folders.cache.join("downloads").join(file.sha256.hex()).join(&file.name)
    }

    /// The bytes of a download; none when the cache does not hold them, or not as they were.
    fn cached(&self, file: &ChosenFile) -> Result<Option<Vec<u8>>, SourceError> {
        let (folder, name) = split_path(&self.download_place(file))?;
        match DiskFiles.read(Place::new(&folder, &name), ArchiveLimits::default().archive_bytes) {
            Ok(bytes) if Sha256::of(&bytes) == file.sha256 => Ok(Some(bytes)),
            Ok(_) => Ok(None),
            Err(error) if error.kind == FileErrorKind::Missing => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn is_complete(&self, chosen: &Chosen) -> Result<bool, SourceError> {
        for file in chosen.wheel.iter().chain(&chosen.sdist) {
            if self.cached(file)?.is_none() {
                return Ok(false);
            }
        }
        Ok(chosen.wheel.is_some() || chosen.sdist.is_some())
    }

    /// Where the choice of a release is remembered: apart for each set of indexes, for they may
    /// differ.
    fn choice_place(&self, project: &str, version: &Version) -> PathBuf {
        let indexes = Digest::of(self.settings.indexes.join("\n").as_bytes()).hex();
        let file = format!("{version}.json").replace('!', "_");
        let releases = self.context.folders.cache.join("releases");
        releases.join(&indexes[..16]).join(normalised(project)).join(file)
    }

    fn keep_choice(&self, place: &std::path::Path, chosen: &Chosen) -> Result<(), SourceError> {
        let (folder, name) = split_path(place)?;
        DiskFiles.create_base(&folder)?;
        let text = serde_json::to_vec(chosen).unwrap_or_default();
        Ok(DiskFiles.write(Place::new(&folder, &name), &text, None)?)
    }
}

/// A remembered choice; a damaged one is as good as none.
fn read_choice(place: &std::path::Path) -> Option<Chosen> {
    let (folder, name) = split_path(place).ok()?;
    let text = DiskFiles.read(Place::new(&folder, &name), 1 << 20).ok()?;
    serde_json::from_slice(&text).ok()
}
