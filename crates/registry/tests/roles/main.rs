//! The roles of a registry: the cases of the public conformance suite for TUF clients, attacks that
//! other verifiers let through, and what onx demands beyond the specification. `cases.md` lists the
//! suite's cases by name.
//!
//! `ONX_EVERY_VALUE=1` puts every value at every position of signed metadata instead of flipping
//! every bit, for a nightly run.

#![expect(clippy::expect_used, reason = "a case that cannot be laid out has failed")]

mod attacks;
mod basic;
mod copies;
mod delegations;
mod downloads;
mod expiration;
mod foreign;
mod interruptions;
mod keeper;
mod keys;
mod limits;
mod listed;
mod lost_keys;
mod publishing;
mod remembered;
mod repeats;
mod rollback;
mod rotations;
mod simulator;
mod standing;
mod tampering;
mod watched;
