//! The README names every crate and every command.

use super::Tree;
use super::dependency::Crate;

/// Every crate and command that the README leaves out.
pub(super) fn check(tree: &Tree, crates: &[Crate]) -> Vec<String> {
    let Some(readme) = tree.text("README.md") else {
        return vec!["README.md is missing.".to_owned()];
    };
    let mut breaches = Vec::new();
    for found in crates {
        if !readme.contains(&format!("`{}`", found.name)) {
            breaches.push(format!(
                "README.md does not name the crate `{}`.",
                found.name
            ));
        }
    }
    for command in crate::commands() {
        if !readme.contains(&format!("cargo xtask {command}")) {
            breaches.push(format!("README.md does not name `cargo xtask {command}`."));
        }
    }
    breaches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree;

    #[test]
    fn every_command_is_looked_for() {
        let commands = crate::commands();
        assert!(commands.iter().any(|command| command == "serve"));
        let all: String = commands
            .iter()
            .map(|command| format!("cargo xtask {command}\n"))
            .collect();
        assert_eq!(
            check(&tree(&[("README.md", &all)]), &[]),
            Vec::<String>::new()
        );
        assert_eq!(
            check(&tree(&[("README.md", "")]), &[]).len(),
            commands.len()
        );
    }
}
