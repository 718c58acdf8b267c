//! The package index that the user's pip is set up for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use host::{
    ChildCommand, DiskFiles, Environment, FileErrorKind, Files as _, Place, Processes, split_path,
};

use crate::SourceError;

/// What pip's settings say about indexes and the way to them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PipSettings {
    /// The addresses of the indexes, the main one first; empty when nothing names one.
    pub(crate) indexes: Vec<String>,
    /// Whether the settings forbid asking any index.
    pub(crate) no_index: bool,
    /// The file with the certificates to trust.
    pub(crate) certificates: Option<PathBuf>,
    /// The proxy.
    pub(crate) proxy: Option<String>,
    /// How long an answer may take.
    pub(crate) timeout_seconds: Option<u64>,
}

impl std::fmt::Debug for PipSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Addresses may hold passwords.
        f.debug_struct("PipSettings")
            .field("indexes", &self.indexes.len())
            .field("no_index", &self.no_index)
            .finish_non_exhaustive()
    }
}

impl PipSettings {
    /// Reads pip's environment variables and configuration files, in pip's own order of precedence.
    pub fn read(environment: &Environment) -> Result<Self, SourceError> {
        let mut values = BTreeMap::new();
        for file in configuration_files(environment) {
            values.extend(read_file(&file)?);
        }
        for (name, value) in environment.variables() {
            let key = name.to_str().and_then(|name| name.strip_prefix("PIP_"));
            if let (Some(key), Some(value)) = (key, value.to_str()) {
                let key = key.to_ascii_lowercase().replace('_', "-");
                if !value.is_empty() {
                    values.insert(key, value.to_owned());
                }
            }
        }
        let text = |key: &str| values.get(key).map(|value| value.trim().to_owned());
        let words = |key: &str| -> Vec<String> {
            let value = values.get(key).map(String::as_str).unwrap_or_default();
            value.split_whitespace().map(str::to_owned).collect()
        };
        let mut indexes = words("index-url");
        indexes.truncate(1);
        // An extra index without a main one adds to pip's default index, which is asked for later.
        if !indexes.is_empty() {
            indexes.extend(words("extra-index-url"));
        }
        let certificates = text("cert").map(|path| environment.absolute(path)).or_else(|| {
            ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]
                .iter()
                .find_map(|name| environment.path(name))
        });
        Ok(Self {
            indexes,
            no_index: text("no-index").is_some_and(|value| is_true(&value)),
            certificates,
            proxy: text("proxy").or_else(|| proxy_of(environment)),
            timeout_seconds: text("timeout")
                .or_else(|| text("default-timeout"))
                .and_then(|value| value.parse::<f64>().ok())
                .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
                .map(|timeout| timeout.as_secs().clamp(1, 86_400)),
        })
    }

    /// The addresses of the indexes. When no setting names one, pip itself is asked for its
    /// default.
    pub(crate) fn indexes(
        &self,
        environment: &Environment,
        processes: &dyn Processes,
    ) -> Result<Vec<String>, SourceError> {
        let unusable = |problem: &str| SourceError::Settings {
            setting: "index-url".to_owned(),
            problem: problem.to_owned(),
        };
        if self.no_index {
            return Err(SourceError::Settings {
                setting: "no-index".to_owned(),
                problem: "it forbids asking any package index".to_owned(),
            });
        }
        if self.indexes.is_empty() {
            let asked = ask_pip(environment, processes);
            return asked.map(|index| vec![index]).ok_or_else(|| {
                unusable(
                    "it is not set, and no pip was found that knows its default; set PIP_INDEX_URL",
                )
            });
        }
        let usable = |index: &String| index.starts_with("https://") || index.starts_with("http://");
        if !self.indexes.iter().all(usable) {
            return Err(unusable("only http and https addresses are read"));
        }
        Ok(self.indexes.clone())
    }
}

/// The index that pip asks when nothing else is said, from pip itself.
fn ask_pip(environment: &Environment, processes: &dyn Processes) -> Option<String> {
    const PROGRAM: &str = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)";
    for python in ["python3", "python"] {
        // Isolated, so that nothing of the working folder is imported.
        let mut command = ChildCommand::new(python).argument("-I").argument("-c").argument(PROGRAM);
        for name in ["PATH", "HOME", "LANG", "VIRTUAL_ENV", "LD_LIBRARY_PATH"] {
            if let Some(value) = environment.get(name) {
                command = command.variable(name, value);
            }
        }
        command.timeout = Duration::from_secs(30);
        let Ok(done) = processes.run(&command) else { continue };
        let said = String::from_utf8_lossy(&done.stdout).trim().to_owned();
        if done.succeeded() && said.starts_with("https://") {
            return Some(said);
        }
    }
    None
}

fn proxy_of(environment: &Environment) -> Option<String> {
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "http_proxy"]
        .iter()
        .find_map(|name| environment.text(name))
        .map(str::to_owned)
}

fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on" | "y" | "t")
}

/// pip's configuration files, the weakest first.
fn configuration_files(environment: &Environment) -> Vec<PathBuf> {
    let own = environment.path("PIP_CONFIG_FILE");
    if own.as_deref() == Some(Path::new("/dev/null")) {
        return Vec::new();
    }
    let mut files = Vec::new();
    let global = environment.text("XDG_CONFIG_DIRS").unwrap_or("/etc/xdg");
    files.extend(global.split(':').rev().map(|folder| Path::new(folder).join("pip/pip.conf")));
    files.push(PathBuf::from("/etc/pip.conf"));
    let own_exists = own.as_deref().is_some_and(|path| DiskFiles.canonical(path).is_ok());
    if let Some(home) = environment.home().filter(|_| !own_exists) {
        files.push(home.join(".pip/pip.conf"));
        let configuration = environment.path("XDG_CONFIG_HOME");
        files.push(configuration.unwrap_or_else(|| home.join(".config")).join("pip/pip.conf"));
    }
    files.extend(environment.path("VIRTUAL_ENV").map(|folder| folder.join("pip.conf")));
    files.extend(own);
    files
}

/// The settings of one file by their names; those of `[install]` and `[download]` win over
/// `[global]`.
fn read_file(path: &Path) -> Result<BTreeMap<String, String>, SourceError> {
    let (base, name) = split_path(path)?;
    let text = match DiskFiles.canonical(path).and_then(|real| {
        let (base, name) = split_path(&real)?;
        DiskFiles.read(Place::new(&base, &name), 1 << 20)
    }) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        // A file that the user may not read is none that pip would read.
        Err(error) if matches!(error.kind, FileErrorKind::Missing | FileErrorKind::Denied) => {
            return Ok(BTreeMap::new());
        }
        Err(error) if error.kind == FileErrorKind::NotAFolder => return Ok(BTreeMap::new()),
        Err(_) => {
            return Err(SourceError::Settings {
                setting: base.join(name.as_str()).display().to_string(),
                problem: "the file cannot be read".to_owned(),
            });
        }
    };
    Ok(parse_configuration(&text))
}

fn parse_configuration(text: &str) -> BTreeMap<String, String> {
    let mut sections: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let (mut section, mut key) = (String::new(), None::<String>);
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.trim().clone_into(&mut section);
            key = None;
            continue;
        }
        let values = sections.entry(section.clone()).or_default();
        // A line that is indented goes on with the value before it.
        if let (true, Some(key)) = (line.starts_with([' ', '\t']), &key) {
            let value = values.entry(key.clone()).or_default();
            value.push('\n');
            value.push_str(trimmed);
            continue;
        }
        let Some((name, value)) = trimmed.split_once(['=', ':']) else { continue };
        let name = name.trim().to_ascii_lowercase().replace('_', "-");
        values.insert(name.clone(), value.trim().to_owned());
        key = Some(name);
    }
    let mut merged = BTreeMap::new();
    for name in ["global", "install", "download"] {
        merged.extend(sections.remove(name).unwrap_or_default());
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use host::{Completed, Ending, SimulatedProcesses};

    #[test]
    fn the_environment_wins_over_files() {
        let settings = PipSettings::read(&Environment::fixed([
            ("PIP_CONFIG_FILE", "/dev/null"),
            ("PIP_INDEX_URL", "https://index.example/simple"),
            ("PIP_EXTRA_INDEX_URL", "https://a.example/simple https://b.example/simple"),
            ("PIP_DEFAULT_TIMEOUT", "7"),
            ("SSL_CERT_FILE", "/certs.pem"),
        ]))
        .expect("settings");
        assert_eq!(settings.indexes.len(), 3);
        assert_eq!(settings.indexes[0], "https://index.example/simple");
        assert_eq!(settings.timeout_seconds, Some(7));
        assert_eq!(settings.certificates, Some(PathBuf::from("/certs.pem")));
        assert!(!format!("{settings:?}").contains("example"));
    }

    #[test]
    fn files_have_sections_continuations_and_comments() {
        let values = parse_configuration(
            "[global]\nindex_url = https://one.example\n# no\ntimeout: 5\n[install]\n\
             index-url=https://two.example\nextra-index-url =\n  https://x.example\n\
             \x20 https://y.example\n\
             [list]\nindex-url = https://wrong.example\n",
        );
        assert_eq!(values["index-url"], "https://two.example");
        assert_eq!(values["timeout"], "5");
        assert_eq!(values["extra-index-url"].split_whitespace().count(), 2);
    }

    #[test]
    fn pip_is_asked_for_its_default_only_when_nothing_is_set() {
        let environment = Environment::fixed([("PIP_CONFIG_FILE", "/dev/null")]);
        let settings = PipSettings::read(&environment).expect("settings");
        let answer = Completed {
            ending: Ending::Exited(0),
            stdout: b"https://default.example/simple\n".to_vec(),
            stderr: Vec::new(),
            truncated: false,
        };
        let pip = SimulatedProcesses::answering([answer]);
        let indexes = settings.indexes(&environment, &pip).expect("an index");
        assert_eq!(indexes, ["https://default.example/simple"]);
        let none = settings.indexes(&environment, &SimulatedProcesses::default());
        assert!(none.expect_err("no pip").to_string().contains("PIP_INDEX_URL"));
    }
}
