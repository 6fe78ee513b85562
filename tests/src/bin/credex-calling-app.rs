//! An app that asks to export, as a process of its own; see `credex_tests::caller`.

fn main() {
    credex_tests::caller::main(std::env::args().skip(1));
}
