//! `rollback`, `status` and `history`.

use code_line::Error;
use code_line::application::{ApplicationKind, ApplicationRecord};
use code_line::records::{history as list_history, rollback as run_rollback, status as ask_status};
use code_line::transaction::RollbackRequest;

use super::Context;
use crate::Answer;
use crate::arguments::{HistoryArguments, RollbackArguments, StatusArguments};
use crate::words::amount;

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
    };
    let answer = run_rollback(&request, &context.world)?;
    if context.output.is_json() {
        context.output.json(&answer)?;
        return Ok(Answer::Yes);
    }
    let text = match &answer.record {
        None => "every file is as the checkpoint says already\n".to_owned(),
        Some(record) => format!(
            "{} is back on {}: {} restored\ncheckpoint  {}\n",
            record.package,
            record.to_version,
            amount(record.files.len() as u32, "file", "files"),
            record.checkpoint
        ),
    };
    context.output.result(&text)?;
    Ok(Answer::Yes)
}

pub(crate) fn status(context: &Context<'_>, arguments: &StatusArguments) -> Result<Answer, Error> {
    let answer = ask_status(&arguments.package, &context.world)?;
    if context.output.is_json() {
        context.output.json(&answer)?;
        return Ok(Answer::Yes);
    }
    let mut out = String::new();
    if let Some(record) = &answer.recovered {
        out.push_str(&format!(
            "an apply of {} had been interrupted and was brought to its end\n",
            record.to_version
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
