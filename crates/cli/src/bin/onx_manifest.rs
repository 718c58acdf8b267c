//! The binary `onx-manifest`: what a library's maintainer needs, the same as `onx manifest`.

fn main() -> std::process::ExitCode {
    cli::main(cli::Entry::Manifest)
}
