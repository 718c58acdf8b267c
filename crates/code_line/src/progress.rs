//! How long work tells what it is doing.

/// Is told what is being done and how far it is.
pub trait Progress: Sync {
    /// A stage starts; `total` is how many units it has, when that is known.
    fn stage(&self, name: &str, total: Option<u64>);
    /// So many more units of the current stage are done.
    fn advance(&self, units: u64);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn stage(&self, _: &str, _: Option<u64>) {}
    fn advance(&self, _: u64) {}
}
