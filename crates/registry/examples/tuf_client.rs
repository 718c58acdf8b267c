//! The client of a registry as a program, which speaks the command line that the conformance suite
//! for TUF clients asks of one: `scripts/conformance` runs the suite over it.

#![expect(clippy::disallowed_methods, reason = "the suite looks at files and sets the clock")]
#![expect(clippy::print_stderr, reason = "whoever reads a failed case looks there")]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use artifact::Timestamp;
use host::{FileError, FileErrorKind};
use registry::roles::{Client, Rules, Transport, TransportError, TrustedState, quoted};

/// Where the client keeps what it trusts. The suite reads every `*.json` beside it as a role.
const STATE: &str = "trusted.state";

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tuf_client: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: impl Iterator<Item = String>) -> Result<(), Box<dyn Error>> {
    let Asked { words, options, targets } = Asked::read(arguments)?;
    let option = |name: &str| options.get(name).cloned().ok_or(format!("--{name} is missing"));
    let folder = PathBuf::from(option("metadata-dir")?);
    let command = words.first().ok_or("no command was given")?.as_str();
    if command == "init" {
        let root = std::fs::read(words.get(1).ok_or("no root was given")?)?;
        return keep(&folder, &TrustedState::pinned(&root)?);
    }
    let state = TrustedState::from_bytes(&std::fs::read(folder.join(STATE))?)?;
    let agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build();
    let served = Served {
        agent: agent.into(),
        metadata: option("metadata-url")?,
        targets: options.get("target-base-url").cloned(),
    };
    let mut client = Client::new(&served, state, Rules::default(), now()?);
    let outcome = client.refresh().map_err(Into::into).and_then(|()| match command {
        "refresh" => Ok(()),
        "download" => {
            let place = PathBuf::from(option("target-dir")?);
            targets.iter().try_for_each(|name| download(&mut client, name, &place))
        }
        other => Err(format!("`{other}` is no command").into()),
    });
    // What was verified before an error is kept.
    let kept = keep(&folder, &client.into_state());
    outcome.and(kept)
}

/// What the command line asks for.
struct Asked {
    words: Vec<String>,
    options: BTreeMap<String, String>,
    targets: Vec<String>,
}

impl Asked {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let (mut words, mut options, mut targets) = (Vec::new(), BTreeMap::new(), Vec::new());
        while let Some(argument) = arguments.next() {
            let Some(option) = argument.strip_prefix("--") else {
                words.push(argument);
                continue;
            };
            let value = arguments.next().ok_or(format!("--{option} has no value"))?;
            if option == "target-name" {
                targets.push(value);
            } else {
                options.insert(option.to_owned(), value);
            }
        }
        Ok(Self { words, options, targets })
    }
}

/// A registry behind HTTP.
struct Served {
    agent: ureq::Agent,
    metadata: String,
    targets: Option<String>,
}

impl Served {
    fn address(&self, name: &str) -> Option<String> {
        if let Some(file) = name.strip_prefix("metadata/") {
            return Some(format!("{}/{file}", self.metadata.trim_end_matches('/')));
        }
        let path: Vec<_> = name.strip_prefix("targets/")?.split('/').map(quoted).collect();
        let base = self.targets.as_ref()?.trim_end_matches('/');
        Some(format!("{base}/{}", path.join("/")))
    }
}

impl Transport for Served {
    fn fetch(&self, name: &str, limit_bytes: u64) -> Result<Option<Vec<u8>>, TransportError> {
        let failed = |why: String| {
            TransportError::Failed(FileError {
                action: "fetch",
                path: PathBuf::from(name),
                kind: FileErrorKind::Other,
                source: Some(std::io::Error::other(why)),
            })
        };
        let address = self.address(name).ok_or_else(|| failed("it has no address".to_owned()))?;
        let response = self.agent.get(&address).call();
        let response = response.map_err(|error| failed(error.to_string()))?;
        match response.status().as_u16() {
            200 => {}
            404 => return Ok(None),
            other => return Err(failed(format!("the server answers {other}"))),
        }
        let mut bytes = Vec::new();
        let mut body = response.into_body().into_reader().take(limit_bytes.saturating_add(1));
        body.read_to_end(&mut bytes).map_err(|error| failed(error.to_string()))?;
        if bytes.len() as u64 > limit_bytes {
            return Err(TransportError::TooLong(limit_bytes));
        }
        Ok(Some(bytes))
    }
}

/// Downloads a target, unless it is there already with the bytes that are signed.
fn download(client: &mut Client<'_>, name: &str, place: &Path) -> Result<(), Box<dyn Error>> {
    let found = client.find(name)?.ok_or("no role names the target")?;
    let path = place.join(&*quoted(name));
    if std::fs::read(&path).is_ok_and(|bytes| found.file.expect(&bytes).is_ok()) {
        return Ok(());
    }
    Ok(std::fs::write(path, client.download(&found)?)?)
}

/// Keeps what is trusted, in one piece for the client and as a file for each role for the suite.
fn keep(folder: &Path, state: &TrustedState) -> Result<(), Box<dyn Error>> {
    let new = folder.join("trusted.state.new");
    std::fs::write(&new, state.to_bytes()?)?;
    std::fs::rename(&new, folder.join(STATE))?;
    let mut trusted = BTreeSet::new();
    for role in state.versions().keys() {
        let file = format!("{}.json", quoted(role));
        if let Some(bytes) = state.bytes_of(role) {
            std::fs::write(folder.join(&file), bytes)?;
            trusted.insert(file);
        }
    }
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".json") && !trusted.contains(&name) {
            std::fs::remove_file(folder.join(name))?;
        }
    }
    Ok(())
}

/// The clock of the system, which the suite sets for single commands.
fn now() -> Result<Timestamp, Box<dyn Error>> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(Timestamp::from_unix_seconds(i64::try_from(since.as_secs())?)?)
}
