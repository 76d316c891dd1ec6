//! Feeds the picture loader with files that are broken at random, and tells what came of them:
//!
//! ```text
//! cargo run --release -p practicum-vision --example fuzz_pictures -- SECONDS FOLDER [SEED]
//! ```
//!
//! FOLDER holds whole pictures, of any format. A panic, a file that takes more than two seconds and a result of another
//! size than was asked for end the program with an error; the file is then written to `fuzz-finding` in the current folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use practicum_core::rng::{Key, KeyedRng};
use practicum_vision::picture::{Aspect, Interpolation, LoadImg, decode_img};
use practicum_vision::{Error, Result};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let seed = words.get(2).map_or("1", String::as_str).parse();
    let (Some(Ok(seconds)), Some(folder), Ok(seed)) = (words.first().map(|word| word.parse()), words.get(1), seed) else {
        eprintln!("error: expected seconds, a folder of pictures, and perhaps a seed");
        return ExitCode::FAILURE;
    };
    match run(Duration::from_secs(seconds), Path::new(folder), seed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(time: Duration, folder: &Path, seed: u64) -> Result<()> {
    let mut files = Vec::new();
    gather(folder, &mut files)?;
    files.sort();
    let seeds: Vec<Vec<u8>> =
        files.iter().map(|path| std::fs::read(path).map_err(|cause| Error::io("read", path, cause))).collect::<Result<_>>()?;
    if seeds.is_empty() {
        return Err(Error::argument(format!("{} holds no files", folder.display())));
    }
    let options = LoadImg::new().target_size((16, 24)).interpolation(Interpolation::Bilinear).aspect(Aspect::Crop).max_pixels(1 << 22);
    let (start, mut pictures, mut slowest) = (Instant::now(), 0_u64, Duration::ZERO);
    let mut count = 0_u64;
    while start.elapsed() < time {
        let mut rng = Key::new(seed).fold(count).rng();
        let file = broken(&seeds, &mut rng);
        let began = Instant::now();
        let decoded = decode_img(&file, &options);
        let took = began.elapsed();
        slowest = slowest.max(took);
        let finding = match &decoded {
            Ok(picture) if picture.dim() != (16, 24, 3) => Some(format!("a picture of {:?}", picture.dim())),
            Err(error) if error.to_string().contains("cannot cope") => Some("the decoder panicked".to_owned()),
            _ if took > Duration::from_secs(2) => Some(format!("it took {took:?}")),
            _ => None,
        };
        if let Some(finding) = finding {
            std::fs::write("fuzz-finding", &file).map_err(|cause| Error::io("write", "fuzz-finding".as_ref(), cause))?;
            return Err(Error::state(format!("file {count} of seed {seed}: {finding}")));
        }
        pictures += u64::from(decoded.is_ok());
        count += 1;
    }
    println!("{count} files from {} seeds: {pictures} pictures, {} errors, slowest {slowest:?}", seeds.len(), count - pictures);
    Ok(())
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let failed = |cause| Error::io("read", folder, cause);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() { gather(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

/// A file with a few bytes changed, cut off, repeated, or taken from another file.
fn broken(seeds: &[Vec<u8>], rng: &mut KeyedRng) -> Vec<u8> {
    let below = |rng: &mut KeyedRng, bound: usize| rng.below(bound.max(1) as u32) as usize;
    let any = |rng: &mut KeyedRng| &seeds[below(rng, seeds.len())];
    let mut file = any(rng).clone();
    for _ in 0..=below(rng, 6) {
        let at = below(rng, file.len());
        match rng.below(8) {
            0 => file.truncate(at),
            1 => {
                let end = (at + below(rng, 64)).min(file.len());
                let part = file[at..end].to_vec();
                file.splice(at..at, part);
            }
            2 => {
                let other = any(rng);
                let from = below(rng, other.len());
                let part = other[from..(from + below(rng, 64)).min(other.len())].to_vec();
                file.splice(at..at, part);
            }
            3 => {
                let end = (at + below(rng, 16)).min(file.len());
                file.drain(at..end);
            }
            4 => file.iter_mut().skip(at).take(1).for_each(|byte| *byte = [0, 0xff, 0x7f, 0x80][below(rng, 4)]),
            _ => {
                let bit = 1 << rng.below(8);
                file.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bit);
            }
        }
    }
    file
}
