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
    if context.output.is_json() {
        context.output.json(&answer)?;
    } else if arguments.output.is_none() {
        context.output.result(&table()?)?;
    }
    context.output.note(&format!(
        "{}; on libraries held out the stated probability is off by {:.3} on average\n",
        amount(answer.pairs, "labelled pair", "labelled pairs"),
        answer.reliability.expected_calibration_error
    ));
    Ok(Answer::Yes)
}
