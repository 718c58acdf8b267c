//! Runs nodes in one process.

use std::time::Duration;

use crate::{
    Contract, ContractError, Durability, Event, RecordError, Recorder, RunContext, RunStatus,
};

/// A unit of work: takes a value of one model and gives a value of another.
pub trait Node {
    /// What it takes.
    type Input;
    /// What it gives.
    type Output;
    /// How it fails.
    type Error;

    /// The name, as its contract has it.
    const NAME: &'static str;
    /// The text of its `contract.yaml`.
    const CONTRACT: &'static str;

    /// Does the work.
    fn process(
        &self,
        context: &RunContext,
        input: Self::Input,
    ) -> Result<Self::Output, Self::Error>;

    /// The contract as a value.
    fn contract() -> Result<Contract, ContractError> {
        Contract::from_yaml(Self::CONTRACT)
    }
}

/// How a node ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It gave its output.
    Done,
    /// It failed; the run ends.
    Failed,
}

impl Outcome {
    /// The word by which the journal knows it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// Is told what the walker does, for progress and for journals.
pub trait Observer: Sync {
    /// A node starts.
    fn started(&self, context: &RunContext, node: &'static str);
    /// A node ended.
    fn finished(&self, context: &RunContext, node: &'static str, outcome: Outcome);
    /// A node ran this often in another process, and took this long.
    fn took(&self, _node: &'static str, _times: u32, _duration: Duration) {}
}

/// An observer that does nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn started(&self, _: &RunContext, _: &'static str) {}
    fn finished(&self, _: &RunContext, _: &'static str, _: Outcome) {}
}

/// Runs one node after the other and hands values from one to the next in memory. Where the run is
/// recorded, its journal names every node that begins and every one that ends.
pub struct Walker<'a> {
    context: RunContext,
    observer: &'a dyn Observer,
    recorder: Option<&'a dyn Recorder>,
}

impl<'a> Walker<'a> {
    /// A walker of work that nobody records.
    pub fn new(context: RunContext, observer: &'a dyn Observer) -> Self {
        Self { context, observer, recorder: None }
    }

    /// A walker of a run that is recorded.
    pub fn recorded(recorder: &'a dyn Recorder, observer: &'a dyn Observer) -> Self {
        Self { context: recorder.context().clone(), observer, recorder: Some(recorder) }
    }

    /// Where the run says what it does, if it is recorded.
    pub fn recorder(&self) -> Option<&'a dyn Recorder> {
        self.recorder
    }

    /// Takes the run to this status, where it is recorded; a loss of power may take that back.
    pub fn reach(&self, status: RunStatus) -> Result<(), RecordError> {
        let reach = |recorder: &dyn Recorder| recorder.reach(status, Durability::Process);
        self.recorder.map_or(Ok(()), reach)
    }

    /// The run that is walked.
    pub fn context(&self) -> &RunContext {
        &self.context
    }

    /// Who is told what happens.
    pub fn observer(&self) -> &'a dyn Observer {
        self.observer
    }

    /// Runs a node whose work can be repeated at will; its error ends the run. Of what the journal
    /// says about it, a loss of power may take the last.
    pub fn step<N: Node>(&self, node: &N, input: N::Input) -> Result<N::Output, N::Error>
    where
        N::Error: From<RecordError>,
    {
        self.walk(node, input, Durability::Process)
    }

    /// Runs a node that changes the world. It runs only while the lease is held, and the journal
    /// says that it began before it does, and that it ended before anything follows.
    pub fn effect<N: Node>(&self, node: &N, input: N::Input) -> Result<N::Output, N::Error>
    where
        N::Error: From<RecordError>,
    {
        if let Some(recorder) = self.recorder {
            recorder.expect_held()?;
        }
        self.walk(node, input, Durability::Power)
    }

    fn walk<N: Node>(
        &self,
        node: &N,
        input: N::Input,
        durability: Durability,
    ) -> Result<N::Output, N::Error>
    where
        N::Error: From<RecordError>,
    {
        let record = |event| match self.recorder {
            Some(recorder) => recorder.record(event, durability),
            None => Ok(()),
        };
        record(Event::StepBegan { node: N::NAME.to_owned() })?;
        self.observer.started(&self.context, N::NAME);
        let output = node.process(&self.context, input);
        let outcome = if output.is_ok() { Outcome::Done } else { Outcome::Failed };
        self.observer.finished(&self.context, N::NAME, outcome);
        let ended =
            record(Event::StepEnded { node: N::NAME.to_owned(), word: outcome.word().to_owned() });
        // The node's own error says more than that it could not be written down.
        let output = output?;
        ended?;
        Ok(output)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Mutex;

    use super::*;
    use crate::{RunId, TaskId, TraceId};

    #[derive(Debug, PartialEq)]
    struct Odd(String);

    impl From<RecordError> for Odd {
        fn from(error: RecordError) -> Self {
            Self(error.to_string())
        }
    }

    struct Halver;

    impl Node for Halver {
        type Input = u32;
        type Output = u32;
        type Error = Odd;
        const NAME: &'static str = "halver";
        const CONTRACT: &'static str = "";

        fn process(&self, _: &RunContext, input: u32) -> Result<u32, Odd> {
            if input.is_multiple_of(2) {
                Ok(input / 2)
            } else {
                Err(Odd(format!("{input} is odd")))
            }
        }
    }

    #[derive(Default)]
    struct Journal(Mutex<Vec<String>>);

    impl Observer for Journal {
        fn started(&self, context: &RunContext, node: &'static str) {
            let line = format!("{} {node} started", context.run());
            self.0.lock().expect("no panic").push(line);
        }
        fn finished(&self, _: &RunContext, node: &'static str, outcome: Outcome) {
            self.0.lock().expect("no panic").push(format!("{node} {outcome:?}"));
        }
    }

    #[test]
    fn steps_hand_on_values_and_stop_at_an_error() {
        let id = "one";
        let context = RunContext::new(
            TaskId::new(id).expect("an id"),
            RunId::new(id).expect("an id"),
            PathBuf::new(),
            TraceId::new(id).expect("an id"),
        );
        let journal = Journal::default();
        let walker = Walker::new(context, &journal);
        let half = walker.step(&Halver, 10).expect("ten is even");
        assert_eq!(walker.step(&Halver, half), Err(Odd("5 is odd".to_owned())));
        let lines = journal.0.lock().expect("no panic");
        let expected = ["one halver started", "halver Done", "one halver started", "halver Failed"];
        assert_eq!(*lines, expected);
    }
}
