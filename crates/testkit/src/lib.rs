//! What tests share: fixture folders with readable differences, and the repository as a value.

#![expect(clippy::expect_used, reason = "only tests use this crate, and a broken test must stop")]

pub mod fixture;
pub mod repository;
