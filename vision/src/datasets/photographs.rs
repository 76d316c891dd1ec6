//! The course's sets of photographs: folders of pictures, a sub-folder for each class, some with a second folder to judge by.

use std::path::{Path, PathBuf};

use practicum_core::{Error, Result};

use crate::folder::ImageFolder;

/// One of the course's sets of photographs, or of any others that lie in the same way.
///
/// ```no_run
/// use practicum_vision::datasets::photographs::HORSE_OR_HUMAN;
///
/// let set = HORSE_OR_HUMAN.open("data/horses")?;
/// let train = set.train().target_size((150, 150)).load()?;
/// assert_eq!(train.count_by_class(), [500, 527]);
/// # Ok::<(), practicum_vision::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Photographs {
    title: &'static str,
    class_names: &'static [&'static str],
    /// The folder whose sub-folders are the classes, and how many pictures each has.
    train: (&'static str, &'static [usize]),
    validation: Option<(&'static str, &'static [usize])>,
}

/// Horses or humans, rendered, 300 × 300: 500 and 527 to learn from, 128 of each to be judged by.
///
/// `horse-or-human/{horses,humans}` and `validation-horse-or-human/{horses,humans}`. Source: L. Moroney, *Horses or humans*,
/// 2019; CC BY 2.0.
pub const HORSE_OR_HUMAN: Photographs = Photographs {
    title: "horse-or-human",
    class_names: &["horses", "humans"],
    train: ("horse-or-human", &[500, 527]),
    validation: Some(("validation-horse-or-human", &[128, 128])),
};

/// Happy or sad faces, drawn, 150 × 150 with transparency: 40 of each, and none to be judged by.
///
/// `happy-or-sad/{happy,sad}`.
pub const HAPPY_OR_SAD: Photographs =
    Photographs { title: "happy-or-sad", class_names: &["happy", "sad"], train: ("happy-or-sad", &[40, 40]), validation: None };

/// Cats and dogs, photographs of all sizes, an excerpt: 1,000 of each to learn from, 500 of each to be judged by.
///
/// `cats_and_dogs_filtered/{train,validation}/{cats,dogs}`. Source: J. Elson et al., *Asirra*, 2007.
pub const CATS_AND_DOGS: Photographs = Photographs {
    title: "cats-and-dogs",
    class_names: &["cats", "dogs"],
    train: ("cats_and_dogs_filtered/train", &[1_000, 1_000]),
    validation: Some(("cats_and_dogs_filtered/validation", &[500, 500])),
};

/// All cats and dogs, of which the course makes its own split ([`split_data`](super::split_data)): 12,500 names of pictures of
/// each class, one of them an empty file.
///
/// `PetImages/{Cat,Dog}`, each with a `Thumbs.db` beside the pictures.
pub const ALL_CATS_AND_DOGS: Photographs =
    Photographs { title: "all cats-and-dogs", class_names: &["Cat", "Dog"], train: ("PetImages", &[12_500, 12_500]), validation: None };

/// Rock, paper and scissors, rendered hands, 300 × 300: 840 of each to learn from, 124 of each to be judged by.
///
/// `rps/{paper,rock,scissors}` and `rps-test-set/{paper,rock,scissors}`. Source: L. Moroney, *Rock, paper, scissors*, 2019; CC BY
/// 2.0.
pub const ROCK_PAPER_SCISSORS: Photographs = Photographs {
    title: "rock-paper-scissors",
    class_names: &["paper", "rock", "scissors"],
    train: ("rps", &[840, 840, 840]),
    validation: Some(("rps-test-set", &[124, 124, 124])),
};

impl Photographs {
    /// The names of the classes, in the order of their labels.
    pub fn class_names(&self) -> &'static [&'static str] {
        self.class_names
    }

    /// The folders of classes that `folder` lacks, or that lack a class: none when the set is there, under the names that were
    /// published or as `train` and `validation`; a set of one part may also be the folder itself.
    ///
    /// # Errors
    /// An I/O error when the folder may not be looked into.
    pub fn missing(&self, folder: impl AsRef<Path>) -> Result<Vec<&'static str>> {
        let mut missing = Vec::new();
        for (part, _) in self.parts(folder.as_ref()) {
            for class in self.class_names {
                let path = folder.as_ref().join(part).join(class);
                let name = if part.is_empty() { class } else { part };
                if !path.try_exists().map_err(|cause| Error::io("look for", &path, cause))? && !missing.contains(&name) {
                    missing.push(name);
                }
            }
        }
        Ok(missing)
    }

    /// Opens the set in `folder` and checks that every class has as many pictures as were published.
    ///
    /// # Errors
    /// A data error when class folders are missing, strange or have another number of pictures.
    pub fn open(&self, folder: impl AsRef<Path>) -> Result<PhotographFolders> {
        let folder = folder.as_ref();
        for (part, counts) in self.parts(folder) {
            let found = self.count(&folder.join(part))?;
            if found != counts {
                let told =
                    |counts: &[usize]| self.class_names.iter().zip(counts).map(|(name, n)| format!("{n} {name}")).collect::<Vec<_>>();
                let (expected, got) = (told(counts).join(", "), told(&found).join(", "));
                return Err(Error::data(format!("{}: {} has {expected}; found {got}", folder.join(part).display(), self.title))
                    .hint("were all files unpacked? `open_any` takes any number of pictures"));
            }
        }
        self.open_any(folder)
    }

    /// Like [`open`](Self::open), with any number of pictures: for excerpts, and for folders of your own of the same form.
    ///
    /// # Errors
    /// A data error when class folders are missing or empty.
    pub fn open_any(&self, folder: impl AsRef<Path>) -> Result<PhotographFolders> {
        let folder = folder.as_ref();
        let parts = self.parts(folder);
        for (part, _) in &parts {
            let found = self.count(&folder.join(part))?;
            if let Some((class, _)) = self.class_names.iter().zip(&found).find(|(_, count)| **count == 0) {
                return Err(Error::data(format!("{}: no pictures", folder.join(part).join(class).display())));
            }
        }
        let mut paths = parts.iter().map(|(part, _)| folder.join(part));
        let train = paths.next().unwrap_or_else(|| folder.to_owned());
        Ok(PhotographFolders { class_names: self.class_names, train, validation: paths.next() })
    }

    /// Writes drawn pictures into `folder` in the form of this set, as PNG: `<part>/<class>/<class>0000.png`, the first half to learn
    /// from, the second to be judged by where the set has such pictures.
    ///
    /// # Errors
    /// A data error when the pictures have other classes; an I/O error when a file cannot be written.
    #[cfg(feature = "builtin")]
    pub fn write(&self, folder: impl AsRef<Path>, pictures: &super::ImageDataset) -> Result<()> {
        if pictures.class_names().len() != self.class_names.len() {
            let (expected, got) = (self.class_names.join(", "), pictures.class_names().join(", "));
            return Err(Error::data(format!("{} has the classes {expected}, got pictures of {got}", self.title)));
        }
        for ((part, _), images) in self.published().zip([&pictures.train, &pictures.test]) {
            for class in self.class_names {
                let path = folder.as_ref().join(part).join(class);
                std::fs::create_dir_all(&path).map_err(|cause| Error::io("make", &path, cause))?;
            }
            for (index, picture) in images.images().outer_iter().enumerate() {
                let class = self.class_names[images.labels()[index] as usize];
                crate::picture::save_img(folder.as_ref().join(part).join(class).join(format!("{class}{index:04}.png")), picture)?;
            }
        }
        Ok(())
    }

    fn published(&self) -> impl Iterator<Item = (&'static str, &'static [usize])> {
        std::iter::once(self.train).chain(self.validation)
    }

    /// The folders of classes within `folder`, and how many pictures each class has: named as published, or by what they are for.
    fn parts(&self, folder: &Path) -> Vec<(&'static str, &'static [usize])> {
        let plain = if self.validation.is_some() { ["train", "validation"] } else { [""; 2] };
        let is_plain =
            !folder.join(self.train.0).is_dir() && self.class_names.iter().any(|class| folder.join(plain[0]).join(class).is_dir());
        self.published().zip(plain).map(|((name, counts), plain)| (if is_plain { plain } else { name }, counts)).collect()
    }

    /// Pictures of each class.
    fn count(&self, folder: &Path) -> Result<Vec<usize>> {
        let files = ImageFolder::for_flow(folder).class_names(self.class_names.iter().copied()).open()?;
        let mut counts = vec![0; self.class_names.len()];
        files.labels().iter().for_each(|label| counts[*label as usize] += 1);
        Ok(counts)
    }
}

/// Where the pictures of a set are: see [`Photographs::open`].
#[derive(Clone, Debug)]
pub struct PhotographFolders {
    class_names: &'static [&'static str],
    train: PathBuf,
    validation: Option<PathBuf>,
}

impl PhotographFolders {
    /// The pictures to learn from, with the options of Keras' `flow_from_directory`.
    pub fn train(&self) -> ImageFolder {
        self.folder(&self.train)
    }

    /// The pictures to be judged by, with the same options.
    ///
    /// # Errors
    /// A set without such pictures.
    pub fn validation(&self) -> Result<ImageFolder> {
        let folder = self.validation.as_ref().ok_or_else(|| {
            Error::data("this set has no pictures to be judged by").hint("hold some back: `ImageFolder::validation_split`")
        })?;
        Ok(self.folder(folder))
    }

    /// The folder of the pictures to learn from, whose sub-folders are the classes.
    pub fn train_path(&self) -> &Path {
        &self.train
    }

    /// The names of the classes, in the order of their labels.
    pub fn class_names(&self) -> &'static [&'static str] {
        self.class_names
    }

    fn folder(&self, path: &Path) -> ImageFolder {
        ImageFolder::for_flow(path).class_names(self.class_names.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use practicum_core::ndarray::Array3;

    use super::*;
    use crate::picture::save_img;

    fn put(folder: &Path, part: &str, class: &str, count: usize) {
        let folder = folder.join(part).join(class);
        std::fs::create_dir_all(&folder).unwrap();
        for index in 0..count {
            save_img(folder.join(format!("{index}.png")), Array3::from_elem((4, 4, 3), index as u8).view()).unwrap();
        }
    }

    #[test]
    fn a_set_is_opened_when_every_class_has_its_pictures() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(HAPPY_OR_SAD.missing(folder.path()).unwrap(), ["happy-or-sad"]);
        put(folder.path(), "happy-or-sad", "happy", 40);
        put(folder.path(), "happy-or-sad", "sad", 39);
        assert!(HAPPY_OR_SAD.missing(folder.path()).unwrap().is_empty());
        let error = HAPPY_OR_SAD.open(folder.path()).unwrap_err();
        assert!(error.is_data() && error.to_string().contains("has 40 happy, 40 sad; found 40 happy, 39 sad"), "{error}");
        assert!(HAPPY_OR_SAD.open_any(folder.path()).is_ok());
        put(folder.path(), "happy-or-sad", "sad", 40);
        let set = HAPPY_OR_SAD.open(folder.path()).unwrap();
        assert_eq!(set.train().target_size((4, 4)).load().unwrap().count_by_class(), [40, 40]);
        assert!(set.validation().unwrap_err().is_data());
    }

    #[test]
    fn a_folder_of_ones_own_name_is_opened_and_what_it_lacks_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (faces, pets) = (folder.path().join("faces"), folder.path().join("pets"));
        put(&faces, "", "happy", 2);
        assert_eq!(HAPPY_OR_SAD.missing(&faces).unwrap(), ["sad"]);
        put(&faces, "", "sad", 1);
        assert!(HAPPY_OR_SAD.missing(&faces).unwrap().is_empty());
        assert_eq!(HAPPY_OR_SAD.open_any(&faces).unwrap().train().target_size((4, 4)).load().unwrap().count_by_class(), [2, 1]);

        for class in ["cats", "dogs"] {
            put(&pets, "train", class, 2);
            assert_eq!(CATS_AND_DOGS.missing(&pets).unwrap().last(), Some(&"validation"));
        }
        for class in ["cats", "dogs"] {
            put(&pets, "validation", class, 1);
        }
        let set = CATS_AND_DOGS.open_any(&pets).unwrap();
        assert_eq!(set.validation().unwrap().target_size((4, 4)).load().unwrap().count_by_class(), [1, 1]);
        let error = CATS_AND_DOGS.open(&pets).unwrap_err().to_string();
        assert!(error.contains("has 1000 cats, 1000 dogs; found 2 cats, 2 dogs"), "{error}");
    }

    #[test]
    fn what_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        assert!(HORSE_OR_HUMAN.open(folder.path()).is_err());
        assert_eq!(HORSE_OR_HUMAN.missing(folder.path().join("none")).unwrap().len(), 2);
        put(folder.path(), "horse-or-human", "horses", 1);
        std::fs::create_dir_all(folder.path().join("horse-or-human/humans")).unwrap();
        assert!(HORSE_OR_HUMAN.open_any(folder.path()).unwrap_err().to_string().contains("no pictures"));
    }
}
