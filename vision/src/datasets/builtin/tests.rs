use super::*;

const FEW: Size = Size { train: 1_000, test: 500 };

#[test]
fn sizes_balance_and_names() {
    for set in [garments(1, Size { train: 30, test: 20 }).unwrap(), digits(1, Size { train: 30, test: 20 }).unwrap()] {
        assert_eq!(set.train.images().dim(), (30, 28, 28, 1));
        assert_eq!((set.train.len(), set.test.len(), set.class_names().len()), (30, 20, 10));
        for labels in set.train.labels().chunks(10) {
            let mut sorted = labels.to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        }
    }
    let none = digits(1, Size { train: 0, test: 0 }).unwrap();
    assert!(none.train.is_empty() && none.test.is_empty());
}

#[test]
fn more_than_memory_is_an_error() {
    for count in [usize::MAX, usize::MAX / AREA] {
        assert!(garments(1, Size { train: count, test: 0 }).unwrap_err().is_argument());
    }
}

#[test]
fn a_picture_depends_on_seed_split_and_index_alone() {
    for draw in [garments, digits] {
        let few = draw(5, Size { train: 20, test: 20 }).unwrap();
        let more = draw(5, Size { train: 35, test: 20 }).unwrap();
        assert_eq!(few.test, more.test);
        assert!(few.train.images().outer_iter().eq(more.train.images().outer_iter().take(20)));
        assert_ne!(few.train.pixels(), few.test.pixels());
        assert_ne!(few.train.pixels(), draw(6, Size { train: 20, test: 0 }).unwrap().train.pixels());
    }
}

#[test]
fn no_two_pictures_are_the_same_and_none_is_empty() {
    for draw in [garments, digits] {
        let set = draw(42, FEW).unwrap();
        let mut seen = std::collections::HashSet::new();
        for bytes in set.train.pixels().chunks(AREA).chain(set.test.pixels().chunks(AREA)) {
            assert!(bytes.iter().filter(|byte| **byte > 20).count() > 20, "an empty picture");
            assert!(seen.insert(bytes), "a picture comes twice");
        }
    }
}

/// Classifies the test pictures by the nearest mean picture of a class.
fn nearest_mean(set: &ImageDataset) -> f64 {
    let mut means = vec![[0.0f64; AREA]; 10];
    for (picture, label) in set.train.pixels().chunks(AREA).zip(set.train.labels()) {
        means[*label as usize].iter_mut().zip(picture).for_each(|(mean, pixel)| *mean += f64::from(*pixel) * 10.0 / set.train.len() as f64);
    }
    let hits = set.test.pixels().chunks(AREA).zip(set.test.labels()).filter(|(picture, label)| {
        let distance = |mean: &[f64; AREA]| mean.iter().zip(*picture).map(|(a, b)| (a - f64::from(*b)).powi(2)).sum::<f64>();
        let nearest = (0..10).min_by(|a, b| distance(&means[*a]).total_cmp(&distance(&means[*b])));
        nearest == Some(**label as usize)
    });
    hits.count() as f64 / set.test.len() as f64
}

/// On the real sets the nearest mean is right for 0.68 (Fashion-MNIST) and 0.82 (MNIST) of the pictures.
#[test]
fn classes_differ_but_their_means_do_not_tell_them_apart() {
    for (name, accuracy) in [("garments", nearest_mean(&garments(42, FEW).unwrap())), ("digits", nearest_mean(&digits(42, FEW).unwrap()))] {
        println!("{name}: {accuracy}");
        assert!((0.55..0.85).contains(&accuracy), "{name}: the nearest mean is right for {accuracy}");
    }
}

#[test]
fn digits_are_centred_by_mass() {
    let set = digits(3, Size { train: 200, test: 0 }).unwrap();
    for picture in set.train.grey().unwrap().outer_iter() {
        let [mut mass, mut x, mut y] = [0.0f64; 3];
        for ((row, column), pixel) in picture.indexed_iter() {
            let pixel = f64::from(*pixel);
            (mass, x, y) = (mass + pixel, x + pixel * (column as f64 + 0.5), y + pixel * (row as f64 + 0.5));
        }
        assert!((x / mass - 14.0).abs() < 3.0 && (y / mass - 14.0).abs() < 3.0, "{} {}", x / mass, y / mass);
    }
}

/// FNV-1a over the pixels: a change in what is drawn must be meant.
fn fingerprint(set: &ImageDataset) -> u64 {
    let numbers = [&set.train, &set.test]
        .into_iter()
        .flat_map(|part| part.pixels().iter().map(|pixel| u64::from(*pixel)).chain(part.labels().iter().map(|label| u64::from(*label))));
    numbers.fold(0xcbf2_9ce4_8422_2325, |hash, number| (hash ^ number).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn the_same_seed_draws_the_same_bits_everywhere() {
    let size = Size { train: 200, test: 100 };
    let prints = [fingerprint(&garments(42, size).unwrap()), fingerprint(&digits(42, size).unwrap())];
    assert_eq!(prints, [5_395_169_247_275_932_086, 8_199_362_165_364_699_779]);
}
