//! The journal of a run: what was acknowledged is in it, and what is in it was written.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "tests make and read folders of their own, and stop at the first surprise"
)]

mod appending;
mod processes;
mod reading;
mod recorded;
mod scene;
