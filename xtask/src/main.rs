//! The project's own commands. CI and README call only this.

mod build;
mod cargo;
mod install;
mod place;
mod progress;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use place::Place;

/// Builds, serves, tests and ships Vitrine
#[derive(Parser, Debug)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Builds what browsers load
    Build(build::Args),
    /// Builds what changed and runs the shop with the data folder ./data
    Serve(serve::Args),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = Place::find().and_then(|place| match arguments.command {
        Command::Build(args) => build::run(&place, &args),
        Command::Serve(args) => serve::run(&place, &args),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress::say(format_args!("Error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
