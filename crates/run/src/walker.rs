//! Runs nodes in one process.

use std::time::Duration;

use crate::{Contract, ContractError, RunContext};

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

/// Runs one node after the other and hands values from one to the next without touching the disk.
pub struct Walker<'a> {
    context: RunContext,
    observer: &'a dyn Observer,
}

impl<'a> Walker<'a> {
    /// A walker for this run.
    pub fn new(context: RunContext, observer: &'a dyn Observer) -> Self {
        Self { context, observer }
    }

    /// The run that is walked.
    pub fn context(&self) -> &RunContext {
        &self.context
    }

    /// Who is told what happens.
    pub fn observer(&self) -> &'a dyn Observer {
        self.observer
    }

    /// Runs one node; its error ends the run.
    pub fn step<N: Node>(&self, node: &N, input: N::Input) -> Result<N::Output, N::Error> {
        self.observer.started(&self.context, N::NAME);
        let output = node.process(&self.context, input);
        let outcome = if output.is_ok() { Outcome::Done } else { Outcome::Failed };
        self.observer.finished(&self.context, N::NAME, outcome);
        output
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Mutex;

    use super::*;
    use crate::{RunId, TaskId, TraceId};

    struct Halver;

    impl Node for Halver {
        type Input = u32;
        type Output = u32;
        type Error = String;
        const NAME: &'static str = "halver";
        const CONTRACT: &'static str = "";

        fn process(&self, _: &RunContext, input: u32) -> Result<u32, String> {
            if input.is_multiple_of(2) { Ok(input / 2) } else { Err(format!("{input} is odd")) }
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
        assert_eq!(walker.step(&Halver, half), Err("5 is odd".to_owned()));
        let lines = journal.0.lock().expect("no panic");
        let expected = ["one halver started", "halver Done", "one halver started", "halver Failed"];
        assert_eq!(*lines, expected);
    }
}
