//! Pictures, and files that hold many.

use practicum_core::ndarray::Array3;
use practicum_core::{Error, Result};
use practicum_tests::fuzz::Fuzz;
use practicum_vision::datasets::{ascent, sign_mnist};
use practicum_vision::idx;
use practicum_vision::picture::{Alpha, Aspect, ColorMode, Interpolation, LoadImg, decode_img, save_img};

use super::told;

/// Whole pictures: one for each format that we write, and those in the folder that `FUZZ_PICTURES` names.
fn pictures() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let picture = Array3::from_shape_fn((19, 23, 3), |(row, column, channel)| (row * 11 + column * 7 + channel * 40) as u8);
    let written = ["png", "jpg", "bmp", "ppm", "tif", "gif"].into_iter().filter_map(|ending| {
        let path = folder.path().join(format!("picture.{ending}"));
        save_img(&path, picture.view()).ok().map(|()| std::fs::read(&path).unwrap())
    });
    let mut pictures: Vec<Vec<u8>> = written.collect();
    assert!(pictures.len() >= 2, "at least PNG and JPEG are written");
    if let Some(folder) = std::env::var_os("FUZZ_PICTURES") {
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        pictures.extend(files.filter(|path| path.is_file()).map(|path| std::fs::read(path).unwrap()));
    }
    pictures
}

#[test]
fn pictures_are_decoded_or_refused() {
    let small = LoadImg::new().target_size((16, 24)).max_pixels(1 << 22);
    let options = [
        small.interpolation(Interpolation::Bilinear).aspect(Aspect::Crop),
        small.color_mode(ColorMode::Grayscale).interpolation(Interpolation::Area).aspect(Aspect::Pad([9, 9, 9])),
        small.color_mode(ColorMode::Rgba).interpolation(Interpolation::Lanczos),
        small.alpha(Alpha::Blend([255, 255, 255])).exif_orientation(false),
    ];
    let mut turn = 0;
    Fuzz::new("pictures", pictures()).run(|bytes| {
        turn += 1;
        let options = &options[turn % options.len()];
        told(decode_img(bytes, options).and_then(|picture| {
            let expected = (16, 24, options.channels());
            if picture.dim() == expected { Ok(()) } else { Err(Error::shape(format!("cannot cope: {:?}", picture.dim()))) }
        }))
    });
}

#[test]
fn letters_in_csv_are_read_or_refused() {
    let header: Vec<String> = (1..=784).map(|pixel| format!("pixel{pixel}")).collect();
    let rows = [format!("24{}\r\n", ",107".repeat(784)), format!("\"0\"{}\n", ",0".repeat(784))];
    let seeds = rows.iter().map(|row| format!("label,{}\n{row}3{}\n", header.join(","), ",255".repeat(784)));
    let words = &[",", ",,", "\"", "\n", "\r", "256", "-1", "25", "26", "1.0", "label", "pixel1", "\u{feff}"];
    Fuzz::new("sign-mnist", seeds).words(words).run(|bytes| told(sign_mnist::parse(bytes)));
}

#[test]
fn arrays_in_idx_are_read_or_refused() {
    let head = |kind: u8, dims: &[u32], size: usize| {
        let count = dims.iter().product::<u32>() as usize * size;
        let mut bytes = vec![0, 0, kind, dims.len() as u8];
        bytes.extend(dims.iter().flat_map(|dim| dim.to_be_bytes()));
        bytes.extend((0..count).map(|byte| byte as u8));
        bytes
    };
    let mut seeds = vec![head(8, &[11], 1), head(8, &[2, 5, 5], 1), head(13, &[3, 4], 4), head(14, &[2], 8), head(11, &[7], 2)];
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &seeds[1]).unwrap();
    seeds.push(packed.finish().unwrap());
    Fuzz::new("idx", seeds).run(|bytes| told(idx::read_from(bytes, "file")));
}

#[test]
fn a_pickled_picture_is_read_or_refused() {
    let mut pickle = b"\x80\x03cnumpy.core.multiarray\n_reconstruct\nM\x00\x02M\x00\x02\x86cnumpy\ndtype\nX\x02\x00\x00\x00u1".to_vec();
    pickle.extend(b"B\x00\x00\x04\x00");
    pickle.extend((0..512 * 512).map(|pixel| (pixel % 251) as u8));
    // What is after the head is not looked at: a shorter file has more of its bytes broken.
    let read = |bytes: &[u8]| -> Result<()> {
        let whole = [bytes, &vec![7; 512 * 512]].concat();
        ascent::parse(&whole).map(drop)
    };
    Fuzz::new("ascent", [pickle[..200].to_vec()]).words(&["M\0\u{2}", "u1", "multiarray", "B"]).run(|bytes| told(read(bytes)));
}
