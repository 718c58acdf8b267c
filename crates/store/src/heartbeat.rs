//! Renews a lease for as long as somebody works under it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use run::{Lease, LeaseTerm};

use crate::{Store, StoreError};

/// A thread that renews a lease three times in each term; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    lost: Arc<AtomicBool>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Heartbeat {
    pub(crate) fn start(store: Arc<dyn Store>, lease: Lease, term: LeaseTerm) -> Self {
        let (stop, stopped) = mpsc::channel::<()>();
        let lost = Arc::new(AtomicBool::new(false));
        let said = lost.clone();
        let pause = Duration::from_millis(u64::from(term.milliseconds() / 3).max(1));
        let beat = move || {
            while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                // A store that cannot be reached now may be there for the next beat; until then the
                // fence decides.
                if let Err(StoreError::LeaseLost(_)) = store.renew(&lease, term) {
                    said.store(true, Ordering::SeqCst);
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("heartbeat".to_owned()).spawn(beat).ok();
        Self { lost, stop: Some(stop), thread }
    }

    /// Whether the lease is known to be somebody else's.
    pub(crate) fn has_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A beat that panicked has said nothing; the fence still protects what is written.
            drop(thread.join());
        }
    }
}
