//! `generate`.

use code_line::Error;
use code_line::generate::{
    DependentVerification, GenerateAnswer, GenerateRequest, VerificationReport, VerificationStatus,
};
use code_line::snapshot::SnapshotConfig;
use code_line::versions::CoreSelection;
use code_line::work::{CodeAnswer, CodeWork, GenerateWork};

use super::{Context, attempts, registry};
use crate::Answer;
use crate::arguments::{CoreArguments, GenerateArguments, SnapshotArguments};
use crate::words::{Lines, amount, count, duration};

pub(crate) fn generate(
    context: &Context<'_>,
    arguments: &GenerateArguments,
) -> Result<Answer, Error> {
    let request = request(context, arguments);
    let working_folder = context.world.environment.working_folder().to_owned();
    let work = CodeWork::Generate(GenerateWork { request, working_folder });
    if arguments.queue {
        return attempts::enqueue(context, &arguments.store, &work);
    }
    let done = attempts::carry_out(context, &arguments.store, &work)?;
    let said = match &done.answer {
        CodeAnswer::Generated(answer) => say(context, answer)?,
        CodeAnswer::Applied(_) => return Err(Error::internal("a manifest was asked for")),
    };
    done.unlogged.map_or(Ok(said), Err)
}

/// Prints what came out of it.
pub(super) fn say(context: &Context<'_>, answer: &GenerateAnswer) -> Result<Answer, Error> {
    if context.output.is_json() {
        context.output.json(answer)?;
    } else {
        context.output.result(&summary(answer))?;
    }
    expect_published(answer)?;
    let failed = answer.verification.as_ref().is_some_and(|verification| !verification.passed);
    Ok(if failed { Answer::No } else { Answer::Yes })
}

/// Refuses an answer that was to be published and is not, after it was said.
pub(super) fn expect_published(answer: &GenerateAnswer) -> Result<(), Error> {
    let Some(report) = &answer.unpublished else { return Ok(()) };
    let stands = format!("the manifest is made, and stands: {}", answer.manifest_uri);
    Err(Error::from(report.clone()).detail(stands))
}

fn request(context: &Context<'_>, arguments: &GenerateArguments) -> GenerateRequest {
    let config = snapshot_config(context, &arguments.snapshot);
    GenerateRequest {
        core: selection(&arguments.core, config.file_times),
        out: arguments.out.clone(),
        config,
        rules: context.rules(arguments.confidence_threshold),
        previews: arguments.preview.clone(),
        corpus: arguments.verify_corpus.clone(),
        publish: arguments.publish.then(|| registry::publication(context, &arguments.publication)),
        acknowledge: context.settings.acknowledge.clone(),
    }
}

pub(super) fn selection(arguments: &CoreArguments, file_times: bool) -> CoreSelection {
    CoreSelection {
        core: arguments.core_path.clone(),
        from: arguments.from.clone(),
        to: arguments.to.clone(),
        with_from: arguments.with_from.clone(),
        with_to: arguments.with_to.clone(),
        labels: None,
        file_times,
    }
}

pub(super) fn snapshot_config(
    context: &Context<'_>,
    arguments: &SnapshotArguments,
) -> SnapshotConfig {
    let defaults = &context.settings.generate;
    SnapshotConfig {
        include_tests: !(arguments.no_tests || defaults.no_tests),
        include_docs: !(arguments.no_docs || defaults.no_docs),
        cache_enabled: !arguments.no_cache,
        exclude: defaults.exclude.iter().chain(&arguments.exclude).cloned().collect(),
        chunk_size: arguments.chunk_size,
        file_times: arguments.file_times || defaults.file_times,
    }
}

/// The end of `generate`: what changed, what can be done about it, and where everything is.
fn summary(answer: &GenerateAnswer) -> String {
    let numbers = &answer.summary;
    let accounting = &answer.accounting;
    let title = format!("{} {} → {}", answer.library, answer.from_version, answer.to_version);
    let seen = format!(
        "{}, {} gone, {}",
        amount(numbers.symbols, "symbol", "symbols"),
        amount(accounting.gone, "public path", "public paths"),
        amount(numbers.findings, "finding", "findings"),
    );
    let mut lines = Lines::default();
    lines.push([title, seen, duration(answer.processing_time_ms)]);
    let mut out = lines.finish();
    let mut table = Lines::default();
    let mut row = |what: &str, operations: u32, say: String, paths: u32| {
        if operations > 0 || paths > 0 {
            let operations = if operations > 0 { count(operations) } else { String::new() };
            let covers = if paths > 0 {
                format!("cover {}", amount(paths, "path", "paths"))
            } else {
                String::new()
            };
            table.push([format!("  {what}"), operations, say, covers]);
        }
    };
    row("apply", numbers.operations_auto, kinds(answer), accounting.covered_auto);
    let warned = numbers.operations_with_warning;
    row("with warning", warned, String::new(), accounting.covered_with_warning);
    let folder = answer.manifest_uri.trim_end_matches("manifest.yaml").trim_end_matches('/');
    let say = format!("onx-manifest review {folder}");
    row("review", numbers.operations_review, say, accounting.covered_review);
    for (what, paths, say) in [
        ("ambiguous", accounting.ambiguous, "several successors are possible: review lists them"),
        ("no successor", accounting.without_successor, "listed by onx-manifest docs"),
        ("unseen", accounting.unseen, "cannot be seen without running the code: report.json"),
    ] {
        if paths > 0 {
            let paths = count(paths);
            table.push([format!("  {what}"), paths, say.to_owned(), String::new()]);
        }
    }
    out.push_str(&table.finish());
    let unchanged = if answer.unchanged { ", unchanged" } else { "" };
    let state = format!("{}{unchanged}", answer.signature.words());
    let mut end = Lines::default();
    let digest = answer.manifest_digest.short();
    end.push(["manifest".to_owned(), answer.manifest_uri.clone(), digest, state]);
    out.push_str(&end.finish());
    if let Some(verification) = &answer.verification {
        out.push_str(&verified(verification));
    }
    if let Some(uri) = &answer.published_uri {
        out.push_str(&format!("published {uri}\n"));
    }
    if numbers.operations_total > 0 {
        let folder = answer.published_uri.as_deref().unwrap_or(folder);
        out.push_str(&format!(
            "next      onx-migrate apply --manifest {folder} --target ./your_package --dry-run\n"
        ));
    }
    out
}

/// What the manifest does to the dependents that were named.
fn verified(report: &VerificationReport) -> String {
    let numbers = &report.summary;
    let mut out = format!(
        "verified  {}: {} pass, {} need nothing, {} fail, {} cannot be read\n",
        amount(numbers.dependents, "dependent", "dependents"),
        count(numbers.passed),
        count(numbers.unchanged),
        count(numbers.failed),
        count(numbers.errors),
    );
    let mut table = Lines::default();
    for row in &report.dependents {
        let (status, why) = match row.status {
            VerificationStatus::Passed => ("pass", String::new()),
            VerificationStatus::Unchanged => ("nothing", String::new()),
            VerificationStatus::Failed => ("fail", first_problem(row)),
            VerificationStatus::Error => {
                ("error", row.error.as_ref().map(|e| e.message.clone()).unwrap_or_default())
            }
        };
        let changes = &row.changes;
        let edited = if changes.files_modified > 0 {
            let files = amount(changes.files_modified, "file", "files");
            format!("{files}, +{} −{}", changes.lines_added, changes.lines_removed)
        } else {
            String::new()
        };
        table.push([format!("  {}", row.dependent), status.to_owned(), edited, why]);
    }
    out.push_str(&table.finish());
    out
}

/// How much of a dependent does not fit, and the first place.
fn first_problem(row: &DependentVerification) -> String {
    let places = row.remaining.len() as u32;
    if let Some(first) = row.remaining.first() {
        let file = first.file.as_ref().map(ToString::to_string).unwrap_or_default();
        let line = first.line.map(|line| format!(":{line}")).unwrap_or_default();
        let places = amount(places, "place does not fit", "places do not fit");
        return format!("{places}: {file}{line}: {}", first.message);
    }
    let operations = amount(row.failures.len() as u32, "operation", "operations");
    let first = row.failures.first();
    let reason = first.map(|f| format!(": {}, {}", f.operation_id, f.reason)).unwrap_or_default();
    format!("{operations} not applied everywhere{reason}")
}

/// What the sure operations are, in few words.
fn kinds(answer: &GenerateAnswer) -> String {
    let groups = [
        ("rename", "renames", ["rename.symbol", "rename.callable", "rename.attribute"].as_slice()),
        (
            "argument",
            "arguments",
            &[
                "arg.rename",
                "arg.add_default",
                "arg.add_required",
                "arg.remove",
                "arg.reorder",
                "arg.keyword_only",
            ],
        ),
        ("move", "moves", &["rename.import", "move.file"]),
        ("rewritten call", "rewritten calls", &["call.rewrite"]),
        ("key", "keys", &["config.key_rename"]),
        ("removal", "removals", &["symbol.remove"]),
    ];
    let words = groups.into_iter().filter_map(|(one, many, kinds)| {
        let by_kind = &answer.summary.auto_by_kind;
        let total: u32 = kinds.iter().filter_map(|kind| by_kind.get(*kind)).sum();
        (total > 0).then(|| amount(total, one, many))
    });
    words.collect::<Vec<_>>().join(", ")
}
