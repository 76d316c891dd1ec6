//! The zip file that a `.keras` is.

use std::io::{Read, Seek};

use zip::ZipArchive;

use crate::{Error, Result};

/// Bytes that any member may have when it is unpacked.
const SPARE: u64 = 1 << 26;

/// How many times the size of the whole file a member may have beyond that.
const GROWTH: u64 = 64;

/// A zip file's members.
pub(super) struct Archive<R> {
    zip: ZipArchive<R>,
    length: u64,
}

impl<R: Read + Seek> Archive<R> {
    pub(super) fn new(reader: R, length: u64) -> Result<Self> {
        let zip = ZipArchive::new(reader).map_err(|source| {
            Error::format(format!("this is no whole zip file, as a `.keras` is: {source}")).hint("was it cut off while it was copied?")
        })?;
        Ok(Self { zip, length })
    }

    /// The names of all members, with slashes.
    pub(super) fn names(&self) -> Vec<String> {
        (0..self.zip.len()).filter_map(|index| self.name(index)).collect()
    }

    fn name(&self, index: usize) -> Option<String> {
        Some(self.zip.name_for_index(index)?.ok()?.replace('\\', "/"))
    }

    /// The content of a member; none where there is no such member.
    pub(super) fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>> {
        let Some(index) = (0..self.zip.len()).find(|index| self.name(*index).as_deref() == Some(name)) else { return Ok(None) };
        let broken = |source: &dyn std::fmt::Display| Error::format(format!("`{name}` in the zip file cannot be read: {source}"));
        let member = self.zip.by_index(index).map_err(|source| broken(&source))?;
        let most = self.length.saturating_mul(GROWTH).saturating_add(SPARE);
        if member.size() > most {
            return Err(broken(&format!("it says that it has {} bytes, in a file of {}", member.size(), self.length)));
        }
        // What it says need not be true.
        let mut content = Vec::new();
        content.try_reserve_exact(member.size() as usize).map_err(|source| broken(&source))?;
        member.take(most + 1).read_to_end(&mut content).map_err(|source| broken(&source))?;
        if content.len() as u64 > most {
            return Err(broken(&format!("it has more than {most} bytes, in a file of {}", self.length)));
        }
        Ok(Some(content))
    }
}
