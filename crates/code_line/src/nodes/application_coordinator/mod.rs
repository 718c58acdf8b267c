//! Orders the other nodes: from a manifest and a dependent to an edited dependent.

use run::{Node, Observer, Recorder, RunContext, Walker};

use crate::apply::{Applied, ApplyWork, apply_as_run};
use crate::work::Listings;
use crate::{Error, Progress, World};

/// Walks the nodes that lead from a manifest to an edited dependent: check, checkpoint, edit,
/// verify, record.
pub struct ApplicationCoordinator<'a> {
    /// The doors to the machine.
    pub world: &'a World,
    /// Is told how far it is.
    pub progress: &'a dyn Progress,
    /// Is told which node runs.
    pub observer: &'a dyn Observer,
    /// Keeps the run.
    pub recorder: &'a dyn Recorder,
    /// Where applications are listed.
    pub listings: &'a dyn Listings,
}

impl Node for ApplicationCoordinator<'_> {
    type Input = ApplyWork;
    type Output = Applied;
    type Error = Error;

    const NAME: &'static str = "application_coordinator";
    const CONTRACT: &'static str = include_str!("contract.yaml");

    fn process(&self, _: &RunContext, input: ApplyWork) -> Result<Applied, Error> {
        let walker = Walker::recorded(self.recorder, self.observer);
        let Self { world, progress, recorder, listings, .. } = self;
        apply_as_run(&input, world, *progress, &walker, *recorder, *listings)
    }
}
