//! Release notes and a migration guide, as Markdown, from a manifest and its report.

use std::fmt::Write as _;

use artifact::shown;
use code_model::evidence::{Recommendation, Witness};
use code_model::manifest::Manifest;
use code_model::operation::{Change, Operation};
use code_model::report::Report;

/// What a dependent's owner has to do, what is done for them first.
pub fn migration_guide(manifest: &Manifest, report: Option<&Report>) -> String {
    let metadata = &manifest.metadata;
    let mut out = format!(
        "# Migrating from {library} {} to {}\n\n",
        plain(&metadata.from_version),
        plain(&metadata.to_version),
        library = plain(&metadata.library),
    );
    let by = |wanted: &[Recommendation]| -> Vec<&Operation> {
        let operations = manifest.operations.iter();
        operations
            .filter(|o| o.change_needs_edit() && wanted.contains(&o.confidence.recommendation))
            .collect()
    };
    let sure_enough = [Recommendation::AutoApply, Recommendation::ApplyWithWarning];
    let (given, edited): (Vec<&Operation>, Vec<&Operation>) =
        by(&sure_enough).into_iter().partition(|operation| operation.needs_a_value());
    let (sure, warned): (Vec<&Operation>, Vec<&Operation>) =
        edited.into_iter().partition(|o| o.confidence.recommendation == Recommendation::AutoApply);
    let review = by(&[Recommendation::ManualReview, Recommendation::HighRisk]);
    let is_done = sure.is_empty() && warned.is_empty();
    if is_done && review.is_empty() && given.is_empty() && !needs_a_person(report) {
        out.push_str("Nothing that a dependent uses has changed its name or its arguments.\n");
        return out;
    }
    if !is_done {
        out.push_str(APPLY);
    }
    table(&mut out, "Done for you", &sure);
    table(&mut out, "Done for you, worth a look", &warned);
    value_section(&mut out, &given);
    review_section(&mut out, &review);
    if let Some(report) = report {
        person_sections(&mut out, report);
    }
    out
}

const APPLY: &str = "Preview, then apply:\n\n```console\n\
    onx-migrate apply --manifest MANIFEST --target ./your_package --dry-run \
    --diff-output preview.patch\n\
    onx-migrate apply --manifest MANIFEST --target ./your_package\n```\n\n";

/// What changed, for a change log: breaking changes first, grouped by what they are.
pub fn release_notes(manifest: &Manifest, report: Option<&Report>) -> String {
    let metadata = &manifest.metadata;
    let mut out = format!("# {} {}\n\n", plain(&metadata.library), plain(&metadata.to_version));
    let _ = writeln!(out, "Changes of the public API since {}.\n", plain(&metadata.from_version));
    for (title, breaking) in [("Breaking changes", true), ("Other changes", false)] {
        let operations: Vec<&Operation> = manifest
            .operations
            .iter()
            .filter(|operation| operation.metadata.breaking == breaking)
            .filter(|operation| {
                operation.confidence.recommendation <= Recommendation::ApplyWithWarning
            })
            .collect();
        if operations.is_empty() {
            continue;
        }
        let _ = writeln!(out, "## {title}\n");
        for (heading, kinds) in GROUPS {
            let mut lines =
                operations.iter().filter(|o| kinds.contains(&o.change.kind())).peekable();
            if lines.peek().is_none() {
                continue;
            }
            let _ = writeln!(out, "### {heading}\n");
            for operation in lines {
                let _ = writeln!(out, "- {}", sentence(&operation.change));
            }
            out.push('\n');
        }
    }
    let gone = report.map(|report| report.without_successor.as_slice()).unwrap_or_default();
    if !gone.is_empty() {
        out.push_str("## Removed without a successor\n\n");
        for name in gone {
            let _ = writeln!(out, "- {}", code(name.name.as_str()));
        }
        out.push('\n');
    }
    if manifest.operations.is_empty() && gone.is_empty() {
        out.push_str("No change of the public API was found.\n");
    }
    out
}

/// The headings of release notes, each with the kinds of operations below it.
const GROUPS: [(&str, &[&str]); 5] = [
    ("Moved", &["rename.import", "move.file"]),
    ("Renamed", &["rename.symbol", "rename.callable", "rename.attribute"]),
    (
        "Arguments",
        &[
            "arg.rename",
            "arg.add_default",
            "arg.add_required",
            "arg.remove",
            "arg.reorder",
            "arg.keyword_only",
            "call.rewrite",
        ],
    ),
    ("Configuration", &["config.key_rename"]),
    ("Removed", &["symbol.remove"]),
];

/// Whether an operation asks anything of a dependent's text.
trait NeedsEdit {
    fn change_needs_edit(&self) -> bool;

    /// Whether every call must give a value that only its author knows.
    fn needs_a_value(&self) -> bool;
}

impl NeedsEdit for Operation {
    fn change_needs_edit(&self) -> bool {
        match &self.change {
            Change::ArgAddDefault { parameter, .. } => parameter.old_behaviour.is_some(),
            Change::SymbolRemove { .. } => false,
            _ => true,
        }
    }

    fn needs_a_value(&self) -> bool {
        matches!(self.change, Change::ArgAddRequired { .. })
    }
}

fn needs_a_person(report: Option<&Report>) -> bool {
    report.is_some_and(|report| {
        !report.ambiguous.is_empty()
            || !report.without_successor.is_empty()
            || !report.unseen.is_empty()
    })
}

fn table(out: &mut String, title: &str, operations: &[&Operation]) {
    if operations.is_empty() {
        return;
    }
    let _ = writeln!(out, "## {title}\n\n| | Change | Sure |\n|---|---|---|");
    for operation in operations {
        let _ = writeln!(
            out,
            "| {} | {} | {:.0} % |",
            operation.id,
            sentence(&operation.change).replace('|', "\\|"),
            operation.confidence.overall * 100.0
        );
    }
    out.push('\n');
}

fn value_section(out: &mut String, operations: &[&Operation]) {
    if operations.is_empty() {
        return;
    }
    out.push_str("## For you to give\n\nThe calls are listed; what they give is yours to say.\n\n");
    for operation in operations {
        let _ = writeln!(out, "- {} ({})", sentence(&operation.change), operation.id);
    }
    out.push('\n');
}

fn review_section(out: &mut String, operations: &[&Operation]) {
    if operations.is_empty() {
        return;
    }
    out.push_str(
        "## For you to decide\n\nThese are likely and not sure; nothing is edited for them.\n\n",
    );
    for operation in operations {
        let _ = writeln!(
            out,
            "- {} ({}, {:.0} %)",
            sentence(&operation.change),
            operation.id,
            operation.confidence.overall * 100.0
        );
        if let Some(note) = &operation.metadata.note {
            let _ = writeln!(out, "  {}", plain(note));
        }
        witnesses(out, &operation.evidence.witnesses);
    }
    out.push('\n');
}

fn person_sections(out: &mut String, report: &Report) {
    if !report.ambiguous.is_empty() {
        out.push_str("## Gone, with several possible successors\n\n");
        for name in &report.ambiguous {
            let candidates: Vec<String> =
                name.candidates.iter().map(|candidate| code(&candidate.name)).collect();
            let _ = writeln!(out, "- {}: {}", code(name.name.as_str()), candidates.join(", "));
            witnesses(out, &name.witnesses);
        }
        out.push('\n');
    }
    for (title, names) in [
        ("Gone without a successor", &report.without_successor),
        ("Perhaps still there: this cannot be seen without running the code", &report.unseen),
    ] {
        if names.is_empty() {
            continue;
        }
        let _ = writeln!(out, "## {title}\n");
        for name in names {
            let _ = writeln!(out, "- {}: {}", code(name.name.as_str()), plain(&name.reason));
            witnesses(out, &name.witnesses);
        }
        out.push('\n');
    }
}

fn witnesses(out: &mut String, witnesses: &[Witness]) {
    for witness in witnesses.iter().take(2) {
        let place = format!("{}:{}", witness.file, witness.line);
        let _ = writeln!(out, "  - {} says {}", code(&place), code(&witness.text));
    }
}

/// What a change says, as a sentence without its full stop.
fn sentence(change: &Change) -> String {
    let name = |name: &dyn std::fmt::Display| code(&name.to_string());
    match change {
        Change::RenameImport { from, to } => format!("{} is now {}", name(from), name(to)),
        Change::MoveFile { from, to } => format!("the file {} is now {}", name(from), name(to)),
        Change::RenameSymbol(names) | Change::RenameCallable(names) => {
            match (names.old(), names.new_name()) {
                (Some(old), Some(new)) => format!("{} is now {}", name(&old), name(&new)),
                _ => format!("{} is now {}", code(&names.from), code(&names.to)),
            }
        }
        Change::RenameAttribute { class, from, to, .. } => {
            format!("{} is now {}", code(&format!("{class}.{from}")), code(to))
        }
        Change::ArgRename { callable, parameter, .. } => format!(
            "{}: the argument {} is now {}",
            name(callable),
            code(&parameter.from),
            code(&parameter.to)
        ),
        Change::ArgAddDefault { callable, parameter, .. } => match &parameter.default {
            Some(default) if let Some(old) = &parameter.old_behaviour => format!(
                "{}: the argument {} is {} where a call leaves it out, no longer {}",
                name(callable),
                code(&parameter.name),
                code(default),
                code(old)
            ),
            Some(default) => format!(
                "{} takes a new argument {}",
                name(callable),
                code(&format!("{}={default}", parameter.name))
            ),
            None => format!("{} takes a new argument {}", name(callable), code(&parameter.name)),
        },
        Change::ArgAddRequired { callable, parameter, .. } => {
            format!("{} needs a new argument {}", name(callable), code(&parameter.name))
        }
        Change::ArgRemove { callable, parameter, .. } => {
            format!("{} no longer takes {}", name(callable), code(&parameter.name))
        }
        Change::ArgReorder { callable, to, .. } => format!(
            "{} takes its arguments in another order: {}",
            name(callable),
            code(&to.join(", "))
        ),
        Change::ArgKeywordOnly { callable, parameters, .. } => format!(
            "{} takes {} by keyword only",
            name(callable),
            parameters.iter().map(|p| code(p)).collect::<Vec<_>>().join(", ")
        ),
        Change::CallRewrite { callable, template, .. } => {
            format!("a call of {} is now written {}", name(callable), code(template))
        }
        Change::ConfigKeyRename { from, to, holder } => match holder {
            Some(holder) => {
                format!("the key {} of {} is now {}", code(from), code(holder), code(to))
            }
            None => format!("the key {} is now {}", code(from), code(to)),
        },
        Change::SymbolRemove { name: gone } => format!("{} is gone", name(gone)),
    }
}

/// Text as code: on one line, and with a fence that is longer than any run of backticks in it.
fn code(text: &str) -> String {
    let text = one_line(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if text.starts_with('`') || text.ends_with('`') {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

/// Text of others in a line of Markdown: it must not become markup.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in one_line(text).chars() {
        match character {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '#' | '|' => {
                out.push('\\');
                out.push(character);
            }
            c => out.push(c),
        }
    }
    out
}

/// Text of others on one line, in which nothing is hidden from the eye.
fn one_line(text: &str) -> String {
    shown(&text.replace(char::is_control, " ")).into_owned()
}
