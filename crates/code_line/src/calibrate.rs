//! Fits the table that maps evidence to probabilities.

use std::path::Path;

use code_change::calibration::{Calibration, LabelledPair, Priors};
use code_change::reliability::Reliability;
use host::{Place, split_path};
use serde::Serialize;

use crate::{Error, ErrorCode, World};

/// The largest file of labels that is read.
const LABELS_LIMIT_BYTES: u64 = 256 << 20;

/// A fitted table, and how well it holds on what it was not fitted on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CalibrateAnswer {
    /// How many labelled pairs there are.
    pub pairs: u32,
    /// How well probabilities held on libraries that did not help to fit them.
    pub reliability: Reliability,
    /// The table.
    pub table: Calibration,
}

/// Fits a table from a file of labelled pairs: a JSON array.
pub fn calibrate(labels: &Path, world: &World) -> Result<CalibrateAnswer, Error> {
    let path = world.environment.absolute(labels);
    let bytes = split_path(&path)
        .and_then(|(base, file)| world.files.read(Place::new(&base, &file), LABELS_LIMIT_BYTES))
        .map_err(|error| {
            let hint = error.hint().to_owned();
            let message = format!("the labels `{}` cannot be read", labels.display());
            Error::user(ErrorCode::UsageError, message).caused_by(error).hint(hint)
        })?;
    let pairs: Vec<LabelledPair> = serde_json::from_slice(&bytes).map_err(|error| {
        let message = format!("`{}` is no list of labelled pairs", labels.display());
        Error::user(ErrorCode::UsageError, message)
            .caused_by(error)
            .hint("each pair has group, kind, class, raw and right")
    })?;
    Ok(CalibrateAnswer {
        pairs: pairs.len() as u32,
        reliability: Calibration::cross_validate(&pairs, Priors::built_in()),
        table: Calibration::fit(&pairs, Priors::built_in()),
    })
}
