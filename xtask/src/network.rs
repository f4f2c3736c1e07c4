//! `cargo xtask train NAME` and `cargo xtask eval NAME`: the programs of the crate `vision`, built for speed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::cargo;
use crate::install::{self, Package};
use crate::model::{self, WITH_TRANSNET};
use crate::place::Place;
use crate::progress::{self, Lines, say, step};

/// The argument of `eval-shots` that has TransNetV2 judge.
const TRANSNET: &str = "--transnet";

/// The one that has it judge beside the student.
const PRECISE: &str = "--precise";

/// The argument of `train-shots` that has TransNetV2 shift labels.
const TEACHER: &str = "--teacher";

/// The argument of ours that has other tools judge the same clips, and that of `eval-shots` that reads what they found.
const PEERS: &str = "--peers";
const PEER: &str = "--peer";

/// What `cargo xtask train` takes, and what is made of `cargo xtask eval shots`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Which network
    name: Name,
    /// Given to the program as they are; `--help` among them lists them. `eval shots --transnet`, `--precise` and `train shots
    /// --teacher` without a file after it fetch the weights it names; `eval shots --peers` first has PySceneDetect and TransNetV2 judge the same clips, and
    /// keeps what they found in the target folder, for `--peer FOLDER`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Args {
    /// Those of the shot boundaries.
    pub(crate) fn shots(arguments: impl IntoIterator<Item = String>) -> Self {
        Self {
            name: Name::Shots,
            arguments: arguments.into_iter().collect(),
        }
    }
}

/// The networks of our own.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Name {
    /// Shot boundaries
    Shots,
}

/// What to do with a network.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// Train it.
    Train,
    /// Score it against truth files.
    Eval,
}

/// Builds and runs the program, with this process's own streams.
///
/// # Errors
/// When it does not compile or leaves with a bad status.
pub(crate) fn run(place: &Place, act: Act, args: &Args) -> Result<()> {
    // Both decode footage.
    install::have(Package::Ffmpeg)?;
    let verb = match act {
        Act::Train => "train",
        Act::Eval => "eval",
    };
    let name = match args.name {
        Name::Shots => "shots",
    };
    let program = format!("{verb}-{name}");
    let mut features = match act {
        Act::Train => WITH_TRANSNET,
        Act::Eval => "eval,simd",
    };
    let mut arguments = args.arguments.clone();
    for name in [TRANSNET, PRECISE, TEACHER] {
        if let Some(at) = arguments.iter().position(|a| a == name) {
            features = WITH_TRANSNET;
            if alone(&arguments, at) {
                let file = model::transnet(place)?;
                arguments.insert(at + 1, file.display().to_string());
            }
        }
    }
    if let Some(at) = arguments.iter().position(|a| a == PEERS) {
        features = WITH_TRANSNET;
        let folder = peers(place, &arguments)?.display().to_string();
        arguments.splice(at..=at, [PEER.to_owned(), folder]);
    }
    let status = built(place, &program, features)
        .args(&arguments)
        .status()
        .context("cargo cannot be started.")?;
    if !status.success() {
        bail!("{program} failed. Its own words are above.");
    }
    Ok(())
}

/// A program of the crate `vision`, to be built and run; its arguments follow.
fn built(place: &Place, program: &str, features: &str) -> Command {
    let mut command = cargo::command(place);
    command
        .args(["run", "--package", "vision", "--profile", "train"])
        .args(["--features", features])
        .args(["--bin", program, "--"]);
    command
}

/// Has other tools judge the clips of these arguments, and answers the folder with what they found.
fn peers(place: &Place, arguments: &[String]) -> Result<PathBuf> {
    let (Some(media), Some(truth)) = (after(arguments, "--media"), after(arguments, "--truth"))
    else {
        bail!("{PEERS} needs --media DIR and --truth FILE.");
    };
    let text = fs::read(place.at(truth)).with_context(|| format!("{truth} cannot be read."))?;
    let set = blake3::hash(&text).to_hex();
    let folder = place.target.join("peers").join(&set.as_str()[..12]);
    // What an earlier run found of other clips or by other versions must not stand beside.
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("{} cannot be emptied.", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made.", folder.display()))?;
    let python = install::pyscenedetect(place)?;
    step("PySceneDetect", || {
        let mut command = Command::new(python);
        command
            .current_dir(&place.root)
            .arg("frontend/vision/reference/pyscenedetect.py")
            .args([media, truth])
            .arg(&folder);
        progress::run("PySceneDetect", Lines::Show, &mut command)
    })?;
    let weights = model::transnet(place)?;
    let found = folder.join("transnetv2.json");
    step("TransNetV2", || {
        let mut command = built(place, "eval-shots", WITH_TRANSNET);
        command
            .args(["--media", media, "--truth", truth, TRANSNET])
            .arg(weights)
            .arg("--predictions")
            .arg(&found);
        // Its status says that a clip cannot be read, or what it chose: ours says so too.
        progress::finish("TransNetV2", Lines::Show, &mut command)?;
        ensure!(
            found.is_file(),
            "TransNetV2 found nothing. Its own words are above."
        );
        Ok(())
    })?;
    say(format_args!(
        "What they found lies in {}; {PEER} {0} reads it again.",
        folder.display()
    ));
    Ok(folder)
}

/// The value of an argument.
fn after<'a>(arguments: &'a [String], name: &str) -> Option<&'a str> {
    let at = arguments.iter().position(|a| a == name)?;
    arguments.get(at + 1).map(String::as_str)
}

/// Whether no value follows the argument at this place.
fn alone(arguments: &[String], at: usize) -> bool {
    arguments
        .get(at + 1)
        .is_none_or(|next| next.starts_with("--"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_follow_their_names() {
        let given = ["--media", "clips", "--peers", "--truth"].map(str::to_owned);
        assert_eq!(after(&given, "--media"), Some("clips"));
        assert_eq!(after(&given, "--truth"), None);
        assert_eq!(after(&given, "--plot"), None);
    }

    #[test]
    fn a_file_after_it_is_taken_as_it_is() {
        let told = |text: &str| alone(&text.split(' ').map(str::to_owned).collect::<Vec<_>>(), 0);
        assert!(told("--transnet"));
        assert!(told("--transnet --media clips"));
        assert!(!told("--transnet weights.bin --media clips"));
    }
}
