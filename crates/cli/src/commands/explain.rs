//! `explain`.

use std::path::Path;

use code_line::bundle::{LoadedManifest, load_manifest};
use code_line::explain::{Explanation, explain as run_explain};
use code_line::witness::{Witness, WitnessVerdict};
use code_line::{Error, ErrorCode};
use code_model::evidence::Evidence;
use code_model::operation::{Change, Operation, OperationId};

use super::Context;
use crate::Answer;
use crate::arguments::ExplainArguments;
use crate::words::amount;

pub(crate) fn explain(
    context: &Context<'_>,
    arguments: &ExplainArguments,
) -> Result<Answer, Error> {
    let loaded = load_manifest(&context.world, &arguments.manifest)?;
    let operation = find(&loaded, &arguments.operation, &arguments.manifest)?;
    let explanation = run_explain(&loaded, operation, !arguments.no_witness, &context.world)?;
    if context.output.is_json() {
        context.output.json(&explanation)?;
    } else {
        context.output.result(&text(&explanation, &loaded))?;
    }
    Ok(Answer::Yes)
}

fn find<'a>(loaded: &'a LoadedManifest, id: &str, path: &Path) -> Result<&'a Operation, Error> {
    let operations = &loaded.manifest.operations;
    operations.iter().find(|operation| operation.id.0.eq_ignore_ascii_case(id)).ok_or_else(|| {
        let message = format!("`{}` has no operation `{id}`", path.display());
        let error = Error::user(ErrorCode::UsageError, message);
        match (operations.first(), operations.last()) {
            (Some(first), Some(last)) => {
                error.hint(format!("its operations are {} to {}", first.id, last.id))
            }
            _ => error.hint("it has no operations at all"),
        }
    })
}

/// Everything about an operation, for people.
pub(super) fn text(explanation: &Explanation, loaded: &LoadedManifest) -> String {
    let operation = &explanation.operation;
    let mut out = format!("{}  {}\n", operation.id, operation.change);
    out.push_str(&format!("  {}\n", meaning(&operation.change)));
    out.push_str(&consequence(explanation));
    out.push_str(&sureness(operation));
    out.push_str(&evidence(&operation.evidence, operation));
    out.push_str(&composed(&operation.evidence));
    if let Some(witness) = &explanation.witness {
        out.push_str(&shown(witness));
    }
    out.push_str(&next(&operation.id, operation, loaded));
    out
}

/// The kind, as a sentence.
pub(super) fn meaning(change: &Change) -> String {
    let what = match change {
        Change::RenameImport { .. } => {
            "a module has another path, and everything in it goes with it"
        }
        Change::MoveFile { .. } => "a file of the package has another path",
        Change::RenameSymbol(_) => "a class, constant or alias has another name or place",
        Change::RenameCallable(name) if name.class.is_some() => "a method has another name",
        Change::RenameCallable(_) => "a function has another name or place",
        Change::RenameAttribute { keyword: true, .. } => {
            "a field has another name, as an attribute and as a keyword of the constructor"
        }
        Change::RenameAttribute { .. } => "an attribute has another name",
        Change::ArgRename { .. } => "a parameter has another name",
        Change::ArgAddDefault { .. } => "a parameter was added and has a default",
        Change::ArgRemove { .. } => "a parameter was taken away",
        Change::ArgReorder { .. } => "parameters changed their places",
        Change::ArgKeywordOnly { .. } => "parameters are given by their keywords only",
        Change::ArgAddRequired { .. } => "a parameter was added that every call must give",
        Change::CallRewrite { .. } => "a call is written differently",
        Change::ConfigKeyRename { .. } => "a configuration key has another name",
        Change::SymbolRemove { .. } => "a name is gone, and nothing takes its place",
    };
    format!("{}: {what}", change.kind())
}

fn consequence(explanation: &Explanation) -> String {
    let operation = &explanation.operation;
    let mut out = String::new();
    out.push_str(if operation.metadata.breaking {
        "  a dependent that does nothing breaks"
    } else {
        "  a dependent that does nothing goes on working"
    });
    if explanation.covers > 0 {
        let paths = amount(explanation.covers, "public path", "public paths");
        out.push_str(&format!("; it covers {paths} that {} gone", be(explanation.covers)));
    }
    out.push('\n');
    if operation.metadata.not_repeatable {
        out.push_str("  applying it twice would be wrong: its new name is an old name elsewhere\n");
    }
    if let Some(note) = &operation.metadata.note {
        out.push_str(&format!("  note: {note}\n"));
    }
    out
}

fn be(number: u32) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

fn sureness(operation: &Operation) -> String {
    let confidence = &operation.confidence;
    let of_a_hundred = (confidence.overall * 100.0).floor();
    let follows = match confidence.overall {
        p if p >= 0.9 => "it is applied",
        p if p >= 0.7 => "it is applied, with a warning",
        p if p >= 0.5 => "it is left for review",
        _ => "it is left to a person",
    };
    let raw = confidence.raw.map_or(String::new(), |raw| format!("; the raw score is {raw:.2}"));
    format!(
        "\nhow sure: {:.2}, of a hundred such operations {of_a_hundred} are right, so {follows}{raw}\n",
        confidence.overall
    )
}

/// What speaks for the operation, and what else was thought of.
pub(super) fn evidence(evidence: &Evidence, operation: &Operation) -> String {
    let by = if evidence.detection == "manual" { "a person decided" } else { "found by comparing" };
    let mut out = format!("\nwhat speaks for it ({by}, {}):\n", evidence.method);
    if let Some(reason) = &evidence.reason {
        out.push_str(&format!("  the maintainer's reason: {reason}\n"));
    }
    let mut factors: Vec<(&String, &f64)> = operation.confidence.factors.iter().collect();
    factors.sort_by(|a, b| b.1.total_cmp(a.1).then(a.0.cmp(b.0)));
    for (factor, value) in factors {
        out.push_str(&format!("  {value:.2}  {factor}: {}\n", factor_words(factor)));
    }
    if let Some(found) = evidence.callsites_found {
        let users = amount(found, "definition", "definitions");
        out.push_str(&format!("        {users} of the library itself used the old name\n"));
    }
    if !evidence.witnesses.is_empty() {
        out.push_str("  lines that say so:\n");
    }
    for witness in &evidence.witnesses {
        let version = if witness.version == "from" { "old" } else { "new" };
        out.push_str(&format!(
            "    {}:{} ({version} version, {})\n      {}\n",
            witness.file, witness.line, witness.kind, witness.text
        ));
    }
    if !evidence.candidates.is_empty() {
        out.push_str("  what else it could have been:\n");
        for candidate in &evidence.candidates {
            out.push_str(&format!("    {:.2}  {}\n", candidate.score, candidate.name));
        }
    }
    out
}

fn factor_words(factor: &str) -> &'static str {
    match factor {
        "hash_match" => "the definition is the same but for its own name",
        "ast_similarity" => "how alike the code is",
        "doc_similarity" => "how alike the docstrings are",
        "usage_similarity" => "how alike what it uses and who uses it are",
        "signature_match" => "how well the parameters agree",
        "callsite_coverage" => "of the library's users that gave up the old name, who took the new",
        "alias_match" => "one of the versions has the one name as an alias of the other",
        "deprecation_match" => "a deprecation message or note names the successor",
        "history_match" => "a commit took out the one and brought in the other",
        "changelog_match" => "the change log or a guide names both",
        "test_coverage" => "of the tests that gave up the old name, who took the new one",
        "manual_validation" => "a person accepted it",
        _ => "",
    }
}

fn composed(evidence: &Evidence) -> String {
    let mut out = String::new();
    if !evidence.composed_of.is_empty() {
        out.push_str("\ncomposed of:\n");
    }
    for part in &evidence.composed_of {
        out.push_str(&format!(
            "  {} → {}  {} at {:.2}, manifest {}\n",
            part.from_version,
            part.to_version,
            part.operation,
            part.confidence,
            part.manifest.short()
        ));
    }
    out
}

/// The witness, with what onx saw when it tried it.
fn shown(witness: &Witness) -> String {
    let mut out = String::from("\nwitness, the smallest dependent that needs it:\n");
    out.push_str(&indented(&witness.before));
    for problem in &witness.breaks {
        out.push_str(&format!("  without it: {problem}\n"));
    }
    let verdict = match witness.verdict {
        WitnessVerdict::Repaired => "with it, the new version accepts this:",
        WitnessVerdict::RepairedWhenAsked => {
            "with it, this; the edit is shown and not applied, because the text alone does not say \
             what it means:"
        }
        WitnessVerdict::LeftToAPerson => "only a person can say what to write instead",
        WitnessVerdict::WorksWithout => "without it, onx sees nothing that breaks",
        WitnessVerdict::NotTried => "not tried: the bundle does not hold both versions",
    };
    out.push_str(&format!("  {verdict}\n"));
    if let Some(after) = &witness.after {
        out.push_str(&indented(after));
    }
    for problem in &witness.left {
        out.push_str(&format!("  still: {problem}\n"));
    }
    out
}

fn indented(text: &str) -> String {
    let line = |line: &str| format!("    {line}").trim_end().to_owned() + "\n";
    text.lines().map(line).collect()
}

fn next(id: &OperationId, operation: &Operation, loaded: &LoadedManifest) -> String {
    let mut out = String::new();
    if !operation.dependencies.is_empty() {
        let ids: Vec<_> = operation.dependencies.iter().map(ToString::to_string).collect();
        out.push_str(&format!("\nafter: {}\n", ids.join(", ")));
    }
    if operation.confidence.overall < 0.9 && operation.evidence.detection != "manual" {
        out.push_str(&format!(
            "\nto decide {id} yourself: onx-manifest review {}\n",
            loaded.path.display()
        ));
    }
    out
}
