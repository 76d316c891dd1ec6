//! The tables of `fetch-data`: what became of each file, and what there is to fetch.

use std::io::{Result, Write};
use std::path::Path;

use super::catalogue::{Catalogue, DataFile, DataSet};
use super::disk::{Hash, Way};
use super::progress::size;
use super::{Row, State};

/// Data set, file, size and state of each file.
pub(super) fn outcome(rows: &[Row], out: &mut dyn Write) -> Result<()> {
    let lines = rows.iter().map(|row| {
        let state = match &row.state {
            State::UpToDate => "up to date",
            State::Fetched => "fetched",
            State::Copied => "copied",
            State::Unpacked => "unpacked",
            State::Equal => "present, another file with the same content",
            State::Differs(_) => "present, differs from the catalogue",
            State::Failed(_) => "failed",
        };
        let hash = match row.hash {
            Hash::Known => "",
            Hash::Pinned(Way::Open) => ", came unencrypted, hash remembered",
            Hash::Pinned(_) => ", hash remembered",
            Hash::Unknown => ", hash unknown",
        };
        [row.set.clone(), row.file.clone(), row.bytes.map_or("?".to_owned(), size), format!("{state}{hash}")]
    });
    write(["data set", "file", "size", "state"], &lines.collect::<Vec<_>>(), out)
}

/// What there is to fetch, and how much of it lies in `data_dir`.
pub(super) fn list(catalogue: &Catalogue, data_dir: &Path, out: &mut dyn Write) -> Result<()> {
    let lines: Vec<_> = catalogue
        .sets
        .iter()
        .map(|set| {
            let folder = data_dir.join(&set.id);
            let is_here = |file: &&DataFile| folder.join(file.tree.as_ref().unwrap_or(&file.name)).exists();
            let here = set.files.iter().filter(is_here).count();
            [set.id.clone(), set.weeks.join(" "), total(set), format!("{here} of {}", set.files.len()), set.title.clone()]
        })
        .collect();
    write(["data set", "weeks", "size", "files here", "what"], &lines, out)?;
    writeln!(out, "\nData folder: {}\nFetch some: fetch-data NAME…, --week ID or --all", data_dir.display())
}

fn total(set: &DataSet) -> String {
    let known: u64 = set.files.iter().filter_map(|file| file.bytes).sum();
    match (known, set.files.iter().all(|file| file.bytes.is_some())) {
        (bytes, true) => size(bytes),
        _ => "?".to_owned(),
    }
}

/// Columns as wide as their widest cell; sizes end at the same place.
fn write<const N: usize>(head: [&str; N], lines: &[[String; N]], out: &mut dyn Write) -> Result<()> {
    let head = head.map(str::to_owned);
    let width = |column: usize| lines.iter().chain([&head]).map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    for line in [&head].into_iter().chain(lines) {
        let cells = line.iter().zip(widths).zip(&head).map(|((cell, width), head)| match head.as_str() {
            "size" => format!("{cell:>width$}"),
            _ => format!("{cell:<width$}"),
        });
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}
