//! Files of a report, in folders that are made for them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use practicum_core::io::write_atomically;

/// Writes a file whole or not at all, and makes its folder where there is none.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    Ok(write_atomically(path, content)?)
}

/// Removes pictures that no page shows any more: those of earlier runs, by their names that end with a hash.
pub(super) fn remove_stale(folder: &Path, shown: &[&String]) -> Result<()> {
    let context = || format!("cannot clean up the folder {}", folder.display());
    for entry in fs::read_dir(folder).with_context(context)? {
        let entry = entry.with_context(context)?;
        let name = entry.file_name();
        if let Some(name) = name.to_str()
            && is_picture(name)
            && entry.file_type().is_ok_and(|kind| kind.is_file())
            && !shown.iter().any(|shown| *shown == name)
        {
            fs::remove_file(entry.path()).with_context(context)?;
        }
    }
    Ok(())
}

/// Whether a picture of ours has a name like this: `lab1-loss-0123abcd.svg`.
fn is_picture(name: &str) -> bool {
    let hash = name.strip_suffix(".svg").and_then(|stem| stem.rsplit_once('-'));
    hash.is_some_and(|(_, hash)| hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_in_a_folder_that_is_made_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/page.html");
        write_whole(&path, b"first").unwrap();
        write_whole(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
