//! Writes a built-in data set as four IDX files, and a sheet with twelve pictures of each class:
//!
//! ```text
//! cargo run --release -p practicum-vision --features builtin --example builtin -- garments FOLDER [SEED]
//! ```

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use practicum_core::ndarray::{Array1, ArrayView2, Axis};
use practicum_vision::datasets::ImageDataset;
use practicum_vision::datasets::builtin::{self, Size};
use practicum_vision::datasets::fashion_mnist::FILES;
use practicum_vision::idx::{self, Idx};
use practicum_vision::picture::{self, Sheet};
use practicum_vision::{Error, Result};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words[..] {
        [name, folder] => run(name, folder, "42"),
        [name, folder, seed] => run(name, folder, seed),
        _ => Err(Error::argument("expected garments or digits, a folder, and perhaps a seed")),
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
    let start = Instant::now();
    let set = match name {
        "garments" => builtin::garments(seed, Size::default())?,
        "digits" => builtin::digits(seed, Size::default())?,
        _ => return Err(Error::unknown("data set", name, ["garments", "digits"])),
    };
    println!("{} pictures in {:.0?}", set.train.len() + set.test.len(), start.elapsed());

    std::fs::create_dir_all(folder).map_err(|cause| Error::io("create", folder, cause))?;
    let sheet = Sheet::new(12).scale(3).background(40).grey(of_each_class(&set, 12)?)?;
    picture::save_png(sheet, folder.join("sheet.png"))?;
    for (part, files) in [&set.train, &set.test].into_iter().zip(FILES.chunks(2)) {
        let labels: Array1<u8> = part.labels().iter().map(|label| *label as u8).collect();
        idx::write_gzip(folder.join(files[0]), &Idx::from(part.grey()?.to_owned()))?;
        idx::write_gzip(folder.join(files[1]), &Idx::from(labels))?;
    }
    Ok(())
}

fn of_each_class(set: &ImageDataset, count: usize) -> Result<Vec<ArrayView2<'_, u8>>> {
    let pictures = set.train.grey()?;
    let indices = (0..set.class_names().len()).flat_map(|class| {
        let of_class = set.train.labels().iter().enumerate().filter(move |(_, label)| **label as usize == class);
        of_class.take(count).map(|(index, _)| index)
    });
    Ok(indices.map(|index| pictures.clone().index_axis_move(Axis(0), index)).collect())
}
