//! The course's photographs in folders, or drawings in folders of the same form.

use std::ops::Deref;
use std::path::Path;

use practicum_core::rng::DEFAULT_SEED;
use practicum_core::{Error, Result};
use practicum_vision::datasets::builtin::{self, Size};
use practicum_vision::datasets::photographs::{
    ALL_CATS_AND_DOGS, CATS_AND_DOGS, HAPPY_OR_SAD, HORSE_OR_HUMAN, PhotographFolders, Photographs, ROCK_PAPER_SCISSORS,
};
use practicum_vision::datasets::{ImageDataset, LabeledImages, sign_mnist};
use practicum_vision::folder::{ImageFolder, OnBroken};
use tempfile::TempDir;

use super::{DataSet, Form, StandIn};

/// A set of photographs: folders of pictures, a sub-folder per class.
pub(crate) struct PhotoSet {
    folders: PhotographFolders,
    /// Where drawn pictures lie as long as the week runs.
    drawn: Option<TempDir>,
}

impl PhotoSet {
    /// Whether the code has drawn the pictures.
    pub(crate) fn is_drawn(&self) -> bool {
        self.drawn.is_some()
    }
}

impl Deref for PhotoSet {
    type Target = PhotographFolders;

    fn deref(&self) -> &PhotographFolders {
        &self.folders
    }
}

/// Width and height of drawn pictures.
const SIDE: usize = 128;

type Draw = fn(u64, Size, usize) -> Result<ImageDataset>;

fn real(set: &Photographs, path: &Path) -> Result<PhotoSet> {
    Ok(PhotoSet { folders: set.open(path)?, drawn: None })
}

/// The same pictures whatever the seed of the training, written to a folder that goes away with the set.
fn drawn(set: &Photographs, draw: Draw, train: usize, test: usize) -> Result<PhotoSet> {
    let folder = tempfile::tempdir().map_err(|source| Error::io("make a folder in", &std::env::temp_dir(), source))?;
    set.write(folder.path(), &draw(DEFAULT_SEED, Size { train, test }, SIDE)?)?;
    Ok(PhotoSet { folders: set.open_any(folder.path())?, drawn: Some(folder) })
}

pub(crate) static HORSES: DataSet<PhotoSet> = DataSet {
    id: "horses",
    form: Form::Folder,
    missing: |path| HORSE_OR_HUMAN.missing(path),
    check: |_| Ok(()),
    load: |path| real(&HORSE_OR_HUMAN, path),
    stand_in: Some(StandIn {
        what: "horses and humans drawn by the code",
        make: || drawn(&HORSE_OR_HUMAN, builtin::horses_or_humans, 320, 128),
    }),
};

pub(crate) static HAPPYSAD: DataSet<PhotoSet> = DataSet {
    id: "happysad",
    form: Form::Folder,
    missing: |path| HAPPY_OR_SAD.missing(path),
    check: |_| Ok(()),
    load: |path| real(&HAPPY_OR_SAD, path),
    stand_in: Some(StandIn { what: "faces drawn by the code", make: || drawn(&HAPPY_OR_SAD, builtin::happy_or_sad, 80, 0) }),
};

pub(crate) static CATSDOGS: DataSet<PhotoSet> = DataSet {
    id: "catsdogs",
    form: Form::Folder,
    missing: |path| CATS_AND_DOGS.missing(path),
    check: |_| Ok(()),
    load: |path| real(&CATS_AND_DOGS, path),
    stand_in: Some(StandIn {
        what: "heads of cats and dogs drawn by the code",
        make: || drawn(&CATS_AND_DOGS, builtin::cats_and_dogs, 240, 120),
    }),
};

pub(crate) static PETIMAGES: DataSet<PhotoSet> = DataSet {
    id: "petimages",
    form: Form::Folder,
    missing: |path| ALL_CATS_AND_DOGS.missing(path),
    check: |_| Ok(()),
    // Empty and broken files are part of this set: the week's own split leaves them out.
    load: |path| Ok(PhotoSet { folders: ALL_CATS_AND_DOGS.open_any(path)?, drawn: None }),
    stand_in: Some(StandIn { what: "heads of cats and dogs drawn by the code, an empty file among them", make: all_pets }),
};

/// Drawings with what the real folders hold besides: an empty picture, and a file that is no picture.
fn all_pets() -> Result<PhotoSet> {
    let set = drawn(&ALL_CATS_AND_DOGS, builtin::cats_and_dogs, 400, 0)?;
    for (class, empty) in [("Cat", "666.jpg"), ("Dog", "11702.jpg")] {
        for name in [empty, "Thumbs.db"] {
            let path = set.train_path().join(class).join(name);
            std::fs::write(&path, "").map_err(|source| Error::io("write", &path, source))?;
        }
    }
    Ok(set)
}

pub(crate) static RPS: DataSet<PhotoSet> = DataSet {
    id: "rps",
    form: Form::Folder,
    missing: |path| ROCK_PAPER_SCISSORS.missing(path),
    check: |_| Ok(()),
    load: |path| real(&ROCK_PAPER_SCISSORS, path),
    stand_in: Some(StandIn {
        what: "hands drawn by the code",
        make: || drawn(&ROCK_PAPER_SCISSORS, builtin::rock_paper_scissors, 360, 120),
    }),
};

pub(crate) static SIGNMNIST: DataSet<ImageDataset> = DataSet {
    id: "signmnist",
    form: Form::Folder,
    missing: |path| sign_mnist::missing(path),
    check: |_| Ok(()),
    load: |path| sign_mnist::load(path),
    stand_in: Some(StandIn {
        what: "letters of American Sign Language drawn by the code",
        make: || builtin::signs(DEFAULT_SEED, Size { train: 4_800, test: 960 }),
    }),
};

/// All pictures of a folder of classes, squeezed to `side` × `side`; broken files are left out, as a training leaves them out.
pub(crate) fn squeezed(folder: ImageFolder, side: usize) -> Result<LabeledImages> {
    folder.target_size((side, side)).on_broken(OnBroken::Skip).load()
}
