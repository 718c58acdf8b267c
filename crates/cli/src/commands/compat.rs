//! `compat`.

use code_line::Error;
use code_line::compat::{CompatAnswer, CompatRequest, compat as try_versions};

use super::Context;
use crate::Answer;
use crate::arguments::CompatArguments;
use crate::progress::ProgressLine;
use crate::words::{Lines, amount};

pub(crate) fn compat(context: &Context<'_>, arguments: &CompatArguments) -> Result<Answer, Error> {
    let request = CompatRequest {
        package: arguments.package.clone(),
        core: arguments.core.clone(),
        core_path: arguments.core_path.clone(),
        core_versions: arguments.core_versions.clone(),
        reasons: arguments.reasons,
        limit: arguments.limit,
    };
    let line = ProgressLine::new(*context.output);
    let answer = try_versions(&request, &context.world, &line)?;
    drop(line);
    if context.output.is_json() {
        context.output.json(&answer)?;
    } else {
        context.output.result(&table(&answer))?;
    }
    Ok(if answer.compatible { Answer::Yes } else { Answer::No })
}

fn table(answer: &CompatAnswer) -> String {
    let mut out = format!("{} with {} {}\n", answer.package, answer.core, answer.core_versions);
    let mut lines = Lines::default();
    for row in &answer.versions {
        let verdict = match row.compatible {
            Some(true) => "compatible".to_owned(),
            Some(false) => amount(row.problems, "problem", "problems"),
            None => "unreadable".to_owned(),
        };
        let first = row.reasons.first().cloned().unwrap_or_default();
        lines.push([format!("  {}", row.version), verdict, first]);
        for reason in row.reasons.iter().skip(1) {
            lines.push([String::new(), String::new(), reason.clone()]);
        }
    }
    out.push_str(&lines.finish());
    if answer.not_tried > 0 {
        let older = amount(answer.not_tried, "older version", "older versions");
        out.push_str(&format!("{older} not tried: raise --limit\n"));
    }
    out
}
