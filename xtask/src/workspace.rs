//! The workspace that the program is run from.

use std::path::{Path, PathBuf};

/// The root of the workspace: the one that `cargo xtask` was called in, or the one around the current folder; `None` outside.
///
/// Where the program was built says nothing: a checkout may be moved, and its `target` copied.
pub(crate) fn root() -> Option<PathBuf> {
    let called = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let here = std::env::current_dir().ok();
    called.iter().chain(&here).find_map(|folder| folder.ancestors().find(|folder| is_root(folder)).map(Path::to_owned))
}

fn is_root(folder: &Path) -> bool {
    folder.join("xtask").join("Cargo.toml").is_file() && folder.join("Cargo.toml").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r5_the_root_is_found_from_any_folder_below_it() {
        let root = root().unwrap();
        assert!(is_root(&root) && root.join("xtask/src/workspace.rs").is_file());
        assert!(!is_root(&root.join("xtask")));
    }
}
