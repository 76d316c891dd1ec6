//! Files that the program keeps for itself in folders that others write to as well: locks, and downloads on their way.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use practicum_core::{Error, Result};

/// Opens a file of the program's own for reading and writing, as it is; makes it where there is none.
///
/// # Errors
/// A link, a pipe or a folder in its place, none of which is opened: what it leads to is not ours, and a pipe would wait for
/// a reader. Otherwise what the system says, told as `doing`.
pub(crate) fn open(doing: &str, path: &Path) -> Result<File> {
    loop {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        match fs::symlink_metadata(path) {
            Ok(found) if !found.is_file() => {
                return Err(Error::io(doing, path, io::Error::other("it is not a regular file")).hint("move it out of the way"));
            }
            Ok(_) => options.truncate(false),
            Err(_) => options.create_new(true),
        };
        match options.open(path) {
            // Another process has made it in the meantime.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map_err(|source| Error::io(doing, path, source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn r7_a_file_is_opened_as_it_is_and_links_and_folders_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (own, mine, link) = (folder.path().join("own"), folder.path().join("mine"), folder.path().join("link"));
        open("lock", &own).unwrap().write_all(b"half").unwrap();
        drop(open("lock", &own).unwrap());
        assert_eq!(fs::read(&own).unwrap(), b"half");
        fs::write(&mine, "mine").unwrap();
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&mine, &link).unwrap();
            let error = open("lock", &link).unwrap_err().to_string();
            assert!(error.contains("link") && error.contains("not a regular file"), "{error}");
            let pipe = folder.path().join("pipe");
            if std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
                assert!(open("write", &pipe).is_err());
            }
        }
        assert!(open("lock", folder.path()).is_err());
        assert_eq!(fs::read(&mine).unwrap(), b"mine");
    }
}
