//! The clock.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use artifact::Timestamp;

/// Tells the time. Only records of what happened may hold it, never an artifact.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The moment in UTC.
    fn now(&self) -> Timestamp;
    /// Time since this clock was made; it never runs backwards.
    fn elapsed(&self) -> Duration;
}

/// The clock of the machine.
#[derive(Debug, Clone)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// The clock of the machine, with its elapsed time starting now.
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    fn now(&self) -> Timestamp {
        let seconds = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_secs()).unwrap_or(0),
            Err(before) => i64::try_from(before.duration().as_secs()).map_or(0, |past| -past),
        };
        Timestamp::from_unix_seconds(seconds).unwrap_or_else(|_| epoch())
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

/// A clock that a test moves by hand.
#[derive(Debug)]
pub struct SimulatedClock {
    start: Timestamp,
    seconds: AtomicU64,
}

impl SimulatedClock {
    /// A clock that stands still at this moment.
    pub fn at(start: Timestamp) -> Self {
        Self { start, seconds: AtomicU64::new(0) }
    }

    /// Moves the clock forward.
    pub fn advance_seconds(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.seconds.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        Timestamp::from_unix_seconds(self.start.unix_seconds().saturating_add(passed))
            .unwrap_or(self.start)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.seconds.load(Ordering::Relaxed))
    }
}

fn epoch() -> Timestamp {
    Timestamp::from_unix_seconds(0).unwrap_or_else(|_| unreachable!("the epoch is a moment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulated_clock_moves_only_by_hand() {
        let clock = SimulatedClock::at(epoch());
        assert_eq!(clock.now(), clock.now());
        clock.advance_seconds(90);
        assert_eq!(clock.now().unix_seconds(), 90);
        assert_eq!(clock.elapsed(), Duration::from_secs(90));
    }
}
