//! What configuration files may say.

pub use code_change::Rules;
use host::SandboxLevel;
use serde::{Deserialize, Serialize};

pub use crate::acknowledgement::Acknowledgement;
use crate::{Error, ErrorCode, ErrorKind};

/// The content of `onx.toml`: defaults for flags. A flag wins over it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Defaults of `generate`, `diff` and `semver`.
    pub generate: GenerateSettings,
    /// Defaults of `apply`.
    pub apply: ApplySettings,
    /// Defaults of `onx-migrate verify`.
    pub verify: TrialSettings,
    /// Changes of the library that its maintainers intend, for `diff`, `semver` and the report of
    /// `generate`.
    pub acknowledge: Vec<Acknowledgement>,
    /// Weights, thresholds and limits of inference; their digest is in every manifest.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub rules: Rules,
}

/// Defaults of `generate`, `diff` and `semver`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GenerateSettings {
    /// As `--confidence-threshold`.
    pub confidence_threshold: Option<f64>,
    /// As `--exclude`; both lists count.
    pub exclude: Vec<String>,
    /// As `--no-tests`.
    pub no_tests: bool,
    /// As `--no-docs`.
    pub no_docs: bool,
    /// As `--file-times`.
    pub file_times: bool,
}

/// Defaults of `apply`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ApplySettings {
    /// As `--auto-apply-threshold`.
    pub auto_apply_threshold: Option<f64>,
    /// As `--untyped`.
    pub untyped: bool,
    /// As `--exclude`; both lists count.
    pub exclude: Vec<String>,
}

/// Defaults of `onx-migrate verify`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrialSettings {
    /// As `--sandbox`: `none`, `filtered`, `isolated` or `complete`.
    #[schemars(with = "String")]
    pub sandbox: SandboxLevel,
    /// As `--timeout`.
    pub timeout_seconds: u64,
    /// As `--memory`.
    pub memory_mib: u64,
}

impl Default for TrialSettings {
    /// The level `isolated`, five minutes and 4 GiB for each step.
    fn default() -> Self {
        Self { sandbox: SandboxLevel::Isolated, timeout_seconds: 300, memory_mib: 4096 }
    }
}

/// The content of `[tool.onx]` in a target's `pyproject.toml`. It can only take away: a package
/// that is migrated must not decide how it is migrated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TargetSettings {
    /// Files that are neither read nor edited, as globs.
    pub exclude: Vec<String>,
    /// Only files below these folders are read and edited; all when empty.
    pub roots: Vec<String>,
    /// Dotted names of the library: operations on them or on anything below them are left out.
    pub suppress: Vec<String>,
    /// Changes of the package itself that its maintainers intend: read where the package is the
    /// library that is compared, and nowhere else.
    pub acknowledge: Vec<Acknowledgement>,
}

impl Settings {
    /// Reads the text of an `onx.toml`; `name` is the file as the user knows it.
    pub fn from_toml(text: &str, name: &str) -> Result<Self, Error> {
        let settings: Self = toml::from_str(text).map_err(|error| wrong(name, &error))?;
        for threshold in
            [settings.generate.confidence_threshold, settings.apply.auto_apply_threshold]
        {
            if threshold.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
                let message = format!("`{name}` sets a threshold that is not between 0 and 1");
                return Err(Error::new(ErrorKind::Config, ErrorCode::ConfigurationError, message));
            }
        }
        for (position, entry) in settings.acknowledge.iter().enumerate() {
            if let Some(problem) = entry.problem() {
                let message = format!("`{name}`: acknowledgement {}: {problem}", position + 1);
                return Err(Error::new(ErrorKind::Config, ErrorCode::ConfigurationError, message));
            }
        }
        Ok(settings)
    }
}

impl TargetSettings {
    /// Reads `[tool.onx]` from the text of a `pyproject.toml`; without that table nothing is
    /// restricted.
    pub fn from_pyproject(text: &str, name: &str) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Project {
            tool: Option<Tool>,
        }
        #[derive(Deserialize)]
        struct Tool {
            onx: Option<TargetSettings>,
        }
        let project: Project = toml::from_str(text).map_err(|error| wrong(name, &error))?;
        Ok(project.tool.and_then(|tool| tool.onx).unwrap_or_default())
    }
}

fn wrong(name: &str, error: &toml::de::Error) -> Error {
    // The error shows the line, which may be as long as the file.
    let text = error.to_string();
    let lines = text.trim_end().lines().map(|line| line.chars().take(200).collect::<String>());
    Error::new(ErrorKind::Config, ErrorCode::ConfigurationError, format!("`{name}` cannot be used"))
        .detail(lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_set_defaults() {
        let text = "[generate]\nconfidence_threshold = 0.8\nexclude = ['vendor/**']\n";
        let settings = Settings::from_toml(text, "onx.toml").expect("valid");
        assert_eq!(settings.generate.confidence_threshold, Some(0.8));
        assert_eq!(settings.apply, ApplySettings::default());
    }

    #[test]
    fn unknown_keys_and_wrong_values_are_named() {
        for (text, word) in [
            ("[generate]\nthreads = 4\n", "threads"),
            ("[apply]\nuntyped = 1\n", "untyped"),
            ("[generate\n", "generate"),
        ] {
            let error = Settings::from_toml(text, "onx.toml").expect_err(text);
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.report().detail[0].contains(word), "{error:?}");
        }
        assert!(Settings::from_toml("[apply]\nauto_apply_threshold = 2.0\n", "onx.toml").is_err());
    }

    #[test]
    fn a_target_can_only_restrict() {
        let text = "[project]\nname = 'x'\n[tool.onx]\nexclude = ['gen/**']\n";
        let settings = TargetSettings::from_pyproject(text, "pyproject.toml").expect("valid");
        assert_eq!(settings.exclude, ["gen/**"]);
        let text = "[tool.onx]\nauto_apply_threshold = 0.1\n";
        assert!(TargetSettings::from_pyproject(text, "pyproject.toml").is_err());
        let none = TargetSettings::from_pyproject("[project]\nname = 'x'\n", "pyproject.toml");
        assert_eq!(none.expect("valid"), TargetSettings::default());
    }
}
