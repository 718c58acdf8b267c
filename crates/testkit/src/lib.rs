//! What tests share: fixture folders with readable differences, and the repository as a value.

#![expect(clippy::disallowed_methods, reason = "what only tests use stops at the first surprise")]
#![expect(clippy::expect_used, reason = "only tests use this crate, and a broken test must stop")]

pub mod fixture;
pub mod postgres;
pub mod repository;

/// Says that a test could not try what it is for, and why; `scripts/test` lists what was said.
///
/// # Panics
///
/// When the list that `ONX_SKIPPED` names cannot be written.
#[expect(clippy::print_stderr, reason = "a skipped case says so")]
pub fn skipped(why: &str) {
    eprintln!("skipped: {why}");
    let Some(list) = std::env::var_os("ONX_SKIPPED") else { return };
    // What stands against many tests is said once.
    let said = std::fs::read_to_string(&list).unwrap_or_default();
    if said.lines().any(|line| line == why) {
        return;
    }
    let opened = std::fs::OpenOptions::new().append(true).create(true).open(list);
    let line = format!("{why}\n");
    std::io::Write::write_all(&mut opened.expect("the list of skipped cases"), line.as_bytes())
        .expect("the list of skipped cases");
}
