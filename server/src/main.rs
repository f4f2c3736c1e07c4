//! `vitrine`: the shop as one binary. Everything is in the library, so that tests reach it.

fn main() -> std::process::ExitCode {
    server::cli::run()
}
