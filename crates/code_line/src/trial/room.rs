//! A throw-away folder with a copy of the package and an environment, and a sandbox around both.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use artifact::TreePath;
use host::{
    ChildCommand, Completed, Confinement, Ending, Sandbox, SandboxLimits, SandboxPolicy, Scratch,
    Throwaway,
};
use serde::Deserialize;

use super::interpreter::Interpreter;
use super::outcome::{Trial, TrialEnding};
use super::runner::{self, RESULTS_OF_PYTEST, RESULTS_OF_UNITTEST, TestRunner};
use super::{PackageFile, TrialOptions};
use crate::apply::sandbox_error;
use crate::{Error, ErrorCode, ErrorKind, World};

const SCRATCH: Scratch = Scratch { size_bytes: 1 << 30, entries: 100_000 };
const OUTPUT_LIMIT_BYTES: u64 = 4 << 20;
const RESULTS_LIMIT_BYTES: u64 = 256 << 20;
/// The last lines of a runner's words that a report keeps.
const LAST_LINES: usize = 40;

/// What tests do not count as the package's own code.
const NOT_COVERED: &str = "*/tests/*,*/test/*,*/test_*.py,*/*_test.py,*/tests.py,*/conftest.py,\
                           */setup.py,*/noxfile.py,*/docs/*,*/examples/*";

/// A place for one trial; it is gone when this is dropped.
pub(super) struct Room<'a> {
    folder: Throwaway,
    interpreter: &'a Interpreter,
    options: &'a TrialOptions,
    world: &'a World,
    /// Whether the package says which version it is without its history.
    has_metadata: bool,
    /// Whether the package itself is installed.
    is_installed: bool,
    /// The weakest sandbox that anything ran in.
    confinement: Option<Confinement>,
}

impl<'a> Room<'a> {
    /// A room with a copy of the package in it.
    pub(super) fn with(
        package: &[PackageFile],
        interpreter: &'a Interpreter,
        options: &'a TrialOptions,
        world: &'a World,
    ) -> Result<Self, Error> {
        let folder = Throwaway::below(&world.folders.cache.join("scratch")).map_err(no_room)?;
        for name in ["package", "results", "tools", "home", "wheels"] {
            folder.folder(&below(name)?).map_err(no_room)?;
        }
        for file in package {
            match file {
                PackageFile::Regular { path, content, is_executable } => {
                    let mode = if *is_executable { 0o755 } else { 0o644 };
                    let place = below(&format!("package/{path}"))?;
                    folder.write(&place, content, mode).map_err(no_room)?;
                }
                PackageFile::Link { path, target } => {
                    folder.link(&below(&format!("package/{path}"))?, target).map_err(no_room)?;
                }
            }
        }
        for (name, text) in [
            ("tools/results_of_pytest.py", RESULTS_OF_PYTEST),
            ("tools/results_of_unittest.py", RESULTS_OF_UNITTEST),
            ("tools/coveragerc", "[run]\nrelative_files = true\n"),
        ] {
            folder.write(&below(name)?, text.as_bytes(), 0o644).map_err(no_room)?;
        }
        let has_metadata = package.iter().any(|file| file.path().as_str() == "PKG-INFO");
        Ok(Self {
            folder,
            interpreter,
            options,
            world,
            has_metadata,
            is_installed: false,
            confinement: None,
        })
    }

    /// The weakest sandbox that anything ran in.
    pub(super) fn confinement(self) -> Confinement {
        self.confinement.unwrap_or_default()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Fetches what is to be installed, by the user's package client and outside of the sandbox:
    /// wheels run nothing on their way. Afterwards the room belongs to the sandbox.
    pub(super) fn fetch(&self, requirements: &[String]) -> Result<(), Error> {
        let mut arguments: Vec<String> =
            ["download", "--quiet", "--disable-pip-version-check", "--no-input", "--dest"]
                .map(str::to_owned)
                .to_vec();
        arguments.push(self.path("wheels").display().to_string());
        if !self.options.allow_source {
            arguments.push("--only-binary=:all:".to_owned());
        }
        arguments.extend(requirements.iter().cloned());
        let completed = self.interpreter.package_client(&arguments, self.world)?;
        if !completed.succeeded() {
            let message = "what the tests need could not be fetched";
            let mut error = Error::new(ErrorKind::Outside, ErrorCode::VerificationError, message);
            // What was not considered is a long list that explains nothing.
            let noise = |line: &String| line.starts_with("ERROR: Ignored the following");
            for line in last_lines(&completed, 6).into_iter().filter(|line| !noise(line)) {
                error = error.detail(line);
            }
            return Err(error.hint(
                "pin what does not fit with --require, leave it out with --without, or allow \
                 packages that have no wheel with --allow-source",
            ));
        }
        self.folder.hand_over().map_err(no_room)
    }

    /// Makes the environment and installs what was fetched, and then the package itself. What keeps
    /// the package from being installed is answered: its folder can still be imported.
    pub(super) fn install(&mut self, requirements: &[String]) -> Result<Option<String>, Error> {
        let environment = self.path("environment").display().to_string();
        let base = self.interpreter.base.clone();
        let made = self.run(&base, &["-m", "venv", "--without-pip", &environment], "home")?;
        expect_done(&made, "the environment for the tests could not be made")?;
        let mut arguments = vec!["install", "--no-build-isolation"];
        arguments.extend(requirements.iter().map(String::as_str));
        let installed = self.package_installer(&arguments)?;
        expect_done(&installed, "what the tests need could not be installed")?;
        let package = self.path("package").display().to_string();
        let own = ["install", "--no-build-isolation", "--no-deps", "--editable", &package];
        let own = self.package_installer(&own)?;
        self.is_installed = own.succeeded();
        Ok((!self.is_installed).then(|| last_lines(&own, 3).join(" ")))
    }

    /// Runs the tests.
    pub(super) fn test(&mut self, test_runner: TestRunner, version: &str) -> Result<Trial, Error> {
        let installed = self.installed()?;
        let mut arguments = Vec::new();
        let covers = !self.options.no_coverage
            && test_runner.can_be_covered()
            && installed.iter().any(|it| it.starts_with("coverage=="));
        let tools = self.path("tools");
        let source = self.path("package").display().to_string();
        let settings = format!("--rcfile={}", tools.join("coveragerc").display());
        if covers {
            let source = format!("--source={source}");
            arguments.extend(["-m", "coverage", "run"].map(str::to_owned));
            arguments.extend([settings.clone(), source, format!("--omit={NOT_COVERED}")]);
        }
        arguments.extend(test_runner.arguments(&tools, &installed));
        arguments.extend(self.options.test_arguments.iter().cloned());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let completed = self.run(&self.python(), &arguments, "package")?;
        let read = |path: &TreePath| self.folder.read(path, RESULTS_LIMIT_BYTES);
        let tests = runner::results(&read);
        let coverage_percent = if covers { self.coverage(&settings)? } else { None };
        let (ending, exit_code) = match completed.ending {
            Ending::TimedOut => (TrialEnding::TimedOut, -1),
            Ending::Exited(code) if code >= 128 => (TrialEnding::Killed, code),
            Ending::Exited(code) => (TrialEnding::Ended, code),
            Ending::Killed(signal) => (TrialEnding::Killed, 128 + signal),
        };
        Ok(Trial {
            version: version.to_owned(),
            ending,
            exit_code,
            tests,
            coverage_percent,
            installed,
            last_lines: last_lines(&completed, LAST_LINES),
        })
    }

    /// How much of the package's own code was run, in percent.
    fn coverage(&mut self, settings: &str) -> Result<Option<f64>, Error> {
        #[derive(Deserialize)]
        struct Report {
            totals: Totals,
        }
        #[derive(Deserialize)]
        struct Totals {
            percent_covered: f64,
        }
        let out = self.path("results/coverage.json").display().to_string();
        let arguments = ["-m", "coverage", "json", "-i", settings, "-o", &out];
        self.run(&self.python(), &arguments, "package")?;
        let bytes = self.folder.read(&below("results/coverage.json")?, RESULTS_LIMIT_BYTES);
        let report = bytes.and_then(|bytes| serde_json::from_slice::<Report>(&bytes).ok());
        Ok(report.map(|report| report.totals.percent_covered))
    }

    fn installed(&mut self) -> Result<Vec<String>, Error> {
        let listed = self.package_installer(&["list", "--format=freeze", "--exclude-editable"])?;
        let text = String::from_utf8_lossy(&listed.stdout).into_owned();
        Ok(text.lines().filter(|line| line.contains("==")).map(str::to_owned).collect())
    }

    /// Runs the installer that was fetched, with nothing but what was fetched.
    fn package_installer(&mut self, arguments: &[&str]) -> Result<Completed, Error> {
        let wheels = self.path("wheels");
        let listed = self.world.files.list(&wheels, None).unwrap_or_default();
        let own = listed
            .iter()
            .map(|entry| &entry.name)
            .find(|name| name.starts_with("pip-") && name.ends_with(".whl"));
        let own = own.ok_or_else(|| {
            let message = "the package client fetched no wheel of itself";
            Error::new(ErrorKind::Outside, ErrorCode::VerificationError, message)
        })?;
        let program = wheels.join(own).join("pip").display().to_string();
        let mut all = vec![program.as_str()];
        all.extend_from_slice(arguments);
        self.run(&self.python(), &all, "home")
    }

    fn python(&self) -> PathBuf {
        self.path("environment/bin/python")
    }

    /// Runs a program in the sandbox, in a folder of the room.
    fn run(
        &mut self,
        program: &Path,
        arguments: &[&str],
        folder: &str,
    ) -> Result<Completed, Error> {
        let launcher =
            self.world.worker.clone().ok_or_else(|| {
                Error::internal("there is no binary that could confine the tests")
            })?;
        let mut readable = self.interpreter.folders.clone();
        readable.push(self.interpreter.base.clone());
        let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
        let policy = SandboxPolicy {
            readable,
            writable: vec![self.folder.path()],
            scratch: Some(SCRATCH),
            // Servers that tests start are asked by the same tests.
            loopback: true,
            limits: SandboxLimits {
                cpu_seconds: self.options.timeout_seconds * threads,
                memory_bytes: self.options.memory_mib << 20,
                ..SandboxLimits::default()
            },
            level: self.options.level,
            ..SandboxPolicy::default()
        };
        let mut command = ChildCommand::new(program);
        command.arguments = arguments.iter().map(OsString::from).collect();
        command.folder = Some(self.path(folder));
        command.timeout = Duration::from_secs(self.options.timeout_seconds);
        command.output_limit_bytes = OUTPUT_LIMIT_BYTES;
        for (name, value) in self.variables() {
            command.environment.insert(name.into(), value.into());
        }
        for (name, value) in &self.options.environment {
            command.environment.insert(name.into(), value.into());
        }
        let sandbox = Sandbox { launcher, policy };
        let confined = sandbox.run(&*self.world.processes, &command).map_err(sandbox_error)?;
        let weaker =
            self.confinement.as_ref().is_none_or(|it| confined.confinement.level() < it.level());
        if weaker {
            self.confinement = Some(confined.confinement);
        }
        Ok(confined.completed)
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let place = |name: &str| self.path(name).display().to_string();
        let mut import_path = vec![place("tools")];
        if !self.is_installed {
            import_path.extend([place("package"), place("package/src")]);
        }
        let mut variables = vec![
            ("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", place("environment/bin"))),
            ("HOME", place("home")),
            ("LANG", "C.UTF-8".to_owned()),
            ("TMPDIR", "/tmp".to_owned()),
            ("PYTHONPATH", import_path.join(":")),
            ("PYTHONHASHSEED", "0".to_owned()),
            ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
            ("COVERAGE_FILE", place("results/coverage")),
            ("ONX_RESULTS", place(runner::TESTS_FILE)),
            // Runners that make environments of their own fill them from the same wheels.
            ("PIP_NO_INDEX", "1".to_owned()),
            ("PIP_FIND_LINKS", place("wheels")),
            ("PIP_DISABLE_PIP_VERSION_CHECK", "1".to_owned()),
            ("PIP_NO_CACHE_DIR", "1".to_owned()),
            ("VIRTUALENV_NO_DOWNLOAD", "1".to_owned()),
            ("PYTEST_ADDOPTS", "-p results_of_pytest -p no:cacheprovider".to_owned()),
            ("TOX_OVERRIDE", "testenv.pass_env+=ONX_RESULTS,PYTEST_ADDOPTS,PYTHONPATH".to_owned()),
        ];
        if !self.has_metadata {
            // A copy without its history does not know which version it is.
            for name in ["SETUPTOOLS_SCM_PRETEND_VERSION", "PBR_VERSION"] {
                variables.push((name, "0.0.1".to_owned()));
            }
        }
        variables
    }
}

fn below(name: &str) -> Result<TreePath, Error> {
    TreePath::new(name)
        .map_err(|error| Error::internal(format!("`{name}` is no place")).caused_by(error))
}

fn no_room(error: std::io::Error) -> Error {
    let message = "there is no room for a trial in the cache folder";
    Error::outside(ErrorCode::VerificationError, message, error)
        .hint("free some space, or choose another folder with --cache-dir")
}

fn expect_done(completed: &Completed, message: &str) -> Result<(), Error> {
    if completed.succeeded() {
        return Ok(());
    }
    let mut error = Error::new(ErrorKind::Outside, ErrorCode::VerificationError, message);
    for line in last_lines(completed, 6) {
        error = error.detail(line);
    }
    Err(error.hint("nothing of the package was changed"))
}

/// The last lines that a program printed; of its errors where it printed nothing else.
fn last_lines(completed: &Completed, count: usize) -> Vec<String> {
    let lines = |bytes: &[u8]| -> Vec<String> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        text.lines().map(str::trim_end).filter(|it| !it.is_empty()).map(str::to_owned).collect()
    };
    let mut all = lines(&completed.stdout);
    all.extend(lines(&completed.stderr));
    all.split_off(all.len().saturating_sub(count))
}
