//! `rollback`, `status` and `history`.

use artifact::Timestamp;
use code_line::Error;
use code_line::application::{ApplicationKind, ApplicationOutcome, ApplicationRecord};
use code_line::records::{
    RollbackAnswer, history as list_history, rollback as run_rollback, status as ask_status,
};
use code_line::transaction::RollbackRequest;
use ledger::Event;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use store::ApplicationRow;

use super::Context;
use super::audit::{line, manifest_id, note, note_late, unlogged};
use super::listings::note_application;
use super::tasks::{open, refused};
use crate::Answer;
use crate::arguments::{HistoryArguments, RollbackArguments, StatusArguments, StoreArguments};
use crate::words::{Lines, amount};

/// An application, as `history --all --json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AppliedItem {
    /// Its id.
    pub id: String,
    /// The id of the manifest.
    pub manifest_id: String,
    /// The package.
    pub package: String,
    /// When it was applied.
    pub applied_at: Timestamp,
    /// Whether every operation could be applied everywhere.
    pub success: bool,
    /// Operations that are done everywhere.
    pub operations_applied: u32,
    /// Operations that are not.
    pub operations_failed: u32,
    /// The folder of the checkpoint.
    pub checkpoint: Option<String>,
    /// Library, versions, folder and files.
    pub details: Value,
}

impl From<ApplicationRow> for AppliedItem {
    fn from(row: ApplicationRow) -> Self {
        Self {
            id: row.id.to_string(),
            manifest_id: row.manifest_id.to_string(),
            package: row.package_name,
            applied_at: row.applied_at,
            success: row.success,
            operations_applied: row.operations_applied,
            operations_failed: row.operations_failed,
            checkpoint: row.rollback_checkpoint,
            details: row.logs.unwrap_or_default(),
        }
    }
}

pub(crate) fn rollback(
    context: &Context<'_>,
    arguments: &RollbackArguments,
) -> Result<Answer, Error> {
    let absolute = |path: &std::path::PathBuf| context.world.environment.absolute(path);
    let request = RollbackRequest {
        target: absolute(&arguments.package),
        checkpoint: arguments.checkpoint.as_ref().map(absolute),
        to_version: arguments.to_version.clone(),
        force: arguments.force,
        vouched: None,
    };
    let (answer, signed) = run_rollback(&request, arguments.allow_unsigned, &context.world)?;
    if context.output.is_json() {
        context.output.json(&answer)?;
    } else {
        context.output.result(&rollback_text(&answer))?;
    }
    let unsigned = answer.unsigned.map(|subject| {
        note(context, None, |_| {
            Ok(Event::UnsignedWorkAllowed { operation: line("rollback")?, subject })
        })
    });
    unsigned.unwrap_or(Ok(())).and_then(|()| note_changes(context, &request.target)).map_err(
        |error| {
            unlogged(error, "the files are back").detail(
                "`onx-migrate status` writes it down when the log can be written again; another \
             rollback would take back what was applied before",
            )
        },
    )?;
    signed
        .map_err(|error| error.detail("the files are back, and only the checkpoint is unsigned"))?;
    Ok(Answer::Yes)
}

fn rollback_text(answer: &RollbackAnswer) -> String {
    match &answer.record {
        None => "every file is as the checkpoint says already\n".to_owned(),
        Some(record) => format!(
            "{} is back on {}: {} restored\ncheckpoint  {}\n",
            record.package,
            record.to_version,
            amount(record.files.len() as u32, "file", "files"),
            record.checkpoint
        ),
    }
}

/// Writes down the newest application of a target, and the rollback that it stands after, unless
/// that was written down before: whoever made the change may have been stopped in between.
fn note_changes(context: &Context<'_>, target: &std::path::Path) -> Result<(), Error> {
    let records = list_history(target, &context.world)?;
    let is_applied = |record: &&ApplicationRecord| {
        record.kind == ApplicationKind::Apply && record.outcome != ApplicationOutcome::TakenBack
    };
    if let Some(applied) = records.iter().find(is_applied) {
        note_application(context, applied, false)?;
    }
    let Some(newest) = records.first().filter(|it| it.kind == ApplicationKind::Rollback) else {
        return Ok(());
    };
    let manifest_id = match taken_back(&records, newest).and_then(|record| record.manifest) {
        Some(digest) => manifest_id(&digest)?,
        None => line("unknown")?,
    };
    let package = line(&newest.package)?;
    let run = run::RunId::new(newest.id.to_string())
        .map_err(|error| Error::internal("a record has no usable id").caused_by(error))?;
    note_late(context, &run, Event::ManifestRolledBack { manifest_id, package, success: true })
}

/// The application that a rollback took back, where its checkpoint is one that is known here.
fn taken_back<'a>(
    records: &'a [ApplicationRecord],
    rollback: &ApplicationRecord,
) -> Option<&'a ApplicationRecord> {
    records.iter().find(|record| Some(record.id) == rollback.undoes)
}

pub(crate) fn status(context: &Context<'_>, arguments: &StatusArguments) -> Result<Answer, Error> {
    let answer = ask_status(&arguments.package, &context.world)?;
    // Who only looks is not kept from it by a log that cannot be written.
    if let Err(error) = note_changes(context, &arguments.package) {
        context.output.note(&format!("the audit log could not be written: {error}\n"));
    }
    if context.output.is_json() {
        context.output.json(&answer)?;
        return Ok(Answer::Yes);
    }
    let mut out = String::new();
    if let Some(record) = &answer.recovered {
        let what = match record.kind {
            ApplicationKind::Apply => "an apply of",
            ApplicationKind::Rollback => "a rollback to",
        };
        let version = &record.to_version;
        out.push_str(&format!(
            "{what} {version} had been interrupted and was brought to its end\n"
        ));
    }
    match &answer.standing {
        None => out.push_str("no manifest is applied\n"),
        Some(record) => {
            out.push_str(&record_line(record));
            out.push_str(&format!("checkpoint  {}\n", record.checkpoint));
        }
    }
    context.output.result(&out)?;
    Ok(Answer::Yes)
}

pub(crate) fn history(
    context: &Context<'_>,
    arguments: &HistoryArguments,
) -> Result<Answer, Error> {
    if arguments.all {
        return applications(context, &arguments.store);
    }
    let records = list_history(&arguments.package, &context.world)?;
    if context.output.is_json() {
        context.output.json(&records)?;
        return Ok(Answer::Yes);
    }
    let mut out: String = records.iter().map(record_line).collect();
    if records.is_empty() {
        out.push_str("nothing was applied yet\n");
    }
    context.output.result(&out)?;
    Ok(Answer::Yes)
}

/// What was applied to any package.
fn applications(context: &Context<'_>, arguments: &StoreArguments) -> Result<Answer, Error> {
    let rows = open(context, arguments)?.applications(None).map_err(refused)?;
    let items: Vec<AppliedItem> = rows.into_iter().rev().map(AppliedItem::from).collect();
    if context.output.is_json() {
        context.output.json(&items)?;
        return Ok(Answer::Yes);
    }
    let mut lines = Lines::default();
    for item in &items {
        let detail = |name: &str| item.details[name].as_str().unwrap_or_default().to_owned();
        let versions =
            format!("{} {} → {}", detail("library"), detail("from_version"), detail("to_version"));
        let left = if item.success { String::new() } else { "not everywhere".to_owned() };
        lines.push([item.applied_at.to_string(), item.package.clone(), versions, left]);
    }
    let text = lines.finish();
    context.output.result(if items.is_empty() { "nothing was applied yet\n" } else { &text })?;
    Ok(Answer::Yes)
}

fn record_line(record: &ApplicationRecord) -> String {
    let what = match record.kind {
        ApplicationKind::Apply => "applied ",
        ApplicationKind::Rollback => "rollback",
    };
    format!(
        "{}  {what}  {} → {}  {}\n",
        record.started_at,
        record.from_version,
        record.to_version,
        amount(record.files.len() as u32, "file", "files"),
    )
}
