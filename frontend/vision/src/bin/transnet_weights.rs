//! Turns the published checkpoint of TransNetV2 into a weights file: `transnet-weights CHECKPOINT OUT`.

use std::{path::Path, process::ExitCode};

use vision::transnet::checkpoint;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = &arguments[..] else {
        eprintln!("transnet-weights CHECKPOINT OUT");
        return ExitCode::from(2);
    };
    let written = checkpoint::convert(Path::new(from)).and_then(|bytes| {
        std::fs::write(to, bytes).map_err(|e| format!("{to} cannot be written: {e}"))
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}
