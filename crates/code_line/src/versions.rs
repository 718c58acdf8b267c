//! From what a user writes to the tree of a version.

use std::collections::BTreeMap;

use artifact::{Timestamp, TreePath};
use host::Place;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sources::{FolderOptions, GitRepository, SourceError, SourceSpec, SourceTree, open_folder};

use crate::{Error, ErrorCode, ErrorKind, World};

/// Which library, and which two versions of it, as the user writes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CoreSelection {
    /// A repository, folder, archive or `pypi:NAME`; none when the versions say everything
    /// themselves.
    pub core: Option<String>,
    /// The old version.
    pub from: String,
    /// The new version.
    pub to: String,
    /// Further distributions of the old version.
    pub with_from: Vec<String>,
    /// Further distributions of the new version.
    pub with_to: Vec<String>,
    /// What the versions are called, where that is not what they are asked for by.
    pub labels: Option<[String; 2]>,
    /// Whether each file's own time of change is looked up.
    pub file_times: bool,
}

/// One version of a library, as the user writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VersionSelection {
    /// A repository, folder, archive or `pypi:NAME`.
    pub core: Option<String>,
    /// A version, a git reference, a path or `pypi:NAME==VERSION`.
    pub version: String,
    /// Further distributions.
    pub with: Vec<String>,
    /// What the version is called, where that is not what it is asked for by.
    pub label: Option<String>,
    /// Whether each file's own time of change is looked up.
    pub file_times: bool,
}

impl CoreSelection {
    /// The old version alone.
    pub fn from_side(&self) -> VersionSelection {
        VersionSelection {
            core: self.core.clone(),
            version: self.from.clone(),
            with: self.with_from.clone(),
            label: self.labels.as_ref().map(|[from, _]| from.clone()),
            file_times: self.file_times,
        }
    }

    /// The new version alone.
    pub fn to_side(&self) -> VersionSelection {
        VersionSelection {
            core: self.core.clone(),
            version: self.to.clone(),
            with: self.with_to.clone(),
            label: self.labels.as_ref().map(|[_, to]| to.clone()),
            file_times: self.file_times,
        }
    }

    /// What the library is called for caches: where it comes from.
    pub fn family(&self) -> &str {
        let text = self.core.as_deref().unwrap_or(&self.to);
        text.split("==").next().unwrap_or(text)
    }
}

/// A version that was opened.
#[derive(Debug, Clone)]
pub struct OpenedVersion {
    /// Its files.
    pub tree: SourceTree,
    /// The version as a person writes it: without the name of an index or the folders of a path.
    pub label: String,
    /// When each file last changed, where that was asked for and is known.
    pub times: BTreeMap<TreePath, Timestamp>,
    /// The repository that it comes from, if it does.
    pub repository: Option<GitRepository>,
}

/// Opens a version with everything that belongs to it.
pub fn open_version(selection: &VersionSelection, world: &World) -> Result<OpenedVersion, Error> {
    let mut opened = open_one(selection, world)?;
    for further in &selection.with {
        let spec = SourceSpec::parse(further, &world.environment).map_err(|e| source_error(&e))?;
        needs_version(&spec, further)?;
        let other = spec.open(None, &world.sources()).map_err(|error| source_error(&error))?;
        let reference =
            format!("{} + {}", opened.tree.identity().reference, other.identity().reference);
        let mut identity = opened.tree.identity().clone();
        identity.reference = reference;
        opened.tree = opened
            .tree
            .merged_with(other, |entry| Some(entry.path.clone()))
            .with_identity(identity);
    }
    Ok(opened)
}

fn open_one(selection: &VersionSelection, world: &World) -> Result<OpenedVersion, Error> {
    let environment = &world.environment;
    let version = selection.version.as_str();
    let own = SourceSpec::parse(version, environment).ok().filter(exists);
    let spec = match (&selection.core, own) {
        (_, Some(spec @ SourceSpec::Index { .. })) => spec,
        (Some(core), own) => {
            let core = SourceSpec::parse(core, environment).map_err(|e| source_error(&e))?;
            match (&core, own) {
                // A path wins only where the library has no history in which the word could be a
                // reference.
                (SourceSpec::Folder { path, .. }, own) if !is_repository(&core) => {
                    let below = SourceSpec::Folder { path: path.join(version), version: None };
                    let found = exists(&below).then_some(below).or(own);
                    match found {
                        Some(spec) => spec,
                        None => core.at_version(version).map_err(|e| source_error(&e))?,
                    }
                }
                (SourceSpec::Archive { .. }, Some(path)) => path,
                _ => core.at_version(version).map_err(|e| source_error(&e))?,
            }
        }
        (None, Some(spec)) => spec,
        (None, None) => {
            let message = format!("`{version}` is no path and no pypi:NAME==VERSION");
            return Err(Error::user(ErrorCode::UsageError, message)
                .hint("name the library with --core-path"));
        }
    };
    needs_version(&spec, version)?;
    let distribution = distribution_of(&spec, world);
    let tree = spec
        .open(distribution.as_deref(), &world.sources())
        .map_err(|error| source_error(&error))?;
    let label = selection.label.clone().unwrap_or_else(|| label(&spec, &tree));
    let times = if selection.file_times { file_times(&spec, &tree)? } else { BTreeMap::new() };
    let repository = match &spec {
        SourceSpec::Folder { path, .. } if tree.identity().commit.is_some() => {
            GitRepository::discover(path).map_err(|error| source_error(&error))?
        }
        _ => None,
    };
    Ok(OpenedVersion { tree, label, times, repository })
}

/// When each file last changed: by the history of a repository, the disk, or the members of an
/// archive.
fn file_times(
    spec: &SourceSpec,
    tree: &SourceTree,
) -> Result<BTreeMap<TreePath, Timestamp>, Error> {
    let of_entries = |tree: &SourceTree| {
        let entries = tree.entries().iter();
        entries.filter_map(|entry| Some((entry.path.clone(), entry.modified?))).collect()
    };
    match (spec, &tree.identity().commit) {
        (SourceSpec::Folder { path, .. }, Some(commit)) => {
            let repository = GitRepository::discover(path).map_err(|e| source_error(&e))?;
            let times = repository.map(|repository| repository.last_modified(commit)).transpose();
            Ok(times.map_err(|error| source_error(&error))?.unwrap_or_default())
        }
        (SourceSpec::Folder { path, .. }, None) => {
            let options = FolderOptions { with_times: true, ..FolderOptions::default() };
            let timed = open_folder(path, options).map_err(SourceError::from);
            Ok(of_entries(&timed.map_err(|error| source_error(&error))?))
        }
        _ => Ok(of_entries(tree)),
    }
}

fn exists(spec: &SourceSpec) -> bool {
    match spec {
        SourceSpec::Index { .. } => true,
        SourceSpec::Folder { path, .. } | SourceSpec::Archive { path } => path.exists(),
    }
}

fn is_repository(spec: &SourceSpec) -> bool {
    match spec {
        SourceSpec::Folder { path, .. } => {
            GitRepository::discover(path).is_ok_and(|repository| repository.is_some())
        }
        _ => false,
    }
}

fn needs_version(spec: &SourceSpec, text: &str) -> Result<(), Error> {
    if let SourceSpec::Index { version: None, .. } = spec {
        let message = format!("`{text}` names no version");
        return Err(
            Error::user(ErrorCode::UsageError, message).hint(format!("write {text}==VERSION"))
        );
    }
    Ok(())
}

/// The distribution's name, by which tags such as `NAME-1.0` are found.
pub(crate) fn distribution_of(spec: &SourceSpec, world: &World) -> Option<String> {
    let SourceSpec::Folder { path, .. } = spec else { return None };
    let file = TreePath::new("pyproject.toml").ok()?;
    let bytes = world.files.read(Place::new(path, &file), 1 << 20).ok()?;
    let table: toml::Table = toml::from_str(std::str::from_utf8(&bytes).ok()?).ok()?;
    let project = table.get("project").or_else(|| table.get("tool")?.get("poetry"))?;
    project.get("name")?.as_str().map(str::to_owned)
}

fn label(spec: &SourceSpec, tree: &SourceTree) -> String {
    match spec {
        SourceSpec::Index { version: Some(version), .. }
        | SourceSpec::Folder { version: Some(version), .. } => version.clone(),
        _ => {
            let identity = tree.identity();
            let known = identity.version.clone().or_else(|| project_version(tree));
            known.unwrap_or_else(|| identity.reference.clone())
        }
    }
}

/// The version that the tree's own project file states.
pub(crate) fn project_version(tree: &SourceTree) -> Option<String> {
    let bytes = tree.read("pyproject.toml").ok()?;
    let table: toml::Table = toml::from_str(std::str::from_utf8(&bytes).ok()?).ok()?;
    let project = table.get("project").or_else(|| table.get("tool")?.get("poetry"))?;
    let version = project.get("version")?.as_str()?;
    (version.len() <= 80).then(|| version.to_owned())
}

/// A version as part of a folder's name.
pub fn folder_name(label: &str) -> String {
    let plain: String = label
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._+-".contains(c) { c } else { '-' })
        .take(80)
        .collect();
    let plain = plain.trim_start_matches('.');
    if plain.is_empty() { "version".to_owned() } else { plain.to_owned() }
}

/// What a source says, as an error of the code line.
pub(crate) fn source_error(error: &SourceError) -> Error {
    let kind = match error {
        SourceError::Spec { .. }
        | SourceError::NoRepository { .. }
        | SourceError::UnknownVersion { .. }
        | SourceError::AmbiguousVersion { .. }
        | SourceError::MissingFolder { .. }
        | SourceError::Archive { .. }
        | SourceError::NotOnIndex { .. } => ErrorKind::User,
        SourceError::Settings { .. } => ErrorKind::Config,
        SourceError::File(error) if error.kind == host::FileErrorKind::Missing => ErrorKind::User,
        _ => ErrorKind::Outside,
    };
    let mut converted = Error::new(kind, ErrorCode::SnapshotError, error.to_string());
    let mut cause = std::error::Error::source(error);
    while let Some(current) = cause {
        converted = converted.detail(current.to_string());
        cause = current.source();
    }
    converted.hint(error.hint())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_folder_names() {
        assert_eq!(folder_name("feature/x y"), "feature-x-y");
        assert_eq!(folder_name("../.."), "-..");
        assert_eq!(folder_name("1.0+local"), "1.0+local");
        assert_eq!(folder_name("..."), "version");
    }

    #[test]
    fn the_family_is_the_library_without_its_version() {
        let selection = CoreSelection {
            core: None,
            from: "pypi:lib==1.0".to_owned(),
            to: "pypi:lib==2.0".to_owned(),
            with_from: Vec::new(),
            with_to: Vec::new(),
            labels: None,
            file_times: false,
        };
        assert_eq!(selection.family(), "pypi:lib");
    }
}
