//! The binary `onx-migrate`: what a dependent's owner needs, the same as `onx migrate`.

fn main() -> std::process::ExitCode {
    cli::main(cli::Entry::Migrate)
}
