//! Each command from the outside: arguments in, streams, files and exit codes out.

mod applying;
mod bundle;
mod errors;
mod help;
mod reading;
mod scene;
