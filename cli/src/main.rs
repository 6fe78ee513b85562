//! The `credex` command.

fn main() {}
