//! Archives and arrays that are broken at random: see `practicum_tests::fuzz`.

use flate2::Compression;
use flate2::write::GzEncoder;
use practicum_tests::fuzz::Fuzz;

use super::super::unpack::Unpacking;
use super::trees::{tar_gz, zip};
use super::*;
use crate::model::npy;

const ENTRIES: &[(&str, &[u8])] =
    &[("pets-small/cats/1.png", b"cat cat cat cat cat cat"), ("pets-small/dogs/1.png", b"dog"), ("pets-small/.DS_Store", b"x")];

/// Unpacks what is given; nothing may come to lie outside of the folder of the data set.
fn unpack(world: &World, name: &str, bytes: &[u8]) -> Result<(), String> {
    let folder = world.data_dir().join("pets");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let archive = folder.join(name);
    fs::write(&archive, bytes).unwrap();
    let unpacking = Unpacking { archive: &archive, folder: &folder, tree: "pets-small" };
    let unpacked = unpacking.run("pets", &mut Progress::lines(Box::new(world.log.clone())));
    let names = |folder: &std::path::Path| -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(names(&world.data_dir()), ["pets"]);
    let mut there = names(&folder);
    there.sort();
    assert_eq!(there, if unpacked.is_ok() { vec!["pets-small", name] } else { vec![name] });
    unpacked.map_err(|error| error.to_string())
}

const WORDS: &[&str] = &["../", "/", "..", "\\", "C:", "\0", "pets-small/", "cats", "PK\u{1}\u{2}", "PK\u{5}\u{6}", "ustar", "0000777"];

#[test]
fn broken_zip_archives_leave_nothing() {
    let world = World::new(&[]);
    Fuzz::new("zip", [zip(ENTRIES), zip(&ENTRIES[1..2])]).words(WORDS).run(|bytes| unpack(&world, "pets.zip", bytes));
}

#[test]
fn broken_tar_archives_leave_nothing() {
    let world = World::new(&[]);
    let mut whole = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&tar_gz(ENTRIES)[..]), &mut whole).unwrap();
    let mut turn = 0;
    Fuzz::new("tar", [whole]).words(WORDS).run(|bytes| {
        // The checksum of gzip would catch what is broken outside: mostly break what is inside.
        turn += 1;
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(bytes).unwrap();
        let mut packed = packed.finish().unwrap();
        if turn % 8 == 7 {
            let middle = packed.len() / 2;
            packed[middle] ^= 1 << (turn % 7);
        }
        unpack(&world, "pets.tar.gz", &packed)
    });
}

#[test]
fn broken_arrays_of_numpy_are_refused() {
    let arrays = [("a".to_owned(), practicum_core::Tensor::ones([2, 3]).unwrap()), ("b".to_owned(), practicum_core::Tensor::scalar(4.0))];
    let npz = npy::to_npz(&arrays).unwrap();
    let mut npy_bytes = Vec::new();
    std::io::Read::read_to_end(&mut zip::ZipArchive::new(std::io::Cursor::new(&npz)).unwrap().by_index(0).unwrap(), &mut npy_bytes)
        .unwrap();
    let told = |error: anyhow::Error| format!("{error:#}");
    let words = &["(", ")", ",", "'<f4'", "'|O'", "'>i8'", "True", "99999999999999999999"];
    Fuzz::new("npz", [npz]).words(words).run(|bytes| npy::from_npz(bytes).map(drop).map_err(told));
    Fuzz::new("npy", [npy_bytes]).words(words).run(|bytes| npy::from_npy(bytes).map(drop).map_err(told));
}
