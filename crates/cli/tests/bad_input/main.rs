//! What nobody should hand to onx, handed to it: each time a clear word, the right exit code, and
//! nothing half-written.

#![expect(
    clippy::disallowed_methods,
    reason = "tests make and read folders of their own, and stop at the first surprise"
)]
#![expect(clippy::expect_used, reason = "a world that cannot be made is a failed test")]

mod disk;
mod manifests;
mod sources;
mod targets;
mod world;
