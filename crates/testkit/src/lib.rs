//! What tests share: fixture folders with readable differences, and the repository as a value.

#![expect(clippy::disallowed_methods, reason = "what only tests use stops at the first surprise")]
#![expect(clippy::expect_used, reason = "only tests use this crate, and a broken test must stop")]

pub mod fixture;
pub mod repository;
