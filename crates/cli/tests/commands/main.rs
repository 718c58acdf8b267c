//! Each command from the outside: arguments in, streams, files and exit codes out.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "tests make and read folders of their own, and stop at the first surprise"
)]

mod acknowledging;
mod applying;
mod bundle;
mod composing;
mod corpus;
mod doctor;
mod errors;
mod going_on;
mod help;
mod history;
mod queue;
mod reading;
mod registry;
mod reviewing;
mod roles;
mod runs;
mod scene;
mod signing;
mod tasks;
mod templates;
mod trial;
mod trust;
