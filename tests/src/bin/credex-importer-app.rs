//! An importer as a process of its own; see `credex_tests::app`.

fn main() {
    credex_tests::app::main(std::env::args().skip(1));
}
