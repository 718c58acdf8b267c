//! `apply`.

use std::path::{Path, PathBuf};

use code_line::apply::{
    ApplicationReport, ApplicationStatus, Applied, ApplyOptions, ApplyWork, EditTrust,
    RewriteWishes, SandboxReport, preview,
};
use code_line::publish::entry_name;
use code_line::work::{CodeAnswer, CodeWork};
use code_line::{Error, ErrorCode};

use super::attempts::Done;
use super::{Context, attempts, registry};
use crate::Answer;
use crate::arguments::ApplyArguments;
use crate::progress::ProgressLine;
use crate::words::{Lines, amount};

/// Operations that are less sure are not applied unless the user says so.
pub(super) const DEFAULT_THRESHOLD: f64 = 0.7;

/// How many lines of a list are printed before the report is pointed to.
pub(super) const SHOWN: usize = 20;

pub(crate) fn apply(context: &Context<'_>, arguments: &ApplyArguments) -> Result<Answer, Error> {
    let settings = &context.settings.apply;
    let named_manifest = registry::manifest(context, &arguments.manifest, &arguments.registry)?;
    let options = ApplyOptions {
        manifest: named_manifest.path,
        target: arguments.target.clone(),
        dry_run: arguments.dry_run,
        auto_apply_threshold: arguments
            .auto_apply_threshold
            .or(settings.auto_apply_threshold)
            .unwrap_or(DEFAULT_THRESHOLD),
        untyped: arguments.untyped || settings.untyped,
        allow_unsigned: arguments.allow_unsigned,
        expired: named_manifest.expired,
        allow_dirty: arguments.allow_dirty,
        keep_requirement: arguments.keep_requirement,
        checkpoint: arguments
            .checkpoint
            .as_ref()
            .map(|path| context.world.environment.absolute(path)),
        exclude: settings.exclude.iter().chain(&arguments.exclude).cloned().collect(),
        wishes: RewriteWishes {
            assume_unique: arguments.assume_unique,
            simplify_guards: arguments.simplify_guards,
            todo_comments: arguments.todo_comments,
            site_packages: arguments.site_packages.clone(),
        },
    };
    let to_stdout = arguments.diff_output.as_deref().is_some_and(|path| path.as_os_str() == "-");
    if to_stdout && context.output.is_json() {
        let message = "--diff-output - and --json both ask for standard output";
        return Err(Error::user(ErrorCode::UsageError, message).hint("name a file for the patch"));
    }
    let patch = arguments.diff_output.clone().filter(|_| !to_stdout);
    let (applied, unlogged) = if options.dry_run {
        (previewed(context, &options, arguments, patch.as_deref())?, None)
    } else {
        let work = CodeWork::Apply(ApplyWork {
            named: named(&arguments.manifest),
            registry: asked_again(context, arguments),
            options,
            report: arguments.report.clone(),
            patch,
            working_folder: context.world.environment.working_folder().to_owned(),
        });
        if arguments.queue {
            return attempts::enqueue(context, &arguments.store, &work);
        }
        let Done { answer, unlogged } = attempts::carry_out(context, &arguments.store, &work)?;
        match answer {
            CodeAnswer::Applied(applied) => (applied, unlogged),
            CodeAnswer::Generated(_) => return Err(Error::internal("edits were asked for")),
        }
    };
    if to_stdout {
        context.output.bytes(&applied.patch)?;
    }
    say(context, &applied, to_stdout)?;
    let report = &applied.report;
    let left = !report.remaining.is_empty() || !report.failures.is_empty();
    let said = if left && arguments.fail_on_remaining { Answer::No } else { Answer::Yes };
    unlogged.map_or(Ok(said), Err)
}

/// The registry that a worker asks again for the manifest, where it may ask any.
fn asked_again(context: &Context<'_>, arguments: &ApplyArguments) -> Option<PathBuf> {
    let is_asked = arguments.queue && !arguments.registry.offline;
    let is_named = entry_name(&arguments.manifest).is_some();
    (is_asked && is_named).then(|| registry::folder(context, &arguments.registry))
}

/// The name of a manifest that is one in a registry.
fn named(manifest: &Path) -> Option<String> {
    entry_name(manifest)?.ok().map(|name| name.to_string())
}

/// Works out what would be written; what the user asked to see of it is written where they said.
fn previewed(
    context: &Context<'_>,
    options: &ApplyOptions,
    arguments: &ApplyArguments,
    patch: Option<&Path>,
) -> Result<Applied, Error> {
    let line = ProgressLine::new(*context.output);
    let mut applied = preview(options, &context.world, &line, &context.timings)?;
    drop(line);
    if let Some(path) = patch {
        context.write_file(path, &applied.patch)?;
        applied.report.changes.patch_file = Some(path.display().to_string());
    }
    if let Some(path) = &arguments.report {
        let mut bytes = serde_json::to_vec_pretty(&applied.report)
            .map_err(|error| Error::internal("the report has no JSON form").caused_by(error))?;
        bytes.push(b'\n');
        context.write_file(path, &bytes)?;
        applied.report_file = Some(path.clone());
    }
    Ok(applied)
}

/// Prints what was done, as a note where the result is the patch.
pub(super) fn say(
    context: &Context<'_>,
    applied: &Applied,
    as_note: bool,
) -> Result<Answer, Error> {
    let Applied { report, recovered, report_file, .. } = applied;
    if *recovered {
        context.output.note("an earlier change had been interrupted and was brought to its end\n");
    }
    let place = report_file.as_ref().map(|path| path.display().to_string());
    if context.output.is_json() {
        context.output.json(report)?;
    } else if as_note {
        context.output.note(&apply_text(report, place.as_deref()));
    } else {
        context.output.result(&apply_text(report, place.as_deref()))?;
    }
    Ok(Answer::Yes)
}

fn apply_text(report: &ApplicationReport, place: Option<&str>) -> String {
    let mut out = format!(
        "{} {} → {} in {}\n",
        report.library, report.from_version, report.to_version, report.target
    );
    let changes = &report.changes;
    let did = match report.status {
        ApplicationStatus::DryRun => "would be edited",
        _ => "edited",
    };
    let mut lines = Lines::default();
    let mut row = |what: &str, text: String| lines.push([format!("  {what}"), text]);
    let (trust, digest) = (report.signature.words(), report.manifest_digest.short());
    row("manifest", format!("{trust}, {digest}"));
    if let Some(sandbox) = &report.sandbox {
        row("sandbox", sandbox_words(sandbox));
    }
    if changes.files_modified == 0 {
        row("edits", "nothing had to be edited".to_owned());
    } else {
        let files = amount(changes.files_modified, "file", "files");
        let edits = amount(report.edits.len() as u32, "edit", "edits");
        let (added, removed) = (changes.lines_added, changes.lines_removed);
        row("edits", format!("{files} {did}: {edits}, +{added} −{removed} lines"));
    }
    for (what, text) in trust_words(report) {
        row(what, text);
    }
    if report.already_right > 0 {
        let right = amount(report.already_right, "reference", "references");
        row("right", format!("{right} needed no edit"));
    }
    let summary = &report.summary;
    let skipped = match summary.operations_skipped {
        0 => String::new(),
        n => format!(", {n} left out"),
    };
    let failed = match summary.operations_failed {
        0 => String::new(),
        n => format!(", {n} not everywhere"),
    };
    let attempted = amount(summary.operations_attempted, "operation", "operations");
    row("operations", format!("{attempted} looked for{failed}{skipped}"));
    if report.checked {
        row("left", left_words(report));
    }
    out.push_str(&lines.finish());
    list(&mut out, &report.remaining);
    list(&mut out, &report.findings);
    for failure in report.failures.iter().take(SHOWN) {
        out.push_str(&format!("  {}: {}\n", failure.operation_id, failure.reason));
    }
    say_hidden(&mut out, report.failures.len());
    if let Some(path) = &changes.patch_file {
        out.push_str(&format!("patch       {path}\n"));
    }
    if let Some(path) = place {
        out.push_str(&format!("report      {path}\n"));
    }
    if let Some(checkpoint) = &report.checkpoint {
        out.push_str(&format!("checkpoint  {}\n", checkpoint.path));
        out.push_str(&format!("undo        onx-migrate rollback --package {}\n", report.target));
    }
    out
}

/// What does not resolve in the new version, and of how much nobody can tell.
fn left_words(report: &ApplicationReport) -> String {
    let undecided = amount(report.undecided, "place", "places");
    match (report.remaining.len() as u32, report.undecided) {
        (0, 0) => "every reference resolves in the new version".to_owned(),
        (0, _) => {
            format!("what can be told resolves in the new version; {undecided} cannot be told")
        }
        (n, 0) => format!("{} for you, listed below", amount(n, "place", "places")),
        (n, _) => {
            let places = amount(n, "place", "places");
            format!("{places} for you, listed below; {undecided} cannot be told")
        }
    }
}

/// How many edits rest on a name alone, and how many are only shown.
fn trust_words(report: &ApplicationReport) -> Vec<(&'static str, String)> {
    let mut words = Vec::new();
    let assumed = report.edits.iter().filter(|edit| edit.trust == EditTrust::Assumed).count();
    if assumed > 0 {
        words.push(("assumed", format!("{assumed} of them by names that nothing else has")));
    }
    if !report.proposed.is_empty() {
        let places = amount(report.proposed.len() as u32, "place", "places");
        words.push(("proposed", format!("{places} in text, not edited; the report has them")));
    }
    words
}

/// The level that was reached, and what was missing.
pub(super) fn sandbox_words(sandbox: &SandboxReport) -> String {
    let missing: Vec<String> =
        sandbox.missing.iter().map(|(layer, why)| format!("no {layer} ({why})")).collect();
    match missing.as_slice() {
        [] => sandbox.level.clone(),
        missing => format!("{}: {}", sandbox.level, missing.join(", ")),
    }
}

pub(super) fn list(out: &mut String, findings: &[artifact::Finding]) {
    for finding in findings.iter().take(SHOWN) {
        let place = match (&finding.file, finding.line) {
            (Some(file), Some(line)) => format!("{file}:{line}: "),
            (Some(file), None) => format!("{file}: "),
            _ => String::new(),
        };
        out.push_str(&format!("  {place}{} [{}]\n", finding.message, finding.code));
    }
    say_hidden(out, findings.len());
}

fn say_hidden(out: &mut String, count: usize) {
    if count > SHOWN {
        out.push_str(&format!("  and {} more, in the report\n", count - SHOWN));
    }
}
