//! Start-up order only: hand the command line over, leave with its exit code.

fn main() -> std::process::ExitCode {
    quarterdeck::cli::main()
}
