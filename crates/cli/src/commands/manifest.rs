//! The commands that read a manifest, and those that compare two versions without writing.

use artifact::Finding;
use code_line::Error;
use code_line::bundle::{LoadedManifest, load_manifest};
use code_line::compare::{CompareRequest, compare};
use code_line::diff::{DiffAnswer, github_annotations, sarif, sentence};
use code_line::docs::{migration_guide, release_notes};
use code_line::semver::{SemverAnswer, semver as compare_bump};
use code_line::verify::{VerifyAnswer, VerifyRequest, verify as check_manifest};
use code_model::report::{AcknowledgedBreakage, Bump};

use super::Context;
use super::generate::{selection, snapshot_config};
use crate::Answer;
use crate::arguments::{
    AcknowledgedArguments, CoreArguments, DiffArguments, DiffFormat, DocsArguments, DocsKind,
    SemverArguments, SnapshotArguments, VerifyArguments,
};
use crate::progress::ProgressLine;
use crate::words::amount;

pub(crate) fn diff(context: &Context<'_>, arguments: &DiffArguments) -> Result<Answer, Error> {
    let acknowledged = &arguments.acknowledged;
    let declared = arguments.declared.as_deref();
    let answer = compared(context, &arguments.core, &arguments.snapshot, acknowledged, declared)?;
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
    acknowledged: &AcknowledgedArguments,
    declared: Option<&str>,
) -> Result<DiffAnswer, Error> {
    let request = CompareRequest {
        core: selection(core, false),
        config: snapshot_config(context, snapshot),
        rules: context.rules(None),
        acknowledge: (!acknowledged.no_acknowledge).then(|| context.settings.acknowledge.clone()),
        declared: declared.map(str::to_owned),
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
    out.push_str(&acknowledged_text(&answer.acknowledged, &answer.findings));
    let breaking = answer.breaking().count() as u32;
    let title = format!("{} {} → {}", answer.library, answer.from_version, answer.to_version);
    out.push_str(&match breaking {
        0 => format!("{title}: nothing breaks"),
        n => format!("{title}: {}", amount(n, "breaking change", "breaking changes")),
    });
    let acknowledged = answer.acknowledged.len() as u32;
    if acknowledged > 0 {
        let changes = amount(acknowledged, "change", "changes");
        out.push_str(&format!(", {changes} acknowledged"));
    }
    out.push('\n');
    out
}

/// What is intended, with the reason, and what is wrong with what says so.
fn acknowledged_text(acknowledged: &[AcknowledgedBreakage], findings: &[Finding]) -> String {
    let mut out = String::new();
    for AcknowledgedBreakage { breakage, reason, path, version, written_in } in acknowledged {
        let place = format!("{}:{}", breakage.file, breakage.line);
        out.push_str(&format!(
            "{place}: acknowledged: {} [{}]\n    {reason} (`{path}` for {version}, {written_in})\n",
            sentence(breakage),
            breakage.code
        ));
    }
    for finding in findings {
        out.push_str(&format!("warning: {} [{}]\n", finding.message, finding.code));
    }
    out
}

pub(crate) fn semver(context: &Context<'_>, arguments: &SemverArguments) -> Result<Answer, Error> {
    let acknowledged = &arguments.acknowledged;
    let declared = arguments.declared.as_deref();
    let diff = compared(context, &arguments.core, &arguments.snapshot, acknowledged, declared)?;
    let declared = declared.unwrap_or(&diff.to_version);
    let answer = compare_bump(&diff.from_version, declared, diff.demanded, diff.breakages)?;
    let answer =
        SemverAnswer { acknowledged: diff.acknowledged, findings: diff.findings, ..answer };
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
    out.push_str(&acknowledged_text(&answer.acknowledged, &answer.findings));
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

pub(crate) fn verify(context: &Context<'_>, arguments: &VerifyArguments) -> Result<Answer, Error> {
    let scratch = context.scratch("verify");
    let request = VerifyRequest {
        manifest: arguments.manifest.clone(),
        allow_unsigned: arguments.allow_unsigned,
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
        "{} {}, {operations}, {}: {verdict}\n",
        answer.manifest,
        answer.digest.short(),
        answer.signature.words()
    ));
    out
}
