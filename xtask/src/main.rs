//! The project's own commands. CI and README call only this.

mod art;
mod bench;
mod build;
mod cargo;
mod dist;
mod eval;
mod install;
mod model;
mod network;
mod place;
mod progress;
mod scratch;
mod serve;
mod soak;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use network::Act;
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
    /// Builds what changed and runs the shop with the data folder ./data
    Serve(serve::Args),
    /// Runs every check there is
    Test(test::Args),
    /// Makes one self-contained binary
    Dist,
    /// Builds only what browsers load
    Build(build::Args),
    /// Takes figures
    Bench(bench::Args),
    /// Runs the long version of tests of faults and races
    Soak(soak::Args),
    /// Trains a network of our own
    Train(network::Args),
    /// Holds a network against truth files, or the import of films against a referee
    Eval(eval::Args),
    /// Fetches weights that others published and turns them into files of ours
    Models,
    /// Draws the demo shop's pictures and clips
    Art(art::Args),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = Place::find().and_then(|place| match arguments.command {
        Command::Serve(args) => serve::run(&place, &args),
        Command::Test(args) => test::run(&place, &args),
        Command::Dist => dist::run(&place),
        Command::Build(args) => build::run(&place, &args),
        Command::Bench(args) => bench::run(&place, &args),
        Command::Soak(args) => soak::run(&place, &args),
        Command::Train(args) => network::run(&place, Act::Train, &args),
        Command::Eval(args) => eval::run(&place, &args),
        Command::Models => model::run(&place),
        Command::Art(args) => art::run(&place, &args),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress::say(format_args!("Error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// The names of the commands.
fn commands() -> Vec<String> {
    Arguments::command()
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect()
}
