//! The dependent: its files, its settings, and what of it is uncommitted.

use std::path::{Path, PathBuf};

use artifact::{Finding, Severity, TreePath};
use code_rewrite::{DependentFile, module_names};
use globset::GlobSet;
use host::{FileError, FileErrorKind, Files, Place};
use rayon::prelude::*;
use sources::{Dependent, EntryKind, FileStatus, GitRepository};

use crate::settings::TargetSettings;
use crate::snapshot::globs;
use crate::trial::PackageFile;
use crate::{Error, ErrorCode, ErrorKind, World};

/// The largest file of a dependent that is read.
pub(super) const FILE_LIMIT_BYTES: u64 = 64 << 20;

/// The most that a copy of a package holds.
const COPY_LIMIT_BYTES: u64 = 1 << 30;

/// A dependent that is to be migrated.
#[derive(Debug)]
pub(crate) struct Target {
    /// Its folder, with every link resolved.
    pub(crate) folder: PathBuf,
    /// What it takes away.
    pub(crate) settings: TargetSettings,
    /// Its files and its repository.
    dependent: Dependent,
}

impl Target {
    /// Opens a dependent's folder.
    pub(crate) fn open(world: &World, given: &Path, core_packages: &[&str]) -> Result<Self, Error> {
        let folder = folder(world, given)?;
        let settings = read_settings(&*world.files, &folder)?;
        let dependent = Dependent::open(&folder, core_packages)
            .map_err(|error| crate::versions::source_error(&error))?;
        Ok(Self { folder, settings, dependent })
    }

    /// Every file that may be read and edited. Files that cannot be read are findings.
    pub(crate) fn files(
        &self,
        world: &World,
        exclude: &[String],
    ) -> Result<(Vec<DependentFile>, Vec<Finding>), Error> {
        let excluded = globs(&[exclude, &self.settings.exclude].concat())?;
        let mut findings = self.dependent.tree().findings().to_vec();
        findings.extend(self.dependent.vendored().iter().map(|path| {
            let message = "A copy of the library; it is not edited, replace it with the new one.";
            Finding::new(Severity::Note, "vendored-copy", message).in_file(path)
        }));
        let paths: Vec<TreePath> = self
            .dependent
            .editable()
            .map(|entry| entry.path.clone())
            .filter(|path| self.takes(path, &excluded))
            .collect();
        let names = module_names(paths.iter());
        let read: Vec<Result<DependentFile, FileError>> = paths
            .par_iter()
            .map(|path| {
                let place = Place::new(&self.folder, path);
                let content = world.files.read(place, FILE_LIMIT_BYTES)?;
                let module = names.get(path).cloned();
                Ok(DependentFile { path: path.clone(), content: content.into(), module })
            })
            .collect();
        let mut files = Vec::with_capacity(read.len());
        for (path, outcome) in paths.iter().zip(read) {
            match outcome {
                Ok(file) => files.push(file),
                // Without it the edits would pass for all that are needed.
                Err(error) if error.is_of_the_machine() => {
                    let message = format!("`{path}` could not be read");
                    let hint = error.hint();
                    return Err(
                        Error::outside(ErrorCode::ApplicationError, message, error).hint(hint)
                    );
                }
                Err(error) => findings.push(
                    Finding::new(Severity::Warning, "unreadable-file", error.to_string())
                        .in_file(path),
                ),
            }
        }
        Ok((files, findings))
    }

    /// Every file as a copy of the package needs it, all that git tracks or would track.
    pub(crate) fn copies(&self, world: &World) -> Result<(Vec<PackageFile>, Vec<Finding>), Error> {
        let mut findings = Vec::new();
        let mut copies = Vec::new();
        let mut left = COPY_LIMIT_BYTES;
        for entry in self.dependent.tree().entries() {
            let place = Place::new(&self.folder, &entry.path);
            let path = entry.path.clone();
            let copy = match entry.kind {
                EntryKind::File | EntryKind::LfsPointer => {
                    world.files.read(place, left).map(|content| PackageFile::Regular {
                        path,
                        content,
                        is_executable: entry.is_executable,
                    })
                }
                EntryKind::Symlink => {
                    world.files.read_link(place).map(|target| PackageFile::Link { path, target })
                }
                EntryKind::Submodule => continue,
            };
            match copy {
                Ok(PackageFile::Regular { path, content, is_executable }) => {
                    left = left.saturating_sub(content.len() as u64);
                    copies.push(PackageFile::Regular { path, content, is_executable });
                }
                Ok(link) => copies.push(link),
                Err(error) if matches!(error.kind, FileErrorKind::TooLarge(_)) => {
                    let message = format!("the package is larger than {COPY_LIMIT_BYTES} bytes");
                    return Err(Error::user(ErrorCode::VerificationError, message)
                        .hint("name the folder of the package alone"));
                }
                Err(error) => findings.push(
                    Finding::new(Severity::Warning, "unreadable-file", error.to_string())
                        .in_file(&entry.path),
                ),
            }
        }
        Ok((copies, findings))
    }

    fn takes(&self, path: &TreePath, excluded: &GlobSet) -> bool {
        let roots = &self.settings.roots;
        let below = |root: &String| {
            let root = root.trim_end_matches('/');
            root == "."
                || path.as_str().strip_prefix(root).is_some_and(|rest| rest.starts_with('/'))
        };
        takes_edits(path)
            && !excluded.is_match(path.as_str())
            && (roots.is_empty() || roots.iter().any(below))
    }

    /// Those of these files that hold uncommitted work; none outside of version control. Where git
    /// tracks none of them, the package is not kept with git.
    pub(crate) fn dirty(&self, paths: &[TreePath]) -> Result<Vec<TreePath>, Error> {
        let status = self
            .dependent
            .status(paths)
            .map_err(|error| crate::versions::source_error(&error))?
            .unwrap_or_default();
        if status.values().all(|status| *status == FileStatus::Untracked) {
            return Ok(Vec::new());
        }
        let dirty = status.into_iter().filter(|(_, status)| *status != FileStatus::Clean);
        Ok(dirty.map(|(path, _)| path).collect())
    }

    /// The commit that is checked out.
    pub(crate) fn commit(&self) -> Option<String> {
        self.dependent.repository()?.head()
    }

    /// What stands before the paths of this target in a patch of its repository.
    pub(crate) fn patch_prefix(&self) -> String {
        let folder = self.dependent.repository().and_then(GitRepository::folder);
        folder.map(|folder| format!("{folder}/")).unwrap_or_default()
    }

    /// The package's name: of its project file, else of its folder.
    pub(crate) fn package(&self, files: &[DependentFile]) -> String {
        let project = files.iter().find(|file| file.path.as_str() == "pyproject.toml");
        let named = project.and_then(|file| {
            let table: toml::Table =
                toml::from_str(std::str::from_utf8(&file.content).ok()?).ok()?;
            let project = table.get("project").or_else(|| table.get("tool")?.get("poetry"))?;
            Some(project.get("name")?.as_str()?.to_owned())
        });
        let folder = || self.folder.file_name().map(|name| name.to_string_lossy().into_owned());
        named.or_else(folder).unwrap_or_else(|| "package".to_owned())
    }
}

/// The folder of a dependent that a user named, with every link resolved.
pub(super) fn folder(world: &World, given: &Path) -> Result<PathBuf, Error> {
    let path = world.environment.absolute(given);
    let missing = |error: host::FileError| {
        let kind = match error.kind {
            FileErrorKind::Missing => ErrorKind::User,
            _ => ErrorKind::Outside,
        };
        let hint = error.hint().to_owned();
        let message = format!("the target `{}` cannot be used", given.display());
        Error::new(kind, ErrorCode::ApplicationError, message).caused_by(error).hint(hint)
    };
    let folder = world.files.canonical(&path).map_err(missing)?;
    if !folder.is_dir() {
        let message = format!("the target `{}` is no folder", given.display());
        return Err(Error::user(ErrorCode::ApplicationError, message)
            .hint("name the folder of the package's sources"));
    }
    Ok(folder)
}

/// Whether a file can hold anything that an operation is about.
pub(super) fn takes_edits(path: &TreePath) -> bool {
    const ENDINGS: [&str; 16] = [
        "py",
        "pyi",
        "pyw",
        "toml",
        "cfg",
        "ini",
        "yaml",
        "yml",
        "json",
        "txt",
        "in",
        "md",
        "rst",
        "ipynb",
        "pyx",
        "dockerfile",
    ];
    const NAMES: [&str; 3] = ["Dockerfile", "Containerfile", "Pipfile"];
    let name = path.file_name();
    path.extension().is_some_and(|ending| ENDINGS.contains(&ending))
        || NAMES.contains(&name)
        || name.starts_with("Dockerfile.")
}

fn read_settings(files: &dyn Files, folder: &Path) -> Result<TargetSettings, Error> {
    let Ok(path) = TreePath::new("pyproject.toml") else { return Ok(TargetSettings::default()) };
    let place = Place::new(folder, &path);
    // What takes files away must not be overlooked: only where there is none, nothing is excluded.
    let bytes = match files.read(place, 1 << 24) {
        Ok(bytes) => bytes,
        Err(error) if error.kind == FileErrorKind::Missing => return Ok(TargetSettings::default()),
        Err(error) => {
            let kind =
                if error.is_of_the_machine() { ErrorKind::Outside } else { ErrorKind::Config };
            let hint = "onx reads there which files it is to leave alone: make it a file that can \
                        be read";
            let message = format!("`{}` cannot be read", place.to_path().display());
            return Err(Error::new(kind, ErrorCode::ConfigurationError, message)
                .caused_by(error)
                .hint(hint));
        }
    };
    match std::str::from_utf8(&bytes) {
        // A project file that is no TOML restricts nothing; that it is broken is for others to say.
        Ok(text) if text.contains("tool.onx") => {
            TargetSettings::from_pyproject(text, &place.to_path().display().to_string())
        }
        _ => Ok(TargetSettings::default()),
    }
}
