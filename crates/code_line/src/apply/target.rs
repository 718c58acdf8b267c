//! The dependent: its files, its settings, and what of it is uncommitted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use artifact::{Finding, Severity, TreePath};
use code_rewrite::{DependentFile, module_names};
use globset::GlobSet;
use host::{FileErrorKind, Files, Place, WalkOptions, walk_folder};
use rayon::prelude::*;
use sources::{GitRepository, SourceTree};

use crate::settings::TargetSettings;
use crate::snapshot::globs;
use crate::{Error, ErrorCode, ErrorKind, World};

/// The largest file of a dependent that is read.
const FILE_LIMIT_BYTES: u64 = 64 << 20;

/// A dependent that is to be migrated.
#[derive(Debug)]
pub(crate) struct Target {
    /// Its folder, with every link resolved.
    pub(crate) folder: PathBuf,
    /// What it takes away.
    pub(crate) settings: TargetSettings,
    /// Its repository, if it lies in one.
    repository: Option<GitRepository>,
}

impl Target {
    /// Opens a dependent's folder.
    pub(crate) fn open(world: &World, given: &Path) -> Result<Self, Error> {
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
        let settings = read_settings(&*world.files, &folder)?;
        let repository = GitRepository::discover(&folder)
            .map_err(|error| crate::versions::source_error(&error))?;
        Ok(Self { folder, settings, repository })
    }

    /// Every file that may be read and edited. Files that cannot be read are findings.
    pub(crate) fn files(
        &self,
        world: &World,
        exclude: &[String],
    ) -> Result<(Vec<DependentFile>, Vec<Finding>), Error> {
        let excluded = globs(&[exclude, &self.settings.exclude].concat())?;
        let walked = walk_folder(&self.folder, WalkOptions::default()).map_err(|error| {
            let message = format!("the target `{}` cannot be listed", self.folder.display());
            Error::outside(ErrorCode::ApplicationError, message, error)
        })?;
        let mut findings: Vec<Finding> = walked
            .problems
            .iter()
            .map(|problem| Finding::new(Severity::Warning, "unreadable-folder", problem))
            .collect();
        let paths: Vec<TreePath> = walked
            .files
            .into_iter()
            .filter(|file| !file.is_link && self.takes(&file.path, &excluded))
            .map(|file| file.path)
            .collect();
        let names = module_names(paths.iter());
        let read: Vec<Result<DependentFile, Finding>> = paths
            .par_iter()
            .map(|path| {
                let place = Place::new(&self.folder, path);
                let content = world.files.read(place, FILE_LIMIT_BYTES).map_err(|error| {
                    Finding::new(Severity::Warning, "unreadable-file", error.to_string())
                        .in_file(path)
                })?;
                let module = names.get(path).cloned();
                Ok(DependentFile { path: path.clone(), content: content.into(), module })
            })
            .collect();
        let mut files = Vec::with_capacity(read.len());
        for outcome in read {
            match outcome {
                Ok(file) => files.push(file),
                Err(finding) => findings.push(finding),
            }
        }
        Ok((files, findings))
    }

    fn takes(&self, path: &TreePath, excluded: &GlobSet) -> bool {
        let roots = &self.settings.roots;
        let below = |root: &String| {
            let root = root.trim_end_matches('/');
            root == "."
                || path.as_str().strip_prefix(root).is_some_and(|rest| rest.starts_with('/'))
        };
        readable(path)
            && !excluded.is_match(path.as_str())
            && (roots.is_empty() || roots.iter().any(below))
    }

    /// Those of these files that differ from what is committed; empty outside of version control.
    pub(crate) fn dirty(&self, files: &BTreeMap<TreePath, Arc<[u8]>>) -> Vec<TreePath> {
        let Some(tree) = self.committed() else { return Vec::new() };
        if tree.entries().is_empty() {
            return Vec::new();
        }
        let same = |path: &TreePath, bytes: &[u8]| {
            tree.read(path.as_str()).is_ok_and(|committed| {
                committed == bytes || without_returns(&committed) == without_returns(bytes)
            })
        };
        let dirty = files.iter().filter(|(path, bytes)| !same(path, bytes));
        dirty.map(|(path, _)| path.clone()).collect()
    }

    fn committed(&self) -> Option<SourceTree> {
        self.repository.as_ref()?.open("HEAD", None).ok()
    }

    /// The commit that is checked out.
    pub(crate) fn commit(&self) -> Option<String> {
        self.repository.as_ref()?.head()
    }

    /// What stands before the paths of this target in a patch of its repository.
    pub(crate) fn patch_prefix(&self) -> String {
        let folder = self.repository.as_ref().and_then(GitRepository::folder);
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

/// Whether a file can hold anything that an operation is about.
fn readable(path: &TreePath) -> bool {
    const ENDINGS: [&str; 15] = [
        "py", "pyi", "pyw", "toml", "cfg", "ini", "yaml", "yml", "json", "txt", "in", "md", "rst",
        "ipynb", "pyx",
    ];
    path.extension().is_some_and(|ending| ENDINGS.contains(&ending))
}

/// Line ends that git changes on the way to the disk are no work of anybody.
fn without_returns(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().peekable();
    while let Some(byte) = rest.next() {
        if !(*byte == b'\r' && rest.peek() == Some(&&b'\n')) {
            out.push(*byte);
        }
    }
    out
}

fn read_settings(files: &dyn Files, folder: &Path) -> Result<TargetSettings, Error> {
    let Ok(path) = TreePath::new("pyproject.toml") else { return Ok(TargetSettings::default()) };
    let place = Place::new(folder, &path);
    let Ok(bytes) = files.read(place, 1 << 24) else { return Ok(TargetSettings::default()) };
    match std::str::from_utf8(&bytes) {
        // A project file that is no TOML restricts nothing; that it is broken is for others to say.
        Ok(text) if text.contains("tool.onx") => {
            TargetSettings::from_pyproject(text, &place.to_path().display().to_string())
        }
        _ => Ok(TargetSettings::default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_of_a_checkout_are_no_changes() {
        assert_eq!(without_returns(b"a\r\nb\rc\n"), b"a\nb\rc\n");
    }
}
