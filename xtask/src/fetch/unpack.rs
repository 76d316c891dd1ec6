//! Archives: unpacked beside where they came, whole or not at all, and never outside their folder.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;
use practicum_core::{Error, Result};

use super::disk::CHUNK;
use super::progress::{Progress, size};

/// An archive unpacks to this many times its size at most, and [`ALWAYS`] more: pictures are compressed already.
const LARGEST_RATIO: u64 = 10;
const ALWAYS: u64 = 64 << 20;
/// No archive of the course has more entries; each costs a file.
const MOST_ENTRIES: u64 = 200_000;
/// What some systems add to archives, which is no part of the data.
const ADDED: [&str; 3] = ["__MACOSX", ".DS_Store", "Thumbs.db"];

/// An archive, and the folder that it becomes.
pub(super) struct Unpacking<'a> {
    pub(super) archive: &'a Path,
    /// The folder of the data set.
    pub(super) folder: &'a Path,
    /// The name of the tree in it. An archive with one top folder of that name gives the tree itself, another one its
    /// content.
    pub(super) tree: &'a str,
}

impl Unpacking<'_> {
    /// Whether the tree is there.
    pub(super) fn is_done(&self) -> bool {
        self.folder.join(self.tree).is_dir()
    }

    /// Unpacks the archive into a hidden folder, which gets the tree's name when all of it is there. The caller holds the
    /// folder's lock.
    ///
    /// # Errors
    /// An archive that is broken, too large unpacked, or that holds links, special files, entries twice or paths that leave
    /// the folder; then nothing of it stays.
    pub(super) fn run(&self, label: &str, progress: &mut Progress) -> Result<()> {
        let part = self.folder.join(format!(".{}.part", self.tree));
        remove_tree(&part)?;
        let packed = fs::metadata(self.archive).map_err(|error| Error::io("look at", self.archive, error))?.len();
        progress.start(&format!("{label}: unpacking"), None, 0);
        let mut out = Output {
            root: part.clone(),
            files: BTreeSet::new(),
            entries: 0,
            bytes: 0,
            limit: packed.saturating_mul(LARGEST_RATIO) + ALWAYS,
            progress,
        };
        let unpacked = self.entries(&mut out).and_then(|()| out.is_some_file());
        out.progress.finish();
        let placed = unpacked.and_then(|()| {
            // An archive with the tree as its only folder has its content one level deeper.
            let inner = part.join(self.tree);
            let only = fs::read_dir(&part).map_err(|error| Error::io("look into", &part, error))?.count() == 1;
            let whole = if only && inner.is_dir() { &inner } else { &part };
            let target = self.folder.join(self.tree);
            fs::rename(whole, &target).map_err(|error| Error::io("rename the unpacked folder to", &target, error))
        });
        let cleaned = remove_tree(&part);
        placed.map_err(|error| error.context(self.archive.display().to_string())).and(cleaned)
    }

    fn entries(&self, out: &mut Output<'_>) -> Result<()> {
        let file = File::open(self.archive).map_err(|error| Error::io("read", self.archive, error))?;
        let mut start = [0; 4];
        let mut reader = BufReader::new(file);
        let peeked = reader.read(&mut start).map_err(|error| Error::io("read", self.archive, error))?;
        std::io::Seek::rewind(&mut reader).map_err(|error| Error::io("read", self.archive, error))?;
        match &start[..peeked] {
            [b'P', b'K', ..] => zip_entries(reader, out),
            [0x1f, 0x8b, ..] => tar_entries(GzDecoder::new(reader), out),
            _ => Err(Error::format("it is neither a zip archive nor a tar.gz")),
        }
    }
}

fn zip_entries(reader: BufReader<File>, out: &mut Output<'_>) -> Result<()> {
    let broken = |error: zip::result::ZipError| Error::format(format!("the zip archive is broken: {error}"));
    let mut archive = zip::ZipArchive::new(reader).map_err(broken)?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(broken)?;
        let name = entry.name().map_err(broken)?.replace('\\', "/");
        match (entry.is_dir(), entry.is_symlink()) {
            (true, _) => out.folder(&name)?,
            (_, true) => return Err(not_a_file(&name)),
            _ => out.file(&name, &mut entry)?,
        }
    }
    Ok(())
}

fn tar_entries(reader: GzDecoder<BufReader<File>>, out: &mut Output<'_>) -> Result<()> {
    let broken = |error: std::io::Error| Error::format(format!("the tar.gz archive is broken: {error}"));
    let mut archive = tar::Archive::new(reader);
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = entry.path().map_err(broken)?.to_str().map(str::to_owned);
        let name = name.ok_or_else(|| Error::format("a name in the archive is not Unicode"))?;
        match entry.header().entry_type() {
            tar::EntryType::Directory => out.folder(&name)?,
            tar::EntryType::Regular | tar::EntryType::Continuous => out.file(&name, &mut entry)?,
            tar::EntryType::XGlobalHeader => {}
            _ => return Err(not_a_file(&name)),
        }
    }
    Ok(())
}

fn not_a_file(name: &str) -> Error {
    Error::data(format!("`{name}` is neither a file nor a folder: links and special files are not unpacked"))
}

/// The folder that entries are written to, and how much came.
struct Output<'a> {
    root: PathBuf,
    files: BTreeSet<String>,
    entries: u64,
    bytes: u64,
    limit: u64,
    progress: &'a mut Progress,
}

impl Output<'_> {
    fn folder(&mut self, name: &str) -> Result<()> {
        let Some(path) = self.path(name)? else { return Ok(()) };
        create_folder(&path)
    }

    fn file(&mut self, name: &str, content: &mut dyn Read) -> Result<()> {
        let Some(path) = self.path(name)? else { return Ok(()) };
        if path == self.root {
            return Err(Error::data(format!("`{name}` is no name for a file")));
        }
        // Names that differ in case alone are one file on some systems.
        if !self.files.insert(name.to_lowercase()) {
            return Err(Error::data(format!("`{name}` occurs twice")));
        }
        path.parent().map_or(Ok(()), create_folder)?;
        let mut file = File::create_new(&path).map_err(|error| Error::io("write", &path, error))?;
        let mut buffer = vec![0; CHUNK];
        loop {
            let n = match content.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(n) => n,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::format(format!("`{name}` is broken: {error}"))),
            };
            self.bytes += n as u64;
            if self.bytes > self.limit {
                return Err(Error::data(format!("it unpacks to more than {}, {LARGEST_RATIO} times its size", size(self.limit)))
                    .hint("if that is right, unpack it yourself into the data folder"));
            }
            std::io::Write::write_all(&mut file, &buffer[..n]).map_err(|error| Error::io("write", &path, error))?;
            self.progress.advance(self.bytes);
        }
    }

    /// Where an entry goes; nowhere for what systems add.
    fn path(&mut self, name: &str) -> Result<Option<PathBuf>> {
        self.entries += 1;
        if self.entries > MOST_ENTRIES {
            return Err(Error::data(format!("it has more than {MOST_ENTRIES} entries")));
        }
        let mut path = self.root.clone();
        for part in Path::new(name).components() {
            match part {
                Component::Normal(part) if part.to_str().is_some_and(|part| ADDED.contains(&part)) => return Ok(None),
                Component::Normal(part) if !part.to_string_lossy().contains([':', '\0']) => path.push(part),
                Component::CurDir => {}
                _ => return Err(Error::data(format!("the path `{name}` leaves its folder"))),
            }
        }
        Ok(Some(path))
    }

    fn is_some_file(&self) -> Result<()> {
        if self.files.is_empty() { Err(Error::data("it holds no files")) } else { Ok(()) }
    }
}

fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|error| Error::io("create the folder", path, error))
}

/// Copies a folder that the user already has as the tree of a set, whole or not at all.
///
/// # Errors
/// A folder that holds the one it would be copied to; one that cannot be read or written.
pub(super) fn copy_tree(from: &Path, folder: &Path, tree: &str) -> Result<()> {
    let real = |path: &Path| fs::canonicalize(path).map_err(|error| Error::io("look for", path, error));
    if real(folder)?.starts_with(real(from)?) {
        let message = format!("{} holds {}, which it would be copied to", from.display(), folder.display());
        return Err(Error::argument(message).hint("give a folder that holds the pictures alone, outside of the data folder"));
    }
    let part = folder.join(format!(".{tree}.part"));
    remove_tree(&part)?;
    let target = folder.join(tree);
    let copied = copy_into(from, &part)
        .and_then(|()| fs::rename(&part, &target).map_err(|error| Error::io("rename the copied folder to", &target, error)));
    copied.and(remove_tree(&part))
}

fn copy_into(from: &Path, to: &Path) -> Result<()> {
    create_folder(to)?;
    let failed = |error| Error::io("look into", from, error);
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let target = to.join(entry.file_name());
        // A link is followed where it leads to a file, never to a folder.
        if entry.file_type().map_err(failed)?.is_dir() {
            copy_into(&entry.path(), &target)?;
        } else if entry.path().is_file() {
            fs::copy(entry.path(), &target).map_err(|error| Error::io("copy", &entry.path(), error))?;
        }
    }
    Ok(())
}

fn remove_tree(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", path, error)),
        _ => Ok(()),
    }
}
