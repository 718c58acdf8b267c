//! How versions are read.

use globset::{Glob, GlobSet, GlobSetBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, ErrorCode};

/// Options for reading a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SnapshotConfig {
    /// Whether tests are read, for the evidence that they give.
    pub include_tests: bool,
    /// Whether documentation and change logs are read, for the evidence that they give.
    pub include_docs: bool,
    /// Whether facts are kept between runs.
    pub cache_enabled: bool,
    /// Files that are left out, as globs over paths in the tree.
    pub exclude: Vec<String>,
    /// How many files one unit of parallel work takes.
    pub chunk_size: u32,
    /// Whether files carry their own time of change instead of the version's.
    pub file_times: bool,
}

impl Default for SnapshotConfig {
    fn default() -> Self {
        Self {
            include_tests: true,
            include_docs: true,
            cache_enabled: true,
            exclude: Vec::new(),
            chunk_size: 64,
            file_times: false,
        }
    }
}

/// Compiles globs; a pattern without a `/` matches a name at any depth.
pub fn globs(patterns: &[String]) -> Result<GlobSet, Error> {
    let mut set = GlobSetBuilder::new();
    let wrong = |pattern: &str, error: globset::Error| {
        Error::user(ErrorCode::UsageError, format!("`{pattern}` is no usable glob"))
            .caused_by(error)
    };
    for pattern in patterns {
        let trimmed = pattern.trim_end_matches('/');
        let mut forms = vec![trimmed.to_owned(), format!("{trimmed}/**")];
        if !trimmed.contains('/') {
            forms.extend([format!("**/{trimmed}"), format!("**/{trimmed}/**")]);
        }
        for form in forms {
            set.add(Glob::new(&form).map_err(|error| wrong(pattern, error))?);
        }
    }
    set.build().map_err(|error| wrong(&patterns.join(" "), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_folders_and_names_at_any_depth() {
        let set = globs(&["vendor/".to_owned(), "src/*.gen.py".to_owned()]).expect("globs");
        assert!(set.is_match("vendor/a/b.py"));
        assert!(set.is_match("lib/vendor/b.py"));
        assert!(set.is_match("src/x.gen.py"));
        assert!(!set.is_match("other/x.gen.py"));
        assert!(!set.is_match("vendored.py"));
        assert!(globs(&["a[".to_owned()]).is_err());
    }
}
