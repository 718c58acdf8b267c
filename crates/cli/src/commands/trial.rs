//! `onx-migrate verify`.

use code_line::Error;
use code_line::apply::{ApplyOptions, RewriteWishes};
use code_line::trial::{
    TestOutcome, Trial, TrialEnding, TrialOptions, TrialReport, try_migration as run_trials,
};
use ledger::Event;

use super::Context;
use super::apply::{DEFAULT_THRESHOLD, SHOWN, list, sandbox_words};
use super::audit::{line, note, unlogged};
use crate::Answer;
use crate::arguments::TrialArguments;
use crate::progress::ProgressLine;
use crate::words::{Lines, amount};

pub(crate) fn try_migration(
    context: &Context<'_>,
    arguments: &TrialArguments,
) -> Result<Answer, Error> {
    let progress = ProgressLine::new(*context.output);
    let options = options(context, arguments);
    let report = run_trials(&options, &context.world, &progress, &context.timings)?;
    drop(progress);
    if let Some(path) = &arguments.report {
        let mut bytes = serde_json::to_vec_pretty(&report)
            .map_err(|error| Error::internal("the report has no JSON form").caused_by(error))?;
        bytes.push(b'\n');
        context.write_file(path, &bytes)?;
    }
    if context.output.is_json() {
        context.output.json(&report)?;
    } else {
        context.output.result(&report_text(&report))?;
    }
    if !report.signature.is_signed() {
        note(context, None, |_| {
            let subject = report.manifest_digest;
            Ok(Event::UnsignedWorkAllowed { operation: line("verify")?, subject })
        })
        .map_err(|error| unlogged(error, "the tests were run"))?;
    }
    Ok(if report.verified { Answer::Yes } else { Answer::No })
}

fn options(context: &Context<'_>, arguments: &TrialArguments) -> TrialOptions {
    let (defaults, apply) = (&context.settings.verify, &context.settings.apply);
    let threshold = arguments.auto_apply_threshold.or(apply.auto_apply_threshold);
    TrialOptions {
        migration: ApplyOptions {
            manifest: arguments.manifest.clone(),
            target: arguments.target.clone(),
            dry_run: true,
            auto_apply_threshold: threshold.unwrap_or(DEFAULT_THRESHOLD),
            untyped: arguments.untyped || apply.untyped,
            allow_unsigned: arguments.allow_unsigned,
            expired: Vec::new(),
            allow_dirty: true,
            keep_requirement: false,
            checkpoint: None,
            exclude: apply.exclude.iter().chain(&arguments.exclude).cloned().collect(),
            wishes: RewriteWishes::default(),
        },
        python: arguments.python.clone(),
        runner: arguments.tests.map(Into::into),
        test_arguments: arguments.test_arguments.clone(),
        requirements: arguments.require.clone(),
        requirements_before: arguments.require_before.clone(),
        requirements_after: arguments.require_after.clone(),
        core_before: arguments.core_before.clone(),
        core_after: arguments.core_after.clone(),
        without: arguments.without.clone(),
        environment: arguments.env.iter().cloned().collect(),
        extras: arguments.extra.clone(),
        allow_source: arguments.allow_source,
        no_coverage: arguments.no_coverage,
        unmigrated: arguments.unmigrated,
        level: arguments.sandbox.map_or(defaults.sandbox, Into::into),
        timeout_seconds: arguments.timeout.unwrap_or(defaults.timeout_seconds),
        memory_mib: arguments.memory.unwrap_or(defaults.memory_mib),
    }
}

fn report_text(report: &TrialReport) -> String {
    let TrialReport { library, before, after, target, .. } = report;
    let mut out = format!("{library} {} → {} in {target}\n", before.version, after.version);
    let mut lines = Lines::default();
    lines.push(["  tests".to_owned(), format!("{}, Python {}", report.runner, report.python)]);
    lines.push(["  sandbox".to_owned(), sandbox_words(&report.sandbox)]);
    out.push_str(&lines.finish());
    let mut lines = Lines::default();
    let mut row = |name: &str, trial: &Trial| {
        let with = format!("with {library} {}", trial.version);
        lines.push([format!("  {name}"), with, counts(trial), coverage(trial)]);
    };
    row("before", before);
    if let Some(unmigrated) = &report.unmigrated {
        row("unmigrated", unmigrated);
    }
    row("after", after);
    out.push_str(&lines.finish());
    for changed in report.changed.iter().take(SHOWN) {
        let word = |outcome: Option<TestOutcome>| outcome.map_or("not there", TestOutcome::word);
        let (old, new) = (word(changed.before), word(changed.after));
        out.push_str(&format!("  {}: {old} → {new}\n", changed.test));
    }
    if report.changed.len() > SHOWN {
        out.push_str(&format!("  and {} more, in the report\n", report.changed.len() - SHOWN));
    }
    list(&mut out, &report.findings);
    if report.verified {
        out.push_str("verified   every test that passed before passes after\n");
    } else {
        out.push_str(&format!("not verified   {}\n", report.reasons.join("; ")));
        out.push_str(&last_words(report));
    }
    out
}

fn counts(trial: &Trial) -> String {
    let mut parts: Vec<String> = match trial.ending {
        TrialEnding::Ended => Vec::new(),
        TrialEnding::TimedOut => vec!["ran out of time".to_owned()],
        TrialEnding::Killed => vec!["killed".to_owned()],
    };
    for outcome in [
        TestOutcome::Passed,
        TestOutcome::Failed,
        TestOutcome::Error,
        TestOutcome::Skipped,
        TestOutcome::ExpectedFailure,
        TestOutcome::UnexpectedPass,
    ] {
        match trial.count(outcome) as u32 {
            0 => {}
            n if outcome == TestOutcome::Error => parts.push(amount(n, "error", "errors")),
            n => parts.push(format!("{n} {}", outcome.word())),
        }
    }
    if parts.is_empty() {
        parts.push(format!("no tests, exit code {}", trial.exit_code));
    }
    parts.join(", ")
}

fn coverage(trial: &Trial) -> String {
    trial.coverage_percent.map(|it| format!("covers {it:.1} %")).unwrap_or_default()
}

/// The end of what the runner said where it went wrong, for whoever looks into it.
fn last_words(report: &TrialReport) -> String {
    const LINES: usize = 12;
    let trial = if report.before.good() == 0 { &report.before } else { &report.after };
    let from = trial.last_lines.len().saturating_sub(LINES);
    let lines = trial.last_lines[from..].iter();
    lines.map(|line| format!("  | {line}\n")).collect()
}
