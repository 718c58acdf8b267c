//! Every kind of case for every kind of operation: a cell without a case says why it cannot apply.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;
use testkit::fixture;
use testkit::repository::Repository;

use crate::cases;
use crate::literate::Case;

/// A kind of case: its name, and texts of which the Python before must hold one.
struct Row {
    name: &'static str,
    signs: &'static [&'static str],
}

const fn row(name: &'static str, signs: &'static [&'static str]) -> Row {
    Row { name, signs }
}

const ROWS: [Row; 20] = [
    row(
        "alias import",
        &[
            "import core as ",
            "import core.old.mod as ",
            "import core.a as ",
            "import core.conf as ",
        ],
    ),
    row("from import", &["from core"]),
    row("from import as", &[" as "]),
    row("shadowed name", &["def "]),
    row("same name on another class", &["class "]),
    row("another library's same name", &["other", "itertools"]),
    row("import over several lines with comments", &["import ("]),
    row("alias by assignment", &[" = "]),
    row("import in a function", &["    from core", "    import core"]),
    row("getattr with a literal", &["getattr("]),
    row("guard for both versions", &["try:", "if "]),
    row("listed in __all__", &["__all__"]),
    row("collision with a local name", &[" = ", "def ", "="]),
    row("star import", &["import *"]),
    row("line ends of Windows", &["\r\n"]),
    row("odd spacing", &["  "]),
    row("string for mock.patch", &["patch("]),
    row("under TYPE_CHECKING", &["TYPE_CHECKING"]),
    row("quoted annotation", &[": \"", "[\""]),
    row("f-string", &["f\"", "f'"]),
];

const COLUMNS: [&str; 17] = [
    "rename.import",
    "rename.symbol",
    "rename.symbol, moved",
    "rename.callable",
    "rename.callable, moved",
    "rename.callable, method",
    "rename.attribute",
    "arg.rename",
    "arg.add_default",
    "arg.remove",
    "arg.reorder",
    "arg.keyword_only",
    "arg.add_required",
    "call.rewrite",
    "config.key_rename",
    "move.file",
    "symbol.remove",
];

/// Cells to which no case belongs: row, column, why. An empty row stands for all that have no
/// case.
const CANNOT_APPLY: &[(&str, &str, &str)] = &[
    ("listed in __all__", "rename.callable, method", "a member of a class is no name of a module"),
    ("listed in __all__", "rename.attribute", "a member of a class is no name of a module"),
    ("listed in __all__", "config.key_rename", "a key is no name of a module"),
    ("under TYPE_CHECKING", "config.key_rename", "keys are read at run time"),
    ("quoted annotation", "config.key_rename", "a key is no type"),
    ("collision with a local name", "symbol.remove", "no new name is written"),
    ("", "move.file", "a path is a string, which no name of the package spells"),
];

/// The column of an operation.
fn column(operation: &Value) -> String {
    let kind = operation["kind"].as_str().expect("a kind");
    let matched = &operation["match"];
    if kind.starts_with("rename.") && matched.get("to_module").is_some() {
        format!("{kind}, moved")
    } else if kind == "rename.callable" && matched.get("class").is_some() {
        format!("{kind}, method")
    } else {
        kind.to_owned()
    }
}

type Cells = BTreeMap<(&'static str, &'static str), Vec<String>>;

/// The cases of each cell; what is wrong with their claims.
fn cells(cases: &[Case]) -> (Cells, Vec<String>) {
    let (mut cells, mut wrong) = (Cells::new(), Vec::new());
    for case in cases {
        let columns: BTreeSet<String> = case.operations.iter().map(column).collect();
        let place = format!("{} / {} / {}", case.file, case.name, case.of);
        for name in &case.covers {
            let Some(row) = ROWS.iter().find(|row| row.name == name) else {
                wrong.push(format!("{place}: there is no row `{name}`"));
                continue;
            };
            let column = COLUMNS.iter().find(|column| columns.contains(**column));
            let Some(column) = column.filter(|_| columns.len() == 1) else {
                wrong.push(format!("{place}: {columns:?} is not one column"));
                continue;
            };
            let texts: Vec<_> =
                case.before.iter().map(|b| String::from_utf8_lossy(&b.content)).collect();
            if !row.signs.iter().any(|sign| texts.iter().any(|text| text.contains(sign))) {
                wrong.push(format!("{place}: nothing in it shows `{name}`"));
            }
            let title = format!("{}: {}", case.file, case.name);
            cells.entry((row.name, column)).or_default().push(title);
        }
    }
    (cells, wrong)
}

fn cannot_apply(row: &str, column: &str) -> Option<&'static str> {
    CANNOT_APPLY
        .iter()
        .find(|(known, kind, _)| *kind == column && (*known == row || known.is_empty()))
        .map(|(_, _, why)| *why)
}

fn all_cases() -> Vec<Case> {
    ["cases", "typed"].into_iter().flat_map(cases).collect()
}

#[test]
fn every_kind_of_case_stands_for_every_kind_of_operation_that_it_can_apply_to() {
    let (cells, mut wrong) = cells(&all_cases());
    for row in &ROWS {
        for column in COLUMNS {
            let covered = cells.contains_key(&(row.name, column));
            let why = cannot_apply(row.name, column);
            if !covered && why.is_none() {
                wrong.push(format!("{column}: no case for `{}`", row.name));
            }
        }
    }
    for (row, column, _) in CANNOT_APPLY {
        let known = ROWS.iter().find(|known| known.name == *row);
        if !row.is_empty() && known.is_none_or(|row| cells.contains_key(&(row.name, column))) {
            wrong.push(format!("{column}: `{row}` is no row, or has a case after all"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_on_cases_is_that_of_the_cases() {
    let (cells, _) = cells(&all_cases());
    let mut page = String::from(
        "# Cases of rewriting\n\nWhat a dependent may write, and where it is tested that its edits \
         come out right. Each kind of case\nstands once for every kind of operation, in [the \
         cases](../crates/code_rewrite/tests), or says why it\ncannot apply. This page is made by \
         `scripts/generate`.\n",
    );
    for column in COLUMNS {
        _ = writeln!(page, "\n## {column}\n\n| case | where |\n|---|---|");
        for row in &ROWS {
            let place = match (cells.get(&(row.name, column)), cannot_apply(row.name, column)) {
                (Some(titles), _) => {
                    let titles: BTreeSet<&str> = titles.iter().map(String::as_str).collect();
                    titles.into_iter().collect::<Vec<_>>().join("; ")
                }
                (None, Some(why)) => format!("*cannot apply: {why}*"),
                (None, None) => "missing".to_owned(),
            };
            _ = writeln!(page, "| {} | {place} |", row.name);
        }
    }
    let path = Repository::here().root().join("docs/rewriting-cases.md");
    assert_eq!(fixture::check_file(&path, page.as_bytes()), Ok(()), "run scripts/generate");
}
