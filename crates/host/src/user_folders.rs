//! The folders in which onx keeps what belongs to the user and not to a project.

use std::path::PathBuf;

use crate::Environment;

/// Where caches, state and configuration of the user lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserFolders {
    /// May be deleted at any time: downloads, facts.
    pub cache: PathBuf,
    /// Must be kept: checkpoints, journals, records of applications.
    pub state: PathBuf,
    /// What the user wrote: `onx.toml`.
    pub configuration: PathBuf,
}

/// The environment names no place for the user's folders.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no place for the {what} folder: neither {variable} nor HOME is an absolute path")]
pub struct FolderError {
    what: &'static str,
    variable: &'static str,
}

impl FolderError {
    /// What the user can do next.
    pub fn hint(&self) -> String {
        format!("set {} to a folder that you may write to", self.variable)
    }
}

impl UserFolders {
    /// The folders by `ONX_CACHE_DIR` and `ONX_STATE_DIR`, else by the XDG base directories, else
    /// below HOME.
    pub fn of(environment: &Environment) -> Result<Self, FolderError> {
        let place = |what, own, xdg, below_home: &str| {
            if let Some(path) = environment.path(own) {
                return Ok(path);
            }
            // The XDG specification says that relative values are to be ignored.
            let xdg = environment.get(xdg).map(PathBuf::from).filter(|path| path.is_absolute());
            xdg.or_else(|| environment.home().map(|home| home.join(below_home)))
                .map(|folder| folder.join("onx"))
                .ok_or(FolderError { what, variable: own })
        };
        Ok(Self {
            cache: place("cache", "ONX_CACHE_DIR", "XDG_CACHE_HOME", ".cache")?,
            state: place("state", "ONX_STATE_DIR", "XDG_STATE_HOME", ".local/state")?,
            configuration: place("configuration", "ONX_CONFIG_DIR", "XDG_CONFIG_HOME", ".config")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_follow_the_environment() {
        let table = [
            (vec![("HOME", "/h")], "/h/.cache/onx", "/h/.local/state/onx"),
            (vec![("HOME", "/h"), ("XDG_CACHE_HOME", "/c")], "/c/onx", "/h/.local/state/onx"),
            (
                vec![("HOME", "/h"), ("XDG_CACHE_HOME", "relative"), ("ONX_STATE_DIR", "/s")],
                "/h/.cache/onx",
                "/s",
            ),
        ];
        for (variables, cache, state) in table {
            let folders =
                UserFolders::of(&Environment::fixed(variables)).expect("a place for each");
            assert_eq!(folders.cache, PathBuf::from(cache));
            assert_eq!(folders.state, PathBuf::from(state));
        }
        let nowhere = UserFolders::of(&Environment::fixed([])).expect_err("no place");
        assert!(nowhere.hint().contains("ONX_CACHE_DIR"));
    }
}
