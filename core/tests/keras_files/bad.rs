//! Files that are broken, or something else than they seem: an error, never a panic, a hang or a giant allocation.

use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use practicum_core::io::{self, LoadWeights};
use practicum_core::layers::Registry;
use practicum_core::prelude::*;
use practicum_core::rng::Key;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::made::Made;

/// How long one file may be computed over at most.
const AT_MOST: Duration = Duration::from_secs(20);

/// How long this thread has computed so far, where the system tells: a machine that is busy makes no reader slow.
fn computed() -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    told.split(' ').next().and_then(|nanoseconds| nanoseconds.parse().ok()).map_or(Duration::ZERO, Duration::from_nanos)
}

fn text_of(error: &Error) -> String {
    error.to_string()
}

/// Numbers that depend on a key alone.
struct Draws(Key, u64);

impl Draws {
    fn below(&mut self, end: usize) -> usize {
        self.1 += 1;
        let mut number = [0.0];
        self.0.fold(self.1).fill_uniform(&mut number);
        ((f64::from(number[0]) * end as f64) as usize).min(end - 1)
    }
}

/// A file with a few bytes changed, or without its end.
fn broken(whole: &[u8], draws: &mut Draws) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    match draws.below(5) {
        0 => bytes.truncate(draws.below(whole.len())),
        1 => {
            let at = draws.below(bytes.len());
            bytes[at] ^= 1 << draws.below(8);
        }
        2 => {
            // A size or an address.
            let width = [2, 4, 8][draws.below(3)];
            let at = draws.below(bytes.len() - width);
            let value: u64 = [0, 1, u64::MAX, 1 << 31, 1 << 40, draws.below(1 << 20) as u64][draws.below(6)];
            bytes[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
        }
        3 => {
            for _ in 0..draws.below(16) + 1 {
                let at = draws.below(bytes.len());
                bytes[at] = draws.below(256) as u8;
            }
        }
        _ => {
            let (from, to, length) = (draws.below(bytes.len()), draws.below(bytes.len()), draws.below(64));
            let end = (from + length).min(whole.len());
            let part = whole[from..end].to_vec();
            let end = (to + part.len()).min(bytes.len());
            bytes[to..end].copy_from_slice(&part[..end - to]);
        }
    }
    bytes
}

/// Whatever comes out, it comes soon.
fn load(path: &Path, about: &str) {
    let began = computed();
    let loaded = io::load(path, &Registry::default());
    let mut model = Sequential::new().add(Input::new([4])).add(Dense::new(5)).add(Dense::new(3)).into_model();
    let weights = model.load_weights_with(path, LoadWeights::new().skip_mismatch(true));
    let arrays = io::read_arrays(path);
    let took = computed().saturating_sub(began);
    assert!(took < AT_MOST, "{about}: {took:?} for {:?}, {:?}, {:?}", loaded.is_ok(), weights.is_ok(), arrays.is_ok());
}

fn fuzz(name: &str, rounds: usize, limit: Duration) {
    let made = Made::unpack();
    let whole = fs::read(made.path(name)).unwrap();
    let path = made.path("broken");
    let began = Instant::now();
    let mut draws = Draws(Key::new(7).fold_str(name), 0);
    for round in 0..rounds {
        fs::write(&path, broken(&whole, &mut draws)).unwrap();
        load(&path, &format!("{name}, round {round}"));
        // Within a zip, checksums would catch most of it: break what is in it, too.
        if whole.starts_with(b"PK") {
            fs::write(&path, broken_within(&whole, &mut draws)).unwrap();
            load(&path, &format!("{name}, round {round}, within"));
        }
        if began.elapsed() > limit {
            println!("{name}: {round} rounds");
            break;
        }
    }
}

/// A zip one of whose members is broken.
fn broken_within(whole: &[u8], draws: &mut Draws) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(whole)).unwrap();
    let victim = draws.below(archive.len());
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        member.read_to_end(&mut content).unwrap();
        let name = member.name().unwrap().into_owned();
        members.push((name, if index == victim { broken(&content, draws) } else { content }));
    }
    zip_of(&members, CompressionMethod::Stored)
}

fn zip_of(members: &[(String, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        zip.start_file(name.as_str(), SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const FORMATS: [&str; 4] = ["trained_by_adam.keras", "trained_by_adam.h5", "nested_and_frozen.h5", "residual.weights.h5"];

#[test]
fn broken_files_are_errors_or_models_but_never_panics() {
    FORMATS.iter().for_each(|name| fuzz(name, 150, Duration::from_secs(30)));
}

#[test]
#[ignore = "takes ten minutes a format"]
fn broken_files_for_ten_minutes_each() {
    FORMATS.iter().for_each(|name| fuzz(name, usize::MAX, Duration::from_secs(600)));
}

#[test]
fn files_without_their_end_are_errors() {
    let made = Made::unpack();
    for name in FORMATS {
        let whole = fs::read(made.path(name)).unwrap();
        for part in [0, 1, 8, 100, whole.len() / 2, whole.len() - 1] {
            let path = made.path("cut");
            fs::write(&path, &whole[..part]).unwrap();
            let error = io::load(&path, &Registry::default()).unwrap_err();
            assert!(error.is_format() && text_of(&error).contains("cut"), "{name}, {part} bytes: {error}");
        }
    }
}

#[test]
fn a_zip_bomb_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.keras");
    let members =
        [("metadata.json".to_owned(), b"{\"keras_version\": \"3.8.0\"}".to_vec()), ("config.json".to_owned(), vec![b' '; 300 << 20])];
    fs::write(&path, zip_of(&members, CompressionMethod::Deflated)).unwrap();
    let error = Model::load(&path).unwrap_err();
    assert!(error.is_format() && text_of(&error).contains("config.json"), "{error}");
}

fn keras_file(folder: &Path, version: &str, config: &str) -> std::path::PathBuf {
    let path = folder.join("made.keras");
    let members = [
        ("metadata.json".to_owned(), format!("{{\"keras_version\": \"{version}\"}}").into_bytes()),
        ("config.json".to_owned(), config.into()),
    ];
    fs::write(&path, zip_of(&members, CompressionMethod::Stored)).unwrap();
    path
}

#[test]
fn a_newer_keras_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let error = Model::load(keras_file(folder.path(), "4.2.0", "{}")).unwrap_err();
    assert!(error.is_format() && text_of(&error).contains("4.2.0"), "{error}");
}

#[test]
fn a_keras_without_weights_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let error = Model::load(keras_file(folder.path(), "3.2.0", "{}")).unwrap_err();
    assert!(text_of(&error).contains("model.weights.h5"), "{error}");
}

#[test]
fn other_files_are_called_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    for (content, word) in [
        (b"".as_slice(), "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "git lfs pull"),
        (b"\x1c\0\0\0TFL3\0\0", "TensorFlow Lite"),
        (b"{\"class_name\": \"Sequential\"}", "JSON"),
        (b"\x89PNG\r\n\x1a\n", "nothing that is known"),
    ] {
        let path = folder.path().join("model.h5");
        fs::write(&path, content).unwrap();
        let error = Model::load(&path).unwrap_err();
        assert!(error.is_format() && text_of(&error).contains(word), "{error}");
    }
    assert!(Model::load(folder.path().join("none.keras")).unwrap_err().is_io());
    fs::write(folder.path().join("saved_model.pb"), b"x").unwrap();
    assert!(text_of(&Model::load(folder.path()).unwrap_err()).contains("SavedModel"));
}

#[test]
fn weights_of_another_model_are_refused_with_everything_that_differs() {
    let made = Made::unpack();
    let mut model = Sequential::new().add(Input::new([4])).add(Dense::new(6)).add(Dense::new(3)).into_model();
    for name in ["trained_by_adam.h5", "trained_by_adam.keras"] {
        let error = text_of(&model.load_weights(made.path(name)).unwrap_err());
        assert!(["dense/kernel", "dense/bias", "dense_1/kernel"].iter().all(|name| error.contains(name)), "{error}");
    }
    let error = text_of(&model.load_weights(made.path("residual.weights.h5")).unwrap_err());
    assert!(error.contains("dense"), "{error}");
}

#[test]
fn weights_by_name_leave_other_layers_alone() {
    let made = Made::unpack();
    for name in ["trained_by_adam.h5", "trained_by_adam.keras"] {
        let mut model =
            Sequential::new().add(Input::new([4])).add(Dense::new(5).named("dense")).add(Dense::new(9).named("head")).into_model();
        let before = model.get_layer("head").unwrap().get_weights();
        let report = model.load_weights_with(made.path(name), LoadWeights::new().by_name(true)).unwrap();
        assert_eq!(report.loaded, ["dense/kernel", "dense/bias"]);
        assert_eq!(report.missing, ["head/kernel", "head/bias"]);
        assert_eq!(model.get_layer("head").unwrap().get_weights()[0].as_slice(), before[0].as_slice());
    }
}
