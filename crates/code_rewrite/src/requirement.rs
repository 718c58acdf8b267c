//! The dependent's requirement of the core: widened to admit the new version, raised only as far as
//! the names that were written ask for.

use std::str::FromStr;

use artifact::{Finding, Severity};
use pep440_rs::{Operator, Version, VersionSpecifier};
use pep508_rs::PackageName;
use python::edit::{self, Span, TextEdit};

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
    /// Each on a line of its own.
    Lines,
    /// Arguments of commands that install.
    Commands,
}

/// Programs with the word behind which requirements stand.
const INSTALLERS: [&str; 7] = [
    "pip install",
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
        "setup.cfg" | "tox.ini" => Some(Layout::Lines),
        "Dockerfile" | "Containerfile" => Some(Layout::Commands),
        _ if ends(&["dockerfile", "Dockerfile"]) || name.starts_with("Dockerfile.") => {
            Some(Layout::Commands)
        }
        _ if ends(&["txt", "in"]) && is_named() => Some(Layout::Lines),
        _ if ends(&["yml", "yaml"])
            && (name.starts_with("environment") || name.contains("conda")) =>
        {
            Some(Layout::Lines)
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
    let mut edits = Vec::new();
    let layout = layout(file).unwrap_or(Layout::Lines);
    match layout {
        Layout::Project | Layout::Pipfile => match toml_edit::Document::parse(text) {
            Ok(document) if layout == Layout::Pipfile => {
                target.pipfile(text, document.as_table(), &mut edits);
            }
            Ok(document) => target.toml(text, document.as_table(), &mut edits),
            Err(error) => {
                let message = format!("The file is no TOML: {}", error.message());
                result.findings.push(
                    Finding::new(Severity::Warning, "syntax-error", message).in_file(&file.path),
                );
            }
        },
        Layout::Strings => target.quoted(text, &mut edits),
        Layout::Lines => target.lines(text, &mut edits),
        Layout::Commands => target.commands(text, &mut edits),
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
    fn lines(&self, text: &str, edits: &mut Vec<TextEdit>) {
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            let content = line.trim_end_matches(['\n', '\r']);
            let content = content.split(" #").next().unwrap_or(content);
            let indent = content.len() - content.trim_start().len();
            // `install_requires = core>=1` stands on the line of its key.
            let start = match content.split_once("= ") {
                Some((key, _)) if key.trim_end().ends_with("requires") => key.len() + 2,
                Some((key, _)) if key.trim() == "deps" => key.len() + 2,
                _ => indent,
            };
            let requirement = content.get(start..).unwrap_or_default();
            // Items of YAML lists, and lines that hold for some environments of tox alone.
            let bare = requirement.strip_prefix("- ").unwrap_or(requirement).trim_start();
            let bare = match bare.split_once(": ") {
                Some((factors, rest)) if factors.chars().all(is_factor) => rest.trim_start(),
                _ => bare,
            };
            let start = start + requirement.len() - bare.len();
            self.requirement(bare, offset + start, edits);
            offset += line.len();
        }
    }

    /// Requirements that a command installs.
    fn commands(&self, text: &str, edits: &mut Vec<TextEdit>) {
        let mut offset = 0;
        let mut installs = false;
        for line in text.split_inclusive('\n') {
            let content = line.trim_end_matches(['\n', '\r']);
            let is_comment = content.trim_start().starts_with('#');
            let found = INSTALLERS.iter().find_map(|it| Some(content.find(it)? + it.len()));
            let start = if installs { Some(0) } else { found.filter(|_| !is_comment) };
            if let Some(start) = start {
                self.arguments(content, start, offset, edits);
            }
            installs = start.is_some() && content.trim_end().ends_with('\\');
            offset += line.len();
        }
    }

    /// The arguments of one command, up to where the next one begins.
    fn arguments(&self, content: &str, start: usize, offset: usize, edits: &mut Vec<TextEdit>) {
        let mut at = start;
        for word in content.get(start..).unwrap_or_default().split_inclusive(' ') {
            let bare = word.trim().trim_matches(['"', '\'', ',', '[', ']']);
            if matches!(bare, "&&" | "||" | ";" | "|") {
                return;
            }
            let before = word.find(bare).unwrap_or(0);
            self.requirement(bare.trim_end_matches(';'), offset + at + before, edits);
            at += word.len();
        }
    }

    /// The tables of pipenv.
    fn pipfile(&self, text: &str, root: &toml_edit::Table, edits: &mut Vec<TextEdit>) {
        for table in ["packages", "dev-packages"] {
            if let Some(table) = root.get(table).and_then(toml_edit::Item::as_table_like) {
                self.named(text, table, Grammar::Pep440, edits);
            }
        }
    }

    /// Requirements that are whole string literals.
    fn quoted(&self, text: &str, edits: &mut Vec<TextEdit>) {
        for quote in ['"', '\''] {
            let mut offset = 0;
            while let Some(start) = text.get(offset..).and_then(|rest| rest.find(quote)) {
                let start = offset + start + 1;
                let rest = text.get(start..).unwrap_or_default();
                let Some(length) = rest.find([quote, '\n']) else { break };
                let content = rest.get(..length).unwrap_or_default();
                if rest.get(length..).is_some_and(|after| after.starts_with(quote)) {
                    self.requirement(content, start, edits);
                }
                offset = if rest.get(length..).is_some_and(|after| after.starts_with(quote)) {
                    start + length + 1
                } else {
                    start
                };
            }
        }
    }

    fn toml(&self, text: &str, root: &toml_edit::Table, edits: &mut Vec<TextEdit>) {
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
                    self.string(text, span, edits);
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
                list(item.as_table_like().and_then(|inner| inner.get("dependencies")));
            }
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
            self.named(text, table, Grammar::Poetry, edits);
        }
    }

    /// A table that has the version for each name.
    fn named(
        &self,
        text: &str,
        table: &dyn toml_edit::TableLike,
        grammar: Grammar,
        edits: &mut Vec<TextEdit>,
    ) {
        for (key, item) in table.iter() {
            if PackageName::from_str(key).ok().as_ref() != Some(&self.name) {
                continue;
            }
            let version = match item.as_table_like() {
                Some(inner) => inner.get("version"),
                None => Some(item),
            };
            let value = version.and_then(toml_edit::Item::as_value);
            if let (Some(span), Some(_)) =
                (value.and_then(toml_edit::Value::span), value.and_then(toml_edit::Value::as_str))
            {
                let content = text.get(span.clone()).unwrap_or_default();
                let inner = content.trim_matches(['"', '\'']);
                let start = span.start + (content.len() - inner.len()) / 2;
                self.bounds(inner, start, grammar, edits);
            }
        }
    }

    /// A TOML string that is one requirement.
    fn string(&self, text: &str, span: std::ops::Range<usize>, edits: &mut Vec<TextEdit>) {
        let content = text.get(span.clone()).unwrap_or_default();
        let inner = content.trim_matches(['"', '\'']);
        self.requirement(inner, span.start + (content.len() - inner.len()) / 2, edits);
    }

    /// One requirement: `name[extra] >= 1, < 2 ; marker`.
    fn requirement(&self, text: &str, offset: usize, edits: &mut Vec<TextEdit>) {
        let end = text
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
            .unwrap_or(text.len());
        let (name, mut rest) = text.split_at(end);
        if PackageName::from_str(name).ok().as_ref() != Some(&self.name) {
            return;
        }
        let mut start = end;
        if rest.trim_start().starts_with('[') {
            let Some(close) = rest.find(']') else { return };
            start += close + 1;
            rest = rest.get(close + 1..).unwrap_or_default();
        }
        if rest.trim_start().starts_with('@') {
            return;
        }
        let rest = rest.split([';', '#']).next().unwrap_or(rest);
        // A line may end in options of the installer.
        let rest = rest.split(" --").next().unwrap_or(rest);
        self.bounds(rest, offset + start, Grammar::Pep440, edits);
    }

    /// Edits each bound that stands in the way, and nothing else.
    fn bounds(&self, text: &str, offset: usize, grammar: Grammar, edits: &mut Vec<TextEdit>) {
        let mut start = offset;
        let mut own = Vec::new();
        for bound in text.split(',') {
            let trimmed = bound.trim().trim_matches(['(', ')']).trim();
            let at = start + bound.find(trimmed).unwrap_or(0);
            start += bound.len() + 1;
            if trimmed.is_empty() {
                continue;
            }
            match self.bound(trimmed, grammar) {
                Some(new) if new != trimmed => {
                    let span = Span::new(at as u32, (at + trimmed.len()) as u32);
                    own.push(TextEdit::replace(span, new));
                }
                Some(_) => {}
                // A bound that nobody can read: the requirement stays as it is.
                None => return,
            }
        }
        edits.extend(own);
    }

    fn bound(&self, text: &str, grammar: Grammar) -> Option<String> {
        if grammar == Grammar::Poetry {
            if text == "*" {
                return Some(text.to_owned());
            }
            if let Some(version) = text.strip_prefix('^') {
                let old = Version::from_str(version.trim()).ok()?;
                return Some(self.compatible(text, "^", &old, 1));
            }
            if let Some(version) = text.strip_prefix('~').filter(|rest| !rest.starts_with('=')) {
                let old = Version::from_str(version.trim()).ok()?;
                let fixed = old.release().len().min(2);
                return Some(self.compatible(text, "~", &old, fixed));
            }
            if text.starts_with(|c: char| c.is_ascii_digit()) {
                return Version::from_str(text).is_ok().then(|| self.to.to_string());
            }
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
            Operator::GreaterThanEqual | Operator::GreaterThan => match &self.first {
                Some(first) if first > old && first <= &self.to => written(">=", first.to_string()),
                _ => text.to_owned(),
            },
            _ => text.to_owned(),
        })
    }

    /// `^1.2` and `~1.2`: admits versions whose first parts are equal.
    fn compatible(&self, text: &str, sign: &str, old: &Version, fixed: usize) -> String {
        let same = old.release().iter().take(fixed).eq(self.to.release().iter().take(fixed));
        if same && *old <= self.to {
            return text.to_owned();
        }
        format!("{sign}{}", self.truncated(old.release().len()))
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
