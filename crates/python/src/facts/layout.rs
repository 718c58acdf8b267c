//! What build files say about where packages lie.

use std::collections::BTreeSet;
use std::sync::Arc;

use ruff_python_ast::{Expr, Stmt};
use toml_edit::{Document, Item, TableLike};

use super::LayoutFacts;
use super::exports::text_of;
use super::notices::leaf_of;
use crate::parse::ParsedFile;

/// Reads `pyproject.toml`.
pub(super) fn project(text: &str) -> Option<LayoutFacts> {
    let document = Document::parse(text).ok()?;
    let top = document.as_table();
    let mut facts = LayoutFacts::default();
    let name = at(top, &["project", "name"]).or_else(|| at(top, &["tool", "poetry", "name"]));
    facts.distribution = name.and_then(Item::as_str).map(Arc::from);
    setuptools(top, &mut facts);
    poetry(top, &mut facts);
    for package in strings(at(top, &["tool", "hatch", "build", "targets", "wheel", "packages"])) {
        let leaf = package.rsplit('/').next().unwrap_or(&package).to_owned();
        facts.packages.push((leaf.into(), package.into()));
    }
    let flit = at(top, &["tool", "flit", "module", "name"])
        .or_else(|| at(top, &["tool", "flit", "metadata", "module"]));
    if let Some(module) = flit.and_then(Item::as_str) {
        for place in ["", "src/"] {
            facts
                .packages
                .push((module.into(), format!("{place}{}", module.replace('.', "/")).into()));
        }
        facts.modules.push(module.into());
    }
    for key in ["module-name", "module-root"] {
        let said = at(top, &["tool", "maturin", key])
            .or_else(|| at(top, &["tool", "uv", "build-backend", key]));
        if key == "module-root"
            && let Some(root) = said.and_then(Item::as_str).filter(|root| !root.is_empty())
        {
            facts.search.push(root.into());
        }
    }
    if let Some(root) = at(top, &["tool", "maturin", "python-source"]).and_then(Item::as_str) {
        facts.search.push(root.into());
    }
    Some(facts)
}

fn setuptools(top: &dyn TableLike, facts: &mut LayoutFacts) {
    if let Some(table) =
        at(top, &["tool", "setuptools", "package-dir"]).and_then(Item::as_table_like)
    {
        for (name, place) in table.iter() {
            let Some(place) = place.as_str() else { continue };
            if name.is_empty() {
                facts.search.push(place.into());
            } else {
                facts.packages.push((name.into(), place.into()));
            }
        }
    }
    let find = at(top, &["tool", "setuptools", "packages", "find", "where"]);
    facts.search.extend(strings(find).into_iter().map(Arc::from));
    for module in strings(at(top, &["tool", "setuptools", "py-modules"])) {
        facts.modules.push(module.into());
    }
    for package in strings(at(top, &["tool", "setuptools", "packages"])) {
        let place = package.replace('.', "/");
        facts.packages.push((package.into(), place.into()));
    }
}

fn poetry(top: &dyn TableLike, facts: &mut LayoutFacts) {
    let Some(packages) = at(top, &["tool", "poetry", "packages"]).and_then(Item::as_array) else {
        return;
    };
    for package in packages {
        let Some(package) = package.as_inline_table() else { continue };
        let Some(include) = package.get("include").and_then(|it| it.as_str()) else { continue };
        let from = package.get("from").and_then(|it| it.as_str()).unwrap_or("");
        let name = include.split(['/', '*']).next().unwrap_or(include).trim_end_matches(".py");
        let place = if from.is_empty() { name.to_owned() } else { format!("{from}/{name}") };
        facts.packages.push((name.into(), place.into()));
        facts.modules.push(name.into());
    }
}

fn at<'t>(top: &'t dyn TableLike, path: &[&str]) -> Option<&'t Item> {
    let (last, outer) = path.split_last()?;
    let mut table = top;
    for key in outer {
        table = table.get(key)?.as_table_like()?;
    }
    table.get(last)
}

fn strings(item: Option<&Item>) -> Vec<String> {
    let Some(array) = item.and_then(Item::as_array) else { return Vec::new() };
    array.iter().filter_map(|value| value.as_str()).map(str::to_owned).collect()
}

/// Reads `setup.cfg`.
pub(super) fn setup_cfg(text: &str) -> LayoutFacts {
    let mut facts = LayoutFacts::default();
    let mut section = "";
    let mut key = String::new();
    for line in text.lines() {
        if let Some(header) = line.strip_prefix('[') {
            section = header.split(']').next().unwrap_or("").trim();
            key.clear();
            continue;
        }
        let continued = line.starts_with([' ', '\t']);
        let value = match line.split_once('=') {
            Some((name, value)) if !continued => {
                key = name.trim().replace('-', "_");
                value.trim()
            }
            _ => line.trim(),
        };
        if value.is_empty() || value.starts_with(['#', ';']) {
            continue;
        }
        match (section, key.as_str()) {
            ("metadata", "name") => facts.distribution = Some(value.into()),
            ("options.packages.find", "where") => facts.search.push(value.into()),
            ("options", "py_modules") => facts.modules.push(value.into()),
            ("options", "package_dir") => {
                if let Some((name, place)) = value.split_once('=') {
                    match name.trim() {
                        "" => facts.search.push(place.trim().into()),
                        name => facts.packages.push((name.into(), place.trim().into())),
                    }
                }
            }
            ("options", "packages") if !value.contains(':') => {
                facts.packages.push((value.into(), value.replace('.', "/").into()));
            }
            _ => {}
        }
    }
    facts
}

/// Reads `RECORD`, the list of files of an installed distribution or a wheel.
pub(super) fn record(text: &str) -> LayoutFacts {
    let installed: BTreeSet<&str> = text.lines().filter_map(installed_name).collect();
    let installed = installed.into_iter().map(Arc::from).collect();
    LayoutFacts { installed, ..LayoutFacts::default() }
}

/// The importable name that a line of `RECORD` is about.
fn installed_name(line: &str) -> Option<&str> {
    let path = line.rsplitn(3, ',').last()?.trim_matches('"');
    let name = match path.split_once('/') {
        Some((folder, _)) => folder,
        None => path.split_once('.')?.0,
    };
    let mut characters = name.chars();
    let starts = characters.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    (starts && characters.all(|c| c.is_alphanumeric() || c == '_')).then_some(name)
}

/// Reads the call of `setup` in `setup.py`, without running anything.
pub(super) fn setup_py(file: &ParsedFile) -> LayoutFacts {
    let mut facts = LayoutFacts::default();
    let mut known: Vec<(&str, &Expr)> = Vec::new();
    calls(&file.syntax().body, &mut known, &mut facts, 0);
    facts
}

fn calls<'a>(
    body: &'a [Stmt],
    known: &mut Vec<(&'a str, &'a Expr)>,
    facts: &mut LayoutFacts,
    depth: u32,
) {
    if depth > 6 {
        return;
    }
    for statement in body {
        match statement {
            Stmt::Assign(assign) => {
                if let [Expr::Name(name)] = assign.targets.as_slice() {
                    known.push((name.id.as_str(), &assign.value));
                }
            }
            Stmt::Expr(expression) => {
                if let Expr::Call(call) = &*expression.value
                    && leaf_of(&call.func) == "setup"
                {
                    for keyword in &call.arguments.keywords {
                        let Some(name) = &keyword.arg else { continue };
                        let value = match &keyword.value {
                            Expr::Name(variable) => known
                                .iter()
                                .rev()
                                .find(|(name, _)| *name == variable.id.as_str())
                                .map_or(&keyword.value, |(_, value)| value),
                            value => value,
                        };
                        argument(name.as_str(), value, facts);
                    }
                }
            }
            Stmt::FunctionDef(function) => calls(&function.body, known, facts, depth + 1),
            other => super::imports::for_each_block(other, &mut |block| {
                calls(block, known, facts, depth + 1);
            }),
        }
    }
}

fn argument(name: &str, value: &Expr, facts: &mut LayoutFacts) {
    match (name, value) {
        ("name", value) => facts.distribution = text_of(value).map(Arc::from),
        ("package_dir", Expr::Dict(table)) => {
            for item in &table.items {
                let (Some(name), Some(place)) =
                    (item.key.as_ref().and_then(text_of), text_of(&item.value))
                else {
                    continue;
                };
                if name.is_empty() {
                    facts.search.push(place.into());
                } else {
                    facts.packages.push((name.into(), place.into()));
                }
            }
        }
        ("packages", Expr::Call(call)) => {
            let given = call.arguments.find_argument_value("where", 0);
            if let Some(place) = given.and_then(text_of) {
                facts.search.push(place.into());
            }
        }
        ("packages", Expr::List(list)) => {
            for package in list.elts.iter().filter_map(text_of) {
                let place = package.replace('.', "/");
                facts.packages.push((package.into(), place.into()));
            }
        }
        ("py_modules", Expr::List(list)) => {
            facts.modules.extend(list.elts.iter().filter_map(text_of).map(Arc::from));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_installed_files_names_what_can_be_imported() {
        let said = record(
            "pkg/__init__.py,sha256=x,0\npkg/a.py,,\nsingle.py,,\nfast.cpython-312.so,,\n\
             \"odd,name/__init__.py\",,\nmy_lib-1.0.dist-info/RECORD,,\n../../bin/tool,,\n",
        );
        let names: Vec<&str> = said.installed.iter().map(|name| &**name).collect();
        assert_eq!(names, ["fast", "pkg", "single"]);
    }
}
