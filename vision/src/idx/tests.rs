use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use practicum_core::ndarray::{Array, Array1, Array3, ArrayD, IxDyn, array};

use super::*;

fn bytes_of(idx: &Idx) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_to(&mut bytes, idx, "memory").unwrap();
    bytes
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn small() -> Idx {
    Idx::from(Array::from_shape_fn((2, 3, 4), |(i, j, k)| (50 * i + 10 * j + k) as u8))
}

fn message(bytes: &[u8]) -> String {
    let error = read_from(bytes, "file").unwrap_err();
    assert!(error.is_format(), "{error:?}");
    error.to_string()
}

#[test]
fn every_type_and_rank_comes_back() {
    let all = [
        small(),
        Idx::from(array![-128i8, 0, 127]),
        Idx::from(array![[i16::MIN, -1], [1, i16::MAX]]),
        Idx::from(array![[[i32::MIN]], [[i32::MAX]]]),
        Idx::from(array![0.0f32, -1.5, f32::MAX, f32::INFINITY]),
        Idx::from(array![[1e-300f64, -0.1]]),
        Idx::from(ArrayD::from_elem(IxDyn(&[]), 7u8)),
        Idx::from(Array3::<f32>::zeros((0, 28, 28))),
        Idx::from(ArrayD::from_elem(IxDyn(&[1; 255]), 9i16)),
        Idx::from(Array1::from_iter((0..100_000).map(|i| i as f64))),
    ];
    for idx in all {
        let bytes = bytes_of(&idx);
        assert_eq!(read_from(&bytes[..], "plain").unwrap(), idx);
        assert_eq!(read_from(&gzipped(&bytes)[..], "gzipped").unwrap(), idx);
    }
}

#[test]
fn header_is_big_endian_as_in_mnist() {
    let bytes = bytes_of(&small());
    assert_eq!(bytes[..16], [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4]);
    assert_eq!(bytes_of(&Idx::from(array![1i16]))[4..], [0, 0, 0, 1, 0, 1]);
}

#[test]
fn what_cannot_be_written_leaves_the_old_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("array");
    let too_deep = Idx::from(ArrayD::from_elem(IxDyn(&[1; 256]), 9i16));
    for is_packed in [false, true] {
        let written = |idx: &Idx| if is_packed { write_gzip(&path, idx) } else { write(&path, idx) };
        write(&path, &small()).unwrap();
        let error = written(&too_deep).unwrap_err();
        assert!(error.is_data() && error.to_string().contains("at most 255 dimensions"), "{error}");
        assert_eq!(read(&path).unwrap(), small());
        written(&Idx::from(array![1u8])).unwrap();
        assert_eq!(read(&path).unwrap().shape(), [1]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn arrays_in_any_memory_order_are_written_in_row_order() {
    let transposed = array![[1u8, 2], [3, 4]].reversed_axes();
    assert_eq!(bytes_of(&Idx::from(transposed))[12..], [1, 3, 2, 4]);
}

#[test]
fn every_prefix_fails_cleanly() {
    for whole in [bytes_of(&small()), bytes_of(&Idx::from(array![1.5f64, 2.5])), gzipped(&bytes_of(&small()))] {
        for length in 0..whole.len() {
            let text = message(&whole[..length]);
            assert!(text.starts_with("file: "), "{length} bytes: {text}");
        }
    }
}

#[test]
fn every_changed_byte_is_read_or_refused() {
    for whole in [bytes_of(&small()), bytes_of(&Idx::from(array![[1.5f32], [2.5]]))] {
        for at in 0..whole.len() {
            for change in 1..=255u8 {
                let mut bytes = whole.clone();
                bytes[at] ^= change;
                match read_from(&bytes[..], "file") {
                    Ok(idx) => assert_eq!(idx.shape().iter().product::<usize>() * size_of_element(&idx), whole.len() - header(&idx)),
                    Err(error) => assert!(error.is_format(), "{error:?}"),
                }
            }
        }
    }
}

fn header(idx: &Idx) -> usize {
    4 + 4 * idx.shape().len()
}

fn size_of_element(idx: &Idx) -> usize {
    match idx.element_type() {
        "u8" | "i8" => 1,
        "i16" => 2,
        "f64" => 8,
        _ => 4,
    }
}

#[test]
fn a_changed_byte_in_gzip_never_changes_the_data_silently() {
    let idx = small();
    let whole = gzipped(&bytes_of(&idx));
    // The first ten bytes hold flags, a time and a system that change nothing in the data.
    for at in 10..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        match read_from(&bytes[..], "file") {
            Ok(read) => assert_eq!(read, idx),
            Err(error) => assert!(error.is_format(), "byte {at}: {error:?}"),
        }
    }
    let crc = whole.len() - 8;
    let mut bytes = whole.clone();
    bytes[crc] ^= 1;
    assert!(message(&bytes).contains("damaged gzip data"));
}

#[test]
fn what_is_missing_or_too_much_is_counted() {
    let whole = bytes_of(&small());
    let text = message(&whole[..30]);
    assert!(text.contains("promises 2 × 3 × 4 u8 = 24 bytes of data, 14 are there"), "{text}");
    assert!(message(&whole[..9]).contains("3 dimensions need 12 bytes, 5 are there"));
    assert!(message(&[]).contains("empty"));
    let longer = [&whole[..], &[0; 5]].concat();
    assert!(message(&longer).contains("5 bytes follow the 24"), "{}", message(&longer));
    assert!(message(&gzipped(&longer)).contains("5 bytes follow the 24"));
}

#[test]
fn other_formats_are_recognised() {
    let cases: [(&[u8], &str); 9] = [
        (b"<!DOCTYPE html>", "web page"),
        (b"PK\x03\x04....", "zip archive"),
        (b"\x89PNG\r\n", "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"\x93NUMPY", "NumPy"),
        (b"label,pixel1,pixel2", "text"),
        (&[3, 8, 0, 0, 2, 0, 0, 0], "little-endian"),
        (&[0, 0, 10, 3], "begins with 00 00 0a 03"),
        (&[1, 2], "begins with 01 02"),
    ];
    for (bytes, hint) in cases {
        assert!(message(bytes).contains(hint), "{}", message(bytes));
    }
    assert!(message(&gzipped(&gzipped(&bytes_of(&small())))).contains("gzipped twice"));
}

#[test]
fn absurd_dimensions_allocate_nothing() {
    let huge = [&[0, 0, 14, 3][..], &[0xff; 12]].concat();
    assert!(message(&huge).contains("more than memory can address"));
    let hidden_by_zero = [&[0, 0, 14, 4][..], &[0; 4], &[0xff; 12]].concat();
    assert!(message(&hidden_by_zero).contains("more than memory can address"));
    // 2⁶⁰ bytes could be addressed, but only what arrives is stored.
    let large = [&[0, 0, 8, 2][..], &[0x40, 0, 0, 0], &[0x40, 0, 0, 0], &[1, 2, 3]].concat();
    assert!(message(&large).contains("3 are there"));
}

#[test]
fn pictures_and_labels_know_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (images, labels, other) = (folder.path().join("images"), folder.path().join("labels"), folder.path().join("other"));
    write_gzip(&images, &small()).unwrap();
    write(&labels, &Idx::from(array![1u8, 2])).unwrap();
    write(&other, &Idx::from(array![1i16, 2])).unwrap();
    assert_eq!(read_images(&images).unwrap().dim(), (2, 3, 4));
    assert_eq!(read_labels(&labels).unwrap(), array![1, 2]);

    let error = read_images(&labels).unwrap_err().to_string();
    assert!(error.contains("expected pictures [count, height, width] of type u8, got u8 2") && error.contains("swapped?"), "{error}");
    assert!(read_labels(&images).unwrap_err().to_string().contains("swapped?"));
    let error = read_labels(&other).unwrap_err();
    assert!(error.is_format() && error.to_string().contains("got i16 2") && !error.to_string().contains("swapped"), "{error}");
    assert!(read_images(folder.path().join("none")).unwrap_err().is_io());
    assert!(read_images(folder.path()).unwrap_err().is_io());
}

#[test]
fn the_wrong_element_type_is_refused() {
    let error = ArrayD::<f32>::try_from(small()).unwrap_err();
    assert_eq!(error.to_string(), "expected elements of type f32, got u8");
}

/// Gives a byte at a time, with interruptions, then fails.
struct Halting<'a>(&'a [u8], bool);

impl Read for Halting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        match self.0.split_first() {
            Some((first, rest)) => {
                buffer[0] = *first;
                self.0 = rest;
                Ok(1)
            }
            None => Err(io::ErrorKind::ConnectionReset.into()),
        }
    }
}

#[test]
fn slow_interrupted_and_failing_readers_are_served() {
    let bytes = bytes_of(&small());
    assert_eq!(read_from(Halting(&bytes, false).take(bytes.len() as u64), "slow").unwrap(), small());
    assert!(read_from(Halting(&bytes[..20], false), "failing").unwrap_err().is_io());
}

#[test]
fn travels_between_threads() {
    fn travels<T: Send + Sync + 'static>() {}
    travels::<Idx>();
}
