//! Working out edits for another process of onx, which confined this one.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use code_line::apply::{WORK_ARGUMENT, answer_order};
use code_line::{Error, ErrorCode, World};
use host::{DiskFiles, Environment, SystemClock, SystemProcesses, UserFolders};

use crate::timings::Timings;

/// Works out edits when this process was started to do that; does nothing in every other process.
pub(crate) fn work_when_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next()? != WORK_ARGUMENT {
        return None;
    }
    let done = work(&arguments.next().unwrap_or_default());
    Some(match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            crate::output::Output::new(false, false).error(&error);
            ExitCode::from(crate::exit_code(error.kind()))
        }
    })
}

fn work(order: &str) -> Result<(), Error> {
    // Nothing of the user's is at hand here, and nothing is written.
    let nowhere = PathBuf::from("/nonexistent");
    let clock = Arc::new(SystemClock::new());
    let world = World {
        files: Arc::new(DiskFiles),
        environment: Environment::fixed([]),
        folders: UserFolders {
            cache: nowhere.clone(),
            state: nowhere.clone(),
            configuration: nowhere,
        },
        clock: clock.clone(),
        processes: Arc::new(SystemProcesses),
        trust: Arc::new(code_line::trust::NoTrust),
        worker: None,
    };
    let timings = Timings::new(clock, true);
    let answer = answer_order(order, &world, &timings, || timings.steps())?;
    std::io::stdout().lock().write_all(&answer).map_err(|error| {
        Error::outside(ErrorCode::OutputError, "the edits cannot be handed on", error)
    })
}
