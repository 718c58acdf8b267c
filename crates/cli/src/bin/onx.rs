//! The binary `onx`: every command, as `onx manifest …` and `onx migrate …`.

fn main() -> std::process::ExitCode {
    cli::main(cli::Entry::Onx)
}
