use super::canvas::AREA;
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

type Drawn = fn(u64, Size, usize) -> Result<ImageDataset>;
const SCENES: [(&str, Drawn); 4] = [
    ("horses or humans", horses_or_humans),
    ("happy or sad", happy_or_sad),
    ("cats and dogs", cats_and_dogs),
    ("rock, paper, scissors", rock_paper_scissors),
];

#[test]
fn scenes_depend_on_seed_split_index_and_side_alone() {
    for (name, draw) in SCENES {
        let few = draw(5, Size { train: 6, test: 6 }, 40).unwrap();
        let more = draw(5, Size { train: 12, test: 6 }, 40).unwrap();
        assert_eq!(few.test, more.test, "{name}");
        assert!(few.train.images().outer_iter().eq(more.train.images().outer_iter().take(6)), "{name}");
        assert_ne!(few.train.pixels(), few.test.pixels(), "{name}");
        assert_ne!(few.train.pixels(), draw(6, Size { train: 6, test: 0 }, 40).unwrap().train.pixels(), "{name}");
        let counts = more.train.count_by_class();
        assert!(counts.iter().all(|count| *count == 12 / counts.len()), "{name}: {counts:?}");
        for side in [0, 15, 2_049, usize::MAX] {
            assert!(draw(5, Size { train: 1, test: 1 }, side).unwrap_err().is_argument(), "{name}: {side}");
        }
        assert!(draw(5, Size { train: usize::MAX, test: 1 }, 40).unwrap_err().is_argument(), "{name}");
    }
}

#[test]
fn signs_have_all_letters_that_need_no_movement() {
    let set = signs(1, Size { train: 48, test: 24 }).unwrap();
    let counts = set.train.count_by_class();
    assert_eq!(counts.len(), 26);
    assert!(counts.iter().enumerate().all(|(label, count)| *count == if label == 9 || label == 25 { 0 } else { 2 }), "{counts:?}");
    let mut seen = std::collections::HashSet::new();
    assert!(set.train.pixels().chunks(AREA).all(|bytes| seen.insert(bytes)), "a picture comes twice");
}

/// Trains a model and returns the share of right answers on the test pictures.
fn learned(set: &ImageDataset, mut model: practicum_core::Sequential, epochs: usize) -> f64 {
    let (x, y) = set.train.to_data().unwrap();
    let (x_test, y_test) = set.test.to_data().unwrap();
    model.compile("adam", "sparse_categorical_crossentropy", "accuracy").unwrap();
    model.fit(x.scaled(1.0 / 255.0), &y, practicum_core::Fit::new().epochs(epochs).quiet()).unwrap();
    model.evaluate(x_test.scaled(1.0 / 255.0), &y_test).unwrap().get("accuracy").unwrap()
}

#[test]
fn a_small_network_learns_scenes_and_a_linear_model_does_not() {
    use practicum_core::prelude::*;
    for (name, draw) in SCENES {
        let set = draw(42, Size { train: 400, test: 200 }, 32).unwrap();
        let classes = set.class_names().len();
        let linear = Sequential::new().add(Input::new([32, 32, 3])).add(Flatten::new());
        let linear = learned(&set, linear.add(Dense::new(classes).activation(Activation::Softmax)), 12);
        let convnet = crate::architectures::Convnet::new([32, 32, 3], &[16, 32], 64).classes(classes);
        let convnet = learned(&set, convnet.build(Sequential::new()).unwrap(), 12);
        println!("{name}: linear {linear:.3}, convolutions {convnet:.3}");
        assert!(convnet > 0.65 && convnet > linear + 0.1, "{name}: linear {linear:.3}, convolutions {convnet:.3}");
    }
}

#[test]
fn the_stairs_have_all_shades() {
    let picture = ascent();
    assert_eq!(picture.dim(), (512, 512));
    let mut shades = [0; 4];
    picture.iter().for_each(|pixel| shades[usize::from(*pixel) / 64] += 1);
    assert!(shades.iter().all(|count| *count > 10_000), "{shades:?}");
}

#[test]
fn the_same_seed_draws_the_same_scenes_everywhere() {
    let size = Size { train: 12, test: 6 };
    let scenes = SCENES.map(|(_, draw)| fingerprint(&draw(42, size, 48).unwrap()));
    let stairs = ascent().iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    assert_eq!(
        (scenes, fingerprint(&signs(42, size).unwrap()), stairs),
        (
            [4_160_404_787_521_250_959, 6_309_796_661_105_103_273, 16_344_236_132_466_341_293, 12_692_057_660_462_120_840],
            14_339_551_734_792_798_528,
            13_394_616_115_481_351_423
        )
    );
}
