//! A store as its users see it: what is kept, what is refused, and who may write.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "tests make and read folders of their own, and stop at the first surprise"
)]

mod attempts;
mod audit;
mod faults;
mod keyring;
mod leases;
mod manifests;
mod opening;
mod outbox;
mod postgres;
mod queue;
mod race;
mod scene;
mod stopped;
mod tasks;
