//! What the ledger promises, tried from outside: nothing that was changed is believed, nothing is
//! believed as something else, and no step is taken without its approvals.
//!
//! Three variables scale what is tried, for a nightly run: `ONX_EVERY_VALUE=1` puts every value at
//! every position instead of flipping every bit, `ONX_PROOF_PAIRS` is the number of consistency
//! proofs, and `ONX_APPROVAL_SEQUENCES` that of random sequences. `ONX_PROOF_SEED` is the seed.

#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

mod approvals;
mod forms;
mod kinds;
mod limits;
mod log;
mod merkle;
mod refusals;
mod scene;
mod tampering;
mod trust;
mod vectors;
