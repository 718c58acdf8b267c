//! The commands that read a manifest: `docs`, `explain`, and those that compare two versions
//! without writing.

use std::path::Path;

use code_line::bundle::{LoadedManifest, load_manifest};
use code_line::compare::{CompareRequest, compare};
use code_line::diff::{DiffAnswer, github_annotations, sarif, sentence};
use code_line::docs::{migration_guide, release_notes};
use code_line::semver::{SemverAnswer, semver as compare_bump};
use code_line::verify::{VerifyAnswer, VerifyRequest, verify as check_manifest};
use code_line::{Error, ErrorCode};
use code_model::operation::Operation;
use code_model::report::Bump;

use super::Context;
use super::generate::{selection, snapshot_config};
use crate::Answer;
use crate::arguments::{
    CoreArguments, DiffArguments, DiffFormat, DocsArguments, DocsKind, ExplainArguments,
    SemverArguments, SnapshotArguments, VerifyArguments,
};
use crate::progress::ProgressLine;
use crate::words::amount;

pub(crate) fn diff(context: &Context<'_>, arguments: &DiffArguments) -> Result<Answer, Error> {
    let answer = compared(context, &arguments.core, &arguments.snapshot)?;
    let output = context.output;
    let format = if output.is_json() { DiffFormat::Json } else { arguments.format };
    match format {
        DiffFormat::Text => output.result(&diff_text(&answer))?,
        DiffFormat::Json => output.json(&answer)?,
        DiffFormat::Sarif => output.json(&sarif(&answer))?,
        DiffFormat::Github => output.result(&github_annotations(&answer))?,
    }
    Ok(if answer.breaking { Answer::No } else { Answer::Yes })
}

fn compared(
    context: &Context<'_>,
    core: &CoreArguments,
    snapshot: &SnapshotArguments,
) -> Result<DiffAnswer, Error> {
    let request = CompareRequest {
        core: selection(core, false),
        config: snapshot_config(context, snapshot),
        rules: context.rules(None),
    };
    let line = ProgressLine::new(*context.output);
    compare(request, &context.world, &line, &context.timings)
}

fn diff_text(answer: &DiffAnswer) -> String {
    let mut out = String::new();
    for breakage in &answer.breakages {
        let level = if breakage.bump == Bump::Major { "breaks" } else { "note" };
        let place = format!("{}:{}", breakage.file, breakage.line);
        out.push_str(&format!("{place}: {level}: {} [{}]\n", sentence(breakage), breakage.code));
    }
    let breaking = answer.breaking().count() as u32;
    let title = format!("{} {} → {}", answer.library, answer.from_version, answer.to_version);
    out.push_str(&match breaking {
        0 => format!("{title}: nothing breaks\n"),
        n => format!("{title}: {}\n", amount(n, "breaking change", "breaking changes")),
    });
    out
}

pub(crate) fn semver(context: &Context<'_>, arguments: &SemverArguments) -> Result<Answer, Error> {
    let diff = compared(context, &arguments.core, &arguments.snapshot)?;
    let declared = arguments.declared.as_deref().unwrap_or(&diff.to_version);
    let answer = compare_bump(&diff.from_version, declared, diff.demanded, diff.breakages)?;
    if context.output.is_json() {
        context.output.json(&answer)?;
    } else {
        context.output.result(&semver_text(&answer))?;
    }
    Ok(if answer.sufficient { Answer::Yes } else { Answer::No })
}

fn semver_text(answer: &SemverAnswer) -> String {
    let verdict = if answer.sufficient { "large enough" } else { "too small" };
    let mut out = format!(
        "{} → {} is a {} bump; the changes demand a {} one: {verdict}\n",
        answer.from_version,
        answer.to_version,
        bump(answer.made),
        bump(answer.demanded),
    );
    if answer.before_one && answer.demanded == Bump::Major {
        out.push_str("before 1.0 a minor bump may break\n");
    }
    if !answer.sufficient {
        let worst = answer.breakages.iter().filter(|b| b.bump == answer.demanded);
        for breakage in worst.take(10) {
            out.push_str(&format!(
                "  {}:{}: {}\n",
                breakage.file,
                breakage.line,
                sentence(breakage)
            ));
        }
    }
    out
}

fn bump(bump: Bump) -> &'static str {
    match bump {
        Bump::Patch => "patch",
        Bump::Minor => "minor",
        Bump::Major => "major",
    }
}

pub(crate) fn docs(context: &Context<'_>, arguments: &DocsArguments) -> Result<Answer, Error> {
    let LoadedManifest { manifest, report, .. } =
        load_manifest(&context.world, &arguments.manifest)?;
    let text = match arguments.kind {
        DocsKind::Guide => migration_guide(&manifest, report.as_ref()),
        DocsKind::ReleaseNotes => release_notes(&manifest, report.as_ref()),
    };
    match &arguments.output {
        Some(path) => context.write_file(path, text.as_bytes())?,
        None if context.output.is_json() => {
            context.output.json(&serde_json::json!({"markdown": text}))?;
        }
        None => context.output.result(&text)?,
    }
    Ok(Answer::Yes)
}

pub(crate) fn explain(
    context: &Context<'_>,
    arguments: &ExplainArguments,
) -> Result<Answer, Error> {
    let loaded = load_manifest(&context.world, &arguments.manifest)?;
    let operation = find(&loaded, &arguments.operation, &arguments.manifest)?;
    if context.output.is_json() {
        context.output.json(operation)?;
    } else {
        context.output.result(&explanation(operation))?;
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

fn explanation(operation: &Operation) -> String {
    let mut out = format!("{}  {}  {}\n", operation.id, operation.change.kind(), operation.change);
    let confidence = &operation.confidence;
    let raw = confidence.raw.map_or(String::new(), |raw| format!(", raw score {raw:.2}"));
    out.push_str(&format!(
        "  right with a probability of {:.2}{raw}: {}\n",
        confidence.overall,
        serde_json::to_value(confidence.recommendation)
            .ok()
            .and_then(|word| word.as_str().map(|word| word.replace('_', " ")))
            .unwrap_or_default(),
    ));
    let breaks = if operation.metadata.breaking { "breaks" } else { "does not break" };
    out.push_str(&format!("  a dependent that does nothing {breaks}\n"));
    if let Some(note) = &operation.metadata.note {
        out.push_str(&format!("  {note}\n"));
    }
    out.push_str(&format!("evidence: {}\n", operation.evidence.method));
    for (factor, value) in &confidence.factors {
        out.push_str(&format!("  {factor:<20} {value:.2}\n"));
    }
    if let Some(found) = operation.evidence.callsites_found {
        out.push_str(&format!("  {}\n", amount(found, "call site seen", "call sites seen")));
    }
    for witness in &operation.evidence.witnesses {
        out.push_str(&format!(
            "  {}:{} ({}, {}): {}\n",
            witness.file, witness.line, witness.version, witness.kind, witness.text
        ));
    }
    if !operation.evidence.candidates.is_empty() {
        out.push_str("other candidates:\n");
        for candidate in &operation.evidence.candidates {
            out.push_str(&format!("  {:.2}  {}\n", candidate.score, candidate.name));
        }
    }
    if !operation.dependencies.is_empty() {
        let ids: Vec<_> = operation.dependencies.iter().map(ToString::to_string).collect();
        out.push_str(&format!("after: {}\n", ids.join(", ")));
    }
    out
}

pub(crate) fn verify(context: &Context<'_>, arguments: &VerifyArguments) -> Result<Answer, Error> {
    let scratch = context.scratch("verify");
    let request = VerifyRequest {
        manifest: arguments.manifest.clone(),
        regenerate: arguments.regenerate,
        core: arguments.core_path.clone(),
        scratch: scratch.clone(),
        rules: context.rules(None),
    };
    let line = ProgressLine::new(*context.output);
    let answer = check_manifest(&request, &context.world, &line, &context.timings);
    drop(line);
    if arguments.regenerate {
        context.discard(&scratch);
    }
    let answer = answer?;
    if context.output.is_json() {
        context.output.json(&answer)?;
    } else {
        context.output.result(&verify_text(&answer))?;
    }
    Ok(if answer.verified { Answer::Yes } else { Answer::No })
}

fn verify_text(answer: &VerifyAnswer) -> String {
    let mut out = String::new();
    for check in &answer.checks {
        let mark = if check.passed { "ok    " } else { "FAILED" };
        out.push_str(&format!("{mark}  {}: {}\n", check.name, check.detail));
    }
    let verdict = if answer.verified { "is what it says" } else { "is not what it says" };
    let operations = amount(answer.operations, "operation", "operations");
    out.push_str(&format!(
        "{} {}, {operations}, unsigned: {verdict}\n",
        answer.manifest,
        answer.digest.short()
    ));
    out
}
