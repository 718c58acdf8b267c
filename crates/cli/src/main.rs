//! The binaries of onx: arguments, words, progress and exit codes.

fn main() {}
