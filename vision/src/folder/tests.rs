use std::path::Path;
use std::sync::Mutex;

use practicum_core::ndarray::Array3;

use super::*;
use crate::picture::save_img;

/// Pictures of one colour each: `(name, grey)`.
fn folder(files: &[(&str, u8)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, grey) in files {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        save_img(path, Array3::from_elem((5, 7, 3), *grey).view()).unwrap();
    }
    root
}

const PETS: [(&str, u8); 6] =
    [("dogs/2.png", 40), ("dogs/10.png", 30), ("cats/b.PNG", 20), ("cats/a.bmp", 10), ("cats/deep/c.png", 25), ("cats-too/d.png", 28)];

fn names(files: &ImageFiles, root: &Path) -> Vec<String> {
    files.paths().iter().map(|path| path.strip_prefix(root).unwrap().display().to_string()).collect()
}

#[test]
fn classes_and_files_come_in_the_order_of_their_names() {
    let root = folder(&PETS);
    std::fs::write(root.path().join("cats/notes.txt"), "no picture").unwrap();
    std::fs::create_dir(root.path().join(".ipynb_checkpoints")).unwrap();
    let files = ImageFolder::for_flow(root.path()).open().unwrap();
    assert_eq!(files.class_names(), ["cats", "cats-too", "dogs"]);
    assert_eq!(names(&files, root.path()), ["cats/a.bmp", "cats/b.PNG", "cats/deep/c.png", "cats-too/d.png", "dogs/10.png", "dogs/2.png"]);
    assert_eq!(files.labels(), [0, 0, 0, 1, 2, 2]);
    let set = ImageFolder::for_flow(root.path()).target_size((2, 2)).load().unwrap();
    assert_eq!(set.images().dim(), (6, 2, 2, 3));
    assert_eq!((0..6).map(|index| set.pixels()[index * 12]).collect::<Vec<_>>(), [10, 20, 25, 28, 30, 40]);
}

#[test]
fn what_was_found_is_said_in_the_words_of_keras() {
    let root = folder(&PETS);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let heard = lines.clone();
    let say = move |line: &str| heard.lock().unwrap().push(line.to_owned());
    ImageFolder::for_flow(root.path()).say(say.clone()).open().unwrap();
    let split = ImageFolder::new(root.path()).validation_split(0.34, Subset::Validation).say(say);
    assert_eq!(split.open().unwrap().len(), 2);
    assert_eq!(
        *lines.lock().unwrap(),
        ["Found 6 images belonging to 3 classes.", "Found 6 files belonging to 3 classes.", "Using 2 files for validation."]
    );
}

#[test]
fn the_two_parts_of_a_split_make_up_the_whole() {
    let root = folder(&PETS);
    for split in [Split::LastOfShuffled, Split::FirstOfEachClass] {
        let of = |subset| ImageFolder::new(root.path()).split(split).validation_split(0.5, subset).open().unwrap();
        let (training, validation) = (of(Subset::Training), of(Subset::Validation));
        let mut all = [training.paths(), validation.paths()].concat();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 6);
        if split == Split::FirstOfEachClass {
            assert_eq!(names(&validation, root.path()), ["cats/a.bmp", "dogs/10.png"]);
        }
    }
    let error = ImageFolder::for_flow(root.path()).validation_split(0.1, Subset::Validation).open().unwrap_err();
    assert!(error.is_data() && error.to_string().contains("leaves none of 6 pictures"), "{error}");
    assert!(ImageFolder::for_flow(root.path()).validation_split(1.0, Subset::Training).open().unwrap_err().is_argument());
}

#[test]
fn classes_that_differ_are_named() {
    let root = folder(&PETS);
    let error = ImageFolder::new(root.path()).class_names(["cats", "dogs", "hens"]).open().unwrap_err().to_string();
    assert!(error.ends_with("missing hens; not named cats-too"), "{error}");
    let turned = ImageFolder::new(root.path()).shuffle(false).class_names(["dogs", "cats", "cats-too"]).open().unwrap();
    assert_eq!((turned.labels(), names(&turned, root.path())[0].as_str()), ([0, 0, 1, 1, 1, 2].as_slice(), "dogs/10.png"));
}

#[test]
fn folders_without_pictures_say_what_they_lack() {
    let root = tempfile::tempdir().unwrap();
    let error = |path: &Path| ImageFolder::new(path).open().unwrap_err();
    assert!(error(root.path()).to_string().contains("has no sub-folders: expected one for each class"));
    std::fs::create_dir(root.path().join("cats")).unwrap();
    assert!(error(root.path()).to_string().contains("has no pictures in its 1 class folders"));
    assert!(error(&root.path().join("none")).is_io());
    let file = root.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(error(&file).is_io());
}

#[test]
fn broken_files_are_refused_by_path_or_skipped_and_counted() {
    let root = folder(&PETS);
    std::fs::write(root.path().join("cats/empty.jpg"), "").unwrap();
    std::fs::write(root.path().join("dogs/page.png"), "<html>not found</html>").unwrap();
    let flow = ImageFolder::for_flow(root.path()).target_size((4, 4));
    let error = flow.load().unwrap_err().to_string();
    assert!(error.contains("cats/empty.jpg: an empty file, not a picture"), "{error}");

    let lines = Arc::new(Mutex::new(Vec::new()));
    let heard = lines.clone();
    let flow = flow.on_broken(OnBroken::Skip).say(move |line| heard.lock().unwrap().push(line.to_owned()));
    let set = flow.load().unwrap();
    assert_eq!(set.labels(), [0, 0, 0, 1, 2, 2]);
    let lines = lines.lock().unwrap().clone();
    assert_eq!(lines[1], "Skipped 2 of 8 files:");
    assert!(lines[2].contains("empty.jpg") && lines[3].contains("dogs/page.png"), "{lines:?}");
}

#[test]
fn epochs_are_the_same_whatever_workers_and_cache() {
    let root = folder(&PETS);
    let epochs = |workers, cache| -> Vec<Vec<f32>> {
        let batches = ImageFolder::for_flow(root.path()).target_size((3, 3)).batch_size(4).workers(workers).cache(cache).batches().unwrap();
        let of = |epoch| batches.epoch(epoch).map(|batch| batch.unwrap().0.as_slice().to_vec()).collect::<Vec<_>>();
        (0..3).flat_map(of).collect()
    };
    let first = epochs(1, 0);
    assert_eq!(first.iter().map(Vec::len).collect::<Vec<_>>(), [108, 54, 108, 54, 108, 54]);
    assert_ne!(first[0], first[2]);
    for (workers, cache) in [(3, 0), (1, 1 << 20), (2, 60)] {
        assert_eq!(first, epochs(workers, cache));
    }
}

#[test]
fn answers_come_as_the_class_mode_says() {
    let root = folder(&PETS);
    let answers = |mode| {
        let batches = ImageFolder::for_flow(root.path()).target_size((3, 3)).shuffle(false).class_mode(mode).batches().unwrap();
        batches.epoch(0).next().unwrap().map(|(x, y)| (x, y.map(|y| (y.shape().dims().to_vec(), y.as_slice().to_vec()))))
    };
    assert_eq!(answers(ClassMode::Sparse).unwrap().1.unwrap(), (vec![6], vec![0.0, 0.0, 0.0, 1.0, 2.0, 2.0]));
    let (shape, hot) = answers(ClassMode::Categorical).unwrap().1.unwrap();
    assert_eq!((shape, &hot[9..15]), (vec![6, 3], [0.0, 1.0, 0.0, 0.0, 0.0, 1.0].as_slice()));
    let (x, y) = answers(ClassMode::Input).unwrap();
    assert_eq!(x.as_slice(), y.unwrap().1);
    assert!(answers(ClassMode::None).unwrap().1.is_none());
    assert!(answers(ClassMode::Binary).unwrap_err().is_argument());
}

#[cfg(unix)]
#[test]
fn links_are_followed_only_when_asked_and_never_in_circles() {
    let root = folder(&PETS);
    let elsewhere = folder(&[("hens/e.png", 50)]);
    std::os::unix::fs::symlink(elsewhere.path().join("hens"), root.path().join("hens")).unwrap();
    std::os::unix::fs::symlink(root.path(), root.path().join("dogs/above")).unwrap();
    let of = |follow| ImageFolder::for_flow(root.path()).follow_links(follow).open().unwrap();
    assert_eq!(of(false).class_names(), ["cats", "cats-too", "dogs"]);
    assert_eq!(of(true).class_names(), ["cats", "cats-too", "dogs", "hens"]);
}

#[cfg(unix)]
#[test]
fn names_that_are_not_unicode_are_served() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let root = folder(&PETS);
    let odd = root.path().join(OsStr::from_bytes(b"b\xffrds"));
    std::fs::create_dir(&odd).unwrap();
    std::fs::copy(root.path().join("dogs/2.png"), odd.join(OsStr::from_bytes(b"\xfe.png"))).unwrap();
    let set = ImageFolder::for_flow(root.path()).target_size((2, 2)).load().unwrap();
    assert_eq!(set.class_names()[0], "b\u{fffd}rds");
    std::fs::create_dir(root.path().join(OsStr::from_bytes(b"b\xfdrds"))).unwrap();
    let error = ImageFolder::for_flow(root.path()).open().unwrap_err();
    assert!(error.to_string().contains("two class folders that are both shown as"), "{error}");
}
