//! `compose`.

use artifact::{Finding, Severity};
use code_line::Error;
use code_line::compose::{
    ComposeAnswer, ComposeLibrary, ComposeRequest, Every, compose as run_compose,
};

use super::Context;
use super::generate::snapshot_config;
use crate::Answer;
use crate::arguments::{ComposeArguments, EveryArgument};
use crate::progress::ProgressLine;
use crate::words::{Lines, amount, count};

/// How many findings of one code are printed; all of them are in the report.
const SHOWN: usize = 5;

pub(crate) fn compose(
    context: &Context<'_>,
    arguments: &ComposeArguments,
) -> Result<Answer, Error> {
    let library = arguments.core_path.as_ref().map(|core| ComposeLibrary {
        core: core.clone(),
        from: arguments.from.clone(),
        to: arguments.to.clone(),
        versions: arguments.versions.clone(),
        through: arguments.through.clone(),
        every: match arguments.every {
            EveryArgument::Release => Every::Release,
            EveryArgument::Minor => Every::Minor,
            EveryArgument::Major => Every::Major,
        },
        limit: arguments.limit,
    });
    let request = ComposeRequest {
        parts: arguments.manifests.clone(),
        library,
        out: arguments.out.clone(),
        config: snapshot_config(context, &arguments.snapshot),
        rules: context.rules(None),
    };
    let line = ProgressLine::new(*context.output);
    let answer = run_compose(&request, &context.world, &line, &context.timings)?;
    drop(line);
    if context.output.is_json() {
        context.output.json(&answer)?;
    } else {
        context.output.result(&summary(&answer))?;
    }
    Ok(Answer::Yes)
}

fn summary(answer: &ComposeAnswer) -> String {
    let steps = amount(answer.steps.len() as u32, "step", "steps");
    let mut lines = Lines::default();
    let title = format!("{} {} → {}", answer.library, answer.from_version, answer.to_version);
    lines.push([title, steps]);
    let mut out = lines.finish();
    let mut table = Lines::default();
    for step in &answer.steps {
        let versions = format!("  {} → {}", step.from_version, step.to_version);
        let operations = amount(step.operations, "operation", "operations");
        table.push([versions, operations, step.manifest_uri.clone()]);
    }
    out.push_str(&table.finish());
    let mut table = Lines::default();
    for (what, number) in [
        ("apply", answer.operations_auto),
        ("with warning", answer.operations_with_warning),
        ("review", answer.operations_review),
    ] {
        if number > 0 {
            table.push([what.to_owned(), count(number)]);
        }
    }
    let accounting = &answer.accounting;
    let open = accounting.ambiguous + accounting.unseen;
    for (what, number) in [
        ("paths gone", accounting.gone),
        ("  covered", accounting.covered),
        ("  no successor", accounting.without_successor),
        ("  open", open),
    ] {
        if number > 0 {
            table.push([what.to_owned(), count(number)]);
        }
    }
    out.push_str(&table.finish());
    out.push_str(&findings(&answer.findings));
    let mut end = Lines::default();
    let state = answer.signature.words();
    end.push([
        "manifest".to_owned(),
        answer.manifest_uri.clone(),
        answer.manifest_digest.short(),
        state,
    ]);
    out.push_str(&end.finish());
    out
}

/// Where the whole is not its parts: the first of each code.
fn findings(findings: &[Finding]) -> String {
    let warnings = || findings.iter().filter(|finding| finding.severity != Severity::Note);
    let number = warnings().count() as u32;
    let mut out = match number {
        0 => "equal to its parts one after the other\n".to_owned(),
        number => format!(
            "differs from its parts or from the direct comparison in {}:\n",
            amount(number, "place", "places")
        ),
    };
    let mut code = "";
    let mut shown = 0;
    let notes = findings.iter().filter(|finding| finding.severity == Severity::Note);
    let mut hidden = 0_u32;
    for finding in warnings().chain(notes) {
        if finding.code != code {
            code = &finding.code;
            shown = 0;
        }
        shown += 1;
        if shown <= SHOWN {
            out.push_str(&format!("  {}: {}\n", finding.code, finding.message));
        } else {
            hidden += 1;
        }
    }
    if hidden > 0 {
        out.push_str(&format!("  and {} in report.json\n", amount(hidden, "more", "more")));
    }
    out
}
