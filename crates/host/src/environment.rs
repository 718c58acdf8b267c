//! The environment of the process as a value.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Environment variables and the working folder, read once, so that what follows from them is
/// repeatable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    working_folder: PathBuf,
}

impl Environment {
    /// The environment that this process was started with.
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    pub fn of_process() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            working_folder: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
        }
    }

    /// An environment of these variables only, with `/` as the working folder.
    pub fn fixed<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self {
            variables: variables.into_iter().map(|(k, v)| (k.into(), v.into())).collect(),
            working_folder: PathBuf::from("/"),
        }
    }

    /// The same variables with another working folder.
    #[must_use]
    pub fn working_in(&self, folder: &Path) -> Self {
        Self { variables: self.variables.clone(), working_folder: folder.to_owned() }
    }

    /// The value of a variable; an empty one counts as unset.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|v| !v.is_empty())
    }

    /// The value of a variable as text; none when it is unset, empty or not UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(OsStr::to_str)
    }

    /// The value of a variable as a path made absolute from the working folder.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(|value| self.absolute(value))
    }

    /// A path made absolute from the working folder; `~/` stands for the user's home folder.
    pub fn absolute(&self, path: impl AsRef<OsStr>) -> PathBuf {
        let path = path.as_ref();
        let below_home = path.to_str().and_then(|text| text.strip_prefix("~/"));
        match (below_home, self.home()) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => self.working_folder.join(path),
        }
    }

    /// The user's home folder, when the environment names one with an absolute path.
    pub fn home(&self) -> Option<PathBuf> {
        self.get("HOME").map(PathBuf::from).filter(|home| home.is_absolute())
    }

    /// The folder that relative paths start from.
    pub fn working_folder(&self) -> &Path {
        &self.working_folder
    }

    /// Every variable, sorted by name.
    pub fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_start_from_home_or_the_working_folder() {
        let environment = Environment::fixed([("HOME", "/home/ada"), ("EMPTY", "")]);
        assert_eq!(environment.get("EMPTY"), None);
        assert_eq!(environment.absolute("~/x"), PathBuf::from("/home/ada/x"));
        assert_eq!(environment.absolute("y"), PathBuf::from("/y"));
        assert_eq!(environment.absolute("/z"), PathBuf::from("/z"));
    }
}
