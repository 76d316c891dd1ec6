//! What the workloads of pictures and texts read, and their peers as well: the user's own, or what the code draws and writes.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use practicum_nlp::datasets::{builtin, imdb};
use practicum_nlp::{SubwordOptions, SubwordTextEncoder};
use practicum_vision::datasets::builtin::{Size, cats_and_dogs};
use practicum_vision::picture::save_img;

use super::Workload;

/// The workloads that read photographs.
const OF_PHOTOGRAPHS: [&str; 4] = ["decode", "augment", "augment-all", "files"];
/// The workloads that read texts.
const OF_TEXTS: [&str; 2] = ["words", "subwords"];

/// Photographs that the code draws: of each kind, and their height and width.
const DRAWN: usize = 20;
const SIDE: usize = 448;
/// Reviews that the code writes, about 90 words each.
const WRITTEN: usize = 5_000;
/// Reviews that the vocabulary of subwords is built from, and its size.
const LEARNED_FROM: usize = 2_000;
const PIECES: usize = 1 << 13;

/// Where it lies; what was made is removed at the end.
#[derive(Debug)]
pub(super) struct Material {
    made: tempfile::TempDir,
    photographs: Option<PathBuf>,
}

impl Material {
    /// Brings what these workloads read into one form.
    ///
    /// # Errors
    /// Photographs or reviews that were asked for and are not there.
    pub(super) fn of(workloads: &[&Workload], photographs: Option<&Path>, reviews: Option<&Path>) -> Result<Self> {
        let made = tempfile::tempdir().context("making a folder for what is read")?;
        let wanted = |ids: &[&str]| workloads.iter().any(|workload| ids.contains(&workload.id));
        if let Some(folder) = photographs {
            ensure!(folder.is_dir(), "--photographs {}: there is no such folder", folder.display());
        }
        let material = Self { made, photographs: photographs.map(std::path::absolute).transpose()? };
        if wanted(&OF_PHOTOGRAPHS) && photographs.is_none() {
            eprintln!("photographs: {} that the code draws, {SIDE}×{SIDE}; --photographs FOLDER takes others", 2 * DRAWN);
            draw(&material.photographs())?;
        }
        if wanted(&OF_TEXTS) {
            write_texts(&material.texts(), reviews)?;
        }
        Ok(material)
    }

    /// A folder with a folder of photographs for each class.
    pub(super) fn photographs(&self) -> PathBuf {
        self.photographs.clone().unwrap_or_else(|| self.made.path().join("photographs"))
    }

    /// A file with a text a line. Beside it, its ending replaced, lies a vocabulary: `texts.subwords`.
    pub(super) fn texts(&self) -> PathBuf {
        self.made.path().join("texts.txt")
    }
}

fn draw(folder: &Path) -> Result<()> {
    let drawn = cats_and_dogs(1, Size { train: 2 * DRAWN, test: 2 }, SIDE)?.train;
    for (index, picture) in drawn.images().outer_iter().enumerate() {
        let class = folder.join(drawn.class_of(index).unwrap_or("other"));
        std::fs::create_dir_all(&class)?;
        save_img(class.join(format!("{index}.jpg")), picture)?;
    }
    Ok(())
}

fn write_texts(path: &Path, reviews: Option<&Path>) -> Result<()> {
    let texts: Vec<String> = match reviews {
        Some(given) => imdb::load(given)?.train.into_iter().map(|review| review.text).collect(),
        None => {
            eprintln!("texts: {WRITTEN} reviews that the code writes; --reviews PATH takes the IMDB archive");
            builtin::reviews(1, WRITTEN, 1).train.into_iter().map(|review| review.text).collect()
        }
    };
    // The bad reviews come first: of each kind as many are learned from.
    let step = (texts.len() / LEARNED_FROM).max(1);
    let some: Vec<&String> = texts.iter().step_by(step).collect();
    let lines: Vec<String> = texts.iter().map(|text| text.replace(['\n', '\r'], " ")).collect();
    std::fs::write(path, lines.join("\n")).with_context(|| format!("writing {}", path.display()))?;
    Ok(SubwordTextEncoder::build_from_corpus(&some, SubwordOptions::new(PIECES))?.save(path.with_extension("subwords"))?)
}
