//! The dependent's requirement of the core: widened to admit the new version, raised only as far as
//! the names that were written ask for.

use std::collections::BTreeSet;
use std::str::FromStr;

use artifact::{Finding, Severity};
use pep440_rs::{Operator, Version, VersionSpecifier};
use pep508_rs::PackageName;
use python::edit::{self, Span, TextEdit};
use python::lines::Lines;

use crate::{DependentFile, FileRewrite};

/// What the requirement must say afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequirementChange {
    /// The library's distribution name.
    pub library: String,
    /// The version that must be admitted.
    pub to_version: String,
    /// The first version that has every name that was written; none when nothing was written.
    pub first_version: Option<String>,
}

/// How version bounds are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grammar {
    /// `>=1,<2`
    Pep440,
    /// `^1.2`, `~1.2` and PEP 440.
    Poetry,
    /// `=1.2`, which admits `1.2.3`, and PEP 440.
    Conda,
}

/// When a requirement holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    /// Always, as far as the file says.
    Always,
    /// In some environments, by a marker.
    Marker,
    /// In one of the environments of a tool that runs tests.
    Environment,
}

/// One requirement of the library.
struct Entry<'t> {
    /// Its bounds, as they are written.
    bounds: &'t str,
    /// Where they stand.
    at: usize,
    grammar: Grammar,
    condition: Condition,
    /// Whether digests of the pinned version stand behind it.
    hashed: bool,
}

/// What the bounds of a requirement come to.
struct Reading {
    /// What lets it follow.
    edits: Vec<TextEdit>,
    /// Whether it does not admit the new version.
    excludes: bool,
}

/// How requirements stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// A project file in TOML.
    Project,
    /// The TOML of pipenv.
    Pipfile,
    /// Strings in Python.
    Strings,
    /// Strings in Python, each for an environment of its own.
    Sessions,
    /// Each on a line of its own.
    Lines,
    /// Each on a line of its own, as conda writes them.
    Environment,
    /// Arguments of commands that install.
    Commands,
    /// Lists of what hooks need.
    Hooks,
}

/// Programs with the word behind which requirements stand.
const INSTALLERS: [&str; 8] = [
    "pip install",
    "pip\", \"install\"",
    "pip3 install",
    "pip download",
    "pip wheel",
    "pipx install",
    "uv add",
    "uv tool install",
];

fn layout(file: &DependentFile) -> Option<Layout> {
    let name = file.path.file_name();
    let folder = file.path.parent().unwrap_or_default();
    let ends = |endings: &[&str]| file.path.extension().is_some_and(|it| endings.contains(&it));
    let is_named = || {
        name.contains("requirement")
            || name.contains("constraint")
            || folder.rsplit('/').next().is_some_and(|folder| folder == "requirements")
    };
    match name {
        "pyproject.toml" => Some(Layout::Project),
        "Pipfile" => Some(Layout::Pipfile),
        "setup.py" => Some(Layout::Strings),
        "noxfile.py" => Some(Layout::Sessions),
        "setup.cfg" | "tox.ini" => Some(Layout::Lines),
        ".pre-commit-config.yaml" => Some(Layout::Hooks),
        "Dockerfile" | "Containerfile" => Some(Layout::Commands),
        _ if ends(&["dockerfile", "Dockerfile"]) || name.starts_with("Dockerfile.") => {
            Some(Layout::Commands)
        }
        _ if ends(&["txt", "in"]) && is_named() => Some(Layout::Lines),
        _ if ends(&["yml", "yaml"])
            && (name.starts_with("environment") || name.contains("conda")) =>
        {
            Some(Layout::Environment)
        }
        _ if ends(&["yml", "yaml"]) => Some(Layout::Commands),
        _ => None,
    }
}

/// Whether a path is one that may hold requirements.
pub fn may_hold_requirements(file: &DependentFile) -> bool {
    layout(file).is_some()
}

/// Rewrites the requirements of the library in one file. Everything else in it stays byte for byte.
pub fn rewrite_requirement(file: &DependentFile, change: &RequirementChange) -> FileRewrite {
    let mut result = FileRewrite::default();
    let Ok(text) = std::str::from_utf8(&file.content) else { return result };
    let Some(target) = Target::new(change) else {
        let message = format!("`{}` is no version that a requirement can name.", change.to_version);
        result
            .findings
            .push(Finding::new(Severity::Warning, "unknown-version", message).in_file(&file.path));
        return result;
    };
    let mut found = Vec::new();
    let layout = layout(file).unwrap_or(Layout::Lines);
    match layout {
        Layout::Project | Layout::Pipfile => match toml_edit::Document::parse(text) {
            Ok(document) if layout == Layout::Pipfile => {
                target.pipfile(text, document.as_table(), &mut found);
            }
            Ok(document) => target.toml(text, document.as_table(), &mut found),
            Err(error) => {
                let message = format!("The file is no TOML: {}", error.message());
                result.findings.push(
                    Finding::new(Severity::Warning, "syntax-error", message).in_file(&file.path),
                );
            }
        },
        Layout::Strings => target.quoted(text, Condition::Always, &mut found),
        Layout::Sessions => target.quoted(text, Condition::Environment, &mut found),
        Layout::Lines => target.lines(text, Grammar::Pep440, &mut found),
        Layout::Environment => target.lines(text, Grammar::Conda, &mut found),
        Layout::Commands => target.commands(text, &mut found),
        Layout::Hooks => target.anywhere(text, &mut found),
    }
    let mut edits = Vec::new();
    let mut left = Vec::new();
    target.decide(&found, &mut edits, &mut left);
    target.unread(text, &found, &mut left);
    let lines = Lines::of(text);
    left.sort_unstable();
    for (at, bounds, why) in left {
        let message = format!(
            "`{}{}` does not admit {} and stays: {why}.",
            change.library, bounds, change.to_version
        );
        result.findings.push(
            Finding::new(Severity::Warning, "requirement-left", message)
                .in_file(&file.path)
                .at_line(lines.at(at as u32)),
        );
    }
    let applied = edit::apply(text, &edits);
    if applied.text != text {
        result.content = Some(applied.text.into_bytes());
    }
    result
}

/// Whether a character may stand among the factors of a line of tox.
fn is_factor(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || matches!(character, '-' | '_' | '.' | ',' | '!' | '{' | '}')
}

/// Where the value begins on a line of a section: behind the key, where one stands there.
fn value_start(content: &str, section: &str) -> usize {
    let indent = content.len() - content.trim_start().len();
    let is_name =
        |key: &str| key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    match content.split_once('=') {
        // `install_requires = core>=1` stands on the line of its key.
        Some((key, value)) if value.starts_with(' ') && is_list_key(key) => key.len() + 2,
        Some((key, _))
            if section == "[options.extras_require]"
                && indent == 0
                && !key.is_empty()
                && is_name(key.trim_end()) =>
        {
            let value = content.get(key.len() + 1..).unwrap_or_default();
            content.len() - value.trim_start().len()
        }
        _ => indent,
    }
}

fn is_list_key(key: &str) -> bool {
    key.trim_end().ends_with("requires") || key.trim() == "deps"
}

/// Number of bytes at the start of a text that may be a distribution's name.
fn name_length(text: &str) -> usize {
    text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(text.len())
}

/// Number of bytes at the start of a text that are bounds: operators with versions behind them.
fn bounds_length(text: &str) -> usize {
    let mut end = 0;
    loop {
        let rest = text.get(end..).unwrap_or_default().trim_start_matches([',', ' ']);
        let operator = rest.find(|c: char| !"<>=!~".contains(c)).unwrap_or(rest.len());
        let behind = rest.get(operator..).unwrap_or_default().trim_start_matches(' ');
        let is_version = |c: char| c.is_ascii_alphanumeric() || ".*+!-".contains(c);
        let version = behind.find(|c: char| !is_version(c)).unwrap_or(behind.len());
        if operator == 0 || version == 0 {
            return end;
        }
        end = text.len() - behind.len() + version;
    }
}

/// Whether digests stand behind a requirement, on its line or on those that continue it.
fn has_digests(text: &str) -> bool {
    let mut lines = text.split('\n').map(str::trim_end);
    lines.find_map(|line| {
        let found = line.contains("--hash");
        (found || !line.ends_with('\\')).then_some(found)
    }) == Some(true)
}

struct Target {
    name: PackageName,
    to: Version,
    first: Option<Version>,
}

impl Target {
    fn new(change: &RequirementChange) -> Option<Self> {
        Some(Self {
            name: PackageName::from_str(&change.library).ok()?,
            to: Version::from_str(&change.to_version).ok()?,
            first: change.first_version.as_ref().and_then(|first| Version::from_str(first).ok()),
        })
    }

    /// Requirements that stand on lines of their own, indented or not.
    fn lines<'t>(&self, text: &'t str, grammar: Grammar, found: &mut Vec<Entry<'t>>) {
        let mut offset = 0;
        let mut section = "";
        for line in text.split_inclusive('\n') {
            let content = line.trim_end_matches(['\n', '\r']);
            let content = content.split(" #").next().unwrap_or(content);
            if content.starts_with('[') {
                section = content.trim();
            }
            let start = value_start(content, section);
            let requirement = content.get(start..).unwrap_or_default();
            // Items of YAML lists, and lines that hold for some environments of tox alone.
            let bare = requirement.strip_prefix("- ").unwrap_or(requirement).trim_start();
            let (bare, condition) = match bare.split_once(": ") {
                Some((factors, rest)) if factors.chars().all(is_factor) => {
                    (rest.trim_start(), Condition::Environment)
                }
                _ => (bare, Condition::Always),
            };
            let channel = bare.split_once("::").filter(|_| grammar == Grammar::Conda);
            let bare = channel.map_or(bare, |(_, package)| package);
            let start = start + requirement.len() - bare.len();
            let rest = text.get(offset + start..).unwrap_or_default();
            if let Some(entry) = self.requirement(bare, offset + start, condition) {
                found.push(Entry { grammar, hashed: has_digests(rest), ..entry });
            }
            offset += line.len();
        }
    }

    /// Requirements that a command installs.
    fn commands<'t>(&self, text: &'t str, found: &mut Vec<Entry<'t>>) {
        let mut offset = 0;
        let mut installs = false;
        for line in text.split_inclusive('\n') {
            let content = line.trim_end_matches(['\n', '\r']);
            let is_comment = content.trim_start().starts_with('#');
            let behind = INSTALLERS.iter().find_map(|it| Some(content.find(it)? + it.len()));
            let start = if installs { Some(0) } else { behind.filter(|_| !is_comment) };
            if let Some(start) = start {
                self.arguments(content, start, offset, found);
            }
            installs = start.is_some() && content.trim_end().ends_with('\\');
            offset += line.len();
        }
    }

    /// The arguments of one command, up to where the next one begins.
    fn arguments<'t>(
        &self,
        content: &'t str,
        start: usize,
        offset: usize,
        found: &mut Vec<Entry<'t>>,
    ) {
        let mut at = start;
        for word in content.get(start..).unwrap_or_default().split_inclusive(' ') {
            let bare = word.trim().trim_matches(['"', '\'', ',', '[', ']']);
            if matches!(bare, "&&" | "||" | ";" | "|") || bare.starts_with('#') {
                return;
            }
            let before = word.find(bare).unwrap_or(0);
            let bare = bare.trim_end_matches(';');
            found.extend(self.requirement(bare, offset + at + before, Condition::Always));
            at += word.len();
        }
    }

    /// The tables of pipenv.
    fn pipfile<'t>(&self, text: &'t str, root: &toml_edit::Table, found: &mut Vec<Entry<'t>>) {
        for table in ["packages", "dev-packages"] {
            if let Some(table) = root.get(table).and_then(toml_edit::Item::as_table_like) {
                self.named(text, table, Grammar::Pep440, found);
            }
        }
    }

    /// Requirements that are whole string literals.
    fn quoted<'t>(&self, text: &'t str, condition: Condition, found: &mut Vec<Entry<'t>>) {
        for quote in ['"', '\''] {
            let mut offset = 0;
            while let Some(start) = text.get(offset..).and_then(|rest| rest.find(quote)) {
                let start = offset + start + 1;
                let rest = text.get(start..).unwrap_or_default();
                let Some(length) = rest.find([quote, '\n']) else { break };
                let content = rest.get(..length).unwrap_or_default();
                if rest.get(length..).is_some_and(|after| after.starts_with(quote)) {
                    found.extend(self.requirement(content, start, condition));
                }
                offset = if rest.get(length..).is_some_and(|after| after.starts_with(quote)) {
                    start + length + 1
                } else {
                    start
                };
            }
        }
    }

    fn toml<'t>(&self, text: &'t str, root: &toml_edit::Table, found: &mut Vec<Entry<'t>>) {
        let table = |path: &[&str]| -> Option<&dyn toml_edit::TableLike> {
            let mut current: &dyn toml_edit::TableLike = root;
            for key in path {
                current = current.get(key)?.as_table_like()?;
            }
            Some(current)
        };
        let mut list = |item: Option<&toml_edit::Item>| {
            let values = item.and_then(toml_edit::Item::as_array).into_iter().flatten();
            for value in values {
                if let (Some(span), Some(_)) = (value.span(), value.as_str()) {
                    found.extend(self.string(text, span));
                }
            }
        };
        list(table(&["project"]).and_then(|project| project.get("dependencies")));
        for group in [
            &["project", "optional-dependencies"][..],
            &["dependency-groups"],
            &["tool", "pdm", "dev-dependencies"],
            &["tool", "hatch", "envs"],
        ] {
            for (_, item) in table(group).into_iter().flat_map(toml_edit::TableLike::iter) {
                list(Some(item));
                let inner = item.as_table_like();
                list(inner.and_then(|inner| inner.get("dependencies")));
                list(inner.and_then(|inner| inner.get("extra-dependencies")));
            }
        }
        for key in ["dev-dependencies", "constraint-dependencies", "override-dependencies"] {
            list(table(&["tool", "uv"]).and_then(|tool| tool.get(key)));
        }
        list(table(&["build-system"]).and_then(|system| system.get("requires")));
        let mut tables = Vec::new();
        tables.extend(table(&["tool", "poetry", "dependencies"]));
        tables.extend(table(&["tool", "poetry", "dev-dependencies"]));
        for (_, group) in
            table(&["tool", "poetry", "group"]).into_iter().flat_map(toml_edit::TableLike::iter)
        {
            tables.extend(
                group
                    .as_table_like()
                    .and_then(|group| group.get("dependencies"))
                    .and_then(toml_edit::Item::as_table_like),
            );
        }
        for table in tables {
            self.named(text, table, Grammar::Poetry, found);
        }
    }

    /// A table that has the version for each name.
    fn named<'t>(
        &self,
        text: &'t str,
        table: &dyn toml_edit::TableLike,
        grammar: Grammar,
        found: &mut Vec<Entry<'t>>,
    ) {
        for (key, item) in table.iter() {
            if PackageName::from_str(key).ok().as_ref() != Some(&self.name) {
                continue;
            }
            let value = item.as_value();
            let alternatives = value.and_then(toml_edit::Value::as_array);
            let tables =
                alternatives.into_iter().flatten().filter_map(toml_edit::Value::as_inline_table);
            let versions = tables.map(|inner| (inner.get("version"), Condition::Marker));
            let single = match item.as_table_like() {
                Some(inner) => {
                    let conditions = ["python", "markers", "platform"];
                    let is_conditional = conditions.iter().any(|key| inner.contains_key(key));
                    let version = inner.get("version").and_then(toml_edit::Item::as_value);
                    (version, if is_conditional { Condition::Marker } else { Condition::Always })
                }
                None => (value.filter(|_| alternatives.is_none()), Condition::Always),
            };
            for (value, condition) in versions.chain([single]) {
                let is_text = |value: &&toml_edit::Value| value.as_str().is_some();
                let Some(span) = value.filter(is_text).and_then(toml_edit::Value::span) else {
                    continue;
                };
                let content = text.get(span.clone()).unwrap_or_default();
                let bounds = content.trim_matches(['"', '\'']);
                let at = span.start + (content.len() - bounds.len()) / 2;
                found.push(Entry { bounds, at, grammar, condition, hashed: false });
            }
        }
    }

    /// A TOML string that is one requirement.
    fn string<'t>(&self, text: &'t str, span: std::ops::Range<usize>) -> Option<Entry<'t>> {
        let content = text.get(span.clone()).unwrap_or_default();
        let inner = content.trim_matches(['"', '\'']);
        let start = span.start + (content.len() - inner.len()) / 2;
        self.requirement(inner, start, Condition::Always)
    }

    /// One requirement: `name[extra] >= 1, < 2 ; marker`.
    fn requirement<'t>(
        &self,
        text: &'t str,
        offset: usize,
        condition: Condition,
    ) -> Option<Entry<'t>> {
        let (name, mut rest) = text.split_at(name_length(text));
        if PackageName::from_str(name).ok().as_ref() != Some(&self.name) {
            return None;
        }
        if rest.trim_start().starts_with('[') {
            rest = rest.split_once(']')?.1;
        }
        if rest.trim_start().starts_with('@') {
            return None;
        }
        let at = offset + text.len() - rest.len();
        let bounds = rest.split([';', '#', '\\']).next().unwrap_or(rest);
        let is_marked =
            condition == Condition::Always && rest.get(bounds.len()..)?.starts_with(';');
        let condition = if is_marked { Condition::Marker } else { condition };
        // A line may end in options of the installer.
        let bounds = bounds.split(" --").next().unwrap_or(bounds);
        let (grammar, hashed) = (Grammar::Pep440, has_digests(rest));
        Some(Entry { bounds, at, grammar, condition, hashed })
    }

    /// Lets the requirements follow, except for those that stay as they are: these with the reason.
    fn decide<'t>(
        &self,
        found: &[Entry<'t>],
        edits: &mut Vec<TextEdit>,
        left: &mut Vec<(usize, &'t str, &'static str)>,
    ) {
        let alternatives = |condition: Condition| {
            let same = found.iter().filter(|entry| entry.condition == condition);
            let bounds: BTreeSet<&str> = same.map(|entry| entry.bounds.trim()).collect();
            condition != Condition::Always && bounds.len() > 1
        };
        for entry in found {
            let Some(reading) = self.reading(entry) else { continue };
            let why = if entry.hashed {
                "the digests behind it are those of the pinned version; lock it anew"
            } else if alternatives(entry.condition) {
                "it is one of several alternatives, which may hold the old version on purpose"
            } else {
                edits.extend(reading.edits);
                continue;
            };
            if reading.excludes {
                left.push((entry.at, entry.bounds.trim(), why));
            }
        }
    }

    /// Finds requirements that exclude the new version where none are edited.
    fn unread<'t>(
        &self,
        text: &'t str,
        found: &[Entry<'t>],
        left: &mut Vec<(usize, &'t str, &'static str)>,
    ) {
        let known: BTreeSet<usize> = found.iter().map(|entry| entry.at).collect();
        let mut anywhere = Vec::new();
        self.anywhere(text, &mut anywhere);
        for entry in anywhere.iter().filter(|entry| !known.contains(&entry.at)) {
            if self.reading(entry).is_some_and(|reading| reading.excludes) {
                let why = "it stands where requirements are not edited";
                left.push((entry.at, entry.bounds, why));
            }
        }
    }

    /// Every name of the library with bounds behind it, outside of comments.
    fn anywhere<'t>(&self, text: &'t str, found: &mut Vec<Entry<'t>>) {
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            let code = if line.trim_start().starts_with('#') { "" } else { line };
            let code = code.split(" #").next().unwrap_or(code);
            let mut at = 0;
            while let Some(rest) = code.get(at..).filter(|rest| !rest.is_empty()) {
                let length = name_length(rest);
                if length == 0 {
                    at += rest.chars().next().map_or(1, char::len_utf8);
                    continue;
                }
                if let Some(entry) = self.requirement(rest, offset + at, Condition::Always) {
                    let bounds = entry.bounds.get(..bounds_length(entry.bounds));
                    found.push(Entry { bounds: bounds.unwrap_or_default(), ..entry });
                }
                at += length;
            }
            offset += line.len();
        }
    }

    /// What each bound that stands in the way becomes, and nothing else; none where one of them
    /// cannot be read.
    fn reading(&self, entry: &Entry<'_>) -> Option<Reading> {
        let mut reading = Reading { edits: Vec::new(), excludes: false };
        let mut start = entry.at;
        for bound in entry.bounds.split(',') {
            let trimmed = bound.trim().trim_matches(['(', ')']).trim();
            let at = start + bound.find(trimmed).unwrap_or(0);
            start += bound.len() + 1;
            if trimmed.is_empty() {
                continue;
            }
            let new = self.bound(trimmed, entry.grammar, self.first.as_ref())?;
            reading.excludes |= self.bound(trimmed, entry.grammar, None)? != trimmed;
            if new != trimmed {
                let span = Span::new(at as u32, (at + trimmed.len()) as u32);
                reading.edits.push(TextEdit::replace(span, new));
            }
        }
        Some(reading)
    }

    /// What becomes of a bound; `first` is the version that it must not fall short of.
    fn bound(&self, text: &str, grammar: Grammar, first: Option<&Version>) -> Option<String> {
        if grammar == Grammar::Poetry {
            if text == "*" {
                return Some(text.to_owned());
            }
            if let Some(version) = text.strip_prefix('^') {
                let old = Version::from_str(version.trim()).ok()?;
                // A caret admits what has the same parts up to the first one that is not zero.
                let zeros = old.release().iter().take_while(|part| **part == 0).count();
                let fixed = (zeros + 1).min(old.release().len());
                return Some(self.compatible(text, "^", &old, fixed, first));
            }
            if let Some(version) = text.strip_prefix('~').filter(|rest| !rest.starts_with('=')) {
                let old = Version::from_str(version.trim()).ok()?;
                let fixed = old.release().len().min(2);
                return Some(self.compatible(text, "~", &old, fixed, first.filter(|_| fixed > 1)));
            }
            if let Some(version) = text.strip_suffix(".*") {
                let old = Version::from_str(version).ok()?;
                return Some(self.series(text, "", version, &old));
            }
            if text.starts_with(|c: char| c.is_ascii_digit()) {
                return Version::from_str(text).is_ok().then(|| self.to.to_string());
            }
        }
        if grammar == Grammar::Conda
            && let Some(version) = text.strip_prefix('=').filter(|rest| !rest.starts_with('='))
        {
            let stem = version.trim_end_matches(".*");
            let old = Version::from_str(stem.trim()).ok()?;
            return Some(self.series(text, "=", stem, &old));
        }
        let specifier = VersionSpecifier::from_str(text).ok()?;
        let old = specifier.version();
        let admits = specifier.contains(&self.to);
        let written = |operator: &str, version: String| {
            // The spacing between operator and version is the author's.
            let blank: String =
                text[operator.len().min(text.len())..].chars().take_while(|c| *c == ' ').collect();
            format!("{operator}{blank}{version}")
        };
        Some(match specifier.operator() {
            Operator::LessThan if !admits => written("<", self.next_major(old)),
            Operator::LessThanEqual if !admits => written("<=", self.to.to_string()),
            Operator::Equal if !admits => written("==", self.to.to_string()),
            Operator::ExactEqual if !admits => written("===", self.to.to_string()),
            Operator::EqualStar if !admits => {
                written("==", format!("{}.*", self.truncated(old.release().len())))
            }
            Operator::TildeEqual if !admits => {
                written("~=", self.truncated(old.release().len().max(2)))
            }
            Operator::GreaterThanEqual | Operator::GreaterThan => match first {
                Some(first) if first > old && first <= &self.to => written(">=", first.to_string()),
                _ => text.to_owned(),
            },
            _ => text.to_owned(),
        })
    }

    /// `^1.2` and `~1.2`: admits versions whose first parts are equal.
    fn compatible(
        &self,
        text: &str,
        sign: &str,
        old: &Version,
        fixed: usize,
        first: Option<&Version>,
    ) -> String {
        let padded = |version: &Version| {
            let parts = version.release().iter().copied().chain(std::iter::repeat(0));
            parts.take(fixed).collect::<Vec<u64>>()
        };
        if padded(old) != padded(&self.to) || *old > self.to {
            return format!("{sign}{}", self.truncated(old.release().len()));
        }
        match first.filter(|first| *first > old && **first <= self.to) {
            Some(first) if padded(first) == padded(old) => format!("{sign}{first}"),
            _ => text.to_owned(),
        }
    }

    /// `=1.2` and `1.2.*`: admits versions that begin with these parts.
    fn series(&self, text: &str, sign: &str, stem: &str, old: &Version) -> String {
        let parts = old.release().len();
        let star = text.get(sign.len() + stem.len()..).unwrap_or_default();
        if old.release().iter().eq(self.to.release().iter().take(parts)) {
            return text.to_owned();
        }
        format!("{sign}{}{star}", self.truncated(parts))
    }

    /// The new version cut to as many parts as the old bound had.
    fn truncated(&self, parts: usize) -> String {
        let mut release: Vec<String> =
            self.to.release().iter().take(parts.max(1)).map(ToString::to_string).collect();
        while release.len() < parts {
            release.push("0".to_owned());
        }
        release.join(".")
    }

    /// The first version beyond the new one's major series, written as the old bound was.
    fn next_major(&self, old: &Version) -> String {
        let major = self.to.release().first().copied().unwrap_or(0) + 1;
        let zeros = ".0".repeat(old.release().len().saturating_sub(1));
        format!("{major}{zeros}")
    }
}
