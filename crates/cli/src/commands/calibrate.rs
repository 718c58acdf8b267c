//! `calibrate`.

use code_line::Error;
use code_line::calibrate::calibrate as fit;

use super::Context;
use crate::Answer;
use crate::arguments::CalibrateArguments;
use crate::words::amount;

pub(crate) fn calibrate(
    context: &Context<'_>,
    arguments: &CalibrateArguments,
) -> Result<Answer, Error> {
    let answer = fit(&arguments.labels, &context.world)?;
    let table = || {
        serde_json::to_string_pretty(&answer.table)
            .map(|text| text + "\n")
            .map_err(|error| Error::internal("the table has no JSON form").caused_by(error))
    };
    if let Some(path) = &arguments.output {
        context.write_file(path, table()?.as_bytes())?;
    }
    if let Some(path) = &arguments.diagram {
        context.write_file(path, answer.reliability.diagram().as_bytes())?;
    }
    if context.output.is_json() {
        context.output.json(&answer)?;
    } else if arguments.output.is_none() {
        context.output.result(&table()?)?;
    }
    let reliability = &answer.reliability;
    context.output.note(&format!(
        "{}\n{}; on libraries held out the stated probability is off by {:.3} on average, and of {} \
         stated at 0.9 or more {} are right\n",
        reliability.table(),
        amount(answer.pairs, "labelled pair", "labelled pairs"),
        reliability.expected_calibration_error,
        reliability.confident,
        reliability.confident_right
    ));
    Ok(Answer::Yes)
}
