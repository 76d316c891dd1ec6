//! Files that are not the pictures they should be.

use practicum_tests::golden::Family;
use practicum_vision::picture::{LoadImg, decode_img, load_img};

/// Small files of every format, named.
fn files() -> Vec<(String, Vec<u8>)> {
    let family = Family::load("pictures").unwrap();
    let found = std::cell::RefCell::new(Vec::new());
    let collect = |case: &practicum_tests::golden::Case<'_>| {
        case.listed("outputs").iter().for_each(|key| case.leave(key, "the file alone is of interest"));
        let bytes = case.tensor(&case.listed("inputs")[0])?;
        if case.name().starts_with("file_") {
            found.borrow_mut().push((case.name().to_owned(), bytes.as_slice().iter().map(|byte| *byte as u8).collect()));
        }
        Ok(())
    };
    family.run(&[], collect).unwrap();
    found.into_inner()
}

fn decode(bytes: &[u8]) -> Result<(usize, usize, usize), String> {
    let decoded = decode_img(bytes, &LoadImg::new().max_pixels(1 << 16)).map(|picture| picture.dim()).map_err(|error| error.to_string());
    assert!(!decoded.as_ref().is_err_and(|error| error.contains("cannot cope")), "a decoder panicked");
    decoded
}

#[test]
fn files_cut_off_anywhere_are_pictures_or_errors() {
    for (name, bytes) in files() {
        let whole = decode(&bytes).unwrap();
        for len in 0..bytes.len() {
            match decode(&bytes[..len]) {
                Ok(size) => assert_eq!(size, whole, "{name} cut off at {len}"),
                Err(error) => assert!(!error.is_empty()),
            }
        }
        // Half of the animation holds its first frame whole.
        let is_animation = name == "file_gif_of_two";
        assert!(is_animation || decode(&bytes[..bytes.len() / 2]).is_err(), "half of {name} is taken for a picture");
    }
}

#[test]
fn no_changed_byte_makes_a_decoder_panic() {
    for (_, bytes) in files() {
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            for value in [0, 0xff, bytes[place] ^ 1, bytes[place] ^ 0x80, bytes[place].wrapping_mul(7).wrapping_add(place as u8)] {
                changed[place] = value;
                // A picture of another size is one that says so itself; what counts is that the program goes on.
                let _ = decode(&changed);
            }
        }
    }
}

#[test]
fn pictures_beyond_the_limit_are_refused_before_memory_is_taken() {
    // The header of a PNG of 20,000 × 20,000 pixels, and nothing else.
    let mut header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0N \0\0N \x08\x02\0\0\0".to_vec();
    header.extend(crc(&header[12..]).to_be_bytes());
    header.extend(b"\0\0\0\0IDAT");
    header.extend(crc(b"IDAT").to_be_bytes());
    let error = decode_img(&header, &LoadImg::new()).unwrap_err();
    assert!(error.is_data(), "{error}");
    let text = error.to_string();
    assert!(text.starts_with("a picture of 20000 × 20000 pixels: the limit is 178956970 in all"), "{text}");
    assert!(text.contains("hint: make it smaller, or raise the limit with `.max_pixels(…)`"), "{text}");
    // With the limit raised, it is a file that ends too soon.
    assert!(decode_img(&header, &LoadImg::new().max_pixels(400_000_000)).unwrap_err().is_format());
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())))
}

#[test]
fn a_jpeg_that_claims_more_pixels_than_it_has_is_refused_or_filled_up() {
    for (name, bytes) in files().into_iter().filter(|(name, _)| name.starts_with("file_jpeg")) {
        let frame = bytes.windows(2).position(|pair| matches!(pair, [0xff, 0xc0 | 0xc2])).unwrap();
        let mut lying = bytes.clone();
        // Its height becomes 235.
        lying[frame + 6] = 235;
        assert!(decode(&lying).map_or_else(|error| !error.is_empty(), |size| size.0 == 235), "{name} with 235 rows");
    }
}

#[test]
fn a_picture_of_one_pixel_is_a_picture() {
    let one = b"P5 1 1 255 \x80";
    let options = LoadImg::new().target_size((3, 4));
    assert_eq!(decode_img(one, &options).unwrap().iter().copied().collect::<Vec<_>>(), [128; 36]);
}

#[test]
fn what_is_no_picture_is_told_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let told = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.path().join(name), bytes).unwrap();
        load_img(folder.path().join(name), &LoadImg::new()).unwrap_err().to_string()
    };
    assert!(told("empty.jpg", b"").ends_with("empty.jpg: an empty file, not a picture\n  hint: was the copying of it broken off?"));
    assert!(told("page.png", b"<!DOCTYPE html><p>").contains("it is text: perhaps a page that was saved in place of the picture"));
    assert!(told("new.jpg", b"RIFF\x24\0\0\0WEBPVP8 ").contains("WebP pictures are not read\n  hint: convert it to PNG or JPEG"));
    assert!(told("noise.bmp", &[7; 40]).contains("expected JPEG, PNG, GIF, BMP, TIFF or PNM, got a file that begins with `\\x07"));
    let error = load_img(folder.path(), &LoadImg::new()).unwrap_err();
    assert!(error.is_data() && error.to_string().ends_with("is a folder: expected a picture"), "{error}");
    assert!(load_img(folder.path().join("none.png"), &LoadImg::new()).unwrap_err().is_io());
    // A name that says something else than the content is no fault.
    std::fs::write(folder.path().join("misnamed.jpg"), b"P2 1 1 9 9").unwrap();
    assert!(load_img(folder.path().join("misnamed.jpg"), &LoadImg::new()).is_ok());
}

#[test]
fn sizes_that_cannot_be_are_refused() {
    let one = b"P5 1 1 255 \x80";
    for size in [(0, 5), (5, 0), (usize::MAX, 2), (1 << 40, 1 << 40)] {
        let error = decode_img(one, &LoadImg::new().target_size(size)).unwrap_err();
        assert!(error.is_argument(), "{size:?}: {error}");
    }
}
