//! The real data sets, where they are at hand: in `data/` of the workspace, or in `shared/data` beside it.

use std::path::{Path, PathBuf};

use practicum_vision::Result;
use practicum_vision::datasets::{ImageDataset, ascent, fashion_mnist, mnist, sign_mnist};

fn folder(id: &str, missing: fn(PathBuf) -> Result<Vec<&'static str>>) -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let found = ["data", "../shared/data"]
        .iter()
        .map(|data| workspace.join(data).join(id))
        .find(|folder| missing(folder.clone()).is_ok_and(|names| names.is_empty()));
    if found.is_none() {
        println!("skipped: no complete {id} in data or ../shared/data");
    }
    found
}

fn mean(pixels: &[u8]) -> f64 {
    pixels.iter().map(|pixel| u64::from(*pixel)).sum::<u64>() as f64 / pixels.len() as f64
}

fn check(set: &ImageDataset, means: [f64; 2], first_labels: [[u32; 5]; 2]) {
    for ((part, expected), labels) in [&set.train, &set.test].into_iter().zip(means).zip(first_labels) {
        assert!((mean(part.pixels()) - expected).abs() < 5e-5, "{}", mean(part.pixels()));
        assert!(part.labels()[..5] == labels, "{:?}", &part.labels()[..5]);
    }
    assert_eq!((set.train.len(), set.test.len()), (60_000, 10_000));
}

#[test]
fn fashion_mnist_is_what_it_should_be() {
    let Some(folder) = folder("fmnist", fashion_mnist::missing) else { return };
    let set = fashion_mnist::load(&folder).unwrap();
    check(&set, [72.9404, 73.1466], [[9, 0, 0, 3, 0], [9, 2, 1, 1, 6]]);
    assert_eq!(set.train.count_by_class(), [6_000; 10]);
}

#[test]
fn mnist_is_what_it_should_be() {
    let Some(folder) = folder("mnist", mnist::missing) else { return };
    let set = mnist::load(&folder).unwrap();
    check(&set, [33.3184, 33.7912], [[5, 0, 4, 1, 9], [7, 2, 1, 0, 4]]);
}

#[test]
fn ascent_is_what_it_should_be() {
    let Some(folder) = folder("ascent", ascent::missing) else { return };
    let picture = ascent::load(&folder).unwrap();
    assert_eq!(picture.iter().map(|pixel| u64::from(*pixel)).sum::<u64>(), 22_932_324);
    assert_eq!(picture.row(0).iter().take(8).copied().collect::<Vec<_>>(), [83, 83, 83, 83, 83, 83, 83, 82]);
}

/// The training part may be missing.
#[test]
fn sign_mnist_is_what_it_should_be() {
    let Some(folder) = folder("signmnist", |folder| Ok(if folder.join(sign_mnist::FILES[1]).exists() { Vec::new() } else { vec!["test"] }))
    else {
        return;
    };
    let set = sign_mnist::read(folder.join(sign_mnist::FILES[1])).unwrap();
    assert_eq!(set.labels()[..10], [6, 5, 10, 0, 3, 21, 10, 14, 3, 7]);
    let expected =
        [331, 432, 310, 245, 498, 247, 348, 436, 288, 0, 331, 209, 394, 291, 246, 347, 164, 144, 246, 248, 266, 346, 206, 267, 332, 0];
    assert_eq!(set.count_by_class(), expected);
    assert!((mean(set.pixels()) - 165.4411).abs() < 5e-5, "{}", mean(set.pixels()));
}
