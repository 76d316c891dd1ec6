//! Files that are there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Error, Result};

/// Ends the names of files that are being written.
const PART: &str = ".part";

/// At most this many bytes of a file's name stand in the name of its part: systems limit the length of names.
const NAME: usize = 100;

/// Links that may lead from one to the next, as on Linux.
const MOST_LINKS: usize = 40;

/// Tells the files apart that this process writes at the same time.
static WRITERS: AtomicU64 = AtomicU64::new(0);

/// Writes a file whole or not at all: into a temporary sibling first, which takes the file's name once everything is on
/// the disk. A link stays, and the file that it leads to is written; so is a pipe or a device, which is written directly.
///
/// ```
/// let folder = std::env::temp_dir().join(format!("practicum-doc-{}", std::process::id()));
/// std::fs::create_dir_all(&folder)?;
/// practicum_core::io::write_atomically(&folder.join("notes.txt"), b"all of it")?;
/// assert_eq!(std::fs::read(folder.join("notes.txt"))?, b"all of it");
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The path names no file, or it cannot be written; then a file is as it was before.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(content).map_err(|source| Error::io("write", path, source))?;
    file.commit()
}

/// A file being written that takes the place of an older one when it is complete: see [`commit`](AtomicFile::commit).
/// Dropped before, it leaves everything as it was. Only a pipe or a device gets what is written right away.
///
/// What an interrupted process has left is removed by the next that writes the same file.
#[derive(Debug)]
pub struct AtomicFile {
    path: PathBuf,
    /// None for a pipe or a device.
    part: Option<PathBuf>,
    /// None once it has its name.
    file: Option<File>,
}

impl AtomicFile {
    /// Begins a file; its folder has to be there.
    ///
    /// # Errors
    /// The path names no file, or a folder; nothing can be written in its folder.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let failed = |source: io::Error| Error::io("write", &path, source);
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => return Err(failed(io::ErrorKind::IsADirectory.into())),
            Ok(found) if !found.is_file() => {
                let file = OpenOptions::new().write(true).open(&path).map_err(failed)?;
                return Ok(Self { path, part: None, file: Some(file) });
            }
            _ => {}
        }
        let path = follow_links(&path).map_err(failed)?;
        let Some(name) = path.file_name().filter(|name| path.as_os_str().as_encoded_bytes().ends_with(name.as_encoded_bytes())) else {
            return Err(Error::argument(format!("`{}` names no file", path.display())).hint("end the path with the name of a file"));
        };
        let name = name.to_string_lossy().into_owned();
        let started = start(&path, &name).map_err(|source| Error::io("write", &path, source));
        let (part, file) = started?;
        Ok(Self { path, part: Some(part), file: Some(file) })
    }

    /// Gives the complete file its name.
    ///
    /// # Errors
    /// It cannot be written to the disk, or a folder has its name.
    pub fn commit(mut self) -> Result<()> {
        let (Some(file), Some(part)) = (self.file.take(), self.part.take()) else { return Ok(()) };
        let finish = || {
            if let Ok(old) = fs::symlink_metadata(&self.path)
                && old.is_file()
            {
                file.set_permissions(old.permissions())?;
            }
            file.sync_all()?;
            fs::rename(&part, &self.path)
        };
        finish().map_err(|source| {
            // The first error is the one to tell.
            let _ = fs::remove_file(&part);
            Error::io("write", &self.path, source)
        })?;
        // Not every system can write a folder's entries to the disk; the file is complete in any case.
        if let Ok(folder) = File::open(folder_of(&self.path)) {
            let _ = folder.sync_all();
        }
        Ok(())
    }

    fn file(&mut self) -> io::Result<&mut File> {
        self.file.as_mut().ok_or_else(|| io::Error::other("the file is complete"))
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file()?.flush()
    }
}

impl Read for AtomicFile {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.file()?.read(bytes)
    }
}

impl Seek for AtomicFile {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file()?.seek(position)
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        drop(self.file.take());
        if let Some(part) = self.part.take() {
            let _ = fs::remove_file(part);
        }
    }
}

/// The path that a link leads to, whether a file is there or not; any other path as it is.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = folder_of(&path).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other(format!("more than {MOST_LINKS} symbolic links follow one another")))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Opens a new sibling, `.NAME.PROCESS.NUMBER.part` with the beginning of the name, and locks it as long as it is open.
fn start(path: &Path, name: &str) -> io::Result<(PathBuf, File)> {
    let folder = folder_of(path);
    let name = &name[..name.floor_char_boundary(NAME)];
    remove_parts(folder, |of| of == name);
    loop {
        let number = WRITERS.fetch_add(1, Ordering::Relaxed);
        let part = folder.join(format!(".{name}.{}.{number}{PART}", std::process::id()));
        let file = match OpenOptions::new().read(true).write(true).create_new(true).open(&part) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            opened => opened?,
        };
        // Where files can't be locked, no one takes this one for a leftover either.
        let _ = file.lock();
        // Another writer may have taken it for a leftover before it was locked.
        if part.exists() {
            return Ok((part, file));
        }
    }
}

/// Removes what processes have left in a folder that were ended while they wrote a file there, whatever its name: for folders
/// whose files get new names each time. What another process is writing stays.
///
/// ```
/// let folder = std::env::temp_dir().join(format!("practicum-leftovers-{}", std::process::id()));
/// std::fs::create_dir_all(&folder)?;
/// std::fs::write(folder.join(".picture.png.1.0.part"), "half of a pic")?;
/// practicum_core::io::remove_leftovers(&folder);
/// assert_eq!(std::fs::read_dir(&folder)?.count(), 0);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn remove_leftovers(folder: &Path) {
    remove_parts(folder, |_| true);
}

/// Removes the parts of files with such names that no process holds the lock of.
fn remove_parts(folder: &Path, of: impl Fn(&str) -> bool) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let file_name = entry.file_name();
        let name = file_name.to_str().and_then(written);
        if !name.is_some_and(&of) || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        // The lock is kept until the file is gone: who has just made it waits for it, and then sees that it is gone.
        if let Ok(file) = OpenOptions::new().write(true).open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The name of the file that such a part, `.NAME.PROCESS.NUMBER.part`, is of.
fn written(part: &str) -> Option<&str> {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (rest, number) = part.strip_prefix('.')?.strip_suffix(PART)?.rsplit_once('.')?;
    let (name, process) = rest.rsplit_once('.')?;
    (is_number(number) && is_number(process)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        write_atomically(&path, b"first").unwrap();
        write_atomically(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(names(folder.path()), ["page.html"]);
    }

    #[test]
    fn a_path_of_a_folder_is_said_to_be_one() {
        let folder = tempfile::tempdir().unwrap();
        let slash = |name: &str| PathBuf::from(format!("{}/{name}/", folder.path().display()));
        write_atomically(&folder.path().join("file"), b"old").unwrap();
        for path in [slash("none"), slash("file"), PathBuf::new()] {
            let error = write_atomically(&path, b"").unwrap_err();
            assert!(error.is_argument() && error.to_string().contains("names no file"), "{error}");
        }
        for path in [folder.path(), &slash("."), Path::new("/")] {
            let error = write_atomically(path, b"").unwrap_err().to_string();
            assert!(error.contains("a folder stands there"), "{error}");
        }
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn a_name_may_be_as_long_as_the_system_allows() {
        let folder = tempfile::tempdir().unwrap();
        let (long, other) = (format!("{}1", "é".repeat(127)), format!("{}2", "é".repeat(127)));
        fs::write(folder.path().join(format!(".{}.123.0{PART}", "é".repeat(NAME / 2))), "left").unwrap();
        for name in [&long, &other, &long] {
            write_atomically(&folder.path().join(name), name.as_bytes()).unwrap();
        }
        assert_eq!(fs::read(folder.path().join(&long)).unwrap(), long.as_bytes());
        assert_eq!(names(folder.path()), [long, other]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_its_file_is_written() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("inner")).unwrap();
        symlink("inner/second", at("first")).unwrap();
        symlink("../file", at("inner/second")).unwrap();
        for content in [b"one", b"two"] {
            write_atomically(&at("first"), content).unwrap();
            assert_eq!(fs::read(at("file")).unwrap(), content);
        }
        assert!(at("first").is_symlink() && at("inner/second").is_symlink());
        symlink("circle", at("circle")).unwrap();
        assert!(write_atomically(&at("circle"), b"x").unwrap_err().to_string().contains("40 symbolic links"));
        assert_eq!(names(folder.path()), ["circle", "file", "first", "inner"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_stays_and_takes_what_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        if !std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
            return;
        }
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read(pipe).unwrap()
        });
        write_atomically(&pipe, b"all of it").unwrap();
        assert_eq!(reader.join().unwrap(), b"all of it");
        assert_eq!(names(folder.path()), ["pipe"]);
        assert!(!fs::metadata(&pipe).unwrap().is_file());
    }

    #[test]
    fn a_file_that_is_given_up_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        write_atomically(&path, b"old").unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"ne").unwrap();
        drop(file);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["model"]);
    }

    #[test]
    fn an_error_names_the_file_and_leaves_no_part() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), "x").unwrap();
        let error = write_atomically(&path, b"x").unwrap_err();
        assert!(error.is_io() && error.to_string().contains("taken"), "{error}");
        assert_eq!(names(folder.path()), ["taken"]);
    }

    #[test]
    fn leftovers_are_removed_and_files_of_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w");
        for name in [".w.123.0.part", ".w.x.0.part", ".ww.1.0.part", ".w.part"] {
            fs::write(folder.path().join(name), "left").unwrap();
        }
        let mut open = AtomicFile::create(&path).unwrap();
        open.write_all(b"first").unwrap();
        write_atomically(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        open.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(names(folder.path()), [".w.part", ".w.x.0.part", ".ww.1.0.part", "w"]);
    }

    #[test]
    fn r8_leftovers_of_any_name_are_removed_but_not_what_is_being_written() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".a-0123.svg.123.0.part", ".b.1.2.3.part", "c.1.0.part", ".d.x.0.part", ".1.0.part"] {
            fs::write(folder.path().join(name), "left").unwrap();
        }
        fs::create_dir(folder.path().join(".e.1.0.part")).unwrap();
        let mut open = AtomicFile::create(folder.path().join("w")).unwrap();
        open.write_all(b"whole").unwrap();
        remove_leftovers(folder.path());
        open.commit().unwrap();
        assert_eq!(names(folder.path()), [".1.0.part", ".d.x.0.part", ".e.1.0.part", "c.1.0.part", "w"]);
        remove_leftovers(&folder.path().join("nowhere"));
    }

    #[cfg(unix)]
    #[test]
    fn permissions_stay() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("private");
        write_atomically(&path, b"old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        write_atomically(&path, b"new").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn many_writers_leave_one_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w");
        let contents: Vec<Vec<u8>> = (0..8).map(|writer| vec![writer; 10_000]).collect();
        std::thread::scope(|scope| {
            for content in &contents {
                scope.spawn(|| (0..20).for_each(|_| write_atomically(&path, content).unwrap()));
            }
        });
        assert!(contents.contains(&fs::read(&path).unwrap()));
        assert_eq!(names(folder.path()), ["w"]);
    }
}
