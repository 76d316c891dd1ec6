//! Writes a sheet with pictures of each class of a built-in data set, and grey ones as four IDX files:
//!
//! ```text
//! cargo run --release -p practicum-vision --features builtin --example builtin -- garments FOLDER [SEED]
//! ```
//!
//! Sets are garments, digits, signs, horses, faces, pets, hands and stairs.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use practicum_core::ndarray::{Array1, Axis};
use practicum_vision::datasets::ImageDataset;
use practicum_vision::datasets::builtin::{self, Size};
use practicum_vision::datasets::fashion_mnist::FILES;
use practicum_vision::idx::{self, Idx};
use practicum_vision::picture::{self, Sheet};
use practicum_vision::{Error, Result};

const NAMES: [&str; 8] = ["garments", "digits", "signs", "horses", "faces", "pets", "hands", "stairs"];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words[..] {
        [name, folder] => run(name, folder, "42"),
        [name, folder, seed] => run(name, folder, seed),
        _ => Err(Error::argument(format!("expected one of {}, a folder, and perhaps a seed", NAMES.join(", ")))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(name: &str, folder: &str, seed: &str) -> Result<()> {
    let folder = Path::new(folder);
    let seed = seed.parse().map_err(|_| Error::argument(format!("expected a whole number as seed, got `{seed}`")))?;
    std::fs::create_dir_all(folder).map_err(|cause| Error::io("create", folder, cause))?;
    if name == "stairs" {
        return picture::save_png(Sheet::new(1).gap(0).grey([builtin::ascent().view()])?, folder.join("sheet.png"));
    }
    let (start, scenes) = (Instant::now(), Size { train: 200, test: 40 });
    let set = match name {
        "garments" => builtin::garments(seed, Size::default())?,
        "digits" => builtin::digits(seed, Size::default())?,
        "signs" => builtin::signs(seed, Size::default())?,
        "horses" => builtin::horses_or_humans(seed, scenes, 150)?,
        "faces" => builtin::happy_or_sad(seed, scenes, 150)?,
        "pets" => builtin::cats_and_dogs(seed, scenes, 150)?,
        "hands" => builtin::rock_paper_scissors(seed, scenes, 150)?,
        _ => return Err(Error::unknown("data set", name, NAMES)),
    };
    println!("{} pictures in {:.0?}", set.train.len() + set.test.len(), start.elapsed());

    let sheet = Sheet::new(12).scale(if set.train.width() < 60 { 3 } else { 1 }).background(40);
    let shown: Vec<usize> =
        (0..set.class_names().len()).flat_map(|class| of_class(&set, class, if name == "signs" { 4 } else { 24 })).collect();
    let pictures = shown.iter().filter_map(|index| set.train.picture(*index));
    if set.train.channels() == 3 {
        return picture::save_png(sheet.rgb(pictures)?, folder.join("sheet.png"));
    }
    picture::save_png(sheet.grey(pictures.map(|picture| picture.index_axis_move(Axis(2), 0)))?, folder.join("sheet.png"))?;
    for (part, files) in [&set.train, &set.test].into_iter().zip(FILES.chunks(2)) {
        let labels: Array1<u8> = part.labels().iter().map(|label| *label as u8).collect();
        idx::write_gzip(folder.join(files[0]), &Idx::from(part.grey()?.to_owned()))?;
        idx::write_gzip(folder.join(files[1]), &Idx::from(labels))?;
    }
    Ok(())
}

fn of_class(set: &ImageDataset, class: usize, count: usize) -> impl Iterator<Item = usize> + '_ {
    let labels = set.train.labels().iter().enumerate();
    labels.filter(move |(_, label)| **label as usize == class).map(|(index, _)| index).take(count)
}
