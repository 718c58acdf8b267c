//! What a package says that it needs: to run, to be tested, to be built.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

use code_rewrite::DependentFile;
use pep508_rs::{Requirement, VerbatimUrl};

use crate::requirements::{normalised, strings, without_comment};

/// Names of groups of requirements that are for tests; the others are asked when none of these is
/// there.
const TEST_GROUPS: [&str; 5] = ["test", "tests", "testing", "unittest", "pytest"];
const FALLBACK_GROUPS: [&str; 3] = ["dev", "develop", "development"];

/// What a package needs, as requirements that its package client understands (PEP 508).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// The package's own name, normalised.
    pub(super) name: Option<String>,
    /// To run.
    pub(super) run: Vec<String>,
    /// To be tested.
    pub(super) test: Vec<String>,
    /// To be built.
    pub(super) build: Vec<String>,
}

/// Requirements by the group that they stand in.
type Groups = BTreeMap<String, Vec<String>>;

/// Reads what the files of a package say; `extras` names further groups that its tests need.
pub(super) fn needs(files: &[DependentFile], extras: &[String]) -> Needs {
    let mut needs = Needs::default();
    let mut groups = Groups::new();
    for file in files {
        let Ok(text) = std::str::from_utf8(&file.content) else { continue };
        match file.path.as_str() {
            "pyproject.toml" => of_project(text, &mut needs, &mut groups),
            "setup.cfg" => of_setup_cfg(text, &mut needs, &mut groups),
            "tox.ini" => of_tox(text, &mut groups),
            "PKG-INFO" => of_metadata(text, &mut needs, &mut groups),
            path if path.ends_with(".egg-info/requires.txt") => {
                of_egg_info(text, &mut needs, &mut groups);
            }
            path => {
                if let Some(group) = group_of_file(path) {
                    groups.entry(group.to_owned()).or_default().extend(of_lines(text));
                }
            }
        }
    }
    needs.test.extend(wanted(&groups, extras, needs.name.as_deref()));
    for list in [&mut needs.run, &mut needs.test, &mut needs.build] {
        let mut seen = BTreeSet::new();
        list.retain(|text| name_of(text).is_some() && seen.insert(text.clone()));
    }
    needs
}

/// The normalised name in a requirement; none where it is none.
pub(super) fn name_of(text: &str) -> Option<String> {
    let requirement = Requirement::<VerbatimUrl>::from_str(text).ok()?;
    Some(normalised(requirement.name.as_ref()))
}

/// The requirements of the groups that tests need. A group may name another one of the package.
fn wanted(groups: &Groups, extras: &[String], own: Option<&str>) -> Vec<String> {
    let present = |names: &[&str]| -> Vec<String> {
        let names = groups.keys().filter(|group| names.contains(&group.as_str()));
        names.cloned().collect()
    };
    let mut open = present(&TEST_GROUPS);
    if open.is_empty() {
        open = present(&FALLBACK_GROUPS);
    }
    open.extend(extras.iter().map(|extra| normalised(extra)));
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    while let Some(group) = open.pop() {
        if !seen.insert(group.clone()) {
            continue;
        }
        for text in groups.get(&group).into_iter().flatten() {
            match Requirement::<VerbatimUrl>::from_str(text) {
                Ok(it) if own.is_some_and(|own| normalised(it.name.as_ref()) == own) => {
                    open.extend(it.extras.iter().map(|extra| normalised(extra.as_ref())));
                }
                _ => found.push(text.clone()),
            }
        }
    }
    found
}

fn of_project(text: &str, needs: &mut Needs, groups: &mut Groups) {
    let Ok(table) = toml::from_str::<toml::Table>(text) else { return };
    if let Some(build) = table.get("build-system") {
        needs.build.extend(build.get("requires").map(strings).unwrap_or_default());
    }
    if let Some(project) = table.get("project") {
        let name = project.get("name").and_then(toml::Value::as_str);
        needs.name = name.map(normalised).or(needs.name.take());
        needs.run.extend(project.get("dependencies").map(strings).unwrap_or_default());
        add_groups(project.get("optional-dependencies"), groups);
    }
    add_groups(table.get("dependency-groups"), groups);
    if let Some(poetry) = table.get("tool").and_then(|tool| tool.get("poetry")) {
        of_poetry(poetry, needs, groups);
    }
}

fn add_groups(value: Option<&toml::Value>, groups: &mut Groups) {
    let tables = value.and_then(toml::Value::as_table);
    for (name, list) in tables.into_iter().flatten() {
        groups.entry(normalised(name)).or_default().extend(strings(list));
    }
}

fn of_poetry(poetry: &toml::Value, needs: &mut Needs, groups: &mut Groups) {
    let name = poetry.get("name").and_then(toml::Value::as_str);
    needs.name = name.map(normalised).or(needs.name.take());
    let list = |table: Option<&toml::Value>| -> Vec<String> {
        let entries = table.and_then(toml::Value::as_table);
        entries.into_iter().flatten().filter_map(|(name, it)| of_poetry_entry(name, it)).collect()
    };
    needs.run.extend(list(poetry.get("dependencies")));
    groups.entry("dev".to_owned()).or_default().extend(list(poetry.get("dev-dependencies")));
    let named = poetry.get("group").and_then(toml::Value::as_table);
    for (name, group) in named.into_iter().flatten() {
        groups.entry(normalised(name)).or_default().extend(list(group.get("dependencies")));
    }
}

/// A requirement as Poetry writes it, in the common form.
fn of_poetry_entry(name: &str, value: &toml::Value) -> Option<String> {
    let is_optional = value.get("optional").and_then(toml::Value::as_bool) == Some(true);
    if name == "python" || is_optional {
        return None;
    }
    let version = value.as_str().or_else(|| value.get("version")?.as_str()).unwrap_or("*");
    let extras = value.get("extras").map(strings).unwrap_or_default();
    let extras = if extras.is_empty() { String::new() } else { format!("[{}]", extras.join(",")) };
    let parts: Option<Vec<String>> = version.split(',').map(|part| of_caret(part.trim())).collect();
    let parts: Vec<String> = parts?.into_iter().filter(|part| !part.is_empty()).collect();
    Some(format!("{name}{extras}{}", parts.join(",")))
}

/// `^1.2` allows what leaves the first number that is not 0 as it is, `~1.2` the last named one but
/// one; a bare version is itself.
fn of_caret(part: &str) -> Option<String> {
    let numbers = |text: &str| -> Option<Vec<u64>> {
        text.split('.').map(|number| number.parse().ok()).collect()
    };
    let below = |text: &str, keep: &dyn Fn(&[u64]) -> usize| {
        let mut bound = numbers(text)?;
        let kept = keep(&bound).min(bound.len().saturating_sub(1));
        bound.truncate(kept + 1);
        *bound.last_mut()? += 1;
        let bound: Vec<String> = bound.iter().map(u64::to_string).collect();
        Some(format!(">={text},<{}", bound.join(".")))
    };
    match part.chars().next()? {
        '*' => Some(String::new()),
        '^' => {
            let text = part[1..].trim();
            let first = |bound: &[u64]| bound.iter().position(|number| *number != 0);
            let first = |bound: &[u64]| first(bound).unwrap_or(bound.len().saturating_sub(1));
            Some(below(text, &first).unwrap_or_else(|| format!(">={text}")))
        }
        '~' if !part.starts_with("~=") => {
            let text = part[1..].trim();
            let last_but_one = |bound: &[u64]| bound.len().saturating_sub(1).min(1);
            Some(below(text, &last_but_one).unwrap_or_else(|| format!(">={text}")))
        }
        c if c.is_ascii_digit() => Some(format!("=={part}")),
        _ => Some(part.to_owned()),
    }
}

fn of_setup_cfg(text: &str, needs: &mut Needs, groups: &mut Groups) {
    for (section, key, lines) in sections(text) {
        let add = |list: &mut Vec<String>| list.extend(lines.iter().flat_map(|it| of_lines(it)));
        match (section.as_str(), key.as_str()) {
            ("metadata", "name") => {
                let name = lines.first().map(|name| normalised(name));
                needs.name = needs.name.take().or(name);
            }
            ("options", "install_requires") => add(&mut needs.run),
            ("options", "setup_requires") => add(&mut needs.build),
            ("options", "tests_require") => add(groups.entry("test".to_owned()).or_default()),
            ("options.extras_require", group) => add(groups.entry(normalised(group)).or_default()),
            _ => {}
        }
    }
}

/// What the environments for tests install; lines for some environments alone are taken as well.
fn of_tox(text: &str, groups: &mut Groups) {
    for (section, key, lines) in sections(text) {
        if section == "testenv" && key == "deps" {
            let requirement = |line: &String| {
                // A condition on the environment stands before a colon.
                let text = line.split_once(": ").map_or(line.as_str(), |(_, text)| text.trim());
                of_lines(text)
            };
            let found: Vec<String> = lines.iter().flat_map(requirement).collect();
            groups.entry("test".to_owned()).or_default().extend(found);
        }
    }
}

/// Keys of an INI file with the lines of their values.
fn sections(text: &str) -> Vec<(String, String, Vec<String>)> {
    let mut section = String::new();
    let mut found: Vec<(String, String, Vec<String>)> = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        let is_continued = line.starts_with([' ', '\t']);
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))
            && !is_continued
        {
            name.trim().clone_into(&mut section);
        } else if is_continued {
            if let Some((_, _, lines)) = found.last_mut() {
                lines.push(trimmed.to_owned());
            }
        } else if let Some((key, value)) = line.split_once(['=', ':']) {
            let value = value.trim();
            let lines = if value.is_empty() { Vec::new() } else { vec![value.to_owned()] };
            found.push((section.clone(), key.trim().to_lowercase(), lines));
        }
    }
    found
}

/// The metadata that a released package carries (core metadata 2.x).
fn of_metadata(text: &str, needs: &mut Needs, groups: &mut Groups) {
    for line in text.lines().take_while(|line| !line.is_empty()) {
        let Some((key, value)) = line.split_once(": ") else { continue };
        match key {
            "Name" => needs.name = needs.name.take().or_else(|| Some(normalised(value.trim()))),
            "Requires-Dist" => match group_of_marker(value) {
                Some((group, text)) => groups.entry(group).or_default().push(text),
                None => needs.run.push(value.trim().to_owned()),
            },
            _ => {}
        }
    }
}

/// The extra that a requirement is of, and the requirement without saying so.
fn group_of_marker(value: &str) -> Option<(String, String)> {
    let (requirement, marker) = value.split_once(';')?;
    let (_, after) = marker.split_once("extra")?;
    let name = after.split(['"', '\'']).nth(1)?;
    Some((normalised(name), requirement.trim().to_owned()))
}

fn of_egg_info(text: &str, needs: &mut Needs, groups: &mut Groups) {
    let mut group: Option<String> = None;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            // What follows a colon is a condition on the machine.
            let (name, condition) = name.split_once(':').unwrap_or((name, ""));
            if condition.is_empty() || !name.is_empty() {
                group = Some(normalised(name));
            } else {
                group = Some(String::new());
            }
        } else if name_of(line).is_some() {
            match &group {
                None => needs.run.push(line.to_owned()),
                Some(group) => groups.entry(group.clone()).or_default().push(line.to_owned()),
            }
        }
    }
}

/// The group that a file of requirements stands for.
fn group_of_file(path: &str) -> Option<&'static str> {
    let stem = path.strip_suffix(".txt").or_else(|| path.strip_suffix(".in"))?;
    if !stem.contains("requirement") {
        return None;
    }
    let has = |wanted: &[&str]| {
        stem.split(|c: char| !c.is_alphanumeric()).any(|word| wanted.contains(&word))
    };
    if has(&TEST_GROUPS) {
        return Some("test");
    }
    has(&FALLBACK_GROUPS).then_some("dev")
}

/// The requirements among the lines of a text.
fn of_lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| without_comment(line).to_owned());
    lines.filter(|line| name_of(line).is_some()).collect()
}

#[cfg(test)]
mod tests {
    use artifact::TreePath;

    use super::*;

    fn file(path: &str, text: &str) -> DependentFile {
        let path = TreePath::new(path).expect("a path");
        DependentFile { path, content: text.as_bytes().into(), module: None }
    }

    #[test]
    fn a_project_names_what_it_needs() {
        let text = "[build-system]\nrequires = ['hatchling']\n[project]\nname = 'My.App'\n\
                    dependencies = ['core>=1', 'other']\n[project.optional-dependencies]\n\
                    test = ['pytest', 'my-app[io]']\nio = ['fast-io>=2']\ndocs = ['sphinx']\n";
        let needs = needs(&[file("pyproject.toml", text)], &[]);
        assert_eq!(needs.name.as_deref(), Some("my-app"));
        assert_eq!(needs.run, ["core>=1", "other"]);
        assert_eq!(needs.build, ["hatchling"]);
        assert_eq!(needs.test, ["pytest", "fast-io>=2"]);
    }

    #[test]
    fn groups_for_development_stand_in_for_tests_and_extras_can_be_asked_for() {
        let text = "[project]\nname='x'\n[project.optional-dependencies]\nio = ['fast-io']\n\
                    [dependency-groups]\ndev = ['pytest', {include-group = 'y'}]\n";
        let files = [file("pyproject.toml", text)];
        assert_eq!(needs(&files, &[]).test, ["pytest"]);
        assert_eq!(needs(&files, &["IO".to_owned()]).test, ["fast-io", "pytest"]);
    }

    #[test]
    fn older_ways_of_saying_it_are_read() {
        let files = [
            file(
                "setup.cfg",
                "[metadata]\nname = app\n[options]\ninstall_requires =\n    core >= 1  # why\n\
                 tests_require = mock\n[options.extras_require]\ntest =\n    pytest\n",
            ),
            file("tox.ini", "[testenv]\ndeps =\n    py38: freezegun\n    -r other.txt\n"),
            file("requirements/test.txt", "responses==0.1\n-e .\n"),
            file("app.egg-info/requires.txt", "core>=1\n\n[docs]\nsphinx\n"),
            file(
                "PKG-INFO",
                "Name: app\nRequires-Dist: core>=1\nRequires-Dist: x; extra == 'test'\n\nRequires-Dist: no\n",
            ),
        ];
        let needs = needs(&files, &[]);
        assert_eq!(needs.name.as_deref(), Some("app"));
        assert_eq!(needs.run, ["core >= 1", "core>=1"]);
        assert_eq!(needs.test, ["mock", "pytest", "freezegun", "responses==0.1", "x"]);
    }

    #[test]
    fn versions_of_poetry_are_put_in_the_common_form() {
        let table = [
            ("^1.2.3", ">=1.2.3,<2"),
            ("^0.2.3", ">=0.2.3,<0.3"),
            ("^0.0", ">=0.0,<0.1"),
            ("~1.2", ">=1.2,<1.3"),
            ("~1", ">=1,<2"),
            ("*", ""),
            (">=1", ">=1"),
            ("1.5", "==1.5"),
            ("~=1.5", "~=1.5"),
        ];
        for (given, expected) in table {
            assert_eq!(of_caret(given).as_deref(), Some(expected), "{given}");
        }
        let text = "[tool.poetry]\nname = 'app'\n[tool.poetry.dependencies]\npython = '^3.8'\n\
                    core = '^1.2'\nextra = {version = '>=2', optional = true}\n\
                    web = {version = '1.*', extras = ['all']}\n\
                    [tool.poetry.group.test.dependencies]\npytest = '*'\n";
        let needs = needs(&[file("pyproject.toml", text)], &[]);
        assert_eq!(needs.run, ["core>=1.2,<2", "web[all]==1.*"]);
        assert_eq!(needs.test, ["pytest"]);
    }
}
