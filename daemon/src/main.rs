//! The `credexd` program.

fn main() {}
