//! How long the steps of a command took.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

use host::Clock;
use run::{Observer, Outcome, RunContext};
use serde::Serialize;

use crate::words::Lines;

/// Adds up the time between the start and the end of each node, if the user wants to know it.
#[derive(Debug)]
pub(crate) struct Timings {
    clock: Arc<dyn Clock>,
    steps: Option<Mutex<Steps>>,
}

#[derive(Debug, Default)]
struct Steps {
    /// When the nodes started that each thread is in, the innermost last.
    open: HashMap<ThreadId, Vec<Duration>>,
    ended: BTreeMap<&'static str, Ended>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Ended {
    times: u32,
    took: Duration,
}

/// One step as programs read it.
#[derive(Debug, Serialize)]
struct Timing {
    step: &'static str,
    times: u32,
    seconds: f64,
}

impl Timings {
    /// Timings that are taken only when they are asked for.
    pub(crate) fn new(clock: Arc<dyn Clock>, asked_for: bool) -> Self {
        Self { clock, steps: asked_for.then(Mutex::default) }
    }

    /// The times as a table for people; none when nobody asked.
    pub(crate) fn text(&self) -> Option<String> {
        let mut lines = Lines::default();
        for Timing { step, times, seconds } in self.ended()? {
            let (times, seconds) = (format!("{times}"), format!("{seconds:.3}"));
            lines.push(["timing".to_owned(), step.to_owned(), times, seconds, "s".to_owned()]);
        }
        Some(lines.finish())
    }

    /// The times as one line of JSON; none when nobody asked.
    pub(crate) fn json(&self) -> Option<String> {
        let timings = serde_json::json!({ "timings": self.ended()? });
        Some(format!("{timings}\n"))
    }

    /// How often each step was done, and how long it took in nanoseconds.
    pub(crate) fn steps(&self) -> BTreeMap<String, (u32, u64)> {
        let Some(steps) = &self.steps else { return BTreeMap::new() };
        let nanoseconds = |took: Duration| u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let step = |(name, ended): (&&'static str, &Ended)| {
            ((*name).to_owned(), (ended.times, nanoseconds(ended.took)))
        };
        lock(steps).ended.iter().map(step).collect()
    }

    fn ended(&self) -> Option<Vec<Timing>> {
        let steps = lock(self.steps.as_ref()?);
        let timing = |(step, ended): (&&'static str, &Ended)| Timing {
            step,
            times: ended.times,
            seconds: (ended.took.as_secs_f64() * 1e6).round() / 1e6,
        };
        Some(steps.ended.iter().map(timing).collect())
    }
}

impl Observer for Timings {
    fn started(&self, _: &RunContext, _: &'static str) {
        if let Some(steps) = &self.steps {
            lock(steps)
                .open
                .entry(std::thread::current().id())
                .or_default()
                .push(self.clock.elapsed());
        }
    }

    fn finished(&self, _: &RunContext, node: &'static str, _: Outcome) {
        let Some(steps) = &self.steps else { return };
        let now = self.clock.elapsed();
        let mut steps = lock(steps);
        // A thread that waits may run another node meanwhile, but ends it first.
        let start = steps.open.get_mut(&std::thread::current().id()).and_then(Vec::pop);
        let ended = steps.ended.entry(node).or_default();
        ended.times += 1;
        ended.took += now.saturating_sub(start.unwrap_or(now));
    }

    fn took(&self, node: &'static str, times: u32, duration: Duration) {
        let Some(steps) = &self.steps else { return };
        let mut steps = lock(steps);
        let ended = steps.ended.entry(node).or_default();
        ended.times += times;
        ended.took += duration;
    }
}

fn lock(steps: &Mutex<Steps>) -> MutexGuard<'_, Steps> {
    // A panic elsewhere cannot leave the maps half changed.
    steps.lock().unwrap_or_else(PoisonError::into_inner)
}
