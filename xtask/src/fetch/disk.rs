//! What lies in a data folder: a file, what is known about it, and how it gets there whole or not at all.
//!
//! Beside `NAME` may stand `NAME.stamp.json`, which remembers the hash of the file so that it need not be read again
//! (and pins it where the catalogue knows none), and, while it is on its way, `NAME.part` with `NAME.part.json`.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use practicum_core::io::{remove_leftovers, write_atomically};
use practicum_core::{Error, Result};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::catalogue::DataFile;
use crate::own_file;

pub(super) const CHUNK: usize = 1 << 16;

const LEFT_AS_IT_IS: &str = "it was left as it is; to fetch the right one, move it away first";

/// Where one file and its companions lie.
pub(super) struct Place {
    pub(super) folder: PathBuf,
    pub(super) target: PathBuf,
    pub(super) part: PathBuf,
    pub(super) part_note: PathBuf,
    pub(super) stamp: PathBuf,
}

/// What was known of a file when it was last read whole.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Stamp {
    bytes: u64,
    /// Nanoseconds since 1970-01-01 UTC.
    modified: u64,
    sha256: String,
}

/// What a file on disk turned out to be.
pub(super) enum Found {
    Missing,
    /// The file expected, as far as can be told.
    Good(Hash),
    /// Another file than the one expected, why, and what to do.
    Differs(Error),
}

/// What a file's hash was compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Hash {
    /// The catalogue's, or one remembered before.
    Known,
    /// Nothing: it is remembered from now on.
    Pinned(Way),
    /// Nothing, and it could not be remembered.
    Unknown,
}

/// How a file came here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Way {
    /// From this machine's own disk.
    Disk,
    /// From a server, encrypted.
    Encrypted,
    /// From a server, so that whoever is on the way could have changed it.
    Open,
}

impl Place {
    pub(super) fn new(folder: &Path, name: &str) -> Self {
        let beside = |ending: &str| folder.join(format!("{name}{ending}"));
        Self {
            folder: folder.to_owned(),
            target: beside(""),
            part: beside(".part"),
            part_note: beside(".part.json"),
            stamp: beside(".stamp.json"),
        }
    }

    /// The hash that the file must have: the catalogue's, else the one pinned here.
    pub(super) fn expected_sha256(&self, file: &DataFile) -> Option<String> {
        file.sha256.clone().or_else(|| read_json::<Stamp>(&self.stamp).map(|stamp| stamp.sha256))
    }

    /// Looks at the file and, unless it is known from before, reads it whole to compare its hash.
    pub(super) fn inspect(&self, file: &DataFile) -> Result<Found> {
        let found = match fs::metadata(&self.target) {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Missing),
            Err(error) => return Err(Error::io("look at", &self.target, error)),
        };
        if !found.is_file() {
            return Err(Error::io("use", &self.target, std::io::Error::other("it is not a file")).hint("move it out of the way"));
        }
        if let Some(bytes) = file.bytes.filter(|bytes| *bytes != found.len()) {
            let why = format!("it has {} bytes, the catalogue says {bytes}", found.len());
            return Ok(Found::Differs(self.other_file(&why).hint(LEFT_AS_IT_IS)));
        }
        let stamp = read_json::<Stamp>(&self.stamp);
        let modified = modified(&found);
        let known = stamp.as_ref().filter(|stamp| stamp.bytes == found.len() && stamp.modified == modified);
        let sha256 = match known {
            Some(stamp) => stamp.sha256.clone(),
            None => hash_file(&self.target)?,
        };
        if let Some(expected) = file.sha256.as_ref().filter(|expected| **expected != sha256) {
            let why = format!("its sha256 is {sha256}, the catalogue says {expected}");
            return Ok(Found::Differs(self.other_file(&why).hint(LEFT_AS_IT_IS)));
        }
        if let Some(first) = stamp.as_ref().map(|stamp| &stamp.sha256).filter(|first| file.sha256.is_none() && **first != sha256) {
            let why = format!("its sha256 is {sha256}, the first one here had {first}");
            let hint = format!("{LEFT_AS_IT_IS}; to trust this one, remove {}", self.stamp.display());
            return Ok(Found::Differs(self.other_file(&why).hint(hint)));
        }
        // Without a stamp a file is only slower to check, so a folder that can't be written is no failure.
        let remembered = known.is_some() || self.write_stamp(&Stamp { bytes: found.len(), modified, sha256 }).is_ok();
        Ok(Found::Good(match (file.sha256.is_some() || stamp.is_some(), remembered) {
            (true, _) => Hash::Known,
            (false, true) => Hash::Pinned(Way::Disk),
            (false, false) => Hash::Unknown,
        }))
    }

    fn other_file(&self, why: &str) -> Error {
        Error::data(format!("{} is not the file expected: {why}", self.target.display()))
    }

    /// Gives the finished `.part` its name, and remembers its hash.
    fn install(&self, sha256: &str) -> Result<()> {
        fs::rename(&self.part, &self.target).map_err(|error| Error::io("rename the finished download to", &self.target, error))?;
        // A folder can't be opened everywhere; where it can, the new name is on disk before the download counts as done.
        if let Ok(folder) = File::open(&self.folder) {
            let _ = folder.sync_all();
        }
        remove_if_there(&self.part_note)?;
        let found = fs::metadata(&self.target).map_err(|error| Error::io("look at", &self.target, error))?;
        self.write_stamp(&Stamp { bytes: found.len(), modified: modified(&found), sha256: sha256.to_owned() })
    }

    fn write_stamp(&self, stamp: &Stamp) -> Result<()> {
        // A folder that is marked read-only stays as it is, even for a user who may write everywhere.
        if fs::metadata(&self.folder).is_ok_and(|folder| folder.permissions().readonly()) {
            return Err(Error::io("write", &self.stamp, ErrorKind::PermissionDenied.into()));
        }
        write_json(&self.stamp, stamp)
    }
}

/// A file on its way: its bytes so far, and their hash.
pub(super) struct Part<'a> {
    place: &'a Place,
    file: File,
    hash: Sha256,
    len: u64,
    origin: Option<Origin>,
    /// The bytes came in more than one answer, so they may be of two versions of the file.
    pub(super) pieced: bool,
}

/// Where the bytes of a `.part` came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Origin {
    pub(super) url: String,
    /// The server's mark for this version of the file, a strong `ETag` or a `Last-Modified`, good for `If-Range`.
    pub(super) validator: Option<String>,
    /// The size of the whole file, where the server said it.
    #[serde(default)]
    pub(super) total: Option<u64>,
    /// Some of them came over a line that is not encrypted.
    #[serde(default)]
    pub(super) open: bool,
}

impl<'a> Part<'a> {
    /// Opens what an earlier attempt left, or an empty file.
    pub(super) fn open(place: &'a Place) -> Result<Self> {
        let failed = |error| Error::io("write", &place.part, error);
        let mut file = own_file::open("write", &place.part)?;
        let mut hash = Sha256::new();
        let len = hash_into(&mut hash, &mut file).map_err(failed)?;
        let origin = if len > 0 { read_json(&place.part_note) } else { None };
        Ok(Self { place, file, hash, len, origin, pieced: len > 0 })
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Where the bytes came from, if there are any and it is known.
    pub(super) fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// How the bytes came.
    pub(super) fn way(&self) -> Way {
        if self.origin.as_ref().is_some_and(|origin| origin.open) { Way::Open } else { Way::Encrypted }
    }

    /// Notes that what follows comes over an open line.
    pub(super) fn note_open(&mut self) -> Result<()> {
        match &mut self.origin {
            Some(origin) if !origin.open => {
                origin.open = true;
                write_json(&self.place.part_note, origin)
            }
            _ => Ok(()),
        }
    }

    /// Throws the bytes away, and begins again with those of `origin`.
    pub(super) fn restart(&mut self, origin: Option<Origin>) -> Result<()> {
        let failed = |error| Error::io("empty", &self.place.part, error);
        self.file.set_len(0).map_err(failed)?;
        std::io::Seek::rewind(&mut self.file).map_err(failed)?;
        self.hash = Sha256::new();
        self.len = 0;
        self.pieced = false;
        self.origin = origin;
        match &self.origin {
            Some(origin) => write_json(&self.place.part_note, origin),
            None => remove_if_there(&self.place.part_note),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|error| Error::io("write", &self.place.part, error))?;
        self.hash.update(bytes);
        self.len += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn sha256(&self) -> String {
        hex(self.hash.clone())
    }

    /// Puts the file in its place: its bytes are on disk before it has its name.
    pub(super) fn finish(self) -> Result<()> {
        let failed = |error| Error::io("write", &self.place.part, error);
        self.file.sync_all().map_err(failed)?;
        let on_disk = self.file.metadata().map_err(failed)?.len();
        if on_disk != self.len {
            let message = format!("{} bytes were written, {on_disk} arrived; does something else write it?", self.len);
            return Err(failed(std::io::Error::other(message)));
        }
        self.place.install(&self.sha256())
    }

    /// Leaves the bytes for the next attempt, or no trace where there are none.
    pub(super) fn leave(self) -> Result<()> {
        if self.len > 0 {
            return Ok(());
        }
        remove_if_there(&self.place.part)?;
        remove_if_there(&self.place.part_note)
    }
}

/// A data set's folder, held by one process at a time until dropped.
pub(super) struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Waits for other processes that write to `folder`; `on_wait` is called first if there is one.
    pub(super) fn acquire(folder: &Path, on_wait: impl FnOnce()) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|error| Error::io("create the folder", folder, error).hint("choose another with --data-dir"))?;
        let path = folder.join(".lock");
        let failed = |error| Error::io("lock", &path, error);
        let file = own_file::open("lock", &path)?;
        remove_leftovers(folder);
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                on_wait();
                file.lock().map_err(failed)?;
            }
            // Some network file systems know no locks; fetching there is still better than not at all.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        Ok(Self { _file: file })
    }
}

fn hash_file(path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    File::open(path).and_then(|mut file| hash_into(&mut hash, &mut file)).map_err(|error| Error::io("read", path, error))?;
    Ok(hex(hash))
}

fn hash_into(hash: &mut Sha256, from: &mut File) -> std::io::Result<u64> {
    let mut buffer = vec![0; CHUNK];
    let mut len = 0;
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(len),
            Ok(n) => {
                hash.update(&buffer[..n]);
                len += n as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn modified(found: &fs::Metadata) -> u64 {
    let since = found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or(0)
}

/// A companion file's content; a missing or damaged one says nothing.
fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    // A pipe in its place would be waited for.
    let is_file = fs::metadata(path).is_ok_and(|found| found.is_file());
    serde_json::from_slice(&is_file.then(|| fs::read(path).ok()).flatten()?).ok()
}

fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    let text = serde_json::to_vec(value).map_err(|error| Error::io("write", path, error.into()))?;
    write_atomically(path, &text)
}

fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("remove", path, error)),
        _ => Ok(()),
    }
}
