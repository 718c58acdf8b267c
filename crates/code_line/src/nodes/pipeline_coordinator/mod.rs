//! Orders the other nodes: from two versions to a bundle.

use run::{Node, Observer, RunContext, Walker};

use crate::generate::{GenerateAnswer, GenerateRequest, Pipeline};
use crate::work::Recorded;
use crate::{Error, Progress, World};

/// Walks the nodes that lead from two versions to a bundle.
pub struct PipelineCoordinator<'a> {
    /// The doors to the machine.
    pub world: &'a World,
    /// Is told how far it is.
    pub progress: &'a dyn Progress,
    /// Is told which node runs.
    pub observer: &'a dyn Observer,
    /// The run that this is; none where it is a part of other work.
    pub recorded: Option<Recorded<'a>>,
}

impl Node for PipelineCoordinator<'_> {
    type Input = GenerateRequest;
    type Output = GenerateAnswer;
    type Error = Error;

    const NAME: &'static str = "pipeline_coordinator";
    const CONTRACT: &'static str = include_str!("contract.yaml");

    fn process(
        &self,
        context: &RunContext,
        input: GenerateRequest,
    ) -> Result<GenerateAnswer, Error> {
        let walker = match self.recorded {
            Some(Recorded { recorder, .. }) => Walker::recorded(recorder, self.observer),
            None => Walker::new(context.clone(), self.observer),
        };
        let pipeline = Pipeline { world: self.world, progress: self.progress, walker };
        pipeline.run(&input, self.recorded.map(|run| run.listings))
    }
}
