//! Folders of pictures, a sub-folder for each class: Keras' `image_dataset_from_directory` and `flow_from_directory`.

mod files;
mod find;

use std::fmt::{self, Debug};
use std::path::PathBuf;
use std::sync::Arc;

use practicum_core::data::AUTOTUNE;
use practicum_core::rng::DEFAULT_SEED;
use practicum_core::{Error, Result};

pub use files::{ImageFiles, Skipped};

use crate::batches::{ClassMode, PictureBatches, Pictures, Subset};
use crate::datasets::LabeledImages;
use crate::picture::{Alpha, Aspect, ColorMode, Interpolation, LoadImg};

/// What happens when a file is not a picture, or is broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnBroken {
    /// It is an error that names the file.
    #[default]
    Refuse,
    /// It is left out; which and how many is said.
    Skip,
}

/// Which pictures a validation split holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Split {
    /// The last ones, after all have been shuffled by the seed: the way of `image_dataset_from_directory`.
    LastOfShuffled,
    /// The first ones of each class, by name: the way of `flow_from_directory`.
    FirstOfEachClass,
}

/// Bytes of decoded pictures that are kept in memory unless another limit is set: 512 MiB.
pub const CACHE: usize = 512 << 20;

pub(crate) type Say = Arc<dyn Fn(&str) + Send + Sync>;

/// A folder of pictures, a sub-folder for each class, and how its pictures are loaded.
///
/// Classes are the sub-folders in the order of their names, but for hidden ones (`.ipynb_checkpoints`); their pictures are
/// found in folders below them, too. Links are not followed unless [`follow_links`](Self::follow_links) says so. Files are
/// chosen by their extension, and read as what their content says.
///
/// ```
/// use practicum_vision::folder::ImageFolder;
///
/// # use practicum_core::ndarray::Array3;
/// # let root = tempfile::tempdir().map_err(|e| practicum_vision::Error::io("make", "a folder".as_ref(), e))?;
/// # for name in ["cats/a.png", "cats/b.png", "dogs/c.png", "dogs/d.png"] {
/// #     let path = root.path().join(name);
/// #     std::fs::create_dir_all(path.parent().unwrap()).unwrap();
/// #     practicum_vision::picture::save_img(path, Array3::zeros((9, 8, 3)).view())?;
/// # }
/// # let train = root.path();
/// let folder = ImageFolder::new(train).target_size((32, 32)).say(|line| println!("{line}"));
/// let set = folder.load()?; // all of it, in memory
/// assert_eq!(set.class_names(), ["cats", "dogs"]);
/// assert_eq!(set.images().dim(), (4, 32, 32, 3));
///
/// let batches = folder.batch_size(2).batches()?; // or batch by batch, for `fit`
/// assert_eq!(batches.epoch(0).count(), 2);
/// # Ok::<(), practicum_vision::Error>(())
/// ```
#[derive(Clone)]
pub struct ImageFolder {
    root: PathBuf,
    load: LoadImg,
    extensions: &'static [&'static str],
    class_mode: ClassMode,
    class_names: Option<Vec<String>>,
    batch_size: usize,
    shuffle: bool,
    seed: u64,
    split: Split,
    validation: Option<(f64, Subset)>,
    follow_links: bool,
    on_broken: OnBroken,
    cache: usize,
    workers: usize,
    say: Option<Say>,
}

impl Debug for ImageFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageFolder").field("root", &self.root).finish_non_exhaustive()
    }
}

/// Extensions of the files that `flow_from_directory` takes for pictures.
pub(crate) const FLOW_EXTENSIONS: [&str; 7] = ["png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff"];

impl ImageFolder {
    /// With the defaults of `image_dataset_from_directory`: 256 × 256 pixels on straight lines, in colour, shuffled,
    /// classes as indices; bmp, gif, jpeg, jpg and png. Keras leaves fractions in resized pixels; here they are rounded.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let load = LoadImg::new().target_size((256, 256)).interpolation(Interpolation::Bilinear);
        Self {
            root: root.into(),
            load,
            extensions: &["bmp", "gif", "jpeg", "jpg", "png"],
            class_mode: ClassMode::Sparse,
            class_names: None,
            batch_size: 32,
            shuffle: true,
            seed: DEFAULT_SEED,
            split: Split::LastOfShuffled,
            validation: None,
            follow_links: false,
            on_broken: OnBroken::Refuse,
            cache: CACHE,
            workers: AUTOTUNE,
            say: None,
        }
    }

    /// With the defaults of `flow_from_directory`: 256 × 256 pixels, each the nearest of the file, in colour, shuffled,
    /// classes as a 1 among zeros; png, jpg, jpeg, bmp, ppm, tif and tiff.
    pub fn for_flow(root: impl Into<PathBuf>) -> Self {
        let this = Self::new(root).interpolation(Interpolation::Nearest).class_mode(ClassMode::Categorical);
        Self { extensions: &FLOW_EXTENSIONS, split: Split::FirstOfEachClass, ..this }
    }

    /// Height and width of every picture.
    #[must_use]
    pub fn target_size(mut self, size: (usize, usize)) -> Self {
        self.load = self.load.target_size(size);
        self
    }

    /// How pictures are resized.
    #[must_use]
    pub fn interpolation(mut self, interpolation: Interpolation) -> Self {
        self.load = self.load.interpolation(interpolation);
        self
    }

    /// The channels of every picture.
    #[must_use]
    pub fn color_mode(mut self, mode: ColorMode) -> Self {
        self.load = self.load.color_mode(mode);
        self
    }

    /// What happens where height and width of a file have another ratio.
    #[must_use]
    pub fn aspect(mut self, aspect: Aspect) -> Self {
        self.load = self.load.aspect(aspect);
        self
    }

    /// What becomes of transparency.
    #[must_use]
    pub fn alpha(mut self, alpha: Alpha) -> Self {
        self.load = self.load.alpha(alpha);
        self
    }

    /// Whether pictures are turned as their EXIF data say: yes unless set.
    #[must_use]
    pub fn exif_orientation(mut self, heeded: bool) -> Self {
        self.load = self.load.exif_orientation(heeded);
        self
    }

    /// The most pixels that a file may have.
    #[must_use]
    pub fn max_pixels(mut self, pixels: usize) -> Self {
        self.load = self.load.max_pixels(pixels);
        self
    }

    /// What a model is to answer.
    #[must_use]
    pub fn class_mode(mut self, mode: ClassMode) -> Self {
        self.class_mode = mode;
        self
    }

    /// The classes in an order of your own: the names of all sub-folders. For a validation folder,
    /// `.class_names(train.class_names())` makes sure that both have the same classes.
    #[must_use]
    pub fn class_names(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.class_names = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Pictures a batch: 32 unless set.
    #[must_use]
    pub fn batch_size(mut self, size: usize) -> Self {
        self.batch_size = size;
        self
    }

    /// Whether pictures come in random order: yes unless set.
    #[must_use]
    pub fn shuffle(mut self, shuffled: bool) -> Self {
        self.shuffle = shuffled;
        self
    }

    /// What orders and the split depend on.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Takes the part of the pictures that a fraction for validation leaves, or that fraction.
    #[must_use]
    pub fn validation_split(mut self, fraction: f64, subset: Subset) -> Self {
        self.validation = Some((fraction, subset));
        self
    }

    /// Which pictures a validation split holds back.
    #[must_use]
    pub fn split(mut self, split: Split) -> Self {
        self.split = split;
        self
    }

    /// Whether links to folders are followed: no unless set.
    #[must_use]
    pub fn follow_links(mut self, followed: bool) -> Self {
        self.follow_links = followed;
        self
    }

    /// What happens when a file is not a picture: it is refused unless set.
    #[must_use]
    pub fn on_broken(mut self, on_broken: OnBroken) -> Self {
        self.on_broken = on_broken;
        self
    }

    /// The most bytes of decoded and resized pictures that batches keep in memory from one epoch to the next; 0 for none,
    /// [`CACHE`] unless set.
    #[must_use]
    pub fn cache(mut self, bytes: usize) -> Self {
        self.cache = bytes;
        self
    }

    /// Threads that decode; as many as there are cores unless set.
    #[must_use]
    pub fn workers(mut self, threads: usize) -> Self {
        self.workers = threads;
        self
    }

    /// Who is told how many pictures were found, and which were skipped: no one unless set.
    #[must_use]
    pub fn say(mut self, say: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.say = Some(Arc::new(say));
        self
    }

    /// The part of a validation split that is taken.
    pub(crate) fn subset(&self) -> Option<Subset> {
        self.validation.map(|(_, subset)| subset)
    }

    /// Finds the pictures: their paths and classes.
    ///
    /// # Errors
    /// No folder, or one that cannot be read; no class folders, or no pictures in them; class names that are not those of
    /// the sub-folders; a split that leaves nothing.
    pub fn open(&self) -> Result<ImageFiles> {
        let (height, width) = self.load.size().unwrap_or_default();
        if height == 0 || width == 0 {
            return Err(Error::argument(format!("target_size must be 1 × 1 or more, got {height} × {width}")));
        }
        let found = find::find(&self.root, self.extensions, self.class_names.as_deref(), self.follow_links)?;
        let (files, classes) = (found.files.len(), found.class_names.len());
        let what = if self.split == Split::FirstOfEachClass { "images" } else { "files" };
        let taken = self.take(found.files, classes)?;
        let count = if self.split == Split::FirstOfEachClass { taken.len() } else { files };
        self.tell(&format!("Found {count} {what} belonging to {classes} classes."));
        if let (Some((_, subset)), Split::LastOfShuffled) = (self.validation, self.split) {
            let purpose = if subset == Subset::Training { "training" } else { "validation" };
            self.tell(&format!("Using {} files for {purpose}.", taken.len()));
        }
        if let [only] = &found.class_names[..] {
            self.tell(&format!("There is one class only, `{only}`: a model cannot learn to tell it from another."));
        }
        Ok(ImageFiles::new(taken, found.class_names, self.load, self.on_broken, self.cache, self.workers, self.say.clone()))
    }

    fn tell(&self, line: &str) {
        if let Some(say) = &self.say {
            say(line);
        }
    }

    /// The files of the wanted subset.
    fn take(&self, mut files: Vec<find::Found>, classes: usize) -> Result<Vec<find::Found>> {
        if self.shuffle && self.split == Split::LastOfShuffled {
            let order = practicum_core::rng::Key::new(self.seed).fold_str("folder").permutation(files.len() as u32)?;
            files = order.into_iter().map(|index| files[index as usize].clone()).collect();
        }
        let Some((fraction, subset)) = self.validation else { return Ok(files) };
        if !(fraction > 0.0 && fraction < 1.0) {
            return Err(Error::argument(format!("validation_split must be between 0 and 1, got {fraction}")));
        }
        let all = files.len();
        let held = |count: usize| (fraction * count as f64) as usize;
        let taken: Vec<find::Found> = match self.split {
            Split::LastOfShuffled => {
                let validation = files.split_off(all - held(all));
                if subset == Subset::Training { files } else { validation }
            }
            Split::FirstOfEachClass => (0..classes as u32)
                .flat_map(|class| {
                    let of_class: Vec<_> = files.iter().filter(|file| file.label == class).cloned().collect();
                    let (validation, training) = of_class.split_at(held(of_class.len()));
                    if subset == Subset::Training { training.to_vec() } else { validation.to_vec() }
                })
                .collect(),
        };
        if taken.is_empty() {
            let message = format!("a validation_split of {fraction} leaves none of {all} pictures for {subset:?}");
            return Err(Error::data(message).context(self.root.display().to_string()));
        }
        Ok(taken)
    }

    /// Loads all pictures into memory, a byte a channel.
    ///
    /// # Errors
    /// As [`open`](Self::open), and of files that are no pictures.
    pub fn load(&self) -> Result<LabeledImages> {
        self.open()?.load()
    }

    /// Batches of the pictures, loaded when they are needed, and kept within the limit of [`cache`](Self::cache).
    ///
    /// # Errors
    /// As [`open`](Self::open); files that are no pictures are found when their turn comes.
    pub fn batches(&self) -> Result<PictureBatches> {
        let files = self.open()?;
        let indices = (0..files.len() as u32).collect();
        let batches = PictureBatches::new(Pictures::Files(Arc::new(files)), indices, self.class_mode);
        Ok(batches.batch_size(self.batch_size).shuffle(self.shuffle).seed(self.seed).workers(self.workers))
    }
}

#[cfg(test)]
mod tests;
